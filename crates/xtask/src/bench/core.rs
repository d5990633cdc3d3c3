//! What the core can do: natively, by the `bench` example of its crate, and in the shipped wasm, by
//! `web/e2e/bench/core.mjs`, on the same documents. Both print one line of JSON.

use serde_json::Value;

use super::Row;
use crate::project::Project;
use crate::shell::Finished;
use crate::{shell, tools};

/// Messages a second and going to a moment, native beside wasm.
///
/// # Errors
/// Where one of the two fails.
pub fn rows(project: &Project) -> Result<Vec<Row>, String> {
    let mut native = project.command("cargo");
    native.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "replication",
        "--example",
        "bench",
    ]);
    let mut wasm = project.command("node");
    wasm.arg("web/e2e/bench/core.mjs");
    if let Some(browser) = tools::browser(project) {
        wasm.env("CHROMIUM", browser);
    }
    let native = figures(&shell::run(native, |_| {}))?;
    let wasm = figures(&shell::run(wasm, |_| {}))?;

    let mut rows = Vec::new();
    for (place, figures) in [("native", &native), ("wasm", &wasm)] {
        for (run, what) in [
            ("busy-leader", "one leader"),
            ("busy-leaderless", "leaderless"),
        ] {
            let per_s = number(&figures[run]["messages_per_s"])?;
            let what = format!("{place}, {what}: delivered messages");
            rows.push(Row::new(&what, format!("{per_s:.0}"), "a second"));
        }
        let long = &figures["long-run"];
        let records = number(&long["records"])?;
        let seeks = [("p50", &long["p50_ms"]), ("p99", &long["p99_ms"])];
        for (rank, ms) in seeks {
            let what = format!("{place}: seek {rank} in {records:.0} records");
            rows.push(Row::new(&what, format!("{:.2}", number(ms)?), "ms"));
        }
        let mebibytes = number(&long["checkpoint_bytes"])? / f64::from(1 << 20);
        let what = format!("{place}: its checkpoints, estimated");
        rows.push(Row::new(&what, format!("{mebibytes:.1}"), "MiB"));
    }
    for (run, what) in [
        ("busy-leader", "one leader"),
        ("busy-leaderless", "leaderless"),
    ] {
        let ratio = number(&native[run]["watched_over_alone"])?;
        let what = format!("native, {what}: with all monitors");
        rows.push(Row::new(&what, format!("{ratio:.2}"), "times as long"));
    }
    Ok(rows)
}

fn figures(finished: &Finished) -> Result<Value, String> {
    let line = finished.output.lines().last().filter(|_| finished.ok);
    line.and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| finished.output.clone())
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("no number: {value}"))
}
