//! What happened: one [`Record`] for each thing, with its cause.
//!
//! Monitors, screens and measurements read records and nothing else.

use std::hash::{Hash, Hasher};

use serde::Serialize;
use siphasher::sip::SipHasher13;

use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, Held, KeyId, KeySet, NodeId, OpId, PartitionId, Place, Places, Position,
    Value, Version, WriteId,
};

/// A record's place in its trace, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Seq(pub u32);

impl Seq {
    /// Its place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Record {
    /// Its place in the trace.
    pub seq: Seq,
    /// When, in true time.
    pub at: SimTime,
    /// What made it happen: for a delivery the sending, for what a delivery sets off the delivery.
    pub cause: Option<Seq>,
    /// What.
    pub kind: Kind,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Action {
    /// Changes one key.
    Write {
        /// The number on its chip.
        write: WriteId,
        /// The key.
        key: KeyId,
        /// What it does to it. Leaderless systems only set: there a client adds to what it last saw.
        change: Change,
    },
    /// Reads the keys in one view.
    Read {
        /// The keys, at least one.
        keys: KeySet,
    },
}

/// How an operation ended, for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Outcome {
    /// A write that was told "done".
    Written {
        /// The version that it became.
        version: Version,
    },
    /// A read whose values all arrived; the [`Kind::Saw`] records before it say which.
    Answered,
    /// Provably nothing was done.
    Refused,
    /// A read whose session token no replica could meet: what it names was lost in a failover.
    PositionLost,
    /// No answer in time: it may have happened, and may still.
    Unknown,
}

/// What kind of message it is: its shape on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum MessageKind {
    /// Client to leader or coordinator: please write.
    Write,
    /// Client to replica or coordinator: please read.
    Read,
    /// "Done."
    Done,
    /// What a read returns.
    Answer,
    /// "I am not the leader", or "I can't be sure that I still am".
    NotLeader,
    /// Client to any replica: who leads?
    Ask,
    /// The reply to [`MessageKind::Ask`].
    Told,
    /// Leader to follower: log entries.
    Append,
    /// Follower to leader: persisted up to here; or: please send from here.
    Ack,
    /// Leader to follower: I am alive.
    Heartbeat,
    /// Candidate to all: promise this epoch.
    VoteRequest,
    /// Promised, and this is how far my log goes.
    Vote,
    /// To the most caught-up voter: lead this epoch.
    Appoint,
    /// Coordinator to copy: store this (the leg W).
    Store,
    /// Copy to coordinator: stored (the leg A).
    Stored,
    /// Coordinator to copy: what have you got (the leg R)?
    Fetch,
    /// Copy to coordinator: this (the leg S).
    Fetched,
    /// Follower to leader: I have heard you. For leases, confirmed reads and lists of standbys.
    Alive,
    /// Leader to follower: all of it at once, since the log no longer reaches back.
    Snapshot,
    /// Failover manager to replica: how far are you?
    Inspect,
    /// The reply to [`MessageKind::Inspect`].
    Inspected,
    /// Coordinator to a substitute: keep this for one who is away.
    Hint,
    /// Substitute to coordinator: kept.
    Hinted,
    /// Substitute to the one who was away: this is yours.
    Handoff,
    /// It is on my disk now.
    HandedOff,
    /// Coordinator to copy, after a read: you lack this.
    Repair,
    /// It is on my disk now.
    Repaired,
    /// Anti-entropy: what have you got, and this is what I have.
    Compare,
    /// Anti-entropy: the versions that you lack.
    Differ,
    /// Are you there?
    Ping,
    /// I am.
    Pong,
    /// Leader to another leader, or to a follower of its region: updates.
    Replicate,
    /// I have these.
    Replicated,
    /// "I do not have what your token names."
    TooStale,
    /// "What your token names is lost."
    PositionLost,
    /// "Too few replicas are there: I did nothing."
    Refused,
}

