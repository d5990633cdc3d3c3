//! What would fix it: a row for each change that was tried on a run, with what it did and what it cost.
//!
//! Every row comes from a run that was made. Those that keep the promise come first, the cheapest of
//! them at the top.

use replication::fixes::{Effect, Fix, Load, Price, Standing, Trial, compare};
use replication::measure::{Latency, Operations};
use replication::ordered::sort_by_key;
use replication::promise::{Promise, State};

use crate::quantity::{duration, listed};

/// A change that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixRow {
    /// Which of the changes.
    pub number: usize,
    /// What it did, in a word.
    pub effect: Effect,
    /// A mark for it.
    pub mark: &'static str,
    /// What the change is called.
    pub name: String,
    /// What theory says of it.
    pub why: String,
    /// What became of the promise: "Kept: checked 14 times".
    pub verdict: String,
    /// What is newly broken: "It breaks Monotonic reads"; empty where nothing is.
    pub breaks: String,
    /// What else is kept by it; empty where nothing is.
    pub also_keeps: String,
    /// What happened the first time that the promise was still broken.
    pub still: Option<String>,
    /// What it costs, in a few short phrases: "writes 25 → 61 ms at p99".
    pub costs: Vec<String>,
    /// All that was measured, without the change and with it.
    pub measured: Vec<Pair>,
    /// What is true at the end where that is another thing now.
    pub truth: Vec<String>,
}

/// One thing that was measured in two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What.
    pub name: &'static str,
    /// In the run as it is.
    pub now: String,
    /// In the run with the change.
    pub then: String,
}

