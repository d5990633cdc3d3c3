//! A replica's card: name, lag, cells, values, what waits; and the proxy's circle.

use replication::ids::{KeyId, NodeId, PartitionId, Place, WriteId};
use replication::run::{LogView, NodeView, Role, Waiting};
use replication::trace::MessageKind;

use crate::geometry::{Point, Rect, on_circle, path};
use crate::layout::Layout;
use crate::metrics::{COLUMNS, Metrics};
use crate::moment::{Focus, Moment, entry_at};
use crate::quantity::{count, duration};
use crate::stage::{
    Anchor, Behind, Cell, CellState, Detail, Face, Hub, Label, NodeCard, Progress, ShownValue,
};
use crate::text::{fit, fit_any, width};
use crate::tone::{Hue, Tone};

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
        () if !node.up => Tone::Muted,
        () if crown || deposed => Tone::Leader,
        () => Tone::Follower,
    };
    let behind = moment.behind(node);
    let values = values(moment, node);
    let mut card = NodeCard {
        id: node.id,
        name: moment.names.node(node.id).to_owned(),
        role: node.role,
        crown,
        deposed,
        up: node.up,
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
        aria: String::new(),
    };
    card.aria = aria(moment, node, &card);
    let note = note(moment, node, &card);
    header(m, &mut card, note);
    rows(m, &mut card);
    footnote(moment, m, node, &mut card);
    card
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
    let name = fit(
        &card.name,
        Face::Title,
        m.title,
        (end - x - shortest - gap).max(m.title),
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

    let text = fit_any(&note, Face::Mono, m.note, end - taken - gap);
    if !text.is_empty() {
        let label = Label::new(Point::new(end, baseline), text, Face::Mono, m.note);
        card.labels
            .push(label.anchored(Anchor::End).toned(note_tone));
    }
}

