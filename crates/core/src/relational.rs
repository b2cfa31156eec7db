//! The relational ("model-based") kind of the models, derived from the standard ones: a row is the current
//! state of one thing. It has its id for a key, the time of its state for a version, its keys at the root, and
//! neither class nor tenant namespace.
//!
//! Mappings stay what they are; their destinations move:
//!
//! - below `_{tenant}.stripe`, the object of the resource (`charge.amount`) and the keys beside it (`chargeID`)
//!   become fields of the root (`amount`, `chargeID`),
//! - other places of the tenant's lose the namespace only (`_{tenant}.shop.x` becomes `shop.x`),
//! - places of Adobe's stay or move as [`ADOBE`] says, which leaves out what belongs to an event and what
//!   another field of the row holds already.
//!
//! Fields of different origin that would meet under one name of the root do not mix: of keys, Adobe's, the
//! resource's and other fields of the tenant the first keeps the name, and the others go below a name of their
//! origin (`stripe`, `xdm`, the resource's object, the tenant id). No name begins with an underscore.

use crate::models::{Model, Variant};
use crate::settings::{OpenError, Settings};
use dataprep::expr::{Path, Segment};
use dataprep::{Mapping, SourceType, XdmType};

/// The field whose highest value wins: when the row was so, in epoch milliseconds.
pub(crate) const VERSION: &str = "lastModified";
/// The same of the standard models, below `_{tenant}.stripe`.
const SOURCE_VERSION: &str = "sourceVersion";

/// What is to become of a row: `u`, it is put in place of what is there; `d`, it is deleted. Adobe reads it and
/// does not store it.
pub(crate) const CHANGE: &str = "_change_request_type";

/// Resources as rows.
pub(crate) const ROWS: [Row; 12] = [
    Row {
        resource: "charge",
        variant: Variant::Event,
        standard: "stripe_charge_events",
        object: "charge",
        key: "chargeID",
        dataset: "stripe_relational_charges",
        title: "Stripe Charges (relational)",
        description: "The current state of each charge.",
        links: &[("customerID", "customer", "M:1"), ("balanceTransactionID", "balance_transaction", "1:1")],
    },
    Row {
        resource: "refund",
        variant: Variant::Event,
        standard: "stripe_refund_events",
        object: "refund",
        key: "refundID",
        dataset: "stripe_relational_refunds",
        title: "Stripe Refunds (relational)",
        description: "The current state of each refund.",
        links: &[
            ("chargeID", "charge", "M:1"),
            ("customerID", "customer", "M:1"),
            ("balanceTransactionID", "balance_transaction", "1:1"),
        ],
    },
    Row {
        resource: "balance_transaction",
        variant: Variant::Event,
        standard: "stripe_balance_transactions",
        object: "balanceTransaction",
        key: "balanceTransactionID",
        dataset: "stripe_relational_balance_transactions",
        title: "Stripe Balance Transactions (relational)",
        description: "The current state of each movement of money into and out of the Stripe balance.",
        links: &[("chargeID", "charge", "M:1"), ("refundID", "refund", "M:1")],
    },
    Row {
        resource: "subscription",
        variant: Variant::Record,
        standard: "stripe_subscriptions",
        object: "subscription",
        key: "subscriptionID",
        dataset: "stripe_relational_subscriptions",
        title: "Stripe Subscriptions (relational)",
        description: "The current state of each subscription.",
        links: &[("customerID", "customer", "M:1")],
    },
    Row {
        resource: "customer",
        variant: Variant::Record,
        standard: "stripe_customers",
        object: "customer",
        key: "customerID",
        dataset: "stripe_relational_customers",
        title: "Stripe Customers (relational)",
        description: "The current state of each customer.",
        links: &[],
    },
    Row {
        resource: "price",
        variant: Variant::Record,
        standard: "stripe_prices",
        object: "price",
        key: "priceID",
        dataset: "stripe_relational_prices",
        title: "Stripe Prices (relational)",
        description: "The current state of each price of a product.",
        links: &[("productID", "product", "M:1")],
    },
    Row {
        resource: "product",
        variant: Variant::Record,
        standard: "stripe_products",
        object: "product",
        key: "productID",
        dataset: "stripe_relational_products",
        title: "Stripe Products (relational)",
        description: "The current state of each product.",
        links: &[],
    },
    Row {
        resource: "coupon",
        variant: Variant::Record,
        standard: "stripe_coupons",
        object: "coupon",
        key: "couponID",
        dataset: "stripe_relational_coupons",
        title: "Stripe Coupons (relational)",
        description: "The current state of each coupon.",
        links: &[],
    },
    Row {
        resource: "invoice",
        variant: Variant::Record,
        standard: "stripe_invoices",
        object: "invoice",
        key: "invoiceID",
        dataset: "stripe_relational_invoices",
        title: "Stripe Invoices (relational)",
        description: "The current state of each invoice, with its lines.",
        links: &[("customerID", "customer", "M:1"), ("subscriptionID", "subscription", "M:1")],
    },
    Row {
        resource: "payment_intent",
        variant: Variant::Event,
        standard: "stripe_payment_intent_events",
        object: "paymentIntent",
        key: "paymentIntentID",
        dataset: "stripe_relational_payment_intents",
        title: "Stripe Payment Intents (relational)",
        description: "The current state of each payment intent.",
        links: &[("customerID", "customer", "M:1"), ("chargeID", "charge", "1:1")],
    },
    Row {
        resource: "dispute",
        variant: Variant::Event,
        standard: "stripe_dispute_events",
        object: "dispute",
        key: "disputeID",
        dataset: "stripe_relational_disputes",
        title: "Stripe Disputes (relational)",
        description: "The current state of each dispute.",
        links: &[("chargeID", "charge", "M:1"), ("customerID", "customer", "M:1")],
    },
    Row {
        resource: "payout",
        variant: Variant::Event,
        standard: "stripe_payouts",
        object: "payout",
        key: "payoutID",
        dataset: "stripe_relational_payouts",
        title: "Stripe Payouts (relational)",
        description: "The current state of each payout.",
        links: &[("balanceTransactionID", "balance_transaction", "1:1")],
    },
];

