//! Several requests in flight, and what becomes of their rows.
//!
//! Lines are taken in stretches, one request each. The ledger's position moves over a stretch once each of its rows
//! was accepted or is in the quarantine, and so was every row before it. No more stretches are begun than requests
//! may be in flight, and that bounds memory, and what a crash makes to be sent again.
//!
//! A row whose object has another row in flight, or waiting to be sent again, waits for it: so no version of an
//! object overtakes another.

use super::lines::{Lines, Mark};
use super::request::{Building, Request, Row, objection};
use super::{Streaming, Way};
use crate::delivery::{Delivered, DeliveryError, failed_rows};
use crate::ledger::{Outbox, Pending, Quarantined, RecordId, record_id};
use crate::platform::{Entry, Platform, PlatformError, RequestId};
use crate::quarantine::Reason;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often a row is sent that Platform refuses for now.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The first pause between two looks whether an inlet is open, and the longest.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// Where so many rows are refused and none is accepted, the rows are not what is wrong.
const ALL_WRONG: usize = 100;
/// Bytes of rows that one stretch keeps back without sending.
const KEPT_BACK: usize = 1 << 20;
/// Platform takes 1,000 requests a second.
const SHORTEST_STEP: Duration = Duration::from_millis(1);
const SAY_EVERY: Duration = Duration::from_secs(2);
/// So many rows are named that Profile will drop.
const NAMED: u64 = 3;

/// What goes through a pump.
#[derive(Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) platform: &'a Platform,
    pub(super) options: &'a Streaming,
    pub(super) lake: &'a Path,
    pub(super) way: &'a Way,
    pub(super) files: &'a [Pending],
    /// The ledger's number of the target.
    pub(super) target: i64,
    /// What the quarantine calls the dataset.
    pub(super) dataset: &'a str,
    /// Messages a second.
    pub(super) rate: Option<u32>,
    /// Bytes above which Profile drops a record.
    pub(super) profile_takes: usize,
    pub(super) said: &'a (dyn Fn(&str) + Sync),
}

/// Lines that were taken together.
#[derive(Debug, Default)]
struct Stretch {
    /// Rows that are not settled.
    left: usize,
    /// Where it ends in each file that it touches.
    marks: Vec<Mark>,
    /// What is kept back, with the number of its file.
    refused: Vec<(usize, Quarantined)>,
}

/// Sends lines until there are none.
pub(super) struct Pump<'a> {
    load: Load<'a>,
    outbox: &'a mut dyn Outbox,
    done: &'a mut Delivered,
    lines: Lines<'a>,
    /// Stretches that the ledger does not know of, and the number of the first of them.
    stretches: VecDeque<Stretch>,
    first: u64,
    /// The objects of rows that are not settled.
    busy: HashSet<RecordId>,
    /// What is to be sent again, and when.
    again: Vec<(Instant, Request)>,
    /// Whether the inlet has answered; until then one request is sent at a time.
    open: bool,
    /// Until when it is waited for that, and how long until the next look.
    opening: Option<(Instant, Duration)>,
    /// When the rate lets the next request go.
    next: Instant,
    accepted: u64,
    refused: usize,
    told: Instant,
}

type Answered = (Request, Result<Vec<Entry>, PlatformError>);

async fn send(load: Load<'_>, request: Request) -> Answered {
    let Way { stream, raw, .. } = load.way;
    let flow = raw.then_some(stream.flow.as_str());
    let count = request.rows.len();
    let answer = load.platform.collect(&stream.inlet, flow, request.body.clone(), count).await;
    (request, answer)
}

impl<'a> Pump<'a> {
    pub(super) fn new(load: Load<'a>, outbox: &'a mut dyn Outbox, done: &'a mut Delivered) -> Self {
        let now = Instant::now();
        Self {
            load,
            outbox,
            done,
            lines: Lines::new(load.lake, load.files),
            stretches: VecDeque::new(),
            first: 0,
            busy: HashSet::new(),
            again: Vec::new(),
            open: false,
            opening: None,
            next: now,
            accepted: 0,
            refused: 0,
            told: now,
        }
    }

    /// Sends everything. After an error nothing new is sent; what is in flight is still heard.
    pub(super) async fn run(mut self) -> Result<(), DeliveryError> {
        let mut flying = FuturesUnordered::new();
        let mut failed: Option<DeliveryError> = None;
        loop {
            while failed.is_none() && flying.len() < self.most() {
                match self.request() {
                    Ok(Some(request)) => flying.push(send(self.load, request)),
                    Ok(None) => break,
                    Err(error) => failed = Some(error),
                }
            }
            let more = failed.is_none() && flying.len() < self.most();
            let wake = if more { self.wake()? } else { None };
            tokio::select! {
                Some((request, answer)) = flying.next(), if !flying.is_empty() => {
                    if let Err(error) = self.settle(request, answer) {
                        failed.get_or_insert(error);
                    }
                }
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
                else => break,
            }
            self.commit()?;
        }
        if self.done.beyond_profile > NAMED {
            let more = self.done.beyond_profile - NAMED;
            self.done.notes.push(format!("{more} more records are so large that Profile drops them"));
        }
        (self.load.said)(&format!("{}: {} messages accepted", self.load.dataset, self.accepted));
        failed.map_or(Ok(()), Err)
    }

