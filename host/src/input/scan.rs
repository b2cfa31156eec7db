//! A byte-at-a-time check of JSON's structure. It exists so that the splitter notices a broken value
//! where it breaks, not 8 MiB later, and never recurses. Scalars are only delimited here; the module
//! checks them.

/// Deepest nesting that is followed; the module refuses far less.
const MAX_DEPTH: usize = 512;

/// What the scanned bytes amount to so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The value goes on.
    More,
    /// The value ends with this byte.
    Done,
    /// The value (a scalar) ended before this byte.
    DoneBefore,
    /// No JSON value goes on like this.
    Bad(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    String { key: bool, escaped: bool },
    Scalar,
}

/// The position inside one JSON value.
#[derive(Debug)]
pub(super) struct Scan {
    /// True for an object, false for an array.
    stack: Vec<bool>,
    expect: Expect,
    token: Token,
}

impl Scan {
    pub(super) fn new() -> Self {
        Self { stack: Vec::new(), expect: Expect::Value, token: Token::None }
    }

    /// The position after a member's value inside a top-level object.
    pub(super) fn inside_object() -> Self {
        Self { stack: vec![true], expect: Expect::CommaOrEnd, token: Token::None }
    }

    pub(super) fn depth(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn expects_value(&self) -> bool {
        self.token == Token::None && matches!(self.expect, Expect::Value | Expect::ValueOrEnd)
    }

    pub(super) fn expects_key(&self) -> bool {
        self.token == Token::None && matches!(self.expect, Expect::Key | Expect::KeyOrEnd)
    }

    pub(super) fn expects_colon(&self) -> bool {
        self.expect == Expect::Colon
    }

    pub(super) fn between_tokens(&self) -> bool {
        self.token == Token::None
    }

    /// How many of the bytes are plain text inside a string and need no [`Scan::push`].
    pub(super) fn plain(&self, bytes: &[u8]) -> usize {
        match self.token {
            Token::String { escaped: false, .. } => {
                memchr::memchr3(b'"', b'\\', b'\n', bytes).unwrap_or(bytes.len())
            }
            _ => 0,
        }
    }

    pub(super) fn push(&mut self, byte: u8) -> Step {
        match self.token {
            Token::String { key, escaped } => self.in_string(byte, key, escaped),
            Token::Scalar if is_scalar(byte) => Step::More,
            Token::Scalar => {
                self.token = Token::None;
                match self.after_value() {
                    Step::Done => Step::DoneBefore,
                    _ => self.between(byte),
                }
            }
            Token::None => self.between(byte),
        }
    }

    fn in_string(&mut self, byte: u8, key: bool, escaped: bool) -> Step {
        match (byte, escaped) {
            (b'\n', _) => Step::Bad("a line ends inside a string"),
            (_, true) => self.string(key, false),
            (b'\\', false) => self.string(key, true),
            (b'"', false) => {
                self.token = Token::None;
                if key {
                    self.expect = Expect::Colon;
                    return Step::More;
                }
                self.after_value()
            }
            _ => Step::More,
        }
    }

    fn string(&mut self, key: bool, escaped: bool) -> Step {
        self.token = Token::String { key, escaped };
        Step::More
    }

    fn between(&mut self, byte: u8) -> Step {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            return Step::More;
        }
        match self.expect {
            Expect::ValueOrEnd if byte == b']' => self.close(),
            Expect::Value | Expect::ValueOrEnd => self.value(byte),
            Expect::KeyOrEnd if byte == b'}' => self.close(),
            Expect::Key | Expect::KeyOrEnd if byte == b'"' => self.string(true, false),
            Expect::Key | Expect::KeyOrEnd => Step::Bad("a member's name is missing"),
            Expect::Colon if byte == b':' => self.then(Expect::Value),
            Expect::Colon => Step::Bad("a colon is missing"),
            Expect::CommaOrEnd => match (byte, self.stack.last()) {
                (b',', Some(true)) => self.then(Expect::Key),
                (b',', _) => self.then(Expect::Value),
                (b'}', Some(true)) | (b']', Some(false)) => self.close(),
                _ => Step::Bad("a comma or a closing bracket is missing"),
            },
        }
    }

    fn value(&mut self, byte: u8) -> Step {
        match byte {
            b'{' | b'[' if self.stack.len() >= MAX_DEPTH => Step::Bad("nested too deeply"),
            b'{' => {
                self.stack.push(true);
                self.then(Expect::KeyOrEnd)
            }
            b'[' => {
                self.stack.push(false);
                self.then(Expect::ValueOrEnd)
            }
            b'"' => self.string(false, false),
            byte if is_scalar(byte) => {
                self.token = Token::Scalar;
                Step::More
            }
            _ => Step::Bad("a value is missing"),
        }
    }

    fn then(&mut self, expect: Expect) -> Step {
        self.expect = expect;
        Step::More
    }

    fn close(&mut self) -> Step {
        self.stack.pop();
        self.after_value()
    }

    fn after_value(&mut self) -> Step {
        self.expect = Expect::CommaOrEnd;
        match self.stack.is_empty() {
            true => Step::Done,
            false => Step::More,
        }
    }
}

fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}
