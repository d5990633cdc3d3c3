//! Monotonic writes and writes follow reads against their definitions, spelt out without a thought of speed,
//! on many small random histories. No replica would behave like these: what a disk can gain or lose, it
//! gains and loses, now and then several things at one moment.

use serde_json::json;

use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Dot, Held, KeyId, KeySet, NodeId, OpId, Value, Version, WriteId,
};
use crate::promise::arrivals::Finding;
use crate::promise::brute_force::Random;
use crate::promise::monotonic_writes::MonotonicWrites;
use crate::promise::testing::*;
use crate::promise::watch::together;
use crate::promise::writes_follow_reads::WritesFollowReads;
use crate::promise::{Monitor, Promise, Watch};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record, Seq};

const HISTORIES: u64 = 25_000;
const CLIENTS: u8 = 3;
const KEYS: u8 = 3;

/// What versions a history has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    /// Entries of two logs.
    Log,
    /// In one order; each key on two replicas of three.
    Stamps,
    /// Side by side; each key on two replicas of three.
    Dotted,
    /// One value made from all writes.
    Merged,
}

/// How often a promise was tested; and each pair of a write and a replica that broke it, and when.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judged {
    checked: u32,
    broken: Vec<(SimTime, WriteId, NodeId)>,
}

#[test]
fn entries_of_logs_arrive_as_defined() {
    assert_agreement(Versions::Log);
}

#[test]
fn stamped_versions_arrive_as_defined() {
    assert_agreement(Versions::Stamps);
}

#[test]
fn siblings_arrive_as_defined() {
    assert_agreement(Versions::Dotted);
}

#[test]
fn merged_writes_arrive_as_defined() {
    assert_agreement(Versions::Merged);
}

fn assert_agreement(versions: Versions) {
    let scenario = scenario_of(versions);
    let mut tested = [0; 2];
    let mut broken = [0; 2];
    for seed in 0..HISTORIES {
        let trace = random_history(seed, versions, &scenario);
        let found = [
            judged_by(MonotonicWrites::new(&scenario), &trace),
            judged_by(WritesFollowReads::new(&scenario), &trace),
        ];
        let defined = [
            by_definition(&trace, versions, &scenario, own_before),
            by_definition(&trace, versions, &scenario, seen_before),
        ];
        assert_eq!(found, defined, "{versions:?}, seed {seed}: {trace:#?}");
        for (number, judged) in defined.iter().enumerate() {
            tested[number] += judged.checked as usize;
            broken[number] += judged.broken.len();
        }
        if seed % 4 == 0 {
            let mut watch = Watch::new(&scenario);
            watch.observe(&trace, &scenario);
            let mut violations = watch.violations().to_vec();
            violations.retain(|violation| {
                [Promise::MonotonicWrites, Promise::WritesFollowReads].contains(&violation.promise)
            });
            let count = defined[0].broken.len() + defined[1].broken.len();
            assert_eq!(violations.len(), count, "seed {seed}");
            assert_sound(&violations, &trace, &scenario);
        }
    }
    // Enough of both, or nothing was shown.
    for number in 0..2 {
        assert!(
            broken[number] > 2_000 && tested[number] > broken[number] + 4_000,
            "{versions:?} {tested:?} {broken:?}"
        );
    }
}

fn scenario_of(versions: Versions) -> Scenario {
    let changed = match versions {
        Versions::Log => return one_leader(3),
        Versions::Stamps | Versions::Dotted => leaderless(1, 1).with("/protocol/copies", json!(2)),
        Versions::Merged => many_leaders().with("/protocol/conflicts", json!("merge")),
    };
    changed.unwrap_or_else(|error| panic!("{error}"))
}

/// What a monitor finds.
fn judged_by<M: Monitor<Finding = Finding>>(mut monitor: M, trace: &[Record]) -> Judged {
    let mut judged = Judged::default();
    let mut found = Vec::new();
    let mut place = 0;
    while place < trace.len() {
        let what = &trace[place..place + together(&trace[place..])];
        place += what.len();
        monitor.observe(what, &mut found);
        let now = what[0].at;
        if trace.get(place).is_none_or(|next| next.at != now) {
            monitor.settle(&mut found);
            let pairs = found.drain(..).map(|one| (now, one.later, one.node));
            judged.broken.extend(pairs);
        }
    }
    judged.checked = monitor.checked();
    judged.broken.sort();
    judged
}

/// A write that comes before another.
#[derive(Clone, Copy)]
struct Before {
    write: WriteId,
    key: KeyId,
    version: Version,
    /// Whether a read showed it.
    seen: bool,
}

