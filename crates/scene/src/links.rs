//! Wires: which there are, and which of them are cut, slow or long.

use replication::ids::{NodeId, Place, RegionId};
use replication::ordered::Ordered;
use replication::run::LinkView;
use replication::scenario::{ProtocolKind, Topology};

use crate::flights::is_chatter;
use crate::geometry::{Point, Rect};
use crate::glyphs;
use crate::layout::Layout;
use crate::moment::{Focus, Moment};
use crate::quantity::duration;
use crate::routes::Lane;
use crate::stage::{Anchor, Cut, Face, Label, Wire};
use crate::text::width;
use crate::tone::Tone;

/// At the most so many wires are there only because they are cut or slow.
const ODD_WIRES_MAX: usize = 8;

/// The most labels that say the same distance.
const SAME_LABELS_MAX: usize = 3;

/// Where along a wire its label is tried, the middle first.
const LABEL_AT: [f64; 7] = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74];

/// The lines that mean something now: from leaders to their followers and to one another, from a proxy
/// to its replicas, from clients to where their writes go, and wherever a message is on its way.
///
/// `taken` is where nothing can be written, and what is written here is added to it.
pub(crate) fn wires(
    moment: &Moment<'_>,
    layout: &Layout,
    focus: &Focus,
    taken: &mut Vec<Rect>,
) -> Vec<Wire> {
    let node = |node: NodeId| Place::Node(node);
    let links = moment.run.links();
    let standing = standing(moment);
    let mut pairs: Ordered<(Place, Place), ()> = Ordered::default();
    for (a, b) in &standing {
        pairs.insert((*a.min(b), *a.max(b)), ());
    }
    let mut join = |a: Place, b: Place| pairs.insert((a.min(b), a.max(b)), ());
    let asks = moment.asks_for_lag();
    for seq in moment.in_flight() {
        if let Some((_, message)) = moment.message(*seq)
            && !is_chatter(message.kind, asks)
        {
            join(message.from, message.to);
        }
    }
    for client in &focus.clients {
        for replica in &focus.nodes {
            // Through a proxy, what was wrong came in two steps.
            match moment.structure.proxy() {
                _ if focus.op.is_none() => {}
                Some(proxy) => join(node(proxy), Place::Client(*client)),
                None => join(node(*replica), Place::Client(*client)),
            }
        }
    }
    // Where nothing stands between replicas, a few that are cut or slow are shown all the same.
    for is_cut in [true, false] {
        let between = |link: &&LinkView| {
            link.cut == is_cut && matches!((link.from, link.to), (Place::Node(_), Place::Node(_)))
        };
        let odd: Vec<&LinkView> = links.iter().filter(between).collect();
        let stands = |link: &&LinkView| standing.iter().any(|(a, b)| joins(link, *a, *b));
        if odd.len() <= ODD_WIRES_MAX && !odd.iter().any(stands) {
            odd.iter().for_each(|link| join(link.from, link.to));
        }
    }
    let runs = |place: Place| match place {
        Place::Node(node) => moment
            .nodes()
            .get(usize::from(node.0))
            .is_some_and(|node| node.up),
        Place::Client(_) => true,
    };
    let bad = |from: Place, to: Place| match moment.structure.proxy().map(node) {
        Some(proxy) if focus.op.is_some() && (from == proxy || to == proxy) => {
            let other = if from == proxy { to } else { from };
            focus.joins(other, other)
        }
        _ => focus.joins(from, to),
    };
    let mut labelled = Labelled {
        layout,
        taken,
        regions: Vec::new(),
    };
    pairs
        .iter()
        .filter_map(|((from, to), ())| {
            let bad = bad(from, to);
            let curve = layout.wire(from, to)?;
            let cut = cut(layout, &links, from, to, curve.at(0.5));
            let slow_us = links
                .iter()
                .filter(|link| joins(link, from, to))
                .map(|link| link.slow_us)
                .max()
                .unwrap_or(0);
            let stands = standing.contains(&(from, to)) || standing.contains(&(to, from));
            // How long it takes where nothing arrives doesn't matter, and the cut stands there.
            let is_open = cut.as_ref().is_none_or(|cut| cut.towards.is_some());
            let words = label_words(moment, (from, to), stands, slow_us, &labelled);
            let label = words
                .filter(|_| is_open)
                .and_then(|(texts, tone)| labelled.place_one(&curve, &texts, tone));
            if label.is_some() {
                labelled.regions.push(regions(moment, from, to));
            }
            Some(Wire {
                from,
                to,
                curve,
                tone: if bad { Tone::Bad } else { Tone::Wire },
                dashed: bad || !runs(from) || !runs(to),
                cut,
                slow_us,
                label,
            })
        })
        .collect()
}

