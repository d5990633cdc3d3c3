//! What a screen asks of a trace again and again, kept ready as the trace grows.
//!
//! Everything in it is in order of [`Seq`], so that a question "at the cursor" is a binary search and
//! a cursor in the past needs nothing else.

use replication::ids::{
    Change, ClientId, KeyId, NodeId, OpId, PartitionId, Place, Position, Value, Version, WriteId,
};
use replication::ordered::Ordered;
use replication::run::Run;
use replication::scenario::{NarrationEvent, ProtocolKind};
use replication::trace::{Action, Kind, MessageKind, Outcome, Record, Seq};

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
    sent: Vec<Seq>,
    lanes: Ordered<Seq, u8>,
    departures: Ordered<(Place, Place), Departure>,
    ops: Vec<Ordered<u32, OpFacts>>,
    by_client: Vec<Vec<(Seq, OpId)>>,
    writes: Vec<Option<WriteFacts>>,
    logs: Ordered<(NodeId, PartitionId), Log>,
    appended: Vec<Ordered<Position, Appended>>,
    newest_acked: Vec<Vec<Acked>>,
    stored: Ordered<(WriteId, NodeId), Seq>,
    looks: Ordered<(ClientId, KeyId), Seq>,
    spread: Vec<(Seq, WriteId)>,
    is_spread: Vec<bool>,
    firsts: Vec<(NarrationEvent, Seq)>,
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

/// The last message that left on a way.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Departure {
    at_us: u64,
    flight_us: u64,
    lane: u8,
}

impl SceneIndex {
    /// An index of nothing.
    pub fn new() -> Self {
        SceneIndex::default()
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
        let kind = run.scenario().structure.kind;
        for record in &records[self.known..] {
            self.take(record, records, kind);
        }
        self.known = records.len();
        self.last = records.last().copied();
    }

    /// How many records it knows.
    pub fn known(&self) -> usize {
        self.known
    }

    /// What stepping stops at.
    pub(crate) fn loud(&self) -> &[Seq] {
        &self.loud
    }

    /// Crashes, restarts, changes of leader and of settings, discarded entries.
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
        self.lanes.get(seq).copied().unwrap_or(0)
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

    /// The acknowledged write to a key that no other acknowledged one supersedes.
    pub(crate) fn newest_acked(&self, key: KeyId, happened: usize) -> Option<&Acked> {
        let of_key = self.newest_acked.get(usize::from(key.0))?;
        let count = of_key.partition_point(|acked| acked.seq.index() < happened);
        of_key.get(count.checked_sub(1)?)
    }

    /// The same over all keys, by time.
    pub(crate) fn last_acked(&self, happened: usize) -> Option<&Acked> {
        (0..self.newest_acked.len())
            .filter_map(|key| self.newest_acked(KeyId(key as u8), happened))
            .max_by_key(|acked| acked.seq)
    }

    /// Leaderless: whether a version had come to a replica before `happened`.
    pub(crate) fn was_stored(&self, write: WriteId, node: NodeId, happened: usize) -> bool {
        let stored = self.stored.get((write, node));
        stored.is_some_and(|seq| seq.index() < happened)
    }

    /// Leaderless: when each write was first on its way to a copy, or on one.
    pub(crate) fn spread(&self) -> &[(Seq, WriteId)] {
        &self.spread
    }

    /// The first record that made an event of a narration happen.
    pub(crate) fn first(&self, event: NarrationEvent) -> Option<Seq> {
        let known = self.firsts.iter().find(|(known, _)| *known == event);
        known.map(|(_, seq)| *seq)
    }

    fn take(&mut self, record: &Record, trace: &[Record], kind: ProtocolKind) {
        if !is_quiet(record, trace) {
            self.loud.push(record.seq);
        }
        if let Some(event) = narrated(&record.kind)
            && self.first(event).is_none()
        {
            self.firsts.push((event, record.seq));
        }
        match record.kind {
            Kind::Invoked { op, action } => self.invoked(record.seq, op, action, kind),
            Kind::Ended { op, outcome } => {
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
                if message == MessageKind::Store
                    && let Some(write) = carries.write
                {
                    self.spreads(record.seq, write);
                }
                if message != MessageKind::Heartbeat {
                    self.sent.push(record.seq);
                    self.departed(record, (from, to), flight_us);
                }
            }
            Kind::Saw { op, key, .. } => {
                self.looks.or_insert((op.client, key), record.seq);
            }
            Kind::Lost | Kind::Undelivered => self.losses.push(record.seq),
            Kind::Appended {
                node,
                partition,
                position,
                write,
            } => self.entry(record, node, partition, position, write),
            Kind::Stored { node, write, .. } => {
                self.spreads(record.seq, write);
                self.stored.or_insert((write, node), record.seq);
            }
            Kind::Acknowledged {
                node,
                write,
                version,
                ..
            } => self.acknowledged(record, node, write, version),
            Kind::Promoted { .. }
            | Kind::SteppedDown { .. }
            | Kind::Crashed { .. }
            | Kind::Restarted { .. }
            | Kind::Changed { .. }
            | Kind::FellBack { .. }
            | Kind::BackInSync { .. }
            | Kind::Discarded { .. } => self.turns.push(record.seq),
            _ => {}
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
            // With a leader the value depends on the entries before it.
            let value = match (kind, change) {
                (_, Change::Set(value)) => Some(value),
                (ProtocolKind::Leaderless, change) => Some(change.applied_to(Value::Absent)),
                (ProtocolKind::SingleLeader, Change::Add(_)) => None,
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
        log.truncate(position.index.saturating_sub(1) as usize);
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

        let before = before.and_then(|before| self.write(before)?.value);
        let facts = write.and_then(|write| self.writes.get_mut(write.0 as usize)?.as_mut());
        if let Some(facts) = facts
            && facts.value.is_none()
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

    fn acknowledged(&mut self, record: &Record, by: NodeId, write: WriteId, version: Version) {
        let Some(key) = self.write(write).map(|facts| facts.key) else {
            return;
        };
        let of_key = at(&mut self.newest_acked, usize::from(key.0));
        if of_key.last().is_none_or(|newest| newest.version < version) {
            of_key.push(Acked {
                seq: record.seq,
                at_us: record.at.0,
                version,
                write,
                by,
            });
        }
    }

    /// Gives a message a lane of its own where it leaves close behind another one.
    fn departed(&mut self, record: &Record, way: (Place, Place), flight_us: u64) {
        let mut lane = 0;
        if let Some(last) = self.departures.get(way) {
            // A seventh of the way is about the width of a chip.
            let apart = record.at.0.saturating_sub(last.at_us);
            if apart < last.flight_us.min(flight_us) / 7 {
                lane = (last.lane + 1) % 3;
            }
        }
        if lane > 0 {
            self.lanes.insert(record.seq, lane);
        }
        let departure = Departure {
            at_us: record.at.0,
            flight_us,
            lane,
        };
        self.departures.insert(way, departure);
    }
}

/// The narration event that a record is, if it is one that needs no more than the record.
fn narrated(kind: &Kind) -> Option<NarrationEvent> {
    match kind {
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