/// What stands in the upper right corner.
fn note(moment: &Moment<'_>, node: &NodeView, card: &NodeCard) -> Note {
    if !node.up {
        let since = moment.down_since_us(node.id).unwrap_or(moment.now_us);
        let down = duration(moment.now_us.saturating_sub(since));
        return (vec![format!("down {down}"), "down".to_owned()], Tone::Muted);
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
    if card.crown && node.logs.iter().all(|log| log.role == Role::Leader) {
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
        Some(Behind { entries: 0, .. }) => (vec!["in sync".to_owned(), "✓".to_owned()], Tone::Ok),
        Some(Behind { entries, us }) => {
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
            vec!["no copy".to_owned()]
        };
        return (wordings, Tone::Muted);
    };
    let number = moment.number(write);
    if moment.index.was_stored(write, node.id, moment.happened) {
        return (vec![format!("has {number}"), number], Tone::Ok);
    }
    let on_its_way = moment.in_flight().iter().any(|seq| {
        moment.message(*seq).is_some_and(|(_, message)| {
            message.kind == MessageKind::Store
                && message.to == Place::Node(node.id)
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
            Some(ShownValue {
                key,
                name: moment.names.key(key).to_owned(),
                value: moment.value(held.value),
                write: held.write,
                stale: moment.is_stale(key, held),
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
        let shown: Vec<&str> = card
            .values
            .iter()
            .map(|value| short(&value.value))
            .collect();
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
    let more = card.values.len().saturating_sub(m.values);
    // The last row says how many more there are, where there are more than rows.
    let shown = if more > 0 && m.values > 1 {
        m.values - 1
    } else {
        m.values
    };
    for (i, value) in card.values.iter().take(shown).enumerate() {
        let y = card.rect.y + m.value_y + i as f64 * m.value_step;
        // Numbers are short and large; a text may be neither.
        let text = short(&value.value);
        let least = 0.6 * room;
        let size = if width(text, Face::Value, m.value) <= least {
            m.value
        } else {
            m.key
        };
        let value_text = fit(text, Face::Value, size, least);
        let value_w = width(&value_text, Face::Value, size);
        let name = fit(
            &value.name,
            Face::Plain,
            m.key,
            room - value_w - 0.5 * m.key,
        );
        labels.push(Label::new(Point::new(left, y), name, Face::Plain, m.key).toned(Tone::Muted));
        let label = Label::new(Point::new(right, y), value_text, Face::Value, size);
        labels.push(label.anchored(Anchor::End).toned(tone(value)));
    }
    if card.values.len() > shown && m.values > 1 {
        let y = card.rect.y + m.value_y + shown as f64 * m.value_step;
        let text = format!("+{} more", card.values.len() - shown);
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
    if moment.is_leaderless() {
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
        if log.fallen_back {
            return ("fell back to async".to_owned(), Tone::Warn);
        }
        let mut keys = (0..moment.structure.keys).map(KeyId);
        let gone =
            keys.find_map(|key| moment.truth(key).filter(|acked| moment.is_abandoned(acked)));
        if let Some(acked) = gone {
            return (
                format!("never got {}", moment.number(acked.write)),
                Tone::Bad,
            );
        }
        let newest = log.tail.iter().rev().find_map(|entry| entry.write);
        let acked = newest.and_then(|write| {
            let key = moment.index.write(write)?.key;
            moment.truth(key).filter(|acked| acked.write == write)
        });
        return match acked {
            Some(acked) => {
                let copies = moment.nodes.len();
                let have = moment.holders(acked).len();
                (format!("acked · on {have} of {copies} copies"), Tone::Muted)
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

/// The cells of all rows.
fn cells(moment: &Moment<'_>, m: &Metrics, rect: Rect, node: &NodeView) -> Vec<Cell> {
    if moment.is_leaderless() {
        return recent_cells(moment, m, rect, node);
    }
    let mut cells = Vec::new();
    for partition in moment.partitions() {
        log_cells(moment, m, rect, node, partition, &mut cells);
    }
    cells
}

/// The last log indices, the same on every card, of one partition.
fn log_cells(
    moment: &Moment<'_>,
    m: &Metrics,
    rect: Rect,
    node: &NodeView,
    partition: PartitionId,
    cells: &mut Vec<Cell>,
) {
    let Some(log) = moment.log(node.id, partition) else {
        return;
    };
    let reference = moment.reference(partition);
    let lengths = moment
        .replicas()
        .filter_map(|node| moment.log(node.id, partition));
    let last = lengths.map(|log| log.length).max().unwrap_or(0);
    let first = last.saturating_sub(COLUMNS as u32 - 1).max(1);
    let newest = reference.and_then(|reference| reference.log.tail.last());
    for index in first..=last {
        let authoritative = reference.and_then(|reference| entry_at(reference.log, index));
        let (state, write) = match (entry_at(log, index), authoritative) {
            (Some(entry), other) => {
                let differs = match other {
                    Some(other) => other.position != entry.position,
                    // Beyond the leader's end: it will be truncated, if its epoch is an older one.
                    None => reference.is_some_and(|reference| {
                        reference.leads && reference.log.epoch > entry.position.epoch
                    }),
                };
                let state = match () {
                    () if differs => CellState::Discarded,
                    () if entry.write.is_none() => CellState::NoOp,
                    () if index > log.persisted => CellState::Memory,
                    () => CellState::Filled,
                };
                (state, entry.write)
            }
            (None, Some(other)) => (CellState::Missing, other.write),
            (None, None) => continue,
        };
        let is_newest = newest.is_some_and(|newest| {
            newest.position.index == index
                && entry_at(log, index).is_some_and(|entry| entry.position == newest.position)
        });
        let column = (index - first) as usize;
        cells.push(cell(m, rect, partition, column, state, write, is_newest));
    }
}

/// Leaderless: the last writes, whether they are here or not.
fn recent_cells(moment: &Moment<'_>, m: &Metrics, rect: Rect, node: &NodeView) -> Vec<Cell> {
    let recent = moment.recent_writes(|_| true);
    let newest = recent.last().copied();
    let mut cells = Vec::new();
    for (column, write) in recent.into_iter().enumerate() {
        let Some(facts) = moment.index.write(write) else {
            continue;
        };
        if !moment.copies(facts.key).contains(&node.id) {
            continue;
        }
        let held = node.held.get(usize::from(facts.key.0));
        let state = match moment.index.was_stored(write, node.id, moment.happened) {
            false => CellState::Missing,
            true if held.is_some_and(|held| held.write == Some(write)) => CellState::Filled,
            true => CellState::Replaced,
        };
        let is_newest = newest == Some(write) && state != CellState::Missing;
        cells.push(cell(
            m,
            rect,
            PartitionId(0),
            column,
            state,
            Some(write),
            is_newest,
        ));
    }
    cells
}

fn cell(
    m: &Metrics,
    card: Rect,
    partition: PartitionId,
    column: usize,
    state: CellState,
    write: Option<WriteId>,
    newest: bool,
) -> Cell {
    let rect = Rect {
        x: card.x + m.column_x(column),
        y: card.y + m.row_y(usize::from(partition.0)),
        w: m.cell_w,
        h: m.cell_h,
    };
    let hue = write.map(Hue::of).unwrap_or_default();
    let number = write.filter(|_| !matches!(state, CellState::Missing | CellState::NoOp));
    let label = number.and_then(|write| cell_label(rect, state, write));
    Cell {
        partition,
        column: column as u8,
        rect,
        state,
        write,
        hue,
        newest,
        label,
    }
}

/// The number on a cell, where it has room for one that can be read.
fn cell_label(rect: Rect, state: CellState, write: WriteId) -> Option<Label> {
    let text = write.0.to_string();
    let widest = (rect.w - 2.0) / (0.602 * text.len() as f64);
    let size = widest.min(0.62 * rect.h).min(11.5);
    if size < 6.5 {
        return None;
    }
    let centre = rect.centre();
    let face = match state {
        CellState::Filled | CellState::Replaced => Face::Inverse,
        _ => Face::Value,
    };
    let at = Point::new(centre.x, centre.y + 0.36 * size);
    Some(Label::new(at, text, face, size).anchored(Anchor::Middle))
}

/// What a screen reader says.
fn aria(moment: &Moment<'_>, node: &NodeView, card: &NodeCard) -> String {
    let mut parts = vec![format!("Replica {}", card.name)];
    let role = match () {
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
        match card.behind {
            Some(Behind { entries: 0, .. }) => parts.push("in sync".to_owned()),
            Some(Behind { entries, us }) => {
                let entries = count(u64::from(entries), "entry", "entries");
                parts.push(format!("{entries} and {} behind the leader", duration(us)));
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
        parts.push(format!("{says} {} {}{stale}", value.name, value.value));
    }
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
