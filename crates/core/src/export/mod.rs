//! A model as a mapping set that Adobe accepts.
//!
//! Our models say more than Data Prep can: they know webhooks, call functions of ours, and read objects
//! whose keys are data. [`adobe`] says as much as possible in Adobe's documented functions, for the
//! managed Stripe source, and reports, mapping by mapping, what became of it: nothing is changed or left
//! out in silence. How each thing is said stands with the code that says it: `polled` (what a source
//! without webhooks knows), `stripe` (our functions), `operators` (JEXL's operators), `simplify`.

mod operators;
mod polled;
mod report;
mod simplify;
mod stripe;

pub use report::{Counts, Exported, Outcome, ReportLine};

use crate::models::{self, Model, RESOURCES, Variant};
use crate::privacy::Action;
use crate::settings::{OpenError, Settings};
use dataprep::expr::{self, Expr, ExprKind, Path, Segment};
use dataprep::functions::Status;
use dataprep::{MAX_EXPRESSION, Mapping, MappingSet, SchemaLink, SchemaRef, SourceType, XdmType};
use polled::Polled;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use stripe::Losses;

/// How a model is exported.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Which model, of a resource that has two; without it the record's.
    pub variant: Option<Variant>,
    /// The path of the member that holds each object. Adobe's managed Stripe source puts it in `data`;
    /// `None` for a source that hands over bare objects.
    pub root: Option<String>,
    /// The `$id` of the schema that the set writes to, which Adobe asks for with a set
    /// (`https://ns.adobe.com/{TENANT}/schemas/…`).
    pub schema: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { variant: None, root: Some(crate::import::MANAGED_ROOT.to_owned()), schema: None }
    }
}

/// The model of a resource, the user's changes in it and the settings applied, in Adobe's words.
///
/// ```
/// use stripe_xdm_core::{Settings, export};
///
/// let settings: Settings = serde_json::from_str(r#"{"tenant":"acme","account":"acct_1"}"#)?;
/// let exported = export::adobe("price", &settings, &export::Options::default())?;
/// let id = &exported.mapping_set.mappings[0];
/// assert_eq!(id.source, r#"sha256(concat("stripe.acct_1.price.", data.id))"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn adobe(resource: &str, settings: &Settings, options: &Options) -> Result<Exported, OpenError> {
    settings.check()?;
    if settings.account.is_none() {
        return Err(problem("record ids need the Stripe account (acct_…): set `account`"));
    }
    let root = match &options.root {
        Some(root) => Path::parse(root).map_err(|error| problem(format!("root: {error}")))?.segments,
        None => Vec::new(),
    };
    let model = choose(models::of(settings)?, resource, options)?;
    let export = Export { polled: Polled::new(&model, settings), settings, root };
    let mut mapping_set = MappingSet {
        name: model.mapping_set.name.clone(),
        output_schema: options.schema.as_deref().map(schema_link),
        ..MappingSet::default()
    };
    let mut report = Vec::new();
    for (index, mapping) in model.mapping_set.mappings.iter().enumerate() {
        let later = model.mapping_set.mappings.get(index + 1..).unwrap_or_default();
        let (exported, line) = match later.iter().any(|other| other.destination == mapping.destination) {
            true => left_out(mapping, ["a later mapping to the same destination takes its place".to_owned()]),
            false => export.mapping(mapping),
        };
        mapping_set.mappings.extend(exported);
        report.push(line);
    }
    for treated in model.treated.iter().filter(|treated| treated.action == Action::Drop) {
        let mapping = Mapping::new(SourceType::Expression, &*treated.source, &*treated.destination);
        report.push(left_out(&mapping, [treated.note.clone()]).1);
    }
    let counts = Counts::of(&report);
    let notes = report::notes(&model, &report);
    Ok(Exported { mapping_set, counts, notes, report })
}

fn schema_link(id: &str) -> SchemaLink {
    let schema_ref = SchemaRef {
        id: id.to_owned(),
        content_type: "application/vnd.adobe.xed-full+json;version=1".to_owned(),
    };
    SchemaLink { schema_ref: Some(schema_ref), ..SchemaLink::default() }
}

fn problem(message: impl Into<String>) -> OpenError {
    OpenError { problems: vec![message.into()] }
}

