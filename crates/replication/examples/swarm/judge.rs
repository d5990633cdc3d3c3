//! What theory says of a run, and what the run says.

use std::sync::Arc;

use replication::engine::time::SimTime;
use replication::ids::{Change, Held, KeyId, NodeId, Version, WriteId};
use replication::promise::linearizable::{Judgement, linearizable};
use replication::promise::{Promise, State};
use replication::run::{self, Run};
use replication::scenario::{
    Ack, Conflicts, Deed, Does, Intervention, LeaderReads, Promotion, ProtocolKind, ReadPolicy,
    Repair, Scenario, Settings, Stream, Versions, Visible,
};
use replication::trace::{Action, Kind, Outcome, fingerprint, first_divergence};

/// What came out of a seed.
pub struct Outcomes {
    /// What theory guarantees and the run broke, or what else must not be.
    pub wrong: Vec<String>,
    /// What theory denies and the run broke.
    pub denied: Vec<&'static str>,
    /// The guarantees that the run was held to.
    pub held_to: Vec<&'static str>,
    /// What occurred, and how often.
    pub counts: Vec<(String, u64)>,
}

impl Outcomes {
    /// Nothing but that it panicked.
    pub fn panicked() -> Self {
        Outcomes {
            wrong: vec!["panicked".to_owned()],
            denied: Vec::new(),
            held_to: Vec::new(),
            counts: Vec::new(),
        }
    }
}

/// Runs a scenario twice and judges it.
pub fn judge(scenario: &Arc<Scenario>, seed: u64) -> Outcomes {
    let mut run = run::open(Arc::clone(scenario), seed);
    run.seek(SimTime(u64::MAX));
    let mut again = run::open(Arc::clone(scenario), seed);
    // Not straight on: there and back.
    for ms in [1500, 400, 2900, 2899] {
        again.seek(SimTime(ms * 1000));
    }
    again.seek(SimTime(u64::MAX));
    let mut wrong = Vec::new();
    if fingerprint(run.records()) != fingerprint(again.records()) {
        let at = first_divergence(run.records(), again.records());
        wrong.push(format!("two runs of it part at record {at:?}"));
    }
    let facts = Facts::of(scenario);
    let mut outcomes = Outcomes {
        wrong,
        denied: Vec::new(),
        held_to: Vec::new(),
        counts: counts(scenario, run.as_ref()),
    };
    guarantees(&facts, run.as_ref(), &mut outcomes);
    implications(&facts, run.as_ref(), &mut outcomes);
    denials(&facts, run.as_ref(), &mut outcomes);
    convergence(&facts, run.as_ref(), &mut outcomes);
    outcomes
}

/// What of a scenario the theory asks for: true of its start, and of every change on the way.
struct Facts<'a> {
    scenario: &'a Scenario,
    settings: Vec<&'a Settings>,
    disks_lost: bool,
    skewed: bool,
    crashes: bool,
}

impl<'a> Facts<'a> {
    fn of(scenario: &'a Scenario) -> Self {
        let mut facts = Facts {
            scenario,
            settings: vec![&scenario.settings],
            disks_lost: false,
            skewed: false,
            crashes: false,
        };
        for entry in &scenario.script {
            match &entry.does {
                Intervention::Set(settings) => facts.settings.push(settings),
                Intervention::Crash { lose_disk, .. } => {
                    facts.crashes = true;
                    facts.disks_lost |= lose_disk;
                }
                Intervention::Restore { .. } => facts.disks_lost = true,
                Intervention::Skew { .. } => facts.skewed = true,
                _ => {}
            }
        }
        facts
    }

    fn always(&self, holds: impl Fn(&Settings) -> bool) -> bool {
        self.settings.iter().all(|settings| holds(settings))
    }

    fn kind(&self, kind: ProtocolKind) -> bool {
        self.scenario.structure.kind == kind
    }

    /// Quorum acknowledgements, majority promotion, shown on commit, and no disk lost.
    fn safe_log(&self) -> bool {
        self.kind(ProtocolKind::SingleLeader)
            && self.scenario.structure.promotion == Promotion::Majority
            && !self.disks_lost
            && self.always(|s| s.ack == Ack::Quorum && s.visible == Visible::OnCommit && applies(s))
    }

