//! Linearizability where values repeat, are swapped, or may never have been written: a sweep over the
//! timeline, after Lowe, "Testing for linearizability" (2017), made for registers.
//!
//! A *configuration* is what the register may hold after a moment, and which operations got it there. An
//! operation is put in order only when another must be: when one returns, every configuration without it is
//! extended by those that are pending. Where none is left no order explains the history.
//!
//! What keeps them few:
//! - A pending read of the value that is held is put in order at once: it changes nothing.
//! - A pending write that nobody need see can be put just before any other one. So a write invoked before the
//!   last write was put in order (`covered`) may return without further ado, and nobody chose when.
//! - Another value is only passed through where something pending wants to see it.
//! - Of equal pending writes the one that returns first is used, and one of unknown outcome only where there
//!   is no other; of those of unknown outcome it only matters how many were used, and not even that once more
//!   are left than can ever be wanted.
//! - A configuration from which as much is possible as from another stands for it.
//!
//! Where they are still too many, two approximations decide what they can: one keeps the likeliest, and where
//! one of those survives an order exists; the other merges them into ones that can do more, and where even
//! those die there is none.

use crate::linearizable::frontier::configuration::{
    Configuration, Kinds, Seen, keep_likeliest, merge,
};
use crate::linearizable::{Judged, OPEN, Timeline};
use crate::{Action, Operation, Steps, ValueId};

mod configuration;

/// Judges the operations on one key.
pub(super) fn judge(
    operations: &[Operation],
    timeline: &Timeline,
    initial: ValueId,
    steps: &mut Steps,
) -> Judged {
    judge_from(FIRST_WIDTH, operations, timeline, initial, steps)
}

/// The same, with so many configurations at first.
pub(super) fn judge_from(
    width: usize,
    operations: &[Operation],
    timeline: &Timeline,
    initial: ValueId,
    steps: &mut Steps,
) -> Judged {
    let sweep =
        |width: usize, surplus: Surplus| Sweep::of(operations, timeline, initial, width, surplus);
    let mut approximations = [
        sweep(width, Surplus::Drop),
        sweep(width * MERGED, Surplus::Merge),
    ];
    let mut share = FIRST_SHARE;
    // Which of them is to decide it nobody knows: by turns, and on from where it was.
    while !steps.is_spent() {
        for approximation in &mut approximations {
            // Merging is quick to show that there is no order, or of little use.
            let given = match approximation.surplus {
                Surplus::Drop => share,
                Surplus::Merge => share / 4,
            };
            let given = given.min(steps.left());
            let mut own = Steps::new(given);
            let swept = approximation.run(&mut own);
            steps.take(given - own.left());
            let is_exact = !approximation.at.is_approximate;
            match swept {
                Swept::Survived if is_exact || approximation.surplus == Surplus::Drop => {
                    return Judged::Yes;
                }
                Swept::Died(place) if is_exact || approximation.surplus == Surplus::Merge => {
                    return Judged::No(place);
                }
                Swept::Survived | Swept::Died(_) => {
                    *approximation = sweep(approximation.width * WIDER, approximation.surplus);
                }
                Swept::Stopped => {}
            }
        }
        share = share.saturating_mul(2);
    }
    Judged::Unknown
}

/// How many configurations are kept at first.
const FIRST_WIDTH: usize = 8;
/// How many times as many where they can be merged.
const MERGED: usize = 8;
/// By how much there are more where they were too few.
const WIDER: usize = 4;
/// How many times as many there may be where a sweep has gone back.
const WIDEST: usize = 256;
/// After how many moments a sweep remembers where it is.
const STRIDE: usize = 32;
/// How many of these moments it remembers.
const STATES_MAX: usize = 256;
/// How many steps each approximation takes in the first turn.
const FIRST_SHARE: u64 = 1_000_000;

/// What to do with more configurations than are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surplus {
    /// Keep the likeliest only.
    Drop,
    /// Merge them into ones that can do at least as much.
    Merge,
}

/// How a sweep ended.
enum Swept {
    /// A configuration reached the end.
    Survived,
    /// None got past this place of the timeline.
    Died(u32),
    /// The budget was too small.
    Stopped,
}

/// What an operation does, on values by their place in the key's own list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Write(u32),
    Read(u32),
    Swap(u32, u32),
    NoSwap(u32),
}

