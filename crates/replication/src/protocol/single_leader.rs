//! In progress.
/// In progress.
#[derive(Debug)]
pub struct SingleLeader;
