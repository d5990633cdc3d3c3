//! Two checkers that others wrote, as judges of the same histories: Wing and Gong's search with Lowe's cache
//! (`todc-utils`), and Stateright's tester.

use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::register::{RegisterOperation, RegisterSpecification};

use crate::ids::WriteId;
use crate::promise::linearizable::tests::{Operation, operations, random_history};
use crate::promise::linearizable::{Judgement, linearizable};
use crate::promise::testing::BALANCE;
use crate::trace::Record;

type Judge = fn(&[Operation]) -> bool;

#[test]
fn it_agrees_with_wing_gong_and_lowe() {
    assert_agreement(20_000, wing_gong_lowe);
}

#[test]
fn it_agrees_with_stateright() {
    assert_agreement(2_000, stateright);
}

fn assert_agreement(histories: u64, judge: Judge) {
    let mut judged = [0, 0];
    for seed in 0..histories {
        let trace: Vec<Record> = random_history(seed);
        let operations = operations(&trace, &[]);
        if operations.is_empty() {
            continue;
        }
        let yes = linearizable(&trace, BALANCE) == Judgement::Yes;
        assert_eq!(yes, judge(&operations), "seed {seed}: {trace:#?}");
        judged[usize::from(yes)] += 1;
    }
    assert!(
        judged.iter().all(|count| *count > histories / 5),
        "{judged:?}"
    );
}

/// A write's number stands for its value; 0 is the empty key.
fn value(write: Option<WriteId>) -> u32 {
    write.map_or(0, |write| write.0)
}

/// The beginnings and ends of the operations, in order: each operation's place, and whether it begins.
fn moments(operations: &[Operation]) -> Vec<(usize, bool)> {
    let mut moments: Vec<(usize, usize, bool)> = Vec::new();
    for (place, operation) in operations.iter().enumerate() {
        moments.push((operation.begins, place, true));
        moments.extend(operation.ends.map(|ends| (ends, place, false)));
    }
    moments.sort();
    moments
        .into_iter()
        .map(|(_, place, begins)| (place, begins))
        .collect()
}

fn wing_gong_lowe(operations: &[Operation]) -> bool {
    let called = |operation: &Operation| match operation.writes {
        Some(write) => RegisterOperation::Write(write.0),
        None => RegisterOperation::Read(None),
    };
    let returned = |operation: &Operation| match operation.writes {
        Some(write) => RegisterOperation::Write(write.0),
        None => RegisterOperation::Read(Some(value(operation.saw))),
    };
    // It knows no open operations. One that took no effect may as well take effect at the end, seen by nobody.
    let open = (0..operations.len()).filter(|place| operations[*place].ends.is_none());
    let all = moments(operations)
        .into_iter()
        .chain(open.map(|place| (place, false)));
    let actions = all.map(|(place, begins)| match begins {
        true => (place, Action::Call(called(&operations[place]))),
        false => (place, Action::Response(returned(&operations[place]))),
    });
    WGLChecker::<RegisterSpecification<u32>>::is_linearizable(History::from_actions(
        actions.collect(),
    ))
}

fn stateright(operations: &[Operation]) -> bool {
    let mut tester = LinearizabilityTester::new(Register(0));
    for (place, begins) in moments(operations) {
        let operation = &operations[place];
        let told = match (operation.writes, begins) {
            (Some(write), true) => tester.on_invoke(place, RegisterOp::Write(write.0)),
            (None, true) => tester.on_invoke(place, RegisterOp::Read),
            (Some(_), false) => tester.on_return(place, RegisterRet::WriteOk),
            (None, false) => tester.on_return(place, RegisterRet::ReadOk(value(operation.saw))),
        };
        told.expect("each operation begins before it ends");
    }
    tester.is_consistent()
}
