//! Functions on URLs, read by the rules of RFC 3986 and, for characters beyond ASCII, RFC 3987. Parts are
//! given as they are written: no case is changed and nothing is decoded.

use super::{CallEnv, Failure, Function, Kind, Prepared, text};
use crate::values::value::Value;
use iri_string::types::IriStr;
use std::borrow::Cow;
use std::collections::BTreeMap;

type Result<T> = std::result::Result<T, Failure>;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("get_url_protocol", "URL", (1, 1), true, protocol).kinds(&[Kind::Text], Kind::Text),
    Function::new("get_url_host", "URL", (1, 1), true, host).kinds(&[Kind::Text], Kind::Text),
    Function::new("get_url_port", "URL", (1, 1), true, port).kinds(&[Kind::Text], Kind::Whole),
    Function::new("get_url_path", "URL", (1, 2), true, path).kinds(&[Kind::Text, Kind::Boolean], Kind::Text),
    Function::new("get_url_query_str", "URL", (2, 2), true, query)
        .kinds(&[Kind::Text, Kind::Text], Kind::Object)
        .preparing(1, prepare_anchor),
    Function::new("get_url_encoded", "URL", (1, 1), true, encoded).kinds(&[Kind::Text], Kind::Text),
    Function::new("get_url_decoded", "URL", (1, 1), true, decoded).kinds(&[Kind::Text], Kind::Text),
];

/// The port that a scheme stands for, of those whose URLs name a host (IANA's service names and the RFCs of
/// the schemes).
const DEFAULT_PORTS: [(&str, u16); 22] = [
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("wss", 443),
    ("ftp", 21),
    ("ftps", 990),
    ("sftp", 22),
    ("ssh", 22),
    ("telnet", 23),
    ("gopher", 70),
    ("pop", 110),
    ("nntp", 119),
    ("imap", 143),
    ("ldap", 389),
    ("ldaps", 636),
    ("smb", 445),
    ("rtsp", 554),
    ("rsync", 873),
    ("nfs", 2049),
    ("svn", 3690),
    ("redis", 6379),
    ("git", 9418),
];

/// What `f` finds in the URL, the first argument; null when it is no URL, or has no such part. A URL begins
/// with its scheme.
fn part<'a>(args: &[Value<'a>], f: impl FnOnce(&IriStr) -> Option<Value<'a>>) -> Result<Value<'a>> {
    let Some(url) = args.first() else { return Ok(Value::Null) };
    let url = text(url, "the URL")?;
    Ok(IriStr::new(&url).ok().and_then(f).unwrap_or(Value::Null))
}

/// `get_url_protocol(url)`: the scheme, as written.
fn protocol<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    part(args, |url| Some(Value::string(url.scheme_str().to_owned())))
}

/// `get_url_host(url)`: the host, an IPv6 address in its brackets; null for a URL without one.
fn host<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    part(args, |url| {
        let host = url.authority_components()?.host();
        (!host.is_empty()).then(|| Value::string(host.to_owned()))
    })
}

/// `get_url_port(url)`: the port that is written, else that of the scheme; null for a scheme without one.
fn port<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    part(args, |url| {
        let port = match url.authority_components()?.port().filter(|port| !port.is_empty()) {
            Some(written) => written.parse::<u16>().ok()?,
            None => DEFAULT_PORTS.iter().find(|(scheme, _)| url.scheme_str().eq_ignore_ascii_case(scheme))?.1,
        };
        Some(Value::integer(port.into()))
    })
}

/// `get_url_path(url[, full])`: the path with its leading slash, as written and perhaps empty; only what
/// follows its last slash when `full` is false.
fn path<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let full = match args.get(1) {
        None | Some(Value::Null) => true,
        Some(Value::Bool(full)) => *full,
        Some(other) => {
            let found = other.kind_name();
            return Err(Failure::new(format!(
                "the second argument of get_url_path must be true (the full path) or false (its end), but is {found}"
            )));
        }
    };
    part(args, |url| {
        let path = url.path_str();
        let end = path.rsplit('/').next().unwrap_or(path);
        Some(Value::string(if full { path } else { end }.to_owned()))
    })
}

/// What `get_url_query_str` does with the part after `#`.
#[derive(Clone, Copy)]
enum Anchor {
    /// Keeps it at the end of the last value.
    Retain,
    /// Leaves it out.
    Remove,
    /// Gives it under a name of its own.
    Append,
}

impl Anchor {
    fn named(name: &str) -> std::result::Result<Self, String> {
        match name {
            "retain" => Ok(Anchor::Retain),
            "remove" => Ok(Anchor::Remove),
            "append" => Ok(Anchor::Append),
            _ => {
                Err("the second argument of get_url_query_str must be \"retain\", \"remove\" or \"append\": \
                      what to do with the part after #"
                    .to_owned())
            }
        }
    }
}