/// Writes, or swaps, of unknown outcome that are alike.
struct Class {
    /// What it must find; `None` for a write.
    from: Option<u32>,
    to: u32,
}

/// What wants to see a value.
#[derive(Clone, Copy, Default)]
struct Demand {
    /// Reads and swaps that have not returned.
    left: u32,
    /// Swaps of unknown outcome, from first to last.
    open: u32,
}

struct Sweep<'a> {
    timeline: &'a Timeline,
    does: Vec<Does>,
    /// By operation of unknown outcome, its class.
    class_of: Vec<Option<usize>>,
    classes: Vec<Class>,
    /// By value, the class that writes it.
    write_of: Vec<Option<usize>>,
    /// By value, the classes that swap it for another.
    swaps_from: Vec<Vec<usize>>,
    /// By value, those that swap another for it.
    swaps_to: Vec<Vec<usize>>,
    surplus: Surplus,
    /// How many configurations are kept.
    width: usize,
    /// The same, up to a place that it did not get past with fewer.
    wide: usize,
    wide_upto: usize,
    /// How far it got.
    died: usize,
    at: State,
    /// Where it was, from the start on.
    states: Vec<State>,
}

/// Where a sweep is.
#[derive(Clone)]
struct State {
    /// How many moments are behind it.
    place: usize,
    /// By class, how many there are so far.
    supply: Vec<u32>,
    /// By value.
    demand: Vec<Demand>,
    /// Failed swaps that have not returned: they want to see another value than theirs.
    no_swaps_left: u32,
    /// By slot, the pending operation.
    slots: Vec<Option<usize>>,
    front: Vec<Configuration>,
    /// Whether some were dropped or merged.
    is_approximate: bool,
}

impl<'a> Sweep<'a> {
    fn of(
        operations: &[Operation],
        timeline: &'a Timeline,
        initial: ValueId,
        width: usize,
        surplus: Surplus,
    ) -> Self {
        let mut values = vec![initial];
        for operation in operations {
            match operation.action {
                Action::Write(value) | Action::Read(value) | Action::NoSwap(value) => {
                    values.push(value);
                }
                Action::Swap(from, to) => values.extend([from, to]),
            }
        }
        values.sort_unstable();
        values.dedup();
        let place = |value: ValueId| values.partition_point(|other| *other < value) as u32;
        let mut sweep = Sweep {
            timeline,
            does: Vec::new(),
            class_of: Vec::new(),
            classes: Vec::new(),
            write_of: vec![None; values.len()],
            swaps_from: vec![Vec::new(); values.len()],
            swaps_to: vec![Vec::new(); values.len()],
            surplus,
            width,
            wide: width,
            wide_upto: 0,
            died: 0,
            at: State {
                place: 0,
                supply: Vec::new(),
                demand: vec![Demand::default(); values.len()],
                no_swaps_left: 0,
                slots: Vec::new(),
                front: vec![Configuration {
                    value: place(initial),
                    covered: 0,
                    done: Vec::new(),
                    used: Vec::new(),
                }],
                is_approximate: false,
            },
            states: Vec::new(),
        };
        let mut kinds: Vec<(Option<u32>, u32)> = Vec::new();
        for operation in operations {
            let is_open = operation.ends.is_none();
            let does = match operation.action {
                Action::Write(value) => Does::Write(place(value)),
                Action::Read(value) => Does::Read(place(value)),
                Action::Swap(from, to) if from == to => Does::Read(place(from)),
                Action::Swap(from, to) => Does::Swap(place(from), place(to)),
                Action::NoSwap(from) => Does::NoSwap(place(from)),
            };
            match does {
                Does::Swap(from, _) if is_open => sweep.at.demand[from as usize].open += 1,
                Does::Read(value) | Does::Swap(value, _) if !is_open => {
                    sweep.at.demand[value as usize].left += 1;
                }
                Does::NoSwap(_) => sweep.at.no_swaps_left += 1,
                _ => {}
            }
            if is_open {
                kinds.extend(does.kind());
            }
            sweep.does.push(does);
        }
        kinds.sort_unstable();
        kinds.dedup();
        let class = |(operation, does): (&Operation, &Does)| {
            let kind = does.kind().filter(|_| operation.ends.is_none())?;
            Some(kinds.partition_point(|other| *other < kind))
        };
        sweep.class_of = operations.iter().zip(&sweep.does).map(class).collect();
        for (class, (from, to)) in kinds.iter().enumerate() {
            match from {
                None => sweep.write_of[*to as usize] = Some(class),
                Some(from) => {
                    sweep.swaps_from[*from as usize].push(class);
                    sweep.swaps_to[*to as usize].push(class);
                }
            }
        }
        sweep.at.supply = vec![0; kinds.len()];
        let classes = kinds.into_iter().map(|(from, to)| Class { from, to });
        sweep.classes = classes.collect();
        sweep.states.push(sweep.at.clone());
        sweep
    }

