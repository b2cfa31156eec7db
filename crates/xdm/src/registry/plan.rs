//! What has to be done so that a tenant takes the library's records: every step found by content, so that
//! making the plan again after any interruption gives what is still left to do.

use super::compare::{Reason, compare};
use super::descriptors::{self, About, Descriptor};
use super::documents::{self, schema_name};
use super::{Kind, Names};
use crate::library::Library;
use crate::schema::Namespace;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What a tenant has, as far as the library is concerned.
#[derive(Debug, Clone, Default)]
pub struct Tenant {
    /// The identity namespaces, as the Identity Service lists them.
    pub namespaces: Vec<Value>,
    /// Resources that have the title and kind of one of ours.
    pub resources: Vec<Resource>,
    /// All descriptors.
    pub descriptors: Vec<Value>,
    /// Datasets that have the name of one of ours.
    pub datasets: Vec<Dataset>,
}

/// A resource that the tenant has.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its kind.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// Its `$id`.
    pub id: String,
    /// Its raw document.
    pub document: Value,
}

/// A dataset that the tenant has.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Its id in Catalog.
    pub id: String,
    /// What Catalog says about it.
    pub document: Value,
}

/// What is asked for besides schemas.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// Enable schemas and datasets for Real-Time Customer Profile: cannot be undone.
    pub profile: bool,
}

/// The steps in the order in which they can be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// All steps, those with nothing to do included.
    pub steps: Vec<Step>,
    /// What is known of `$id`s: those of steps that make a resource are learnt when they are done.
    pub names: Names,
}

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// An identity namespace.
    Namespace,
    /// A resource of the registry.
    Resource(Kind),
    /// A descriptor.
    Descriptor(About),
    /// Enabling a schema for Profile.
    Profile,
    /// A dataset.
    Dataset,
}

impl Part {
    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            Part::Namespace => "namespace",
            Part::Resource(kind) => kind.word(),
            Part::Descriptor(about) => about.word(),
            Part::Profile => "profile",
            Part::Dataset => "dataset",
        }
    }
}

/// One thing that the tenant must have.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is about.
    pub part: Part,
    /// What it is called: a code, a title, a dataset's name, a field.
    pub title: String,
    /// The resource that it is about, by name (`tenant:…`): of a resource itself.
    pub name: String,
    /// Its id, when the tenant has it.
    pub id: Option<String>,
    /// What is to be done.
    pub action: Action,
    /// What is said about it besides: additions, things left as they are.
    pub notes: Vec<String>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Nothing.
    Keep,
    /// Make it from this.
    Create(Value),
    /// Add to it: of registry resources JSON Patch, of datasets an object to merge.
    Change(Value),
    /// It cannot be made right.
    Refuse(Vec<Reason>),
}

impl Plan {
    /// Compares the library with a tenant.
    pub fn new(library: &Library, tenant: &Tenant, wishes: Wishes) -> Self {
        let mut plan = Self::default();
        plan.untyped(library);
        for namespace in namespaces(library) {
            plan.namespace(namespace, tenant);
        }
        for document in documents::all(library) {
            plan.resource(&document, tenant);
        }
        // Descriptors name resources that may not exist yet; then no descriptor of theirs does either.
        for descriptor in descriptors::all(library) {
            plan.descriptor(&descriptor, tenant);
        }
        for schema in library.schemas.iter().filter(|schema| schema.profile && wishes.profile) {
            plan.profile(&schema.name, &schema.title, tenant);
        }
        for schema in &library.schemas {
            plan.dataset(&schema.name, &schema.description, schema.profile && wishes.profile, tenant);
        }
        plan
    }