/// "The session's earlier writes": those that it had been told "done" for, or had seen.
fn own_before(later: WriteId, trace: &[Record]) -> Vec<Before> {
    let (made, by) = invoked(later, trace);
    let mut all = Vec::new();
    for (place, record) in trace[..made].iter().enumerate() {
        match record.kind {
            Kind::Ended {
                op,
                outcome: Outcome::Written { version },
            } if op.client == by.client => {
                let write = trace[..place].iter().find_map(|record| match record.kind {
                    Kind::Invoked {
                        op: of,
                        action: Action::Write { write, key, .. },
                    } if of == op => Some((write, key)),
                    _ => None,
                });
                let (write, key) = write.unwrap();
                let seen = false;
                all.push(Before {
                    write,
                    key,
                    version,
                    seen,
                });
            }
            _ => {}
        }
    }
    let seen = seen_before(later, trace).into_iter();
    let own = seen.filter(|before| invoked(before.write, trace).1.client == by.client);
    all.extend(own.map(|before| Before {
        seen: false,
        ..before
    }));
    all
}

/// "What its session had read before making it."
fn seen_before(later: WriteId, trace: &[Record]) -> Vec<Before> {
    let (made, by) = invoked(later, trace);
    let seen = trace[..made].iter().filter_map(|record| match record.kind {
        Kind::Saw { op, key, held, .. } if op.client == by.client => Some(Before {
            write: held.write?,
            key,
            version: held.version?,
            seen: true,
        }),
        _ => None,
    });
    seen.collect()
}

fn invoked(write: WriteId, trace: &[Record]) -> (usize, OpId) {
    let found = trace
        .iter()
        .enumerate()
        .find_map(|(place, record)| match record.kind {
            Kind::Invoked {
                op,
                action: Action::Write { write: of, .. },
            } if of == write => Some((place, op)),
            _ => None,
        });
    found.unwrap()
}

/// What is on a disk.
type Disk = Vec<(WriteId, KeyId, Version)>;

/// "A replica holds a write but not one that comes before it, nor something that supersedes it (only keys
/// that the replica stores)." At the end of each moment; each pair of a write and a replica once.
fn by_definition(
    trace: &[Record],
    versions: Versions,
    scenario: &Scenario,
    before: fn(WriteId, &[Record]) -> Vec<Before>,
) -> Judged {
    let nodes = usize::from(scenario.structure.nodes);
    let mut disks: Vec<Disk> = vec![Vec::new(); nodes];
    let mut judged = Judged::default();
    let mut tested: Vec<(WriteId, NodeId)> = Vec::new();
    let mut restored = None;
    for (place, record) in trace.iter().enumerate() {
        if let Kind::Restored { .. } = record.kind {
            restored = Some((record.at, false));
        }
        if let Some((node, write)) = happen(record, &mut disks, versions, trace)
            && !tested.contains(&(write, node))
            && before(write, trace)
                .iter()
                .any(|before| stores(node, before.key, scenario))
        {
            tested.push((write, node));
            // What is on a copy is there at once.
            match &mut restored {
                Some((at, counted)) if *at == record.at => {
                    judged.checked += u32::from(!*counted);
                    *counted = true;
                }
                _ => judged.checked += 1,
            }
        }
        if trace
            .get(place + 1)
            .is_some_and(|next| next.at == record.at)
        {
            continue;
        }
        for (node, disk) in disks.iter().enumerate() {
            let node = NodeId(node as u8);
            for (later, ..) in disk {
                let is_known =
                    |pair: &(SimTime, WriteId, NodeId)| (pair.1, pair.2) == (*later, node);
                let mut before = before(*later, trace).into_iter();
                let lacks = |before: Before| {
                    stores(node, before.key, scenario) && !holds(disk, before, trace, versions)
                };
                if !judged.broken.iter().any(is_known) && before.any(lacks) {
                    judged.broken.push((record.at, *later, node));
                }
            }
        }
    }
    judged.broken.sort();
    judged
}

fn stores(node: NodeId, key: KeyId, scenario: &Scenario) -> bool {
    scenario.structure.copies_of(key).any(|copy| copy == node)
}

/// Whether a disk holds a write, or what supersedes it.
fn holds(disk: &Disk, before: Before, trace: &[Record], versions: Versions) -> bool {
    let here = |write: WriteId| disk.iter().any(|(held, ..)| *held == write);
    match (versions, before.version) {
        // Nothing supersedes what a value is made of; of what was read, all that it was made of must be there.
        (Versions::Merged, Version::Dotted { seen, .. }) if before.seen => {
            let mut stored = trace.iter().filter_map(|record| match record.kind {
                Kind::Stored {
                    key,
                    version: Version::Dotted { dot, .. },
                    write,
                    ..
                } if key == before.key => Some((dot, write)),
                _ => None,
            });
            // Some that were seen may have been stored nowhere here: then nobody holds them all.
            let dots = (0..3).flat_map(|node| {
                let node = NodeId(node);
                (1..=seen.0[usize::from(node.0)]).map(move |counter| Dot { node, counter })
            });
            let known: Vec<(Dot, WriteId)> = stored.by_ref().collect();
            dots.into_iter().all(|dot| {
                let mut of_dot = known.iter().filter(|(other, _)| *other == dot);
                of_dot.any(|(_, write)| here(*write))
            })
        }
        (Versions::Merged, _) => here(before.write),
        _ => disk
            .iter()
            .any(|(_, key, version)| *key == before.key && version.covers(&before.version)),
    }
}

