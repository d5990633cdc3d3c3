//! What is the matter with a replica, as small tags on its card's lower edge, and in words.

use replication::ids::{ClientId, NodeId, WriteId};
use replication::run::{NodeView, Role};
use replication::scenario::{Ack, Stream};
use replication::trace::Kind;

use crate::geometry::{Point, Rect};
use crate::metrics::Metrics;
use crate::moment::Moment;
use crate::places::{ahead, skew};
use crate::quantity::listed;
use crate::stage::{Anchor, Face, Label, Tag};
use crate::text::{fit_any, width};
use crate::tone::Tone;

/// Something that is the matter with a replica.
pub(crate) struct Fact {
    /// On a tag, longest first.
    pub short: Vec<String>,
    /// After its name: "its clock is 200 ms ahead".
    pub said: String,
    pub tone: Tone,
}

impl Fact {
    fn new(tone: Tone, short: &[&str], said: impl Into<String>) -> Fact {
        Fact {
            short: short.iter().map(|&text| text.to_owned()).collect(),
            said: said.into(),
            tone,
        }
    }
}

/// Whether a leader's lease is over; `None` where it serves, or waits for older leases.
pub(crate) fn lease_over(moment: &Moment<'_>, node: &NodeView) -> Option<bool> {
    let silent = |log: &replication::run::LogView| log.role == Role::Leader && !log.serving;
    if !node.up || !node.logs.iter().any(silent) {
        return None;
    }
    let of_node = |kind: &Kind| match kind {
        Kind::LeaseLost { node: of, .. }
        | Kind::LeaseRegained { node: of, .. }
        | Kind::Promoted { node: of, .. } => *of == node.id,
        _ => false,
    };
    let last = moment.last_turn(of_node);
    Some(last.is_some_and(|record| matches!(record.kind, Kind::LeaseLost { .. })))
}

/// What is the matter with a replica, the most urgent first. Being down or paused is said elsewhere.
pub(crate) fn facts(moment: &Moment<'_>, node: &NodeView) -> Vec<Fact> {
    let mut facts = Vec::new();
    let crashed = |kind: &Kind| matches!(kind, Kind::Crashed { node: of, .. } if *of == node.id);
    let crash = moment.last_turn(crashed).filter(|_| !node.up);
    if let Some(Kind::Crashed {
        disk_lost: true, ..
    }) = crash.map(|record| record.kind)
    {
        facts.push(Fact::new(
            Tone::Bad,
            &["disk lost", "no disk"],
            "its disk is lost",
        ));
    }
    if node.up && node.logs.iter().any(|log| log.stopped) {
        let said = "it has stopped, since it can’t apply what it was sent";
        facts.push(Fact::new(Tone::Bad, &["can’t apply", "stopped"], said));
    }
    match lease_over(moment, node) {
        Some(true) => {
            let said = "its lease is over, and it answers nobody";
            facts.push(Fact::new(Tone::Bad, &["lease over", "no lease"], said));
        }
        Some(false) => {
            let said = "it waits until older leases are over";
            facts.push(Fact::new(
                Tone::Warn,
                &["waits for old lease", "waits"],
                said,
            ));
        }
        None => {}
    }
    if node.skew_us != 0 {
        let by = skew(node.skew_us);
        let said = format!("its clock is {}", ahead(node.skew_us));
        facts.push(Fact::new(Tone::Warn, &[&format!("clock {by}"), &by], said));
    }
    facts.extend(hints(moment, node));
    facts.extend(evicted(moment, node.id));
    facts.extend(standby(moment, node.id));
    if is_upgraded(moment, node.id) {
        let said = "it has another storage version";
        facts.push(Fact::new(Tone::Muted, &["other version", "v2"], said));
    }
    let trimmed = node.logs.iter().map(|log| log.trimmed).max().unwrap_or(0);
    if trimmed > 0 {
        let long = format!("{trimmed} trimmed");
        let said = format!("its log begins after entry {trimmed}");
        facts.push(Fact::new(
            Tone::Muted,
            &[&long, &format!("−{trimmed}")],
            said,
        ));
    }
    facts
}

