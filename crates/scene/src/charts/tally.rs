//! What the charts ask of a run's records, kept ready as the trace grows: each record is read once.

use replication::engine::faults::Faults;
use replication::ids::{KeyId, NodeId, Place, Version, WriteId};
use replication::measure::{Meter, Metered};
use replication::run::Run;
use replication::scenario::ProtocolKind;
use replication::trace::{Action, Kind, Outcome, Record, Seq};

use super::lag::{Behind, Steps};
use super::logs::Logs;
use super::registers::Registers;
use crate::moment::message;

/// The numbers of one run, for any cursor in what is known of it.
///
/// The page keeps one and calls [`update`](Tally::update) before it draws. One that is shown another run
/// notices, and starts afresh.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    known: usize,
    last: Option<Record>,
    meter: Meter,
    pub(super) ended: Vec<Ended>,
    pub(super) reads: Vec<Returned>,
    /// By node, the messages that reached it.
    pub(super) reached: Vec<Vec<Reached>>,
    /// By node.
    pub(super) lag: Vec<Steps<Behind>>,
    pub(super) copies: Steps<Copies>,
    pub(super) spans: Vec<Span>,
    disks: Option<Disks>,
    faults: Faults,
    down: u16,
    paused: u16,
    newest: Option<Newest>,
    /// By key, the acknowledged versions that none supersedes.
    fronts: Vec<Vec<Version>>,
    /// One leader: by write, on whose disks it is, as bits.
    on_disk: Vec<u16>,
    /// By write, its key.
    keys: Vec<KeyId>,
}

/// An operation that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub seq: Seq,
    pub at_us: u64,
    pub took_us: u64,
    pub write: bool,
    pub outcome: Outcome,
    pub key: Option<KeyId>,
    /// Whether something was broken at any moment of it.
    pub during_fault: bool,
}

/// A key that a read returned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Returned {
    pub seq: Seq,
    pub at_us: u64,
    pub stale: bool,
}

/// A message that reached a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub seq: Seq,
    pub from_client: bool,
}

/// On how many disks the newest acknowledged write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copies {
    pub write: WriteId,
    pub have: u8,
    pub of: u8,
}

/// A stretch in which something was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub seq: Seq,
    pub from_us: u64,
    /// `None` where it still is.
    pub to_us: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    write: WriteId,
    key: KeyId,
    version: Version,
}

/// Who has what.
#[derive(Clone, Debug)]
enum Disks {
    Logs(Logs),
    Registers(Registers),
}

impl Tally {
    /// Takes in the records that are new since the last time.
    pub fn update(&mut self, run: &dyn Run) {
        let records = run.records();
        let same = self
            .last
            .is_none_or(|last| records.get(self.known - 1) == Some(&last));
        if !same {
            *self = Tally::default();
        }
        let structure = &run.scenario().structure;
        if self.disks.is_none() {
            self.disks = Some(match structure.kind {
                ProtocolKind::SingleLeader => {
                    Disks::Logs(Logs::new(structure, run.scenario().settings.visible))
                }
                ProtocolKind::MultiLeader => {
                    let all = |_| structure.replicas().collect();
                    Disks::Registers(Registers::new(structure, all))
                }
                ProtocolKind::Leaderless => {
                    let copies = |key| structure.copies_of(key).collect();
                    Disks::Registers(Registers::new(structure, copies))
                }
            });
            let nodes = usize::from(structure.nodes);
            self.lag = vec![Steps::default(); nodes];
            self.reached = vec![Vec::new(); nodes + usize::from(structure.extra().is_some())];
            self.fronts = vec![Vec::new(); usize::from(structure.keys)];
        }
        let new = &records[self.known..];
        for record in new {
            self.take(record, records, run);
        }
        self.meter_on(new);
        self.known = records.len();
        self.last = records.last().copied();
    }

    /// How many records it knows.
    pub fn known(&self) -> usize {
        self.known
    }

    /// The operations that were over after so many records.
    pub(super) fn ended_before(&self, happened: usize) -> &[Ended] {
        let count = self.ended.partition_point(|op| op.seq.index() < happened);
        &self.ended[..count]
    }

    /// What reads had returned by then.
    pub(super) fn reads_before(&self, happened: usize) -> &[Returned] {
        let count = self.reads.partition_point(|op| op.seq.index() < happened);
        &self.reads[..count]
    }

    fn meter_on(&mut self, new: &[Record]) {
        let (ended, reads, spans) = (&mut self.ended, &mut self.reads, &self.spans);
        self.meter.take(new, |record, metered| match metered {
            Metered::Saw { stale } => reads.push(Returned {
                seq: record.seq,
                at_us: record.at.0,
                stale,
            }),
            Metered::Ended {
                action,
                outcome,
                since,
            } => {
                let overlaps = |span: &Span| {
                    span.from_us <= record.at.0 && span.to_us.is_none_or(|to_us| to_us >= since.0)
                };
                ended.push(Ended {
                    seq: record.seq,
                    at_us: record.at.0,
                    took_us: record.at.since_us(since),
                    write: matches!(action, Action::Write { .. }),
                    outcome,
                    key: match action {
                        Action::Write { key, .. } => Some(key),
                        Action::Read { .. } => None,
                    },
                    during_fault: spans.iter().rev().any(overlaps),
                });
            }
        });
    }

