//! What a screen asks of a trace again and again, kept ready as the trace grows.
//!
//! Everything in it is in order of [`Seq`], so that a question "at the cursor" is a binary search and
//! a cursor in the past needs nothing else.

use std::cell::RefCell;
use std::rc::Rc;

use replication::ids::{
    Change, ClientId, Held, ItemId, ItemSet, KeyId, NodeId, OpId, PartitionId, Position, Value,
    Version, WriteId,
};
use replication::ordered::Ordered;
use replication::run::Run;
use replication::scenario::{Conflicts, NarrationEvent, ProtocolKind, ReadPolicy};
use replication::trace::{Action, Kind, MessageKind, Outcome, Record, Seq};

use crate::flights::is_chatter;
use crate::lanes::Lanes;
use crate::layout::Layout;
use crate::metrics::Shape;
use crate::timeline::is_quiet;

/// Answers about one run's records, without reading them all again.
///
/// The page keeps one beside each run and calls [`update`](SceneIndex::update) after each `seek`.
/// A fork gets a new one; one that is shown another run notices, and starts afresh.
#[derive(Clone, Debug, Default)]
pub struct SceneIndex {
    known: usize,
    last: Option<Record>,
    loud: Vec<Seq>,
    turns: Vec<Seq>,
    losses: Vec<Seq>,
    /// What somebody does to messages on the wire: by the sending.
    disturbed: Vec<(Seq, Seq)>,
    sent: Vec<Seq>,
    lanes: Lanes,
    ops: Vec<Ordered<u32, OpFacts>>,
    by_client: Vec<Vec<(Seq, OpId)>>,
    writes: Vec<Option<WriteFacts>>,
    logs: Ordered<(NodeId, PartitionId), Log>,
    appended: Vec<Ordered<Position, Appended>>,
    fronts: Vec<Vec<Front>>,
    /// The inserts of merged sets that no acknowledged remove has covered.
    inserted: Vec<Vec<(ItemId, Version)>>,
    /// By how many times the replica's disk had been lost or replaced before.
    stored: Ordered<(WriteId, NodeId, u8), Seq>,
    wiped: Vec<(Seq, NodeId)>,
    looks: Ordered<(ClientId, KeyId), Seq>,
    spread: Vec<(Seq, WriteId)>,
    is_spread: Vec<bool>,
    firsts: Vec<(NarrationEvent, Seq)>,
    /// Where everything stood on the last stage: it stands there on the next.
    layout: RefCell<Option<Placed>>,
}

/// A layout, and what it is for.
#[derive(Clone, Debug)]
struct Placed {
    shape: Shape,
    size: (f64, f64),
    layout: Rc<Layout>,
}

/// A replica's log, as far as its values need it.
type Log = Vec<(Position, Option<WriteId>)>;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OpFacts {
    pub invoked: Seq,
    pub action: Action,
    pub ended: Option<(Seq, Outcome)>,
}

/// A write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct WriteFacts {
    pub op: OpId,
    pub key: KeyId,
    pub change: Change,
    /// What the key holds after it; known once a leader has given it its place.
    pub value: Option<Value>,
}

/// An entry's first place: that of the leader that made it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Appended {
    pub seq: Seq,
    pub at_us: u64,
    pub write: Option<WriteId>,
}

/// An acknowledged write that nothing acknowledged before it supersedes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Acked {
    pub seq: Seq,
    pub at_us: u64,
    pub version: Version,
    pub write: WriteId,
    pub by: NodeId,
}

/// The acknowledged writes to a key that no other acknowledged one supersedes, from a moment on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Front {
    pub seq: Seq,
    /// One; with version vectors there may be several.
    pub acked: Vec<Acked>,
    /// What the key should hold, where all acknowledged writes merge.
    pub merged: Option<Value>,
}

impl SceneIndex {
    /// An index of nothing.
    pub fn new() -> Self {
        SceneIndex::default()
    }

    /// Where everything stands.
    pub(crate) fn layout(&self, shape: Shape, width: f64, height: f64) -> Rc<Layout> {
        let mut last = self.layout.borrow_mut();
        let size = (width, height);
        if let Some(last) = &*last
            && last.shape == shape
            && last.size == size
        {
            return last.layout.clone();
        }
        let layout = Rc::new(Layout::of(shape, width, height));
        *last = Some(Placed {
            shape,
            size,
            layout: layout.clone(),
        });
        layout
    }

