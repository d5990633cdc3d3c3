//! Runs under settings, faults and changes of both that are drawn from a seed.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::engine::time::SimTime;
use crate::promise::{Promise, State};
use crate::run::{self, LogView, Role, Run};
use crate::scenario::Scenario;
use crate::trace::{Kind, MessageKind};

/// Small numbers, one after another, from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }

    fn pick(&mut self, from: &[Json]) -> Json {
        from[self.below(from.len() as u64) as usize].clone()
    }
}

/// What is drawn, beside the document.
struct Drawn {
    document: Json,
    nodes: u64,
    by_majority: bool,
    /// Disks were lost or restored, or clocks were moved.
    untrusted: bool,
    /// The rules changed on the way.
    changed: bool,
}

fn acks(dice: &mut Dice) -> Json {
    let when = dice.pick(&[
        json!("persisted"),
        json!("persisted"),
        json!("applied"),
        json!("received"),
    ]);
    dice.pick(&[
        json!({ "mode": "async" }),
        json!({ "mode": "semi_sync", "k": 1, "timeout_ms": 300, "when": when }),
        json!({ "mode": "sync", "when": when }),
        json!({ "mode": "quorum" }),
        json!({ "mode": "quorum", "when": "applied" }),
        json!({ "mode": "standbys", "first": 1, "when": when }),
        json!({ "mode": "standbys", "any": 1, "of": ["L", "F1"], "when": when }),
    ])
}

fn draw(seed: u64, by_quorum: bool) -> Drawn {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let nodes = 2 + dice.below(4);
    let by_majority = by_quorum || dice.one_in(2);
    let mut protocol = json!({
        "kind": "single_leader", "nodes": nodes, "partitions": 1 + dice.below(2),
        "ack": if by_quorum { json!({ "mode": "quorum" }) } else { acks(&mut dice) },
        "promotion": if by_majority { "majority" } else { "reachable" },
        "fencing": dice.one_in(2), "resend_ms": 300,
        "stream": dice.pick(&[json!("logical"), json!("statement"), json!("write_ahead_log")]),
        "upgraded": dice.pick(&[json!([]), json!(["F1"])]),
        "apply_ms": dice.pick(&[json!(0), json!(1), json!(200)]),
        "disk_ms": dice.pick(&[json!(0), json!(1), json!(40)]),
    });
    if dice.one_in(2) {
        protocol["log_keeps"] = json!(1 + dice.below(8));
        protocol["snapshot_ms"] = json!(dice.below(900));
    }
    if dice.one_in(2) {
        protocol["visible"] = dice.pick(&[json!("on_append"), json!("on_ack"), json!("on_commit")]);
    }
    let fenced = protocol["fencing"] == json!(true);
    let leaders = [json!("local"), json!("confirmed"), json!("lease")];
    let node = |dice: &mut Dice| match dice.below(nodes + 1) {
        0 => json!("leader"),
        1 => json!("L"),
        i => json!(format!("F{}", i - 1)),
    };
    let (mut script, mut untrusted, mut changed) = (Vec::new(), false, false);
    for _ in 0..dice.below(14) {
        let at_ms = 100 + dice.below(6000);
        let mut entry = match dice.below(9) {
            0 | 1 => json!({ "crash": node(&mut dice) }),
            2 => json!({ "restart": node(&mut dice) }),
            3 => json!({ "pause": node(&mut dice) }),
            4 => json!({ "resume": node(&mut dice) }),
            5 => json!({ "cut": node(&mut dice), "one_way": false }),
            6 => json!({ "heal": "all" }),
            7 if !by_quorum => {
                changed = true;
                json!({ "set": dice.pick(&[
                    json!({ "/protocol/ack/mode": "async" }),
                    json!({ "/protocol/ack/mode": "standbys", "/protocol/ack/when": "applied" }),
                    json!({ "/protocol/ack": { "mode": "sync", "when": "received" } }),
                    json!({ "/protocol/visible": "on_append" }),
                    json!({ "/protocol/visible": "on_commit" }),
                    json!({ "/protocol/fencing": true }),
                    json!({ "/reads/leader": "confirmed" }),
                    json!({ "/protocol/log_keeps": 3 }),
                    json!({ "/protocol/stream": "statement" }),
                    json!({ "/protocol/upgraded": ["L"] }),
                ]) })
            }
            8 if !by_quorum => {
                untrusted = true;
                match dice.below(4) {
                    0 => json!({ "crash": node(&mut dice), "lose_disk": true }),
                    1 => json!({ "skew": "L", "by_ms": 400 }),
                    2 => json!({ "skew": "F1", "by_ms": -400 }),
                    _ => json!({ "restore": "all", "as_of_ms": at_ms / 2 }),
                }
            }
            _ => json!({ "slow": node(&mut dice), "by_ms": dice.below(400) }),
        };
        if entry.get("one_way").is_some() && dice.one_in(2) {
            entry["one_way"] = json!(true);
        }
        entry["at_ms"] = json!(at_ms);
        script.push(entry);
    }
    // Then quiet: everything works again.
    script.push(json!({ "at_ms": 8000, "heal": "all" }));
    for i in 0..nodes {
        let name = if i == 0 {
            "L".to_owned()
        } else {
            format!("F{i}")
        };
        script.push(json!({ "at_ms": 8000, "resume": name }));
        script.push(json!({ "at_ms": 8001, "restart": name }));
    }
    script.push(json!({ "at_ms": 8002, "set": { "/clients/0/random/writes_per_s": 0, "/network/loss_percent": 0,
        "/protocol/upgraded": [], "/network/reorder_percent": 0 } }));
    let calls = ["NOW()", "RAND()", "UUID()", "NEXT_ID()"];
    let steps: Vec<Json> = (0..40)
        .map(|i| match dice.below(4) {
            0 => json!({ "wait_ms": 100, "write": { "c": { "call": calls[i % 4] } } }),
            1 => json!({ "wait_ms": 100, "add": { "c": 1 } }),
            _ => json!({ "wait_ms": 50, "read": ["a", "c"] }),
        })
        .collect();
    let document = json!({
        "version": 1, "title": "t", "seed": seed, "protocol": protocol,
        "network": { "replication_lag_ms": 20 + dice.below(100), "jitter": 1 + dice.below(3), "client_timeout_ms": 600,
            "loss_percent": dice.below(8), "duplicate_percent": dice.below(30), "reorder_percent": dice.below(30) },
        "reads": { "policy": dice.pick(&[json!("leader"), json!("any"), json!("session_token"), json!("lag_budget")]),
            "leader": if fenced { dice.pick(&leaders) } else { dice.pick(&leaders[..2]) } },
        "backups": { "every_ms": 700, "point_in_time": true },
        "clients": [
            { "name": "Ann", "random": { "writes_per_s": 12, "reads_per_s": 6, "keys": ["a", "b"] } },
            { "name": "Bob", "does": steps },
        ],
        "script": script, "limits": { "time_ms": 16000 },
    });
    Drawn {
        document,
        nodes,
        by_majority,
        untrusted,
        changed,
    }
}

