//! What many seeds came to.

use std::collections::BTreeMap;

use crate::judge::Outcomes;

/// Options, by their place in the document, and the values that must have occurred, as JSON.
pub const OPTIONS: &[(&str, &[&str])] = &[
    (
        "/protocol/kind",
        &["\"leaderless\"", "\"multi_leader\"", "\"single_leader\""],
    ),
    (
        "/protocol/ack/mode",
        &[
            "\"async\"",
            "\"quorum\"",
            "\"semi_sync\"",
            "\"standbys\"",
            "\"sync\"",
        ],
    ),
    (
        "/protocol/ack/when",
        &["\"applied\"", "\"persisted\"", "\"received\""],
    ),
    ("/protocol/promotion", &["\"majority\"", "\"reachable\""]),
    (
        "/protocol/visible",
        &["\"on_ack\"", "\"on_append\"", "\"on_commit\""],
    ),
    (
        "/protocol/stream",
        &["\"logical\"", "\"statement\"", "\"write_ahead_log\""],
    ),
    ("/protocol/partitions", &["1", "2", "3"]),
    ("/protocol/coordinator", &["\"node\"", "\"proxy\""]),
    ("/protocol/reads_sent_to", &["\"all\"", "\"r\""]),
    (
        "/protocol/repair",
        &[
            "\"background\"",
            "\"contacted\"",
            "\"off\"",
            "\"write_back\"",
        ],
    ),
    ("/protocol/quorum", &["\"sloppy\"", "\"strict\""]),
    ("/protocol/versions", &["\"dotted\"", "\"timestamps\""]),
    (
        "/protocol/legs",
        &["\"lnkd_disk\"", "\"lnkd_ssd\"", "\"wan\"", "\"ymmr\""],
    ),
    (
        "/protocol/topology",
        &["\"all_to_all\"", "\"ring\"", "\"star\""],
    ),
    (
        "/protocol/conflicts",
        &[
            "\"highest_version\"",
            "\"last_write_wins\"",
            "\"merge\"",
            "\"siblings\"",
        ],
    ),
    (
        "/reads/policy",
        &[
            "\"any\"",
            "\"lag_budget\"",
            "\"leader\"",
            "\"leader_after_write\"",
            "\"nearest\"",
            "\"session_token\"",
            "\"sticky\"",
        ],
    ),
    (
        "/reads/leader",
        &["\"confirmed\"", "\"lease\"", "\"local\""],
    ),
    ("/writes/policy", &["\"home\""]),
];

/// What must have occurred, for the swarm to have tried it.
const MUST_OCCUR: &[&str] = &[
    "fault: crash",
    "fault: crash with its disk",
    "fault: pause",
    "fault: cut",
    "fault: cut one way",
    "fault: slow",
    "fault: message dropped",
    "fault: message held up",
    "fault: skew",
    "fault: restored from backup",
    "message lost",
    "message into a cut",
    "message to one who is down",
    "a backup that failed",
    "failover",
    "truncation: entry discarded",
    "fell back to async",
    "back in sync",
    "a successor waited for a lease",
    "lease lost",
    "lease regained",
    "log trimmed",
    "snapshot installed",
    "standby gone",
    "follower stopped at another version's log",
    "statement evaluated again",
    "replica doubted",
    "hint kept",
    "hint handed off",
    "hint expired",
    "conflict, kept: There",
    "conflict, kept: Came",
    "conflict, kept: Both",
    "conflict, kept: Merged",
    "replica evicted",
    "replica let back",
    "operation unknown",
    "operation refused",
    "operation: position lost",
    "replicas differ in the end, where they may",
    "violation: read_your_writes",
    "violation: monotonic_reads",
    "violation: monotonic_writes",
    "violation: writes_follow_reads",
    "violation: consistent_prefix",
    "violation: causal",
    "violation: linearizable",
    "violation: bounded_staleness",
    "violation: no_acked_write_lost",
    "violation: no_silent_overwrite",
    "violation: one_leader_at_a_time",
    "violation: convergence",
    "denied: async failover loses an acknowledged write",
    "denied: reachable promotion loses a quorum-acknowledged write",
    "denied: a token through an asynchronous failover loses its position",
    "denied: a token through an asynchronous failover: one's own write is gone",
    "denied: sticky reads go backwards when the replica dies",
    "denied: fencing off splits the brain",
    "denied: a local read at a deposed leader is stale",
    "denied: a sloppy quorum reads stale in spite of W + R > N and write_back",
    "denied: a sloppy quorum breaks read your writes in spite of W + R > N",
    "denied: W = N, R = 1 with contacted repair is not linearizable",
    "denied: W + R > N without repair is not linearizable",
    "denied: skewed last write wins drops the later write",
];

/// How many seeds are named of each thing.
const NAMED: usize = 3;

/// Counts over seeds. Two of them can be put together.
#[derive(Default)]
pub struct Report {
    seeds: u64,
    /// How often, in how many seeds, and the first of them.
    counts: BTreeMap<String, Count>,
    wrong: BTreeMap<u64, Vec<String>>,
}

#[derive(Default)]
struct Count {
    times: u64,
    seeds: u64,
    first: Vec<u64>,
}

impl Report {
    /// Adds a seed.
    pub fn add(&mut self, seed: u64, outcomes: Outcomes) {
        self.seeds += 1;
        for (name, times) in outcomes.counts {
            self.count(name, times, seed);
        }
        for what in outcomes.denied {
            self.count(format!("denied: {what}"), 1, seed);
        }
        for what in outcomes.held_to {
            self.count(format!("held to: {what}"), 1, seed);
        }
        if !outcomes.wrong.is_empty() {
            self.wrong.insert(seed, outcomes.wrong);
        }
    }

    fn count(&mut self, name: String, times: u64, seed: u64) {
        let count = self.counts.entry(name).or_default();
        count.times += times;
        count.seeds += 1;
        count.first.push(seed);
        count.first.sort_unstable();
        count.first.truncate(NAMED);
    }

    /// Adds another's seeds.
    pub fn merge(&mut self, other: Report) {
        self.seeds += other.seeds;
        for (name, more) in other.counts {
            let count = self.counts.entry(name).or_default();
            count.times += more.times;
            count.seeds += more.seeds;
            count.first.extend(more.first);
            count.first.sort_unstable();
            count.first.truncate(NAMED);
        }
        self.wrong.extend(other.wrong);
    }

    /// What should have occurred and did not.
    pub fn missing(&self) -> Vec<String> {
        let values = OPTIONS.iter().flat_map(|(path, values)| {
            values
                .iter()
                .map(move |value| format!("option {path} {value}"))
        });
        let all = MUST_OCCUR
            .iter()
            .map(|name| (*name).to_owned())
            .chain(values);
        all.filter(|name| !self.counts.contains_key(name)).collect()
    }

    /// Seeds in which something was wrong.
    pub fn wrong(&self) -> &BTreeMap<u64, Vec<String>> {
        &self.wrong
    }

    /// Prints all of it.
    pub fn print(&self) {
        println!("{} seeds, each run twice\n", self.seeds);
        println!("{:>10} {:>8}  what (first seeds)", "times", "seeds");
        for (name, count) in &self.counts {
            let first: Vec<String> = count.first.iter().map(u64::to_string).collect();
            println!(
                "{:>10} {:>8}  {name} ({})",
                count.times,
                count.seeds,
                first.join(", ")
            );
        }
        for name in self.missing() {
            println!("{:>10} {:>8}  {name}: never", 0, 0);
        }
        for (seed, wrong) in &self.wrong {
            println!("WRONG seed {seed}: {}", wrong.join("; "));
        }
    }
}
