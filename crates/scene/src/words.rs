//! What is said beside the stage: the caption, what people see, how the promises stand, what the
//! settings mean.

use replication::ids::{ClientId, KeyId, KeySet};
use replication::promise::{Promise, State};
use replication::run::{ClientView, NodeView, Role, Run};
use replication::scenario::{
    Ack, Act, Does, NarrationEvent, ProtocolKind, ReadPolicy, Settings, Structure,
};
use replication::trace::MessageKind;

use crate::index::{Acked, SceneIndex};
use crate::moment::Moment;
use crate::people;
use crate::quantity::{count, duration, listed, moment};
use crate::stage::Behind;
use crate::tone::Tone;

/// What the page says first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// One short sentence.
    pub headline: String,
    /// One or two more.
    pub text: String,
}

/// What a client sees, beside the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Whose screen.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// One row a key.
    pub rows: Vec<ScreenRow>,
}

/// One key on a client's screen, and in truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenRow {
    /// The key's name.
    pub key: String,
    /// What the client last saw; `None` where it has not looked yet.
    pub sees: Option<String>,
    /// The write that made what it saw, as "#5"; empty where there is none.
    pub sees_write: String,
    /// The newest acknowledged value.
    pub truth: String,
    /// What is known of it: "#7, acked, on 2 of 4 copies".
    pub truth_note: String,
    /// Whether the screen shows something older than the truth.
    pub stale: bool,
}

/// How a promise stands, as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromiseRow {
    /// Which.
    pub promise: Promise,
    /// Its name on the screen.
    pub title: &'static str,
    /// How it stands.
    pub state: State,
    /// The same as a sign: ✓ ✗ ! –
    pub mark: &'static str,
    /// The same in words: "kept so far · 12 checked".
    pub note: String,
    /// How often it was broken.
    pub violations: u32,
    /// Its colour.
    pub tone: Tone,
}

/// What to say at the cursor: the narration in force, or the story; and what is going on.
pub fn caption(run: &dyn Run, index: &SceneIndex) -> Caption {
    let now = Moment::of(run, index);
    let scenario = run.scenario();
    let told = narration(&now).unwrap_or(&scenario.story);
    if told.is_empty() {
        // Nobody tells this run: what is seen speaks for itself.
        let state = state_words(&now);
        let (headline, rest) = first_sentence(&state);
        return Caption {
            headline: headline.to_owned(),
            text: rest.to_owned(),
        };
    }
    let (headline, rest) = first_sentence(told);
    // A story is told before anything happens; after that, what happens is.
    let begun = now
        .clients
        .iter()
        .any(|client| now.last_op(client.id).is_some());
    let text = match rest {
        "" => state_words(&now),
        _ if narration(&now).is_none() && begun => state_words(&now),
        rest => rest.to_owned(),
    };
    Caption {
        headline: headline.to_owned(),
        text,
    }
}

/// Each client's screen at the cursor.
pub fn what_they_see(run: &dyn Run, index: &SceneIndex) -> Vec<Screen> {
    let now = Moment::of(run, index);
    let screen = |client: &ClientView| Screen {
        client: client.id,
        name: now.names.client(client.id).to_owned(),
        rows: (0..now.structure.keys)
            .map(KeyId)
            .filter(|key| concerns(&now, client.id, *key))
            .map(|key| screen_row(&now, client, key))
            .collect(),
    };
    now.clients.iter().map(screen).collect()
}

/// Each promise at the cursor, in the order of the screen.
pub fn promise_rows(run: &dyn Run, index: &SceneIndex) -> Vec<PromiseRow> {
    let now = Moment::of(run, index);
    let row = |promise: Promise| {
        let verdict = run.verdict(promise);
        let (checked, violations) = (verdict.checked, verdict.violations);
        let (mark, tone, note) = match verdict.state {
            State::Unknown => ("–", Tone::Muted, "not tested yet".to_owned()),
            State::Kept => ("✓", Tone::Ok, format!("kept so far · {checked} checked")),
            State::AtRisk => ("!", Tone::Warn, risk_words(&now)),
            State::Broken => ("✗", Tone::Bad, broken_words(promise, violations, checked)),
        };
        PromiseRow {
            promise,
            title: promise.title(),
            state: verdict.state,
            mark,
            note,
            violations,
            tone,
        }
    };
    Promise::ALL.into_iter().map(row).collect()
}

