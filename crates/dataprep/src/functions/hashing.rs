//! Hash functions.

use super::{Builtin, CallEnv, Failure, Function, Kind, Prepared, Status, text};
use crate::sets::mapping_set::XdmType;
use crate::values::value::Value;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use std::borrow::Cow;

type Result<T> = std::result::Result<T, Failure>;

pub(super) static FUNCTIONS: &[Function] = &[
    row("sha1", sha1),
    row("sha256", sha256).writing(XdmType::String, write_sha256),
    row("sha512", sha512),
    row("md5", md5),
    row("crc32", crc32),
    // Not in the function tables, but in an example of the page on calculated fields of destinations.
    Function::new("hash", "Hashing", (2, 3), false, hash)
        .kinds(&[Kind::Text, Kind::Text, Kind::Text], Kind::Text)
        .preparing(2, prepare_charset)
        .status(Status::Unpublished("Adobe's page on calculated fields of destinations")),
];

/// A row of a function that takes the input and, if given, the name of the character set whose bytes are
/// hashed.
const fn row(name: &'static str, call: Builtin) -> Function {
    Function::new(name, "Hashing", (1, 2), true, call)
        .kinds(&[Kind::Text, Kind::Text], Kind::Text)
        .preparing(1, prepare_charset)
}

/// A character set that the hash functions know.
#[derive(Clone, Copy)]
enum Charset {
    Utf8,
    /// Big-endian with a byte order mark, which is what Java writes under this name.
    Utf16,
    Utf16Be,
    Utf16Le,
    Latin1,
    Ascii,
}

impl Charset {
    /// The character set of a name, without regard to case, as in Java.
    fn named(name: &str) -> std::result::Result<Self, String> {
        const KNOWN: [(&str, Charset); 10] = [
            ("UTF-8", Charset::Utf8),
            ("UTF8", Charset::Utf8),
            ("UTF-16", Charset::Utf16),
            ("UTF-16BE", Charset::Utf16Be),
            ("UTF-16LE", Charset::Utf16Le),
            ("ISO-8859-1", Charset::Latin1),
            ("ISO8859_1", Charset::Latin1),
            ("latin1", Charset::Latin1),
            ("US-ASCII", Charset::Ascii),
            ("ASCII", Charset::Ascii),
        ];
        KNOWN
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, charset)| *charset)
            .ok_or_else(|| {
                "the character set must be one of UTF-8, UTF-16, ISO-8859-1 and US-ASCII".to_owned()
            })
    }

    /// The character set that a call asks for; UTF-8 when it names none.
    fn of(name: Option<&Value<'_>>, env: &CallEnv<'_>) -> Result<Self> {
        if let Some(known) = env.prepared.and_then(|prepared| prepared.downcast_ref::<Self>()) {
            return Ok(*known);
        }
        match name {
            None | Some(Value::Null) => Ok(Charset::Utf8),
            Some(name) => Self::named(&text(name, "the character set")?).map_err(Failure::new),
        }
    }

    /// The bytes of a text; what the character set lacks becomes a question mark, as in Java.
    fn bytes(self, text: &str) -> Cow<'_, [u8]> {
        let narrow = |last: u32| {
            text.chars().map(|c| if u32::from(c) <= last { u32::from(c) as u8 } else { b'?' }).collect()
        };
        match self {
            Charset::Utf8 => Cow::Borrowed(text.as_bytes()),
            Charset::Utf16 => {
                std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()
            }
            Charset::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Charset::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Charset::Latin1 => Cow::Owned(narrow(0xff)),
            Charset::Ascii => Cow::Owned(narrow(0x7f)),
        }
    }
}

fn prepare_charset(name: &str) -> std::result::Result<Prepared, String> {
    Charset::named(name).map(|charset| Box::new(charset) as Prepared)
}

/// Hands the bytes of the input, the first argument, in the character set, the second, to `digest`.
fn digest<T>(args: &[Value<'_>], env: &CallEnv<'_>, digest: impl FnOnce(&[u8]) -> T) -> Result<T> {
    let charset = Charset::of(args.get(1), env)?;
    match args.first() {
        Some(Value::String(input)) => Ok(digest(&charset.bytes(input))),
        Some(other) => Ok(digest(&charset.bytes(&text(other, "what is hashed")?))),
        None => Err(Failure::new("there is nothing to hash")),
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes as lower-case hexadecimal text.
fn hex<'a>(bytes: impl AsRef<[u8]>) -> Value<'a> {
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    Value::string(bytes.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect::<String>())
}

/// `sha1(input[, charset])`: SHA-1 as 40 hexadecimal digits.
fn sha1<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    digest(args, env, |bytes| hex(Sha1::digest(bytes)))
}

/// `sha256(input[, charset])`: SHA-256 as 64 hexadecimal digits.
fn sha256<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    digest(args, env, |bytes| hex(Sha256::digest(bytes)))
}

/// `sha512(input[, charset])`: SHA-512 as 128 hexadecimal digits.
fn sha512<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    digest(args, env, |bytes| hex(Sha512::digest(bytes)))
}

