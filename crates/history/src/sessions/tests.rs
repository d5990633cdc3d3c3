use super::*;
use crate::testing::{Agreement, Sort, random_history};
use crate::{linearizable, read};

const ALL: [Guarantee; 4] = [
    Guarantee::ReadYourWrites,
    Guarantee::MonotonicReads,
    Guarantee::MonotonicWrites,
    Guarantee::WritesFollowReads,
];

fn judged(history: &History, guarantee: Guarantee) -> Verdict {
    let explained = linearizable::explained(history, &mut Steps::new(1_000_000));
    judge(history, guarantee, &explained, &mut Steps::new(1_000_000))
}

/// The four verdicts on some lines; before each its line number is in mind: `no` names them.
fn verdicts(lines: &[&str]) -> [Verdict; 4] {
    let history = read(lines.join("\n").as_bytes()).unwrap();
    ALL.map(|guarantee| judged(&history, guarantee))
}

fn no(lines: &[u32]) -> Verdict {
    Verdict::No(lines.to_vec())
}

const YES: Verdict = Verdict::Yes;
const UNKNOWN: Verdict = Verdict::Unknown;

#[test]
fn by_a_given_order_each_is_broken_by_two_operations() {
    let order = r#"{"initial":{"x":0},"version_order":{"x":[0,1,2]}}"#;
    let verdicts_of = |a: &str, b: &str| verdicts(&[order, a, b]);
    let write_2 = r#"{"session":"A","op":"write","key":"x","value":2,"invoke":0,"return":1}"#;
    let write_1 = r#"{"session":"A","op":"write","key":"x","value":1,"invoke":2,"return":3}"#;
    let read_2 = r#"{"session":"A","op":"read","key":"x","value":2,"invoke":0,"return":1}"#;
    let read_1 = r#"{"session":"A","op":"read","key":"x","value":1,"invoke":2,"return":3}"#;
    assert_eq!(verdicts_of(write_2, read_1), [no(&[2, 3]), YES, YES, YES]);
    assert_eq!(verdicts_of(read_2, read_1), [YES, no(&[2, 3]), YES, YES]);
    assert_eq!(verdicts_of(write_2, write_1), [YES, YES, no(&[2, 3]), YES]);
    assert_eq!(verdicts_of(read_2, write_1), [YES, YES, YES, no(&[2, 3])]);
    let read_later = r#"{"session":"A","op":"read","key":"x","value":2,"invoke":4,"return":5}"#;
    assert_eq!(verdicts_of(write_1, read_later), [YES, YES, YES, YES]);
}

#[test]
fn what_the_given_order_does_not_have_is_unknown() {
    let order = r#"{"version_order":{"x":[1]}}"#;
    let write = r#"{"session":"A","op":"write","key":"x","value":2,"invoke":0,"return":1}"#;
    let read_1 = r#"{"session":"A","op":"read","key":"x","value":1,"invoke":2,"return":3}"#;
    let read_2 = r#"{"session":"A","op":"read","key":"x","value":2,"invoke":2,"return":3}"#;
    assert_eq!(verdicts(&[order, write, read_1])[0], UNKNOWN);
    assert_eq!(verdicts(&[order, write, read_2])[0], YES);
    // A value that was installed twice may be the one or the other.
    let twice = r#"{"version_order":{"x":[1,2,1]}}"#;
    assert_eq!(verdicts(&[twice, write, read_1])[0], UNKNOWN);
    let after = r#"{"version_order":{"x":[2,1,1]}}"#;
    assert_eq!(verdicts(&[after, write, read_1])[0], YES);
    let before = r#"{"version_order":{"x":[1,1,2]}}"#;
    assert_eq!(verdicts(&[before, write, read_1])[0], no(&[2, 3]));
}

#[test]
fn without_an_order_time_tells_nothing_but_what_was_there_at_first_is_older() {
    let lines = [
        r#"{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":1}"#,
        r#"{"session":"B","op":"write","key":"x","value":2,"invoke":2,"return":3}"#,
        r#"{"session":"B","op":"read","key":"x","value":1,"invoke":4,"return":5}"#,
        r#"{"session":"C","op":"read","key":"x","value":2,"invoke":6,"return":7}"#,
    ];
    // The store may have ordered 2 before 1, as with a clock that is behind.
    assert_eq!(verdicts(&lines), [UNKNOWN, YES, YES, YES]);
    let own = [
        lines[0],
        r#"{"session":"A","op":"read","key":"x","value":null,"invoke":2,"return":3}"#,
    ];
    assert_eq!(verdicts(&own), [no(&[1, 2]), YES, YES, YES]);
}

