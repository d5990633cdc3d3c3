//! The stage: who is there, what each one has, and what connects them, at the cursor.
//!
//! Everything in it is placed: a renderer draws cards, labels and cells where they say, and needs to
//! measure nothing. Where things stand is a function of the structure and the size alone, so nothing
//! jumps when roles change.

use std::rc::Rc;

use replication::ids::{ClientId, KeyId, NodeId, PartitionId, Place, RegionId, WriteId};
use replication::promise::Violation;
use replication::run::{Role, Run};

use crate::geometry::{Curve, Point, Rect};
use crate::index::SceneIndex;
use crate::layout::Layout;
use crate::metrics::Shape;
use crate::moment::{Focus, Moment};
use crate::text::fit;
use crate::tone::{Hue, Tone};
use crate::{cards, frontiers, links, people};

/// The stage at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stage {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// How much room there is: what is shown depends on it.
    pub detail: Detail,
    /// How large things are drawn, about 0.6 to 1.3: stroke widths and corner radii may follow it.
    pub scale: f64,
    /// Half the side of a chip.
    pub chip_radius: f64,
    /// Regions, where there are several: titled grounds, drawn below everything else.
    pub regions: Vec<Ground>,
    /// Lines between things, drawn below everything but the regions.
    pub wires: Vec<Wire>,
    /// Where what is cut off is cut off.
    pub frontiers: Vec<Frontier>,
    /// Replicas, by number, and last a failover manager.
    pub nodes: Vec<NodeCard>,
    /// The proxy of a leaderless system.
    pub hub: Option<Hub>,
    /// Clients, by number.
    pub people: Vec<Person>,
    /// Where everything stands: for what moves between.
    pub(crate) layout: Rc<Layout>,
}

impl Stage {
    /// The stage's own name for a place, the same in every frame: `n0`, `c1`.
    pub fn key(place: Place) -> String {
        match place {
            Place::Node(NodeId(number)) => format!("n{number}"),
            Place::Client(ClientId(number)) => format!("c{number}"),
        }
    }

    /// Whether everything stands where it stands on the other, so that what moves goes the same ways.
    pub fn stands_like(&self, other: &Stage) -> bool {
        let same = Rc::ptr_eq(&self.layout, &other.layout) || self.layout == other.layout;
        same && (self.width, self.height) == (other.width, other.height)
    }
}

/// How much a card shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// A name, few cells, one value.
    Tiny,
    /// The same, with the lag.
    Small,
    /// Without the footnote.
    Compact,
    /// Everything.
    #[default]
    Full,
}

/// A piece of text, placed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Label {
    /// Where its baseline begins, ends or has its middle.
    pub at: Point,
    /// Which of these.
    pub anchor: Anchor,
    /// The text, already shortened to its room.
    pub text: String,
    /// Its font.
    pub face: Face,
    /// Its font size in pixels.
    pub size: f64,
    /// Its colour.
    pub tone: Tone,
}

/// What a label's point is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The beginning of the text.
    #[default]
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// How a label is set. The class is [`Face::class`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Face {
    /// A name: semi-bold.
    Title,
    /// Plain.
    #[default]
    Plain,
    /// Numbers and states: monospaced.
    Mono,
    /// A value: monospaced and bold.
    Value,
    /// On a filled cell or chip: monospaced, bold and in the colour that can be read on it.
    Inverse,
}

impl Face {
    /// Its class in style sheets.
    pub fn class(self) -> &'static str {
        match self {
            Face::Title => "f-title",
            Face::Plain => "f-plain",
            Face::Mono => "f-mono",
            Face::Value => "f-value",
            Face::Inverse => "f-inverse",
        }
    }
}

/// A replica's card.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeCard {
    /// Which.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// What it is; with several partitions, what it is in the first.
    pub role: Role,
    /// Whether it is the one that leads now (in any partition): it wears the crown.
    pub crown: bool,
    /// Whether it believes to lead, while a leader of a higher epoch exists.
    pub deposed: bool,
    /// Whether it runs. One that does not is drawn dashed.
    pub up: bool,
    /// Whether it runs and does nothing: it bears two bars, and its outline is dotted.
    pub paused: bool,
    /// Whether it is part of the violation in focus: drawn in the colour of broken, with a halo.
    pub bad: bool,
    /// Its outline's colour: leader, follower, bad, or muted where it is down.
    pub tone: Tone,
    /// Where it stands.
    pub rect: Rect,
    /// The radius of its corners.
    pub radius: f64,
    /// The band behind the leader's name: its height from the top of the card; 0 for none.
    pub band: f64,
    /// Where the crown is drawn, and how wide; also where it is not worn, as an empty rectangle.
    pub crown_at: Rect,
    /// Its name, note, keys, values and footnote, placed. In order of reading.
    pub labels: Vec<Label>,
    /// Its log, or the recent writes, one row a partition.
    pub cells: Vec<Cell>,
    /// What waits here for acknowledgements, as segments to fill.
    pub progress: Option<Progress>,
    /// What it shows, by key: the same as its labels, unshortened.
    pub values: Vec<ShownValue>,
    /// The epoch that it knows; 0 where there is none.
    pub epoch: u32,
    /// How far it is behind its leader; `None` for a leader, without one, and leaderless. With many
    /// leaders: behind what any replica has.
    pub behind: Option<Behind>,
    /// What is the matter with it: small tags on its lower edge, drawn over everything else of it.
    pub tags: Vec<Tag>,
    /// More shapes, drawn after the cells.
    pub glyphs: Vec<Glyph>,
    /// What a screen reader says.
    pub aria: String,
}

