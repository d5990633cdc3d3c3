//! How far each replica is behind where there is no one log: what others have on their disks and it lacks.

use replication::ids::{KeyId, NodeId, Version, WriteId};
use replication::scenario::Structure;
use replication::trace::{Action, Kind, Record};

use super::lag::Behind;

/// What is on each disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers {
    /// By key and node, the versions that nothing there supersedes.
    held: Vec<Vec<Vec<(Version, WriteId)>>>,
    /// By key and node, what it lacks of the key.
    lacks: Vec<Vec<Behind>>,
    /// By key, the nodes that store it.
    copies: Vec<Vec<usize>>,
    /// By write, when it was asked for.
    invoked_us: Vec<u64>,
}

impl Registers {
    /// Empty ones.
    pub fn new(structure: &Structure, copies_of: impl Fn(KeyId) -> Vec<NodeId>) -> Self {
        let keys = usize::from(structure.keys);
        let nodes = usize::from(structure.nodes);
        let copies = |key: usize| {
            let copies = copies_of(KeyId(key as u8)).into_iter();
            copies.map(|node| usize::from(node.0)).collect()
        };
        Registers {
            held: vec![vec![Vec::new(); nodes]; keys],
            lacks: vec![vec![Behind::default(); nodes]; keys],
            copies: (0..keys).map(copies).collect(),
            invoked_us: Vec::new(),
        }
    }

    /// Takes in a record; whether any replica may be behind by something else now.
    pub fn take(&mut self, record: &Record) -> bool {
        match record.kind {
            Kind::Invoked {
                action: Action::Write { write, .. },
                ..
            } => {
                let at = write.0 as usize;
                if self.invoked_us.len() <= at {
                    self.invoked_us.resize(at + 1, 0);
                }
                self.invoked_us[at] = record.at.0;
                false
            }
            Kind::Stored {
                node,
                key,
                version,
                write,
                ..
            } => {
                let held = &mut self.held[usize::from(key.0)][usize::from(node.0)];
                if held.iter().all(|(known, _)| !known.covers(&version)) {
                    held.retain(|(known, _)| !version.covers(known));
                    held.push((version, write));
                    self.compare(usize::from(key.0));
                }
                true
            }
            Kind::Crashed {
                node,
                disk_lost: true,
            }
            | Kind::Restored { node, .. } => {
                for key in 0..self.held.len() {
                    if let Some(held) = self.held[key].get_mut(usize::from(node.0)) {
                        held.clear();
                    }
                    self.compare(key);
                }
                true
            }
            _ => false,
        }
    }

    /// How far a replica is behind, over all keys.
    pub fn behind(&self, node: usize) -> Behind {
        let mut total = Behind::default();
        for lacks in &self.lacks {
            total.add(lacks[node]);
        }
        total
    }

    /// On how many disks a version, or what supersedes it, is.
    pub fn holders(&self, key: KeyId, version: Version) -> usize {
        let held = &self.held[usize::from(key.0)];
        let copies = self.copies[usize::from(key.0)].iter();
        let has = |node: &&usize| held[**node].iter().any(|(known, _)| known.covers(&version));
        copies.filter(has).count()
    }

    /// Finds anew what each copy of a key lacks.
    fn compare(&mut self, key: usize) {
        let (held, copies) = (&self.held[key], &self.copies[key]);
        for node in copies {
            let mut lacking: Vec<WriteId> = Vec::new();
            for other in copies.iter().filter(|other| *other != node) {
                for (version, write) in &held[*other] {
                    let has = held[*node].iter().any(|(known, _)| known.covers(version));
                    if !has && !lacking.contains(write) {
                        lacking.push(*write);
                    }
                }
            }
            let began_us = |write: &WriteId| self.invoked_us.get(write.0 as usize).copied();
            self.lacks[key][*node] = Behind {
                entries: lacking.len() as u32,
                since_us: lacking.iter().filter_map(began_us).min(),
            };
        }
    }
}
