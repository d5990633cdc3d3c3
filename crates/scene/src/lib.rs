//! What a moment of a run looks like: shapes, labels and sentences, without a screen.
//!
//! Pure: a run, its cursor and a size go in, plain data comes out. The page draws it, a terminal
//! prints it, tests compare it. Keep a [`SceneIndex`] beside each run, [`SceneIndex::update`] it after
//! each `seek`, then ask for [`stage`](stage::stage), [`flights`](flights::flights), words.
//!
//! The stage is asked for about ten times a second; [`position`] of what is on the
//! wire sixty times.

#![forbid(unsafe_code)]

mod cards;
pub mod events;
pub mod flights;
pub mod geometry;
pub mod glyphs;
pub mod index;
mod layout;
mod metrics;
mod moment;
mod people;
pub mod quantity;
mod routes;
pub mod space_time;
pub mod stage;
pub mod svg;
mod text;
pub mod timeline;
pub mod tone;
pub mod words;

pub use events::{event_words, recent_events};
pub use flights::{ChipShape, Flight, Mark, flights, marks, position};
pub use index::SceneIndex;
pub use space_time::{Diagram, space_time};
pub use stage::{Stage, stage};
pub use svg::svg;
pub use timeline::{Timeline, is_quiet, next_event, previous_event, timeline};
pub use tone::{Hue, Tone};
pub use words::{
    Caption, PromiseRow, Screen, ack_words, caption, promise_rows, quorum_words, reads_words,
    text_twin, what_they_see,
};
