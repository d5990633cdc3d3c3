//! What is found dropped against its definition, on random histories in which any two writes can meet
//! anywhere. No replica would behave like these.

use serde_json::json;

use crate::ids::{ClientId, Dot, Held, KeyId, NodeId, Value, Vector, Version, WriteId};
use crate::promise::brute_force::Random;
use crate::promise::no_silent_overwrite::NoSilentOverwrite;
use crate::promise::no_silent_overwrite::tests::stamp;
use crate::promise::testing::*;
use crate::promise::{Monitor, Promise, Watch, together};
use crate::scenario::Scenario;
use crate::trace::{Action, Kept, Kind, Outcome, Record, Seq};

const PROMISE: Promise = Promise::NoSilentOverwrite;

/// What a history is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinds {
    /// Leaderless, with timestamps.
    Stamps,
    /// Leaderless, with dotted version vectors, some of which claim too much.
    Dotted,
    /// Many leaders, last write wins.
    Leaders,
    /// Many leaders, highest version wins.
    Revisions,
}

#[test]
fn what_is_found_dropped_agrees_with_the_definition() {
    for kinds in [
        Kinds::Stamps,
        Kinds::Dotted,
        Kinds::Leaders,
        Kinds::Revisions,
    ] {
        let mut scenario = match kinds {
            Kinds::Stamps => leaderless(1, 1),
            Kinds::Dotted => {
                let dotted = leaderless(1, 1).with("/protocol/versions", json!("dotted"));
                dotted.unwrap()
            }
            Kinds::Leaders => many_leaders(),
            Kinds::Revisions => {
                let highest = json!("highest_version");
                many_leaders().with("/protocol/conflicts", highest).unwrap()
            }
        };
        let (mut dropped, mut kept, mut calm) = (0, 0, 0);
        for seed in 0..27_000 {
            let History {
                scenario: its,
                trace,
                ..
            } = random_history(seed, kinds, scenario);
            scenario = its;
            let trace = &trace;
            let mut found: Vec<(Seq, WriteId)> = Vec::new();
            let mut monitor = NoSilentOverwrite::new(&scenario);
            let mut findings = Vec::new();
            let mut rest = &trace[..];
            while !rest.is_empty() {
                let (what, later) = rest.split_at(together(rest));
                monitor.observe(what, &mut findings);
                rest = later;
            }
            found.extend(findings.iter().map(|found| (found.at, found.dropped)));
            found.sort();
            let checked = monitor.checked();
            let defined = by_definition(trace, kinds);
            assert_eq!(
                (checked, &found),
                (defined.0, &defined.1),
                "{kinds:?}, seed {seed}: {trace:#?}"
            );
            dropped += found.len();
            kept += (checked as usize).saturating_sub(found.len());
            calm += usize::from(found.is_empty() && trace.len() > 20);
            if seed % 10 == 0 {
                let mut watch = Watch::new(&scenario);
                watch.observe(trace, &scenario);
                let mut own = watch.violations().to_vec();
                own.retain(|violation| violation.promise == PROMISE);
                assert_eq!(own.len(), found.len());
                assert_sound(&own, trace, &scenario);
            }
        }
        assert!(dropped > 1_500, "{kinds:?}: {dropped} {kept} {calm}");
        assert!(calm > 3_000, "{kinds:?}: {dropped} {kept} {calm}");
        assert!(
            kept > 1_000 || kinds == Kinds::Stamps,
            "{kinds:?}: {dropped} {kept} {calm}"
        );
    }
}

/// A write, as the definition sees it.
#[derive(Clone, Copy)]
struct Facts {
    write: WriteId,
    client: ClientId,
    key: KeyId,
    invoked: usize,
    told: usize,
    version: Version,
}

/// The acknowledged writes.
fn all_told(trace: &[Record]) -> Vec<Facts> {
    let mut all = Vec::new();
    for (told, record) in trace.iter().enumerate() {
        let Kind::Ended {
            op,
            outcome: Outcome::Written { version },
        } = record.kind
        else {
            continue;
        };
        let invoked = trace
            .iter()
            .enumerate()
            .find_map(|(place, record)| match record.kind {
                Kind::Invoked {
                    op: of,
                    action: Action::Write { write, key, .. },
                } if of == op => Some((place, write, key)),
                _ => None,
            });
        let (invoked, write, key) = invoked.unwrap();
        let client = op.client;
        all.push(Facts {
            write,
            client,
            key,
            invoked,
            told,
            version,
        });
    }
    all
}

/// What a session had seen of a key, or been told "done" for, before a record.
fn seen_before(
    trace: &[Record],
    told: &[Facts],
    client: ClientId,
    key: KeyId,
    before: usize,
) -> Vec<(WriteId, Version)> {
    let own = told
        .iter()
        .filter(|own| (own.client, own.key) == (client, key) && own.told < before)
        .map(|own| (own.write, own.version));
    let read = trace[..before]
        .iter()
        .filter_map(|record| match record.kind {
            Kind::Saw {
                op, key: of, held, ..
            } if (op.client, of) == (client, key) => held.write.zip(held.version),
            _ => None,
        });
    own.chain(read).collect()
}