impl MessageKind {
    /// All of them, by their names in scenarios.
    pub const NAMED: [(&str, MessageKind); 36] = [
        ("write", MessageKind::Write),
        ("read", MessageKind::Read),
        ("done", MessageKind::Done),
        ("answer", MessageKind::Answer),
        ("not_leader", MessageKind::NotLeader),
        ("ask", MessageKind::Ask),
        ("told", MessageKind::Told),
        ("append", MessageKind::Append),
        ("ack", MessageKind::Ack),
        ("heartbeat", MessageKind::Heartbeat),
        ("vote_request", MessageKind::VoteRequest),
        ("vote", MessageKind::Vote),
        ("appoint", MessageKind::Appoint),
        ("store", MessageKind::Store),
        ("stored", MessageKind::Stored),
        ("fetch", MessageKind::Fetch),
        ("fetched", MessageKind::Fetched),
        ("alive", MessageKind::Alive),
        ("snapshot", MessageKind::Snapshot),
        ("inspect", MessageKind::Inspect),
        ("inspected", MessageKind::Inspected),
        ("hint", MessageKind::Hint),
        ("hinted", MessageKind::Hinted),
        ("handoff", MessageKind::Handoff),
        ("handed_off", MessageKind::HandedOff),
        ("repair", MessageKind::Repair),
        ("repaired", MessageKind::Repaired),
        ("compare", MessageKind::Compare),
        ("differ", MessageKind::Differ),
        ("ping", MessageKind::Ping),
        ("pong", MessageKind::Pong),
        ("replicate", MessageKind::Replicate),
        ("replicated", MessageKind::Replicated),
        ("too_stale", MessageKind::TooStale),
        ("position_lost", MessageKind::PositionLost),
        ("refused", MessageKind::Refused),
    ];

    /// Its name in scenarios.
    pub fn name(self) -> &'static str {
        let mut named = MessageKind::NAMED.iter();
        named
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }
}

/// What a message carries, as far as a screen or a proof needs to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Carries {
    /// The operation that it serves.
    pub op: Option<OpId>,
    /// The lowest-numbered log index or, leaderless, nothing: see `write`.
    pub from: Option<Position>,
    /// The last log position carried or acknowledged.
    pub upto: Option<Position>,
    /// The last write carried, acknowledged or returned.
    pub write: Option<WriteId>,
    /// How many log entries or updates it carries.
    pub entries: u16,
    /// Whose log.
    pub partition: Option<PartitionId>,
    /// The key, where replicas speak of one.
    pub key: Option<KeyId>,
}

