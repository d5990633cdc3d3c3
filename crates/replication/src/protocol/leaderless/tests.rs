//! Whole systems under faults, judged by what the protocol itself promises.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::engine::time::SimTime;
use crate::ids::{Held, KeyId, OpId, Version, WriteId};
use crate::ordered::Ordered;
use crate::run::{self, Run};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record};

/// Three clients at two keys; loss, messages that come twice or late, a crash, a pause and a cut, until
/// 4 s; then quiet.
fn document(protocol: Json, seed: u64) -> Json {
    let mut kind = json!({ "kind": "leaderless", "nodes": 5, "copies": 3 });
    if let (Some(all), Json::Object(these)) = (kind.as_object_mut(), protocol) {
        all.extend(these);
    }
    let node = |at: u64| ["A", "B", "C", "D", "E"][((seed >> (2 * at)) % 5) as usize];
    let client = |name: &str, keys: &[&str]| json!({ "name": name, "random": { "writes_per_s": 8, "reads_per_s": 12, "keys": keys } });
    json!({ "version": 1, "title": "faults", "protocol": kind,
        "network": { "replication_lag_ms": 20, "peer_ms": 8, "jitter": 5, "client_ms": 3, "client_timeout_ms": 250,
            "loss_percent": 4, "duplicate_percent": 5, "reorder_percent": 5 },
        "reads": { "policy": "any" },
        "clients": [ client("Ann", &["x", "y"]), client("Bob", &["x", "y"]), client("Cid", &["x", "y"]) ],
        "script": [
            { "at_ms": 700, "crash": node(0) }, { "at_ms": 1500, "restart": node(0) },
            { "at_ms": 1000, "pause": node(1) }, { "at_ms": 1600, "resume": node(1) },
            { "at_ms": 1900, "cut": node(2) }, { "at_ms": 2600, "heal": "all" },
            { "at_ms": 2800, "crash": node(3) }, { "at_ms": 3400, "restart": node(3) },
            { "at_ms": 4000, "set": { "/clients/0/random/writes_per_s": 0, "/clients/1/random/writes_per_s": 0,
                "/clients/2/random/writes_per_s": 0, "/network/loss_percent": 0 } } ],
        "limits": { "time_ms": 7000 } })
}

fn ran(document: Json, seed: u64) -> Box<dyn Run> {
    let scenario = Scenario::from_document(document).unwrap_or_else(|error| panic!("{error}"));
    let mut run = run::open(Arc::new(scenario), seed);
    run.seek(SimTime(u64::MAX));
    run
}

/// One operation at one key: when it began and ended, and the version that it made or returned.
struct Done {
    key: KeyId,
    writes: bool,
    began: SimTime,
    ended: SimTime,
    version: Option<Version>,
}

