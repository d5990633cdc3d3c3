//! `replicascope fixes`: what theory offers for each broken promise of a run, each tried on that run.

use std::fmt;
use std::sync::Arc;

use replication::fixes::{self, Comparison, Effect, Fix, Trial};
use replication::promise::{Promise, State};
use replication::scenario::Scenario;
use serde::Serialize;

use crate::report::{ByPromise, state_name};

/// What would fix a run.
#[derive(Debug, Serialize)]
pub struct Fixes {
    /// The scenario's title.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The run as it is.
    pub before: Trial,
    /// For each promise that is broken and was asked for, what was tried.
    pub tried: ByPromise<Vec<Tried>>,
    /// Whether one promise alone was asked for.
    #[serde(skip)]
    asked: Option<Promise>,
}

/// A fix, and what it did.
#[derive(Debug, Serialize)]
pub struct Tried {
    /// The fix.
    pub fix: Fix,
    /// What it did, in words.
    pub comparison: Comparison,
    /// The run with it.
    pub after: Trial,
}

impl Fixes {
    /// Tries what there is for each broken promise, or for one.
    pub fn of(scenario: &Arc<Scenario>, seed: u64, asked: Option<Promise>) -> Self {
        let before = fixes::trial(scenario, seed);
        let broken = Promise::ALL.into_iter().filter(|promise| {
            before.of(*promise).state == State::Broken
                && asked.is_none_or(|asked| asked == *promise)
        });
        let tried = broken.map(|promise| (promise, tried(scenario, seed, promise, &before)));
        Fixes {
            scenario: scenario.title.clone(),
            seed,
            tried: ByPromise(tried.collect()),
            before,
            asked,
        }
    }
}

fn tried(scenario: &Arc<Scenario>, seed: u64, promise: Promise, before: &Trial) -> Vec<Tried> {
    let candidates = fixes::candidates(scenario, promise).into_iter();
    let tried = candidates.filter_map(|fix| {
        // What does not fit is not offered.
        let fixed = fix.applied_to(scenario).ok()?;
        let after = fixes::trial(&Arc::new(fixed), seed);
        let comparison = fixes::compare(before, &after, promise);
        Some(Tried {
            fix,
            comparison,
            after,
        })
    });
    tried.collect()
}

impl fmt::Display for Fixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\nseed {}", self.scenario, self.seed)?;
        if self.tried.0.is_empty() {
            return match self.asked {
                None => writeln!(f, "\nno promise is broken: there is nothing to fix"),
                Some(promise) => writeln!(
                    f,
                    "\n{} is not broken but {}: there is nothing to fix",
                    promise.title(),
                    state_name(self.before.of(promise).state)
                ),
            };
        }
        for (promise, tried) in &self.tried.0 {
            let standing = self.before.of(*promise);
            writeln!(
                f,
                "\n{}: tested {} times, broken {}",
                promise.title(),
                standing.checked,
                standing.violations
            )?;
            if let Some(first) = &standing.first {
                writeln!(f, "{first}")?;
            }
            if tried.is_empty() {
                writeln!(f, "  theory has nothing to offer here")?;
            }
            for tried in tried {
                tried.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = &self.comparison;
        let effect = match comparison.effect {
            Effect::Kept => "kept",
            Effect::KeptBut => "but",
            Effect::Broken => "BROKEN",
            Effect::Untested => "untested",
        };
        writeln!(f, "  {effect:9} {}: {}", self.fix.name, comparison.verdict)?;
        for phrase in comparison.price.iter().chain(&comparison.truth) {
            writeln!(f, "            {phrase}")?;
        }
        Ok(())
    }
}