/// What a resource is as rows. Its model of `variant` is the one that they are derived from: another one of
/// the resource's tells events, of which rows show only what they led to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) resource: &'static str,
    variant: Variant,
    /// The dataset of that model, unless a user calls it otherwise.
    standard: &'static str,
    /// The resource's object below `_{tenant}.stripe`.
    object: &'static str,
    /// The field of the object's own id.
    pub(crate) key: &'static str,
    pub(crate) dataset: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    /// Fields that name rows of other resources, and how many name how many.
    pub(crate) links: &'static [(&'static str, &'static str, &'static str)],
}

/// What becomes of a place of Adobe's, and all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It goes to this place of the root.
    Root(&'static str),
    /// It goes to this place of the resource's own object, without the condition on its value: measures are
    /// told once, with the event that is the fact, but a state always.
    Own(&'static str, &'static str),
    /// It is left out, for this reason.
    Out(&'static str),
}

use Fate::{Out, Own, Root};

/// When a charge is told as a measure.
const MEASURED: &str =
    "_envelope.fact && _settings.purchaseMeasure && status == \"succeeded\" && captured != false";

const OF_EVENT: &str = "tells of an event, and a row is a state";
const OF_PROFILE: &str = "says for Profile what keys of the row say: customerID, accountID, livemode";
const REPEATS_AMOUNT: &str = "repeats the amounts and the currency of the charge or refund";

/// Places of Adobe's; the first that fits counts, and what is not listed stays where it is.
const ADOBE: [(&str, Fate); 30] = [
    ("_id", Out("the key tells rows apart")),
    ("timestamp", Out(OF_EVENT)),
    ("eventType", Out(OF_EVENT)),
    ("eventMergeId", Out(OF_EVENT)),
    ("producedBy", Out(OF_EVENT)),
    ("identityMap", Out(OF_PROFILE)),
    ("personID", Out(OF_PROFILE)),
    ("testProfile", Out(OF_PROFILE)),
    ("extSourceSystemAudit.lastUpdatedDate", Out("is the version")),
    ("extSourceSystemAudit.createdDate", Out("repeats created")),
    ("extSourceSystemAudit.externalKey", Out(OF_PROFILE)),
    ("productID", Out("repeats the key productID")),
    ("productLastModifiedDate", Out("repeats updated")),
    ("productSKU", Out("repeats the key priceID")),
    ("commerce.billing.address", Root("billingAddress")),
    ("commerce.billing", Root("billing")),
    ("commerce.shipping.address", Root("shippingAddress")),
    ("commerce.shipping.shippingAmount", Own("level3.shippingAmount", MEASURED)),
    ("commerce.shipping.currencyCode", Out(REPEATS_AMOUNT)),
    ("commerce.shipping", Root("commerceShipping")),
    (
        "commerce.order.priceTotal",
        // What a charge that failed has captured is nothing.
        Own("amountCaptured", "_envelope.fact && _settings.purchaseMeasure"),
    ),
    ("commerce.order.refundTotal", Own("amount", "_envelope.fact && status == \"succeeded\"")),
    ("commerce.order.taxAmount", Own("level3.taxAmount", MEASURED)),
    ("commerce.order.currencyCode", Out(REPEATS_AMOUNT)),
    ("commerce.order.payments", Out("repeats the amount and the type of paymentMethodDetails")),
    ("commerce.order.refunds", Out(REPEATS_AMOUNT)),
    ("commerce.order", Root("order")),
    ("commerce.purchases", Out(OF_EVENT)),
    ("commerce", Root("commerce")),
    ("productListItems", Own("level3.lineItems", MEASURED)),
];

/// A resource's rows: the model that makes them, and the standard one that it is derived from.
#[derive(Debug)]
pub(crate) struct Derived<'m> {
    pub(crate) row: Row,
    pub(crate) model: Model,
    pub(crate) from: &'m Model,
    /// For each mapping of `model` the index of the one of `from` that it was; none of those that only rows
    /// have.
    pub(crate) origins: Vec<Option<usize>>,
}

