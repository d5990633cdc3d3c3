//! What leaders and followers say to one another, and what an update is.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::engine::chance::Topic;
use crate::ids::{Dot, ItemId, KeyId, NodeId, OpId, Value, Vector, Version, WriteId};
use crate::ordered::Ordered;
use crate::protocol::Message;
use crate::trace::{Carries, MessageKind};

/// One life of a leader, from its start to its crash: what it sends is numbered anew in each.
///
/// A leader that starts again can't know whether its disk is the one that it had. A number given twice
/// would name two updates, and they would never all be everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream {
    /// Whose.
    pub origin: NodeId,
    /// The leader's clock when it started; [`Stream::FIRST`] at the start of the run.
    pub life: i64,
}

impl Stream {
    /// A leader's first life.
    pub const FIRST: i64 = i64::MIN;
}

/// One write, as it is sent on and kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Which leader took it, and in which of its lives.
    pub stream: Stream,
    /// Its number there, from 1, over all keys.
    pub number: u32,
    /// The key.
    pub key: KeyId,
    /// Its number among that leader's writes of the key.
    pub dot: Dot,
    /// What it was made in sight of.
    pub seen: Vector,
    /// Its version.
    pub version: Version,
    /// What it does.
    pub payload: Payload,
    /// The operation.
    pub op: OpId,
    /// The write.
    pub write: WriteId,
}

/// What an update does to its key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Payload {
    /// It is the value from now on.
    Put(Value),
    /// Merge: it counts.
    Add(i64),
    /// Merge: the item is in.
    Insert(ItemId),
    /// Merge: the insertions of the item that the update was made in sight of are out.
    Remove(ItemId),
}

/// Updates that are sent, or persisted, together.
pub type Batch = SmallVec<[Arc<Update>; 1]>;

/// By stream, how many of its updates somebody has: always the first so many.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts(Ordered<Stream, u32>);

impl Counts {
    /// How many of a stream.
    pub fn get(&self, stream: Stream) -> u32 {
        self.0.get(stream).copied().unwrap_or(0)
    }

    /// Whether it has an update.
    pub fn has(&self, update: &Update) -> bool {
        self.get(update.stream) >= update.number
    }

    /// Counts an update if it is the next of its stream.
    pub fn take(&mut self, update: &Update) -> bool {
        let count = self.0.or_insert(update.stream, 0);
        let next = *count + 1 == update.number;
        *count += u32::from(next);
        next
    }

    /// A defect: takes an update for the next one, though one before it is missing.
    pub fn jump_to(&mut self, update: &Update) -> bool {
        let before = self.get(update.stream);
        self.raise(update.stream, update.number);
        before < update.number
    }

    /// At least so many of a stream.
    pub fn raise(&mut self, stream: Stream, to: u32) {
        let count = self.0.or_insert(stream, 0);
        *count = (*count).max(to);
    }

    /// At least what the other has.
    pub fn join(&mut self, other: &Counts) {
        other
            .0
            .iter()
            .for_each(|(stream, count)| self.raise(stream, *count));
    }

    /// The streams of one leader.
    pub fn of(&self, origin: NodeId) -> impl Iterator<Item = (Stream, u32)> {
        let all = self.0.iter().map(|(stream, count)| (stream, *count));
        all.filter(move |(stream, _)| stream.origin == origin)
    }

    /// Bytes, by estimate.
    pub fn bytes(&self) -> usize {
        self.0.len() * size_of::<(Stream, u32)>()
    }
}

/// What leaders and followers say to one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// The sender's life.
    pub life: i64,
    /// Which one it is of its kind on its link: an answer has that of what it answers.
    pub topic: Topic,
    /// What is said.
    pub body: Body,
}

/// What is said.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// You lack these, in this order.
    Replicate {
        /// None where only the question matters.
        updates: Batch,
        /// A question, where one of the two has started again: what have you got?
        question: Option<i64>,
    },
    /// This is on my disk.
    Replicated {
        /// By stream.
        counts: Counts,
        /// The question that this answers.
        answers: Option<i64>,
        /// The last write that it was told of.
        write: Option<WriteId>,
    },
}

impl Message for Envelope {
    fn kind(&self) -> MessageKind {
        match self.body {
            Body::Replicate { .. } => MessageKind::Replicate,
            Body::Replicated { .. } => MessageKind::Replicated,
        }
    }

    fn topic(&self) -> Topic {
        self.topic
    }

    fn carries(&self) -> Carries {
        match &self.body {
            Body::Replicate { updates, .. } => {
                let only = if updates.len() == 1 {
                    updates.first()
                } else {
                    None
                };
                Carries {
                    op: only.map(|update| update.op),
                    key: only.map(|update| update.key),
                    write: updates.last().map(|update| update.write),
                    entries: updates.len() as u16,
                    ..Carries::default()
                }
            }
            Body::Replicated { write, .. } => Carries {
                write: *write,
                ..Carries::default()
            },
        }
    }
}