/// The connections that are there whether anything is on its way or not.
fn standing(moment: &Moment<'_>) -> Vec<(Place, Place)> {
    let mut pairs = Vec::new();
    let structure = moment.structure;
    if structure.kind == ProtocolKind::MultiLeader {
        let leaders: Vec<NodeId> = structure
            .replicas()
            .filter(|node| moment.is_leader(*node))
            .collect();
        for (i, leader) in leaders.iter().enumerate() {
            let others = match structure.topology {
                Topology::AllToAll => leaders[i + 1..].to_vec(),
                Topology::Ring => vec![leaders[(i + 1) % leaders.len()]],
                Topology::Star if i == 0 => leaders[1..].to_vec(),
                Topology::Star => Vec::new(),
            };
            let others = others.into_iter().filter(|other| other != leader);
            pairs.extend(others.map(|other| (Place::Node(*leader), Place::Node(other))));
            let region = structure.region_of(Place::Node(*leader));
            let here = |place: &Place| structure.region_of(*place) == region;
            let followers = structure
                .replicas()
                .filter(|node| node != leader)
                .map(Place::Node);
            let clients = moment
                .clients()
                .iter()
                .map(|client| Place::Client(client.id));
            let all = followers.chain(clients).filter(here);
            pairs.extend(all.map(|place| (Place::Node(*leader), place)));
        }
        return pairs;
    }
    let entrances: Vec<NodeId> = match (structure.kind, structure.proxy()) {
        (ProtocolKind::Leaderless, proxy) => proxy.into_iter().collect(),
        _ => {
            let leaders = moment
                .partitions()
                .filter_map(|partition| moment.leader(partition));
            leaders.map(|(leader, _)| leader).collect()
        }
    };
    for entrance in &entrances {
        let replicas = structure.replicas().filter(|replica| replica != entrance);
        pairs.extend(replicas.map(|replica| (Place::Node(*entrance), Place::Node(replica))));
        let clients = moment
            .clients()
            .iter()
            .map(|client| Place::Client(client.id));
        pairs.extend(clients.map(|client| (Place::Node(*entrance), client)));
    }
    if let Some(manager) = structure.manager() {
        pairs.extend(
            entrances
                .iter()
                .map(|leader| (Place::Node(manager), Place::Node(*leader))),
        );
    }
    pairs
}

fn joins(link: &LinkView, a: Place, b: Place) -> bool {
    (link.from, link.to) == (a, b) || (link.from, link.to) == (b, a)
}

/// The cut on a wire: in its middle, or in the middle of the lane of the one direction that is cut.
fn cut(layout: &Layout, links: &[LinkView], a: Place, b: Place, middle: Point) -> Option<Cut> {
    let is_cut = |from: Place, to: Place| {
        let mut cut = links.iter().filter(|link| link.cut);
        cut.any(|link| (link.from, link.to) == (from, to))
    };
    let r = 0.62 * layout.metrics.chip_r;
    let (from, to) = match (is_cut(a, b), is_cut(b, a)) {
        (false, false) => return None,
        (true, true) => {
            return Some(Cut {
                at: middle,
                towards: None,
                gap: 1.5 * r,
                cross: glyphs::cross(middle, r),
            });
        }
        (true, false) => (a, b),
        (false, true) => (b, a),
    };
    let at = layout.way(from, to, Lane::Chip(0))?.at(0.5);
    Some(Cut {
        at,
        towards: Some(to),
        gap: 0.0,
        cross: glyphs::cross(at, r),
    })
}

