//! Many leaders: one in each region takes the region's writes, says "done" once it has them on its own
//! disk, and sends them on.
//!
//! Guarantees: replicas converge once every update is everywhere. That is all: an acknowledged write
//! is on one disk, and what two leaders take at once is in conflict.
//!
//! Every update carries its number among those that its leader took, and everybody takes them in that
//! order: so what somebody has is a count for each leader. The one way in which updates travel is that
//! a replica sends its peers what they lack, in the order in which it got it itself.
//! - *all to all*: a leader sends its own updates to each other leader;
//! - *ring*: it sends everything to the next one;
//! - *star*: the first leader sends everything to each, and each to the first;
//! - a leader sends everything to the followers of its region.
//!
//! A replica that starts again asks its peers what they have, and they ask it; each is believed anew.
//! What a leader has lost of its own comes back the same way: it takes no write until its peers have
//! answered and it has again what they have of it, or two `resend_ms` have passed. In each life it
//! counts from 1 in a stream of its own, so a number that is lost is never given again.
//!
//! There is no promotion inside a region.

use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::engine::chance::Topic;
use crate::engine::time::LocalTime;
use crate::ids::{
    Change as Edit, Dot, Held, KeyId, KeySet, NodeId, OpId, PartitionId, Place, Position, Version,
    WriteId,
};
use crate::protocol::defect::{self, Defect};
use crate::protocol::multi_leader::disk::{Change, Store, Then};
use crate::protocol::multi_leader::peers::{Peer, peers_of};
use crate::protocol::multi_leader::state::KeyState;
use crate::protocol::multi_leader::wire::{Batch, Body, Counts, Envelope, Payload, Stream, Update};
use crate::protocol::{Ctx, Disk, Items, KnownLeader, Replica, Reply, Request, Terms};
use crate::run::{NodeView, Role};
use crate::scenario::{Conflicts, Settings, Structure};
use crate::trace::{Action, Kind};

pub mod disk;
pub mod peers;
pub mod state;
#[cfg(test)]
mod tests;
pub mod wire;

/// A replica of a system with many leaders: a region's leader, or a follower.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiLeader {
    id: NodeId,
    /// Its region's.
    leader: NodeId,
    life: i64,
    /// What is on its disk. A leader shows it.
    store: Store,
    /// By stream, what it has taken: some of it may be on its way to the disk.
    taken: Counts,
    /// That, in order.
    persisting: VecDeque<Arc<Update>>,
    /// By key, what a follower shows, and how much of its log that is. Unused by a leader.
    shown: Vec<KeyState>,
    shown_upto: u32,
    peers: Vec<Peer>,
    /// The last question that it asked.
    asked: i64,
    /// Whether it has started again, and does not know yet what it has lost of its own.
    rejoining: bool,
    last_stamp: (LocalTime, u32),
}

/// What it sets timers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A peer has not acknowledged what it was sent, or not answered.
    Resend(NodeId),
    /// A follower shows so much of its log.
    Show(u32),
    /// A leader that has started again has waited for its peers for long enough.
    Rejoin,
}

impl Replica for MultiLeader {
    type Message = Envelope;
    type Timer = Timer;
    type Disk = Store;

    fn new(id: NodeId, structure: &Structure) -> Self {
        let leader = structure.leader_of(structure.region_of(Place::Node(id)));
        let store = Store::empty(structure);
        MultiLeader {
            id,
            leader,
            life: Stream::FIRST,
            taken: Counts::default(),
            persisting: VecDeque::new(),
            shown: if id == leader {
                Vec::new()
            } else {
                store.keys.clone()
            },
            shown_upto: 0,
            store,
            peers: peers_of(id, structure),
            asked: Stream::FIRST,
            rejoining: false,
            last_stamp: (LocalTime(i64::MIN), 0),
        }
    }

    fn recover(id: NodeId, structure: &Structure, _: &Settings, disk: &Store) -> Self {
        let new = MultiLeader::new(id, structure);
        MultiLeader {
            store: disk.clone(),
            taken: disk.counts.clone(),
            shown: if new.leads() {
                Vec::new()
            } else {
                disk.keys.clone()
            },
            shown_upto: disk.log.len() as u32,
            peers: new.peers.into_iter().map(Peer::forgotten).collect(),
            rejoining: true,
            ..new
        }
    }

    fn on_start(&mut self, ctx: &mut Ctx<'_, Self>) {
        if !self.rejoining {
            return;
        }
        self.life = ctx.now.0.max(self.store.life.saturating_add(1));
        self.asked = self.life;
        ctx.persist(Change::Life(self.life));
        ctx.set_timer(Timer::Rejoin, 2 * ctx.settings.resend_us);
        for peer in 0..self.peers.len() {
            self.ask(peer, ctx);
        }
    }

