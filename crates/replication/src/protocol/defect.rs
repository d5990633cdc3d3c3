//! Defects that a protocol can be given in tests, so that the monitors have something to catch.
//!
//! A protocol asks for each at one place. Outside tests none has any, and asking costs nothing.

use crate::scenario::Structure;

/// What is wrong with a protocol.
#[cfg_attr(not(test), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// One leader: what was sent to a follower counts as persisted there.
    AckOnSend,
    /// One leader: a session token is not looked at.
    TokenIgnored,
    /// A session that sticks to a replica goes to another for each read.
    StickyWanders,
    /// One leader: a follower keeps its own entry where the leader has another.
    TruncationSkipped,
    /// One leader: a leader without a lease goes on.
    FencingForgotten,
    /// One leader: of a view only the first key is read as of one moment.
    ViewTorn,
    /// One leader: a replica is read whatever its lag.
    BudgetIgnored,
    /// Many leaders: an update is taken though one before it is missing.
    GapPassed,
    /// Many leaders: what came from elsewhere is passed on late.
    PassedOnLate,
    /// Leaderless: a hint is dropped, and not delivered.
    HintDropped,
    /// Leaderless: coordinators give out the same stamps.
    StampsTied,
    /// Leaderless: a read answers before what it found is on W copies.
    WriteBackSkipped,
    /// Leaderless: a write claims to have seen what its coordinator holds.
    ConflictCovered,
}

/// Whether the replicas of a system have a defect.
#[cfg(test)]
pub(crate) fn is(structure: &Structure, defect: Defect) -> bool {
    structure.defect == Some(defect)
}

/// Whether the replicas of a system have a defect: they don't.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn is(_: &Structure, _: Defect) -> bool {
    false
}
