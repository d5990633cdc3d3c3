//! The run at its cursor, with what cards, sentences and flights all ask of it: who leads, how far
//! behind the others are, on how many disks a write is.

use std::cell::OnceCell;

use replication::ids::{
    ClientId, Held, ItemId, KeyId, NodeId, OpId, PartitionId, Place, Value, Version, WriteId,
    covers,
};
use replication::promise::Violation;
use replication::run::{ClientView, LogView, NodeView, Role, Run};
use replication::scenario::{Names, ProtocolKind, ReadPolicy, Structure};
use replication::trace::{Action, Carries, Kind, MessageKind, Outcome, Record, Seq};

use crate::index::{Acked, Front, SceneIndex};
use crate::metrics::COLUMNS;
use crate::quantity::listed;
use crate::stage::Behind;

/// How far back to look for the last writes that a card shows. Beyond, a cell is left out.
const RECENT_WRITES_MAX: usize = 64;

/// A run at its cursor.
pub(crate) struct Moment<'a> {
    pub run: &'a dyn Run,
    pub index: &'a SceneIndex,
    pub names: &'a Names,
    pub structure: &'a Structure,
    nodes: OnceCell<Vec<NodeView>>,
    clients: OnceCell<Vec<ClientView>>,
    /// How many records have happened.
    pub happened: usize,
    pub now_us: u64,
    in_flight: OnceCell<Vec<Seq>>,
}

/// A leader's log, or that of the last one where there is none.
#[derive(Clone, Copy)]
pub(crate) struct Reference<'a> {
    pub node: NodeId,
    pub log: &'a LogView,
    /// Whether its owner leads, and is up.
    pub leads: bool,
}

/// A message that has been sent.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    pub from: Place,
    pub to: Place,
    pub kind: MessageKind,
    pub carries: Carries,
    pub flight_us: u64,
    pub lost: bool,
}

