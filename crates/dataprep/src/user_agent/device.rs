//! The class of the device.

use super::{UNKNOWN, after};

/// Words that tell the class, in the order of asking; a word is not part of a longer one to its left.
const CLASSES: [(&str, &[&str]); 16] = [
    ("Cloud", &["Amazon CloudFront", "Amazon-Route53-Health", "GoogleHC"]),
    ("Augmented Reality", &["HoloLens"]),
    ("Virtual Reality", &["OculusBrowser", "Quest 2", "Quest 3", "Pico Neo"]),
    ("Car", &["QtCarBrowser", "Tesla/", "CarPlay"]),
    ("Voice", &["AlexaMediaPlayer"]),
    ("Home Appliance", &["FamilyHub", "Family Hub"]),
    (
        "Handheld Game Console",
        &[
            "PlayStation Vita",
            "PlayStation Portable",
            "Nintendo 3DS",
            "Nintendo DS",
            "Nintendo Switch",
            "Steam Deck",
        ],
    ),
    ("Game Console", &["PlayStation", "PLAYSTATION", "Xbox", "XBOX", "Nintendo"]),
    ("Tablet", &["Kindle Fire", "PlayBook", "iPad"]),
    ("eReader", &["Kindle", "Kobo", "PocketBook", "tolino"]),
    ("Set-top box", &["AppleTV", "Apple TV", "tvOS", "Roku", "CrKey", "AFT", "MiBOX"]),
    (
        "TV",
        &[
            "SMART-TV",
            "SmartTV",
            "Smart-TV",
            "Smart TV",
            "HbbTV",
            "Web0S",
            "NetCast",
            "VIERA",
            "BRAVIA",
            "AQUOS",
            "GoogleTV",
            "Google TV",
            "Android TV",
        ],
    ),
    ("Watch", &["Apple Watch", "watchOS", "SM-R"]),
    ("Phone", &["iPhone", "iPod", "Windows Phone", "KAIOS", "BlackBerry", "BB10", "Symbian"]),
    ("Mobile", &["Windows CE"]),
    // Windows, Macs and Chromebooks; the others are asked for when it is not Android.
    ("Desktop", &["Windows", "Macintosh", "CrOS"]),
];

/// Models of tablets whose browsers may call themselves mobile.
const TABLETS: [&str; 15] = [
    "Tablet",
    "SM-T",
    "SM-X",
    "SM-P",
    "GT-P",
    "Nexus 7",
    "Nexus 9",
    "Nexus 10",
    "Pixel C",
    "Pixel Slate",
    "Lenovo TB",
    "MediaPad",
    "MatePad",
    "KFAPWI",
    "KFTT",
];

/// Systems of desktop computers besides Windows and Mac OS.
const DESKTOPS: [&str; 8] =
    ["X11", "Linux x86_64", "Linux i686", "Ubuntu", "Fedora", "FreeBSD", "OpenBSD", "NetBSD"];

pub(super) fn find(text: &str) -> &'static str {
    let any = |words: &[&str]| words.iter().any(|word| after(text, word).is_some());
    if let Some((class, _)) = CLASSES.iter().find(|(_, words)| any(words)) {
        return class;
    }
    match () {
        () if any(&["Android"]) => android(text),
        () if any(&["Tizen", "OpenHarmony", "HarmonyOS", "Mobile; rv"]) => {
            if any(&["Mobile", "Phone"]) {
                "Phone"
            } else {
                UNKNOWN
            }
        }
        () if any(&["Tablet; rv"]) => "Tablet",
        () if any(&["iOS"]) => "Mobile",
        () if any(&DESKTOPS) => "Desktop",
        () => UNKNOWN,
    }
}

/// Android says of phones that they are mobile, and of tablets nothing; of apps without a browser neither.
fn android(text: &str) -> &'static str {
    let any = |words: &[&str]| words.iter().any(|word| after(text, word).is_some());
    match () {
        () if any(&TABLETS) || (any(&["KF"]) && any(&["Silk"])) => "Tablet",
        () if any(&["Mobile"]) => "Phone",
        () if text.starts_with("Mozilla/") => "Tablet",
        () => "Mobile",
    }
}