fn prepare_anchor(name: &str) -> std::result::Result<Prepared, String> {
    Anchor::named(name).map(|anchor| Box::new(anchor) as Prepared)
}

/// `get_url_query_str(url, anchor)`: the parameters of the query as a map, in their order, not decoded. A
/// parameter without `=` is null. Of a repeated one the last value is taken, with a note. Null for a URL that
/// has no query (nor an anchor to append).
fn query<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let anchor = match (env.prepared.and_then(|known| known.downcast_ref::<Anchor>()), args.get(1)) {
        (Some(known), _) => *known,
        (None, name) => {
            let name = text(name.unwrap_or(&Value::Null), "the second argument of get_url_query_str")?;
            Anchor::named(&name).map_err(Failure::new)?
        }
    };
    let mut repeated = false;
    let found = part(args, |url| {
        let fragment = url.fragment_str();
        let kept = match (anchor, fragment) {
            (Anchor::Retain, Some(fragment)) => format!("#{fragment}"),
            _ => String::new(),
        };
        let mut made = url.query_str().map(|query| {
            let (made, again) = parameters(query, &kept);
            repeated = again;
            made
        });
        if let (Anchor::Append, Some(fragment)) = (anchor, fragment) {
            let anchor = (Cow::Borrowed("_anchor_"), Value::string(fragment.to_owned()));
            made.get_or_insert_default().push(anchor);
        }
        made.map(Value::Object)
    })?;
    if repeated {
        let note = "a parameter of the URL is given more than once; its last value is taken";
        env.notes.push(("repeated_parameter", note.to_owned()));
    }
    Ok(found)
}

/// The parameters of a query, `anchor` at the end of the last one's value, and whether one is repeated.
fn parameters<'a>(query: &str, anchor: &str) -> (Vec<(Cow<'a, str>, Value<'a>)>, bool) {
    let mut made: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
    let mut places = BTreeMap::new();
    let mut repeated = false;
    let mut pieces = query.split('&').filter(|piece| !piece.is_empty()).peekable();
    while let Some(piece) = pieces.next() {
        let anchor = if pieces.peek().is_none() { anchor } else { "" };
        let (name, value) = match piece.split_once('=') {
            Some((name, value)) => (name, Value::string(format!("{value}{anchor}"))),
            None if anchor.is_empty() => (piece, Value::Null),
            None => (piece, Value::string(anchor.to_owned())),
        };
        match places.get(name).and_then(|place: &usize| made.get_mut(*place)) {
            Some(known) => {
                known.1 = value;
                repeated = true;
            }
            None => {
                places.insert(name, made.len());
                made.push((Cow::Owned(name.to_owned()), value));
            }
        }
    }
    (made, repeated)
}

/// `get_url_encoded(text)`: percent-encodes the UTF-8 bytes of everything but ASCII letters, digits, `-`, `_`
/// and `.`, which is what Adobe's table of characters comes to.
fn encoded<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let Some(input) = args.first() else { return Ok(Value::Null) };
    let input = text(input, "the argument of get_url_encoded")?;
    let mut out = String::with_capacity(input.len() + input.len() / 2);
    for byte in input.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    Ok(Value::string(out))
}

/// `get_url_decoded(text)`: the exact reverse of `get_url_encoded`. A plus stays a plus: the encoding writes
/// a space as `%20`.
fn decoded<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let Some(input) = args.first() else { return Ok(Value::Null) };
    let input = text(input, "the argument of get_url_decoded")?;
    let mut out = Vec::with_capacity(input.len());
    let mut bytes = input.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(Failure::new(
                "every % must be followed by two hexadecimal digits; write %25 for a % itself",
            ));
        };
        out.push((high << 4 | low) as u8);
    }
    String::from_utf8(out)
        .map(Value::string)
        .map_err(|_| Failure::new("the decoded bytes are not UTF-8 text; expected UTF-8 in percent-encoding"))
}

#[cfg(test)]
mod tests {
    use crate::functions::Clock;
    use crate::{CompileOptions, Evaluated, Expression};

    fn run(expression: &str, url: &str) -> Result<Evaluated, String> {
        let record = serde_json::json!({ "u": url }).to_string();
        Expression::compile(expression, CompileOptions::default())
            .map_err(|error| error.to_string())?
            .eval(&record, &mut Clock::default())
            .map_err(|error| error.to_string())
    }

    fn eval(expression: &str, url: &str) -> String {
        run(expression, url).map_or_else(|error| error, |result| result.json)
    }

