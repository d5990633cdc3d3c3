//! What each session is doing.
//!
//! A session is a client, and sequential: it has at most one operation open, and what reaches it after
//! it gave the operation up is neither seen by it nor told to it.

use std::fmt::{Display, from_fn};

use crate::ids::{OpId, WriteId};
use crate::promise::words;
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
    /// Where it is a write that was sent before, under the same idempotency key.
    pub again: Option<Again>,
}

/// A write that a leader has recognised as one that is in its log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Again {
    /// The write that is in the log.
    pub earlier: WriteId,
    /// The record that says so.
    pub seq: Seq,
}

impl Again {
    /// After the write's own name: ", which is #2 sent again,". Nothing for a write that is new.
    pub fn told(again: Option<Again>) -> impl Display {
        from_fn(move |f| match again {
            Some(again) => write!(f, ", which is {} sent again,", words::chip(again.earlier)),
            None => Ok(()),
        })
    }
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
            again: None,
        });
    }

    /// The operation, where it is open.
    pub fn open(&self, op: OpId) -> Option<Open> {
        self.0[usize::from(op.client.0)].filter(|open| open.op == op)
    }

    /// A leader has recognised the write as one that is in its log.
    pub fn recognise(&mut self, op: OpId, earlier: WriteId, seq: Seq) {
        if let Some(open) = &mut self.0[usize::from(op.client.0)]
            && open.op == op
        {
            open.again = Some(Again { earlier, seq });
        }
    }

    /// The operation is over. What it was, where it was open.
    pub fn end(&mut self, op: OpId) -> Option<Open> {
        let open = self.open(op)?;
        self.0[usize::from(op.client.0)] = None;
        Some(open)
    }
}
