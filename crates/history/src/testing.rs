//! What tests share: small random histories, and the definitions, spelt out without a thought of speed.

use crate::{Action, History, KeyId, Operation, Scalar, SessionId, ValueId, Verdict};

/// What chance decides, from a seed: SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % u64::from(bound)) as u32
    }

    pub(crate) fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most - least + 1)
    }

    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
}

/// What random histories are like.
#[derive(Clone, Copy)]
pub(crate) struct Sort {
    pub(crate) operations: (u32, u32),
    pub(crate) sessions: u32,
    pub(crate) keys: u32,
    /// How many values there are to repeat; 0 where no two writes write the same.
    pub(crate) values: u32,
    pub(crate) unknown_percent: u32,
    pub(crate) swap_percent: u32,
    /// How often what is seen is anything.
    pub(crate) wild_percent: u32,
}

impl Sort {
    /// Each seed another sort of small history.
    pub(crate) fn of(seed: u64, operations: (u32, u32)) -> Self {
        let pick = |place: u64, of: &[u32]| of[(seed / place % of.len() as u64) as usize];
        Sort {
            operations,
            sessions: pick(1, &[2, 3, 3, 4]),
            keys: pick(3, &[1, 2, 1]),
            values: pick(7, &[0, 0, 2, 3]),
            unknown_percent: pick(11, &[0, 15, 40]),
            swap_percent: pick(13, &[0, 0, 25, 60]),
            wild_percent: pick(17, &[5, 20, 50]),
        }
    }
}

/// A random history. What is seen is mostly what was last written, by some order.
pub(crate) fn random_history(seed: u64, sort: Sort) -> History {
    let mut random = Random::of(seed);
    let count = random.between(sort.operations.0, sort.operations.1);
    let mut clocks = vec![0; sort.sessions as usize];
    let mut fresh = 0;
    let mut operations: Vec<Operation> = Vec::new();
    for line in 0..count {
        let session = random.below(sort.sessions);
        let clock = &mut clocks[session as usize];
        let begins = *clock + random.below(4);
        let ends = begins + random.below(5);
        *clock = ends;
        let is_unknown = random.percent(sort.unknown_percent);
        let mut value = || {
            if sort.values > 0 {
                return ValueId(random.below(sort.values));
            }
            fresh += 1;
            ValueId(fresh)
        };
        let (one, other) = (value(), value());
        let action = match random.below(100) {
            percent if percent < sort.swap_percent => Action::Swap(one, other),
            percent if percent % 2 == 0 => Action::Write(one),
            _ => Action::Read(one),
        };
        operations.push(Operation {
            line: line + 2,
            session: SessionId(session),
            key: KeyId(random.below(sort.keys)),
            action,
            begins,
            ends: (!is_unknown).then_some(ends),
        });
    }
    operations.sort_by_key(|operation| (operation.begins, operation.line));
    for place in 0..operations.len() {
        let reader = operations[place];
        let written = operations.iter().filter(|other| {
            other.key == reader.key
                && other.line != reader.line
                && other.wrote().is_some()
                && (random.percent(sort.wild_percent)
                    || reader.ends.is_none_or(|ends| other.begins <= ends))
        });
        let written: Vec<ValueId> = written.filter_map(Operation::wrote).collect();
        let back = random.below(3) as usize;
        let seen = match written.len().checked_sub(back + 1) {
            _ if random.percent(sort.wild_percent) && !written.is_empty() => {
                written[random.below(written.len() as u32) as usize]
            }
            Some(place) => written[place],
            None => ValueId(0),
        };
        match &mut operations[place].action {
            Action::Read(value) => *value = seen,
            action @ Action::Swap(..) if reader.ends.is_some() && random.percent(40) => {
                *action = Action::NoSwap(seen);
            }
            Action::Swap(from, _) => *from = seen,
            _ => {}
        }
    }
    operations.retain(|operation| {
        operation.ends.is_some() || !matches!(operation.action, Action::Read(_))
    });
    History {
        sessions: (0..sort.sessions)
            .map(|session| session.to_string())
            .collect(),
        keys: (0..sort.keys).map(|key| key.to_string()).collect(),
        values: (0..=fresh.max(sort.values)).map(|_| Scalar::Null).collect(),
        initial: vec![ValueId(0); sort.keys as usize],
        version_order: vec![None; sort.keys as usize],
        operations,
    }
}

/// The history reduced to these lines.
pub(crate) fn only(history: &History, lines: &[u32]) -> History {
    let mut only = history.clone();
    only.operations
        .retain(|operation| lines.contains(&operation.line));
    only
}

