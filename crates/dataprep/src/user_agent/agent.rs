//! The browser or app.

use super::{Software, after, major, product, version};

/// Apps and browsers, as they call themselves and, where that is no name, as they are called. In the order of
/// asking: every browser also names those that it is built from or wants to pass for.
const AGENTS: [(&str, &str); 62] = [
    // Apps that show pages in a view of their own.
    ("FBAV", "Facebook"),
    ("FB_IAB", "Facebook"),
    ("FBAN", "Facebook"),
    ("Instagram", "Instagram"),
    ("Pinterest", "Pinterest"),
    ("Snapchat", "Snapchat"),
    ("musical_ly", "TikTok"),
    ("trill", "TikTok"),
    ("BytedanceWebview", "TikTok"),
    ("LinkedInApp", "LinkedIn"),
    ("Twitter for iPhone", "Twitter"),
    ("TwitterAndroid", "Twitter"),
    ("WhatsApp", "WhatsApp"),
    ("MicroMessenger", "WeChat"),
    ("Line", "Line"),
    ("GSA", "Google App"),
    // Browsers on other browsers' engines.
    ("Edg", "Edge"),
    ("EdgA", "Edge"),
    ("EdgiOS", "Edge"),
    ("EdgW", "Edge"),
    ("Edge", "Edge"),
    ("OPR", "Opera"),
    ("OPT", "Opera"),
    ("OPiOS", "Opera"),
    ("OPX", "Opera"),
    ("Opera Mini", "Opera Mini"),
    ("SamsungBrowser", "SamsungBrowser"),
    ("OculusBrowser", "OculusBrowser"),
    ("HuaweiBrowser", "HuaweiBrowser"),
    ("MiuiBrowser", "MiuiBrowser"),
    ("VivoBrowser", "VivoBrowser"),
    ("HeyTapBrowser", "HeyTapBrowser"),
    ("UCBrowser", "UCBrowser"),
    ("MQQBrowser", "QQBrowser"),
    ("QQBrowser", "QQBrowser"),
    ("YaBrowser", "YaBrowser"),
    ("Vivaldi", "Vivaldi"),
    ("Brave", "Brave"),
    ("DuckDuckGo", "DuckDuckGo"),
    ("Ddg", "DuckDuckGo"),
    ("Whale", "Whale"),
    ("Silk", "Silk"),
    ("Puffin", "Puffin"),
    ("Maxthon", "Maxthon"),
    ("coc_coc_browser", "Coc Coc"),
    ("Electron", "Electron"),
    ("PaleMoon", "PaleMoon"),
    ("SeaMonkey", "SeaMonkey"),
    ("Waterfox", "Waterfox"),
    ("Focus", "Firefox Focus"),
    ("Klar", "Firefox Klar"),
    ("Epiphany", "Epiphany"),
    ("Falkon", "Falkon"),
    ("Konqueror", "Konqueror"),
    ("NintendoBrowser", "NintendoBrowser"),
    ("NetFront", "Netfront"),
    // Those that all others pass for.
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chromium", "Chromium"),
    ("IEMobile", "Internet Explorer"),
    ("Thunderbird", "Thunderbird"),
];

pub(super) fn find(text: &str) -> Software<'_> {
    AGENTS
        .iter()
        .find_map(|(word, name)| Some(Software::new(name, reduced(named(text, word)?))))
        .or_else(|| opera(text))
        .or_else(|| internet_explorer(text))
        .or_else(|| chrome(text))
        .or_else(|| webkit(text))
        .or_else(|| own_name(text))
        .unwrap_or_else(Software::unknown)
}

/// The version of a product, written `name/version` or, as Instagram, LinkedIn and TikTok do, `name version`,
/// `[name]/version` and `name_version`; empty when the name stands alone.
fn named<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rest = after(text, name)?;
    let written = rest.strip_prefix(']').unwrap_or(rest).strip_prefix('/');
    let numbered = |version: &&str| version.starts_with(|c: char| c.is_ascii_digit());
    match written {
        Some(rest) => Some(Some(version(rest)).filter(numbered).unwrap_or_default()),
        None if rest.is_empty() || rest.starts_with([';', ')', ']']) => Some(""),
        None => Some(version(rest.strip_prefix([' ', '_'])?)).filter(numbered),
    }
}

/// Opera on its own engine, which ends with `Version/…` when it is newer than 9.
fn opera(text: &str) -> Option<Software<'_>> {
    let own = product(text, "Opera")?;
    Some(Software::new("Opera", product(text, "Version").unwrap_or(own)))
}

fn internet_explorer(text: &str) -> Option<Software<'_>> {
    let found = match after(text, "Trident/") {
        Some(_) => after(text, "rv:").or_else(|| after(text, "MSIE "))?,
        None => after(text, "MSIE ")?,
    };
    Some(Software::new("Internet Explorer", version(found)))
}

/// Chrome, and the view of Android apps that says so with `wv` or with a version of its own.
fn chrome(text: &str) -> Option<Software<'_>> {
    let version = reduced(product(text, "Chrome")?);
    let in_app =
        text.contains("; wv)") || (text.contains("Android") && product(text, "Version") == Some("4.0"));
    Some(Software::new(if in_app { "Chrome Webview" } else { "Chrome" }, version))
}

/// Safari, and the browser of Android before Chrome. Others that end in `Safari` are not told apart.
fn webkit(text: &str) -> Option<Software<'_>> {
    let version = product(text, "Version").filter(|_| text.contains("Safari/"))?;
    let others = ["PlayStation", "BB10", "BlackBerry", "Tizen", "PlayBook"];
    match () {
        () if others.iter().any(|other| text.contains(other)) => None,
        () if text.contains("Android") => Some(Software::new("Android Browser", version)),
        () if text.contains("Mac OS X") || text.contains("Windows") => Some(Software::new("Safari", version)),
        () => None,
    }
}

/// The product that a text begins with which does not begin like a browser's.
fn own_name(text: &str) -> Option<Software<'_>> {
    let (name, rest) = text.split(' ').next()?.split_once('/')?;
    (name != "Mozilla" && !name.is_empty()).then(|| Software::new(name, version(rest)))
}

/// Browsers fill what they no longer tell with zeros: `120.0.0.0` says no more than `120`.
pub(super) fn reduced(version: &str) -> &str {
    version.strip_suffix(".0.0.0").unwrap_or(version)
}

/// Major versions of the three browsers that others are built from.
pub(super) struct Browsers {
    pub(super) chrome: u32,
    pub(super) firefox: u32,
    pub(super) safari: u32,
}

/// Whether the browser is surely older than those.
pub(super) fn predates(text: &str, limit: Browsers) -> bool {
    let older = |product: Option<&str>, limit| product.and_then(major).map(|major| major < limit);
    older(product(text, "Chrome"), limit.chrome)
        .or_else(|| older(product(text, "Firefox"), limit.firefox))
        .or_else(|| older(product(text, "Version").filter(|_| text.contains("Safari/")), limit.safari))
        .unwrap_or_else(|| text.contains("Trident/") || text.contains("MSIE ") || text.starts_with("Opera/"))
}
