//! The settings of real systems, by name: data, in `presets.json`.
//!
//! A preset says what a system does about acknowledgements, visibility, promotion, copies and repair. It
//! leaves delays, timeouts and clients as they are, so that two systems can be compared under one weather.

use serde_json::Value as Json;

use super::{Scenario, ScenarioError, read, reader};

/// The settings of a real system.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// What it is called in links, as `postgresql-remote-apply`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What its documentation says that means, and where the model differs.
    pub claims: String,
    /// That documentation.
    pub link: String,
    /// The kind of replication that it is for, as files name it.
    pub kind: String,
    /// JSON pointers, and what it puts there.
    pub changes: Vec<(String, Json)>,
}

/// All presets, system by system.
pub fn presets() -> Vec<Preset> {
    let file = reader::parse(include_bytes!("../../presets.json"));
    let file = file.expect("the presets are JSON: a test reads them");
    let list = file.as_array().into_iter().flatten();
    let preset = |entry: &Json| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let changes = entry["changes"].as_object().into_iter().flatten();
        Preset {
            id: text("id"),
            name: text("name"),
            claims: text("claims"),
            link: text("link"),
            kind: text("kind"),
            changes: changes
                .map(|(pointer, value)| (pointer.clone(), value.clone()))
                .collect(),
        }
    };
    list.map(preset).collect()
}

