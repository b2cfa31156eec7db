//! `schema plan` and `schema apply` against a stand-in for Experience Platform: what is made, that it is made once,
//! whatever happens in between, and that nothing secret is ever said.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use stripe_xdm_sandbox::platform::{Faults, Logged, Options, Standard, Titles};
use stripe_xdm_tests::adobe::Adobe;
use stripe_xdm_tests::program::{Ended, Running, command, run};

/// What the tests ask of it.
trait Made {
    /// How often each thing was made, by what it is.
    fn made(&self) -> anyhow::Result<BTreeMap<String, u32>>;
    /// Nothing was made twice, and a plan finds nothing more to do.
    fn complete(&self, more: &[&str]) -> anyhow::Result<()>;
}

impl Made for Adobe {
    fn made(&self) -> anyhow::Result<BTreeMap<String, u32>> {
        let mut made = BTreeMap::new();
        for request in self.platform()?.requests().iter().filter(|request| request.changed) {
            if let Some(thing) = thing(request)? {
                *made.entry(thing).or_default() += 1;
            }
        }
        Ok(made)
    }

    fn complete(&self, more: &[&str]) -> anyhow::Result<()> {
        for (thing, times) in self.made()? {
            ensure!(times == 1, "{thing} was made {times} times");
        }
        let plan = self.run_schema("plan", more)?;
        ensure!(plan.code == Some(0), "{plan:?}: {}", String::from_utf8_lossy(&plan.stdout));
        Ok(())
    }
}

/// What a request made, told apart by content.
fn thing(request: &Logged) -> anyhow::Result<Option<String>> {
    if request.method != "POST" || request.path.starts_with("/ims/") {
        return Ok(None);
    }
    let body: Value = serde_json::from_str(&request.body)?;
    let key = |name: &str| body.get(name).map(Value::to_string).unwrap_or_default();
    let content = match request.path.rsplit('/').next() {
        Some("descriptors") => key("@type") + &key("xdm:sourceSchema") + &key("xdm:sourceProperty"),
        Some("identities") => key("code"),
        Some("dataSets") => key("name"),
        _ => key("title"),
    };
    Ok(Some(format!("{} {content}", request.path)))
}

fn document(ended: &Ended) -> anyhow::Result<Value> {
    serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))
}

fn write(path: &Path, value: &Value) -> anyhow::Result<String> {
    std::fs::write(path, value.to_string())?;
    Ok(path.display().to_string())
}

#[test]
fn everything_is_made_once_and_then_nothing_is_left_to_do() -> anyhow::Result<()> {
    // Short pages, so that every list has several; and the stricter of the rules about titles.
    let options = Options { page_size: 7, titles: Titles::DifferEverywhere, ..Options::default() };
    let adobe = Adobe::start(options)?;
    let plan = adobe.run_schema("plan", &[])?;
    ensure!(plan.code == Some(3), "{plan:?}");
    ensure!(adobe.platform()?.changes() == 0, "a plan wrote something");
    let applied = adobe.apply(&[])?;
    ensure!(applied.code == Some(0), "{}", applied.stderr);
    let made = adobe.made()?;
    for (place, at_least) in [
        ("/identities ", 6),
        ("/datatypes ", 17),
        ("/fieldgroups ", 13),
        ("/schemas ", 14),
        ("/dataSets ", 14),
    ] {
        let count = made.keys().filter(|thing| thing.contains(place)).count();
        ensure!(count >= at_least, "{count} of {place}");
    }
    for kind in ["Identity", "ReferenceIdentity", "OneToOne", "Label"] {
        ensure!(made.keys().any(|thing| thing.contains(&format!("xdm:descriptor{kind}"))), "no {kind}");
    }

    let before = adobe.platform()?.changes();
    let again = adobe.apply(&[])?;
    ensure!(again.code == Some(0), "{}", again.stderr);
    ensure!(adobe.platform()?.changes() == before, "the second run wrote something");
    adobe.complete(&[])
}

