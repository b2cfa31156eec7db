//! The reference pages of the models are current. They are made from the schemas that the models stand for:
//! `UPDATE_DOCS=1 cargo test -p stripe-xdm-core --test models_docs` writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use stripe_xdm_core::{ModelKind, Settings, schema};
use xdm::Behavior;

/// The tenant of the pages.
const TENANT: &str = "acme";

const REFRESH: &str = "<!-- Made from the models; to change this page, change those and run\n\
     UPDATE_DOCS=1 cargo test -p stripe-xdm-core --test models_docs -->\n\n";

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/models"))
}

/// Every page by the name of its file.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut index = String::from(REFRESH);
    index.push_str(
        "# The records\n\nWhat each dataset holds by default: type, constraints, data usage labels and source of \
         every field. The tenant\nid of these pages is `acme`, so that own fields lie below `_acme`. Users' mappings \
         change records and schemas alike:\n`stripe-xdm schema show` prints them as they then are.\n",
    );
    for (kind, title, text) in [
        (
            ModelKind::Standard,
            "Standard",
            "Classes and field groups: events, profiles and lookups, for Real-Time Customer Profile and all that \
             reads it.",
        ),
        (
            ModelKind::Relational,
            "Relational",
            "Rows of the current state (`--model relational`), for relational, also called model-based, schemas. \
             Derived\nfrom the standard models: the same fields at the root, with a key and a version.",
        ),
    ] {
        let library = schema::library(&Settings { model: kind, ..Settings::of_tenant(TENANT) }).unwrap();
        index.push_str(&format!("\n## {title}\n\n{text}\n\n| Page | Dataset | What | Fields |\n"));
        index.push_str("| --- | --- | --- | --- |\n");
        for schema in &library.schemas {
            let name = schema.name.trim_start_matches("stripe_").replace("relational_", "");
            let suffix = if kind == ModelKind::Relational { "_relational" } else { "" };
            let file = format!("{name}{suffix}.md");
            let page = xdm::render::markdown(&library, schema).unwrap();
            // Rows of identities and relationships begin with a pointer.
            let rows = page.lines().filter(|line| line.starts_with("| `") && !line.starts_with("| `/"));
            let what = match schema.behavior {
                Behavior::Record => "state",
                Behavior::TimeSeries => "events",
            };
            index.push_str(&format!(
                "| [{}]({file}) | `{}` | {what} | {} |\n",
                schema.title,
                schema.name,
                rows.count()
            ));
            let known = pages.insert(file, format!("{REFRESH}{page}"));
            assert!(known.is_none(), "two schemas have one page");
        }
    }
    pages.insert("README.md".to_owned(), index);
    pages
}

#[test]
fn the_pages_are_current() {
    let (directory, pages) = (directory(), pages());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        for (name, page) in &pages {
            fs::write(directory.join(name), page).unwrap();
        }
    }
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        found.insert(name, fs::read_to_string(&path).unwrap());
    }
    let names = |pages: &BTreeMap<String, String>| pages.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&pages), "run this test with UPDATE_DOCS=1");
    for (name, page) in &pages {
        assert!(found[name] == *page, "{name} is not current: run this test with UPDATE_DOCS=1");
    }
}