    /// Takes in the records that are new since the last time.
    pub fn update(&mut self, run: &dyn Run) {
        let records = run.records();
        let same = match self.last {
            Some(last) => records.get(self.known - 1) == Some(&last),
            None => true,
        };
        if !same {
            *self = SceneIndex::default();
        }
        let structure = &run.scenario().structure;
        let manner = Manner {
            kind: structure.kind,
            merges: structure.kind == ProtocolKind::MultiLeader
                && structure.conflicts == Conflicts::Merge,
            // Clients then ask for lags all the time.
            asks: matches!(run.settings().reads, ReadPolicy::LagBudget { .. }),
        };
        for record in &records[self.known..] {
            self.take(record, records, manner);
        }
        self.known = records.len();
        self.last = records.last().copied();
    }

    /// How often somebody has dropped a message or held one up.
    pub fn disturbed(&self) -> usize {
        self.disturbed.len()
    }

    /// The records of what somebody does to the message that this one sends, in order.
    pub(crate) fn disturbances(&self, sent: Seq) -> impl Iterator<Item = Seq> + '_ {
        let of_it = self.disturbed.iter().filter(move |(of, _)| *of == sent);
        of_it.map(|(_, seq)| *seq)
    }

    /// How many records it knows.
    pub fn known(&self) -> usize {
        self.known
    }

    /// What stepping stops at.
    pub(crate) fn loud(&self) -> &[Seq] {
        &self.loud
    }

    /// What is done to replicas and links, changes of leader and of settings, conflicts, hints.
    pub(crate) fn turns(&self) -> &[Seq] {
        &self.turns
    }

    /// Messages that were lost, or came to a replica that was down.
    pub(crate) fn losses(&self) -> &[Seq] {
        &self.losses
    }

    /// Messages that are worth a line in a diagram.
    pub(crate) fn sent(&self) -> &[Seq] {
        &self.sent
    }

    /// Beside which other messages one travels: 0 for one that left alone.
    pub(crate) fn lane(&self, seq: Seq) -> u8 {
        self.lanes.of(seq)
    }

    pub(crate) fn op(&self, op: OpId) -> Option<&OpFacts> {
        self.ops.get(usize::from(op.client.0))?.get(op.number)
    }

    /// A client's last operation that began before `happened`.
    pub(crate) fn last_op(&self, client: ClientId, happened: usize) -> Option<&OpFacts> {
        let begun = self.by_client.get(usize::from(client.0))?;
        let count = begun.partition_point(|(seq, _)| seq.index() < happened);
        let (_, op) = begun.get(count.checked_sub(1)?)?;
        self.op(*op)
    }

    /// A client's operations that began before `happened`, the last first.
    pub(crate) fn ops_back(
        &self,
        client: ClientId,
        happened: usize,
    ) -> impl Iterator<Item = &OpFacts> {
        let begun = self.by_client.get(usize::from(client.0));
        let begun = begun.map_or(&[][..], Vec::as_slice);
        let count = begun.partition_point(|(seq, _)| seq.index() < happened);
        begun[..count]
            .iter()
            .rev()
            .filter_map(|(_, op)| self.op(*op))
    }

    pub(crate) fn write(&self, write: WriteId) -> Option<&WriteFacts> {
        self.writes.get(write.0 as usize)?.as_ref()
    }

    /// When a client was first shown a key.
    pub(crate) fn first_look(&self, client: ClientId, key: KeyId) -> Option<Seq> {
        self.looks.get((client, key)).copied()
    }

    /// When an entry came into being.
    pub(crate) fn appended(&self, partition: PartitionId, position: Position) -> Option<&Appended> {
        self.appended.get(usize::from(partition.0))?.get(position)
    }

    /// The same for an entry of an unknown epoch, not above `epoch`.
    pub(crate) fn appended_at(
        &self,
        partition: PartitionId,
        index: u32,
        epoch: u32,
    ) -> Option<&Appended> {
        (1..=epoch)
            .rev()
            .find_map(|epoch| self.appended(partition, Position { epoch, index }))
    }

    /// The acknowledged writes to a key that no other acknowledged one supersedes.
    pub(crate) fn front(&self, key: KeyId, happened: usize) -> Option<&Front> {
        let of_key = self.fronts.get(usize::from(key.0))?;
        let count = of_key.partition_point(|front| front.seq.index() < happened);
        of_key.get(count.checked_sub(1)?)
    }

    /// The last of these.
    pub(crate) fn newest_acked(&self, key: KeyId, happened: usize) -> Option<&Acked> {
        self.front(key, happened)?.acked.last()
    }

    /// The same over all keys, by time.
    pub(crate) fn last_acked(&self, happened: usize) -> Option<&Acked> {
        (0..self.fronts.len())
            .filter_map(|key| self.newest_acked(KeyId(key as u8), happened))
            .max_by_key(|acked| acked.seq)
    }

    /// Without a log: whether a version had come to a replica's disk before `happened`.
    pub(crate) fn was_stored(&self, write: WriteId, node: NodeId, happened: usize) -> bool {
        let stored = self.stored.get((write, node, self.wipes(node, happened)));
        stored.is_some_and(|seq| seq.index() < happened)
    }

    /// How many times a replica's disk was lost or replaced before `happened`.
    pub fn wipes(&self, node: NodeId, happened: usize) -> u8 {
        let before = self
            .wiped
            .iter()
            .take_while(|(seq, _)| seq.index() < happened);
        before.filter(|(_, other)| *other == node).count().min(255) as u8
    }

    /// Without a log: when each write was first on its way to a copy, or on one.
    pub(crate) fn spread(&self) -> &[(Seq, WriteId)] {
        &self.spread
    }

    /// The first record that made an event of a narration happen.
    pub(crate) fn first(&self, event: NarrationEvent) -> Option<Seq> {
        let known = self.firsts.iter().find(|(known, _)| *known == event);
        known.map(|(_, seq)| *seq)
    }

    fn take(&mut self, record: &Record, trace: &[Record], manner: Manner) {
        if !is_quiet(record, trace) {
            self.loud.push(record.seq);
        }
        if let Some(event) = narrated(&record.kind)
            && self.first(event).is_none()
        {
            self.firsts.push((event, record.seq));
        }
        match record.kind {
            Kind::Invoked { op, action } => self.invoked(record.seq, op, action, manner.kind),
            Kind::Ended { op, outcome } => {
                let is_write = self
                    .op(op)
                    .is_some_and(|op| matches!(op.action, Action::Write { .. }));
                if outcome == Outcome::PositionLost || (outcome == Outcome::Unknown && is_write) {
                    self.turns.push(record.seq);
                }
                if let Some(facts) = at(&mut self.ops, usize::from(op.client.0)).get_mut(op.number)
                {
                    facts.ended = Some((record.seq, outcome));
                }
            }
            Kind::Sent {
                from,
                to,
                message,
                carries,
                flight_us,
                ..
            } => {
                if matches!(message, MessageKind::Store | MessageKind::Replicate)
                    && let Some(write) = carries.write
                {
                    self.spreads(record.seq, write);
                }
                if !is_chatter(message, manner.asks) {
                    self.sent.push(record.seq);
                    self.lanes
                        .departs(record.seq, (from, to), record.at.0, flight_us);
                }
            }
            Kind::Saw {
                op,
                key,
                from,
                held,
            } => {
                self.looks.or_insert((op.client, key), record.seq);
                self.learned(from, held);
            }
            Kind::Served { node, held, .. } => self.learned(node, held),
            Kind::Lost { .. } | Kind::Undelivered => self.losses.push(record.seq),
            Kind::Dropped | Kind::Delayed { .. } => {
                if record.kind == Kind::Dropped {
                    self.losses.push(record.seq);
                }
                let sent = record.cause;
                self.disturbed.extend(sent.map(|sent| (sent, record.seq)));
                self.turns.push(record.seq);
            }
            Kind::Appended {
                node,
                partition,
                position,
                write,
            } => self.entry(record, node, partition, position, write),
            // What a restored disk holds was never appended there.
            Kind::Persisted {
                node,
                partition,
                position,
                write,
            } if !self.wiped.is_empty() && !self.has_entry(node, partition, position) => {
                self.entry(record, node, partition, position, write);
            }
            Kind::Stored { node, write, .. } => {
                self.spreads(record.seq, write);
                let wipes = self.wipes(node, record.seq.index());
                self.stored.or_insert((write, node, wipes), record.seq);
            }
            Kind::Acknowledged {
                node,
                write,
                version,
                ..
            } => self.acknowledged(record, node, write, version, manner),
            Kind::Restored { node, .. }
            | Kind::Crashed {
                node,
                disk_lost: true,
            } => {
                self.wiped.push((record.seq, node));
                for partition in 0..self.appended.len() {
                    self.logs.remove((node, PartitionId(partition as u8)));
                }
                self.turns.push(record.seq);
            }
            Kind::Promoted { .. }
            | Kind::SteppedDown { .. }
            | Kind::Crashed { .. }
            | Kind::Restarted { .. }
            | Kind::Changed { .. }
            | Kind::FellBack { .. }
            | Kind::BackInSync { .. }
            | Kind::Discarded { .. }
            | Kind::Serving { .. }
            | Kind::LeaseLost { .. }
            | Kind::LeaseRegained { .. }
            | Kind::Installed { .. }
            | Kind::Stopped { .. }
            | Kind::Standby { .. }
            | Kind::HintKept { .. }
            | Kind::HintGone { .. }
            | Kind::Conflict { .. }
            | Kind::Evicted { .. }
            | Kind::LetBack { .. }
            | Kind::Paused { .. }
            | Kind::Resumed { .. }
            | Kind::Skewed { .. }
            | Kind::Cut { .. }
            | Kind::Healed { .. }
            | Kind::Slowed { .. }
            | Kind::BackedUp { .. }
            | Kind::NothingToRestore { .. }
            | Kind::Recognised { .. } => self.turns.push(record.seq),
            _ => {}
        }
    }

    fn has_entry(&self, node: NodeId, partition: PartitionId, position: Position) -> bool {
        let log = self.logs.get((node, partition));
        log.is_some_and(|log| log.iter().rev().any(|(known, _)| *known == position))
    }

    /// What a write made of its key can be seen, where it can't be worked out. What each replica evaluates
    /// for itself is what it is at the one that said "done".
    fn learned(&mut self, from: NodeId, held: Held) {
        let Some(write) = held.write else { return };
        let Some(facts) = self.write(write).filter(|facts| facts.value.is_none()) else {
            return;
        };
        let told_by = |of: &Front| {
            of.acked
                .iter()
                .any(|acked| acked.write == write && acked.by == from)
        };
        let is_its_own =
            !matches!(facts.change, Change::Call(_)) || self.fronts.iter().flatten().any(told_by);
        let facts = self
            .writes
            .get_mut(write.0 as usize)
            .and_then(Option::as_mut);
        if let Some(facts) = facts
            && is_its_own
        {
            facts.value = Some(held.value);
        }
    }

    fn invoked(&mut self, seq: Seq, op: OpId, action: Action, kind: ProtocolKind) {
        let facts = OpFacts {
            invoked: seq,
            action,
            ended: None,
        };
        at(&mut self.ops, usize::from(op.client.0)).insert(op.number, facts);
        at(&mut self.by_client, usize::from(op.client.0)).push((seq, op));
        if let Action::Write { write, key, change } = action {
            // With a leader the value depends on what it has.
            let value = match (kind, change) {
                (_, Change::Set(value)) => Some(value),
                (ProtocolKind::Leaderless, change) => Some(change.applied_to(Value::Absent)),
                _ => None,
            };
            *at(&mut self.writes, write.0 as usize) = Some(WriteFacts {
                op,
                key,
                change,
                value,
            });
        }
    }

    fn entry(
        &mut self,
        record: &Record,
        node: NodeId,
        partition: PartitionId,
        position: Position,
        write: Option<WriteId>,
    ) {
        let log = self.logs.or_insert((node, partition), Log::new());
        // What stood here and after it is gone: truncated, or lost with the memory in a crash.
        while log
            .last()
            .is_some_and(|(known, _)| known.index >= position.index)
        {
            log.pop();
        }
        let before = write.and_then(|write| {
            let key = self.writes.get(write.0 as usize)?.as_ref()?.key;
            let same_key = |write: &WriteId| {
                let facts = self.writes.get(write.0 as usize);
                facts
                    .and_then(Option::as_ref)
                    .is_some_and(|facts| facts.key == key)
            };
            log.iter()
                .rev()
                .find_map(|(_, write)| write.filter(same_key))
        });
        log.push((position, write));
        let known = Appended {
            seq: record.seq,
            at_us: record.at.0,
            write,
        };
        at(&mut self.appended, usize::from(partition.0)).or_insert(position, known);

        let known = |before: WriteId| {
            self.write(before)
                .is_some_and(|facts| facts.value.is_some())
        };
        // What a statement makes is known where it is evaluated, and so is what is made from that.
        let unknown = before.is_some_and(|before| !known(before));
        let before = before.and_then(|before| self.write(before)?.value);
        let facts = write.and_then(|write| self.writes.get_mut(write.0 as usize)?.as_mut());
        if let Some(facts) = facts
            && facts.value.is_none()
            && !unknown
            && !matches!(facts.change, Change::Call(_))
        {
            facts.value = Some(facts.change.applied_to(before.unwrap_or_default()));
        }
    }

    fn spreads(&mut self, seq: Seq, write: WriteId) {
        let known = at(&mut self.is_spread, write.0 as usize);
        if !std::mem::replace(known, true) {
            self.spread.push((seq, write));
        }
    }

    fn acknowledged(
        &mut self,
        record: &Record,
        by: NodeId,
        write: WriteId,
        version: Version,
        manner: Manner,
    ) {
        let Some(WriteFacts { key, change, .. }) = self.write(write).copied() else {
            return;
        };
        let place = usize::from(key.0);
        let merged = manner
            .merges
            .then(|| self.merged(key, change, version))
            .flatten();
        let of_key = at(&mut self.fronts, place);
        let mut acked = of_key
            .last()
            .map_or(Vec::new(), |front| front.acked.clone());
        let seq = record.seq;
        if acked.iter().all(|known| !known.version.covers(&version)) {
            acked.retain(|known| !version.supersedes(&known.version));
            acked.push(Acked {
                seq,
                at_us: record.at.0,
                version,
                write,
                by,
            });
        } else if merged.is_none() {
            return;
        }
        of_key.push(Front { seq, acked, merged });
    }

    /// What all acknowledged writes to a key, this one with them, merge to; `None` for plain values.
    fn merged(&mut self, key: KeyId, change: Change, version: Version) -> Option<Value> {
        let place = usize::from(key.0);
        let before = self
            .fronts
            .get(place)
            .and_then(|fronts| fronts.last()?.merged);
        let inserted = at(&mut self.inserted, place);
        match change {
            Change::Add(_) => return Some(change.applied_to(before.unwrap_or_default())),
            Change::Insert(item) => inserted.push((item, version)),
            // It takes out what it had seen; what was put in without its knowing stays.
            Change::Remove(item) => {
                inserted.retain(|(other, known)| *other != item || !version.covers(known));
            }
            Change::Set(_) | Change::Call(_) => return None,
        }
        let items = inserted
            .iter()
            .fold(ItemSet::default(), |set, (item, _)| set.with(*item));
        Some(Value::Set(items))
    }
}

