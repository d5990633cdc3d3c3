//! Linearizable: whether some order of the operations on a key, respecting real time, explains what was
//! returned.
//!
//! Per key, as a register whose writes are told apart by their numbers: an addition at the leader is as
//! good as a set. A write whose outcome is unknown stays open: it may take effect at any time after its
//! invocation, or never. A refused one never does. A read counts from the moment at which its value
//! arrives. A write has one value: where a statement is carried out by each replica for itself, and reads
//! show what two of them made of it, no order explains that.
//!
//! Judged by the zones of Gibbons and Korach, "Testing shared memories" (1997). A write and the reads that
//! saw it are a cluster. One cluster is before another where one of its operations had ended before one
//! of the other's began. A history is linearizable exactly where no two clusters are each before the
//! other, and no value was seen before it was written. So only the first end and the last beginning of
//! each cluster need to be known, and only an answer can break the promise.
//!
//! An answer that does is left out, and the watching goes on as if that read had returned nothing: each
//! violation is one answer, wrong by all that was right before. (A write may be refused that somebody had
//! seen: then that is left out, and the write stays open.)
//!
//! An answer counts as tested where some write to the key had been done, or seen, before the read was
//! invoked: before that there is nothing to fall behind. What isn't a register is *unknown*: once siblings
//! or a merged value are returned, the key is not judged any more; what was judged until then stands.
//!
//! What is kept is a few numbers for each write, and nothing for each read.

pub(in crate::promise) use monitor::Linearizable;

use crate::ids::{Held, KeyId, Version};
use crate::promise::evidence::in_order;
use crate::promise::watch::together;
use crate::trace::{Action, Kind, Record, Seq};

/// What becomes of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// There is such an order.
    Yes,
    /// There is none; these records alone show it, in order.
    No(Vec<Seq>),
    /// The key isn't a register.
    Unknown,
}

/// Judges the operations on one key.
pub fn linearizable(trace: &[Record], key: KeyId) -> Judgement {
    let mut clients = 0;
    let mut keys = usize::from(key.0) + 1;
    for record in trace {
        if let Kind::Invoked { op, action } = record.kind {
            clients = clients.max(usize::from(op.client.0) + 1);
            if let Action::Write { key, .. } = action {
                keys = keys.max(usize::from(key.0) + 1);
            }
        }
    }
    let mut monitor = Linearizable::of(clients, keys);
    let mut proof = None;
    let mut rest = trace;
    while !rest.is_empty() {
        let what = &rest[..together(rest)];
        rest = &rest[what.len()..];
        let concerns = match what[0].kind {
            Kind::Saw { op, key: of, .. } => of == key && usize::from(op.client.0) < clients,
            Kind::Ended { op, .. } | Kind::Recognised { op, .. } => {
                usize::from(op.client.0) < clients
            }
            Kind::Invoked { .. } => true,
            _ => false,
        };
        if concerns
            && let Some(finding) = monitor.look(what)
            && proof.is_none()
        {
            proof = Some(in_order(monitor.proof(&finding)));
        }
    }
    match proof {
        _ if !monitor.is_register(key) => Judgement::Unknown,
        Some(proof) => Judgement::No(proof),
        None => Judgement::Yes,
    }
}

/// Whether it was merged from several writes.
fn is_merged(held: Held) -> bool {
    matches!(held.version, Some(Version::Dotted { dot, seen }) if seen.covers(dot))
}

#[cfg(test)]
mod judges;
mod monitor;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod zones;