    /// W and R that always overlap.
    fn overlap(&self) -> bool {
        let copies = self.scenario.structure.copies;
        let (mut w_min, mut r_min) = (u8::MAX, u8::MAX);
        for settings in &self.settings {
            (w_min, r_min) = (w_min.min(settings.w), r_min.min(settings.r));
        }
        for plan in &self.scenario.clients {
            if let Does::Steps(steps) = &plan.does {
                for step in steps {
                    match (step.act.deed, step.act.quorum) {
                        (Deed::Write(..), Some(w)) => w_min = w_min.min(w),
                        (Deed::Read(..), Some(r)) => r_min = r_min.min(r),
                        _ => {}
                    }
                }
            }
        }
        w_min + r_min > copies
    }

    fn register(&self) -> bool {
        self.kind(ProtocolKind::Leaderless)
            && self.scenario.structure.versions == Versions::Timestamps
            && !self.disks_lost
            && !self.skewed
            && self.overlap()
            && self.always(|s| s.sloppy.is_none())
    }

    /// Every replica makes the same of the stream.
    fn deterministic(&self) -> bool {
        self.writes_one_value() && self.always(applies)
    }

    /// No write has another value on each replica.
    fn writes_one_value(&self) -> bool {
        let calls = self.scenario.clients.iter().any(|plan| match &plan.does {
            Does::Steps(steps) => steps
                .iter()
                .any(|step| matches!(step.act.deed, Deed::Write(_, Change::Call(_)))),
            Does::Random { .. } => false,
        });
        !calls || self.always(|s| s.stream != Stream::Statement)
    }
}

/// Whether every replica can apply the stream.
fn applies(settings: &Settings) -> bool {
    settings.stream != Stream::WriteAheadLog || settings.upgraded == 0
}

fn broken(run: &dyn Run, promise: Promise) -> bool {
    run.verdict(promise).state == State::Broken
}

fn not_linearizable(run: &dyn Run) -> Option<KeyId> {
    let keys = (0..run.scenario().structure.keys).map(KeyId);
    keys.into_iter()
        .find(|key| matches!(linearizable(run.records(), *key), Judgement::No(_)))
}

fn guarantees(facts: &Facts<'_>, run: &dyn Run, outcomes: &mut Outcomes) {
    let mut must = |what: &'static str, kept: bool| {
        outcomes.held_to.push(what);
        if !kept {
            outcomes.wrong.push(format!("broken: {what}"));
        }
    };
    let leader_reads =
        |how: LeaderReads| facts.always(|s| s.reads == ReadPolicy::Leader && s.leader_reads == how);
    if facts.safe_log() {
        must(
            "quorum, majority and on_commit lose no acknowledged write",
            !broken(run, Promise::NoAckedWriteLost),
        );
        if facts.always(|s| matches!(s.reads, ReadPolicy::SessionToken { .. })) {
            must(
                "a session token keeps read your writes through failovers",
                !broken(run, Promise::ReadYourWrites),
            );
            must(
                "a session token keeps monotonic reads through failovers",
                !broken(run, Promise::MonotonicReads),
            );
        }
        if leader_reads(LeaderReads::Confirmed) && facts.writes_one_value() {
            must(
                "confirmed leader reads are linearizable",
                not_linearizable(run).is_none(),
            );
        }
        if leader_reads(LeaderReads::Lease) && facts.writes_one_value() && !facts.skewed {
            must(
                "leader reads under a lease are linearizable",
                not_linearizable(run).is_none(),
            );
        }
    }
    let fenced = facts.kind(ProtocolKind::SingleLeader)
        && facts.scenario.structure.promotion == Promotion::Majority
        && !facts.disks_lost
        && !facts.skewed
        && facts.always(|s| s.fencing.is_some());
    if fenced {
        must(
            "fencing leaves one leader at a time",
            !broken(run, Promise::OneLeaderAtATime),
        );
    }
    if facts.register() {
        if facts.always(|s| s.repair == Repair::WriteBack) {
            must(
                "W + R > N with write_back is linearizable",
                not_linearizable(run).is_none(),
            );
        }
        let r_overlaps = facts
            .settings
            .iter()
            .all(|s| 2 * s.r > facts.scenario.structure.copies);
        if r_overlaps && facts.always(|s| s.repair == Repair::Contacted) {
            must(
                "W + R > N and 2R > N with contacted repair is linearizable",
                not_linearizable(run).is_none(),
            );
        }
    }
}

