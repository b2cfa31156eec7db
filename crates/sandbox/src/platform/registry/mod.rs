//! Schema Registry: `/data/foundation/schemaregistry`.

mod accept;
mod check;
mod descriptor_rules;
mod descriptors;
mod error;
mod evolve;
mod fields;
mod list;
mod resolve;
mod schemas;
mod write;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::accept::{Form, Lookup};
use crate::platform::{
    answer::Answer,
    options::Titles,
    tenant::{Stamp, Tenant},
    world::Call,
};

pub(in crate::platform) use self::error::XdmError;

/// The behaviour that relational schemas extend.
const RELATIONAL: &str = "https://ns.adobe.com/xdm/data/adhoc-v2";

/// A JSON object, as the registry holds all it has.
type Document = Map<String, Value>;

/// What a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::platform) enum Kind {
    Behavior,
    Class,
    FieldGroup,
    DataType,
    Schema,
}

impl Kind {
    /// Of a path's part. Field groups have two names.
    fn of(name: &str) -> Option<Self> {
        match name {
            "behaviors" => Some(Self::Behavior),
            "classes" => Some(Self::Class),
            "fieldgroups" | "mixins" => Some(Self::FieldGroup),
            "datatypes" => Some(Self::DataType),
            "schemas" => Some(Self::Schema),
            _ => None,
        }
    }

    /// In ids, and as `meta:resourceType`.
    pub(in crate::platform) fn name(self) -> &'static str {
        match self {
            Self::Behavior => "behaviors",
            Self::Class => "classes",
            Self::FieldGroup => "mixins",
            Self::DataType => "datatypes",
            Self::Schema => "schemas",
        }
    }

    fn not_found(self, id: &str) -> XdmError {
        // Which of the eight codes belongs to which kind is published for classes and schemas only.
        let (code, kind) = match self {
            Self::Class => (1010, "class"),
            Self::FieldGroup => (1011, "field group"),
            Self::Schema => (1012, "schema"),
            Self::DataType => (1013, "data type"),
            Self::Behavior => (1014, "behavior"),
        };
        XdmError::new(
            404,
            code,
            "Resource not found",
            format!("The requested {kind} resource {id} with version 1 is not found."),
        )
    }
}

/// A class, a field group, a data type, a schema, or a behaviour.
#[derive(Debug, Clone)]
pub(in crate::platform) struct Resource {
    pub(in crate::platform) kind: Kind,
    /// As the registry stores it.
    pub(in crate::platform) document: Document,
}

