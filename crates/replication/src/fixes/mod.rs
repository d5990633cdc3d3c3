//! What would fix it? For a broken promise, the changes that theory offers, each to be tried on the same
//! run: the same seed, and the same interventions.
//!
//! What theory says is data, in `fixes.json`, and promises nothing: some of it will not help on some run,
//! and that is worth seeing. [`trial`] runs a scenario to its end, and [`compare`] says what a change did.
//!
//! ```
//! use replication::{fixes, promise::Promise, scenario::Scenario};
//!
//! # let text = include_str!("../../../../scenarios/double-transfer.json");
//! let scenario = std::sync::Arc::new(Scenario::from_bytes(text.as_bytes())?);
//! let before = fixes::trial(&scenario, 1);
//! for fix in fixes::candidates(&scenario, Promise::ReadYourWrites) {
//!     let changed = std::sync::Arc::new(fix.applied_to(&scenario)?);
//!     let after = fixes::trial(&changed, 1);
//!     let comparison = fixes::compare(&before, &after, Promise::ReadYourWrites);
//!     println!("{}: {}", fix.name, comparison.verdict);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;
use serde_json::Value as Json;

use crate::promise::Promise;
use crate::scenario::{ProtocolKind, Scenario, ScenarioError};

mod compare;
mod computed;
mod trial;
mod variants;

pub use compare::{Comparison, Effect, compare};
pub use trial::{Load, Price, Standing, Trial, Truth, trial};
pub use variants::{Variants, variant_to, variants};

/// A change that may keep a promise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fix {
    /// What it is called in files and links, as `leader_reads`.
    pub id: String,
    /// What people call it: "Read from the leader".
    pub name: String,
    /// What theory says of it, for the promise that it was asked for.
    pub why: String,
    /// JSON pointers, and what it puts there.
    pub changes: Vec<(String, Json)>,
}

impl Fix {
    /// The same scenario with this from its start on. Where the script sets one of the same places, that
    /// gives way; all else that is done to the run stays.
    ///
    /// # Errors
    /// Where what the scenario says elsewhere, as its script, is not possible with it. None of
    /// [`candidates`] gives one for its own scenario.
    pub fn applied_to(&self, scenario: &Scenario) -> Result<Scenario, ScenarioError> {
        scenario.with_throughout(&self.changes)
    }
}

/// What theory offers for a promise, the likeliest first: what means something for this protocol, is not
/// so already, and fits the scenario's script. A change of what a run can't change is among them; like
/// any other it is run from the start.
pub fn candidates(scenario: &Scenario, promise: Promise) -> Vec<Fix> {
    let data: Json = serde_json::from_str(include_str!("../../fixes.json"))
        .expect("the fixes are JSON: a test reads them");
    let kind = match scenario.structure.kind {
        ProtocolKind::SingleLeader => "single_leader",
        ProtocolKind::MultiLeader => "multi_leader",
        ProtocolKind::Leaderless => "leaderless",
    };
    let offered = data["promises"][promise.name()].as_object();
    let known = data["fixes"].as_array().map(Vec::as_slice);
    let known = known.unwrap_or_default();
    let mut results: Vec<Scenario> = Vec::new();
    let mut fixes = Vec::new();
    for (id, why) in offered.into_iter().flatten() {
        let entry = known.iter().find(|entry| entry["id"] == id.as_str());
        let Some(entry) = entry else { continue };
        let kinds = entry["kinds"].as_array().into_iter().flatten();
        if !kinds.into_iter().any(|other| other == kind) {
            continue;
        }
        let Some(fix) = read(id, entry, why, scenario) else {
            continue;
        };
        let Ok(result) = fix.applied_to(scenario) else {
            continue;
        };
        if differs(&result, scenario) && results.iter().all(|other| differs(&result, other)) {
            results.push(result);
            fixes.push(fix);
        }
    }
    fixes
}

/// A fix as it would be for this scenario; `None` where it means nothing there.
fn read(id: &str, entry: &Json, why: &Json, scenario: &Scenario) -> Option<Fix> {
    let (number, changes) = match &entry["changes"] {
        Json::Object(changes) => {
            let changes = changes.iter();
            let changes = changes.map(|(pointer, value)| (pointer.clone(), value.clone()));
            (0, computed::fitted(id, changes.collect(), scenario)?)
        }
        _ => computed::changes(id, scenario)?,
    };
    let name = entry["name"].as_str()?;
    Some(Fix {
        id: id.to_owned(),
        name: name.replace("{n}", &number.to_string()),
        why: why.as_str()?.to_owned(),
        changes,
    })
}

/// Whether two scenarios run differently.
fn differs(one: &Scenario, other: &Scenario) -> bool {
    one.structure != other.structure
        || one.settings != other.settings
        || one.clients != other.clients
        || one.script != other.script
}
