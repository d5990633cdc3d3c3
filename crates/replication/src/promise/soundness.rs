//! For the tests of the monitors: what is asked of every violation.

use crate::ids::{Change, KeyId, NodeId, OpId, Place, WriteId};
use crate::promise::{Promise, Violation, Watch, words};
use crate::scenario::{Intervention, Scenario};
use crate::trace::{Action, Kind, Record};

/// The promises whose evidence is exact: alone it gives the same violation again, cause and all, and without
/// any one of its records it no longer does. Of the others that is asked of the records of the proof.
const EXACT: [Promise; 12] = [
    Promise::ReadYourWrites,
    Promise::MonotonicReads,
    Promise::MonotonicWrites,
    Promise::WritesFollowReads,
    Promise::ConsistentPrefix,
    Promise::Causal,
    Promise::Linearizable,
    Promise::NoAckedWriteLost,
    Promise::OneLeaderAtATime,
    Promise::Convergence,
    Promise::BoundedStaleness,
    Promise::NoSilentOverwrite,
];

/// Every violation is proved by its evidence alone, and without any of the records that prove it no
/// longer is; and its sentence says nothing that its evidence doesn't.
pub fn assert_sound(violations: &[Violation], trace: &[Record], scenario: &Scenario) {
    for violation in violations {
        let evidence: Vec<Record> = violation
            .evidence
            .iter()
            .map(|seq| trace[seq.index()])
            .collect();
        assert!(
            violation.evidence.is_sorted_by(|a, b| a < b),
            "in order, each once: {violation:?}"
        );
        assert!(violation.evidence.contains(&violation.at), "{violation:?}");
        if EXACT.contains(&violation.promise) {
            let flaw = flaw(&evidence, violation, scenario);
            assert_eq!(flaw, None, "{violation:?} {evidence:#?}");
        } else {
            assert_is_proof(&evidence, violation, scenario);
        }
        assert_told_from(&evidence, violation, scenario);
    }
}

/// What keeps evidence from being exact, if anything.
pub fn flaw(evidence: &[Record], violation: &Violation, scenario: &Scenario) -> Option<String> {
    if evidence.iter().any(|record| record.seq > violation.at) {
        return Some("something came later".to_owned());
    }
    let again = found_again(evidence, violation, scenario);
    if again.as_ref() != Some(violation) {
        return Some(format!("alone it gives {again:?}"));
    }
    for (place, record) in evidence.iter().enumerate() {
        let without = without(place, evidence);
        let again = found_again(&without, violation, scenario);
        if again.is_some_and(|again| again.sentence == violation.sentence) {
            return Some(format!("without {record:?} it gives the same"));
        }
    }
    None
}

/// Evidence without one of its records. Siblings are one answer: they are left out together.
fn without(place: usize, evidence: &[Record]) -> Vec<Record> {
    let belongs = |(other, record): &(usize, &Record)| {
        *other == place || is_one_answer(record, &evidence[place])
    };
    let rest = evidence.iter().enumerate();
    rest.filter(|other| !belongs(other))
        .map(|(_, record)| *record)
        .collect()
}

/// What new monitors, fed with these records alone, find in the place of a violation.
fn found_again(
    records: &[Record],
    violation: &Violation,
    scenario: &Scenario,
) -> Option<Violation> {
    let mut watch = Watch::new(scenario);
    watch.observe(records, scenario);
    let mut found = watch.violations().iter();
    found
        .find(|found| (found.promise, found.at) == (violation.promise, violation.at))
        .cloned()
}

fn assert_is_proof(evidence: &[Record], violation: &Violation, scenario: &Scenario) {
    assert!(
        proves(evidence, violation, scenario),
        "evidence is no proof: {violation:?} {evidence:#?}"
    );
    for (place, record) in evidence.iter().enumerate() {
        if is_proof(violation.promise, record) {
            assert!(
                !proves(&without(place, evidence), violation, scenario),
                "{record:?} isn't needed: {violation:?}"
            );
        }
    }
}

/// Whether both show values of one key to one read.
pub fn is_one_answer(one: &Record, other: &Record) -> bool {
    matches!((one.kind, other.kind), (Kind::Saw { op, key, .. }, Kind::Saw { op: of, key: same, .. })
        if (op, key) == (of, same))
}

/// Whether new monitors, fed with these records alone, find the violation.
fn proves(records: &[Record], violation: &Violation, scenario: &Scenario) -> bool {
    found_again(records, violation, scenario).is_some()
}

