//! The monitors against their definitions, spelt out without a thought of speed, on many small random
//! histories. No replica would behave like these: whatever a read can return, it returns.

use std::cmp::Ordering;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Dot, Held, KeyId, KeySet, NodeId, OpId, Position, Value, Vector, Version,
    WriteId,
};
use crate::promise::testing::{assert_sound, is_one_answer, one_leader};
use crate::promise::{Promise, Watch};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

const HISTORIES: u64 = 100_000;
const CLIENTS: u8 = 3;
const KEYS: u8 = 3;

/// What versions a history has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// In one order.
    Ordered,
    /// Side by side: reads return siblings.
    Dotted,
    /// Side by side: reads return one value made from several writes.
    Merged,
}

pub const ALL_VERSIONS: [Versions; 3] = [Versions::Ordered, Versions::Dotted, Versions::Merged];

/// How often a promise was tested, and the records at which it was broken.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged {
    pub checked: u32,
    pub broken: Vec<Seq>,
}

#[test]
fn monitors_agree_with_their_definitions() {
    for versions in ALL_VERSIONS {
        assert_agreement(versions);
    }
}

fn assert_agreement(versions: Versions) {
    let scenario = one_leader(3);
    // Of a merged value consistent prefix counts one write alone, and is not judged by its definition.
    let judged = if versions == Versions::Merged { 2 } else { 3 };
    let mut tested = [0; 3];
    let mut broken = [0; 3];
    for seed in 0..HISTORIES {
        let trace = random_history(seed, versions);
        let mut watch = Watch::new(&scenario);
        watch.observe(&trace, &scenario);
        let definitions = [
            (Promise::ReadYourWrites, read_your_writes(&trace)),
            (Promise::MonotonicReads, monotonic_reads(&trace)),
            (Promise::ConsistentPrefix, consistent_prefix(&trace)),
        ];
        for (number, (promise, defined)) in definitions.into_iter().enumerate().take(judged) {
            let found = watch
                .violations()
                .iter()
                .filter(|violation| violation.promise == promise);
            let judged = Judged {
                checked: watch.verdict(promise, trace.len()).checked,
                broken: found.map(|violation| violation.at).collect(),
            };
            assert_eq!(
                judged, defined,
                "{promise:?}, {versions:?}, seed {seed}: {trace:#?}"
            );
            tested[number] += judged.checked;
            broken[number] += judged.broken.len();
        }
        if seed % 2 == 0 {
            assert_sound(watch.violations(), &trace, &scenario);
        }
    }
    // Enough of both, or nothing was shown.
    for number in 0..judged {
        assert!(broken[number] > 4_000, "{versions:?} {broken:?}");
        assert!(
            tested[number] as usize > broken[number] + 5_000,
            "{versions:?} {tested:?} {broken:?}"
        );
    }
}

#[test]
fn watching_piece_by_piece_equals_watching_at_once() {
    let scenario = one_leader(3);
    for seed in 0..1500 {
        let versions = ALL_VERSIONS[seed as usize % 3];
        let trace = random_history(seed, versions);
        let mut at_once = Watch::new(&scenario);
        at_once.observe(&trace, &scenario);
        let mut by_piece = Watch::new(&scenario);
        for length in 0..=trace.len() {
            // Siblings reach their client at once.
            let in_between = length > 0 && length < trace.len();
            if in_between && is_one_answer(&trace[length - 1], &trace[length]) {
                continue;
            }
            by_piece.observe(&trace[..length], &scenario);
            for promise in Promise::ALL {
                // What is known now is what is said later of now.
                let now = by_piece.verdict(promise, length);
                assert_eq!(
                    now,
                    at_once.verdict(promise, length),
                    "{promise:?}, seed {seed}, record {length}"
                );
            }
        }
        assert_eq!(by_piece.violations(), at_once.violations());
    }
}

/// A session reads a key: the read's invocation, its client and what it saw.
pub struct Seen {
    /// Of the last sibling.
    pub place: usize,
    pub read: usize,
    pub op: OpId,
    pub key: KeyId,
    pub held: Vec<Held>,
}

impl Seen {
    /// Whether one of its values equals or supersedes a version.
    pub fn covers(&self, version: Version) -> bool {
        let mut held = self.held.iter();
        held.any(|held| held.version.is_some_and(|held| held.covers(&version)))
    }