fn open(document: Json) -> Box<dyn Run> {
    let text = document.to_string();
    let scenario = Scenario::from_document(document);
    let scenario = scenario.unwrap_or_else(|error| panic!("{error} in {text}"));
    let seed = scenario.seed;
    run::open(Arc::new(scenario), seed)
}

fn check(seed: u64, by_quorum: bool) {
    let drawn = draw(seed, by_quorum);
    let protocol = drawn.document["protocol"].clone();
    let mut run = open(drawn.document);
    run.seek(SimTime(u64::MAX));
    let state = |promise| run.verdict(promise).state;
    if by_quorum {
        let lost = state(Promise::NoAckedWriteLost);
        assert_ne!(lost, State::Broken, "seed {seed}: {protocol}");
    }
    let fenced = protocol["fencing"] == json!(true);
    if fenced && !drawn.untrusted && !drawn.changed {
        let two = state(Promise::OneLeaderAtATime);
        assert_ne!(two, State::Broken, "seed {seed}: {protocol}");
    }
    if drawn.untrusted || !drawn.by_majority && drawn.changed {
        return;
    }
    // After a long quiet time all logs are the leader's, and so is what they show.
    let nodes = run.nodes();
    if protocol["stream"] != json!("statement") && !drawn.changed {
        for node in &nodes[..drawn.nodes as usize] {
            assert_eq!(node.held, nodes[0].held, "seed {seed}: {protocol}");
        }
    }
    for partition in 0..protocol["partitions"].as_u64().unwrap() as usize {
        let logs: Vec<&LogView> = nodes[..drawn.nodes as usize]
            .iter()
            .map(|node| &node.logs[partition])
            .collect();
        let leader = logs.iter().filter(|log| log.role == Role::Leader);
        let leader = leader.max_by_key(|log| log.epoch);
        let leader = leader.unwrap_or_else(|| panic!("seed {seed}: nobody leads"));
        for log in &logs {
            let end = |log: &LogView| (log.epoch, log.length, log.persisted, log.tail.clone());
            assert_eq!(end(log), end(leader), "seed {seed}: {protocol}");
        }
    }
}

#[test]
fn nothing_fails_whatever_happens_and_all_logs_are_the_leaders_in_the_end() {
    for seed in 0..40 {
        check(seed, false);
    }
}

#[test]
fn by_quorum_and_majority_no_acknowledged_write_is_lost() {
    for seed in 0..40 {
        check(seed, true);
    }
}

#[test]
fn a_backlog_comes_in_batches() {
    let mut run = open(json!({
        "version": 1, "title": "t", "seed": 1,
        "protocol": { "kind": "single_leader", "nodes": 2, "ack": { "mode": "async" } },
        "network": { "replication_lag_ms": 50, "jitter": 1 }, "reads": { "policy": "leader" },
        "clients": [ { "name": "Ann", "random": { "writes_per_s": 60, "keys": ["x"] } } ],
        "script": [ { "at_ms": 0, "crash": "F1" }, { "at_ms": 3000, "set": { "/clients/0/random/writes_per_s": 0 } },
            { "at_ms": 4000, "restart": "F1" } ],
        "limits": { "time_ms": 6000 },
    }));
    run.seek(SimTime(u64::MAX));
    let caught_up = run.records().iter().filter_map(|record| match record.kind {
        Kind::Sent {
            message: MessageKind::Append,
            carries,
            ..
        } if record.at > SimTime(4_000_000) => Some(carries.entries),
        _ => None,
    });
    let sizes: Vec<u16> = caught_up.collect();
    let all = run.nodes()[0].logs[0].length;
    assert!(all > 64, "{all}");
    assert_eq!(sizes[0], 64);
    assert_eq!(u32::from(sizes.iter().sum::<u16>()), all, "{sizes:?}");
}
