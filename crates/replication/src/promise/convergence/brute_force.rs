//! What is found apart against its definition, on random histories of disks. No replicas would behave like
//! these.

use serde_json::json;

use crate::ids::{Dot, KeyId, NodeId, Place, Places, Vector, Version, WriteId};
use crate::promise::brute_force::Random;
use crate::promise::convergence::tests::with_anti_entropy;
use crate::promise::testing::*;
use crate::promise::{Promise, Watch};
use crate::scenario::Scenario;
use crate::trace::{Kind, Record, Seq};

const PROMISE: Promise = Promise::Convergence;
const NODES: u8 = 3;
const HISTORIES: u64 = 100_000;

/// What a random history has on its disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Logs,
    Stamps,
    Dots,
    Sums,
}

#[test]
fn what_is_found_apart_agrees_with_the_definition() {
    let (mut broken, mut kept, mut untested) = (0, 0, 0);
    for seed in 0..HISTORIES {
        let on = [On::Logs, On::Stamps, On::Dots, On::Sums][seed as usize % 4];
        let history = random_history(seed, on);
        let (trace, scenario) = (&history.trace, &history.scenario);
        let mut watch = if seed % 50 < 4 {
            Watch::new(scenario)
        } else {
            Watch::counting(scenario)
        };
        watch.observe(trace, scenario);
        let defined = by_definition(trace, on);
        for (rest, expected) in &defined {
            let [before, after] = [0, 1].map(|more| watch.verdict(PROMISE, rest.index() + more));
            let found =
                (after.checked > before.checked).then_some(after.violations > before.violations);
            assert_eq!(
                found, *expected,
                "{on:?}, seed {seed}, {rest:?}: {trace:#?}"
            );
            match expected {
                Some(true) => broken += 1,
                Some(false) => kept += 1,
                None => untested += 1,
            }
        }
        let mut violations = watch.violations().to_vec();
        violations.retain(|violation| violation.promise == PROMISE);
        assert_sound(&violations, trace, scenario);
    }
    assert!(
        broken > 20_000 && kept > 20_000 && untested > 20_000,
        "{broken} {kept} {untested}"
    );
}