/// What theory says of the promises among themselves, and of those that a configuration gives.
fn implications(facts: &Facts<'_>, run: &dyn Run, outcomes: &mut Outcomes) {
    let mut must = |what: &'static str, kept: bool| {
        outcomes.held_to.push(what);
        if !kept {
            outcomes.wrong.push(format!("broken: {what}"));
        }
    };
    let structure = &facts.scenario.structure;
    let one_leader = facts.kind(ProtocolKind::SingleLeader);
    let none_broken = |promises: &[Promise]| promises.iter().all(|each| !broken(run, *each));
    if broken(run, Promise::ReadYourWrites) || broken(run, Promise::MonotonicReads) {
        must(
            "what breaks read your writes or monotonic reads breaks causal",
            broken(run, Promise::Causal),
        );
    }
    let told = match structure.kind {
        ProtocolKind::SingleLeader => true,
        // What is merged is told; but a key that is written as a whole stays a register there.
        ProtocolKind::MultiLeader => structure.conflicts == Conflicts::Siblings,
        ProtocolKind::Leaderless => structure.versions == Versions::Dotted,
    };
    if told && !facts.disks_lost {
        must(
            "one log, or siblings, overwrite nothing in silence",
            !broken(run, Promise::NoSilentOverwrite),
        );
    }
    if facts.safe_log() && structure.partitions == 1 {
        must(
            "one log that loses nothing keeps a session's order on every replica",
            none_broken(&[Promise::MonotonicWrites, Promise::WritesFollowReads]),
        );
        must(
            "one log that loses nothing shows no effect without its cause",
            !broken(run, Promise::ConsistentPrefix),
        );
        if facts.always(|s| matches!(s.reads, ReadPolicy::SessionToken { .. })) {
            must(
                "a session token on one log that loses nothing is causal",
                !broken(run, Promise::Causal),
            );
        }
    }
    let confirmed =
        |s: &Settings| s.reads == ReadPolicy::Leader && s.leader_reads == LeaderReads::Confirmed;
    if one_leader && facts.safe_log() && facts.always(confirmed) {
        must(
            "confirmed leader reads are within every budget",
            !broken(run, Promise::BoundedStaleness),
        );
    }
}