    fn on_message(&mut self, from: NodeId, message: Envelope, ctx: &mut Ctx<'_, Self>) {
        let Some(peer) = self.peers.iter().position(|peer| peer.id == from) else {
            return;
        };
        let is_new = self.peers[peer].is_new(message.life);
        match message.body {
            Body::Replicate { updates, question } => {
                self.peers[peer].has_sent(&updates);
                self.take_updates(from, message.topic, updates, question, ctx);
            }
            Body::Replicated {
                counts, answers, ..
            } if !is_new => {
                self.hear_counts(peer, &counts, answers, ctx);
            }
            Body::Replicated { .. } => {}
        }
        if is_new {
            self.ask(peer, ctx);
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_, Self>) {
        match request {
            Request::Do {
                op,
                partition,
                by_leader: true,
                ..
            } if !self.leads() => self.turn_away(op, partition, Some(self.leader), ctx),
            Request::Do {
                op,
                action: Action::Write { write, key, change },
                partition,
                terms,
                ..
            } => {
                if !self.leads() {
                    self.turn_away(op, partition, Some(self.leader), ctx);
                } else if self.has_lost_its_own() {
                    self.turn_away(op, partition, None, ctx);
                } else {
                    self.write(op, write, key, change, &terms, ctx);
                }
            }
            Request::Do {
                op,
                action: Action::Read { keys },
                partition,
                ..
            } => self.read(op, partition, keys, ctx),
            Request::Ask { client, number } => ctx.reply(
                client,
                Reply::Told {
                    number,
                    leaders: SmallVec::new(),
                    lags: SmallVec::new(),
                },
            ),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_, Self>) {
        match timer {
            Timer::Resend(id) => {
                if let Some(peer) = self.peers.iter().position(|peer| peer.id == id) {
                    self.send_again(peer, ctx);
                }
            }
            Timer::Show(upto) => self.show(upto),
            Timer::Rejoin => self.rejoining = false,
        }
    }

    fn is_unfinished(_: Timer) -> bool {
        true
    }

    fn on_persisted(&mut self, change: Change, ctx: &mut Ctx<'_, Self>) {
        let (updates, then) = match change {
            Change::Life(life) => return self.store.life = life,
            Change::Updates { updates, then } => (updates, then),
        };
        for update in &updates {
            self.persisting.pop_front();
            self.keep(update, ctx);
        }
        match (then, updates.last()) {
            (Then::Acknowledge(op), Some(update)) => self.acknowledge(op, update, ctx),
            (
                Then::Answer {
                    to,
                    topic,
                    question,
                },
                last,
            ) => {
                self.answer(to, topic, question, last.map(|update| update.write), ctx);
            }
            (Then::Acknowledge(_), None) => {}
        }
        for peer in 0..self.peers.len() {
            self.send_on(peer, ctx);
        }
    }

    fn view(&self, _: &Settings) -> NodeView {
        let keys = self.keys();
        let siblings = |(i, key): (usize, &KeyState)| {
            let rest: Vec<Held> = key.held().into_iter().skip(1).collect();
            rest.into_iter().map(move |held| (KeyId(i as u8), held))
        };
        NodeView {
            id: self.id,
            up: true,
            paused: false,
            skew_us: 0,
            role: if self.leads() {
                Role::Leader
            } else {
                Role::Follower
            },
            logs: Vec::new(),
            held: keys.iter().map(KeyState::first).collect(),
            siblings: keys.iter().enumerate().flat_map(siblings).collect(),
            hints: Vec::new(),
            waiting: Vec::new(),
        }
    }
}

/// Writes and reads.
impl MultiLeader {
    fn leads(&self) -> bool {
        self.id == self.leader
    }

    /// By key, what reads show.
    fn keys(&self) -> &[KeyState] {
        if self.leads() {
            &self.store.keys
        } else {
            &self.shown
        }
    }

    fn turn_away(
        &self,
        op: OpId,
        partition: PartitionId,
        leader: Option<NodeId>,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let leader = KnownLeader {
            epoch: 0,
            node: leader,
        };
        ctx.reply(
            op.client,
            Reply::NotLeader {
                op,
                partition,
                leader,
            },
        );
    }

    /// Whether a write that it takes now might get the number of one that it has lost.
    fn has_lost_its_own(&mut self) -> bool {
        let is_back = |peer: &Peer| {
            let mut own = peer.has_of(self.id);
            peer.question().is_none() && own.all(|(stream, count)| self.taken.get(stream) >= count)
        };
        self.rejoining = self.rejoining && !self.peers.iter().all(is_back);
        self.rejoining
    }

    fn write(
        &mut self,
        op: OpId,
        write: WriteId,
        key: KeyId,
        edit: Edit,
        terms: &Terms,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let conflicts = ctx.structure.conflicts;
        // What is on its way to the disk counts: else of two quick additions one would be lost.
        let mut before = self.store.keys[usize::from(key.0)].clone();
        let on_its_way = self.persisting.iter().filter(|update| update.key == key);
        on_its_way.for_each(|update| {
            before.take(update, conflicts);
        });
        let held = before.first();
        // Siblings: what the client has seen. Otherwise a leader edits what it has.
        let seen = match conflicts {
            Conflicts::Siblings => terms.context(),
            _ => before.taken,
        };
        let me = usize::from(self.id.0);
        // Others may have seen writes that it has lost.
        let last = before.taken.0[me]
            .max(before.seen.0[me])
            .max(terms.context().0[me]);
        let dot = Dot {
            node: self.id,
            counter: last.saturating_add(1),
        };
        let payload = match (conflicts, edit) {
            (Conflicts::Merge, Edit::Add(by)) => Payload::Add(by),
            (Conflicts::Merge, Edit::Insert(item)) => Payload::Insert(item),
            (Conflicts::Merge, Edit::Remove(item)) => Payload::Remove(item),
            _ => Payload::Put(edit.applied_to(held.value)),
        };
        let version = match (conflicts, payload) {
            (Conflicts::LastWriteWins, _) | (Conflicts::Merge, Payload::Put(_)) => {
                self.stamp(ctx.now)
            }
            // One more than what the leader has, not than what the client saw: the leader edits its own.
            (Conflicts::HighestVersion, _) => Version::Revision {
                count: match held.version {
                    Some(Version::Revision { count, .. }) => count + 1,
                    _ => 1,
                },
                node: self.id,
            },
            (Conflicts::Merge | Conflicts::Siblings, _) => Version::Dotted { dot, seen },
        };
        let stream = Stream {
            origin: self.id,
            life: self.life,
        };
        let update = Arc::new(Update {
            stream,
            number: self.taken.get(stream) + 1,
            key,
            dot,
            seen,
            version,
            payload,
            op,
            write,
        });
        self.taken.take(&update);
        self.persist(Batch::from_iter([update]), Then::Acknowledge(op), ctx);
    }

    fn stamp(&mut self, now: LocalTime) -> Version {
        let (last, counter) = self.last_stamp;
        self.last_stamp = (now, if now > last { 0 } else { counter + 1 });
        Version::Stamp {
            at_us: now.0,
            coordinator: self.id,
            counter: self.last_stamp.1,
        }
    }

    fn acknowledge(&self, op: OpId, update: &Update, ctx: &mut Ctx<'_, Self>) {
        let (write, version) = (update.write, update.version);
        ctx.note(Kind::Acknowledged {
            node: self.id,
            op,
            write,
            partition: PartitionId(0),
            version,
            epoch: 0,
        });
        ctx.reply(op.client, Reply::Done { op, version });
    }

    fn read(&self, op: OpId, partition: PartitionId, keys: KeySet, ctx: &mut Ctx<'_, Self>) {
        let mut items = Items::new();
        for key in keys.iter() {
            for held in self.keys()[usize::from(key.0)].held() {
                items.push((key, self.id, held));
                ctx.note(Kind::Served {
                    node: self.id,
                    op,
                    key,
                    held,
                });
            }
        }
        let upto = Position::default();
        ctx.reply(
            op.client,
            Reply::Answer {
                op,
                partition,
                items,
                upto,
            },
        );
    }
}

/// Updates: in, to disk, and on.
impl MultiLeader {
    /// Takes what is next of its stream; a gap, or what it has already, is passed over.
    fn take_updates(
        &mut self,
        from: NodeId,
        topic: Topic,
        updates: Batch,
        question: Option<i64>,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let passes = defect::is(ctx.structure, Defect::GapPassed);
        let next = updates
            .into_iter()
            .filter(|update| self.taken.take(update) || passes && self.taken.jump_to(update));
        let next: Batch = next.collect();
        if next.is_empty() {
            self.answer(from, topic, question, None, ctx);
        } else {
            let then = Then::Answer {
                to: from,
                topic,
                question,
            };
            self.persist(next, then, ctx);
        }
    }

    fn persist(&mut self, updates: Batch, then: Then, ctx: &mut Ctx<'_, Self>) {
        self.persisting.extend(updates.iter().cloned());
        ctx.persist(Change::Updates { updates, then });
    }

    /// An update is on its disk.
    fn keep(&mut self, update: &Arc<Update>, ctx: &mut Ctx<'_, Self>) {
        let (node, key, write) = (self.id, update.key, update.write);
        let taken = self.store.take(update);
        ctx.note(Kind::Stored {
            node,
            key,
            version: update.version,
            write,
            newest: taken.newest,
        });
        if !self.leads() {
            ctx.set_timer(
                Timer::Show(self.store.log.len() as u32),
                ctx.settings.apply_us,
            );
            return;
        }
        // Of a conflict the leaders tell: their followers come to the same.
        for (there, kept) in taken.conflicts {
            ctx.note(Kind::Conflict {
                node,
                key,
                there,
                came: write,
                kept,
            });
        }
    }

    /// A follower shows so much of its log.
    fn show(&mut self, upto: u32) {
        for place in self.shown_upto..upto {
            let update = &self.store.log[place as usize];
            self.shown[usize::from(update.key.0)].take(update, self.store.conflicts);
        }
        self.shown_upto = self.shown_upto.max(upto);
    }

    fn answer(
        &self,
        to: NodeId,
        topic: Topic,
        answers: Option<i64>,
        write: Option<WriteId>,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let counts = self.store.counts.clone();
        let body = Body::Replicated {
            counts,
            answers,
            write,
        };
        self.send(to, topic, body, ctx);
    }

    /// A peer has said what it has.
    fn hear_counts(
        &mut self,
        peer: usize,
        counts: &Counts,
        answers: Option<i64>,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let known = &mut self.peers[peer];
        if !answers.is_some_and(|question| known.has_answered(question, counts)) {
            known.has_said(counts);
        }
        let progress = known.settle(self.id, &self.store.log);
        self.send_on(peer, ctx);
        let known = &self.peers[peer];
        if known.question().is_some() {
            return;
        }
        if known.in_flight == 0 {
            ctx.cancel_timer(Timer::Resend(known.id));
        } else if progress {
            ctx.set_timer(Timer::Resend(known.id), ctx.settings.resend_us);
        }
    }

    /// Sends a peer what it lacks and has not been sent.
    fn send_on(&mut self, peer: usize, ctx: &mut Ctx<'_, Self>) {
        loop {
            let known = &mut self.peers[peer];
            let idle = known.in_flight == 0;
            let mut updates = known.batch(self.id, &self.store.log);
            let (to, attempt) = (known.id, known.attempt);
            let Some(first) = updates.first().map(|update| update.op) else {
                return;
            };
            if idle {
                ctx.set_timer(Timer::Resend(to), ctx.settings.resend_us);
            }
            if defect::is(ctx.structure, Defect::PassedOnLate) && attempt.is_multiple_of(2) {
                updates.retain(|update| update.stream.origin == self.id);
            }
            let topic = Topic {
                attempt,
                ..Topic::of(first)
            };
            let body = Body::Replicate {
                updates,
                question: None,
            };
            self.send(to, topic, body, ctx);
        }
    }

    /// Asks a peer what it has, and tells it of its own life.
    fn ask(&mut self, peer: usize, ctx: &mut Ctx<'_, Self>) {
        self.asked = self.asked.wrapping_add(1);
        self.peers[peer].ask(self.asked);
        self.repeat_question(peer, self.asked, ctx);
    }

    fn repeat_question(&mut self, peer: usize, question: i64, ctx: &mut Ctx<'_, Self>) {
        let (to, attempt) = (self.peers[peer].id, self.peers[peer].attempt);
        ctx.set_timer(Timer::Resend(to), ctx.settings.resend_us);
        let topic = Topic {
            attempt,
            ..Topic::counted(question as u32, PartitionId(0))
        };
        let body = Body::Replicate {
            updates: Batch::new(),
            question: Some(question),
        };
        self.send(to, topic, body, ctx);
    }

    fn send_again(&mut self, peer: usize, ctx: &mut Ctx<'_, Self>) {
        let known = &mut self.peers[peer];
        if let Some(question) = known.question() {
            known.attempt += 1;
            self.repeat_question(peer, question, ctx);
        } else if known.in_flight > 0 {
            known.attempt += 1;
            known.start_over();
            self.send_on(peer, ctx);
        }
    }

    fn send(&self, to: NodeId, topic: Topic, body: Body, ctx: &mut Ctx<'_, Self>) {
        let life = self.life;
        ctx.send(to, Envelope { life, topic, body });
    }
}
