//! The registers of a system without one leader: of each key, the versions on each disk.

use smallvec::SmallVec;

use crate::ids::{KeyId, NodeId, Version, WriteId};
use crate::promise::no_acked_write_lost::{Acked, Finding};
use crate::scenario::Structure;
use crate::trace::{Kind, Record, Seq};

/// The registers of all replicas.
#[derive(Clone, Debug)]
pub(super) struct Registers {
    nodes: usize,
    keys: usize,
    copies: usize,
    /// By node and key: what is on the disk, as many versions as stand side by side.
    disks: Vec<SmallVec<[Version; 1]>>,
    /// What a disk holds for another.
    hints: Vec<Hint>,
    /// By key: the acknowledged versions that no acknowledged one supersedes.
    told: Vec<SmallVec<[Told; 1]>>,
    /// By key.
    risks: Vec<bool>,
    /// How many keys are at risk.
    pub at_risk: usize,
}

/// An acknowledged version.
#[derive(Clone, Copy, Debug)]
struct Told {
    acked: Acked,
    lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hint {
    node: NodeId,
    home: NodeId,
    key: KeyId,
    write: WriteId,
}

impl Registers {
    pub fn new(structure: &Structure) -> Self {
        let (nodes, keys) = (usize::from(structure.nodes), usize::from(structure.keys));
        Registers {
            nodes,
            keys,
            copies: usize::from(structure.copies),
            disks: vec![SmallVec::new(); nodes * keys],
            hints: Vec::new(),
            told: vec![SmallVec::new(); keys],
            risks: vec![false; keys],
            at_risk: 0,
        }
    }

    pub fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let seq = what[0].seq;
        match what[0].kind {
            Kind::Stored { key, .. } => {
                if self.take_in(&what[0]) {
                    self.lose(key, seq, found);
                }
                self.weigh(key);
            }
            Kind::HintKept { key, .. } => {
                self.take_in(&what[0]);
                self.weigh(key);
            }
            Kind::HintGone {
                node,
                home,
                key,
                write,
                ..
            } => {
                let gone = Hint {
                    node,
                    home,
                    key,
                    write,
                };
                self.hints.retain(|hint| *hint != gone);
                self.lose(key, seq, found);
                self.weigh(key);
            }
            Kind::Crashed {
                node,
                disk_lost: true,
            }
            | Kind::Restored { node, .. } => {
                self.wipe(node);
                for record in &what[1..] {
                    self.take_in(record);
                }
                for key in (0..self.keys as u8).map(KeyId) {
                    self.lose(key, seq, found);
                    self.weigh(key);
                }
            }
            _ => {}
        }
    }

    /// A client is told "done".
    pub fn acknowledge(&mut self, acked: Acked, found: &mut Vec<Finding>) {
        let told = &mut self.told[usize::from(acked.key.0)];
        if told
            .iter()
            .any(|other| other.acked.version.covers(&acked.version))
        {
            return; // Replaced already.
        }
        told.retain(|other| !acked.version.covers(&other.acked.version));
        let lost = false;
        told.push(Told { acked, lost });
        self.lose(acked.key, acked.ended, found);
        self.weigh(acked.key);
    }

    /// Something is on a disk. Returns whether something newer is gone for it.
    fn take_in(&mut self, record: &Record) -> bool {
        match record.kind {
            Kind::Stored {
                node,
                key,
                version,
                newest: true,
                ..
            } => {
                let disk = &mut self.disks[usize::from(node.0) * self.keys + usize::from(key.0)];
                let went_back = disk.iter().any(|held| held.supersedes(&version));
                disk.retain(|held| !version.covers(held) && !held.covers(&version));
                disk.push(version);
                went_back
            }
            Kind::HintKept {
                node,
                home,
                key,
                write,
            } => {
                self.hints.push(Hint {
                    node,
                    home,
                    key,
                    write,
                });
                false
            }
            _ => false,
        }
    }

    /// All that is on a replica's disk is gone.
    fn wipe(&mut self, node: NodeId) {
        // A proxy holds nothing.
        if usize::from(node.0) < self.nodes {
            let first = usize::from(node.0) * self.keys;
            self.disks[first..first + self.keys].fill(SmallVec::new());
            self.hints.retain(|hint| hint.node != node);
        }
    }

    /// An acknowledged version that no disk holds any more is lost.
    fn lose(&mut self, key: KeyId, at: Seq, found: &mut Vec<Finding>) {
        for place in 0..self.told[usize::from(key.0)].len() {
            let Told { acked, lost } = self.told[usize::from(key.0)][place];
            if !lost && self.on_disks(&acked) == 0 {
                self.told[usize::from(key.0)][place].lost = true;
                found.push(Finding {
                    acked,
                    at,
                    promoted: None,
                });
            }
        }
    }

    /// Whether the key is at risk now.
    fn weigh(&mut self, key: KeyId) {
        let mut told = self.told[usize::from(key.0)].iter();
        let at_risk =
            self.copies > 1 && told.any(|told| !told.lost && self.on_disks(&told.acked) == 1);
        let risk = &mut self.risks[usize::from(key.0)];
        self.at_risk = self.at_risk + usize::from(at_risk) - usize::from(*risk);
        *risk = at_risk;
    }

    /// How many disks hold the write, as a hint too, or what supersedes it.
    fn on_disks(&self, acked: &Acked) -> usize {
        let holds = |node: &usize| {
            let disk = &self.disks[node * self.keys + usize::from(acked.key.0)];
            let mut hints = self.hints.iter();
            disk.iter().any(|held| held.covers(&acked.version))
                || hints.any(|hint| usize::from(hint.node.0) == *node && hint.write == acked.write)
        };
        (0..self.nodes).filter(holds).count()
    }
}