/// How a run's records are read.
#[derive(Clone, Copy)]
struct Manner {
    kind: ProtocolKind,
    /// Whether sets and counters merge.
    merges: bool,
    /// Whether clients ask replicas for their lag all the time.
    asks: bool,
}

/// The narration event that a record is, if it is one that needs no more than the record.
fn narrated(kind: &Kind) -> Option<NarrationEvent> {
    match kind {
        Kind::Ended {
            outcome: Outcome::PositionLost,
            ..
        } => Some(NarrationEvent::PositionLost),
        Kind::Conflict { .. } => Some(NarrationEvent::Conflict),
        Kind::HintKept { .. } => Some(NarrationEvent::Hinted),
        Kind::HintGone { expired: false, .. } => Some(NarrationEvent::HandedOff),
        Kind::LeaseLost { .. } => Some(NarrationEvent::LeaseLost),
        Kind::Restored { .. } => Some(NarrationEvent::Restored),
        Kind::Paused { .. } => Some(NarrationEvent::Paused),
        Kind::Resumed { .. } => Some(NarrationEvent::Resumed),
        Kind::Cut { .. } => Some(NarrationEvent::Cut),
        Kind::Healed { .. } => Some(NarrationEvent::Healed),
        Kind::Dropped => Some(NarrationEvent::Dropped),
        Kind::Delayed { .. } => Some(NarrationEvent::Delayed),
        Kind::Evicted { .. } => Some(NarrationEvent::Evicted),
        Kind::LetBack { .. } => Some(NarrationEvent::LetBack),
        Kind::Installed { .. } => Some(NarrationEvent::Snapshot),
        Kind::Stopped { .. } => Some(NarrationEvent::Stopped),
        Kind::Acknowledged { .. } => Some(NarrationEvent::Acknowledged),
        Kind::Crashed { .. } => Some(NarrationEvent::Crashed),
        Kind::Restarted { .. } => Some(NarrationEvent::Restarted),
        Kind::Promoted { epoch, .. } if *epoch > 1 => Some(NarrationEvent::Promoted),
        Kind::FellBack { .. } => Some(NarrationEvent::FellBack),
        Kind::Discarded { .. } => Some(NarrationEvent::Discarded),
        _ => None,
    }
}

/// The place `i` of a list that grows as needed.
fn at<T: Default>(list: &mut Vec<T>, i: usize) -> &mut T {
    if list.len() <= i {
        list.resize_with(i + 1, T::default);
    }
    &mut list[i]
}
