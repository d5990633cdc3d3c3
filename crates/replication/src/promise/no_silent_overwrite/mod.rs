//! No silent overwrite: of two writes that did not know of each other, none is dropped without a word.
//!
//! Broken when two writes to a key meet at a replica, both acknowledged, one of them is dropped for the
//! other, and whoever wrote that other one had not seen it; and
//! - *they overlapped*: they were under way at the same time at different leaders or coordinators. With
//!   many leaders a write is under way until the other leader has it: the replicas tell of that
//!   themselves, as a conflict. In a leaderless system it is over once it is acknowledged;
//! - or *a clock reversed them*: the one that is dropped began after the other had been acknowledged.
//!
//! *Acknowledged* means that the client was told, as nobody else can be harmed in silence. *Seen*: the
//! session had read, or had been told "done" for, the write or a later one that supersedes it. What one
//! leader, or one proxy, has put in an order is overwritten, not dropped: unless its clock is set back.
//! Nor is dropped what had been replaced before, by an acknowledged write whose writer had just seen it.
//! Of siblings and of merged values none is dropped; of versions that claim to have seen others it is
//! asked whether their writers had.
//!
//! They are judged where they meet: where one is, as the other comes. Each write is dropped once at the
//! most. Tested by each write that met one that it did not know of, and could have been dropped. Under
//! one leader, and as long as no two such writes have met, nothing is known.
//!
//! Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 5: last write wins, and detecting
//! concurrent writes.

use smallvec::SmallVec;

use crate::ids::{ClientId, KeyId, NodeId, Vector, Version, WriteId};
use crate::promise::sessions::Sessions;
use crate::promise::shown;
use crate::promise::{Case, Heard, Monitor, Violation};
use crate::scenario::{Conflicts, ProtocolKind, Scenario};
use crate::trace::{Action, Kept, Kind, Outcome, Record, Seq};

#[cfg(test)]
mod brute_force;
mod explain;
#[cfg(test)]
mod tests;

/// The monitor.
#[derive(Clone, Debug)]
pub(super) struct NoSilentOverwrite {
    /// Whether anybody but one leader takes writes.
    has_contests: bool,
    /// Whether a write is over once it is acknowledged: else a conflict is told of where there is one.
    over_when_told: bool,
    keys: usize,
    sessions: Sessions,
    /// By client and key: the dots that it knows of.
    known: Vec<Vector>,
    /// By write, from #1.
    writes: Vec<Option<Written>>,
    /// By write, from #1, where versions are in one order: which sessions know of it, and since when.
    seen: Vec<SmallVec<[(ClientId, Seq); 2]>>,
    /// By node and key: what is on the disk, as many as stand side by side.
    disks: Vec<SmallVec<[(WriteId, Seq); 1]>>,
    /// By key: the dots that the writers of acknowledged writes had seen.
    replaced: Vec<Vector>,
    /// Of what has met, that of which not both are acknowledged yet.
    waiting: Vec<Meeting>,
    checked: u32,
}

/// A write.
#[derive(Clone, Copy, Debug)]
struct Written {
    client: ClientId,
    key: KeyId,
    invoked: Seq,
    /// The dots that its session knew of.
    knew: Vector,
    version: Option<Version>,
    /// When its client was told "done".
    told: Option<Seq>,
    /// Its client has given it up: nobody will be told.
    given_up: bool,
    is_checked: bool,
    is_dropped: bool,
}

/// Two writes have met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meeting {
    /// The one that is dropped, or the one that came.
    one: WriteId,
    other: WriteId,
    how: How,
}

/// How two writes met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Both stayed, or were merged.
    Kept,
    /// A replica told of a conflict, and dropped one.
    Conflict(Seq),
    /// The one was there when the other came.
    Stored { there: Seq, came: Seq },
}

/// A write that was dropped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    dropped: WriteId,
    by: WriteId,
    how: How,
    /// It began after the other had been acknowledged.
    reversed: bool,
    /// Its writer had seen the other.
    had_seen: bool,
    at: Seq,
    /// Of each: invoked, told, version; the dropped one's first.
    both: [(Seq, Seq, Version); 2],
    key: KeyId,
}

