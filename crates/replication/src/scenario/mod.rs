//! The one description of a run: validated once, limits included.
//!
//! A scenario *is* its JSON document; everything else here is read from that. Turning a knob, acting
//! in the past and `--set` all change the document and read it again, so that there is one gate for
//! bad input and one thing to share.

use serde::Serialize;
use serde_json::Value as Json;

use crate::engine::delay::Delay;
use crate::engine::time::SimTime;
use crate::ids::{
    Change, ClientId, IdempotencyKey, KeyId, KeySet, NodeId, PartitionId, Place, Places, RegionId,
    TextId, Value,
};
use crate::promise::Promise;
use crate::trace::MessageKind;

mod clients;
mod delays;
mod kinds;
pub mod limits;
mod network;
mod places;
mod pointer;
pub mod presets;
mod read;
mod reader;
mod reads;
mod script;
mod settings;
mod shown_as;
#[cfg(test)]
mod tests;

pub use reader::ScenarioError;
pub use shown_as::ShownAs;

/// A valid scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The document that this was read from.
    pub document: Json,
    /// Its title.
    pub title: String,
    /// One or two sentences: what one is looking at.
    pub story: String,
    /// Under which heading it stands among others; empty for none.
    pub chapter: String,
    /// The seed, 0 to 2^53 - 1, where the caller names none.
    pub seed: u64,
    /// What a run can't change.
    pub structure: Structure,
    /// What a run starts with, and its script may change.
    pub settings: Settings,
    /// By key, what it is in the story.
    pub shown_as: Vec<ShownAs>,
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

    /// The same scenario with all of these changed from the start to the end: where the script sets one of
    /// the same places, or one inside, that gives way, and an entry that sets nothing else is left out.
    ///
    /// # Errors
    /// As [`Scenario::with`].
    pub fn with_throughout(&self, changes: &[(String, Json)]) -> Result<Self, ScenarioError> {
        read::with_throughout(self, changes)
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

    /// The parts of the document that decide the settings, as every `set` of the script up to `at` has
    /// left them.
    pub fn in_force(&self, at: SimTime) -> Json {
        read::in_force(self, at)
    }

    /// The document as text, as a file of it would be.
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(&self.document);
        text.expect("a JSON document can be written")
    }

    /// Which partition a key belongs to.
    pub fn partition_of(&self, key: KeyId) -> PartitionId {
        self.structure.partition_of(key)
    }
}

/// What a run can't change: another one of these starts a new run from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    /// Which protocol.
    pub kind: ProtocolKind,
    /// How many replicas, the leaders included.
    pub nodes: u8,
    /// How many partitions; 1 unless one leads.
    pub partitions: u8,
    /// By key, the partition that it belongs to.
    pub partition_by_key: Vec<PartitionId>,
    /// By node, the region that it stands in: replicas, and last the proxy or manager.
    pub region_by_node: Vec<RegionId>,
    /// By client, the region that it is in.
    pub region_by_client: Vec<RegionId>,
    /// How many regions there are, at least 1.
    pub regions: u8,
    /// One leader: who promotes a follower.
    pub promotion: Promotion,
    /// Leaderless: how many replicas hold a key. Otherwise as `nodes`.
    pub copies: u8,
    /// Leaderless: who coordinates.
    pub coordinator: Coordinator,
    /// Leaderless: how versions are told apart.
    pub versions: Versions,
    /// Many leaders: who sends to whom.
    pub topology: Topology,
    /// Many leaders: what becomes of writes in conflict.
    pub conflicts: Conflicts,
    /// How many keys there are.
    pub keys: u8,
    /// What is wrong with the protocol: for the tests of the monitors.
    #[cfg(test)]
    pub(crate) defect: Option<crate::protocol::defect::Defect>,
}

impl Structure {
    /// Which partition a key belongs to.
    pub fn partition_of(&self, key: KeyId) -> PartitionId {
        self.partition_by_key[usize::from(key.0)]
    }

    /// The proxy's number, where there is one.
    pub fn proxy(&self) -> Option<NodeId> {
        let has_one =
            self.kind == ProtocolKind::Leaderless && self.coordinator == Coordinator::Proxy;
        has_one.then_some(NodeId(self.nodes))
    }

    /// The failover manager's number, where there is one.
    pub fn manager(&self) -> Option<NodeId> {
        let has_one =
            self.kind == ProtocolKind::SingleLeader && self.promotion == Promotion::Reachable;
        has_one.then_some(NodeId(self.nodes))
    }

    /// The one node that is no replica, where there is one.
    pub fn extra(&self) -> Option<NodeId> {
        self.proxy().or(self.manager())
    }

    /// All replicas, without a proxy or manager.
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

