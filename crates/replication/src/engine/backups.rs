//! Backups: copies of all disks, apart from the replicas and from what happens to them.
//!
//! A job runs at its interval and keeps the newest few copies. Where it fails it deletes the oldest all
//! the same, as a rotation by age does, and nobody is told.

use std::sync::Arc;

use crate::engine::time::{LocalTime, SimTime};
use crate::ids::NodeId;
use crate::protocol::Disk;
use crate::run::BackupView;
use crate::scenario::Backups as Settings;

/// The copies that are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Backups<D> {
    kept: Vec<Backup<D>>,
    taken: u16,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
struct Backup<D> {
    at: SimTime,
    /// By node; `None` where the job failed. Shared with the checkpoints of the run.
    disks: Option<Arc<[D]>>,
}

impl<D> Default for Backups<D> {
    fn default() -> Self {
        Backups {
            kept: Vec::new(),
            taken: 0,
        }
    }
}

impl<D: Disk> Backups<D> {
    /// The job runs. Returns its number and whether it worked.
    pub fn take(
        &mut self,
        at: SimTime,
        disks: impl Iterator<Item = D>,
        settings: Settings,
    ) -> (u16, bool) {
        let disks = (!settings.failing).then(|| disks.collect());
        let worked = disks.is_some();
        self.kept.push(Backup { at, disks });
        let old = self.kept.len().saturating_sub(usize::from(settings.keep));
        self.kept.drain(..old);
        self.taken = self.taken.saturating_add(1);
        (self.taken, worked)
    }

    /// A replica's disk as of a moment, and as of when it really is.
    ///
    /// With the log kept beside the copies, the newest one is cut off at that moment. Without, the newest
    /// copy that was made by then is what there is.
    pub fn find(
        &self,
        node: NodeId,
        as_of: Option<SimTime>,
        point_in_time: bool,
    ) -> Option<(D, SimTime)> {
        let good = |backup: &&Backup<D>| backup.disks.is_some();
        let mut copies = self.kept.iter().rev().filter(good);
        let as_of = as_of.unwrap_or(SimTime(u64::MAX));
        let backup = match point_in_time {
            true => copies.next(),
            false => copies.find(|backup| backup.at <= as_of),
        }?;
        let disk = &backup.disks.as_ref()?[usize::from(node.0)];
        let until = (point_in_time && as_of < backup.at).then_some(LocalTime(as_of.0 as i64));
        Some((disk.restored(until), backup.at.min(as_of)))
    }

    /// What they look like, oldest first.
    pub fn views(&self) -> Vec<BackupView> {
        let view = |backup: &Backup<D>| BackupView {
            at: backup.at,
            worked: backup.disks.is_some(),
        };
        self.kept.iter().map(view).collect()
    }
}
