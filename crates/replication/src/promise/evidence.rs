//! Looking back into the trace: who answered a read, and why a replica lacked a write.
//!
//! Only what the trace says is said. Looking back is bounded, so that a run with very many violations
//! stays cheap: where the bound is reached the cause is left out, never guessed.

use std::fmt::{Display, from_fn};

use smallvec::{SmallVec, smallvec};

use crate::engine::time::SimTime;
use crate::ids::{Change, KeyId, NodeId, OpId, PartitionId, Place, Position, Version, WriteId};
use crate::promise::words;
use crate::scenario::{Names, ProtocolKind, Scenario};
use crate::trace::{Action, Carries, Kind, MessageKind, Record, Seq};

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
}

/// A write that a replica should have had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    /// Which.
    pub write: WriteId,
    /// Its key.
    pub key: KeyId,
    /// Its version.
    pub version: Version,
}

/// A replica at a moment: as a rule, looking a key up for a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Which replica.
    pub node: NodeId,
    /// The record of that moment.
    pub served: Seq,
}

/// Why a replica lacked a write at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A leader of a higher epoch was promoted without it.
    LeftBehind { promoted: Seq },
    /// The replica had removed it from its log.
    Discarded { discarded: Seq },
    /// The replica had it in memory alone, and crashed.
    Forgotten { crashed: Seq },
    /// Nothing that carries it had been sent to the replica.
    NotSent,
    /// Leaderless: the replica was its coordinator, and had not stored it itself.
    NotStored,
    /// It was lost on the way.
    Lost { sent: Seq },
    /// It arrived while the replica was down.
    Undelivered { sent: Seq, undelivered: Seq },
    /// It was on the wire.
    InFlight { sent: Seq, arrives: SimTime },
    /// It had arrived before an earlier entry of the log, and could not be taken.
    Gap { sent: Seq },
    /// It was there, but not yet on the disk.
    Persisting { arrived: Seq },
    /// It was on the disk, but reads did not show it yet.
    NotShown { persisted: Seq },
    /// The look back was too long.
    Untold,
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
    fn looks(&self, saw: &Record) -> SmallVec<[Look; 3]> {
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
                // Nothing had arrived before, and what was sent after it won't arrive before it.
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
            .filter(|promotion| {
                promotion.epoch > position.epoch && after < promotion.seq && promotion.seq < before
            })
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
                self.promotions[usize::from(partition.0)].push(Promotion { node, epoch, seq });
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

impl Missing {
    /// What a record that concerns the replica tells about the write there, if anything.
    fn told_by(self, record: &Record, now: SimTime, so_far: Cause) -> Option<Cause> {
        let seq = record.seq;
        match record.kind {
            Kind::Sent {
                carries, arrives, ..
            } if self.is_carried_by(carries) => Some(match (arrives, self.version) {
                (None, _) => Cause::Lost { sent: seq },
                (Some(arrives), _) if arrives >= now => Cause::InFlight { sent: seq, arrives },
                (Some(_), Version::Log(_)) => Cause::Gap { sent: seq },
                (Some(_), Version::Stamp { .. }) => Cause::Persisting { arrived: seq },
            }),
            Kind::Undelivered => match so_far {
                Cause::Gap { sent } | Cause::Persisting { arrived: sent }
                    if record.cause == Some(sent) =>
                {
                    Some(Cause::Undelivered {
                        sent,
                        undelivered: seq,
                    })
                }
                _ => None,
            },
            Kind::Appended { position, .. } if self.is_at(position) => {
                Some(Cause::Persisting { arrived: seq })
            }
            Kind::Persisted { position, .. } if self.is_at(position) => {
                Some(Cause::NotShown { persisted: seq })
            }
            Kind::Stored { write, .. } if write == self.write => {
                Some(Cause::NotShown { persisted: seq })
            }
            Kind::Discarded { position, .. } if self.is_at(position) => {
                Some(Cause::Discarded { discarded: seq })
            }
            Kind::Crashed { .. } if matches!(so_far, Cause::Persisting { .. }) => {
                Some(Cause::Forgotten { crashed: seq })
            }
            _ => None,
        }
    }

    fn is_at(self, position: Position) -> bool {
        self.version == Version::Log(position)
    }

    fn is_carried_by(self, carries: Carries) -> bool {
        match self.version {
            Version::Stamp { .. } => carries.write == Some(self.write),
            Version::Log(position) => match (carries.entries, carries.from, carries.upto) {
                (0, _, _) | (_, _, None) => carries.write == Some(self.write),
                (_, from, Some(upto)) => {
                    let starts = from.map_or(upto.index, |from| from.index);
                    // An index may be used again in a later epoch: at the end of the batch one can tell.
                    (starts..=upto.index).contains(&position.index)
                        && position.epoch <= upto.epoch
                        && (position.index < upto.index || position == upto)
                }
            },
        }
    }
}

impl Cause {
    /// How near the write was to being shown: what was sent again doesn't hide how far it had come.
    fn nears(self) -> u8 {
        match self {
            Cause::Untold | Cause::NotSent | Cause::NotStored => 0,
            Cause::Lost { .. } | Cause::Undelivered { .. } => 1,
            Cause::LeftBehind { .. } | Cause::Discarded { .. } | Cause::Forgotten { .. } => 1,
            Cause::Gap { .. } => 1,
            Cause::InFlight { .. } => 2,
            Cause::Persisting { .. } => 3,
            Cause::NotShown { .. } => 4,
        }
    }

    /// Whether the write had reached the replica, so that more may be told of it there.
    fn has_arrived(self) -> bool {
        matches!(
            self,
            Cause::Gap { .. } | Cause::Persisting { .. } | Cause::NotShown { .. }
        )
    }

    /// The records that show it.
    pub(super) fn evidence(self) -> impl Iterator<Item = Seq> {
        let (one, other) = match self {
            Cause::LeftBehind { promoted: seq }
            | Cause::Discarded { discarded: seq }
            | Cause::Forgotten { crashed: seq }
            | Cause::Lost { sent: seq }
            | Cause::InFlight { sent: seq, .. }
            | Cause::Gap { sent: seq }
            | Cause::Persisting { arrived: seq }
            | Cause::NotShown { persisted: seq } => (Some(seq), None),
            Cause::Undelivered { sent, undelivered } => (Some(sent), Some(undelivered)),
            Cause::NotSent | Cause::NotStored | Cause::Untold => (None, None),
        };
        one.into_iter().chain(other)
    }

    /// The cause as a clause, without a full stop. An untold one is empty.
    fn clause(self, case: &Case<'_>, look: Look, missing: Missing, since: Since) -> impl Display {
        let names = case.names();
        let (write, replica) = (words::chip(missing.write), names.node(look.node));
        from_fn(move |f| match self {
            Cause::LeftBehind { promoted } => match case.record(promoted).map(|record| record.kind)
            {
                Some(Kind::Promoted { node, epoch, .. }) => {
                    let (leader, when) = (names.node(node), words::moment(case.at(promoted)));
                    write!(
                        f,
                        "{leader} had become leader of epoch {epoch} at {when} without {write}"
                    )
                }
                _ => Ok(()),
            },
            Cause::Discarded { discarded } => {
                write!(
                    f,
                    "{replica} had discarded {write} at {}",
                    words::moment(case.at(discarded))
                )
            }
            Cause::Forgotten { crashed } => {
                let when = words::moment(case.at(crashed));
                write!(
                    f,
                    "{replica} had crashed at {when}, before {write} was on its disk"
                )
            }
            Cause::NotSent => write!(f, "{write} had not been sent to {replica} yet"),
            Cause::NotStored => write!(f, "{replica} had not stored {write} yet"),
            Cause::Lost { .. } => write!(f, "{write} had been lost on the way to {replica}"),
            Cause::Undelivered { .. } => write!(f, "{write} had arrived while {replica} was down"),
            Cause::InFlight { arrives, .. } => {
                let wait = words::span(arrives.since_us(case.at(look.served)));
                write!(f, "{write} was on the wire to {replica}, due {wait} ")?;
                match since {
                    Since::JustTold => f.write_str("later"),
                    Since::Answered => write!(f, "after {replica} answered"),
                }
            }
            Cause::Gap { .. } => write!(
                f,
                "{write} had reached {replica}, but an entry before it had not"
            ),
            Cause::Persisting { .. } => write!(
                f,
                "{write} had reached {replica}, but was not on its disk yet"
            ),
            Cause::NotShown { .. } => write!(
                f,
                "{write} was on {replica}’s disk, but reads did not show it yet"
            ),
            Cause::Untold => Ok(()),
        })
    }
}

/// What a read was answered with instead of what it should have shown.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    saw: Seq,
    missing: Missing,
    lacking: Lacking,
}

