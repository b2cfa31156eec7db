//! The models: mapping sets as data, one a resource and variant, the user's merged into ours.

use crate::checked::{self, RecordCheck};
use crate::default_models::defaults;
use crate::functions::FUNCTIONS;
use crate::privacy::{self, Treated};
use crate::relational::{self, Derived};
use crate::settings::{ModelKind, OpenError, PhoneTarget, Settings};
use dataprep::expr::{Expr, ExprKind, Path, Segment, Span};
use dataprep::{CompileOptions, Mapping, MappingSet, Plan, Problem, SourceType, XdmType};
use serde::{Deserialize, Serialize};

/// The resources that have a model, as `object` names them.
pub const RESOURCES: [&str; 12] = [
    "charge",
    "refund",
    "balance_transaction",
    "subscription",
    "customer",
    "price",
    "product",
    "coupon",
    "invoice",
    "payment_intent",
    "dispute",
    "payout",
];

/// Values given with each object, by the paths that expressions read them with.
pub(crate) const CONTEXT: [&str; 13] = [
    "_envelope.account",
    "_envelope.apiVersion",
    "_envelope.eventID",
    "_envelope.eventType",
    "_envelope.requestID",
    "_envelope.livemode",
    "_envelope.created",
    "_envelope.observedAt",
    "_envelope.updatedAt",
    "_envelope.version",
    "_envelope.fact",
    "_settings.purchaseMeasure",
    "_settings.emailIdentity",
];

/// How one resource becomes the records of one dataset: the form of the files in `models/`. What users
/// say about one is a [`crate::UserModel`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Model {
    /// The resource, as `object` names it.
    pub resource: String,
    /// What the records are.
    pub variant: Variant,
    /// Where the records go.
    pub dataset: String,
    /// Places of objects that become records of their own.
    #[serde(default)]
    pub embedded: Vec<Embedded>,
    /// The mappings; the later of two mappings to one destination wins.
    pub mapping_set: MappingSet,
    /// Paths left out on purpose.
    #[serde(default)]
    pub dropped: Vec<Dropped>,
    /// The schema of its records, as far as the mappings do not say it.
    pub schema: SchemaFrame,
    /// What the privacy policy has done to the mappings.
    #[serde(skip)]
    pub treated: Vec<Treated>,
}

/// What a model's schema is made of besides the fields that its mappings write. Placeholders as in
/// destinations.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchemaFrame {
    /// The schema's title, such as `Stripe Charge Events`.
    pub title: String,
    /// What its records are.
    pub description: String,
    /// `$id` of a standard class, or the title of a class of our own, with the behaviour of [`Model::variant`].
    pub class: String,
    /// `$id`s of standard field groups.
    #[serde(default)]
    pub field_groups: Vec<String>,
    /// Identities of the record's subject, by the destination that holds them.
    #[serde(default)]
    pub identities: Vec<xdm::Identity>,
    /// Destinations that name records of other models; `schema` is the other's resource and variant
    /// (`subscription.record`), because datasets can be renamed.
    #[serde(default)]
    pub relationships: Vec<xdm::Relationship>,
    /// Whether Real-Time Customer Profile may use the records.
    #[serde(default)]
    pub profile: bool,
    /// Definitions that only a user knows, and that the field groups above may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<xdm::Definition>,
}

impl Model {
    /// The resource and variant, which name a model whatever its dataset is called: `subscription.record`.
    pub(crate) fn name(&self) -> String {
        let variant = match self.variant {
            Variant::Event => "event",
            Variant::Record => "record",
        };
        format!("{}.{variant}", self.resource)
    }
}

/// What a model's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// A dated fact.
    Event,
    /// The state of a thing.
    Record,
}

/// A place where another object may stand whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    /// The place's path.
    pub source: String,
    /// The resource found there; `auto` to go by the object's own `object`.
    pub resource: String,
}

/// A path left out on purpose.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// The path; everything below it is left out too.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// A model ready to run.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) resource: String,
    pub(crate) variant: Variant,
    /// Index into the datasets that [`crate::describe`] lists.
    pub(crate) index: u16,
    pub(crate) dataset: String,
    /// Of rows of a relational schema: their key, which they begin with.
    pub(crate) key: Option<&'static str>,
    pub(crate) plan: Plan,
    /// Resource of each embedded place; places follow the three watched paths below.
    pub(crate) embedded: Vec<String>,
    /// Whether tombstones show the objects' ids as hashes only. (Rows of the deleted have the row's key.)
    pub(crate) hashes_id: bool,
}

/// Watched in every plan, before the embedded places.
pub(crate) const WATCHED: [&str; 3] = ["id", "created", "deleted"];

