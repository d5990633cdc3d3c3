//! A replica's card: name, lag, cells, values, what waits; and the proxy's circle.

use replication::ids::{KeyId, NodeId, Place, WriteId};
use replication::run::{LogView, NodeView, Role, Waiting};
use replication::trace::{Kind, MessageKind};

use crate::cells::cells;
use crate::geometry::{Point, Rect, on_circle, path};
use crate::glyphs;
use crate::layout::Layout;
use crate::metrics::Metrics;
use crate::moment::{Focus, Moment, entry_at};
use crate::quantity::{count, duration, listed};
use crate::stage::{
    Anchor, Behind, CellState, Detail, Face, Glyph, Hub, Label, NodeCard, Progress, ShownValue,
};
use crate::tags::{Fact, facts, tags};
use crate::text::{fit, fit_any, width};
use crate::tone::Tone;

/// What can be said in a card's upper right corner, longest first, and its colour.
type Note = (Vec<String>, Tone);

/// A replica's card.
pub(crate) fn card(
    moment: &Moment<'_>,
    layout: &Layout,
    focus: &Focus,
    node: &NodeView,
) -> NodeCard {
    let m = &layout.metrics;
    let rect = layout.nodes[usize::from(node.id.0)];
    let crown = moment.is_leader(node.id);
    let deposed = moment.is_deposed(node);
    let bad = focus.nodes.contains(&node.id);
    let tone = match () {
        () if bad => Tone::Bad,
        () if !node.up || node.paused => Tone::Muted,
        () if node.role == Role::Manager => Tone::Ink,
        () if crown || deposed => Tone::Leader,
        () => Tone::Follower,
    };
    let behind = moment.behind(node);
    let values = values(moment, node);
    let facts = facts(moment, node);
    let mut card = NodeCard {
        id: node.id,
        name: moment.names.node(node.id).to_owned(),
        role: node.role,
        crown,
        deposed,
        up: node.up,
        paused: node.up && node.paused,
        bad,
        tone,
        rect,
        radius: m.radius(),
        band: if crown || deposed { m.header } else { 0.0 },
        crown_at: crown_at(m, rect),
        labels: Vec::new(),
        cells: cells(moment, m, rect, node),
        progress: progress(moment, m, rect, node),
        values,
        epoch: node.logs.iter().map(|log| log.epoch).max().unwrap_or(0),
        behind,
        tags: tags(m, rect, &facts),
        glyphs: Vec::new(),
        aria: String::new(),
    };
    card.aria = aria(moment, node, &card, &facts);
    let note = note(moment, m, node, &card);
    header(m, &mut card, note);
    if node.role == Role::Manager {
        manager_words(moment, m, &mut card);
        return card;
    }
    rows(m, &mut card);
    footnote(moment, m, node, &mut card);
    card
}

/// What a failover manager has to say: whom it watches.
fn manager_words(moment: &Moment<'_>, m: &Metrics, card: &mut NodeCard) {
    let room = card.rect.w - 2.0 * m.pad;
    let wordings = match moment
        .partitions()
        .find_map(|partition| moment.leader(partition))
    {
        Some((leader, _)) => {
            let leader = moment.names.node(leader);
            vec![
                format!("watches {leader}, holds no data"),
                format!("watches {leader}"),
            ]
        }
        None => vec!["looks for a new leader".to_owned(), "no leader".to_owned()],
    };
    let size = m.note;
    let text = fit_any(&wordings, Face::Plain, size, room);
    let at = Point::new(card.rect.x + m.pad, card.rect.bottom() - 0.8 * size);
    card.labels
        .push(Label::new(at, text, Face::Plain, size).toned(Tone::Muted));
}

