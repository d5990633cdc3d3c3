//! Going back, and acting in the past: what was must be what would have been.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use replication::engine::session::Session;
use replication::engine::time::SimTime;
use replication::protocol::Replica;
use replication::protocol::leaderless::Leaderless;
use replication::protocol::multi_leader::MultiLeader;
use replication::protocol::single_leader::SingleLeader;
use replication::run::{self, Run};
use replication::scenario::{ProtocolKind, Scenario};
use replication::trace::first_divergence;
use serde_json::json;

/// Every scenario that is shipped.
fn shipped() -> Vec<(String, Arc<Scenario>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the shipped scenarios")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    assert!(files.len() >= 5, "scenarios are missing");
    let read = |path: std::path::PathBuf| {
        let scenario =
            Scenario::from_bytes(&std::fs::read(&path).expect("readable")).expect("valid");
        (path.display().to_string(), Arc::new(scenario))
    };
    files.into_iter().map(read).collect()
}

fn cursors(seed: u64, scenario: &Scenario) -> impl Iterator<Item = SimTime> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let end = scenario.limits.time.0;
    (0..12).map(move |_| SimTime(rng.next_u64() % (end + end / 10)))
}

fn wander<R: Replica + 'static>(name: &str, scenario: &Arc<Scenario>) {
    let mut wandering = Session::<R>::open(Arc::clone(scenario), scenario.seed);
    for cursor in cursors(1, scenario) {
        wandering.seek(cursor);
        let mut straight = Session::<R>::open(Arc::clone(scenario), scenario.seed);
        straight.seek(cursor);
        // Queue, timers, disks, clients, memory: all of it.
        assert!(
            wandering.world() == straight.world(),
            "{name} at {cursor:?}"
        );
        let happened = straight.happened();
        assert_eq!(wandering.happened(), happened, "{name} at {cursor:?}");
        assert_eq!(
            first_divergence(&wandering.records()[..happened], straight.records()),
            None,
            "{name} at {cursor:?}"
        );
        for promise in replication::promise::Promise::ALL {
            assert_eq!(
                wandering.verdict(promise),
                straight.verdict(promise),
                "{name}, {promise:?} at {cursor:?}"
            );
        }
    }
}

#[test]
fn seek_back_equals_never_having_gone() {
    for (name, scenario) in shipped() {
        match scenario.structure.kind {
            ProtocolKind::SingleLeader => wander::<SingleLeader>(&name, &scenario),
            ProtocolKind::MultiLeader => wander::<MultiLeader>(&name, &scenario),
            ProtocolKind::Leaderless => wander::<Leaderless>(&name, &scenario),
        }
    }
}

/// A fork shares the past, and its future is that of a run that had the intervention from the start.
#[test]
fn a_fork_equals_the_run_of_its_document() {
    for (name, scenario) in shipped() {
        let mut original = run::open(Arc::clone(&scenario), scenario.seed);
        original.seek(SimTime(u64::MAX));
        for cursor in cursors(2, &scenario).filter(|cursor| *cursor < scenario.limits.time) {
            original.seek(cursor);
            let set = json!({ "set": { "/network/loss_percent": 30, "/network/client_ms": 31 } });
            let changed = scenario
                .with_intervention(cursor.after_us(1), set)
                .expect("a good intervention");
            let changed = Arc::new(changed);
            let mut fork = original.fork(Arc::clone(&changed));
            fork.seek(SimTime(u64::MAX));
            let mut fresh = run::open(Arc::clone(&changed), scenario.seed);
            fresh.seek(SimTime(u64::MAX));
            assert_eq!(
                first_divergence(fork.records(), fresh.records()),
                None,
                "{name} forked at {cursor:?}"
            );
            assert_eq!(
                fork.violations(),
                fresh.violations(),
                "{name} forked at {cursor:?}"
            );

            // A slider: equal before the cursor, different after.
            let parted = first_divergence(original.records(), fork.records())
                .expect("a new record at least");
            assert_eq!(
                parted.index(),
                original.happened(),
                "{name} forked at {cursor:?}"
            );
        }
    }
}

#[test]
fn one_knob_leaves_the_rest_of_the_weather_alone() {
    use replication::trace::{Kind, MessageKind};
    let (_, scenario) = shipped()
        .into_iter()
        .find(|(name, _)| name.ends_with("double-transfer.json"))
        .expect("shipped");
    // The first two writes come at the same moments whatever the reads do: their streams must match.
    let flights = |policy: &str| -> Vec<u64> {
        let scenario = Arc::new(
            scenario
                .with("/reads/policy", json!(policy))
                .expect("valid"),
        );
        let mut run = run::open(Arc::clone(&scenario), scenario.seed);
        run.seek(SimTime(u64::MAX));
        let append = |kind: &Kind| match kind {
            Kind::Sent {
                message: MessageKind::Append,
                flight_us,
                ..
            } => Some(*flight_us),
            _ => None,
        };
        run.records()
            .iter()
            .filter_map(|record| append(&record.kind))
            .take(4)
            .collect()
    };
    let any = flights("any");
    assert_eq!(any.len(), 4);
    assert_eq!(any, flights("leader"));
    assert_eq!(any, flights("sticky"));
}