    /// Where a place stands.
    pub fn region_of(&self, place: Place) -> RegionId {
        match place {
            Place::Node(node) => self.region_by_node[usize::from(node.0)],
            Place::Client(client) => self.region_by_client[usize::from(client.0)],
        }
    }

    /// Many leaders: the leader of a region, its first node.
    pub fn leader_of(&self, region: RegionId) -> NodeId {
        let first = self.region_by_node.iter().position(|of| *of == region);
        NodeId(first.unwrap_or(0) as u8)
    }
}

/// Which state machine the replicas are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolKind {
    /// `"single_leader"`.
    SingleLeader,
    /// `"multi_leader"`.
    MultiLeader,
    /// `"leaderless"`.
    Leaderless,
}

/// One leader: who promotes a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// A majority of all replicas votes.
    Majority,
    /// A failover manager takes the follower that looks most caught up to it.
    Reachable,
}

/// Leaderless: who coordinates a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinator {
    /// A proxy that holds nothing: all four legs go over the network.
    Proxy,
    /// One of the replicas: its own legs are local.
    Node,
}

/// Leaderless: how versions are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// The coordinator's clock: last write wins.
    Timestamps,
    /// Dotted version vectors: what was written without knowing of one another stays, as siblings.
    Dotted,
}

/// Many leaders: who sends to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Each to each.
    AllToAll,
    /// Each to the next, which passes on.
    Ring,
    /// The first to each, and each to the first, which passes on.
    Star,
}

/// Many leaders: what becomes of writes in conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// The higher timestamp, by each leader's own clock.
    LastWriteWins,
    /// The value that was edited more often.
    HighestVersion,
    /// Sets and counters merge; any other key as under last write wins.
    Merge,
    /// Both stay, until the application resolves them.
    Siblings,
}

/// What a run starts with, and its script may change.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// One leader: when the client hears "done".
    pub ack: Ack,
    /// One leader: what a follower's acknowledgement means.
    pub ack_when: AckWhen,
    /// One leader: who sees a write when.
    pub visible: Visible,
    /// One leader: how often the leader says that it is alive.
    pub heartbeat_us: u64,
    /// One leader: after how much silence a follower stands for election, a manager promotes, or a
    /// leader takes a follower for gone.
    pub failure_timeout_us: u64,
    /// After how long is sent again what was not acknowledged. One leader, and many.
    pub resend_us: u64,
    /// From persisted to visible at a follower. One leader, and many.
    pub apply_us: u64,
    /// One leader: leases, where old leaders are fenced off.
    pub fencing: Option<Fencing>,
    /// One leader: how many of its last entries a log can still send; `None` for all.
    pub log_keeps: Option<u32>,
    /// One leader: how much longer a snapshot takes than an entry.
    pub snapshot_us: u64,
    /// One leader: what is in the stream.
    pub stream: Stream,
    /// One leader: replicas of another storage version, as bits.
    pub upgraded: u16,
    /// How long persisting takes.
    pub disk_us: u64,
    /// Leaderless: acknowledgements that a write waits for.
    pub w: u8,
    /// Leaderless: responses that a read waits for.
    pub r: u8,
    /// Leaderless: whom a read asks.
    pub reads_sent_to: ReadsSentTo,
    /// Leaderless: what a read does about copies that lack what it found.
    pub repair: Repair,
    /// Leaderless: how often each replica compares what it has with another; `None` for never.
    pub anti_entropy_us: Option<u64>,
    /// Leaderless: whether others stand in for copies that are away; `None` for a strict quorum.
    pub sloppy: Option<Sloppy>,
    /// Leaderless: after how much silence a coordinator takes a replica for gone.
    pub doubt_after_us: u64,
    /// Many leaders: which leader a write goes to.
    pub writes: WritePolicy,
    /// What delays and loses messages.
    pub network: NetworkSettings,
    /// Where reads go.
    pub reads: ReadPolicy,
    /// One leader: what a leader does before it answers a read.
    pub leader_reads: LeaderReads,
    /// Lag budget: what each read path tolerates; the first is for reads that name none.
    pub paths: Vec<ReadPath>,
    /// Whether and how backups are made.
    pub backups: Option<Backups>,
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
    /// PostgreSQL: standbys on a list have it. It never falls back.
    Standbys {
        /// How many of them.
        count: u8,
        /// Whether those that stand first on the list and are connected, or any of them.
        first: bool,
        /// The list.
        list: NodeList,
    },
}

/// Nodes in an order, at most 12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeList {
    packed: u64,
}

impl NodeList {
    /// Its nodes, in order.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        // Four bits each, the number plus 1; 0 ends it.
        (0..12)
            .map(move |i| (self.packed >> (4 * i)) & 0xf)
            .take_while(|nibble| *nibble != 0)
            .map(|nibble| NodeId(nibble as u8 - 1))
    }
}