/// A model of the user's that adds one field of a type.
fn extra(kind: &str) -> Value {
    json!({ "resource": "charge", "variant": "event", "mappingSet": { "mappings": [
        { "sourceType": "ATTRIBUTE", "source": "metadata.channel", "destination": "_{TENANT_ID}.shop.channel",
          "type": kind, "labels": ["I2"] },
    ] } })
}

#[test]
fn a_new_field_is_added_and_another_type_is_refused() -> anyhow::Result<()> {
    let adobe = Adobe::start(Options::default())?;
    ensure!(adobe.apply(&[])?.code == Some(0));
    let dir = tempfile::tempdir()?;
    let text = write(&dir.path().join("text.json"), &extra("string"))?;
    let with_field = ["--mapping", text.as_str()];

    let before = adobe.platform()?.changes();
    let plan = adobe.run_schema("plan", &with_field)?;
    ensure!(plan.code == Some(3), "{plan:?}");
    ensure!(String::from_utf8_lossy(&plan.stdout).contains("+ _acme.shop object"), "{plan:?}");
    ensure!(adobe.apply(&with_field)?.code == Some(0));
    let requests = adobe.platform()?.requests();
    let changes: Vec<_> = requests.iter().filter(|request| request.changed).skip(before).collect();
    // The field, and its label.
    ensure!(changes.len() == 2 && changes[0].method == "PATCH", "{changes:?}");
    adobe.complete(&with_field)?;
    // What others have added is no difference.
    adobe.complete(&[])?;

    let before = adobe.platform()?.changes();
    let number = write(&dir.path().join("number.json"), &extra("number"))?;
    for what in ["plan", "apply"] {
        let mut args = vec!["--mapping", number.as_str()];
        args.extend((what == "apply").then_some("--yes"));
        let refused = adobe.run_schema(what, &args)?;
        ensure!(refused.code == Some(2), "{refused:?}");
        let said = format!("{}{}", String::from_utf8_lossy(&refused.stdout), refused.stderr);
        ensure!(
            said.contains("_acme.shop.channel: it is string in the tenant, ours would be number"),
            "{said}"
        );
    }
    ensure!(adobe.platform()?.changes() == before, "a refused plan wrote something");
    Ok(())
}

#[test]
fn killed_at_any_moment_the_next_run_completes_it() -> anyhow::Result<()> {
    let adobe = Adobe::start(Options::default())?;
    let mut kills = 0;
    loop {
        let enough = adobe.platform()?.changes() + 9;
        let command = adobe.schema("apply", &["--yes"])?;
        let mut running = Running::start(command, Duration::from_secs(60))?;
        let platform = adobe.platform()?;
        if running.look(|| Ok(platform.changes() >= enough))? {
            let ended = running.end()?;
            ensure!(ended.code == Some(0), "{}", ended.stderr);
            break;
        }
        running.kill()?;
        kills += 1;
    }
    ensure!(kills > 10, "it was only killed {kills} times");
    adobe.complete(&[])
}

#[test]
fn trouble_on_the_way_makes_nothing_twice() -> anyhow::Result<()> {
    for faults in [
        "POST /data:close-after@5, PATCH /data:close-after@1, POST /data:close-afterevery61",
        "POST /data:truncate-after@1, POST /data:truncate-afterevery70",
        "POST /data:after500@30, POST /data:503@31, POST /data:html502@90, POST /data:empty500@120",
        "/data:closeevery149, POST /data:retry-after:0s@40",
        "GET /data:500@3, GET /data:html503@9, GET /data:empty502@17, POST /ims:500@1",
    ] {
        let adobe = Adobe::start(Options { faults: faults.parse()?, ..Options::default() })?;
        let ended = adobe.apply(&["--profile"])?;
        ensure!(ended.code == Some(0), "{faults}: {}", ended.stderr);
        adobe.platform()?.set_faults(Faults::none());
        adobe.complete(&["--profile"])?;
    }
    Ok(())
}

