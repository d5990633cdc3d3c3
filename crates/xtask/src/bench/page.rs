//! What the page costs: until it shows something, in each frame, and for each moment of a long run.

use serde_json::Value;

use super::Row;
use crate::project::Project;
use crate::{shell, tools};

/// The median time from navigation to the first painted stage, by `web/e2e/bench/first-stage.mjs`; the rest,
/// by the browser's own trace, by `web/e2e/bench/frames.mjs`.
///
/// # Errors
/// Where one of the scripts fails.
pub fn rows(project: &Project) -> Result<Vec<Row>, String> {
    let mut rows = vec![first_stage(project)?];
    rows.extend(frames(project)?);
    Ok(rows)
}

fn first_stage(project: &Project) -> Result<Row, String> {
    const FIRST_STAGE: &str = "first stage painted, median of 5";
    let report = report(project, "web/e2e/bench/first-stage.mjs")?;
    let times = report["first_stage_ms"].as_array();
    let times = times.ok_or_else(|| format!("no times: {report}"))?;
    let mut times_ms: Vec<u64> = times.iter().filter_map(Value::as_u64).collect();
    times_ms.sort_unstable();
    Ok(match times_ms.get(times_ms.len() / 2) {
        Some(median_ms) => Row::new(FIRST_STAGE, median_ms, "ms"),
        None => Row::none(FIRST_STAGE, "no stage yet"),
    })
}

fn frames(project: &Project) -> Result<Vec<Row>, String> {
    let report = report(project, "web/e2e/bench/frames.mjs")?;
    let row = |what: &str, group: &str, field: &str, unit: &'static str| {
        let value = report[group][field].as_f64();
        let value = value.ok_or_else(|| format!("no {group}.{field}: {report}"))?;
        Ok(Row::new(what, value, unit))
    };
    [
        ("an empty page: a frame, p95", "bare", "frame_p95_ms", "ms"),
        (
            "an empty page that moves 200 chips: a frame, p95",
            "chips",
            "frame_p95_ms",
            "ms",
        ),
        (
            "12 replicas: messages on the wire",
            "crowded",
            "messages_on_the_wire",
            "",
        ),
        (
            "12 replicas: a frame of the main thread, p50",
            "crowded",
            "frame_p50_ms",
            "ms",
        ),
        (
            "12 replicas: a frame of the main thread, p95",
            "crowded",
            "frame_p95_ms",
            "ms",
        ),
        (
            "12 replicas: the main thread in a frame that is seen, p95",
            "crowded",
            "shown_p95_ms",
            "ms",
        ),
        (
            "12 replicas: main thread busy",
            "crowded",
            "busy_percent",
            "%",
        ),
        (
            "a dozen messages a second: a frame of the main thread, p95",
            "calm",
            "frame_p95_ms",
            "ms",
        ),
        (
            "a dozen messages a second: the main thread in a frame that is seen, p95",
            "calm",
            "shown_p95_ms",
            "ms",
        ),
        (
            "a dozen messages a second: busy",
            "calm",
            "busy_percent",
            "%",
        ),
        ("paused: main thread busy", "still", "busy_percent", "%"),
        (
            "100,000 records: seek and first paint, p50",
            "long",
            "painted_p50_ms",
            "ms",
        ),
        (
            "100,000 records: seek and first paint, p99",
            "long",
            "painted_p99_ms",
            "ms",
        ),
        (
            "the same with what comes after, p99",
            "long",
            "step_p99_ms",
            "ms",
        ),
        ("the same: WebAssembly memory", "long", "wasm_mib", "MiB"),
        (
            "grown by ten times to the end and back",
            "long",
            "wasm_grown_mib",
            "MiB",
        ),
        (
            "the same: the script heap grown",
            "long",
            "heap_grown_mib",
            "MiB",
        ),
        ("the same: DOM nodes grown", "long", "nodes_grown", ""),
    ]
    .into_iter()
    .map(|(what, group, field, unit)| row(what, group, field, unit))
    .collect()
}

/// What a script of the bench prints in its last line.
fn report(project: &Project, script: &str) -> Result<Value, String> {
    let mut command = project.command("node");
    command.arg(script);
    if let Some(browser) = tools::browser(project) {
        command.env("CHROMIUM", browser);
    }
    let finished = shell::run(command, |_| {});
    let line = finished.output.lines().last().filter(|_| finished.ok);
    line.and_then(|line| serde_json::from_str(line).ok())
        .ok_or(finished.output)
}
