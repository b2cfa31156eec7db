//! The tenant's own resources: every place below `_{tenant}` becomes a field of a field group or of a data
//! type.
//!
//! - A group for each resource, such as `Stripe Charge Details`, has the object of its name in
//!   `_{tenant}.stripe`, and what its model writes beside `stripe`.
//! - `Stripe Common` has all else below `_{tenant}.stripe`: the keys and the envelope.
//! - Below `_{tenant}.stripe` the objects of [`TYPES`] are data types: what Stripe uses in several places is
//!   described once.

use super::Words;
use super::places::{Clash, Leaf, Step, put};
use super::words;
use xdm::{Behavior, Definition, DefinitionKind, Field, Library, Object, Shape, Text};

/// The group of keys and envelope.
const COMMON: &str = "Stripe Common";

/// The title of the group that holds what a title names. Adobe's pages disagree whether titles must differ
/// among resources of one kind or of all kinds, so no group is called like the data type that it holds.
fn group_title(title: &str) -> String {
    format!("{title} Details")
}

/// What `_{tenant}.stripe` is to [`TYPES`].
const STRIPE: &str = "stripe";

/// Objects that are data types: what holds them (a type's title, [`STRIPE`], or nothing for any place below
/// it), their key, and the type's title or, for one of Adobe's, its `$id`. A type is referred to only from
/// types that come before it, so that none can hold itself.
const TYPES: [(&str, &str, &str); 39] = [
    (STRIPE, "charge", "Stripe Charge"),
    (STRIPE, "refund", "Stripe Refund"),
    (STRIPE, "balanceTransaction", "Stripe Balance Transaction"),
    (STRIPE, "subscription", "Stripe Subscription"),
    (STRIPE, "customer", "Stripe Customer"),
    (STRIPE, "price", "Stripe Price"),
    (STRIPE, "product", "Stripe Product"),
    (STRIPE, "coupon", "Stripe Coupon"),
    (STRIPE, "invoice", "Stripe Invoice"),
    (STRIPE, "paymentIntent", "Stripe Payment Intent"),
    (STRIPE, "dispute", "Stripe Dispute"),
    (STRIPE, "payout", "Stripe Payout"),
    ("", "paymentMethodDetails", "Stripe Payment Method Details"),
    ("Stripe Payment Method Details", "card", "Stripe Card"),
    ("Stripe Payment Method Details", "cardPresent", "Stripe Card Present"),
    ("Stripe Payment Method Details", "bank", "Stripe Bank Account"),
    ("Stripe Payment Method Details", "payer", "Stripe Payer"),
    ("Stripe Subscription", "items", "Stripe Subscription Item"),
    ("Stripe Invoice", "lines", "Stripe Invoice Line"),
    ("Stripe Invoice", "payments", "Stripe Invoice Payment"),
    ("", "customerShipping", "Stripe Shipping"),
    ("", "shippingDetails", "Stripe Shipping"),
    ("", "discount", "Stripe Discount"),
    ("Stripe Discount", "coupon", "Stripe Coupon"),
    ("", "taxRates", "Stripe Tax Rate"),
    ("", "defaultTaxRates", "Stripe Tax Rate"),
    ("", "taxIDs", "Stripe Tax ID"),
    ("", "customFields", "Stripe Custom Field"),
    ("", "customUnitAmount", "Stripe Custom Unit Amount"),
    ("", "tiers", "Stripe Price Tier"),
    ("", "feeDetails", "Stripe Fee Detail"),
    ("", "issuer", "Stripe Account Reference"),
    ("", "liability", "Stripe Account Reference"),
    ("Stripe Payer", "address", "https://ns.adobe.com/xdm/common/address"),
    ("Stripe Payer", "shippingAddress", "https://ns.adobe.com/xdm/common/address"),
    ("Stripe Invoice", "customerAddress", "https://ns.adobe.com/xdm/common/address"),
    ("Stripe Shipping", "address", "https://ns.adobe.com/xdm/common/address"),
    ("Stripe Balance Transaction", "transaction", "https://ns.adobe.com/xdm/datatypes/transaction"),
    ("Stripe Payout", "transaction", "https://ns.adobe.com/xdm/datatypes/transaction"),
];

/// The tenant's resources as far as mappings have been put into them.
pub(super) struct Tenant {
    /// `_acme`
    root: String,
    words: Words,
    /// Data types and field groups, in the order in which they are met.
    parts: Vec<Definition>,
    classes: Vec<Definition>,
    /// What is beside `stripe`, of all groups together: a path has one type in all of them.
    beside: Object,
    /// What has been put where: part and steps within it, and the destination. For messages.
    placed: Vec<(String, Vec<Step>, String)>,
}

/// Where a mapping went.
pub(super) struct Put {
    /// `$id` of the field group.
    pub(super) group: String,
    /// A place in one of Adobe's data types: its `$id` and the steps within it.
    pub(super) standard: Option<(String, Vec<Step>)>,
    /// Whether the type of the field is known.
    pub(super) is_typed: bool,
}

