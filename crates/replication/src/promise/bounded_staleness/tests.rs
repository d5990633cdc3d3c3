use serde_json::json;

use crate::engine::time::SimTime;
use crate::ids::{Held, KeyId, NodeId, OpId, Version, WriteId};
use crate::promise::bounded_staleness::BoundedStaleness;
use crate::promise::brute_force::Random;
use crate::promise::testing::*;
use crate::promise::{Monitor, Promise, State, Watch, real_runs, together};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record, Seq};

const PROMISE: Promise = Promise::BoundedStaleness;

/// The read path “feed”, for every read.
fn with_budget(scenario: &Scenario, budget: serde_json::Value) -> Scenario {
    let mut path = json!({ "name": "feed" });
    let fields = path.as_object_mut().unwrap();
    fields.extend(budget.as_object().unwrap().clone());
    scenario
        .with("/reads", json!({ "paths": [path] }))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Bob writes twice, “done” is said at 110 and 210 ms; F1 answers Alice at 300 ms with this.
fn answered(scenario: Scenario, shows: fn(Written, Written) -> Held) -> History {
    let mut history = History::of(scenario);
    let first = history.at(100).writes(BOB, BALANCE);
    history.at(110).acknowledged(L, first, 1);
    history.at(120).told_done(first);
    let second = history.at(200).writes(BOB, BALANCE);
    history.at(205).appended(L, second);
    history.appends(L, F1, second, Some(360));
    history.at(210).acknowledged(L, second, 1);
    history.at(220).told_done(second);
    let held = shows(first, second);
    let read = history.at(290).reads(ALICE, &[BALANCE]);
    history.at(300).served(F1, read, BALANCE, held);
    history.at(310).saw(read, BALANCE, F1, held);
    history
}

#[test]
fn an_answer_without_what_was_acknowledged_too_long_ago_breaks_it() {
    let scenario = with_budget(&one_leader(3), json!({ "max_ms": 89 }));
    let history = answered(scenario, |first, _| first.held());
    let violation = history.violation(PROMISE);
    assert_eq!(violation.title, "Alice’s read of balance was too stale");
    assert_eq!(
        violation.sentence,
        "L said “done” to Bob’s balance = 20 (#2) at 210 ms. 90 ms later F1 answered Alice’s read of balance with \
         10 (#1), though “feed” allows 89 ms: #2 was on the wire to F1, due 60 ms later."
    );
    assert_eq!(violation.at.index(), history.trace.len() - 1);
}

#[test]
fn at_the_budget_to_the_microsecond_it_is_kept() {
    let scenario = with_budget(&one_leader(3), json!({ "max_ms": 90 }));
    let verdict = answered(scenario, |first, _| first.held()).verdict(PROMISE);
    // The first write was old enough to test it.
    assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
}

#[test]
fn what_was_acknowledged_within_the_budget_tests_nothing() {
    let scenario = with_budget(&one_leader(3), json!({ "max_ms": 190 }));
    let verdict = answered(scenario, |_, _| Held::default()).verdict(PROMISE);
    assert_eq!(verdict.state, State::Unknown);
}

#[test]
fn no_time_at_all_means_what_was_acknowledged_before() {
    let scenario = with_budget(&one_leader(3), json!({ "max_ms": 0 }));
    let verdict = answered(scenario.clone(), |_, second| second.held()).verdict(PROMISE);
    assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
    answered(scenario, |first, _| first.held()).violation(PROMISE);
}

#[test]
fn an_answer_without_more_than_may_be_missing_breaks_it() {
    let scenario = with_budget(&one_leader(3), json!({ "max_entries": 1 }));
    let violation = answered(scenario.clone(), |_, _| Held::default()).violation(PROMISE);
    assert_eq!(
        violation.sentence,
        "At 300 ms F1 answered Alice’s read of balance with nothing, without #1 and #2, for which “done” had been \
         said, though “feed” allows 1 to be missing: #1 had not been sent to F1 yet."
    );
    let verdict = answered(scenario, |first, _| first.held()).verdict(PROMISE);
    assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
    let scenario = with_budget(&one_leader(3), json!({ "max_entries": 2 }));
    let verdict = answered(scenario, |_, _| Held::default()).verdict(PROMISE);
    assert_eq!(verdict.state, State::Unknown);
}

#[test]
fn the_age_is_that_at_the_look_and_not_at_the_arrival() {
    let scenario = with_budget(&one_leader(3), json!({ "max_ms": 50 }));
    let mut history = History::of(scenario);
    let read = history.at(100).reads(ALICE, &[BALANCE]);
    history.at(110).served(F1, read, BALANCE, Held::default());
    let write = history.at(120).writes(BOB, BALANCE);
    history.at(130).acknowledged(L, write, 1);
    history.at(140).told_done(write);
    history.at(400).saw(read, BALANCE, F1, Held::default());
    assert_eq!(history.verdict(PROMISE).state, State::Unknown);
}

#[test]
fn without_a_budget_nothing_is_promised() {
    let verdict = answered(one_leader(3), |_, _| Held::default()).verdict(PROMISE);
    assert_eq!(verdict.state, State::Unknown);
    // But the policy has one of its own: half a second.
    let scenario = one_leader(3).with("/reads", json!({ "policy": "lag_budget" }));
    let mut history = History::of(scenario.unwrap());
    let write = history.at(100).writes(BOB, BALANCE);
    history.at(110).acknowledged(L, write, 1);
    history.at(120).told_done(write);
    history.at(611).read(ALICE, BALANCE, F1, Held::default());
    let sentence = history.violation(PROMISE).sentence;
    assert!(
        sentence.contains("though “reads” allows 500 ms"),
        "{sentence}"
    );
}

#[test]
fn each_read_has_the_budget_of_its_path_and_of_its_time() {
    let steps =
        ["own", "feed"].map(|path| json!({ "wait_ms": 1, "read": ["balance"], "path": path }));
    let paths =
        |feed_ms| json!([{ "name": "own", "max_ms": 0 }, { "name": "feed", "max_ms": feed_ms }]);
    let other = json!({ "name": "Bob", "does": [{ "read": ["balance", "photo", "likes"] }] });
    let changes = [
        ("/reads", json!({ "paths": paths(500) })),
        (
            "/clients",
            json!([{ "name": "Alice", "does": steps }, other]),
        ),
        (
            "/script",
            json!([
                { "at_ms": 400, "set": { "/reads/paths": paths(100) } },
                { "at_ms": 600, "client": "Alice", "read": ["balance"], "path": "feed" },
            ]),
        ),
    ];
    let scenario = one_leader(3).with_all(changes);
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    let broken = |number: u32, at: u64| {
        let mut history = History::of(scenario.clone());
        let write = history.at(100).writes(BOB, BALANCE);
        history.acknowledged(L, write, 1);
        history.told_done(write);
        let op = OpId {
            client: ALICE,
            number,
        };
        let keys = [BALANCE].into_iter().collect();
        let action = Action::Read { keys };
        history.at(at).push(None, Kind::Invoked { op, action });
        history.served(F1, op, BALANCE, Held::default());
        history.saw(op, BALANCE, F1, Held::default());
        history.verdict(PROMISE).violations > 0
    };
    assert!(broken(0, 101), "own: nothing may be missing");
    assert!(!broken(1, 399), "feed: 500 ms at first");
    assert!(broken(1, 401), "feed: 100 ms later");
    assert!(
        broken(OpId::SCRIPTED, 401),
        "a scripted read of the path feed"
    );
    assert!(!broken(OpId::SCRIPTED, 301));
}

#[test]
fn of_several_copies_the_first_look_counts() {
    let scenario = with_budget(&leaderless(2, 2), json!({ "max_ms": 50 }));
    let broken = |first_look: u64| {
        let mut history = History::of(scenario.clone());
        let write = history.at(100).writes(BOB, BALANCE);
        history.acknowledged_as(NodeId(3), write, write.stamp());
        let read = history.at(140).reads(ALICE, &[BALANCE]);
        history
            .at(first_look)
            .served(F1, read, BALANCE, Held::default());
        history.at(200).served(L, read, BALANCE, Held::default());
        history.at(210).saw(read, BALANCE, L, Held::default());
        if history.verdict(PROMISE).violations == 0 {
            return None;
        }
        Some(history.violation(PROMISE).sentence)
    };
    assert_eq!(broken(150), None);
    assert_eq!(
        broken(151).as_deref(),
        Some(
            "proxy said “done” to Bob’s balance = 10 (#1) at 100 ms. 51 ms later Alice’s read of balance came to B \
             first, and was answered with nothing, though “feed” allows 50 ms: #1 had not been sent to B yet."
        )
    );
}

#[test]
fn of_siblings_one_must_equal_or_supersede() {
    let scenario = with_budget(&leaderless(1, 1), json!({ "max_ms": 10 }));
    let mut history = History::of(scenario);
    let [own, other] = [ALICE, BOB].map(|client| history.at(100).writes(client, BALANCE));
    let held = [own, other].map(|write| write.held_as(write.dotted(&[])));
    for write in [own, other] {
        history.acknowledged_as(NodeId(3), write, write.dotted(&[]));
    }
    let read = history.at(200).reads(CAROL, &[BALANCE]);
    for held in held {
        history.served(L, read, BALANCE, held);
    }
    for held in held {
        history.saw(read, BALANCE, L, held);
    }
    let verdict = history.verdict(PROMISE);
    assert_eq!((verdict.state, verdict.checked), (State::Kept, 1));
    let read = history.at(300).reads(BOB, &[BALANCE]);
    history.served(L, read, BALANCE, held[1]);
    history.saw(read, BALANCE, L, held[1]);
    assert!(history.violation(PROMISE).sentence.contains("(#1)"));
}

/// What versions a history has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    Ordered,
    Dotted,
    Merged,
}

