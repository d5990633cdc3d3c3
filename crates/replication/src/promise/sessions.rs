//! What each session is doing.
//!
//! A session is a client, and sequential: it has at most one operation open, and what reaches it after
//! it gave the operation up is neither seen by it nor told to it.

use crate::ids::OpId;
use crate::trace::{Action, Seq};

/// The open operation of each session.
#[derive(Clone, Debug)]
pub(super) struct Sessions(Vec<Option<Open>>);

/// An open operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// Which.
    pub op: OpId,
    /// What it does.
    pub action: Action,
    /// The record of its invocation.
    pub invoked: Seq,
}

impl Sessions {
    /// Sessions that do nothing yet.
    pub fn new(clients: usize) -> Self {
        Sessions(vec![None; clients])
    }

    /// A session begins an operation.
    pub fn begin(&mut self, op: OpId, action: Action, invoked: Seq) {
        self.0[usize::from(op.client.0)] = Some(Open {
            op,
            action,
            invoked,
        });
    }

    /// The operation, where it is open.
    pub fn open(&self, op: OpId) -> Option<Open> {
        self.0[usize::from(op.client.0)].filter(|open| open.op == op)
    }

    /// The operation is over. What it was, where it was open.
    pub fn end(&mut self, op: OpId) -> Option<Open> {
        let open = self.open(op)?;
        self.0[usize::from(op.client.0)] = None;
        Some(open)
    }
}