#[test]
fn without_an_order_two_writes_at_once_can_go_either_way_but_not_back_and_forth() {
    let at_once = [
        r#"{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":10}"#,
        r#"{"session":"B","op":"write","key":"x","value":2,"invoke":0,"return":10}"#,
        r#"{"session":"C","op":"read","key":"x","value":1,"invoke":20,"return":21}"#,
        r#"{"session":"C","op":"read","key":"x","value":2,"invoke":22,"return":23}"#,
        r#"{"session":"C","op":"read","key":"x","value":1,"invoke":24,"return":25}"#,
    ];
    // Not linearizable, and nothing tells the order.
    assert_eq!(verdicts(&at_once[..4])[1], UNKNOWN);
    assert_eq!(verdicts(&at_once)[1], no(&[1, 2, 3, 4, 5]));
    // Linearizable: the order that explains it keeps all four.
    assert_eq!(verdicts(&at_once[..3]), [YES, YES, YES, YES]);
}

#[test]
fn swaps_tell_their_order_and_unknown_outcomes_promise_nothing() {
    let swaps = [
        r#"{"session":"A","op":"cas","key":"x","from":null,"to":1,"ok":true,"invoke":0,"return":90}"#,
        r#"{"session":"B","op":"cas","key":"x","from":1,"to":2,"ok":true,"invoke":0,"return":90}"#,
        r#"{"session":"C","op":"read","key":"x","value":2,"invoke":10,"return":91}"#,
        r#"{"session":"C","op":"read","key":"x","value":1,"invoke":92,"return":93}"#,
    ];
    assert_eq!(verdicts(&swaps)[1], no(&[1, 2, 3, 4]));
    let unknown = [
        r#"{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":null}"#,
        r#"{"session":"A","op":"read","key":"x","value":null,"invoke":2,"return":3}"#,
        r#"{"session":"A","op":"read","key":"x","value":1,"invoke":4,"return":5}"#,
    ];
    assert_eq!(verdicts(&unknown), [YES, YES, YES, YES]);
}

/// Whether some order of the versions of each key, with all that is forced, keeps the guarantee; or every one.
/// Spelt out.
fn is_kept(history: &History, guarantee: Guarantee, every: bool) -> bool {
    orders(history, guarantee)
        .iter()
        .all(|(kept, broken)| match every {
            true => *broken == 0 && *kept > 0,
            false => *kept > 0,
        })
}

fn has_orders(history: &History) -> bool {
    let orders = orders(history, Guarantee::ReadYourWrites);
    orders.iter().all(|(kept, broken)| kept + broken > 0)
}

/// By key, how many orders keep the guarantee, and how many break it.
fn orders(history: &History, guarantee: Guarantee) -> Vec<(u32, u32)> {
    let keys = history.by_key();
    let keys = keys.iter().zip(&history.initial);
    keys.map(|(operations, initial)| {
        let mut orders = Orders {
            operations,
            initial: *initial,
            guarantee,
            sources: vec![None; operations.len()],
            kept: 0,
            broken: 0,
        };
        orders.assign(0);
        (orders.kept, orders.broken)
    })
    .collect()
}

struct Orders<'a> {
    operations: &'a [Operation],
    initial: ValueId,
    guarantee: Guarantee,
    /// By operation: what it saw. `Some(None)` is what was there at first; `None` is nobody's.
    sources: Vec<Option<Option<usize>>>,
    kept: u32,
    broken: u32,
}