/// The model that is meant: `charge`, `subscription`, `subscription.event`.
pub(crate) fn choose(models: Vec<Model>, resource: &str, options: &Options) -> Result<Model, OpenError> {
    let (name, named) = match resource.split_once('.') {
        Some((name, "event")) => (name, Some(Variant::Event)),
        Some((name, "record")) => (name, Some(Variant::Record)),
        Some((_, other)) => {
            return Err(problem(format!("a model's variant is `event` or `record`, not {other:?}")));
        }
        None => (resource, None),
    };
    let variant = named.or(options.variant);
    models
        .into_iter()
        .find(|model| model.resource == name && variant.is_none_or(|variant| model.variant == variant))
        .ok_or_else(|| match RESOURCES.contains(&name) {
            true => problem(format!("{name} has no model of that variant")),
            false => {
                problem(format!("there is no model of {name:?}; resources are {}", RESOURCES.join(", ")))
            }
        })
}

/// What every mapping of one export shares.
struct Export<'s> {
    polled: Polled<'s>,
    settings: &'s Settings,
    root: Vec<Segment>,
}

type Line = (Option<Mapping>, ReportLine);

fn left_out(mapping: &Mapping, reasons: impl Into<Vec<String>>) -> Line {
    let line = ReportLine {
        destination: mapping.destination.clone(),
        outcome: Outcome::LeftOut,
        before: mapping.source.clone(),
        after: None,
        reasons: reasons.into(),
        relies_on: Vec::new(),
    };
    (None, line)
}

impl Export<'_> {
    /// One mapping in Adobe's words, and what became of it.
    fn mapping(&self, mapping: &Mapping) -> Line {
        let parsed = match mapping.source_type {
            SourceType::Static => return self.constant(mapping),
            SourceType::Attribute => Path::parse(&mapping.source).map(Expr::path),
            SourceType::Expression => expr::parse(&mapping.source),
        };
        let (written, destination) = match (parsed, Path::parse(&mapping.destination)) {
            (Ok(written), Ok(destination)) => (written, destination),
            (Err(error), _) | (_, Err(error)) => return left_out(mapping, [error.to_string()]),
        };
        if written.paths().into_iter().chain([&destination]).any(has_keys_of_data) {
            return left_out(mapping, [KEYS_OF_DATA.to_owned()]);
        }
        if written.depth() > MAX_DEPTH {
            return left_out(mapping, [TOO_DEEP.to_owned()]);
        }
        let before = written.to_string();

        let known = self.polled.apply(written);
        let mut losses = Losses::default();
        let said = simplify::simplify(known.expression).rewrite(&mut |part| {
            bounded(stripe::lower(operators::lower(part), self.settings, &mut losses), &mut losses)
        });
        let said = self.as_map(simplify::simplify(said), mapping.xdm_type);

        let mut reasons: Vec<String> = known.unknown.into_iter().collect();
        if !known.unexpanded.is_empty() {
            reasons.push(format!("the source expands no references: {} is an id", list(&known.unexpanded)));
        }
        if !losses.impossible.is_empty() {
            return left_out(
                mapping,
                losses.impossible.iter().map(|why| (*why).to_owned()).collect::<Vec<_>>(),
            );
        }
        if simplify::is_null(&said) {
            if !known.off.is_empty() {
                reasons.push(format!("{} is off", list(&known.off)));
            }
            if reasons.is_empty() {
                reasons.push("it gives null whatever the object holds".to_owned());
            }
            return left_out(mapping, reasons);
        }
        let reasons_against = impossible(&said);
        if !reasons_against.is_empty() {
            return left_out(mapping, reasons_against);
        }

        let outcome = match (losses.differs.is_empty(), said.to_string() == before) {
            (false, _) => Outcome::Approximated,
            (true, true) => Outcome::Unchanged,
            (true, false) => Outcome::Lowered,
        };
        reasons.extend(losses.differs.iter().map(|reason| (*reason).to_owned()));
        let relies_on = relies_on(&said, &destination);
        let exported = self.written(mapping, said);
        if exported.source_type == SourceType::Expression {
            if exported.source.chars().count() > MAX_EXPRESSION {
                return left_out(mapping, [TOO_LONG.to_owned()]);
            }
            if expr::parse(&exported.source).is_err() {
                return left_out(mapping, [TOO_DEEP.to_owned()]);
            }
        }
        let line = ReportLine {
            destination: mapping.destination.clone(),
            outcome,
            before: mapping.source.clone(),
            after: Some(exported.source.clone()),
            reasons,
            relies_on,
        };
        (Some(exported), line)
    }

    fn constant(&self, mapping: &Mapping) -> Line {
        let exported = document(mapping, SourceType::Static, mapping.source.clone());
        let line = ReportLine {
            destination: mapping.destination.clone(),
            outcome: Outcome::Unchanged,
            before: mapping.source.clone(),
            after: Some(mapping.source.clone()),
            reasons: Vec::new(),
            relies_on: Vec::new(),
        };
        (Some(exported), line)
    }

    /// A map's source. An object that is mapped whole brings only members that the schema names, and a
    /// map's keys are not named in it.
    fn as_map(&self, said: Expr, wanted: Option<XdmType>) -> Expr {
        let is_map = matches!(wanted, Some(XdmType::MapOfStrings | XdmType::MapOfIntegers));
        match said.kind {
            ExprKind::Path(_) if is_map => Expr::call("object_to_map", vec![said]),
            _ => said,
        }
    }

    /// The mapping as Adobe's document holds it: without a type, which the schema gives, and as the
    /// simplest kind of source.
    fn written(&self, mapping: &Mapping, said: Expr) -> Mapping {
        let moved = said
            .map_paths(&|path| Path { segments: self.root.iter().chain(&path.segments).cloned().collect() });
        match moved.kind {
            ExprKind::Path(path) => document(mapping, SourceType::Attribute, path.to_string()),
            ExprKind::String(text) => document(mapping, SourceType::Static, text),
            _ => document(mapping, SourceType::Expression, moved.to_string()),
        }
    }
}