/// What a record does to the disks; which write it brings, and where to.
fn happen(
    record: &Record,
    disks: &mut [Disk],
    versions: Versions,
    trace: &[Record],
) -> Option<(NodeId, WriteId)> {
    match record.kind {
        Kind::Persisted {
            node,
            position,
            write: Some(write),
            ..
        } => {
            let disk = &mut disks[usize::from(node.0)];
            if !disk.iter().any(|(held, ..)| *held == write) {
                let key = match trace[invoked(write, trace).0].kind {
                    Kind::Invoked {
                        action: Action::Write { key, .. },
                        ..
                    } => key,
                    _ => unreachable!(),
                };
                disk.push((write, key, Version::Log(position)));
            }
            Some((node, write))
        }
        Kind::Discarded {
            node,
            write: Some(write),
            ..
        } => {
            disks[usize::from(node.0)].retain(|(held, ..)| *held != write);
            None
        }
        Kind::Stored {
            node,
            key,
            version,
            write,
            newest: true,
        } => {
            let disk = &mut disks[usize::from(node.0)];
            disk.retain(|(held, of, other)| {
                let replaced = *of == key && (version.covers(other) || other.covers(&version));
                *held != write && (versions == Versions::Merged || !replaced)
            });
            disk.push((write, key, version));
            Some((node, write))
        }
        Kind::Crashed {
            node,
            disk_lost: true,
        }
        | Kind::Restored { node, .. } => {
            disks[usize::from(node.0)].clear();
            None
        }
        _ => None,
    }
}

/// A client of a random history, and what it is doing.
#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    Writing(OpId, Version),
    Reading(OpId, KeySet),
}

fn random_history(seed: u64, versions: Versions, scenario: &Scenario) -> Vec<Record> {
    let mut random = Random::of(seed);
    let mut history = Growing {
        versions,
        nodes: u32::from(scenario.structure.nodes),
        scenario,
        trace: Vec::new(),
        now: 0,
        writes: Vec::new(),
        doing: [Doing::Nothing; CLIENTS as usize],
        operations: 0,
        disks: vec![Vec::new(); usize::from(scenario.structure.nodes)],
    };
    for _ in 0..random.between(15, 60) {
        if random.percent(75) {
            history.now += 1;
        }
        if random.percent(55) {
            history.client(&mut random);
        } else {
            history.disk(&mut random);
        }
    }
    history.trace
}

/// A random history that grows.
struct Growing<'a> {
    versions: Versions,
    nodes: u32,
    scenario: &'a Scenario,
    trace: Vec<Record>,
    now: u64,
    writes: Vec<(KeyId, Version)>,
    doing: [Doing; CLIENTS as usize],
    operations: u32,
    disks: Vec<Disk>,
}