/// The models as they run under some settings: those of [`standard`], or the rows that they are made into.
pub(crate) fn of(settings: &Settings) -> Result<Vec<Model>, OpenError> {
    let models = standard(settings)?;
    match settings.model {
        ModelKind::Standard => Ok(models),
        ModelKind::Relational => {
            Ok(relational::derive(&models, settings)?.into_iter().map(|derived| derived.model).collect())
        }
    }
}

/// The standard models under some settings: placeholders filled, the user's layered in.
pub(crate) fn standard(settings: &Settings) -> Result<Vec<Model>, OpenError> {
    let (models, problems) = layered(settings)?;
    if problems.is_empty() { Ok(models) } else { Err(OpenError { problems }) }
}

/// The models as far as the user's changes fit, and why others do not.
fn layered(settings: &Settings) -> Result<(Vec<Model>, Vec<String>), OpenError> {
    let mut models = defaults()?;
    for model in &mut models {
        fill(&mut model.mapping_set, settings);
    }
    let mut problems = Vec::new();
    for (index, user) in settings.models.iter().enumerate() {
        if let Err(found) = user.layer_over(&mut models, settings) {
            problems.extend(found.into_iter().map(|problem| format!("model {}: {problem}", index + 1)));
        }
    }
    for model in &mut models {
        second_identity(model, settings);
    }
    // Last, so that it holds for all that is mapped, whoever maps it.
    problems.extend(privacy::apply(&mut models, settings));
    Ok((models, problems))
}

/// Compiles all models for the settings, with a check for the records of each when they are to be checked; or
/// says everything that is wrong with them.
pub(crate) fn compile(settings: &Settings) -> Result<(Vec<Compiled>, Vec<RecordCheck>), OpenError> {
    let (models, mut problems) = layered(settings)?;
    let mut compiled = Vec::new();
    match settings.model {
        ModelKind::Standard => {
            for (index, model) in models.iter().enumerate() {
                match plan(model) {
                    Ok(plan) => compiled.push(Compiled {
                        hashes_id: privacy::hashes_id(model, settings),
                        ..Compiled::new(model, index, plan)
                    }),
                    Err(found) => problems.extend(found.into_iter().map(|one| told(one, model, settings))),
                }
            }
        }
        ModelKind::Relational if problems.is_empty() => {
            for (index, row) in relational::derive(&models, settings)?.iter().enumerate() {
                match plan(&row.model) {
                    Ok(plan) => compiled.push(Compiled {
                        key: Some(row.row.key),
                        ..Compiled::new(&row.model, models.len() + index, plan)
                    }),
                    Err(found) => {
                        problems.extend(found.into_iter().map(|one| told_of_row(one, row, settings)))
                    }
                }
            }
        }
        ModelKind::Relational => {}
    }
    if !problems.is_empty() {
        return Err(OpenError { problems });
    }
    let checks = checked::checks(&models, settings)?;
    Ok((compiled, checks))
}

fn plan(model: &Model) -> Result<Plan, Vec<Problem>> {
    let watched: Vec<&str> =
        WATCHED.into_iter().chain(model.embedded.iter().map(|place| place.source.as_str())).collect();
    let dropped: Vec<&str> = model.dropped.iter().map(|rule| rule.source.as_str()).collect();
    let options = CompileOptions {
        functions: FUNCTIONS,
        context: &CONTEXT,
        dropped: &dropped,
        watched: &watched,
        schema: None,
    };
    Plan::compile(&model.mapping_set, options).map_err(|error| error.problems)
}

impl Compiled {
    fn new(model: &Model, index: usize, plan: Plan) -> Self {
        Self {
            resource: model.resource.clone(),
            variant: model.variant,
            // There are some dozens.
            index: index as u16,
            dataset: model.dataset.clone(),
            key: None,
            hashes_id: false,
            plan,
            embedded: model.embedded.iter().map(|place| place.resource.clone()).collect(),
        }
    }
}

/// A problem of a row's model in the terms of the standard model that it is derived from.
fn told_of_row(mut problem: Problem, row: &Derived<'_>, settings: &Settings) -> String {
    match (row.origin(problem.mapping), row.origins.get(problem.mapping)) {
        (Some(mapping), Some(Some(index))) => {
            problem.mapping = *index;
            problem.destination.clone_from(&mapping.destination);
        }
        // What comes after the mappings are the paths left out.
        _ => problem.mapping = row.from.mapping_set.mappings.len(),
    }
    told(problem, row.from, settings)
}

