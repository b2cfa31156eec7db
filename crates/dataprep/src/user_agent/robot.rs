//! Programs that visit by themselves, and texts that are attacks.

use super::{Software, product, version};

/// Robots whose names do not end in `bot`, `crawler` or `spider`, as the text has them.
const ROBOTS: [&str; 28] = [
    // Indexing, previews and advertisements.
    "Sogou web spider",
    "Yahoo! Slurp",
    "Mediapartners-Google",
    "Google-InspectionTool",
    "Google-Read-Aloud",
    "Google-Site-Verification",
    "GoogleOther",
    "APIs-Google",
    "FeedFetcher-Google",
    "BingPreview",
    "facebookexternalhit",
    "meta-externalagent",
    "ChatGPT-User",
    "Claude-User",
    "anthropic-ai",
    "Perplexity-User",
    "SkypeUriPreview",
    "Embedly",
    "ia_archiver",
    "Qwantify",
    // Tests and monitors.
    "HeadlessChrome",
    "PhantomJS",
    "Chrome-Lighthouse",
    "GTmetrix",
    "StatusCake",
    "Site24x7",
    "Datadog",
    "check_http",
];

/// Libraries and programs of the command line, which begin the text when they send it.
const LIBRARIES: [&str; 22] = [
    "curl",
    "Wget",
    "HTTPie",
    "python-requests",
    "python-httpx",
    "Python-urllib",
    "aiohttp",
    "Scrapy",
    "Go-http-client",
    "Apache-HttpClient",
    "Java",
    "libwww-perl",
    "Ruby",
    "Faraday",
    "rest-client",
    "axios",
    "node-fetch",
    "undici",
    "GuzzleHttp",
    "PostmanRuntime",
    "insomnia",
    "reqwest",
];

/// Pieces of texts that attack or scan whoever reads them.
const ATTACKS: [&str; 12] = [
    "<script",
    "${jndi:",
    "() {",
    "../..",
    "<?php",
    "union select",
    "' or '",
    "sqlmap",
    "nikto",
    "openvas",
    "nessus",
    "nmap scripting",
];

/// Whether the text is made to harm its reader or comes from a security scanner.
pub(super) fn is_attack(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ATTACKS.iter().any(|attack| text.contains(attack))
}

/// The robot that the text names.
pub(super) fn find(text: &str) -> Option<Software<'_>> {
    let robot = ROBOTS.iter().find_map(|name| Some(Software::new(name, product(text, name)?)));
    let library = || {
        let name = LIBRARIES.iter().find(|name| text.starts_with(**name))?;
        Some(Software::new(name, product(text, name)?))
    };
    robot.or_else(library).or_else(|| text.split([' ', ';', '(', ')', ',', '"']).find_map(named_robot))
}

/// A product whose name says that it is a robot. `Cubot` is a maker of phones.
fn named_robot(word: &str) -> Option<Software<'_>> {
    if word.contains("://") || word.starts_with("www.") || word.contains('@') {
        return None;
    }
    let (name, rest) = word.split_once('/').unwrap_or((word, ""));
    let says_so = |piece: &str| {
        let piece = piece.to_ascii_lowercase();
        let piece = piece.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        piece != "cubot" && ["bot", "crawler", "spider"].iter().any(|end| piece.ends_with(end))
    };
    name.split(['-', '_']).any(says_so).then(|| Software::new(name, version(rest)))
}