impl Answer {
    /// A value that was seen, and wasn't `missing` or something newer.
    pub fn of(case: &Case<'_>, saw: &Record, missing: Missing) -> Self {
        Answer {
            saw: saw.seq,
            missing,
            lacking: Lacking::of(case, saw, missing),
        }
    }

    /// The moment of which [`Answer::told`] tells.
    pub fn at(&self, case: &Case<'_>) -> SimTime {
        match self.lacking.0[..] {
            [(look, _)] => case.at(look.served),
            _ => case.at(self.saw),
        }
    }

    /// What happened, and why, without a full stop: "F2 answered Alice’s read of balance with 100 (#1): #2
    /// was on the wire to F2, due 312 ms later".
    pub fn told(&self, case: &Case<'_>) -> impl Display {
        let (names, missing) = (case.names(), self.missing);
        from_fn(move |f| {
            let Some(Record {
                kind: Kind::Saw { op, key, held, .. },
                ..
            }) = case.record(self.saw)
            else {
                return Ok(());
            };
            let (reader, key, shown) = (
                names.client(op.client),
                names.key(*key),
                words::shown(names, *held),
            );
            let since = match self.lacking.0[..] {
                [] => {
                    write!(f, "{reader} saw {key} = {shown}")?;
                    Since::JustTold
                }
                [(look, _)] => {
                    write!(
                        f,
                        "{} answered {reader}’s read of {key} with {shown}",
                        names.node(look.node)
                    )?;
                    Since::JustTold
                }
                ref several => {
                    let nodes: Vec<&str> = several
                        .iter()
                        .map(|(look, _)| names.node(look.node))
                        .collect();
                    write!(
                        f,
                        "{reader} saw {key} = {shown}, the newest that {} had",
                        words::listed(&nodes)
                    )?;
                    Since::Answered
                }
            };
            match self.lacking.told(case, missing, since) {
                Some(causes) => write!(f, ": {causes}"),
                None => write!(f, ", without {}", words::chip(missing.write)),
            }
        })
    }

