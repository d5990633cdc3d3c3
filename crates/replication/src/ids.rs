//! What things are called: small numbers inside, names at the edges.

use serde::Serialize;

/// A replica, numbered from 0. A leaderless proxy has the number after the last replica's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct NodeId(pub u8);

/// A client, which is also a session, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct ClientId(pub u8);

/// A key, numbered in the order in which the scenario first mentions it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct KeyId(pub u8);

/// A partition: keys whose writes share one log. Leaderless systems have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct PartitionId(pub u8);

/// A write, numbered from 1 in the order of invocation: the number on its chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct WriteId(pub u32);

/// An operation: the client's, and its number among that client's.
///
/// Scripted operations are numbered from [`OpId::SCRIPTED`], so that one more of them leaves the
/// numbers, and with them the weather, of all others alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct OpId {
    /// Whose it is.
    pub client: ClientId,
    /// Which of that client's, from 0.
    pub number: u32,
}

impl OpId {
    /// The number of a client's first scripted operation.
    pub const SCRIPTED: u32 = 1 << 24;
}

/// Where a message can come from or go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Place {
    /// A replica, or the proxy.
    Node(NodeId),
    /// A client.
    Client(ClientId),
}

/// A text value, by its place in the scenario's table of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct TextId(pub u16);

/// What a key can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Value {
    /// Never written.
    #[default]
    Absent,
    /// An integer.
    Number(i64),
    /// A text.
    Text(TextId),
}

/// What a write does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Change {
    /// Replaces the value.
    Set(Value),
    /// Adds to the number that is there; anything else counts as 0.
    Add(i64),
}

impl Change {
    /// The value after this change to `before`.
    pub fn applied_to(self, before: Value) -> Value {
        match (self, before) {
            (Change::Set(value), _) => value,
            (Change::Add(by), Value::Number(number)) => Value::Number(number.saturating_add(by)),
            (Change::Add(by), _) => Value::Number(by),
        }
    }
}

/// A position in a log: entries are ordered by it, and an index is used again after a truncation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Position {
    /// The epoch of the leader that appended the entry, from 1; 0 stands before the first entry.
    pub epoch: u32,
    /// The place in the log, from 1.
    pub index: u32,
}

/// The version of a value: the order in which the protocol itself lets one write replace another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Version {
    /// One log: its position.
    Log(Position),
    /// Last write wins: the coordinator's clock at receipt, then the coordinator, then its counter.
    Stamp {
        /// The coordinator's own clock, in microseconds.
        at_us: i64,
        /// Who stamped it.
        coordinator: NodeId,
        /// Tells apart what one coordinator stamped in one microsecond.
        counter: u32,
    },
}

/// What a replica holds, or a read returned, for one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Held {
    /// `None` where the key was never written.
    pub version: Option<Version>,
    /// The value.
    pub value: Value,
    /// The write that made it.
    pub write: Option<WriteId>,
}

/// A set of keys, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct KeySet(pub u32);

impl KeySet {
    /// The most keys that a scenario may have.
    pub const LIMIT: usize = 32;

    /// Whether `key` is in it.
    pub fn contains(self, key: KeyId) -> bool {
        self.0 & (1 << key.0) != 0
    }

    /// Adds a key.
    pub fn insert(&mut self, key: KeyId) {
        self.0 |= 1 << key.0;
    }

    /// Its keys, lowest first.
    pub fn iter(self) -> impl Iterator<Item = KeyId> {
        (0..32).map(KeyId).filter(move |key| self.contains(*key))
    }

    /// Whether it has no key.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<KeyId> for KeySet {
    fn from_iter<I: IntoIterator<Item = KeyId>>(keys: I) -> Self {
        let mut set = KeySet::default();
        keys.into_iter().for_each(|key| set.insert(key));
        set
    }
}
