//! The module does not become more expensive unnoticed.

use anyhow::{Context, ensure};
use stripe_xdm_tests::fuel::{HOW, Recorded, measure};

/// Growth that is let pass, in percent of the recorded number.
const TOLERANCE: f64 = 2.0;

#[test]
fn no_sample_costs_more_than_was_recorded() -> anyhow::Result<()> {
    let (recorded, measured) = (Recorded::read()?.fuel, measure()?);
    let mut grown = Vec::new();
    for (name, now) in &measured {
        let then = recorded.get(name).with_context(|| format!("{name} is not recorded; run `{HOW}`"))?;
        let percent = 100.0 * (*now as f64 / *then as f64 - 1.0);
        println!("{name}: {then} recorded, {now} now ({percent:+.2} %)");
        if percent > TOLERANCE {
            grown.push(format!("{name} from {then} to {now} ({percent:+.2} %)"));
        }
        if percent < -TOLERANCE {
            println!("{name} costs less than recorded; `{HOW}` keeps the gain");
        }
    }
    ensure!(recorded.len() == measured.len(), "other samples are recorded than measured; run `{HOW}`");
    ensure!(
        grown.is_empty(),
        "the module needs more fuel than recorded: {}. If that is meant, run `{HOW}` and commit tests/fuel.json",
        grown.join(", ")
    );
    Ok(())
}