impl FromIterator<NodeId> for NodeList {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        let pack = |packed, (i, node): (usize, NodeId)| packed | (u64::from(node.0) + 1) << (4 * i);
        NodeList {
            packed: nodes.into_iter().take(12).enumerate().fold(0, pack),
        }
    }
}

/// One leader: what a follower's acknowledgement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AckWhen {
    /// It is in the follower's memory (PostgreSQL's `remote_write`).
    Received,
    /// It is on the follower's disk.
    Persisted,
    /// Reads at the follower show it (PostgreSQL's `remote_apply`).
    Applied,
}

/// One leader: leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fencing {
    /// How long after a majority's answer a leader may say "done" and serve.
    pub lease_us: u64,
    /// How much longer its successor waits, for clocks that run apart.
    pub clock_error_us: u64,
}

/// One leader: what is in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The statement, which each replica evaluates.
    Statement,
    /// Bytes of the storage engine, which only the same version of it can apply.
    WriteAheadLog,
    /// The rows as they are after the change.
    LogicalRows,
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

/// Leaderless: what a read does about copies that lack what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Nothing.
    Off,
    /// It answers, and sends them what they lack.
    Background,
    /// Those that it heard from have it before it answers (Cassandra).
    Contacted,
    /// W copies have it before it answers.
    WriteBack,
}

/// Leaderless: others stand in for copies that are away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sloppy {
    /// After how long a hint is dropped.
    pub hint_expires_us: u64,
}

/// Many leaders: which leader a write goes to.
#[derive(Clone, Debug, PartialEq)]
pub enum WritePolicy {
    /// That of the client's own region.
    Local,
    /// That of the key's home region; while that is silent, the next one.
    Home {
        /// By key.
        homes: Vec<RegionId>,
    },
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
    /// The nearest replica, until it does not answer.
    Nearest,
    /// The leader for so long after one's own last write, else any.
    LeaderAfterWrite {
        /// How long.
        window_us: u64,
    },
    /// Any replica whose history has what the session has written and seen; it waits for that.
    SessionToken {
        /// How long before the leader is asked.
        wait_us: u64,
    },
    /// Any replica whose last reported lag is within the read path's budget, else the leader.
    LagBudget {
        /// How often clients ask replicas for their lag.
        report_us: u64,
        /// The hard bound: a replica past it is read by nobody.
        evict_us: u64,
        /// Below this it is let back.
        return_us: u64,
    },
}

/// One leader: what a leader does before it answers a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaderReads {
    /// Nothing: if it has been deposed without knowing it, the answer is stale.
    Local,
    /// It must hold a lease: see [`Fencing`].
    Lease,
    /// A majority confirms that it still leads.
    Confirmed,
}

/// Lag budget: what a read path tolerates.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadPath {
    /// Its name.
    pub name: String,
    /// Staleness in time, in microseconds; 0 is the leader's business.
    pub max_us: Option<u64>,
    /// Staleness in entries.
    pub max_entries: Option<u32>,
}

/// How backups are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backups {
    /// How often.
    pub every_us: u64,
    /// How many are kept.
    pub keep: u8,
    /// Whether they fail, and nobody is told.
    pub failing: bool,
    /// One leader: whether the log is kept with them, so that a restore can stop at any moment.
    pub point_in_time: bool,
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
    /// Of a million messages, how many arrive twice.
    pub duplicate_ppm: u32,
    /// Of a million messages, how many are held back, so that later ones overtake them; never on the
    /// ordered links of a log's stream.
    pub reorder_ppm: u32,
    /// How long those are held back.
    pub reorder_us: u64,
    /// One way between regions, in microseconds, on top of every delay: row by row, from and to.
    pub distances_us: Vec<u64>,
    /// Leaderless, as in the WAN model of Bailis et al. (VLDB 2012): so much longer on each leg to a
    /// replica other than the one that is near, which is drawn for each operation.
    pub wan_us: u64,
}

impl NetworkSettings {
    /// One way between two regions, in microseconds.
    pub fn distance_us(&self, from: RegionId, to: RegionId, regions: u8) -> u64 {
        let at = usize::from(from.0) * usize::from(regions) + usize::from(to.0);
        self.distances_us.get(at).copied().unwrap_or(0)
    }
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
    /// Reads and writes at random, at the rates of [`Settings::rates`]: a write changes one of the
    /// keys, a read views all of them.
    Random {
        /// The keys.
        keys: Vec<KeyId>,
        /// What its writes do.
        changes: RandomChanges,
    },
}

/// What the writes of a random client do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RandomChanges {
    /// Set the key to the write's own number.
    Write,
    /// Add 1.
    Add,
    /// Put one of the items in, or take one out; the items are those that the scenario names.
    Items,
}