fn regions(moment: &Moment<'_>, a: Place, b: Place) -> (u8, u8) {
    let (a, b) = (
        moment.structure.region_of(a).0,
        moment.structure.region_of(b).0,
    );
    (a.min(b), a.max(b))
}

/// What is written on a wire: how much slower it is, or how far apart two regions are, once for each
/// two of them; the shorter after the longer.
fn label_words(
    moment: &Moment<'_>,
    (from, to): (Place, Place),
    stands: bool,
    slow_us: u64,
    labelled: &Labelled<'_>,
) -> Option<(Vec<String>, Tone)> {
    let structure = moment.structure;
    let network = &moment.run.settings().network;
    let (one, other) = (structure.region_of(from), structure.region_of(to));
    let far_us = network.distance_us(one, other, structure.regions);
    let nodes = matches!((from, to), (Place::Node(_), Place::Node(_)));
    let is_new = !labelled.regions.contains(&regions(moment, from, to));
    if slow_us > 0 {
        return Some((vec![format!("+{}", duration(slow_us))], Tone::Warn));
    }
    // Where many regions lie equally far apart, a few labels say so.
    let is_known = labelled.regions.len() >= SAME_LABELS_MAX
        && network.distance_us(RegionId(0), RegionId(1), structure.regions) == far_us;
    let shown = one != other && nodes && stands && is_new && far_us > 0 && structure.regions > 1;
    let far = duration(far_us);
    // A message may take longer than the way does: it has its lag besides.
    (shown && !is_known).then(|| (vec![format!("{far} apart"), far], Tone::Muted))
}

/// Labels on wires, which keep clear of everything else.
struct Labelled<'a> {
    layout: &'a Layout,
    taken: &'a mut Vec<Rect>,
    /// The pairs of regions whose distance is written already.
    regions: Vec<(u8, u8)>,
}

impl Labelled<'_> {
    /// Places the first of these texts for which there is room.
    fn place_one(
        &mut self,
        curve: &crate::geometry::Curve,
        texts: &[String],
        tone: Tone,
    ) -> Option<Label> {
        let mut texts = texts.iter();
        texts.find_map(|text| self.place(curve, text.clone(), tone))
    }

    fn place(&mut self, curve: &crate::geometry::Curve, text: String, tone: Tone) -> Option<Label> {
        let m = &self.layout.metrics;
        let size = 0.9 * m.note;
        let (w, h) = (width(&text, Face::Mono, size), 1.2 * size);
        let stage = self.layout.stage;
        LABEL_AT.iter().find_map(|t| {
            // Above a wire that lies, beside one that stands: lanes are close to the wire.
            let (at, next) = (curve.at(*t), curve.at(t + 0.02));
            let (dx, dy) = (next.x - at.x, next.y - at.y);
            let off = 3.0 * m.chip_r;
            let centre = match dx.abs() >= dy.abs() {
                true => at.moved(0.0, -off),
                false => at.moved(off + 0.5 * w - 0.5 * m.chip_r, 0.0),
            };
            // With the air that keeps two of them from reading as one.
            let rect = Rect::around(centre, w + size, h);
            let free = stage.holds(rect) && self.taken.iter().all(|other| !other.overlaps(rect));
            free.then(|| {
                self.taken.push(rect);
                let at = Point::new(centre.x, centre.y + 0.36 * size);
                Label::new(at, text.clone(), Face::Mono, size)
                    .anchored(Anchor::Middle)
                    .toned(tone)
            })
        })
    }
}
