//! The same run with another setting: what a run can be compared with.
//!
//! One change each, by the same places in the document as the page's knobs; which there are is data, in
//! `variants.json`. Nothing is said of what they would do.

use serde_json::Value as Json;

use super::{Fix, computed, differs};
use crate::scenario::{ProtocolKind, Scenario};

/// Changes of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Variants {
    /// What they change: "When is a write done?"
    pub name: String,
    /// Each with one value of it that the scenario does not have.
    pub fixes: Vec<Fix>,
}

/// All one-change variants of a scenario that run differently from it, by setting.
pub fn variants(scenario: &Scenario) -> Vec<Variants> {
    let data: Json = serde_json::from_str(include_str!("../../variants.json"))
        .expect("the variants are JSON: a test reads them");
    let kind = match scenario.structure.kind {
        ProtocolKind::SingleLeader => "single_leader",
        ProtocolKind::MultiLeader => "multi_leader",
        ProtocolKind::Leaderless => "leaderless",
    };
    let groups = data.as_array().into_iter().flatten();
    let groups = groups.filter(|group| {
        let mut kinds = group["kinds"].as_array().into_iter().flatten();
        // Where nothing goes wrong nobody is replaced.
        kinds.any(|other| other == kind)
            && (group["when"] != "failover" || computed::can_fail_over(scenario))
    });
    let mut found: Vec<Variants> = groups
        .map(|group| Variants {
            name: group["name"].as_str().unwrap_or_default().to_owned(),
            fixes: fitting(scenario, read(group)),
        })
        .collect();
    if scenario.structure.kind == ProtocolKind::Leaderless {
        let quorums = Variants {
            name: "How many copies must answer?".to_owned(),
            fixes: fitting(scenario, quorums(scenario)),
        };
        found.insert(0, quorums);
    }
    found.retain(|group| !group.fixes.is_empty());
    found
}

/// The one change that makes a scenario run as another does, where that is one of its variants: so what the other
/// has can be said in the words of what this one could have.
pub fn variant_to(scenario: &Scenario, other: &Scenario) -> Option<Fix> {
    let all = variants(scenario).into_iter().flat_map(|group| group.fixes);
    let mut same = all.filter(|fix| {
        let result = fix.applied_to(scenario);
        result.is_ok_and(|result| !differs(&result, other))
    });
    same.next()
}

/// Those that the scenario can have and does not have yet.
fn fitting(scenario: &Scenario, fixes: Vec<Fix>) -> Vec<Fix> {
    let runs_differently = |fix: &Fix| {
        let result = fix.applied_to(scenario);
        result.is_ok_and(|result| differs(&result, scenario))
    };
    fixes.into_iter().filter(runs_differently).collect()
}

fn read(group: &Json) -> Vec<Fix> {
    let of = group["of"].as_array().into_iter().flatten();
    let fix = |entry: &Json| {
        let changes = entry["changes"].as_object().into_iter().flatten();
        let changes = changes.map(|(pointer, value)| (pointer.clone(), value.clone()));
        Fix {
            id: entry["id"].as_str().unwrap_or_default().to_owned(),
            name: entry["name"].as_str().unwrap_or_default().to_owned(),
            why: String::new(),
            changes: changes.collect(),
        }
    };
    of.map(fix).collect()
}

/// W and R by the extremes and in the middle; what a request names for itself gives way.
fn quorums(scenario: &Scenario) -> Vec<Fix> {
    let n = scenario.structure.copies;
    let majority = n / 2 + 1;
    let mut pairs = vec![(1, 1), (majority, majority), (n, 1), (1, n)];
    pairs.dedup();
    let fix = |(w, r): (u8, u8)| Fix {
        id: format!("w{w}_r{r}"),
        name: format!("W = {w}, R = {r}"),
        why: String::new(),
        changes: computed::quorums(scenario, Some(w), Some(r)),
    };
    pairs.into_iter().map(fix).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &[u8]) -> Scenario {
        Scenario::from_bytes(text).unwrap()
    }

    #[test]
    fn every_shipped_story_has_some_and_each_runs() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let scenario = read(&std::fs::read(&path).unwrap());
            let groups = variants(&scenario);
            assert!(!groups.is_empty(), "{}", path.display());
            for fix in groups.iter().flat_map(|group| &group.fixes) {
                assert!(!fix.name.is_empty() && !fix.changes.is_empty());
                fix.applied_to(&scenario).unwrap();
            }
        }
    }

    #[test]
    fn what_is_so_already_is_not_offered() {
        let scenario = read(include_bytes!(
            "../../../../scenarios/leader-crash-async.json"
        ));
        let names = |scenario: &Scenario| -> Vec<String> {
            let groups = variants(scenario);
            let fixes = groups.iter().flat_map(|group| &group.fixes);
            fixes.map(|fix| fix.id.clone()).collect()
        };
        let offered = names(&scenario);
        assert!(!offered.contains(&"async".to_owned()), "{offered:?}");
        assert!(offered.contains(&"semi_sync".to_owned()), "{offered:?}");
        let changes = [("/protocol/ack", json!({ "mode": "sync" }))];
        let sync = names(&scenario.with_all(changes).unwrap());
        assert!(sync.contains(&"async".to_owned()) && !sync.contains(&"sync".to_owned()));
    }

    #[test]
    fn every_entry_of_the_data_is_offered_somewhere() {
        let data: Json = serde_json::from_str(include_str!("../../variants.json")).unwrap();
        let kinds = [
            (
                "single_leader",
                json!({ "kind": "single_leader", "nodes": 3 }),
            ),
            ("multi_leader", json!({ "kind": "multi_leader" })),
            (
                "leaderless",
                json!({ "kind": "leaderless", "nodes": 5, "copies": 3 }),
            ),
        ];
        for (kind, protocol) in kinds {
            let mut document = json!({
                "version": 1, "title": "t", "seed": 1, "protocol": protocol,
                "clients": [{ "name": "Ann", "does": [{ "write": { "x": 1 } }, { "read": ["x"] }] }],
            });
            match kind {
                "multi_leader" => {
                    document["regions"] = json!([{ "name": "a" }, { "name": "b" }, { "name": "c" }])
                }
                "single_leader" => document["script"] = json!([{ "at_ms": 100, "crash": "L" }]),
                _ => {}
            }
            let scenario = Scenario::from_document(document).unwrap();
            for group in data.as_array().unwrap() {
                if !group["kinds"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|other| other == kind)
                {
                    continue;
                }
                let of = group["of"].as_array().unwrap();
                let offered = variants(&scenario);
                let offered = offered.iter().find(|other| other.name == group["name"]);
                // One of them is what the scenario has.
                let count = offered.map_or(0, |offered| offered.fixes.len());
                assert_eq!(count + 1, of.len(), "{kind}: {}", group["name"]);
            }
        }
    }
}