/// Whether a record of the evidence belongs to the proof; the others show the cause.
fn is_proof(promise: Promise, record: &Record) -> bool {
    let by_clients = matches!(
        record.kind,
        Kind::Invoked { .. } | Kind::Saw { .. } | Kind::Ended { .. }
    );
    match promise {
        Promise::ReadYourWrites
        | Promise::MonotonicReads
        | Promise::ConsistentPrefix
        | Promise::Causal
        | Promise::Linearizable => by_clients,
        Promise::MonotonicWrites | Promise::WritesFollowReads => {
            by_clients || matches!(record.kind, Kind::Persisted { .. } | Kind::Stored { .. })
        }
        Promise::BoundedStaleness => {
            by_clients || matches!(record.kind, Kind::Acknowledged { .. } | Kind::Served { .. })
        }
        Promise::NoAckedWriteLost => {
            matches!(
                record.kind,
                Kind::Invoked { .. } | Kind::Ended { .. } | Kind::Promoted { .. }
            )
        }
        Promise::NoSilentOverwrite => {
            by_clients || matches!(record.kind, Kind::Stored { .. } | Kind::Conflict { .. })
        }
        Promise::OneLeaderAtATime => matches!(record.kind, Kind::Acknowledged { .. }),
        Promise::Convergence => matches!(
            record.kind,
            Kind::Persisted { .. }
                | Kind::Stored { .. }
                | Kind::Restarted { .. }
                | Kind::Changed { .. }
                | Kind::Rested { .. }
        ),
    }
}

/// Every name and number in the title and the sentence occurs in the evidence; times may be differences.
fn assert_told_from(evidence: &[Record], violation: &Violation, scenario: &Scenario) {
    let mut known = Known::of(evidence, scenario);
    if violation.promise == Promise::BoundedStaleness {
        known.budgets(scenario);
    }
    let names = &scenario.names;
    for text in [&violation.title, &violation.sentence] {
        assert!(!text.is_empty(), "{violation:?}");
        let mut text = text.clone();
        for name in known.names.iter().filter(|name| name.contains(' ')) {
            text = text.replace(name, "");
        }
        let is_edge = |c: char| c != '#' && !c.is_alphanumeric();
        let tokens: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || c == '’')
            .map(|token| token.trim_matches(is_edge))
            .filter(|token| !token.is_empty())
            .collect();
        for (place, token) in tokens.iter().enumerate() {
            let told = if names
                .nodes
                .iter()
                .chain(&names.clients)
                .chain(&names.keys)
                .any(|name| name == token)
            {
                known.names.iter().any(|name| name == token)
            } else if token.starts_with('#') {
                known.chips.iter().any(|chip| chip == token)
            } else if token.starts_with(|c: char| c.is_ascii_digit()) {
                match tokens.get(place + 1) {
                    Some(unit @ (&"ms" | &"s")) => known.spans.contains(&format!("{token} {unit}")),
                    _ => known.numbers.iter().any(|number| number == token),
                }
            } else {
                true
            };
            assert!(
                told,
                "“{token}” isn't in the evidence of: {text}\n{evidence:#?}"
            );
        }
    }
}

/// What may be named, given some records.
#[derive(Default)]
struct Known {
    names: Vec<String>,
    chips: Vec<String>,
    numbers: Vec<String>,
    spans: Vec<String>,
}