/// The proxy's circle.
pub(crate) fn hub(moment: &Moment<'_>, layout: &Layout, node: &NodeView) -> Option<Hub> {
    let m = &layout.metrics;
    let at = layout.hub?;
    let name = moment.names.node(node.id).to_owned();
    let waiting = newest_waiting(node);
    let more = node.waiting.len().saturating_sub(1);
    let progress = waiting.map(|waiting| Progress {
        arcs: arcs(at, m, waiting),
        segments: Vec::new(),
        ..words_of(waiting, more)
    });
    let settings = moment.run.settings();
    let (first, second) = match (&progress, node.up) {
        (_, false) => (name.clone(), "down".to_owned()),
        (Some(progress), true) => (
            format!("{} of {}", progress.have, progress.need),
            match progress.write {
                Some(write) => format!("write {}", write.0),
                None => "a read".to_owned(),
            },
        ),
        (None, true) => (name.clone(), format!("W {} R {}", settings.w, settings.r)),
    };
    let size = m.hub_r * 0.38;
    let chord = 1.8 * m.hub_r;
    let first = fit(&first, Face::Title, size, chord);
    let second = fit(&second, Face::Mono, 0.84 * size, chord);
    let labels = vec![
        Label::new(at.moved(0.0, -0.05 * m.hub_r), first, Face::Title, size)
            .anchored(Anchor::Middle),
        Label::new(
            at.moved(0.0, 0.37 * m.hub_r),
            second,
            Face::Mono,
            0.84 * size,
        )
        .anchored(Anchor::Middle)
        .toned(Tone::Muted),
    ];
    let doing = match (&progress, node.up) {
        (_, false) => "down".to_owned(),
        (Some(progress), true) => format!("waits: {}", progress.words),
        (None, true) => "waits for nothing".to_owned(),
    };
    Some(Hub {
        id: node.id,
        aria: format!("{name}, coordinates and holds nothing, {doing}"),
        name,
        up: node.up,
        at,
        radius: m.hub_r,
        ring: (m.hub_r + m.hub_gap + m.hub_ring / 2.0, m.hub_ring),
        labels,
        progress,
    })
}

fn crown_at(m: &Metrics, rect: Rect) -> Rect {
    let w = 1.5 * m.title;
    let h = 0.86 * m.title;
    Rect {
        x: rect.x + m.pad,
        y: rect.y + m.title_y - h * 0.97,
        w,
        h,
    }
}

/// Name, role and note.
fn header(m: &Metrics, card: &mut NodeCard, (note, note_tone): Note) {
    let rect = card.rect;
    let baseline = rect.y + m.title_y;
    let mut x = rect.x + m.pad;
    if card.crown || card.deposed {
        x = card.crown_at.right() + 0.45 * m.title;
    }
    let end = rect.right() - m.pad;
    let shortest = note
        .last()
        .map_or(0.0, |text| width(text, Face::Mono, m.note));
    let gap = 0.5 * m.title;
    let mark = if card.paused { 1.1 * m.note } else { 0.0 };
    let name = fit(
        &card.name,
        Face::Title,
        m.title,
        (end - x - shortest - gap - mark).max(m.title),
    );
    let name_end = x + width(&name, Face::Title, m.title);
    card.labels.push(Label::new(
        Point::new(x, baseline),
        name,
        Face::Title,
        m.title,
    ));

    let role = match () {
        () if card.deposed => "old leader",
        () if card.crown => "leader",
        () => "",
    };
    let role_size = 0.86 * m.title;
    let role_w = width(role, Face::Plain, role_size);
    let role_x = name_end + 0.42 * m.title;
    let longest = note
        .first()
        .map_or(0.0, |text| width(text, Face::Mono, m.note));
    let mut taken = name_end;
    let has_room = |note_w: f64| role_x + role_w + gap + note_w <= end;
    if !role.is_empty() && m.detail >= Detail::Compact && (has_room(longest) || has_room(shortest))
    {
        taken = role_x + role_w;
        let at = Point::new(role_x, baseline);
        card.labels
            .push(Label::new(at, role, Face::Plain, role_size).toned(Tone::Muted));
    }

    let text = fit_any(&note, Face::Mono, m.note, end - taken - gap - mark);
    if card.paused {
        // Two bars before the word: what is paused is not told by colour alone.
        let side = 0.72 * m.note;
        let bars = Rect {
            x: end - width(&text, Face::Mono, m.note) - mark,
            y: baseline - side,
            w: side,
            h: side,
        };
        card.glyphs.push(Glyph {
            class: "bars",
            tone: note_tone,
            path: glyphs::pause(bars),
        });
    }
    if !text.is_empty() {
        let label = Label::new(Point::new(end, baseline), text, Face::Mono, m.note);
        card.labels
            .push(label.anchored(Anchor::End).toned(note_tone));
    }
}

