//! Measures the core natively, and prints one line of JSON: `cargo xtask bench` puts it in its table.
//!
//! The page measures the same documents in wasm.

#![expect(clippy::disallowed_types, reason = "a bench has a clock")]

use std::sync::Arc;
use std::time::Instant;

use replication::engine::session::Session;
use replication::engine::time::SimTime;
use replication::engine::world::World;
use replication::promise::Watch;
use replication::protocol::Replica;
use replication::protocol::leaderless::Leaderless;
use replication::protocol::single_leader::SingleLeader;
use replication::run::Run;
use replication::scenario::Scenario;
use replication::trace::{Kind, Record};
use serde_json::{Value as Json, json};

/// Each figure is the best of so many: the machine's own noise only ever makes it slower.
const RUNS: u32 = 5;
const SEEKS: u32 = 2000;

fn main() {
    let leader = read(include_str!("busy-leader.json"));
    let leaderless = read(include_str!("busy-leaderless.json"));
    let long = read(include_str!("long-run.json"));
    let figures = json!({
        "busy-leader": world::<SingleLeader>(&leader),
        "busy-leaderless": world::<Leaderless>(&leaderless),
        "long-run": seeks(&long),
    });
    println!("{figures}");
}

fn read(document: &str) -> Arc<Scenario> {
    Arc::new(Scenario::from_bytes(document.as_bytes()).expect("a good document"))
}

/// Messages a second of the world alone, tracing on, and how much longer it takes with all monitors.
fn world<R: Replica>(scenario: &Arc<Scenario>) -> Json {
    let (mut alone_s, mut watching_s, mut delivered) = (f64::MAX, f64::MAX, 0);
    for _ in 0..RUNS {
        let began = Instant::now();
        let mut records: Vec<Record> = Vec::new();
        let mut world = World::<R>::new(Arc::clone(scenario), 1);
        world.start(&mut records);
        while world.step(&mut records) {}
        alone_s = alone_s.min(began.elapsed().as_secs_f64());
        let mut watch = Watch::new(scenario);
        watch.observe(&records, scenario);
        watching_s = watching_s.min(began.elapsed().as_secs_f64());
        delivered = records
            .iter()
            .filter(|record| record.kind == Kind::Delivered)
            .count();
    }
    json!({ "messages_per_s": delivered as f64 / alone_s, "watched_over_alone": watching_s / alone_s })
}

/// Going to a moment of a run of 100,000 records.
fn seeks(scenario: &Arc<Scenario>) -> Json {
    let mut run: Box<dyn Run> = Box::new(Session::<SingleLeader>::open(Arc::clone(scenario), 1));
    run.seek(SimTime(u64::MAX));
    let end = run.now().0;
    let mut times_ms: Vec<f64> = (0..SEEKS)
        .map(|number| {
            // Multiples of the golden ratio: spread evenly, in no order, and the same each time.
            let share = (f64::from(number) * 0.618_033_988_749_895).fract();
            let began = Instant::now();
            run.seek(SimTime((end as f64 * share) as u64));
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times_ms.sort_by(f64::total_cmp);
    let rank = |percent: usize| times_ms[(times_ms.len() * percent).div_ceil(100) - 1];
    json!({ "p50_ms": rank(50), "p99_ms": rank(99), "records": run.records().len(), "checkpoint_bytes": run.checkpoint_bytes() })
}
