//! Whether each replica that holds a write holds what has to come before it.
//!
//! Each session gathers the writes that all its later ones must not be without: which those are is the
//! promise's business. A replica is judged when a write comes to be on its disk, and when it loses another
//! that it had; at the end of a moment, since what one change brings to a disk it brings at once.
//!
//! A session's writes need more and more of the same list, and a disk as a rule only gains: so for each
//! session and replica one place in that list tells up to where everything is there. It goes on with
//! what arrives, and back only where a disk loses something.

use smallvec::SmallVec;

use crate::ids::{ClientId, KeyId, KeySet, NodeId, Version, WriteId};
use crate::promise::arrivals::disks::Disks;
use crate::promise::sessions::Again;
use crate::promise::shown;
use crate::scenario::Scenario;
use crate::trace::{Kind, Record, Seq};

mod disks;
mod told;

#[cfg(test)]
mod brute_force;
#[cfg(test)]
mod runs;

/// All replicas, all sessions, and what the ones lack of the others.
#[derive(Clone, Debug)]
pub(super) struct Arrivals {
    nodes: usize,
    disks: Disks,
    /// By write, from #1.
    writes: Vec<Write>,
    sessions: Vec<Session>,
    /// By session and node: so many of the session's earlier writes, from the first, are there.
    there: Vec<u32>,
    /// What this moment has brought.
    unsettled: Vec<Unsettled>,
    /// The pairs of a write and a replica that it reached, where its session needed something there.
    pub checked: u32,
}

/// A write.
#[derive(Clone, Copy, Debug, Default)]
struct Write {
    /// Once it is invoked.
    begun: Option<Begun>,
    /// Whether a session knows that it has been done.
    known: bool,
    /// The replicas whose disks hold it, as bits.
    held_by: u16,
    /// Those that it counts as tested at.
    tested_at: u16,
    /// Those that held it without what comes before it.
    broken_at: u16,
}

#[derive(Clone, Copy, Debug)]
struct Begun {
    client: ClientId,
    key: KeyId,
    invoked: Seq,
    /// So many of its session's earlier writes it needs.
    needs: u32,
    /// Their keys.
    needs_keys: KeySet,
}

#[derive(Clone, Debug)]
struct Session {
    /// What its later writes must not be without, in the order in which it got to know of it; with each, the
    /// place of the one of the same key before it.
    earlier: Vec<(Earlier, Option<u32>)>,
    keys: KeySet,
    /// By key.
    of_key: Vec<OfKey>,
    /// In the order of invocation.
    writes: Vec<WriteId>,
}

/// What a session knows of a key.
#[derive(Clone, Debug, Default)]
struct OfKey {
    /// The last in the list of its key.
    last: Option<u32>,
    /// The versions that nothing it knows of supersedes.
    newest: SmallVec<[Version; 1]>,
}

/// A write that comes before a session's later ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Earlier {
    /// Which.
    pub write: WriteId,
    /// Its key.
    pub key: KeyId,
    /// Its version, as the session was told it or saw it.
    pub version: Version,
    /// The record by which the session knows of it.
    pub by: Seq,
    /// Its invocation, where that is the session's own.
    pub invoked: Option<Seq>,
    /// Where the session had sent it before.
    pub again: Option<Again>,
}

#[derive(Clone, Copy, Debug)]
enum Unsettled {
    /// A write is on a disk.
    Came {
        write: WriteId,
        node: NodeId,
        at: Seq,
    },
    /// The last entry of a key is not on a disk any more.
    Discarded { node: NodeId, key: KeyId, at: Seq },
    /// An older version took the place of a newer one.
    WentBack { node: NodeId, key: KeyId, at: Seq },
}

/// From the `first` of what a session's writes need, some may be missing on a disk.
#[derive(Clone, Copy, Debug)]
struct Loss {
    client: ClientId,
    node: NodeId,
    key: KeyId,
    first: u32,
    at: Seq,
}