    /// How many requests may be in flight.
    fn most(&self) -> usize {
        if self.open { self.load.options.in_flight.max(1) } else { 1 }
    }

    /// When there is something to do though nothing is answered.
    fn wake(&mut self) -> Result<Option<Instant>, DeliveryError> {
        let again = self.again.iter().map(|(due, _)| *due).min();
        let paced = self.next > Instant::now() && self.may_begin() && self.lines.peek()?.is_some();
        Ok([again, paced.then_some(self.next)].into_iter().flatten().min())
    }

    /// Whether a new stretch may be begun.
    fn may_begin(&self) -> bool {
        self.stretches.len() < self.load.options.in_flight.max(1) && (self.open || self.again.is_empty())
    }

    /// The next request that is due.
    fn request(&mut self) -> Result<Option<Request>, DeliveryError> {
        let now = Instant::now();
        if let Some(at) = self.again.iter().position(|(due, _)| *due <= now) {
            return Ok(Some(self.again.swap_remove(at).1));
        }
        while now >= self.next && self.may_begin() {
            let Some(request) = self.begin()? else { return Ok(None) };
            if request.rows.is_empty() {
                // All its lines are kept back: nothing is to be sent.
                self.commit()?;
                continue;
            }
            if let Some(rate) = self.load.rate {
                let takes = request.rows.len() as f64 / f64::from(rate.max(1));
                self.next = now + SHORTEST_STEP.max(Duration::from_secs_f64(takes));
            }
            return Ok(Some(request));
        }
        Ok(None)
    }

    /// Begins a stretch; none when there is no line that may be sent now.
    fn begin(&mut self) -> Result<Option<Request>, DeliveryError> {
        let way = self.load.way;
        let (mut building, mut stretch) = (Building::new(&way.envelope), Stretch::default());
        let mut kept_back = 0;
        while let Some((file, line)) = self.lines.peek()? {
            let record = line.trim_ascii();
            let id = record_id(record);
            // Behind the same object's row, which is not settled.
            if id.is_some_and(|id| self.busy.contains(&id)) {
                break;
            }
            if let Some((rule, message)) = objection(record, &way.envelope) {
                let entry = self.load.entry(record, id, rule, &message);
                kept_back += record.len();
                let mark = self.lines.take();
                stretch.refused.push((mark.file, entry));
                note(&mut stretch.marks, mark);
                if kept_back > KEPT_BACK {
                    break;
                }
                continue;
            }
            if !building.fits(record.len()) {
                break;
            }
            if record.len() > self.load.profile_takes {
                self.done.beyond_profile += 1;
                if self.done.beyond_profile <= NAMED {
                    let name = id.map_or_else(|| "one without an _id".to_owned(), hex::encode);
                    self.done.notes.push(format!(
                        "record {name} has {} bytes: the data lake gets it, Profile drops it without a word above {}",
                        record.len(),
                        self.load.profile_takes
                    ));
                }
            }
            building.add(record, id, file);
            self.busy.extend(id);
            note(&mut stretch.marks, self.lines.take());
        }
        if stretch.marks.is_empty() {
            return Ok(None);
        }
        let number = self.first + self.stretches.len() as u64;
        let request = building.finish(number, 0);
        stretch.left = request.rows.len();
        self.done.refused += stretch.refused.len() as u64;
        self.stretches.push_back(stretch);
        Ok(Some(request))
    }