/// A part of a replica's life that a screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Kind {
    // What clients do.
    /// A client begins an operation.
    Invoked {
        /// The operation.
        op: OpId,
        /// What it does.
        action: Action,
    },
    /// A value reaches the client: a violation exists from this moment.
    Saw {
        /// The read.
        op: OpId,
        /// The key.
        key: KeyId,
        /// The replica whose value it is.
        from: NodeId,
        /// What it saw.
        held: Held,
    },
    /// The operation is over for its client.
    Ended {
        /// The operation.
        op: OpId,
        /// How.
        outcome: Outcome,
    },

    // What the network does.
    /// A message leaves.
    Sent {
        /// Where from.
        from: Place,
        /// Where to.
        to: Place,
        /// Its kind.
        message: MessageKind,
        /// What it carries.
        carries: Carries,
        /// When it will arrive, unless somebody delays or drops it; `None` for one that is lost on the way.
        arrives: Option<SimTime>,
        /// How long the way is, in microseconds, for a lost one too: it ends half-way.
        flight_us: u64,
    },
    /// A message arrives. Its cause is the sending.
    Delivered,
    /// A message is lost. Its cause is the sending.
    Lost {
        /// Whether the link was cut when it was sent.
        cut: bool,
    },
    /// A message reaches a replica that is down. Its cause is the sending.
    Undelivered,

    // What replicas do.
    /// An entry is in a leader's or follower's memory; persisting it has begun.
    Appended {
        /// Where.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Where in it.
        position: Position,
        /// Which write; `None` for a new leader's no-op.
        write: Option<WriteId>,
    },
    /// An entry is on a replica's disk: from now on it "has it".
    Persisted {
        /// Where.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Where in it.
        position: Position,
        /// Which write; `None` for a no-op.
        write: Option<WriteId>,
    },
    /// Reads at this replica now show the log up to here.
    Applied {
        /// Where.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Up to and with this entry.
        position: Position,
    },
    /// The leader counts everything up to here as held by a majority.
    Committed {
        /// The leader.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Up to and with this entry.
        position: Position,
    },
    /// An entry is removed from a log, since the leader of a higher epoch does not have it.
    Discarded {
        /// Where.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// Where it was.
        position: Position,
        /// Which write; `None` for a no-op.
        write: Option<WriteId>,
    },
    /// A version is on a leaderless replica's disk, or a newer one was already.
    Stored {
        /// Where.
        node: NodeId,
        /// The key.
        key: KeyId,
        /// The version that was sent to be stored.
        version: Version,
        /// Which write.
        write: WriteId,
        /// Whether it replaced what was there; `false` where something newer was there already.
        newest: bool,
    },
    /// A replica looks the key up for a read: what it holds at this instant.
    Served {
        /// Where.
        node: NodeId,
        /// The read.
        op: OpId,
        /// The key.
        key: KeyId,
        /// What it shows.
        held: Held,
    },
    /// A leader or coordinator has what its rule asks for, and says "done".
    Acknowledged {
        /// Who says so.
        node: NodeId,
        /// The operation.
        op: OpId,
        /// Which write.
        write: WriteId,
        /// Which log.
        partition: PartitionId,
        /// Its version.
        version: Version,
        /// The epoch in which the leader says so; 0 where there is no leader.
        epoch: u32,
    },
    /// Semi-sync: the followers took too long; from now on the leader alone is enough.
    FellBack {
        /// The leader.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
    },
    /// Semi-sync: enough followers have caught up; they are waited for again.
    BackInSync {
        /// The leader.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
    },
    /// A replica has not heard from its leader for too long, and stands for election.
    Suspected {
        /// Who suspects.
        node: NodeId,
        /// Which log.
        partition: PartitionId,
        /// The epoch that it asks for.
        epoch: u32,
    },
    /// A replica becomes leader.
    Promoted {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// Its epoch.
        epoch: u32,
        /// The last entry that it has.
        last: Position,
    },
    /// A leader hears of a higher epoch and stops leading.
    SteppedDown {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// The epoch that it heard of.
        epoch: u32,
    },

    /// A new leader has waited until the leases of the one before it are over, and may say "done".
    Serving {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// Its epoch.
        epoch: u32,
    },
    /// A leader has not been answered by a majority for too long: it stops saying "done" and serving.
    LeaseLost {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
    },
    /// A leader that had lost its lease is answered by a majority again.
    LeaseRegained {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
    },
    /// A replica forgets the beginning of its log: who still needs that gets a snapshot.
    Trimmed {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// Up to and with this entry.
        position: Position,
    },
    /// A snapshot arrives: the log up to here is the leader's, as its [`Kind::Appended`] records say.
    Installed {
        /// Where.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// Up to and with this entry.
        position: Position,
    },
    /// A leader takes a follower for gone, or for back: whom a list of standbys waits for.
    Standby {
        /// The leader.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// The follower.
        of: NodeId,
        /// Whether it is connected.
        connected: bool,
    },
    /// A follower can't apply an entry, since it is in the format of another storage version: it stops.
    Stopped {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// The entry.
        position: Position,
    },
    /// A follower evaluates a statement for itself, and gets this.
    Evaluated {
        /// Who.
        node: NodeId,
        /// Of which log.
        partition: PartitionId,
        /// The entry.
        position: Position,
        /// The key.
        key: KeyId,
        /// What it got.
        value: Value,
    },
    /// A coordinator takes a replica for gone, or for back.
    Doubted {
        /// Who takes it for that.
        node: NodeId,
        /// The replica.
        of: NodeId,
        /// Whether it is gone.
        gone: bool,
    },
    /// A substitute has a hint on its disk: a version that belongs to one who is away.
    HintKept {
        /// The substitute.
        node: NodeId,
        /// Whose it is.
        home: NodeId,
        /// The key.
        key: KeyId,
        /// Which write.
        write: WriteId,
    },
    /// A hint is gone: delivered, or too old.
    HintGone {
        /// The substitute.
        node: NodeId,
        /// Whose it was.
        home: NodeId,
        /// The key.
        key: KeyId,
        /// Which write.
        write: WriteId,
        /// Whether it was dropped for its age.
        expired: bool,
    },
    /// Two writes meet at a replica, neither of whose writers had seen the other.
    Conflict {
        /// Where.
        node: NodeId,
        /// The key.
        key: KeyId,
        /// The one that was there.
        there: WriteId,
        /// The one that came.
        came: WriteId,
        /// What becomes of them.
        kept: Kept,
    },

    // What clients know of replicas.
    /// A replica's lag is past the hard bound: this client's reads no longer go to it.
    Evicted {
        /// Whose reads.
        client: ClientId,
        /// The replica.
        node: NodeId,
        /// Its lag as it last reported it, in microseconds.
        lag_us: u64,
    },
    /// Its lag is well within the bound again.
    LetBack {
        /// Whose reads.
        client: ClientId,
        /// The replica.
        node: NodeId,
    },

    // What is done to them, by the script or by hand.
    /// A replica stops; its memory is gone.
    Crashed {
        /// Who.
        node: NodeId,
        /// Whether its disk is gone too.
        disk_lost: bool,
    },
    /// A replica does nothing for now: it keeps its memory, and what reaches it waits.
    Paused {
        /// Who.
        node: NodeId,
    },
    /// A paused replica goes on, at first with what has waited.
    Resumed {
        /// Who.
        node: NodeId,
    },
    /// A replica's clock is off by so much from now on.
    Skewed {
        /// Who.
        node: NodeId,
        /// Microseconds ahead of true time.
        by_us: i64,
    },
    /// From now on nothing that is sent from these places to those arrives.
    Cut {
        /// From these.
        from: Places,
        /// To those.
        to: Places,
        /// And the other way.
        both_ways: bool,
    },
    /// Links between these and those work again, both ways, and at their usual speed.
    Healed {
        /// These.
        from: Places,
        /// Those.
        to: Places,
    },
    /// From now on a message between these and those takes so much longer.
    Slowed {
        /// From these.
        from: Places,
        /// To those, and the other way.
        to: Places,
        /// By so many microseconds; 0 is as usual.
        by_us: u64,
    },
    /// All disks are copied, or should have been.
    BackedUp {
        /// The how many-th backup, from 1.
        number: u16,
        /// Whether there is a copy. Where not, nobody is told.
        worked: bool,
    },
    /// A replica's disk is replaced by a copy. What that holds is told by the [`Kind::Persisted`] or
    /// [`Kind::Stored`] records that follow; what it held before is gone.
    Restored {
        /// Who.
        node: NodeId,
        /// As of when.
        as_of: SimTime,
    },
    /// A restore is asked for, and there is no copy to restore from.
    NothingToRestore {
        /// Who.
        node: NodeId,
    },
    /// A replica starts again from its disk.
    Restarted {
        /// Who.
        node: NodeId,
    },
    /// A setting changes; the script says which.
    Changed {
        /// The entry of the scenario's script, in order of time.
        script: u16,
    },
    /// The cluster has come to rest: no client waits, no data is on the wire, and nothing has changed for
    /// so long that nothing will, unless somebody acts.
    Rested {
        /// Since when nothing has changed.
        since: SimTime,
    },
    /// A leader finds a write in its log that has the same idempotency key: it appends nothing, and will say
    /// "done" for the one that is there.
    Recognised {
        /// The leader.
        node: NodeId,
        /// The operation that is the same again.
        op: OpId,
        /// The number on its chip: no log ever has it.
        write: WriteId,
        /// The write that is in the log.
        earlier: WriteId,
    },
    /// Somebody takes a message off the wire. Its cause is the sending.
    Dropped,
    /// Somebody holds a message up on the wire, or it comes after one of its stream that is held up. Its cause
    /// is the sending.
    Delayed {
        /// When it will arrive now, or be lost half-way.
        ends: SimTime,
    },
}