/// What stands in the upper right corner.
fn note(moment: &Moment<'_>, m: &Metrics, node: &NodeView, card: &NodeCard) -> Note {
    if !node.up {
        let since = moment.down_since_us(node.id).unwrap_or(moment.now_us);
        let down = duration(moment.now_us.saturating_sub(since));
        return (vec![format!("down {down}"), "down".to_owned()], Tone::Muted);
    }
    if node.paused {
        let paused = |kind: &Kind| matches!(kind, Kind::Paused { node: of } if *of == node.id);
        let since = moment
            .last_turn(paused)
            .map_or(moment.now_us, |record| record.at.0);
        let for_ = duration(moment.now_us.saturating_sub(since));
        return (
            // Two bars stand for it where there is room for nothing else.
            vec![format!("paused {for_}"), "paused".to_owned(), String::new()],
            Tone::Warn,
        );
    }
    if node.role == Role::Manager {
        return (Vec::new(), Tone::Muted);
    }
    if node.logs.iter().any(|log| log.stopped) {
        return (vec!["stopped".to_owned()], Tone::Bad);
    }
    if moment.is_leaderless() {
        return leaderless_note(moment, node);
    }
    let epoch = |tone| {
        let epoch = card.epoch;
        let wordings = vec![
            format!("epoch {epoch}"),
            format!("ep {epoch}"),
            format!("e{epoch}"),
        ];
        (wordings, tone)
    };
    if card.deposed {
        return epoch(Tone::Warn);
    }
    if moment.has_logs() && card.crown && node.logs.iter().all(|log| log.role == Role::Leader) {
        return epoch(Tone::Muted);
    }
    if node.role == Role::Candidate {
        let wordings = vec![
            format!("asks: epoch {}", card.epoch),
            format!("asks: {}", card.epoch),
            "asks".to_owned(),
        ];
        return (wordings, Tone::Warn);
    }
    let tone = if card.bad { Tone::Bad } else { Tone::Warn };
    match card.behind {
        Some(Behind { entries: 0, .. }) => (vec!["caught up".to_owned(), "✓".to_owned()], Tone::Ok),
        // It has them, and does not show them yet: the footnote says so, where there is one.
        Some(Behind {
            lacked: 0,
            entries,
            us,
        }) if m.foot == 0.0 => {
            let short = format!("−{entries}");
            let words = match entries {
                1 => "not shown".to_owned(),
                _ => format!("{entries} not shown"),
            };
            let long = format!("{words} · {}", duration(us));
            (vec![long, words, short], tone)
        }
        Some(Behind { entries, us, .. }) => {
            let long = format!("−{entries} · {}", duration(us));
            (vec![long, format!("−{entries}")], tone)
        }
        None => (vec!["no leader".to_owned(), "–".to_owned()], Tone::Muted),
    }
}

