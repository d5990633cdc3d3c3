//! How far each replica of one leader's logs is behind, from the records of its logs.
//!
//! A replica is behind by the entries of the leader's log that it does not show yet; in time, by the age of
//! the oldest of them. The leader is the one that was promoted last; after it is gone, its log still counts.

use replication::ids::{NodeId, PartitionId, Position};
use replication::ordered::Ordered;
use replication::scenario::{Structure, Visible};
use replication::trace::{Kind, Record};

use super::lag::Behind;

/// All logs of all replicas.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs {
    partitions: Vec<Logged>,
    /// Whether a replica that starts again waits for the commit index before it shows what is on its disk.
    waits: bool,
}

/// One partition's logs.
#[derive(Clone, Debug, Default)]
struct Logged {
    leader: Option<usize>,
    epoch: u32,
    logs: Vec<Log>,
    /// When an entry was first in a log.
    first_us: Ordered<Position, u64>,
}

/// One replica's log.
#[derive(Clone, Debug, Default)]
struct Log {
    entries: Vec<Position>,
    persisted: usize,
    applied: usize,
    /// Up to where it is known to be the leader's.
    common: usize,
}

impl Logs {
    /// Empty ones.
    pub fn new(structure: &Structure, visible: Visible) -> Self {
        let of_partition = || Logged {
            logs: vec![Log::default(); usize::from(structure.nodes)],
            ..Logged::default()
        };
        let partitions = 0..structure.partitions.max(1);
        Logs {
            partitions: partitions.map(|_| of_partition()).collect(),
            waits: visible == Visible::OnCommit,
        }
    }

    /// Takes in a record; whether any replica may be behind by something else now.
    pub fn take(&mut self, record: &Record) -> bool {
        match record.kind {
            Kind::Appended {
                node,
                partition,
                position,
                ..
            } => {
                let of = self.of(partition);
                of.truncate(node, position.index.saturating_sub(1) as usize);
                of.first_us.or_insert(position, record.at.0);
                of.logs[usize::from(node.0)].entries.push(position);
            }
            Kind::Persisted {
                node,
                partition,
                position,
                ..
            } => {
                let log = &mut self.of(partition).logs[usize::from(node.0)];
                let upto = position.index as usize;
                // What a restored disk holds was never appended there.
                if log.entries.len() + 1 == upto {
                    log.entries.push(position);
                }
                log.persisted = log.persisted.max(upto.min(log.entries.len()));
            }
            Kind::Applied {
                node,
                partition,
                position,
            } => {
                let log = &mut self.of(partition).logs[usize::from(node.0)];
                log.applied = position.index as usize;
            }
            Kind::Discarded {
                node,
                partition,
                position,
                ..
            } => {
                let keep = position.index.saturating_sub(1) as usize;
                self.of(partition).truncate(node, keep);
            }
            Kind::Promoted {
                node,
                partition,
                epoch,
                ..
            } => {
                let of = self.of(partition);
                if epoch >= of.epoch {
                    (of.leader, of.epoch) = (Some(usize::from(node.0)), epoch);
                    of.logs.iter_mut().for_each(|log| log.common = 0);
                }
            }
            Kind::Crashed { node, disk_lost } => self.stopped(node, disk_lost),
            Kind::Restored { node, .. } => self.stopped(node, true),
            Kind::Restarted { node } => {
                let waits = self.waits;
                for of in &mut self.partitions {
                    let log = &mut of.logs[usize::from(node.0)];
                    log.applied = log.shown_from_disk(waits);
                }
            }
            _ => return false,
        }
        true
    }

    /// How far a replica is behind, over all partitions.
    pub fn behind(&mut self, node: usize) -> Behind {
        let mut total = Behind::default();
        for of in &mut self.partitions {
            if let Some(behind) = of.behind(node) {
                total.add(behind);
            }
        }
        total
    }

    /// Its memory is gone, and its disk where that is lost.
    fn stopped(&mut self, node: NodeId, disk_lost: bool) {
        let waits = self.waits;
        for of in &mut self.partitions {
            let at = usize::from(node.0);
            if at >= of.logs.len() {
                continue;
            }
            let keep = if disk_lost { 0 } else { of.logs[at].persisted };
            of.truncate(node, keep);
            let log = &mut of.logs[at];
            log.applied = log.shown_from_disk(waits);
        }
    }

    fn of(&mut self, partition: PartitionId) -> &mut Logged {
        &mut self.partitions[usize::from(partition.0)]
    }
}

impl Logged {
    fn truncate(&mut self, node: NodeId, keep: usize) {
        let at = usize::from(node.0);
        let log = &mut self.logs[at];
        log.entries.truncate(keep);
        log.persisted = log.persisted.min(keep);
        log.applied = log.applied.min(keep);
        log.common = log.common.min(keep);
        if self.leader == Some(at) {
            for other in &mut self.logs {
                other.common = other.common.min(keep);
            }
        }
    }

    fn behind(&mut self, node: usize) -> Option<Behind> {
        let leader = self.leader.filter(|leader| *leader != node)?;
        let [theirs, mine] = self.logs.get_disjoint_mut([leader, node]).ok()?;
        let upto = theirs.entries.len().min(mine.entries.len());
        while mine.common < upto && theirs.entries[mine.common] == mine.entries[mine.common] {
            mine.common += 1;
        }
        let shown = mine.common.min(mine.applied);
        let oldest = theirs.entries.get(shown)?;
        Some(Behind {
            entries: (theirs.entries.len() - shown) as u32,
            since_us: self.first_us.get(*oldest).copied(),
        })
    }
}

impl Log {
    /// How much of what is on its disk it shows when it starts.
    fn shown_from_disk(&self, waits: bool) -> usize {
        if waits { self.applied } else { self.persisted }
    }
}