/// Where two writes met, and how the one was dropped for the other: whether a replica told of it as a
/// conflict.
struct Met {
    place: usize,
    dropped: WriteId,
    by: WriteId,
    conflict: bool,
}

fn all_met(trace: &[Record]) -> Vec<Met> {
    let mut all = Vec::new();
    for (place, record) in trace.iter().enumerate() {
        match record.kind {
            Kind::Conflict {
                there, came, kept, ..
            } => {
                let (dropped, by) = match kept {
                    Kept::There => (came, there),
                    Kept::Came => (there, came),
                    _ => continue,
                };
                let conflict = true;
                all.push(Met {
                    place,
                    dropped,
                    by,
                    conflict,
                });
            }
            Kind::Stored {
                node,
                key,
                version,
                write,
                newest,
            } if !is_of_a_copy(trace, place) => {
                for (other, held) in on_disk(&trace[..place], node, key) {
                    let (dropped, by, loses) = match newest {
                        true => (other, write, version.supersedes(&held)),
                        false => (write, other, held.supersedes(&version)),
                    };
                    let conflict = false;
                    if loses {
                        all.push(Met {
                            place,
                            dropped,
                            by,
                            conflict,
                        });
                    }
                }
            }
            _ => {}
        }
    }
    all
}

/// Whether a record tells what a copy holds that has just replaced a disk.
fn is_of_a_copy(trace: &[Record], place: usize) -> bool {
    let same_time = trace[..place].iter().rev();
    let mut same_time = same_time.take_while(|record| record.at == trace[place].at);
    same_time.any(|record| matches!(record.kind, Kind::Restored { .. }))
}

/// What a disk holds of a key after these records.
fn on_disk(trace: &[Record], disk: NodeId, of: KeyId) -> Vec<(WriteId, Version)> {
    let mut held: Vec<(WriteId, Version)> = Vec::new();
    for record in trace {
        match record.kind {
            Kind::Stored {
                node,
                key,
                version,
                write,
                newest: true,
            } if (node, key) == (disk, of) => {
                held.retain(|(_, other)| !other.covers(&version) && !version.covers(other));
                held.push((write, version));
            }
            Kind::Crashed {
                node,
                disk_lost: true,
            }
            | Kind::Restored { node, .. }
                if node == disk =>
            {
                held.clear();
            }
            _ => {}
        }
    }
    held
}

/// "Two acknowledged writes, neither of whose writers had seen the other, overlapped in real time at
/// different acceptors (or a clock reversed them), one was dropped and nobody was told": at how many records
/// that was tested for the first time of a write, and the writes that were dropped.
fn by_definition(trace: &[Record], kinds: Kinds) -> (u32, Vec<(Seq, WriteId)>) {
    let told = all_told(trace);
    let of = |write| told.iter().find(|facts| facts.write == write);
    let invoked = |write: WriteId| {
        trace.iter().position(|record| {
            matches!(record.kind, Kind::Invoked { action: Action::Write { write: of, .. }, .. } if of == write)
        })
    };
    let had_seen = |one: &Facts, other: &Facts| {
        let seen = seen_before(trace, &told, one.client, other.key, one.invoked);
        match other.version {
            Version::Dotted { dot, .. } => vector_of(&seen).covers(dot),
            _ => seen.into_iter().any(|(write, version)| {
                version.covers(&other.version)
                    && (write == other.write || invoked(write) > Some(other.invoked))
            }),
        }
    };
    let had_just_seen = |one: &Facts, other: &Facts| {
        let seen = seen_before(trace, &told, one.client, other.key, one.invoked);
        match other.version {
            Version::Dotted { dot, .. } => vector_of(&seen).covers(dot),
            version => {
                one.version.supersedes(&version)
                    && seen.iter().any(|(write, _)| *write == other.write)
            }
        }
    };
    let is_dotted = kinds == Kinds::Dotted;
    let mut dropped: Vec<(Seq, WriteId)> = Vec::new();
    let mut tested: Vec<(Seq, WriteId)> = Vec::new();
    for met in all_met(trace) {
        let (Some(loser), Some(winner)) = (of(met.dropped), of(met.by)) else {
            continue;
        };
        let at = met.place.max(loser.told).max(winner.told);
        let reversed = !is_dotted && loser.invoked > winner.told;
        let overlapped = met.conflict
            || matches!(kinds, Kinds::Stamps | Kinds::Dotted)
                && (is_dotted || acceptor(loser.version) != acceptor(winner.version))
                && loser.invoked < winner.told
                && winner.invoked < loser.told;
        let was_replaced = || {
            told.iter().any(|other| {
                other.told <= at && other.key == loser.key && had_just_seen(other, loser)
            })
        };
        if (reversed || overlapped) && !had_seen(winner, loser) && !was_replaced() {
            dropped.push((Seq(at as u32), loser.write));
        }
    }
    tested.extend(dropped.iter().copied());
    for (place, record) in trace.iter().enumerate() {
        if let Kind::Conflict {
            there,
            came,
            kept: Kept::Both | Kept::Merged,
            ..
        } = record.kind
            && let (Some(one), Some(other)) = (of(there), of(came))
        {
            let at = place.max(one.told).max(other.told);
            tested.push((Seq(at as u32), there.max(came)));
        }
    }
    let mut firsts: Vec<Seq> = firsts(tested).into_iter().map(|(at, _)| at).collect();
    firsts.dedup();
    (firsts.len() as u32, self::firsts(dropped))
}

