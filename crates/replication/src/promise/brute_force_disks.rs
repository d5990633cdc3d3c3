//! What is found lost against its definition, on random histories of disks: versions that are stored, hints
//! that come and go, disks that are lost and replaced. No replica would behave like these.

use crate::engine::time::SimTime;
use crate::ids::{KeyId, NodeId, OpId, Version, WriteId};
use crate::promise::brute_force::Random;
use crate::promise::testing::*;
use crate::promise::{Promise, Watch};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

const NODES: u8 = 3;
const HISTORIES: u64 = 10_000;

/// What a history stores: versions in one order, or side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    Ordered,
    Dotted,
}

#[test]
fn what_is_found_lost_agrees_with_the_definition() {
    for versions in [Versions::Ordered, Versions::Dotted] {
        let (mut lost, mut kept) = (0, 0);
        for seed in 0..HISTORIES {
            let history = random_history(seed, versions);
            let (trace, scenario) = (&history.trace, &history.scenario);
            let mut watch = Watch::new(scenario);
            watch.observe(trace, scenario);
            let mut violations = watch.violations().to_vec();
            violations.retain(|found| found.promise == Promise::NoAckedWriteLost);
            let mut found: Vec<(Seq, WriteId)> = violations
                .iter()
                .map(|violation| (violation.at, write_in(&violation.evidence, trace)))
                .collect();
            found.sort();
            let defined = lost_by_definition(trace);
            assert_eq!(found, defined, "{versions:?}, seed {seed}: {trace:#?}");
            let acked = watch
                .verdict(Promise::NoAckedWriteLost, trace.len())
                .checked;
            lost += found.len();
            kept += acked as usize - found.len();
            if seed % 2 == 0 {
                assert_sound(&violations, trace, scenario);
            }
        }
        assert!(lost > 5_000 && kept > 5_000, "{versions:?} {lost} {kept}");
    }
}

fn write_in(evidence: &[Seq], trace: &[Record]) -> WriteId {
    let written = evidence
        .iter()
        .find_map(|seq| match trace[seq.index()].kind {
            Kind::Invoked {
                action: Action::Write { write, .. },
                ..
            } => Some(write),
            _ => None,
        });
    written.unwrap()
}

/// An acknowledged write.
struct Acked {
    write: WriteId,
    key: KeyId,
    version: Version,
    ended: usize,
}

/// "No surviving disk holds an acknowledged write, and nothing replaced it."
fn lost_by_definition(trace: &[Record]) -> Vec<(Seq, WriteId)> {
    let mut acked: Vec<Acked> = Vec::new();
    for (ended, record) in trace.iter().enumerate() {
        if let Kind::Ended {
            op,
            outcome: Outcome::Written { version },
        } = record.kind
        {
            let (write, key) = written_by(op, trace);
            acked.push(Acked {
                write,
                key,
                version,
                ended,
            });
        }
    }
    let mut lost = Vec::new();
    for one in &acked {
        let is_replaced = |place: usize| {
            let mut others = acked.iter().filter(|other| other.ended <= place);
            others.any(|other| other.key == one.key && other.version.supersedes(&one.version))
        };
        let is_lost = |place: &usize| {
            // A disk that is replaced, and what it holds then, are one.
            let mut end = place + 1;
            while matches!(trace[*place].kind, Kind::Restored { .. })
                && trace
                    .get(end)
                    .is_some_and(|next| next.at == trace[*place].at)
            {
                end += 1;
            }
            let nodes = (0..NODES).map(NodeId);
            let mut holders = nodes.filter(|node| holds(&trace[..end], *node, one));
            holders.next().is_none() && !is_replaced(*place)
        };
        let mut moments = (one.ended..trace.len()).filter(|place| !is_of_a_copy(trace, *place));
        let first = moments.find(is_lost);
        lost.extend(first.map(|place| (Seq(place as u32), one.write)));
    }
    lost.sort();
    lost
}

/// Whether a record tells what a copy holds that has just replaced a disk.
fn is_of_a_copy(trace: &[Record], place: usize) -> bool {
    let same_time = trace[..place]
        .iter()
        .rev()
        .take_while(|record| record.at == trace[place].at);
    same_time
        .into_iter()
        .any(|record| matches!(record.kind, Kind::Restored { .. }))
}

fn written_by(op: OpId, trace: &[Record]) -> (WriteId, KeyId) {
    let written = trace.iter().find_map(|record| match record.kind {
        Kind::Invoked {
            op: of,
            action: Action::Write { write, key, .. },
        } if of == op => Some((write, key)),
        _ => None,
    });
    written.unwrap()
}