/// Leaderless: what W and R against N mean. Empty for one leader.
pub fn quorum_words(settings: &Settings, structure: &Structure) -> String {
    if structure.kind != ProtocolKind::Leaderless {
        return String::new();
    }
    let (w, r, n) = (settings.w, settings.r, structure.copies);
    let sum = w + r;
    let finding = match () {
        () if sum > n => format!(
            "W + R = {sum} > N = {n}: every read hears from at least one copy that has the last acknowledged write."
        ),
        () => format!(
            "W + R = {sum} ≤ N = {n}: a read can hear only from copies that the last acknowledged write has not reached."
        ),
    };
    let keeping = match w {
        0 | 1 => {
            "Keeping it is another matter: with W = 1 it may be on one disk only, and go with it."
                .to_owned()
        }
        _ => format!(
            "Keeping it is another matter, and W’s alone: it survives the loss of W − 1 = {}.",
            count(u64::from(w - 1), "disk", "disks")
        ),
    };
    let blocks = match () {
        () if w == n && r == n => "One copy that is down stops both writes and reads.",
        () if w == n => "One copy that is down stops all writes.",
        () if r == n => "One copy that is down stops all reads.",
        () => "",
    };
    [finding.as_str(), keeping.as_str(), blocks]
        .join(" ")
        .trim_end()
        .to_owned()
}

/// One leader: what an acknowledgement mode means, in one or two sentences.
pub fn ack_words(ack: Ack, structure: &Structure) -> String {
    let followers = u64::from(structure.nodes.saturating_sub(1));
    let nodes = structure.nodes;
    match ack {
        Ack::Async => "The leader alone has it on its disk. Fast; if the leader dies before a follower has it, \
             a write that was told “done” can be lost."
            .to_owned(),
        Ack::SemiSync { k, timeout_us } => format!(
            "The leader and at least {} have it on their disks. If that takes longer than {}, the leader falls \
             back to async until enough have caught up, as MySQL’s does; PostgreSQL’s never falls back: it waits.",
            count(u64::from(k), "follower", "followers"),
            duration(timeout_us),
        ),
        Ack::Sync => match followers {
            0 => "There is no follower to wait for: the leader alone has it.".to_owned(),
            1 => "The leader and its only follower have it on their disks. While the follower is down, no write \
                 gets its “done”."
                .to_owned(),
            _ => {
                let all = match followers {
                    2 => "both".to_owned(),
                    _ => format!("all {followers}"),
                };
                format!("The leader and {all} followers have it on their disks. One dead follower stops all writes.")
            }
        },
        Ack::Quorum if followers == 0 => "There is no follower to ask: the leader alone has it.".to_owned(),
        Ack::Quorum => {
            let majority = structure.majority();
            let spare = u64::from(nodes) - majority as u64;
            let survives = match spare {
                0 => "While any of them is down, no write gets its “done”.".to_owned(),
                _ => format!(
                    "Writes go on while {} down, and a leader elected by a majority has every write that was told “done”, as long as no disk is lost.",
                    match spare {
                        1 => "one node is".to_owned(),
                        _ => format!("up to {spare} nodes are"),
                    }
                ),
            };
            format!("A majority, {majority} of {nodes} nodes with the leader, has it on disk. {survives}")
        }
    }
}