/// What came to an end, with timestamps.
fn done(records: &[Record]) -> Vec<Done> {
    let mut begun: Ordered<OpId, (SimTime, Action)> = Ordered::default();
    let mut saw: Ordered<(OpId, KeyId), Held> = Ordered::default();
    let mut done = Vec::new();
    for record in records {
        match record.kind {
            Kind::Invoked { op, action } => begun.insert(op, (record.at, action)),
            Kind::Saw { op, key, held, .. } => saw.insert((op, key), held),
            Kind::Ended { op, outcome } => {
                let (began, action) = *begun.get(op).expect("begun before it ends");
                let ended = record.at;
                match (action, outcome) {
                    (Action::Write { key, .. }, Outcome::Written { version }) => {
                        let version = Some(version);
                        done.push(Done {
                            key,
                            writes: true,
                            began,
                            ended,
                            version,
                        });
                    }
                    (Action::Read { keys }, Outcome::Answered) => {
                        let of = |key| saw.get((op, key)).and_then(|held| held.version);
                        let read = |key| Done {
                            key,
                            writes: false,
                            began,
                            ended,
                            version: of(key),
                        };
                        done.extend(keys.iter().map(read));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    done
}

/// Pairs that no order of the timestamps explains: one ended before the other began, and is newer.
fn gone_back(records: &[Record]) -> usize {
    let done = done(records);
    assert!(done.len() > 100, "only {} operations", done.len());
    let mut wrong = 0;
    for later in &done {
        for earlier in &done {
            let one_after_the_other = earlier.key == later.key && earlier.ended < later.began;
            let in_order = crate::ids::covers(later.version, earlier.version)
                && !(later.writes && later.version == earlier.version);
            wrong += usize::from(one_after_the_other && !in_order);
        }
    }
    wrong
}

fn registers(coordinator: &str, repair: &str, seed: u64) -> usize {
    let protocol = json!({ "w": 2, "r": 2, "coordinator": coordinator, "repair": repair });
    gone_back(ran(document(protocol, seed), seed).records())
}

#[test]
fn a_register_that_is_written_back_never_goes_back() {
    for seed in 0..12 {
        for coordinator in ["proxy", "node"] {
            assert_eq!(
                registers(coordinator, "write_back", seed),
                0,
                "{coordinator} {seed}"
            );
            // Two sets of two, of three, share a copy.
            assert_eq!(
                registers(coordinator, "contacted", seed),
                0,
                "{coordinator} {seed}"
            );
        }
    }
}

#[test]
fn a_register_that_is_not_repaired_goes_back() {
    let wrong = |repair| {
        (0..12)
            .map(|seed| registers("proxy", repair, seed))
            .sum::<usize>()
    };
    assert!(wrong("off") > 0);
}

#[test]
fn contacted_copies_are_not_enough_where_two_reads_share_none() {
    let protocol = |repair| json!({ "w": 3, "r": 1, "reads_sent_to": "r", "repair": repair });
    let wrong = |repair| {
        let of = |seed| gone_back(ran(document(protocol(repair), seed), seed).records());
        (0..12).map(of).sum::<usize>()
    };
    assert!(wrong("contacted") > 0);
    assert_eq!(wrong("write_back"), 0);
}

/// The writes that are still there: those that a copy holds, and, for each, all that its writer had seen.
fn accounted_for(run: &dyn Run) -> Vec<WriteId> {
    let mut known: Ordered<(u8, KeyId), Vec<WriteId>> = Ordered::default();
    let mut past: Ordered<WriteId, Vec<WriteId>> = Ordered::default();
    let mut begun: Ordered<OpId, (WriteId, KeyId)> = Ordered::default();
    for record in run.records() {
        match record.kind {
            Kind::Invoked {
                op,
                action: Action::Write { write, key, .. },
            } => {
                begun.insert(op, (write, key));
                let seen = known.get((op.client.0, key)).cloned().unwrap_or_default();
                past.insert(write, seen);
            }
            Kind::Saw { op, key, held, .. } => {
                known
                    .or_insert((op.client.0, key), Vec::new())
                    .extend(held.write);
            }
            Kind::Ended {
                op,
                outcome: Outcome::Written { .. },
            } => {
                let (write, key) = *begun.get(op).expect("begun before it ends");
                known.or_insert((op.client.0, key), Vec::new()).push(write);
            }
            _ => {}
        }
    }
    let nodes = run.nodes();
    let held = nodes
        .iter()
        .flat_map(|node| node.held.iter().filter_map(|held| held.write));
    let siblings = nodes
        .iter()
        .flat_map(|node| node.siblings.iter().filter_map(|(_, held)| held.write));
    let mut open: Vec<WriteId> = held.chain(siblings).collect();
    let mut found = Vec::new();
    while let Some(write) = open.pop() {
        if !found.contains(&write) {
            found.push(write);
            open.extend(past.get(write).into_iter().flatten());
        }
    }
    found
}

#[test]
fn no_acknowledged_write_is_dropped_that_nobody_saw() {
    let mut conflicts = 0;
    for seed in 0..12 {
        for coordinator in ["proxy", "node"] {
            for quorum in ["strict", "sloppy"] {
                let protocol = json!({ "w": 2, "r": 2, "coordinator": coordinator, "quorum": quorum, "doubt_after_ms": 100,
                    "versions": "dotted", "repair": "background", "anti_entropy_ms": 200 });
                let mut document = document(protocol, seed);
                if coordinator == "proxy" {
                    let script = document["script"].as_array_mut().expect("a list");
                    script.push(json!({ "at_ms": 2000, "crash": "proxy" }));
                    script.push(json!({ "at_ms": 2200, "restart": "proxy" }));
                }
                let run = ran(document, seed);
                let there = accounted_for(run.as_ref());
                for record in run.records() {
                    match record.kind {
                        Kind::Acknowledged { write, .. } => {
                            assert!(
                                there.contains(&write),
                                "{coordinator} {quorum} {seed}: {write:?}"
                            );
                        }
                        Kind::Conflict { .. } => conflicts += 1,
                        _ => {}
                    }
                }
                assert_converged(run.as_ref());
            }
        }
    }
    assert!(conflicts > 100, "only {conflicts}");
}

/// All copies of a key hold the same, and nobody keeps anything for another.
fn assert_converged(run: &dyn Run) {
    let (nodes, structure) = (run.nodes(), &run.scenario().structure);
    for key in (0..structure.keys).map(KeyId) {
        let held = |node: crate::ids::NodeId| {
            let view = &nodes[usize::from(node.0)];
            let beside = view
                .siblings
                .iter()
                .filter(|(of, _)| *of == key)
                .map(|(_, held)| *held);
            let first = view.held[usize::from(key.0)];
            std::iter::once(first).chain(beside).collect::<Vec<_>>()
        };
        let all: Vec<_> = structure.copies_of(key).map(held).collect();
        assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    }
    assert!(nodes.iter().all(|node| node.hints.is_empty()));
}

#[test]
fn quiet_brings_all_copies_together_by_anti_entropy_alone() {
    for seed in 0..12 {
        let protocol = json!({ "w": 1, "r": 1, "anti_entropy_ms": 150 });
        assert_converged(ran(document(protocol, seed), seed).as_ref());
    }
}

#[test]
fn whatever_is_done_to_it_nothing_breaks() {
    for seed in 0..24_u64 {
        let pick = |at: u64, from: &[&'static str]| {
            from[((seed * 7 + at * 13) >> 1) as usize % from.len()]
        };
        let protocol = json!({ "coordinator": pick(1, &["proxy", "node"]), "versions": pick(2, &["dotted", "timestamps"]),
            "quorum": pick(3, &["sloppy", "strict"]), "repair": pick(4, &["off", "background", "contacted", "write_back"]),
            "reads_sent_to": pick(5, &["all", "r"]), "doubt_after_ms": 60, "hint_expires_ms": 500 });
        let mut document = document(protocol, seed);
        document["backups"] = json!({ "every_ms": 500 });
        let more = [
            json!({ "at_ms": 300, "set": { "/protocol/w": 3, "/protocol/r": 1 } }),
            json!({ "at_ms": 900, "set": { "/protocol/quorum": "sloppy", "/protocol/anti_entropy_ms": 100 } }),
            json!({ "at_ms": 1200, "crash": "A", "lose_disk": true }),
            json!({ "at_ms": 1300, "restart": "A" }),
            json!({ "at_ms": 1700, "set": { "/protocol/quorum": "strict", "/protocol/repair": "write_back" } }),
            json!({ "at_ms": 2100, "restore": "B" }),
            json!({ "at_ms": 2300, "skew": "C", "by_ms": -400 }),
            json!({ "at_ms": 2500, "set": { "/protocol/w": 1, "/protocol/repair": "background", "/protocol/anti_entropy_ms": null } }),
            json!({ "at_ms": 2700, "restore": "all", "as_of_ms": 1500 }),
            json!({ "at_ms": 3600, "set": { "/protocol/repair": "contacted", "/protocol/quorum": "sloppy" } }),
        ];
        let script = document["script"].as_array_mut().expect("a list");
        script.extend(more);
        let run = ran(document, seed);
        assert!(run.records().len() > 1_000);
        for node in run.nodes() {
            assert!(
                node.waiting
                    .iter()
                    .all(|waiting| waiting.have < waiting.need)
            );
        }
    }
}

#[test]
fn a_coordinator_that_lost_its_disk_takes_no_dot_twice() {
    for seed in 0..6 {
        let protocol = json!({ "coordinator": "node", "versions": "dotted" });
        let mut document = document(protocol, seed);
        document["backups"] = json!({ "every_ms": 400 });
        let script = document["script"].as_array_mut().expect("a list");
        for (at_ms, node) in [(1100, "A"), (2200, "B"), (3100, "C")] {
            script.push(json!({ "at_ms": at_ms, "crash": node, "lose_disk": true }));
            script.push(json!({ "at_ms": at_ms + 50, "restart": node }));
            script.push(json!({ "at_ms": at_ms + 300, "restore": node, "as_of_ms": at_ms - 300 }));
            script.push(json!({ "at_ms": at_ms + 600, "restore": node, "as_of_ms": at_ms - 300 }));
        }
        let mut dots = Ordered::default();
        for record in ran(document, seed).records() {
            if let Kind::Stored {
                key,
                version: Version::Dotted { dot, .. },
                write,
                ..
            } = record.kind
            {
                assert_eq!(
                    *dots.or_insert((key, dot), write),
                    write,
                    "seed {seed}: {dot:?}"
                );
            }
        }
        assert!(dots.len() > 20, "only {}", dots.len());
    }
}
