//! Anti-entropy: replicas compare what they hold of the keys that both store, without being asked.

use smallvec::SmallVec;

use crate::ids::{KeyId, NodeId};
use crate::protocol::Ctx;
use crate::protocol::leaderless::store::{Siblings, Waiter, has, has_all};
use crate::protocol::leaderless::wire::Leg;
use crate::protocol::leaderless::{Envelope, Leaderless, Timer};
use crate::scenario::Structure;

impl Leaderless {
    /// Sees to it that it compares, where the settings want that.
    pub(super) fn plan_comparing(&mut self, ctx: &mut Ctx<'_, Self>) {
        if let Some(every_us) = ctx.settings.anti_entropy_us
            && !self.is_proxy
            && !self.compares
        {
            self.compares = true;
            // One after the other, not all at once.
            let turn = u64::from(self.id.0) + 1;
            ctx.set_timer(
                Timer::Compare,
                every_us * turn / u64::from(ctx.structure.nodes),
            );
        }
    }

    /// Asks the next of those with whom it shares keys.
    pub(super) fn compare(&mut self, ctx: &mut Ctx<'_, Self>) {
        let Some(every_us) = ctx.settings.anti_entropy_us else {
            self.compares = false;
            return;
        };
        ctx.set_timer(Timer::Compare, every_us);
        let others = ctx.structure.replicas().filter(|node| {
            *node != self.id && shared(self.id, *node, ctx.structure).next().is_some()
        });
        let others: SmallVec<[NodeId; 12]> = others.collect();
        if others.is_empty() {
            return;
        }
        let turn = usize::from(self.id.0) + self.rounds as usize;
        let other = others[turn % others.len()];
        let keys = shared(self.id, other, ctx.structure);
        let mine = keys.map(|key| (key, self.disk.held[usize::from(key.0)].clone()));
        ctx.send(other, Envelope(Leg::Compare(self.rounds, mine.collect())));
        self.rounds = self.rounds.wrapping_add(1);
    }

    /// Another has sent what it holds: takes what is missing here, and sends what is missing there.
    pub(super) fn compared(
        &mut self,
        from: NodeId,
        number: u32,
        theirs: Vec<(KeyId, Siblings)>,
        ctx: &mut Ctx<'_, Self>,
    ) {
        let mut missing = Vec::new();
        for (key, theirs) in theirs {
            let mine = &self.disk.held[usize::from(key.0)];
            let lacks: Siblings = mine
                .iter()
                .filter(|one| !has(&theirs, one))
                .copied()
                .collect();
            if !lacks.is_empty() {
                missing.push((key, lacks));
            }
            if !has_all(mine, &theirs) {
                self.take(key, theirs, Waiter::Nobody, ctx);
            }
        }
        if !missing.is_empty() {
            ctx.send(from, Envelope(Leg::Differ(number, missing)));
        }
    }
}

/// The keys that both store.
fn shared(one: NodeId, other: NodeId, structure: &Structure) -> impl Iterator<Item = KeyId> + '_ {
    let stores = move |node: NodeId, key| structure.copies_of(key).any(|copy| copy == node);
    (0..structure.keys)
        .map(KeyId)
        .filter(move |key| stores(one, *key) && stores(other, *key))
}
