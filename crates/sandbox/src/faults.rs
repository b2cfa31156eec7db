//! Faults: what goes wrong, at which request, in a small language that tests and demos share.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::resource::Resource;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status with Stripe's error object and nothing else.
    Status(u16),
    /// 429 with this `Stripe-Rate-Limited-Reason`.
    RateLimited(RateReason),
    /// 429 with a `Retry-After` of this many seconds.
    RetryAfter(u32),
    /// 429 without a reason, `code: lock_timeout`.
    LockTimeout,
    /// 500 with `Stripe-Should-Retry: false`.
    ShouldNotRetry,
    /// The connection closes in the middle of the answer.
    Drop,
    /// A complete HTTP answer whose JSON stops half way.
    Truncate,
    /// A `Content-Length` of half the body.
    ShortLength,
    /// The answer begins and never ends: one byte at a time, for ever.
    Stall,
    /// The right answer and 256 MiB of white space.
    Giant,
    /// Status 200 and a page of HTML, as networks answer that want a log-in.
    Html,
    /// A list that has more, and shows nothing.
    EmptyMore,
    /// The right answer, late. At most a minute.
    Slow(Duration),
}

/// Values of `Stripe-Rate-Limited-Reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateReason {
    GlobalRate,
    EndpointRate,
    GlobalConcurrency,
    EndpointConcurrency,
    ResourceSpecific,
}

impl RateReason {
    const ALL: [Self; 5] = [
        Self::GlobalRate,
        Self::EndpointRate,
        Self::GlobalConcurrency,
        Self::EndpointConcurrency,
        Self::ResourceSpecific,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::GlobalRate => "global-rate",
            Self::EndpointRate => "endpoint-rate",
            Self::GlobalConcurrency => "global-concurrency",
            Self::EndpointConcurrency => "endpoint-concurrency",
            Self::ResourceSpecific => "resource-specific",
        }
    }
}

/// Which requests a fault hits; the first request is number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Requests `first..=last`.
    At { first: u64, last: u64 },
    /// Every n-th request.
    Every(u64),
}

#[derive(Debug, Clone)]
struct Rule {
    /// Counts and hits only requests to this account.
    account: Option<String>,
    /// Counts and hits only requests of this endpoint (`charges`, …, `account`, or `accounts`).
    endpoint: Option<String>,
    fault: Fault,
    when: When,
    seen: u64,
}

/// A set of faults; the first rule that hits a request wins.
///
/// Built with [`Faults::with`] and [`Faults::with_endpoint`], or parsed: rules divided by commas, each
/// `[account/][endpoint:]fault` followed by `@n`, `@n-m`, `@n-` or `every` and a number. Faults are a
/// status (400 to 599), `429:reason`, `retry-after:2s`, `lock_timeout`, `should-retry-false`, `drop`,
/// `truncate`, `short-length`, `stall`, `giant`, `html`, `empty-more` and `slow:200ms`.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Vec<Rule>,
}

/// A text that is not a set of faults.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{rule}` is not a fault: {problem}. Write for example {example}")]
pub struct FaultError {
    rule: String,
    problem: &'static str,
    example: &'static str,
}

impl FaultError {
    fn of_stripe(rule: &str, problem: &'static str) -> Self {
        let example = "`500@3`, `429:global-rate@5`, `503every7`, `charges:drop@2`, `slow:200ms@4-6`";
        Self { rule: rule.to_owned(), problem, example }
    }

    pub(crate) fn of_platform(rule: &str, problem: &'static str) -> Self {
        let example = "`500@3`, `POST close-after@2`, `/data/foundation/catalog:html502@1`, `429every7`";
        Self { rule: rule.to_owned(), problem, example }
    }
}

impl When {
    /// Whether the request of a number, from 1, is hit.
    pub(crate) fn hits(self, number: u64) -> bool {
        match self {
            Self::At { first, last } => (first..=last).contains(&number),
            Self::Every(n) => number.checked_rem(n) == Some(0),
        }
    }
}

impl Faults {
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a fault that counts every request.
    pub fn with(mut self, fault: Fault, when: When) -> Self {
        self.rules.push(Rule { account: None, endpoint: None, fault, when, seen: 0 });
        self
    }

    /// Adds a fault that counts only requests to one resource, lists and single objects alike.
    pub fn with_endpoint(mut self, resource: Resource, fault: Fault, when: When) -> Self {
        self.rules.push(Rule {
            account: None,
            endpoint: Some(resource.name().to_owned()),
            fault,
            when,
            seen: 0,
        });
        self
    }

    /// Counts one request and answers what goes wrong with it.
    pub(crate) fn next(&mut self, endpoint: &str, account: &str) -> Option<Fault> {
        let mut hit = None;
        for rule in &mut self.rules {
            let other =
                |only: &Option<String>, asked: &str| only.as_deref().is_some_and(|only| only != asked);
            if other(&rule.endpoint, endpoint) || other(&rule.account, account) {
                continue;
            }
            rule.seen += 1;
            if rule.when.hits(rule.seen) && hit.is_none() {
                hit = Some(rule.fault);
            }
        }
        hit
    }
}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rules = Vec::new();
        for rule in text.split(',').map(str::trim).filter(|rule| !rule.is_empty()) {
            rules.push(parse(rule).map_err(|problem| FaultError::of_stripe(rule, problem))?);
        }
        Ok(Self { rules })
    }
}

