//! Which crate may depend on which, as data, and a check that they do.
//!
//! The core stays pure: it runs the same on a command line, in a test and in a page because nothing
//! under `crates/` knows of a browser, nor asks the machine for randomness.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::project::Project;
use crate::shell;

/// What each crate of the workspace may name in its `Cargo.toml`, among the workspace's own. One
/// that is not listed is refused.
const ALLOWED: &[(&str, &[&str])] = &[
    ("replication", &[]),
    ("scene", &["replication"]),
    ("history", &[]),
    ("cli", &["replication", "history"]),
    ("web", &["replication", "scene", "history"]),
    ("xtask", &["replication"]),
];

/// The crates that may use what they like from elsewhere.
const FREE: &[&str] = &["web", "xtask"];

/// What nothing else may pull in, not even through others. A `*` stands for any ending.
const FORBIDDEN: &[&str] = &[
    "wasm-bindgen",
    "js-sys",
    "web-sys",
    "yew",
    "gloo*",
    "getrandom",
];

/// Reads the workspace's dependencies from Cargo and checks them.
///
/// # Errors
/// Where they can't be read, or are not as they should be: each breach on a line.
pub fn check(project: &Project) -> Result<String, String> {
    let mut command = project.command("cargo");
    command.args(["metadata", "--format-version", "1"]);
    let answer = shell::ask(&mut command).ok_or("cargo metadata failed")?;
    let metadata: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
    let graph = read(&metadata).ok_or("cargo metadata has another form than expected")?;
    let breaches = breaches(&graph);
    if breaches.is_empty() {
        Ok(format!("{} packages", graph.len()))
    } else {
        Err(breaches.join("\n"))
    }
}

/// All packages, by an identity that tells versions of the same one apart.
type Graph = BTreeMap<String, Package>;

struct Package {
    name: String,
    in_workspace: bool,
    uses: Vec<Use>,
}

struct Use {
    id: String,
    /// Whether only tests and benchmarks use it, so that nothing of it reaches anyone.
    only_in_tests: bool,
}

fn read(metadata: &Value) -> Option<Graph> {
    let workspace: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()?
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?)))
        .collect();
    metadata["resolve"]["nodes"]
        .as_array()?
        .iter()
        .map(|node| {
            let id = node["id"].as_str()?;
            let uses = node["deps"]
                .as_array()?
                .iter()
                .map(read_use)
                .collect::<Option<_>>()?;
            let package = Package {
                name: (*names.get(id)?).to_owned(),
                in_workspace: workspace.contains(id),
                uses,
            };
            Some((id.to_owned(), package))
        })
        .collect()
}

fn read_use(dependency: &Value) -> Option<Use> {
    let kinds = dependency["dep_kinds"].as_array()?;
    Some(Use {
        id: dependency["pkg"].as_str()?.to_owned(),
        only_in_tests: kinds.iter().all(|kind| kind["kind"] == "dev"),
    })
}

// Every breach, in words.
fn breaches(graph: &Graph) -> Vec<String> {
    let members: Vec<(&String, &Package)> = graph
        .iter()
        .filter(|(_, package)| package.in_workspace)
        .collect();
    let mut breaches = Vec::new();
    for (id, member) in members {
        let name = member.name.as_str();
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            breaches.push(format!(
                "{name} is not in the list of what may depend on what: add it"
            ));
            continue;
        };
        for used in member.uses.iter().map(|used| &graph[&used.id]) {
            if used.in_workspace && !allowed.contains(&used.name.as_str()) {
                breaches.push(format!("{name} may not depend on {}", used.name));
            }
        }
        if !FREE.contains(&name) {
            let found = forbidden_ways(graph, id);
            breaches.extend(
                found
                    .iter()
                    .map(|way| format!("{name} may not pull in {way}")),
            );
        }
    }
    breaches
}

