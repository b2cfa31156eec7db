//! Splits a stream into Stripe objects without holding more than one of them: top-level values one after
//! another, the elements of top-level arrays, and the elements of `data` of top-level list pages.
//!
//! After a broken value, reading goes on at the next line that begins with `{` or `[` in its first
//! column: a new value in JSON lines, and hardly ever the inside of a pretty-printed one.

use super::scan::{Scan, Step};

/// One object of the stream, or what stood in the place of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The text of one value.
    Value(Vec<u8>),
    /// A value that cannot be handed on.
    Bad(BadInput),
}

/// Why a value cannot be handed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: line {line}: {message}")]
pub struct BadInput {
    /// `invalid_json` or `object_too_large`.
    pub code: &'static str,
    /// The line where the trouble was noticed, from 1.
    pub line: u64,
    /// The cause, for people.
    pub message: String,
}

/// Where the values of the stream are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between top-level values.
    Top,
    /// Inside a top-level array, or inside `data` of a top-level list page.
    Elements { page: bool, after_element: bool },
}

#[derive(Debug)]
enum State {
    Between,
    /// Inside a value that is kept.
    Value(Scan, Shallow),
    /// Inside a value that is too large to be kept.
    Oversized(Scan),
    /// Inside a list page, after its `data`.
    Envelope(Scan),
    /// Looking for a line to go on at.
    Lost,
}

/// What is known of a top-level object's own members, to tell a list page from a Stripe object.
#[derive(Debug, Default)]
struct Shallow {
    mark: usize,
    key: Key,
    in_string: bool,
    not_a_list: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Key {
    Data,
    Object,
    #[default]
    Other,
}

/// Splits a stream that is fed in chunks of any size.
#[derive(Debug)]
pub struct Splitter {
    cap: usize,
    place: Place,
    state: State,
    value: Vec<u8>,
    line: u64,
    line_start: bool,
    /// Closing brackets and commas left over from a broken value are passed over in silence.
    recovered: bool,
}

impl Splitter {
    /// A splitter that refuses values of more than `cap` bytes.
    pub fn new(cap: usize) -> Self {
        Self {
            cap,
            place: Place::Top,
            state: State::Between,
            value: Vec::new(),
            line: 1,
            line_start: true,
            recovered: false,
        }
    }

    /// Takes the next bytes of the stream and appends the values that they complete.
    pub fn feed(&mut self, chunk: &[u8], out: &mut Vec<Piece>) {
        let mut at = 0;
        while at < chunk.len() {
            let state = std::mem::replace(&mut self.state, State::Between);
            at = match state {
                State::Between => self.between(chunk, at, out),
                State::Value(scan, shallow) => self.value(chunk, at, scan, shallow, out),
                State::Oversized(scan) => self.discard(chunk, at, scan, false, out),
                State::Envelope(scan) => self.discard(chunk, at, scan, true, out),
                State::Lost => self.lost(chunk, at),
            };
        }
    }

    /// Says that the stream ended; an unfinished value becomes an error.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        // A scalar ends with the stream; anything else that is open was cut.
        self.feed(b"\n", out);
        let state = std::mem::replace(&mut self.state, State::Between);
        let open = match state {
            State::Between => self.place != Place::Top,
            State::Lost => false,
            State::Value(..) | State::Oversized(_) | State::Envelope(_) => true,
        };
        if open {
            out.push(self.bad("invalid_json", "the input ends in the middle of a value".to_owned()));
        }
        self.place = Place::Top;
        self.value.clear();
    }

    fn bad(&self, code: &'static str, message: String) -> Piece {
        Piece::Bad(BadInput { code, line: self.line, message })
    }

    fn pass(&mut self, byte: u8) {
        self.line_start = byte == b'\n';
        self.line += u64::from(self.line_start);
    }

