//! What becomes of each Event. Decided second by second: Stripe's Events have whole seconds, so that two of one
//! object within one second have no order, and only the object itself can tell how it ended.

use super::event::Event;
use crate::module::ApiVersions;
use crate::stripe::Resource;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What is followed.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    /// The resources, each with the time from which its Events are taken.
    pub(super) since: BTreeMap<Resource, i64>,
    /// Whether it is real money.
    pub(super) livemode: bool,
    /// The versions whose objects are taken as they are.
    pub(super) versions: ApiVersions,
}

/// What becomes of an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is taken as it is.
    Taken(Resource),
    /// It is taken, and its object is read anew besides, which is how things are now.
    Unordered(Resource),
    /// It is taken around its object as that is now.
    Around(Resource),
    /// Only its object is read anew: that of `plan.*` Events is a price.
    Object(Resource),
    /// It is passed over.
    Ignored(Ignored),
}

/// Why an Event is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ignored {
    Unreadable,
    OtherAccount,
    OtherMode,
    WithoutId,
    NotFollowed,
    OtherObject,
    Known,
    Duplicate,
    ToldByPrice,
}

impl Ignored {
    /// A word for the summary.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::OtherAccount => "of_other_accounts",
            Self::OtherMode => "of_other_mode",
            Self::WithoutId => "without_id",
            Self::NotFollowed => "of_resources_not_synced",
            Self::OtherObject => "of_other_objects",
            Self::Known => "known",
            Self::Duplicate => "duplicate",
            Self::ToldByPrice => "told_by_price",
        }
    }
}

impl Followed {
    /// What becomes of an Event by itself. `incomplete` says whether Stripe shows only a part of its object.
    fn alone(&self, event: &Event, incomplete: impl Fn(Resource, &Event) -> bool) -> Fate {
        let object = &event.object;
        if event.livemode.is_some_and(|livemode| livemode != self.livemode) {
            return Fate::Ignored(Ignored::OtherMode);
        }
        if object.id.is_none() {
            return Fate::Ignored(Ignored::WithoutId);
        }
        // Before prices there were plans; each of them is a price of the same id.
        let is_plan = object.kind == "plan";
        let kind = if is_plan { "price" } else { object.kind.as_str() };
        let Some(resource) = Resource::from_object(kind) else {
            return Fate::Ignored(Ignored::OtherObject);
        };
        let Some(since) = self.since.get(&resource) else {
            return Fate::Ignored(Ignored::NotFollowed);
        };
        let understood = event.api_version.as_deref().is_some_and(|version| self.versions.include(version));
        match () {
            () if event.at < *since => Fate::Ignored(Ignored::Known),
            () if is_plan => Fate::Object(resource),
            // What is gone is told by its id alone.
            () if event.is_deletion() => Fate::Taken(resource),
            () if !understood || incomplete(resource, event) => Fate::Around(resource),
            () => Fate::Taken(resource),
        }
    }

    /// What becomes of the Events of one second. Given back in an order of their own, so that the same Events
    /// are treated the same however they came.
    pub(super) fn second(
        &self,
        mut events: Vec<Event>,
        mut known: impl FnMut(&Event) -> bool,
        incomplete: impl Fn(Resource, &Event) -> bool,
    ) -> Vec<(Event, Fate)> {
        events.sort_by(|a, b| a.id.cmp(&b.id));
        let mut facts = HashSet::new();
        let mut chosen = Vec::with_capacity(events.len());
        for event in events {
            let fate = match self.alone(&event, &incomplete) {
                Fate::Ignored(why) => Fate::Ignored(why),
                _ if !facts.insert(event.fact) => Fate::Ignored(Ignored::Duplicate),
                _ if known(&event) => Fate::Ignored(Ignored::Known),
                fate => fate,
            };
            chosen.push((event, fate));
        }
        let mut told: HashMap<(Resource, String), u32> = HashMap::new();
        for (event, fate) in &chosen {
            let resource = match fate {
                Fate::Taken(resource) | Fate::Around(resource) => Some(*resource),
                // One that came by webhook before has its place in the second, too.
                Fate::Ignored(Ignored::Known) => Resource::from_object(&event.object.kind),
                _ => None,
            };
            if let (Some(resource), Some(id)) = (resource, &event.object.id) {
                *told.entry((resource, id.clone())).or_default() += 1;
            }
        }
        for (event, fate) in &mut chosen {
            if let (Fate::Taken(resource), Some(id)) = (*fate, &event.object.id)
                && told.get(&(resource, id.clone())).is_some_and(|count| *count > 1)
            {
                *fate = Fate::Unordered(resource);
            }
        }
        chosen
    }
}

/// Puts the Events of a list, newest first, together by their seconds.
#[derive(Debug, Default)]
pub(super) struct Seconds {
    held: Vec<Event>,
}