/// What a read policy means.
pub fn reads_words(policy: ReadPolicy, kind: ProtocolKind) -> String {
    let words = match (policy, kind) {
        (ReadPolicy::Leader, ProtocolKind::SingleLeader) => {
            "Every read goes to the leader. It shows the newest write that it may show, unless it has been \
             replaced and does not know it yet."
        }
        (ReadPolicy::Any, ProtocolKind::SingleLeader) => {
            "Each read goes to a replica drawn by chance, the leader included. Followers lag: a read may miss \
             one’s own write, and a later read may show less than an earlier one."
        }
        (ReadPolicy::Sticky, ProtocolKind::SingleLeader) => {
            "Each client keeps to one replica until that does not answer. It may be behind, so one’s own write may be \
             missing; but it does not go back, unless a failover discards what it showed."
        }
        (ReadPolicy::Sticky, ProtocolKind::Leaderless) => {
            "Each client keeps to one coordinator until that does not answer. Which copies answer is the \
             quorum’s matter."
        }
        (_, ProtocolKind::Leaderless) => {
            "Each request goes to a coordinator drawn by chance. Which copies answer is the quorum’s matter."
        }
    };
    words.to_owned()
}

/// The stage in plain lines, for screen readers and terminals.
pub fn text_twin(run: &dyn Run, index: &SceneIndex) -> Vec<String> {
    let now = Moment::of(run, index);
    let mut lines = vec![format!("At {}.", moment(now.now_us))];
    lines.extend(now.clients.iter().map(|client| {
        let doing = people::doing(&now, client);
        let doing = doing.first().map_or("has done nothing yet", String::as_str);
        format!("{} {doing}.", now.names.client(client.id))
    }));
    lines.extend(now.nodes.iter().map(|node| node_line(&now, node)));
    for acked in newest_of_all_keys(&now) {
        let key = now.index.write(acked.write).map(|facts| facts.key);
        if let Some(key) = key {
            let (name, truth) = (now.names.key(key), truth(&now, key));
            lines.push(format!(
                "The newest acknowledged value of {name} is {}: {}.",
                truth.0, truth.1
            ));
        }
    }
    lines.extend(flying(&now));
    lines
}

/// Short: "async", "a majority".
pub(crate) fn ack_name(ack: Ack) -> String {
    match ack {
        Ack::Async => "the leader alone".to_owned(),
        Ack::SemiSync { k, .. } => format!(
            "the leader and {}",
            count(u64::from(k), "follower", "followers")
        ),
        Ack::Sync => "every follower".to_owned(),
        Ack::Quorum => "a majority".to_owned(),
    }
}

pub(crate) fn reads_name(policy: ReadPolicy) -> &'static str {
    match policy {
        ReadPolicy::Leader => "the leader",
        ReadPolicy::Any => "any replica",
        ReadPolicy::Sticky => "one replica for each client",
    }
}

/// The line of narration that was last set off.
fn narration<'a>(now: &Moment<'a>) -> Option<&'a str> {
    let fired = |event: NarrationEvent| -> Option<usize> {
        let at = match event {
            NarrationEvent::Start => 0,
            NarrationEvent::End => {
                let (_, at) = now.run.ended()?;
                return (now.now_us >= at.0).then_some(usize::MAX);
            }
            NarrationEvent::Broken(promise) => {
                let violations = now.run.violations();
                let first = violations
                    .iter()
                    .find(|violation| violation.promise == promise)?;
                first.at.index() + 1
            }
            event => now.index.first(event)?.index() + 1,
        };
        (at <= now.happened).then_some(at)
    };
    let lines = now.run.scenario().narration.iter();
    let fired = lines.filter_map(|line| fired(line.on).map(|at| (at, line.say.as_str())));
    // Of those set off by the same record, the last one in the list.
    fired.max_by_key(|(at, _)| *at).map(|(_, say)| say)
}

