//! Money as Stripe counts it: whole numbers of the currency's smallest unit.
//!
//! Which unit is the smallest is Stripe's own rule (docs.stripe.com/currencies), not ISO 4217's: ISK
//! and UGX, for example, are charged with two decimals. A currency that the table lacks is never
//! guessed: its major amount is left out and the caller warned.

use dataprep::number::Decimal;
use std::collections::BTreeMap;

/// Currencies without decimals.
const ZERO: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf",
];

/// Currencies with three decimals.
const THREE: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

/// Currencies with two decimals; `eek` and the like are codes that Stripe still accepts.
const TWO: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd",
    "bnd", "bob", "brl", "bsd", "btn", "bwp", "byn", "bzd", "cad", "cdf", "chf", "cny", "cop", "crc", "cve",
    "czk", "dkk", "dop", "dzd", "eek", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "ghs", "gip", "gmd",
    "gtq", "gyd", "hkd", "hnl", "hrk", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "kes", "kgs", "khr",
    "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "ltl", "lvl", "mad", "mdl", "mkd", "mmk", "mnt", "mop",
    "mro", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr", "nzd", "pab", "pen",
    "pgk", "php", "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sbd", "scr", "sek", "sgd", "shp", "sle",
    "sll", "sos", "srd", "std", "svc", "szl", "thb", "tjs", "top", "try", "ttd", "twd", "tzs", "uah", "ugx",
    "usd", "uyu", "uzs", "vef", "wst", "xcd", "xcg", "yer", "zar", "zmw",
];

/// How many decimals a currency's major unit has, by Stripe's table and the user's additions (keys in
/// lower case). `None` for a currency that neither knows.
pub(crate) fn exponent(currency: &str, added: &BTreeMap<String, u8>) -> Option<u32> {
    if !added.is_empty()
        && let Some(exponent) = added.get(&currency.to_ascii_lowercase())
    {
        return Some((*exponent).into());
    }
    let mut code: [u8; 3] = currency.as_bytes().try_into().ok()?;
    code.make_ascii_lowercase();
    let known = |table: &[&str]| table.binary_search_by(|known| known.as_bytes().cmp(&code)).is_ok();
    // Four of five amounts are in one of these.
    if matches!(&code, b"usd" | b"eur" | b"gbp") || known(TWO) {
        Some(2)
    } else if known(ZERO) {
        Some(0)
    } else if known(THREE) {
        Some(3)
    } else {
        None
    }
}

/// Every known code (in lower case) under the number of decimals of its major unit.
pub(crate) fn by_exponent(added: &BTreeMap<String, u8>) -> BTreeMap<u8, Vec<String>> {
    let mut all: BTreeMap<String, u8> = BTreeMap::new();
    for (table, exponent) in [(ZERO, 0), (TWO, 2), (THREE, 3)] {
        all.extend(table.iter().map(|code| ((*code).to_owned(), exponent)));
    }
    all.extend(added.iter().map(|(code, exponent)| (code.clone(), *exponent)));
    let mut tables: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    for (code, exponent) in all {
        tables.entry(exponent).or_default().push(code);
    }
    tables
}

/// Appends the major amount of a minor one: the decimal point moves, no digit changes. Whole and
/// fractional minor amounts (`"0.5"` of a cent) are both exact. `None`, and nothing appended, when the
/// text is no number.
pub(crate) fn write_major(minor: &str, exponent: u32, out: &mut Vec<u8>) -> Option<()> {
    let digits = minor.strip_prefix('-').unwrap_or(minor);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = Decimal::parse(minor)?.shift(exponent)?;
        out.extend_from_slice(number.to_string().as_bytes());
        return Some(());
    }
    let places = exponent as usize;
    if digits.len() < minor.len() {
        out.push(b'-');
    }
    if digits.len() > places {
        let (whole, fraction) = digits.as_bytes().split_at(digits.len() - places);
        out.extend_from_slice(whole);
        if places > 0 {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    } else {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', places - digits.len()));
        out.extend_from_slice(digits.as_bytes());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_can_be_searched() {
        for table in [ZERO, TWO, THREE] {
            assert!(table.is_sorted());
        }
    }

    #[test]
    fn stripes_exponents_not_isos() {
        let added = BTreeMap::from([("usdc".to_owned(), 6)]);
        for (currency, wanted) in [
            ("usd", Some(2)),
            ("JPY", Some(0)),
            ("kwd", Some(3)),
            ("isk", Some(2)),
            ("ugx", Some(2)),
            ("huf", Some(2)),
            ("usdc", Some(6)),
            ("usdt", None),
            ("", None),
            ("a currency that is far too long", None),
        ] {
            assert_eq!(exponent(currency, &added), wanted, "{currency}");
        }
    }

    #[test]
    fn the_point_moves_and_digits_stay() {
        for (minor, exponent, wanted) in [
            ("1099", 2, "10.99"),
            ("0", 2, "0.00"),
            ("5", 2, "0.05"),
            ("-400", 2, "-4.00"),
            ("-5", 3, "-0.005"),
            ("500", 0, "500"),
            ("9007199254740993", 2, "90071992547409.93"),
            ("0.000000000005", 2, "0.00000000000005"),
            ("0.5", 2, "0.005"),
        ] {
            let mut out = Vec::new();
            write_major(minor, exponent, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), wanted, "{minor}");
        }
        for bad in ["abc", "", "-"] {
            let mut out = Vec::new();
            assert_eq!((write_major(bad, 2, &mut out), out.len()), (None, 0), "{bad}");
        }
    }
}
