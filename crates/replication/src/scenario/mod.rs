//! The one description of a run: validated once, limits included.
//!
//! A scenario *is* its JSON document; everything else here is read from that. Turning a knob, acting
//! in the past and `--set` all change the document and read it again, so that there is one gate for
//! bad input and one thing to share.

use serde::Serialize;
use serde_json::Value as Json;

use crate::engine::delay::Delay;
use crate::engine::time::SimTime;
use crate::ids::{Change, ClientId, KeyId, KeySet, NodeId, PartitionId, TextId, Value};
use crate::promise::Promise;

mod clients;
pub mod limits;
mod pointer;
mod read;
mod reader;
mod script;
mod settings;
#[cfg(test)]
mod tests;

pub use reader::ScenarioError;

/// A valid scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The document that this was read from.
    pub document: Json,
    /// Its title.
    pub title: String,
    /// One or two sentences: what one is looking at.
    pub story: String,
    /// The seed, 0 to 2^53 - 1, where the caller names none.
    pub seed: u64,
    /// What a run can't change.
    pub structure: Structure,
    /// What a run starts with, and its script may change.
    pub settings: Settings,
    /// What each client does.
    pub clients: Vec<ClientPlan>,
    /// What is done to the run, in order of time; entries of the same time in the order of the document.
    pub script: Vec<Scripted>,
    /// Where the run ends at the latest.
    pub limits: Limits,
    /// JSON pointers of the knobs that the story is about.
    pub knobs: Vec<String>,
    /// What to say, and on which event.
    pub narration: Vec<Narration>,
    /// The verdicts that this file must give.
    pub expect: Expect,
    /// Names for the numbers.
    pub names: Names,
}

impl Scenario {
    /// Reads a scenario from the bytes of a file.
    ///
    /// # Errors
    /// One that names the field, its value and what is allowed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ScenarioError> {
        read::from_bytes(bytes)
    }

    /// Reads a scenario from a document.
    ///
    /// # Errors
    /// As [`Scenario::from_bytes`].
    pub fn from_document(document: Json) -> Result<Self, ScenarioError> {
        read::from_document(document)
    }

    /// The same scenario with the value at a JSON pointer replaced, or added where it is missing.
    ///
    /// # Errors
    /// As [`Scenario::from_bytes`]; also where the pointer leads nowhere.
    pub fn with(&self, pointer: &str, value: Json) -> Result<Self, ScenarioError> {
        read::with_all(self, [(pointer, value)])
    }

    /// The same scenario with all of these changed, in order; what lies between need not be valid.
    ///
    /// # Errors
    /// As [`Scenario::with`].
    pub fn with_all<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a str, Json)>,
    ) -> Result<Self, ScenarioError> {
        read::with_all(self, changes)
    }

    /// The same scenario with one more intervention, which takes effect at `at`; those that an earlier
    /// visitor of the future made later than `at` (entries with `"by_hand": true`) are dropped.
    ///
    /// `intervention` is a script entry without its time, as `{"crash": "leader"}`.
    ///
    /// # Errors
    /// As [`Scenario::from_bytes`].
    pub fn with_intervention(
        &self,
        at: SimTime,
        intervention: Json,
    ) -> Result<Self, ScenarioError> {
        read::with_intervention(self, at, intervention)
    }

    /// The document as text, as a file of it would be.
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(&self.document);
        text.expect("a JSON document can be written")
    }

    /// Which partition a key belongs to: its number modulo the number of partitions.
    pub fn partition_of(&self, key: KeyId) -> PartitionId {
        self.structure.partition_of(key)
    }
}

/// What a run can't change: another one of these starts a new run from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    /// Which protocol.
    pub kind: ProtocolKind,
    /// How many replicas, the leader included.
    pub nodes: u8,
    /// How many partitions; 1 for leaderless.
    pub partitions: u8,
    /// Leaderless: how many replicas hold a key. One leader: as `nodes`.
    pub copies: u8,
    /// Leaderless: who coordinates.
    pub coordinator: Coordinator,
    /// How many keys there are.
    pub keys: u8,
}

