//! The mapping set of Adobe's own Stripe tutorial runs here unchanged.

use dataprep::{CompileOptions, MappingSet, Plan, Run};
use serde_json::{Value, json};
use stripe_xdm_core::import;

fn data(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn run(set: &MappingSet, record: &str) -> Value {
    let plan = Plan::compile(set, CompileOptions::default()).unwrap();
    let (mut run, mut out) = (Run::default(), Vec::new());
    plan.run(&mut run, record, &[], &(), &mut out).unwrap();
    assert_eq!(run.warnings, []);
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn the_tutorials_set_maps_a_charge_wrapped_or_not() {
    let imported = import::mapping_set(&data("adobe-tutorial-charges.mapping-set.json")).unwrap();
    assert_eq!(imported.problems, Vec::<String>::new());
    assert_eq!((imported.sources_prefix, imported.set.mappings.len()), (Some("data"), 36));

    let charge = data("samples/charge.json");
    let bare = run(&imported.over_objects(), &charge);
    let wrapped = run(&imported.set, &format!(r#"{{"data":{charge}}}"#));
    assert_eq!(bare, wrapped);

    let made = &bare["_acme"]["charges_data"];
    assert_eq!(made["id"], "ch_3MmlLrLkdIwHu7ix0snN0B15");
    // Raw values: seconds and minor units, as the tutorial maps them.
    assert_eq!((&made["created"], &made["amount"]), (&json!(1_679_090_539), &json!(1099)));
    // The parent brings what no mapping of its own names; the children are there once.
    assert_eq!(made["payment_method_details"]["card"]["last4"], "4242");
    assert_eq!(made["payment_method_details"]["type"], "card");
    assert_eq!(made["outcome"]["risk_level"], "normal");
    // Nothing empty, though the charge is full of nulls.
    assert_eq!(made.get("customer"), None);
}

#[test]
fn an_exported_set_comes_back_as_it_was() {
    let settings = serde_json::from_value(json!({"tenant": "acme", "account": "acct_1"})).unwrap();
    let exported =
        stripe_xdm_core::export::adobe("charge", &settings, &stripe_xdm_core::export::Options::default())
            .unwrap();
    let text = serde_json::to_string(&exported.mapping_set).unwrap();
    let imported = import::mapping_set(&text).unwrap();
    assert_eq!(imported.problems, Vec::<String>::new());
    assert_eq!(imported.set, exported.mapping_set);
    assert_eq!(imported.sources_prefix, Some("data"));
}