impl Preset {
    /// The same scenario as it would be with this system.
    ///
    /// # Errors
    /// Where the scenario is of another kind, or what it says elsewhere, as its script, is not possible
    /// with the system.
    pub fn applied_to(&self, scenario: &Scenario) -> Result<Scenario, ScenarioError> {
        let kind = scenario.document.pointer("/protocol/kind");
        if kind.and_then(Json::as_str) != Some(&self.kind) {
            let message = format!("{} is of the kind {}", self.name, self.kind);
            return Err(ScenarioError::new("/protocol/kind", message));
        }
        let changes = self.changes.iter();
        read::with_all(
            scenario,
            changes.map(|(pointer, value)| (pointer.as_str(), value.clone())),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::{
        Ack, AckWhen, Coordinator, LeaderReads, NodeList, Promotion, ReadPolicy, ReadsSentTo,
        Repair, Settings, Stream, Structure, Versions, Visible,
    };

    fn base(kind: &str) -> Scenario {
        let document = json!({
            "version": 1, "title": "T", "protocol": { "kind": kind },
            "reads": { "policy": "any" },
            "clients": [{ "name": "Alice", "does": [{ "write": { "x": 1 } }] }]
        });
        Scenario::from_document(document).unwrap()
    }

    fn applied(id: &str) -> Scenario {
        let presets = presets();
        let preset = presets.iter().find(|preset| preset.id == id).expect(id);
        let applied = preset.applied_to(&base(&preset.kind));
        applied.unwrap_or_else(|error| panic!("{id}: {error}"))
    }

    #[test]
    fn each_has_an_id_of_its_own_and_says_what_it_claims_and_where() {
        let presets = presets();
        assert_eq!(presets.len(), 14);
        for preset in &presets {
            let same = presets.iter().filter(|other| other.id == preset.id);
            assert_eq!(same.count(), 1, "{}", preset.id);
            assert!(!preset.name.is_empty() && !preset.claims.is_empty());
            assert!(preset.link.starts_with("https://"), "{}", preset.id);
            assert!(!preset.changes.is_empty(), "{}", preset.id);
        }
    }

    #[test]
    fn each_goes_from_any_other_of_its_kind_to_the_same_settings() {
        let presets = presets();
        for preset in &presets {
            let direct = preset.applied_to(&base(&preset.kind)).unwrap();
            for other in presets.iter().filter(|other| other.kind == preset.kind) {
                let there = other.applied_to(&base(&preset.kind)).unwrap();
                let here = preset.applied_to(&there).unwrap();
                // Where a system says nothing of read policy, that of the one before stays.
                let mut settings = here.settings.clone();
                settings.reads = direct.settings.reads;
                let both = (&settings, &here.structure);
                let (from, to) = (&other.id, &preset.id);
                assert_eq!(both, (&direct.settings, &direct.structure), "{from}, {to}");
            }
        }
    }

    #[test]
    fn one_of_another_kind_is_refused() {
        let refused = presets()[0].applied_to(&base("leaderless")).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "/protocol/kind: PostgreSQL, asynchronous is of the kind single_leader"
        );
    }

    #[test]
    fn systems_with_one_leader_are_what_their_documentation_says() {
        use AckWhen::{Applied, Persisted};
        use Promotion::{Majority, Reachable};
        use Visible::{OnAck, OnAppend, OnCommit};
        let list: NodeList = [0, 1, 2].map(crate::ids::NodeId).into_iter().collect();
        let standbys = |first| Ack::Standbys {
            count: 1,
            first,
            list,
        };
        let semi_sync = Ack::SemiSync {
            k: 1,
            timeout_us: 10_000_000,
        };
        for (id, ack, when, visible, promotion) in [
            ("postgresql-async", Ack::Async, Persisted, OnAck, Reachable),
            ("postgresql-on", standbys(true), Persisted, OnAck, Reachable),
            (
                "postgresql-remote-apply",
                standbys(true),
                Applied,
                OnAck,
                Reachable,
            ),
            (
                "postgresql-any-1",
                standbys(false),
                Persisted,
                OnAck,
                Reachable,
            ),
            ("mysql-after-sync", semi_sync, Persisted, OnAck, Reachable),
            (
                "mysql-after-commit",
                semi_sync,
                Persisted,
                OnAppend,
                Reachable,
            ),
            ("mongodb-w1", Ack::Async, Persisted, OnAppend, Majority),
            (
                "mongodb-majority",
                Ack::Quorum,
                Persisted,
                OnCommit,
                Majority,
            ),
            (
                "mongodb-linearizable",
                Ack::Quorum,
                Persisted,
                OnCommit,
                Majority,
            ),
        ] {
            let Scenario {
                settings,
                structure,
                ..
            } = applied(id);
            assert_eq!((settings.ack, settings.ack_when), (ack, when), "{id}");
            assert_eq!(
                (settings.visible, structure.promotion),
                (visible, promotion),
                "{id}"
            );
            assert_eq!(settings.fencing, None, "{id}");
            let stream = match id.starts_with("postgresql") {
                true => Stream::WriteAheadLog,
                false => Stream::LogicalRows,
            };
            assert_eq!(settings.stream, stream, "{id}");
            let leader_reads = match id {
                "mongodb-linearizable" => LeaderReads::Confirmed,
                _ => LeaderReads::Local,
            };
            assert_eq!(settings.leader_reads, leader_reads, "{id}");
            let policy = match id.starts_with("mongodb") {
                true => ReadPolicy::Leader,
                false => ReadPolicy::Any,
            };
            assert_eq!(settings.reads, policy, "{id}");
        }
    }

    #[test]
    fn systems_without_a_leader_are_what_their_documentation_says() {
        let check = |id: &str, quorums: (u8, u8)| -> (Structure, Settings) {
            let Scenario {
                settings,
                structure,
                ..
            } = applied(id);
            assert_eq!((settings.w, settings.r), quorums, "{id}");
            assert_eq!((structure.nodes, structure.copies), (5, 3), "{id}");
            assert_eq!(structure.coordinator, Coordinator::Node, "{id}");
            (structure, settings)
        };
        for (id, quorums) in [
            ("cassandra-one", (1, 1)),
            ("cassandra-quorum", (2, 2)),
            ("cassandra-all", (3, 3)),
        ] {
            let (structure, settings) = check(id, quorums);
            assert_eq!(structure.versions, Versions::Timestamps, "{id}");
            assert_eq!(settings.reads_sent_to, ReadsSentTo::R, "{id}");
            assert_eq!(settings.repair, Repair::Contacted, "{id}");
            assert_eq!(
                (settings.sloppy, settings.anti_entropy_us),
                (None, None),
                "{id}"
            );
        }
        for id in ["dynamo", "riak"] {
            let (structure, settings) = check(id, (2, 2));
            assert_eq!(structure.versions, Versions::Dotted, "{id}");
            assert_eq!(settings.reads_sent_to, ReadsSentTo::All, "{id}");
            assert_eq!(settings.repair, Repair::Background, "{id}");
            assert!(settings.sloppy.is_some(), "{id}");
        }
    }
}