/// What a key holds after an operation that finds `value`; `None` where it can't have found that.
fn after(action: Action, value: ValueId) -> Option<ValueId> {
    match action {
        Action::Write(value) => Some(value),
        Action::Read(seen) => (seen == value).then_some(value),
        Action::Swap(from, to) => (from == value).then_some(to),
        Action::NoSwap(not) => (not != value).then_some(value),
    }
}

/// Whether some order of each key's operations that respects real time explains them.
pub(crate) fn is_linearizable(history: &History) -> bool {
    (0u32..).zip(&history.initial).all(|(key, initial)| {
        let of_key = history.operations.iter().filter(|o| o.key.0 == key);
        let mut left: Vec<Operation> = of_key.copied().collect();
        let precedes =
            |one: &Operation, other: &Operation| one.ends.is_some_and(|ends| ends < other.begins);
        extends(&mut left, &mut vec![*initial; key as usize + 1], &precedes)
    })
}

/// Whether one order of all operations that respects each session's explains them.
pub(crate) fn is_sequential(history: &History) -> bool {
    let mut left = history.operations.clone();
    extends(&mut left, &mut history.initial.clone(), &is_before)
}

/// Session order: by invocation and line; what is unknown comes before nothing.
fn is_before(one: &Operation, other: &Operation) -> bool {
    one.session == other.session
        && one.ends.is_some()
        && (one.begins, one.line) < (other.begins, other.line)
}

fn extends(
    left: &mut Vec<Operation>,
    values: &mut Vec<ValueId>,
    precedes: &dyn Fn(&Operation, &Operation) -> bool,
) -> bool {
    if left.iter().all(|operation| operation.ends.is_none()) {
        return true;
    }
    for place in 0..left.len() {
        let next = left[place];
        let key = next.key.0 as usize;
        let is_first = !left.iter().any(|other| precedes(other, &next));
        if is_first && let Some(value) = after(next.action, values[key]) {
            left.remove(place);
            let held = std::mem::replace(&mut values[key], value);
            let extended = extends(left, values, precedes);
            values[key] = held;
            left.insert(place, next);
            if extended {
                return true;
            }
        }
    }
    false
}

/// Whether there is an order of all operations, and for each of them a set of those before it that happened
/// before it, which holds what happened before these and what its session did, so that each found the value
/// that the last of its set had left.
pub(crate) fn is_causal(history: &History) -> bool {
    arbitrates(history, &mut Vec::new())
}

/// The operations so far, each with what happened before it, as bits of places in that order.
fn arbitrates(history: &History, order: &mut Vec<(usize, u32)>) -> bool {
    let is_placed = |place: usize, order: &[(usize, u32)]| order.iter().any(|(o, _)| *o == place);
    let operations = &history.operations;
    let mut unplaced = (0..operations.len()).filter(|place| !is_placed(*place, order));
    if unplaced.all(|place| operations[place].ends.is_none()) {
        return true;
    }
    for place in (0..operations.len())
        .filter(|place| !is_placed(*place, order))
        .collect::<Vec<_>>()
    {
        let next = &operations[place];
        let mut needs = 0_u32;
        let mut is_possible = true;
        for (other, operation) in operations.iter().enumerate() {
            if is_before(operation, next) {
                match order.iter().position(|(placed, _)| *placed == other) {
                    Some(at) => needs |= 1 << at,
                    None => is_possible = false,
                }
            }
        }
        if !is_possible {
            continue;
        }
        for past in 0..1_u32 << order.len() {
            let is_closed = (order.iter().enumerate())
                .all(|(at, (_, its))| past >> at & 1 == 0 || its & !past == 0);
            if past & needs != needs || !is_closed {
                continue;
            }
            let mut value = history.initial[next.key.0 as usize];
            for (at, (other, _)) in order.iter().enumerate() {
                if past >> at & 1 == 1 && operations[*other].key == next.key {
                    value = operations[*other].wrote().unwrap_or(value);
                }
            }
            if after(next.action, value).is_some() {
                order.push((place, past));
                let found = arbitrates(history, order);
                order.pop();
                if found {
                    return true;
                }
            }
        }
    }
    false
}

/// How often a judge said what, over histories that a definition decides.
#[derive(Debug, Default)]
pub(crate) struct Agreement {
    pub(crate) yes: u32,
    pub(crate) no: u32,
    pub(crate) unknown: u32,
}