    fn take(&mut self, record: &Record, trace: &[Record], run: &dyn Run) {
        self.note_faults(record);
        if record.kind == Kind::Delivered {
            let sent = record.cause.and_then(|seq| trace.get(seq.index()));
            if let Some(sent) = sent.and_then(message)
                && let Place::Node(NodeId(node)) = sent.to
                && let Some(reached) = self.reached.get_mut(usize::from(node))
            {
                reached.push(Reached {
                    seq: record.seq,
                    from_client: matches!(sent.from, Place::Client(_)),
                });
            }
            return;
        }
        let nodes = self.lag.len();
        let changed = match &mut self.disks {
            Some(Disks::Logs(logs)) => logs.take(record),
            Some(Disks::Registers(registers)) => registers.take(record),
            None => false,
        };
        if changed {
            for node in 0..nodes {
                let behind = match &mut self.disks {
                    Some(Disks::Logs(logs)) => logs.behind(node),
                    Some(Disks::Registers(registers)) => registers.behind(node),
                    None => Behind::default(),
                };
                self.lag[node].push(record.seq, record.at.0, behind);
            }
        }
        self.note_copies(record, run, changed);
    }

    /// Keeps to the newest acknowledged write.
    fn note_copies(&mut self, record: &Record, run: &dyn Run, changed: bool) {
        match record.kind {
            Kind::Invoked {
                action: Action::Write { write, key, .. },
                ..
            } => {
                let at = write.0 as usize;
                if self.on_disk.len() <= at {
                    self.on_disk.resize(at + 1, 0);
                    self.keys.resize(at + 1, KeyId(0));
                }
                self.keys[at] = key;
            }
            Kind::Persisted {
                node,
                write: Some(write),
                ..
            } => self.on_disk[write.0 as usize] |= 1 << node.0,
            Kind::Discarded {
                node,
                write: Some(write),
                ..
            } => self.on_disk[write.0 as usize] &= !(1 << node.0),
            Kind::Crashed {
                node,
                disk_lost: true,
            }
            | Kind::Restored { node, .. } => {
                for bits in &mut self.on_disk {
                    *bits &= !(1 << node.0);
                }
            }
            Kind::Acknowledged { write, version, .. } => {
                let key = self.keys[write.0 as usize];
                let front = &mut self.fronts[usize::from(key.0)];
                if front.iter().all(|known| !known.covers(&version)) {
                    front.retain(|known| !version.covers(known));
                    front.push(version);
                    self.newest = Some(Newest {
                        write,
                        key,
                        version,
                    });
                }
            }
            _ if !changed => return,
            _ => {}
        }
        let Some(Newest {
            write,
            key,
            version,
        }) = self.newest
        else {
            return;
        };
        let structure = &run.scenario().structure;
        let (have, of) = match &self.disks {
            Some(Disks::Registers(registers)) => {
                (registers.holders(key, version), structure.copies)
            }
            _ => (
                self.on_disk[write.0 as usize].count_ones() as usize,
                structure.nodes,
            ),
        };
        let have = have as u8;
        let copies = Copies { write, have, of };
        self.copies.push(record.seq, record.at.0, copies);
    }

    fn note_faults(&mut self, record: &Record) {
        match record.kind {
            Kind::Crashed { node, .. } => self.down |= 1 << node.0,
            Kind::Restarted { node } => self.down &= !(1 << node.0),
            Kind::Paused { node } => self.paused |= 1 << node.0,
            Kind::Resumed { node } => self.paused &= !(1 << node.0),
            Kind::Cut { .. } | Kind::Healed { .. } => self.faults.follow_cuts(&record.kind),
            Kind::Slowed { from, to, by_us } => {
                self.faults.slow(from, to, by_us);
                self.faults.slow(to, from, by_us);
            }
            _ => return,
        }
        // A crash ends a pause.
        self.paused &= !self.down;
        let broken = self.down != 0 || self.paused != 0 || self.faults != Faults::default();
        let open = self.spans.last().is_some_and(|span| span.to_us.is_none());
        let at_us = record.at.0;
        match (broken, open) {
            (true, false) => self.spans.push(Span {
                seq: record.seq,
                from_us: at_us,
                to_us: None,
            }),
            (false, true) => {
                if let Some(span) = self.spans.last_mut() {
                    span.to_us = Some(at_us);
                }
            }
            _ => {}
        }
    }
}