fn leaderless_note(moment: &Moment<'_>, node: &NodeView) -> Note {
    let recent = moment.recent_writes(|write| is_copy(moment, node.id, write));
    let Some(write) = recent.last().copied() else {
        let holds =
            (0..moment.structure.keys).any(|key| moment.copies(KeyId(key)).contains(&node.id));
        let wordings = if holds {
            Vec::new()
        } else {
            vec!["no copy".to_owned(), "–".to_owned()]
        };
        return (wordings, Tone::Muted);
    };
    let number = moment.number(write);
    if moment.index.was_stored(write, node.id, moment.happened) {
        return (vec![format!("has {number}"), number], Tone::Ok);
    }
    let on_its_way = moment.in_flight().iter().any(|seq| {
        moment.message(*seq).is_some_and(|(_, message)| {
            matches!(
                message.kind,
                MessageKind::Store | MessageKind::Repair | MessageKind::Handoff
            ) && message.to == Place::Node(node.id)
                && message.carries.write == Some(write)
        })
    });
    if on_its_way {
        (
            vec![format!("{number} in flight"), format!("{number} →")],
            Tone::Muted,
        )
    } else {
        (
            vec![format!("lacks {number}"), format!("no {number}")],
            Tone::Warn,
        )
    }
}

fn is_copy(moment: &Moment<'_>, node: NodeId, write: WriteId) -> bool {
    let facts = moment.index.write(write);
    facts.is_some_and(|facts| moment.copies(facts.key).contains(&node))
}

/// What it shows, by key.
fn values(moment: &Moment<'_>, node: &NodeView) -> Vec<ShownValue> {
    let keys = (0..moment.structure.keys).map(KeyId);
    keys.filter(|key| moment.copies(*key).contains(&node.id))
        .filter_map(|key| {
            let held = node.held.get(usize::from(key.0)).copied()?;
            let siblings = node.siblings.iter().filter(|(of, _)| *of == key);
            Some(ShownValue {
                key,
                name: moment.names.key(key).to_owned(),
                value: moment.value(held.value),
                write: held.write,
                siblings: siblings
                    .map(|(_, held)| (moment.value(held.value), held.write))
                    .collect(),
                stale: moment.is_stale(key, &node.held, &node.siblings),
            })
        })
        .collect()
}

/// Keys and values; where they are many, how many more.
fn rows(m: &Metrics, card: &mut NodeCard) {
    let (left, right) = (card.rect.x + m.pad, card.rect.right() - m.pad);
    let room = right - left;
    let bad = card.bad;
    let tone = |value: &ShownValue| match () {
        () if value.stale && bad => Tone::Bad,
        () if value.stale => Tone::Warn,
        () if value.write.is_none() => Tone::Muted,
        () => Tone::Ink,
    };
    let mut labels = Vec::new();
    if m.key == 0.0 {
        // One line for all: values alone.
        let shown = card.values.iter().map(|value| {
            let beside = value.siblings.iter().map(|(value, _)| short(value));
            let all: Vec<&str> = std::iter::once(short(&value.value)).chain(beside).collect();
            all.join(" | ")
        });
        let shown: Vec<String> = shown.collect();
        let stale = card.values.iter().any(|value| value.stale);
        let tone = match (stale, bad) {
            (true, true) => Tone::Bad,
            (true, false) => Tone::Warn,
            (false, _) => Tone::Ink,
        };
        let text = fit(&shown.join(" · "), Face::Value, m.value, room);
        let at = Point::new(right, card.rect.y + m.value_y);
        labels.push(
            Label::new(at, text, Face::Value, m.value)
                .anchored(Anchor::End)
                .toned(tone),
        );
        card.labels.append(&mut labels);
        return;
    }
    // A row for each key, and for each sibling beside its value.
    let mut rows: Vec<(&str, String, Tone)> = Vec::new();
    for value in &card.values {
        let own = short(&value.value);
        if value.siblings.is_empty() {
            rows.push((&value.name, own.to_owned(), tone(value)));
            continue;
        }
        let numbered = |value: &str, write: Option<WriteId>| match write {
            Some(write) => format!("{value} #{}", write.0),
            None => value.to_owned(),
        };
        rows.push((&value.name, numbered(own, value.write), Tone::Warn));
        for (sibling, write) in &value.siblings {
            rows.push(("or", numbered(short(sibling), *write), Tone::Warn));
        }
    }
    let more = rows.len().saturating_sub(m.values);
    // The last row says how many more there are, where there are more than rows.
    let shown = if more > 0 && m.values > 1 {
        m.values - 1
    } else {
        m.values
    };
    for (i, (name, text, tone)) in rows.iter().take(shown).enumerate() {
        let y = card.rect.y + m.value_y + i as f64 * m.value_step;
        // Numbers are short and large; a text may be neither, and has what a short name leaves.
        let name_w = width(name, Face::Plain, m.key);
        let alone = rows.len() == 1;
        let most = match alone {
            true => room,
            false => (room - name_w - 0.5 * m.key).max(0.6 * room),
        };
        let size = if width(text, Face::Value, m.value) <= 0.6 * room {
            m.value
        } else {
            m.key
        };
        let value_text = fit(text, Face::Value, size, most);
        let value_w = width(&value_text, Face::Value, size);
        let rest = room - value_w - 0.5 * m.key;
        // Where there is one key only, all know which: rather its value than two beginnings of words.
        if !alone || name_w <= rest || rest > 0.4 * room {
            let name = fit(name, Face::Plain, m.key, rest);
            let at = Point::new(left, y);
            labels.push(Label::new(at, name, Face::Plain, m.key).toned(Tone::Muted));
        }
        let label = Label::new(Point::new(right, y), value_text, Face::Value, size);
        labels.push(label.anchored(Anchor::End).toned(*tone));
    }
    if rows.len() > shown && m.values > 1 {
        let y = card.rect.y + m.value_y + shown as f64 * m.value_step;
        let text = format!("+{} more", rows.len() - shown);
        labels.push(Label::new(Point::new(left, y), text, Face::Plain, m.key).toned(Tone::Muted));
    }
    card.labels.append(&mut labels);
}