fn denials(facts: &Facts<'_>, run: &dyn Run, outcomes: &mut Outcomes) {
    let mut denied = |what: &'static str, happened: bool| {
        if happened {
            outcomes.denied.push(what);
        }
    };
    let one = facts.kind(ProtocolKind::SingleLeader);
    let structure = &facts.scenario.structure;
    let safe_disks = !facts.disks_lost;
    let majority = structure.promotion == Promotion::Majority;
    let is_async = facts.always(|s| s.ack == Ack::Async);
    let is_quorum = facts.always(|s| s.ack == Ack::Quorum && s.visible == Visible::OnCommit);
    let token = facts.always(|s| matches!(s.reads, ReadPolicy::SessionToken { .. }));
    let lost = broken(run, Promise::NoAckedWriteLost);
    denied(
        "async failover loses an acknowledged write",
        one && safe_disks && is_async && lost,
    );
    denied(
        "reachable promotion loses a quorum-acknowledged write",
        one && safe_disks && !majority && is_quorum && lost,
    );
    let position_lost = run.records().iter().any(|record| {
        matches!(
            record.kind,
            Kind::Ended {
                outcome: Outcome::PositionLost,
                ..
            }
        )
    });
    denied(
        "a token through an asynchronous failover loses its position",
        one && is_async && token && position_lost,
    );
    denied(
        "a token through an asynchronous failover: one's own write is gone",
        one && is_async && token && safe_disks && broken(run, Promise::ReadYourWrites),
    );
    denied(
        "sticky reads go backwards when the replica dies",
        one && facts.crashes
            && safe_disks
            && facts.always(|s| s.reads == ReadPolicy::Sticky)
            && broken(run, Promise::MonotonicReads),
    );
    denied(
        "fencing off splits the brain",
        one && safe_disks
            && facts.always(|s| s.fencing.is_none())
            && broken(run, Promise::OneLeaderAtATime),
    );
    if facts.safe_log()
        && facts.always(|s| s.reads == ReadPolicy::Leader && s.leader_reads == LeaderReads::Local)
    {
        denied(
            "a local read at a deposed leader is stale",
            not_linearizable(run).is_some(),
        );
    }
    let leaderless =
        facts.kind(ProtocolKind::Leaderless) && safe_disks && !facts.skewed && facts.overlap();
    let stamped = structure.versions == Versions::Timestamps;
    if leaderless
        && stamped
        && facts.always(|s| s.sloppy.is_some() && s.repair == Repair::WriteBack)
    {
        denied(
            "a sloppy quorum reads stale in spite of W + R > N and write_back",
            not_linearizable(run).is_some(),
        );
    }
    if leaderless && stamped && facts.always(|s| s.sloppy.is_some()) {
        denied(
            "a sloppy quorum breaks read your writes in spite of W + R > N",
            broken(run, Promise::ReadYourWrites),
        );
    }
    let all_one =
        facts.always(|s| s.w == structure.copies && s.r == 1 && s.repair == Repair::Contacted);
    if facts.register() && structure.copies > 1 && all_one {
        denied(
            "W = N, R = 1 with contacted repair is not linearizable",
            not_linearizable(run).is_some(),
        );
    }
    if facts.register() && facts.always(|s| s.repair == Repair::Off) {
        denied(
            "W + R > N without repair is not linearizable",
            not_linearizable(run).is_some(),
        );
    }
    if facts.skewed {
        denied(
            "skewed last write wins drops the later write",
            later_write_dropped(run),
        );
    }
}

/// Whether a write that began after another was told "done" has the lower stamp.
fn later_write_dropped(run: &dyn Run) -> bool {
    let mut done: Vec<(KeyId, Version)> = Vec::new();
    let mut begun: Vec<(replication::ids::OpId, KeyId, usize)> = Vec::new();
    for record in run.records() {
        match record.kind {
            Kind::Invoked {
                op,
                action: Action::Write { key, .. },
            } => begun.push((op, key, done.len())),
            Kind::Ended {
                op,
                outcome:
                    Outcome::Written {
                        version: version @ Version::Stamp { .. },
                    },
            } => {
                let Some((_, key, before)) = begun.iter().find(|(other, ..)| *other == op) else {
                    continue;
                };
                let dropped = done[..*before]
                    .iter()
                    .any(|(other, earlier)| other == key && earlier.supersedes(&version));
                if dropped {
                    return true;
                }
                done.push((*key, version));
            }
            _ => {}
        }
    }
    false
}

fn convergence(facts: &Facts<'_>, run: &dyn Run, outcomes: &mut Outcomes) {
    let structure = &facts.scenario.structure;
    let nodes = run.nodes();
    let holds = |node: NodeId, key: KeyId| -> Vec<(Option<WriteId>, Held)> {
        let node = &nodes[usize::from(node.0)];
        let first = node.held[usize::from(key.0)];
        let rest = node
            .siblings
            .iter()
            .filter(|(other, _)| *other == key)
            .map(|(_, held)| *held);
        let mut all: Vec<_> = std::iter::once(first)
            .chain(rest)
            .map(|held| (held.write, held))
            .collect();
        all.sort_by_key(|(write, _)| *write);
        all
    };
    let mut apart = None;
    for key in (0..structure.keys).map(KeyId) {
        let copies: Vec<NodeId> = match structure.kind {
            ProtocolKind::Leaderless => structure.copies_of(key).collect(),
            _ => structure.replicas().collect(),
        };
        let first = holds(copies[0], key);
        if copies.iter().any(|copy| holds(*copy, key) != first) {
            apart.get_or_insert(key);
        }
    }
    let demanded = match structure.kind {
        ProtocolKind::SingleLeader => facts.deterministic(),
        ProtocolKind::MultiLeader => true,
        ProtocolKind::Leaderless => facts.always(|s| s.anti_entropy_us.is_some()),
    };
    outcomes
        .held_to
        .extend(demanded.then_some("all converge once all is well"));
    let said = run.verdict(Promise::Convergence).state;
    if demanded && said == State::Broken {
        outcomes
            .wrong
            .push("broken: the monitor says that replicas differ at rest".to_owned());
    }
    outcomes.held_to.extend(
        (demanded && said == State::Kept).then_some("at rest all converge, says the monitor"),
    );
    match apart {
        Some(key) if demanded => outcomes.wrong.push(format!(
            "no convergence on {}",
            facts.scenario.names.key(key)
        )),
        Some(_) => outcomes
            .counts
            .push(("replicas differ in the end, where they may".to_owned(), 1)),
        None => outcomes
            .counts
            .push(("replicas are equal in the end".to_owned(), 1)),
    }
}

