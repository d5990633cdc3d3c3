//! What each replica's disk holds of each key.
//!
//! A replica has a write once it is on its own disk: not while it is in memory or on the wire, nor while
//! another keeps it as a hint. What a crash leaves on the disk is there; a log that is trimmed, or that
//! came as a snapshot, holds all of its beginning.

use smallvec::SmallVec;

use crate::ids::{KeyId, KeySet, NodeId, Position, Version, WriteId};
use crate::promise::shown;
use crate::scenario::{Conflicts, ProtocolKind, Structure};

/// The disks of all replicas.
#[derive(Clone, Debug)]
pub(super) struct Disks {
    keys: usize,
    /// By node: the keys of which it stores a copy.
    stores: Vec<KeySet>,
    content: Content,
    /// Whether a key's value may be made of all writes to it.
    merges: bool,
    /// Of such values: the keys that were stored with a version vector, and those with a stamp.
    kinds: [KeySet; 2],
}

/// By node and key.
#[derive(Clone, Debug)]
enum Content {
    /// The entries of its log for the key, in the log's order.
    Logs(Vec<Vec<Position>>),
    /// As many versions as stand side by side.
    Registers(Vec<Register>),
}

type Register = SmallVec<[(Version, WriteId); 1]>;

impl Disks {
    /// Empty disks.
    pub fn new(structure: &Structure) -> Self {
        let (nodes, keys) = (usize::from(structure.nodes), usize::from(structure.keys));
        let mut stores = vec![KeySet::default(); nodes];
        for key in (0..structure.keys).map(KeyId) {
            for node in structure.copies_of(key) {
                stores[usize::from(node.0)].insert(key);
            }
        }
        Disks {
            keys,
            stores,
            content: match structure.kind {
                ProtocolKind::SingleLeader => Content::Logs(vec![Vec::new(); nodes * keys]),
                ProtocolKind::MultiLeader | ProtocolKind::Leaderless => {
                    Content::Registers(vec![Register::new(); nodes * keys])
                }
            },
            merges: structure.kind == ProtocolKind::MultiLeader
                && structure.conflicts == Conflicts::Merge,
            kinds: [KeySet::default(); 2],
        }
    }

    /// Whether it is a replica: a proxy and a manager hold nothing.
    pub fn is_replica(&self, node: NodeId) -> bool {
        usize::from(node.0) < self.stores.len()
    }

    /// Whether a value may be made of all writes to its key.
    pub fn merge(&self) -> bool {
        self.merges
    }

    /// Whether a replica stores a copy of one of these keys.
    pub fn store_some(&self, node: NodeId, keys: KeySet) -> bool {
        self.stores[usize::from(node.0)].0 & keys.0 != 0
    }

    /// Whether a replica stores the key, and holds neither this version nor what supersedes it.
    pub fn lack(&self, node: NodeId, key: KeyId, version: &Version) -> bool {
        // What is a value at one time and a sum of changes at another has no order.
        if !self.stores[usize::from(node.0)].contains(key)
            || self.kinds.iter().all(|kind| kind.contains(key))
        {
            return false;
        }
        let place = self.place(node, key);
        match (&self.content, version) {
            (Content::Logs(logs), Version::Log(position)) => {
                logs[place].last().is_none_or(|last| last < position)
            }
            (Content::Logs(_), _) => true,
            (Content::Registers(registers), _) => {
                let mut held = registers[place].iter();
                !held.any(|(held, _)| shown::includes(held, version))
            }
        }
    }

    /// An entry is on a disk.
    pub fn append(&mut self, node: NodeId, key: KeyId, position: Position) {
        let place = self.place(node, key);
        if let Content::Logs(logs) = &mut self.content {
            let log = &mut logs[place];
            if log.last().is_none_or(|last| *last < position) {
                log.push(position);
            } else if let Err(at) = log.binary_search(&position) {
                log.insert(at, position);
            }
        }
    }

    /// An entry is on a disk no more. Returns whether it was the last of its key there.
    pub fn discard(&mut self, node: NodeId, key: KeyId, position: Position) -> bool {
        let place = self.place(node, key);
        let Content::Logs(logs) = &mut self.content else {
            return false;
        };
        let log = &mut logs[place];
        match log.binary_search(&position) {
            Ok(at) => {
                log.remove(at);
                at == log.len()
            }
            Err(_) => false,
        }
    }

    /// A version is on a disk, and those that it takes the place of are `gone`. Returns whether the disk
    /// went back by that: it may lack what it had.
    pub fn put(
        &mut self,
        node: NodeId,
        key: KeyId,
        version: Version,
        write: WriteId,
        mut gone: impl FnMut(WriteId),
    ) -> bool {
        let place = self.place(node, key);
        let Content::Registers(registers) = &mut self.content else {
            return false;
        };
        let register = &mut registers[place];
        if self.merges {
            let is_dotted = matches!(version, Version::Dotted { .. });
            self.kinds[usize::from(is_dotted)].insert(key);
            if let Version::Dotted { dot, .. } = version {
                // All writes stay, as one value that has seen them all.
                let merged = register.iter_mut().find_map(|(held, last)| match held {
                    Version::Dotted { dot, seen } => Some((dot, seen, last)),
                    _ => None,
                });
                if let Some((last_dot, seen, last)) = merged {
                    (*last_dot, *last) = (dot, write);
                    seen.cover(dot);
                } else {
                    let mut seen = crate::ids::Vector::default();
                    seen.cover(dot);
                    register.push((Version::Dotted { dot, seen }, write));
                }
                return false;
            }
        }
        let mut went_back = false;
        register.retain(|(held, write)| {
            let (is_newer, is_older) = (version.covers(held), held.covers(&version));
            if is_newer || is_older {
                went_back |= !is_newer || forgets(&version, held);
                gone(*write);
            }
            !is_newer && !is_older
        });
        register.push((version, write));
        went_back
    }

    /// A disk is empty.
    pub fn wipe(&mut self, node: NodeId) {
        let first = self.place(node, KeyId(0));
        match &mut self.content {
            Content::Logs(logs) => logs[first..first + self.keys].fill(Vec::new()),
            Content::Registers(registers) => {
                registers[first..first + self.keys].fill(Register::new());
            }
        }
    }

    fn place(&self, node: NodeId, key: KeyId) -> usize {
        usize::from(node.0) * self.keys + usize::from(key.0)
    }
}

/// Whether what supersedes a version has not seen all that this had seen. No replica makes such a one.
fn forgets(newer: &Version, older: &Version) -> bool {
    match (newer, older) {
        (Version::Dotted { seen, .. }, Version::Dotted { seen: theirs, .. }) => {
            newer != older && !seen.covers_all(theirs)
        }
        _ => false,
    }
}
