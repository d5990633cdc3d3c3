//! The coordinator of a read, and what it does about copies that lack what it found.

use smallvec::SmallVec;

use crate::engine::chance::{Address, Choice};
use crate::ids::{Held, KeyId, KeySet, NodeId, OpId, PartitionId, Position};
use crate::protocol::defect::{self, Defect};
use crate::protocol::leaderless::coordinator::copies_of;
use crate::protocol::leaderless::store::{Siblings, Waiter, has_all, rank, take_in};
use crate::protocol::leaderless::wire::{About, Leg, Sent};
use crate::protocol::leaderless::{Envelope, Leaderless, PARTITION, Timer, bit};
use crate::protocol::{Ctx, Items, Reply, Terms};
use crate::run::Waiting;
use crate::scenario::{ReadsSentTo, Repair};

/// A read that waits, or only repairs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReadUnderWay {
    need: u8,
    repair: Repair,
    phase: Phase,
    keys: SmallVec<[KeyUnderWay; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// R responses are waited for.
    Asks,
    /// Copies are being repaired, and then it answers.
    Repairs,
    /// It has answered; stragglers are repaired.
    Answered,
}

#[derive(Clone, Debug, PartialEq)]
struct KeyUnderWay {
    key: KeyId,
    /// Who was asked, as bits.
    asked: u16,
    /// Who had what, in the order of arrival: the first R count.
    responses: SmallVec<[(NodeId, Siblings); 3]>,
    /// What is returned, and whose it is: no version of it covers another.
    newest: SmallVec<[(NodeId, Held); 1]>,
    /// Who has that, as bits.
    have: u16,
    /// Who must have it before the answer, as bits.
    must: u16,
    /// How many must have it before the answer.
    want: u8,
}

impl ReadUnderWay {
    /// What a screen shows.
    pub(super) fn waiting(&self, op: OpId) -> Option<Waiting> {
        let state = |key: &KeyUnderWay| match self.phase {
            Phase::Asks => Some((
                key.responses.len().min(usize::from(self.need)) as u8,
                self.need,
            )),
            Phase::Repairs if key.want > 0 => Some((key.have.count_ones() as u8, key.want)),
            Phase::Repairs => Some((
                (key.have & key.must).count_ones() as u8,
                key.must.count_ones() as u8,
            )),
            Phase::Answered => None,
        };
        let states = self.keys.iter().filter_map(state);
        let (have, need) = states.min_by_key(|(have, need)| (have >= need, *have))?;
        Some(Waiting {
            op,
            write: None,
            have,
            need,
        })
    }

    fn of(&mut self, key: KeyId) -> Option<&mut KeyUnderWay> {
        self.keys.iter_mut().find(|of| of.key == key)
    }
}

impl KeyUnderWay {
    fn has_answer_of(&self, node: NodeId) -> bool {
        self.responses.iter().any(|(from, _)| *from == node)
    }

    /// Who was asked and has not answered.
    fn silent(&self) -> u16 {
        self.responses
            .iter()
            .fold(self.asked, |silent, (from, _)| silent & !bit(*from))
    }

    /// Takes a response into what is returned. Of equals the first one's stays.
    fn merge(&mut self, from: NodeId, versions: &[Held]) {
        for held in versions {
            let covers = |one: &Held, other: &Held| crate::ids::covers(one.version, other.version);
            if self.newest.iter().any(|(_, one)| covers(one, held)) {
                continue;
            }
            self.newest.retain(|(_, one)| !covers(held, one));
            let place = self
                .newest
                .iter()
                .take_while(|(_, one)| rank(one) < rank(held))
                .count();
            self.newest.insert(place, (from, *held));
        }
    }

    fn found(&self) -> Siblings {
        self.newest.iter().map(|(_, held)| *held).collect()
    }

    fn is_repaired(&self) -> bool {
        self.have & self.must == self.must && self.have.count_ones() >= u32::from(self.want)
    }
}