impl Structure {
    /// Which partition a key belongs to.
    pub fn partition_of(&self, key: KeyId) -> PartitionId {
        PartitionId(key.0 % self.partitions)
    }

    /// The proxy's number, where there is one.
    pub fn proxy(&self) -> Option<NodeId> {
        let has_one =
            self.kind == ProtocolKind::Leaderless && self.coordinator == Coordinator::Proxy;
        has_one.then_some(NodeId(self.nodes))
    }

    /// All replicas, without a proxy.
    pub fn replicas(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes).map(NodeId)
    }

    /// More than half of all replicas.
    pub fn majority(&self) -> usize {
        usize::from(self.nodes) / 2 + 1
    }

    /// Leaderless: the replicas that hold a key. They depend on the key alone.
    pub fn copies_of(&self, key: KeyId) -> impl Iterator<Item = NodeId> + use<> {
        let (first, nodes) = (key.0 % self.nodes, self.nodes);
        (0..self.copies).map(move |i| NodeId((first + i) % nodes))
    }
}

/// Which state machine the replicas are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolKind {
    /// `"single_leader"`.
    SingleLeader,
    /// `"leaderless"`.
    Leaderless,
}

/// Leaderless: who coordinates a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinator {
    /// A proxy that holds nothing: all four legs go over the network.
    Proxy,
    /// One of the replicas: its own legs are local.
    Node,
}

/// What a run starts with, and its script may change.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// One leader: when the client hears "done".
    pub ack: Ack,
    /// One leader: who sees a write when.
    pub visible: Visible,
    /// One leader: how often the leader says that it is alive.
    pub heartbeat_us: u64,
    /// One leader: after how much silence a follower stands for election.
    pub failure_timeout_us: u64,
    /// One leader: after how long a leader sends again what was not acknowledged.
    pub resend_us: u64,
    /// One leader: from persisted to visible at a follower.
    pub apply_us: u64,
    /// How long persisting takes.
    pub disk_us: u64,
    /// Leaderless: acknowledgements that a write waits for.
    pub w: u8,
    /// Leaderless: responses that a read waits for.
    pub r: u8,
    /// Leaderless: whom a read asks.
    pub reads_sent_to: ReadsSentTo,
    /// What delays and loses messages.
    pub network: NetworkSettings,
    /// Where reads go.
    pub reads: ReadPolicy,
    /// How long a client waits for an answer.
    pub client_timeout_us: u64,
    /// For each client, how often it writes and reads; zeros for one with a list of its own.
    pub rates: Vec<Rates>,
}

/// One leader: when the client hears "done".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// The leader has it.
    Async,
    /// The leader and `k` followers have it, or the leader alone once that takes too long.
    SemiSync {
        /// How many followers.
        k: u8,
        /// How long before falling back.
        timeout_us: u64,
    },
    /// Every follower has it.
    Sync,
    /// A majority has it, the leader included.
    Quorum,
}

/// One leader: who sees a write when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visible {
    /// As soon as a replica has it.
    OnAppend,
    /// At the leader once its ack rule is met; at followers on applying.
    OnAck,
    /// Everywhere only up to the commit index.
    OnCommit,
}

/// Leaderless: whom a read asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadsSentTo {
    /// All copies; the first R responses count (Dynamo).
    All,
    /// R of them (Cassandra).
    R,
}

/// Where reads go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadPolicy {
    /// The leader. Leaderless: no meaning, as `Any`.
    Leader,
    /// Any replica, drawn for each read.
    Any,
    /// Always the same replica, until it does not answer.
    Sticky,
}

/// What delays and loses messages.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSettings {
    /// Leader-to-follower data.
    pub replication: Delay,
    /// Everything else between replicas.
    pub peer: Delay,
    /// Between clients and replicas.
    pub client: Delay,
    /// Leaderless, write out.
    pub w: Delay,
    /// Leaderless, acknowledgement back.
    pub a: Delay,
    /// Leaderless, read out.
    pub r: Delay,
    /// Leaderless, response back.
    pub s: Delay,
    /// Of a million messages, how many are lost.
    pub loss_ppm: u32,
}

