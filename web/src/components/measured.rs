//! What was measured up to the cursor.

use replication::measure::{Latency, measure};
use yew::prelude::*;

use crate::desk::Desk;

/// A few numbers, each with its name.
pub fn measured(desk: &Desk) -> Html {
    let metrics = desk.with(|run, _| {
        let happened = &run.records()[..run.happened()];
        measure(happened, run.violations(), run.now())
    });
    let operations = &metrics.operations;
    let stale = format!("{} of {}", metrics.stale_reads, metrics.reads);
    html! {
        <section aria-labelledby="measured-title">
            <h2 id="measured-title">{ "Measured so far" }</h2>
            <dl class="measured">
                { pair("write p50 · p99", latency(metrics.write_latency_us), false) }
                { pair("read p50 · p99", latency(metrics.read_latency_us), false) }
                { pair("stale reads", stale, metrics.stale_reads > 0) }
                { pair("acked writes lost", metrics.acked_writes_lost.to_string(), metrics.acked_writes_lost > 0) }
                { pair("answered", operations.ok.to_string(), false) }
                { pair("refused", operations.refused.to_string(), false) }
                { pair("unknown", operations.unknown.to_string(), false) }
            </dl>
        </section>
    }
}

fn pair(name: &'static str, value: String, bad: bool) -> Html {
    html! { <div class={bad.then_some("bad")}><dt>{ name }</dt><dd>{ value }</dd></div> }
}

fn latency(latency: Option<Latency>) -> String {
    latency.map_or_else(
        || "–".to_owned(),
        |latency| format!("{} · {} ms", tenths(latency.p50), tenths(latency.p99)),
    )
}

/// Microseconds as milliseconds: whole from 10 on, else with a tenth.
fn tenths(us: u64) -> String {
    match us {
        10_000.. => ((us + 500) / 1000).to_string(),
        _ => format!("{}.{}", us / 1000, us % 1000 / 100),
    }
}
