//! A run, as screens, the command line and workers see it: plain data, whatever the protocol.

use std::sync::Arc;

use serde::Serialize;

use crate::engine::session::Session;
use crate::engine::time::SimTime;
use crate::ids::{
    ClientId, Held, KeyId, NodeId, OpId, PartitionId, Place, Position, Value, WriteId,
};
use crate::promise::{Promise, Verdict, Violation};
use crate::protocol::leaderless::Leaderless;
use crate::protocol::multi_leader::MultiLeader;
use crate::protocol::single_leader::SingleLeader;
use crate::scenario::{ProtocolKind, Scenario, Settings};
use crate::trace::{Record, Seq};

/// Opens a run at its start.
pub fn open(scenario: Arc<Scenario>, seed: u64) -> Box<dyn Run> {
    match scenario.structure.kind {
        ProtocolKind::SingleLeader => Box::new(Session::<SingleLeader>::open(scenario, seed)),
        ProtocolKind::MultiLeader => Box::new(Session::<MultiLeader>::open(scenario, seed)),
        ProtocolKind::Leaderless => Box::new(Session::<Leaderless>::open(scenario, seed)),
    }
}

/// A run with a cursor.
///
/// The cursor is a moment: everything up to and at it has happened. Records are known up to the
/// furthest moment that the cursor has been to.
pub trait Run {
    /// What is run.
    fn scenario(&self) -> &Arc<Scenario>;

    /// Its seed.
    fn seed(&self) -> u64;

    /// The cursor.
    fn now(&self) -> SimTime;

    /// Moves the cursor, forward by running, backward from the nearest checkpoint. Stops where the run ends.
    fn seek(&mut self, to: SimTime);

    /// Why the run ends, and when, once that is known.
    fn ended(&self) -> Option<(End, SimTime)>;

    /// Every record known, those after the cursor too.
    fn records(&self) -> &[Record];

    /// How many of the records lie at or before the cursor.
    fn happened(&self) -> usize;

    /// Every violation known, in order, those after the cursor too.
    fn violations(&self) -> &[Violation];

    /// How a promise stands at the cursor.
    fn verdict(&self, promise: Promise) -> Verdict;

    /// The settings in force at the cursor.
    fn settings(&self) -> &Settings;

    /// The replicas at the cursor, and last the proxy where there is one.
    fn nodes(&self) -> Vec<NodeView>;

    /// The clients at the cursor.
    fn clients(&self) -> Vec<ClientView>;

    /// The links that are cut or slowed at the cursor, by direction.
    fn links(&self) -> Vec<LinkView>;

    /// The backups that were taken up to the cursor and are still kept, oldest first.
    fn backups(&self) -> Vec<BackupView>;

    /// The [`Kind::Sent`](crate::trace::Kind::Sent) records of what is on the wire at the cursor,
    /// with what will be lost half-way, oldest first.
    fn in_flight(&self) -> Vec<Seq>;

    /// The same run up to the cursor, and from there on the given scenario: one that differs from this
    /// one's in its script after the cursor alone.
    fn fork(&self, scenario: Arc<Scenario>) -> Box<dyn Run>;

    /// Bytes held by the checkpoints, by estimate.
    fn checkpoint_bytes(&self) -> usize;
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Simulated time is up: the ordinary end.
    Time,
    /// Nothing is left that could happen.
    Quiet,
    /// Too many records.
    Records,
    /// Too many operations.
    Operations,
    /// Too many messages in flight.
    InFlight,
}

/// A replica at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// Which.
    pub id: NodeId,
    /// Whether it runs.
    pub up: bool,
    /// Whether it runs and does nothing.
    pub paused: bool,
    /// How far its clock is ahead of true time, in microseconds.
    pub skew_us: i64,
    /// What it is; with several partitions, what it is in the first.
    pub role: Role,
    /// One leader: its logs, one a partition.
    pub logs: Vec<LogView>,
    /// What a read here would show, by key; of siblings, the first. Empty for a proxy or a manager.
    pub held: Vec<Held>,
    /// The siblings beside those.
    pub siblings: Vec<(KeyId, Held)>,
    /// What it keeps for others.
    pub hints: Vec<HintView>,
    /// Writes and reads that wait here for acknowledgements or responses.
    pub waiting: Vec<Waiting>,
}

/// What a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes the writes.
    Leader,
    /// Follows one.
    Follower,
    /// Asks to become one.
    Candidate,
    /// Leaderless: a replica like any other.
    Equal,
    /// Leaderless: coordinates, and holds nothing.
    Proxy,
    /// Promotes a follower when the leader seems gone, and holds nothing.
    Manager,
}

/// One log of a replica.
#[derive(Clone, Debug, PartialEq)]
pub struct LogView {
    /// Which.
    pub partition: PartitionId,
    /// What the replica is for this log.
    pub role: Role,
    /// The highest epoch that it knows.
    pub epoch: u32,
    /// The last entries, oldest first: at most [`LogView::TAIL`].
    pub tail: Vec<EntryView>,
    /// How many entries it has, in memory.
    pub length: u32,
    /// How many of them are on its disk.
    pub persisted: u32,
    /// How many of them reads show.
    pub applied: u32,
    /// How many of them it knows to be on a majority.
    pub committed: u32,
    /// Semi-sync: whether its leader has fallen back to async.
    pub fallen_back: bool,
    /// As leader: whether it may say "done" and serve now, as far as leases go.
    pub serving: bool,
    /// How many of the first entries it can no longer send.
    pub trimmed: u32,
    /// Whether it has stopped, since it can't apply what it was sent.
    pub stopped: bool,
}

impl LogView {
    /// How many entries [`LogView::tail`] has at the most.
    pub const TAIL: usize = 16;
}

/// One entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryView {
    /// Where it stands.
    pub position: Position,
    /// The write; `None` for a no-op.
    pub write: Option<WriteId>,
}

/// What waits for acknowledgements or responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The operation.
    pub op: OpId,
    /// The write, where it is one.
    pub write: Option<WriteId>,
    /// How many have answered.
    pub have: u8,
    /// How many must.
    pub need: u8,
}

/// A version that a replica keeps for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HintView {
    /// Whose it is.
    pub home: NodeId,
    /// The key.
    pub key: KeyId,
    /// The write.
    pub write: WriteId,
}

/// A link that is not as usual, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// From here.
    pub from: Place,
    /// To there.
    pub to: Place,
    /// Whether nothing arrives.
    pub cut: bool,
    /// How much longer a message takes, in microseconds.
    pub slow_us: u64,
}

/// A backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupView {
    /// When it was taken.
    pub at: SimTime,
    /// Whether there is a copy.
    pub worked: bool,
}

/// A client at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientView {
    /// Which.
    pub id: ClientId,
    /// What it is waiting for.
    pub busy: Option<OpId>,
    /// What it last saw, by key: what is on its screen; of siblings, the first.
    pub seen: Vec<Held>,
    /// The siblings that it saw beside those.
    pub siblings: Vec<(KeyId, Held)>,
    /// Session token: by partition, the latest entry that it was told of or saw.
    pub tokens: Vec<Position>,
    /// Lag budget: the replicas that it no longer reads from, as bits.
    pub evicted: u16,
    /// For each key, the value that it believes in: what it saw, or wrote and was told "done" since.
    pub believes: Vec<Value>,
}
