//! `stripe-xdm schema show`: the schema of a resource's records, for people, validators, compilers and the
//! Schema Registry. Needs no account and no network: the module composes it from the mappings.

use super::desired::{Composed, compose};
use crate::cli::Global;
use crate::cli::settings::MappingArgs;
use anyhow::bail;
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use std::process::ExitCode;
use stripe_xdm::module::{Dataset, Module};
use stripe_xdm::report::columns;
use xdm::registry::{Kind, descriptors, documents};
use xdm::render::{self, Row};
use xdm::{Field, Library, Object, Schema, Shape};

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A resource (charge, subscription.event, …) or a dataset; default the list of schemas
    resource: Option<String>,
    /// What it is shown as
    #[arg(long, value_enum, default_value_t = Format::Tree)]
    format: Format,
    /// Also fields of Adobe's that no mapping fills
    #[arg(long)]
    all: bool,
    /// The tenant id, without the leading underscore
    #[arg(long, value_name = "TENANT", default_value = "tenant")]
    tenant: String,
    #[command(flatten)]
    mapping: MappingArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Fields with type, labels, constraints and sources; * marks what is required
    Tree,
    /// A closed JSON Schema of one record
    JsonSchema,
    /// What the Schema Registry is sent: data types, class, field groups, schema, descriptors
    Registry,
    /// A page of documentation
    Markdown,
    /// Interfaces
    Typescript,
}

pub(super) fn run(global: &Global, args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let composed = compose(&module, &args.mapping.settings(&args.tenant, 0)?)?;
    let library = &composed.library;
    let chosen = args.resource.as_deref().map(|name| choose(&module, library, name)).transpose()?;
    match (chosen, args.format) {
        (None, Format::Tree) => list(global, &module, library)?,
        (None, Format::Registry) => say!("{:#}", registry(library)),
        (None, _) => bail!("say of which resource: {}", names(&module, library).join(", ")),
        (Some(schema), Format::Tree) => tree(global, args, library, schema)?,
        (Some(schema), Format::JsonSchema) => say!("{}", render::json_schema(library, schema)?.trim_end()),
        (Some(schema), Format::Registry) => say!("{:#}", registry(&only(library, schema))),
        (Some(schema), Format::Markdown) => say!("{}", render::markdown(library, schema)?.trim_end()),
        (Some(schema), Format::Typescript) => say!("{}", render::typescript(library, schema)?.trim_end()),
    }
    Ok(ExitCode::from(problems(&composed, chosen)))
}

/// Says what the schema cannot; the exit code is 2 when there is something.
fn problems(composed: &Composed, chosen: Option<&Schema>) -> u8 {
    let mut code = 0;
    for problem in &composed.problems {
        if chosen.is_none_or(|schema| schema.name == problem.dataset) {
            code = 2;
            let place = format!("{} {}", problem.dataset, problem.destination);
            stripe_xdm::tell!("problem: {}: {}", place.trim_end(), problem.message);
        }
    }
    code
}

/// The resources and variants whose records a schema describes, as one names them: `charge`,
/// `subscription.event`.
fn names(module: &Module, library: &Library) -> Vec<String> {
    library.schemas.iter().map(|schema| name(module, library, schema)).collect()
}

/// The datasets of the kind of records that is asked about: the module describes those of both kinds.
fn datasets<'m>(module: &'m Module, library: &Library) -> impl Iterator<Item = &'m Dataset> {
    module.description().datasets.iter().filter(|dataset| library.schema(&dataset.name).is_some())
}

fn name(module: &Module, library: &Library, schema: &Schema) -> String {
    let Some(own) = datasets(module, library).find(|dataset| dataset.name == schema.name) else {
        return schema.name.clone();
    };
    match datasets(module, library).filter(|dataset| dataset.resource == own.resource).count() {
        1 => own.resource.clone(),
        _ => format!("{}.{}", own.resource, own.variant),
    }
}

