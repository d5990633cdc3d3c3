//! What theory says of each configuration, over many seeds: guarantees are never broken, and what is
//! not guaranteed is broken by some seed.

use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::Value;
use replication::measure::{Metrics, measure};
use replication::promise::{Promise, State, Verdict};
use replication::run;
use replication::scenario::Scenario;
use serde_json::{Value as Json, json};

fn shipped(name: &str) -> Scenario {
    let path = format!("{}/../../scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Scenario::from_bytes(&std::fs::read(path).expect("shipped")).expect("valid")
}

fn set(scenario: Scenario, knobs: &[(&str, Json)]) -> Arc<Scenario> {
    let turn = |scenario: Scenario, (pointer, value): &(&str, Json)| {
        scenario.with(pointer, value.clone()).expect("valid")
    };
    Arc::new(knobs.iter().fold(scenario, turn))
}

/// Runs a seed to its end: how a promise stands, and what was measured.
fn outcome(scenario: &Arc<Scenario>, seed: u64, promise: Promise) -> (Verdict, Metrics) {
    let mut run = run::open(Arc::clone(scenario), seed);
    run.seek(SimTime(u64::MAX));
    (
        run.verdict(promise),
        measure(run.records(), run.violations(), run.now()),
    )
}

#[test]
fn leader_reads_keep_read_your_writes_in_the_double_transfer() {
    let any = set(shipped("double-transfer"), &[]);
    assert_eq!(
        outcome(&any, any.seed, Promise::ReadYourWrites).0.state,
        State::Broken
    );
    let leader = set(
        shipped("double-transfer"),
        &[("/reads/policy", json!("leader"))],
    );
    for seed in 0..1000 {
        let (verdict, _) = outcome(&leader, seed, Promise::ReadYourWrites);
        assert!(
            verdict.state == State::Kept && verdict.checked > 0,
            "seed {seed}: {verdict:?}"
        );
    }
}

#[test]
fn the_same_crash_loses_nothing_under_quorum_and_something_under_async() {
    let lost = |mode: &str| -> u32 {
        let scenario = set(
            shipped("leader-crash-async"),
            &[("/protocol/ack/mode", json!(mode))],
        );
        (0..1000)
            .map(|seed| {
                outcome(&scenario, seed, Promise::NoAckedWriteLost)
                    .1
                    .acked_writes_lost
            })
            .sum()
    };
    assert_eq!(lost("quorum"), 0);
    assert!(lost("async") > 0);
}

/// Busy clients, a crash in the middle of their work, lost messages: still no majority forgets.
#[test]
fn quorum_loses_nothing_whatever_crashes() {
    let document = json!({ "version": 1, "title": "crashes",
        "protocol": { "kind": "single_leader", "nodes": 5, "partitions": 2, "ack": { "mode": "quorum" } },
        "network": { "replication_lag_ms": 120, "jitter": 5, "loss_percent": 5, "client_timeout_ms": 800 },
        "reads": { "policy": "leader" },
        "clients": [
            { "name": "Ann", "random": { "writes_per_s": 8, "reads_per_s": 4, "keys": ["a", "b"] } },
            { "name": "Bob", "random": { "writes_per_s": 8, "reads_per_s": 4, "keys": ["b", "c"] } } ],
        "script": [ { "at_ms": 1000, "crash": "leader" }, { "at_ms": 2500, "crash": "leader" }, { "at_ms": 4000, "restart": "L" },
            { "at_ms": 5000, "crash": "leader" }, { "at_ms": 6500, "restart": "F1" }, { "at_ms": 6600, "restart": "F2" },
            { "at_ms": 7000, "restart": "F3" }, { "at_ms": 7000, "restart": "F4" } ],
        "limits": { "time_ms": 12000 } });
    let quorum = Arc::new(Scenario::from_document(document).expect("valid"));
    let asynchronous = set((*quorum).clone(), &[("/protocol/ack/mode", json!("async"))]);
    let (mut acknowledged, mut lost) = (0, 0);
    for seed in 0..200 {
        let (verdict, _) = outcome(&quorum, seed, Promise::NoAckedWriteLost);
        assert_eq!(verdict.violations, 0, "seed {seed}");
        acknowledged += verdict.checked;
        lost += outcome(&asynchronous, seed, Promise::NoAckedWriteLost)
            .1
            .acked_writes_lost;
    }
    assert!(acknowledged > 200 * 20, "only {acknowledged}");
    assert!(lost > 0);
}

#[test]
fn overlapping_quorums_find_every_write_that_was_done_before() {
    let quorums = |w: u8, r: u8| {
        set(
            shipped("quorum-overlap"),
            &[("/protocol/w", json!(w)), ("/protocol/r", json!(r))],
        )
    };
    let run = |w, r| -> Vec<Metrics> {
        let scenario = quorums(w, r);
        assert_eq!(
            (
                scenario.structure.copies,
                scenario.settings.network.loss_ppm,
                scenario.script.len()
            ),
            (3, 0, 0)
        );
        (0..100)
            .map(|seed| outcome(&scenario, seed, Promise::ReadYourWrites).1)
            .collect()
    };
    for (w, r) in [(2, 2), (3, 1), (1, 3), (3, 3)] {
        for (seed, metrics) in run(w, r).iter().enumerate() {
            assert_eq!(metrics.stale_reads, 0, "W {w}, R {r}, seed {seed}");
            assert!(
                metrics.reads_during_writes >= 50,
                "W {w}, R {r}, seed {seed}: {metrics:?}"
            );
        }
    }
    for (w, r) in [(1, 1), (1, 2), (2, 1)] {
        assert!(
            run(w, r).iter().any(|metrics| metrics.stale_reads > 0),
            "W {w}, R {r}"
        );
    }
}

#[test]
fn a_payment_without_an_answer_is_done_twice_unless_it_carries_a_key() {
    let accounts = |scenario: &Arc<Scenario>, seed: u64| {
        let mut run = run::open(Arc::clone(scenario), seed);
        run.seek(SimTime(u64::MAX));
        let names = &run.scenario().names;
        let [alice, bob] = ["Alice’s account", "Bob’s account"].map(|account| {
            let key = names.keys.iter().position(|key| key == account);
            run.nodes()[0].held[key.expect("an account")].value
        });
        (alice, bob)
    };
    let lost = set(shipped("the-lost-done"), &[]);
    let both = |alice, bob| (Value::Number(alice), Value::Number(bob));
    assert_eq!(accounts(&lost, lost.seed), both(-20, 40));
    // Without the two losses nobody sends anything again.
    let calm = set(shipped("the-lost-done"), &[("/script", json!([]))]);
    for seed in 0..200 {
        assert_eq!(accounts(&calm, seed), both(40, 40), "seed {seed}");
    }
}
