//! Whole pages.

pub mod watch;