impl Leaderless {
    pub(super) fn read(&mut self, op: OpId, keys: KeySet, terms: Terms, ctx: &mut Ctx<'_, Self>) {
        let need = terms.quorum.unwrap_or(ctx.settings.r);
        if keys.iter().any(|key| self.within_reach(key, ctx) < need) {
            ctx.reply(op.client, Reply::Refused { op });
            return;
        }
        let waiting = keys.iter().map(|key| KeyUnderWay {
            key,
            asked: 0,
            responses: SmallVec::new(),
            newest: SmallVec::new(),
            have: 0,
            must: 0,
            want: 0,
        });
        let (repair, phase) = (ctx.settings.repair, Phase::Asks);
        let keys_under_way = waiting.collect();
        self.reads.insert(
            op,
            ReadUnderWay {
                need,
                repair,
                phase,
                keys: keys_under_way,
            },
        );
        ctx.set_timer(Timer::Forget(op), ctx.settings.client_timeout_us);
        if ctx.settings.sloppy.is_some() {
            ctx.set_timer(Timer::Replace(op), ctx.settings.doubt_after_us);
        }
        for key in keys.iter() {
            let asked = self.asked(op, key, need, ctx);
            if let Some(of) = self.reads.get_mut(op).and_then(|read| read.of(key)) {
                of.asked = asked.iter().fold(0, |bits, node| bits | bit(*node));
            }
            for node in asked {
                self.ask(node, op, key, ctx);
            }
        }
    }

    fn ask(&mut self, node: NodeId, op: OpId, key: KeyId, ctx: &mut Ctx<'_, Self>) {
        if node == self.id {
            let versions = self.look_up(op, key, ctx);
            self.count_response(node, op, key, versions, ctx);
        } else {
            ctx.send(
                node,
                Envelope(Leg::Fetch(About {
                    op,
                    key,
                    write: None,
                })),
            );
        }
    }

    /// Whom a read asks.
    fn asked(
        &self,
        op: OpId,
        key: KeyId,
        need: u8,
        ctx: &mut Ctx<'_, Self>,
    ) -> SmallVec<[NodeId; 12]> {
        let mut copies: SmallVec<[NodeId; 12]> = ctx.structure.copies_of(key).collect();
        let some = ctx.settings.reads_sent_to == ReadsSentTo::R;
        if some {
            // Itself first, where it is a copy; the others as drawn for this read.
            let first = copies.iter().position(|copy| *copy == self.id);
            let kept = first.map_or(0, |at| {
                copies.swap(0, at);
                1
            });
            // A shuffle, dealt from one draw.
            let mut deal = ctx
                .draw(Address::choice(Choice::Copies, op, PartitionId(key.0)))
                .size;
            for at in kept..copies.len() {
                let rest = (copies.len() - at) as u64;
                copies.swap(at, at + (deal % rest) as usize);
                deal /= rest;
            }
        }
        let is_gone = |copy: &NodeId| self.doubt.is_doubted(*copy);
        if copies.iter().any(is_gone) && (some || ctx.settings.sloppy.is_some()) {
            let mut used = copies_of(key, ctx.structure);
            let mut gone: SmallVec<[NodeId; 12]> = copies.iter().copied().filter(is_gone).collect();
            if ctx.settings.sloppy.is_some() {
                for copy in &mut gone {
                    *copy = self.stand_in(key, used, ctx.structure).unwrap_or(*copy);
                    used |= bit(*copy);
                }
            }
            copies.retain(|copy| !is_gone(copy));
            copies.extend(gone);
        }
        if some {
            copies.truncate(usize::from(need));
        }
        copies
    }

    pub(super) fn count_response(
        &mut self,
        from: NodeId,
        op: OpId,
        key: KeyId,
        versions: Siblings,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let Some(read) = self.reads.get_mut(op) else {
            return;
        };
        let (need, repair, phase) = (usize::from(read.need), read.repair, read.phase);
        let Some(of) = read.of(key).filter(|of| !of.has_answer_of(from)) else {
            return;
        };
        let counts = phase == Phase::Asks && of.responses.len() < need;
        if !counts && matches!(repair, Repair::Off | Repair::Contacted) {
            return;
        }
        if counts {
            of.merge(from, &versions);
        } else if phase == Phase::Repairs && has_all(&versions, &of.found()) {
            of.have |= bit(from);
        }
        of.responses.push((from, versions));
        match phase {
            Phase::Asks if read.keys.iter().all(|of| of.responses.len() >= need) => {
                self.found(op, ctx);
            }
            Phase::Asks => {}
            Phase::Repairs => self.answer_once_repaired(op, ctx),
            Phase::Answered => self.mend(op, key, ctx),
        }
    }

