//! A client: a circle, a name, and what it is doing.

use replication::ids::KeySet;
use replication::run::ClientView;
use replication::scenario::ReadPolicy;
use replication::trace::{Action, Outcome};

use crate::geometry::{Point, Rect};
use crate::layout::Layout;
use crate::moment::{Focus, LastOp, Moment};
use crate::quantity::listed;
use crate::stage::{Anchor, Face, Label, Person, Tag};
use crate::tags::tag;
use crate::text::{fit, fit_any, width};
use crate::tone::Tone;

/// A client on the stage.
pub(crate) fn person(
    moment: &Moment<'_>,
    layout: &Layout,
    focus: &Focus,
    client: &ClientView,
) -> Person {
    let m = &layout.metrics;
    let rect = layout.people[usize::from(client.id.0)];
    let at = layout.circle(rect);
    let name = moment.names.client(client.id).to_owned();
    let bad = focus.clients.contains(&client.id);
    let doing = doing(moment, client);

    let baseline = at.y + m.person_r + 1.28 * m.name;
    let shown = fit(&name, Face::Title, m.name, rect.w);
    let mut labels = vec![
        Label::new(Point::new(at.x, baseline), shown, Face::Title, m.name).anchored(Anchor::Middle),
    ];
    if m.sub > 0.0 {
        let text = fit_any(&doing, Face::Mono, m.sub, rect.w);
        let below = Point::new(at.x, baseline + 1.42 * m.sub);
        let label = Label::new(below, text, Face::Mono, m.sub).anchored(Anchor::Middle);
        if !label.text.is_empty() {
            labels.push(label.toned(Tone::Muted));
        }
    }
    let said = doing.first().map_or("has done nothing yet", String::as_str);
    let aside = aside(moment, client);
    let also = aside
        .as_ref()
        .map_or(String::new(), |(_, said)| format!(", {said}"));
    Person {
        id: client.id,
        aria: format!("{name}, {said}{also}"),
        tags: aside
            .map(|(short, _)| token_tag(layout, at, rect, &short))
            .into_iter()
            .collect(),
        name,
        at,
        radius: m.person_r,
        rect,
        labels,
        busy: client.busy.is_some(),
        bad,
    }
}

/// What a client carries or avoids: wordings for its tag, longest first, and the same in words.
pub(crate) fn aside(moment: &Moment<'_>, client: &ClientView) -> Option<(Vec<String>, String)> {
    if client.evicted != 0 {
        let nodes = moment
            .replicas()
            .filter(|node| client.evicted & (1 << node.id.0) != 0);
        let names: Vec<&str> = nodes.map(|node| moment.names.node(node.id)).collect();
        let names = listed(&names);
        return Some((
            vec![format!("avoids {names}"), "avoids".to_owned()],
            format!("does not read from {names}"),
        ));
    }
    if !matches!(moment.run.settings().reads, ReadPolicy::SessionToken { .. }) {
        return None;
    }
    let tokens = client.tokens.iter().filter(|token| token.index > 0);
    let tokens: Vec<String> = tokens
        .map(|token| format!("({},{})", token.epoch, token.index))
        .collect();
    let newest = client.tokens.iter().max().filter(|token| token.index > 0)?;
    let short = format!("({},{})", newest.epoch, newest.index);
    let all = tokens.join(" ");
    Some((
        vec![format!("token {all}"), format!("token {short}"), short],
        format!("carries the token {all}"),
    ))
}

/// A tag over the lower part of a client's circle.
fn token_tag(layout: &Layout, at: Point, rect: Rect, wordings: &[String]) -> Tag {
    let m = &layout.metrics;
    let size = 0.86 * m.note;
    let text = fit_any(wordings, Face::Mono, size, rect.w - size);
    let w = width(&text, Face::Mono, size) + size;
    let h = 1.5 * size;
    // Over the shoulders and the little room above the name.
    let bottom = at.y + m.person_r + 0.32 * m.name;
    let centre = Point::new(at.x, bottom - 0.5 * h);
    tag(Rect::around(centre, w, h), text, size, Tone::Client)
}

/// What a client is doing, or did last, longest wording first; nothing where it has done nothing yet.
pub(crate) fn doing(moment: &Moment<'_>, client: &ClientView) -> Vec<String> {
    let Some(last) = moment.last_op(client.id) else {
        return Vec::new();
    };
    let LastOp { action, ended, .. } = last;
    let wordings: Vec<String> = match (action, ended) {
        (Action::Write { write, .. }, None) => {
            vec![
                format!("waits for “done” for #{}", write.0),
                "waits for “done”".into(),
                "waits".into(),
            ]
        }
        (Action::Write { write, .. }, Some(Outcome::Refused)) => {
            vec![format!("#{} was refused", write.0), "refused".into()]
        }
        (Action::Write { write, .. }, Some(Outcome::Unknown)) => {
            vec![format!("#{}: no answer", write.0), "no answer".into()]
        }
        (Action::Read { .. }, Some(Outcome::PositionLost)) => {
            vec![
                "was told: position lost".into(),
                "position lost".into(),
                "lost".into(),
            ]
        }
        (Action::Write { write, .. }, Some(_)) => {
            vec![
                format!("has written #{}", write.0),
                format!("wrote #{}", write.0),
            ]
        }
        (Action::Read { keys }, None) => {
            vec![format!("reads {}", key_names(moment, keys)), "reads".into()]
        }
        (Action::Read { .. }, Some(Outcome::Refused)) => {
            vec!["was refused".into(), "refused".into()]
        }
        (Action::Read { .. }, Some(Outcome::Unknown)) => {
            vec!["got no answer".into(), "no answer".into()]
        }
        (Action::Read { keys }, Some(_)) => saw(moment, client, keys),
    };
    wordings
}

fn saw(moment: &Moment<'_>, client: &ClientView, keys: KeySet) -> Vec<String> {
    let long = keys
        .iter()
        .map(|key| moment.held_words(&client.seen, &client.siblings, key));
    let long: Vec<String> = long.collect();
    let seen = keys
        .iter()
        .flat_map(|key| Moment::all_held(&client.seen, &client.siblings, key));
    let short: Vec<String> = seen.map(|held| moment.value(held.value)).collect();
    vec![
        format!("saw {}", listed(&long)),
        format!("saw {}", short.join(", ")),
        "has read".into(),
    ]
}

fn key_names(moment: &Moment<'_>, keys: KeySet) -> String {
    let names: Vec<&str> = keys.iter().map(|key| moment.names.key(key)).collect();
    listed(&names)
}
