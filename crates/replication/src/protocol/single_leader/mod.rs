//! One leader: it takes the writes, orders them in a log, and streams that log to its followers.
//!
//! Guarantees: every replica's log is a prefix of its leader's, up to what a failover discards. With
//! `ack: quorum` and promotion by majority an acknowledged write survives any failover, since a new
//! leader has the longest log of a majority, as long as no disk is lost or restored. With other rules it
//! does so where the acknowledgement waited for enough replicas, and not otherwise.
//!
//! Partitions are independent: each is one replicated log with a leader of its own.
//!
//! Promotion by `majority`: a majority of all nodes durably promises a new epoch, refuses lower ones
//! from then on, and reports its last position; the highest is appointed. (Ongaro and Ousterhout,
//! "In search of an understandable consensus algorithm", 2014, with the vote's two halves apart.)
//! Promotion by `reachable`: see `manager.rs`; it asks nobody, and may lose what a majority had.
//!
//! A write can carry an idempotency key. A leader that has an entry with the same key in its log appends
//! nothing, and answers for that entry once it meets the ack rule. Keys stay with their entries, on disks
//! and in snapshots, and go with them: what a failover discards, or a restore lacks, is written anew.
//!
//! An epoch is followed by whoever hears of it, but an old leader that hears nothing goes on saying
//! "done", unless a lease stops it: see `lease.rs`.

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::engine::time::LocalTime;
use crate::ids::{Held, NodeId, OpId, PartitionId, Position, Value, WriteId};
use crate::ordered::Ordered;
use crate::protocol::{Ctx, KnownLeader, Lag, Replica, Reply, Request};
use crate::run::{EntryView, LogView, NodeView, Role, Waiting};
use crate::scenario::{Settings, Structure};
use crate::trace::{Action, Kind};

mod disk;
mod election;
mod follower;
mod leader;
mod lease;
mod log;
mod manager;
mod reads;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

use disk::{DiskLog, WhatChanged};
pub use disk::{LogChange, Logs};
use lease::Lease;
use log::{Entry, Row};
use manager::Watch;
use reads::Read;
use wire::Body;
pub use wire::Envelope;

/// A replica of a single-leader system, or its failover manager.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleLeader {
    id: NodeId,
    part: Part,
}

/// What it does in each partition.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Replica(Vec<Group>),
    Manager(Vec<Watch>),
}

/// A replica's part in one partition's log.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    id: NodeId,
    partition: PartitionId,
    role: Role,
    /// The highest epoch that it has heard of; lower ones are refused.
    epoch: u32,
    /// The highest epoch on its disk.
    epoch_on_disk: u32,
    /// The epoch that it restarted with: it can't know whether it has led that one.
    epoch_at_restart: u32,
    /// The leader of its epoch, once known.
    leader: Option<NodeId>,
    log: Vec<Entry>,
    /// How many of the first entries it no longer sends: those that need them get a snapshot.
    trimmed: u32,
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
    /// How many entries it has evaluated: a leader all, a follower at least what it shows.
    evaluated: u32,
    /// By key, what those say.
    tip: Vec<Value>,
    /// Reads whose session token names what it does not show yet.
    parked: Vec<Read>,
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
    /// Up to where it last told the leader that it has the log in memory, and on show.
    told: (u32, u32),
    /// Whether it can't apply what it was sent.
    stopped: bool,
    /// When it last heard from the leader; `None` until it has, since it started.
    heard: Option<LocalTime>,
    /// What there is, by index, and since when it knows; what it shows is left out.
    news: VecDeque<(u32, LocalTime)>,
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
    /// Standbys: whether it keeps watch over who is connected.
    watches_standbys: bool,
    /// Heartbeats so far: regular ones, those sent for reads, and all.
    beats: u32,
    beats_for_reads: u32,
    rounds: u32,
    /// Whether it may serve, as far as leases go.
    lease: Lease,
    /// Reads that can't be answered yet.
    reads: Vec<Read>,
}