impl Seconds {
    /// Takes a page; gives the seconds that are whole: those above the page's last one.
    pub(super) fn take(&mut self, page: Vec<Event>) -> Vec<Vec<Event>> {
        self.held.extend(page);
        let Some(last) = self.held.iter().map(|event| event.at).min() else { return Vec::new() };
        let (whole, held) = std::mem::take(&mut self.held).into_iter().partition(|event| event.at > last);
        self.held = held;
        Self::apart(whole)
    }

    /// Gives what is left at the end of the list.
    pub(super) fn rest(&mut self) -> Vec<Vec<Event>> {
        Self::apart(std::mem::take(&mut self.held))
    }

    fn apart(events: Vec<Event>) -> Vec<Vec<Event>> {
        let mut seconds: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
        for event in events {
            seconds.entry(event.at).or_default().push(event);
        }
        seconds.into_values().rev().collect()
    }
}

/// The `type` that asks for all Events of some resources and little else; none when only the whole list has them.
pub(super) fn wildcard(resources: impl Iterator<Item = Resource>) -> Option<String> {
    let types: Vec<&str> = resources.flat_map(Resource::events).copied().collect();
    // Plans are told by types of their own.
    if types.iter().any(|name| name.starts_with("price.")) {
        return None;
    }
    let first = types.first()?.split('.').next()?;
    types.iter().all(|name| name.split('.').next() == Some(first)).then(|| format!("{first}.*"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEW: &str = "2026-08-26.dahlia";

    fn versions() -> ApiVersions {
        ApiVersions { oldest: "2017-08-15".to_owned(), releases: vec!["dahlia".to_owned()] }
    }

    fn followed(resources: &[Resource]) -> Followed {
        let since = resources.iter().map(|resource| (*resource, 100)).collect();
        Followed { since, livemode: false, versions: versions() }
    }

    fn event(id: &str, at: i64, name: &str, kind: &str, object: &str, version: &str) -> Event {
        let text = format!(
            r#"{{"id":"{id}","created":{at},"type":"{name}","api_version":"{version}","livemode":false,
            "data":{{"object":{{"id":"{object}","object":"{kind}","n":"{id}"}}}}}}"#
        );
        Event::read(text.as_bytes()).unwrap()
    }

    fn fates(followed: &Followed, events: Vec<Event>) -> Vec<(String, Fate)> {
        let chosen =
            followed.second(events, |event| event.id == "evt_known", |_, event| event.id == "evt_part");
        chosen.into_iter().map(|(event, fate)| (event.id, fate)).collect()
    }

    fn fate(followed: &Followed, event: Event) -> Fate {
        fates(followed, vec![event]).remove(0).1
    }

    #[test]
    fn an_event_alone_goes_by_its_object_its_version_and_its_time() {
        use Resource::{Charges, Customers, Prices};
        let followed = followed(&[Charges, Customers, Prices]);
        for (event, expected) in [
            (event("evt_1", 100, "charge.updated", "charge", "ch_1", NEW), Fate::Taken(Charges)),
            (event("evt_1", 99, "charge.updated", "charge", "ch_1", NEW), Fate::Ignored(Ignored::Known)),
            (event("evt_known", 100, "charge.updated", "charge", "ch_1", NEW), Fate::Ignored(Ignored::Known)),
            (event("evt_1", 100, "charge.updated", "charge", "ch_1", "2016-07-06"), Fate::Around(Charges)),
            (
                event("evt_1", 100, "charge.updated", "charge", "ch_1", "2029-01-01.xylo"),
                Fate::Around(Charges),
            ),
            (event("evt_part", 100, "charge.updated", "charge", "ch_1", NEW), Fate::Around(Charges)),
            (
                event("evt_1", 100, "customer.deleted", "customer", "cus_1", "2012-01-01"),
                Fate::Taken(Customers),
            ),
            (event("evt_1", 100, "plan.updated", "plan", "gold", NEW), Fate::Object(Prices)),
            (
                event("evt_1", 100, "charge.refund.updated", "refund", "re_1", NEW),
                Fate::Ignored(Ignored::NotFollowed),
            ),
            (
                event("evt_1", 100, "quantum.entangled", "qubit", "q_1", NEW),
                Fate::Ignored(Ignored::OtherObject),
            ),
            (event("evt_1", 100, "charge.updated", "charge", "", NEW), Fate::Ignored(Ignored::WithoutId)),
        ] {
            let text = String::from_utf8_lossy(&event.text).into_owned();
            assert_eq!(fate(&followed, event), expected, "{text}");
        }
        let live = Followed { livemode: true, ..followed };
        let test = event("evt_1", 100, "charge.updated", "charge", "ch_1", NEW);
        assert_eq!(fate(&live, test), Fate::Ignored(Ignored::OtherMode));
    }

    #[test]
    fn two_of_one_object_in_one_second_have_no_order() {
        let followed = followed(&[Resource::Charges, Resource::Customers]);
        let events = vec![
            event("evt_b", 100, "charge.updated", "charge", "ch_1", NEW),
            event("evt_a", 100, "charge.captured", "charge", "ch_1", NEW),
            event("evt_c", 100, "charge.updated", "charge", "ch_2", NEW),
            event("evt_d", 100, "customer.updated", "customer", "ch_1", NEW),
        ];
        let expected = [
            ("evt_a", Fate::Unordered(Resource::Charges)),
            ("evt_b", Fate::Unordered(Resource::Charges)),
            ("evt_c", Fate::Taken(Resource::Charges)),
            ("evt_d", Fate::Taken(Resource::Customers)),
        ];
        assert_eq!(fates(&followed, events), expected.map(|(id, fate)| (id.to_owned(), fate)));
    }

    #[test]
    fn what_was_taken_before_counts_in_its_second() {
        let followed = followed(&[Resource::Charges]);
        let events = vec![
            event("evt_known", 100, "charge.updated", "charge", "ch_1", NEW),
            event("evt_new", 100, "charge.updated", "charge", "ch_1", NEW),
        ];
        let expected = [
            ("evt_known".to_owned(), Fate::Ignored(Ignored::Known)),
            ("evt_new".to_owned(), Fate::Unordered(Resource::Charges)),
        ];
        assert_eq!(fates(&followed, events), expected);
    }

    #[test]
    fn a_fact_that_is_told_twice_is_one() {
        let followed = followed(&[Resource::Charges]);
        let first = event("evt_a", 100, "charge.updated", "charge", "ch_1", NEW);
        let text = String::from_utf8(first.text.clone()).unwrap().replacen("evt_a", "evt_b", 1);
        let second = Event::read(text.as_bytes()).unwrap();
        let expected = [
            ("evt_a".to_owned(), Fate::Taken(Resource::Charges)),
            ("evt_b".to_owned(), Fate::Ignored(Ignored::Duplicate)),
        ];
        assert_eq!(fates(&followed, vec![second, first]), expected);
    }

    #[test]
    fn one_type_is_asked_for_when_it_has_everything() {
        use Resource::{BalanceTransactions, Charges, Customers, Prices, Refunds, Subscriptions};
        let asked = |resources: &[Resource]| wildcard(resources.iter().copied());
        assert_eq!(asked(&[Charges, BalanceTransactions]).as_deref(), Some("charge.*"));
        assert_eq!(asked(&[Customers, Subscriptions]).as_deref(), Some("customer.*"));
        assert_eq!(asked(&[Refunds]), None);
        assert_eq!(asked(&[Prices]), None);
        assert_eq!(asked(&[Charges, Customers]), None);
        assert_eq!(asked(&[BalanceTransactions]), None);
    }

    proptest! {
        #[test]
        fn every_event_comes_out_once_in_whole_seconds_however_the_pages_are_cut(
            times in prop::collection::vec(1_000..1_020i64, 0..60),
            cut in 1..10usize,
        ) {
            let mut times = times;
            times.sort_unstable_by_key(|time| std::cmp::Reverse(*time));
            let events: Vec<Event> = times.iter().enumerate()
                .map(|(n, at)| event(&format!("evt_{n}"), *at, "charge.updated", "charge", "ch_1", NEW))
                .collect();
            let mut seconds = Seconds::default();
            let mut out: Vec<Vec<Event>> = Vec::new();
            for page in events.chunks(cut) {
                out.extend(seconds.take(page.to_vec()));
            }
            out.extend(seconds.rest());
            let mut ids: Vec<&str> = out.iter().flatten().map(|event| event.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), events.len());
            // No second is cut in two, and they come newest first.
            let told: Vec<i64> = out.iter().map(|second| second[0].at).collect();
            prop_assert!(told.windows(2).all(|pair| pair[0] > pair[1]));
            prop_assert!(out.iter().all(|second| second.iter().all(|event| event.at == second[0].at)));
        }

        #[test]
        fn what_is_chosen_does_not_depend_on_the_order(
            kinds in prop::collection::vec(0..4usize, 1..12),
            seed in any::<u64>(),
        ) {
            let followed = followed(&[Resource::Charges]);
            let events: Vec<Event> = kinds.iter().enumerate()
                .map(|(n, kind)| event(&format!("evt_{n:02}"), 100, "charge.updated", "charge", &format!("ch_{kind}"), NEW))
                .collect();
            let mut other = events.clone();
            fastrand::Rng::with_seed(seed).shuffle(&mut other);
            prop_assert_eq!(fates(&followed, events), fates(&followed, other));
        }
    }
}