/// The first sentence, and the rest.
fn first_sentence(text: &str) -> (&str, &str) {
    let mut end = None;
    let mut ended = false;
    for (i, c) in text.char_indices() {
        match c {
            '.' | '?' | '!' | '…' => ended = true,
            '"' | '”' | '’' | ')' => {}
            c if c.is_whitespace() && ended => {
                let next = text[i..].trim_start().chars().next();
                // "No. 7" and "v. 2" go on in small letters or digits.
                if next.is_some_and(|next| !next.is_lowercase() && !next.is_ascii_digit()) {
                    end = Some(i);
                    break;
                }
                ended = false;
            }
            _ => ended = false,
        }
    }
    match end {
        Some(end) => (&text[..end], text[end..].trim_start()),
        None => (text, ""),
    }
}

/// What is going on, in one or two sentences: the most urgent thing first.
fn state_words(now: &Moment<'_>) -> String {
    if let Some(words) = leadership_words(now) {
        return words;
    }
    if let Some(words) = waiting_words(now) {
        return words;
    }
    match now.index.last_acked(now.happened) {
        Some(acked) => progress_words(now, acked),
        None if now
            .clients
            .iter()
            .any(|client| now.last_op(client.id).is_some()) =>
        {
            "No write has been told “done” yet.".to_owned()
        }
        None => "Nothing has been written yet.".to_owned(),
    }
}

fn leadership_words(now: &Moment<'_>) -> Option<String> {
    if now.is_leaderless() {
        return None;
    }
    if let Some(deposed) = now.replicas().find(|node| now.is_deposed(node)) {
        let log = deposed.logs.iter().find(|log| log.role == Role::Leader)?;
        let (leader, leading) = now.leader(log.partition)?;
        return Some(format!(
            "{} leads, in epoch {}. {} does not know it yet, and believes that it still leads in epoch {}.",
            now.names.node(leader),
            leading.epoch,
            now.names.node(deposed.id),
            log.epoch
        ));
    }
    let leaderless = now
        .partitions()
        .find(|partition| now.leader(*partition).is_none())?;
    let last = now.reference(leaderless)?;
    let name = now.names.node(last.node);
    let asks = now
        .replicas()
        .find(|node| node.up && node.role == Role::Candidate);
    let next = match asks {
        Some(node) => {
            let epoch = node.logs.first().map_or(0, |log| log.epoch);
            format!(
                "{} asks the others for epoch {epoch}.",
                now.names.node(node.id)
            )
        }
        None => "The followers have not noticed yet, or wait their turn to stand.".to_owned(),
    };
    let since = match now.down_since_us(last.node) {
        Some(since) if !now.nodes[usize::from(last.node.0)].up => {
            format!(
                "Nobody leads: {name} has been down for {}.",
                duration(now.now_us - since)
            )
        }
        _ => "Nobody leads.".to_owned(),
    };
    Some(format!("{since} {next}"))
}

fn waiting_words(now: &Moment<'_>) -> Option<String> {
    let waits = |node: &&NodeView| node.up;
    let waiting = now.nodes.iter().filter(waits).flat_map(|node| {
        let name = now.names.node(node.id);
        node.waiting.iter().map(move |waiting| (name, waiting))
    });
    let (name, waiting) = waiting
        .filter(|(_, waiting)| waiting.write.is_some())
        .max_by_key(|(_, waiting)| waiting.write)?;
    let write = waiting.write?;
    // Where one is enough, it is only the disk that is waited for.
    if waiting.need < 2 {
        return None;
    }
    Some(format!(
        "{name} has {} of the {} acknowledgements that it needs to say “done” for #{}.",
        waiting.have, waiting.need, write.0
    ))
}

