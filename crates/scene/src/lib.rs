//! What a moment of a run looks like: shapes, labels and sentences, without a screen.
//!
//! Pure: a run, its cursor and a size go in, plain data comes out. The page draws it, a terminal
//! prints it, tests compare it. Keep a [`SceneIndex`] beside each run, [`SceneIndex::update`] it after
//! each `seek`, then ask for [`stage`](stage::stage), [`flights`](flights::flights), words.
//!
//! The stage is asked for about ten times a second; [`position`] of what is on the
//! wire sixty times.

#![forbid(unsafe_code)]

mod backups;
mod beats;
pub mod branches;
mod cards;
mod cells;
pub mod charts;
pub mod compare;
mod discards;
pub mod events;
mod fixes;
pub mod flights;
mod frontiers;
pub mod geometry;
pub mod glossary;
pub mod glyphs;
pub mod index;
mod lanes;
mod layout;
pub mod legend;
mod links;
mod metrics;
mod moment;
mod pace;
mod people;
mod places;
pub mod quantity;
mod routes;
pub mod screens;
mod settings;
pub mod space_time;
pub mod stage;
mod state;
pub mod svg;
mod tags;
mod text;
pub mod timeline;
pub mod tone;
pub mod trip;
mod truth;
mod twin;
mod wire;
pub mod words;

pub use backups::{BackupRow, BackupStrip, backup_strip};
pub use beats::{beats, beats_of_both, first_breaks};
pub use branches::{Branch, BranchRow, Branches, change_words};
pub use charts::{Tally, charts, trilemma};
pub use compare::{Course, Outcome, OutcomeRow, course, outcome_rows};
pub use discards::{DiscardedWrite, discarded_writes};
pub use events::{event_words, foremost_event};
pub use fixes::{FixRow, Pair, fix_rows};
pub use flights::{
    ChipShape, Flight, Mark, Part, Soon, flights, flights_of, marks, position, soon,
};
pub use index::SceneIndex;
pub use pace::usual_flight_ms;
pub use screens::{Screen, what_they_see};
pub use settings::{
    ack_when_words, ack_words, conflicts_words, leader_reads_words, quorum_words, reads_words,
    repair_words, stream_words, topology_words, versions_words, writes_words,
};
pub use space_time::{Diagram, space_time};
pub use stage::{Stage, stage};
pub use svg::svg;
pub use timeline::{is_quiet, length_us, markers, next_event, previous_event, turns_so_far};
pub use tone::{Hue, Tone};
pub use trip::Trip;
pub use twin::text_twin;
pub use wire::{Underway, underway};
pub use words::{Caption, PromiseRow, caption, promise_rows, state_caption, verdict_words};
