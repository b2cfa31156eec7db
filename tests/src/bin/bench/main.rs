//! The benchmark: what one object costs on every path, against two yardsticks that are not ours (parsing
//! and printing the same bytes with serde_json, and a mapping written by hand in JavaScript).
//!
//! Rounds are interleaved (A B C A B C …), so that what else the machine does falls on every path alike;
//! the least and the median of a path's rounds are shown.

mod deliver;
mod paths;
mod serve;
mod sync;
mod table;

use clap::Parser;
use paths::{Path, V8};
use std::time::Duration;
use stripe_xdm_core::RESOURCES;
use stripe_xdm_tests::corpus::{self, SETTINGS};
use stripe_xdm_tests::{built, expressions, fuel};
use table::Row;

#[derive(Debug, Parser)]
#[command(about = "What one object costs on every path")]
struct Arguments {
    /// How often each path is measured
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How long one measurement lasts, in milliseconds
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    measure: u64,
    /// Measure fuel alone and write it to tests/fuel.json
    #[arg(long)]
    record_fuel: bool,
    /// Measure whole syncs instead: speed, requests and memory
    #[arg(long)]
    sync: bool,
    /// Measure deliveries to Experience Platform instead: speed and memory
    #[arg(long, conflicts_with = "sync")]
    deliver: bool,
    /// Measure webhooks instead: how many are taken, and how soon they are answered
    #[arg(long, conflicts_with_all = ["sync", "deliver"])]
    serve: bool,
    /// Be the stand-in for Experience Platform of such a measurement
    #[arg(long, hide = true)]
    platform_stand_in: Option<u64>,
    /// Be the stand-in of a sync's measurement
    #[arg(long, hide = true)]
    stand_in: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(scene) = &arguments.stand_in {
        return sync::stand_in(scene);
    }
    if let Some(seed) = arguments.platform_stand_in {
        return deliver::stand_in(seed);
    }
    if arguments.deliver {
        return deliver::run(arguments.rounds.min(5));
    }
    if arguments.serve {
        return serve::run(arguments.rounds.min(3));
    }
    if arguments.sync {
        return sync::run(arguments.rounds.min(5));
    }
    let fuel = fuel::measure()?;
    if arguments.record_fuel {
        fuel::Recorded::write(fuel.clone())?;
        println!("{}", table::fuel(&fuel));
        println!("written to tests/fuel.json");
        return Ok(());
    }
    let module = built::module()?;
    println!("module {}", module.sha256());
    println!("each path {} rounds of about {} ms, interleaved\n", arguments.rounds, arguments.measure);

    let charge = corpus::compact("charge")?;
    let record = paths::native_record(SETTINGS, &charge)?;
    let forty = expressions::record()?;
    let v8 = V8::start(&charge, &record, &forty)?;
    let mut all = vec![
        Path::value("serde_json::Value, parse and print", &charge),
        Path::native("native core", SETTINGS, &charge)?,
        Path::wasmtime("wasmtime, batches of 100", &module, SETTINGS, &charge)?,
    ];
    all.extend(v8.paths());
    println!("the sample charge, {} bytes, default model", charge.len());
    println!("{}\n", table::against(&measure(&mut all, &arguments)?, &[0, 1]));
    drop(all);

    let without = corpus::without_check()?;
    let mut all = [
        Path::native("native, without check", &without, &charge)?,
        Path::native("native, with check", SETTINGS, &charge)?,
    ];
    println!("the same charge, its record checked against its schema or not");
    println!("{}", table::against(&measure(&mut all, &arguments)?, &[0]));
    let mut all = [
        Path::wasmtime("wasmtime, without check", &module, &without, &charge)?,
        Path::wasmtime("wasmtime, with check", &module, SETTINGS, &charge)?,
    ];
    println!("{}\n", table::against(&measure(&mut all, &arguments)?, &[0]));
    drop(all);

    let settings = expressions::settings()?;
    let mut all = [
        Path::jaq("jaq, native", &forty)?,
        v8.path("expressions", "V8, by hand"),
        Path::native("native core", &settings, &forty)?,
        Path::wasmtime("wasmtime, batches of 100", &module, &settings, &forty)?,
    ];
    println!("forty mixed expressions over a record of {} bytes, text to text", forty.len());
    println!("{}\n", table::against(&measure(&mut all, &arguments)?, &[0, 1]));
    drop(all);

    let mut rows = Vec::new();
    for resource in RESOURCES {
        let text = corpus::compact(resource)?;
        let mut pair =
            [Path::native(resource, SETTINGS, &text)?, Path::wasmtime(resource, &module, SETTINGS, &text)?];
        rows.push((text.len(), measure(&mut pair, &arguments)?, fuel.get(resource).copied()));
    }
    println!("each resource's sample, native and in wasmtime");
    println!("{}", table::resources(&rows));
    Ok(())
}

/// Measures paths in turns.
fn measure(paths: &mut [Path], arguments: &Arguments) -> anyhow::Result<Vec<Row>> {
    let length = Duration::from_millis(arguments.measure);
    let mut times = Vec::new();
    for path in &mut *paths {
        times.push(path.calibrate(length)?);
    }
    let mut samples = vec![Vec::new(); paths.len()];
    for _ in 0..arguments.rounds {
        for ((path, times), samples) in paths.iter_mut().zip(&times).zip(&mut samples) {
            samples.push(path.run(*times)?);
        }
    }
    Ok(paths.iter().zip(samples).map(|(path, samples)| Row::new(path.name(), samples)).collect())
}
