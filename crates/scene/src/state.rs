//! What is going on at the cursor, in one or two sentences: the most urgent thing first.

use replication::ids::{Held, KeyId, NodeId, Place, Places, WriteId};
use replication::run::{NodeView, Role};
use replication::scenario::ProtocolKind;
use replication::trace::{Kept, Kind, Outcome};

use crate::events::words;
use crate::index::Acked;
use crate::moment::Moment;
use crate::places::{ahead, cut_off, cuts, places};
use crate::quantity::{duration, listed, moment};
use crate::tags::lease_over;

/// How long something that happened is still what is going on, in microseconds.
const NEWS_US: u64 = 1_500_000;

/// What is going on, in one or a few sentences: the most urgent thing first.
pub(crate) fn state_words(now: &Moment<'_>) -> String {
    let urgent = [
        leadership_words,
        news_words,
        cut_words,
        sibling_words,
        parted_words,
        diverged_words,
    ];
    if let Some(words) = urgent.iter().find_map(|words| words(now)) {
        return words;
    }
    let trouble = trouble_words(now);
    let ordinary = waiting_words(now).unwrap_or_else(|| match now.index.last_acked(now.happened) {
        Some(acked) => progress_words(now, acked),
        None if now
            .clients()
            .iter()
            .any(|client| now.last_op(client.id).is_some()) =>
        {
            "No write has been told “done” yet.".to_owned()
        }
        None => "Nothing has been written yet.".to_owned(),
    });
    match trouble {
        Some(trouble) => format!("{trouble} {ordinary}"),
        None => ordinary,
    }
}

/// What has just happened, and does not show for long.
fn news_words(now: &Moment<'_>) -> Option<String> {
    let is_news = |kind: &Kind| {
        matches!(
            kind,
            Kind::Conflict { .. }
                | Kind::Restored { .. }
                | Kind::NothingToRestore { .. }
                | Kind::Ended { .. }
                | Kind::Installed { .. }
                | Kind::Dropped
                | Kind::Delayed { .. }
        )
    };
    let record = now.last_turn(is_news)?;
    if now.now_us > record.at.0 + NEWS_US {
        return None;
    }
    let node = |node: NodeId| now.names.node(node);
    match record.kind {
        Kind::Conflict {
            node: at,
            key,
            there,
            came,
            kept,
        } => {
            let (won, lost) = match kept {
                Kept::There => (there, came),
                Kept::Came => (came, there),
                // Those that stand side by side can be seen doing so.
                Kept::Both => return None,
                Kept::Merged => {
                    return Some(format!(
                        "At {} #{} and #{} of {} have met and are merged: neither had seen the other, and both count.",
                        node(at),
                        there.0,
                        came.0,
                        now.names.key(key)
                    ));
                }
            };
            Some(format!(
                "At {} #{} and #{} of {} have met, and neither had seen the other: #{} wins, and #{} is dropped{}.",
                node(at),
                there.0,
                came.0,
                now.names.key(key),
                won.0,
                lost.0,
                told_done(now, lost)
            ))
        }
        Kind::Restored { node: at, as_of } => Some(format!(
            "{}’s disk has been replaced by a copy as of {}: what came after that is gone there.",
            node(at),
            moment(as_of.0)
        )),
        Kind::NothingToRestore { node: at } => {
            Some(format!("There is no backup to restore {} from.", node(at)))
        }
        Kind::Ended { op, outcome } => {
            let name = now.names.client(op.client);
            if outcome == Outcome::Unknown {
                let number = now.write_of(op)?.0;
                return Some(format!(
                    "{name} got no answer for #{number}, and can’t tell: it may be there, and it may still come."
                ));
            }
            Some(format!(
                "{name} is told that the position is lost: no replica has any more what {name} had seen."
            ))
        }
        Kind::Dropped | Kind::Delayed { .. } => words(now, record.seq),
        Kind::Installed { node: at, .. } => Some(format!(
            "{} has installed a snapshot, since the log no longer reaches back to where it was.",
            node(at)
        )),
        _ => None,
    }
}

/// ", although Alice was told “done”", where a client was.
fn told_done(now: &Moment<'_>, write: WriteId) -> String {
    let told = now.index.write(write).and_then(|facts| {
        let ended = now.index.op(facts.op)?.ended?;
        (ended.0.index() < now.happened && matches!(ended.1, Outcome::Written { .. }))
            .then_some(facts.op.client)
    });
    match told {
        Some(client) => format!(", although {} was told “done”", now.names.client(client)),
        None => String::new(),
    }
}

/// Who is cut off from whom.
fn cut_words(now: &Moment<'_>) -> Option<String> {
    let (from, to, both) = cuts(&now.run.links()).first().copied()?;
    if !both {
        let (one, other) = (places(now, from, to), places(now, to, from));
        return Some(format!(
            "Messages from {one} to {other} are lost; the other way they arrive."
        ));
    }
    let leads = |side: Places| {
        let mut nodes = now
            .replicas()
            .filter(|node| side.contains(Place::Node(node.id)));
        nodes.any(|node| node.up && !node.paused && now.is_leader(node.id))
    };
    let rest = match now.has_many_leaders() && leads(from) && leads(to) {
        true => "; each goes on saying “done” for what reaches it",
        false => "",
    };
    Some(format!("{}{rest}.", cut_off(now, from, to)))
}