/// A problem of a compiled model in the terms of whoever can mend it: a user's mapping has the number that
/// it has in the user's own set, not in what became of it.
fn told(mut problem: Problem, model: &Model, settings: &Settings) -> String {
    if problem.mapping >= model.mapping_set.mappings.len() {
        return format!("model {}: dropped: {}: {}", model.dataset, problem.source_text, problem.message);
    }
    let own = settings.models.iter().rev().filter(|user| user.is_for(model)).find_map(|user| {
        let written = |mapping: &Mapping| destination(&mapping.destination, settings);
        user.mapping_set.mappings.iter().rposition(|mapping| written(mapping) == problem.destination)
    });
    if let Some(own) = own {
        problem.mapping = own;
    }
    format!("model {}: {problem}", model.dataset)
}

/// Puts the settings into a set's placeholders.
pub(crate) fn fill(set: &mut MappingSet, settings: &Settings) {
    for mapping in &mut set.mappings {
        mapping.destination = destination(&mapping.destination, settings);
        fill_source(mapping, settings);
    }
}

/// A destination with the settings in the place of its placeholders.
pub(crate) fn destination(written: &str, settings: &Settings) -> String {
    if !written.contains('{') {
        return written.to_owned();
    }
    let phone = match settings.phone_target {
        PhoneTarget::MobilePhone => "mobilePhone",
        PhoneTarget::HomePhone => "homePhone",
        PhoneTarget::BillingAddressPhone => "billingAddressPhone",
    };
    written
        .replace("{TENANT_ID}", &settings.tenant)
        .replace("{CUSTOMER_NAMESPACE}", &settings.customer_namespace)
        .replace("{PHONE}", phone)
}

fn fill_source(mapping: &mut Mapping, settings: &Settings) {
    if mapping.source.contains("{ORDER_REFERENCE}") {
        mapping.source = match &settings.order_metadata_key {
            Some(key) => mapping.source.replace("{ORDER_REFERENCE}", &in_expression(&["metadata", key])),
            // A refund looks at its charge's, too.
            None => mapping
                .source
                .replace("charge.{ORDER_REFERENCE}", "null")
                .replace("{ORDER_REFERENCE}", "null"),
        };
    }
    let filtered = settings.metadata_allow.is_some() || !settings.metadata_deny.is_empty();
    let is_metadata = mapping.xdm_type == Some(XdmType::MapOfStrings)
        && mapping.source_type == SourceType::Attribute
        && (mapping.source == "metadata" || mapping.source.ends_with(".metadata"));
    if filtered && is_metadata {
        mapping.source_type = SourceType::Expression;
        mapping.source = format!("stripe_metadata({})", mapping.source);
    }
}

fn path(names: &[&str]) -> Path {
    Path { segments: names.iter().map(|name| Segment::Name((*name).to_owned())).collect() }
}

/// A path as it is written in an expression, odd names quoted.
fn in_expression(names: &[&str]) -> String {
    Expr { kind: ExprKind::Path(path(names)), span: Span::default() }.to_string()
}

/// Adds the identity that the settings take from a metadata key. It is primary only where the Stripe
/// customer is not: exactly one identity of an event may be.
fn second_identity(model: &mut Model, settings: &Settings) {
    let Some(identity) = &settings.metadata_identity else { return };
    let customer = match (model.resource.as_str(), model.variant) {
        ("charge", _) => {
            "stripe_id(customer) == null && !(_settings.emailIdentity && stripe_email(billing_details.email) != null)"
        }
        ("refund", _) => "stripe_id(coalesce(customer, charge.customer)) == null",
        ("subscription" | "invoice", Variant::Event) | ("payment_intent", _) => "stripe_id(customer) == null",
        ("dispute", _) => "stripe_id(coalesce(charge.customer, payment_intent.customer)) == null",
        // The customer's own id is primary by its descriptor, not in the map.
        ("customer", _) => "false",
        _ => return,
    };
    let value = format!("stripe_identity({})", in_expression(&["metadata", &identity.key]));
    let place = path(&["identityMap", &identity.namespace]);
    for (member, source, xdm_type) in [
        ("id", value.clone(), XdmType::String),
        ("authenticatedState", format!("iif({value} == null, null, \"ambiguous\")"), XdmType::String),
        ("primary", format!("iif({value} != null && {customer}, true, null)"), XdmType::Boolean),
    ] {
        model.mapping_set.mappings.push(Mapping {
            source_type: SourceType::Expression,
            source,
            destination: format!("{place}[0].{member}"),
            xdm_type: Some(xdm_type),
            // It names a person to whoever knows the organisation's own keys.
            labels: if member == "id" { vec!["I2".to_owned()] } else { Vec::new() },
            ..Mapping::default()
        });
    }
}
