//! What must never leave: secrets of Stripe's API, and full card numbers.
//!
//! Two steps. [`suspected`] passes over a whole record in a few comparisons for every eight bytes, and nearly
//! always says that there is nothing. Only when it does not, each text is looked at closely by [`find`].

use super::rules::Rule;

/// Whether a text might hold a secret or a card number. Says yes too often, never no too often, as long as
/// nothing is written with escapes.
pub(super) fn suspected(text: &str) -> bool {
    has_mark(text.as_bytes()) || has_digits(text.as_bytes())
}

/// What a text holds that must not leave. `name` is that of its field.
pub(super) fn find(text: &str, name: &str) -> Option<Rule> {
    if has_secret(text) {
        Some(Rule::Secret)
    } else if has_card_number(text.as_bytes(), !is_id(name)) {
        Some(Rule::CardNumber)
    } else {
        None
    }
}

/// Whether a field of that name holds an id. Long numbers are ids far more often than they are cards there (one
/// in a few hundred of Visa's network transaction ids looks like a card of American Express), so that only numbers
/// that are grouped as on a card count.
fn is_id(name: &str) -> bool {
    ["ID", "Id", "_id", "_ids", "IDs"].iter().any(|end| name.ends_with(end)) || name == "id"
}

/// Whether an underscore stands where secrets have one.
fn has_mark(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word) ^ (ONES * b'_' as u64);
        // A bit for each underscore; one above it may be set by mistake, which is_mark sees.
        let mut found = word.wrapping_sub(ONES) & !word & HIGHS;
        while found != 0 {
            if is_mark(bytes, index * 8 + found.trailing_zeros() as usize / 8) {
                return true;
            }
            found &= found - 1;
        }
    }
    (bytes.len() - rest.len()..bytes.len()).any(|at| is_mark(bytes, at))
}

/// Whether `sk_`, `rk_`, `whsec_` or `_secret_` has its (first) underscore there.
#[inline(always)]
fn is_mark(bytes: &[u8], at: usize) -> bool {
    let Some((before, [b'_', after @ ..])) = bytes.split_at_checked(at) else { return false };
    match before {
        [.., b's' | b'r', b'k'] => true,
        [.., b'c'] => before.ends_with(b"whsec"),
        _ => matches!(after, [b's', b'e', rest @ ..] if rest.starts_with(b"cret_")),
    }
}

/// Whether a card number stands anywhere in a JSON text.
fn has_digits(bytes: &[u8]) -> bool {
    const PART: [bool; 256] = {
        let mut table = [false; 256];
        table[b' ' as usize] = true;
        table[b'-' as usize] = true;
        let mut digit = b'0';
        while digit <= b'9' {
            table[digit as usize] = true;
            digit += 1;
        }
        table
    };
    let is_part = |byte: &u8| PART[usize::from(*byte)];
    let mut at = 0;
    // Of every 13 neighbours two have the first at a multiple of 12, and 13 digits are the fewest.
    while let Some([first, second]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        if is_part(first) && is_part(second) {
            let start = at - bytes[..at].iter().rev().take_while(|byte| is_part(byte)).count();
            let end = at + bytes[at..].iter().take_while(|byte| is_part(byte)).count();
            // What stands around a run decides whether it is one: a hash has long runs, too.
            let around = start.saturating_sub(1)..bytes.len().min(end + 2);
            if end - start >= 13 && has_card_number(&bytes[around], true) {
                return true;
            }
            // What has been looked at need not be looked at again.
            at = end / 12 * 12;
        }
        at += 12;
    }
    false
}

/// Whether a text holds an API key, the secret of a webhook, or that which a client confirms a payment with.
fn has_secret(text: &str) -> bool {
    const KEYS: [&str; 8] =
        ["sk_live_", "sk_test_", "sk_org_", "rk_live_", "rk_test_", "rk_org_", "whsec_", "_secret_"];
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    KEYS.iter().any(|key| {
        text.match_indices(key).any(|(at, _)| {
            let random = bytes[at + key.len()..].iter().take_while(|byte| is_word(byte)).count();
            if *key == "_secret_" {
                // `pi_…_secret_…`: words of people's own, such as top_secret_document, are not meant.
                let random = &bytes[at + key.len()..at + key.len() + random];
                at > 0 && random.len() >= 16 && random.iter().any(u8::is_ascii_digit)
            } else {
                // Part of a longer word it is something else: `task_live_…`.
                random >= 8 && (at == 0 || !is_word(&bytes[at - 1]))
            }
        })
    })
}

/// Whether a text holds a number that can be a payment card's: grouped or, if `plain`, not.
fn has_card_number(bytes: &[u8], plain: bool) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = run_end(bytes, at);
        if stands_alone(bytes, at, end) && run_has_card(&bytes[at..end], plain) {
            return true;
        }
        at = end;
    }
    false
}

/// The end of a run of digits with single spaces or dashes between them.
fn run_end(bytes: &[u8], start: usize) -> usize {
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = start;
    loop {
        if is_digit(at) {
            at += 1;
        } else if matches!(bytes.get(at), Some(b' ' | b'-')) && is_digit(at + 1) {
            at += 2;
        } else {
            return at;
        }
    }
}

/// Not part of a word, of a number with a fraction, or of a telephone number.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    let begins = before.is_none_or(|byte| !is_letter(byte) && !matches!(byte, b'+' | b'.'));
    let ends = match bytes.get(end..) {
        Some([b'.', digit, ..]) => !digit.is_ascii_digit(),
        Some([byte, ..]) => !is_letter(byte),
        _ => true,
    };
    begins && ends
}