    /// The records that it is told from; what was seen is among them.
    pub fn evidence(&self) -> impl Iterator<Item = Seq> {
        self.lacking.evidence().chain([self.saw])
    }
}

/// The replicas that made an answer, each with the reason why it lacked a write.
#[derive(Clone, Debug)]
pub(super) struct Lacking(SmallVec<[(Look, Cause); 3]>);

impl Lacking {
    /// Those that made the value that was seen.
    pub fn of(case: &Case<'_>, saw: &Record, missing: Missing) -> Self {
        let looks = case.looks(saw).into_iter();
        Lacking(
            looks
                .map(|look| (look, case.why_missing(look.node, missing, look.served)))
                .collect(),
        )
    }

    /// One replica at one moment.
    pub fn at(case: &Case<'_>, look: Look, missing: Missing) -> Self {
        Lacking(smallvec![(
            look,
            case.why_missing(look.node, missing, look.served)
        )])
    }

    /// The reasons in words, without a full stop; `None` where none is known.
    pub fn told(&self, case: &Case<'_>, missing: Missing, since: Since) -> Option<impl Display> {
        let is_told = |(_, cause): &&(Look, Cause)| *cause != Cause::Untold;
        self.0.iter().find(is_told)?;
        Some(from_fn(move |f| {
            for (number, (look, cause)) in self.0.iter().filter(is_told).enumerate() {
                let join = if number == 0 { "" } else { "; " };
                write!(f, "{join}{}", cause.clause(case, *look, missing, since))?;
            }
            Ok(())
        }))
    }

    /// The records that all this is told from.
    pub fn evidence(&self) -> impl Iterator<Item = Seq> {
        self.0
            .iter()
            .flat_map(|(look, cause)| cause.evidence().chain([look.served]))
    }
}

/// What "later" is later than.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// The event that the sentence has just told.
    JustTold,
    /// The replica's answer, to be named.
    Answered,
}

/// Evidence in order, each record once.
pub(super) fn in_order(seqs: impl IntoIterator<Item = Seq>) -> Vec<Seq> {
    let mut seqs: Vec<Seq> = seqs.into_iter().collect();
    seqs.sort_unstable();
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
