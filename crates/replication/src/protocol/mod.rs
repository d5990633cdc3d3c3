//! The protocols: each a replica, a value that only queues effects.
//!
//! A replica is given its id, its own clock's time and the settings in force. It performs nothing,
//! sees no true time, and draws no chance but through [`Ctx`]; so the same replica runs under any
//! driver.

use std::fmt::Debug;

use smallvec::SmallVec;

use crate::engine::chance::{Address, Chance, Draw, Topic};
use crate::engine::time::LocalTime;
use crate::ids::{
    ClientId, Held, IdempotencyKey, KeyId, NodeId, OpId, PartitionId, Position, Vector, Version,
};
use crate::run::NodeView;
use crate::scenario::{Settings, Structure};
use crate::trace::{Action, Carries, Kind, MessageKind};

pub(crate) mod defect;
pub mod leaderless;
pub mod multi_leader;
pub mod routing;
pub mod single_leader;

/// One replica: a state machine.
pub trait Replica: Clone + Debug + PartialEq + Sized {
    /// What replicas say to one another.
    type Message: Message;
    /// What it sets timers for.
    type Timer: Copy + Debug + Ord;
    /// What survives a crash.
    type Disk: Disk;

    /// A replica of a new system, on an empty disk.
    fn new(id: NodeId, structure: &Structure) -> Self;

    /// A replica that starts again from its disk.
    fn recover(id: NodeId, structure: &Structure, settings: &Settings, disk: &Self::Disk) -> Self;

    /// It starts, for the first time or again.
    fn on_start(&mut self, ctx: &mut Ctx<'_, Self>);

    /// Another replica's message arrives.
    fn on_message(&mut self, from: NodeId, message: Self::Message, ctx: &mut Ctx<'_, Self>);

    /// A client's request arrives.
    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_, Self>);

    /// The settings in force have changed: what was off may have to be begun.
    fn on_settings(&mut self, _: &mut Ctx<'_, Self>) {}

    /// A timer that it set, and has neither cancelled nor set anew, goes off.
    fn on_timer(&mut self, timer: Self::Timer, ctx: &mut Ctx<'_, Self>);

    /// Whether a timer is set to go on with something unfinished, and not for what is done at intervals.
    fn is_unfinished(timer: Self::Timer) -> bool;

    /// Something that it asked to persist is on its disk. Things persist in the order asked for.
    fn on_persisted(&mut self, change: <Self::Disk as Disk>::Change, ctx: &mut Ctx<'_, Self>);

    /// What it looks like. `up` is set by the caller.
    fn view(&self, settings: &Settings) -> NodeView;
}

/// What survives a crash.
pub trait Disk: Clone + Debug + PartialEq {
    /// One change to it, atomic.
    type Change: Clone + Debug + PartialEq;

    /// An empty one.
    fn empty(structure: &Structure) -> Self;

    /// Makes a change.
    fn apply(&mut self, change: &Self::Change);

    /// What a replica's disk is when it is restored from this copy. `until` cuts a log off after the
    /// last entry whose leader's clock, in microseconds, was not past it; what has no log ignores it.
    ///
    /// What another replica may have promised since the copy was made is not in it: that is the point.
    fn restored(&self, until: Option<LocalTime>) -> Self;

    /// What it holds, as the records that would have told of it: [`Kind::Persisted`] by entry of a log,
    /// [`Kind::Stored`] by version.
    fn contents(&self, node: NodeId) -> Vec<Kind>;

    /// Bytes, by estimate.
    fn bytes(&self) -> usize;
}

/// What replicas say to one another.
pub trait Message: Clone + Debug + PartialEq {
    /// Its kind.
    fn kind(&self) -> MessageKind;

    /// Which one it is of its kind on its link.
    fn topic(&self) -> Topic;

    /// What it carries, for screens and proofs.
    fn carries(&self) -> Carries;
}

/// What a client asks of a replica.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// An operation, or the part of a view that one partition answers.
    Do {
        /// The operation.
        op: OpId,
        /// What to do.
        action: Action,
        /// Whose log.
        partition: PartitionId,
        /// Whether only the leader may answer.
        by_leader: bool,
        /// What else matters to whoever answers.
        terms: Terms,
    },
    /// Who leads? Also: are you there?
    Ask {
        /// Who asks.
        client: ClientId,
        /// For the how many-th time.
        number: u32,
    },
}

impl Request {
    /// Who asks.
    pub fn client(&self) -> ClientId {
        match self {
            Request::Do { op, .. } => op.client,
            Request::Ask { client, .. } => *client,
        }
    }
}

/// What a client asks for beside the operation itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// A read with a session token: only a history with this very entry may answer.
    pub token: Option<Position>,
    /// Leaderless: the W or R that this request names for itself.
    pub quorum: Option<u8>,
    /// Version vectors: what the client has seen of the key that it writes, where that is anything. Apart,
    /// since most requests have none, and all are moved about.
    pub seen: Option<Box<Vector>>,
    /// One leader: what makes this write and an earlier one the same.
    pub idempotency_key: Option<IdempotencyKey>,
    /// 0 at first, then one for each time that the client sends the same operation elsewhere.
    pub attempt: u8,
}

impl Terms {
    /// What the client has seen of the key that it writes.
    pub fn context(&self) -> Vector {
        self.seen.as_deref().copied().unwrap_or_default()
    }
}

/// How far a replica is behind its leader, as far as it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// For how long it has lacked something, in microseconds; 0 where nothing is missing.
    pub us: u64,
    /// How many entries it does not show yet.
    pub entries: u32,
}

/// A leader that somebody has heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownLeader {
    /// Its epoch: the higher one is the newer.
    pub epoch: u32,
    /// Who.
    pub node: Option<NodeId>,
}