#[test]
fn what_is_found_agrees_with_the_definition() {
    let paths = json!([
        { "name": "by time", "max_ms": 4 },
        { "name": "by number", "max_entries": 1 },
        { "name": "by both", "max_ms": 12, "max_entries": 2 },
    ]);
    let names = ["by time", "by number", "by both"];
    let step = |number: usize| json!({ "read": ["balance"], "path": names[number % 3] });
    let mut steps: Vec<_> = (0..80).map(step).collect();
    steps.push(json!({ "read": ["balance", "photo", "likes"] }));
    let clients =
        ["Alice", "Bob", "Carol"].map(|name| json!({ "name": name, "does": steps.clone() }));
    let budgeted = |scenario: Scenario| {
        let changes = [
            ("/reads", json!({ "paths": paths })),
            ("/clients", json!(clients)),
        ];
        scenario.with_all(changes).unwrap()
    };
    let mut scenarios = [one_leader(3), leaderless(1, 1), leaderless(2, 2)]
        .map(|scenario| Some(budgeted(scenario)));
    for versions in [Versions::Ordered, Versions::Dotted, Versions::Merged] {
        let (mut broken, mut tested) = (0, 0);
        for seed in 0..36_000 {
            let scenario = scenarios[seed as usize % 3].take().unwrap();
            let history = random_history(seed, versions, scenario);
            let (scenario, trace) = (&history.scenario, &history.trace);
            let mut monitor = BoundedStaleness::new(scenario);
            let mut findings = Vec::new();
            let mut rest = &trace[..];
            while !rest.is_empty() {
                let (what, later) = rest.split_at(together(rest));
                monitor.observe(what, &mut findings);
                rest = later;
            }
            let found: Vec<Seq> = findings.iter().map(|found| found.shown.last).collect();
            let checked = monitor.checked();
            let one_answers = seed % 3 < 2;
            let defined = by_definition(trace, one_answers);
            let judged = (checked, found);
            assert_eq!(judged, defined, "{versions:?}, seed {seed}: {trace:#?}");
            broken += judged.1.len();
            tested += checked as usize;
            if seed % 10 == 0 {
                let mut watch = Watch::new(scenario);
                watch.observe(trace, scenario);
                let mut own = watch.violations().to_vec();
                own.retain(|violation| violation.promise == PROMISE);
                assert_eq!(own.len(), judged.1.len());
                assert_sound(&own, trace, scenario);
            }
            scenarios[seed as usize % 3] = Some(history.scenario);
        }
        assert!(broken > 3_000, "{versions:?}: {broken} of {tested}");
        assert!(
            tested > broken + 5_000,
            "{versions:?}: {broken} of {tested}"
        );
    }
}

