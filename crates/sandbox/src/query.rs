//! List queries: strict about parameters as Stripe is, then a walk over one sorted collection.

use std::sync::Arc;

use crate::{
    entry::Entry,
    error::ApiError,
    resource::Resource,
    store::{Collection, Store},
    world::Shown,
};

/// Values of one inclusive range of Unix seconds.
#[derive(Debug, Clone, Copy)]
struct Window {
    min: i64,
    max: i64,
}

#[derive(Debug)]
enum Cursor {
    After(String),
    Before(String),
}

#[derive(Debug)]
enum Filter {
    Is(&'static str, String),
    /// Any of the patterns; a trailing `*` stands for anything.
    Like(&'static str, Vec<String>),
    Not(&'static str, &'static str),
    Within(&'static str, Window),
    /// No test-clock objects.
    RealTime,
}

#[derive(Debug)]
pub(crate) struct ListQuery {
    limit: usize,
    cursor: Option<Cursor>,
    created: Window,
    filters: Vec<Filter>,
    pub(crate) expand: Vec<String>,
}

pub(crate) struct Page {
    pub(crate) entries: Vec<Arc<Entry>>,
    pub(crate) has_more: bool,
}

/// Filters that compare one facet for equality, and the values allowed where the set is closed.
fn equal(resource: Resource, name: &str) -> Option<(&'static str, &'static [&'static str])> {
    const ANY: &[&str] = &[];
    const BOOL: &[&str] = &["true", "false"];
    Some(match (resource, name) {
        (
            Resource::Charges | Resource::Subscriptions | Resource::Invoices | Resource::PaymentIntents,
            "customer",
        ) => ("customer", ANY),
        (Resource::Charges | Resource::Refunds | Resource::Disputes, "payment_intent") => {
            ("payment_intent", ANY)
        }
        (Resource::Charges, "transfer_group") => ("transfer_group", ANY),
        (Resource::Refunds | Resource::Disputes, "charge") => ("charge", ANY),
        (Resource::BalanceTransactions | Resource::Prices, "currency") => ("currency", ANY),
        (Resource::BalanceTransactions, "payout") => ("payout", ANY),
        (Resource::BalanceTransactions, "source") => ("source", ANY),
        (Resource::BalanceTransactions, "type") => ("type", ANY),
        (Resource::Subscriptions, "automatic_tax[enabled]") => ("automatic_tax[enabled]", BOOL),
        (Resource::Subscriptions | Resource::Invoices, "collection_method") => {
            ("collection_method", &["charge_automatically", "send_invoice"])
        }
        (Resource::Subscriptions | Resource::Invoices | Resource::PaymentIntents, "customer_account") => {
            ("customer_account", ANY)
        }
        (Resource::Subscriptions, "price") => ("price", ANY),
        (Resource::Subscriptions | Resource::Customers, "test_clock") => ("test_clock", ANY),
        (Resource::SubscriptionItems | Resource::Invoices, "subscription") => ("subscription", ANY),
        (Resource::InvoiceLines, "invoice") => ("invoice", ANY),
        (Resource::Invoices, "status") => ("status", &["draft", "open", "paid", "uncollectible", "void"]),
        (Resource::Payouts, "status") => ("status", &["pending", "paid", "failed", "canceled"]),
        (Resource::Payouts, "destination") => ("destination", ANY),
        (Resource::Products, "shippable") => ("shippable", BOOL),
        (Resource::Products, "url") => ("url", ANY),
        (Resource::Customers, "email") => ("email", ANY),
        (Resource::Prices | Resource::Products, "active") => ("active", BOOL),
        (Resource::Prices, "product") => ("product", ANY),
        (Resource::Prices, "recurring[interval]") => {
            ("recurring[interval]", &["day", "week", "month", "year"])
        }
        (Resource::Prices, "recurring[meter]") => ("recurring[meter]", ANY),
        (Resource::Prices, "recurring[usage_type]") => ("recurring[usage_type]", &["licensed", "metered"]),
        (Resource::Prices, "type") => ("type", &["one_time", "recurring"]),
        _ => return None,
    })
}

/// Whether a list can be asked for a range of these times.
fn is_period(resource: Resource, name: &str) -> bool {
    match resource {
        Resource::Subscriptions => name.starts_with("current_period_"),
        Resource::Invoices => name == "due_date",
        Resource::Payouts => name == "arrival_date",
        _ => false,
    }
}

const SUBSCRIPTION_STATUSES: [&str; 10] = [
    "active",
    "all",
    "canceled",
    "ended",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
];

/// Reads the parameters of a retrieve request: only `expand[]` is allowed.
pub(crate) fn expand_only(pairs: &[(String, String)]) -> Result<Vec<String>, ApiError> {
    pairs
        .iter()
        .map(|(name, value)| match array_name(name) {
            Some("expand") => Ok(value.clone()),
            _ => Err(ApiError::unknown_parameter(name)),
        })
        .collect()
}

/// `types[]` and `types[3]` are both elements of the array `types`.
fn array_name(name: &str) -> Option<&str> {
    let (array, index) = name.strip_suffix(']')?.split_once('[')?;
    index.bytes().all(|byte| byte.is_ascii_digit()).then_some(array)
}

fn integer(name: &str, value: &str) -> Result<i64, ApiError> {
    value.parse().map_err(|_| ApiError::not_integer(name, value))
}

impl Window {
    const ALL: Self = Self { min: i64::MIN, max: i64::MAX };

    fn narrow(&mut self, operator: &str, name: &str, value: &str) -> Result<(), ApiError> {
        let bound = integer(name, value)?;
        match operator {
            "" => (self.min, self.max) = (bound, bound),
            "gt" => self.min = self.min.max(bound.saturating_add(1)),
            "gte" => self.min = self.min.max(bound),
            "lt" => self.max = self.max.min(bound.saturating_sub(1)),
            "lte" => self.max = self.max.min(bound),
            _ => return Err(ApiError::unknown_parameter(name)),
        }
        Ok(())
    }
}

impl ListQuery {
    pub(crate) fn parse(resource: Resource, pairs: &[(String, String)]) -> Result<Self, ApiError> {
        let mut query =
            Self { limit: 10, cursor: None, created: Window::ALL, filters: Vec::new(), expand: Vec::new() };
        let (mut after, mut before, mut status) = (None, None, None);
        let (mut types, mut kind, mut lookup_keys) = (Vec::new(), None, Vec::new());
        let mut ids = Vec::new();
        let mut periods = [
            ("current_period_start", Window::ALL),
            ("current_period_end", Window::ALL),
            ("due_date", Window::ALL),
            ("arrival_date", Window::ALL),
        ];
        for (name, value) in pairs {
            if value.is_empty() {
                return Err(ApiError::empty(name));
            }
            let (base, operator) = match name.split_once('[') {
                Some((base, rest)) => (base, rest.strip_suffix(']').unwrap_or("?")),
                None => (name.as_str(), ""),
            };
            match (resource, name.as_str(), array_name(name)) {
                (_, "limit", _) => query.limit = integer(name, value)?.clamp(1, 100) as usize,
                (_, "starting_after", _) => after = Some(value.clone()),
                (_, "ending_before", _) => before = Some(value.clone()),
                (_, _, Some("expand")) => query.expand.push(value.clone()),
                (Resource::Subscriptions, "status", _) => status = Some(value.as_str()),
                (Resource::Events, "type", _) => kind = Some(value.clone()),
                (Resource::Events, _, Some("types")) => types.push(value.clone()),
                (Resource::Events, "delivery_success", _) => {
                    let done = one_of(name, value, &["true", "false"])? == "true";
                    query.filters.push(if done {
                        Filter::Is("pending_webhooks", "0".to_owned())
                    } else {
                        Filter::Not("pending_webhooks", "0")
                    });
                }
                (Resource::Prices, _, Some("lookup_keys")) => lookup_keys.push(value.clone()),
                (Resource::Products, _, Some("ids")) => ids.push(value.clone()),
                _ if base == "created" && !resource.lists_by_time() => {
                    return Err(ApiError::unknown_parameter(name));
                }
                _ if base == "created" => query.created.narrow(operator, name, value)?,
                _ if is_period(resource, base) => {
                    let Some((_, window)) = periods.iter_mut().find(|(period, _)| *period == base) else {
                        return Err(ApiError::unknown_parameter(name));
                    };
                    window.narrow(operator, name, value)?;
                }
                _ => {
                    let (facet, allowed) =
                        equal(resource, name).ok_or_else(|| ApiError::unknown_parameter(name))?;
                    if !allowed.is_empty() {
                        one_of(name, value, allowed)?;
                    }
                    query.filters.push(Filter::Is(facet, value.clone()));
                }
            }
        }
        query.cursor = match (after, before) {
            (Some(_), Some(_)) => return Err(ApiError::both_cursors()),
            (after, before) => after.map(Cursor::After).or(before.map(Cursor::Before)),
        };
        for (period, window) in periods {
            if window.min != i64::MIN || window.max != i64::MAX {
                query.filters.push(Filter::Within(period, window));
            }
        }
        if !ids.is_empty() {
            query.filters.push(Filter::Like("ids", ids));
        }
        query.events_and_keys(kind, types, lookup_keys)?;
        query.defaults(resource, status)?;
        Ok(query)
    }

    fn events_and_keys(
        &mut self,
        kind: Option<String>,
        types: Vec<String>,
        lookup_keys: Vec<String>,
    ) -> Result<(), ApiError> {
        if types.len() > 20 {
            return Err(ApiError::invalid("types", "You may pass at most 20 event types."));
        }
        if lookup_keys.len() > 10 {
            return Err(ApiError::invalid("lookup_keys", "You may pass at most 10 lookup keys."));
        }
        match (kind, types.is_empty()) {
            (Some(_), false) => {
                return Err(ApiError::invalid(
                    "type",
                    "You may only specify one of these parameters: type, types.",
                ));
            }
            (Some(kind), true) => self.filters.push(Filter::Like("type", vec![kind])),
            (None, false) => self.filters.push(Filter::Like("type", types)),
            (None, true) => {}
        }
        if !lookup_keys.is_empty() {
            self.filters.push(Filter::Like("lookup_keys", lookup_keys));
        }
        Ok(())
    }

    /// Filters that Stripe applies when the caller says nothing.
    fn defaults(&mut self, resource: Resource, status: Option<&str>) -> Result<(), ApiError> {
        let names = |facet: &str, filters: &[Filter]| {
            filters.iter().any(|filter| matches!(filter, Filter::Is(name, _) if *name == facet))
        };
        match resource {
            Resource::Subscriptions => {
                match status.map(|status| one_of("status", status, &SUBSCRIPTION_STATUSES)).transpose()? {
                    None => self.filters.push(Filter::Not("status", "canceled")),
                    Some("all") => {}
                    Some("ended") => {
                        let ended = ["canceled", "incomplete_expired"].map(str::to_owned);
                        self.filters.push(Filter::Like("status", ended.to_vec()));
                    }
                    Some(status) => self.filters.push(Filter::Is("status", status.to_owned())),
                }
                if !names("test_clock", &self.filters) && !names("customer", &self.filters) {
                    self.filters.push(Filter::RealTime);
                }
            }
            Resource::Customers if !names("test_clock", &self.filters) => self.filters.push(Filter::RealTime),
            Resource::Prices if !names("active", &self.filters) => {
                self.filters.push(Filter::Is("active", "true".to_owned()));
            }
            Resource::SubscriptionItems if !names("subscription", &self.filters) => {
                return Err(ApiError::required("subscription"));
            }
            _ => {}
        }
        Ok(())
    }

    /// One page. With `trap`, a cursor in the first second of a longer window ends the list early, as
    /// Stripe's own replicator found the live API to do (stripe/sync-engine pull request 378).
    /// `shown` hides what is too new to be listed or too old to be kept.
    pub(crate) fn page(
        &self,
        store: &Store,
        resource: Resource,
        trap: bool,
        shown: Shown,
    ) -> Result<Page, ApiError> {
        let collection = store.of(resource);
        let order = collection.order();
        let (mut from, mut to) = (0, order.len());
        if resource.lists_by_time() {
            let newest = self.created.max.min(shown.until);
            let oldest = self.created.min.max(shown.since);
            from = order.partition_point(|entry| entry.created > newest);
            to = order.partition_point(|entry| entry.created >= oldest).max(from);
        }
        let wanted = |entry: &&Arc<Entry>| self.filters.iter().all(|filter| filter.accepts(entry));
        let mut entries: Vec<Arc<Entry>>;
        match &self.cursor {
            Some(Cursor::Before(id)) => {
                to = to.min(position(collection, resource, id, "ending_before")?).max(from);
                entries = order[from..to].iter().rev().filter(wanted).take(self.limit + 1).cloned().collect();
            }
            cursor => {
                if let Some(Cursor::After(id)) = cursor {
                    let at = position(collection, resource, id, "starting_after")?;
                    let longer = self.created.max > self.created.min;
                    if trap && longer && order[at].created == self.created.min {
                        return Ok(Page { entries: Vec::new(), has_more: false });
                    }
                    from = from.max(at + 1).min(to);
                }
                entries = order[from..to].iter().filter(wanted).take(self.limit + 1).cloned().collect();
            }
        }
        let has_more = entries.len() > self.limit;
        entries.truncate(self.limit);
        if matches!(self.cursor, Some(Cursor::Before(_))) {
            entries.reverse();
        }
        Ok(Page { entries, has_more })
    }
}

fn position(collection: &Collection, resource: Resource, id: &str, param: &str) -> Result<usize, ApiError> {
    collection.position(id).ok_or_else(|| ApiError::missing(resource, id, param))
}

fn one_of<'a>(name: &str, value: &'a str, allowed: &[&str]) -> Result<&'a str, ApiError> {
    if allowed.contains(&value) {
        Ok(value)
    } else {
        Err(ApiError::invalid(name, format!("Invalid {name}: must be one of {}", allowed.join(", "))))
    }
}

impl Filter {
    fn accepts(&self, entry: &Entry) -> bool {
        match self {
            Self::Is(name, value) => entry.has(name, value),
            Self::Not(name, value) => !entry.has(name, value),
            Self::Like(name, patterns) => entry.facets(name).any(|facet| {
                patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
                    Some(prefix) => facet.starts_with(prefix),
                    None => facet == pattern,
                })
            }),
            Self::Within(name, window) => entry
                .facets(name)
                .filter_map(|facet| facet.parse::<i64>().ok())
                .any(|time| (window.min..=window.max).contains(&time)),
            Self::RealTime => entry.facets("test_clock").next().is_none(),
        }
    }
}