/// Nothing is a dash on a card.
fn short(value: &str) -> &str {
    if value == "nothing" { "–" } else { value }
}

/// The last line: what waits, or how safe the newest write is.
fn footnote(moment: &Moment<'_>, m: &Metrics, node: &NodeView, card: &mut NodeCard) {
    if m.foot == 0.0 {
        return;
    }
    let (text, tone) = match &card.progress {
        Some(progress) => {
            let number = progress
                .write
                .map(|write| format!(" · {}", moment.number(write)));
            let words = format!(
                "{} of {}{}",
                progress.have,
                progress.need,
                number.unwrap_or_default()
            );
            (words, Tone::Muted)
        }
        None => footnote_words(moment, node, card),
    };
    let last_segment = card
        .progress
        .as_ref()
        .and_then(|progress| progress.segments.last());
    let left = last_segment.map_or(card.rect.x + m.pad, |(rect, _)| rect.right() + 0.6 * m.foot);
    let room = card.rect.right() - m.pad - left;
    let text = fit(&text, Face::Plain, m.foot, room);
    if !text.is_empty() {
        let at = Point::new(left, card.rect.y + m.foot_y);
        card.labels
            .push(Label::new(at, text, Face::Plain, m.foot).toned(tone));
    }
}

fn footnote_words(moment: &Moment<'_>, node: &NodeView, card: &NodeCard) -> (String, Tone) {
    let none = (String::new(), Tone::Muted);
    if !moment.has_logs() {
        return none;
    }
    let leads = |log: &&LogView| {
        moment
            .leader(log.partition)
            .is_some_and(|(id, _)| id == node.id)
    };
    if card.deposed {
        return ("does not know yet".to_owned(), Tone::Warn);
    }
    if let Some(log) = node.logs.iter().find(leads) {
        if !log.serving {
            return ("answers nobody now".to_owned(), Tone::Warn);
        }
        if log.fallen_back {
            return ("fell back to async".to_owned(), Tone::Warn);
        }
        let mut keys = (0..moment.structure.keys).map(KeyId);
        let gone =
            keys.find_map(|key| moment.truth(key).filter(|acked| moment.is_abandoned(acked)));
        if let Some(acked) = gone {
            let wipes = |happened| moment.index.wipes(node.id, happened);
            let had_it = wipes(moment.happened) > wipes(acked.seq.index());
            let verb = if had_it { "lost" } else { "never got" };
            return (format!("{verb} {}", moment.number(acked.write)), Tone::Bad);
        }
        let newest = log.tail.iter().rev().find_map(|entry| entry.write);
        let acked = newest.and_then(|write| {
            let key = moment.index.write(write)?.key;
            moment.truth(key).filter(|acked| acked.write == write)
        });
        return match acked {
            Some(acked) => {
                let copies = moment.structure.nodes;
                let have = moment.holders(acked).len();
                // Of several keys it is that of the newest write in the log.
                let which = match moment.structure.keys {
                    1 => String::new(),
                    _ => format!("{} ", moment.number(acked.write)),
                };
                let note = format!("{which}acked · on {have} of {copies} copies");
                (note, Tone::Muted)
            }
            None => none,
        };
    }
    // On its disk, and yet reads do not show it.
    let unseen = node
        .logs
        .iter()
        .find(|log| node.up && log.persisted > log.applied);
    let write = unseen.and_then(|log| entry_at(log, log.persisted)?.write);
    match write {
        Some(write) => (
            format!("has {}, not shown yet", moment.number(write)),
            Tone::Muted,
        ),
        None => (format!("epoch {}", card.epoch), Tone::Muted),
    }
}

