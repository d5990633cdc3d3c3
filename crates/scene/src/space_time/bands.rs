//! While places or the network were not as usual, and who led when.

use replication::ids::{NodeId, PartitionId, Place, Places};
use replication::scenario::Intervention;
use replication::trace::{Kind, Seq};

use super::plan::Plan;
use super::{Band, Plight, Reign};
use crate::geometry::{Point, Rect};
use crate::moment::Moment;
use crate::places::skew;
use crate::quantity::{decimal, duration};
use crate::stage::Face;
use crate::text;

/// The labels' font size.
const LABEL_SIZE: f64 = 9.5;

/// Everything that was not as usual for a while, as far as is known.
pub(super) fn bands(now: &Moment<'_>, plan: &Plan<'_>) -> Vec<Band> {
    let mut plights = Plights {
        plan,
        open: Vec::new(),
        links: Vec::new(),
        bands: Vec::new(),
    };
    for seq in now.index.turns() {
        if let Some(record) = now.record(*seq) {
            plights.take(*seq, record.at.0, record.kind);
        }
    }
    let known_us = known_us(now);
    for each in std::mem::take(&mut plights.open) {
        plights.add(each, known_us);
    }
    let mut bands = plights.bands;
    bands.extend(losses(now, plan, known_us));
    bands
}

/// Up to where the run is known.
fn known_us(now: &Moment<'_>) -> u64 {
    let last_us = now.run.records().last().map_or(0, |record| record.at.0);
    last_us.max(now.now_us)
}

/// What goes on, and where it does.
struct Plights<'a> {
    plan: &'a Plan<'a>,
    open: Vec<Since>,
    /// Links that are cut or slow: from the smaller side to the other.
    links: Vec<(Plight, Place, Place)>,
    bands: Vec<Band>,
}

/// Since when a place has been in a plight.
struct Since {
    plight: Plight,
    place: Place,
    at_us: u64,
    seq: Seq,
    label: String,
}

impl Plights<'_> {
    fn take(&mut self, seq: Seq, at_us: u64, kind: Kind) {
        let mut begin = |plight, node, label: &str| {
            let place = Place::Node(node);
            self.begin(plight, place, (seq, at_us), label.to_owned());
        };
        match kind {
            Kind::Crashed { node, .. } => {
                begin(Plight::Down, node, "down");
                // What does not run is not paused.
                self.end(Plight::Paused, Place::Node(node), at_us);
            }
            Kind::Restarted { node } => self.end(Plight::Down, Place::Node(node), at_us),
            Kind::Paused { node } => begin(Plight::Paused, node, "paused"),
            Kind::Resumed { node } => self.end(Plight::Paused, Place::Node(node), at_us),
            Kind::Skewed { node, by_us } => {
                self.end(Plight::Skewed, Place::Node(node), at_us);
                if by_us != 0 {
                    let label = format!("clock {}", skew(by_us));
                    self.begin(Plight::Skewed, Place::Node(node), (seq, at_us), label);
                }
            }
            Kind::Cut { from, to, .. } => {
                self.links_are(Plight::CutOff, (from, to), (seq, at_us), "cut off");
            }
            Kind::Slowed { from, to, by_us } => {
                self.heal(Plight::Slow, from, to, at_us);
                if by_us > 0 {
                    let label = format!("+{} on its links", duration(by_us));
                    self.links_are(Plight::Slow, (from, to), (seq, at_us), &label);
                }
            }
            Kind::Healed { from, to } => {
                self.heal(Plight::CutOff, from, to, at_us);
                self.heal(Plight::Slow, from, to, at_us);
            }
            _ => {}
        }
    }

    fn begin(&mut self, plight: Plight, place: Place, (seq, at_us): (Seq, u64), label: String) {
        let is_so = |since: &Since| (since.plight, since.place) == (plight, place);
        if !self.open.iter().any(is_so) {
            self.open.push(Since {
                plight,
                place,
                at_us,
                seq,
                label,
            });
        }
    }

    /// Marks the smaller side of links that are cut or slow from now on.
    fn links_are(
        &mut self,
        plight: Plight,
        (from, to): (Places, Places),
        since: (Seq, u64),
        label: &str,
    ) {
        let smaller = from.iter().count() <= to.iter().count();
        let (these, those) = if smaller { (from, to) } else { (to, from) };
        for place in these.iter() {
            self.begin(plight, place, since, label.to_owned());
            let links = those.iter().map(|other| (plight, place, other));
            self.links.extend(links);
        }
    }

    fn heal(&mut self, plight: Plight, from: Places, to: Places, at_us: u64) {
        let heals = |a: Place, b: Place| from.contains(a) && to.contains(b);
        self.links
            .retain(|(is, a, b)| *is != plight || !(heals(*a, *b) || heals(*b, *a)));
        let left = |place| {
            let mut links = self.links.iter();
            links.any(|(is, of, _)| *is == plight && *of == place)
        };
        let whole = self.open.iter().filter(|since| since.plight == plight);
        let whole = whole.map(|since| since.place).filter(|place| !left(*place));
        for place in whole.collect::<Vec<_>>() {
            self.end(plight, place, at_us);
        }
    }

    fn end(&mut self, plight: Plight, place: Place, at_us: u64) {
        let is_so = |since: &Since| (since.plight, since.place) == (plight, place);
        if let Some(i) = self.open.iter().position(is_so) {
            let since = self.open.swap_remove(i);
            self.add(since, at_us);
        }
    }

    fn add(&mut self, since: Since, to_us: u64) {
        let step = self.plan.step();
        let y = self.plan.y(since.place);
        // A clock that is off and slow links leave room for what else may be the matter.
        let part = match since.plight {
            Plight::Slow | Plight::Skewed => 0.22,
            _ => 0.37,
        };
        let rect = y.and_then(|y| {
            let over = (y - part * step, 2.0 * part * step);
            self.plan.stretch(since.at_us, to_us, over)
        });
        if let Some(rect) = rect {
            // Above its lane's line, where there is room between two lanes.
            let room = if step >= 24.0 {
                self.plan.room(rect.x, rect.right()) - 8.0
            } else {
                0.0
            };
            let at = Point::new(rect.x + 5.0, rect.centre().y - 3.0);
            self.bands.push(Band {
                seq: Some(since.seq),
                at_us: since.at_us,
                plight: since.plight,
                rect,
                label: (at, whole(&since.label, room)),
            });
        }
    }
}