impl Kind {
    /// The client whose doing or seeing this is, if it is one's.
    pub fn client(&self) -> Option<ClientId> {
        match self {
            Kind::Invoked { op, .. } | Kind::Saw { op, .. } | Kind::Ended { op, .. } => {
                Some(op.client)
            }
            Kind::Evicted { client, .. } | Kind::LetBack { client, .. } => Some(*client),
            _ => None,
        }
    }
}

/// What becomes of two writes in conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Kept {
    /// The one that was there; the other is dropped.
    There,
    /// The one that came; the other is dropped.
    Came,
    /// Both, side by side.
    Both,
    /// One value made from both.
    Merged,
}

/// Takes records as they happen.
pub trait Sink {
    /// Takes one.
    fn record(&mut self, record: &Record);
}

/// Forgets them: for replaying what is already known.
impl Sink for () {
    fn record(&mut self, _: &Record) {}
}

/// Keeps them.
impl Sink for Vec<Record> {
    fn record(&mut self, record: &Record) {
        self.push(*record);
    }
}

/// A hash over every field of every record: equal where two runs were equal.
pub fn fingerprint(records: &[Record]) -> String {
    let mut hasher = Portable(SipHasher13::new());
    records.iter().for_each(|record| record.hash(&mut hasher));
    format!("{:016x}", hasher.finish())
}

/// The first place at which two traces differ, or `None` where they are equal.
pub fn first_divergence(a: &[Record], b: &[Record]) -> Option<Seq> {
    let common = a
        .iter()
        .zip(b)
        .take_while(|(one, other)| one == other)
        .count();
    (common < a.len().max(b.len())).then_some(Seq(common as u32))
}

/// Hashes the same on every machine: derived code hashes an enum's tag as an `isize`, which is
/// shorter in wasm.
struct Portable<H>(H);

impl<H: Hasher> Hasher for Portable<H> {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u8(&mut self, value: u8) {
        self.write(&[value]);
    }

    fn write_u16(&mut self, value: u16) {
        self.write(&value.to_le_bytes());
    }

    fn write_u32(&mut self, value: u32) {
        self.write(&value.to_le_bytes());
    }

    fn write_u64(&mut self, value: u64) {
        self.write(&value.to_le_bytes());
    }

    fn write_i64(&mut self, value: i64) {
        self.write(&value.to_le_bytes());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_i64(value as i64);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
mod tests;
