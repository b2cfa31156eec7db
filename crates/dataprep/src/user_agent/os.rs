//! The operating system.

use super::agent::{self, Browsers};
use super::{Software, after, product, version};
use std::borrow::Cow;

/// Systems that are named with nothing but perhaps a version, in the order of asking: whoever is `like`
/// another comes before it.
const SYSTEMS: [(&str, &str); 20] = [
    ("KAIOS", "KaiOS"),
    ("Tizen", "Tizen"),
    ("Web0S", "WebOS"),
    ("webOS", "WebOS"),
    ("WebOS", "WebOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("BlackBerry", "BlackBerry"),
    ("BB10", "BlackBerry"),
    ("SymbianOS", "Symbian"),
    ("Symbian", "Symbian"),
    ("Roku", "Roku"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("NetBSD", "NetBSD"),
    ("Ubuntu", "Ubuntu"),
    ("Fedora", "Fedora"),
    ("Linux", "Linux"),
    ("Darwin", "Darwin"),
];

/// What the versions of Windows NT are sold as.
const WINDOWS: [(&str, &str); 9] = [
    ("6.3", "8.1"),
    ("6.2", "8"),
    ("6.1", "7"),
    ("6.0", "Vista"),
    ("5.2", "XP"),
    ("5.1", "XP"),
    ("5.01", "2000"),
    ("5.0", "2000"),
    ("4.0", "NT 4.0"),
];

pub(super) fn find(text: &str) -> Software<'_> {
    // Consoles do not name their system, and some say that they are like an iPhone or Linux.
    if ["PlayStation", "PLAYSTATION", "Nintendo"].iter().any(|console| text.contains(console)) {
        return Software::unknown();
    }
    phone_of_microsoft(text)
        .or_else(|| windows(text))
        .or_else(|| apple_mobile(text))
        .or_else(|| mac(text))
        .or_else(|| chrome_os(text))
        .or_else(|| SYSTEMS.iter().find_map(|(word, name)| Some(system(name, text, after(text, word)?))))
        .unwrap_or_else(Software::unknown)
}

fn phone_of_microsoft(text: &str) -> Option<Software<'_>> {
    let rest = after(text, "Windows Phone OS ").or_else(|| after(text, "Windows Phone "))?;
    Some(Software::new("Windows Phone", version(rest)))
}

/// Windows 11 says NT 10.0 as well, so that only browsers from before it tell Windows 10.
fn windows(text: &str) -> Option<Software<'_>> {
    let before_11 = || agent::predates(text, Browsers { chrome: 94, firefox: 93, safari: 0 });
    let (name, version) = match after(text, "Windows NT ").map(version) {
        Some("10.0") if before_11() => ("Windows NT", "10.0"),
        Some("10.0") => ("Windows NT", ">=10"),
        Some(nt) => {
            let sold_as = WINDOWS.iter().find(|(version, _)| *version == nt);
            ("Windows NT", sold_as.map_or(nt, |(_, sold_as)| sold_as))
        }
        None if after(text, "Windows 98").is_some() => ("Windows 9x", "98"),
        None if after(text, "Windows 95").is_some() => ("Windows 9x", "95"),
        None if after(text, "Windows CE").is_some() => ("Windows CE", "CE"),
        None if after(text, "Windows").is_some() || after(text, "Win64").is_some() => ("Windows", ""),
        None => return None,
    };
    // 8.1 is one name, of which nothing is the major part.
    let major_parts = if version == "8.1" { 2 } else { 1 };
    Some(Software { family: "Windows", major_parts, ..Software::new(name, version) })
}

/// iOS, which is also what iPads run here, and its kin.
fn apple_mobile(text: &str) -> Option<Software<'_>> {
    const WATCH: [&str; 2] = ["watchOS", "Apple Watch"];
    const BOX: [&str; 3] = ["tvOS", "AppleTV", "Apple TV"];
    const HAND: [&str; 5] = ["iPhone", "iPad", "iPod", "iOS", "iPadOS"];
    let any = |words: &[&str]| words.iter().any(|word| after(text, word).is_some());
    let (name, words): (_, &[&str]) = match () {
        () if any(&WATCH) => ("watchOS", &["watchOS"]),
        () if any(&BOX) => ("tvOS", &["tvOS"]),
        () if any(&HAND) => ("iOS", &["iPhone OS", "CPU OS", "iPadOS", "iOS"]),
        () => return None,
    };
    Some(dotted(name, words.iter().find_map(|word| after(text, word))))
}

/// Chrome since 90, Firefox since 87 and Safari since 14 say 10.15.7 or 10.15 of every later system too.
fn mac(text: &str) -> Option<Software<'_>> {
    ["Macintosh", "Mac OS X", "macOS"].iter().find_map(|word| after(text, word))?;
    let mut found = dotted("Mac OS", ["Mac OS X", "macOS"].iter().find_map(|word| after(text, word)));
    if found.version.starts_with("10.") {
        found.major_parts = 2;
        let still_true = agent::predates(text, Browsers { chrome: 90, firefox: 87, safari: 14 });
        if matches!(&*found.version, "10.15" | "10.15.7") && !still_true {
            found.version = Cow::Borrowed(">=10.15.7");
        }
    }
    Some(found)
}

/// Chrome OS has the version of its Chrome.
fn chrome_os(text: &str) -> Option<Software<'_>> {
    after(text, "CrOS")?;
    Some(Software::new("Chrome OS", agent::reduced(product(text, "Chrome").unwrap_or_default())))
}

/// A system with what follows its name. Chrome says Android 10 and the model K whatever the device.
fn system<'t>(name: &'static str, text: &str, rest: &'t str) -> Software<'t> {
    let frozen = text.contains("Android 10; K)") || text.contains("Android 9; Unspecified Device");
    // What follows the word Linux is the processor or the kernel, not a version of the system.
    if name == "Linux" || (name == "Android" && frozen) {
        return Software::new(name, "");
    }
    let rest = rest.strip_prefix("/DVP-").or_else(|| rest.strip_prefix([' ', '/', '-'])).unwrap_or(rest);
    let version = version(rest);
    Software::new(name, if version.starts_with(|c: char| c.is_ascii_digit()) { version } else { "" })
}

/// A system of Apple's with the version that may follow its name; underscores separate its numbers.
fn dotted<'t>(name: &'static str, rest: Option<&'t str>) -> Software<'t> {
    let rest = rest.unwrap_or_default();
    let version = version(rest.strip_prefix([' ', '/', ',']).unwrap_or(rest));
    let known = if version.starts_with(|c: char| c.is_ascii_digit()) { version } else { "" };
    let found = Software::new(name, known);
    if known.contains('_') {
        Software { version: Cow::Owned(known.replace('_', ".")), ..found }
    } else {
        found
    }
}