/// The schema of a dataset, or of a resource; of several variants the first, as elsewhere.
fn choose<'l>(module: &Module, library: &'l Library, wanted: &str) -> anyhow::Result<&'l Schema> {
    let (resource, variant) = wanted.split_once('.').map_or((wanted, None), |(r, v)| (r, Some(v)));
    let meant = datasets(module, library)
        .find(|d| d.resource == resource && variant.is_none_or(|variant| d.variant == variant));
    let dataset = meant.map_or(wanted, |dataset| dataset.name.as_str());
    match library.schema(dataset) {
        Some(schema) => Ok(schema),
        None => bail!("there is no schema of {wanted}; there are {}", names(module, library).join(", ")),
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    resource: String,
    dataset: &'a str,
    title: &'a str,
    class: &'a str,
    profile: bool,
    fields: usize,
}

fn list(global: &Global, module: &Module, library: &Library) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for schema in &library.schemas {
        let class = schema.class.as_deref().unwrap_or_default();
        rows.push(Listed {
            resource: name(module, library, schema),
            dataset: &schema.name,
            title: &schema.title,
            class: library.definition(class).map_or(class, |class| &class.title),
            profile: schema.profile,
            fields: render::tree(library, schema)?.iter().filter(|row| row.filled).count(),
        });
    }
    if global.json {
        say!("{}", serde_json::to_string(&rows)?);
        return Ok(());
    }
    let row = |listed: Listed<'_>| {
        let profile = if listed.profile { "yes" } else { "no" };
        let fields = listed.fields.to_string();
        let texts = [&listed.resource, listed.dataset, listed.title, profile, &fields];
        texts.map(str::to_owned).into()
    };
    let header = ["resource", "dataset", "schema", "for Profile", "fields"];
    say!("{}", columns(&header, rows.into_iter().map(row)));
    Ok(())
}

fn tree(global: &Global, args: &ShowArgs, library: &Library, schema: &Schema) -> anyhow::Result<()> {
    let rows = render::tree(library, schema)?;
    if global.json {
        let row = |row: &Row| {
            json!({ "depth": row.depth, "name": row.name, "type": row.kind, "required": row.required,
                "labels": row.labels, "constraints": row.constraints, "sources": row.sources,
                "filled": row.filled })
        };
        say!("{}", Value::Array(rows.iter().map(row).collect()));
        return Ok(());
    }
    let paint = Paint(global.paints());
    let title =
        |id: &String| library.definition(id).map_or(id.as_str(), |part| part.title.as_str()).to_owned();
    say!("{}  ({})", paint.bold(&schema.title), schema.name);
    let parts: Vec<String> = schema.class.iter().chain(&schema.field_groups).map(title).collect();
    if !parts.is_empty() {
        say!("{}", parts.join(", "));
    }
    for identity in &schema.identities {
        let primary = if identity.primary { ", primary" } else { "" };
        say!("identity {} in {}{primary}", identity.path, identity.namespace);
    }
    for relationship in &schema.relationships {
        say!("{} names {} of {}", relationship.path, relationship.field, relationship.schema);
    }
    say!("");
    let shown: Vec<&Row> =
        rows.iter().filter(|row| args.all || row.filled || row.required && row.depth == 0).collect();
    let left = |row: &Row| "  ".repeat(row.depth) + &row.name + if row.required { "*" } else { "" };
    let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default().min(48);
    let names = widest(&mut shown.iter().map(|row| left(row).chars().count()));
    let kinds = widest(&mut shown.iter().map(|row| row.kind.len()));
    for row in &shown {
        let mut line = format!("{:names$}  {}", left(row), paint.kind(&format!("{:kinds$}", row.kind)));
        for (text, painted) in [
            (row.labels.join(" "), Paint::labels as fn(&Paint, &str) -> String),
            (row.constraints.join("; "), Paint::faint),
            (row.sources.iter().map(|source| short(source)).collect::<Vec<_>>().join("; "), Paint::source),
        ] {
            if !text.is_empty() {
                line += "  ";
                line += &painted(&paint, &text);
            }
        }
        say!("{}", line.trim_end());
    }
    if shown.len() < rows.len() {
        say!("");
        say!(
            "{} more fields come with the field groups and stay empty; --all shows them.",
            rows.len() - shown.len()
        );
    }
    Ok(())
}