    /// Whether nothing is missing that another read showed by this version.
    pub fn includes(&self, version: Version) -> bool {
        match version {
            // All that was merged.
            Version::Dotted { dot, seen } if seen.covers(dot) => self.held.iter().any(|held| {
                held.version == Some(version)
                    || matches!(held.version, Some(Version::Dotted { seen: mine, .. }) if mine.covers_all(&seen))
            }),
            _ => self.covers(version),
        }
    }
}

/// Everything that sessions saw.
pub fn all_seen(trace: &[Record]) -> Vec<Seen> {
    let invoked = |op: OpId| {
        trace
            .iter()
            .position(|record| matches!(record.kind, Kind::Invoked { op: of, .. } if of == op))
            .unwrap()
    };
    let mut all: Vec<Seen> = Vec::new();
    for (place, record) in trace.iter().enumerate() {
        let Kind::Saw { op, key, held, .. } = record.kind else {
            continue;
        };
        match all.last_mut() {
            Some(last) if (last.op, last.key) == (op, key) => {
                last.place = place;
                last.held.push(held);
            }
            _ => all.push(Seen {
                place,
                read: invoked(op),
                op,
                key,
                held: vec![held],
            }),
        }
    }
    all
}

/// A write that was told "done".
pub struct Done {
    pub client: ClientId,
    pub write: WriteId,
    pub key: KeyId,
    pub version: Version,
    pub ended: usize,
}

/// Every write that was told "done", in that order.
pub fn all_done(trace: &[Record]) -> Vec<Done> {
    let mut all = Vec::new();
    for (ended, record) in trace.iter().enumerate() {
        let Kind::Ended {
            op,
            outcome: Outcome::Written { version },
        } = record.kind
        else {
            continue;
        };
        for record in trace {
            match record.kind {
                Kind::Invoked {
                    op: of,
                    action: Action::Write { write, key, .. },
                } if of == op => {
                    all.push(Done {
                        client: op.client,
                        write,
                        key,
                        version,
                        ended,
                    });
                }
                _ => {}
            }
        }
    }
    all
}

/// "A read returns nothing that equals or supersedes the session's latest write to that key acknowledged
/// before the read was invoked."
fn read_your_writes(trace: &[Record]) -> Judged {
    let done = all_done(trace);
    let mut judged = Judged::default();
    for seen in all_seen(trace) {
        let mut own = done
            .iter()
            .filter(|done| done.client == seen.op.client && done.key == seen.key);
        let Some(latest) = own.rfind(|done| done.ended < seen.read) else {
            continue;
        };
        judged.checked += 1;
        if !seen.covers(latest.version) {
            judged.broken.push(Seq(seen.place as u32));
        }
    }
    judged
}

/// "A read returns nothing that equals or supersedes what the session already saw of that key."
fn monotonic_reads(trace: &[Record]) -> Judged {
    let all = all_seen(trace);
    let mut judged = Judged::default();
    for seen in &all {
        let mut before = all
            .iter()
            .filter(|other| {
                other.op.client == seen.op.client
                    && other.key == seen.key
                    && other.place < seen.place
            })
            .peekable();
        judged.checked += u32::from(before.peek().is_some());
        let versions = before.flat_map(|before| before.held.iter().filter_map(|held| held.version));
        if !versions.into_iter().all(|version| seen.includes(version)) {
            judged.broken.push(Seq(seen.place as u32));
        }
    }
    judged
}

/// "One view shows a write but not one that happened before it."
fn consistent_prefix(trace: &[Record]) -> Judged {
    let (all, done) = (all_seen(trace), all_done(trace));
    let mut judged = Judged::default();
    for (read, record) in trace.iter().enumerate() {
        let Kind::Invoked {
            op,
            action: Action::Read { .. },
        } = record.kind
        else {
            continue;
        };
        let view: Vec<&Seen> = all.iter().filter(|seen| seen.op == op).collect();
        let mut tested = false;
        let mut broken: Option<usize> = None;
        for one in &view {
            for write in one.held.iter().filter_map(|held| held.write) {
                let before = happened_before(write, trace, &all, &done);
                for other in view.iter().filter(|other| other.key != one.key) {
                    for (_, _, version) in before.iter().filter(|(_, key, _)| *key == other.key) {
                        tested = true;
                        if !other.covers(*version) {
                            let both = one.place.max(other.place);
                            broken = Some(broken.map_or(both, |first| first.min(both)));
                        }
                    }
                }
            }
        }
        judged.checked += u32::from(tested);
        judged.broken.extend(broken.map(|place| Seq(place as u32)));
        assert!(view.iter().all(|seen| seen.read == read));
    }
    judged.broken.sort();
    judged
}