/// A label that fits, or none.
fn whole(label: &str, room: f64) -> String {
    let fits = text::width(label, Face::Plain, LABEL_SIZE) <= room;
    if fits {
        label.to_owned()
    } else {
        String::new()
    }
}

/// While messages are lost everywhere: a strip over all lanes.
fn losses(now: &Moment<'_>, plan: &Plan<'_>, known_us: u64) -> Vec<Band> {
    let Some(strip) = plan.strip else {
        return Vec::new();
    };
    let scenario = now.run.scenario();
    // Since when, by which record, and how much.
    let mut changes = vec![(0, None, scenario.settings.network.loss_ppm)];
    for seq in now.index.turns() {
        let record = now.record(*seq);
        let Some((Kind::Changed { script }, at)) = record.map(|record| (record.kind, record.at.0))
        else {
            continue;
        };
        let entry = scenario
            .script
            .iter()
            .find(|scripted| scripted.entry == script);
        if let Some(Intervention::Set(settings)) = entry.map(|scripted| &scripted.does) {
            changes.push((at, Some(*seq), settings.network.loss_ppm));
        }
    }
    changes.dedup_by_key(|(_, _, loss_ppm)| *loss_ppm);
    let until = |i: usize| changes.get(i + 1).map_or(known_us, |(at, _, _)| *at);
    let lossy = changes.iter().enumerate();
    let band = |(i, (at_us, seq, loss_ppm)): (usize, &(u64, Option<Seq>, u32))| {
        let over = (strip.y + 1.0, strip.h - 3.0);
        let rect: Rect = plan.stretch(*at_us, until(i), over)?;
        let label = format!(
            "{} % of all messages are lost",
            decimal((*loss_ppm).into(), 10_000)
        );
        Some(Band {
            seq: *seq,
            at_us: *at_us,
            plight: Plight::Lossy,
            rect,
            label: (
                Point::new(rect.x + 5.0, rect.bottom() - 2.0),
                whole(&label, rect.w - 8.0),
            ),
        })
    };
    lossy
        .filter(|(_, (_, _, loss_ppm))| *loss_ppm > 0)
        .filter_map(band)
        .collect()
}

/// Since when a replica has led.
#[derive(Clone, Copy)]
struct Leading {
    node: NodeId,
    partition: PartitionId,
    epoch: u32,
    from_us: u64,
    seq: Seq,
}

/// Who led when, or believed so: two at a time are a split brain.
pub(super) fn reigns(now: &Moment<'_>, plan: &Plan<'_>) -> Vec<Reign> {
    let mut open: Vec<Leading> = Vec::new();
    // With when they ended.
    let mut over: Vec<(Leading, u64)> = Vec::new();
    for seq in now.index.turns() {
        let Some(record) = now.record(*seq) else {
            continue;
        };
        let at_us = record.at.0;
        let mut end = |who: NodeId, of: Option<PartitionId>| {
            open.retain(|leading| {
                let ends = leading.node == who && of.is_none_or(|of| of == leading.partition);
                if ends {
                    over.push((*leading, at_us));
                }
                !ends
            });
        };
        match record.kind {
            Kind::Promoted {
                node,
                partition,
                epoch,
                ..
            } => {
                end(node, Some(partition));
                open.push(Leading {
                    node,
                    partition,
                    epoch,
                    from_us: at_us,
                    seq: *seq,
                });
            }
            Kind::SteppedDown {
                node, partition, ..
            } => end(node, Some(partition)),
            Kind::Crashed { node, .. } => end(node, None),
            _ => {}
        }
    }
    let known_us = known_us(now);
    over.extend(open.into_iter().map(|leading| (leading, known_us)));
    let mut reigns: Vec<Reign> = Vec::new();
    for (leading, to_us) in over {
        let Some(y) = plan.y(Place::Node(leading.node)) else {
            continue;
        };
        let Some(rect) = plan.stretch(leading.from_us, to_us, (y, 0.0)) else {
            continue;
        };
        let epoch = leading.epoch;
        let label = match now.structure.partitions {
            0 | 1 => format!("epoch {epoch}"),
            _ => format!("partition {}, epoch {epoch}", leading.partition.0 + 1),
        };
        // One leader of several partitions has one line, and says so of the first.
        let alone = reigns
            .iter()
            .all(|other| other.y != y || other.from_x > rect.x || other.to_x < rect.x);
        let room = match alone && plan.step() >= 20.0 {
            true => plan.room(rect.x, rect.right()) - 4.0,
            false => 0.0,
        };
        reigns.push(Reign {
            seq: leading.seq,
            y,
            from_x: rect.x,
            to_x: rect.right(),
            label: whole(&label, room),
        });
    }
    reigns
}
