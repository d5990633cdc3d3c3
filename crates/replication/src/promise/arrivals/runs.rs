//! Monotonic writes and writes follow reads on what the protocols really do.

use serde_json::json;

use crate::promise::real_runs::*;
use crate::promise::testing::assert_sound;
use crate::promise::{Promise, Watch};
use crate::scenario::Scenario;

const BOTH: [Promise; 2] = [Promise::MonotonicWrites, Promise::WritesFollowReads];

/// How often both were tested, and how often they were broken, in runs from these seeds; all sound.
fn judged(scenarios: &[Scenario], seeds: std::ops::Range<u64>) -> [(u32, u32); 2] {
    let mut judged = [(0, 0); 2];
    for scenario in scenarios {
        for seed in seeds.clone() {
            let trace = trace_of(scenario, seed);
            let mut watch = Watch::new(scenario);
            watch.observe(&trace, scenario);
            for (promise, (checked, broken)) in BOTH.into_iter().zip(&mut judged) {
                let verdict = watch.verdict(promise, trace.len());
                *checked += verdict.checked;
                *broken += verdict.violations;
                let mut violations = watch.violations().to_vec();
                violations.retain(|violation| violation.promise == promise);
                violations.truncate(100);
                assert_sound(&violations, &trace, scenario);
            }
        }
    }
    judged
}

#[test]
fn logs_of_several_partitions_and_copies_without_order_break_both() {
    let groups = [
        one_leader_runs().into_iter().step_by(4).collect(),
        troubled_runs(),
        leaderless_runs().into_iter().step_by(3).collect(),
        siblings_and_hints_runs().into_iter().step_by(3).collect(),
        multi_leader_runs()
            .into_iter()
            .step_by(3)
            .collect::<Vec<_>>(),
    ];
    for (number, scenarios) in groups.iter().enumerate() {
        for (checked, broken) in judged(scenarios, 0..2) {
            assert!(
                broken > 3 && checked > broken + 100,
                "group {number}: {checked} {broken}"
            );
        }
    }
}

#[test]
fn one_log_without_a_failover_keeps_both() {
    let script = json!([
        { "at_ms": 1000, "crash": "F1" }, { "at_ms": 1500, "restart": "F1" },
        { "at_ms": 2000, "crash": "F2", "lose_disk": true }, { "at_ms": 2500, "restart": "F2" },
        { "at_ms": 3000, "cut": "F3" }, { "at_ms": 3500, "heal": "all" },
        { "at_ms": 4000, "pause": "F1" }, { "at_ms": 4500, "resume": "F1" },
        { "at_ms": 5000, "restore": "F1" }
    ]);
    let protocol = json!({
        "kind": "single_leader", "nodes": 5, "partitions": 1, "ack": { "mode": "async" }, "log_keeps": 5,
        "failure_timeout_ms": 20_000
    });
    let scenario = scenario(&protocol, "any", &script);
    let scenario = with(&scenario, "/backups", json!({ "every_ms": 900 }));
    for (checked, broken) in judged(&[scenario], 0..10) {
        assert_eq!(broken, 0);
        assert!(checked > 1_000, "{checked}");
    }
}

#[test]
fn a_majority_of_one_log_keeps_both_through_failovers() {
    let script = json!([
        { "at_ms": 1000, "crash": "leader" }, { "at_ms": 2500, "restart": "leader" },
        { "at_ms": 3500, "crash": "leader" }, { "at_ms": 5000, "restart": "leader" }
    ]);
    let protocol = json!({
        "kind": "single_leader", "nodes": 5, "partitions": 1, "ack": { "mode": "quorum" }, "failure_timeout_ms": 300
    });
    let scenario = scenario(&protocol, "any", &script);
    for (checked, broken) in judged(&[scenario], 0..10) {
        assert_eq!(broken, 0);
        assert!(checked > 500, "{checked}");
    }
}

/// Each leader passes on what it has in the order in which it came, so nobody gets a write before what
/// its session, which stays with one leader, had seen there.
#[test]
fn leaders_that_each_serve_their_own_region_keep_both() {
    let all = multi_leader_runs();
    let scenarios: Vec<Scenario> = all
        .iter()
        .filter(|scenario| scenario.document["protocol"]["topology"] == "star")
        .filter(|scenario| scenario.document["reads"]["policy"] == "nearest")
        .map(|scenario| {
            let calm = [("/script", json!([])), ("/network/loss_percent", json!(0))];
            let calm = scenario.with_all(calm);
            calm.unwrap_or_else(|error| panic!("{error}"))
        })
        .collect();
    assert_eq!(scenarios.len(), 4);
    for (checked, broken) in judged(&scenarios, 0..3) {
        assert_eq!(broken, 0);
        assert!(checked > 500, "{checked}");
    }
}