/// The writes before a write by session order and reads-from: its session's earlier writes that were told
/// "done", what its session had seen, and what was before those.
pub fn happened_before(
    write: WriteId,
    trace: &[Record],
    all: &[Seen],
    done: &[Done],
) -> Vec<(WriteId, KeyId, Version)> {
    let mut before: Vec<(WriteId, KeyId, Version)> = Vec::new();
    let mut open = vec![write];
    while let Some(write) = open.pop() {
        let (place, client) = trace
            .iter()
            .enumerate()
            .find_map(|(place, record)| match record.kind {
                Kind::Invoked {
                    op,
                    action: Action::Write { write: of, .. },
                } if of == write => Some((place, op.client)),
                _ => None,
            })
            .unwrap();
        let own = done
            .iter()
            .filter(|done| done.client == client && done.ended < place)
            .map(|done| (done.write, done.key, done.version));
        let seen = all
            .iter()
            .filter(|seen| seen.op.client == client && seen.place < place)
            .flat_map(|seen| seen.held.iter().map(move |held| (seen.key, held)))
            .filter_map(|(key, held)| Some((held.write?, key, held.version?)));
        for found in own.chain(seen) {
            if !before.contains(&found) {
                before.push(found);
                open.push(found.0);
            }
        }
    }
    before
}

/// A client of a random history, and what it is doing.
#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    Writing(OpId, Version),
    Reading(OpId, KeySet),
}

pub fn random_history(seed: u64, versions: Versions) -> Vec<Record> {
    let mut random = Random::of(seed);
    let mut trace: Vec<Record> = Vec::new();
    let mut writes: Vec<(KeyId, Version)> = Vec::new();
    let mut doing = [Doing::Nothing; CLIENTS as usize];
    let mut operations = 0;
    for step in 0..random.between(10, 70) {
        let client = random.below(u32::from(CLIENTS)) as u8;
        let kinds = match doing[usize::from(client)] {
            Doing::Nothing => {
                let op = OpId {
                    client: ClientId(client),
                    number: operations,
                };
                operations += 1;
                if random.percent(45) {
                    let key = KeyId(random.below(u32::from(KEYS)) as u8);
                    let version = match versions {
                        Versions::Ordered => random.position(),
                        _ => random.dotted(key, &writes),
                    };
                    if writes.iter().any(|(_, other)| *other == version) {
                        continue;
                    }
                    writes.push((key, version));
                    doing[usize::from(client)] = Doing::Writing(op, version);
                    let write = WriteId(writes.len() as u32);
                    let change = Change::Set(Value::Number(i64::from(write.0)));
                    vec![Kind::Invoked {
                        op,
                        action: Action::Write { write, key, change },
                    }]
                } else {
                    let keys = KeySet(1 + random.below((1 << KEYS) - 1));
                    doing[usize::from(client)] = Doing::Reading(op, keys);
                    vec![Kind::Invoked {
                        op,
                        action: Action::Read { keys },
                    }]
                }
            }
            Doing::Writing(op, version) => {
                doing[usize::from(client)] = Doing::Nothing;
                let outcome = match random.below(10) {
                    0 => Outcome::Unknown,
                    1 => Outcome::Refused,
                    _ => Outcome::Written { version },
                };
                vec![Kind::Ended { op, outcome }]
            }
            Doing::Reading(op, left) if left.is_empty() || random.percent(5) => {
                doing[usize::from(client)] = Doing::Nothing;
                let outcome = if left.is_empty() {
                    Outcome::Answered
                } else {
                    Outcome::Unknown
                };
                vec![Kind::Ended { op, outcome }]
            }
            Doing::Reading(op, left) => {
                let keys: Vec<KeyId> = left.iter().collect();
                let key = keys[random.below(keys.len() as u32) as usize];
                doing[usize::from(client)] =
                    Doing::Reading(op, left.iter().filter(|other| *other != key).collect());
                let held = match versions {
                    Versions::Ordered => vec![random.held(key, &writes)],
                    Versions::Dotted => random.siblings(key, &writes),
                    Versions::Merged => vec![random.merged(key, &writes)],
                };
                let from = NodeId(0);
                let saw = |held| Kind::Saw {
                    op,
                    key,
                    from,
                    held,
                };
                held.into_iter().map(saw).collect()
            }
        };
        for kind in kinds {
            let seq = Seq(trace.len() as u32);
            trace.push(Record {
                seq,
                at: SimTime(u64::from(step) * 1_000),
                cause: None,
                kind,
            });
        }
    }
    trace
}

/// Chance.
pub struct Random(ChaCha8Rng);

