//! Histories as large as a real test of a store gives.

use crate::testing::{Store, stored};
use crate::{Budget, History, Report, Steps, Verdict, judge, linearizable};

fn history(values: u32, unknown_percent: u32, swap_percent: u32, stale: u32) -> History {
    let store = Store {
        operations: 10_000,
        sessions: 20,
        keys: 1,
        values,
        unknown_percent,
        swap_percent,
        stale,
    };
    stored(7, store)
}

fn judged(history: &History) -> Report {
    judge(history, Budget::default())
}

#[test]
fn ten_thousand_operations_with_different_values_are_decided() {
    let report = judged(&history(0, 0, 0, 0));
    for (name, verdict) in report.entries() {
        assert_eq!(*verdict, Verdict::Yes, "{name}");
    }
    let report = judged(&history(0, 0, 0, 20));
    let Verdict::No(lines) = report.linearizable else {
        panic!("{:?}", report.linearizable);
    };
    assert!(lines.len() <= 6, "{lines:?}");
}

#[test]
fn repeated_values_swaps_and_unknown_outcomes_are_decided_too() {
    let judged =
        |history: History| linearizable::judge(&history, &mut Steps::new(Budget::default().steps));
    assert_eq!(judged(history(5, 10, 20, 0)), Verdict::Yes);
    let stale = judged(history(50, 10, 20, 500));
    assert!(matches!(stale, Verdict::No(_)), "{stale:?}");
}
