//! The logs of a system with one leader.

use crate::ids::{NodeId, PartitionId, Position, Version};
use crate::promise::no_acked_write_lost::{Acked, Finding};
use crate::scenario::Structure;
use crate::trace::{Kind, Record, Seq};

/// The logs of all replicas.
#[derive(Clone, Debug)]
pub(super) struct Logs {
    nodes: usize,
    partitions: usize,
    /// By key.
    partition_by_key: Vec<PartitionId>,
    majority: usize,
    /// By node.
    up: Vec<bool>,
    /// By node and partition.
    logs: Vec<Log>,
    /// By partition.
    shares: Vec<Share>,
    /// How many partitions are at risk.
    pub at_risk: usize,
}

/// A replica's log, by index from 1.
#[derive(Clone, Debug, Default)]
struct Log(Vec<Option<Entry>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    epoch: u32,
    on_disk: bool,
}

/// What is known of a partition.
#[derive(Clone, Debug, Default)]
struct Share {
    leader: Option<Leader>,
    /// What that leader had before its disk was lost or replaced.
    leader_had: Log,
    /// The acknowledged entries that aren't lost, in the order of the log.
    acked: Vec<Acked>,
    at_risk: bool,
}

/// The leader of the highest epoch so far.
#[derive(Clone, Copy, Debug)]
struct Leader {
    node: NodeId,
    epoch: u32,
    promoted: Seq,
}

impl Logs {
    pub fn new(structure: &Structure) -> Self {
        let (nodes, partitions) = (
            usize::from(structure.nodes),
            usize::from(structure.partitions),
        );
        Logs {
            nodes,
            partitions,
            partition_by_key: structure.partition_by_key.clone(),
            majority: structure.majority(),
            up: vec![true; nodes],
            logs: vec![Log::default(); nodes * partitions],
            shares: vec![Share::default(); partitions],
            at_risk: 0,
        }
    }

