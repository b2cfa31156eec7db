//! `Accept` headers: the registry answers nothing without the right one.

use super::error::XdmError;

/// How a resource is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `$id`, `meta:altId`, title and version.
    Id,
    /// As it is stored, `$ref` and `allOf` in place.
    Raw,
    /// All references followed.
    Full,
}

/// What a look-up asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lookup {
    pub(super) form: Form,
    /// Without titles and descriptions.
    pub(super) without_text: bool,
    /// With the descriptors of the schema.
    pub(super) with_descriptors: bool,
    /// `1`, or an exact version such as `1.3`.
    pub(super) version: String,
}

/// How a list of descriptors is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Descriptors {
    Ids,
    Links,
    Objects,
    /// Objects page by page.
    Paged,
}

/// Media type and version of an `Accept` value.
fn parts(accept: &str) -> (&str, Option<&str>) {
    let mut parts = accept.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    (media, parts.find_map(|part| part.strip_prefix("version=")))
}

fn invalid(code: u16, accept: Option<&str>, example: &str) -> XdmError {
    let message = format!(
        "The supplied Accept header is not valid: {} - A valid Accept value should look like {example}",
        accept.unwrap_or_default()
    );
    XdmError::new(400, code, "Accept header invalid", message)
}

/// Of a list of resources: no version.
pub(super) fn listing(accept: Option<&str>) -> Result<Form, XdmError> {
    match accept.map(parts) {
        Some(("application/vnd.adobe.xed-id+json", None)) => Ok(Form::Id),
        Some(("application/vnd.adobe.xed+json", None)) => Ok(Form::Raw),
        _ => Err(invalid(1006, accept, "application/vnd.adobe.{xed|xdm}+json")),
    }
}

/// Of one resource: a version is a must.
pub(super) fn lookup(accept: Option<&str>) -> Result<Lookup, XdmError> {
    const EXAMPLE: &str = "application/vnd.adobe.{xed|xdm}+json; version=1 (Version should be specified)";
    let refused = || invalid(1007, accept, EXAMPLE);
    let (media, version) = accept.map(parts).ok_or_else(refused)?;
    let version = version.ok_or_else(refused)?.to_owned();
    let (form, without_text, with_descriptors) = match media {
        "application/vnd.adobe.xed+json" | "application/vnd.adobe.xed-deprecatefield+json" => {
            (Form::Raw, false, false)
        }
        "application/vnd.adobe.xed-notext+json" => (Form::Raw, true, false),
        "application/vnd.adobe.xed-full+json" => (Form::Full, false, false),
        "application/vnd.adobe.xed-full-notext+json" => (Form::Full, true, false),
        "application/vnd.adobe.xed-full-desc+json" => (Form::Full, false, true),
        "application/vnd.adobe.xed-id+json" => (Form::Id, false, false),
        _ => return Err(refused()),
    };
    Ok(Lookup { form, without_text, with_descriptors, version })
}

/// Of descriptors.
pub(super) fn descriptors(accept: Option<&str>) -> Result<Descriptors, XdmError> {
    match accept.map(parts) {
        Some(("application/vnd.adobe.xdm-id+json", None)) => Ok(Descriptors::Ids),
        Some(("application/vnd.adobe.xdm-link+json", None)) => Ok(Descriptors::Links),
        Some(("application/vnd.adobe.xdm+json", None)) => Ok(Descriptors::Objects),
        Some(("application/vnd.adobe.xdm-v2+json", None)) => Ok(Descriptors::Paged),
        _ => Err(invalid(1008, accept, "application/vnd.adobe.xdm-id+json")),
    }
}

/// Of one descriptor: none is needed, but what is sent must fit.
pub(super) fn descriptor(accept: Option<&str>) -> Result<(), XdmError> {
    match accept.map(parts) {
        None | Some(("" | "*/*" | "application/json" | "application/vnd.adobe.xdm+json", None)) => Ok(()),
        _ => Err(invalid(1009, accept, "application/vnd.adobe.xdm+json")),
    }
}