impl NoSilentOverwrite {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let structure = &scenario.structure;
        let (clients, keys) = (scenario.clients.len(), usize::from(structure.keys));
        let nodes = usize::from(structure.nodes) + 1;
        let has_contests = structure.kind != ProtocolKind::SingleLeader;
        let rooms = |rooms: usize| if has_contests { rooms } else { 0 };
        NoSilentOverwrite {
            has_contests,
            over_when_told: structure.kind == ProtocolKind::Leaderless
                || structure.conflicts == Conflicts::Siblings,
            keys,
            sessions: Sessions::new(clients),
            known: vec![Vector::default(); rooms(clients * keys)],
            writes: Vec::new(),
            seen: Vec::new(),
            disks: vec![SmallVec::new(); rooms(nodes * keys)],
            replaced: vec![Vector::default(); rooms(keys)],
            waiting: Vec::new(),
            checked: 0,
        }
    }

    fn written(&self, write: WriteId) -> Option<&Written> {
        self.writes.get(write.0 as usize - 1)?.as_ref()
    }

    fn written_mut(&mut self, write: WriteId) -> Option<&mut Written> {
        self.writes.get_mut(write.0 as usize - 1)?.as_mut()
    }

    fn invoke(&mut self, write: WriteId, client: ClientId, key: KeyId, invoked: Seq) {
        let knew = self.known[usize::from(client.0) * self.keys + usize::from(key.0)];
        let number = write.0 as usize;
        if self.writes.len() < number {
            self.writes.resize(number, None);
            self.seen.resize(number, SmallVec::new());
        }
        self.writes[number - 1] = Some(Written {
            client,
            key,
            invoked,
            knew,
            version: None,
            told: None,
            given_up: false,
            is_checked: false,
            is_dropped: false,
        });
    }

    /// A session sees a write, or is told "done" for it.
    fn learn(&mut self, client: ClientId, key: KeyId, write: WriteId, version: Version, at: Seq) {
        if let Version::Dotted { dot, seen } = version {
            let known = &mut self.known[usize::from(client.0) * self.keys + usize::from(key.0)];
            known.join(&seen);
            known.cover(dot);
            return;
        }
        if let Some(written) = self.written_mut(write) {
            written.version = Some(version);
        }
        if let Some(seen) = self.seen.get_mut(write.0 as usize - 1)
            && !seen.iter().any(|(session, _)| *session == client)
        {
            seen.push((client, at));
        }
    }

    /// A client is told "done", or gives up.
    fn end(&mut self, write: WriteId, done: Option<Version>, at: Seq, found: &mut Vec<Finding>) {
        let Some(written) = self.written_mut(write) else {
            return;
        };
        match done {
            Some(version) => {
                written.version = Some(version);
                written.told = Some(at);
                let (key, knew) = (written.key, written.knew);
                self.replaced[usize::from(key.0)].join(&knew);
            }
            None => written.given_up = true,
        }
        let concerns = |meeting: &Meeting| meeting.one == write || meeting.other == write;
        let mut tested = false;
        let mut place = 0;
        while let Some(meeting) = self.waiting.get(place).copied() {
            if !concerns(&meeting) || done.is_some() && !self.are_told(meeting) {
                place += 1;
                continue;
            }
            self.waiting.remove(place);
            tested |= done.is_some() && self.judge(meeting, at, found);
        }
        self.checked += u32::from(tested);
    }

    /// A version is on a disk, or was covered there already: it meets what it replaces, or what covers it.
    fn store(&mut self, node: NodeId, key: KeyId, record: &Record) -> SmallVec<[Meeting; 1]> {
        let mut met = SmallVec::new();
        let Kind::Stored {
            version,
            write,
            newest,
            ..
        } = record.kind
        else {
            return met;
        };
        if let Some(written) = self.written_mut(write) {
            written.version = Some(version);
        }
        let at = usize::from(node.0) * self.keys + usize::from(key.0);
        let mut disk = std::mem::take(&mut self.disks[at]);
        let came = record.seq;
        disk.retain(|&mut (other, there)| {
            let Some(held) = self.written(other).and_then(|written| written.version) else {
                return false;
            };
            let how = How::Stored { there, came };
            if newest && version.supersedes(&held) {
                let (one, other) = (other, write);
                met.push(Meeting { one, other, how });
                return false;
            }
            if !newest && held.supersedes(&version) {
                let one = write;
                met.push(Meeting { one, other, how });
            }
            // What is put in its place all the same is an older copy.
            !newest || !held.covers(&version)
        });
        if newest {
            disk.push((write, came));
        }
        self.disks[at] = disk;
        met
    }

    /// Two writes have met now.
    fn meet(&mut self, meeting: Meeting, at: Seq, found: &mut Vec<Finding>) -> bool {
        let given_up = |write| {
            let written = self.written(write);
            written.is_none_or(|written| written.given_up)
        };
        if given_up(meeting.one) || given_up(meeting.other) {
            return false;
        }
        if self.are_told(meeting) {
            return self.judge(meeting, at, found);
        }
        // The first of its kind tells enough.
        let same = |other: &Meeting| {
            let kinds = (
                std::mem::discriminant(&other.how),
                std::mem::discriminant(&meeting.how),
            );
            (other.one, other.other) == (meeting.one, meeting.other) && kinds.0 == kinds.1
        };
        if !self.waiting.iter().any(same) {
            self.waiting.push(meeting);
        }
        false
    }

    fn are_told(&self, meeting: Meeting) -> bool {
        [meeting.one, meeting.other].into_iter().all(|write| {
            let written = self.written(write);
            written.is_some_and(|written| written.told.is_some())
        })
    }

    /// Judges what has met, once both are acknowledged; whether it is the first such test of the write.
    fn judge(&mut self, meeting: Meeting, at: Seq, found: &mut Vec<Finding>) -> bool {
        let Meeting { one, other, how } = meeting;
        if how == How::Kept {
            // At one replica the one came, at another the other.
            return self.check(one.max(other));
        }
        let facts = |write| {
            let written = self.written(write)?;
            Some((*written, written.told?, written.version?))
        };
        let (Some((dropped, dropped_told, lower)), Some((by, by_told, higher))) =
            (facts(one), facts(other))
        else {
            return false;
        };
        let reversed = !is_dotted(lower) && dropped.invoked > by_told;
        let overlapped = match how {
            How::Conflict(_) => true,
            _ => {
                // A coordinator that keeps siblings puts nothing in an order.
                let apart = is_dotted(lower) || taken_by(lower) != taken_by(higher);
                let at_once = dropped.invoked < by_told && by.invoked < dropped_told;
                self.over_when_told && apart && at_once
            }
        };
        if dropped.is_dropped
            || !reversed && !overlapped
            || self.had_seen(&by, one, &dropped)
            || self.was_replaced(one, &dropped)
        {
            return false;
        }
        found.push(Finding {
            dropped: one,
            by: other,
            how,
            reversed,
            had_seen: self.had_seen(&dropped, other, &by),
            at,
            both: [
                (dropped.invoked, dropped_told, lower),
                (by.invoked, by_told, higher),
            ],
            key: dropped.key,
        });
        if let Some(written) = self.written_mut(one) {
            written.is_dropped = true;
        }
        self.check(one)
    }

    /// Whether the writer of one had seen the other, or one that was begun after it and supersedes it.
    fn had_seen(&self, one: &Written, write: WriteId, other: &Written) -> bool {
        let Some(version) = other.version else {
            return false;
        };
        if let Version::Dotted { dot, .. } = version {
            return one.knew.covers(dot);
        }
        // Writes are numbered as they are begun.
        let later = self.writes.iter().enumerate().skip(write.0 as usize - 1);
        let mut later =
            later.take_while(|(_, later)| later.is_none_or(|later| later.invoked < one.invoked));
        later.any(|(place, later)| {
            let supersedes = later.is_some_and(|later| {
                let its = later.version.filter(|_| later.key == other.key);
                its.is_some_and(|its| its.covers(&version))
            });
            supersedes && self.knew_of(place, one)
        })
    }

    /// Whether a writer knew of the write at this place.
    fn knew_of(&self, place: usize, one: &Written) -> bool {
        let mut seen = self.seen[place].iter();
        seen.any(|(session, at)| *session == one.client && *at < one.invoked)
    }

    /// Whether an acknowledged write, whose writer had seen it, has replaced a write.
    fn was_replaced(&self, write: WriteId, written: &Written) -> bool {
        let Some(version) = written.version else {
            return false;
        };
        if let Version::Dotted { dot, .. } = version {
            return self.replaced[usize::from(written.key.0)].covers(dot);
        }
        let place = write.0 as usize - 1;
        let mut later = self.writes[place..].iter().flatten();
        !self.seen[place].is_empty()
            && later.any(|later| {
                let its = later.version.filter(|_| later.told.is_some());
                its.is_some_and(|its| its.supersedes(&version))
                    && later.key == written.key
                    && self.knew_of(place, later)
            })
    }

    /// A write has been tested: whether for the first time.
    fn check(&mut self, write: WriteId) -> bool {
        let Some(written) = self.written_mut(write) else {
            return false;
        };
        !std::mem::replace(&mut written.is_checked, true)
    }
}