/// The write that waits, the newest first; a read where no write does.
fn newest_waiting(node: &NodeView) -> Option<&Waiting> {
    node.waiting
        .iter()
        .filter(|_| node.up)
        .max_by_key(|waiting| (waiting.write, waiting.op))
}

fn words_of(waiting: &Waiting, more: usize) -> Progress {
    let what = match waiting.write {
        Some(write) => format!("write {}", write.0),
        None => "a read".to_owned(),
    };
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    Progress {
        have: waiting.have,
        need: waiting.need,
        write: waiting.write,
        segments: Vec::new(),
        arcs: Vec::new(),
        words: format!("{} of {}, {what}{more}", waiting.have, waiting.need),
    }
}

/// What waits on a card: segments beside the footnote, or along the card's lower edge.
fn progress(moment: &Moment<'_>, m: &Metrics, rect: Rect, node: &NodeView) -> Option<Progress> {
    let waiting = newest_waiting(node)?;
    let need = usize::from(waiting.need);
    // Where the leader alone is enough there is nothing to count.
    if need < 2 && !moment.is_leaderless() {
        return None;
    }
    let n = need.max(1) as f64;
    let (x, y, w, h, gap) = if m.foot > 0.0 {
        let gap = 2.5 * m.scale;
        let w = (rect.w * 0.42 - gap * n) / n;
        let h = 0.58 * m.foot;
        (
            rect.x + m.pad,
            rect.y + m.foot_y - h - 0.06 * m.foot,
            w.min(15.0 * m.scale),
            h,
            gap,
        )
    } else {
        let gap = 0.2 * m.pad;
        let w = (rect.w - 2.0 * m.pad - (n - 1.0) * gap) / n;
        let h = (2.4 * m.scale).max(1.2);
        (rect.x + m.pad, rect.bottom() - 1.7 * h, w, h, gap)
    };
    let segment = |i: usize| Rect {
        x: x + i as f64 * (w + gap),
        y,
        w,
        h,
    };
    let filled = |i: usize| i < usize::from(waiting.have);
    Some(Progress {
        segments: (0..need).map(|i| (segment(i), filled(i))).collect(),
        ..words_of(waiting, node.waiting.len() - 1)
    })
}

