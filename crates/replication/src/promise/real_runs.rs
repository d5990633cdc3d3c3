//! The monitors on what the protocols really do.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::engine::time::SimTime;
use crate::ids::{KeyId, NodeId, PartitionId, Position, Version};
use crate::promise::testing::assert_sound;
use crate::promise::{Promise, State, Watch};
use crate::run;
use crate::scenario::{ProtocolKind, Scenario};
use crate::trace::{Action, Kind, Outcome, Record};

/// How many violations of a run are looked at closely.
const LOOKED_AT: usize = 300;

fn scenario(protocol: &Json, reads: &str, script: &Json) -> Scenario {
    let keys = json!(["balance", "photo", "likes"]);
    let random = json!({ "writes_per_s": 8, "reads_per_s": 12, "keys": keys });
    let clients = ["Alice", "Bob", "Carol"].map(|name| json!({ "name": name, "random": random }));
    let mut document = json!({
        "version": 1, "title": "At random", "protocol": protocol, "clients": clients, "script": script,
        "network": { "client_ms": 5, "loss_percent": 2, "client_timeout_ms": 800 },
        "reads": { "policy": reads }, "limits": { "time_ms": 6000 }
    });
    if protocol["kind"] == "single_leader" {
        document["network"]["replication_lag_ms"] = json!(120);
        document["network"]["jitter"] = json!(4);
    }
    Scenario::from_document(document).unwrap_or_else(|error| panic!("{error}"))
}

fn trace_of(scenario: &Scenario, seed: u64) -> Vec<Record> {
    let mut run = run::open(Arc::new(scenario.clone()), seed);
    run.seek(SimTime(60_000_000));
    run.records().to_vec()
}

/// One leader, with every ack rule and visibility, calm and through crashes.
fn one_leader_runs() -> Vec<Scenario> {
    let acks = [
        json!({ "mode": "async" }),
        json!({ "mode": "semi_sync", "k": 1, "timeout_ms": 300 }),
        json!({ "mode": "quorum" }),
    ];
    let calm = json!([]);
    let stormy = json!([
        { "at_ms": 1000, "crash": "leader" }, { "at_ms": 2500, "restart": "leader" },
        { "at_ms": 3000, "crash": "F1" }, { "at_ms": 3300, "restart": "F1" },
        { "at_ms": 4000, "crash": "leader" }, { "at_ms": 5000, "restart": "leader" }
    ]);
    let mut all = Vec::new();
    for ack in &acks {
        for visible in ["on_append", "on_ack", "on_commit"] {
            for (nodes, partitions) in [(3, 3), (5, 1)] {
                for (script, reads) in [(&calm, "any"), (&stormy, "any"), (&stormy, "leader"), (&stormy, "sticky")] {
                    let protocol = json!({
                        "kind": "single_leader", "nodes": nodes, "partitions": partitions, "ack": ack,
                        "visible": visible, "failure_timeout_ms": 300
                    });
                    all.push(scenario(&protocol, reads, script));
                }
            }
        }
    }
    all
}

fn leaderless_runs() -> Vec<Scenario> {
    let leg = json!({ "exponential": { "mean_ms": 60 } });
    let stormy = json!([{ "at_ms": 1000, "crash": "A" }, { "at_ms": 3000, "restart": "A" }]);
    let mut all = Vec::new();
    for coordinator in ["proxy", "node"] {
        for (nodes, copies, w, r) in [(3, 3, 1, 1), (3, 3, 2, 2), (5, 3, 1, 2), (3, 3, 3, 1)] {
            for asked in ["all", "r"] {
                let protocol = json!({
                    "kind": "leaderless", "nodes": nodes, "copies": copies, "w": w, "r": r,
                    "coordinator": coordinator, "reads_sent_to": asked,
                    "legs": { "w": leg, "a": leg, "r": leg, "s": leg }
                });
                all.push(scenario(&protocol, "any", &stormy));
            }
        }
    }
    all
}

#[test]
fn every_violation_of_a_run_is_proved_by_its_evidence_and_told_from_it() {
    let mut found = [0; 5];
    let mut endings: BTreeSet<String> = BTreeSet::new();
    for scenario in one_leader_runs().iter().chain(&leaderless_runs()) {
        for seed in 0..2 {
            let trace = trace_of(scenario, seed);
            let mut watch = Watch::new(scenario);
            watch.observe(&trace, scenario);
            let violations = &watch.violations()[..watch.violations().len().min(LOOKED_AT)];
            assert_sound(violations, &trace, scenario);
            for violation in violations {
                found[violation.promise as usize] += 1;
                let plain = violation.sentence.replace(|c: char| c.is_ascii_digit(), "");
                endings.extend(plain.rsplit([':', ';']).next().map(str::to_owned));
            }
        }
    }
    if std::env::var_os("SHOW").is_some() {
        println!("{found:?} {endings:#?}");
    }
    assert!(found.iter().all(|count| *count > 0), "{found:?}");
}

#[test]
fn the_verdict_of_a_moment_does_not_depend_on_what_came_after() {
    for scenario in one_leader_runs().iter().step_by(7).chain(leaderless_runs().iter().step_by(5)) {
        let trace = trace_of(scenario, 3);
        let mut at_once = Watch::new(scenario);
        at_once.observe(&trace, scenario);
        let mut by_piece = Watch::new(scenario);
        for happened in (0..=trace.len()).step_by(3) {
            by_piece.observe(&trace[..happened], scenario);
            for promise in Promise::ALL {
                assert_eq!(by_piece.verdict(promise, happened), at_once.verdict(promise, happened));
            }
        }
    }
}