/// A small tag: a rectangle with round ends, and a text in it. The class is `tag` and the tone's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tag {
    /// Where it stands.
    pub rect: Rect,
    /// Its colour.
    pub tone: Tone,
    /// Its text.
    pub label: Label,
}

/// A shape: the `d` of a path, with a class and a colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Glyph {
    /// Its class in style sheets.
    pub class: &'static str,
    /// Its colour.
    pub tone: Tone,
    /// The `d` of its path.
    pub path: String,
}

/// How far a follower is behind its leader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// Entries that the leader has, and reads here don't show.
    pub entries: u32,
    /// How many of them it does not even have.
    pub lacked: u32,
    /// The age of the oldest of them.
    pub us: u64,
}

/// What a replica shows for a key.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownValue {
    /// The key.
    pub key: KeyId,
    /// Its name.
    pub name: String,
    /// The value in words.
    pub value: String,
    /// The write that made it.
    pub write: Option<WriteId>,
    /// The values that stand beside it, with the writes that made them.
    pub siblings: Vec<(String, Option<WriteId>)>,
    /// Whether something newer was acknowledged already.
    pub stale: bool,
}

/// One cell of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Which log.
    pub partition: PartitionId,
    /// Which column, from 0 on the left: the same column is the same log index on all cards.
    pub column: u8,
    /// Where it stands.
    pub rect: Rect,
    /// How it is drawn.
    pub state: CellState,
    /// The write, where it is one.
    pub write: Option<WriteId>,
    /// The write's colour.
    pub hue: Hue,
    /// The newest write there is: outlined, and with its number.
    pub newest: bool,
    /// The number on it, where it has room for one.
    pub label: Option<Label>,
}

/// How a cell is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// On the disk: filled with its colour.
    Filled,
    /// In memory only: outlined in its colour.
    Memory,
    /// The leader has it, this one does not: dashed.
    Missing,
    /// The leader of the highest epoch does not have it, so it will go: hatched.
    Discarded,
    /// A new leader's first entry, which changes nothing: a small bar.
    NoOp,
    /// Leaderless: it was here, and something newer stands in its place: filled, faintly.
    Replaced,
}

impl CellState {
    /// Its class in style sheets.
    pub fn class(self) -> &'static str {
        match self {
            CellState::Filled => "c-filled",
            CellState::Memory => "c-memory",
            CellState::Missing => "c-missing",
            CellState::Discarded => "c-discarded",
            CellState::NoOp => "c-noop",
            CellState::Replaced => "c-replaced",
        }
    }

    /// What is drawn of a cell's place.
    pub fn shape(self, place: Rect) -> Rect {
        match self {
            CellState::NoOp => Rect {
                y: place.centre().y - 0.12 * place.h,
                h: 0.24 * place.h,
                ..place
            },
            _ => place,
        }
    }
}

/// What waits for acknowledgements or responses.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// How many have answered.
    pub have: u8,
    /// How many must.
    pub need: u8,
    /// The write, where it is one: its colour and number.
    pub write: Option<WriteId>,
    /// On a card: the segments, left to right, and whether each is filled. Empty on a hub.
    pub segments: Vec<(Rect, bool)>,
    /// On a hub: the arcs around it, clockwise from the top, as SVG paths, and whether each is filled.
    pub arcs: Vec<(String, bool)>,
    /// In words: "2 of 3, write 7".
    pub words: String,
}

/// The proxy of a leaderless system: a circle in the middle.
#[derive(Clone, Debug, PartialEq)]
pub struct Hub {
    /// Which.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub up: bool,
    /// Its centre.
    pub at: Point,
    /// Its radius.
    pub radius: f64,
    /// The radius and the width of the ring of acknowledgements around it.
    pub ring: (f64, f64),
    /// Its texts, placed.
    pub labels: Vec<Label>,
    /// What waits here.
    pub progress: Option<Progress>,
    /// What a screen reader says.
    pub aria: String,
}

/// A client.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Which.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// The centre of its circle.
    pub at: Point,
    /// Its circle's radius.
    pub radius: f64,
    /// Everything that belongs to it, its labels included.
    pub rect: Rect,
    /// Its name, and what it does, placed.
    pub labels: Vec<Label>,
    /// Whether it waits for an answer.
    pub busy: bool,
    /// Whether it is the one harmed by the violation in focus.
    pub bad: bool,
    /// What it carries, as a session token: small tags, drawn over its figure.
    pub tags: Vec<Tag>,
    /// What a screen reader says.
    pub aria: String,
}