    /// R have responded, for each key.
    fn found(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(read) = self.reads.get_mut(op) else {
            return;
        };
        let repair = read.repair;
        let found: SmallVec<[(KeyId, Siblings); 2]> =
            read.keys.iter().map(|of| (of.key, of.found())).collect();
        for (key, found) in &found {
            self.settle(*key, found);
        }
        match repair {
            Repair::Off => self.answer_and_end(op, ctx),
            Repair::Background => {
                self.answer(op, ctx);
                if let Some(read) = self.reads.get_mut(op) {
                    read.phase = Phase::Answered;
                }
                for (key, _) in found {
                    self.mend(op, key, ctx);
                }
            }
            Repair::Contacted | Repair::WriteBack => self.repair_first(op, ctx),
        }
    }

    /// Repairs what must be before the answer.
    fn repair_first(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(read) = self.reads.get_mut(op) else {
            return;
        };
        read.phase = Phase::Repairs;
        let (need, repair) = (usize::from(read.need), read.repair);
        let mut lacking: SmallVec<[(NodeId, KeyId, Siblings); 4]> = SmallVec::new();
        for of in &mut read.keys {
            let (found, copies) = (of.found(), copies_of(of.key, ctx.structure));
            if found.is_empty() {
                continue;
            }
            let has = |(_, versions): &&(NodeId, Siblings)| has_all(versions, &found);
            of.have = of
                .responses
                .iter()
                .filter(has)
                .fold(0, |have, (from, _)| have | bit(*from));
            let whom = if repair == Repair::Contacted {
                let counted = of.responses.iter().take(need);
                of.must = copies & counted.fold(0, |must, (from, _)| must | bit(*from));
                of.must
            } else {
                // With a sloppy quorum nothing is promised: not worth waiting for who is gone.
                let is_there = |copy: &NodeId| !self.doubt.is_doubted(*copy);
                let there = ctx.structure.copies_of(of.key).filter(is_there).count() as u8;
                let w = match defect::is(ctx.structure, Defect::WriteBackSkipped) {
                    true => 0,
                    false => ctx.settings.w,
                };
                of.want = if ctx.settings.sloppy.is_some() {
                    w.min(there)
                } else {
                    w
                };
                if of.is_repaired() { 0 } else { copies }
            };
            let nodes = (0..ctx.structure.nodes).map(NodeId);
            for node in nodes.filter(|node| whom & !of.have & bit(*node) != 0) {
                lacking.push((node, of.key, found.clone()));
            }
        }
        for (node, key, versions) in lacking {
            self.repair(node, op, key, versions, 0, ctx);
        }
        self.answer_once_repaired(op, ctx);
    }

    /// A copy that was repaired has it.
    pub(super) fn count_repaired(
        &mut self,
        from: NodeId,
        op: OpId,
        key: KeyId,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let read = self
            .reads
            .get_mut(op)
            .filter(|read| read.phase == Phase::Repairs);
        if let Some(of) = read.and_then(|read| read.of(key)) {
            of.have |= bit(from);
            self.answer_once_repaired(op, ctx);
        }
    }

    fn answer_once_repaired(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let read = self
            .reads
            .get(op)
            .filter(|read| read.phase == Phase::Repairs);
        if read.is_some_and(|read| read.keys.iter().all(KeyUnderWay::is_repaired)) {
            self.answer_and_end(op, ctx);
        }
    }