// The shortest way to each forbidden package: `getrandom (by rand, rand_core)`.
fn forbidden_ways(graph: &Graph, from: &str) -> Vec<String> {
    let mut ways = Vec::new();
    let mut seen = BTreeSet::from([from]);
    let mut round = vec![(from, Vec::new())];
    while !round.is_empty() {
        let mut next = Vec::new();
        for (id, through) in round {
            for used in graph[id].uses.iter().filter(|used| !used.only_in_tests) {
                if !seen.insert(&used.id) {
                    continue;
                }
                let name = graph[&used.id].name.as_str();
                if is_forbidden(name) {
                    ways.push(if through.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{name} (by {})", through.join(", "))
                    });
                    continue;
                }
                let mut further = through.clone();
                further.push(name);
                next.push((used.id.as_str(), further));
            }
        }
        round = next;
    }
    ways
}

fn is_forbidden(name: &str) -> bool {
    FORBIDDEN
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    // `a > b c` is a package and what it uses; `(b)` only in its tests. The workspace's own come
    // before `--`.
    fn graph(text: &str) -> Graph {
        let (own, others) = text.split_once("--").unwrap();
        let packages = |text: &str, in_workspace: bool| -> Vec<(String, Package)> {
            text.lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| {
                    let (name, uses) = line.split_once('>').unwrap();
                    let name = name.trim().to_owned();
                    let uses = uses.split_whitespace().map(|word| Use {
                        id: word.trim_matches(['(', ')']).to_owned(),
                        only_in_tests: word.starts_with('('),
                    });
                    let package = Package {
                        name: name.clone(),
                        in_workspace,
                        uses: uses.collect(),
                    };
                    (name, package)
                })
                .collect()
        };
        packages(own, true)
            .into_iter()
            .chain(packages(others, false))
            .collect()
    }

    #[test]
    fn the_allowed_directions_are_no_breach() {
        let graph = graph(
            "replication > libm
             scene > replication
             cli > replication
             web > replication scene yew
             xtask > replication
             --
             libm >
             yew > gloo
             gloo > getrandom
             getrandom >",
        );
        assert_eq!(breaches(&graph), Vec::<String>::new());
    }

    #[test]
    fn a_dependency_the_wrong_way_round_is_a_breach_even_in_tests() {
        let graph = graph(
            "replication > (scene)
             scene > replication
             --",
        );
        assert_eq!(breaches(&graph), ["replication may not depend on scene"]);
    }

    #[test]
    fn what_is_forbidden_is_found_through_others_and_the_way_is_told() {
        let graph = graph(
            "replication > rand
             scene > replication gloo-timers
             --
             rand > rand_core
             rand_core > getrandom
             getrandom >
             gloo-timers >",
        );
        assert_eq!(
            breaches(&graph),
            [
                "replication may not pull in getrandom (by rand, rand_core)",
                "scene may not pull in gloo-timers",
                "scene may not pull in getrandom (by replication, rand, rand_core)",
            ]
        );
    }

    #[test]
    fn what_only_tests_pull_in_reaches_nobody() {
        let graph = graph(
            "replication > (proptest)
             --
             proptest > getrandom
             getrandom >",
        );
        assert_eq!(breaches(&graph), Vec::<String>::new());
    }

    #[test]
    fn a_crate_that_nobody_listed_is_a_breach() {
        let graph = graph(
            "surprise >
             --",
        );
        assert_eq!(breaches(&graph).len(), 1);
    }

    #[test]
    fn cargo_is_read_with_its_kinds_of_dependency() {
        let metadata = serde_json::json!({
            "workspace_members": ["a#1"],
            "packages": [{ "id": "a#1", "name": "a" }, { "id": "b#1", "name": "b" }],
            "resolve": { "nodes": [
                { "id": "a#1", "deps": [{ "pkg": "b#1", "dep_kinds": [{ "kind": "dev" }] }] },
                { "id": "b#1", "deps": [] },
            ]},
        });
        let graph = read(&metadata).unwrap();
        assert!(graph["a#1"].in_workspace && !graph["b#1"].in_workspace);
        assert!(graph["a#1"].uses[0].only_in_tests);
    }
}