#[test]
fn profile_is_enabled_on_request_only() -> anyhow::Result<()> {
    let adobe = Adobe::start(Options::default())?;
    ensure!(adobe.apply(&[])?.code == Some(0));
    let union = |adobe: &Adobe| -> anyhow::Result<usize> {
        let requests = adobe.platform()?.requests();
        Ok(requests.iter().filter(|request| request.changed && request.body.contains("union")).count())
    };
    ensure!(union(&adobe)? == 0);
    let enabled = adobe.apply(&["--profile"])?;
    ensure!(enabled.code == Some(0), "{}", enabled.stderr);
    ensure!(enabled.stderr.contains("cannot be undone"), "{}", enabled.stderr);
    ensure!(union(&adobe)? > 0);
    let requests = adobe.platform()?.requests();
    ensure!(requests.iter().any(|request| request.body.contains("unifiedProfile")), "no dataset was enabled");
    ensure!(!requests.iter().any(|request| request.body.contains("isUpsert")), "upserts were enabled");
    adobe.complete(&["--profile"])
}

#[test]
fn tokens_are_reused_and_renewed() -> anyhow::Result<()> {
    let adobe = Adobe::start(Options { token_requests: Some(40), ..Options::default() })?;
    let ended = adobe.apply(&[])?;
    ensure!(ended.code == Some(0), "{}", ended.stderr);
    let minted = adobe.platform()?.tokens_minted();
    let asked = adobe.platform()?.requests().len() as u64;
    ensure!(minted > 2 && minted < asked / 20, "{minted} tokens for {asked} requests");

    let adobe = Adobe::start(Options::default())?;
    let home = tempfile::tempdir()?;
    for _ in 0..2 {
        let mut command = adobe.schema("plan", &[])?;
        command.env("XDG_CACHE_HOME", home.path());
        ensure!(run(command)?.code == Some(3));
    }
    ensure!(adobe.platform()?.tokens_minted() == 1, "the second run asked for a token of its own");
    let tokens: Vec<_> = std::fs::read_dir(home.path().join("stripe-xdm"))?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("token-"))
        .collect();
    ensure!(tokens.len() == 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = tokens[0].metadata()?.permissions().mode();
        ensure!(mode & 0o077 == 0, "others can read the token: {mode:o}");
    }
    Ok(())
}

#[test]
fn refusals_say_what_to_do() -> anyhow::Result<()> {
    let adobe = Adobe::start(Options::default())?;
    let failed = |command: Command, words: &[&str]| -> anyhow::Result<()> {
        let ended = run(command)?;
        adobe.nothing_secret(&ended)?;
        ensure!(ended.code == Some(1), "{ended:?}");
        for word in words {
            ensure!(ended.stderr.contains(word), "no {word} in {}", ended.stderr);
        }
        Ok(())
    };
    let mut wrong = adobe.schema("plan", &[])?;
    wrong.env("STRIPE_XDM_CLIENT_SECRET", "p8e-of-somebody-else");
    failed(wrong, &["invalid_client", "client secret", "Developer Console"])?;
    failed(adobe.schema("plan", &["--tenant", "other"])?, &["tenant id is acme", "--org"])?;
    let mut nobody = adobe.schema("plan", &[])?;
    nobody.env_remove("STRIPE_XDM_CLIENT_SECRET");
    failed(nobody, &["STRIPE_XDM_CLIENT_SECRET"])?;
    failed(adobe.schema("plan", &["--scopes", "nothing_known"])?, &["--scopes"])?;
    failed(adobe.schema("apply", &[])?, &["--yes"])?;

    for (fault, words) in [
        ("/data/foundation/schemaregistry:403every1", ["403025", "--org"]),
        ("/data/foundation/schemaregistry:html401every1", ["401", "client secret"]),
        ("/data/foundation/schemaregistry:empty403every1", ["the body is empty", "Manage Schemas"]),
        ("GET /data/foundation/catalog:html500every1", ["no usable answer", "text/html"]),
        ("POST /ims:429every1", ["429", "run the same command again"]),
    ] {
        let adobe = Adobe::start(Options { faults: fault.parse()?, ..Options::default() })?;
        let ended = adobe.run_schema("plan", &[])?;
        ensure!(ended.code == Some(1), "{fault}: {ended:?}");
        for word in words {
            ensure!(ended.stderr.contains(word), "{fault}: no {word} in {}", ended.stderr);
        }
    }
    Ok(())
}

