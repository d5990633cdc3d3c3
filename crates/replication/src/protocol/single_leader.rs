//! One leader: it takes the writes, orders them in a log, and streams that log to its followers.
//!
//! Guarantees: every replica's log is a prefix of its leader's, up to what a failover discards. With
//! `ack: quorum` an acknowledged write survives any failover, since a new leader has the longest log
//! of a majority. With `async`, `semi_sync` and `sync` it does so where the acknowledgement waited for
//! enough replicas, and not otherwise.
//!
//! Partitions are independent: each is one replicated log with a leader of its own.
//!
//! Promotion is by majority: a majority of all nodes durably promises a new epoch, refuses lower ones
//! from then on, and reports its last position; the highest is appointed. (Ongaro and Ousterhout,
//! "In search of an understandable consensus algorithm", 2014, with the vote's two halves apart.)

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::engine::chance::{Address, Topic};
use crate::engine::time::LocalTime;
use crate::ids::{
    Change, Held, KeyId, KeySet, NodeId, OpId, PartitionId, Position, Value, Version, WriteId,
};
use crate::ordered::Ordered;
use crate::protocol::{Ctx, Disk, Items, KnownLeader, Message, Replica, Reply, Request};
use crate::run::{EntryView, LogView, NodeView, Role, Waiting};
use crate::scenario::{Ack, Settings, Structure, Visible};
use crate::trace::{Action, Carries, Kind, MessageKind};

/// A replica of a single-leader system.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleLeader {
    id: NodeId,
    groups: Vec<Group>,
}

/// A replica's part in one partition's log.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    id: NodeId,
    partition: PartitionId,
    role: Role,
    /// The highest epoch that it has heard of; lower ones are refused.
    epoch: u32,
    /// The leader of that epoch, once known.
    leader: Option<NodeId>,
    log: Vec<Entry>,
    /// How many entries are on disk.
    persisted: u32,
    /// How many entries have been on disk for long enough to be shown.
    ready: u32,
    /// How many entries are known to be on a majority.
    committed: u32,
    /// How many entries reads show.
    applied: u32,
    /// By key, what reads show.
    shown: Vec<Held>,
    /// By key, what the whole log says.
    tip: Vec<Value>,
    follower: Following,
    candidate: Candidacy,
    leading: Leading,
    /// How often it has told somebody of a higher epoch.
    refusals: u32,
}

/// What only matters to a follower.
#[derive(Clone, Debug, Default, PartialEq)]
struct Following {
    /// Up to where its log is known to be the leader's.
    verified: u32,
    /// It has just started and must say where its log ends; when it last said so.
    catching_up: bool,
    asked_at: Option<LocalTime>,
    /// What it last acknowledged, and how often.
    acked: u32,
    ack_repeats: u32,
}

/// What only matters to a candidate.
#[derive(Clone, Debug, Default, PartialEq)]
struct Candidacy {
    /// How often it has waited for a leader: the address of its random wait.
    round: u32,
    /// Who has promised, and how far their logs go.
    votes: Ordered<NodeId, Position>,
}

/// What only matters to a leader.
#[derive(Clone, Debug, Default, PartialEq)]
struct Leading {
    /// By replica; its own is unused.
    progress: Vec<Progress>,
    /// Writes whose clients wait, oldest first.
    pending: VecDeque<Pending>,
    /// How many entries meet the ack rule; those from before its time do.
    acked: u32,
    /// Semi-sync: whether it has fallen back.
    fallen_back: bool,
    /// Heartbeats so far.
    beats: u32,
    /// Reads that came before it knew what was committed.
    reads: Vec<(OpId, KeySet)>,
}

/// What the leader knows of a follower.
#[derive(Clone, Debug, Default, PartialEq)]
struct Progress {
    /// Up to where the follower has acknowledged.
    matched: u32,
    /// The next index to send.
    next: u32,
    /// Whether it is still looking for where the logs part: then one message at a time.
    probing: bool,
    /// While probing, whether that one message is out.
    out: bool,
    /// How often it has sent something again.
    attempt: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct Pending {
    op: OpId,
    write: WriteId,
    index: u32,
    since: LocalTime,
}

/// One entry of a log: a logical row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    position: Position,
    /// `None` for a new leader's no-op.
    row: Option<Row>,
}

impl Entry {
    fn write(&self) -> Option<WriteId> {
        self.row.map(|row| row.write)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    key: KeyId,
    value: Value,
    write: WriteId,
    op: OpId,
}

/// What replicas of one partition say to one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    partition: PartitionId,
    epoch: u32,
    body: Body,
}

#[derive(Clone, Debug, PartialEq)]
enum Body {
    /// These come after `previous`.
    Append {
        previous: Position,
        entries: SmallVec<[Entry; 1]>,
        committed: u32,
        attempt: u32,
    },
    /// My log is yours, and on my disk, up to here.
    Ack { matched: Position, repeats: u32 },
    /// My log is not yours at that point: try after this index. `asks`: I have just started, send me the rest.
    Reject {
        try_after: u32,
        asks: bool,
        repeats: u32,
    },
    /// I am alive.
    Heartbeat { beat: u32, committed: u32 },
    /// Promise me this epoch.
    VoteRequest,
    /// Promised, on disk, and this is the end of my log.
    Vote { last: Position },
    /// Lead this epoch.
    Appoint,
    /// There is a higher epoch: the envelope's.
    Deposed { count: u32 },
}

