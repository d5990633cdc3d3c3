//! What a run can be compared with: its other branches, and itself with one change.

use replication::fixes::{self, Fix};
use replication::promise::Promise;
use replication::scenario::Scenario;

use crate::desk::Desk;

/// Runs to compare with that belong together.
#[derive(PartialEq)]
pub struct Offer {
    /// What they have in common.
    pub name: String,
    /// The runs.
    pub rivals: Vec<Offered>,
}

/// A run to compare with.
#[derive(PartialEq)]
pub enum Offered {
    /// A branch, and its name.
    Branch(u32, String),
    /// The same run with one change.
    Change(Fix),
}

impl Offered {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Offered::Branch(_, name) => name,
            Offered::Change(fix) => &fix.name,
        }
    }

    /// Puts it beside the run on the desk.
    pub fn take(&self, desk: &Desk) {
        match self {
            Offered::Branch(id, _) => desk.compare_with(*id),
            Offered::Change(fix) => desk.compare_changed(fix),
        }
    }
}

/// All that the run on a desk can be compared with.
pub fn offers(desk: &Desk) -> Vec<Offer> {
    let store = desk.store();
    let rows = store.branches.rows();
    let branches = rows.into_iter().filter(|row| !row.current);
    let mut offers = vec![Offer {
        name: "Runs of this story".to_owned(),
        rivals: branches
            .map(|row| Offered::Branch(row.id, row.name))
            .collect(),
    }];
    let mut known: Vec<Scenario> = Vec::new();
    let mut add = |name: String, changes: Vec<Fix>| {
        let mut rivals = Vec::new();
        for fix in changes {
            // Theory may offer what is a setting already.
            let Ok(changed) = fix.applied_to(&store.scenario) else {
                continue;
            };
            if known.iter().all(|other| runs_differently(other, &changed)) {
                known.push(changed);
                rivals.push(Offered::Change(fix));
            }
        }
        offers.push(Offer { name, rivals });
    };
    for group in fixes::variants(&store.scenario) {
        add(group.name, group.fixes);
    }
    for promise in broken(desk) {
        let changes = fixes::candidates(&store.scenario, promise);
        add(
            format!("What theory offers for “{}”", promise.title()),
            changes,
        );
    }
    offers.retain(|offer| !offer.rivals.is_empty());
    offers
}

fn runs_differently(one: &Scenario, other: &Scenario) -> bool {
    (&one.structure, &one.settings, &one.clients, &one.script)
        != (
            &other.structure,
            &other.settings,
            &other.clients,
            &other.script,
        )
}

/// The promises that the run breaks, as far as that is known.
fn broken(desk: &Desk) -> Vec<Promise> {
    desk.with(|run, _| {
        let is_broken = |promise: &Promise| {
            let mut violations = run.violations().iter();
            violations.any(|violation| violation.promise == *promise)
        };
        Promise::ALL.into_iter().filter(is_broken).collect()
    })
}