impl Orders<'_> {
    fn assign(&mut self, reader: usize) {
        let Some(operation) = self.operations.get(reader) else {
            let writes: Vec<usize> = (0..self.operations.len())
                .filter(|place| self.operations[*place].wrote().is_some())
                .collect();
            return self.permute(&mut Vec::new(), &writes);
        };
        let Some(value) = operation.saw() else {
            self.sources[reader] = None;
            return self.assign(reader + 1);
        };
        let mut sources: Vec<Option<usize>> = (0..self.operations.len())
            .filter(|place| {
                let writer = &self.operations[*place];
                *place != reader
                    && writer.wrote() == Some(value)
                    && operation.ends.is_none_or(|ends| writer.begins <= ends)
            })
            .map(Some)
            .collect();
        sources.extend((value == self.initial).then_some(None));
        if sources.is_empty() {
            self.sources[reader] = None;
            self.assign(reader + 1);
        }
        for source in sources {
            self.sources[reader] = Some(source);
            self.assign(reader + 1);
        }
    }

    fn permute(&mut self, order: &mut Vec<usize>, writes: &[usize]) {
        if order.len() == writes.len() {
            if self.is_possible(order) {
                let kept = self.keeps(order);
                *(if kept {
                    &mut self.kept
                } else {
                    &mut self.broken
                }) += 1;
            }
            return;
        }
        for write in writes {
            if !order.contains(write) {
                order.push(*write);
                self.permute(order, writes);
                order.pop();
            }
        }
    }

    /// The place of a version: 0 is that of the beginning.
    fn rank(order: &[usize], version: Option<usize>) -> usize {
        version.map_or(0, |write| {
            1 + order.iter().position(|other| *other == write).unwrap()
        })
    }

    fn is_possible(&self, order: &[usize]) -> bool {
        order.iter().all(|write| match self.sources[*write] {
            Some(source) if swapped(&self.operations[*write]).is_some() => {
                Self::rank(order, source) < Self::rank(order, Some(*write))
            }
            _ => true,
        })
    }

    fn keeps(&self, order: &[usize]) -> bool {
        let saw = |place: usize| self.sources[place].map(|source| Self::rank(order, source));
        let wrote = |place: usize| {
            let operation = &self.operations[place];
            let seen = || self.sources.contains(&Some(Some(place)));
            let counts = operation.wrote().is_some() && (operation.ends.is_some() || seen());
            counts.then(|| Self::rank(order, Some(place)))
        };
        let before = |one: usize, other: usize| {
            let (one, other) = (&self.operations[one], &self.operations[other]);
            one.session == other.session && one.ends.is_some_and(|ends| ends <= other.begins)
        };
        let places = 0..self.operations.len();
        let is_fine = |one: Option<usize>, other: Option<usize>| match (one, other) {
            (Some(one), Some(other)) => one <= other,
            _ => true,
        };
        places.clone().all(|then| {
            let earlier = places
                .clone()
                .filter(|one| *one < then && before(*one, then));
            match self.guarantee {
                Guarantee::ReadYourWrites => {
                    let mut own = earlier.filter(|one| self.operations[*one].wrote().is_some());
                    is_fine(own.next_back().and_then(wrote), saw(then))
                }
                Guarantee::MonotonicReads => {
                    earlier.into_iter().all(|one| is_fine(saw(one), saw(then)))
                }
                Guarantee::MonotonicWrites => earlier
                    .into_iter()
                    .all(|one| is_fine(wrote(one), wrote(then))),
                Guarantee::WritesFollowReads => earlier
                    .into_iter()
                    .all(|one| is_fine(saw(one), wrote(then))),
            }
        })
    }
}

#[test]
fn verdicts_agree_with_the_definitions() {
    for guarantee in ALL {
        let mut agreement = Agreement::default();
        for seed in 0..25_000 {
            let history = random_history(seed, Sort::of(seed, (2, 6)));
            // Swaps that found what each other wrote leave no order at all: then nothing is said.
            if !has_orders(&history) {
                continue;
            }
            agreement.check(
                &history,
                &|history| is_kept(history, guarantee, false),
                &|history| judged(history, guarantee),
            );
        }
        assert!(agreement.no > 5, "{guarantee:?} {agreement:?}");
        assert!(agreement.yes > 5_000, "{guarantee:?} {agreement:?}");
    }
}