impl Agreement {
    /// Holds a judge to a definition, and its evidence to what it says.
    pub(crate) fn check(
        &mut self,
        history: &History,
        is_kept: &dyn Fn(&History) -> bool,
        judge: &dyn Fn(&History) -> Verdict,
    ) {
        let verdict = judge(history);
        match &verdict {
            Verdict::Yes => self.yes += 1,
            Verdict::No(_) => self.no += 1,
            Verdict::Unknown => self.unknown += 1,
        }
        match verdict {
            Verdict::Yes => assert!(is_kept(history), "yes of {:#?}", history.operations),
            Verdict::No(lines) => {
                assert!(!is_kept(history), "no of {:#?}", history.operations);
                assert!(!lines.is_empty() && lines.is_sorted(), "{lines:?}");
                let alone = only(history, &lines);
                assert_eq!(alone.operations.len(), lines.len());
                assert!(!is_kept(&alone), "{lines:?} of {:#?}", history.operations);
                let again = judge(&alone);
                assert!(
                    matches!(again, Verdict::No(_)),
                    "{lines:?} of {:#?}",
                    history.operations
                );
            }
            Verdict::Unknown => {}
        }
    }
}

/// What a store under faults gives: many sessions, one after another operation each, on one copy of the data.
#[derive(Clone, Copy)]
pub(crate) struct Store {
    pub(crate) operations: u32,
    pub(crate) sessions: u32,
    pub(crate) keys: u32,
    /// As in [`Sort`].
    pub(crate) values: u32,
    pub(crate) unknown_percent: u32,
    pub(crate) swap_percent: u32,
    /// How many reads in ten thousand are of what was there a while ago.
    pub(crate) stale: u32,
}

/// A history of such a store; linearizable unless something was stale.
pub(crate) fn stored(seed: u64, store: Store) -> History {
    let mut random = Random::of(seed);
    let mut clocks = vec![0; store.sessions as usize];
    let mut operations: Vec<(u32, Operation)> = Vec::new();
    for line in 0..store.operations {
        // Whoever is first goes on.
        let session = (0..store.sessions)
            .min_by_key(|s| clocks[*s as usize])
            .unwrap();
        let clock = &mut clocks[session as usize];
        let begins = *clock + random.below(20);
        let ends = begins + random.between(1, 100);
        *clock = ends + 1;
        let is_unknown = random.percent(store.unknown_percent);
        let effect = match is_unknown {
            false => random.between(begins, ends),
            // At any time later, or never.
            true if random.percent(50) => begins + random.below(2000),
            true => u32::MAX,
        };
        let one = match store.values {
            0 => ValueId(line + 1),
            values => ValueId(random.below(values)),
        };
        let action = match random.below(100) {
            percent if percent < store.swap_percent => Action::Swap(one, one),
            percent if percent % 2 == 0 => Action::Write(one),
            _ => Action::Read(one),
        };
        let operation = Operation {
            line: line + 1,
            session: SessionId(session),
            key: KeyId(random.below(store.keys)),
            action,
            begins,
            ends: (!is_unknown).then_some(ends),
        };
        operations.push((effect, operation));
    }
    operations.sort_by_key(|(effect, operation)| (*effect, operation.line));
    let mut held = vec![vec![ValueId(0)]; store.keys as usize];
    for (_, operation) in &mut operations {
        let held = &mut held[operation.key.0 as usize];
        let now = held[held.len() - 1];
        match &mut operation.action {
            Action::Write(value) => held.push(*value),
            Action::Read(value) if random.below(10_000) < store.stale => {
                *value = held[held.len().saturating_sub(30)];
            }
            Action::Read(value) => *value = now,
            Action::Swap(from, to) if random.percent(60) => {
                *from = now;
                held.push(*to);
            }
            action => {
                let Action::Swap(from, to) = *action else {
                    continue;
                };
                // It takes something else for there.
                let guess = ValueId(if store.values > 0 {
                    random.below(store.values)
                } else {
                    0
                });
                *action = match guess == now {
                    false if operation.ends.is_some() => Action::NoSwap(guess),
                    false => Action::Swap(guess, to),
                    true => {
                        held.push(to);
                        Action::Swap(now, to)
                    }
                };
                let _ = from;
            }
        }
    }
    let mut operations: Vec<Operation> = operations.into_iter().map(|(_, o)| o).collect();
    operations.retain(|o| o.ends.is_some() || !matches!(o.action, Action::Read(_)));
    operations.sort_by_key(|operation| (operation.begins, operation.line));
    History {
        sessions: (0..store.sessions)
            .map(|session| session.to_string())
            .collect(),
        keys: (0..store.keys).map(|key| key.to_string()).collect(),
        values: vec![Scalar::Null; store.values.max(store.operations + 1) as usize],
        initial: vec![ValueId(0); store.keys as usize],
        version_order: vec![None; store.keys as usize],
        operations,
    }
}