/// What a replica sets timers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The leader says that it is alive.
    Heartbeat(PartitionId),
    /// The leader has not been heard of.
    Election(PartitionId),
    /// A follower has not acknowledged what was sent.
    Resend(PartitionId, NodeId),
    /// Semi-sync: the oldest waiting write has waited for too long.
    FallBack(PartitionId),
    /// An entry can be shown.
    Apply(PartitionId, u32),
}

/// How many entries a catch-up sends at once.
const BATCH: usize = 64;

impl Replica for SingleLeader {
    type Message = Envelope;
    type Timer = Timer;
    type Disk = Logs;

    fn new(id: NodeId, structure: &Structure) -> Self {
        let groups = (0..structure.partitions)
            .map(|p| Group::new(id, PartitionId(p), structure))
            .collect();
        SingleLeader { id, groups }
    }

    fn recover(id: NodeId, structure: &Structure, settings: &Settings, disk: &Logs) -> Self {
        let recover = |(p, disk): (usize, &DiskLog)| {
            Group::recover(id, PartitionId(p as u8), structure, settings, disk)
        };
        SingleLeader {
            id,
            groups: disk.logs.iter().enumerate().map(recover).collect(),
        }
    }

    fn on_start(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.groups.iter_mut().for_each(|group| group.start(ctx));
    }