/// Of each write the first moment; in order.
fn firsts(mut all: Vec<(Seq, WriteId)>) -> Vec<(Seq, WriteId)> {
    all.sort();
    let mut firsts: Vec<(Seq, WriteId)> = Vec::new();
    for (at, write) in all {
        if !firsts.iter().any(|(_, other)| *other == write) {
            firsts.push((at, write));
        }
    }
    firsts
}

fn vector_of(seen: &[(WriteId, Version)]) -> Vector {
    let mut vector = Vector::default();
    for (_, version) in seen {
        if let Version::Dotted { dot, seen } = version {
            vector.join(seen);
            vector.cover(*dot);
        }
    }
    vector
}

fn acceptor(version: Version) -> NodeId {
    match version {
        Version::Stamp { coordinator, .. } => coordinator,
        Version::Revision { node, .. } => node,
        Version::Dotted {
            dot: Dot { node, .. },
            ..
        } => node,
        Version::Log(_) => panic!("nobody leads"),
    }
}

/// Whatever writes can meet where, they do.
fn random_history(seed: u64, kinds: Kinds, scenario: Scenario) -> History {
    let mut random = Random::of(seed);
    let nodes = u32::from(scenario.structure.nodes);
    let mut history = History::of(scenario);
    let mut writes: Vec<(Written, Version)> = Vec::new();
    let mut open: [Option<usize>; 3] = [None; 3];
    for step in 0..random.between(12, 60) {
        history.at(u64::from(step));
        let node = NodeId(random.below(nodes) as u8);
        let place = random.below(3) as usize;
        let client = [ALICE, BOB, CAROL][place];
        match random.below(20) {
            0..5 if open[place].is_none() => {
                let key = if random.percent(80) { BALANCE } else { PHOTO };
                let acceptor = NodeId(random.below(nodes) as u8);
                let skew = i64::from(random.below(20)) - 10;
                let of_key: Vec<(KeyId, Version)> = writes
                    .iter()
                    .map(|(write, version)| (write.key, *version))
                    .collect();
                let version = match kinds {
                    Kinds::Stamps | Kinds::Leaders => stamp(i64::from(step) + skew, acceptor),
                    Kinds::Revisions => Version::Revision {
                        count: 1 + random.below(8),
                        node: acceptor,
                    },
                    Kinds::Dotted => random.dotted(key, &of_key),
                };
                if of_key.iter().any(|(_, other)| *other == version) {
                    continue;
                }
                open[place] = Some(writes.len());
                writes.push((history.writes(client, key), version));
            }
            5..9 => {
                let Some(written) = open[place].take() else {
                    continue;
                };
                let (write, version) = writes[written];
                match random.below(8) {
                    0 => history.told(write.op, Outcome::Unknown),
                    _ => history.done(write, version),
                }
            }
            9..15 if !writes.is_empty() => {
                let (write, version) = writes[random.below(writes.len() as u32) as usize];
                let there = on_disk(&history.trace, node, write.key);
                if there.iter().any(|(other, _)| *other == write.write) {
                    continue;
                }
                let newest = !there.iter().any(|(_, held)| held.covers(&version));
                history.stores_as(node, write, version, newest);
                for (there, held) in there {
                    let kept = match (kinds, newest) {
                        (Kinds::Stamps, _) => continue,
                        (Kinds::Dotted, true) if !version.covers(&held) => Kept::Both,
                        (Kinds::Dotted, _) => continue,
                        _ if random.percent(40) => continue,
                        _ if random.percent(10) => Kept::Merged,
                        (_, true) => Kept::Came,
                        (_, false) => Kept::There,
                    };
                    let (key, came) = (write.key, write.write);
                    history.push(
                        None,
                        Kind::Conflict {
                            node,
                            key,
                            there,
                            came,
                            kept,
                        },
                    );
                }
            }
            15..18 if open[place].is_none() && !writes.is_empty() => {
                let (write, version) = writes[random.below(writes.len() as u32) as usize];
                let held = Held {
                    version: Some(version),
                    value: Value::Number(1),
                    write: Some(write.write),
                };
                history.read(client, write.key, node, held);
            }
            18 => history.lost_its_disk(node),
            19 if !writes.is_empty() => {
                history.restored(node, 0);
                let (write, version) = writes[random.below(writes.len() as u32) as usize];
                history.stores_as(node, write, version, true);
            }
            _ => {}
        }
    }
    history
}