fn is_dotted(version: Version) -> bool {
    matches!(version, Version::Dotted { .. })
}

/// The leader or coordinator that took a write.
fn taken_by(version: Version) -> Option<NodeId> {
    match version {
        Version::Log(_) => None,
        Version::Stamp { coordinator, .. } => Some(coordinator),
        Version::Revision { node, .. } => Some(node),
        Version::Dotted { dot, .. } => Some(dot.node),
    }
}

impl Monitor for NoSilentOverwrite {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS.and(Heard::DISKS).and(Heard::CONFLICTS);

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        if !self.has_contests {
            return;
        }
        let record = &what[0];
        let at = record.seq;
        match record.kind {
            Kind::Invoked { op, action } => {
                self.sessions.begin(op, action, at);
                if let Action::Write { write, key, .. } = action {
                    self.invoke(write, op.client, key, at);
                }
            }
            Kind::Saw { op, key, .. } if self.sessions.open(op).is_some() => {
                for held in shown::held(what) {
                    if let (Some(write), Some(version)) = (held.write, held.version) {
                        self.learn(op.client, key, write, version, at);
                    }
                }
            }
            Kind::Ended { op, outcome } => {
                let Some(open) = self.sessions.end(op) else {
                    return;
                };
                let Action::Write { write, key, .. } = open.action else {
                    return;
                };
                let done = match outcome {
                    Outcome::Written { version } => Some(version),
                    _ => None,
                };
                self.end(write, done, at, found);
                if let Some(version) = done {
                    self.learn(op.client, key, write, version, at);
                }
            }
            Kind::Stored { node, key, .. } => {
                let mut tested = false;
                for meeting in self.store(node, key, record) {
                    tested |= self.meet(meeting, at, found);
                }
                self.checked += u32::from(tested);
            }
            Kind::Conflict {
                there, came, kept, ..
            } => {
                let (one, other, how) = match kept {
                    Kept::There => (came, there, How::Conflict(at)),
                    Kept::Came => (there, came, How::Conflict(at)),
                    Kept::Both | Kept::Merged => (came, there, How::Kept),
                };
                let tested = self.meet(Meeting { one, other, how }, at, found);
                self.checked += u32::from(tested);
            }
            Kind::Crashed {
                node,
                disk_lost: true,
            }
            | Kind::Restored { node, .. } => {
                let first = usize::from(node.0) * self.keys;
                let disks = self.disks[first..first + self.keys].iter_mut();
                disks.for_each(SmallVec::clear);
                // What a copy holds does not meet anew.
                for record in &what[1..] {
                    if let Kind::Stored { node, key, .. } = record.kind {
                        self.store(node, key, record);
                    }
                }
            }
            _ => {}
        }
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        explain::explain(finding, case)
    }
}
