//! What a fix changes where that depends on the scenario.

use serde_json::{Value as Json, json};

use crate::ids::KeySet;
use crate::scenario::limits;
use crate::scenario::{Ack, AckWhen, Deed, Does, Intervention, ReadPolicy, Scenario, When};

type Changes = Vec<(String, Json)>;

/// The changes that stand in the data, without those that would only spell out what is so already;
/// `None` where they mean nothing for the scenario.
pub(super) fn fitted(id: &str, mut changes: Changes, scenario: &Scenario) -> Option<Changes> {
    let settings = &scenario.settings;
    // Leases as they are spelled out stay so.
    if settings.fencing.is_some() {
        changes.retain(|(pointer, _)| pointer != "/protocol/fencing");
    }
    let means_something = match id {
        // Where nothing goes wrong nobody is replaced.
        "fencing" | "lease_reads" | "quorum_and_fencing" | "majority_promotion" => {
            can_fail_over(scenario)
        }
        // Async waits for nobody, whatever an acknowledgement means.
        "remote_apply" => settings.ack != Ack::Async && settings.ack_when != AckWhen::Applied,
        // It is another length of time then: `longer_window`.
        "leader_after_write" => !matches!(settings.reads, ReadPolicy::LeaderAfterWrite { .. }),
        "point_in_time" => settings.backups.is_some(),
        _ => true,
    };
    (means_something && !changes.is_empty()).then_some(changes)
}

/// The changes, and the number in the fix's name, of those that the data leaves open.
pub(super) fn changes(id: &str, scenario: &Scenario) -> Option<(u64, Changes)> {
    let settings = &scenario.settings;
    let timeout = |us: u64| (us / 1000).clamp(1, *limits::TIMEOUT_MS.end());
    let one =
        |pointer: &str, number: u64| Some((number, vec![(pointer.to_owned(), json!(number))]));
    let (n, w, r) = (scenario.structure.copies, settings.w, settings.r);
    match id {
        "longer_window" => match settings.reads {
            ReadPolicy::LeaderAfterWrite { window_us } => {
                one("/reads/window_ms", timeout(4 * window_us))
            }
            _ => None,
        },
        "faster_reports" => match settings.reads {
            ReadPolicy::LagBudget { report_us, .. } => {
                one("/reads/report_ms", timeout(report_us / 4))
            }
            _ => None,
        },
        "smaller_budget" => smaller_budget(scenario),
        "patience" if can_fail_over(scenario) => one(
            "/protocol/failure_timeout_ms",
            timeout(4 * settings.failure_timeout_us),
        ),
        "together" => together(scenario),
        "idempotency_key" => idempotency_key(scenario),
        "working_backups" => {
            let failing = settings.backups?.failing;
            failing.then(|| (0, vec![("/backups/failing".to_owned(), json!(false))]))
        }
        "more_backups" => one("/backups/every_ms", timeout(settings.backups?.every_us / 4)),
        "longer_hints" => {
            let expires_us = settings.sloppy?.hint_expires_us;
            one("/protocol/hint_expires_ms", timeout(10 * expires_us))
        }
        "higher_r" => {
            let r = if w + r > n { n } else { n - w + 1 };
            Some((r.into(), quorums(scenario, None, Some(r))))
        }
        "higher_w" => {
            let w = if w + r > n { n } else { n - r + 1 };
            Some((w.into(), quorums(scenario, Some(w), None)))
        }
        "majorities" => {
            let majority = n / 2 + 1;
            let changes = quorums(scenario, Some(majority), Some(majority));
            Some((majority.into(), changes))
        }
        "majorities_and_write_back" => {
            let majority = n / 2 + 1;
            let mut changes = quorums(scenario, Some(majority), Some(majority));
            changes.push(("/protocol/repair".to_owned(), json!("write_back")));
            Some((majority.into(), changes))
        }
        _ => None,
    }
}

/// Whether anything could make a leader look dead.
pub(super) fn can_fail_over(scenario: &Scenario) -> bool {
    scenario.settings.network.loss_ppm > 0
        || scenario.script.iter().any(|entry| {
            !matches!(
                entry.does,
                Intervention::Set(_) | Intervention::Do { .. } | Intervention::Heal { .. }
            )
        })
}

/// W and R, those that requests name for themselves too.
pub(super) fn quorums(scenario: &Scenario, w: Option<u8>, r: Option<u8>) -> Changes {
    let mut changes = Vec::new();
    for (name, number) in [("w", w), ("r", r)] {
        let Some(number) = number else { continue };
        changes.push((format!("/protocol/{name}"), json!(number)));
        let mut own = |place: String| {
            let pointer = format!("{place}/{name}");
            if scenario.document.pointer(&pointer).is_some() {
                changes.push((pointer, json!(number)));
            }
        };
        for (client, plan) in scenario.clients.iter().enumerate() {
            if let Does::Steps(steps) = &plan.does {
                (0..steps.len()).for_each(|step| own(format!("/clients/{client}/does/{step}")));
            }
        }
        (0..scenario.script.len()).for_each(|entry| own(format!("/script/{entry}")));
    }
    changes
}