#[test]
fn where_values_differ_nothing_that_can_be_told_is_left_open() {
    for guarantee in ALL {
        let mut told = [0; 3];
        for seed in 0..6_000 {
            let sort = Sort {
                values: 0,
                wild_percent: 10,
                ..Sort::of(seed, (2, 6))
            };
            let history = random_history(seed, sort);
            let some_saw_nothing_written = history.operations.iter().any(|reader| {
                let writer = |other: &Operation| {
                    other.key == reader.key
                        && other.line != reader.line
                        && other.wrote() == reader.saw()
                        && reader.ends.is_none_or(|ends| other.begins <= ends)
                };
                let initial = Some(history.initial[reader.key.0 as usize]);
                reader.saw().is_some()
                    && reader.saw() != initial
                    && !history.operations.iter().any(writer)
            });
            if some_saw_nothing_written || !has_orders(&history) {
                continue;
            }
            match judged(&history, guarantee) {
                Verdict::Yes => told[0] += 1,
                Verdict::No(_) => told[1] += 1,
                Verdict::Unknown => {
                    told[2] += 1;
                    assert!(
                        is_kept(&history, guarantee, false),
                        "{guarantee:?} {history:#?}"
                    );
                    assert!(
                        !is_kept(&history, guarantee, true),
                        "{guarantee:?} {history:#?}"
                    );
                }
            }
        }
        assert!(told[0] > 1_000 && told[1] > 2, "{guarantee:?} {told:?}");
    }
}

/// By the order, spelt out: `None` where what is asked hangs on something that has no place in it.
fn is_kept_in(history: &History, guarantee: Guarantee) -> Option<bool> {
    let order = history.version_order[0].as_ref().unwrap();
    let rank = |value: Option<ValueId>| {
        let place = order.iter().position(|other| Some(*other) == value);
        place
            .map(|place| place + 1)
            .or((value == Some(ValueId(0))).then_some(0))
    };
    let mut verdict = Some(true);
    for (place, then) in history.operations.iter().enumerate() {
        let before = history.operations[..place].iter().filter(|one| {
            one.session == then.session && one.ends.is_some_and(|ends| ends <= then.begins)
        });
        let before: Vec<Option<ValueId>> = match guarantee {
            Guarantee::ReadYourWrites => before
                .filter_map(Operation::wrote)
                .next_back()
                .into_iter()
                .map(Some)
                .collect(),
            Guarantee::MonotonicWrites => before.filter_map(Operation::wrote).map(Some).collect(),
            _ => before.filter_map(Operation::saw).map(Some).collect(),
        };
        let asked = match guarantee {
            Guarantee::ReadYourWrites | Guarantee::MonotonicReads => then.saw(),
            _ => then
                .wrote()
                .filter(|_| then.ends.is_some() || rank(then.wrote()).is_some()),
        };
        let Some(asked) = asked else { continue };
        for one in before {
            match (rank(one), rank(Some(asked))) {
                (Some(one), Some(asked)) if one > asked => return Some(false),
                (Some(_), Some(_)) => {}
                _ if one == Some(asked) && guarantee == Guarantee::ReadYourWrites => {}
                _ => verdict = None,
            }
        }
    }
    verdict
}

#[test]
fn by_a_given_order_verdicts_are_those_of_the_definitions() {
    for guarantee in ALL {
        let mut told = [0; 3];
        for seed in 0..25_000 {
            let sort = Sort {
                keys: 1,
                values: 0,
                swap_percent: 0,
                ..Sort::of(seed, (2, 8))
            };
            let mut history = random_history(seed, sort);
            let mut random = crate::testing::Random::of(seed);
            let mut order: Vec<ValueId> = Vec::new();
            for value in history.operations.iter().filter_map(Operation::wrote) {
                if random.percent(90) {
                    order.insert(random.below(order.len() as u32 + 1) as usize, value);
                }
            }
            history.version_order[0] = Some(order);
            let verdict = judged(&history, guarantee);
            let (place, defined) = match &verdict {
                Verdict::Yes => (0, Some(true)),
                Verdict::No(lines) => {
                    let alone = crate::testing::only(&history, lines);
                    assert_eq!(
                        (lines.len(), is_kept_in(&alone, guarantee)),
                        (2, Some(false))
                    );
                    (1, Some(false))
                }
                Verdict::Unknown => (2, None),
            };
            assert_eq!(
                defined,
                is_kept_in(&history, guarantee),
                "{guarantee:?} {history:#?}"
            );
            told[place] += 1;
        }
        assert!(
            told.iter().all(|count| *count > 300),
            "{guarantee:?} {told:?}"
        );
    }
}