impl<'a> Moment<'a> {
    pub fn of(run: &'a dyn Run, index: &'a SceneIndex) -> Moment<'a> {
        let scenario = run.scenario();
        Moment {
            run,
            index,
            names: &scenario.names,
            structure: &scenario.structure,
            nodes: OnceCell::new(),
            clients: OnceCell::new(),
            // Records that the index has not been shown don't exist for the scene.
            happened: run.happened().min(index.known()),
            now_us: run.now().0,
            in_flight: OnceCell::new(),
        }
    }

    pub fn is_leaderless(&self) -> bool {
        self.structure.kind == ProtocolKind::Leaderless
    }

    pub fn has_many_leaders(&self) -> bool {
        self.structure.kind == ProtocolKind::MultiLeader
    }

    /// Whether replicas have logs, and one of them leads.
    pub fn has_logs(&self) -> bool {
        self.structure.kind == ProtocolKind::SingleLeader
    }

    /// Whether clients ask replicas for their lag all the time.
    pub fn asks_for_lag(&self) -> bool {
        matches!(self.run.settings().reads, ReadPolicy::LagBudget { .. })
    }

    pub fn record(&self, seq: Seq) -> Option<&'a Record> {
        self.run.records().get(seq.index())
    }

    pub fn message(&self, seq: Seq) -> Option<(&'a Record, Message)> {
        let record = self.record(seq)?;
        message(record).map(|message| (record, message))
    }

    /// All replicas, without a proxy or manager.
    pub fn replicas(&self) -> impl Iterator<Item = &NodeView> {
        self.nodes().iter().take(usize::from(self.structure.nodes))
    }

    pub fn proxy(&self) -> Option<&NodeView> {
        let proxy = self.structure.proxy()?;
        self.nodes().get(usize::from(proxy.0))
    }

    pub fn manager(&self) -> Option<&NodeView> {
        let manager = self.structure.manager()?;
        self.nodes().get(usize::from(manager.0))
    }

    pub fn partitions(&self) -> impl Iterator<Item = PartitionId> + use<> {
        (0..self.structure.partitions.max(1)).map(PartitionId)
    }

    pub fn place(&self, place: Place) -> &'a str {
        match place {
            Place::Node(node) => self.names.node(node),
            Place::Client(client) => self.names.client(client),
        }
    }

    /// "#7".
    pub fn number(&self, write: WriteId) -> String {
        format!("#{}", write.0)
    }

    /// "100 (#5)", or "nothing".
    pub fn held(&self, held: Held) -> String {
        match (held.value, held.write) {
            (Value::Absent, _) | (_, None) => self.value(held.value),
            (value, Some(write)) => format!("{} (#{})", self.value(value), write.0),
        }
    }

    /// An item's name.
    pub fn item(&self, item: ItemId) -> &'a str {
        self.names
            .items
            .get(usize::from(item.0))
            .map_or("", String::as_str)
    }

    /// A value as people see it: with a true minus sign; a set by its items.
    pub fn value(&self, value: Value) -> String {
        match value {
            Value::Number(number) => number.to_string().replace('-', "−"),
            _ => self.names.value(value),
        }
    }

    /// The records of what is on the wire, oldest first.
    // Views copy what they show: they are made when they are asked for.
    pub fn nodes(&self) -> &[NodeView] {
        self.nodes.get_or_init(|| self.run.nodes())
    }

    pub fn clients(&self) -> &[ClientView] {
        self.clients.get_or_init(|| self.run.clients())
    }

    pub fn in_flight(&self) -> &[Seq] {
        self.in_flight.get_or_init(|| self.run.in_flight())
    }

    /// What is held of a key: the value, and the siblings beside it.
    pub fn all_held<'b>(
        held: &'b [Held],
        siblings: &'b [(KeyId, Held)],
        key: KeyId,
    ) -> impl Iterator<Item = Held> + 'b {
        let first = held.get(usize::from(key.0)).copied();
        let beside = siblings.iter().filter(move |(of, _)| *of == key);
        first.into_iter().chain(beside.map(|(_, held)| *held))
    }

    /// "Blue (#3) and Red (#4)".
    pub fn held_words(&self, held: &[Held], siblings: &[(KeyId, Held)], key: KeyId) -> String {
        let all: Vec<String> = Self::all_held(held, siblings, key)
            .map(|held| self.held(held))
            .collect();
        listed(&all)
    }

    // One leader.

    /// Who leads: of those that are up and think so, the one of the highest epoch.
    pub fn leader(&self, partition: PartitionId) -> Option<(NodeId, &LogView)> {
        let leads = |node: &&NodeView| {
            node.up
                && self
                    .log_of(node, partition)
                    .is_some_and(|log| log.role == Role::Leader)
        };
        let epoch = |node: &&NodeView| self.log_of(node, partition).map_or(0, |log| log.epoch);
        let leader = self.replicas().filter(leads).max_by_key(epoch)?;
        self.log_of(leader, partition).map(|log| (leader.id, log))
    }

    pub fn is_leader(&self, node: NodeId) -> bool {
        if self.has_many_leaders() {
            let view = self.nodes().get(usize::from(node.0));
            return view.is_some_and(|view| view.role == Role::Leader);
        }
        self.partitions().any(|partition| {
            self.leader(partition)
                .is_some_and(|(leader, _)| leader == node)
        })
    }

    /// Whether it thinks that it leads, although a leader of a higher epoch does.
    pub fn is_deposed(&self, node: &NodeView) -> bool {
        node.up
            && node.logs.iter().any(|log| {
                let leader = self.leader(log.partition);
                log.role == Role::Leader && leader.is_some_and(|(leader, _)| leader != node.id)
            })
    }

    /// The log that the others are measured by.
    pub fn reference(&self, partition: PartitionId) -> Option<Reference<'_>> {
        if let Some((node, log)) = self.leader(partition) {
            return Some(Reference {
                node,
                log,
                leads: true,
            });
        }
        let turns = self.index.turns();
        let before = turns.partition_point(|seq| seq.index() < self.happened);
        let last = turns[..before].iter().rev().find_map(|seq| {
            let Kind::Promoted {
                node, partition: p, ..
            } = self.record(*seq)?.kind
            else {
                return None;
            };
            (p == partition).then_some(node)
        })?;
        let log = self.log(last, partition)?;
        Some(Reference {
            node: last,
            log,
            leads: false,
        })
    }

    pub fn log(&self, node: NodeId, partition: PartitionId) -> Option<&LogView> {
        self.log_of(self.nodes().get(usize::from(node.0))?, partition)
    }

    fn log_of<'b>(&self, node: &'b NodeView, partition: PartitionId) -> Option<&'b LogView> {
        node.logs.get(usize::from(partition.0))
    }

    /// How far a replica is behind the log that it should have, over all partitions.
    ///
    /// With many leaders, behind all that any of the replicas has.
    pub fn behind(&self, node: &NodeView) -> Option<Behind> {
        if self.has_many_leaders() {
            return Some(self.behind_others(node));
        }
        let mut total: Option<Behind> = None;
        for log in &node.logs {
            let Some(reference) = self.reference(log.partition) else {
                continue;
            };
            // A last leader whose disk is gone has nothing to measure by.
            let empty = !reference.leads && reference.log.length == 0;
            if reference.node == node.id || empty {
                continue;
            }
            let lag = self.lag(log, reference.log);
            let so_far = total.unwrap_or_default();
            total = Some(Behind {
                entries: so_far.entries + lag.entries,
                lacked: so_far.lacked + lag.lacked,
                us: so_far.us.max(lag.us),
            });
        }
        total
    }

    fn behind_others(&self, node: &NodeView) -> Behind {
        let mut lacking: Vec<WriteId> = Vec::new();
        for key in (0..self.structure.keys).map(KeyId) {
            for other in self.replicas().filter(|other| other.id != node.id) {
                let held = Self::all_held(&other.held, &other.siblings, key);
                let lacked = held.filter(|held| !self.covers(node, key, held.version));
                lacking.extend(lacked.filter_map(|held| held.write));
            }
        }
        // Nor has it what will be of no account when it comes: its cell is empty until then.
        let came = |write: WriteId, node: NodeId| self.index.was_stored(write, node, self.happened);
        let of_its_keys = |write: &WriteId| {
            let facts = self.index.write(*write);
            facts.is_some_and(|facts| self.copies(facts.key).contains(&node.id))
        };
        let recent = self.recent_writes(|_| true).into_iter().filter(of_its_keys);
        lacking.extend(recent.filter(|write| {
            !came(*write, node.id) && self.replicas().any(|other| came(*write, other.id))
        }));
        lacking.sort_unstable();
        lacking.dedup();
        let oldest = lacking
            .iter()
            .filter_map(|write| self.began_us(*write))
            .min();
        Behind {
            entries: lacking.len() as u32,
            lacked: lacking.len() as u32,
            us: self.now_us - oldest.unwrap_or(self.now_us).min(self.now_us),
        }
    }

    /// When a write was asked for.
    fn began_us(&self, write: WriteId) -> Option<u64> {
        let op = self.index.write(write)?.op;
        Some(self.record(self.index.op(op)?.invoked)?.at.0)
    }

    /// Whether what a replica holds of a key equals or supersedes a version.
    fn covers(&self, node: &NodeView, key: KeyId, version: Option<Version>) -> bool {
        Self::all_held(&node.held, &node.siblings, key).any(|held| covers(held.version, version))
    }

    fn lag(&self, log: &LogView, reference: &LogView) -> Behind {
        let had = common(log, reference);
        let shown = had.min(log.applied);
        let entries = reference.length.saturating_sub(shown);
        if entries == 0 {
            return Behind::default();
        }
        // The oldest entry that is not shown here yet.
        let first = shown + 1;
        let position = entry_at(reference, first).map(|entry| entry.position);
        let appended = match position {
            Some(position) => self.index.appended(reference.partition, position),
            None => self
                .index
                .appended_at(reference.partition, first, reference.epoch),
        };
        let since = appended.map_or(self.now_us, |entry| entry.at_us);
        Behind {
            entries,
            lacked: reference.length.saturating_sub(had),
            us: self.now_us.saturating_sub(since),
        }
    }

    // Who has what.

    /// The newest acknowledged write to a key.
    pub fn truth(&self, key: KeyId) -> Option<&Acked> {
        self.index.newest_acked(key, self.happened)
    }

    /// All of which none supersedes another: with version vectors there may be several.
    pub fn truths(&self, key: KeyId) -> Option<&Front> {
        self.index.front(key, self.happened)
    }

    /// What a write made of its key.
    pub fn plain_value_of(&self, write: WriteId) -> Option<Value> {
        let known = self.index.write(write)?.value;
        known.or_else(|| {
            let held = self.nodes().iter().flat_map(|node| &node.held);
            let mut made_by_it = held.filter(|held| held.write == Some(write));
            made_by_it.next().map(|held| held.value)
        })
    }

    /// The same in words.
    pub fn value_of(&self, write: WriteId) -> Option<String> {
        Some(self.value(self.plain_value_of(write)?))
    }

    /// Whether something newer than all of this was acknowledged.
    pub fn is_stale(&self, key: KeyId, held: &[Held], siblings: &[(KeyId, Held)]) -> bool {
        self.truths(key).is_some_and(|front| {
            let has = |acked: &Acked| {
                let mut all = Self::all_held(held, siblings, key);
                all.any(|held| covers(held.version, Some(acked.version)))
            };
            !front.acked.iter().all(has)
        })
    }

    /// The replicas that hold a key.
    pub fn copies(&self, key: KeyId) -> Vec<NodeId> {
        if self.is_leaderless() {
            self.structure.copies_of(key).collect()
        } else {
            self.structure.replicas().collect()
        }
    }

    /// The replicas on whose disk an acknowledged write, or what replaced it, is.
    pub fn holders(&self, acked: &Acked) -> Vec<NodeId> {
        let Some(key) = self.index.write(acked.write).map(|facts| facts.key) else {
            return Vec::new();
        };
        let copies = self.copies(key);
        copies
            .into_iter()
            .filter(|node| self.has(*node, key, acked.version))
            .collect()
    }

    /// A write without an answer that copies show in place of an acknowledged one.
    pub fn surfaced(&self, key: KeyId, acked: &Acked) -> Option<Surfaced> {
        let unanswered = |write: &WriteId| {
            let op = self
                .index
                .write(*write)
                .and_then(|facts| self.index.op(facts.op));
            op.and_then(|op| op.ended).is_some_and(|(seq, outcome)| {
                seq.index() < self.happened && outcome == Outcome::Unknown
            })
        };
        let copies = self.copies(key);
        let nodes = self.replicas().filter(|node| copies.contains(&node.id));
        let held = nodes.flat_map(|node| Self::all_held(&node.held, &node.siblings, key));
        let newer = held.filter(|held| {
            held.write != Some(acked.write) && covers(held.version, Some(acked.version))
        });
        let shown = newer.filter_map(|held| held.write.zip(held.version));
        let (write, version) = shown
            .filter(|(write, _)| unanswered(write))
            .max_by_key(|(write, _)| *write)?;
        let sees = |client: &ClientView| {
            let mut seen = Self::all_held(&client.seen, &client.siblings, key);
            seen.any(|held| held.write == Some(write))
        };
        Some(Surfaced {
            write,
            version,
            on: self.on_disks(key, version),
            seen: self.clients().iter().any(sees) && !self.is_left_behind(key, version),
        })
    }

    /// How many different values copies show of one write.
    pub fn values_of(&self, key: KeyId, write: WriteId) -> usize {
        let held = self
            .nodes()
            .iter()
            .flat_map(|node| Self::all_held(&node.held, &node.siblings, key));
        let mut values: Vec<Value> = Vec::new();
        for held in held.filter(|held| held.write == Some(write)) {
            if !values.contains(&held.value) {
                values.push(held.value);
            }
        }
        values.len()
    }

    /// Without a log: how many copies hold something newer in place of an acknowledged write.
    pub fn replaced(&self, key: KeyId, acked: &Acked) -> usize {
        if matches!(acked.version, Version::Log(_)) {
            return 0;
        }
        let copies = self.copies(key);
        let nodes = self.replicas().filter(|node| copies.contains(&node.id));
        let replaced = nodes.filter(|node| {
            let mut held = Self::all_held(&node.held, &node.siblings, key);
            self.covers(node, key, Some(acked.version))
                && !held.any(|held| held.write == Some(acked.write))
        });
        replaced.count()
    }

    /// On how many disks a version of a key, or what replaced it, is.
    pub fn on_disks(&self, key: KeyId, version: Version) -> usize {
        let copies = self.copies(key).into_iter();
        copies.filter(|node| self.has(*node, key, version)).count()
    }

    /// Whether the leader of a later epoch does not have an acknowledged write: it will be discarded.
    pub fn is_abandoned(&self, acked: &Acked) -> bool {
        let key = self.index.write(acked.write).map(|facts| facts.key);
        key.is_some_and(|key| self.is_left_behind(key, acked.version))
    }

    /// The same of a version of a key.
    pub fn is_left_behind(&self, key: KeyId, version: Version) -> bool {
        let Version::Log(position) = version else {
            return false;
        };
        let leader = self.leader(self.structure.partition_of(key));
        leader.is_some_and(|(leader, log)| {
            log.epoch > position.epoch && !self.has(leader, key, version)
        })
    }

    fn has(&self, node: NodeId, key: KeyId, version: Version) -> bool {
        let Some(view) = self.nodes().get(usize::from(node.0)) else {
            return false;
        };
        match version {
            Version::Log(position) => {
                let log = self.log_of(view, self.structure.partition_of(key));
                log.is_some_and(|log| match entry_at(log, position.index) {
                    Some(entry) => entry.position == position && position.index <= log.persisted,
                    // Before the tail that is shown, all logs agree but for rare and old exceptions.
                    None => position.index <= log.persisted,
                })
            }
            version => self.covers(view, key, Some(version)),
        }
    }

    /// Without a log: the last writes that were sent to copies, oldest first.
    pub fn recent_writes(&self, of: impl Fn(WriteId) -> bool) -> Vec<WriteId> {
        let spread = self.index.spread();
        let before = spread.partition_point(|(seq, _)| seq.index() < self.happened);
        let recent = spread[..before].iter().rev().take(RECENT_WRITES_MAX);
        let mut writes: Vec<WriteId> = recent
            .map(|(_, write)| *write)
            .filter(|write| of(*write))
            .take(COLUMNS)
            .collect();
        writes.reverse();
        writes
    }

    // Clients.

    /// What a client last began, and how that ended, if it has.
    pub fn last_op(&self, client: ClientId) -> Option<LastOp> {
        let facts = self.index.last_op(client, self.happened)?;
        let ended = facts.ended.filter(|(seq, _)| seq.index() < self.happened);
        Some(LastOp {
            action: facts.action,
            ended: ended.map(|(_, outcome)| outcome),
        })
    }

    /// Whether a client has ever been shown a key: what it saw may have been nothing.
    pub fn has_looked(&self, client: ClientId, key: KeyId) -> bool {
        self.index
            .first_look(client, key)
            .is_some_and(|seq| seq.index() < self.happened)
    }

    /// Since when a replica has been down.
    pub fn down_since_us(&self, node: NodeId) -> Option<u64> {
        let turns = self.index.turns();
        let before = turns.partition_point(|seq| seq.index() < self.happened);
        turns[..before].iter().rev().find_map(|seq| {
            let record = self.record(*seq)?;
            match record.kind {
                Kind::Crashed { node: other, .. } if other == node => Some(record.at.0),
                _ => None,
            }
        })
    }

    /// The last thing that happened of those that a test picks from what is done to replicas and links.
    pub fn last_turn(&self, is: impl Fn(&Kind) -> bool) -> Option<&'a Record> {
        self.turns().rev().find(|record| is(&record.kind))
    }

    /// What turned up to the cursor, in order.
    pub fn turns(&self) -> impl DoubleEndedIterator<Item = &'a Record> {
        let turns = self.index.turns();
        let before = turns.partition_point(|seq| seq.index() < self.happened);
        turns[..before].iter().filter_map(|seq| self.record(*seq))
    }

    /// The write that an operation is, where it is one.
    pub fn write_of(&self, op: OpId) -> Option<WriteId> {
        match self.index.op(op)?.action {
            Action::Write { write, .. } => Some(write),
            Action::Read { .. } => None,
        }
    }
}