    /// Takes an answer to pieces.
    fn settle(
        &mut self,
        request: Request,
        answer: Result<Vec<Entry>, PlatformError>,
    ) -> Result<(), DeliveryError> {
        let now = Instant::now();
        let entries = match answer {
            Ok(entries) => entries,
            Err(PlatformError::Refused { status: 404, .. }) if !self.open => {
                return self.look_again(request, now);
            }
            // One of the rows may be what it is about, or they are too many.
            Err(PlatformError::Refused { status: 400 | 413, .. }) if request.rows.len() > 1 => {
                self.open = true;
                let halves = request.halves(&self.load.way.envelope);
                self.again.extend(halves.map(|half| (now, half)));
                return Ok(());
            }
            Err(PlatformError::Refused { status: status @ (400 | 413), message, .. }) => {
                vec![Entry::Refused { status, message }]
            }
            Err(error) => return Err(error.into()),
        };
        self.open = true;
        let mut later: Vec<&Row> = Vec::new();
        let mut last = String::new();
        for (row, entry) in request.rows.iter().zip(entries) {
            match entry {
                Entry::Taken => {
                    self.accepted += 1;
                    self.done.rows += 1;
                    self.done.bytes += request.record(row).len() as u64;
                    self.settled(request.stretch, row, None);
                }
                Entry::Refused { status: 408 | 429 | 500.., message } => {
                    later.push(row);
                    last = message;
                }
                Entry::Refused { status: status @ (401 | 403 | 404), message } => {
                    return Err(self.wrong(status, message));
                }
                Entry::Refused { status, message } => {
                    self.refused += 1;
                    if self.accepted == 0 && self.refused >= ALL_WRONG {
                        return Err(self.wrong(status, message));
                    }
                    let said = format!("Experience Platform refused the message: {message}");
                    let rule = format!("stream_{status}");
                    let entry = self.load.entry(request.record(row), row.id, &rule, &said);
                    self.settled(request.stretch, row, Some(entry));
                    self.done.refused += 1;
                }
            }
        }
        if !later.is_empty() {
            let tries = request.tries + 1;
            if tries >= TRIES {
                return Err(DeliveryError::Platform(PlatformError::NoAnswer {
                    what: format!("{} of {} messages", later.len(), request.rows.len()),
                    attempts: tries,
                    message: last,
                    request: RequestId::default(),
                }));
            }
            let pause = FIRST_PAUSE * 2u32.pow(tries);
            let due = now + pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            self.again.push((due, request.of(&later, &self.load.way.envelope, tries)));
        }
        if now.duration_since(self.told) >= SAY_EVERY {
            self.told = now;
            (self.load.said)(&format!("{}: {} messages accepted", self.load.dataset, self.accepted));
        }
        Ok(())
    }

    /// The messages are not what is wrong, but what is said of all of them.
    fn wrong(&self, status: u16, message: String) -> DeliveryError {
        DeliveryError::Platform(PlatformError::Refused {
            what: format!("messages to {}", self.load.dataset),
            status,
            code: String::new(),
            message,
            advice: "It refuses every message, so no more are sent: look in Sources whether the flows named \
                     `stripe-xdm …` are enabled and of this dataset, then run the same command again",
            request: RequestId::default(),
        })
    }

    /// The inlet is not there: a new one opens after some minutes.
    fn look_again(&mut self, request: Request, now: Instant) -> Result<(), DeliveryError> {
        let patience = self.load.options.patience;
        let (until, pause) = self.opening.unwrap_or((now + patience, FIRST_LOOK));
        let id = &self.load.way.stream.inlet.id;
        if now + pause > until {
            return Err(DeliveryError::System(format!(
                "inlet {id} has answered 404 for {} minutes. One that was made just now opens after about five: run \
                 the same command again later. If it stays so, delete the flows and connections named `stripe-xdm …` \
                 in Sources, and they are made anew",
                patience.as_secs().div_ceil(60)
            )));
        }
        if self.opening.is_none() {
            (self.load.said)(&format!("inlet {id} is not open yet: a new one takes about five minutes"));
        }
        self.opening = Some((until, (pause * 3 / 2).min(LONGEST_LOOK)));
        self.again.push((now + pause, request));
        Ok(())
    }

    /// A row is accepted, or kept back.
    fn settled(&mut self, stretch: u64, row: &Row, entry: Option<Quarantined>) {
        if let Some(id) = row.id {
            self.busy.remove(&id);
        }
        let place = stretch.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(stretch) = place.and_then(|place| self.stretches.get_mut(place)) {
            stretch.left -= 1;
            stretch.refused.extend(entry.map(|entry| (row.file, entry)));
        }
    }

    /// Tells the ledger of the stretches from the first on that are settled. As long as Platform accepted nothing, it
    /// may be that it never will: then refusals wait until every row that was sent was heard of.
    fn commit(&mut self) -> Result<(), DeliveryError> {
        if self.accepted == 0 && self.stretches.iter().any(|stretch| stretch.left > 0) {
            return Ok(());
        }
        let (mut marks, mut refused) = (Vec::new(), Vec::new());
        while self.stretches.front().is_some_and(|stretch| stretch.left == 0) {
            let Some(stretch) = self.stretches.pop_front() else { break };
            self.first += 1;
            stretch.marks.into_iter().for_each(|mark| note(&mut marks, mark));
            refused.extend(stretch.refused);
        }
        for Mark { file, position } in marks {
            let Some(path) = self.load.files.get(file).map(|file| file.path.as_str()) else { continue };
            let of_file: Vec<Quarantined> =
                refused.extract_if(.., |(of, _)| *of == file).map(|(_, entry)| entry).collect();
            self.outbox.streamed(self.load.target, path, position, &of_file)?;
        }
        Ok(())
    }
}

impl Load<'_> {
    fn entry(&self, record: &[u8], id: Option<RecordId>, rule: &str, message: &str) -> Quarantined {
        let reasons = vec![Reason::new(rule, message)];
        failed_rows::entry(self.dataset, &self.way.stream.flow, id, record.to_vec(), reasons)
    }
}

/// A later place in the same file takes the place of the one before.
fn note(marks: &mut Vec<Mark>, mark: Mark) {
    match marks.last_mut() {
        Some(last) if last.file == mark.file => *last = mark,
        _ => marks.push(mark),
    }
}
