//! A schema as a page of reference documentation.

use super::{Leaf, constraints, filled, kind, labels, leaves, sources};
use crate::definition::Behavior;
use crate::library::{Library, LibraryError};
use crate::schema::Schema;

/// A page in GitHub's Markdown: what the schema is, its identities and relationships, and a row for each leaf of
/// its records; those that nothing is written to come last.
///
/// # Errors
/// As [`Library::flat`].
pub fn markdown(library: &Library, schema: &Schema) -> Result<String, LibraryError> {
    let record = library.flat(schema)?;
    let mut page = format!("# {}\n\n", plain(&schema.title));
    if !schema.description.is_empty() {
        page.push_str(&format!("{}\n\n", plain(&schema.description)));
    }
    summary(&mut page, library, schema);
    identities(&mut page, schema);
    relationships(&mut page, library, schema);

    let (written, empty): (Vec<Leaf<'_>>, Vec<Leaf<'_>>) =
        leaves(&record).into_iter().partition(|leaf| filled(leaf.field));
    if written.is_empty() {
        fields(&mut page, "Fields", "", &empty);
        return Ok(page);
    }
    fields(&mut page, "Fields", "", &written);
    if !empty.is_empty() {
        let about = "They come with the class and field groups, and nothing is written to them.";
        fields(&mut page, "Fields that stay empty", about, &empty);
    }
    Ok(page)
}

/// Dataset, class, field groups, keys.
fn summary(page: &mut String, library: &Library, schema: &Schema) {
    let titled = |id: &str| match library.definition(id) {
        Some(definition) => format!("{} {}", plain(&definition.title), code(id)),
        None => code(id),
    };
    page.push_str("| | |\n| --- | --- |\n");
    let mut row = |name: &str, value: &str| page.push_str(&format!("| {name} | {value} |\n"));
    row("Dataset", &code(&schema.name));
    if let Some(class) = &schema.class {
        row("Class", &titled(class));
    }
    for (at, group) in schema.field_groups.iter().enumerate() {
        row(if at == 0 { "Field groups" } else { "" }, &titled(group));
    }
    let behavior = match schema.behavior {
        Behavior::Record => "record: the next one replaces it",
        Behavior::TimeSeries => "time series: something that happened, and never changes",
    };
    row("Behavior", behavior);
    if let Some(keys) = &schema.keys {
        let primary: Vec<String> = keys.primary.iter().map(|path| code(path)).collect();
        row("Primary key", &primary.join(", "));
        row("Version", &code(&keys.version));
        if let Some(timestamp) = &keys.timestamp {
            row("Timestamp", &code(timestamp));
        }
        if let Some(change) = &keys.change {
            row("Change column", &format!("{}: read, not stored", code(change)));
        }
    }
    row("Real-Time Customer Profile", if schema.profile { "yes" } else { "no" });
}

fn identities(page: &mut String, schema: &Schema) {
    if schema.identities.is_empty() && schema.map_namespaces.is_empty() {
        return;
    }
    page.push_str("\n## Identities\n\n| Field | Namespace | Primary |\n| --- | --- | --- |\n");
    for identity in &schema.identities {
        let primary = if identity.primary { "yes" } else { "" };
        page.push_str(&format!("| {} | {} | {primary} |\n", code(&identity.path), code(&identity.namespace)));
    }
    for namespace in &schema.map_namespaces {
        // Of the identities in a map each says itself whether it is the primary one.
        page.push_str(&format!("| `/identityMap` | {} | said in the record |\n", code(&namespace.code)));
    }
}

fn relationships(page: &mut String, library: &Library, schema: &Schema) {
    if schema.relationships.is_empty() {
        return;
    }
    page.push_str(
        "\n## Relationships\n\n| Field | Names a record of | By its field | Namespace | Cardinality |\n",
    );
    page.push_str("| --- | --- | --- | --- | --- |\n");
    for one in &schema.relationships {
        let other = match library.schema(&one.schema) {
            Some(other) => format!("{} {}", plain(&other.title), code(&one.schema)),
            None => code(&one.schema),
        };
        page.push_str(&format!(
            "| {} | {other} | {} | {} | {} |\n",
            code(&one.path),
            code(&one.field),
            one.namespace.as_deref().map(code).unwrap_or_default(),
            one.cardinality.as_deref().map(plain).unwrap_or_default(),
        ));
    }
}

fn fields(page: &mut String, title: &str, text: &str, leaves: &[Leaf<'_>]) {
    page.push_str(&format!("\n## {title}\n\n"));
    if !text.is_empty() {
        page.push_str(&format!("{text}\n\n"));
    }
    page.push_str("| Path | Type | Required | Constraints | Labels | Made from | Meaning |\n");
    page.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for leaf in leaves {
        let required = match (leaf.required, leaf.always) {
            (true, true) => "yes",
            (true, false) => "in its object",
            (false, _) => "",
        };
        let all = |texts: &[&str]| texts.iter().map(|text| code(text)).collect::<Vec<_>>().join("<br>");
        let restricted = constraints(leaf.field);
        page.push_str(&format!(
            "| {} | {} | {required} | {} | {} | {} | {} |\n",
            code(&leaf.path),
            code(&kind(leaf.field)),
            all(&restricted.iter().map(String::as_str).collect::<Vec<_>>()),
            labels(leaf.field).join(", "),
            all(&sources(leaf.field)),
            plain(&leaf.field.description),
        ));
    }
}

/// Text as code, in a cell or outside.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let one_line = text.replace(['\n', '\r'], " ");
    // Between backticks nothing can be escaped, and a cell ends at a bar even there.
    if !one_line.contains(['|', '`', '\\']) && one_line.trim() == one_line {
        return format!("`{one_line}`");
    }
    let mut out = String::from("<code>");
    for c in one_line.chars() {
        // Whatever GitHub reads as markup, mathematics included.
        if matches!(c, '&' | '<' | '>' | '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' | '!') {
            out.push_str(&format!("&#{};", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out.push_str("</code>");
    out
}

/// Text as text, in a cell or outside: nothing in it is markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '|' => out.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '&' | '~' | '$' => out.extend(['\\', c]),
            // Marks a heading, a quotation or a list where a line begins.
            '#' | '>' | '-' | '+' if out.is_empty() => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}
