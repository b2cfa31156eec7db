//! A picture of covered time: one block per slice, fuller the more of it is covered.

/// From nothing to all; the ends mean exactly that.
const BLOCKS: [char; 5] = ['·', '░', '▒', '▓', '█'];

/// Draws half-open stretches, which do not overlap, over `[from, to)`.
pub fn bar(stretches: impl IntoIterator<Item = (i64, i64)>, from: i64, to: i64, width: u16) -> String {
    let width = i128::from(width);
    let (from, to) = (i128::from(from), i128::from(to));
    let length = to - from;
    if length <= 0 || width == 0 {
        return String::new();
    }
    // In units of a second divided by the width, every block is `length` long and nothing is rounded.
    let mut covered = vec![0_i128; usize::try_from(width).unwrap_or(0)];
    for (gte, lt) in stretches {
        let gte = (i128::from(gte).clamp(from, to) - from) * width;
        let lt = (i128::from(lt).clamp(from, to) - from) * width;
        let (first, last) = (gte / length, (lt - 1).div_euclid(length));
        for block in first..=last {
            let inside = lt.min((block + 1) * length) - gte.max(block * length);
            if let Some(covered) = usize::try_from(block).ok().and_then(|block| covered.get_mut(block)) {
                *covered += inside.max(0);
            }
        }
    }
    let shade = |covered: i128| match covered {
        0 => BLOCKS[0],
        all if all >= length => BLOCKS[4],
        part if part * 3 < length => BLOCKS[1],
        part if part * 3 < length * 2 => BLOCKS[2],
        _ => BLOCKS[3],
    };
    covered.into_iter().map(shade).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_are_as_full_as_their_time_is_covered() {
        assert_eq!(bar([(0, 100)], 0, 100, 5), "█████");
        assert_eq!(bar([], 0, 100, 5), "·····");
        assert_eq!(bar([(0, 20), (40, 60)], 0, 100, 5), "█·█··");
        assert_eq!(bar([(0, 99)], 0, 100, 5), "████▓");
        assert_eq!(bar([(99, 100)], 0, 100, 5), "····░");
        assert_eq!(bar([(10, 30)], 0, 100, 5), "▒▒···");
        assert_eq!(bar([(0, 10), (10, 20)], 0, 100, 5), "█····");
        assert_eq!(bar([(-50, 150)], 0, 100, 3), "███");
        assert_eq!(bar([(0, 1)], 5, 5, 3), "");
        assert_eq!(bar([(i64::MIN, i64::MAX)], i64::MIN, i64::MAX, 2), "██");
    }

    proptest! {
        /// Full blocks are full, empty ones are empty.
        #[test]
        fn the_ends_are_exact(
            stretches in prop::collection::vec((0_i64..500, 1_i64..50), 0..6),
            length in 1_i64..400,
            width in 1_u16..50,
        ) {
            let mut at = 0;
            let stretches: Vec<_> = stretches.into_iter().map(|(gap, lasts)| {
                let gte = at + gap % 60;
                at = gte + lasts;
                (gte, at)
            }).collect();
            let drawn: Vec<char> = bar(stretches.clone(), 0, length, width).chars().collect();
            prop_assert_eq!(drawn.len(), usize::from(width));
            for (block, shade) in drawn.into_iter().enumerate() {
                // In seconds times the width.
                let width = i64::from(width);
                let (begin, end) = (block as i64 * length, (block as i64 + 1) * length);
                let inside: i64 = stretches.iter()
                    .map(|(gte, lt)| ((lt * width).min(end) - (gte * width).max(begin)).max(0))
                    .sum();
                prop_assert_eq!(shade == '█', inside == length);
                prop_assert_eq!(shade == '·', inside == 0);
            }
        }
    }
}