    /// The steps that do something.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.action, Action::Create(_) | Action::Change(_)))
    }

    /// The steps that cannot be done.
    pub fn refusals(&self) -> impl Iterator<Item = (&Step, &[Reason])> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Refuse(reasons) => Some((step, reasons.as_slice())),
            _ => None,
        })
    }

    fn push(&mut self, part: Part, title: &str, name: &str, known: Option<String>, action: Action) {
        self.noted(part, title, name, known, action, Vec::new());
    }

    fn noted(
        &mut self,
        part: Part,
        title: &str,
        name: &str,
        id: Option<String>,
        action: Action,
        notes: Vec<String>,
    ) {
        self.steps.push(Step { part, title: title.to_owned(), name: name.to_owned(), id, action, notes });
    }

    fn untyped(&mut self, library: &Library) {
        for (title, path) in documents::untyped(library) {
            let reason = Reason {
                place: path,
                what: "nothing says what the field holds".to_owned(),
                why: "The registry takes no field without a type.",
                cure: "Give its mapping a `type`; describe a field of Adobe's under `schema.fieldGroups`."
                    .to_owned(),
            };
            self.push(Part::Resource(Kind::FieldGroup), &title, "", None, Action::Refuse(vec![reason]));
        }
    }

    fn namespace(&mut self, ours: &Namespace, tenant: &Tenant) {
        let known = tenant.namespaces.iter().find(|known| text(known, "code") == ours.code);
        let wanted = json!(ours.id_type);
        let word = wanted.as_str().unwrap_or_default();
        let action = match known {
            Some(known) if text(known, "idType").eq_ignore_ascii_case(word) => Action::Keep,
            Some(known) => Action::Refuse(vec![Reason {
                place: ours.code.clone(),
                what: format!("the namespace is of type {}, ours would be {word}", text(known, "idType")),
                why: "A namespace's code and type can never be changed, and it cannot be deleted.",
                cure: "Choose another code, such as --customer-namespace StripeCustomerID2.".to_owned(),
            }]),
            None if ours.create => Action::Create(json!({
                "name": ours.name,
                "code": ours.code,
                "idType": ours.id_type,
                "description": ours.description,
            })),
            None => Action::Refuse(vec![Reason {
                place: ours.code.clone(),
                what: "the sandbox has no such identity namespace".to_owned(),
                why: "It is the organisation's own, so its type is not for us to choose.",
                cure:
                    "Create it under Identities in Experience Platform, or check the code's upper and lower \
                       case."
                        .to_owned(),
            }]),
        };
        let id = known.and_then(|known| known.get("id")).map(Value::to_string);
        self.push(Part::Namespace, &ours.code, "", id, action);
    }

    fn resource(&mut self, ours: &documents::Document, tenant: &Tenant) {
        let part = Part::Resource(ours.kind);
        let same = |known: &&Resource| known.kind == ours.kind && known.title == ours.title;
        let known: Vec<&Resource> = tenant.resources.iter().filter(same).collect();
        let Some(known) = known.first() else {
            self.push(part, &ours.title, &ours.name, None, Action::Create(ours.body.clone()));
            return;
        };
        self.names.learn(&ours.name, &known.id);
        let difference = compare(ours.kind, &self.names.fill(&ours.body), &known.document);
        let operations: Vec<Value> =
            difference.additions.iter().flat_map(|addition| addition.operations.clone()).collect();
        let action = match (difference.reasons.is_empty(), operations.is_empty()) {
            (false, _) => Action::Refuse(difference.reasons),
            (true, true) => Action::Keep,
            (true, false) => Action::Change(operations.into()),
        };
        let added = difference.additions.into_iter().map(|addition| format!("+ {}", addition.words));
        let kept = difference.kept.into_iter().map(|path| format!("= {path} stays: it is the tenant's"));
        self.noted(
            part,
            &ours.title,
            &ours.name,
            Some(known.id.clone()),
            action,
            added.chain(kept).collect(),
        );
    }

    fn descriptor(&mut self, ours: &Descriptor, tenant: &Tenant) {
        let title = format!("{} of {}", ours.place(), ours.title);
        let of = self.names.id(&ours.of).to_owned();
        let known: Vec<&Value> = tenant
            .descriptors
            .iter()
            .filter(|known| {
                text(known, "@type") == ours.about.kind() && text(known, "xdm:sourceSchema") == of
            })
            .collect();
        let here = known.iter().find(|known| property(known) == sorted(&ours.property));
        let part = Part::Descriptor(ours.about);
        let Some(here) = here else {
            let reasons = elsewhere(ours, &known);
            let action = match reasons.is_empty() {
                true => Action::Create(ours.body.clone()),
                false => Action::Refuse(reasons),
            };
            self.push(part, &title, &ours.of, None, action);
            return;
        };
        let mut notes = Vec::new();
        let reasons = match ours.about {
            About::Label => {
                notes.extend(other_labels(&ours.body, here));
                Vec::new()
            }
            _ => self.disagreement(ours, here, tenant),
        };
        let action = if reasons.is_empty() { Action::Keep } else { Action::Refuse(reasons) };
        let id = Some(text(here, "@id").to_owned());
        self.noted(part, &title, &ours.of, id, action, notes);
    }

    /// What a descriptor of the same field says otherwise.
    fn disagreement(&self, ours: &Descriptor, here: &Value, tenant: &Tenant) -> Vec<Reason> {
        let wanted = self.names.fill(&ours.body);
        let mut reasons = Vec::new();
        for key in [
            "xdm:namespace",
            "xdm:isPrimary",
            "xdm:identityNamespace",
            "xdm:destinationSchema",
            "xdm:destinationProperty",
        ] {
            let Some(wanted) = wanted.get(key) else { continue };
            let found = match here.get(key) {
                // Left out it is the other schema's primary identity, which ours is.
                None if key == "xdm:destinationProperty" => continue,
                None if key == "xdm:isPrimary" => json!(false),
                None => Value::Null,
                // A namespace may be named by its number.
                Some(found) if key.ends_with("amespace") => code(found, tenant),
                Some(found) => found.clone(),
            };
            if found != *wanted {
                reasons.push(Reason {
                    place: ours.place(),
                    what: format!(
                        "{} is {found} in the tenant, ours would be {wanted}",
                        key.trim_start_matches("xdm:")
                    ),
                    why: "What identifies records or relates them cannot be changed once data was written.",
                    cure:
                        "Keep the tenant's by the settings (--customer-namespace), or delete the descriptor \
                           by hand while no data depends on it."
                            .to_owned(),
                });
            }
        }
        reasons
    }

    fn profile(&mut self, schema: &str, title: &str, tenant: &Tenant) {
        let name = schema_name(schema);
        let id = self.names.id(&name).to_owned();
        let known = tenant.resources.iter().find(|known| known.kind == Kind::Schema && known.id == id);
        let tags = known.and_then(|known| known.document.get("meta:immutableTags")?.as_array());
        let mut tags: Vec<Value> = tags.cloned().unwrap_or_default();
        let action = if tags.iter().any(|tag| tag == "union") {
            Action::Keep
        } else {
            tags.push("union".into());
            Action::Change(json!([{ "op": "add", "path": "/meta:immutableTags", "value": tags }]))
        };
        let id = known.map(|known| known.id.clone());
        self.noted(Part::Profile, title, &name, id, action, vec!["cannot be undone".to_owned()]);
    }

    fn dataset(&mut self, name: &str, description: &str, profile: bool, tenant: &Tenant) {
        const TAGS: [&str; 2] = ["unifiedProfile", "unifiedIdentity"];
        let schema = schema_name(name);
        let known: Vec<&Dataset> =
            tenant.datasets.iter().filter(|known| text(&known.document, "name") == name).collect();
        let Some(first) = known.first() else {
            let mut body = json!({
                "name": name,
                "description": description,
                "schemaRef": {
                    "id": schema,
                    "contentType": "application/vnd.adobe.xed-full-notext+json; version=1",
                },
                "enableErrorDiagnostics": true,
            });
            if profile {
                let tags: Map<String, Value> =
                    TAGS.iter().map(|tag| ((*tag).to_owned(), json!(["enabled:true"]))).collect();
                if let Value::Object(body) = &mut body {
                    body.insert("tags".to_owned(), tags.into());
                }
            }
            let notes = profile.then(|| "enabled for Profile".to_owned()).into_iter().collect();
            self.noted(Part::Dataset, name, &schema, None, Action::Create(body), notes);
            return;
        };
        let is = first.document.pointer("/schemaRef/id").and_then(Value::as_str).unwrap_or("none");
        let mut reasons = Vec::new();
        if is != self.names.id(&schema) {
            reasons.push(Reason {
                place: name.to_owned(),
                what: format!("the dataset's schema is {is}, ours would be {}", self.names.id(&schema)),
                why: "A dataset's schema cannot be changed.",
                cure: "Rename or delete that dataset, or give ours another name by `dataset` in a model of \
                       --mapping."
                    .to_owned(),
            });
        }
        if known.len() > 1 {
            reasons.push(Reason {
                place: name.to_owned(),
                what: format!("{} datasets have this name", known.len()),
                why: "It cannot be told which one the records belong to.",
                cure: "Rename all but one of them in Experience Platform.".to_owned(),
            });
        }
        let tags = first.document.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
        let missing: Vec<&str> = TAGS.into_iter().filter(|tag| profile && !enabled(&tags, tag)).collect();
        let action = match (reasons.is_empty(), missing.is_empty()) {
            (false, _) => Action::Refuse(reasons),
            (true, true) => Action::Keep,
            (true, false) => {
                let mut tags = tags;
                for tag in &missing {
                    tags.insert((*tag).to_owned(), json!(["enabled:true"]));
                }
                Action::Change(json!({ "tags": tags }))
            }
        };
        let id = Some(first.id.clone());
        let diagnostics = first.document.get("enableErrorDiagnostics") == Some(&Value::Bool(true));
        let mut notes: Vec<String> =
            missing.iter().map(|tag| format!("+ {tag}: data written before never reaches it")).collect();
        if !diagnostics {
            notes.push("= error diagnostics are off and stay off".to_owned());
        }
        self.noted(Part::Dataset, name, &schema, id, action, notes);
    }
}