    /// Goes on to the end, if the budget is enough. Once it is spent it can be called again.
    fn run(&mut self, steps: &mut Steps) -> Swept {
        while let Some((operation, is_return)) = self.timeline.events.get(self.at.place) {
            self.at.place += 1;
            let now = self.at.place;
            if !is_return {
                self.invoked(*operation);
            } else if !self.returned(*operation, now as u32, steps) {
                self.at = self.states[self.states.len() - 1].clone();
                return Swept::Stopped;
            }
            if self.at.front.is_empty() {
                self.died = self.died.max(now);
                if !self.goes_back() {
                    return Swept::Died(self.died as u32);
                }
            } else if now.is_multiple_of(STRIDE) {
                if now > self.wide_upto {
                    self.wide = self.width;
                }
                match self.surplus {
                    Surplus::Merge => self.states.clear(),
                    // The start is kept.
                    Surplus::Drop if self.states.len() > STATES_MAX => drop(self.states.remove(1)),
                    Surplus::Drop => {}
                }
                self.states.push(self.at.clone());
            }
        }
        Swept::Survived
    }

    /// Back to before the right configuration was dropped, as far as can be told, and on with more of them;
    /// false where that is of no use.
    fn goes_back(&mut self) -> bool {
        let is_final = self.surplus == Surplus::Merge || !self.at.is_approximate;
        if is_final || self.wide >= self.width * WIDEST {
            return false;
        }
        self.wide *= 2;
        self.wide_upto = self.died + STRIDE;
        let upto = (self.at.place).saturating_sub(STRIDE * self.wide / self.width);
        let is_late = |state: &State| state.place > upto;
        let kept = self
            .states
            .iter()
            .position(is_late)
            .unwrap_or(self.states.len());
        self.states.truncate(kept.max(1));
        self.at = self.states[self.states.len() - 1].clone();
        true
    }