impl Tenant {
    pub(super) fn new(tenant: &str, words: Words) -> Self {
        let root = format!("_{tenant}");
        let stripe = Field::new(Shape::Object(Object::default()));
        let own = Object { fields: vec![(STRIPE.to_owned(), stripe)], required: Vec::new() };
        let beside =
            Object { fields: vec![(root.clone(), Field::new(Shape::Object(own)))], required: Vec::new() };
        Self { root, words, parts: Vec::new(), classes: Vec::new(), beside, placed: Vec::new() }
    }

    /// Whether a place is the tenant's.
    pub(super) fn owns(&self, steps: &[Step]) -> bool {
        matches!(steps.first(), Some(Step::Name(name)) if *name == self.root)
    }

    /// A class of the tenant's by its title.
    pub(super) fn class(&mut self, title: &str, behavior: Behavior) -> &Definition {
        let id = format!("tenant:classes/{}", words::slug(title));
        let at = self.classes.iter().position(|class| class.id == id).unwrap_or_else(|| {
            self.classes.push(class(id, title, behavior));
            self.classes.len() - 1
        });
        &self.classes[at]
    }

    /// Puts a leaf into its field group and data types; an error says which other destination is in its way.
    pub(super) fn put(
        &mut self,
        leaf: &Leaf<'_>,
        resource: &str,
        class: &str,
        known: &Library,
    ) -> Result<Put, String> {
        let title = match self.below_stripe(&leaf.steps) {
            Some([Step::Name(key), ..]) => {
                let of_resource = TYPES.iter().find(|(holder, known, _)| *holder == STRIPE && known == key);
                of_resource.map_or(COMMON.to_owned(), |(_, _, title)| group_title(title))
            }
            _ => {
                self.put_beside(leaf)?;
                group_title(&words::resource_title(resource))
            }
        };
        let group = format!("tenant:mixins/{}", words::slug(&title));
        self.part(&group, DefinitionKind::FieldGroup, &title);
        if let Some(group) = self.parts.iter_mut().find(|part| part.id == group)
            && !group.extends.iter().any(|known| known == class)
        {
            group.extends.push(class.to_owned());
        }
        let mut at = (group.clone(), leaf.steps.as_slice());
        for (length, id, title) in self.data_types(&leaf.steps) {
            let is_standard = title.is_empty();
            if is_standard && known.definition(&id).is_none() {
                continue;
            }
            let taken = leaf.steps.len() - at.1.len();
            let (before, after) = at.1.split_at(length.saturating_sub(taken).min(at.1.len()));
            if !self.settle(&at.0, before, leaf, &Shape::DataType(id.clone()))? {
                return Ok(Put { group, standard: None, is_typed: false });
            }
            if is_standard {
                return Ok(Put { group, standard: Some((id, after.to_vec())), is_typed: true });
            }
            self.part(&id, DefinitionKind::DataType, title);
            at = (id, after);
        }
        let is_typed = self.settle(&at.0, at.1, leaf, &leaf.shape)?;
        Ok(Put { group, standard: None, is_typed })
    }

    /// Holds a leaf beside `stripe` against those of other groups.
    fn put_beside(&mut self, leaf: &Leaf<'_>) -> Result<(), String> {
        match put(&mut self.beside, &leaf.steps, &leaf.shape, words::untitled) {
            Ok(_) => {
                self.placed.push((String::new(), leaf.steps.clone(), leaf.mapping.destination.clone()));
                Ok(())
            }
            Err(clash) => Err(self.told("", &leaf.steps, leaf, &clash)),
        }
    }