/// In a log the newest acknowledged entry is on the fewest disks: that looking at it alone is enough is
/// what the monitor takes for granted.
#[test]
fn a_run_is_at_risk_exactly_while_some_acknowledged_write_is() {
    let mut moments = [0; 2];
    for scenario in one_leader_runs().iter().step_by(2).chain(leaderless_runs().iter().step_by(3)) {
        let trace = trace_of(scenario, 5);
        let mut watch = Watch::new(scenario);
        watch.observe(&trace, scenario);
        let mut held = Held::new(scenario);
        for (place, record) in trace.iter().enumerate() {
            held.observe(record);
            let state = watch.verdict(Promise::NoAckedWriteLost, place + 1).state;
            if state == State::Broken {
                break;
            }
            let at_risk = held.some_at_risk(scenario);
            assert_eq!(state == State::AtRisk, at_risk, "{record:?}");
            moments[usize::from(at_risk)] += 1;
        }
    }
    assert!(moments.iter().all(|count| *count > 1000), "{moments:?}");
}

/// A dumb account of who holds what.
struct Held {
    disks: Vec<Vec<(KeyId, PartitionId, Version)>>,
    up: Vec<bool>,
    writes: Vec<(crate::ids::OpId, KeyId)>,
    acked: Vec<(KeyId, Version)>,
}

impl Held {
    fn new(scenario: &Scenario) -> Self {
        let nodes = usize::from(scenario.structure.nodes) + 1;
        Held { disks: vec![Vec::new(); nodes], up: vec![true; nodes], writes: Vec::new(), acked: Vec::new() }
    }

    fn observe(&mut self, record: &Record) {
        let log = |position: Position| Version::Log(position);
        match record.kind {
            Kind::Invoked { op, action: Action::Write { key, .. } } => self.writes.push((op, key)),
            Kind::Ended { op, outcome: Outcome::Written { version } } => {
                let (_, key) = *self.writes.iter().find(|(of, _)| *of == op).unwrap();
                self.acked.push((key, version));
            }
            Kind::Persisted { node, partition, position, .. } => {
                self.disks[usize::from(node.0)].push((KeyId(0), partition, log(position)));
            }
            Kind::Discarded { node, partition, position, .. } => {
                self.disks[usize::from(node.0)].retain(|entry| *entry != (KeyId(0), partition, log(position)));
            }
            Kind::Stored { node, key, version, .. } => {
                self.disks[usize::from(node.0)].push((key, PartitionId(0), version));
            }
            Kind::Crashed { node } => self.up[usize::from(node.0)] = false,
            Kind::Restarted { node } => self.up[usize::from(node.0)] = true,
            _ => {}
        }
    }

    fn some_at_risk(&self, scenario: &Scenario) -> bool {
        self.acked.iter().any(|(key, version)| self.is_at_risk(*key, *version, scenario))
    }

    fn is_at_risk(&self, key: KeyId, version: Version, scenario: &Scenario) -> bool {
        let structure = &scenario.structure;
        let holds = |node: &NodeId| {
            let mut disk = self.disks[usize::from(node.0)].iter();
            match structure.kind {
                ProtocolKind::SingleLeader => {
                    disk.any(|entry| *entry == (KeyId(0), scenario.partition_of(key), version))
                }
                ProtocolKind::Leaderless => disk.any(|(of, _, held)| *of == key && *held >= version),
            }
        };
        let holders = structure.replicas().filter(holds).count();
        match structure.kind {
            ProtocolKind::SingleLeader => {
                let lack = structure.replicas().filter(|node| self.up[usize::from(node.0)] && !holds(node)).count();
                lack >= structure.majority() || holders == 1
            }
            ProtocolKind::Leaderless => holders == 1,
        }
    }
}

/// With a majority's acknowledgement, and nothing shown before it is committed, only a leader that
/// doesn't know yet that it was deposed can show less than the promises say.
#[test]
fn a_quorum_that_nobody_disturbs_keeps_every_promise_at_its_leader() {
    let protocol = json!({
        "kind": "single_leader", "nodes": 5, "partitions": 1, "ack": { "mode": "quorum" }, "visible": "on_commit",
        "failure_timeout_ms": 5000
    });
    let scenario = scenario(&protocol, "leader", &json!([]));
    for seed in 0..20 {
        let trace = trace_of(&scenario, seed);
        let mut watch = Watch::new(&scenario);
        watch.observe(&trace, &scenario);
        assert_eq!(watch.violations(), [], "seed {seed}");
        for promise in Promise::ALL {
            let verdict = watch.verdict(promise, trace.len());
            assert!(verdict.checked > 20, "{promise:?} {verdict:?}");
        }
    }
}

/// A majority's acknowledgement survives any failover; one leader's alone does not.
#[test]
fn failovers_lose_what_the_leader_alone_had_and_nothing_that_a_majority_had() {
    let script = json!([
        { "at_ms": 1000, "crash": "leader" }, { "at_ms": 2500, "restart": "leader" },
        { "at_ms": 3500, "crash": "leader" }, { "at_ms": 5000, "restart": "leader" }
    ]);
    let mut lost = [0, 0];
    for (which, mode) in ["quorum", "async"].into_iter().enumerate() {
        let protocol = json!({
            "kind": "single_leader", "nodes": 5, "partitions": 1, "ack": { "mode": mode }, "failure_timeout_ms": 300
        });
        let scenario = scenario(&protocol, "any", &script);
        for seed in 0..20 {
            let trace = trace_of(&scenario, seed);
            assert!(trace.iter().any(|record| matches!(record.kind, Kind::Promoted { epoch, .. } if epoch > 1)));
            let mut watch = Watch::new(&scenario);
            watch.observe(&trace, &scenario);
            lost[which] += watch.verdict(Promise::NoAckedWriteLost, trace.len()).violations;
        }
    }
    assert_eq!(lost[0], 0);
    assert!(lost[1] > 20, "{lost:?}");
}
