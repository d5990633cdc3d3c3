//! Whole pages.

use yew::prelude::*;

pub mod compare;
pub mod glossary;
pub mod history;
pub mod limits;
pub mod watch;

/// What a page beside the run is made from.
#[derive(PartialEq, Properties)]
pub struct Back {
    /// The address, behind the page's own, that leads back to the run.
    pub back: String,
}
