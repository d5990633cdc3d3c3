//! Writes that a failover threw away, and who had been told that they were done.

use replication::run::Run;
use replication::trace::{Kind, Outcome};

use crate::index::SceneIndex;
use crate::moment::Moment;

/// The most of them that are listed: the last ones.
const LISTED_MAX: usize = 12;

/// A write that some log has thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscardedWrite {
    /// The number on its chip.
    pub number: u32,
    /// In words: "#2, order: L threw it away. Alice had been told “done”."
    pub words: String,
    /// Whether its client had been told "done".
    pub told: bool,
}

/// The last writes that were thrown away up to the cursor, each once, in order of time.
pub fn discarded_writes(run: &dyn Run, index: &SceneIndex) -> Vec<DiscardedWrite> {
    let now = Moment::of(run, index);
    let mut list: Vec<DiscardedWrite> = Vec::new();
    for record in now.turns().rev() {
        if list.len() == LISTED_MAX {
            break;
        }
        let Kind::Discarded {
            node,
            write: Some(write),
            ..
        } = record.kind
        else {
            continue;
        };
        if list.iter().any(|known| known.number == write.0) {
            continue;
        }
        let Some(facts) = index.write(write) else {
            continue;
        };
        let ended = index.op(facts.op).and_then(|op| op.ended);
        let ended = ended.filter(|(seq, _)| seq.index() < now.happened);
        let told = matches!(ended, Some((_, Outcome::Written { .. })));
        let client = now.names.client(facts.op.client);
        let heard = match ended {
            Some((_, Outcome::Written { .. })) => format!("{client} had been told “done”"),
            Some(_) => format!("{client} never heard what became of it"),
            None => format!("{client} still waits"),
        };
        let (number, key) = (now.number(write), now.names.key(facts.key));
        let words = format!(
            "{number}, {key}: {} threw it away. {heard}.",
            now.names.node(node)
        );
        list.push(DiscardedWrite {
            number: write.0,
            words,
            told,
        });
    }
    list.reverse();
    list
}
