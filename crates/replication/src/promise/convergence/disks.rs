//! What the copies of each key hold, and where they differ.

use smallvec::SmallVec;

use crate::ids::{KeyId, NodeId, PartitionId, Position, Version, WriteId};
use crate::scenario::{Conflicts, ProtocolKind, Structure};
use crate::trace::{Kind, Record, Seq};

/// The disks of all replicas.
#[derive(Clone, Debug)]
pub(super) enum Disks {
    /// One leader: logs.
    Logs(Logs),
    /// Many leaders, or none: registers.
    Registers(Registers),
}

/// A write that some copies hold and others do not, nor what replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Apart {
    pub write: WriteId,
    pub version: Version,
    /// The records by which replicas hold it.
    pub held: SmallVec<[Seq; 3]>,
    /// Those that lack it, as bits.
    pub lacking: u16,
    /// Whether the records say for certain who lacks it.
    pub is_certain: bool,
}

impl Disks {
    pub fn new(structure: &Structure) -> Self {
        match structure.kind {
            ProtocolKind::SingleLeader => Disks::Logs(Logs::new(structure)),
            ProtocolKind::MultiLeader | ProtocolKind::Leaderless => {
                Disks::Registers(Registers::new(structure))
            }
        }
    }

    /// Something is on a disk, or no longer is. After [`Kind::Restored`] stands what the disk holds then.
    pub fn observe(&mut self, what: &[Record]) {
        match self {
            Disks::Logs(logs) => logs.observe(&what[0]),
            Disks::Registers(registers) => registers.observe(&what[0]),
        }
        if let Kind::Restored { .. } = what[0].kind {
            what[1..].iter().for_each(|record| match self {
                Disks::Logs(logs) => logs.observe(record),
                Disks::Registers(registers) => registers.observe(record),
            });
        }
    }

    /// Whether nothing has been written.
    pub fn are_empty(&self) -> bool {
        match self {
            Disks::Logs(logs) => logs.logs.iter().all(|log| log.entries.is_empty()),
            Disks::Registers(registers) => registers.disks.iter().all(SmallVec::is_empty),
        }
    }

    /// Where replicas differ. Of a log, the first write that is not everywhere; of a key, each that is not
    /// everywhere and that nobody has replaced.
    pub fn apart(&self) -> Vec<Apart> {
        match self {
            Disks::Logs(logs) => logs.apart(),
            Disks::Registers(registers) => registers.apart(),
        }
    }
}

/// The logs of all replicas, without no-ops.
#[derive(Clone, Debug)]
pub(super) struct Logs {
    nodes: usize,
    partitions: usize,
    /// By partition and node.
    logs: Vec<Log>,
}

/// By index.
#[derive(Clone, Debug, Default)]
struct Log {
    entries: Vec<Entry>,
    /// Whether some of them are removed.
    has_removed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    position: Position,
    write: WriteId,
    persisted: Seq,
    /// Removed from the log; whether from the disk too is known once the next thing is on it. After a
    /// crash before that it may be there again.
    is_removed: bool,
}

impl Logs {
    fn new(structure: &Structure) -> Self {
        let (nodes, partitions) = (structure.nodes.into(), structure.partitions.into());
        Logs {
            nodes,
            partitions,
            logs: vec![Log::default(); nodes * partitions],
        }
    }

    fn log(&mut self, node: NodeId, partition: PartitionId) -> &mut Log {
        &mut self.logs[usize::from(partition.0) * self.nodes + usize::from(node.0)]
    }

    fn observe(&mut self, record: &Record) {
        match record.kind {
            Kind::Persisted {
                node,
                partition,
                position,
                write,
            } => self
                .log(node, partition)
                .persist(position, write, record.seq),
            Kind::Discarded {
                node,
                partition,
                position,
                ..
            } => self.log(node, partition).remove(position),
            Kind::Crashed {
                node,
                disk_lost: true,
            }
            | Kind::Restored { node, .. }
                if usize::from(node.0) < self.nodes =>
            {
                for partition in 0..self.partitions {
                    *self.log(node, PartitionId(partition as u8)) = Log::default();
                }
            }
            _ => {}
        }
    }

    fn apart(&self) -> Vec<Apart> {
        let differ = |logs: &&[Log]| !logs.iter().all(|log| log.is_same(&logs[0]));
        let of_each = self.logs.chunks(self.nodes).filter(differ);
        of_each.filter_map(first_apart).collect()
    }
}

/// The first write that is not in all of these logs. What may have been removed doesn't count as there, nor
/// for certain as not there.
fn first_apart(logs: &[Log]) -> Option<Apart> {
    let is_there = |entry: &&Entry| !entry.is_removed;
    let beyond = |log: &Log| {
        let mut entries = log.entries.iter().filter(is_there);
        entries
            .find(|entry| {
                !logs
                    .iter()
                    .all(|log| log.find(entry).is_some_and(|it| is_there(&it)))
            })
            .copied()
    };
    let first = logs.iter().filter_map(beyond);
    let first = first.min_by_key(|entry| (entry.position.index, entry.write))?;
    let mut apart = Apart {
        write: first.write,
        version: Version::Log(first.position),
        held: SmallVec::new(),
        lacking: 0,
        is_certain: true,
    };
    for (node, log) in logs.iter().enumerate() {
        match log.find(&first) {
            Some(entry) if !entry.is_removed => apart.held.push(entry.persisted),
            found => {
                apart.lacking |= 1 << node;
                apart.is_certain &= found.is_none();
            }
        }
    }
    Some(apart)
}

