//! The parts of the page, one a file. Each takes a desk, draws what it finds there and calls its verbs.

pub mod announce;
pub mod caption;
pub mod choice;
pub mod diagram;
pub mod document;
pub mod figure;
pub mod fold;
pub mod keys;
pub mod knobs;
pub mod measured;
pub mod menu;
pub mod promises;
pub mod protocol;
pub mod screens;
pub mod seed;
pub mod slider;
pub mod stage;
pub mod topbar;
pub mod transport;
pub mod verbs;
pub mod violation;