/// A line between two places.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// From.
    pub from: Place,
    /// To.
    pub to: Place,
    /// Its course.
    pub curve: Curve,
    /// Its colour: wire, or bad.
    pub tone: Tone,
    /// Dashed: not a connection that stands, or one that is part of the violation in focus.
    pub dashed: bool,
    /// Where it is cut, if it is: drawn with a gap and a cross.
    pub cut: Option<Cut>,
    /// How much longer a message takes on it than usual, in microseconds.
    pub slow_us: u64,
    /// What is written beside it: "40 ms" between regions, "+300 ms" where it is slow.
    pub label: Option<Label>,
}

/// A cut on a wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// Where: in the middle of the wire, or of the one lane that is cut.
    pub at: Point,
    /// Where what is sent does not arrive; `None` for both ways.
    pub towards: Option<Place>,
    /// Half the gap in the wire; 0 for none.
    pub gap: f64,
    /// The `d` of its cross: the class is `cut`.
    pub cross: String,
}

/// Where one side is cut off from another.
#[derive(Clone, Debug, PartialEq)]
pub struct Frontier {
    /// The `d` of a line between them, where a straight one parts them. The class is `frontier`.
    pub line: Option<String>,
    /// Since when, where there is room for it.
    pub tag: Option<Tag>,
}

/// A region: a place with nodes and clients in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// Which.
    pub id: RegionId,
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub rect: Rect,
    /// The radius of its corners.
    pub radius: f64,
    /// Its name, placed.
    pub label: Label,
}

impl Wire {
    /// Its name, the same in every frame: `n0-n1`.
    pub fn key(&self) -> String {
        format!("{}-{}", Stage::key(self.from), Stage::key(self.to))
    }

    /// The `d` of its path: in two pieces where it is cut.
    pub fn path(&self) -> String {
        match self.cut.as_ref().filter(|cut| cut.gap > 0.0) {
            Some(cut) => {
                let (before, after) = self.curve.parted(cut.gap);
                before.path() + &after.path()
            }
            None => self.curve.path(),
        }
    }

    /// Its classes in style sheets, without that of its tone.
    pub fn class(&self) -> &'static str {
        match (&self.cut, self.slow_us > 0, self.dashed) {
            (Some(_), _, _) => "wire dashed is-cut",
            (None, true, true) => "wire dashed slow",
            (None, true, false) => "wire slow",
            (None, false, true) => "wire dashed",
            (None, false, false) => "wire",
        }
    }
}

/// The stage at the run's cursor, for a size in pixels, with a violation to point at.
///
/// Cheap enough for ten times a second, whatever the run's length.
pub fn stage(
    run: &dyn Run,
    index: &SceneIndex,
    width: f64,
    height: f64,
    focus: Option<&Violation>,
) -> Stage {
    let moment = Moment::of(run, index);
    let focus = Focus::on(run, focus);
    let layout = index.layout(Shape::of(run.scenario()), width, height);
    let m = layout.metrics;
    let regions = grounds(&moment, &layout);
    let nodes: Vec<NodeCard> = moment
        .replicas()
        .chain(moment.manager())
        .map(|node| cards::card(&moment, &layout, &focus, node))
        .collect();
    let tags = nodes.iter().flat_map(|card| &card.tags);
    let names = regions.iter().map(|ground| ground.label.bounds());
    let mut taken: Vec<Rect> = layout.bodies();
    taken.extend(names.chain(tags.map(|tag| tag.rect)));
    let wires = links::wires(&moment, &layout, &focus, &mut taken);
    let proxy = moment.proxy();
    Stage {
        width,
        height,
        detail: m.detail,
        scale: m.scale,
        chip_radius: m.chip_r,
        frontiers: frontiers::frontiers(&moment, &layout, &wires, taken),
        wires,
        regions,
        nodes,
        hub: proxy.and_then(|node| cards::hub(&moment, &layout, node)),
        people: moment
            .clients()
            .iter()
            .map(|client| people::person(&moment, &layout, &focus, client))
            .collect(),
        layout,
    }
}

fn grounds(moment: &Moment<'_>, layout: &Layout) -> Vec<Ground> {
    let m = &layout.metrics;
    let grounds = layout.grounds.iter().zip(&moment.names.regions);
    let ground = |(i, (rect, name)): (usize, (&Rect, &String))| {
        let size = 0.9 * m.name;
        let text = fit(name, Face::Title, size, rect.w - 1.6 * m.pad);
        let at = Point::new(rect.x + 0.8 * m.pad, rect.y + 1.3 * size);
        Ground {
            id: RegionId(i as u8),
            name: name.clone(),
            rect: *rect,
            radius: 1.3 * m.radius(),
            label: Label::new(at, text, Face::Title, size).toned(Tone::Muted),
        }
    };
    grounds.enumerate().map(ground).collect()
}