/// A row for each change that has been tried: `before` is the run as it is, and `trials` are those of the
/// first of the `fixes`.
pub fn fix_rows(before: &Trial, fixes: &[Fix], trials: &[Trial], promise: Promise) -> Vec<FixRow> {
    let tried = fixes.iter().zip(trials).enumerate();
    let mut rows: Vec<((u64, u64), FixRow)> = tried
        .map(|(number, (fix, after))| {
            let row = row(number, fix, before, after, promise);
            (rank(row.effect, &after.price), row)
        })
        .collect();
    // Of equals, the likelier stays first.
    sort_by_key(&mut rows, |(rank, _)| *rank);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// What decides the order: what was kept, then what went wrong for clients, then how long they waited.
fn rank(effect: Effect, price: &Price) -> (u64, u64) {
    let not_done = |of: &Operations| u64::from(of.refused + of.unknown + of.pending);
    let p99 = |latency: Option<Latency>| latency.map_or(0, |latency| latency.p99);
    let not_done = not_done(&price.writes) + not_done(&price.reads);
    let waited_us = p99(price.write_latency_us) + p99(price.read_latency_us);
    let of = |effect: u64| effect << 32;
    match effect {
        Effect::Kept => (of(0) + not_done, waited_us),
        Effect::KeptBut => (of(1) + not_done, waited_us),
        // What does not help has no price: theory's order stays.
        Effect::Broken => (of(2), 0),
        Effect::Untested => (of(3), 0),
    }
}

fn row(number: usize, fix: &Fix, before: &Trial, after: &Trial, promise: Promise) -> FixRow {
    let comparison = compare(before, after, promise);
    let standing = after.of(promise);
    let effect = comparison.effect;
    let (mark, verdict) = match effect {
        Effect::Kept => ("✓", kept(standing)),
        Effect::KeptBut => ("!", kept(standing)),
        Effect::Broken => ("✗", broken(standing)),
        Effect::Untested => (
            "–",
            "No longer put to the test: neither kept nor broken".to_owned(),
        ),
    };
    let titles = |promises: &[Promise]| {
        let titles: Vec<&str> = promises.iter().map(|promise| promise.title()).collect();
        listed(&titles)
    };
    let breaks = match comparison.now_broken.as_slice() {
        [] => String::new(),
        promises => format!("It breaks {}", titles(promises)),
    };
    let still = standing.first.clone();
    FixRow {
        number,
        effect,
        mark,
        name: fix.name.clone(),
        why: fix.why.clone(),
        verdict,
        breaks,
        also_keeps: titles(&comparison.also_kept),
        still: still.filter(|_| effect == Effect::Broken),
        costs: costs(&before.price, &after.price),
        measured: measured(&before.price, &after.price),
        truth: comparison.truth,
    }
}

fn kept(standing: &Standing) -> String {
    let at_risk = match standing.state {
        State::AtRisk => ", and at risk at the end",
        _ => "",
    };
    format!("Kept: checked {}{at_risk}", times(standing.checked))
}

fn broken(standing: &Standing) -> String {
    let (violations, checked) = (standing.violations, standing.checked);
    // One check can find several things broken.
    match violations <= checked {
        true => format!("Still broken on this run: {violations} of {checked}"),
        false => format!("Still broken on this run: {}", times(violations)),
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// What differs, in a few short phrases.
fn costs(now: &Price, then: &Price) -> Vec<String> {
    let mut costs = Vec::new();
    let latencies = [
        ("writes", now.write_latency_us, then.write_latency_us),
        ("reads", now.read_latency_us, then.read_latency_us),
    ];
    for (what, now, then) in latencies {
        let (Some(now), Some(then)) = (now, then) else {
            continue;
        };
        let ranks = [("p99", now.p99, then.p99), ("p50", now.p50, then.p50)];
        // What the slowest took says more than what half of them did.
        let changed = ranks.map(|(rank, now, then)| (rank, arrow(duration(now), duration(then))));
        if let Some((rank, arrow)) = changed
            .into_iter()
            .find_map(|(rank, arrow)| Some((rank, arrow?)))
        {
            costs.push(format!("{what} {arrow} at {rank}"));
        }
    }
    for (name, number) in COUNTS {
        if let Some(arrow) = arrow(number(now).to_string(), number(then).to_string()) {
            costs.push(format!("{name} {arrow}"));
        }
    }
    match (&now.busiest, &then.busiest) {
        (Some(now), Some(then)) if now.node == then.node => {
            let percent = |load: &Load| format!("{} %", load.percent());
            let changed = arrow(percent(now), percent(then));
            costs.extend(changed.map(|arrow| format!("load on {} {arrow}", then.node)));
        }
        _ => costs.extend(arrow(load(now), load(then)).map(|arrow| format!("load {arrow}"))),
    }
    costs
}

/// "25 → 61 ms"; nothing where both are the same.
fn arrow(now: String, then: String) -> Option<String> {
    if now == then {
        return None;
    }
    // A unit that both have is said once.
    let shared = match (now.split_once(' '), then.split_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => number.to_owned(),
        _ => now,
    };
    Some(format!("{shared} → {then}"))
}

/// All that was measured.
pub(crate) fn measured(now: &Price, then: &Price) -> Vec<Pair> {
    let rank = |latency: Option<Latency>, of: fn(&Latency) -> u64| {
        latency.map_or_else(|| "–".to_owned(), |latency| duration(of(&latency)))
    };
    let latency = |name, of: fn(&Price) -> Option<Latency>, at: fn(&Latency) -> u64| Pair {
        name,
        now: rank(of(now), at),
        then: rank(of(then), at),
    };
    let mut pairs = vec![
        latency("write p50", |price| price.write_latency_us, |us| us.p50),
        latency("write p99", |price| price.write_latency_us, |us| us.p99),
        latency("read p50", |price| price.read_latency_us, |us| us.p50),
        latency("read p99", |price| price.read_latency_us, |us| us.p99),
    ];
    pairs.extend(COUNTS.map(|(name, number)| Pair {
        name,
        now: number(now).to_string(),
        then: number(then).to_string(),
    }));
    pairs.push(Pair {
        name: "busiest copy",
        now: load(now),
        then: load(then),
    });
    pairs
}

type Count = (&'static str, fn(&Price) -> u32);

/// What did not go well for clients.
const COUNTS: [Count; 4] = [
    ("refused", |price| {
        price.writes.refused + price.reads.refused
    }),
    ("writes without an answer", |price| price.writes.unknown),
    ("reads without an answer", |price| price.reads.unknown),
    ("under way at the end", |price| {
        price.writes.pending + price.reads.pending
    }),
];

/// "67 % on L".
fn load(price: &Price) -> String {
    let load = price.busiest.as_ref();
    load.map_or_else(
        || "–".to_owned(),
        |load| format!("{} % on {}", load.percent(), load.node),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use replication::fixes::{candidates, trial};
    use replication::scenario::Scenario;

    use super::*;

    const BROKEN: Promise = Promise::ReadYourWrites;

    /// A run in which a promise was tested so often and broken so often, with writes that took so long.
    fn ran(checked: u32, violations: u32, p99_ms: u64) -> Trial {
        let state = match (checked, violations) {
            (0, _) => State::Unknown,
            (_, 0) => State::Kept,
            _ => State::Broken,
        };
        let standing = |state, checked, violations| Standing {
            state,
            checked,
            violations,
            first: (violations > 0).then(|| "Alice saw an old balance.".to_owned()),
        };
        let promises = Promise::ALL.map(|promise| match promise {
            BROKEN => standing(state, checked, violations),
            _ => standing(State::Kept, 1, 0),
        });
        let latency = Latency {
            p50: 25_000,
            p99: p99_ms * 1000,
        };
        Trial {
            promises: promises.into(),
            price: Price {
                write_latency_us: Some(latency),
                read_latency_us: None,
                writes: Operations::default(),
                reads: Operations::default(),
                busiest: Some(Load {
                    node: "L".to_owned(),
                    handled: 2,
                    of: 3,
                }),
            },
            truth: Vec::new(),
        }
    }

    fn fix(name: &str) -> Fix {
        Fix {
            id: name.to_owned(),
            name: name.to_owned(),
            why: String::new(),
            changes: Vec::new(),
        }
    }

    fn rows(trials: &[Trial]) -> Vec<FixRow> {
        let names = ["a", "b", "c", "d", "e", "f"];
        fix_rows(&ran(12, 5, 26), &names.map(fix), trials, BROKEN)
    }

    #[test]
    fn what_keeps_the_promise_comes_first_and_the_cheapest_at_the_top() {
        let mut breaks_another = ran(14, 0, 20);
        let place = Promise::ALL
            .iter()
            .position(|promise| *promise == Promise::Linearizable);
        breaks_another.promises[place.unwrap()].state = State::Broken;
        let mut refuses = ran(14, 0, 20);
        refuses.price.writes.refused = 1;
        let tried = [
            ran(0, 0, 10),
            ran(12, 3, 10),
            breaks_another,
            refuses,
            ran(14, 0, 61),
            ran(14, 0, 30),
        ];
        let rows = rows(&tried);
        let order: String = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(order, "fedcba");
        let marks: Vec<&str> = rows.iter().map(|row| row.mark).collect();
        assert_eq!(marks, ["✓", "✓", "✓", "!", "✗", "–"]);
        assert_eq!(rows[3].breaks, "It breaks Linearizable");
        assert_eq!(rows[2].costs[1], "refused 0 → 1");
    }

    #[test]
    fn of_those_that_do_not_help_the_likeliest_stays_first() {
        let rows = rows(&[ran(12, 3, 90), ran(12, 2, 10), ran(12, 1, 50)]);
        let order: String = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(order, "abc");
    }

    #[test]
    fn a_verdict_says_how_often() {
        let said = |checked, violations| rows(&[ran(checked, violations, 26)])[0].verdict.clone();
        assert_eq!(said(1, 0), "Kept: checked once");
        assert_eq!(said(2, 0), "Kept: checked twice");
        assert_eq!(said(14, 0), "Kept: checked 14 times");
        assert_eq!(said(12, 3), "Still broken on this run: 3 of 12");
        assert_eq!(said(1, 3), "Still broken on this run: 3 times");
        assert_eq!(
            said(0, 0),
            "No longer put to the test: neither kept nor broken"
        );
    }

    #[test]
    fn what_happened_is_told_only_where_it_is_still_broken() {
        let rows = rows(&[ran(12, 3, 26), ran(12, 0, 26)]);
        assert_eq!(rows[0].still, None);
        assert_eq!(rows[1].still.as_deref(), Some("Alice saw an old balance."));
    }

    #[test]
    fn a_price_is_what_differs() {
        assert_eq!(rows(&[ran(12, 0, 26)])[0].costs, [""; 0]);
        let mut dearer = ran(12, 0, 1_200);
        dearer.price.busiest.as_mut().unwrap().handled = 3;
        let row = rows(&[dearer.clone()]).remove(0);
        assert_eq!(
            row.costs,
            ["writes 26 ms → 1.2 s at p99", "load on L 66 → 100 %"]
        );
        dearer.price.write_latency_us = Some(Latency {
            p50: 61_000,
            p99: 26_000,
        });
        let load = dearer.price.busiest.as_mut().unwrap();
        load.node = "F1".to_owned();
        let row = rows(&[dearer]).remove(0);
        assert_eq!(
            row.costs,
            ["writes 25 → 61 ms at p50", "load 66 % on L → 100 % on F1"]
        );
        let p50 = &row.measured[0];
        assert_eq!(
            (p50.name, p50.now.as_str(), p50.then.as_str()),
            ("write p50", "25 ms", "61 ms")
        );
    }

    #[test]
    fn a_row_is_what_its_own_run_gave() {
        let text = include_bytes!("../../../scenarios/double-transfer.json");
        let scenario = Arc::new(Scenario::from_bytes(text).unwrap());
        let fixes = candidates(&scenario, BROKEN);
        let run = |fix: &Fix| {
            let changed = fix.applied_to(&scenario).unwrap();
            trial(&Arc::new(changed), scenario.seed)
        };
        let before = trial(&scenario, scenario.seed);
        let trials: Vec<Trial> = fixes.iter().map(run).collect();
        let rows = fix_rows(&before, &fixes, &trials, BROKEN);
        assert_eq!(rows.len(), fixes.len());
        let helps = |row: &FixRow| matches!(row.effect, Effect::Kept | Effect::KeptBut);
        for row in &rows {
            assert_eq!(row.name, fixes[row.number].name);
            let standing = trials[row.number].of(BROKEN);
            assert_eq!(helps(row), standing.state == State::Kept, "{}", row.name);
        }
        let leader = rows.iter().find(|row| row.name == "Read from the leader");
        assert!(helps(leader.unwrap()));
        assert!(rows.iter().any(|row| row.effect == Effect::Broken));
    }
}