/// A write without an answer that copies show in place of the last acknowledged one.
pub(crate) struct Surfaced {
    pub write: WriteId,
    pub version: Version,
    /// On how many disks it is.
    pub on: usize,
    /// Whether it is on a client's screen, and no leader will throw it away.
    pub seen: bool,
}

/// What a client last began.
#[derive(Clone, Copy)]
pub(crate) struct LastOp {
    pub action: Action,
    pub ended: Option<replication::trace::Outcome>,
}

/// What a record of a sending says.
pub(crate) fn message(record: &Record) -> Option<Message> {
    match record.kind {
        Kind::Sent {
            from,
            to,
            message,
            carries,
            arrives,
            flight_us,
        } => Some(Message {
            from,
            to,
            kind: message,
            carries,
            flight_us,
            lost: arrives.is_none(),
        }),
        _ => None,
    }
}

/// The entry at an index, where it lies in the part of the log that is shown.
pub(crate) fn entry_at(log: &LogView, index: u32) -> Option<&replication::run::EntryView> {
    let first = log.tail.first()?.position.index;
    log.tail.get(index.checked_sub(first)? as usize)
}

/// Up to which index two logs are the same.
fn common(a: &LogView, b: &LogView) -> u32 {
    let shorter = a.length.min(b.length);
    let from = |log: &LogView| {
        log.tail
            .first()
            .map_or(log.length + 1, |entry| entry.position.index)
    };
    let first = from(a).max(from(b));
    (first..=shorter)
        .rev()
        .find(|index| {
            let (one, other) = (entry_at(a, *index), entry_at(b, *index));
            one.is_some() && one.map(|entry| entry.position) == other.map(|entry| entry.position)
        })
        // Before the tails that are shown, logs agree but for rare and old exceptions.
        .unwrap_or_else(|| shorter.min(first - 1))
}