impl Derived<'_> {
    /// The mapping of the standard model that a mapping was.
    pub(crate) fn origin(&self, mapping: usize) -> Option<&Mapping> {
        self.from.mapping_set.mappings.get((*self.origins.get(mapping)?)?)
    }
}

/// Where a field of a row comes from; of two that meet the first keeps its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Row,
    Key,
    Adobe,
    Own,
    Tenant,
}

/// A mapping's new place.
struct Placed {
    mapping: usize,
    origin: Origin,
    segments: Vec<Segment>,
}

/// The models of rows, one a resource in the order of [`ROWS`], from standard models whose placeholders are
/// filled; or everything that keeps them from being made.
pub(crate) fn derive<'m>(models: &'m [Model], settings: &Settings) -> Result<Vec<Derived<'m>>, OpenError> {
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for row in ROWS {
        let fits = |model: &&Model| model.resource == row.resource && model.variant == row.variant;
        if let Some(from) = models.iter().find(fits) {
            match rows_of(row, from, settings) {
                Ok(derived) => rows.push(derived),
                Err(problem) => problems.push(problem),
            }
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(OpenError { problems }) }
}

fn rows_of<'m>(row: Row, from: &'m Model, settings: &Settings) -> Result<Derived<'m>, String> {
    let standard = &from.mapping_set.mappings;
    let mut placed = Vec::with_capacity(standard.len());
    let mut sources: Vec<Option<String>> = Vec::with_capacity(standard.len());
    for (mapping, written) in standard.iter().enumerate() {
        let path = Path::parse(&written.destination)
            .map_err(|error| format!("model {}: {}: {error}", from.dataset, written.destination))?;
        let place = place(row, &path.segments, settings);
        sources.push(place.as_ref().and_then(|(_, _, condition)| without(&written.source, condition)));
        if let Some((origin, segments, _)) = place {
            placed.push(Placed { mapping, origin, segments });
        }
    }
    part(row, settings, &mut placed)?;

    let mut model = from.clone();
    model.variant = Variant::Record;
    // Both kinds never share a directory, whatever a user has called it.
    model.dataset = match from.dataset == row.standard {
        true => row.dataset.to_owned(),
        false => format!("{}_relational", from.dataset),
    };
    model.mapping_set.mappings.clear();
    let mut origins = Vec::with_capacity(placed.len() + 2);
    let is_key =
        |placed: &Placed| matches!(placed.segments.as_slice(), [Segment::Name(name)] if name == row.key);
    let (keys, others): (Vec<Placed>, Vec<Placed>) = placed.into_iter().partition(is_key);
    let Some(key) = keys.last() else {
        return Err(format!(
            "model {}: nothing is mapped to _{}.stripe.{}, which is the key of rows: map id to it",
            from.dataset, settings.tenant, row.key
        ));
    };
    let moved = |placed: &Placed| {
        let written = standard.get(placed.mapping)?;
        let source = sources.get(placed.mapping).cloned().flatten();
        Some(Mapping {
            destination: Path { segments: placed.segments.clone() }.to_string(),
            source: source.unwrap_or_else(|| written.source.clone()),
            ..written.clone()
        })
    };
    for placed in std::iter::once(key).chain(&others) {
        let Some(mapping) = moved(placed) else { continue };
        model.mapping_set.mappings.push(mapping);
        origins.push(Some(placed.mapping));
        if origins.len() == 1 {
            model.mapping_set.mappings.extend(of_rows());
            origins.extend([None, None]);
        }
    }
    // What the policy has done to a field is known by where the field is now.
    for treated in &mut model.treated {
        let now = model.mapping_set.mappings.iter().zip(&origins).rfind(|(_, origin)| {
            origin.and_then(|at| standard.get(at)).is_some_and(|was| was.destination == treated.destination)
        });
        if let Some((mapping, _)) = now {
            treated.destination.clone_from(&mapping.destination);
        }
    }
    Ok(Derived { row, model, from, origins })
}

