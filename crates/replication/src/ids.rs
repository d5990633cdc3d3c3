//! What things are called: small numbers inside, names at the edges.

use serde::Serialize;

/// A replica, numbered from 0. A leaderless proxy, or a failover manager, has the number after the
/// last replica's.
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

/// A region: a place, with nodes and clients in it. Systems without regions have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct RegionId(pub u8);

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

/// A set of places, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Places {
    /// Nodes.
    pub nodes: u16,
    /// Clients.
    pub clients: u16,
}

impl Places {
    /// Whether `place` is in it.
    pub fn contains(self, place: Place) -> bool {
        match place {
            Place::Node(NodeId(node)) => self.nodes & (1 << node) != 0,
            Place::Client(ClientId(client)) => self.clients & (1 << client) != 0,
        }
    }

    /// Adds a place.
    pub fn insert(&mut self, place: Place) {
        match place {
            Place::Node(NodeId(node)) => self.nodes |= 1 << node,
            Place::Client(ClientId(client)) => self.clients |= 1 << client,
        }
    }

    /// Its places, nodes first.
    pub fn iter(self) -> impl Iterator<Item = Place> {
        let nodes = (0..16).map(|i| Place::Node(NodeId(i)));
        let clients = (0..16).map(|i| Place::Client(ClientId(i)));
        nodes
            .chain(clients)
            .filter(move |place| self.contains(*place))
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.nodes == 0 && self.clients == 0
    }
}

impl FromIterator<Place> for Places {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut set = Places::default();
        places.into_iter().for_each(|place| set.insert(place));
        set
    }
}

/// A text value, by its place in the scenario's table of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct TextId(pub u16);

/// What makes two requests one, by its place in the scenario's table of idempotency keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub u16);

/// An item that sets can hold, by its place in the scenario's table of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct ItemId(pub u8);

/// A set of items, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct ItemSet(pub u32);

impl ItemSet {
    /// The most different items that a scenario may have.
    pub const LIMIT: usize = 32;

    /// Whether `item` is in it.
    pub fn contains(self, item: ItemId) -> bool {
        self.0 & (1 << item.0) != 0
    }

    /// With `item`.
    pub fn with(self, item: ItemId) -> Self {
        ItemSet(self.0 | 1 << item.0)
    }

    /// Without `item`.
    pub fn without(self, item: ItemId) -> Self {
        ItemSet(self.0 & !(1 << item.0))
    }

    /// What either has.
    pub fn union(self, other: Self) -> Self {
        ItemSet(self.0 | other.0)
    }

    /// Its items, lowest first.
    pub fn iter(self) -> impl Iterator<Item = ItemId> {
        (0..32).map(ItemId).filter(move |item| self.contains(*item))
    }
}

/// What a key can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Value {
    /// Never written, or erased.
    #[default]
    Absent,
    /// An integer.
    Number(i64),
    /// A text.
    Text(TextId),
    /// A set.
    Set(ItemSet),
}

impl Value {
    /// Its items; anything but a set has none.
    pub fn items(self) -> ItemSet {
        match self {
            Value::Set(items) => items,
            _ => ItemSet::default(),
        }
    }
}

/// What a write does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Change {
    /// Replaces the value.
    Set(Value),
    /// Adds to the number that is there; anything else counts as 0.
    Add(i64),
    /// Puts an item into the set that is there; anything else counts as the empty one.
    Insert(ItemId),
    /// Takes an item out of the set that is there.
    Remove(ItemId),
    /// Replaces the value by what a function gives where it is evaluated.
    Call(Function),
}

impl Change {
    /// The value after this change to `before`. A [`Change::Call`] leaves it: whoever evaluates it
    /// makes a [`Change::Set`] of it first.
    pub fn applied_to(self, before: Value) -> Value {
        match (self, before) {
            (Change::Set(value), _) => value,
            (Change::Add(by), Value::Number(number)) => Value::Number(number.saturating_add(by)),
            (Change::Add(by), _) => Value::Number(by),
            (Change::Insert(item), _) => Value::Set(before.items().with(item)),
            (Change::Remove(item), _) => Value::Set(before.items().without(item)),
            (Change::Call(_), _) => before,
        }
    }
}

/// A function of SQL whose value depends on where and when it is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub enum Function {
    /// `NOW()`: the evaluating replica's clock, in milliseconds.
    Now,
    /// `RAND()`: drawn by the evaluating replica, 0 to 999,999.
    Rand,
    /// `UUID()`: drawn by the evaluating replica, below 2^32.
    Uuid,
    /// An auto-increment column: each replica counts for itself, from an offset of its own.
    NextId,
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

/// One write of one coordinator or leader: the `counter`th, from 1, that it made of this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Dot {
    /// Who took the write.
    pub node: NodeId,
    /// Its number among those.
    pub counter: u16,
}

/// A version vector: by node, how many of its writes are covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct Vector(pub [u16; Vector::NODES]);

impl Vector {
    /// As many nodes as there can be, and a proxy.
    pub const NODES: usize = 13;

    /// Whether it covers a write.
    pub fn covers(&self, dot: Dot) -> bool {
        self.0[usize::from(dot.node.0)] >= dot.counter
    }

    /// Covers a write, and those before it of the same node.
    pub fn cover(&mut self, dot: Dot) {
        let counter = &mut self.0[usize::from(dot.node.0)];
        *counter = (*counter).max(dot.counter);
    }

    /// Covers all that `other` does.
    pub fn join(&mut self, other: &Vector) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = (*mine).max(theirs);
        }
    }

    /// Whether it covers all that `other` does.
    pub fn covers_all(&self, other: &Vector) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .all(|(mine, theirs)| *mine >= theirs)
    }
}

/// The version of a value: the order in which the protocol itself lets one write replace another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
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
    /// Highest version wins: how many times the value has been edited, then who edited it.
    Revision {
        /// One more than that of the value it was made from.
        count: u32,
        /// Who took the write: the higher one wins a tie.
        node: NodeId,
    },
    /// A dotted version vector: a write, and what it had seen. Two of them may both stand.
    Dotted {
        /// The write.
        dot: Dot,
        /// What it had seen, without itself. A merged value has itself in it, and all that was merged.
        seen: Vector,
    },
}

impl Version {
    /// Whether a value of this version equals or supersedes one of the other: the order that the
    /// protocol defines. Of two dotted versions neither may.
    pub fn covers(&self, other: &Version) -> bool {
        match (self, other) {
            (Version::Log(mine), Version::Log(theirs)) => mine >= theirs,
            (
                Version::Stamp {
                    at_us: a,
                    coordinator: b,
                    counter: c,
                },
                Version::Stamp {
                    at_us: x,
                    coordinator: y,
                    counter: z,
                },
            ) => (a, b, c) >= (x, y, z),
            (Version::Revision { count: a, node: b }, Version::Revision { count: x, node: y }) => {
                (a, b) >= (x, y)
            }
            (Version::Dotted { dot, seen }, Version::Dotted { dot: other, .. }) => {
                dot == other || seen.covers(*other)
            }
            _ => false,
        }
    }

    /// Whether it supersedes the other, and is not the same.
    pub fn supersedes(&self, other: &Version) -> bool {
        self != other && self.covers(other)
    }
}

/// `Version` for a value that may never have been written: every version covers that.
pub fn covers(one: Option<Version>, other: Option<Version>) -> bool {
    match (one, other) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(one), Some(other)) => one.covers(&other),
    }
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