/// Whether a disk holds a write or what supersedes it, after these records.
fn holds(trace: &[Record], disk: NodeId, acked: &Acked) -> bool {
    let mut stored: Vec<Version> = Vec::new();
    let mut hints: Vec<(NodeId, WriteId)> = Vec::new();
    for record in trace {
        match record.kind {
            Kind::Stored {
                node,
                key,
                version,
                newest: true,
                ..
            } if (node, key) == (disk, acked.key) => {
                // It takes the place of what it supersedes, and of what it is put in the place of.
                stored.retain(|held| !held.supersedes(&version) && !version.supersedes(held));
                stored.push(version);
            }
            Kind::HintKept {
                node, home, write, ..
            } if node == disk => hints.push((home, write)),
            Kind::HintGone {
                node, home, write, ..
            } if node == disk => hints.retain(|hint| *hint != (home, write)),
            Kind::Crashed {
                node,
                disk_lost: true,
            }
            | Kind::Restored { node, .. }
                if node == disk =>
            {
                stored.clear();
                hints.clear();
            }
            _ => {}
        }
    }
    let by_hint = hints.iter().any(|(_, write)| *write == acked.write);
    by_hint || stored.iter().any(|held| held.covers(&acked.version))
}

fn random_history(seed: u64, versions: Versions) -> History {
    let mut random = Random::of(seed);
    let mut history = History::of(leaderless(1, 1));
    let mut writes: Vec<(Written, Version)> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for step in 0..random.between(8, 40) {
        history.at(u64::from(step));
        let node = NodeId(random.below(u32::from(NODES)) as u8);
        let key = if random.percent(70) { BALANCE } else { PHOTO };
        let of_key: Vec<(KeyId, Version)> = writes
            .iter()
            .map(|(write, version)| (write.key, *version))
            .collect();
        match random.below(20) {
            0..6 => {
                let version = match versions {
                    Versions::Ordered => Version::Stamp {
                        at_us: i64::from(random.below(60)),
                        coordinator: NodeId(3),
                        counter: 0,
                    },
                    Versions::Dotted => random.dotted(key, &of_key),
                };
                if of_key.iter().any(|(_, other)| *other == version) {
                    continue;
                }
                let write = history.writes([ALICE, BOB, CAROL][random.below(3) as usize], key);
                // Its session has given up what it waited for.
                open.retain(|place: &usize| writes[*place].0.op.client != write.op.client);
                open.push(writes.len());
                writes.push((write, version));
                store(&mut history, node, write, version, true);
            }
            6..10 if !open.is_empty() => {
                let place = random.below(open.len() as u32) as usize;
                let (write, version) = writes[open.remove(place)];
                history.told(write.op, Outcome::Written { version });
            }
            10..14 if !writes.is_empty() => {
                let place = random.below(writes.len() as u32) as usize;
                let (write, version) = writes[place];
                // Only in one order can a disk be made to go back.
                let goes_back = history.trace.iter().any(|record| match record.kind {
                    Kind::Stored {
                        node: of,
                        key,
                        version: there,
                        ..
                    } => (of, key) == (node, write.key) && there.supersedes(&version),
                    _ => false,
                });
                let newest = random.percent(90) && (versions == Versions::Ordered || !goes_back);
                store(&mut history, node, write, version, newest);
            }
            14..16 if !writes.is_empty() => {
                let (write, _) = writes[random.below(writes.len() as u32) as usize];
                let (home, key, write) = (NodeId((node.0 + 1) % NODES), write.key, write.write);
                let kind = match random.percent(60) {
                    true => Kind::HintKept {
                        node,
                        home,
                        key,
                        write,
                    },
                    false => Kind::HintGone {
                        node,
                        home,
                        key,
                        write,
                        expired: random.percent(50),
                    },
                };
                history.push(None, kind);
            }
            16 => history.lost_its_disk(node),
            17 => {
                history.restored(node, 0);
                for (write, version) in writes.clone() {
                    let stands = !writes
                        .iter()
                        .any(|(other, newer)| other.key == write.key && newer.supersedes(&version));
                    if random.percent(20) && (versions == Versions::Ordered || stands) {
                        store(&mut history, node, write, version, true);
                    }
                }
            }
            18 => history.crashed(node),
            _ => history.restarted(node),
        }
    }
    history
}

fn store(history: &mut History, node: NodeId, written: Written, version: Version, newest: bool) {
    let (key, write) = (written.key, written.write);
    history.push(
        None,
        Kind::Stored {
            node,
            key,
            version,
            write,
            newest,
        },
    );
}

#[test]
fn a_restored_disk_is_one_moment() {
    let mut history = History::of(leaderless(1, 1));
    let write = history.at(10).writes(ALICE, BALANCE);
    store(&mut history, L, write, write.stamp(), true);
    let version = write.stamp();
    history.at(20).told(write.op, Outcome::Written { version });
    // What it held before is on the copy as well.
    history.at(30).restored(L, 15);
    store(&mut history, L, write, write.stamp(), true);
    assert_eq!(history.verdict(Promise::NoAckedWriteLost).violations, 0);
    history.at(40).restored(L, 5);
    let violation = history.violation(Promise::NoAckedWriteLost);
    assert_eq!(history.trace[violation.at.index()].at, SimTime(40_000));
    assert_eq!(
        violation.sentence,
        "Alice was told “done” for balance = 10 (#1) at 20 ms. A’s disk was replaced at 40 ms by a copy of 5 ms, \
         and no disk holds it."
    );
}