impl Known {
    fn of(evidence: &[Record], scenario: &Scenario) -> Self {
        let mut known = Known::default();
        let mut moments = Vec::new();
        for record in evidence {
            moments.push(record.at.0);
            match record.kind {
                Kind::Invoked { op, action } => {
                    known.client(op, scenario);
                    match action {
                        Action::Write { write, key, change } => {
                            known.chip(write);
                            known.key(key, scenario);
                            match change {
                                Change::Set(value) => {
                                    known.numbers.push(scenario.names.value(value))
                                }
                                Change::Add(by) => {
                                    known.numbers.push(by.unsigned_abs().to_string())
                                }
                                Change::Insert(_) | Change::Remove(_) | Change::Call(_) => {}
                            }
                        }
                        Action::Read { keys } => {
                            keys.iter().for_each(|key| known.key(key, scenario))
                        }
                    }
                }
                Kind::Saw {
                    op,
                    key,
                    from: node,
                    held,
                }
                | Kind::Served {
                    op,
                    key,
                    node,
                    held,
                } => {
                    known.client(op, scenario);
                    known.node(node, scenario);
                    known.key(key, scenario);
                    known.numbers.push(scenario.names.value(held.value));
                    held.write.into_iter().for_each(|write| known.chip(write));
                }
                Kind::Ended { op, .. } => known.client(op, scenario),
                Kind::Recognised { earlier, .. } => known.chip(earlier),
                Kind::Sent {
                    from,
                    to,
                    carries,
                    arrives,
                    ..
                } => {
                    for place in [from, to] {
                        if let Place::Node(node) = place {
                            known.node(node, scenario);
                        }
                    }
                    carries
                        .write
                        .into_iter()
                        .for_each(|write| known.chip(write));
                    moments.extend(arrives.map(|at| at.0));
                }
                Kind::Appended { node, write, .. }
                | Kind::Persisted { node, write, .. }
                | Kind::Discarded { node, write, .. } => {
                    known.node(node, scenario);
                    write.into_iter().for_each(|write| known.chip(write));
                }
                Kind::Stored { node, write, .. } => {
                    known.node(node, scenario);
                    known.chip(write);
                }
                Kind::Acknowledged {
                    node,
                    op,
                    write,
                    epoch,
                    ..
                } => {
                    known.node(node, scenario);
                    known.client(op, scenario);
                    known.chip(write);
                    known.numbers.push(epoch.to_string());
                }
                Kind::Promoted { node, epoch, .. } => {
                    known.node(node, scenario);
                    known.numbers.push(epoch.to_string());
                }
                Kind::Delayed { ends } => moments.push(ends.0),
                Kind::Rested { since } => moments.push(since.0),
                Kind::Restored { node, as_of } => {
                    known.node(node, scenario);
                    moments.push(as_of.0);
                }
                Kind::Skewed { node, by_us } => {
                    known.node(node, scenario);
                    let by = words::span(by_us.unsigned_abs()).to_string();
                    known.spans.push(by);
                }
                Kind::Conflict {
                    node, there, came, ..
                } => {
                    known.node(node, scenario);
                    [there, came]
                        .into_iter()
                        .for_each(|write| known.chip(write));
                }
                Kind::HintKept {
                    node, home, write, ..
                }
                | Kind::HintGone {
                    node, home, write, ..
                } => {
                    known.node(node, scenario);
                    known.node(home, scenario);
                    known.chip(write);
                }
                Kind::Crashed { node, .. }
                | Kind::Restarted { node }
                | Kind::Paused { node }
                | Kind::Resumed { node } => known.node(node, scenario),
                _ => {}
            }
        }
        for earlier in moments.iter().chain([&0]) {
            known.spans.extend(
                moments
                    .iter()
                    .map(|later| words::span(later.saturating_sub(*earlier)).to_string()),
            );
        }
        known
    }

    /// What read paths are called, and what they allow, is the scenario's.
    fn budgets(&mut self, scenario: &Scenario) {
        let set = scenario
            .script
            .iter()
            .filter_map(|entry| match &entry.does {
                Intervention::Set(settings) => Some(settings.as_ref()),
                _ => None,
            });
        for path in set.chain([&scenario.settings]).flat_map(|set| &set.paths) {
            self.names.push(path.name.clone());
            let spans = path.max_us.map(|us| words::span(us).to_string());
            self.spans.extend(spans);
            let entries = path.max_entries.map(|entries| entries.to_string());
            self.numbers.extend(entries);
        }
    }

    fn client(&mut self, op: OpId, scenario: &Scenario) {
        self.names.push(scenario.names.client(op.client).to_owned());
    }

    fn node(&mut self, node: NodeId, scenario: &Scenario) {
        self.names.push(scenario.names.node(node).to_owned());
    }

    fn key(&mut self, key: KeyId, scenario: &Scenario) {
        self.names.push(scenario.names.key(key).to_owned());
    }

    fn chip(&mut self, write: WriteId) {
        self.chips.push(words::chip(write).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Held;
    use crate::promise::testing::*;

    #[test]
    fn a_record_too_many_or_too_few_is_a_flaw() {
        let mut history = History::of(one_leader(3));
        let write = history.at(10).writes(ALICE, BALANCE);
        history.appends(L, F1, write, Some(900));
        history.told_done(write);
        history.at(20).wrote(BOB, PHOTO);
        history.at(30).read(ALICE, BALANCE, F1, Held::default());
        let violation = history.violation(Promise::ReadYourWrites);
        let flaw_of = |seqs: &[crate::trace::Seq]| {
            let evidence: Vec<Record> = seqs.iter().map(|seq| history.trace[seq.index()]).collect();
            let violation = Violation {
                evidence: seqs.to_vec(),
                ..violation.clone()
            };
            flaw(&evidence, &violation, &history.scenario)
        };
        assert_eq!(flaw_of(&violation.evidence), None);
        for place in 0..violation.evidence.len() {
            let mut few = violation.evidence.clone();
            few.remove(place);
            assert!(flaw_of(&few).is_some(), "without {place}");
        }
        for record in &history.trace {
            let mut many = violation.evidence.clone();
            many.push(record.seq);
            many.sort();
            many.dedup();
            let is_more = many.len() > violation.evidence.len();
            assert_eq!(flaw_of(&many).is_some(), is_more, "{record:?}");
        }
    }
}