    /// After the answer: sends those who have responded what they lack of what any of them had.
    fn mend(&mut self, op: OpId, key: KeyId, ctx: &mut Ctx<'_, Self>) {
        let Some(read) = self.reads.get_mut(op) else {
            return;
        };
        let need = usize::from(read.need);
        let is_over = read.keys.iter().all(|of| of.silent() == 0);
        let Some(of) = read.of(key) else {
            return;
        };
        let mut all = Siblings::new();
        for held in of.responses.iter().flat_map(|(_, versions)| versions) {
            take_in(&mut all, *held);
        }
        let copies = copies_of(key, ctx.structure);
        let attempt = (of.responses.len() - need.min(of.responses.len())) as u32;
        let mut lacking: SmallVec<[NodeId; 3]> = SmallVec::new();
        for (from, versions) in &mut of.responses {
            if copies & bit(*from) != 0 && !has_all(versions, &all) {
                lacking.push(*from);
                *versions = all.clone();
            }
        }
        for node in lacking {
            self.repair(node, op, key, all.clone(), attempt, ctx);
        }
        if is_over {
            self.end_read(op, ctx);
        }
    }

    fn repair(
        &mut self,
        node: NodeId,
        op: OpId,
        key: KeyId,
        versions: Siblings,
        attempt: u32,
        ctx: &mut Ctx<'_, Self>,
    ) {
        if node == self.id {
            self.take(key, versions, Waiter::Reader(node, op), ctx);
        } else {
            let about = About {
                op,
                key,
                write: None,
            };
            ctx.send(
                node,
                Envelope(Leg::Repair(Sent { about, versions }, attempt)),
            );
        }
    }

    fn answer(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(read) = self.reads.get(op) else {
            return;
        };
        let mut items = Items::new();
        for of in &read.keys {
            let key = of.key;
            items.extend(of.newest.iter().map(|(from, held)| (key, *from, *held)));
            if let (true, Some((from, _))) = (of.newest.is_empty(), of.responses.first()) {
                items.push((key, *from, Held::default()));
            }
        }
        let upto = Position::default();
        ctx.reply(
            op.client,
            Reply::Answer {
                op,
                partition: PARTITION,
                items,
                upto,
            },
        );
    }

    fn answer_and_end(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        self.answer(op, ctx);
        self.end_read(op, ctx);
    }

    fn end_read(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        self.reads.remove(op);
        ctx.cancel_timer(Timer::Forget(op));
        ctx.cancel_timer(Timer::Replace(op));
    }

    /// The client no longer waits: who has not answered may be gone.
    pub(super) fn forget_read(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(read) = self.reads.remove(op) else {
            return;
        };
        for of in &read.keys {
            let silent = match read.phase {
                Phase::Asks | Phase::Answered => of.silent(),
                Phase::Repairs if of.want > 0 => copies_of(of.key, ctx.structure) & !of.have,
                Phase::Repairs => of.must & !of.have,
            };
            for node in ctx
                .structure
                .replicas()
                .filter(|node| silent & bit(*node) != 0)
            {
                self.suspect(node, ctx);
            }
        }
        ctx.cancel_timer(Timer::Replace(op));
    }

    /// Sloppy quorum: asks others instead of those who have not answered.
    pub(super) fn replace_in_read(&mut self, op: OpId, ctx: &mut Ctx<'_, Self>) {
        let Some(read) = self.reads.get(op).filter(|read| read.phase == Phase::Asks) else {
            return;
        };
        if ctx.settings.sloppy.is_none() {
            return;
        }
        let need = usize::from(read.need);
        let waits = |of: &&KeyUnderWay| of.responses.len() < need;
        let silent = |of: &KeyUnderWay| (of.key, of.asked, of.silent());
        let silent: SmallVec<[_; 2]> = read.keys.iter().filter(waits).map(silent).collect();
        let mut is_asked = false;
        for (key, mut asked, silent) in silent {
            for node in ctx
                .structure
                .replicas()
                .filter(|node| silent & bit(*node) != 0)
            {
                self.doubt(node, ctx);
            }
            for _ in 0..silent.count_ones() {
                let Some(node) = self.stand_in(key, asked, ctx.structure) else {
                    break;
                };
                asked |= bit(node);
                is_asked = true;
                if let Some(of) = self.reads.get_mut(op).and_then(|read| read.of(key)) {
                    of.asked = asked;
                }
                self.ask(node, op, key, ctx);
            }
        }
        if is_asked {
            ctx.set_timer(Timer::Replace(op), ctx.settings.doubt_after_us);
        }
    }
}