/// What the leader knows of a follower.
#[derive(Clone, Debug, Default, PartialEq)]
struct Progress {
    /// Up to where the follower has it on disk.
    matched: u32,
    /// Up to where the follower has it in memory, and on show.
    received: u32,
    applied: u32,
    /// The next index to send.
    next: u32,
    /// Whether it is still looking for where the logs part: then one message at a time.
    probing: bool,
    /// While probing, whether that one message is out.
    out: bool,
    /// How often it has sent something again.
    attempt: u32,
    /// When it last sent a snapshot that was not answered yet.
    snapshot_at: Option<LocalTime>,
    /// When it last heard from the follower, and whether it takes it for connected.
    heard: LocalTime,
    connected: bool,
    /// The latest heartbeat that the follower answered: which, and when it was sent.
    answered_round: u32,
    answered: Option<LocalTime>,
}

#[derive(Clone, Debug, PartialEq)]
struct Pending {
    op: OpId,
    write: WriteId,
    index: u32,
    since: LocalTime,
}

/// What a replica or manager sets timers for.
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
    /// The leader's lease runs out, or its predecessor's has.
    Lease(PartitionId),
    /// A read has waited for long enough for what its session token names.
    Parked(PartitionId, OpId),
    /// The manager has not heard of the leader.
    Silence(PartitionId),
    /// The manager has waited for long enough for replicas to say how far they are.
    Choose(PartitionId),
}

impl Replica for SingleLeader {
    type Message = Envelope;
    type Timer = Timer;
    type Disk = Logs;

    fn new(id: NodeId, structure: &Structure) -> Self {
        let partitions = (0..structure.partitions).map(PartitionId);
        let part = if structure.manager() == Some(id) {
            Part::Manager(partitions.map(|p| Watch::new(id, p, 1)).collect())
        } else {
            Part::Replica(partitions.map(|p| Group::new(id, p, structure)).collect())
        };
        SingleLeader { id, part }
    }

    fn recover(id: NodeId, structure: &Structure, settings: &Settings, disk: &Logs) -> Self {
        let logs = (0..structure.partitions).map(PartitionId).zip(&disk.logs);
        let part = if structure.manager() == Some(id) {
            Part::Manager(
                logs.map(|(p, disk)| Watch::new(id, p, disk.epoch))
                    .collect(),
            )
        } else {
            Part::Replica(
                logs.map(|(p, disk)| Group::recover(id, p, structure, settings, disk))
                    .collect(),
            )
        };
        SingleLeader { id, part }
    }

    fn on_start(&mut self, ctx: &mut Ctx<'_, Self>) {
        match &mut self.part {
            Part::Replica(groups) => groups.iter_mut().for_each(|group| group.start(ctx)),
            Part::Manager(watches) => watches.iter_mut().for_each(|watch| watch.wait(ctx)),
        }
    }