impl Log {
    fn persist(&mut self, position: Position, write: Option<WriteId>, seq: Seq) {
        // The disk works in order: what was removed before is gone from it by now.
        if std::mem::take(&mut self.has_removed) {
            self.entries.retain(|entry| !entry.is_removed);
        }
        let place = self
            .entries
            .partition_point(|entry| entry.position.index < position.index);
        let there = self.entries.get(place).map(|entry| entry.position.index);
        if there == Some(position.index) {
            self.entries.remove(place);
        }
        if let Some(write) = write {
            let entry = Entry {
                position,
                write,
                persisted: seq,
                is_removed: false,
            };
            self.entries.insert(place, entry);
        }
    }

    fn remove(&mut self, position: Position) {
        let mut entries = self.entries.iter_mut().rev();
        if let Some(entry) = entries.find(|entry| entry.position == position) {
            entry.is_removed = true;
            self.has_removed = true;
        }
    }

    fn is_same(&self, other: &Log) -> bool {
        let ours = self.entries.iter().map(Entry::what);
        ours.eq(other.entries.iter().map(Entry::what))
    }

    /// The same entry here.
    fn find(&self, wanted: &Entry) -> Option<&Entry> {
        let index = wanted.position.index;
        let place = self
            .entries
            .binary_search_by_key(&index, |entry| entry.position.index);
        let entry = self.entries.get(place.ok()?)?;
        ((entry.position, entry.write) == (wanted.position, wanted.write)).then_some(entry)
    }
}

impl Entry {
    fn what(&self) -> (Position, WriteId, bool) {
        (self.position, self.write, self.is_removed)
    }
}

/// The registers of all replicas.
#[derive(Clone, Debug)]
pub(super) struct Registers {
    keys: usize,
    /// Whether what isn't simply set is made of all that was ever done to it.
    merges: bool,
    /// By key, the copies, as bits.
    copies: Vec<u16>,
    /// By node and key.
    disks: Vec<Register>,
}

/// What a disk holds of a key: as many versions as stand side by side, or were merged.
type Register = SmallVec<[Stored; 1]>;

#[derive(Clone, Copy, Debug)]
struct Stored {
    version: Version,
    write: WriteId,
    stored: Seq,
}

impl Stored {
    /// Whether who holds this has no use for the other.
    fn replaces(&self, other: &Version) -> bool {
        match (&self.version, other) {
            (Version::Dotted { seen, .. }, Version::Dotted { dot, .. }) => seen.covers(*dot),
            (mine, theirs) => mine.supersedes(theirs),
        }
    }
}

impl Registers {
    fn new(structure: &Structure) -> Self {
        let keys = usize::from(structure.keys);
        let bits = |key| -> u16 {
            let copies = match structure.kind {
                ProtocolKind::Leaderless => structure.copies_of(key).fold(0, with),
                _ => structure.replicas().fold(0, with),
            };
            fn with(bits: u16, node: NodeId) -> u16 {
                bits | 1 << node.0
            }
            copies
        };
        Registers {
            keys,
            merges: structure.kind == ProtocolKind::MultiLeader
                && structure.conflicts == Conflicts::Merge,
            copies: (0..structure.keys).map(|key| bits(KeyId(key))).collect(),
            disks: vec![Register::new(); usize::from(structure.nodes) * keys],
        }
    }

    fn observe(&mut self, record: &Record) {
        match record.kind {
            Kind::Stored {
                node,
                key,
                version,
                write,
                newest,
            } => {
                let stored = Stored {
                    version,
                    write,
                    stored: record.seq,
                };
                let merges = self.merges && matches!(version, Version::Dotted { .. });
                let disk = &mut self.disks[usize::from(node.0) * self.keys + usize::from(key.0)];
                if merges {
                    let place = disk.partition_point(|held| held.write < write);
                    disk.insert(place, stored);
                } else if newest {
                    match version {
                        Version::Dotted { .. } => {
                            disk.retain(|held| !stored.replaces(&held.version));
                        }
                        // One version at a time. Where some are merged, that is of no account.
                        _ => disk.retain(|held| matches!(held.version, Version::Dotted { .. })),
                    }
                    let place = disk.partition_point(|held| held.write < write);
                    disk.insert(place, stored);
                }
            }
            Kind::Crashed {
                node,
                disk_lost: true,
            }
            | Kind::Restored { node, .. } => {
                let first = usize::from(node.0) * self.keys;
                // A proxy holds nothing.
                if let Some(disk) = self.disks.get_mut(first..first + self.keys) {
                    disk.fill(Register::new());
                }
            }
            _ => {}
        }
    }

    fn apart(&self) -> Vec<Apart> {
        let mut apart: Vec<Apart> = Vec::new();
        for (key, copies) in self.copies.iter().enumerate() {
            let copies = (0..16_u8).filter(|node| copies & (1 << node) != 0);
            let disk = |node: u8| &self.disks[usize::from(node) * self.keys + key];
            let all = || copies.clone().flat_map(disk);
            let is_merged = |stored: &Stored| matches!(stored.version, Version::Dotted { .. });
            let merges = self.merges && all().any(is_merged);
            let before = apart.len();
            for stored in all() {
                let counts = match merges {
                    true => is_merged(stored),
                    false => !all().any(|other| other.replaces(&stored.version)),
                };
                let known = apart[before..].iter().any(|it| it.write == stored.write);
                if !counts || known {
                    continue;
                }
                let mut one = Apart {
                    write: stored.write,
                    version: stored.version,
                    held: SmallVec::new(),
                    lacking: 0,
                    is_certain: true,
                };
                for node in copies.clone() {
                    let disk = disk(node);
                    match disk.binary_search_by_key(&stored.write, |held| held.write) {
                        Ok(place) => one.held.push(disk[place].stored),
                        Err(_) => one.lacking |= 1 << node,
                    }
                }
                if one.lacking != 0 {
                    apart.push(one);
                }
            }
        }
        apart
    }
}
