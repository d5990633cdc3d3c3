//! Looking back into the trace: who answered a read, and why a replica lacked a write.
//!
//! Only what the trace says is said. Looking back is bounded, so that a run with very many violations
//! stays cheap: where the bound is reached the cause is left out, never guessed.

use std::fmt::{Display, from_fn};

use smallvec::SmallVec;

use crate::engine::time::SimTime;
use crate::ids::{
    Change, Held, KeyId, NodeId, OpId, PartitionId, Place, Position, Version, WriteId, covers,
};
use crate::ordered::sort_by_key;
use crate::promise::cause::{Cause, Look, Missing};
use crate::promise::shown::{self, Shown};
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
    /// Where a clock was set.
    skews: Vec<Seq>,
    /// Where a message was dropped or delayed.
    disturbed: Vec<Seq>,
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

/// The answer to a read.
#[derive(Clone, Copy, Debug)]
struct Answer {
    by: NodeId,
    sent: Seq,
    delivered: Seq,
}

/// A replica's response to a coordinator.
#[derive(Clone, Copy, Debug)]
struct Response {
    /// The delivery of the request.
    request: Seq,
    sent: Seq,
    delivered: Seq,
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

    /// The values that a read returned of a key.
    pub(super) fn held(&self, shown: Shown) -> impl Iterator<Item = Held> + use<'a> {
        let trace = self.trace;
        let records = shown.seqs().filter_map(move |seq| find(trace, seq));
        records.filter_map(shown::held_in)
    }

    /// The replicas whose answers made what was seen, in the order in which they looked; and the records
    /// that show that the answers of those were there whose own value was not what was seen.
    ///
    /// One leader: the replica that answered. Leaderless: all whose responses were there when the
    /// coordinator answered.
    pub(super) fn looks(&self, shown: Shown) -> (SmallVec<[Look; 3]>, SmallVec<[Seq; 4]>) {
        let (mut looks, mut routes) = (SmallVec::new(), SmallVec::new());
        let Some(saw) = self.record(shown.last) else {
            return (looks, routes);
        };
        let Kind::Saw { op, key, from, .. } = saw.kind else {
            return (looks, routes);
        };
        let is_shown = |held: Held| {
            let mut shown = self.held(shown);
            shown.any(|shown| covers(shown.version, held.version))
        };
        let answer = self.answer(op, saw.seq);
        let leaderless = self.scenario.structure.kind == ProtocolKind::Leaderless;
        // The responses that have come back.
        let mut heard: Vec<Response> = Vec::new();
        // Each with its route, where it isn't told by what was seen.
        let mut found: SmallVec<[(Look, Option<[Seq; 2]>); 3]> = SmallVec::new();
        // Whether what the last of them served is part of what was seen.
        let mut all_shown = true;
        for record in self.back_from(answer.map_or(saw.seq, |answer| answer.sent)) {
            match record.kind {
                Kind::Invoked { op: begun, .. } if begun == op => break,
                Kind::Served {
                    node,
                    op: served,
                    key: of,
                    held,
                } if served == op && of == key => {
                    let route = || {
                        let response = heard
                            .iter()
                            .find(|response| Some(response.request) == record.cause);
                        match answer.filter(|answer| answer.by == node) {
                            Some(answer) => Some([answer.sent, answer.delivered]),
                            None => Some([response?.sent, response?.delivered]),
                        }
                    };
                    // A response that came after R others may hold something newer: it did not count.
                    // Siblings are served one after another: the first of them is the moment.
                    if let Some((look, _)) = found.last_mut()
                        && look.node == node
                        && look.served.0 == record.seq.0 + 1
                    {
                        look.served = record.seq;
                        all_shown &= is_shown(held);
                        continue;
                    }
                    let route = match node == from {
                        true => None,
                        false if leaderless => match route() {
                            None => continue,
                            route => route,
                        },
                        false => continue,
                    };
                    if !all_shown {
                        found.pop();
                    }
                    all_shown = is_shown(held);
                    let served = record.seq;
                    found.push((Look { node, served }, route));
                }
                // One replica answered, and this is before it looked.
                _ if !leaderless && !found.is_empty() && all_shown => break,
                Kind::Delivered if leaderless => heard.extend(self.response(record, op)),
                _ => {}
            }
        }
        if !all_shown {
            found.pop();
        }
        for (look, route) in found.into_iter().rev() {
            looks.push(look);
            routes.extend(route.into_iter().flatten());
        }
        (looks, routes)
    }

    /// The answer by which a record of what was seen came.
    fn answer(&self, op: OpId, saw: Seq) -> Option<Answer> {
        for record in self.back_from(saw) {
            match record.kind {
                Kind::Invoked { op: begun, .. } if begun == op => return None,
                Kind::Delivered => {
                    let sent = record.cause.and_then(|sent| self.record(sent));
                    if let Some(sent) = sent
                        && let Kind::Sent {
                            message: MessageKind::Answer,
                            from: Place::Node(by),
                            carries,
                            ..
                        } = sent.kind
                        && carries.op == Some(op)
                    {
                        return Some(Answer {
                            by,
                            sent: sent.seq,
                            delivered: record.seq,
                        });
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// A delivered response to this read.
    fn response(&self, delivered: &Record, op: OpId) -> Option<Response> {
        let sent = self.record(delivered.cause?)?;
        match sent.kind {
            Kind::Sent {
                message: MessageKind::Fetched,
                carries,
                ..
            } if carries.op == Some(op) => Some(Response {
                request: sent.cause?,
                sent: sent.seq,
                delivered: delivered.seq,
            }),
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
        let mut cause = if missing.taken_by() == Some(node) {
            Cause::NotStored
        } else {
            Cause::NotSent
        };
        let mut paused = None;
        for (step, record) in self
            .of_replica(node, partition, invoked, before)
            .enumerate()
        {
            if step == STEPS_MAX {
                return Cause::Untold;
            }
            match record.kind {
                Kind::Paused { .. } => paused = Some(record),
                // A replica that goes on does so with what has waited, in order.
                Kind::Resumed { .. } if record.at == now => {
                    if let (Cause::Gap { sent } | Cause::Persisting { arrived: sent }, Some(paused)) =
                        (cause, paused)
                        && let Some(delayed) = self.arrived_by(sent, paused.at, before)
                        && !self.delivered_since(record.seq, sent, before)
                    {
                        cause = Cause::Waited {
                            sent,
                            delayed,
                            paused: paused.seq,
                            resumed: record.seq,
                        };
                    }
                }
                // One that is started again may be able to apply it now: what comes next tells.
                Kind::Restarted { .. } if matches!(cause, Cause::Stopped { .. }) => {
                    cause = Cause::NotSent;
                }
                _ => {}
            }
            let told = missing.told_by(record, node, now, cause);
            match told.map(|told| self.as_it_went(told, now, before)) {
                // Nothing had arrived before. A link keeps the order of what is sent again, but for what was
                // held up.
                Some(
                    next @ Cause::InFlight {
                        arrives, delayed, ..
                    },
                ) if !cause.has_arrived() => {
                    if !matches!(cause, Cause::InFlight { arrives: known, .. } if known <= arrives)
                    {
                        cause = next;
                    }
                    if delayed.is_none() {
                        return cause;
                    }
                }
                Some(next) if next.is_setback() => cause = next,
                Some(next) if next.nears() >= cause.nears() => cause = next,
                _ => {}
            }
        }
        cause
    }

    /// What a sending tells, by what somebody has done to the message since.
    fn as_it_went(&self, told: Cause, now: SimTime, before: Seq) -> Cause {
        let (Cause::Lost { sent }
        | Cause::InFlight { sent, .. }
        | Cause::Gap { sent }
        | Cause::Persisting { arrived: sent }) = told
        else {
            return told;
        };
        let Some(disturbed) = self.disturbed(sent, before) else {
            return told;
        };
        match (disturbed.kind, told) {
            (Kind::Dropped, _) => Cause::Dropped {
                sent,
                dropped: disturbed.seq,
            },
            (
                Kind::Delayed { ends },
                Cause::InFlight { .. } | Cause::Gap { .. } | Cause::Persisting { .. },
            ) if ends >= now => Cause::InFlight {
                sent,
                arrives: ends,
                delayed: Some(disturbed.seq),
            },
            _ => told,
        }
    }

    /// The last that somebody did to a message on the wire, before a record.
    fn disturbed(&self, sent: Seq, before: Seq) -> Option<&'a Record> {
        let disturbed = self.index.disturbed.iter().rev();
        disturbed
            .filter(|seq| **seq < before)
            .filter_map(|seq| self.record(*seq))
            .find(|record| record.cause == Some(sent))
    }

    /// Whether a message arrived at a moment or later; and the delay by which it did, where it would have come
    /// earlier.
    fn arrived_by(&self, sent: Seq, at: SimTime, before: Seq) -> Option<Option<Seq>> {
        let Kind::Sent { arrives, .. } = self.record(sent)?.kind else {
            return None;
        };
        if arrives >= Some(at) {
            return Some(None);
        }
        let disturbed = self.disturbed(sent, before)?;
        match disturbed.kind {
            Kind::Delayed { ends } if ends >= at => Some(Some(disturbed.seq)),
            _ => None,
        }
    }

    /// Whether a message was delivered between two records.
    fn delivered_since(&self, after: Seq, sent: Seq, before: Seq) -> bool {
        self.back_from(before)
            .take_while(|record| record.seq > after)
            .any(|record| record.cause == Some(sent) && matches!(record.kind, Kind::Delivered))
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
                Kind::Crashed {
                    disk_lost: true, ..
                }
                | Kind::Restored { .. } => (in_memory, on_disk) = (false, false),
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

    /// The last crash of a replica between two records from which it has not recovered: its disk was lost,
    /// or it was not restarted since.
    pub(super) fn crashed(
        &self,
        node: NodeId,
        partition: PartitionId,
        after: Seq,
        before: Seq,
    ) -> Option<Seq> {
        let mut restarted = false;
        let records = self.of_replica(node, partition, after, before).rev();
        for record in records.take(STEPS_MAX) {
            match record.kind {
                Kind::Crashed { disk_lost, .. } if disk_lost || !restarted => {
                    return Some(record.seq);
                }
                Kind::Restarted { .. } => restarted = true,
                _ => {}
            }
        }
        None
    }

    /// How far a replica's clock was off before a record, in microseconds ahead of true time, and since
    /// which record; `None` where it was right.
    pub(super) fn skew(&self, of: NodeId, before: Seq) -> Option<(Seq, i64)> {
        let skews = self.index.skews.iter().rev();
        let mut skews = skews.filter(|seq| **seq < before);
        skews
            .find_map(|seq| match self.record(*seq)?.kind {
                Kind::Skewed { node, by_us } if node == of => Some((*seq, by_us)),
                _ => None,
            })
            .filter(|(_, by_us)| *by_us != 0)
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
    pub(super) fn of_replica(
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
            skews: Vec::new(),
            disturbed: Vec::new(),
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
                message,
                carries,
                ..
            } if is_of_data(message) => {
                self.push(node, carries.partition.unwrap_or(PartitionId(0)), seq);
            }
            Kind::Undelivered | Kind::Lost { cut: true } => {
                let sent = record.cause.and_then(|sent| find(trace, sent));
                if let Some(Kind::Sent {
                    to: Place::Node(node),
                    message,
                    carries,
                    ..
                }) = sent.map(|sent| sent.kind)
                    && is_of_data(message)
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
            // A hint tells of its home, and of the disk that it is on.
            Kind::HintKept { node, home, .. } | Kind::HintGone { node, home, .. } => {
                self.push(home, PartitionId(0), seq);
                if node != home {
                    self.push(node, PartitionId(0), seq);
                }
            }
            Kind::Crashed { node, .. }
            | Kind::Restarted { node }
            | Kind::Restored { node, .. }
            | Kind::Paused { node }
            | Kind::Stopped { node, .. }
            | Kind::Resumed { node } => {
                (0..self.partitions as u8)
                    .for_each(|partition| self.push(node, PartitionId(partition), seq));
            }
            Kind::Skewed { .. } => self.skews.push(seq),
            Kind::Dropped | Kind::Delayed { .. } => self.disturbed.push(seq),
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

/// Whether a message of this kind brings a replica what others have.
fn is_of_data(message: MessageKind) -> bool {
    matches!(
        message,
        MessageKind::Append
            | MessageKind::Snapshot
            | MessageKind::Store
            | MessageKind::Repair
            | MessageKind::Handoff
            | MessageKind::Differ
            | MessageKind::Replicate
    )
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