    #[test]
    fn parts_of_urls() {
        for (url, protocol, host, port, path, end) in [
            (
                "https://a.example/x/y.html?q=1#f",
                "\"https\"",
                "\"a.example\"",
                "443",
                "\"/x/y.html\"",
                "\"y.html\"",
            ),
            ("HTTP://user:pw@Example.COM:8080", "\"HTTP\"", "\"Example.COM\"", "8080", "\"\"", "\"\""),
            ("ftp://[2001:db8::1]:/a/", "\"ftp\"", "\"[2001:db8::1]\"", "21", "\"/a/\"", "\"\""),
            ("foo://h/a%20b", "\"foo\"", "\"h\"", "null", "\"/a%20b\"", "\"a%20b\""),
            (
                "https://bücher.example/größe",
                "\"https\"",
                "\"bücher.example\"",
                "443",
                "\"/größe\"",
                "\"größe\"",
            ),
            ("mailto:a@b.example", "\"mailto\"", "null", "null", "\"a@b.example\"", "\"a@b.example\""),
            ("http://h:99999/", "\"http\"", "\"h\"", "null", "\"/\"", "\"\""),
            ("file:///etc/hosts", "\"file\"", "null", "null", "\"/etc/hosts\"", "\"hosts\""),
        ] {
            assert_eq!(eval("get_url_protocol(u)", url), protocol, "{url}");
            assert_eq!(eval("get_url_host(u)", url), host, "{url}");
            assert_eq!(eval("get_url_port(u)", url), port, "{url}");
            assert_eq!(eval("get_url_path(u)", url), path, "{url}");
            assert_eq!(eval("get_url_path(u, false)", url), end, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_gives_null() {
        for text in
            ["", "example.com/x", "/x?y=1", "http://a b/", "http://h:port/", "ht!tp://h/", "http://[::1"]
        {
            for function in [
                "get_url_protocol(u)",
                "get_url_host(u)",
                "get_url_port(u)",
                "get_url_path(u)",
                "get_url_query_str(u, 'remove')",
            ] {
                assert_eq!(eval(function, text), "null", "{function} of {text:?}");
            }
        }
        assert!(eval("get_url_host([1])", "").contains("must be text"));
        assert!(eval("get_url_path(u, u)", "http://h/").contains("true (the full path)"));
    }

    #[test]
    fn queries() {
        for (url, anchor, expected) in [
            ("http://h/?a=1&b=&c&&d=x=y", "remove", r#"{"a":"1","b":"","c":null,"d":"x=y"}"#),
            ("http://h/?a=1&b#n&o=p", "retain", r##"{"a":"1","b":"#n&o=p"}"##),
            ("http://h/?a=%C3%A9+", "retain", r#"{"a":"%C3%A9+"}"#),
            ("http://h/#n", "append", r#"{"_anchor_":"n"}"#),
            ("http://h/#n", "retain", "null"),
            ("http://h/?#n", "remove", "{}"),
            ("http://h/", "append", "null"),
        ] {
            assert_eq!(eval(&format!("get_url_query_str(u, '{anchor}')"), url), expected, "{url} {anchor}");
        }
        let result = run("get_url_query_str(u, 'remove')", "http://h/?a=1&b=2&a=3").unwrap();
        assert_eq!(result.json, r#"{"a":"3","b":"2"}"#);
        assert_eq!(result.notes[0].0, "repeated_parameter");
        let refused =
            Expression::compile("get_url_query_str(u, 'keep')", CompileOptions::default()).unwrap_err();
        assert!(refused.message.contains("\"retain\", \"remove\" or \"append\""), "{refused}");
        assert!(eval("get_url_query_str(u, u)", "keep").contains("\"retain\""));
    }

    #[test]
    fn percent_encoding_both_ways() {
        let table = " !\"#$%&'()*+,/:;<=>?@[]^`~|\\{}é";
        let encoded = "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3C%3D%3E%3F%40%5B%5D%5E%60%7E%7C%5C%7B%7D%C3%A9";
        assert_eq!(eval("get_url_encoded(u)", table), format!("\"{encoded}\""));
        assert_eq!(eval("get_url_decoded(u)", encoded), serde_json::to_string(table).unwrap());
        assert_eq!(eval("get_url_encoded(u)", "aZ0-_."), "\"aZ0-_.\"");
        assert_eq!(eval("get_url_decoded(u)", "a+b%2fc"), "\"a+b/c\"");
        for broken in ["%", "%4", "%zz", "100%", "%é0"] {
            assert!(eval("get_url_decoded(u)", broken).contains("two hexadecimal digits"), "{broken}");
        }
        assert!(eval("get_url_decoded(u)", "%ff").contains("UTF-8"));
    }
}