/// A replica holds a write without one that comes before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding {
    pub later: WriteId,
    pub node: NodeId,
    /// The record that made it so.
    pub at: Seq,
    /// Where it lost something: of this key.
    key: Option<KeyId>,
}

impl Arrivals {
    /// Nothing has happened yet.
    pub fn new(scenario: &Scenario) -> Self {
        let structure = &scenario.structure;
        let (clients, nodes) = (scenario.clients.len(), usize::from(structure.nodes));
        let session = Session {
            earlier: Vec::new(),
            keys: KeySet::default(),
            of_key: vec![OfKey::default(); usize::from(structure.keys)],
            writes: Vec::new(),
        };
        Arrivals {
            nodes,
            disks: Disks::new(structure),
            writes: Vec::new(),
            sessions: vec![session; clients],
            there: vec![0; clients * nodes],
            unsettled: Vec::new(),
            checked: 0,
        }
    }

    /// A session makes a write: it needs what the session knows of by now.
    pub fn begin(&mut self, client: ClientId, write: WriteId, key: KeyId, invoked: Seq) {
        let session = &mut self.sessions[usize::from(client.0)];
        let begun = Begun {
            client,
            key,
            invoked,
            needs: session.earlier.len() as u32,
            needs_keys: session.keys,
        };
        let count = write.0 as usize;
        if self.writes.len() < count {
            self.writes.resize(count, Write::default());
        }
        let write_of = &mut self.writes[count - 1];
        if write_of.begun.is_none() {
            write_of.begun = Some(begun);
            session.writes.push(write);
        }
    }

    /// A session's later writes must not be without this one.
    pub fn learn(&mut self, client: ClientId, earlier: Earlier) {
        let Earlier {
            write,
            key,
            version,
            ..
        } = earlier;
        if let Some(write) = self.writes.get_mut(place(write)) {
            write.known = true;
        }
        let session = &mut self.sessions[usize::from(client.0)];
        let of_key = &mut session.of_key[usize::from(key.0)];
        // Whoever has what supersedes it needs no more; but of what is merged, all is needed.
        let is_one_of_many = self.disks.merge() && !is_merged(&version);
        if !is_one_of_many || !matches!(version, Version::Dotted { .. }) {
            let mut newest = of_key.newest.iter();
            if newest.any(|newest| shown::includes(newest, &version)) {
                return;
            }
            of_key
                .newest
                .retain(|other| !shown::includes(&version, other));
            of_key.newest.push(version);
        }
        let before = of_key.last.replace(session.earlier.len() as u32);
        session.keys.insert(key);
        session.earlier.push((earlier, before));
    }

    /// The invocation of a write that is this session's own, where nobody knows yet that it has been done.
    pub fn own_in_doubt(&self, client: ClientId, write: WriteId) -> Option<Seq> {
        let write = self.writes.get(place(write)).filter(|write| !write.known);
        let begun = write?.begun.filter(|begun| begun.client == client)?;
        Some(begun.invoked)
    }

    /// Something happens to a disk.
    pub fn observe(&mut self, what: &[Record]) {
        let Record { seq, kind, .. } = what[0];
        match kind {
            Kind::Persisted { .. } | Kind::Stored { .. } => {
                if let Some((write, node)) = self.take_in(&what[0]) {
                    self.checked += u32::from(self.test(write, node));
                    let at = seq;
                    self.unsettled.push(Unsettled::Came { write, node, at });
                }
            }
            Kind::Discarded {
                node,
                position,
                write: Some(write),
                ..
            } => {
                if let Some(Begun { key, .. }) = self.begun(write) {
                    self.writes[place(write)].held_by &= !bit(node);
                    if self.disks.discard(node, key, position) {
                        let at = seq;
                        self.goes_back(Unsettled::Discarded { node, key, at });
                    }
                }
            }
            Kind::Crashed {
                node,
                disk_lost: true,
            } => self.wipe(node),
            Kind::Restored { node, .. } => {
                self.wipe(node);
                let mut tested = false;
                for record in &what[1..] {
                    if let Some((write, node)) = self.take_in(record) {
                        tested |= self.test(write, node);
                        let at = record.seq;
                        self.unsettled.push(Unsettled::Came { write, node, at });
                    }
                }
                self.checked += u32::from(tested);
            }
            _ => {}
        }
    }

