//! The monitors on what the protocols really do.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::engine::time::SimTime;
use crate::ids::{KeyId, NodeId, OpId, PartitionId, Position, Version, WriteId};
use crate::promise::testing::assert_sound;
use crate::promise::{Promise, State, Watch};
use crate::run;
use crate::scenario::{ProtocolKind, Scenario};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

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
                for (script, reads) in [
                    (&calm, "any"),
                    (&stormy, "any"),
                    (&stormy, "leader"),
                    (&stormy, "sticky"),
                ] {
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

/// Slow and lossy, so that leaders look dead, and whoever follows them lacks much.
fn restless_run() -> Scenario {
    let protocol = json!({
        "kind": "single_leader", "nodes": 3, "partitions": 1, "ack": { "mode": "async" }, "failure_timeout_ms": 150
    });
    let scenario = scenario(&protocol, "any", &json!([]));
    let changes = [
        ("/network/loss_percent", 20),
        ("/network/peer_ms", 60),
        ("/network/replication_lag_ms", 400),
    ];
    let restless = changes
        .into_iter()
        .try_fold(scenario, |scenario, (pointer, value)| {
            scenario.with(pointer, json!(value))
        });
    restless.unwrap_or_else(|error| panic!("{error}"))
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
    let restless = vec![restless_run(); 10];
    for (number, scenario) in one_leader_runs()
        .iter()
        .chain(&leaderless_runs())
        .chain(&restless)
        .enumerate()
    {
        let trace = trace_of(scenario, number as u64);
        let mut watch = Watch::new(scenario);
        watch.observe(&trace, scenario);
        let violations = &watch.violations()[..watch.violations().len().min(LOOKED_AT)];
        assert_sound(violations, &trace, scenario);
        for violation in violations {
            found[violation.promise as usize] += 1;
        }
    }
    // Nothing here keeps a deposed leader from hearing so: two at a time are a matter for tests by hand.
    assert!(found[..4].iter().all(|count| *count > 20), "{found:?}");
}

#[test]
fn the_verdict_of_a_moment_does_not_depend_on_what_came_after() {
    for scenario in one_leader_runs()
        .iter()
        .step_by(7)
        .chain(leaderless_runs().iter().step_by(5))
    {
        let trace = trace_of(scenario, 3);
        let mut at_once = Watch::new(scenario);
        at_once.observe(&trace, scenario);
        let mut by_piece = Watch::new(scenario);
        for happened in (0..=trace.len()).step_by(3) {
            by_piece.observe(&trace[..happened], scenario);
            for promise in Promise::ALL {
                assert_eq!(
                    by_piece.verdict(promise, happened),
                    at_once.verdict(promise, happened)
                );
            }
        }
    }
}

/// In a log the newest acknowledged entry is on the fewest disks: that looking at it alone is enough is
/// what the monitor takes for granted.
#[test]
fn a_run_is_at_risk_exactly_while_some_acknowledged_write_is() {
    let mut moments = [0; 2];
    for scenario in one_leader_runs()
        .iter()
        .step_by(2)
        .chain(leaderless_runs().iter().step_by(3))
    {
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
    writes: Vec<(OpId, KeyId)>,
    acked: Vec<(KeyId, Version)>,
}

impl Held {
    fn new(scenario: &Scenario) -> Self {
        let nodes = usize::from(scenario.structure.nodes) + 1;
        Held {
            disks: vec![Vec::new(); nodes],
            up: vec![true; nodes],
            writes: Vec::new(),
            acked: Vec::new(),
        }
    }

    fn observe(&mut self, record: &Record) {
        let log = |position: Position| Version::Log(position);
        match record.kind {
            Kind::Invoked {
                op,
                action: Action::Write { key, .. },
            } => self.writes.push((op, key)),
            Kind::Ended {
                op,
                outcome: Outcome::Written { version },
            } => {
                let (_, key) = *self.writes.iter().find(|(of, _)| *of == op).unwrap();
                self.acked.push((key, version));
            }
            Kind::Persisted {
                node,
                partition,
                position,
                ..
            } => {
                self.disks[usize::from(node.0)].push((KeyId(0), partition, log(position)));
            }
            Kind::Discarded {
                node,
                partition,
                position,
                ..
            } => {
                self.disks[usize::from(node.0)]
                    .retain(|entry| *entry != (KeyId(0), partition, log(position)));
            }
            Kind::Stored {
                node, key, version, ..
            } => {
                self.disks[usize::from(node.0)].push((key, PartitionId(0), version));
            }
            Kind::Crashed { node } => self.up[usize::from(node.0)] = false,
            Kind::Restarted { node } => self.up[usize::from(node.0)] = true,
            _ => {}
        }
    }

    fn some_at_risk(&self, scenario: &Scenario) -> bool {
        self.acked
            .iter()
            .any(|(key, version)| self.is_at_risk(*key, *version, scenario))
    }

    fn is_at_risk(&self, key: KeyId, version: Version, scenario: &Scenario) -> bool {
        let structure = &scenario.structure;
        let holds = |node: &NodeId| {
            let mut disk = self.disks[usize::from(node.0)].iter();
            match structure.kind {
                ProtocolKind::SingleLeader => {
                    disk.any(|entry| *entry == (KeyId(0), scenario.partition_of(key), version))
                }
                ProtocolKind::Leaderless => {
                    disk.any(|(of, _, held)| *of == key && *held >= version)
                }
            }
        };
        let holders = structure.replicas().filter(holds).count();
        match structure.kind {
            ProtocolKind::SingleLeader => {
                let lack = structure
                    .replicas()
                    .filter(|node| self.up[usize::from(node.0)] && !holds(node))
                    .count();
                lack >= structure.majority() || holders == 1
            }
            ProtocolKind::Leaderless => holders == 1,
        }
    }
}

/// Every lost write, and the record from which on it is, from the definition: what each replica's log was
/// is worked out anew for every question.
fn lost_by_definition(trace: &[Record], scenario: &Scenario) -> Vec<(Seq, WriteId)> {
    let mut lost = Vec::new();
    for (ended, record) in trace.iter().enumerate() {
        let Kind::Ended {
            op,
            outcome:
                Outcome::Written {
                    version: Version::Log(position),
                },
        } = record.kind
        else {
            continue;
        };
        let invoked = trace.iter().find_map(|record| match record.kind {
            Kind::Invoked {
                op: of,
                action: Action::Write { write, key, .. },
            } if of == op => Some((write, key)),
            _ => None,
        });
        let (write, key) = invoked.unwrap();
        let partition = scenario.partition_of(key);
        let entry = |happened: usize, node: NodeId| {
            log_at(&trace[..happened], node, partition)
                .into_iter()
                .find(|(of, _)| *of == position)
        };
        let is_lost_at = |place: usize| {
            let leader = trace[..=place]
                .iter()
                .filter_map(|record| match record.kind {
                    Kind::Promoted {
                        node,
                        partition: of,
                        epoch,
                        last,
                    } if of == partition => Some((epoch, node, last)),
                    _ => None,
                });
            let (epoch, node, last) = leader.max_by_key(|(epoch, ..)| *epoch).unwrap();
            // What it was promoted with, or has taken since.
            let has = entry(place + 1, node).is_some()
                && (position.index <= last.index || position.epoch == epoch);
            let on_a_disk = || {
                scenario
                    .structure
                    .replicas()
                    .any(|node| entry(place + 1, node).is_some_and(|(_, on_disk)| on_disk))
            };
            epoch > position.epoch && !has || !on_a_disk()
        };
        let moments = (ended..trace.len()).filter(|place| {
            *place == ended
                || matches!(
                    trace[*place].kind,
                    Kind::Promoted { .. } | Kind::Discarded { .. }
                )
        });
        lost.extend(
            moments
                .into_iter()
                .find(|place| is_lost_at(*place))
                .map(|place| (Seq(place as u32), write)),
        );
    }
    lost.sort();
    lost
}

/// A replica's log, and which entries are on its disk.
fn log_at(trace: &[Record], node: NodeId, partition: PartitionId) -> Vec<(Position, bool)> {
    let mut log: Vec<(Position, bool)> = Vec::new();
    for record in trace {
        match record.kind {
            Kind::Appended {
                node: of,
                partition: part,
                position,
                ..
            } if (of, part) == (node, partition) => {
                log.push((position, false));
            }
            Kind::Persisted {
                node: of,
                partition: part,
                position,
                ..
            } if (of, part) == (node, partition) => {
                log.iter_mut()
                    .filter(|entry| entry.0 == position)
                    .for_each(|entry| entry.1 = true);
            }
            Kind::Discarded {
                node: of,
                partition: part,
                position,
                ..
            } if (of, part) == (node, partition) => {
                log.retain(|entry| entry.0 != position);
            }
            Kind::Crashed { node: of } if of == node => log.retain(|entry| entry.1),
            _ => {}
        }
    }
    log
}

/// The write whose invocation is among some records.
fn write_in(evidence: &[Seq], trace: &[Record]) -> WriteId {
    let invoked = evidence
        .iter()
        .find_map(|seq| match trace[seq.index()].kind {
            Kind::Invoked {
                action: Action::Write { write, .. },
                ..
            } => Some(write),
            _ => None,
        });
    invoked.unwrap()
}

#[test]
fn what_is_found_lost_is_what_the_definition_says() {
    let mut total = 0;
    let calm_and_restless = one_leader_runs()
        .into_iter()
        .step_by(5)
        .chain(vec![restless_run(); 30]);
    for (number, scenario) in calm_and_restless.enumerate() {
        let trace = trace_of(&scenario, number as u64);
        let mut watch = Watch::new(&scenario);
        watch.observe(&trace, &scenario);
        let found = watch
            .violations()
            .iter()
            .filter(|violation| violation.promise == Promise::NoAckedWriteLost);
        let mut found: Vec<(Seq, WriteId)> = found
            .map(|violation| (violation.at, write_in(&violation.evidence, &trace)))
            .collect();
        found.sort();
        assert_eq!(found, lost_by_definition(&trace, &scenario));
        total += found.len();
    }
    assert!(total > 100, "{total}");
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
            assert!(
                trace
                    .iter()
                    .any(|record| matches!(record.kind, Kind::Promoted { epoch, .. } if epoch > 1))
            );
            let mut watch = Watch::new(&scenario);
            watch.observe(&trace, &scenario);
            lost[which] += watch
                .verdict(Promise::NoAckedWriteLost, trace.len())
                .violations;
        }
    }
    assert_eq!(lost[0], 0);
    assert!(lost[1] > 20, "{lost:?}");
}
