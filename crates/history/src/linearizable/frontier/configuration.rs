//! What the register may be at a moment, and which of such states can do more.

use crate::Steps;
use crate::linearizable::frontier::Does;

/// A state that the register may be in.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) value: u32,
    /// When the last write was put in order; writes invoked before may be taken to have been overwritten.
    pub(super) covered: u32,
    /// By slot, the pending operations that are in order, as bits.
    pub(super) done: Vec<u64>,
    /// How many of each class of unknown outcome were used.
    pub(super) used: Vec<(u32, u32)>,
}

/// By kind of operation, the slots.
pub(super) struct Kinds {
    writes: Vec<u64>,
    reads: Vec<u64>,
    swaps: Vec<u64>,
}

impl Kinds {
    pub(super) fn of(slots: &[Option<usize>], does: &[Does]) -> Self {
        let words = slots.len().div_ceil(64);
        let mut kinds = Kinds {
            writes: vec![0; words],
            reads: vec![0; words],
            swaps: vec![0; words],
        };
        for (slot, operation) in slots.iter().enumerate() {
            let Some(operation) = operation else { continue };
            let kind = match does[*operation] {
                Does::Write(_) => &mut kinds.writes,
                Does::Read(_) | Does::NoSwap(_) => &mut kinds.reads,
                Does::Swap(..) => &mut kinds.swaps,
            };
            kind[slot / 64] |= 1 << (slot % 64);
        }
        kinds
    }
}

impl Configuration {
    pub(super) fn has(&self, slot: usize) -> bool {
        self.done[slot / 64] >> (slot % 64) & 1 == 1
    }

    pub(super) fn put(&mut self, slot: usize) {
        self.done[slot / 64] |= 1 << (slot % 64);
    }

    pub(super) fn clear(&mut self, slot: usize) {
        self.done[slot / 64] &= !(1 << (slot % 64));
    }

    /// How many of a class were used.
    pub(super) fn used(&self, class: usize) -> u32 {
        let place = self
            .used
            .partition_point(|(other, _)| (*other as usize) < class);
        let found = self
            .used
            .get(place)
            .filter(|(other, _)| *other as usize == class);
        found.map_or(0, |(_, used)| *used)
    }

    pub(super) fn use_one(&mut self, class: usize) {
        let place = self
            .used
            .partition_point(|(other, _)| (*other as usize) < class);
        match self.used.get_mut(place) {
            Some((other, used)) if *other as usize == class => *used += 1,
            _ => self.used.insert(place, (class as u32, 1)),
        }
    }

    /// Whether from this one everything is possible that is from another.
    pub(super) fn stands_for(&self, other: &Configuration, kinds: &Kinds) -> bool {
        self.value == other.value
            && self.covered >= other.covered
            && (0..self.done.len()).all(|word| {
                let (one, other) = (self.done[word], other.done[word]);
                one & !other & kinds.writes[word] == 0
                    && other & !one & kinds.reads[word] == 0
                    && (one ^ other) & kinds.swaps[word] == 0
            })
            && (self.used.iter()).all(|(class, used)| *used <= other.used(*class as usize))
    }

    /// By value, and then those first from which most is likely to be possible: what is left then to be put in
    /// order asks for little, and can do much.
    pub(super) fn order(&self, kinds: &Kinds) -> (u32, (u32, i64, u32, u32)) {
        let bits = |of: &[u64]| -> u32 {
            let words = self.done.iter().zip(of);
            words.map(|(done, kind)| (done & kind).count_ones()).sum()
        };
        let unknown = self.used.iter().map(|(_, used)| used).sum();
        let freedom = i64::from(bits(&kinds.writes)) - i64::from(bits(&kinds.swaps));
        let reads = u32::MAX - bits(&kinds.reads);
        (
            self.value,
            (unknown, freedom, reads, u32::MAX - self.covered),
        )
    }
}

/// Of those that are sorted by value, and then the likeliest first, keeps so many: of each value the first,
/// then of each the second, and so on. What will be wanted is a value, and nobody knows which.
pub(super) fn keep_likeliest(kept: &mut Vec<Configuration>, kinds: &Kinds, count: usize) {
    let mut ranked = Vec::new();
    let mut rank = 0;
    let mut last = None;
    for configuration in kept.drain(..) {
        let (value, likely) = configuration.order(kinds);
        rank = if last == Some(value) { rank + 1 } else { 0 };
        last = Some(value);
        ranked.push((rank, likely, configuration));
    }
    ranked.sort_by_key(|(rank, likely, _)| (*rank, *likely));
    ranked.truncate(count);
    kept.extend(ranked.into_iter().map(|(.., configuration)| configuration));
}

/// Merges those of the same value and swaps into one that can do what any of them can.
pub(super) fn merge(kept: &mut Vec<Configuration>, kinds: &Kinds) {
    let mut merged: Vec<Configuration> = Vec::new();
    for one in kept.drain(..) {
        let is_alike = |other: &&mut Configuration| {
            let words = 0..one.done.len();
            other.value == one.value
                && words
                    .into_iter()
                    .all(|word| (one.done[word] ^ other.done[word]) & kinds.swaps[word] == 0)
        };
        let Some(into) = merged.iter_mut().find(is_alike) else {
            merged.push(one);
            continue;
        };
        into.covered = into.covered.max(one.covered);
        for word in 0..one.done.len() {
            let (both, either) = (
                into.done[word] & one.done[word],
                into.done[word] | one.done[word],
            );
            into.done[word] = both & kinds.writes[word] | either & !kinds.writes[word];
        }
        into.used = (into.used.iter())
            .map(|(class, used)| (*class, one.used(*class as usize).min(*used)))
            .filter(|(_, used)| *used > 0)
            .collect();
    }
    *kept = merged;
}

/// Configurations that have been looked at on the way to one operation's return, by their value.
#[derive(Default)]
pub(super) struct Seen {
    by_value: Vec<(u32, Vec<Configuration>)>,
}

impl Seen {
    /// Whether none of them stands for this one; then it is one of them.
    pub(super) fn is_new(&mut self, one: &Configuration, kinds: &Kinds, steps: &mut Steps) -> bool {
        let place = self
            .by_value
            .partition_point(|(value, _)| *value < one.value);
        if self
            .by_value
            .get(place)
            .is_none_or(|(value, _)| *value != one.value)
        {
            self.by_value.insert(place, (one.value, Vec::new()));
        }
        let alike = &mut self.by_value[place].1;
        steps.take(alike.len() as u64);
        if alike.iter().any(|other| other.stands_for(one, kinds)) {
            return false;
        }
        alike.push(one.clone());
        true
    }
}
