use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action as Event, History as Events};
use todc_utils::specifications::Specification;

use crate::linearizable::{Judged, Ties, Timeline, frontier};
use crate::testing::{Agreement, Sort, Store, is_linearizable, random_history, stored};
use crate::{Action, History, Operation, Steps, ValueId, Verdict, linearizable};

fn judged(history: &History) -> Verdict {
    linearizable::judge(history, &mut Steps::new(10_000_000))
}

#[test]
fn it_agrees_with_all_orders_tried_out() {
    let mut agreement = Agreement::default();
    for seed in 0..100_000 {
        let history = random_history(seed, Sort::of(seed, (1, 8)));
        agreement.check(&history, &is_linearizable, &judged);
    }
    assert!(
        agreement.yes > 20_000 && agreement.no > 20_000,
        "{agreement:?}"
    );
    assert_eq!(agreement.unknown, 0);
}

/// The approximations keep to one configuration, or eight, and so have to drop and to merge.
#[test]
fn what_too_few_configurations_decide_is_right() {
    let mut decided = [0; 2];
    for seed in 0..40_000 {
        let sort = Sort {
            keys: 1,
            values: 3,
            ..Sort::of(seed, (4, 9))
        };
        let history = random_history(seed, sort);
        let operations = &history.operations;
        let timeline = Timeline::of(operations, Ties::Overlap);
        let mut steps = Steps::new(1_000_000);
        let initial = history.initial[0];
        let is_kept = match frontier::judge_from(1, operations, &timeline, initial, &mut steps) {
            Judged::Yes => true,
            Judged::No(_) => false,
            Judged::Unknown => continue,
        };
        decided[usize::from(is_kept)] += 1;
        assert_eq!(
            is_kept,
            is_linearizable(&history),
            "seed {seed}: {operations:#?}"
        );
    }
    assert!(
        decided.iter().all(|decided| *decided > 5_000),
        "{decided:?}"
    );
}

/// A register as the other judges want it. What is unknown is closed at the end of the history, where nothing
/// sees any more whether it took effect.
struct Register;

fn applied(operation: &Operation, value: ValueId) -> (bool, ValueId) {
    let is_known = operation.ends.is_some();
    match operation.action {
        Action::Write(written) => (true, written),
        Action::Read(seen) => (seen == value, value),
        Action::Swap(from, to) if from == value => (true, to),
        Action::Swap(..) => (!is_known, value),
        Action::NoSwap(not) => (not != value, value),
    }
}

impl Specification for Register {
    type State = u32;
    type Operation = Operation;

    fn init() -> u32 {
        0
    }

    fn apply(operation: &Operation, value: &u32) -> (bool, u32) {
        let (is_possible, value) = applied(operation, ValueId(*value));
        (is_possible, value.0)
    }
}

#[test]
fn it_agrees_with_the_checker_of_wing_gong_and_lowe() {
    let mut counts = [0; 2];
    for seed in 0..20_000 {
        let sort = Sort {
            keys: 1,
            sessions: 5,
            ..Sort::of(seed, (3, 14))
        };
        let history = random_history(seed, sort);
        if history.operations.is_empty() {
            continue;
        }
        let timeline = Timeline::of(&history.operations, Ties::Overlap);
        let mut events = Vec::new();
        for (place, is_return) in &timeline.events {
            let operation = history.operations[*place];
            events.push((
                *place,
                match is_return {
                    true => Event::Response(operation),
                    false => Event::Call(operation),
                },
            ));
        }
        let open = history
            .operations
            .iter()
            .enumerate()
            .filter(|(_, o)| o.ends.is_none());
        events.extend(open.map(|(place, operation)| (place, Event::Response(*operation))));
        let theirs = WGLChecker::<Register>::is_linearizable(Events::from_actions(events));
        match judged(&history) {
            Verdict::Yes => assert!(theirs, "seed {seed}: {:#?}", history.operations),
            Verdict::No(_) => assert!(!theirs, "seed {seed}: {:#?}", history.operations),
            Verdict::Unknown => panic!("seed {seed}"),
        }
        counts[usize::from(theirs)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 4_000), "{counts:?}");
}

/// The same register, for a tester that wants to be told what an operation would have returned.
#[derive(Clone)]
struct Reference(ValueId);

impl SequentialSpec for Reference {
    type Op = Operation;
    type Ret = bool;

    fn invoke(&mut self, operation: &Operation) -> bool {
        let (is_possible, value) = applied(operation, self.0);
        self.0 = value;
        is_possible
    }

    fn is_valid_step(&mut self, operation: &Operation, _: &bool) -> bool {
        self.invoke(operation)
    }
}

#[test]
fn it_agrees_with_the_tester_of_a_model_checker() {
    let mut counts = [0; 2];
    for seed in 0..5_000 {
        let sort = Sort {
            keys: 1,
            ..Sort::of(seed, (2, 5))
        };
        let history = random_history(seed, sort);
        let timeline = Timeline::of(&history.operations, Ties::Overlap);
        let mut tester = LinearizabilityTester::new(Reference(ValueId(0)));
        for (place, is_return) in &timeline.events {
            match is_return {
                true => tester.on_return(*place, true).unwrap(),
                false => tester
                    .on_invoke(*place, history.operations[*place])
                    .unwrap(),
            };
        }
        let theirs = tester.is_consistent();
        let ours = judged(&history);
        assert_eq!(
            ours == Verdict::Yes,
            theirs,
            "seed {seed}: {:#?}",
            history.operations
        );
        assert_ne!(ours, Verdict::Unknown);
        counts[usize::from(theirs)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 1_000), "{counts:?}");
}

#[test]
fn a_swap_register_under_faults_is_decided() {
    let store = Store {
        operations: 3_000,
        sessions: 20,
        keys: 1,
        values: 5,
        unknown_percent: 10,
        swap_percent: 33,
        stale: 0,
    };
    for seed in 0..3 {
        let history = stored(seed, store);
        let verdict = linearizable::judge(&history, &mut Steps::new(100_000_000));
        assert_eq!(verdict, Verdict::Yes, "seed {seed}");
    }
}