/// One step of a client's list.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How long after the answer to the step before.
    pub wait_us: u64,
    /// Done only then; otherwise skipped.
    pub when: When,
    /// What it does.
    pub act: Act,
    /// What people call it, as "pay".
    pub label: Option<String>,
}

/// What a step waits to be true, all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct When {
    /// The client last saw these values.
    pub saw: Vec<(KeyId, Value)>,
    /// The client got no answer to what it did last of its list.
    pub unanswered: bool,
}

/// What a step or an intervention has a client do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// What.
    pub deed: Deed,
    /// Leaderless: the W or R that this request names for itself.
    pub quorum: Option<u8>,
    /// Lag budget: the read path, by its place in [`Settings::paths`].
    pub path: u8,
    /// One leader: a write with the key of one that is in the log is that one, sent again.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
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

/// What an intervention does. Where a thing is so already, nothing happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Intervention {
    /// A replica stops.
    Crash {
        /// Which.
        node: Target,
        /// Whether its disk is lost with it.
        lose_disk: bool,
    },
    /// A replica starts again.
    Restart(Target),
    /// A replica does nothing for now.
    Pause(Target),
    /// A paused replica goes on.
    Resume(Target),
    /// A replica's clock is off from now on.
    Skew {
        /// Which.
        node: Target,
        /// Microseconds ahead of true time.
        by_us: i64,
    },
    /// Links stop working.
    Cut {
        /// These places.
        from: Targets,
        /// Those; `None` for all others.
        to: Option<Targets>,
        /// Whether only messages from these to those are lost.
        one_way: bool,
    },
    /// Links work again, and at their usual speed.
    Heal {
        /// These places; `None` for all.
        from: Option<Targets>,
        /// Those; `None` for all others.
        to: Option<Targets>,
    },
    /// Links are slower, both ways.
    Slow {
        /// These places.
        from: Targets,
        /// Those; `None` for all others.
        to: Option<Targets>,
        /// By so many microseconds; 0 is as usual.
        by_us: u64,
    },
    /// A message is lost where it is on the wire.
    Drop(OnTheWire),
    /// A message is held up where it is on the wire, and what follows it in its stream waits for it.
    Delay {
        /// Which.
        which: OnTheWire,
        /// So many microseconds.
        by_us: u64,
    },
    /// A replica's disk, or every one's, is replaced by a backup, and it starts again.
    Restore {
        /// Which; `None` for all.
        node: Option<Target>,
        /// As of when; `None` for the newest copy.
        as_of: Option<SimTime>,
    },
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
    /// A replica, the proxy or the manager.
    Node(NodeId),
    /// The leader of the first partition at that moment; for a restart or a resumption, the replica
    /// that was last crashed or paused as "leader".
    Leader,
}

/// A message that an intervention hits, by what can be seen of it. A record's number would not do: under
/// another configuration it is another message's, or nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnTheWire {
    /// One of these sent it.
    pub from: Targets,
    /// To one of those.
    pub to: Targets,
    /// Its kind; `None` for any.
    pub message: Option<MessageKind>,
    /// The how many-th of those on the wire, from 1, the oldest first. Where there are not so many, nothing
    /// happens.
    pub number: u16,
}

/// Several places that an intervention hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// These.
    pub places: Places,
    /// And whoever leads the first partition at that moment.
    pub leader: bool,
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
    /// `"conflict"`.
    Conflict,
    /// `"hinted"`: a substitute keeps a hint.
    Hinted,
    /// `"handed_off"`: a hint reaches whose it is.
    HandedOff,
    /// `"lease_lost"`.
    LeaseLost,
    /// `"restored"`.
    Restored,
    /// `"paused"`.
    Paused,
    /// `"resumed"`.
    Resumed,
    /// `"cut"`.
    Cut,
    /// `"healed"`.
    Healed,
    /// `"dropped"`: a message on the wire, by hand.
    Dropped,
    /// `"delayed"`: a message on the wire, by hand.
    Delayed,
    /// `"evicted"`: a client no longer reads from a replica that lags.
    Evicted,
    /// `"let_back"`.
    LetBack,
    /// `"snapshot"`: a follower installs one.
    Snapshot,
    /// `"stopped"`: a follower can't apply what it was sent.
    Stopped,
    /// `"position_lost"`: a session is told so.
    PositionLost,
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
    /// Items that sets can hold.
    pub items: Vec<String>,
    /// Regions; empty where the scenario has none.
    pub regions: Vec<String>,
    /// Idempotency keys.
    pub idempotency_keys: Vec<String>,
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
            Value::Set(items) => {
                let items = items
                    .iter()
                    .map(|item| self.items[usize::from(item.0)].as_str());
                format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
            }
        }
    }
}
