//! What is called from outside: by a worker, which is the same core in the same binary, by tests and by the bench.

use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::fixes;
use replication::ordered::sort_by_key;
use replication::run::{self, Run};
use replication::scenario::{Scenario, limits};
use replication::trace;
use wasm_bindgen::prelude::*;

use crate::platform;

/// The fingerprint of a run to its end.
///
/// # Errors
/// Where the scenario or the seed is refused: why.
#[wasm_bindgen]
pub fn fingerprint(document: &str, seed: f64) -> Result<String, JsValue> {
    let run = to_its_end(document, seed)?;
    Ok(trace::fingerprint(run.records()))
}

/// Runs a scenario to its end, and says what that gave, as JSON: what the page's worker is for.
///
/// # Errors
/// As [`fingerprint`].
#[wasm_bindgen]
pub fn trial(document: &str, seed: f64) -> Result<String, JsValue> {
    let (scenario, seed) = read(document, seed)?;
    let trial = fixes::trial(&Arc::new(scenario), seed);
    Ok(serde_json::to_string(&trial).expect("plain data can be written"))
}

/// Runs a scenario to its end, and says how many messages a second were delivered, tracing on.
///
/// # Errors
/// As [`fingerprint`].
#[wasm_bindgen]
pub fn bench_messages(document: &str, seed: f64) -> Result<JsValue, JsValue> {
    let began_ms = platform::now_ms();
    let run = to_its_end(document, seed)?;
    let ms = platform::now_ms() - began_ms;
    let delivered = run
        .records()
        .iter()
        .filter(|record| record.kind == trace::Kind::Delivered)
        .count();
    let per_s = delivered as f64 * 1000.0 / ms.max(0.001);
    Ok(object(&[
        ("delivered", delivered as f64),
        ("ms", ms),
        ("per_s", per_s),
    ]))
}

/// How long it takes to go to a moment of a whole run, at so many moments spread over it.
///
/// # Errors
/// As [`fingerprint`].
#[wasm_bindgen]
pub fn bench_seek(document: &str, seed: f64, seeks: u32) -> Result<JsValue, JsValue> {
    let mut run = to_its_end(document, seed)?;
    let end = run.now().0;
    let mut times_ms: Vec<f64> = Vec::new();
    for number in 0..seeks.max(1) {
        // Multiples of the golden ratio: spread evenly, in no order, and the same each time.
        let share = (f64::from(number) * 0.618_033_988_749_895).fract();
        let began_ms = platform::now_ms();
        run.seek(SimTime((end as f64 * share) as u64));
        times_ms.push(platform::now_ms() - began_ms);
    }
    // No time is negative, so that they are in the order of their bits.
    sort_by_key(&mut times_ms, |ms| (0, ms.to_bits()));
    let rank =
        |percent: usize| times_ms[(times_ms.len() * percent).div_ceil(100).saturating_sub(1)];
    Ok(object(&[
        ("p50_ms", rank(50)),
        ("p99_ms", rank(99)),
        ("records", run.records().len() as f64),
        ("checkpoint_bytes", run.checkpoint_bytes() as f64),
    ]))
}

fn to_its_end(document: &str, seed: f64) -> Result<Box<dyn Run>, JsValue> {
    let (scenario, seed) = read(document, seed)?;
    let limit = scenario.limits.time;
    let mut run = run::open(Arc::new(scenario), seed);
    run.seek(limit);
    Ok(run)
}

fn read(document: &str, seed: f64) -> Result<(Scenario, u64), JsValue> {
    let scenario = Scenario::from_bytes(document.as_bytes())
        .map_err(|error| JsValue::from(error.to_string()))?;
    if seed.fract() != 0.0 || !(0.0..=limits::INTEGER_MAX as f64).contains(&seed) {
        return Err(JsValue::from(format!(
            "a seed is a whole number from 0 to {}",
            limits::INTEGER_MAX
        )));
    }
    Ok((scenario, seed as u64))
}

/// An object of numbers. A general serializer would cost the page kilobytes for these few.
fn object(fields: &[(&str, f64)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        // Only a frozen object or a proxy refuses a field.
        let _ = js_sys::Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object.into()
}