/// How far the last acknowledged write has come.
fn progress_words(now: &Moment<'_>, acked: &Acked) -> String {
    let by = match now.is_leaderless() {
        true => now.names.node(acked.by).to_owned(),
        false if now.is_leader(acked.by) => "The leader".to_owned(),
        false => now.names.node(acked.by).to_owned(),
    };
    let ago = duration(now.now_us.saturating_sub(acked.at_us));
    let number = acked.write.0;
    let said = format!("{} said “done” for #{number} {ago} ago.", capital(&by));
    let Some(key) = now.index.write(acked.write).map(|facts| facts.key) else {
        return said;
    };
    let copies = now.copies(key);
    let holders = now.holders(acked);
    let lacking: Vec<&str> = copies
        .iter()
        .filter(|node| !holders.contains(node))
        .map(|node| now.names.node(*node))
        .collect();
    let rest = match (holders.len(), lacking.len()) {
        (_, 0) => match now.replicas().all(|node| {
            let held = node
                .held
                .get(usize::from(key.0))
                .copied()
                .unwrap_or_default();
            !copies.contains(&node.id) || !now.is_stale(key, held)
        }) {
            true => "All copies have it and show it.".to_owned(),
            false => "All copies have it; not all show it yet.".to_owned(),
        },
        (0, _) => "No disk has it any more.".to_owned(),
        _ if now.is_abandoned(acked) => {
            let holders: Vec<&str> = holders.iter().map(|node| now.names.node(*node)).collect();
            let holders = listed(&holders);
            format!("The new leader does not have it, and will have {holders} discard it.")
        }
        (_, 1) => format!("{} does not have it yet.", lacking[0]),
        _ => format!("{} do not have it yet.", listed(&lacking)),
    };
    format!("{said} {rest}")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if first.is_lowercase() => format!("The {text}"),
        _ => text.to_owned(),
    }
}

/// Whether a client reads or writes a key, or has seen it.
fn concerns(now: &Moment<'_>, client: ClientId, key: KeyId) -> bool {
    let plan = now.run.scenario().clients.get(usize::from(client.0));
    let planned: KeySet = match plan.map(|plan| &plan.does) {
        Some(Does::Steps(steps)) => steps
            .iter()
            .flat_map(|step| match step.act {
                Act::Write(key, _) => KeySet::from_iter([key]).iter().collect::<Vec<_>>(),
                Act::Read(keys) => keys.iter().collect(),
            })
            .collect(),
        Some(Does::Random { keys }) => keys.iter().copied().collect(),
        None => KeySet::default(),
    };
    planned.contains(key) || now.has_looked(client, key)
}

fn screen_row(now: &Moment<'_>, client: &ClientView, key: KeyId) -> ScreenRow {
    let seen = client
        .seen
        .get(usize::from(key.0))
        .copied()
        .unwrap_or_default();
    let looked = seen.version.is_some() || now.has_looked(client.id, key);
    let (truth, truth_note) = truth(now, key);
    ScreenRow {
        key: now.names.key(key).to_owned(),
        sees: looked.then(|| now.value(seen.value)),
        sees_write: seen
            .write
            .map_or(String::new(), |write| format!("#{}", write.0)),
        truth,
        truth_note,
        stale: looked && now.is_stale(key, seen),
    }
}

/// The newest acknowledged value, and what is known of it.
fn truth(now: &Moment<'_>, key: KeyId) -> (String, String) {
    let Some(acked) = now.truth(key) else {
        return ("nothing".to_owned(), "nothing acknowledged yet".to_owned());
    };
    let value = now.value_of(acked.write).unwrap_or_else(|| "?".to_owned());
    let (have, of) = (now.holders(acked).len(), now.copies(key).len());
    let copies = count(of as u64, "copy", "copies");
    let note = match have {
        0 => format!("#{}, acked, on no disk any more", acked.write.0),
        _ if now.is_abandoned(acked) => {
            format!(
                "#{}, acked, on {have} of {copies}, to be discarded",
                acked.write.0
            )
        }
        _ => format!("#{}, acked, on {have} of {copies}", acked.write.0),
    };
    (value, note)
}

fn newest_of_all_keys<'b>(now: &'b Moment<'_>) -> Vec<&'b Acked> {
    let keys = (0..now.structure.keys).map(KeyId);
    keys.filter_map(|key| now.truth(key)).collect()
}