/// Every namespace of the library once.
fn namespaces(library: &Library) -> Vec<&Namespace> {
    let (mut codes, mut all) = (BTreeSet::new(), Vec::new());
    let of_schemas = library.schemas.iter().flat_map(|schema| &schema.map_namespaces);
    for namespace in library.namespaces.iter().chain(of_schemas) {
        if codes.insert(namespace.code.as_str()) {
            all.push(namespace);
        }
    }
    all
}

/// Descriptors of other fields that ours cannot stand beside.
fn elsewhere(ours: &Descriptor, known: &[&Value]) -> Vec<Reason> {
    let rival = match ours.about {
        About::Identity if ours.body.get("xdm:isPrimary") == Some(&Value::Bool(true)) => {
            known.iter().find(|known| known.get("xdm:isPrimary") == Some(&Value::Bool(true)))
        }
        About::PrimaryKey | About::Version | About::Timestamp => known.first(),
        _ => None,
    };
    let reason = |rival: &&Value| Reason {
        place: ours.place(),
        what: format!("the tenant has {} as {}", property(rival).join(", "), ours.about.word()),
        why: "A schema has one, and it cannot be changed once data was written.",
        cure: "Delete that descriptor by hand while no data depends on it, or use another sandbox."
            .to_owned(),
    };
    rival.map(reason).into_iter().collect()
}

