//! What Adobe's pages allow in a mapping set, listed by hand, and every exported set held against it.

use crate::{MODELS, exported, settings};
use dataprep::expr::{self, ExprKind, Path, Segment};
use dataprep::{MAX_EXPRESSION, SourceType};
use serde_json::{Value, json};
use stripe_xdm_core::export::{self, Options};

/// The functions of Adobe's page "Data Prep mapping functions" that sources may call: without those for
/// destinations only.
const FUNCTIONS: &str = "concat explode instr replacestr substr lower lcase upper ucase split join lpad rpad \
    left right ltrim rtrim trim extract_regex matches_regex sha1 sha256 sha512 md5 crc32 get_url_protocol \
    get_url_host get_url_port get_url_path get_url_query_str get_url_encoded get_url_decoded now timestamp \
    format dformat date date_part set_date_part make_date_time zone_date_to_utc zone_date_to_zone is_empty \
    arrays_to_object to_object str_to_object contains_key nullify get_keys get_values map_get_values \
    map_has_keys add_to_map object_to_map array_to_map to_map coalesce first last add_to_array join_arrays \
    to_array size_of upsert_array_append upsert_array_replace decode iif min max to_bigint to_decimal \
    to_float to_integer json_to_object uuid guid fpid_to_ecid";

/// Methods that the page shows.
const METHODS: [&str; 3] = ["equals", "equalsIgnoreCase", "get"];

/// Words that stand for themselves only inside `${…}`, besides the names of functions.
const RESERVED: &str = "new mod or break var lt for false while eq gt div not null continue else and ne true \
    le if ge return _errors do function empty size";

#[test]
fn only_what_the_pages_show_is_used() {
    let all = settings(json!({"email_identity": true, "receipt_url": true, "livemode": true,
        "metadata_identity": {"key": "crm", "namespace": "CRMID"}, "order_metadata_key": "order"}));
    let functions: Vec<&str> = FUNCTIONS.split_whitespace().collect();
    let kept = RESERVED.split_whitespace().chain(functions.iter().copied());
    for (resource, _) in MODELS {
        for mapping in exported(resource, &all).mapping_set.mappings {
            let place = format!("{resource} {}: {}", mapping.destination, mapping.source);
            let paths = match mapping.source_type {
                SourceType::Static => Vec::new(),
                SourceType::Attribute => vec![Path::parse(&mapping.source).unwrap()],
                SourceType::Expression => {
                    assert!(mapping.source.chars().count() <= MAX_EXPRESSION, "{place}");
                    let parsed = expr::parse(&mapping.source).unwrap();
                    let _ = parsed.clone().rewrite(&mut |part| {
                        match &part.kind {
                            ExprKind::Call(name, _) => {
                                assert!(functions.contains(&name.as_str()), "{place}: {name}")
                            }
                            ExprKind::Method(_, name, _) => {
                                assert!(METHODS.contains(&name.as_str()), "{place}: {name}")
                            }
                            ExprKind::Binary(op, ..) => {
                                assert!(["+", "/", ">", ">=", "<", "*"].contains(&op.symbol()), "{place}");
                            }
                            ExprKind::Ternary(..)
                            | ExprKind::Elvis(..)
                            | ExprKind::Coalesce(..)
                            | ExprKind::Empty(_)
                            | ExprKind::Size(_)
                            | ExprKind::Range(..) => panic!("{place}"),
                            _ => {}
                        }
                        part
                    });
                    for name in kept.clone() {
                        assert!(!mapping.source.contains(&format!(".{name}.")), "{place}: {name}");
                        let ends = [" ", ",", ")", "["].map(|end| format!(".{name}{end}"));
                        assert!(!ends.iter().any(|text| mapping.source.contains(text)), "{place}: {name}");
                    }
                    parsed.paths().into_iter().cloned().collect()
                }
            };
            for path in paths {
                let odd =
                    |part: &Segment| matches!(part, Segment::EachValue | Segment::EachKey | Segment::Rest);
                assert_eq!(path.segments.first(), Some(&Segment::Name("data".to_owned())), "{place}");
                assert!(!path.segments.iter().any(odd), "{place}");
            }
            assert!(!mapping.destination.contains('{'), "{place}");
        }
    }
}

#[test]
fn the_document_has_only_adobes_members() {
    for (resource, _) in MODELS {
        let set = serde_json::to_value(exported(resource, &settings(json!({}))).mapping_set).unwrap();
        let known = ["name", "version", "inputSchema", "outputSchema", "mappings"];
        assert!(set.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{set}");
        for mapping in set["mappings"].as_array().unwrap() {
            let known = ["sourceType", "source", "destination", "name", "description"];
            assert!(
                mapping.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())),
                "{mapping}"
            );
            assert!(["ATTRIBUTE", "EXPRESSION", "STATIC"].map(Value::from).contains(&mapping["sourceType"]));
        }
    }
}

#[test]
fn what_the_pages_do_not_show_is_named_in_the_report() {
    for (resource, _) in MODELS {
        for line in exported(resource, &settings(json!({}))).report {
            let after = line.after.unwrap_or_default();
            let multiplies = after.contains(" * ");
            assert_eq!(multiplies, line.relies_on.iter().any(|what| what == "the operator *"), "{after}");
        }
    }
}

/// The page says how much of each model is left: it must be so.
#[test]
fn the_page_counts_right() {
    let page = include_str!("../../docs/export.md");
    for (resource, _) in MODELS {
        let counts = exported(resource, &settings(json!({}))).counts;
        let row = format!(
            "| {resource} | {} | {} | {} | {} |",
            counts.unchanged, counts.lowered, counts.approximated, counts.left_out
        );
        assert!(page.contains(&row), "docs/export.md should say: {row}");
    }
}

#[test]
fn the_set_names_its_schema() {
    let id = "https://ns.adobe.com/acme/schemas/1";
    let options = Options { schema: Some(id.to_owned()), ..Options::default() };
    let set = export::adobe("price", &settings(json!({})), &options).unwrap().mapping_set;
    assert_eq!(
        serde_json::to_value(set).unwrap()["outputSchema"],
        json!({"schemaRef": {"id": id, "contentType": "application/vnd.adobe.xed-full+json;version=1"}})
    );
}