/// For each rest: whether it is one with a difference that was not there at the last; `None` where it tests
/// nothing. Every time everything is looked at again from the start.
fn by_definition(trace: &[Record], on: On) -> Vec<(Seq, Option<bool>)> {
    let mut before: Vec<(WriteId, Vec<u8>, bool)> = Vec::new();
    let mut rests = Vec::new();
    for (place, record) in trace.iter().enumerate() {
        if !matches!(record.kind, Kind::Rested { .. }) {
            continue;
        }
        let past = &trace[..place];
        // Whether it is down, whether it is paused, and whether its disk may hold more than has been told.
        let stands = |node: u8| {
            let (mut down, mut paused, mut unsure) = (false, false, false);
            for record in past {
                match record.kind {
                    Kind::Crashed {
                        node: of,
                        disk_lost,
                    } if of.0 == node => {
                        unsure = (unsure || paused) && !disk_lost;
                        (down, paused) = (true, false);
                    }
                    Kind::Restored { node: of, .. } if of.0 == node => unsure = false,
                    Kind::Restarted { node: of } if of.0 == node => down = false,
                    Kind::Paused { node: of } if of.0 == node => paused = true,
                    Kind::Resumed { node: of } if of.0 == node => paused = false,
                    _ => {}
                }
            }
            (down, paused, unsure)
        };
        let is_up = |node: u8| matches!(stands(node), (false, false, _));
        let is_unsure = |node: u8| stands(node).2;
        let last_link = past
            .iter()
            .rfind(|record| matches!(record.kind, Kind::Cut { .. } | Kind::Healed { .. }));
        let is_cut = last_link.is_some_and(|record| matches!(record.kind, Kind::Cut { .. }));
        let mut apart: Vec<(WriteId, Vec<u8>, bool)> = Vec::new();
        let mut holds_any = false;
        for key in [BALANCE, PHOTO] {
            let disks: Vec<_> = (0..NODES).map(|node| disk(past, node, key, on)).collect();
            let mut all: Vec<_> = disks.iter().flatten().collect();
            all.sort_by_key(|(version, write, _)| match version {
                Version::Log(position) => (position.index, *write),
                _ => (0, *write),
            });
            holds_any |= !all.is_empty();
            let mut of_key: Vec<(WriteId, Vec<u8>, bool)> = Vec::new();
            for (version, write, perhaps) in &all {
                let replaced = |(other, ..): &&(Version, WriteId, bool)| replaces(other, version);
                let ordered = matches!(on, On::Stamps | On::Dots);
                let known = of_key.iter().any(|(other, ..)| other == write);
                if *perhaps || known || ordered && all.iter().any(replaced) {
                    continue;
                }
                let here = |node: &u8| {
                    disks[usize::from(*node)]
                        .iter()
                        .find(|held| held.1 == *write)
                };
                let lacking = (0..NODES).filter(|node| here(node).is_none_or(|held| held.2));
                let lacking: Vec<u8> = lacking.collect();
                let may_hold = |node: &u8| here(node).is_some() || is_unsure(*node);
                let certain = !lacking.iter().any(may_hold);
                if !lacking.is_empty() {
                    of_key.push((*write, lacking, certain));
                }
            }
            // Of a log, the first.
            let most = if on == On::Logs { 1 } else { usize::MAX };
            apart.extend(of_key.into_iter().take(most));
        }
        let well = (0..NODES).all(is_up) && !is_cut;
        let is_new = |(write, lacking, _): &&(WriteId, Vec<u8>, bool)| {
            let was = |node: &u8| {
                let mut before = before.iter();
                before.any(|(other, nodes, _)| other == write && nodes.contains(node))
            };
            !lacking.iter().all(was)
        };
        let certain = |(_, _, certain): &&(WriteId, Vec<u8>, bool)| *certain;
        let tests = apart.is_empty() || apart.iter().any(|one| certain(&one));
        let breaks = apart.iter().filter(certain).any(|one| is_new(&one));
        let tested = (well && holds_any && tests).then_some(breaks);
        if tested.is_some() {
            before = apart;
        }
        rests.push((record.seq, tested));
    }
    rests
}

fn replaces(by: &Version, of: &Version) -> bool {
    match (by, of) {
        (Version::Dotted { seen, .. }, Version::Dotted { dot, .. }) => seen.covers(*dot),
        _ => by.supersedes(of),
    }
}

/// What a replica's disk holds of a key, or of the log of a key; and whether that may be gone.
fn disk(past: &[Record], node: u8, key: KeyId, on: On) -> Vec<(Version, WriteId, bool)> {
    let mut holds: Vec<(Version, WriteId, bool)> = Vec::new();
    for record in past {
        match record.kind {
            Kind::Crashed {
                node: of,
                disk_lost: true,
            }
            | Kind::Restored { node: of, .. }
                if of.0 == node =>
            {
                holds.clear();
            }
            Kind::Persisted {
                node: of,
                partition,
                position,
                write,
            } if (of.0, partition.0) == (node, key.0) => {
                holds.retain(|(_, _, perhaps)| !perhaps);
                if let Some(write) = write {
                    holds.push((Version::Log(position), write, false));
                }
            }
            Kind::Discarded {
                node: of,
                partition,
                position,
                ..
            } if (of.0, partition.0) == (node, key.0) => {
                let gone = |held: &&mut (Version, WriteId, bool)| held.0 == Version::Log(position);
                if let Some(held) = holds.iter_mut().find(gone) {
                    held.2 = true;
                }
            }
            Kind::Stored {
                node: of,
                key: stored,
                version,
                write,
                newest,
            } if (of.0, stored) == (node, key) && (newest || on == On::Sums) => match on {
                On::Sums => holds.push((version, write, false)),
                On::Stamps => holds = vec![(version, write, false)],
                _ => {
                    holds.retain(|(other, ..)| !replaces(&version, other));
                    holds.push((version, write, false));
                }
            },
            _ => {}
        }
    }
    holds.sort_by_key(|(version, write, _)| match version {
        Version::Log(position) => (position.index, *write),
        _ => (0, *write),
    });
    holds
}