    fn invoked(&mut self, operation: usize) {
        let does = self.does[operation];
        if self.timeline.spans[operation].1 == OPEN {
            if let Some(class) = self.class_of[operation] {
                self.at.supply[class] += 1;
            }
            return;
        }
        let free = self.at.slots.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.at.slots.push(None);
            self.at.slots.len() - 1
        });
        self.at.slots[slot] = Some(operation);
        for configuration in &mut self.at.front {
            configuration
                .done
                .resize(self.at.slots.len().div_ceil(64), 0);
            if does.changes_nothing_at(configuration.value) {
                configuration.put(slot);
            }
        }
    }

    /// Extends every configuration until this operation is in order; false where the budget is spent.
    fn returned(&mut self, operation: usize, now: u32, steps: &mut Steps) -> bool {
        let is_it = |slot: &Option<usize>| *slot == Some(operation);
        let Some(slot) = self.at.slots.iter().position(is_it) else {
            return true;
        };
        let cost = 1 + self.at.slots.len() as u64;
        let mut next: Vec<Configuration> = Vec::new();
        let mut behind = Vec::new();
        for configuration in std::mem::take(&mut self.at.front) {
            match configuration.has(slot) {
                true => next.push(configuration),
                false => behind.push(configuration),
            }
        }
        let mut seen = Seen::default();
        let kinds = Kinds::of(&self.at.slots, &self.does);
        let was_behind = !behind.is_empty();
        let mut possible: Vec<Step> = Vec::new();
        let mut wanted = Wanted::default();
        let mut queue: Vec<Configuration> = Vec::new();
        for configuration in behind {
            if let Does::Write(value) = self.does[operation]
                && self.timeline.spans[operation].0 < configuration.covered
            {
                let mut overwritten = configuration.clone();
                overwritten.put(slot);
                next.push(overwritten);
                if !self.is_wanted_later(value) {
                    continue;
                }
            }
            queue.push(configuration);
        }
        // Those that use the fewest of unknown outcome first.
        let mut levels = vec![queue];
        let mut looked_at = 0;
        let mut level = 0;
        while level < levels.len() {
            let mut at = 0;
            while at < levels[level].len() {
                looked_at += 1;
                if !steps.take(cost) {
                    return false;
                }
                if self.surplus == Surplus::Drop && looked_at > 4 * self.wide {
                    self.at.is_approximate = true;
                    break;
                }
                let from = levels[level][at].clone();
                self.possible(&from, slot, &mut wanted, &mut possible);
                steps.take(8 * possible.len() as u64);
                for step in possible.drain(..) {
                    let extended = self.extended(&from, step, now);
                    if extended.has(slot) {
                        next.push(extended);
                    } else if seen.is_new(&extended, &kinds, steps) {
                        let above = level + 1;
                        if above == levels.len() {
                            levels.push(Vec::new());
                        }
                        levels[above].push(extended);
                    }
                }
                at += 1;
            }
            level += 1;
        }
        match self.does[operation] {
            Does::Read(value) | Does::Swap(value, _) => self.at.demand[value as usize].left -= 1,
            Does::NoSwap(_) => self.at.no_swaps_left -= 1,
            Does::Write(_) => {}
        }
        self.at.slots[slot] = None;
        for configuration in &mut next {
            configuration.clear(slot);
        }
        self.forget(&mut next);
        if was_behind {
            self.thin(&mut next, &kinds, steps);
        }
        self.at.front = next;
        true
    }

    /// What may be put in order next, on the way to what is in this slot.
    fn possible(
        &self,
        from: &Configuration,
        due: usize,
        wanted: &mut Wanted,
        possible: &mut Vec<Step>,
    ) {
        self.want(from, wanted);
        let pending = &wanted.pending;
        for (slot, does) in pending {
            let is_first = |(other, other_does): &(usize, Does)| {
                other_does == does && self.returns_before(*other, *slot)
            };
            let is_step = match *does {
                Does::Write(value) => *slot == due || wanted.has(value),
                Does::Swap(wants, _) => wants == from.value,
                Does::Read(_) | Does::NoSwap(_) => false,
            };
            if is_step && !pending.iter().any(is_first) {
                possible.push(Step::Pending(*slot));
            }
        }
        let mut unknown = |class: usize| {
            let does = self.classes[class].does();
            if self.at.supply[class] > from.used(class)
                && !pending.iter().any(|(_, other)| *other == does)
            {
                possible.push(Step::Unknown(class));
            }
        };
        for class in &self.swaps_from[from.value as usize] {
            if wanted.has(self.classes[*class].to) {
                unknown(*class);
            }
        }
        let any = 0..self.at.demand.len() as u32;
        let values: &mut dyn Iterator<Item = u32> = match wanted.any {
            true => &mut any.into_iter(),
            false => &mut wanted.values.iter().copied(),
        };
        for value in values {
            if let Some(class) = self.write_of[value as usize] {
                unknown(class);
            }
        }
    }

    /// What is pending and not in order, and the values that the register might hold to any use.
    fn want(&self, at: &Configuration, wanted: &mut Wanted) {
        wanted.pending.clear();
        wanted.values.clear();
        wanted.any = false;
        for (slot, operation) in self.at.slots.iter().enumerate() {
            let Some(operation) = operation.filter(|_| !at.has(slot)) else {
                continue;
            };
            let does = self.does[operation];
            wanted.pending.push((slot, does));
            match does {
                Does::Read(value) | Does::Swap(value, _) => wanted.add(value),
                Does::NoSwap(_) => wanted.any = true,
                Does::Write(_) => {}
            }
        }
        // What a swap of unknown outcome would turn into one of these.
        let mut place = 0;
        while place < wanted.values.len() && !wanted.any {
            for class in &self.swaps_to[wanted.values[place] as usize] {
                if let Some(value) = self.classes[*class].from
                    && self.at.supply[*class] > at.used(*class)
                {
                    wanted.add(value);
                }
            }
            place += 1;
        }
    }

    fn returns_before(&self, one: usize, other: usize) -> bool {
        let ends =
            |slot: usize| self.at.slots[slot].map(|operation| self.timeline.spans[operation].1);
        ends(one) < ends(other)
    }

    /// Whether anything that has not returned may want to see this value.
    fn is_wanted_later(&self, value: u32) -> bool {
        let demand = self.at.demand[value as usize];
        demand.left + demand.open + self.at.no_swaps_left > 0
    }

    fn extended(&self, from: &Configuration, step: Step, now: u32) -> Configuration {
        let mut to = from.clone();
        let does = match step {
            Step::Pending(slot) => {
                to.put(slot);
                self.at.slots[slot].map(|operation| self.does[operation])
            }
            Step::Unknown(place) => {
                to.use_one(place);
                Some(self.classes[place].does())
            }
        };
        match does {
            Some(Does::Write(value)) => (to.value, to.covered) = (value, now),
            Some(Does::Swap(_, value)) => to.value = value,
            _ => {}
        }
        for (slot, operation) in self.at.slots.iter().enumerate() {
            if operation.is_some_and(|operation| self.does[operation].changes_nothing_at(to.value))
            {
                to.put(slot);
            }
        }
        to
    }

    /// Forgets how many were used where that no longer matters.
    fn forget(&self, configurations: &mut [Configuration]) {
        for configuration in configurations {
            configuration.used.retain(|(place, used)| {
                let class = &self.classes[*place as usize];
                let demand = self.at.demand[class.to as usize];
                self.at.supply[*place as usize] - used
                    < demand.left + demand.open + self.at.no_swaps_left
            });
        }
    }

    /// Keeps those that others don't stand for, and no more than are wanted.
    fn thin(&mut self, front: &mut Vec<Configuration>, kinds: &Kinds, steps: &mut Steps) {
        if front.len() < 2 {
            return;
        }
        steps.take(8 * front.len() as u64);
        front.sort_by_cached_key(|configuration| configuration.order(kinds));
        let mut kept: Vec<Configuration> = Vec::new();
        for configuration in front.drain(..) {
            let group = kept.partition_point(|other| other.value < configuration.value);
            steps.take((kept.len() - group) as u64);
            let alike = &kept[group..];
            if !(alike.iter()).any(|other| other.stands_for(&configuration, kinds)) {
                kept.push(configuration);
            }
        }
        if kept.len() > self.wide {
            self.at.is_approximate = true;
            match self.surplus {
                Surplus::Drop => keep_likeliest(&mut kept, kinds, self.wide),
                Surplus::Merge => merge(&mut kept, kinds),
            }
        }
        *front = kept;
    }
}