/// The violation that is pointed at: who and what is part of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Focus {
    pub nodes: Vec<NodeId>,
    pub clients: Vec<ClientId>,
    /// The read that was wrong.
    pub op: Option<OpId>,
    pub evidence: Vec<Seq>,
}

impl Focus {
    pub fn on(run: &dyn Run, violation: Option<&Violation>) -> Focus {
        let Some(violation) = violation else {
            return Focus::default();
        };
        let records = run.records();
        let kind = |seq: Seq| records.get(seq.index()).map(|record| &record.kind);
        let mut focus = Focus {
            evidence: violation.evidence.clone(),
            ..Focus::default()
        };
        match kind(violation.at) {
            Some(Kind::Saw { op, from, .. }) => {
                // Whoever looked it up, and had too little: of a view, not whoever had enough.
                let served = |seq: &Seq| match kind(*seq) {
                    Some(Kind::Served { node, op: read, .. }) if read == op => Some(*node),
                    _ => None,
                };
                focus.nodes = violation.evidence.iter().filter_map(served).collect();
                if focus.nodes.is_empty() {
                    focus.nodes.push(*from);
                }
                focus.clients.push(op.client);
                focus.op = Some(*op);
            }
            Some(
                Kind::Acknowledged { node, .. }
                | Kind::Discarded { node, .. }
                | Kind::Promoted { node, .. }
                | Kind::Stored { node, .. }
                | Kind::Persisted { node, .. }
                | Kind::Conflict { node, .. }
                | Kind::Restored { node, .. }
                | Kind::Crashed { node, .. },
            ) => focus.nodes.push(*node),
            // At rest: whoever was to have been told more, or else whoever holds what others lack.
            Some(Kind::Rested { .. }) => {
                let told = |seq: &Seq| match kind(*seq) {
                    Some(Kind::Sent {
                        to: Place::Node(node),
                        ..
                    }) => Some(*node),
                    _ => None,
                };
                let holds = |seq: &Seq| match kind(*seq) {
                    Some(Kind::Stored { node, .. } | Kind::Persisted { node, .. }) => Some(*node),
                    _ => None,
                };
                focus.nodes = violation.evidence.iter().filter_map(told).collect();
                if focus.nodes.is_empty() {
                    focus.nodes = violation.evidence.iter().filter_map(holds).collect();
                }
            }
            _ => {}
        }
        for seq in &violation.evidence {
            // Whoever was told something in the evidence is the one harmed.
            if focus.clients.is_empty()
                && let Some(Kind::Ended { op, .. }) = kind(*seq)
            {
                focus.clients.push(op.client);
            }
        }
        focus
    }

    /// Whether the violation is about something between these two.
    pub fn joins(&self, from: Place, to: Place) -> bool {
        let part = |place| match place {
            Place::Node(node) => self.nodes.contains(&node),
            Place::Client(client) => self.clients.contains(&client),
        };
        self.op.is_some() && part(from) && part(to)
    }

    /// Whether a message is part of it.
    pub fn has(&self, seq: Seq, carries: Carries) -> bool {
        self.evidence.contains(&seq) || (self.op.is_some() && carries.op == self.op)
    }
}
