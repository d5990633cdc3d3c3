//! The coordinator of a write.

use smallvec::SmallVec;

use crate::engine::time::LocalTime;
use crate::ids::{Change, Held, KeyId, NodeId, OpId, Value, Vector, Version, WriteId};
use crate::protocol::defect::{self, Defect};
use crate::protocol::leaderless::stamp::Stamps;
use crate::protocol::leaderless::store::{MadeOne, Siblings, Waiter, take_in};
use crate::protocol::leaderless::wire::{About, Leg, Sent};
use crate::protocol::leaderless::{Envelope, Leaderless, PARTITION, StoreChange, Timer, bit};
use crate::protocol::{Ctx, Reply, Terms};
use crate::run::Waiting;
use crate::scenario::{Structure, Versions};
use crate::trace::Kind;

/// A write that waits, or only counts stragglers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WriteUnderWay {
    key: KeyId,
    write: WriteId,
    version: Version,
    /// What is sent.
    versions: Siblings,
    need: u8,
    /// The copies that have it, or for which another has it, as bits: each counts once.
    acked: u16,
    is_done: bool,
    /// For each copy, who was asked to have it. Empty until it is sent.
    places: SmallVec<[(NodeId, NodeId); 3]>,
}

impl WriteUnderWay {
    /// What a screen shows.
    pub(super) fn waiting(&self, op: OpId) -> Waiting {
        Waiting {
            op,
            write: Some(self.write),
            have: self.acks(),
            need: self.need,
        }
    }

    fn acks(&self) -> u8 {
        self.acked.count_ones() as u8
    }

    fn sent(&self, op: OpId) -> Sent {
        let about = About {
            op,
            key: self.key,
            write: Some(self.write),
        };
        Sent {
            about,
            versions: self.versions.clone(),
        }
    }

    /// The copies that lack it as far as is known, and who was asked.
    fn lacking(&self) -> SmallVec<[(NodeId, NodeId); 3]> {
        let lacks = |(home, _): &(NodeId, NodeId)| self.acked & bit(*home) == 0;
        self.places.iter().copied().filter(lacks).collect()
    }
}

impl Leaderless {
    pub(super) fn write(
        &mut self,
        op: OpId,
        write: WriteId,
        key: KeyId,
        change: Change,
        terms: Terms,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let need = terms.quorum.unwrap_or(ctx.settings.w);
        if self.within_reach(key, ctx) < need {
            ctx.reply(op.client, Reply::Refused { op });
            return;
        }
        let version = match ctx.structure.versions {
            Versions::Timestamps if defect::is(ctx.structure, Defect::StampsTied) => {
                let tenth = LocalTime(ctx.now.0 / 100_000);
                Stamps::default().next(NodeId(0), tenth)
            }
            Versions::Timestamps => self.stamps.next(self.id, ctx.now),
            Versions::Dotted => {
                let mut seen = terms.context();
                if defect::is(ctx.structure, Defect::ConflictCovered) {
                    let here = &self.disk.held[usize::from(key.0)];
                    seen.join(&dots_of(here));
                }
                Version::Dotted {
                    dot: self.next_dot(key, &seen),
                    seen,
                }
            }
        };
        // Clients set: they have added to what they last saw themselves.
        let value = change.applied_to(Value::Absent);
        let held = Held {
            version: Some(version),
            value,
            write: Some(write),
        };
        let mut under_way = WriteUnderWay {
            key,
            write,
            version,
            versions: Siblings::from_slice(&[held]),
            need,
            acked: 0,
            is_done: false,
            places: SmallVec::new(),
        };
        if let Version::Dotted { dot, .. } = version {
            let made = &mut self.made[usize::from(key.0)];
            made.settle(&self.disk.held[usize::from(key.0)]);
            take_in(&mut made.versions, held);
            made.counter = dot.counter;
            under_way.versions = made.versions.clone();
        }
        self.writes.insert(op, under_way);
        ctx.set_timer(Timer::Forget(op), ctx.settings.client_timeout_us);
        match ctx.structure.versions {
            Versions::Timestamps => self.send_out(op, ctx),
            // The dot is on disk before anybody hears of it: it is never taken again.
            Versions::Dotted => {
                let made = self.made[usize::from(key.0)].clone();
                ctx.persist(StoreChange::Make(MadeOne { op, key, made }));
            }
        }
    }

    /// Sends a write to all copies, or to those who stand in for them.
    pub(super) fn send_out(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(under_way) = self.writes.get(op).filter(|write| write.places.is_empty()) else {
            return;
        };
        let (key, sent) = (under_way.key, under_way.sent(op));
        let mut places = SmallVec::<[(NodeId, NodeId); 3]>::new();
        let mut used = copies_of(key, ctx.structure);
        for home in ctx.structure.copies_of(key) {
            let stand_in = match self.doubt.is_doubted(home) && ctx.settings.sloppy.is_some() {
                true => self.stand_in(key, used, ctx.structure),
                false => None,
            };
            let at = stand_in.unwrap_or(home);
            used |= bit(at);
            places.push((home, at));
        }
        if let Some(under_way) = self.writes.get_mut(op) {
            under_way.places = places.clone();
        }
        if ctx.settings.sloppy.is_some() {
            ctx.set_timer(Timer::Replace(op), ctx.settings.doubt_after_us);
        }
        for (home, at) in places {
            if at != home {
                self.ask_to_keep(sent.clone(), home, at, ctx);
            } else if self.keeps_hints(ctx) && self.doubt.is_doubted(home) {
                self.keep_hint(sent.clone(), home, None, ctx);
            } else if home == self.id {
                let waiter = Waiter::Writer(home, op, sent.about.write.unwrap_or(WriteId(0)));
                self.take(key, sent.versions.clone(), waiter, ctx);
            } else {
                ctx.send(home, Envelope(Leg::Store(sent.clone())));
            }
        }
    }