fn risk_words(now: &Moment<'_>) -> String {
    let few = newest_of_all_keys(now)
        .into_iter()
        .filter(|acked| now.holders(acked).len() == 1)
        .max_by_key(|acked| acked.seq);
    match few {
        Some(acked) => format!("#{} is at risk now", acked.write.0),
        None => "one more crash could break it".to_owned(),
    }
}

fn broken_words(promise: Promise, violations: u32, checked: u32) -> String {
    let checked = checked.max(violations);
    let of =
        |one: &str, many: &str| format!("{violations} of {}", count(u64::from(checked), one, many));
    match promise {
        Promise::ReadYourWrites | Promise::MonotonicReads | Promise::ConsistentPrefix => {
            format!("{} broke it", of("read", "reads"))
        }
        Promise::NoAckedWriteLost => format!("{} lost", of("write", "writes")),
        Promise::OneLeaderAtATime => format!("{} by a replaced leader", of("“done”", "“done”s")),
    }
}

fn node_line(now: &Moment<'_>, node: &NodeView) -> String {
    let name = now.names.node(node.id);
    let mut parts = Vec::new();
    if !node.up {
        parts.push("is down".to_owned());
    } else if now.is_deposed(node) {
        parts.push("believes that it leads, and was replaced".to_owned());
    } else if now.is_leader(node.id) {
        let epoch = node.logs.iter().map(|log| log.epoch).max().unwrap_or(0);
        parts.push(format!("leads in epoch {epoch}"));
    } else {
        match node.role {
            Role::Proxy => parts.push("coordinates".to_owned()),
            Role::Candidate => parts.push("asks to lead".to_owned()),
            _ => match now.behind(node) {
                Some(Behind { entries: 0, .. }) => parts.push("is in sync".to_owned()),
                Some(Behind { entries, us }) => {
                    let entries = count(u64::from(entries), "entry", "entries");
                    parts.push(format!("is {entries} and {} behind", duration(us)));
                }
                None => {}
            },
        }
    }
    let says = if node.up { "shows" } else { "has on its disk" };
    let held = node
        .held
        .iter()
        .enumerate()
        .filter(|(key, _)| now.copies(KeyId(*key as u8)).contains(&node.id));
    let values: Vec<String> = held
        .map(|(key, held)| format!("{} {}", now.names.key(KeyId(key as u8)), now.held(*held)))
        .collect();
    if !values.is_empty() && node.role != Role::Proxy {
        parts.push(format!("{says} {}", listed(&values)));
    }
    for waiting in node.waiting.iter().filter(|_| node.up) {
        let what = waiting
            .write
            .map_or("a read".to_owned(), |write| format!("#{}", write.0));
        parts.push(format!(
            "has {} of {} for {what}",
            waiting.have, waiting.need
        ));
    }
    format!("{name} {}.", listed(&parts))
}

/// What is on the wire, in one line.
fn flying(now: &Moment<'_>) -> Option<String> {
    let mut writes: Vec<String> = Vec::new();
    for seq in now.in_flight() {
        let Some((_, message)) = now.message(*seq) else {
            continue;
        };
        let carries_one = matches!(
            message.kind,
            MessageKind::Write | MessageKind::Append | MessageKind::Store
        );
        if carries_one && let Some(write) = message.carries.write {
            writes.push(format!("#{} to {}", write.0, now.place(message.to)));
        }
    }
    writes.dedup();
    (!writes.is_empty()).then(|| format!("On the wire: {}.", listed(&writes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_after_its_first_sentence() {
        assert_eq!(first_sentence("One. Two."), ("One.", "Two."));
        assert_eq!(first_sentence("Only one"), ("Only one", ""));
        assert_eq!(
            first_sentence("She is told \"done.\" Then she looks."),
            ("She is told \"done.\"", "Then she looks.")
        );
        assert_eq!(
            first_sentence("It takes 0.5 s. Long!"),
            ("It takes 0.5 s.", "Long!")
        );
    }
}