/// What every row has besides its key.
fn of_rows() -> [Mapping; 2] {
    [
        Mapping {
            xdm_type: Some(XdmType::Long),
            description: Some(
                "When the row was so, in epoch milliseconds: of two rows of one key the later counts"
                    .to_owned(),
            ),
            ..Mapping::new(SourceType::Attribute, "_envelope.version", VERSION)
        },
        Mapping { xdm_type: Some(XdmType::String), ..Mapping::new(SourceType::Static, "u", CHANGE) },
    ]
}

/// Where a place of the standard model goes, and the condition that its source loses on the way.
fn place(row: Row, path: &[Segment], settings: &Settings) -> Option<(Origin, Vec<Segment>, &'static str)> {
    let is_name = |at: usize, name: &str| matches!(path.get(at), Some(Segment::Name(found)) if found == name);
    let (origin, segments, condition) = if is_name(0, &format!("_{}", settings.tenant)) {
        match path.get(1..).unwrap_or_default() {
            [_, _, own @ ..] if is_name(1, "stripe") && is_name(2, row.object) && !own.is_empty() => {
                (Origin::Own, own.to_vec(), "")
            }
            // The version of rows says the same.
            [_, Segment::Name(name)] if is_name(1, "stripe") && name == SOURCE_VERSION => return None,
            [_, keys @ ..] if is_name(1, "stripe") && !keys.is_empty() => (Origin::Key, keys.to_vec(), ""),
            others => (Origin::Tenant, others.to_vec(), ""),
        }
    } else {
        match ADOBE.iter().find_map(|(from, fate)| Some((fate, below(path, from)?))) {
            None => (Origin::Adobe, path.to_vec(), ""),
            Some((Out(_), _)) => return None,
            Some((Root(to), rest)) => (Origin::Adobe, at(to, rest), ""),
            Some((Own(to, condition), rest)) => (Origin::Own, at(to, rest), *condition),
        }
    };
    let named = |segment: Segment| match segment {
        Segment::Name(name) => Segment::Name(root_name(name)),
        other => other,
    };
    Some((origin, segments.into_iter().map(named).collect(), condition))
}

/// What follows a dotted prefix of names in a path.
fn below<'p>(path: &'p [Segment], prefix: &str) -> Option<&'p [Segment]> {
    let mut rest = path;
    for name in prefix.split('.') {
        match rest.split_first() {
            Some((Segment::Name(found), more)) if found == name => rest = more,
            _ => return None,
        }
    }
    Some(rest)
}

/// A dotted prefix of names, and what follows it.
fn at(prefix: &str, rest: &[Segment]) -> Vec<Segment> {
    prefix.split('.').map(|name| Segment::Name(name.to_owned())).chain(rest.iter().cloned()).collect()
}

/// A name without the underscores that it begins with: names of one's own may not.
fn root_name(name: String) -> String {
    match name.trim_start_matches('_') {
        "" => name,
        trimmed if trimmed.len() == name.len() => name,
        trimmed => trimmed.to_owned(),
    }
}

/// A source `iif(condition && more, value, null)` without the condition.
fn without(source: &str, condition: &str) -> Option<String> {
    if condition.is_empty() {
        return None;
    }
    let rest = source.strip_prefix("iif(")?.strip_prefix(condition)?;
    match rest.strip_prefix(" && ") {
        Some(more) => Some(format!("iif({more}")),
        None => Some(rest.strip_prefix(", ")?.strip_suffix(", null)")?.to_owned()),
    }
}

/// Keeps fields of different origin apart.
fn part(row: Row, settings: &Settings, placed: &mut [Placed]) -> Result<(), String> {
    let mut taken: Vec<(String, Origin)> =
        [VERSION, CHANGE].into_iter().map(|name| (name.to_owned(), Origin::Row)).collect();
    for origin in [Origin::Key, Origin::Adobe, Origin::Own, Origin::Tenant] {
        for Placed { segments, .. } in placed.iter_mut().filter(|placed| placed.origin == origin) {
            if claim(&mut taken, segments, origin) {
                continue;
            }
            let apart = match origin {
                Origin::Row | Origin::Key => "stripe",
                Origin::Adobe => "xdm",
                Origin::Own => row.object,
                Origin::Tenant => settings.tenant.as_str(),
            };
            segments.insert(0, Segment::Name(apart.to_owned()));
            if !claim(&mut taken, segments, origin) {
                let place = Path { segments: segments.clone() };
                return Err(format!(
                    "model {}: two mappings of different origin would write to {place} of a row: write one of \
                     them to another name",
                    row.dataset
                ));
            }
        }
    }
    Ok(())
}