    /// A copy has it, or another for that copy.
    pub(super) fn count_ack(&mut self, home: NodeId, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(under_way) = self.writes.get_mut(op) else {
            return;
        };
        if under_way.places.iter().all(|(copy, _)| *copy != home) {
            return;
        }
        under_way.acked |= bit(home);
        let (write, version) = (under_way.write, under_way.version);
        let has_all = under_way.lacking().is_empty();
        if !under_way.is_done && under_way.acks() >= under_way.need {
            under_way.is_done = true;
            let node = self.id;
            let partition = PARTITION;
            ctx.note(Kind::Acknowledged {
                node,
                op,
                write,
                partition,
                version,
                epoch: 0,
            });
            ctx.reply(op.client, Reply::Done { op, version });
        }
        if has_all {
            self.writes.remove(op);
            ctx.cancel_timer(Timer::Forget(op));
            ctx.cancel_timer(Timer::Replace(op));
        }
    }

    /// The client no longer waits: who has not answered may be gone, and what it lacks is kept for it.
    pub(super) fn forget_write(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(under_way) = self.writes.remove(op) else {
            return;
        };
        for (home, at) in under_way.lacking() {
            self.suspect(at, ctx);
            if self.keeps_hints(ctx) && home != self.id && !self.disk.hints.contains((home, op)) {
                self.keep_hint(under_way.sent(op), home, None, ctx);
            }
        }
        ctx.cancel_timer(Timer::Replace(op));
    }

    /// Sloppy quorum: has others stand in for those who have not answered.
    pub(super) fn replace_in_write(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(under_way) = self.writes.get(op) else {
            return;
        };
        if ctx.settings.sloppy.is_none() {
            return;
        }
        let (key, sent, lacking) = (under_way.key, under_way.sent(op), under_way.lacking());
        let asked = under_way
            .places
            .iter()
            .fold(0, |used, (_, at)| used | bit(*at));
        let mut used = copies_of(key, ctx.structure) | asked;
        lacking.iter().for_each(|(_, at)| self.doubt(*at, ctx));
        let mut is_sent = false;
        for (home, _) in lacking {
            let Some(at) = self.stand_in(key, used, ctx.structure) else {
                break;
            };
            used |= bit(at);
            is_sent = true;
            let places = self
                .writes
                .get_mut(op)
                .map(|under_way| &mut under_way.places);
            if let Some(place) = places.into_iter().flatten().find(|(copy, _)| *copy == home) {
                place.1 = at;
            }
            self.ask_to_keep(sent.clone(), home, at, ctx);
        }
        if is_sent {
            ctx.set_timer(Timer::Replace(op), ctx.settings.doubt_after_us);
        }
    }

    fn ask_to_keep(&mut self, sent: Sent, home: NodeId, at: NodeId, ctx: &mut Ctx<'_, Self>) {
        if at == self.id {
            self.keep_hint(sent, home, Some(at), ctx);
        } else {
            ctx.send(at, Envelope(Leg::Hint(sent, home)));
        }
    }

    /// Strict quorum: whether it keeps for a copy that is away what that lacks, without counting it.
    fn keeps_hints(&self, ctx: &Ctx<'_, Self>) -> bool {
        !self.is_proxy && ctx.settings.sloppy.is_none()
    }
}

/// Who is there.
impl Leaderless {
    /// How many copies, or with a sloppy quorum others, are not taken for gone.
    pub(super) fn within_reach(&self, key: KeyId, ctx: &Ctx<'_, Self>) -> u8 {
        let is_there = |node: &NodeId| !self.doubt.is_doubted(*node);
        let structure = ctx.structure;
        let there = match ctx.settings.sloppy {
            None => structure.copies_of(key).filter(is_there).count(),
            Some(_) => structure.replicas().filter(is_there).count(),
        };
        (there as u8).min(structure.copies)
    }

    /// The next on the ring, from the key's first copy on, that is not used yet and not taken for gone.
    pub(super) fn stand_in(&self, key: KeyId, used: u16, structure: &Structure) -> Option<NodeId> {
        let first = structure.copies_of(key).next()?.0;
        let ring = (0..structure.nodes).map(|i| NodeId((first + i) % structure.nodes));
        let mut free = ring.filter(|node| used & bit(*node) == 0 && !self.doubt.is_doubted(*node));
        free.next()
    }
}

/// A key's copies, as bits.
pub(super) fn copies_of(key: KeyId, structure: &Structure) -> u16 {
    structure
        .copies_of(key)
        .fold(0, |bits, copy| bits | bit(copy))
}

/// The dots of these versions.
fn dots_of(versions: &Siblings) -> Vector {
    let mut dots = Vector::default();
    for held in versions {
        if let Some(Version::Dotted { dot, seen }) = held.version {
            dots.join(&seen);
            dots.cover(dot);
        }
    }
    dots
}
