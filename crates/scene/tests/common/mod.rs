//! Runs to look at: the shipped scenarios, and some that are drawn here.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::Path;
use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::run::{self, Run};
use replication::scenario::Scenario;
use scene::SceneIndex;

pub mod matrix;
pub mod reading;

/// A run with its index.
pub struct Watched {
    pub run: Box<dyn Run>,
    pub index: SceneIndex,
}

impl Watched {
    pub fn new(json: &str) -> Watched {
        let scenario = Scenario::from_bytes(json.as_bytes()).expect("a valid scenario");
        Watched::of(scenario)
    }

    pub fn of(scenario: Scenario) -> Watched {
        let seed = scenario.seed;
        Watched {
            run: run::open(Arc::new(scenario), seed),
            index: SceneIndex::new(),
        }
    }

    /// The same, at a moment.
    pub fn at_ms(mut self, ms: u64) -> Watched {
        self.seek_ms(ms);
        self
    }

    pub fn seek_ms(&mut self, ms: u64) {
        self.run.seek(SimTime(ms * 1_000));
        self.index.update(self.run.as_ref());
    }

    pub fn run(&self) -> &dyn Run {
        self.run.as_ref()
    }
}

/// Every shipped scenario, with its file's name.
pub fn shipped() -> Vec<(String, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of scenarios")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).expect("a file that can be read");
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let scenario = Scenario::from_bytes(&bytes);
        (
            name.clone(),
            scenario.unwrap_or_else(|error| panic!("{name}: {error:?}")),
        )
    };
    files.iter().map(read).collect()
}

/// Every scenario of the core's interaction scripts, with its file's name: each is about one thing.
pub fn interactions() -> Vec<(String, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../replication/tests/interactions");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of interaction scripts")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).expect("a text");
        let document = text
            .split("\n\n")
            .filter_map(|block| block.strip_prefix("scenario\n"))
            .filter_map(|block| block.split("----").next());
        for document in document {
            let scenario = Scenario::from_bytes(document.as_bytes());
            let scenario = scenario.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            found.push((name.clone(), scenario));
        }
    }
    assert!(found.len() > 20, "only {} found", found.len());
    found
}

/// Two regions with a leader each, cut off from one another while both change one title.
pub const TWO_LEADERS: &str = r#"{
  "version": 1, "title": "Two leaders, one title", "story": "Alice and Bob edit the same title.", "seed": 3,
  "regions": [ { "name": "Virginia", "nodes": 2 }, { "name": "Tokyo", "nodes": 2 } ],
  "protocol": { "kind": "multi_leader", "conflicts": "siblings", "resend_ms": 300 },
  "network": { "replication_lag_ms": 40, "client_ms": 10, "distance_ms": 145 },
  "reads": { "policy": "leader" },
  "clients": [
    { "name": "Alice", "region": "Virginia", "does": [
      { "write": { "title": "Draft" } }, { "wait_ms": 300, "read": ["title"] },
      { "wait_ms": 470, "write": { "title": "Blue" } }, { "wait_ms": 1500, "read": ["title"] }
    ] },
    { "name": "Bob", "region": "Tokyo", "does": [
      { "wait_ms": 600, "read": ["title"] }, { "wait_ms": 230, "write": { "title": "Red" } },
      { "wait_ms": 1500, "read": ["title"] }
    ] }
  ],
  "script": [
    { "at_ms": 700, "skew": "Tokyo", "by_ms": 20 }, { "at_ms": 800, "cut": "Virginia", "from": "Tokyo" },
    { "at_ms": 1400, "heal": "all" }
  ],
  "limits": { "time_ms": 4000 }
}"#;

/// A sloppy quorum: a substitute keeps what belongs to a copy that is away.
pub const SLOPPY: &str = r#"{
  "version": 1, "title": "A sloppy quorum", "story": "C is away.", "seed": 1,
  "protocol": { "kind": "leaderless", "nodes": 5, "copies": 3, "w": 3, "r": 1, "quorum": "sloppy", "doubt_after_ms": 100 },
  "network": { "peer_ms": 40, "jitter": 1, "client_ms": 10, "client_timeout_ms": 900 },
  "clients": [ { "name": "Ann", "does": [ { "write": { "cart": "milk" } }, { "wait_ms": 100, "write": { "cart": "eggs" } } ] } ],
  "script": [ { "at_ms": 0, "crash": "C" }, { "at_ms": 900, "restart": "C" } ],
  "limits": { "time_ms": 5000 }
}"#;