/// What is said when somebody has labelled a field otherwise. Their labels stay.
fn other_labels(ours: &Value, theirs: &Value) -> Option<String> {
    let list = |descriptor: &Value| -> BTreeSet<String> {
        let labels = descriptor.get("xdm:labels").and_then(Value::as_array);
        // The registry may hand out `core/I1` for I1.
        let names = labels.into_iter().flatten().filter_map(Value::as_str);
        names.map(|label| label.trim_start_matches("core/").to_owned()).collect()
    };
    let (ours, theirs) = (list(ours), list(theirs));
    let missing: Vec<&str> = ours.difference(&theirs).map(String::as_str).collect();
    let have = theirs.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    (!missing.is_empty())
        .then(|| format!("= labelled {have}; ours would add {}: left as it is", missing.join(", ")))
}

/// The fields that a descriptor is about, sorted.
fn property(descriptor: &Value) -> Vec<String> {
    match descriptor.get("xdm:sourceProperty") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => {
            sorted(&several.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
        }
        _ => Vec::new(),
    }
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

/// A namespace's code, when a descriptor names it by its number.
fn code(named: &Value, tenant: &Tenant) -> Value {
    let number = named.as_i64().or_else(|| named.as_str().and_then(|text| text.parse().ok()));
    let known = number.and_then(|number| {
        let is = |known: &&Value| known.get("id").and_then(Value::as_i64) == Some(number);
        tenant.namespaces.iter().find(is)?.get("code").cloned()
    });
    known.unwrap_or_else(|| named.clone())
}

/// Whether a dataset's tag says `enabled:true`; it is written with and without a space.
fn enabled(tags: &Map<String, Value>, tag: &str) -> bool {
    let values = tags.get(tag).and_then(Value::as_array);
    values
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|value| value.replace(' ', "") == "enabled:true")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