    /// The moment is over.
    pub fn settle(&mut self, found: &mut Vec<Finding>) {
        if self.unsettled.is_empty() {
            return;
        }
        let unsettled = std::mem::take(&mut self.unsettled);
        // First what is gone, since by what is left all are judged; then what has just come.
        let mut losses: SmallVec<[Loss; 2]> = SmallVec::new();
        for one in &unsettled {
            match *one {
                Unsettled::Discarded { node, key, at } => {
                    self.set_back(node, key, at, true, &mut losses);
                }
                Unsettled::WentBack { node, key, at } => {
                    self.set_back(node, key, at, false, &mut losses);
                }
                Unsettled::Came { .. } => {}
            }
        }
        for one in &unsettled {
            if let Unsettled::Came { write, node, at } = *one {
                self.judge(write, node, at, None, found);
            }
        }
        for loss in losses {
            self.judge_anew(loss, found);
        }
        // The room is used again.
        self.unsettled = unsettled;
        self.unsettled.clear();
    }

    /// A disk loses something. What it loses of a key at one moment it has lost with the last of it.
    fn goes_back(&mut self, now: Unsettled) {
        let of = |one: &Unsettled| match *one {
            Unsettled::Discarded { node, key, .. } | Unsettled::WentBack { node, key, .. } => {
                Some((node, key))
            }
            Unsettled::Came { .. } => None,
        };
        let mut others = self.unsettled.iter_mut();
        match others.find(|other| of(other) == of(&now)) {
            Some(other) => *other = now,
            None => self.unsettled.push(now),
        }
    }

    /// Something is on a disk: which write, and where, if it is a write at a replica.
    fn take_in(&mut self, record: &Record) -> Option<(WriteId, NodeId)> {
        let (node, write) = match record.kind {
            Kind::Persisted {
                node,
                position,
                write: Some(write),
                ..
            } => {
                let Begun { key, .. } = self.begun(write)?;
                self.disks.append(node, key, position);
                (node, write)
            }
            Kind::Stored {
                node,
                key,
                version,
                write,
                newest: true,
            } if self.disks.is_replica(node) => {
                let writes = &mut self.writes;
                let gone = |write: WriteId| {
                    if let Some(write) = writes.get_mut(place(write)) {
                        write.held_by &= !bit(node);
                    }
                };
                if self.disks.put(node, key, version, write, gone) {
                    let at = record.seq;
                    self.goes_back(Unsettled::WentBack { node, key, at });
                }
                (node, write)
            }
            _ => return None,
        };
        self.begun(write)?;
        self.writes[place(write)].held_by |= bit(node);
        Some((write, node))
    }

    /// Whether a write that has reached a replica tests the promise there, for the first time.
    fn test(&mut self, write: WriteId, node: NodeId) -> bool {
        let write = &mut self.writes[place(write)];
        let needs = write
            .begun
            .map_or(KeySet::default(), |begun| begun.needs_keys);
        let first = write.tested_at & bit(node) == 0 && self.disks.store_some(node, needs);
        write.tested_at |= bit(node) * u16::from(first);
        first
    }

    /// Whether a replica holds a write without what it needs: each is found once. Where it has just lost
    /// something of a key, that counts alone.
    fn judge(
        &mut self,
        later: WriteId,
        node: NodeId,
        at: Seq,
        key: Option<KeyId>,
        found: &mut Vec<Finding>,
    ) {
        let write = self.writes[place(later)];
        let Some(begun) = write.begun else { return };
        if write.held_by & bit(node) == 0 || write.broken_at & bit(node) != 0 {
            return;
        }
        let pair = self.pair(begun.client, node);
        let earlier = &self.sessions[usize::from(begun.client.0)].earlier[..begun.needs as usize];
        let is_there =
            |(one, _): &&(Earlier, Option<u32>)| !self.disks.lack(node, one.key, &one.version);
        let Some(open) = earlier.get(self.there[pair] as usize..) else {
            return;
        };
        let more = open.iter().take_while(is_there).count();
        self.there[pair] += more as u32;
        let finding = Finding {
            later,
            node,
            at,
            key,
        };
        if more < open.len() && (key.is_none() || self.lacked(&finding).is_some()) {
            self.writes[place(later)].broken_at |= bit(node);
            found.push(finding);
        }
    }