/// "At the instant of answering, the answer lacked acknowledged writes older (or more) than its path's
/// budget": how often that was tested, and the answers that did.
fn by_definition(trace: &[Record], one_answers: bool) -> (u32, Vec<Seq>) {
    let (mut checked, mut broken) = (0, Vec::new());
    let mut next = 0;
    while next < trace.len() {
        let first = next;
        next += 1;
        let Kind::Saw {
            op,
            key,
            from,
            held,
        } = trace[first].kind
        else {
            continue;
        };
        while next < trace.len() && is_one_answer(&trace[first], &trace[next]) {
            next += 1;
        }
        let shown: Vec<Version> = trace[first..next]
            .iter()
            .filter_map(|record| match record.kind {
                Kind::Saw { held, .. } => held.version,
                _ => None,
            })
            .collect();
        let look = trace[..first].iter().find(|record| match record.kind {
            Kind::Served {
                node,
                op: of,
                key: same,
                held: had,
            } => (of, same) == (op, key) && (!one_answers || (node, had) == (from, held)),
            _ => false,
        });
        let Some(look) = look else { continue };
        let (max_ms, max_entries) =
            [(Some(4), None), (None, Some(1)), (Some(12), Some(2))][op.number as usize % 3];
        let is_too_old =
            |at: SimTime| max_ms.is_some_and(|max_ms| look.at.0 - at.0 > max_ms * 1000);
        let acked = acked_before(trace, look.seq, key);
        let is_missing = |version: Version| !shown.iter().any(|shown| shown.covers(&version));
        let missing = acked.iter().filter(|(_, version)| is_missing(*version));
        let too_many = |count: usize| max_entries.is_some_and(|most| count > most);
        checked += u32::from(acked.iter().any(|(at, _)| is_too_old(*at)) || too_many(acked.len()));
        if missing.clone().any(|(at, _)| is_too_old(*at)) || too_many(missing.count()) {
            broken.push(trace[next - 1].seq);
        }
    }
    (checked, broken)
}

