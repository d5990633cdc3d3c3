//! Looking back into the trace: who answered a read, and why a replica lacked a write.
//!
//! Only what the trace says is said. Looking back is bounded, so that a run with very many violations
//! stays cheap: where the bound is reached the cause is left out, never guessed.

use std::fmt::{Display, from_fn};

use smallvec::SmallVec;

use crate::engine::time::SimTime;
use crate::ids::{Change, KeyId, NodeId, OpId, PartitionId, Place, Position, Version, WriteId};
use crate::ordered::sort_by_key;
use crate::promise::cause::{Cause, Look, Missing};
use crate::promise::words;
use crate::scenario::{Names, ProtocolKind, Scenario};
use crate::trace::{Action, Kind, MessageKind, Record, Seq};

/// How many records one look back visits at the most.
const STEPS_MAX: usize = 4_000;

/// What a violation is explained from.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The records up to and with the one that makes the violation.
    pub trace: &'a [Record],
    /// Where in them to look.
    pub index: &'a Index,
    /// What is run.
    pub scenario: &'a Scenario,
}

/// Where in the trace to look: for each replica and log the records that tell what it has of the log.
#[derive(Clone, Debug)]
pub struct Index {
    partitions: usize,
    /// By write, from #1.
    writes: Vec<Write>,
    /// By node and partition: what was sent to it, and what became of that.
    replicas: Vec<Vec<Seq>>,
    /// By partition.
    promotions: Vec<Vec<Promotion>>,
}

/// Where to find a write's beginning, and the saying "done" for it.
#[derive(Clone, Copy, Debug, Default)]
struct Write {
    invoked: Option<Seq>,
    acknowledged: Option<Seq>,
}

/// A replica became leader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promotion {
    /// Which replica.
    pub node: NodeId,
    /// Of which epoch.
    pub epoch: u32,
    /// The record that says so.
    pub seq: Seq,
    /// Whether no leader of a higher epoch was there already: one that comes too late leads nobody.
    pub is_highest: bool,
}