/// What occurred: options, faults and what they led to.
fn counts(scenario: &Scenario, run: &dyn Run) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    let mut count = |name: String| match counts.iter_mut().find(|(other, _)| *other == name) {
        Some((_, count)) => *count += 1,
        None => counts.push((name, 1)),
    };
    let options = |document: &serde_json::Value, path: &str| {
        document
            .pointer(path)
            .map(|value| format!("option {path} {value}"))
    };
    for (path, _) in crate::report::OPTIONS {
        if let Some(name) = options(&scenario.document, path) {
            count(name);
        }
    }
    let mut promoted = 0;
    for record in run.records() {
        let name = match record.kind {
            Kind::Crashed {
                disk_lost: true, ..
            } => "fault: crash with its disk",
            Kind::Crashed { .. } => "fault: crash",
            Kind::Paused { .. } => "fault: pause",
            Kind::Cut {
                both_ways: true, ..
            } => "fault: cut",
            Kind::Cut { .. } => "fault: cut one way",
            Kind::Slowed { .. } => "fault: slow",
            Kind::Skewed { .. } => "fault: skew",
            Kind::Restored { .. } => "fault: restored from backup",
            Kind::NothingToRestore { .. } => "nothing to restore",
            Kind::BackedUp { worked: false, .. } => "a backup that failed",
            Kind::Lost { cut: true } => "message into a cut",
            Kind::Lost { .. } => "message lost",
            Kind::Undelivered => "message to one who is down",
            Kind::Dropped => "fault: message dropped",
            Kind::Delayed { .. } => "fault: message held up",
            Kind::Promoted { .. } => {
                promoted += 1;
                continue;
            }
            Kind::Discarded { .. } => "truncation: entry discarded",
            Kind::FellBack { .. } => "fell back to async",
            Kind::BackInSync { .. } => "back in sync",
            Kind::Serving { .. } => "a successor waited for a lease",
            Kind::LeaseLost { .. } => "lease lost",
            Kind::LeaseRegained { .. } => "lease regained",
            Kind::Trimmed { .. } => "log trimmed",
            Kind::Installed { .. } => "snapshot installed",
            Kind::Standby {
                connected: false, ..
            } => "standby gone",
            Kind::Stopped { .. } => "follower stopped at another version's log",
            Kind::Evaluated { .. } => "statement evaluated again",
            Kind::Doubted { gone: true, .. } => "replica doubted",
            Kind::HintKept { .. } => "hint kept",
            Kind::HintGone { expired: true, .. } => "hint expired",
            Kind::HintGone { .. } => "hint handed off",
            Kind::Conflict { kept, .. } => {
                count(format!("conflict, kept: {kept:?}"));
                continue;
            }
            Kind::Evicted { .. } => "replica evicted",
            Kind::LetBack { .. } => "replica let back",
            Kind::Ended {
                outcome: Outcome::Unknown,
                ..
            } => "operation unknown",
            Kind::Ended {
                outcome: Outcome::Refused,
                ..
            } => "operation refused",
            Kind::Ended {
                outcome: Outcome::PositionLost,
                ..
            } => "operation: position lost",
            _ => continue,
        };
        count(name.to_owned());
    }
    if promoted > u32::from(scenario.structure.partitions) {
        count("failover".to_owned());
    }
    for promise in Promise::ALL {
        if broken(run, promise) {
            count(format!("violation: {}", promise.name()));
        }
    }
    counts
}
