//! Keeping events below Profile's limit: metadata goes first, by rule, and what went is counted.
//!
//! Profile drops events above 10 KB without a word. The order of shedding is: maps inside arrays
//! (a line's own metadata) from the last to the first, whole; then the object's metadata, entry by
//! entry, those that the settings rank lowest first and the last before the first; then the maps of
//! rare payment-method details.

use dataprep::json;
use std::ops::Range;

// Profile's guardrail says 10 KB; the smaller reading is kept to.
pub(crate) use xdm::check::MAX_EVENT;

/// A map in a record.
#[derive(Debug)]
pub(crate) struct Map {
    /// Its place in the record, braces included.
    pub(crate) span: Range<usize>,
    /// The order in which maps are shed; the lowest goes first.
    pub(crate) rank: u8,
}

/// How a destination's map ranks.
pub(crate) fn rank(destination: &str) -> u8 {
    if destination.contains("[*]") {
        0
    } else if destination.ends_with(".metadata") {
        1
    } else {
        2
    }
}

/// Takes entries out of a record's maps until it fits. Gives how many were taken out.
pub(crate) fn shed(record: &mut Vec<u8>, mut maps: Vec<Map>, priority: &[String]) -> u32 {
    let mut excess = record.len().saturating_sub(MAX_EVENT);
    let mut shed = 0;
    // What is to be cut, as ranges of the record.
    let mut cuts: Vec<Range<usize>> = Vec::new();
    maps.sort_unstable_by_key(|map| (map.rank, std::cmp::Reverse(map.span.start)));
    for map in maps {
        if excess == 0 {
            break;
        }
        let Some(text) = record.get(map.span.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok())
        else {
            continue;
        };
        let mut entries = entries(text, map.span.start);
        let count = entries.len();
        let mut order: Vec<usize> = (0..count).collect();
        if map.rank == 1 {
            let place = |name: &str| priority.iter().position(|known| known == name).unwrap_or(usize::MAX);
            order.sort_unstable_by_key(|index| (place(&entries[*index].0), *index));
        }
        let mut kept = count;
        let mut taken = vec![false; count];
        while kept > 0 && (excess > 0 || map.rank == 0) {
            kept -= 1;
            let index = order[kept];
            taken[index] = true;
            shed += 1;
            // The comma goes with its entry.
            excess = excess.saturating_sub(entries[index].1.len() + 1);
        }
        if kept == 0 {
            cuts.push(member(record, map.span));
            continue;
        }
        // A cut takes the comma behind it, the last ones the comma before them.
        let last_kept = taken.iter().rposition(|gone| !gone).unwrap_or_default();
        for (index, gone) in taken.iter().enumerate() {
            if *gone {
                let span = std::mem::take(&mut entries[index].1);
                cuts.push(if index < last_kept {
                    span.start..span.end + 1
                } else {
                    span.start - 1..span.end
                });
            }
        }
    }
    cuts.sort_unstable_by_key(|cut| cut.start);
    for cut in cuts.into_iter().rev() {
        record.drain(cut);
    }
    shed
}

/// A map's entries: name, and place in the record from the key's quote to the value's end.
fn entries(map: &str, offset: usize) -> Vec<(String, Range<usize>)> {
    json::members(map)
        .map(|(key, value)| {
            let start = key.as_ptr() as usize - map.as_ptr() as usize - 1;
            (json::unescape(key).into_owned(), offset + start..offset + value.end as usize)
        })
        .collect()
}

/// The whole member that a map is the value of, with one comma.
fn member(record: &[u8], map: Range<usize>) -> Range<usize> {
    // Back over `"name":`; the plan writes no space and no quote inside a destination's name.
    let colon = map.start - 1;
    let quote = record[..colon - 1].iter().rposition(|byte| *byte == b'"').unwrap_or(colon);
    if record.get(map.end) == Some(&b',') {
        quote..map.end + 1
    } else if quote > 0 && record[quote - 1] == b',' {
        quote - 1..map.end
    } else {
        quote..map.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(record: &str, maps: &[(&str, u8)], priority: &[&str]) -> (String, u32) {
        let maps = maps
            .iter()
            .map(|(text, rank)| {
                let start = record.find(text).unwrap();
                Map { span: start..start + text.len(), rank: *rank }
            })
            .collect();
        let mut bytes = record.as_bytes().to_vec();
        let priority: Vec<String> = priority.iter().map(|name| (*name).to_owned()).collect();
        let shed = shed(&mut bytes, maps, &priority);
        let text = String::from_utf8(bytes).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        (text, shed)
    }

    #[test]
    fn the_lowest_ranked_entries_go_first() {
        let big = "x".repeat(6000);
        let map = format!(r#"{{"a":"{big}","keep":"1","b":"{big}"}}"#);
        let record = format!(r#"{{"_id":"1","metadata":{map},"z":1}}"#);
        let (text, shed) = run(&record, &[(&map, 1)], &["keep", "b"]);
        assert_eq!(shed, 1);
        assert_eq!(text, format!(r#"{{"_id":"1","metadata":{{"keep":"1","b":"{big}"}},"z":1}}"#));
        let (text, shed) = run(&record, &[(&map, 1)], &[]);
        assert_eq!((shed, text.contains("\"keep\""), text.contains("\"b\"")), (1, true, false));
    }

    #[test]
    fn a_map_that_loses_everything_goes_with_its_key() {
        let big = "x".repeat(6000);
        let (first, second) = (format!(r#"{{"a":"{big}"}}"#), format!(r#"{{"b":"{big}y"}}"#));
        let record = format!(r#"{{"items":[{{"id":1,"metadata":{first}}}],"metadata":{second},"z":1}}"#);
        let (text, shed) = run(&record, &[(&first, 0), (&second, 1)], &[]);
        assert_eq!(shed, 1);
        assert_eq!(text, format!(r#"{{"items":[{{"id":1}}],"metadata":{second},"z":1}}"#));
        let huge = format!(r#"{{"c":"{}"}}"#, "x".repeat(12000));
        let record = format!(r#"{{"metadata":{huge},"z":1}}"#);
        assert_eq!(run(&record, &[(&huge, 1)], &[]), (r#"{"z":1}"#.to_owned(), 1));
    }
}