    /// The steps after `_{tenant}.stripe`.
    fn below_stripe<'s>(&self, steps: &'s [Step]) -> Option<&'s [Step]> {
        match steps {
            [Step::Name(_), Step::Name(stripe), below @ ..] if stripe == STRIPE && !below.is_empty() => {
                Some(below)
            }
            _ => None,
        }
    }

    /// The data types on the way to a place: after how many steps, `$id`, and title (none for Adobe's).
    fn data_types(&self, steps: &[Step]) -> Vec<(usize, String, &'static str)> {
        let mut found = Vec::new();
        let Some(below) = self.below_stripe(steps) else { return found };
        let (mut parent, mut rank) = (STRIPE, 0);
        let mut at = steps.len() - below.len();
        while let Some(Step::Name(key)) = steps.get(at) {
            at += 1;
            while matches!(steps.get(at), Some(Step::Item | Step::Value)) {
                at += 1;
            }
            // Only an object can be a data type: more names must follow.
            if at == steps.len() {
                break;
            }
            let fits = |&(holder, name, _): &(&str, &str, &str)| {
                name == key && (holder == parent || (holder.is_empty() && parent != STRIPE))
            };
            let entry = TYPES.into_iter().skip(rank).find(fits);
            if let Some((_, _, target)) = entry {
                rank = 1 + TYPES.iter().rposition(|(_, _, other)| *other == target).unwrap_or(0);
                parent = target;
                if target.starts_with("https:") {
                    found.push((at, target.to_owned(), ""));
                    break;
                }
                found.push((at, format!("tenant:datatypes/{}", words::slug(target)), target));
            } else if parent == STRIPE {
                // An object of the user's beside Stripe's: nothing is known about what it holds.
                break;
            }
        }
        found
    }

    /// Makes a part when it is not there yet.
    fn part(&mut self, id: &str, kind: DefinitionKind, title: &str) {
        if self.parts.iter().any(|part| part.id == id) {
            return;
        }
        let description = match kind {
            DefinitionKind::FieldGroup if title == COMMON => {
                "Keys of Stripe objects, and how each came here: the same in all Stripe schemas.".to_owned()
            }
            DefinitionKind::FieldGroup => {
                format!("{title}: what Adobe's own field groups have no field for.")
            }
            _ => format!("{title}: an object of Stripe's, the same wherever it appears."),
        };
        self.parts.push(Definition {
            id: id.to_owned(),
            kind,
            title: title.to_owned(),
            description,
            origin: String::new(),
            behavior: None,
            extends: Vec::new(),
            fields: Object::default(),
        });
    }

    /// Gives the field at a place of a part its type and, when it is the leaf's own, what is said about it.
    /// Whether its type is known.
    fn settle(&mut self, part: &str, steps: &[Step], leaf: &Leaf<'_>, shape: &Shape) -> Result<bool, String> {
        let title = if self.words == Words::All { words::title } else { words::untitled };
        let Some(known) = self.parts.iter_mut().find(|known| known.id == part) else { return Ok(false) };
        let settled = match put(&mut known.fields, steps, shape, title) {
            Ok(None) => return Ok(false),
            Ok(Some(field)) => {
                if !matches!(shape, Shape::DataType(_)) {
                    annotate(field, leaf);
                }
                Ok(field.shape != Shape::Any)
            }
            Err(clash) => Err(clash),
        };
        match settled {
            Ok(is_typed) => {
                self.placed.push((part.to_owned(), steps.to_vec(), leaf.mapping.destination.clone()));
                Ok(is_typed)
            }
            Err(clash) => Err(self.told(part, steps, leaf, &clash)),
        }
    }

    /// A clash in words: a path has one type in all of a tenant's schemas.
    fn told(&self, part: &str, steps: &[Step], leaf: &Leaf<'_>, clash: &Clash) -> String {
        let meets = |other: &[Step]| other.starts_with(steps) || steps.starts_with(other);
        let other = self.placed.iter().find(|(known, place, _)| known == part && meets(place));
        let other = other.map_or("another mapping", |(_, _, destination)| destination.as_str());
        format!(
            "{} needs a field of type {}, but {other} makes it {}: a field has one type in all schemas of a \
             tenant; give both the same `type`, or write to another name",
            leaf.mapping.destination, clash.wanted, clash.known
        )
    }

    /// The data types, classes and field groups, what one refers to before it.
    pub(super) fn finish(self) -> Vec<Definition> {
        let mut parts = self.parts;
        if self.words == Words::All {
            parts.iter_mut().for_each(|part| words::describe(&mut part.fields));
        }
        let (mut types, groups): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|part| part.kind == DefinitionKind::DataType);
        let mut ordered = Vec::with_capacity(types.len());
        // A type refers only to those that come later in the table.
        for (_, _, title) in TYPES.iter().rev() {
            ordered.extend(types.extract_if(.., |part| part.title == *title));
        }
        ordered.extend(self.classes);
        ordered.extend(groups);
        ordered
    }
}

/// Adds to a field what a mapping says about it.
fn annotate(field: &mut Field, leaf: &Leaf<'_>) {
    for label in &leaf.mapping.labels {
        if !field.labels.contains(label) {
            field.labels.push(label.clone());
        }
    }
    field.labels.sort_unstable();
    if let Some(description) = &leaf.mapping.description
        && field.description.is_empty()
    {
        field.description.clone_from(description);
    }
    if !leaf.source.is_empty() {
        field.sources.push(leaf.source.clone());
    }
}

/// A class of the tenant's: what Adobe's behaviour of that kind has.
fn class(id: String, title: &str, behavior: Behavior) -> Definition {
    let field = |title: &str, shape| Field { title: title.to_owned(), ..Field::new(shape) };
    let uri = Text { format: Some("uri-reference".to_owned()), ..Text::default() };
    let mut fields = Object {
        fields: vec![("_id".to_owned(), field("Identifier", Shape::String(uri)))],
        required: Vec::new(),
    };
    if behavior == Behavior::TimeSeries {
        let event_type = field("Event type", Shape::String(Text::default()));
        fields.fields.push(("timestamp".to_owned(), field("Timestamp", Shape::DateTime)));
        fields.fields.push(("eventType".to_owned(), event_type));
        fields.required = vec!["_id".to_owned(), "timestamp".to_owned()];
    }
    Definition {
        id,
        kind: DefinitionKind::Class,
        title: title.to_owned(),
        description: format!("{title}: one record for each."),
        origin: String::new(),
        behavior: Some(behavior),
        extends: Vec::new(),
        fields,
    }
}