    fn between(&mut self, chunk: &[u8], at: usize, out: &mut Vec<Piece>) -> usize {
        let byte = chunk[at];
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            self.pass(byte);
            return at + 1;
        }
        let next = match (self.place, byte) {
            (Place::Top, b'[') => Some(Place::Elements { page: false, after_element: false }),
            // A byte order mark.
            (Place::Top, 0xef | 0xbb | 0xbf) if self.line == 1 => Some(Place::Top),
            (Place::Top, b']' | b'}' | b',') if self.recovered => Some(Place::Top),
            (Place::Elements { page, after_element: true }, b',') => {
                Some(Place::Elements { page, after_element: false })
            }
            (Place::Elements { page: false, .. }, b']') => Some(Place::Top),
            (Place::Elements { page: true, .. }, b']') => {
                self.state = State::Envelope(Scan::inside_object());
                Some(Place::Top)
            }
            (Place::Elements { after_element: true, .. }, _) => {
                return self.broken(byte, at, "a comma is missing between elements", out);
            }
            _ => None,
        };
        match next {
            Some(place) => {
                self.place = place;
                self.pass(byte);
                at + 1
            }
            None => {
                self.value.clear();
                let shallow = Shallow { not_a_list: self.place != Place::Top, ..Shallow::default() };
                self.state = State::Value(Scan::new(), shallow);
                at
            }
        }
    }

    fn value(
        &mut self,
        chunk: &[u8],
        start: usize,
        mut scan: Scan,
        mut shallow: Shallow,
        out: &mut Vec<Piece>,
    ) -> usize {
        let (mut from, mut at) = (start, start);
        loop {
            let plain = scan.plain(&chunk[at..]);
            if plain > 0 {
                self.line_start = false;
                at += plain;
            }
            let held = self.value.len() + (at - from);
            if held > self.cap {
                self.value = Vec::new();
                self.state = State::Oversized(scan);
                return at;
            }
            let Some(&byte) = chunk.get(at) else {
                self.value.extend_from_slice(&chunk[from..at]);
                self.state = State::Value(scan, shallow);
                return at;
            };
            let watched = !shallow.not_a_list && scan.depth() == 1;
            if watched && byte == b'[' && scan.expects_value() && shallow.key == Key::Data {
                self.value.clear();
                self.place = Place::Elements { page: true, after_element: false };
                self.pass(byte);
                return at + 1;
            }
            if watched && byte == b'"' && !shallow.in_string && (scan.expects_key() || scan.expects_value()) {
                shallow.mark = held;
            }
            let key_follows = scan.expects_key();
            match scan.push(byte) {
                Step::More if watched && byte == b'"' => {
                    self.value.extend_from_slice(&chunk[from..=at]);
                    from = at + 1;
                    shallow.string(&self.value, key_follows, &scan);
                }
                Step::More => {}
                Step::Done => {
                    self.value.extend_from_slice(&chunk[from..=at]);
                    self.pass(byte);
                    self.emit(out);
                    return at + 1;
                }
                Step::DoneBefore => {
                    self.value.extend_from_slice(&chunk[from..at]);
                    self.emit(out);
                    return at;
                }
                Step::Bad(why) => return self.broken(byte, at, why, out),
            }
            self.pass(byte);
            at += 1;
        }
    }

    fn emit(&mut self, out: &mut Vec<Piece>) {
        out.push(Piece::Value(std::mem::take(&mut self.value)));
        self.after_element();
    }

    fn after_element(&mut self) {
        if let Place::Elements { after_element, .. } = &mut self.place {
            *after_element = true;
        }
    }

    fn discard(
        &mut self,
        chunk: &[u8],
        start: usize,
        mut scan: Scan,
        envelope: bool,
        out: &mut Vec<Piece>,
    ) -> usize {
        let mut at = start;
        loop {
            at += scan.plain(&chunk[at..]);
            let Some(&byte) = chunk.get(at) else {
                self.state = if envelope { State::Envelope(scan) } else { State::Oversized(scan) };
                return at;
            };
            let step = scan.push(byte);
            if let Step::Bad(why) = step {
                return self.broken(byte, at, why, out);
            }
            let consumed = step != Step::DoneBefore;
            if consumed {
                self.pass(byte);
                at += 1;
            }
            if step != Step::More {
                if !envelope {
                    let message = format!("the value has more than {} bytes", self.cap);
                    out.push(self.bad("object_too_large", message));
                    self.after_element();
                }
                return at;
            }
        }
    }

    fn broken(&mut self, byte: u8, at: usize, why: &str, out: &mut Vec<Piece>) -> usize {
        out.push(self.bad("invalid_json", why.to_owned()));
        self.value.clear();
        self.place = Place::Top;
        self.recovered = true;
        if self.line_start && matches!(byte, b'{' | b'[') {
            return at;
        }
        self.state = State::Lost;
        self.pass(byte);
        at + 1
    }

    fn lost(&mut self, chunk: &[u8], at: usize) -> usize {
        if self.line_start && matches!(chunk[at], b'{' | b'[') {
            return at;
        }
        self.state = State::Lost;
        match memchr::memchr(b'\n', &chunk[at..]) {
            Some(offset) => {
                self.pass(b'\n');
                at + offset + 1
            }
            None => {
                self.line_start = false;
                chunk.len()
            }
        }
    }
}

impl Shallow {
    /// A quote of a top-level object's own key or value was passed; `text` ends with it.
    fn string(&mut self, text: &[u8], opens_key: bool, scan: &Scan) {
        let opened = !self.in_string;
        if opened {
            self.in_string = true;
            if opens_key {
                self.key = Key::Other;
            }
            return;
        }
        // Still inside: the quote was escaped.
        if !scan.between_tokens() {
            return;
        }
        self.in_string = false;
        let string = text.get(self.mark..).unwrap_or_default();
        if scan.expects_colon() {
            self.key = match string {
                br#""data""# => Key::Data,
                br#""object""# => Key::Object,
                _ => Key::Other,
            };
        } else if self.key == Key::Object {
            self.not_a_list = !matches!(string, br#""list""# | br#""search_result""#);
        }
    }
}