/// Longest source that is shown whole, in characters; `mapping explain` shows all of them.
const SHORT: usize = 90;

fn short(source: &str) -> String {
    let source = source.replace(char::is_control, " ");
    let mut text: String = source.chars().take(SHORT).collect();
    if text.len() < source.len() {
        text.push('…');
    }
    format!("← {text}")
}

/// Colours, where they are wanted.
struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn kind(&self, text: &str) -> String {
        self.with("36", text)
    }

    fn labels(&self, text: &str) -> String {
        // In brackets, so that they stand out without colours, too.
        self.with("33", &format!("[{text}]"))
    }

    fn faint(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn source(&self, text: &str) -> String {
        self.with("32", text)
    }
}

/// What the registry is sent, by kind and in the order in which it can be made. What is not registered yet
/// is named `tenant:…` in it.
fn registry(library: &Library) -> Value {
    let documents = documents::all(library);
    let of = |kind: Kind| -> Vec<Value> {
        let own = documents.iter().filter(|document| document.kind == kind);
        own.map(|document| json!({ "name": document.name, "body": document.body })).collect()
    };
    let namespaces: Vec<_> = library.namespaces.iter().filter(|namespace| namespace.create).collect();
    let descriptors: Vec<Value> =
        descriptors::all(library).into_iter().map(|descriptor| descriptor.body).collect();
    json!({
        "namespaces": namespaces,
        "dataTypes": of(Kind::DataType), "classes": of(Kind::Class), "fieldGroups": of(Kind::FieldGroup),
        "schemas": of(Kind::Schema), "descriptors": descriptors,
    })
}

/// A library of one schema and what it refers to.
fn only(library: &Library, schema: &Schema) -> Library {
    let mut wanted: Vec<&str> = Vec::new();
    let mut next: Vec<&str> = schema.class.iter().chain(&schema.field_groups).map(String::as_str).collect();
    if let Some(field) = &schema.fields {
        references(field, &mut next);
    }
    while let Some(id) = next.pop() {
        if !wanted.contains(&id) {
            wanted.push(id);
            if let Some(definition) = library.definition(id) {
                of_object(&definition.fields, &mut next);
                // A field group names the classes that it is made for.
                next.extend(definition.extends.iter().map(String::as_str));
            }
        }
    }
    let mut codes: Vec<&str> =
        schema.map_namespaces.iter().map(|namespace| namespace.code.as_str()).collect();
    codes.extend(schema.identities.iter().map(|identity| identity.namespace.as_str()));
    codes.extend(schema.relationships.iter().filter_map(|relationship| relationship.namespace.as_deref()));
    Library {
        tenant: library.tenant.clone(),
        namespaces: library.namespaces.iter().filter(|n| codes.contains(&n.code.as_str())).cloned().collect(),
        definitions: library
            .definitions
            .iter()
            .filter(|d| wanted.contains(&d.id.as_str()))
            .cloned()
            .collect(),
        schemas: vec![schema.clone()],
    }
}

fn of_object<'l>(object: &'l Object, found: &mut Vec<&'l str>) {
    object.fields.iter().for_each(|(_, field)| references(field, found));
}

fn references<'l>(field: &'l Field, found: &mut Vec<&'l str>) {
    match &field.shape {
        Shape::DataType(id) => found.push(id),
        Shape::Object(object) => of_object(object, found),
        Shape::Array(inner) | Shape::Map(inner) => references(inner, found),
        _ => {}
    }
}