/// What a read returns: for each key, which replica had what. Siblings stand after one another.
pub type Items = SmallVec<[(KeyId, NodeId, Held); 1]>;

/// What a replica answers a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// "Done."
    Done {
        /// The write.
        op: OpId,
        /// Its version.
        version: Version,
    },
    /// What a read returns.
    Answer {
        /// The read.
        op: OpId,
        /// Which part of the view.
        partition: PartitionId,
        /// The values.
        items: Items,
        /// One leader: up to where the answering replica showed its log; else the beginning.
        upto: Position,
    },
    /// "My history does not have what your token names": ask the leader.
    TooStale {
        /// The read.
        op: OpId,
        /// Which part of the view.
        partition: PartitionId,
    },
    /// The leader's history does not have what the token names, and so nobody's ever will.
    PositionLost {
        /// The read.
        op: OpId,
        /// Which part of the view.
        partition: PartitionId,
    },
    /// Too few replicas are there: nothing was done.
    Refused {
        /// The operation.
        op: OpId,
    },
    /// "I am not the leader": nothing was done.
    NotLeader {
        /// The operation.
        op: OpId,
        /// Of which log.
        partition: PartitionId,
        /// Who may be.
        leader: KnownLeader,
    },
    /// "I am here, and these lead."
    Told {
        /// The question's number.
        number: u32,
        /// By partition.
        leaders: SmallVec<[KnownLeader; 2]>,
        /// How far the replica that answers is behind, by partition; 0 where nobody leads.
        lags: SmallVec<[Lag; 2]>,
    },
}

/// What a replica wants done.
#[derive(Debug)]
pub enum Effect<R: Replica> {
    /// Send to another replica.
    Send(NodeId, R::Message),
    /// Answer a client.
    Reply(ClientId, Reply),
    /// Go off after so many microseconds; replaces the same timer.
    SetTimer(R::Timer, u64),
    /// Do not go off.
    CancelTimer(R::Timer),
    /// Write to disk.
    Persist(<R::Disk as Disk>::Change),
    /// Let it be known that this happened.
    Note(Kind),
}

/// What a replica has at hand while it handles something.
pub struct Ctx<'a, R: Replica> {
    /// Its own clock.
    pub now: LocalTime,
    /// What a run can't change.
    pub structure: &'a Structure,
    /// What is in force now.
    pub settings: &'a Settings,
    /// Chance, by address.
    pub chance: &'a mut Chance,
    /// What it wants done, in order.
    pub effects: &'a mut Vec<Effect<R>>,
}

impl<R: Replica> Ctx<'_, R> {
    /// Sends to another replica.
    pub fn send(&mut self, to: NodeId, message: R::Message) {
        self.effects.push(Effect::Send(to, message));
    }

    /// Answers a client.
    pub fn reply(&mut self, to: ClientId, reply: Reply) {
        self.effects.push(Effect::Reply(to, reply));
    }

    /// Sets a timer, in microseconds from now; replaces the same one.
    pub fn set_timer(&mut self, timer: R::Timer, after_us: u64) {
        self.effects.push(Effect::SetTimer(timer, after_us));
    }

    /// Cancels a timer, if it is set.
    pub fn cancel_timer(&mut self, timer: R::Timer) {
        self.effects.push(Effect::CancelTimer(timer));
    }

    /// Writes to disk; [`Replica::on_persisted`] says when it is there.
    pub fn persist(&mut self, change: <R::Disk as Disk>::Change) {
        self.effects.push(Effect::Persist(change));
    }

    /// Lets it be known that something happened.
    pub fn note(&mut self, kind: Kind) {
        self.effects.push(Effect::Note(kind));
    }

    /// Draws at an address.
    pub fn draw(&mut self, address: Address) -> Draw {
        self.chance.draw(address)
    }
}