impl Growing<'_> {
    fn push(&mut self, kind: Kind) {
        let seq = Seq(self.trace.len() as u32);
        self.trace.push(Record {
            seq,
            at: SimTime(self.now * 1_000),
            cause: None,
            kind,
        });
        happen(
            &self.trace[self.trace.len() - 1],
            &mut self.disks,
            self.versions,
            &self.trace,
        );
    }

    /// A client does what comes next, or something new.
    fn client(&mut self, random: &mut Random) {
        let client = random.below(u32::from(CLIENTS)) as usize;
        match self.doing[client] {
            Doing::Nothing => {
                let op = OpId {
                    client: ClientId(client as u8),
                    number: self.operations,
                };
                self.operations += 1;
                if random.percent(60) {
                    let key = KeyId(random.below(u32::from(KEYS)) as u8);
                    let version = self.version(key, random);
                    if self.writes.iter().any(|(_, other)| *other == version) {
                        return;
                    }
                    self.writes.push((key, version));
                    self.doing[client] = Doing::Writing(op, version);
                    let write = WriteId(self.writes.len() as u32);
                    let change = Change::Set(Value::Number(i64::from(write.0)));
                    self.push(Kind::Invoked {
                        op,
                        action: Action::Write { write, key, change },
                    });
                } else {
                    let keys = KeySet(1 + random.below((1 << KEYS) - 1));
                    self.doing[client] = Doing::Reading(op, keys);
                    self.push(Kind::Invoked {
                        op,
                        action: Action::Read { keys },
                    });
                }
            }
            Doing::Writing(op, version) => {
                self.doing[client] = Doing::Nothing;
                let outcome = match random.below(10) {
                    0..3 => Outcome::Unknown,
                    _ => Outcome::Written { version },
                };
                self.push(Kind::Ended { op, outcome });
            }
            Doing::Reading(op, left) if left.is_empty() || random.percent(5) => {
                self.doing[client] = Doing::Nothing;
                self.push(Kind::Ended {
                    op,
                    outcome: Outcome::Answered,
                });
            }
            Doing::Reading(op, left) => {
                let key = left.iter().next().unwrap();
                let rest = left.iter().filter(|other| *other != key).collect();
                self.doing[client] = Doing::Reading(op, rest);
                let held: Vec<Held> = match self.versions {
                    Versions::Log | Versions::Stamps => vec![random.held(key, &self.writes)],
                    Versions::Dotted => random.siblings(key, &self.writes),
                    Versions::Merged => vec![random.merged(key, &self.writes)],
                };
                for held in held {
                    let from = NodeId(0);
                    self.push(Kind::Saw {
                        op,
                        key,
                        from,
                        held,
                    });
                }
            }
        }
    }

    fn version(&self, key: KeyId, random: &mut Random) -> Version {
        match self.versions {
            Versions::Log => random.position(),
            Versions::Stamps => Version::Stamp {
                at_us: i64::from(random.below(60)),
                coordinator: NodeId(3),
                counter: 0,
            },
            Versions::Dotted | Versions::Merged => random.dotted(key, &self.writes),
        }
    }

    /// A disk gains or loses something.
    fn disk(&mut self, random: &mut Random) {
        let node = NodeId(random.below(self.nodes) as u8);
        match random.below(20) {
            0 => {
                let disk_lost = random.percent(70);
                self.push(Kind::Crashed { node, disk_lost });
            }
            1..3 => {
                // Alone at its moment, as what is on the copy is told with it.
                self.now += 1;
                let as_of = SimTime(0);
                self.push(Kind::Restored { node, as_of });
                for number in 0..self.writes.len() {
                    if random.percent(60) {
                        self.arrive(node, number, true, random);
                    }
                }
                self.now += 1;
            }
            3..6 if self.versions == Versions::Log => {
                // One, or all from there on; at a moment of their own.
                self.now += 1;
                let all = random.percent(50);
                let held = self.disks[usize::from(node.0)].clone();
                let chosen = random.below(1 + held.len() as u32) as usize;
                for (write, key, version) in held.into_iter().skip(chosen) {
                    let Version::Log(position) = version else {
                        continue;
                    };
                    let partition = self.scenario.partition_of(key);
                    self.push(Kind::Discarded {
                        node,
                        partition,
                        position,
                        write: Some(write),
                    });
                    if !all {
                        break;
                    }
                }
                self.now += 1;
            }
            _ if !self.writes.is_empty() => {
                let number = random.below(self.writes.len() as u32) as usize;
                self.arrive(node, number, false, random);
            }
            _ => {}
        }
    }

    /// A write reaches a disk, if it can.
    fn arrive(&mut self, node: NodeId, number: usize, on_copy: bool, random: &mut Random) {
        let ((key, version), write) = (self.writes[number], WriteId(number as u32 + 1));
        let disk = &self.disks[usize::from(node.0)];
        let mut of_key = disk.iter().filter(|(_, of, _)| *of == key);
        let mut newest = true;
        match (self.versions, version) {
            (Versions::Log, Version::Log(position)) => {
                let partition = self.scenario.partition_of(key);
                return self.push(Kind::Persisted {
                    node,
                    partition,
                    position,
                    write: Some(write),
                });
            }
            // A disk can be made to go back, but not as a copy.
            (Versions::Stamps, _) => {
                let is_old = of_key.any(|(_, _, held)| held.covers(&version));
                if is_old && (on_copy || random.percent(85)) {
                    newest = false;
                } else if is_old {
                    self.now += 1;
                }
            }
            (Versions::Dotted, _) => newest = !of_key.any(|(_, _, held)| held.covers(&version)),
            // Of each origin in its order.
            (_, Version::Dotted { dot, .. }) => {
                let has = |wanted: u16| {
                    disk.iter().any(|(_, of, held)| {
                        *of == key
                            && matches!(held, Version::Dotted { dot: other, .. }
                                if other.node == dot.node && other.counter == wanted)
                    })
                };
                if has(dot.counter) || !(1..dot.counter).all(has) {
                    return;
                }
            }
            _ => {}
        }
        if stores(node, key, self.scenario) && (newest || !on_copy) {
            self.push(Kind::Stored {
                node,
                key,
                version,
                write,
                newest,
            });
        }
    }
}
