//! Session guarantees where the order of the versions is given.

use crate::sessions::{Guarantee, Judged, Known, Mention, sessions};
use crate::{Operation, ValueId};

/// The least and the highest place that a value may have: two where it stands in the order several times.
type Places = (usize, usize);

/// Judges the operations on a key by the order of its values.
pub(super) fn judge(
    operations: &[Operation],
    initial: ValueId,
    order: &[ValueId],
    guarantee: Guarantee,
) -> Judged {
    let order = Order::of(initial, order, operations);
    let installed = |place: usize| {
        let wrote = operations[place].wrote();
        wrote.is_some_and(|value| order.may_have_more(value))
    };
    let mut verdict = Judged::Yes;
    for session in sessions(operations, installed) {
        match judge_session(&session, &order, guarantee) {
            Judged::Yes => {}
            no @ Judged::No(_) => return no,
            Judged::Unknown => verdict = Judged::Unknown,
        }
    }
    verdict
}

fn judge_session(session: &[Mention], order: &Order, guarantee: Guarantee) -> Judged {
    let mut known = Known::default();
    // Of what it knew: that which certainly comes latest, how late it may be, and whether all has a place.
    let mut latest: Option<(usize, Mention)> = None;
    let mut upto = 0;
    let mut all_placed = true;
    let mut last: Option<Mention> = None;
    let mut verdict = Judged::Yes;
    for mention in session {
        for before in known.before(mention) {
            if guarantee == Guarantee::ReadYourWrites {
                (latest, upto, all_placed) = (None, 0, true);
            }
            last = Some(*before);
            match order.place(before) {
                Some((least, highest)) => {
                    if latest.is_none_or(|(other, _)| other <= least) {
                        latest = Some((least, *before));
                    }
                    upto = upto.max(highest);
                }
                None => all_placed = false,
            }
        }
        if mention.wrote == guarantee.asks_writes() {
            let is_same = |last: &Mention| last.value == mention.value && !mention.wrote;
            match (order.place(mention), latest) {
                (Some((_, highest)), Some((least, before))) if highest < least => {
                    return Judged::No(vec![before.place, mention.place]);
                }
                // What it read is what it had written: that has a place, wherever it is.
                _ if order.is_once(mention.value)
                    && guarantee == Guarantee::ReadYourWrites
                    && last.as_ref().is_some_and(is_same) => {}
                (Some((least, _)), _) if all_placed && upto <= least => {}
                _ if last.is_none() => {}
                _ => verdict = Judged::Unknown,
            }
        }
        if mention.wrote == guarantee.is_of_own() {
            known.open.push(*mention);
        }
    }
    verdict
}

/// The order, by value.
struct Order(Vec<Value>);

/// Where a value stands in the order.
struct Value {
    value: ValueId,
    places: Places,
    /// How often it stands there.
    count: usize,
    /// How many are known to have put it there, with the beginning; and how many more may have.
    told: usize,
    unknown: usize,
}

impl Order {
    fn of(initial: ValueId, order: &[ValueId], operations: &[Operation]) -> Self {
        let first = (!order.contains(&initial)).then_some(initial);
        let values = first.into_iter().chain(order.iter().copied());
        let mut places: Vec<(ValueId, usize)> = values.zip(0..).collect();
        places.sort_unstable();
        let same = places.chunk_by(|a, b| a.0 == b.0);
        let value = |same: &[(ValueId, usize)]| Value {
            value: same[0].0,
            places: (same[0].1, same[same.len() - 1].1),
            count: same.len(),
            told: usize::from(same[0].0 == initial),
            unknown: 0,
        };
        let mut order = Order(same.map(value).collect());
        for operation in operations {
            let Some(value) = operation.wrote().and_then(|value| order.find(value)) else {
                continue;
            };
            match operation.ends {
                Some(_) => order.0[value].told += 1,
                None => order.0[value].unknown += 1,
            }
        }
        order
    }

    fn find(&self, value: ValueId) -> Option<usize> {
        self.0.binary_search_by_key(&value, |of| of.value).ok()
    }

    /// Where what is mentioned may stand; `None` where it may not stand there at all.
    fn place(&self, mention: &Mention) -> Option<Places> {
        let value = &self.0[self.find(mention.value)?];
        let may_lack = match mention.ends {
            Some(_) => value.told > value.count,
            None => value.told + value.unknown > value.count,
        };
        (!mention.wrote || !may_lack).then_some(value.places)
    }

    /// Whether it stands there more often than those who are known to have put it there.
    fn may_have_more(&self, value: ValueId) -> bool {
        let found = self.find(value).map(|place| &self.0[place]);
        found.is_some_and(|value| value.told < value.count)
    }

    /// Whether the value stands there no more than once, and was put there by no more than one.
    fn is_once(&self, value: ValueId) -> bool {
        let found = self.find(value).map(|place| &self.0[place]);
        found.is_none_or(|value| value.count == 1 && value.told + value.unknown <= 1)
    }
}