/// `md5(input[, charset])`: MD5 as 32 hexadecimal digits.
fn md5<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    digest(args, env, |bytes| hex(Md5::digest(bytes)))
}

/// `crc32(input[, charset])`: the CRC-32 of ISO-HDLC (zip, Ethernet) as 8 hexadecimal digits, lowest byte
/// first: Adobe's example shows that order, which is the one in which Guava prints this checksum.
fn crc32<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    // Without a table: those of the fast crates weigh more than all other hash functions together.
    const CRC: crc::Crc<u32, crc::NoTable> = crc::Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISO_HDLC);
    digest(args, env, |bytes| hex(CRC.checksum(bytes).to_le_bytes()))
}

/// `hash(algorithm, input[, charset])`: one of the functions above, named by its own name or as Java spells
/// it (`SHA-256`).
fn hash<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (algorithm, args) = args.split_first_mut().ok_or_else(|| Failure::new("hash needs an algorithm"))?;
    let algorithm = text(algorithm, "the algorithm of hash")?.replace('-', "").to_ascii_lowercase();
    let run = match algorithm.as_str() {
        "crc32" => crc32,
        "md5" => md5,
        "sha1" | "sha" => sha1,
        "sha256" => sha256,
        "sha512" => sha512,
        _ => {
            return Err(Failure::new(
                "the algorithm of hash must be one of crc32, md5, SHA-1, SHA-256 and SHA-512",
            ));
        }
    };
    if args.first().is_none_or(Value::is_null) { Ok(Value::Null) } else { run(args, env) }
}

/// SHA-256 as a JSON string, without a value in between: identities in most models are hashed.
fn write_sha256(args: &mut [Value<'_>], env: &mut CallEnv<'_>, out: &mut Vec<u8>) -> Result<bool> {
    let digest = digest(args, env, |bytes| Sha256::digest(bytes))?;
    let mut quoted = [b'"'; 66];
    for (pair, byte) in quoted[1..].chunks_exact_mut(2).zip(digest.iter()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out.extend_from_slice(&quoted);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use crate::functions::Clock;
    use crate::{CompileOptions, Expression};

    fn eval(expression: &str, record: &str) -> Result<String, String> {
        Expression::compile(expression, CompileOptions::default())
            .map_err(|error| error.to_string())?
            .eval(record, &mut Clock::default())
            .map(|result| result.json)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn character_sets_give_the_bytes_that_java_gives() {
        // Checked with an independent program: the bytes of the text in each set, hashed.
        for (charset, md5) in [
            ("UTF-8", "897c952547b471ab6aa50709589f67b6"),
            ("UTF-16", "f0d2ac628129310471501339dcdc3ff2"),
            ("utf-16be", "28a1596a56576f068eb03d52ebbc0825"),
            ("UTF-16LE", "f758a9de7efbe91e65f8f01385e8c364"),
            ("ISO-8859-1", "6c064e5d65f18f90a2c25da737bc548f"),
            ("us-ascii", "38c2f2b0c1022e38621fed780e9aa9bf"),
        ] {
            let expected = format!("\"{md5}\"");
            assert_eq!(eval(&format!("md5(t, '{charset}')"), r#"{"t":"Zoë €"}"#), Ok(expected), "{charset}");
        }
    }

    #[test]
    fn what_cannot_be_hashed_is_refused() {
        let message = eval("sha256('a', 'UTF-7')", "{}").unwrap_err();
        assert!(message.contains("one of UTF-8, UTF-16, ISO-8859-1 and US-ASCII"), "{message}");
        let message = eval("sha1(a, c)", r#"{"a":"x","c":"EBCDIC"}"#).unwrap_err();
        assert!(message.contains("one of UTF-8"), "{message}");
        assert!(eval("md5(a)", r#"{"a":{"secret":1}}"#).unwrap_err().contains("an object"));
        assert!(eval("hash('md4', 'a')", "{}").unwrap_err().contains("crc32, md5, SHA-1"));
        assert_eq!(eval("md5(null)", "{}").as_deref(), Ok("null"));
        assert_eq!(eval("hash('md5', null)", "{}").as_deref(), Ok("null"));
    }

    #[test]
    fn numbers_are_hashed_as_written_and_algorithms_have_java_names() {
        assert_eq!(eval("sha256(n)", r#"{"n":12.50}"#), eval("sha256('12.50')", "{}"));
        assert_eq!(eval("sha1('a', null)", "{}"), eval("hash('SHA-1', 'a')", "{}"));
        assert_eq!(eval("hash('crc32', 'my text', 'UTF-8')", "{}").as_deref(), Ok("\"8df92e80\""));
        assert_eq!(
            eval("hash('SHA-512', 'my text', 'UTF-16')", "{}"),
            eval("sha512('my text', 'UTF-16')", "{}")
        );
    }
}
