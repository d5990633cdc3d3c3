//! A replica's disk: one log a partition. The failover manager's holds the last epoch that it handed out.

use std::sync::Arc;

use smallvec::SmallVec;

use super::log::Entry;
use crate::engine::time::LocalTime;
use crate::ids::{NodeId, PartitionId, Value};
use crate::protocol::Disk;
use crate::scenario::Structure;
use crate::trace::Kind;

/// A replica's disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Logs {
    pub(super) logs: Vec<DiskLog>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DiskLog {
    pub(super) epoch: u32,
    pub(super) entries: Vec<Entry>,
    /// How many entries reads had been shown, where that waits for the commit index.
    pub(super) applied: u32,
}

/// A change to one log on a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct LogChange {
    pub(super) partition: PartitionId,
    pub(super) what: WhatChanged,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum WhatChanged {
    Append(SmallVec<[Entry; 1]>),
    Truncate(u32),
    Epoch(u32),
    /// An epoch, promised to a candidate; on a manager's disk, handed out to a replica.
    Promise {
        epoch: u32,
        to: NodeId,
    },
    Applied(u32),
    /// What this replica got for statements, by index.
    Evaluated(SmallVec<[(u32, Value); 1]>),
    /// The beginning of the log, as its leader has it; how much of it was there already.
    Snapshot {
        entries: Arc<[Entry]>,
        there: u32,
    },
}

impl Disk for Logs {
    type Change = LogChange;

    fn empty(structure: &Structure) -> Self {
        Logs {
            logs: vec![
                DiskLog {
                    epoch: 1,
                    ..DiskLog::default()
                };
                usize::from(structure.partitions)
            ],
        }
    }

    fn apply(&mut self, change: &LogChange) {
        let log = &mut self.logs[usize::from(change.partition.0)];
        match &change.what {
            WhatChanged::Append(entries) => log.entries.extend_from_slice(entries),
            WhatChanged::Truncate(keep) => log.truncate(*keep),
            WhatChanged::Epoch(epoch) | WhatChanged::Promise { epoch, .. } => {
                log.epoch = log.epoch.max(*epoch)
            }
            WhatChanged::Applied(applied) => log.applied = *applied,
            WhatChanged::Evaluated(values) => {
                for (index, value) in values {
                    let entry = log.entries.get_mut(*index as usize - 1);
                    if let Some(row) = entry.and_then(|entry| entry.row.as_mut()) {
                        (row.value, row.evaluated) = (*value, true);
                    }
                }
            }
            WhatChanged::Snapshot { entries, .. } => {
                let replaced = entries.len().min(log.entries.len());
                log.entries.splice(..replaced, entries.iter().copied());
            }
        }
    }

    fn restored(&self, until: Option<LocalTime>) -> Self {
        let mut copy = self.clone();
        if let Some(until) = until {
            for log in &mut copy.logs {
                let last = log.entries.iter().rposition(|entry| entry.at <= until);
                log.truncate(last.map_or(0, |last| last as u32 + 1));
            }
        }
        copy
    }

    fn contents(&self, node: NodeId) -> Vec<Kind> {
        let mut all = Vec::new();
        for (i, log) in self.logs.iter().enumerate() {
            all.extend(log.entries.iter().map(|entry| Kind::Persisted {
                node,
                partition: PartitionId(i as u8),
                position: entry.position,
                write: entry.write(),
            }));
        }
        all
    }

    fn bytes(&self) -> usize {
        self.logs
            .iter()
            .map(|log| log.entries.len() * size_of::<Entry>())
            .sum()
    }
}

impl DiskLog {
    fn truncate(&mut self, keep: u32) {
        self.entries.truncate(keep as usize);
        self.applied = self.applied.min(keep);
    }
}