    pub fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        let record = &what[0];
        match record.kind {
            Kind::Appended {
                node,
                partition,
                position,
                ..
            } => self.log(node, partition).append(position),
            Kind::Persisted {
                node,
                partition,
                position,
                ..
            } => {
                self.log(node, partition).persist(position);
                if self.newest(partition) == Some(position) {
                    self.weigh(partition);
                }
            }
            Kind::Discarded {
                node,
                partition,
                position,
                ..
            } => {
                self.log(node, partition).discard(position);
                self.lose_undisked(partition, position, record.seq, found);
                if self.newest(partition) == Some(position) {
                    self.weigh(partition);
                }
            }
            Kind::Promoted {
                node,
                partition,
                epoch,
                last,
            } => {
                let leader = Leader {
                    node,
                    epoch,
                    promoted: record.seq,
                };
                self.promote(partition, leader, last, found);
            }
            Kind::Crashed { node, .. } | Kind::Restarted { node } => {
                self.turn(node, record.kind);
                if let Kind::Crashed {
                    disk_lost: true, ..
                } = record.kind
                {
                    self.replace(node, &[], record.seq, found);
                }
            }
            // What it then holds stands in the records that follow.
            Kind::Restored { node, .. } => self.replace(node, &what[1..], record.seq, found),
            _ => {}
        }
    }

    /// A client is told "done".
    pub fn acknowledge(&mut self, acked: Acked, found: &mut Vec<Finding>) {
        let Version::Log(position) = acked.version else {
            return;
        };
        let partition = self.partition_by_key[usize::from(acked.key.0)];
        let leader = self.shares[usize::from(partition.0)].leader;
        let behind = leader.filter(|leader| {
            leader.epoch > position.epoch
                && !self.log_of(leader.node, partition).has(position)
                && !self.shares[usize::from(partition.0)]
                    .leader_had
                    .has(position)
        });
        if behind.is_some() || self.on_disks(partition, position) == 0 {
            found.push(Finding {
                acked,
                at: acked.ended,
                promoted: behind.map(|leader| leader.promoted),
            });
            return;
        }
        let entries = &mut self.shares[usize::from(partition.0)].acked;
        let place = entries.partition_point(|other| other.position() < Some(position));
        if entries.get(place).and_then(Acked::position) == Some(position) {
            return; // The same write, sent again: it can be lost once.
        }
        entries.insert(place, acked);
        self.weigh(partition);
    }

    /// A leader of a higher epoch loses what it lacks.
    fn promote(
        &mut self,
        partition: PartitionId,
        leader: Leader,
        last: Position,
        found: &mut Vec<Finding>,
    ) {
        let share = &mut self.shares[usize::from(partition.0)];
        if share
            .leader
            .is_some_and(|other| other.epoch >= leader.epoch)
        {
            return;
        }
        share.leader = Some(leader);
        share.leader_had = Log::default();
        let log =
            &self.logs[usize::from(leader.node.0) * self.partitions + usize::from(partition.0)];
        share.acked.retain(|acked| {
            let Version::Log(position) = acked.version else {
                return false;
            };
            let kept = position.index <= last.index && log.has(position);
            if !kept {
                found.push(Finding {
                    acked: *acked,
                    at: leader.promoted,
                    promoted: Some(leader.promoted),
                });
            }
            kept
        });
        self.weigh(partition);
    }

    /// An acknowledged entry that is on no disk any more is lost.
    fn lose_undisked(
        &mut self,
        partition: PartitionId,
        position: Position,
        at: Seq,
        found: &mut Vec<Finding>,
    ) {
        let share = &self.shares[usize::from(partition.0)];
        let place = share
            .acked
            .binary_search_by_key(&Some(position), |acked| acked.position());
        if let Ok(place) = place
            && self.on_disks(partition, position) == 0
        {
            let acked = self.shares[usize::from(partition.0)].acked.remove(place);
            found.push(Finding {
                acked,
                at,
                promoted: None,
            });
            self.weigh(partition);
        }
    }

    /// A replica's disk is gone; the new one holds what these records say. Acknowledged entries that are on
    /// no disk any more are lost.
    fn replace(&mut self, node: NodeId, holds: &[Record], at: Seq, found: &mut Vec<Finding>) {
        if usize::from(node.0) >= self.nodes {
            return; // A manager has no log.
        }
        for partition in (0..self.partitions as u8).map(PartitionId) {
            let lost = std::mem::take(self.log(node, partition));
            let share = &mut self.shares[usize::from(partition.0)];
            if share.leader.is_some_and(|leader| leader.node == node)
                && share.leader_had.0.is_empty()
            {
                share.leader_had = lost;
            }
        }
        for record in holds {
            if let Kind::Persisted {
                partition,
                position,
                ..
            } = record.kind
            {
                self.log(node, partition).persist(position);
            }
        }
        for partition in (0..self.partitions as u8).map(PartitionId) {
            let mut acked = std::mem::take(&mut self.shares[usize::from(partition.0)].acked);
            acked.retain(|acked| {
                let kept = acked
                    .position()
                    .is_some_and(|position| self.on_disks(partition, position) > 0);
                if !kept {
                    found.push(Finding {
                        acked: *acked,
                        at,
                        promoted: None,
                    });
                }
                kept
            });
            self.shares[usize::from(partition.0)].acked = acked;
            self.weigh(partition);
        }
    }

    /// A replica stops, and its memory is gone; or it starts again.
    fn turn(&mut self, node: NodeId, kind: Kind) {
        let crashed = matches!(kind, Kind::Crashed { .. });
        // A manager has no log.
        let Some(up) = self.up.get_mut(usize::from(node.0)) else {
            return;
        };
        *up = !crashed;
        for partition in (0..self.partitions as u8).map(PartitionId) {
            if crashed {
                self.log(node, partition).forget();
            }
            self.weigh(partition);
        }
    }

    /// Whether the partition is at risk now.
    fn weigh(&mut self, partition: PartitionId) {
        let at_risk = self.newest(partition).is_some_and(|position| {
            let lack = (0..self.nodes as u8).map(NodeId).filter(|node| {
                self.up[usize::from(node.0)] && !self.log_of(*node, partition).has_on_disk(position)
            });
            self.nodes > 1
                && (lack.count() >= self.majority || self.on_disks(partition, position) <= 1)
        });
        let share = &mut self.shares[usize::from(partition.0)];
        self.at_risk = self.at_risk + usize::from(at_risk) - usize::from(share.at_risk);
        share.at_risk = at_risk;
    }

    /// The newest acknowledged entry.
    fn newest(&self, partition: PartitionId) -> Option<Position> {
        self.shares[usize::from(partition.0)]
            .acked
            .last()?
            .position()
    }

    fn on_disks(&self, partition: PartitionId, position: Position) -> usize {
        let nodes = (0..self.nodes as u8).map(NodeId);
        nodes
            .filter(|node| self.log_of(*node, partition).has_on_disk(position))
            .count()
    }

    fn log_of(&self, node: NodeId, partition: PartitionId) -> &Log {
        &self.logs[usize::from(node.0) * self.partitions + usize::from(partition.0)]
    }

    fn log(&mut self, node: NodeId, partition: PartitionId) -> &mut Log {
        &mut self.logs[usize::from(node.0) * self.partitions + usize::from(partition.0)]
    }
}

impl Log {
    fn append(&mut self, position: Position) {
        // What is on the disk stays there.
        if !self.has(position) {
            self.put(position, false);
        }
    }

    fn persist(&mut self, position: Position) {
        self.put(position, true);
    }

    fn put(&mut self, position: Position, on_disk: bool) {
        let length = position.index as usize;
        if self.0.len() < length {
            self.0.resize(length, None);
        }
        self.0[length - 1] = Some(Entry {
            epoch: position.epoch,
            on_disk,
        });
    }

    fn discard(&mut self, position: Position) {
        if self.has(position) {
            self.0[position.index as usize - 1] = None;
            self.trim();
        }
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&None) {
            self.0.pop();
        }
    }

    /// What isn't on the disk dies in a crash.
    fn forget(&mut self) {
        for entry in &mut self.0 {
            *entry = entry.filter(|entry| entry.on_disk);
        }
        self.trim();
    }

    fn entry(&self, position: Position) -> Option<Entry> {
        let entry = *self.0.get((position.index as usize).checked_sub(1)?)?;
        entry.filter(|entry| entry.epoch == position.epoch)
    }

    fn has(&self, position: Position) -> bool {
        self.entry(position).is_some()
    }

    fn has_on_disk(&self, position: Position) -> bool {
        self.entry(position).is_some_and(|entry| entry.on_disk)
    }
}