/// A mapping as a new document holds it: what Adobe gave to an earlier one does not fit any more.
fn document(mapping: &Mapping, source_type: SourceType, source: String) -> Mapping {
    Mapping {
        name: mapping.name.clone(),
        description: mapping.description.clone(),
        ..Mapping::new(source_type, source, mapping.destination.clone())
    }
}

/// Why an expression cannot be given to Adobe's source at all.
fn impossible(said: &Expr) -> Vec<String> {
    let why = |name: String| match operators::FOR_DESTINATIONS.contains(&name.as_str()) {
        true => Some(format!("Adobe offers {name} in destinations only, not in sources")),
        false if name.starts_with("stripe_") => Some(format!("{name} cannot be said in Adobe's functions")),
        false => None,
    };
    operators::functions(said).into_iter().filter_map(why).collect()
}

/// The part, unless it has grown far beyond what Adobe takes: some constructs need their parts several
/// times over, and such constructs may stand in each other.
fn bounded(part: Expr, losses: &mut Losses) -> Expr {
    if part.to_string().len() <= 4 * MAX_EXPRESSION {
        return part;
    }
    losses.impossible.insert(TOO_LONG);
    simplify::null()
}

/// Deepest expression that is taken apart. Expressions of people stay far below.
const MAX_DEPTH: usize = 100;

const TOO_DEEP: &str = "its parts stand too deeply inside each other: split it";

const TOO_LONG: &str = "in Adobe's words it has more than the 4096 characters that Adobe takes: split it";

const KEYS_OF_DATA: &str = "Adobe's paths have no form for the values or the rest of an object whose keys \
                            are data ({*}, {key}, {**})";

fn has_keys_of_data(path: &Path) -> bool {
    path.segments.iter().any(|part| matches!(part, Segment::EachValue | Segment::EachKey | Segment::Rest))
}

/// What Adobe's pages do not show and the mapping counts on all the same.
fn relies_on(said: &Expr, destination: &Path) -> Vec<String> {
    let mut found: BTreeSet<String> = match &said.kind {
        ExprKind::Path(_) => BTreeSet::new(),
        _ => operators::undocumented(said),
    };
    for name in operators::functions(said) {
        let row = dataprep::functions::table().find(|row| row.name == name);
        if row.is_some_and(|row| row.status != Status::Current) {
            found.insert(format!("the function {name}"));
        }
    }
    if destination.segments.first() == Some(&Segment::Name("identityMap".to_owned())) {
        found.insert("identityMap as a destination".to_owned());
    }
    if destination.segments.iter().filter(|segment| **segment == Segment::Each).count() > 1 {
        found.insert("several [*] in one path".to_owned());
    }
    found.into_iter().collect()
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
