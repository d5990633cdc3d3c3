//! The monitors on what the protocols really do.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::engine::time::SimTime;
use crate::ids::{KeyId, NodeId, OpId, PartitionId, Position, Version, WriteId};
use crate::promise::testing::assert_sound;
use crate::promise::watch::together;
use crate::promise::{Judgement, Promise, State, Watch, linearizable};
use crate::run;
use crate::scenario::{ProtocolKind, Scenario};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

/// How many violations of a run are looked at closely.
const LOOKED_AT: usize = 300;

pub fn scenario(protocol: &Json, reads: &str, script: &Json) -> Scenario {
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

/// The same with a field changed.
pub fn with(scenario: &Scenario, pointer: &str, value: Json) -> Scenario {
    let changed = scenario.with(pointer, value);
    changed.unwrap_or_else(|error| panic!("{error}"))
}

pub fn trace_of(scenario: &Scenario, seed: u64) -> Vec<Record> {
    let mut run = run::open(Arc::new(scenario.clone()), seed);
    run.seek(SimTime(60_000_000));
    run.records().to_vec()
}

/// One leader, with every ack rule and visibility, calm and through crashes.
pub fn one_leader_runs() -> Vec<Scenario> {
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

/// One leader, with whatever else may befall it: disks that are lost and replaced, cuts, pauses, a manager
/// that promotes, leases, snapshots, and no fencing.
pub fn troubled_runs() -> Vec<Scenario> {
    let script = json!([
        { "at_ms": 700, "crash": "F1", "lose_disk": true }, { "at_ms": 1000, "restart": "F1" },
        { "at_ms": 1400, "cut": "leader", "from": ["F1", "F2"] }, { "at_ms": 2100, "heal": "all" },
        { "at_ms": 2500, "pause": "F2" }, { "at_ms": 2900, "resume": "F2" },
        { "at_ms": 3300, "restore": "F2" },
        { "at_ms": 3700, "crash": "leader", "lose_disk": true }, { "at_ms": 4300, "restart": "leader" },
        { "at_ms": 5200, "restore": "all", "as_of_ms": 4800 }
    ]);
    let fencing = json!({ "lease_ms": 250, "clock_error_ms": 10 });
    let others = [
        json!({}),
        json!({ "promotion": "reachable" }),
        json!({ "fencing": fencing }),
        json!({ "log_keeps": 3, "snapshot_ms": 30 }),
    ];
    let mut all = Vec::new();
    for other in &others {
        for ack in ["async", "quorum"] {
            let mut protocol = json!({
                "kind": "single_leader", "nodes": 3, "partitions": 2, "ack": { "mode": ack }, "failure_timeout_ms": 300
            });
            let fields = protocol.as_object_mut().unwrap();
            fields.extend(other.as_object().unwrap().clone());
            let scenario = scenario(&protocol, "any", &script);
            all.push(with(&scenario, "/backups", json!({ "every_ms": 900 })));
        }
    }
    all
}

/// Slow and lossy, so that leaders look dead, and whoever follows them lacks much.
pub fn restless_run() -> Scenario {
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

pub fn leaderless_runs() -> Vec<Scenario> {
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

/// Leaderless, with siblings, hints and repairs, through lost disks and restores.
pub fn siblings_and_hints_runs() -> Vec<Scenario> {
    let leg = json!({ "exponential": { "mean_ms": 60 } });
    let script = json!([
        { "at_ms": 600, "crash": "A" }, { "at_ms": 1500, "restart": "A" },
        { "at_ms": 1800, "cut": "B" }, { "at_ms": 2600, "heal": "all" },
        { "at_ms": 3000, "crash": "C", "lose_disk": true }, { "at_ms": 3400, "restart": "C" },
        { "at_ms": 3600, "pause": "A" }, { "at_ms": 4000, "resume": "A" },
        { "at_ms": 4300, "restore": "B" }, { "at_ms": 4800, "crash": "A", "lose_disk": true },
        { "at_ms": 5000, "restart": "A" }, { "at_ms": 5400, "restore": "all", "as_of_ms": 4000 }
    ]);
    let mut all = Vec::new();
    for versions in ["timestamps", "dotted"] {
        for (quorum, repair) in [
            ("strict", "off"),
            ("sloppy", "background"),
            ("sloppy", "write_back"),
        ] {
            for (w, r) in [(1, 1), (2, 2)] {
                for coordinator in ["proxy", "node"] {
                    let protocol = json!({
                        "kind": "leaderless", "nodes": 5, "copies": 3, "w": w, "r": r, "coordinator": coordinator,
                        "versions": versions, "quorum": quorum, "repair": repair, "hint_expires_ms": 700,
                        "doubt_after_ms": 300, "anti_entropy_ms": 1500,
                        "legs": { "w": leg, "a": leg, "r": leg, "s": leg }
                    });
                    let scenario = scenario(&protocol, "any", &script);
                    all.push(with(&scenario, "/backups", json!({ "every_ms": 900 })));
                }
            }
        }
    }
    all
}

/// Leaders in three regions, far from each other.
pub fn multi_leader_runs() -> Vec<Scenario> {
    let script = json!([
        { "at_ms": 800, "cut": "east 1", "from": "west 1" }, { "at_ms": 1800, "heal": "all" },
        { "at_ms": 2200, "crash": "west 1" }, { "at_ms": 2700, "restart": "west 1" },
        { "at_ms": 3200, "pause": "south" }, { "at_ms": 3600, "resume": "south" },
        { "at_ms": 4000, "crash": "south", "lose_disk": true }, { "at_ms": 4300, "restart": "south" },
        { "at_ms": 5000, "restore": "west 1" }
    ]);
    let mut all = Vec::new();
    for conflicts in ["last_write_wins", "highest_version", "merge", "siblings"] {
        for topology in ["all_to_all", "ring", "star"] {
            for reads in ["any", "nearest"] {
                let protocol =
                    json!({ "kind": "multi_leader", "conflicts": conflicts, "topology": topology });
                let mut document =
                    scenario(&json!({ "kind": "leaderless" }), reads, &json!([])).document;
                document["protocol"] = protocol;
                document["script"] = script.clone();
                document["backups"] = json!({ "every_ms": 900 });
                document["regions"] = json!([
                    { "name": "east", "nodes": 2 }, { "name": "west", "nodes": 2 }, { "name": "south", "nodes": 1 }
                ]);
                document["network"]["distance_ms"] = json!(120);
                for (client, region) in ["east", "west", "south"].iter().enumerate() {
                    document["clients"][client]["region"] = json!(region);
                    if conflicts == "merge" {
                        document["clients"][client]["random"]["changes"] = json!("add");
                    }
                }
                let scenario = Scenario::from_document(document);
                all.push(scenario.unwrap_or_else(|error| panic!("{error}")));
            }
        }
    }
    all
}

/// Each kind, where besides all that is meant to bring data is dropped or held up for long.
pub fn disturbed_runs() -> Vec<Scenario> {
    let messages = [
        "append",
        "store",
        "replicate",
        "repair",
        "handoff",
        "differ",
    ];
    let disturbed = |mut scenario: Scenario| {
        let names = &scenario.names;
        let all: Vec<&String> = names.nodes.iter().chain(&names.clients).collect();
        let entry = |number: usize| {
            let message = messages[number % messages.len()];
            let which =
                json!({ "message": message, "from": all, "to": all, "number": 1 + number % 3 });
            let at_ms = 200 + 17 * number;
            match number / messages.len() % 2 {
                0 => json!({ "at_ms": at_ms, "drop": which }),
                _ => json!({ "at_ms": at_ms, "delay": which, "by_ms": 40 * (number % 23) }),
            }
        };
        let entries: Vec<Json> = (0..300).map(entry).collect();
        let script = scenario.document["script"].as_array_mut().expect("a list");
        script.extend(entries);
        let scenario = Scenario::from_document(scenario.document);
        scenario.unwrap_or_else(|error| panic!("{error}"))
    };
    let runs = troubled_runs()
        .into_iter()
        .chain(one_leader_runs().into_iter().step_by(9))
        .chain(siblings_and_hints_runs().into_iter().step_by(2))
        .chain(multi_leader_runs().into_iter().step_by(2));
    runs.map(disturbed).collect()
}

#[test]
fn every_violation_of_a_run_is_proved_by_its_evidence_and_told_from_it() {
    use Promise::*;
    let groups: [(Vec<Scenario>, &[Promise]); 7] = [
        (
            disturbed_runs(),
            &[
                ReadYourWrites,
                MonotonicReads,
                Causal,
                Linearizable,
                ConsistentPrefix,
                NoAckedWriteLost,
            ],
        ),
        (
            one_leader_runs(),
            &[
                ReadYourWrites,
                MonotonicReads,
                Causal,
                Linearizable,
                ConsistentPrefix,
            ],
        ),
        (
            vec![restless_run(); 10],
            &[
                ReadYourWrites,
                MonotonicReads,
                Causal,
                Linearizable,
                NoAckedWriteLost,
            ],
        ),
        (
            troubled_runs(),
            &[
                ReadYourWrites,
                MonotonicReads,
                Causal,
                Linearizable,
                NoAckedWriteLost,
            ],
        ),
        (
            leaderless_runs(),
            &[
                ReadYourWrites,
                MonotonicReads,
                Causal,
                Linearizable,
                ConsistentPrefix,
            ],
        ),
        (
            siblings_and_hints_runs(),
            &[
                ReadYourWrites,
                MonotonicReads,
                Causal,
                Linearizable,
                ConsistentPrefix,
                NoAckedWriteLost,
            ],
        ),
        (
            multi_leader_runs(),
            &[
                ReadYourWrites,
                MonotonicReads,
                Causal,
                Linearizable,
                ConsistentPrefix,
                NoAckedWriteLost,
            ],
        ),
    ];
    for (group, (scenarios, expected)) in groups.iter().enumerate() {
        let found = assert_all_sound(scenarios);
        for (promise, found) in Promise::ALL.into_iter().zip(found) {
            assert!(
                !expected.contains(&promise) || found > 3,
                "group {group}, {promise:?}: {found}"
            );
        }
    }
}

#[test]
fn what_was_dropped_or_held_up_is_told_as_the_cause() {
    let (mut dropped, mut held_up) = (0, 0);
    for (number, scenario) in disturbed_runs().iter().enumerate() {
        let trace = trace_of(scenario, number as u64);
        let mut watch = Watch::new(scenario);
        watch.observe(&trace, scenario);
        for violation in watch.violations() {
            let evidence = |is: fn(&Kind) -> bool| {
                let mut records = violation.evidence.iter();
                records.any(|seq| is(&trace[seq.index()].kind))
            };
            let says = |words: &str| violation.sentence.contains(words);
            // What is told is in the evidence.
            if says("dropped on its way") {
                assert!(evidence(|kind| *kind == Kind::Dropped), "{violation:?}");
                dropped += 1;
            }
            if says("where it had been held up") {
                let delayed = |kind: &Kind| matches!(kind, Kind::Delayed { .. });
                assert!(evidence(delayed), "{violation:?}");
                held_up += 1;
            }
        }
    }
    assert!(dropped > 20 && held_up > 20, "{dropped}, {held_up}");
}

/// How many violations of each promise there were; all sound.
fn assert_all_sound(scenarios: &[Scenario]) -> [u32; Promise::ALL.len()] {
    let mut found = [0; Promise::ALL.len()];
    for (number, scenario) in scenarios.iter().enumerate() {
        let trace = trace_of(scenario, number as u64);
        let mut watch = Watch::new(scenario);
        watch.observe(&trace, scenario);
        for promise in Promise::ALL {
            let mut violations = watch.violations().to_vec();
            violations.retain(|violation| violation.promise == promise);
            violations.truncate(LOOKED_AT);
            assert_sound(&violations, &trace, scenario);
            found[promise as usize] += violations.len() as u32;
        }
    }
    found
}

#[test]
fn the_verdict_of_a_moment_does_not_depend_on_what_came_after() {
    for scenario in one_leader_runs()
        .iter()
        .step_by(7)
        .chain(leaderless_runs().iter().step_by(5))
        .chain(siblings_and_hints_runs().iter().skip(13).step_by(6))
        .chain(multi_leader_runs().iter().skip(2).step_by(9))
    {
        let trace = trace_of(scenario, 3);
        let mut at_once = Watch::new(scenario);
        at_once.observe(&trace, scenario);
        let mut by_piece = Watch::new(scenario);
        for happened in (0..=trace.len()).step_by(3) {
            // A watch is shown whole moments.
            if happened > 0
                && trace
                    .get(happened)
                    .is_some_and(|next| next.at == trace[happened - 1].at)
            {
                continue;
            }
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
        .chain(&troubled_runs())
        .chain(leaderless_runs().iter().step_by(3))
        .chain(siblings_and_hints_runs().iter().step_by(3))
        .chain(multi_leader_runs().iter().step_by(4))
    {
        let trace = trace_of(scenario, 5);
        let mut watch = Watch::new(scenario);
        watch.observe(&trace, scenario);
        let mut held = Held::new(scenario);
        let mut whole = 0;
        for (place, record) in trace.iter().enumerate() {
            held.observe(record);
            if matches!(record.kind, Kind::Restored { .. }) {
                whole = place + together(&trace[place..]);
            }
            // A disk that is being replaced is none until it holds all of the copy.
            if place + 1 < whole {
                continue;
            }
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
    hints: Vec<(NodeId, NodeId, WriteId)>,
    up: Vec<bool>,
    writes: Vec<(OpId, WriteId, KeyId)>,
    acked: Vec<(WriteId, KeyId, Version)>,
}

impl Held {
    fn new(scenario: &Scenario) -> Self {
        let nodes = usize::from(scenario.structure.nodes) + 1;
        Held {
            disks: vec![Vec::new(); nodes],
            hints: Vec::new(),
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
                action: Action::Write { write, key, .. },
            } => self.writes.push((op, write, key)),
            Kind::Ended {
                op,
                outcome: Outcome::Written { version },
            } => {
                let mut writes = self.writes.iter();
                let (_, write, key) = *writes.find(|(of, ..)| *of == op).unwrap();
                self.acked.push((write, key, version));
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
            Kind::HintKept {
                node, home, write, ..
            } => self.hints.push((node, home, write)),
            Kind::HintGone {
                node, home, write, ..
            } => self.hints.retain(|hint| *hint != (node, home, write)),
            Kind::Crashed { node, disk_lost } => {
                self.up[usize::from(node.0)] = false;
                if disk_lost {
                    self.wipe(node);
                }
            }
            Kind::Restored { node, .. } => self.wipe(node),
            Kind::Restarted { node } => self.up[usize::from(node.0)] = true,
            _ => {}
        }
    }

    fn wipe(&mut self, of: NodeId) {
        self.disks[usize::from(of.0)].clear();
        self.hints.retain(|(node, ..)| *node != of);
    }

    fn some_at_risk(&self, scenario: &Scenario) -> bool {
        self.acked
            .iter()
            .any(|acked| self.is_at_risk(*acked, scenario))
    }

    fn is_at_risk(&self, acked: (WriteId, KeyId, Version), scenario: &Scenario) -> bool {
        let (write, key, version) = acked;
        let structure = &scenario.structure;
        let holds = |node: &NodeId| {
            let mut disk = self.disks[usize::from(node.0)].iter();
            match structure.kind {
                ProtocolKind::SingleLeader => {
                    disk.any(|entry| *entry == (KeyId(0), scenario.partition_of(key), version))
                }
                ProtocolKind::MultiLeader | ProtocolKind::Leaderless => {
                    let is_hint =
                        |hint: &(NodeId, NodeId, WriteId)| (hint.0, hint.2) == (*node, write);
                    disk.any(|(of, _, held)| *of == key && held.covers(&version))
                        || self.hints.iter().any(is_hint)
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
            ProtocolKind::MultiLeader | ProtocolKind::Leaderless => {
                let replaces = |(_, of, other): &(WriteId, KeyId, Version)| {
                    *of == key && other.supersedes(&version)
                };
                holders == 1 && !self.acked.iter().any(replaces)
            }
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
                .enumerate()
                .filter_map(|(promoted, record)| match record.kind {
                    Kind::Promoted {
                        node,
                        partition: of,
                        epoch,
                        last,
                    } if of == partition => Some((epoch, node, last, promoted)),
                    _ => None,
                });
            let (epoch, node, last, promoted) = leader.max_by_key(|(epoch, ..)| *epoch).unwrap();
            // What it was promoted with.
            let has = entry(promoted + 1, node).is_some() && position.index <= last.index;
            // A disk that is replaced, and what it holds then, are one.
            let end = match trace[place].kind {
                Kind::Restored { .. } => place + together(&trace[place..]),
                _ => place + 1,
            };
            let on_a_disk = || {
                scenario
                    .structure
                    .replicas()
                    .any(|node| entry(end, node).is_some_and(|(_, on_disk)| on_disk))
            };
            epoch > position.epoch && !has || !on_a_disk()
        };
        let moments = (ended..trace.len()).filter(|place| {
            *place == ended
                || matches!(
                    trace[*place].kind,
                    Kind::Promoted { .. }
                        | Kind::Discarded { .. }
                        | Kind::Restored { .. }
                        | Kind::Crashed {
                            disk_lost: true,
                            ..
                        }
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
                // A restored log is told of by what is on its disk.
                log.retain(|entry| entry.0 != position);
                log.push((position, true));
            }
            Kind::Discarded {
                node: of,
                partition: part,
                position,
                ..
            } if (of, part) == (node, partition) => {
                log.retain(|entry| entry.0 != position);
            }
            Kind::Crashed {
                node: of,
                disk_lost: true,
            }
            | Kind::Restored { node: of, .. }
                if of == node =>
            {
                log.clear();
            }
            Kind::Crashed { node: of, .. } if of == node => log.retain(|entry| entry.1),
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
        .chain(troubled_runs())
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
    let paths = json!([{ "name": "own", "max_ms": 0 }]);
    let scenario = with(&scenario, "/reads/paths", paths);
    for seed in 0..20 {
        let trace = trace_of(&scenario, seed);
        let mut watch = Watch::new(&scenario);
        watch.observe(&trace, &scenario);
        assert_eq!(watch.violations(), [], "seed {seed}");
        for promise in Promise::ALL {
            let verdict = watch.verdict(promise, trace.len());
            // What one log puts in an order is no contest, and clients that go on leave no rest.
            if [Promise::NoSilentOverwrite, Promise::Convergence].contains(&promise) {
                assert_eq!(verdict.state, State::Unknown);
                continue;
            }
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

/// A quorum whose reads write back what they return is a linearizable register; without that it is not.
#[test]
fn a_quorum_is_linearizable_where_reads_write_back() {
    let leg = json!({ "exponential": { "mean_ms": 40 } });
    let mut refuted = [0, 0];
    for (which, repair) in ["write_back", "off"].into_iter().enumerate() {
        let protocol = json!({
            "kind": "leaderless", "nodes": 3, "copies": 3, "w": 2, "r": 2, "repair": repair,
            "legs": { "w": leg, "a": leg, "r": leg, "s": leg }
        });
        let script = json!([{ "at_ms": 1000, "crash": "A" }, { "at_ms": 2000, "restart": "A" }]);
        let scenario = scenario(&protocol, "any", &script);
        for seed in 0..20 {
            let trace = trace_of(&scenario, seed);
            for key in (0..3).map(KeyId) {
                match linearizable(&trace, key) {
                    Judgement::Yes => {}
                    Judgement::No(_) => refuted[which] += 1,
                    Judgement::Unknown => panic!("timestamps leave no siblings"),
                }
            }
        }
    }
    assert_eq!(refuted[0], 0);
    assert!(refuted[1] > 0, "{refuted:?}");
}