fn smaller_budget(scenario: &Scenario) -> Option<(u64, Changes)> {
    let ReadPolicy::LagBudget { .. } = scenario.settings.reads else {
        return None;
    };
    let paths = &scenario.settings.paths;
    if scenario.document.pointer("/reads/paths").is_none() {
        let half = paths.first()?.max_us? / 2000;
        let path = json!([{ "name": paths[0].name, "max_ms": half }]);
        return Some((half, vec![("/reads/paths".to_owned(), path)]));
    }
    let mut changes = Vec::new();
    for (path, of) in paths.iter().enumerate() {
        if let Some(max_us) = of.max_us {
            changes.push((format!("/reads/paths/{path}/max_ms"), json!(max_us / 2000)));
        }
        if let Some(max) = of.max_entries {
            changes.push((format!("/reads/paths/{path}/max_entries"), json!(max / 2)));
        }
    }
    Some((0, changes))
}

/// Keys that one view shows, and what is in a view with one of them, are put into one partition.
fn together(scenario: &Scenario) -> Option<(u64, Changes)> {
    if scenario.structure.partitions < 2 {
        return None;
    }
    let mut groups: Vec<KeySet> = Vec::new();
    for view in views(scenario) {
        let (meets, others): (Vec<KeySet>, Vec<KeySet>) = groups
            .into_iter()
            .partition(|group| view.iter().any(|key| group.contains(key)));
        let all = meets
            .into_iter()
            .flat_map(|group| group.iter().collect::<Vec<_>>());
        let group = all
            .chain(view.iter())
            .fold(KeySet::default(), |mut set, key| {
                set.insert(key);
                set
            });
        groups = others;
        groups.push(group);
    }
    let named =
        |group: &KeySet| -> Vec<&str> { group.iter().map(|key| scenario.names.key(key)).collect() };
    let groups = groups.iter().map(named).filter(|group| group.len() > 1);
    let groups: Vec<Vec<&str>> = groups.collect();
    let change = ("/protocol/together".to_owned(), json!(groups));
    (!groups.is_empty()).then(|| (0, vec![change]))
}

/// A step that a client takes only on what it saw, and that does what an earlier one did, is the same thing
/// sent again: both get one key. Where a client does the same twice anyway, it may well mean it.
fn idempotency_key(scenario: &Scenario) -> Option<(u64, Changes)> {
    let mut changes = Vec::new();
    let taken = |key: &String| scenario.names.idempotency_keys.contains(key);
    let mut keys = (1..)
        .map(|number| format!("once-{number}"))
        .filter(|key| !taken(key));
    for (client, plan) in scenario.clients.iter().enumerate() {
        let Does::Steps(steps) = &plan.does else {
            continue;
        };
        let mut first_of: Vec<(usize, String)> = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            let repeats = matches!(step.act.deed, Deed::Write(..)) && step.when != When::default();
            let first = steps[..place]
                .iter()
                .position(|other| other.act.deed == step.act.deed);
            let (true, Some(first)) = (repeats, first) else {
                continue;
            };
            let mut give = |step: usize, key: &str| {
                let pointer = format!("/clients/{client}/does/{step}/idempotency_key");
                changes.push((pointer, json!(key)));
            };
            let known = first_of.iter().find(|(other, _)| *other == first);
            let key = match (known, steps[first].act.idempotency_key) {
                (Some((_, key)), _) => key.clone(),
                (None, Some(key)) => scenario.names.idempotency_keys[usize::from(key.0)].clone(),
                (None, None) => {
                    let key = keys.next()?;
                    give(first, &key);
                    first_of.push((first, key.clone()));
                    key
                }
            };
            give(place, &key);
        }
    }
    (!changes.is_empty()).then_some((0, changes))
}

/// The keys of each read.
fn views(scenario: &Scenario) -> Vec<KeySet> {
    let mut views = Vec::new();
    for plan in &scenario.clients {
        match &plan.does {
            Does::Steps(steps) => {
                views.extend(steps.iter().filter_map(|step| match step.act.deed {
                    Deed::Read(keys) => Some(keys),
                    Deed::Write(..) => None,
                }))
            }
            Does::Random { keys, .. } => views.push(keys.iter().copied().collect()),
        }
    }
    views
}
