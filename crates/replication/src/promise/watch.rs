//! In progress.
/// In progress.
#[derive(Debug, Clone)]
pub struct Watch;