/// Whether a run is a card number, or groups of it are one as cards show it: 4-4-4-4, 4-6-5, 4-6-4, or all
/// digits together.
fn run_has_card(run: &[u8], plain: bool) -> bool {
    let begins = |at: &usize| *at == 0 || !run[at - 1].is_ascii_digit();
    (0..run.len()).filter(begins).any(|start| card_from(run, start, plain))
}

/// Whether a card number begins with the group that begins there.
fn card_from(run: &[u8], start: usize, plain: bool) -> bool {
    let mut digits = [0u8; 19];
    let mut count = 0;
    // The lengths of the groups passed, one in four bits, the last lowest.
    let (mut groups, mut length) = (0u64, 0u64);
    for at in start..=run.len() {
        match run.get(at) {
            Some(digit) if digit.is_ascii_digit() => {
                let Some(place) = digits.get_mut(count) else { return false };
                *place = digit - b'0';
                count += 1;
                length += 1;
            }
            _ => {
                groups = groups << 4 | length.min(15);
                length = 0;
                let is_whole = start == 0 && at == run.len();
                let is_one = groups < 16;
                let is_printed = matches!(groups, 0x465 | 0x464 | 0x4333 | 0x4444 | 0x44443);
                let number = digits.get(..count).unwrap_or_default();
                let is_grouped = is_printed || is_whole && !is_one;
                // Visa has had no cards of 13 digits for long, but shops have order numbers of that length.
                let is_likely = is_printed || count > 13 || number.first() != Some(&4);
                if (is_grouped || is_one && plain) && is_likely && is_issued(number) && luhn(number) {
                    return true;
                }
            }
        }
    }
    false
}

/// Whether an issuer's cards begin so and are that long.
fn is_issued(digits: &[u8]) -> bool {
    let first =
        |count: usize| digits.iter().take(count).fold(0u32, |value, digit| value * 10 + u32::from(*digit));
    let (two, three, four) = (first(2), first(3), first(4));
    match digits.len() {
        // Visa.
        13 | 16 | 19 if first(1) == 4 => true,
        // Mastercard; Mir from 16 on, below.
        16 if (51..=55).contains(&two) || (2221..=2720).contains(&four) => true,
        // American Express.
        15 if matches!(two, 34 | 37) => true,
        // Diners Club.
        14..=19 if (300..=305).contains(&three) || four == 3095 || matches!(two, 36 | 38 | 39) => true,
        // Discover, JCB, UnionPay, Mir.
        16..=19
            if four == 6011
                || (644..=649).contains(&three)
                || two == 65
                || (3528..=3589).contains(&four)
                || two == 62
                || (2200..=2204).contains(&four) =>
        {
            true
        }
        // Maestro.
        13..=19 => matches!(four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761 | 6762 | 6763),
        _ => false,
    }
}

/// The check digit of card numbers.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit) * 2) {
            (0, _) => u32::from(*digit),
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text holds, which must then also be suspected wherever it stands.
    fn found(text: &str) -> Option<Rule> {
        let found = find(text, "text");
        if found.is_some() {
            for before in 0..16 {
                let padded = format!("{}\"{text}\"", "x".repeat(before));
                assert!(suspected(&padded), "{padded}");
            }
        }
        found
    }

    #[test]
    fn secrets_are_found_and_ids_are_not() {
        let random = "4eC39HqLyjWDarjtT1zdp7dc";
        for prefix in [
            "sk_live_",
            "sk_test_",
            "rk_live_",
            "rk_test_",
            "whsec_",
            "pi_3Mtw_secret_",
            "src_client_secret_",
        ] {
            for text in [format!("{prefix}{random}"), format!("key: {prefix}{random}, or so")] {
                assert_eq!(found(&text), Some(Rule::Secret), "{prefix}");
            }
        }
        for text in [
            "pk_live_4eC39HqLyjWDarjtT1zdp7dc",
            "ch_3MmlLrLkdIwHu7ix0snN0B15",
            "task_live_something_long",
            "my_top_secret_document_about_cats",
            "sk_live_",
            "secret_4eC39HqLyjWDarjtT1zdp7dc",
            "",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn card_numbers_are_found_however_they_are_grouped() {
        for text in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "card 4242424242424242.",
            "ref:5555555555554444;",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "3056 930902 5904",
            "6011111111111117",
            "3566002020360505",
            "6200000000000005",
            "4222 222 222 222",
            "2023-03-17 4242424242424242",
            "2023-03-17 4242 4242 4242 4242 12",
            "5018000000000009",
            "(4000056655665556)",
        ] {
            assert_eq!(found(text), Some(Rule::CardNumber), "{text}");
        }
        for text in [
            "4242424242424241",
            "4242",
            "x4242424242424242",
            "4242424242424242x",
            "14242424242424242",
            "42424242424242420000",
            "+4242424242424242",
            "0.4242424242424242",
            "4242424242424242.5",
            "1679090539000",
            "4222222222222",
            "1679090539000000",
            "2023-03-17T22:02:19Z",
            "4242  4242  4242  4242",
            "42 4242 4242 422",
            "",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn in_ids_only_grouped_numbers_count() {
        for name in ["networkTransactionID", "order_id", "shopifyOrderId", "id"] {
            assert_eq!(find("378282246310005", name), None, "{name}");
            assert_eq!(find("3782 822463 10005", name), Some(Rule::CardNumber), "{name}");
        }
        assert_eq!(find("378282246310005", "paid"), Some(Rule::CardNumber));
    }
}