/// Takes the root's name for fields of one origin; false when it is another's.
fn claim(taken: &mut Vec<(String, Origin)>, segments: &[Segment], origin: Origin) -> bool {
    let Some(Segment::Name(name)) = segments.first() else { return true };
    match taken.iter().find(|(known, _)| known == name) {
        Some((_, other)) => *other == origin,
        None => {
            taken.push((name.clone(), origin));
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;
    use std::collections::BTreeSet;

    fn acme() -> (Vec<Model>, Settings) {
        let settings = Settings::of_tenant("acme");
        (models::standard(&settings).unwrap(), settings)
    }

    #[test]
    fn rows_read_every_leaf_that_the_standard_models_read() {
        let (models, settings) = acme();
        let rows = derive(&models, &settings).unwrap();
        assert_eq!(rows.len(), ROWS.len());
        for row in rows {
            let of_object = |model: &Model| -> BTreeSet<String> {
                let paths = model.mapping_set.source_paths().into_iter().map(|path| path.to_string());
                paths
                    .filter(|path| !path.starts_with("_envelope.") && !path.starts_with("_settings."))
                    .collect()
            };
            let (before, after) = (of_object(row.from), of_object(&row.model));
            let lost: Vec<&String> = before.difference(&after).collect();
            assert!(before.len() > 10, "{}", row.row.resource);
            assert_eq!(lost, Vec::<&String>::new(), "{}", row.row.resource);
        }
    }

    #[test]
    fn what_is_left_out_has_a_reason() {
        let (models, settings) = acme();
        let mut reasons = BTreeSet::new();
        for row in derive(&models, &settings).unwrap() {
            let kept: Vec<usize> = row.origins.iter().flatten().copied().collect();
            for (index, mapping) in row.from.mapping_set.mappings.iter().enumerate() {
                let path = Path::parse(&mapping.destination).unwrap();
                let fate = ADOBE.iter().find(|(from, _)| below(&path.segments, from).is_some());
                if mapping.destination.ends_with(&format!(".stripe.{SOURCE_VERSION}")) {
                    assert!(!kept.contains(&index), "a row would tell its version twice");
                    continue;
                }
                match fate {
                    Some((from, Out(reason))) => {
                        reasons.insert(*from);
                        assert!(!reason.is_empty() && !kept.contains(&index), "{}", mapping.destination);
                    }
                    _ => assert!(kept.contains(&index), "{} is lost", mapping.destination),
                }
            }
        }
        // Users' mappings alone write to `eventMergeId`.
        let listed = ADOBE.iter().filter(|(_, fate)| matches!(fate, Out(_))).count();
        assert_eq!(reasons.len() + 1, listed, "{reasons:?}");
    }

    #[test]
    fn no_state_depends_on_the_event_that_led_to_it() {
        let (models, settings) = acme();
        for row in derive(&models, &settings).unwrap() {
            for mapping in &row.model.mapping_set.mappings {
                let asks =
                    ["_envelope.fact", "_settings.purchaseMeasure"].map(|name| mapping.source.contains(name));
                assert_eq!(asks, [false, false], "{}: {}", mapping.destination, mapping.source);
            }
        }
    }

    #[test]
    fn no_two_mappings_of_the_default_models_meet() {
        let (models, settings) = acme();
        for row in derive(&models, &settings).unwrap() {
            let mut seen = BTreeSet::new();
            for mapping in &row.model.mapping_set.mappings {
                assert!(seen.insert(&mapping.destination), "{} {}", row.row.resource, mapping.destination);
                let root = mapping.destination.split(['.', '[', '{']).next().unwrap();
                assert!(
                    !["stripe", "xdm", "acme", row.row.object].contains(&root),
                    "{}",
                    mapping.destination
                );
                assert!(!root.starts_with('_') || root == CHANGE, "{}", mapping.destination);
            }
        }
    }

    #[test]
    fn conditions_are_taken_out_and_nothing_else() {
        assert_eq!(without("iif(a && b, f(a), null)", "a && b").as_deref(), Some("f(a)"));
        assert_eq!(without("iif(a && b, f(a), null)", "a").as_deref(), Some("iif(b, f(a), null)"));
        assert_eq!(without("iif(ab, c, null)", "a"), None);
        assert_eq!(without("f(a)", "a"), None);
        assert_eq!(without("iif(a, b, c)", "a"), None);
    }
}