    /// A disk has lost something. For each session, from where on may something be missing?
    fn set_back(
        &mut self,
        node: NodeId,
        key: KeyId,
        at: Seq,
        is_log: bool,
        losses: &mut SmallVec<[Loss; 2]>,
    ) {
        for (client, session) in self.sessions.iter().enumerate() {
            let pair = client * self.nodes + usize::from(node.0);
            let mut first = Some(0).filter(|_| !is_log);
            if is_log {
                let mut next = session.of_key[usize::from(key.0)].last;
                // Those of one key stand in the order of its log.
                while let Some(place) = next {
                    let (one, before) = &session.earlier[place as usize];
                    if !self.disks.lack(node, key, &one.version) {
                        break;
                    }
                    first = Some(place);
                    next = *before;
                }
            }
            if let Some(first) = first.filter(|first| *first < self.there[pair]) {
                self.there[pair] = first;
                let client = ClientId(client as u8);
                losses.push(Loss {
                    client,
                    node,
                    key,
                    first,
                    at,
                });
            }
        }
    }

    /// Judges those of a session's writes anew that may need what is lost.
    fn judge_anew(&mut self, loss: Loss, found: &mut Vec<Finding>) {
        let Loss {
            client,
            node,
            key,
            first,
            at,
        } = loss;
        let client = usize::from(client.0);
        let needs_it = |writes: &[Write], write: WriteId| {
            let begun = writes[place(write)].begun;
            begun.is_some_and(|begun| begun.needs > first)
        };
        let start = self.sessions[client]
            .writes
            .partition_point(|write| !needs_it(&self.writes, *write));
        for number in start..self.sessions[client].writes.len() {
            let later = self.sessions[client].writes[number];
            self.judge(later, node, at, Some(key), found);
        }
    }

    fn wipe(&mut self, node: NodeId) {
        if !self.disks.is_replica(node) {
            return;
        }
        self.disks.wipe(node);
        self.writes
            .iter_mut()
            .for_each(|write| write.held_by &= !bit(node));
        for client in 0..self.sessions.len() {
            self.there[client * self.nodes + usize::from(node.0)] = 0;
        }
    }

    /// The session and the invocation of the later write.
    pub fn later(&self, finding: &Finding) -> Option<(ClientId, Seq)> {
        let begun = self.begun(finding.later)?;
        Some((begun.client, begun.invoked))
    }

    /// What the replica lacks: the last that the session got to know of.
    pub fn lacked(&self, finding: &Finding) -> Option<Earlier> {
        let begun = self.begun(finding.later)?;
        let session = &self.sessions[usize::from(begun.client.0)];
        let lacks = |one: &Earlier| {
            finding.key.is_none_or(|key| key == one.key)
                && self.disks.lack(finding.node, one.key, &one.version)
        };
        let needs = session.earlier[..begun.needs as usize].iter();
        needs.rev().map(|(one, _)| *one).find(lacks)
    }

    fn begun(&self, write: WriteId) -> Option<Begun> {
        self.writes.get(place(write))?.begun
    }

    fn pair(&self, client: ClientId, node: NodeId) -> usize {
        usize::from(client.0) * self.nodes + usize::from(node.0)
    }
}

/// Whether it is made of several writes.
fn is_merged(version: &Version) -> bool {
    matches!(version, Version::Dotted { dot, seen } if seen.covers(*dot))
}

fn bit(node: NodeId) -> u16 {
    1 << node.0
}

fn place(write: WriteId) -> usize {
    (write.0 as usize).wrapping_sub(1)
}