    fn on_message(&mut self, from: NodeId, envelope: Envelope, ctx: &mut Ctx<'_, Self>) {
        let group = &mut self.groups[usize::from(envelope.partition.0)];
        let epoch = envelope.epoch;
        if epoch < group.epoch {
            return group.refuse(from, envelope.body, ctx);
        }
        match envelope.body {
            Body::Append {
                previous,
                entries,
                committed,
                ..
            } => {
                group.follow(from, epoch, ctx);
                group.append_from_leader(previous, &entries, committed, ctx);
            }
            Body::Heartbeat { committed, .. } => {
                group.follow(from, epoch, ctx);
                group.heartbeat(committed, ctx);
            }
            Body::Ack { matched, .. } => group.count_ack(from, matched.index, ctx),
            Body::Reject {
                try_after, asks, ..
            } => group.step_back(from, try_after, asks, ctx),
            Body::VoteRequest => group.promise(from, epoch, ctx),
            Body::Vote { last } => group.count_vote(from, epoch, last, ctx),
            Body::Appoint => group.accept_appointment(epoch, ctx),
            Body::Deposed { .. } => group.hear_of_epoch(epoch, ctx),
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_, Self>) {
        match request {
            Request::Do {
                op,
                action: Action::Write { write, key, change },
                partition,
                ..
            } => {
                self.groups[usize::from(partition.0)].write(op, write, key, change, ctx);
            }
            Request::Do {
                op,
                action: Action::Read { keys },
                partition,
                by_leader,
            } => {
                self.groups[usize::from(partition.0)].read(op, keys, by_leader, ctx);
            }
            Request::Ask { client, number } => {
                let leaders = self.groups.iter().map(Group::known_leader).collect();
                ctx.reply(client, Reply::Told { number, leaders });
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Self>) {
        match timer {
            Timer::Heartbeat(p) => self.group(p).beat(ctx),
            Timer::Election(p) => self.group(p).stand(ctx),
            Timer::Resend(p, follower) => self.group(p).resend(follower, ctx),
            Timer::FallBack(p) => self.group(p).consider_falling_back(ctx),
            Timer::Apply(p, index) => self.group(p).ready_up_to(index, ctx),
        }
    }

    fn on_persisted(&mut self, change: LogChange, ctx: &mut Ctx<'_, Self>) {
        let group = &mut self.groups[usize::from(change.partition.0)];
        match change.what {
            WhatChanged::Append(entries) => group.on_entries_persisted(&entries, ctx),
            WhatChanged::Promise { epoch, to } => group.on_promise_persisted(epoch, to, ctx),
            WhatChanged::Truncate(_) | WhatChanged::Epoch(_) | WhatChanged::Applied(_) => {}
        }
    }

    fn view(&self, settings: &Settings) -> NodeView {
        let held = match self.groups.first() {
            Some(first) => (0..first.shown.len())
                .map(|key| self.groups[key % self.groups.len()].shown[key])
                .collect(),
            None => Vec::new(),
        };
        NodeView {
            id: self.id,
            up: true,
            role: self
                .groups
                .first()
                .map_or(Role::Follower, |group| group.role),
            logs: self.groups.iter().map(Group::view).collect(),
            held,
            waiting: self
                .groups
                .iter()
                .flat_map(|group| group.waiting(settings))
                .collect(),
        }
    }
}

impl SingleLeader {
    fn group(&mut self, partition: PartitionId) -> &mut Group {
        &mut self.groups[usize::from(partition.0)]
    }
}

type GroupCtx<'a, 'b> = &'a mut Ctx<'b, SingleLeader>;

/// A group's life: beginning, and changing epochs.
impl Group {
    fn new(id: NodeId, partition: PartitionId, structure: &Structure) -> Self {
        let keys = usize::from(structure.keys);
        let first = NodeId(0);
        let mut group = Group {
            id,
            partition,
            role: Role::Follower,
            epoch: 1,
            leader: Some(first),
            log: Vec::new(),
            persisted: 0,
            ready: 0,
            committed: 0,
            applied: 0,
            shown: vec![Held::default(); keys],
            tip: vec![Value::Absent; keys],
            follower: Following::default(),
            candidate: Candidacy::default(),
            leading: Leading::default(),
            refusals: 0,
        };
        if id == first {
            group.role = Role::Leader;
            group.leading.progress = vec![
                Progress {
                    next: 1,
                    ..Progress::default()
                };
                usize::from(structure.nodes)
            ];
        }
        group
    }

    fn recover(
        id: NodeId,
        partition: PartitionId,
        structure: &Structure,
        settings: &Settings,
        disk: &DiskLog,
    ) -> Self {
        let length = disk.entries.len() as u32;
        let last_epoch = disk.entries.last().map_or(0, |entry| entry.position.epoch);
        let mut group = Group {
            role: Role::Follower,
            epoch: disk.epoch.max(last_epoch),
            leader: None,
            log: disk.entries.clone(),
            persisted: length,
            ready: length,
            committed: disk.applied.min(length),
            leading: Leading::default(),
            follower: Following {
                catching_up: true,
                ..Following::default()
            },
            ..Group::new(id, partition, structure)
        };
        group.tip_again();
        group.show(if settings.visible == Visible::OnCommit {
            group.committed
        } else {
            length
        });
        group
    }

    fn start(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.role == Role::Leader {
            let (node, partition, epoch) = (self.id, self.partition, self.epoch);
            ctx.note(Kind::Promoted {
                node,
                partition,
                epoch,
                last: self.last(),
            });
            self.beat(ctx);
        } else {
            self.wait_for_leader(ctx);
        }
    }

    /// Somebody speaks for an older epoch: tell them.
    fn refuse(&mut self, from: NodeId, body: Body, ctx: GroupCtx<'_, '_>) {
        if matches!(
            body,
            Body::Append { .. } | Body::Heartbeat { .. } | Body::VoteRequest | Body::Appoint
        ) {
            self.refusals += 1;
            self.send(
                from,
                Body::Deposed {
                    count: self.refusals,
                },
                ctx,
            );
        }
    }

    fn hear_of_epoch(&mut self, epoch: u32, ctx: GroupCtx<'_, '_>) {
        if epoch <= self.epoch {
            return;
        }
        let was_leader = self.role == Role::Leader;
        self.epoch = epoch;
        self.leader = None;
        self.role = Role::Follower;
        self.follower.verified = 0;
        self.candidate.votes.clear();
        ctx.persist(self.change(WhatChanged::Epoch(epoch)));
        if was_leader {
            // Its clients hear nothing more from it: whether their writes live is the new leader's to say.
            self.leading = Leading::default();
            let (node, partition) = (self.id, self.partition);
            ctx.note(Kind::SteppedDown {
                node,
                partition,
                epoch,
            });
            ctx.cancel_timer(Timer::Heartbeat(self.partition));
            ctx.cancel_timer(Timer::FallBack(self.partition));
            for follower in ctx.structure.replicas() {
                ctx.cancel_timer(Timer::Resend(self.partition, follower));
            }
            self.wait_for_leader(ctx);
        }
    }

    /// The leader of an epoch that is not lower than one's own speaks.
    fn follow(&mut self, leader: NodeId, epoch: u32, ctx: GroupCtx<'_, '_>) {
        self.hear_of_epoch(epoch, ctx);
        self.role = Role::Follower;
        self.leader = Some(leader);
        self.wait_for_leader(ctx);
    }

    /// Stands for election unless it hears from a leader in time.
    fn wait_for_leader(&mut self, ctx: GroupCtx<'_, '_>) {
        let base = ctx.settings.failure_timeout_us;
        let draw = ctx.draw(Address::election(
            self.id,
            self.partition,
            self.candidate.round,
        ));
        // Spread over half as much again, so that two followers seldom stand at once.
        let spread = ((u128::from(draw.size) * u128::from(base / 2)) >> 64) as u64;
        ctx.set_timer(Timer::Election(self.partition), base + spread);
    }

    fn known_leader(&self) -> KnownLeader {
        KnownLeader {
            epoch: self.epoch,
            node: self.leader,
        }
    }
}

/// Elections.
impl Group {
    fn stand(&mut self, ctx: GroupCtx<'_, '_>) {
        self.role = Role::Candidate;
        self.epoch += 1;
        self.leader = None;
        self.follower.verified = 0;
        self.candidate.round += 1;
        self.candidate.votes.clear();
        let (node, partition, epoch) = (self.id, self.partition, self.epoch);
        ctx.note(Kind::Suspected {
            node,
            partition,
            epoch,
        });
        ctx.persist(self.change(WhatChanged::Promise { epoch, to: node }));
        for other in ctx.structure.replicas().filter(|other| *other != node) {
            self.send(other, Body::VoteRequest, ctx);
        }
        self.wait_for_leader(ctx);
    }

    /// Promises an epoch to the first who asks for it, and to nobody else.
    fn promise(&mut self, candidate: NodeId, epoch: u32, ctx: GroupCtx<'_, '_>) {
        if epoch == self.epoch {
            return;
        }
        self.hear_of_epoch(epoch, ctx);
        ctx.persist(self.change(WhatChanged::Promise {
            epoch,
            to: candidate,
        }));
        self.wait_for_leader(ctx);
    }

    fn on_promise_persisted(&mut self, epoch: u32, candidate: NodeId, ctx: GroupCtx<'_, '_>) {
        if epoch != self.epoch {
            return;
        }
        // The disk works in order: every entry of this log is on it too.
        let last = self.last();
        if candidate == self.id {
            self.count_vote(candidate, epoch, last, ctx);
        } else {
            self.send(candidate, Body::Vote { last }, ctx);
        }
    }

    fn count_vote(&mut self, voter: NodeId, epoch: u32, last: Position, ctx: GroupCtx<'_, '_>) {
        let counts = self.role == Role::Candidate && epoch == self.epoch && self.leader.is_none();
        let before = self.candidate.votes.len();
        if !counts || before >= ctx.structure.majority() {
            return;
        }
        self.candidate.votes.insert(voter, last);
        if self.candidate.votes.len() < ctx.structure.majority() {
            return;
        }
        // The highest log leads; oneself among equals, to save a message.
        let longest =
            |(node, last): (NodeId, &Position)| (*last, node == self.id, std::cmp::Reverse(node));
        let best = self
            .candidate
            .votes
            .iter()
            .map(longest)
            .max()
            .map_or(self.id, |(_, _, node)| node.0);
        if best == self.id {
            self.lead(ctx);
        } else {
            self.send(best, Body::Appoint, ctx);
        }
    }

    fn accept_appointment(&mut self, epoch: u32, ctx: GroupCtx<'_, '_>) {
        // It promised this epoch, and has refused lower ones since: its log is still what it reported.
        if epoch == self.epoch && self.role != Role::Leader && self.leader.is_none() {
            self.lead(ctx);
        }
    }

    fn lead(&mut self, ctx: GroupCtx<'_, '_>) {
        self.role = Role::Leader;
        self.leader = Some(self.id);
        let last = self.last();
        let follower = Progress {
            next: last.index + 1,
            probing: true,
            ..Progress::default()
        };
        self.leading = Leading {
            progress: vec![follower; usize::from(ctx.structure.nodes)],
            acked: last.index,
            ..Leading::default()
        };
        let (node, partition, epoch) = (self.id, self.partition, self.epoch);
        ctx.note(Kind::Promoted {
            node,
            partition,
            epoch,
            last,
        });
        ctx.cancel_timer(Timer::Election(self.partition));
        // An entry of an older epoch counts as committed only through one of its own.
        self.append(None, ctx);
        self.beat(ctx);
        self.settle(ctx);
    }
}

/// The leader's work.
impl Group {
    fn write(
        &mut self,
        op: OpId,
        write: WriteId,
        key: KeyId,
        change: Change,
        ctx: GroupCtx<'_, '_>,
    ) {
        if self.role != Role::Leader {
            let (partition, leader) = (self.partition, self.known_leader());
            return ctx.reply(
                op.client,
                Reply::NotLeader {
                    op,
                    partition,
                    leader,
                },
            );
        }
        let value = change.applied_to(self.tip[usize::from(key.0)]);
        let index = self.append(
            Some(Row {
                key,
                value,
                write,
                op,
            }),
            ctx,
        );
        self.leading.pending.push_back(Pending {
            op,
            write,
            index,
            since: ctx.now,
        });
        self.watch_the_oldest(ctx);
    }

    /// Appends to its own log, and streams the entry.
    fn append(&mut self, row: Option<Row>, ctx: GroupCtx<'_, '_>) -> u32 {
        let position = Position {
            epoch: self.epoch,
            index: self.length() + 1,
        };
        self.take(&[Entry { position, row }], ctx);
        let me = self.id;
        for follower in ctx.structure.replicas().filter(|follower| *follower != me) {
            self.stream(follower, ctx);
        }
        position.index
    }

    /// Sends a follower what it has not been sent.
    fn stream(&mut self, follower: NodeId, ctx: GroupCtx<'_, '_>) {
        loop {
            let progress = &self.leading.progress[usize::from(follower.0)];
            let nothing_new = progress.next > self.length() && !progress.probing;
            if nothing_new || (progress.probing && progress.out) {
                return;
            }
            let previous = self.position(progress.next - 1);
            let rest = &self.log[previous.index as usize..];
            let entries: SmallVec<[Entry; 1]> = rest.iter().take(BATCH).copied().collect();
            let (committed, attempt) = (self.committed, progress.attempt);
            let progress = &mut self.leading.progress[usize::from(follower.0)];
            progress.next += entries.len() as u32;
            progress.out = true;
            let first_out =
                progress.probing || progress.matched + 1 + entries.len() as u32 >= progress.next;
            self.send(
                follower,
                Body::Append {
                    previous,
                    entries,
                    committed,
                    attempt,
                },
                ctx,
            );
            if first_out {
                ctx.set_timer(
                    Timer::Resend(self.partition, follower),
                    ctx.settings.resend_us,
                );
            }
        }
    }

    fn resend(&mut self, follower: NodeId, ctx: GroupCtx<'_, '_>) {
        if self.role == Role::Leader {
            self.stream_from(follower, None, ctx);
        }
    }

    /// Sends again, from `next` or from the first entry that was not acknowledged, and looks whether
    /// the logs agree there.
    fn stream_from(&mut self, follower: NodeId, next: Option<u32>, ctx: GroupCtx<'_, '_>) {
        let progress = &mut self.leading.progress[usize::from(follower.0)];
        progress.next = next.unwrap_or(progress.matched + 1);
        progress.probing = true;
        progress.out = false;
        progress.attempt += 1;
        self.stream(follower, ctx);
    }

    fn count_ack(&mut self, follower: NodeId, matched: u32, ctx: GroupCtx<'_, '_>) {
        if self.role != Role::Leader {
            return;
        }
        let length = self.length();
        let progress = &mut self.leading.progress[usize::from(follower.0)];
        progress.matched = progress.matched.max(matched);
        progress.next = progress.next.max(progress.matched + 1);
        progress.probing = false;
        progress.out = false;
        let (timer, behind) = (
            Timer::Resend(self.partition, follower),
            progress.matched < length,
        );
        if behind {
            ctx.set_timer(timer, ctx.settings.resend_us);
        } else {
            ctx.cancel_timer(timer);
        }
        self.stream(follower, ctx);
        self.settle(ctx);
    }

    /// The follower's log is not this one where it was tried. In the ordinary stream that means that
    /// a message is missing, and the resend timer's business; while probing it says where to try next.
    fn step_back(&mut self, follower: NodeId, try_after: u32, asks: bool, ctx: GroupCtx<'_, '_>) {
        if self.role == Role::Leader
            && (asks || self.leading.progress[usize::from(follower.0)].probing)
        {
            let next = try_after.min(self.length()) + 1;
            self.stream_from(follower, Some(next), ctx);
        }
    }

    fn beat(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.role != Role::Leader {
            return;
        }
        self.leading.beats += 1;
        let (beat, committed) = (self.leading.beats, self.committed);
        for follower in ctx
            .structure
            .replicas()
            .filter(|follower| *follower != self.id)
        {
            self.send(follower, Body::Heartbeat { beat, committed }, ctx);
        }
        ctx.set_timer(Timer::Heartbeat(self.partition), ctx.settings.heartbeat_us);
        // The rules may have changed since the last time.
        self.settle(ctx);
    }

    /// Something may have become enough: commit, say "done", show.
    fn settle(&mut self, ctx: GroupCtx<'_, '_>) {
        if self.role != Role::Leader {
            return;
        }
        let (node, partition, epoch) = (self.id, self.partition, self.epoch);
        let held = self.held_by(ctx.structure.majority());
        if held > self.committed && self.position(held).epoch == epoch {
            self.committed = held;
            ctx.note(Kind::Committed {
                node,
                partition,
                position: self.position(held),
            });
        }
        self.consider_coming_back(ctx);
        while let Some(oldest) = self.leading.pending.front()
            && self.enough(oldest.index, ctx.settings, ctx.structure)
        {
            let Pending {
                op, write, index, ..
            } = *oldest;
            self.leading.pending.pop_front();
            self.leading.acked = index;
            let version = Version::Log(self.position(index));
            ctx.note(Kind::Acknowledged {
                node,
                op,
                write,
                partition,
                version,
                epoch,
            });
            // Shown before it is said, so that a client who hears "done" and asks here sees it.
            self.apply(ctx);
            ctx.reply(op.client, Reply::Done { op, version });
        }
        self.watch_the_oldest(ctx);
        self.apply(ctx);
        if self.may_read() || ctx.settings.visible != Visible::OnCommit {
            for (op, keys) in std::mem::take(&mut self.leading.reads) {
                self.answer(op, keys, ctx);
            }
        }
    }

    /// Whether the ack rule is met for an entry of its own log.
    fn enough(&self, index: u32, settings: &Settings, structure: &Structure) -> bool {
        let has_it = self.persisted >= index;
        let others = usize::from(structure.nodes) - 1;
        match settings.ack {
            Ack::Async => has_it,
            Ack::SemiSync { k, .. } => {
                has_it && (self.leading.fallen_back || self.followers_with(index) >= usize::from(k))
            }
            Ack::Sync => has_it && self.followers_with(index) == others,
            Ack::Quorum => self.committed >= index,
        }
    }

    fn followers_with(&self, index: u32) -> usize {
        let progress = self.leading.progress.iter().enumerate();
        progress
            .filter(|(node, progress)| *node != usize::from(self.id.0) && progress.matched >= index)
            .count()
    }

    /// The highest index that `count` replicas have persisted, itself included.
    fn held_by(&self, count: usize) -> u32 {
        let own = |(node, progress): (usize, &Progress)| {
            if node == usize::from(self.id.0) {
                self.persisted
            } else {
                progress.matched
            }
        };
        let held: SmallVec<[u32; 12]> = self.leading.progress.iter().enumerate().map(own).collect();
        let by_enough = |index: &u32| held.iter().filter(|held| *held >= index).count() >= count;
        held.iter().copied().filter(by_enough).max().unwrap_or(0)
    }

    /// Semi-sync: sees to it that the oldest waiting write does not wait for ever.
    fn watch_the_oldest(&mut self, ctx: GroupCtx<'_, '_>) {
        let timer = Timer::FallBack(self.partition);
        match (ctx.settings.ack, self.leading.pending.front()) {
            (Ack::SemiSync { timeout_us, .. }, Some(oldest)) if !self.leading.fallen_back => {
                let waited_us = (ctx.now.0 - oldest.since.0).max(0) as u64;
                ctx.set_timer(timer, timeout_us.saturating_sub(waited_us));
            }
            _ => ctx.cancel_timer(timer),
        }
    }

    fn consider_falling_back(&mut self, ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        if self.role == Role::Leader && !self.leading.pending.is_empty() {
            self.leading.fallen_back = true;
            ctx.note(Kind::FellBack { node, partition });
            self.settle(ctx);
        }
    }

    fn consider_coming_back(&mut self, ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        match ctx.settings.ack {
            Ack::SemiSync { k, .. } => {
                if self.leading.fallen_back && self.followers_with(self.length()) >= usize::from(k)
                {
                    self.leading.fallen_back = false;
                    ctx.note(Kind::BackInSync { node, partition });
                }
            }
            _ => self.leading.fallen_back = false,
        }
    }

    /// Whether it knows what was committed before its time.
    fn may_read(&self) -> bool {
        self.epoch == 1 || self.position(self.committed).epoch == self.epoch
    }
}

/// The follower's work.
impl Group {
    fn append_from_leader(
        &mut self,
        previous: Position,
        entries: &[Entry],
        committed: u32,
        ctx: GroupCtx<'_, '_>,
    ) {
        let Some(leader) = self.leader else { return };
        if previous.index > self.length() || self.position(previous.index) != previous {
            let repeats = self.count_repeats(previous.index);
            let try_after = self.try_after(previous);
            return self.send(
                leader,
                Body::Reject {
                    try_after,
                    asks: false,
                    repeats,
                },
                ctx,
            );
        }
        self.follower.catching_up = false;
        let known = entries.iter().take_while(|entry| {
            let index = entry.position.index;
            index <= self.length() && self.position(index) == entry.position
        });
        let new = &entries[known.count()..];
        if let Some(first) = new.first() {
            if first.position.index <= self.length() {
                self.truncate(first.position.index - 1, ctx);
            }
            self.take(new, ctx);
        }
        let verified = previous.index + entries.len() as u32;
        self.follower.verified = self.follower.verified.max(verified);
        self.committed = self.committed.max(committed.min(self.follower.verified));
        if self.persisted >= verified {
            self.acknowledge(ctx);
        }
        self.apply(ctx);
    }

    fn heartbeat(&mut self, committed: u32, ctx: GroupCtx<'_, '_>) {
        self.committed = self.committed.max(committed.min(self.follower.verified));
        self.apply(ctx);
        let asked_lately = self
            .follower
            .asked_at
            .is_some_and(|at| ctx.now.0 - at.0 < ctx.settings.resend_us as i64);
        if let Some(leader) = self.leader
            && self.follower.catching_up
            && !asked_lately
        {
            self.follower.asked_at = Some(ctx.now);
            let repeats = self.count_repeats(self.length());
            self.send(
                leader,
                Body::Reject {
                    try_after: self.length(),
                    asks: true,
                    repeats,
                },
                ctx,
            );
        }
    }

    /// Where the leader should try next: before the whole epoch in which the logs part.
    fn try_after(&self, previous: Position) -> u32 {
        if previous.index > self.length() {
            return self.length();
        }
        let wrong = self.position(previous.index).epoch;
        let first_of_it = self
            .log
            .partition_point(|entry| entry.position.epoch < wrong);
        first_of_it as u32
    }

    fn acknowledge(&mut self, ctx: GroupCtx<'_, '_>) {
        let matched = self.persisted.min(self.follower.verified);
        let repeats = self.count_repeats(matched);
        if let (Some(leader), Role::Follower) = (self.leader, self.role) {
            self.send(
                leader,
                Body::Ack {
                    matched: self.position(matched),
                    repeats,
                },
                ctx,
            );
        }
    }

    fn count_repeats(&mut self, acked: u32) -> u32 {
        self.follower.ack_repeats = if self.follower.acked == acked {
            self.follower.ack_repeats + 1
        } else {
            0
        };
        self.follower.acked = acked;
        self.follower.ack_repeats
    }

    /// Removes what the leader does not have.
    fn truncate(&mut self, keep: u32, ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        for entry in self.log.drain(keep as usize..) {
            ctx.note(Kind::Discarded {
                node,
                partition,
                position: entry.position,
                write: entry.write(),
            });
        }
        self.persisted = self.persisted.min(keep);
        self.ready = self.ready.min(keep);
        self.committed = self.committed.min(keep);
        self.follower.verified = self.follower.verified.min(keep);
        ctx.persist(self.change(WhatChanged::Truncate(keep)));
        self.tip_again();
        if self.applied > keep {
            self.applied = 0;
            self.shown.fill(Held::default());
            self.show(keep);
        }
    }
}

/// The log, on disk and on show.
impl Group {
    fn take(&mut self, entries: &[Entry], ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        for entry in entries {
            if let Some(row) = entry.row {
                self.tip[usize::from(row.key.0)] = row.value;
            }
            self.log.push(*entry);
            ctx.note(Kind::Appended {
                node,
                partition,
                position: entry.position,
                write: entry.write(),
            });
        }
        ctx.persist(self.change(WhatChanged::Append(entries.into())));
    }

    fn on_entries_persisted(&mut self, entries: &[Entry], ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        for entry in entries {
            let position = entry.position;
            // It may have been truncated in the meantime.
            if position.index <= self.length() && self.position(position.index) == position {
                self.persisted = self.persisted.max(position.index);
                ctx.note(Kind::Persisted {
                    node,
                    partition,
                    position,
                    write: entry.write(),
                });
            }
        }
        if self.role == Role::Leader {
            self.ready = self.persisted;
            return self.settle(ctx);
        }
        self.acknowledge(ctx);
        match ctx.settings.apply_us {
            0 => self.ready_up_to(self.persisted, ctx),
            apply_us => ctx.set_timer(Timer::Apply(partition, self.persisted), apply_us),
        }
    }

    fn ready_up_to(&mut self, index: u32, ctx: GroupCtx<'_, '_>) {
        self.ready = self.ready.max(index.min(self.persisted));
        self.apply(ctx);
    }

    /// Shows what may be shown by now.
    fn apply(&mut self, ctx: GroupCtx<'_, '_>) {
        let leads = self.role == Role::Leader;
        let limit = match ctx.settings.visible {
            Visible::OnAppend => self.ready,
            Visible::OnAck if leads => self.leading.acked.min(self.persisted),
            Visible::OnAck => self.ready,
            Visible::OnCommit => self.committed.min(self.ready),
        };
        if limit > self.applied {
            self.show(limit);
            let (node, partition, position) = (self.id, self.partition, self.position(limit));
            ctx.note(Kind::Applied {
                node,
                partition,
                position,
            });
            if ctx.settings.visible == Visible::OnCommit {
                ctx.persist(self.change(WhatChanged::Applied(limit)));
            }
        }
    }

    fn show(&mut self, upto: u32) {
        for entry in &self.log[self.applied as usize..upto as usize] {
            if let Some(row) = entry.row {
                let version = Some(Version::Log(entry.position));
                self.shown[usize::from(row.key.0)] = Held {
                    version,
                    value: row.value,
                    write: Some(row.write),
                };
            }
        }
        self.applied = upto;
    }

    fn tip_again(&mut self) {
        self.tip.fill(Value::Absent);
        for row in self.log.iter().filter_map(|entry| entry.row) {
            self.tip[usize::from(row.key.0)] = row.value;
        }
    }

    fn read(&mut self, op: OpId, keys: KeySet, by_leader: bool, ctx: GroupCtx<'_, '_>) {
        let leads = self.role == Role::Leader;
        if by_leader && !leads {
            let (partition, leader) = (self.partition, self.known_leader());
            return ctx.reply(
                op.client,
                Reply::NotLeader {
                    op,
                    partition,
                    leader,
                },
            );
        }
        if leads && ctx.settings.visible == Visible::OnCommit && !self.may_read() {
            // It does not know yet what the leader before it had told people.
            return self.leading.reads.push((op, keys));
        }
        self.answer(op, keys, ctx);
    }

    fn answer(&mut self, op: OpId, keys: KeySet, ctx: GroupCtx<'_, '_>) {
        let (node, partition) = (self.id, self.partition);
        let items: Items = keys
            .iter()
            .map(|key| (key, node, self.shown[usize::from(key.0)]))
            .collect();
        for (key, _, held) in &items {
            ctx.note(Kind::Served {
                node,
                op,
                key: *key,
                held: *held,
            });
        }
        ctx.reply(
            op.client,
            Reply::Answer {
                op,
                partition,
                items,
            },
        );
    }

    fn length(&self) -> u32 {
        self.log.len() as u32
    }

    fn last(&self) -> Position {
        self.position(self.length())
    }

    /// The position at an index of its log; that of index 0 stands before the first entry.
    fn position(&self, index: u32) -> Position {
        match index.checked_sub(1) {
            Some(before) => self.log[before as usize].position,
            None => Position::default(),
        }
    }

    fn send(&self, to: NodeId, body: Body, ctx: GroupCtx<'_, '_>) {
        ctx.send(
            to,
            Envelope {
                partition: self.partition,
                epoch: self.epoch,
                body,
            },
        );
    }

    fn change(&self, what: WhatChanged) -> LogChange {
        LogChange {
            partition: self.partition,
            what,
        }
    }

    fn view(&self) -> LogView {
        let tail = self.log.iter().rev().take(LogView::TAIL).rev();
        LogView {
            partition: self.partition,
            role: self.role,
            epoch: self.epoch,
            tail: tail
                .map(|entry| EntryView {
                    position: entry.position,
                    write: entry.write(),
                })
                .collect(),
            length: self.length(),
            persisted: self.persisted,
            applied: self.applied,
            committed: self.committed,
            fallen_back: self.leading.fallen_back,
        }
    }

    fn waiting<'a>(&'a self, settings: &Settings) -> impl Iterator<Item = Waiting> + use<'a> {
        let nodes = self.leading.progress.len();
        let need = match settings.ack {
            Ack::Async => 1,
            Ack::SemiSync { .. } if self.leading.fallen_back => 1,
            Ack::SemiSync { k, .. } => usize::from(k) + 1,
            Ack::Sync => nodes,
            Ack::Quorum => nodes / 2 + 1,
        };
        self.leading.pending.iter().map(move |pending| Waiting {
            op: pending.op,
            write: Some(pending.write),
            have: (self.followers_with(pending.index)
                + usize::from(self.persisted >= pending.index)) as u8,
            need: need as u8,
        })
    }
}

/// A replica's disk: one log a partition.
#[derive(Clone, Debug, PartialEq)]
pub struct Logs {
    logs: Vec<DiskLog>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct DiskLog {
    epoch: u32,
    entries: Vec<Entry>,
    /// How many entries reads had been shown, where that waits for the commit index.
    applied: u32,
}

/// A change to one log on a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct LogChange {
    partition: PartitionId,
    what: WhatChanged,
}

#[derive(Clone, Debug, PartialEq)]
enum WhatChanged {
    Append(SmallVec<[Entry; 1]>),
    Truncate(u32),
    Epoch(u32),
    /// An epoch, promised to a candidate.
    Promise {
        epoch: u32,
        to: NodeId,
    },
    Applied(u32),
}

impl Disk for Logs {
    type Change = LogChange;