impl Resource {
    fn text(&self, key: &str) -> &str {
        self.document.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn id(&self) -> &str {
        self.text("$id")
    }

    fn list(&self, key: &str) -> impl Iterator<Item = &str> {
        self.document.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// Whether it has an immutable tag.
    pub(in crate::platform) fn has_tag(&self, tag: &str) -> bool {
        self.list("meta:immutableTags").any(|known| known == tag)
    }

    fn is_relational(&self) -> bool {
        self.list("meta:extends").any(|id| id == RELATIONAL)
    }
}

/// All resources of a sandbox.
#[derive(Debug, Clone)]
pub(in crate::platform) struct Registry {
    /// Tenant id without the underscore.
    tenant: String,
    /// The global container.
    standard: Arc<Vec<Resource>>,
    /// The tenant container, oldest first.
    own: Vec<Resource>,
    /// Oldest first.
    descriptors: Vec<Document>,
    titles: Titles,
}

impl Registry {
    pub(in crate::platform) fn new(tenant: &str, standard: Arc<Vec<Resource>>, titles: Titles) -> Self {
        Self { tenant: tenant.to_owned(), standard, own: Vec::new(), descriptors: Vec::new(), titles }
    }

    /// The schema of an `$id`.
    pub(in crate::platform) fn schema(&self, id: &str) -> Option<&Resource> {
        self.find(id).filter(|resource| resource.kind == Kind::Schema)
    }

    /// A schema with all references followed.
    pub(in crate::platform) fn tree(&self, id: &str) -> Option<Document> {
        self.resolved(&self.schema(id)?.document).ok()
    }

    fn all(&self) -> impl Iterator<Item = &Resource> {
        self.standard.iter().chain(&self.own)
    }

    fn find(&self, id: &str) -> Option<&Resource> {
        self.all().find(|resource| resource.id() == id)
    }

    /// A resource by `$id` or `meta:altId`, in a container.
    fn look_up(&self, global: bool, kind: Kind, id: &str) -> Result<&Resource, XdmError> {
        let within: &[Resource] = if global { &self.standard } else { &self.own };
        within
            .iter()
            .find(|resource| {
                resource.kind == kind && (resource.id() == id || resource.text("meta:altId") == id)
            })
            .ok_or_else(|| kind.not_found(id))
    }

    fn stats(&self, stamp: &Stamp) -> Value {
        let count = |kind: Kind| self.own.iter().filter(|resource| resource.kind == kind).count();
        let unions = schemas::union_classes(self).len();
        let newest = |key: &str| {
            let moment = |resource: &&Resource| {
                resource.document.get("meta:registryMetadata").and_then(|data| data.get(key)?.as_u64())
            };
            let mut all: Vec<&Resource> = self.own.iter().collect();
            all.sort_by_key(|resource| std::cmp::Reverse(moment(resource)));
            all.into_iter().take(10).map(summary).collect::<Vec<Value>>()
        };
        let usage: Vec<Value> = self
            .all()
            .filter(|resource| resource.kind == Kind::Class)
            .filter_map(|class| {
                let schemas: Vec<Value> = self
                    .own
                    .iter()
                    .filter(|schema| schema.text("meta:class") == class.id() && !class.id().is_empty())
                    .map(summary)
                    .collect();
                let usage = json!({"$id": class.id(), "title": class.text("title"),
                    "numberOfSchemas": schemas.len(), "schemas": schemas});
                (!schemas.is_empty()).then_some(usage)
            })
            .collect();
        json!({
            "imsOrg": stamp.organization,
            "tenantId": self.tenant,
            "counts": {"schemas": count(Kind::Schema), "mixins": count(Kind::FieldGroup),
                "datatypes": count(Kind::DataType), "classes": count(Kind::Class), "unions": unions},
            "recentlyCreatedResources": newest("repo:createdDate"),
            "recentlyUpdatedResources": newest("repo:lastModifiedDate"),
            "classUsage": usage,
        })
    }

    /// A resource as it was asked for.
    fn shown(&self, resource: &Resource, lookup: &Lookup) -> Result<Value, XdmError> {
        let exact = resource.text("version");
        if lookup.version != "1" && lookup.version != exact {
            return Err(XdmError::new(
                406,
                0,
                "Not acceptable",
                format!("The version {} of {} is not available", lookup.version, resource.id()),
            ));
        }
        let mut document = match lookup.form {
            Form::Id => return Ok(summary(resource)),
            Form::Raw => resource.document.clone(),
            Form::Full => self.resolved(&resource.document)?,
        };
        if lookup.with_descriptors {
            let of_it = self.descriptors.iter().filter(|descriptor| {
                descriptor.get("xdm:sourceSchema").and_then(Value::as_str) == Some(resource.id())
            });
            document.insert("meta:descriptors".to_owned(), of_it.cloned().map(Value::Object).collect());
        }
        if lookup.without_text {
            resolve::without_text(&mut document);
        }
        Ok(Value::Object(document))
    }
}

/// A resource in short.
fn summary(resource: &Resource) -> Value {
    json!({"$id": resource.id(), "meta:altId": resource.text("meta:altId"),
        "version": resource.text("version"), "title": resource.text("title")})
}

pub(in crate::platform) fn serve(
    call: &Call,
    path: &[&str],
    tenant: &mut Tenant,
    stamp: &Stamp,
    page_size: usize,
) -> Result<Answer, XdmError> {
    let accept = call.header("accept");
    match path {
        ["stats"] if call.method == "GET" => Ok(Answer::ok(&tenant.registry.stats(stamp))),
        ["tenant", "descriptors", rest @ ..] => descriptors::serve(call, rest, tenant, stamp, page_size),
        ["tenant", "unions", rest @ ..] if call.method == "GET" => {
            schemas::unions(call, rest, &tenant.registry, page_size)
        }
        [container @ ("global" | "tenant"), kind, rest @ ..] => {
            let global = *container == "global";
            let unknown = || XdmError::new(404, 1016, "Resource not found", format!("There is no {kind}"));
            let kind = Kind::of(kind).ok_or_else(unknown)?;
            match (call.method.as_str(), rest) {
                ("GET", []) => {
                    let form = accept::listing(accept)?;
                    let registry = &tenant.registry;
                    let within: &[Resource] = if global { &registry.standard } else { &registry.own };
                    let found = within.iter().filter(|resource| resource.kind == kind);
                    let documents = found.map(|resource| resource.document.clone()).collect();
                    let page = list::page(documents, &call.parameters(), page_size, &call.path)?;
                    Ok(Answer::ok(&page.shown(form == Form::Id)))
                }
                ("GET", [id]) => {
                    let lookup = accept::lookup(accept)?;
                    let resource = tenant.registry.look_up(global, kind, id)?;
                    Ok(Answer::ok(&tenant.registry.shown(resource, &lookup)?))
                }
                (_, [] | [_]) if global || kind == Kind::Behavior => Err(XdmError::method_not_allowed()),
                ("POST", []) => write::create(call, kind, tenant, stamp),
                ("PUT", [id]) => write::replace(call, kind, id, tenant, stamp),
                ("PATCH", [id]) => write::patch(call, kind, id, tenant, stamp),
                ("DELETE", [id]) => write::delete(kind, id, tenant),
                (_, [] | [_]) => Err(XdmError::method_not_allowed()),
                _ => Err(XdmError::new(
                    404,
                    1016,
                    "Resource not found",
                    "There is nothing at this path; an $id in a path must be percent-encoded",
                )),
            }
        }
        _ => Err(XdmError::new(404, 1016, "Resource not found", "There is nothing at this path")),
    }
}