fn parse(rule: &str) -> Result<Rule, &'static str> {
    let (account, rule) = match rule.split_once('/') {
        Some((account, rest)) if account.starts_with("acct_") => (Some(account.to_owned()), rest),
        _ => (None, rule),
    };
    let known = |name: &str| matches!(name, "account" | "accounts") || name.parse::<Resource>().is_ok();
    let (endpoint, rest) = match rule.split_once(':') {
        Some((name, rest)) if known(name) => (Some(name.to_owned()), rest),
        _ => (None, rule),
    };
    let (fault, when) = moment(rest)?;
    Ok(Rule { account, endpoint, fault: parse_fault(fault)?, when, seen: 0 })
}

/// A rule's end: what goes wrong, and when.
pub(crate) fn moment(rule: &str) -> Result<(&str, When), &'static str> {
    if let Some((fault, at)) = rule.rsplit_once('@') {
        let (first, last) = at.split_once('-').unwrap_or((at, at));
        let number = |text: &str| text.parse::<u64>().map_err(|_| "after @ comes a number or a range");
        let (first, last) = (number(first)?, if last.is_empty() { u64::MAX } else { number(last)? });
        if first == 0 || last < first {
            return Err("requests count from 1 and a range goes upwards");
        }
        Ok((fault, When::At { first, last }))
    } else if let Some((fault, every)) = rule.rsplit_once("every") {
        match every.parse() {
            Ok(n) if n > 0 => Ok((fault, When::Every(n))),
            _ => Err("after `every` comes a number from 1"),
        }
    } else {
        Err("it does not say when (@n, @n-m, @n- or everyn)")
    }
}

fn parse_fault(text: &str) -> Result<Fault, &'static str> {
    if let Some(reason) = text.strip_prefix("429:") {
        let found = RateReason::ALL.into_iter().find(|known| known.name() == reason);
        return found.map(Fault::RateLimited).ok_or("unknown rate-limit reason");
    }
    if let Some(delay) = text.strip_prefix("slow:") {
        return duration(delay).map(Fault::Slow);
    }
    if let Some(delay) = text.strip_prefix("retry-after:") {
        return Ok(Fault::RetryAfter(duration(delay)?.as_secs() as u32));
    }
    match text {
        "lock_timeout" => Ok(Fault::LockTimeout),
        "should-retry-false" => Ok(Fault::ShouldNotRetry),
        "drop" => Ok(Fault::Drop),
        "truncate" => Ok(Fault::Truncate),
        "short-length" => Ok(Fault::ShortLength),
        "stall" => Ok(Fault::Stall),
        "giant" => Ok(Fault::Giant),
        "html" => Ok(Fault::Html),
        "empty-more" => Ok(Fault::EmptyMore),
        status => match status.parse() {
            Ok(status @ 400..=599) => Ok(Fault::Status(status)),
            _ => Err("unknown fault"),
        },
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    const PROBLEM: &str = "a delay is a number with `ms` or `s`, at most a minute";
    let millis = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => number.parse::<u64>().ok(),
        (None, Some(number)) => number.parse::<u64>().ok().and_then(|seconds| seconds.checked_mul(1000)),
        (None, None) => None,
    };
    millis.filter(|millis| *millis <= 60_000).map(Duration::from_millis).ok_or(PROBLEM)
}

impl fmt::Display for RateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, RateReason};
    use std::time::Duration;

    fn hits(spec: &str, requests: &[&str]) -> Vec<Option<Fault>> {
        let mut faults: Faults = spec.parse().unwrap_or_default();
        requests.iter().map(|endpoint| faults.next(endpoint, "acct_1")).collect()
    }

    #[test]
    fn rules_hit_by_number_range_period_and_endpoint() {
        assert_eq!(hits("500@2", &["charges"; 3]), [None, Some(Fault::Status(500)), None]);
        assert_eq!(hits("drop@1-2", &["charges"; 3]), [Some(Fault::Drop), Some(Fault::Drop), None]);
        assert_eq!(
            hits("503every2", &["charges"; 4]),
            [None, Some(Fault::Status(503)), None, Some(Fault::Status(503))]
        );
        assert_eq!(
            hits("charges:truncate@2", &["charges", "prices", "charges"]),
            [None, None, Some(Fault::Truncate)]
        );
        assert_eq!(hits("charges:stall@2-", &["charges"; 3]), [None, Some(Fault::Stall), Some(Fault::Stall)]);
        assert_eq!(hits("acct_1/500@1,acct_2/drop@1-", &["charges"; 2]), [Some(Fault::Status(500)), None]);
        assert_eq!(
            hits("429:endpoint-rate@1, slow:2s@2, retry-after:3s@3", &["account"; 3]),
            [
                Some(Fault::RateLimited(RateReason::EndpointRate)),
                Some(Fault::Slow(Duration::from_secs(2))),
                Some(Fault::RetryAfter(3))
            ]
        );
    }

    #[test]
    fn what_is_not_a_fault_is_refused_with_the_reason() {
        for spec in [
            "500",
            "500@0",
            "500@5-2",
            "9@1",
            "429:often@1",
            "slow:2h@1",
            "slow:61s@1",
            "503every0",
            "x:500@1",
            "500@-3",
            "x/500@1",
        ] {
            assert!(spec.parse::<Faults>().is_err(), "{spec}");
        }
    }
}
