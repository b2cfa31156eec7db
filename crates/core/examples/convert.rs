//! Converts the Stripe objects of one file (one a line) and prints their records.
//!
//! `cargo run -p stripe-xdm-core --example convert -- objects.jsonl`

use std::error::Error;
use stripe_xdm_core::{Call, Output, Transformer};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("name a file with one Stripe object a line")?;
    let mut transformer = Transformer::open_json(br#"{"tenant":"acme","account":"acct_1M2JTkLkdIwHu7ix"}"#)?;
    let mut output = Output::default();
    for line in std::fs::read_to_string(file)?.lines() {
        output.clear();
        match transformer.transform(&Call::default(), line.as_bytes(), &mut output) {
            Ok(_) => {
                for record in &output.records {
                    println!("{}", String::from_utf8_lossy(&output.bytes[record.span.clone()]));
                }
                for warning in &output.warnings {
                    eprintln!("{} {}: {}", warning.code, warning.path, warning.message);
                }
                for path in &output.unmapped {
                    eprintln!("not mapped: {path}");
                }
            }
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}