    fn on_message(&mut self, from: NodeId, envelope: Envelope, ctx: &mut Ctx<'_, Self>) {
        let at = usize::from(envelope.partition.0);
        match &mut self.part {
            Part::Replica(groups) => groups[at].on_message(from, envelope, ctx),
            Part::Manager(watches) => watches[at].on_message(from, envelope, ctx),
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_, Self>) {
        match request {
            Request::Do {
                op,
                action,
                partition,
                by_leader,
                terms,
            } => {
                let at = usize::from(partition.0);
                match (&mut self.part, action) {
                    (Part::Replica(groups), Action::Write { write, key, change }) => {
                        let row = Row {
                            key,
                            change,
                            value: Value::Absent,
                            evaluated: true,
                            write,
                            op,
                            idempotency_key: terms.idempotency_key,
                        };
                        groups[at].write(row, ctx)
                    }
                    (Part::Replica(groups), Action::Read { keys }) => {
                        let read = Read::new(op, keys, by_leader, terms.token);
                        groups[at].read(read, ctx)
                    }
                    (Part::Manager(watches), _) => {
                        let leader = watches[at].known_leader();
                        ctx.reply(
                            op.client,
                            Reply::NotLeader {
                                op,
                                partition,
                                leader,
                            },
                        )
                    }
                }
            }
            Request::Ask { client, number } => {
                let told: (SmallVec<[KnownLeader; 2]>, SmallVec<[Lag; 2]>) = match &self.part {
                    Part::Replica(groups) => groups
                        .iter()
                        .map(|group| (group.known_leader(), group.lag(ctx)))
                        .unzip(),
                    Part::Manager(watches) => watches
                        .iter()
                        .map(|watch| (watch.known_leader(), Lag::default()))
                        .unzip(),
                };
                let (leaders, lags) = told;
                ctx.reply(
                    client,
                    Reply::Told {
                        number,
                        leaders,
                        lags,
                    },
                );
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Self>) {
        let (Timer::Heartbeat(p)
        | Timer::Election(p)
        | Timer::Resend(p, _)
        | Timer::FallBack(p)
        | Timer::Apply(p, _)
        | Timer::Lease(p)
        | Timer::Parked(p, _)
        | Timer::Silence(p)
        | Timer::Choose(p)) = timer;
        let at = usize::from(p.0);
        match &mut self.part {
            Part::Replica(groups) => groups[at].on_timer(timer, ctx),
            Part::Manager(watches) => watches[at].on_timer(timer, ctx),
        }
    }

    fn is_unfinished(timer: Timer) -> bool {
        match timer {
            Timer::Resend(..) | Timer::FallBack(_) | Timer::Apply(..) => true,
            Timer::Parked(..) | Timer::Choose(_) => true,
            Timer::Heartbeat(_) | Timer::Election(_) | Timer::Lease(_) | Timer::Silence(_) => false,
        }
    }

    fn on_persisted(&mut self, change: LogChange, ctx: &mut Ctx<'_, Self>) {
        let at = usize::from(change.partition.0);
        match &mut self.part {
            Part::Replica(groups) => groups[at].on_persisted(change.what, ctx),
            Part::Manager(watches) => watches[at].on_persisted(change.what, ctx),
        }
    }

    fn view(&self, settings: &Settings) -> NodeView {
        let view = NodeView {
            id: self.id,
            up: true,
            paused: false,
            skew_us: 0,
            role: Role::Manager,
            logs: Vec::new(),
            held: Vec::new(),
            siblings: Vec::new(),
            hints: Vec::new(),
            waiting: Vec::new(),
        };
        let Part::Replica(groups) = &self.part else {
            return view;
        };
        let Some(first) = groups.first() else {
            return view;
        };
        // A key is written in one partition: the others show nothing for it.
        let shown = |key: usize| {
            let mut of_key = groups.iter().map(|group| group.shown[key]);
            of_key
                .find(|held| held.version.is_some())
                .unwrap_or_default()
        };
        let waiting = groups.iter().flat_map(|group| group.waiting(settings));
        NodeView {
            role: first.role,
            logs: groups.iter().map(Group::view).collect(),
            held: (0..first.shown.len()).map(shown).collect(),
            waiting: waiting.collect(),
            ..view
        }
    }
}

type GroupCtx<'a, 'b> = &'a mut Ctx<'b, SingleLeader>;

/// A group's life: beginning, what reaches it, and changing epochs.
impl Group {
    fn new(id: NodeId, partition: PartitionId, structure: &Structure) -> Self {
        let keys = usize::from(structure.keys);
        let first = NodeId(0);
        let mut group = Group {
            id,
            partition,
            role: Role::Follower,
            epoch: 1,
            epoch_on_disk: 1,
            epoch_at_restart: 0,
            leader: Some(first),
            log: Vec::new(),
            trimmed: 0,
            persisted: 0,
            ready: 0,
            committed: 0,
            applied: 0,
            shown: vec![Held::default(); keys],
            evaluated: 0,
            tip: vec![Value::Absent; keys],
            parked: Vec::new(),
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
                    connected: true,
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
        let epoch = disk.epoch.max(last_epoch);
        let mut group = Group {
            role: Role::Follower,
            epoch,
            epoch_on_disk: epoch,
            epoch_at_restart: epoch,
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
        group.tell_tip(length);
        let shown = group.limit(settings).min(group.evaluated);
        group.show(shown);
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
            self.leading.progress.iter_mut().for_each(|progress| {
                progress.heard = ctx.now;
            });
            self.beat(ctx);
        } else {
            self.wait_for_leader(ctx);
            // Statements that it had not evaluated when it stopped.
            self.apply(ctx);
        }
    }

    fn on_message(&mut self, from: NodeId, envelope: Envelope, ctx: GroupCtx<'_, '_>) {
        let Envelope { epoch, body, .. } = envelope;
        if let Body::Inspect { round } = body {
            return self.tell_how_far(from, round, ctx);
        }
        if epoch < self.epoch {
            return self.refuse(from, body, ctx);
        }
        let to_this_leader = self.role == Role::Leader && epoch == self.epoch;
        match body {
            Body::Append {
                previous,
                entries,
                committed,
                ..
            } => {
                if self.follow(from, epoch, ctx) {
                    self.append_from_leader(previous, &entries, committed, ctx);
                }
            }
            Body::Snapshot {
                entries, committed, ..
            } => {
                if self.follow(from, epoch, ctx) {
                    self.install(entries, committed, ctx);
                }
            }
            Body::Heartbeat {
                pulse,
                committed,
                newest,
                answer,
            } => {
                if self.follow(from, epoch, ctx) {
                    self.heartbeat(committed, newest, answer.then_some(pulse), ctx);
                }
            }
            Body::Ack { upto, .. } if to_this_leader => self.count_ack(from, upto, ctx),
            Body::Reject {
                try_after, asks, ..
            } if to_this_leader => self.step_back(from, try_after, asks, ctx),
            Body::Alive(pulse) if to_this_leader => self.count_answer(from, pulse, ctx),
            Body::VoteRequest => self.promise(from, epoch, ctx),
            Body::Vote { last } => self.count_vote(from, epoch, last, ctx),
            Body::Appoint => self.accept_appointment(epoch, ctx),
            Body::Deposed { .. } => self.hear_of_epoch(epoch, ctx),
            Body::Ack { .. } | Body::Reject { .. } | Body::Alive(_) => {}
            Body::Inspect { .. } | Body::Inspected { .. } => {}
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: GroupCtx<'_, '_>) {
        match timer {
            Timer::Heartbeat(_) => self.beat(ctx),
            Timer::Election(_) => self.stand(ctx),
            Timer::Resend(_, follower) => self.resend(follower, ctx),
            Timer::FallBack(_) => self.consider_falling_back(ctx),
            Timer::Apply(_, index) => self.ready_up_to(index, ctx),
            Timer::Lease(_) => self.settle(ctx),
            Timer::Parked(_, op) => self.give_up_on(op, ctx),
            Timer::Silence(_) | Timer::Choose(_) => {}
        }
    }

    fn on_persisted(&mut self, what: WhatChanged, ctx: GroupCtx<'_, '_>) {
        match what {
            WhatChanged::Append(entries) => self.on_entries_persisted(&entries, ctx),
            WhatChanged::Snapshot { entries, there } => {
                self.on_entries_persisted(&entries[there as usize..], ctx)
            }
            WhatChanged::Promise { epoch, to } => {
                self.epoch_on_disk = self.epoch_on_disk.max(epoch);
                self.on_promise_persisted(epoch, to, ctx);
            }
            WhatChanged::Epoch(epoch) => self.epoch_on_disk = self.epoch_on_disk.max(epoch),
            WhatChanged::Truncate(_) | WhatChanged::Applied(_) | WhatChanged::Evaluated(_) => {}
        }
    }

    /// Somebody speaks for an older epoch: tell them.
    fn refuse(&mut self, from: NodeId, body: Body, ctx: GroupCtx<'_, '_>) {
        if body.wants_a_follower() {
            self.refusals += 1;
            let count = self.refusals;
            self.send(from, Body::Deposed { count }, ctx);
        }
    }

    fn hear_of_epoch(&mut self, epoch: u32, ctx: GroupCtx<'_, '_>) {
        if epoch <= self.epoch {
            return;
        }
        self.epoch = epoch;
        self.leader = None;
        self.candidate.votes.clear();
        ctx.persist(self.change(WhatChanged::Epoch(epoch)));
        if self.role == Role::Leader {
            self.step_down(ctx);
        }
        self.follow_anew(None);
    }

    /// Its clients hear nothing more from it: whether their writes live is the new leader's to say.
    fn step_down(&mut self, ctx: GroupCtx<'_, '_>) {
        self.leading = Leading::default();
        self.parked.retain(|read| !read.by_leader);
        self.role = Role::Follower;
        let (node, partition, epoch) = (self.id, self.partition, self.epoch);
        ctx.note(Kind::SteppedDown {
            node,
            partition,
            epoch,
        });
        ctx.cancel_timer(Timer::Heartbeat(partition));
        ctx.cancel_timer(Timer::FallBack(partition));
        ctx.cancel_timer(Timer::Lease(partition));
        for follower in ctx.structure.replicas() {
            ctx.cancel_timer(Timer::Resend(partition, follower));
        }
        self.wait_for_leader(ctx);
    }

    /// A leader speaks whose epoch is not lower than one's own. Returns whether to listen to it.
    fn follow(&mut self, leader: NodeId, epoch: u32, ctx: GroupCtx<'_, '_>) -> bool {
        if epoch == self.epoch && self.role == Role::Leader {
            // Two can lead one epoch only where a disk was lost or restored: the lower number stays.
            if self.id < leader {
                return false;
            }
            self.step_down(ctx);
        }
        self.hear_of_epoch(epoch, ctx);
        if self.leader != Some(leader) {
            self.follow_anew(Some(leader));
        }
        self.role = Role::Follower;
        self.wait_for_leader(ctx);
        true
    }

    /// What it knew of its log is as against another leader's.
    fn follow_anew(&mut self, leader: Option<NodeId>) {
        self.role = Role::Follower;
        self.leader = leader;
        self.follower.verified = 0;
        self.follower.told = (0, 0);
        self.follower.news.clear();
    }

    fn known_leader(&self) -> KnownLeader {
        KnownLeader {
            epoch: self.epoch,
            node: self.leader,
        }
    }

    fn not_leader(&self, op: OpId, leader: KnownLeader, ctx: GroupCtx<'_, '_>) {
        let partition = self.partition;
        let reply = Reply::NotLeader {
            op,
            partition,
            leader,
        };
        ctx.reply(op.client, reply);
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
            serving: self.role == Role::Leader && self.leading.lease.is_held(),
            trimmed: self.trimmed,
            stopped: self.follower.stopped,
        }
    }

    fn waiting(&self, settings: &Settings) -> Vec<Waiting> {
        let writes = self.leading.pending.iter().map(|pending| Waiting {
            op: pending.op,
            write: Some(pending.write),
            have: self.have(pending.index, settings),
            need: self.need(settings),
        });
        let reads = self.leading.reads.iter().map(|read| Waiting {
            op: read.op,
            write: None,
            have: self.confirmed_by(read),
            need: (self.leading.progress.len() / 2 + 1) as u8,
        });
        writes.chain(reads).collect()
    }
}