#[test]
fn without_a_field_group_all_its_fields_have_twins() -> anyhow::Result<()> {
    let standard = Standard::adobe().without("https://ns.adobe.com/xdm/context/experienceevent-commerce");
    let adobe = Adobe::start(Options { standard, ..Options::default() })?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("twins.json").display().to_string();
    // Among them is `productListItems[*]._id`, a name that only Adobe may give.
    let applied = adobe.apply(&["--twins", &file])?;
    ensure!(applied.code == Some(0), "{}", applied.stderr);
    adobe.complete(&["--mapping", &file])
}

#[test]
fn without_a_class_nothing_is_made_and_only_the_class_is_told() -> anyhow::Result<()> {
    let standard = Standard::adobe().without("https://ns.adobe.com/xdm/classes/product");
    let adobe = Adobe::start(Options { standard, ..Options::default() })?;
    let plan = adobe.run_schema("plan", &["--json"])?;
    ensure!(plan.code == Some(2), "{plan:?}");
    let plan = document(&plan)?;
    ensure!(plan["refusals"] == 1 && plan["twins"] == json!([]), "{plan}");
    ensure!(adobe.platform()?.changes() == 0, "a plan wrote something");
    Ok(())
}

#[test]
fn what_the_tenants_copy_of_adobes_schemas_lacks_goes_to_twins() -> anyhow::Result<()> {
    const COMMERCE: &str = "https://ns.adobe.com/xdm/context/experienceevent-commerce";
    let standard = Standard::adobe().without_field(COMMERCE, "commerce/order/refunds");
    let adobe = Adobe::start(Options { standard, ..Options::default() })?;
    let plan = adobe.run_schema("plan", &["--json"])?;
    ensure!(plan.code == Some(3), "{plan:?}");
    let twins = document(&plan)?["twins"].clone();
    let fields: Vec<_> = twins.as_array().into_iter().flatten().map(|twin| twin["field"].clone()).collect();
    ensure!(fields.contains(&json!("commerce.order.refunds[0].refundAmount")), "{twins}");

    let unsaid = adobe.apply(&[])?;
    ensure!(unsaid.code == Some(1) && unsaid.stderr.contains("--twins"), "{unsaid:?}");
    ensure!(adobe.platform()?.changes() == 0);
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("twins.json").display().to_string();
    let applied = adobe.apply(&["--twins", &file])?;
    ensure!(applied.code == Some(0), "{}", applied.stderr);
    adobe.complete(&["--mapping", &file])?;

    // The records go where the schema now has the fields.
    let mut transform = command()?;
    transform.args([
        "transform",
        "--tenant",
        "acme",
        "--account",
        "acct_1",
        "--records-only",
        "--mapping",
        &file,
    ]);
    transform.arg(stripe_xdm_tests::built::root().join("crates/core/tests/data/samples/refund.json"));
    let ended = run(transform)?;
    let record = document(&ended)?;
    let order = |order: &Value| order["order"]["refunds"][0]["refundAmount"].clone();
    ensure!(order(&record["_acme"]["stripe"]["standard"]["commerce"]) == json!(10.0), "{record}");
    ensure!(order(&record["commerce"]).is_null(), "{record}");
    Ok(())
}