    fn empty(structure: &Structure) -> Self {
        Logs {
            logs: vec![
                DiskLog {
                    epoch: 1,
                    ..DiskLog::default()
                };
                usize::from(structure.partitions)
            ],
        }
    }

    fn apply(&mut self, change: &LogChange) {
        let log = &mut self.logs[usize::from(change.partition.0)];
        match &change.what {
            WhatChanged::Append(entries) => log.entries.extend_from_slice(entries),
            WhatChanged::Truncate(keep) => {
                log.entries.truncate(*keep as usize);
                log.applied = log.applied.min(*keep);
            }
            WhatChanged::Epoch(epoch) | WhatChanged::Promise { epoch, .. } => {
                log.epoch = log.epoch.max(*epoch)
            }
            WhatChanged::Applied(applied) => log.applied = *applied,
        }
    }

    fn bytes(&self) -> usize {
        self.logs
            .iter()
            .map(|log| log.entries.len() * size_of::<Entry>())
            .sum()
    }
}

impl Message for Envelope {
    fn kind(&self) -> MessageKind {
        match self.body {
            Body::Append { .. } => MessageKind::Append,
            Body::Ack { .. } | Body::Reject { .. } | Body::Deposed { .. } => MessageKind::Ack,
            Body::Heartbeat { .. } => MessageKind::Heartbeat,
            Body::VoteRequest => MessageKind::VoteRequest,
            Body::Vote { .. } => MessageKind::Vote,
            Body::Appoint => MessageKind::Appoint,
        }
    }