impl<'a> Case<'a> {
    /// The record of this number, where the trace has it.
    pub fn record(&self, seq: Seq) -> Option<&'a Record> {
        find(self.trace, seq)
    }

    pub(super) fn names(&self) -> &'a Names {
        &self.scenario.names
    }

    /// When a record that the trace is known to have happened.
    pub(super) fn at(&self, seq: Seq) -> SimTime {
        self.record(seq)
            .expect("findings and indices name records of the trace")
            .at
    }

    /// The write and what it does, told from its invocation.
    pub(super) fn write(&self, invoked: Seq) -> Option<(WriteId, KeyId, Change)> {
        match self.record(invoked)?.kind {
            Kind::Invoked {
                action: Action::Write { write, key, change },
                ..
            } => Some((write, key, change)),
            _ => None,
        }
    }

    /// The write in words, as [`words::write`]; its number alone where its invocation isn't known.
    pub(super) fn write_in_words(&self, write: WriteId, invoked: Seq) -> impl Display + use<'a> {
        let (names, invoked) = (self.names(), self.write(invoked));
        from_fn(move |f| match invoked {
            Some((write, key, change)) => words::write(names, write, key, change).fmt(f),
            None => words::chip(write).fmt(f),
        })
    }

    /// The replicas whose answers made what was seen, in the order in which they looked.
    ///
    /// One leader: the replica that answered. Leaderless: all whose responses were there when the
    /// coordinator answered.
    pub(super) fn looks(&self, saw: &Record) -> SmallVec<[Look; 3]> {
        let Kind::Saw {
            op,
            key,
            from,
            held: shown,
        } = saw.kind
        else {
            return SmallVec::new();
        };
        let (answered, coordinator) = self.answered(saw);
        let leaderless = self.scenario.structure.kind == ProtocolKind::Leaderless;
        // The deliveries of requests to replicas whose responses have come back.
        let mut heard: Vec<Seq> = Vec::new();
        let mut looks: SmallVec<[Look; 3]> = SmallVec::new();
        for record in self.back_from(answered) {
            match record.kind {
                Kind::Invoked { op: begun, .. } if begun == op => break,
                Kind::Served {
                    node,
                    op: served,
                    key: of,
                    held,
                } if served == op && of == key => {
                    let is_heard = || {
                        coordinator == Some(node)
                            || record.cause.is_some_and(|cause| heard.contains(&cause))
                    };
                    // A response that came after R others may hold something newer: it did not count.
                    if (node == from || leaderless && is_heard()) && held.version <= shown.version {
                        looks.push(Look {
                            node,
                            served: record.seq,
                        });
                        if !leaderless {
                            break;
                        }
                    }
                }
                Kind::Delivered if leaderless => heard.extend(self.request_answered_by(record, op)),
                _ => {}
            }
        }
        looks.reverse();
        looks
    }

    /// The sending of the answer that was seen, and who sent it; what was seen itself where the causes
    /// aren't known.
    fn answered(&self, saw: &Record) -> (Seq, Option<NodeId>) {
        let mut cause = saw.cause;
        // The values of one answer are seen one after the other.
        while let Some(Record {
            kind: Kind::Saw { .. },
            cause: before,
            ..
        }) = cause.and_then(|seq| self.record(seq))
        {
            cause = *before;
        }
        let delivered = cause.and_then(|seq| self.record(seq));
        match delivered.and_then(|delivered| self.record(delivered.cause?)) {
            Some(Record {
                seq,
                kind:
                    Kind::Sent {
                        message: MessageKind::Answer,
                        from: Place::Node(node),
                        ..
                    },
                ..
            }) => (*seq, Some(*node)),
            _ => (saw.seq, None),
        }
    }

    /// The delivery of the request that a delivered response to this read answers.
    fn request_answered_by(&self, delivered: &Record, op: OpId) -> Option<Seq> {
        let sent = self.record(delivered.cause?)?;
        match sent.kind {
            Kind::Sent {
                message: MessageKind::Fetched,
                carries,
                ..
            } if carries.op == Some(op) => sent.cause,
            _ => None,
        }
    }

    /// Why `node` lacked the write just before the record `before`.
    pub(super) fn why_missing(&self, node: NodeId, missing: Missing, before: Seq) -> Cause {
        let Some(invoked) = self.index.invoked(missing.write) else {
            return Cause::Untold;
        };
        let partition = self.scenario.partition_of(missing.key);
        if let Some(promoted) = self.left_behind(partition, missing, invoked, before) {
            return Cause::LeftBehind { promoted };
        }
        let now = self.at(before);
        let mut cause = match missing.version {
            Version::Stamp { coordinator, .. } if coordinator == node => Cause::NotStored,
            _ => Cause::NotSent,
        };
        for (step, record) in self
            .of_replica(node, partition, invoked, before)
            .enumerate()
        {
            if step == STEPS_MAX {
                return Cause::Untold;
            }
            match missing.told_by(record, now, cause) {
                // Nothing had arrived before, and a link keeps the order of what is sent again.
                Some(next @ Cause::InFlight { .. }) if !cause.has_arrived() => return next,
                Some(next @ (Cause::Discarded { .. } | Cause::Forgotten { .. })) => cause = next,
                Some(next) if next.nears() >= cause.nears() => cause = next,
                _ => {}
            }
        }
        cause
    }

    /// The first promotion between two records whose leader lacked an entry of a lower epoch.
    fn left_behind(
        &self,
        partition: PartitionId,
        missing: Missing,
        after: Seq,
        before: Seq,
    ) -> Option<Seq> {
        let Version::Log(position) = missing.version else {
            return None;
        };
        self.index.promotions[usize::from(partition.0)]
            .iter()
            .filter(|promotion| promotion.is_highest && promotion.epoch > position.epoch)
            .filter(|promotion| after < promotion.seq && promotion.seq < before)
            .find(|promotion| !self.had(promotion.node, partition, position, after, promotion.seq))
            .map(|promotion| promotion.seq)
    }

    /// Whether a replica had an entry in its log just before a record. In doubt, yes.
    fn had(
        &self,
        node: NodeId,
        partition: PartitionId,
        position: Position,
        after: Seq,
        before: Seq,
    ) -> bool {
        let (mut in_memory, mut on_disk) = (false, false);
        for (step, record) in self.of_replica(node, partition, after, before).enumerate() {
            if step == STEPS_MAX {
                return true;
            }
            match record.kind {
                Kind::Appended { position: at, .. } if at == position => in_memory = true,
                Kind::Persisted { position: at, .. } if at == position => on_disk = true,
                Kind::Discarded { position: at, .. } if at == position => {
                    (in_memory, on_disk) = (false, false)
                }
                Kind::Crashed { .. } => in_memory = false,
                _ => {}
            }
        }
        in_memory || on_disk
    }

    /// The record by which a replica had an entry on its disk.
    pub(super) fn persisted(&self, node: NodeId, missing: Missing, before: Seq) -> Option<Seq> {
        let partition = self.scenario.partition_of(missing.key);
        self.of_replica(node, partition, self.index.invoked(missing.write)?, before)
            .take(STEPS_MAX)
            .find(|record| match record.kind {
                Kind::Persisted { write, .. } => write == Some(missing.write),
                Kind::Stored { write, .. } => write == missing.write,
                _ => false,
            })
            .map(|record| record.seq)
    }

    /// The last crash of a replica between two records, where it was not restarted since.
    pub(super) fn crashed(
        &self,
        node: NodeId,
        partition: PartitionId,
        after: Seq,
        before: Seq,
    ) -> Option<Seq> {
        self.of_replica(node, partition, after, before)
            .rev()
            .take(STEPS_MAX)
            .find(|record| matches!(record.kind, Kind::Crashed { .. } | Kind::Restarted { .. }))
            .filter(|record| matches!(record.kind, Kind::Crashed { .. }))
            .map(|record| record.seq)
    }

    /// The records before this one, newest first.
    fn back_from(&self, seq: Seq) -> impl Iterator<Item = &'a Record> + use<'a> {
        let end = match self.trace.get(seq.index()) {
            Some(record) if record.seq == seq => seq.index(),
            _ => self.trace.partition_point(|record| record.seq < seq),
        };
        self.trace[..end].iter().rev().take(STEPS_MAX)
    }

    /// The records that tell what a replica has of a log, strictly between two, oldest first.
    fn of_replica(
        &self,
        node: NodeId,
        partition: PartitionId,
        after: Seq,
        before: Seq,
    ) -> impl DoubleEndedIterator<Item = &'a Record> + use<'a> {
        let seqs = &self.index.replicas[self.index.replica(node, partition)];
        let start = seqs.partition_point(|seq| *seq <= after);
        let end = seqs.partition_point(|seq| *seq < before);
        let trace = self.trace;
        seqs[start..end.max(start)]
            .iter()
            .filter_map(move |seq| find(trace, *seq))
    }
}