/// How often a client writes and reads, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Writes a second.
    pub writes_per_s: f64,
    /// Reads a second.
    pub reads_per_s: f64,
}

/// What one client does.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientPlan {
    /// Its name.
    pub name: String,
    /// A list, or chance.
    pub does: Does,
}

/// A list, or chance.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// One after the other.
    Steps(Vec<Step>),
    /// Reads and writes at random, at the rates of [`Settings::rates`]: a write sets one of the keys
    /// to the write's own number, a read views all of them.
    Random {
        /// The keys.
        keys: Vec<KeyId>,
    },
}

/// One step of a client's list.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How long after the answer to the step before.
    pub wait_us: u64,
    /// Done only where the client last saw these values; otherwise skipped.
    pub when_saw: Vec<(KeyId, Value)>,
    /// What it does.
    pub act: Act,
    /// What people call it, as "pay".
    pub label: Option<String>,
}

/// What a step or an intervention has a client do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Changes a key.
    Write(KeyId, Change),
    /// Views keys.
    Read(KeySet),
}

/// One timed intervention.
#[derive(Clone, Debug, PartialEq)]
pub struct Scripted {
    /// When it takes effect.
    pub at: SimTime,
    /// Where it stands in the document's script.
    pub entry: u16,
    /// What it does.
    pub does: Intervention,
}

/// What an intervention does.
#[derive(Clone, Debug, PartialEq)]
pub enum Intervention {
    /// A replica stops. Nothing happens where it is down already.
    Crash(Target),
    /// A replica starts again. Nothing happens where it is up.
    Restart(Target),
    /// From now on these settings.
    Set(Box<Settings>),
    /// A client does something of one's own, as soon as it is free.
    Do {
        /// Who.
        client: ClientId,
        /// What.
        act: Act,
    },
}

/// Whom an intervention hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A replica, or the proxy.
    Node(NodeId),
    /// The leader of the first partition at that moment; for a restart, the replica that was last
    /// crashed as "leader".
    Leader,
}

/// Where the run ends at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Simulated time.
    pub time: SimTime,
    /// Records.
    pub records: u32,
    /// Operations.
    pub operations: u32,
    /// Messages in flight at once.
    pub in_flight: u32,
}

/// What to say on a model event.
#[derive(Clone, Debug, PartialEq)]
pub struct Narration {
    /// Which.
    pub on: NarrationEvent,
    /// What to say.
    pub say: String,
}

/// A model event that narration can wait for; it fires the first time only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NarrationEvent {
    /// `"start"`.
    Start,
    /// `"broken:<promise>"`.
    Broken(Promise),
    /// `"acknowledged"`: the first write is told "done".
    Acknowledged,
    /// `"crashed"`.
    Crashed,
    /// `"restarted"`.
    Restarted,
    /// `"promoted"`: a leader after the first.
    Promoted,
    /// `"fell_back"`.
    FellBack,
    /// `"discarded"`.
    Discarded,
    /// `"end"`.
    End,
}

/// The verdicts that a scenario must give at its end, under its own seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// Each of these is broken.
    pub broken: Vec<Promise>,
    /// Each of these is kept, and was tested.
    pub kept: Vec<Promise>,
}

/// Names for the numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// Replicas, and last the proxy where there is one.
    pub nodes: Vec<String>,
    /// Clients.
    pub clients: Vec<String>,
    /// Keys.
    pub keys: Vec<String>,
    /// Texts that values can be.
    pub texts: Vec<String>,
}

impl Names {
    /// A replica's name.
    pub fn node(&self, node: NodeId) -> &str {
        &self.nodes[usize::from(node.0)]
    }

    /// A client's name.
    pub fn client(&self, client: ClientId) -> &str {
        &self.clients[usize::from(client.0)]
    }

    /// A key's name.
    pub fn key(&self, key: KeyId) -> &str {
        &self.keys[usize::from(key.0)]
    }

    /// A value in words: a number, a text, or "nothing".
    pub fn value(&self, value: Value) -> String {
        match value {
            Value::Absent => "nothing".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Text(TextId(text)) => self.texts[usize::from(text)].clone(),
        }
    }
}
