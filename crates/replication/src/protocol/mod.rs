//! In progress.
pub mod leaderless;
pub mod single_leader;
