//! The marks above the scrubber: broken promises, faults, new leaders, forks, and where two runs part.
//!
//! A click goes there. Who has no mouse goes from event to event, or from one broken promise to the next.

use replication::engine::time::SimTime;
use scene::Course;
use scene::quantity::moment;
use scene::timeline::{Marker, MarkerKind};
use yew::prelude::*;

use crate::desk::Desk;
use crate::paint::number;

/// What stands above the scrubber.
pub struct Marks {
    /// How long the time line is, in microseconds.
    pub length_us: u64,
    /// Whether a promise is broken, as far as that is known.
    pub broken: bool,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
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

struct Mark {
    at_us: u64,
    /// Whether it is of the right one of two runs: below the line.
    below: bool,
    shape: Shape,
    words: String,
}

impl Marks {
    /// Those of a desk's run, and of the one beside it.
    pub fn of(desk: &Desk) -> Self {
        let mut marks = Vec::new();
        let timeline = desk.with(scene::timeline);
        let mut length_us = timeline.length_us;
        let beside = desk.player().beside();
        let side = |marker: &Marker, below: bool| {
            let mark = of_marker(marker, below);
            let words = match (&beside, below) {
                (None, _) => mark.words,
                (Some(_), false) => format!("Left: {}", mark.words),
                (Some(_), true) => format!("Right: {}", mark.words),
            };
            Mark { words, ..mark }
        };
        marks.extend(timeline.markers.iter().map(|each| side(each, false)));
        if let Some(beside) = &beside {
            let timeline = beside.with(scene::timeline);
            length_us = length_us.max(timeline.length_us);
            marks.extend(timeline.markers.iter().map(|each| side(each, true)));
        } else {
            // Where this run left another is marked by what was done there.
            let forks = desk.store().branches.forks();
            marks.extend(forks.into_iter().map(|(at, name)| Mark {
                at_us: at.0,
                below: false,
                shape: Shape::Fork,
                words: format!("{}: {name}", moment(at.0)),
            }));
        }
        if let Some(Course::Parted { at_us, words }) = desk.player().course() {
            marks.push(Mark {
                at_us,
                below: false,
                shape: Shape::Parting,
                words,
            });
        }
        let broken = marks.iter().any(|mark| mark.shape == Shape::Broken);
        Marks {
            length_us,
            broken,
            marks,
        }
    }

    /// Drawn over the scrubber.
    pub fn view(&self, desk: &Desk) -> Html {
        html! {
            <div class="marks" aria-hidden="true">
                <svg>{ for self.marks.iter().map(|each| mark(each, self.length_us, desk)) }</svg>
            </div>
        }
    }
}

fn of_marker(marker: &Marker, below: bool) -> Mark {
    let shape = match marker.kind {
        MarkerKind::Violation(_) => Shape::Broken,
        MarkerKind::Promotion => Shape::Leader,
        _ => Shape::Fault,
    };
    Mark {
        at_us: marker.at_us,
        below,
        shape,
        words: marker.words.clone(),
    }
}

fn mark(mark: &Mark, length_us: u64, desk: &Desk) -> Html {
    // Broken promises stand above what was done and who took over, which may be at the same moment.
    let (upper, lower) = ("M-7 -5h14v14h-14z", "M-6 9h12v8h-12z");
    let (class, hit, d) = match mark.shape {
        Shape::Broken => ("violation", upper, "M0 9l-5 -10h10z"),
        Shape::Leader => ("leader", lower, "M-5 16v-7l3 3l2 -4l2 4l3 -3v7z"),
        Shape::Fault => ("intervention", lower, "M1 16h-2v-7h2z"),
        Shape::Fork => ("fork", lower, "M0 17v-4l-4 -5M0 13l4 -5"),
        Shape::Parting => ("parting", upper, "M0 17v-9l-6 -7M0 8l6 -7"),
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