/// Two regions, one leader and a failover manager; a cut, a pause, a clock that is off, a lost disk.
pub const MANAGED: &str = r#"{
  "version": 1, "title": "East and West", "story": "The East is cut off.", "seed": 3,
  "regions": [ { "name": "us-east", "nodes": 2 }, { "name": "us-west", "nodes": 3 } ],
  "protocol": { "kind": "single_leader", "promotion": "reachable", "manager_region": "us-west",
    "ack": { "mode": "semi_sync" }, "log_keeps": 3 },
  "network": { "replication_lag_ms": 40, "client_ms": 10 },
  "reads": { "policy": "session_token" },
  "backups": { "every_ms": 500, "keep": 3 },
  "clients": [
    { "name": "Alice", "region": "us-east", "random": { "writes_per_s": 4, "reads_per_s": 4, "keys": ["issues", "pulls"] } },
    { "name": "Bob", "region": "us-west", "random": { "writes_per_s": 4, "reads_per_s": 4, "keys": ["issues", "pulls"] } }
  ],
  "script": [
    { "at_ms": 500, "skew": "F1", "by_ms": -200 }, { "at_ms": 900, "cut": "us-east", "from": "us-west" },
    { "at_ms": 1000, "pause": "F3" }, { "at_ms": 2600, "heal": "all" },
    { "at_ms": 2800, "crash": "F2", "lose_disk": true }, { "at_ms": 2850, "slow": "F4", "from": "F1", "by_ms": 300 }
  ],
  "limits": { "time_ms": 6000 }
}"#;

/// A write that is acknowledged by the leader alone, and a read that goes to a follower too early.
pub const STALE_READ: &str = r#"{
  "version": 1, "title": "A stale read", "story": "Alice pays, and looks.", "seed": 5,
  "protocol": { "kind": "single_leader", "nodes": 3, "ack": { "mode": "async" } },
  "network": { "replication_lag_ms": 400, "client_ms": 25 },
  "reads": { "policy": "sticky" },
  "clients": [
    { "name": "Alice", "does": [
      { "write": { "balance": 100 } },
      { "wait_ms": 900, "add": { "balance": -60 } },
      { "wait_ms": 200, "read": ["balance"] }
    ] },
    { "name": "Bob", "does": [ { "wait_ms": 1500, "read": ["balance"] } ] }
  ],
  "limits": { "time_ms": 4000 }
}"#;

/// A leader that stops, and comes back with a write that nobody else has.
pub const FAILOVER: &str = r#"{
  "version": 1, "title": "A failover", "story": "The leader stops.", "seed": 3,
  "protocol": { "kind": "single_leader", "nodes": 3, "ack": { "mode": "async" }, "promotion": "majority",
    "heartbeat_ms": 50, "failure_timeout_ms": 300 },
  "network": { "replication_lag_ms": 600, "client_ms": 10 },
  "reads": { "policy": "leader" },
  "clients": [
    { "name": "Alice", "does": [ { "write": { "order": "open" } }, { "wait_ms": 2000, "write": { "order": "paid" } } ] }
  ],
  "script": [ { "at_ms": 2100, "crash": "leader" }, { "at_ms": 5000, "restart": "leader" } ],
  "limits": { "time_ms": 9000 }
}"#;

/// Five copies behind a proxy, some of them slow.
pub const QUORUM: &str = r#"{
  "version": 1, "title": "A quorum", "story": "Writes and reads.", "seed": 5,
  "protocol": { "kind": "leaderless", "nodes": 5, "copies": 5, "w": 3, "r": 2, "coordinator": "proxy",
    "legs": { "w": { "lognormal": { "median_ms": 150, "p99_over_p50": 4 } }, "a": { "constant_ms": 40 },
              "r": { "constant_ms": 60 }, "s": { "constant_ms": 60 } } },
  "network": { "client_ms": 30, "loss_percent": 10 },
  "clients": [
    { "name": "Alice", "random": { "writes_per_s": 2, "reads_per_s": 0, "keys": ["photo"] } },
    { "name": "Bob", "random": { "writes_per_s": 0, "reads_per_s": 3, "keys": ["photo"] } }
  ],
  "limits": { "time_ms": 4000 }
}"#;

/// A busy system of this many nodes and clients; some messages are lost.
pub fn busy(leaderless: bool, nodes: usize, clients: usize) -> String {
    let protocol = if leaderless {
        let copies = nodes.min(3);
        let quorum = copies / 2 + 1;
        format!(
            r#"{{ "kind": "leaderless", "nodes": {nodes}, "copies": {copies}, "w": {quorum}, "r": {quorum},
                 "coordinator": "proxy", "legs": {{ "w": {{ "constant_ms": 200 }}, "a": {{ "constant_ms": 200 }},
                 "r": {{ "constant_ms": 200 }}, "s": {{ "constant_ms": 200 }} }} }}"#
        )
    } else {
        format!(r#"{{ "kind": "single_leader", "nodes": {nodes}, "ack": {{ "mode": "quorum" }} }}"#)
    };
    let names = [
        "Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi", "Ivan", "Judy",
        "Mallory", "Niaj",
    ];
    let clients: Vec<String> = names[..clients]
        .iter()
        .map(|name| {
            format!(
                r#"{{ "name": "{name}", "random": {{ "writes_per_s": 1, "reads_per_s": 2, "keys": ["balance", "a rather long name"] }} }}"#
            )
        })
        .collect();
    format!(
        r#"{{ "version": 1, "title": "Busy", "story": "Much at once.", "seed": 11, "protocol": {protocol},
             "network": {{ {} "client_ms": 40, "loss_percent": 5 }}, "clients": [ {} ],
             "script": [ {{ "at_ms": 1500, "crash": "{}" }} ], "limits": {{ "time_ms": 4000 }} }}"#,
        if leaderless {
            ""
        } else {
            r#""replication_lag_ms": 200,"#
        },
        clients.join(", "),
        if leaderless { "A" } else { "leader" },
    )
}
