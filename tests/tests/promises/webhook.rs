//! Webhook endpoints of the npm package, and its examples in their runtimes, against the stand-ins for Stripe and
//! Experience Platform: what is sent twice is in its dataset once. What is asserted is in `tests/package/webhook`.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;
use stripe_xdm::platform::{Config, Destined, Platform, Purpose, Secret};
use stripe_xdm_sandbox::platform::{Faults, Options};
use stripe_xdm_sandbox::{Account, Resource, Size};
use stripe_xdm_tests::adobe::{Adobe, SANDBOX};
use stripe_xdm_tests::built::root;
use stripe_xdm_tests::foreign::{self, Foreign};
use stripe_xdm_tests::stand_in::{KEY, StandIn, past};

const SCOPES: &str = "openid";

/// Makes inlet and flows of some datasets, and tells what `aepStreaming` is told of them.
async fn ways(adobe: &Adobe) -> anyhow::Result<Value> {
    let served = adobe.platform()?;
    let (organization, client) = (served.organization(), served.client());
    let platform = Platform::new(Config {
        platform: served.base_url().to_owned(),
        ims: served.base_url().to_owned(),
        org: organization.id.clone(),
        sandbox: SANDBOX.to_owned(),
        client_id: client.id.clone(),
        secret: Secret::new(&client.secret)?,
        scopes: SCOPES.to_owned(),
    })?;
    let mut aep = json!({
        "org": organization.id, "sandbox": SANDBOX, "clientId": client.id, "clientSecret": client.secret,
        "scopes": SCOPES, "ims": served.base_url(),
    });
    for dataset in ["stripe_charge_events", "stripe_customers"] {
        let (dataset_id, _) = platform.named_datasets(dataset).await?.pop().context("a dataset")?;
        let schema = platform.schema_of_dataset(&dataset_id).await?.context("a schema")?;
        let destined = Destined { dataset, dataset_id: &dataset_id, schema: &schema };
        let stream = platform.stream(Purpose::Records, destined, &|_| {}).await?;
        aep["inlet"] = json!(format!("{}/collection/{}", served.base_url(), stream.inlet.id));
        aep["datasets"][dataset] =
            json!({ "datasetId": dataset_id, "schemaId": schema, "flowId": stream.flow });
    }
    Ok(aep)
}

#[test]
fn endpoints_in_javascript_bring_events_into_their_datasets() -> anyhow::Result<()> {
    let adobe = Adobe::start(Options::default())?;
    let applied = adobe.apply(&[])?;
    ensure!(applied.code == Some(0), "{applied:?}");
    let aep = tokio::runtime::Runtime::new()?.block_on(ways(&adobe))?;
    let platform = adobe.platform()?;
    // The inlet is open, and refuses its second message for now.
    platform.advance(Duration::from_secs(600));
    platform.set_faults("/collection/batch:entry503@2".parse::<Faults>()?);

    let size = Size { charges: 5, customers: 5, ..Size::demo() };
    let account = Account::seeded(7, past(size)).with_deleted_customer("cus_gone");
    let first = |resource| account.listable_ids(resource).first().map(|id| (*id).to_owned());
    let (customer, charge) = (first(Resource::Customers), first(Resource::Charges));
    let stand_in = StandIn::start(account, "")?;
    let stripe = json!({
        "url": stand_in.sandbox()?.base_url(), "key": KEY, "livemode": true, "customer": customer,
        "charge": charge, "gone": "cus_gone",
    });
    let foreign = Foreign::localstripe()?;
    let localstripe = json!({ "url": foreign.base(), "key": foreign::KEY });
    let scene = json!({ "stripe": stripe, "localstripe": localstripe, "aep": aep });
    let mut node = Command::new("node");
    node.args(["--test", "webhook/scene.test.mjs"]).current_dir(root().join("tests/package"));
    let ended = node.env("SCENE", scene.to_string()).output().context("node must be on the PATH")?;
    let said = String::from_utf8_lossy(&ended.stdout);
    ensure!(
        ended.status.success(),
        "{said}{}\nIs the package built (`cargo xtask pkg`), and are its tests' packages installed \
         (`npm ci --ignore-scripts` in tests/package)?",
        String::from_utf8_lossy(&ended.stderr)
    );
    Ok(())
}