/// The writes to a key for which "done" had been said before a record, and when.
fn acked_before(trace: &[Record], before: Seq, of: KeyId) -> Vec<(SimTime, Version)> {
    let mut acked: Vec<(WriteId, SimTime, Version)> = Vec::new();
    for record in &trace[..before.index()] {
        let Kind::Acknowledged { write, version, .. } = record.kind else {
            continue;
        };
        let is_of_key = trace.iter().any(|record| {
            matches!(record.kind, Kind::Invoked { action: Action::Write { write: other, key, .. }, .. }
                if (other, key) == (write, of))
        });
        if is_of_key && !acked.iter().any(|(other, ..)| *other == write) {
            acked.push((write, record.at, version));
        }
    }
    acked
        .into_iter()
        .map(|(_, at, version)| (at, version))
        .collect()
}

/// What a replica found for a read.
type LookedUp = (NodeId, KeyId, Vec<Held>);

/// Whatever a replica can look up, and whatever an answer can show, it does.
fn random_history(seed: u64, versions: Versions, scenario: Scenario) -> History {
    let mut random = Random::of(seed);
    let mut history = History::of(scenario);
    let mut writes: Vec<(Written, Version)> = Vec::new();
    // By client: its open read, and what was looked up for it.
    let mut reads: [Option<(OpId, Vec<LookedUp>)>; 3] = [None, None, None];
    let mut now = 0;
    for _ in 0..random.between(10, 60) {
        now += u64::from(random.below(3));
        history.at(now);
        let node = NodeId(random.below(3) as u8);
        let place = random.below(3) as usize;
        let client = [ALICE, BOB, CAROL][place];
        let of_key: Vec<(KeyId, Version)> = writes
            .iter()
            .map(|(write, version)| (write.key, *version))
            .collect();
        match random.below(10) {
            0..2 => {
                let key = if random.percent(70) { BALANCE } else { PHOTO };
                let version = match versions {
                    Versions::Ordered => random.position(),
                    _ => random.dotted(key, &of_key),
                };
                if of_key.iter().any(|(_, other)| *other == version) {
                    continue;
                }
                reads[place] = None;
                writes.push((history.writes(client, key), version));
            }
            2..4 if !writes.is_empty() => {
                let (write, version) = writes[random.below(writes.len() as u32) as usize];
                history.acknowledged_as(L, write, version);
                if random.percent(50) {
                    history.told(write.op, Outcome::Written { version });
                }
            }
            4..9 => match &mut reads[place] {
                None => reads[place] = Some((history.reads(client, &[BALANCE, PHOTO]), Vec::new())),
                Some((op, looks)) if looks.is_empty() || random.percent(40) => {
                    let key = if random.percent(70) { BALANCE } else { PHOTO };
                    let held = match versions {
                        Versions::Ordered => vec![random.held(key, &of_key)],
                        Versions::Dotted => random.siblings(key, &of_key),
                        Versions::Merged => vec![random.merged(key, &of_key)],
                    };
                    for held in &held {
                        history.served(node, *op, key, *held);
                    }
                    looks.push((node, key, held));
                }
                Some((op, looks)) => {
                    let (from, key, held) = &looks[random.below(looks.len() as u32) as usize];
                    for held in held {
                        history.saw(*op, *key, *from, *held);
                    }
                    if random.percent(30) {
                        history.told(*op, Outcome::Answered);
                        reads[place] = None;
                    }
                }
            },
            _ => {
                if let Some((op, _)) = reads[place].take() {
                    history.told(op, Outcome::Unknown);
                }
            }
        }
    }
    history
}

