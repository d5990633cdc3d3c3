use replication::engine::time::SimTime;
use replication::run::{self, Run};
use replication::trace::fingerprint;

use super::*;

fn story(text: &[u8]) -> Arc<Scenario> {
    Arc::new(Scenario::from_bytes(text).unwrap())
}

fn transfer() -> Arc<Scenario> {
    story(include_bytes!("../../../../scenarios/double-transfer.json"))
}

/// The scenario with an entry in its script, which is empty.
fn acted(scenario: &Scenario, at_us: u64, does: &str) -> Arc<Scenario> {
    let text = scenario.to_text();
    let script = text.find("\"script\": []").expect("an empty script");
    let entry = format!("\"script\": [{{ \"at_us\": {at_us}, \"by_hand\": true, {does} }}]");
    let text = text[..script].to_owned() + &entry + &text[script + "\"script\": []".len()..];
    Arc::new(Scenario::from_bytes(text.as_bytes()).unwrap())
}

fn at_its_end(run: &mut dyn Run) -> String {
    run.seek(SimTime(u64::MAX));
    fingerprint(run.records())
}

fn fresh(branch: &Branch) -> Box<dyn Run> {
    run::open(Arc::clone(&branch.scenario), branch.seed)
}

#[test]
fn both_branches_are_bit_equal_on_replay() {
    let scenario = transfer();
    let mut branches = Branches::of(Arc::clone(&scenario), scenario.seed);
    let mut run = run::open(Arc::clone(&scenario), scenario.seed);
    let at = SimTime(1_000_000);
    run.seek(at);
    let crashed = acted(&scenario, at.0 + 1, "\"crash\": \"L\"");
    let mut forked = run.fork(Arc::clone(&crashed));
    let name = change_words(&scenario, &crashed, (7, 7));
    branches.grow(name, crashed, scenario.seed, at, at);
    let of_fork = at_its_end(forked.as_mut());

    let first = branches.parent().unwrap().id;
    branches.go_to(first, forked.now());
    let back = branches.current();
    assert_eq!(back.cursor, at, "where it was left");
    let mut run = fresh(back);
    run.seek(back.cursor);
    let of_first = at_its_end(run.as_mut());
    assert_ne!(of_first, of_fork);
    let straight = at_its_end(run::open(Arc::clone(&scenario), scenario.seed).as_mut());
    assert_eq!(of_first, straight);

    branches.go_to(1, run.now());
    let again = branches.current();
    let mut run = fresh(again);
    run.seek(again.forked_at);
    assert_eq!(at_its_end(run.as_mut()), of_fork);
    assert_eq!(at_its_end(fresh(again).as_mut()), of_fork);
}

#[test]
fn a_branch_is_named_by_what_made_it() {
    let before = transfer();
    let seed = before.seed;
    let named = |after: &Scenario| change_words(&before, after, (seed, seed));
    assert_eq!(
        named(&acted(&before, 1_200_000, "\"crash\": \"L\"")),
        "crash L at 1.200 s"
    );
    assert_eq!(
        named(&acted(
            &before,
            500_000,
            "\"set\": { \"/protocol/ack\": { \"mode\": \"sync\" } }"
        )),
        "“done” is said after: every follower at 0.500 s"
    );
    assert_eq!(
        named(&acted(
            &before,
            700_000,
            "\"client\": \"Alice\", \"read\": [\"balance\"]"
        )),
        "Alice reads balance at 0.700 s"
    );
    assert_eq!(
        named(&acted(
            &before,
            1_100_000,
            r#""drop": { "message": "append", "from": "L", "to": "F2" }"#
        )),
        "drop the message from L to F2 at 1.100 s"
    );
    assert_eq!(
        named(&acted(
            &before,
            1_100_000,
            r#""delay": { "message": "ack", "from": "F2", "to": "L" }, "by_ms": 40"#
        )),
        "hold up the acknowledgement from F2 to L by 40 ms at 1.100 s"
    );
    assert_eq!(change_words(&before, &before, (seed, 8)), "seed 8");
    let crashed = acted(&before, 1_200_000, "\"crash\": \"L\"");
    assert_eq!(change_words(&crashed, &crashed, (1, 2)), "seed 2");
}

fn tree(branches: &Branches) -> String {
    let rows = branches.rows();
    let lines = rows.iter().map(|row| {
        let mark = if row.current { "*" } else { "" };
        format!("{}{}{mark}", " ".repeat(row.depth), row.name)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn grown() -> Branches {
    let scenario = transfer();
    let mut branches = Branches::of(Arc::clone(&scenario), 7);
    let grow = |branches: &mut Branches, name: &str, at_us: u64| {
        let at = SimTime(at_us);
        branches.grow(name.to_owned(), Arc::clone(&scenario), 7, at, at);
    };
    grow(&mut branches, "a", 500);
    grow(&mut branches, "b", 900);
    branches.go_to(0, SimTime(950));
    grow(&mut branches, "c", 300);
    branches.go_to(1, SimTime(400));
    grow(&mut branches, "b", 700);
    branches
}

#[test]
fn children_stand_under_their_parent_and_no_two_have_one_name() {
    let branches = grown();
    assert_eq!(
        tree(&branches),
        "the story as it was\n a\n  b\n  b (2)*\n c"
    );
}

#[test]
fn a_removed_branch_leaves_its_children_to_its_parent() {
    let mut branches = grown();
    branches.remove(1);
    assert_eq!(tree(&branches), "the story as it was\n b\n c\n b (2)*");
    let forked_us: Vec<u64> = branches.rows().iter().map(|row| row.forked_at_us).collect();
    assert_eq!(forked_us, [0, 500, 300, 500]);
    assert_eq!(branches.parent().unwrap().id, 0);
    assert!(branches.remove(branches.current().id).is_none());
}

#[test]
fn a_name_is_given_and_never_empty() {
    let mut branches = grown();
    branches.rename(1, "  the crash ");
    branches.rename(2, "   ");
    branches.rename(3, &"x".repeat(500));
    let name = |id| branches.get(id).unwrap().name.as_str();
    assert_eq!(name(1), "the crash");
    assert_eq!(name(2), "b");
    assert_eq!(name(3).len(), Branches::NAME_MAX);
}

#[test]
fn of_more_than_are_kept_the_oldest_is_forgotten_but_never_the_story() {
    let scenario = transfer();
    let mut branches = Branches::of(Arc::clone(&scenario), 7);
    let mut forgotten = Vec::new();
    for number in 1..Branches::MAX + 3 {
        let at = SimTime(number as u64);
        let gone = branches.grow(number.to_string(), Arc::clone(&scenario), 7, at, at);
        forgotten.extend(gone.map(|branch| branch.name));
    }
    assert_eq!(branches.count(), Branches::MAX);
    assert_eq!(forgotten, ["1", "2", "3"]);
    assert_eq!(branches.rows()[0].name, "the story as it was");
    assert_eq!(branches.current().name, "52");
}
