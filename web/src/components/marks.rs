//! The marks above the scrubber: broken promises, faults, new leaders, forks, and where two runs part.
//!
//! A click goes there. Who has no mouse goes from event to event, or from one broken promise to the next.

use std::rc::Rc;

use replication::engine::time::SimTime;
use scene::Course;
use scene::quantity::moment;
use scene::timeline::{Marker, MarkerKind};
use yew::prelude::*;

use crate::desk::Desk;
use crate::paint::number;
use crate::player::Player;

/// What stands above the scrubber.
pub struct Marks {
    /// How long the time line is, in microseconds.
    pub length_us: u64,
    /// Whether a promise is broken, as far as that is known.
    pub broken: bool,
    marked: Marked,
}

/// What is marked.
#[derive(Clone)]
struct Marked {
    own: Rc<[Marker]>,
    /// Of the run beside.
    other: Option<Rc<[Marker]>>,
    /// Where this run left another, and what was done there.
    forks: Vec<(u64, String)>,
    /// Where two runs part.
    parting: Option<(u64, String)>,
}

/// Equal where the markers are the very same ones: there may be hundreds, and while time runs they stay.
impl PartialEq for Marked {
    fn eq(&self, other: &Self) -> bool {
        let beside = match (&self.other, &other.other) {
            (None, None) => true,
            (Some(one), Some(other)) => Rc::ptr_eq(one, other),
            _ => false,
        };
        let rest = (&self.forks, &self.parting) == (&other.forks, &other.parting);
        Rc::ptr_eq(&self.own, &other.own) && beside && rest
    }
}

impl Marks {
    /// Those of a desk's run, and of the one beside it.
    pub fn of(desk: &Desk) -> Self {
        let player = desk.player();
        let length_of = |player: &Player| player.with(|run, _| scene::length_us(run));
        let beside = player.beside();
        let forks = || {
            let branches = &desk.store().branches;
            let forks = branches.forks().into_iter();
            forks.map(|(at, name)| (at.0, name.to_owned())).collect()
        };
        let parting = match player.course() {
            Some(Course::Parted { at_us, words }) => Some((at_us, words)),
            _ => None,
        };
        let marked = Marked {
            own: player.markers(),
            other: beside.as_ref().map(Player::markers),
            forks: if beside.is_none() {
                forks()
            } else {
                Vec::new()
            },
            parting,
        };
        let other_length_us = beside.as_ref().map_or(0, length_of);
        let all = marked
            .own
            .iter()
            .chain(marked.other.as_deref().unwrap_or_default());
        Marks {
            length_us: length_of(player).max(other_length_us),
            broken: all.into_iter().any(|marker| shape(marker) == Shape::Broken),
            marked,
        }
    }

    /// Drawn over the scrubber.
    pub fn view(&self, desk: &Desk) -> Html {
        html! { <Line desk={desk.clone()} length_us={self.length_us} marked={self.marked.clone()}/> }
    }
}

#[derive(Properties)]
struct LineProps {
    desk: Desk,
    length_us: u64,
    marked: Marked,
}

impl PartialEq for LineProps {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_of_same_intent(&other.desk)
            && (self.length_us, &self.marked) == (other.length_us, &other.marked)
    }
}

#[component]
fn Line(props: &LineProps) -> Html {
    let Marked {
        own,
        other,
        forks,
        parting,
    } = &props.marked;
    let side = |marker: &Marker, side: Option<&str>| {
        let words = match side {
            Some(side) => format!("{side}: {}", marker.words),
            None => marker.words.clone(),
        };
        Mark {
            at_us: marker.at_us,
            below: side == Some("Right"),
            shape: shape(marker),
            words,
        }
    };
    let above = |shape: Shape, at_us: u64, words: String| Mark {
        at_us,
        below: false,
        shape,
        words,
    };
    let left = other.is_some().then_some("Left");
    let own = own.iter().map(|marker| side(marker, left));
    let other = other.iter().flat_map(|markers| markers.iter());
    let other = other.map(|marker| side(marker, Some("Right")));
    let forks = forks.iter().map(|(at_us, name)| {
        let words = format!("{}: {name}", moment(*at_us));
        above(Shape::Fork, *at_us, words)
    });
    let parting = parting.iter();
    let parting = parting.map(|(at_us, words)| above(Shape::Parting, *at_us, words.clone()));
    let all = own.chain(other).chain(forks).chain(parting);
    html! {
        <div class="marks" aria-hidden="true">
            <svg>{ for all.map(|each| mark(&each, props.length_us, &props.desk)) }</svg>
        </div>
    }
}

/// What stands for what.
#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    /// A triangle.
    Broken,
    /// A crown's point, as on the leader's card.
    Leader,
    /// A bar.
    Fault,
    /// Two ways from one.
    Fork,
    /// The same, larger.
    Parting,
}

impl Shape {
    /// Its class, and its outline: from the line's own height down to the scrubber.
    pub fn drawn(self) -> (&'static str, &'static str) {
        match self {
            Shape::Broken => ("violation", "M0 9l-5 -10h10z"),
            Shape::Leader => ("leader", "M-5 16v-7l3 3l2 -4l2 4l3 -3v7z"),
            Shape::Fault => ("intervention", "M1 16h-2v-7h2z"),
            Shape::Fork => ("fork", "M0 17v-4l-4 -5M0 13l4 -5"),
            Shape::Parting => ("parting", "M0 17v-9l-6 -7M0 8l6 -7"),
        }
    }
}

struct Mark {
    at_us: u64,
    /// Whether it is of the right one of two runs: below the line.
    below: bool,
    shape: Shape,
    words: String,
}

fn shape(marker: &Marker) -> Shape {
    match marker.kind {
        MarkerKind::Violation(_) => Shape::Broken,
        MarkerKind::Promotion => Shape::Leader,
        _ => Shape::Fault,
    }
}

fn mark(mark: &Mark, length_us: u64, desk: &Desk) -> Html {
    // Broken promises stand above what was done and who took over, which may be at the same moment.
    let (upper, lower) = ("M-7 -5h14v14h-14z", "M-6 9h12v8h-12z");
    let (class, d) = mark.shape.drawn();
    let hit = match mark.shape {
        Shape::Broken | Shape::Parting => upper,
        Shape::Leader | Shape::Fault | Shape::Fork => lower,
    };
    let share = mark.at_us as f64 / length_us.max(1) as f64;
    let x = format!("{}%", number(share * 100.0));
    let (desk, at) = (desk.clone(), SimTime(mark.at_us));
    let onclick = Callback::from(move |_: MouseEvent| {
        desk.pause();
        desk.seek(at);
    });
    html! {
        <svg {x} overflow="visible">
            <g class={mark.below.then_some("below")} {onclick}>
                <title>{ mark.words.clone() }</title>
                // Easier to hit than what is seen.
                <path class="hit" d={hit}/>
                <path {class} {d}/>
            </g>
        </svg>
    }
}