/// How many answers were tested, and how many were too stale; all violations are sound.
fn judged(scenario: &Scenario, seed: u64) -> (u32, u32) {
    let trace = real_runs::trace_of(scenario, seed);
    let mut watch = Watch::new(scenario);
    watch.observe(&trace, scenario);
    let mut own = watch.violations().to_vec();
    own.retain(|violation| violation.promise == PROMISE);
    own.truncate(100);
    assert_sound(&own, &trace, scenario);
    let verdict = watch.verdict(PROMISE, trace.len());
    (verdict.checked, verdict.violations)
}

#[test]
fn what_is_found_in_runs_is_proved_by_its_evidence_and_told_from_it() {
    let budgets = [
        json!({ "max_ms": 0 }),
        json!({ "max_ms": 60 }),
        json!({ "max_entries": 1 }),
        json!({ "max_ms": 150, "max_entries": 3 }),
    ];
    let runs = [
        real_runs::one_leader_runs(),
        real_runs::troubled_runs(),
        real_runs::leaderless_runs(),
        real_runs::siblings_and_hints_runs(),
        real_runs::multi_leader_runs(),
    ];
    for (group, runs) in runs.iter().enumerate() {
        let (mut tested, mut broken) = (0, 0);
        for (number, scenario) in runs.iter().step_by(5).enumerate() {
            let mut path = budgets[number % budgets.len()].clone();
            path["name"] = json!("feed");
            let scenario = real_runs::with(scenario, "/reads/paths", json!([path]));
            let (checked, violations) = judged(&scenario, number as u64);
            tested += checked;
            broken += violations;
        }
        assert!(broken > 10, "group {group}: {broken} of {tested}");
        assert!(tested > broken + 50, "group {group}: {broken} of {tested}");
    }
}

/// Nothing is missing at a leader whom nobody disturbs, nor where any R copies meet any W.
#[test]
fn leaders_and_quorums_lack_nothing_and_others_do() {
    let one_leader = json!({
        "kind": "single_leader", "nodes": 3, "ack": { "mode": "async" }, "failure_timeout_ms": 5000
    });
    let quorum = |r: u8| {
        json!({ "kind": "leaderless", "nodes": 3, "copies": 3, "w": 2, "r": r, "legs": {
            "w": { "exponential": { "mean_ms": 60 } }, "a": { "constant_ms": 5 },
            "r": { "exponential": { "mean_ms": 5 } }, "s": { "exponential": { "mean_ms": 5 } }
        } })
    };
    let strict = json!([{ "name": "own", "max_ms": 0 }]);
    for (protocol, reads, keeps) in [
        (one_leader.clone(), "leader", true),
        (one_leader, "any", false),
        (quorum(2), "any", true),
        (quorum(1), "any", false),
    ] {
        let scenario = real_runs::scenario(&protocol, reads, &json!([]));
        let scenario = real_runs::with(&scenario, "/reads/paths", strict.clone());
        let (mut tested, mut broken) = (0, 0);
        for seed in 0..8 {
            let (checked, violations) = judged(&scenario, seed);
            tested += checked;
            broken += violations;
        }
        assert!(tested > 400, "{protocol} {tested}");
        assert_eq!(
            broken == 0,
            keeps,
            "{protocol}, {reads}: {broken} of {tested}"
        );
    }
}

/// The router knows only what was last reported, and a replica whose line is slow does not know itself how
/// far it is behind: so it breaks some budgets too.
#[test]
fn routing_by_lag_breaks_fewer_budgets_than_routing_anywhere() {
    let protocol = json!({
        "kind": "single_leader", "nodes": 3, "ack": { "mode": "async" }, "failure_timeout_ms": 5000,
        "resend_ms": 200
    });
    let script = json!([
        { "at_ms": 1500, "slow": "L", "from": "F1", "by_ms": 900 }, { "at_ms": 4000, "heal": "all" }
    ]);
    let any = real_runs::scenario(&protocol, "any", &script);
    let mut broken = [0; 2];
    for (which, policy) in ["lag_budget", "any"].into_iter().enumerate() {
        let paths = json!([{ "name": "feed", "max_ms": 300 }]);
        let reads = json!({ "policy": policy, "report_ms": 100, "paths": paths });
        let scenario = real_runs::with(&any, "/reads", reads);
        broken[which] = (0..6).map(|seed| judged(&scenario, seed).1).sum();
    }
    assert!(broken[0] * 3 < broken[1] * 2, "{broken:?}");
    assert!(broken[0] > 0, "{broken:?}");
}