/// One more operation in order.
#[derive(Clone, Copy)]
enum Step {
    /// The one in this slot.
    Pending(usize),
    /// One of this class.
    Unknown(usize),
}

/// What a configuration might need.
#[derive(Default)]
struct Wanted {
    /// The slots of those that are not in order.
    pending: Vec<(usize, Does)>,
    /// The values that they want to see, or could be swapped into those.
    values: Vec<u32>,
    /// Where a failed swap is among them: any value may lead to another than that.
    any: bool,
}

impl Wanted {
    fn add(&mut self, value: u32) {
        if !self.values.contains(&value) {
            self.values.push(value);
        }
    }

    fn has(&self, value: u32) -> bool {
        // A swap may lead on from the very value that a failed swap shuns.
        self.values.contains(&value) || self.any
    }
}

impl Does {
    /// Whether it can be put in order, and changes nothing, where the register holds this value.
    fn changes_nothing_at(self, value: u32) -> bool {
        match self {
            Does::Read(wants) => wants == value,
            Does::NoSwap(shuns) => shuns != value,
            Does::Write(_) | Does::Swap(..) => false,
        }
    }

    /// What it may find, and leaves.
    fn kind(self) -> Option<(Option<u32>, u32)> {
        match self {
            Does::Write(value) => Some((None, value)),
            Does::Swap(from, to) => Some((Some(from), to)),
            Does::Read(_) | Does::NoSwap(_) => None,
        }
    }
}

impl Class {
    fn does(&self) -> Does {
        match self.from {
            None => Does::Write(self.to),
            Some(from) => Does::Swap(from, self.to),
        }
    }
}