impl Random {
    pub fn of(seed: u64) -> Self {
        Random(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.0.next_u32() % limit
    }

    pub fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most - least + 1)
    }

    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// Any order will do, as long as it is one.
    pub fn position(&mut self) -> Version {
        Version::Log(Position {
            epoch: self.between(1, 3),
            index: 1 + self.below(50),
        })
    }

    /// One more write of a key by one of three, having seen some of those before.
    pub fn dotted(&mut self, key: KeyId, writes: &[(KeyId, Version)]) -> Version {
        let node = NodeId(self.below(3) as u8);
        let of_node = of_key(key, writes).filter(|(version, _)| dot_of(*version).node == node);
        let counter = of_node.count() as u16 + 1;
        let mut seen = Vector::default();
        for (version, _) in of_key(key, writes) {
            if self.percent(30) {
                seen.cover(dot_of(version));
            }
        }
        let seen = with_their_past(seen, key, writes);
        Version::Dotted {
            dot: Dot { node, counter },
            seen,
        }
    }

    /// Nothing, any write to the key, or most often the newest.
    pub fn held(&mut self, key: KeyId, writes: &[(KeyId, Version)]) -> Held {
        let mut of_key: Vec<(Version, WriteId)> = of_key(key, writes).collect();
        of_key.sort_by(|(one, _), (other, _)| match one.covers(other) {
            true => Ordering::Greater,
            false => Ordering::Less,
        });
        let choice = match self.below(10) {
            0 => None,
            1..4 if !of_key.is_empty() => Some(of_key[self.below(of_key.len() as u32) as usize]),
            _ => of_key.last().copied(),
        };
        choice.map_or(Held::default(), held_as)
    }

    /// Nothing, or some writes to the key: most often those that none supersedes.
    pub fn siblings(&mut self, key: KeyId, writes: &[(KeyId, Version)]) -> Vec<Held> {
        let all: Vec<(Version, WriteId)> = of_key(key, writes).collect();
        let stands = |(version, _): &&(Version, WriteId)| {
            !all.iter().any(|(other, _)| other.supersedes(version))
        };
        let mut held: Vec<Held> = match self.below(10) {
            0 => Vec::new(),
            1..3 => {
                let any = all.iter().filter(|_| self.percent(30));
                any.copied().map(held_as).collect()
            }
            _ => all.iter().filter(stands).copied().map(held_as).collect(),
        };
        if self.percent(50) {
            held.reverse();
        }
        if held.len() > 1 && self.percent(15) {
            held.pop();
        }
        if held.is_empty() {
            held.push(Held::default());
        }
        held
    }

    /// Nothing, or what is made from some writes to the key, most often from all.
    pub fn merged(&mut self, key: KeyId, writes: &[(KeyId, Version)]) -> Held {
        let all: Vec<(Version, WriteId)> = of_key(key, writes).collect();
        let share = if self.percent(60) { 100 } else { 50 };
        let some = all.iter().filter(|_| self.percent(share)).copied();
        let some: Vec<(Version, WriteId)> = some.collect();
        let Some((last, write)) = some.last().copied() else {
            return Held::default();
        };
        let mut seen = Vector::default();
        some.iter()
            .for_each(|(version, _)| seen.cover(dot_of(*version)));
        let seen = with_their_past(seen, key, writes);
        held_as((
            Version::Dotted {
                dot: dot_of(last),
                seen,
            },
            write,
        ))
    }
}

/// The writes to a key.
fn of_key(key: KeyId, writes: &[(KeyId, Version)]) -> impl Iterator<Item = (Version, WriteId)> {
    let numbered = (1..).zip(writes).filter(move |(_, (of, _))| *of == key);
    numbered.map(|(number, (_, version))| (*version, WriteId(number)))
}

fn held_as((version, write): (Version, WriteId)) -> Held {
    Held {
        version: Some(version),
        value: Value::Number(i64::from(write.0)),
        write: Some(write),
    }
}

fn dot_of(version: Version) -> Dot {
    match version {
        Version::Dotted { dot, .. } => dot,
        _ => panic!("{version:?} has no dot"),
    }
}

/// Whoever has seen a write has seen what its writer had.
fn with_their_past(mut vector: Vector, key: KeyId, writes: &[(KeyId, Version)]) -> Vector {
    loop {
        let before = vector;
        for (version, _) in of_key(key, writes) {
            match version {
                Version::Dotted { dot, seen } if vector.covers(dot) => vector.join(&seen),
                _ => {}
            }
        }
        if vector == before {
            return vector;
        }
    }
}