/// The ring around a hub: one arc for each acknowledgement that is needed.
fn arcs(at: Point, m: &Metrics, waiting: &Waiting) -> Vec<(String, bool)> {
    let need = usize::from(waiting.need.max(1));
    let r = m.hub_r + m.hub_gap + m.hub_ring / 2.0;
    let turn = 1.0 / need as f64;
    // A gap a little wider than the round ends of the stroke; a full circle needs two points too.
    let gap = (m.hub_ring * 1.4 / (std::f64::consts::TAU * r)).min(turn * 0.3);
    let point = |turn: f64| {
        let at_turn = on_circle(turn - 0.25);
        at.moved(r * at_turn.x, r * at_turn.y)
    };
    let arc = |i: usize| {
        let (from, to) = (
            turn * i as f64 + gap / 2.0,
            turn * (i + 1) as f64 - gap / 2.0,
        );
        let (a, b) = (point(from), point(to));
        let template = match to - from > 0.5 {
            true => "M# #A# # 0 1 1 # #",
            false => "M# #A# # 0 0 1 # #",
        };
        path(template, &[a.x, a.y, r, r, b.x, b.y])
    };
    (0..need)
        .map(|i| (arc(i), i < usize::from(waiting.have)))
        .collect()
}

/// What a screen reader says.
fn aria(moment: &Moment<'_>, node: &NodeView, card: &NodeCard, facts: &[Fact]) -> String {
    let mut parts = match node.role {
        Role::Manager => vec![format!("Failover manager {}, holds nothing", card.name)],
        _ => vec![format!("Replica {}", card.name)],
    };
    let role = match () {
        () if node.role == Role::Manager => String::new(),
        () if moment.has_many_leaders() && card.crown => {
            let region = moment.structure.region_of(Place::Node(node.id));
            let region = moment.names.regions.get(usize::from(region.0));
            format!("leader of {}", region.map_or("its region", String::as_str))
        }
        () if card.deposed => format!("old leader, of epoch {}", card.epoch),
        () if card.crown => format!("leader in epoch {}", card.epoch),
        () if node.role == Role::Candidate => format!("asks for epoch {}", card.epoch),
        () if moment.is_leaderless() => String::new(),
        () => "follower".to_owned(),
    };
    if !role.is_empty() {
        parts.push(role);
    }
    if !node.up {
        parts.push("down".to_owned());
    } else {
        if node.paused {
            parts.push("paused".to_owned());
        }
        let (one, many, whom) = match moment.has_many_leaders() {
            true => ("write", "writes", "the others"),
            false => ("entry", "entries", "the leader"),
        };
        match card.behind {
            Some(Behind { entries: 0, .. }) => parts.push("caught up".to_owned()),
            Some(Behind {
                lacked: 0, entries, ..
            }) => {
                let entries = count(u64::from(entries), one, many);
                parts.push(format!("has everything, and does not show {entries} yet"));
            }
            Some(Behind { entries, us, .. }) => {
                let entries = count(u64::from(entries), one, many);
                parts.push(format!("{entries} and {} behind {whom}", duration(us)));
            }
            None => {}
        }
        if moment.is_leaderless() {
            let (words, _) = leaderless_note(moment, node);
            parts.extend(words.into_iter().next());
        }
    }
    let says = if node.up { "shows" } else { "has on its disk" };
    for value in &card.values {
        let stale = if value.stale {
            ", older than what was acknowledged"
        } else {
            ""
        };
        let beside = value.siblings.iter().map(|(value, _)| value.as_str());
        let all: Vec<&str> = std::iter::once(value.value.as_str())
            .chain(beside)
            .collect();
        parts.push(format!("{says} {} {}{stale}", value.name, listed(&all)));
    }
    parts.extend(facts.iter().map(|fact| fact.said.clone()));
    if let Some(progress) = &card.progress {
        parts.push(format!("waits: {}", progress.words));
    }
    let doomed = card
        .cells
        .iter()
        .filter(|cell| cell.state == CellState::Discarded)
        .count();
    if doomed > 0 {
        let writes = count(doomed as u64, "entry", "entries");
        parts.push(format!("{writes} will be discarded"));
    }
    parts.join(", ")
}