    fn topic(&self) -> Topic {
        let counted = |number, attempt| Topic {
            attempt,
            ..Topic::counted(number, self.partition)
        };
        match &self.body {
            Body::Append {
                previous,
                entries,
                attempt,
                ..
            } => match entries.first() {
                Some(Entry { row: Some(row), .. }) => Topic {
                    partition: self.partition,
                    attempt: *attempt,
                    ..Topic::of(row.op)
                },
                Some(_) => Topic {
                    origin: Topic::NO_OP,
                    ..counted(self.epoch, *attempt)
                },
                None => counted(previous.index, *attempt),
            },
            Body::Ack { matched, repeats } => {
                counted(matched.index, self.epoch << 12 | repeats & 0xfff)
            }
            Body::Reject {
                try_after, repeats, ..
            } => counted(*try_after, self.epoch << 12 | repeats & 0xfff),
            Body::Heartbeat { beat, .. } => counted(*beat, self.epoch),
            Body::Deposed { count } => counted(*count, 0),
            Body::VoteRequest | Body::Vote { .. } | Body::Appoint => counted(self.epoch, 0),
        }
    }

    fn carries(&self) -> Carries {
        let of_partition = Carries {
            partition: Some(self.partition),
            ..Carries::default()
        };
        match &self.body {
            Body::Append { entries, .. } => Carries {
                from: entries.first().map(|entry| entry.position),
                upto: entries.last().map(|entry| entry.position),
                write: entries
                    .iter()
                    .rev()
                    .find_map(|entry| entry.row)
                    .map(|row| row.write),
                entries: entries.len() as u16,
                ..of_partition
            },
            Body::Ack { matched, .. } => Carries {
                upto: Some(*matched),
                ..of_partition
            },
            Body::Vote { last } => Carries {
                upto: Some(*last),
                ..of_partition
            },
            _ => of_partition,
        }
    }
}