impl Index {
    /// An index of nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        let partitions = usize::from(scenario.structure.partitions);
        // One more, for a proxy.
        let nodes = usize::from(scenario.structure.nodes) + 1;
        Index {
            partitions,
            writes: Vec::new(),
            replicas: vec![Vec::new(); nodes * partitions],
            promotions: vec![Vec::new(); partitions],
        }
    }

    /// Takes one more record of `trace`.
    pub fn observe(&mut self, record: &Record, trace: &[Record]) {
        let seq = record.seq;
        match record.kind {
            Kind::Invoked {
                action: Action::Write { write, .. },
                ..
            } => {
                self.write(write).invoked = Some(seq);
            }
            Kind::Acknowledged { write, .. } => {
                self.write(write).acknowledged.get_or_insert(seq);
            }
            Kind::Sent {
                to: Place::Node(node),
                message: MessageKind::Append | MessageKind::Store,
                carries,
                ..
            } => {
                self.push(node, carries.partition.unwrap_or(PartitionId(0)), seq);
            }
            Kind::Undelivered => {
                let sent = record.cause.and_then(|sent| find(trace, sent));
                if let Some(Kind::Sent {
                    to: Place::Node(node),
                    message,
                    carries,
                    ..
                }) = sent.map(|sent| sent.kind)
                    && matches!(message, MessageKind::Append | MessageKind::Store)
                {
                    self.push(node, carries.partition.unwrap_or(PartitionId(0)), seq);
                }
            }
            Kind::Appended {
                node, partition, ..
            }
            | Kind::Persisted {
                node, partition, ..
            }
            | Kind::Discarded {
                node, partition, ..
            } => self.push(node, partition, seq),
            Kind::Stored { node, .. } => self.push(node, PartitionId(0), seq),
            Kind::Crashed { node } | Kind::Restarted { node } => {
                (0..self.partitions as u8)
                    .for_each(|partition| self.push(node, PartitionId(partition), seq));
            }
            Kind::Promoted {
                node,
                partition,
                epoch,
                ..
            } => {
                let promotions = &mut self.promotions[usize::from(partition.0)];
                let leader = promotions.iter().rfind(|promotion| promotion.is_highest);
                let is_highest = leader.is_none_or(|leader| leader.epoch < epoch);
                promotions.push(Promotion {
                    node,
                    epoch,
                    seq,
                    is_highest,
                });
            }
            _ => {}
        }
    }

    /// A write's invocation.
    pub(super) fn invoked(&self, write: WriteId) -> Option<Seq> {
        self.writes.get((write.0 as usize).checked_sub(1)?)?.invoked
    }

    /// The first saying "done" for a write.
    pub(super) fn acknowledged(&self, write: WriteId) -> Option<Seq> {
        self.writes
            .get((write.0 as usize).checked_sub(1)?)?
            .acknowledged
    }

    /// The write, with room for it.
    fn write(&mut self, write: WriteId) -> &mut Write {
        let number = write.0 as usize;
        if self.writes.len() < number {
            self.writes.resize(number, Write::default());
        }
        &mut self.writes[number - 1]
    }

    /// Who led a partition in an epoch.
    pub(super) fn promotion(&self, partition: PartitionId, epoch: u32) -> Option<Promotion> {
        self.promotions[usize::from(partition.0)]
            .iter()
            .rev()
            .find(|promotion| promotion.epoch == epoch)
            .copied()
    }

    fn push(&mut self, node: NodeId, partition: PartitionId, seq: Seq) {
        let replica = self.replica(node, partition);
        self.replicas[replica].push(seq);
    }

    fn replica(&self, node: NodeId, partition: PartitionId) -> usize {
        usize::from(node.0) * self.partitions + usize::from(partition.0)
    }
}

/// Evidence in order, each record once.
pub(super) fn in_order(seqs: impl IntoIterator<Item = Seq>) -> Vec<Seq> {
    let mut seqs: Vec<Seq> = seqs.into_iter().collect();
    sort_by_key(&mut seqs, |seq| (0, seq.0.into()));
    seqs.dedup();
    seqs
}

/// A record by its number. In a whole trace that is its place; evidence has gaps.
fn find(trace: &[Record], seq: Seq) -> Option<&Record> {
    trace
        .get(seq.index())
        .filter(|record| record.seq == seq)
        .or_else(|| {
            let place = trace.binary_search_by_key(&seq, |record| record.seq).ok()?;
            Some(&trace[place])
        })
}