fn hints(moment: &Moment<'_>, node: &NodeView) -> Vec<Fact> {
    let mut homes: Vec<(NodeId, Vec<WriteId>)> = Vec::new();
    for hint in &node.hints {
        match homes.iter_mut().find(|(home, _)| *home == hint.home) {
            Some((_, writes)) => writes.push(hint.write),
            None => homes.push((hint.home, vec![hint.write])),
        }
    }
    let fact = |(home, writes): (NodeId, Vec<WriteId>)| {
        let home = moment.names.node(home);
        let numbers: Vec<String> = writes.iter().map(|write| moment.number(*write)).collect();
        let long = match &numbers[..] {
            [only] => format!("hint for {home}: {only}"),
            _ => format!("{} hints for {home}", numbers.len()),
        };
        let said = format!("it keeps {} for {home}", listed(&numbers));
        Fact::new(Tone::Warn, &[&long, &format!("for {home}")], said)
    };
    homes.into_iter().map(fact).collect()
}

fn evicted(moment: &Moment<'_>, node: NodeId) -> Option<Fact> {
    let avoid = |client: &&replication::run::ClientView| client.evicted & (1 << node.0) != 0;
    let who: Vec<ClientId> = moment
        .clients()
        .iter()
        .filter(avoid)
        .map(|client| client.id)
        .collect();
    let names: Vec<&str> = who
        .iter()
        .map(|client| moment.names.client(*client))
        .collect();
    let all = listed(&names);
    let verb = match who.len() {
        0 => return None,
        1 => "reads",
        _ => "read",
    };
    let short = [format!("evicted: {all}"), "evicted".to_owned()];
    let said = format!("{all} no longer {} from it", verb.trim_end_matches('s'));
    let said = if who.len() == 1 {
        said.replace("read from", "reads from")
    } else {
        said
    };
    Some(Fact::new(Tone::Warn, &[&short[0], &short[1]], said))
}

/// PostgreSQL's standbys: whether it is on the list, and connected as far as its leader knows.
fn standby(moment: &Moment<'_>, node: NodeId) -> Option<Fact> {
    let Ack::Standbys { list, first, .. } = moment.run.settings().ack else {
        return None;
    };
    if moment.is_leader(node) {
        return None;
    }
    // Whoever leads waits for itself anyway.
    let mut standbys = list.iter().filter(|of| !moment.is_leader(*of));
    let place = standbys.position(|of| of == node)? + 1;
    let about = |kind: &Kind| matches!(kind, Kind::Standby { of, .. } if *of == node);
    let gone = moment.last_turn(about).is_some_and(|record| {
        matches!(
            record.kind,
            Kind::Standby {
                connected: false,
                ..
            }
        )
    });
    let name = match first {
        true => format!("standby {place}"),
        false => "standby".to_owned(),
    };
    Some(match gone {
        true => Fact::new(
            Tone::Warn,
            &[&format!("{name}: gone"), "gone"],
            "it is a standby, and not connected",
        ),
        false => Fact::new(
            Tone::Muted,
            &[&name, "standby"],
            match first {
                true => format!("it is {name} of the list"),
                false => "it is a standby of the list".to_owned(),
            },
        ),
    })
}

fn is_upgraded(moment: &Moment<'_>, node: NodeId) -> bool {
    let settings = moment.run.settings();
    settings.stream == Stream::WriteAheadLog && settings.upgraded & (1 << node.0) != 0
}

/// Tags along the lower edge of a card, from the left, as far as there is room.
pub(crate) fn tags(m: &Metrics, card: Rect, facts: &[Fact]) -> Vec<Tag> {
    let size = 0.86 * m.note;
    let h = 1.4 * size;
    // Half of it over the edge, but never over what is written above it.
    let y = card.bottom() - (0.5 * h).min(m.under - 0.3 * m.scale);
    let pad = 0.5 * size;
    let (mut x, end) = (card.x + m.pad, card.right() - 0.5 * m.pad);
    let mut tags = Vec::new();
    for fact in facts {
        let room = end - x - 2.0 * pad;
        let Some(shortest) = fact.short.last() else {
            continue;
        };
        if width(shortest, Face::Mono, size) > room {
            continue;
        }
        let text = fit_any(&fact.short, Face::Mono, size, room);
        let w = width(&text, Face::Mono, size) + 2.0 * pad;
        let rect = Rect { x, y, w, h };
        tags.push(tag(rect, text, size, fact.tone));
        x += w + 0.4 * size;
    }
    tags
}

/// A tag with its text in its middle.
pub(crate) fn tag(rect: Rect, text: String, size: f64, tone: Tone) -> Tag {
    let centre = rect.centre();
    let at = Point::new(centre.x, centre.y + 0.35 * size);
    Tag {
        rect,
        tone,
        label: Label::new(at, text, Face::Mono, size)
            .anchored(Anchor::Middle)
            .toned(tone),
    }
}