fn random_history(seed: u64, on: On) -> History {
    let mut random = Random::of(seed);
    let mut history = History::of(match on {
        On::Logs => one_leader(NODES),
        On::Stamps | On::Dots => with_anti_entropy(),
        On::Sums => {
            let scenario = leaderless(1, 1).document;
            let mut document = scenario;
            document["protocol"] = json!({ "kind": "multi_leader", "conflicts": "merge" });
            document["regions"] =
                json!(["east", "west", "south"].map(|name| json!({ "name": name, "nodes": 1 })));
            Scenario::from_document(document).unwrap_or_else(|error| panic!("{error}"))
        }
    });
    let mut writes: Vec<(Written, Version)> = Vec::new();
    for ms in 1..=random.between(6, 30) {
        history.at(u64::from(ms) * 3_000);
        let node = NodeId(random.below(NODES.into()) as u8);
        match random.below(24) {
            0..3 => {
                let key = [BALANCE, PHOTO][random.below(2) as usize];
                let written = history.writes(ALICE, key);
                let mut seen = Vector::default();
                for (other, version) in &writes {
                    if let (Version::Dotted { dot, seen: its }, true) =
                        (version, other.key == key && random.percent(40))
                    {
                        seen.join(its);
                        seen.cover(*dot);
                    }
                }
                let version = match on {
                    On::Logs => written.version(),
                    On::Stamps => written.stamp(),
                    On::Dots | On::Sums => Version::Dotted {
                        dot: Dot {
                            node,
                            counter: written.write.0 as u16,
                        },
                        seen,
                    },
                };
                writes.push((written, version));
                for node in (0..NODES).map(NodeId) {
                    if random.percent(75) {
                        holds(&mut history, node, written, version, on);
                    }
                }
            }
            3..10 if !writes.is_empty() => {
                let (written, version) = writes[random.below(writes.len() as u32) as usize];
                holds(&mut history, node, written, version, on);
            }
            // Everybody gets what is the newest.
            10..14 => {
                for (written, version) in writes.clone() {
                    for node in (0..NODES).map(NodeId) {
                        holds(&mut history, node, written, version, on);
                    }
                }
            }
            14 if on == On::Logs && !writes.is_empty() => {
                let (written, _) = writes[random.below(writes.len() as u32) as usize];
                history.discarded(node, written);
            }
            15 => {
                history.restored(node, 0);
                for (written, version) in writes.clone() {
                    if random.percent(60) {
                        holds(&mut history, node, written, version, on);
                    }
                }
            }
            16 => {
                match random.percent(50) {
                    true => history.crashed(node),
                    false => history.lost_its_disk(node),
                }
                if random.percent(70) {
                    history.restarted(node);
                }
            }
            17 if random.percent(40) => {
                history.push(None, Kind::Paused { node });
                match random.percent(50) {
                    true => drop(history.push(None, Kind::Resumed { node })),
                    false => {
                        history.crashed(node);
                        history.restarted(node);
                    }
                }
            }
            17 => history.restarted(node),
            18 => history.cuts(NodeId((node.0 + 1) % NODES), node),
            19 => {
                let all: Places = (0..NODES).map(|node| Place::Node(NodeId(node))).collect();
                history.push(None, Kind::Healed { from: all, to: all });
            }
            _ => {
                history.rests(u64::from(ms) * 3_000);
            }
        }
    }
    history
}

/// A write reaches a disk, unless that holds it already, or what replaces it.
fn holds(history: &mut History, node: NodeId, written: Written, version: Version, on: On) {
    let there = disk(&history.trace, node.0, written.key, on);
    let has = there
        .iter()
        .any(|(_, write, perhaps)| *write == written.write && !perhaps);
    match on {
        On::Logs if !has => history.persisted(node, written),
        On::Sums if !has => history.stored_as(node, written, version, true),
        On::Stamps | On::Dots if !has => {
            let newest = !there.iter().any(|(other, ..)| replaces(other, &version));
            history.stored_as(node, written, version, newest);
        }
        _ => {}
    }
}
