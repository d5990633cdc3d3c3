//! The stage in plain lines, for screen readers and terminals.

use replication::ids::KeyId;
use replication::run::{NodeView, Role, Run};
use replication::trace::MessageKind;

use crate::index::SceneIndex;
use crate::moment::Moment;
use crate::people;
use crate::places::{cuts, places};
use crate::quantity::{count, duration, listed, moment};
use crate::stage::Behind;
use crate::tags::facts;
use crate::truth::truth;

/// The stage in plain lines, for screen readers and terminals.
pub fn text_twin(run: &dyn Run, index: &SceneIndex) -> Vec<String> {
    let now = Moment::of(run, index);
    let mut lines = vec![format!("At {}.", moment(now.now_us))];
    lines.extend(now.clients().iter().map(|client| {
        let doing = people::doing(&now, client);
        let doing = doing.first().map_or("has done nothing yet", String::as_str);
        let aside = people::aside(&now, client);
        let aside = aside.map_or(String::new(), |(_, said)| format!(", and {said}"));
        format!("{} {doing}{aside}.", now.names.client(client.id))
    }));
    lines.extend(now.nodes().iter().map(|node| node_line(&now, node)));
    for key in (0..now.structure.keys).map(KeyId) {
        if let Some(truth) = truth(&now, key) {
            let (name, value) = (now.names.key(key), truth.value(&now));
            lines.push(format!("In truth {name} is {value}: {}.", truth.note));
        }
    }
    lines.extend(link_lines(&now));
    let backups = crate::backups::words(&now);
    lines.extend(backups);
    lines.extend(flying(&now));
    lines
}

/// Which links are cut, and which are slow.
fn link_lines(now: &Moment<'_>) -> Vec<String> {
    let links = now.run.links();
    let cut = cuts(&links).into_iter().map(|(from, to, both)| {
        let (from, to) = (places(now, from, to), places(now, to, from));
        match both {
            true => format!("Cut: {from} from {to}."),
            false => format!("Cut one way: from {from} to {to}."),
        }
    });
    let mut lines: Vec<String> = cut.collect();
    let slow = links.iter().filter(|link| link.slow_us > 0).map(|link| {
        let (from, to) = (now.place(link.from), now.place(link.to));
        format!("{from} to {to} (+{})", duration(link.slow_us))
    });
    let slow: Vec<String> = slow.collect();
    if !slow.is_empty() {
        lines.push(format!("Slow: {}.", listed(&slow)));
    }
    lines
}

fn node_line(now: &Moment<'_>, node: &NodeView) -> String {
    let name = now.names.node(node.id);
    let mut parts = Vec::new();
    if !node.up {
        parts.push("is down".to_owned());
    } else if node.role == Role::Manager {
        parts.push("watches the leader and holds nothing".to_owned());
    } else if now.has_many_leaders() {
        if now.is_leader(node.id) {
            parts.push("leads its region".to_owned());
        }
        parts.extend(behind_words(now, node));
    } else if now.is_deposed(node) {
        parts.push("believes that it leads, and was replaced".to_owned());
    } else if now.is_leader(node.id) {
        let epoch = node.logs.iter().map(|log| log.epoch).max().unwrap_or(0);
        parts.push(format!("leads in epoch {epoch}"));
    } else {
        match node.role {
            Role::Proxy => parts.push("coordinates".to_owned()),
            Role::Candidate => parts.push("asks to lead".to_owned()),
            _ => parts.extend(behind_words(now, node)),
        }
    }
    if node.up && node.paused {
        parts.push("is paused".to_owned());
    }
    let says = if node.up { "shows" } else { "would show" };
    let keys = (0..now.structure.keys).map(KeyId);
    let held = keys
        .filter(|key| now.copies(*key).contains(&node.id) && node.held.len() > usize::from(key.0));
    let values: Vec<String> = held
        .map(|key| {
            let held = now.held_words(&node.held, &node.siblings, key);
            format!("{} {held}", now.names.key(key))
        })
        .collect();
    if !values.is_empty() {
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
    if parts.is_empty() {
        parts.push("holds no copy".to_owned());
    }
    let mut line = format!("{name} {}.", listed(&parts));
    for fact in facts(now, node) {
        line += &format!(" Also, {}.", fact.said);
    }
    line
}

fn behind_words(now: &Moment<'_>, node: &NodeView) -> Option<String> {
    let Behind { entries, us, .. } = now.behind(node)?;
    let (one, many) = match now.has_many_leaders() {
        true => ("write", "writes"),
        false => ("entry", "entries"),
    };
    Some(match entries {
        0 => "is caught up".to_owned(),
        _ => {
            let entries = count(u64::from(entries), one, many);
            format!("is {entries} and {} behind", duration(us))
        }
    })
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
            MessageKind::Write
                | MessageKind::Append
                | MessageKind::Store
                | MessageKind::Replicate
                | MessageKind::Hint
                | MessageKind::Handoff
                | MessageKind::Repair
        );
        if message.kind == MessageKind::Snapshot {
            writes.push(format!("a snapshot to {}", now.place(message.to)));
        }
        if carries_one && let Some(write) = message.carries.write {
            writes.push(format!("#{} to {}", write.0, now.place(message.to)));
        }
    }
    writes.dedup();
    (!writes.is_empty()).then(|| format!("On the wire: {}.", listed(&writes)))
}