/// Values that stand side by side.
fn sibling_words(now: &Moment<'_>) -> Option<String> {
    let most = now.replicas().max_by_key(|node| node.siblings.len())?;
    let (key, _) = most.siblings.first()?;
    let all: Vec<Held> = Moment::all_held(&most.held, &most.siblings, *key).collect();
    let words: Vec<String> = all.iter().map(|held| now.held(*held)).collect();
    let many = ["Two", "Three", "Four", "Five"];
    let count = many
        .get(all.len().saturating_sub(2))
        .copied()
        .unwrap_or("Many");
    Some(format!(
        "{count} versions of {} stand side by side: {}.",
        now.names.key(*key),
        listed(&words)
    ))
}

/// Leaders that show different values of a key, each told “done”.
fn parted_words(now: &Moment<'_>) -> Option<String> {
    if !now.has_many_leaders() {
        return None;
    }
    let leaders: Vec<&NodeView> = now
        .replicas()
        .filter(|node| now.is_leader(node.id))
        .collect();
    (0..now.structure.keys).map(KeyId).find_map(|key| {
        let held = |node: &NodeView| {
            node.held
                .get(usize::from(key.0))
                .copied()
                .unwrap_or_default()
        };
        let mut shown: Vec<(Held, Vec<&str>)> = Vec::new();
        for leader in &leaders {
            let (own, name) = (held(leader), now.names.node(leader.id));
            match shown.iter_mut().find(|(known, _)| known.value == own.value) {
                Some((_, names)) => names.push(name),
                None => shown.push((own, vec![name])),
            }
        }
        let written = shown
            .iter()
            .filter(|(held, _)| held.write.is_some())
            .count();
        if written < 2 {
            return None;
        }
        let parts: Vec<String> = shown
            .iter()
            .map(|(held, names)| format!("{} in {}", now.held(*held), listed(names)))
            .collect();
        Some(format!(
            "The value of {} is {}: they have not all heard of one another yet.",
            now.names.key(key),
            listed(&parts)
        ))
    })
}

/// What is the matter, and not urgent enough to be all there is to say.
fn trouble_words(now: &Moment<'_>) -> Option<String> {
    let name = |node: &NodeView| now.names.node(node.id);
    if let Some(node) = now.nodes().iter().find(|node| node.up && node.paused) {
        return Some(format!("{} is paused: what reaches it waits.", name(node)));
    }
    let stopped = |node: &&NodeView| node.up && node.logs.iter().any(|log| log.stopped);
    if let Some(node) = now.replicas().find(stopped) {
        return Some(format!(
            "{} has stopped, since it can’t apply what it was sent.",
            name(node)
        ));
    }
    let hints = now
        .replicas()
        .flat_map(|node| node.hints.iter().map(move |hint| (node, hint)));
    if let Some((node, hint)) = hints.last() {
        let home = now.names.node(hint.home);
        return Some(format!(
            "{} keeps a hint for {home} until it is back: #{}.",
            name(node),
            hint.write.0
        ));
    }
    if let Some(client) = now.clients().iter().find(|client| client.evicted != 0) {
        let nodes = now
            .replicas()
            .filter(|node| client.evicted & (1 << node.id.0) != 0);
        let nodes: Vec<&str> = nodes.map(name).collect();
        return Some(format!(
            "{} no longer reads from {}, which lags too much.",
            now.names.client(client.id),
            listed(&nodes)
        ));
    }
    if let Some(node) = now.replicas().find(|node| node.skew_us != 0) {
        return Some(format!(
            "{}’s clock is {}.",
            name(node),
            ahead(node.skew_us)
        ));
    }
    let links = now.run.links();
    if let Some(link) = links.iter().find(|link| link.slow_us > 0) {
        let both = links
            .iter()
            .any(|other| (other.from, other.to) == (link.to, link.from));
        let (from, to) = (now.place(link.from), now.place(link.to));
        let slow = duration(link.slow_us);
        let others = if links.len() > 1 + usize::from(both) {
            ", among others,"
        } else {
            ""
        };
        return Some(match both {
            true => format!("Messages between {from} and {to}{others} take {slow} longer."),
            false => format!("Messages from {from} to {to}{others} take {slow} longer."),
        });
    }
    let last = now.last_turn(|kind| matches!(kind, Kind::BackedUp { .. }));
    let last = last.map(|record| record.kind);
    if let Some(Kind::BackedUp { worked: false, .. }) = last {
        return Some("The last backup failed, and nobody was told.".to_owned());
    }
    None
}

