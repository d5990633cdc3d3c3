//! How long the page takes to show something.

use serde_json::Value;

use super::Row;
use crate::project::Project;
use crate::{shell, tools};

/// The median time from navigation to the first painted stage, by `web/e2e/bench/first-stage.mjs`.
///
/// # Errors
/// Where the script fails.
pub fn rows(project: &Project) -> Result<Vec<Row>, String> {
    const FIRST_STAGE: &str = "first stage painted, median of 5";
    let mut command = project.command("node");
    command.arg("web/e2e/bench/first-stage.mjs");
    if let Some(browser) = tools::browser(project) {
        command.env("CHROMIUM", browser);
    }
    let finished = shell::run(command, |_| {});
    let report: Option<Value> = finished
        .output
        .lines()
        .last()
        .filter(|_| finished.ok)
        .and_then(|line| serde_json::from_str(line).ok());
    let mut times_ms: Vec<u64> = report
        .as_ref()
        .and_then(|report| report["first_stage_ms"].as_array())
        .ok_or(finished.output)?
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    times_ms.sort_unstable();
    Ok(vec![match times_ms.get(times_ms.len() / 2) {
        Some(median_ms) => Row::new(FIRST_STAGE, median_ms, "ms"),
        None => Row::none(FIRST_STAGE, "no stage yet"),
    }])
}