/// Replicas that made different values of one write: each evaluated the statement for itself.
fn diverged_words(now: &Moment<'_>) -> Option<String> {
    if !now.has_logs() {
        return None;
    }
    (0..now.structure.keys).map(KeyId).find_map(|key| {
        let held = |node: &NodeView| node.held.get(usize::from(key.0)).copied();
        let leader = now.replicas().find(|node| now.is_leader(node.id))?;
        let own = held(leader).filter(|held| held.write.is_some())?;
        let other = now.replicas().find(|node| {
            held(node).is_some_and(|held| held.write == own.write && held.value != own.value)
        })?;
        Some(format!(
            "{} has become {} at {} and {} at {}: the replicas no longer agree on {}, and nothing tells them.",
            now.number(own.write?),
            now.value(own.value),
            now.names.node(leader.id),
            now.value(held(other)?.value),
            now.names.node(other.id),
            now.names.key(key)
        ))
    })
}

fn leadership_words(now: &Moment<'_>) -> Option<String> {
    if !now.has_logs() {
        return None;
    }
    if let Some(deposed) = now.replicas().find(|node| now.is_deposed(node)) {
        let log = deposed.logs.iter().find(|log| log.role == Role::Leader)?;
        let (leader, leading) = now.leader(log.partition)?;
        if !log.serving {
            return Some(format!(
                "{} leads, in epoch {}. {} does not know it yet; its lease is over, and it answers nobody.",
                now.names.node(leader),
                leading.epoch,
                now.names.node(deposed.id)
            ));
        }
        return Some(format!(
            "{} leads, in epoch {}. {} does not know it yet, and believes that it still leads in epoch {}.",
            now.names.node(leader),
            leading.epoch,
            now.names.node(deposed.id),
            log.epoch
        ));
    }
    let silent = now
        .replicas()
        .find_map(|node| Some((node, lease_over(now, node)?)));
    if let Some((node, over)) = silent {
        let name = now.names.node(node.id);
        return Some(match over {
            true => {
                format!("{name} can’t reach a majority; its lease is over, and it answers nobody.")
            }
            false => format!(
                "{name} leads, and waits until all older leases are over before it says “done” or serves."
            ),
        });
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
        None => match now.manager() {
            Some(manager) => format!(
                "The {} has not noticed yet, or asks the others how far they are.",
                now.names.node(manager.id)
            ),
            None => "The followers have not noticed yet, or wait for their turn to ask for votes."
                .to_owned(),
        },
    };
    let since = match now.down_since_us(last.node) {
        Some(since) if !now.nodes()[usize::from(last.node.0)].up => match now.now_us - since {
            0..1_000 => format!("Nobody leads: {name} has just gone down."),
            down_us => format!(
                "Nobody leads: {name} has been down for {}.",
                duration(down_us)
            ),
        },
        _ => "Nobody leads.".to_owned(),
    };
    Some(format!("{since} {next}"))
}

fn waiting_words(now: &Moment<'_>) -> Option<String> {
    let waits = |node: &&NodeView| node.up;
    let waiting = now.nodes().iter().filter(waits).flat_map(|node| {
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
    let name = capital(name);
    // A leader counts itself.
    let counted = match now.structure.kind {
        ProtocolKind::SingleLeader => "copies that it needs, its own with them,",
        _ => "acknowledgements that it needs",
    };
    Some(format!(
        "{name} has {} of the {} {counted} to say “done” for #{}.",
        waiting.have, waiting.need, write.0
    ))
}

/// How far the last acknowledged write has come.
fn progress_words(now: &Moment<'_>, acked: &Acked) -> String {
    let by = match now.is_leader(acked.by) {
        true if now.has_many_leaders() => {
            format!("The leader of {}", now.names.node(acked.by))
        }
        true => "The leader".to_owned(),
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
    let down: Vec<&str> = now
        .replicas()
        .filter(|node| copies.contains(&node.id) && !node.up)
        .map(|node| now.names.node(node.id))
        .collect();
    let rest = match (holders.len(), lacking.len()) {
        _ if let Some(surfaced) = now.surfaced(key, acked) => {
            let have = match surfaced.on {
                on if on == copies.len() => "All copies have".to_owned(),
                1 => format!("1 of {} copies has", copies.len()),
                on => format!("{on} of {} copies have", copies.len()),
            };
            let number = surfaced.write.0;
            format!("{have} #{number} after it, which was never acknowledged.")
        }
        (_, 0) if now.replaced(key, acked) > 0 => {
            "All copies have it, or what came after it.".to_owned()
        }
        (_, 0) if down.len() == copies.len() => "All copies have it, and all are down.".to_owned(),
        (_, 0) if !down.is_empty() => {
            let are = if down.len() == 1 { "is" } else { "are" };
            format!("All copies have it; {} {are} down.", listed(&down))
        }
        (_, 0) => match now.replicas().all(|node| {
            !copies.contains(&node.id) || !now.is_stale(key, &node.held, &node.siblings)
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
