//! What a key is in truth: what a client was promised or has been shown, beside how many copies hold it.

use replication::ids::{Held, KeyId, Value, Version, WriteId, covers};
use replication::trace::Outcome;

use crate::index::Acked;
use crate::moment::Moment;
use crate::quantity::{count, listed};

/// What a key is in truth.
pub(crate) struct Truth {
    /// The writes that stand; with version vectors there may be several.
    pub writes: Vec<WriteId>,
    /// What the key should hold, where all acknowledged writes merge.
    pub merged: Option<Value>,
    /// Its version, where it was never acknowledged: a client has been shown it.
    pub only_seen: Option<Version>,
    /// Which write that is, how it came to be, and on how many copies it is.
    pub note: String,
}

impl Truth {
    /// The value in words.
    pub fn value(&self, now: &Moment<'_>) -> String {
        if let Some(merged) = self.merged {
            return now.value(merged);
        }
        let value = |write: &WriteId| now.value_of(*write).unwrap_or_else(|| "?".to_owned());
        let values: Vec<String> = self.writes.iter().map(value).collect();
        listed(&values)
    }

    /// Whether something is older than what was never acknowledged, but seen.
    pub fn was_seen_after(&self, mut held: impl Iterator<Item = Held>) -> bool {
        self.only_seen
            .is_some_and(|seen| !held.any(|held| covers(held.version, Some(seen))))
    }
}

/// What was acknowledged last; or what came after it without an answer, once a client has been shown that: from then on nobody
/// may be shown anything older. `None` where nothing has been acknowledged.
pub(crate) fn truth(now: &Moment<'_>, key: KeyId) -> Option<Truth> {
    let front = now.truths(key)?;
    let of = now.copies(key).len();
    let copies = count(of as u64, "copy", "copies");
    let writes: Vec<WriteId> = front.acked.iter().map(|acked| acked.write).collect();
    if front.merged.is_some() {
        // How many show all that was acknowledged.
        let whole = now
            .replicas()
            .filter(|node| !now.is_stale(key, &node.held, &node.siblings));
        let note = format!("all that was acked, on {} of {copies}", whole.count());
        return Some(Truth {
            writes,
            merged: front.merged,
            only_seen: None,
            note,
        });
    }
    if let [acked] = &front.acked[..]
        && let Some(surfaced) = now.surfaced(key, acked)
        && surfaced.seen
    {
        let (number, on) = (now.number(surfaced.write), surfaced.on);
        return Some(Truth {
            writes: vec![surfaced.write],
            merged: None,
            only_seen: Some(surfaced.version),
            note: format!("{number}, never acked, but seen, on {on} of {copies}"),
        });
    }
    Some(Truth {
        note: note(now, key, &front.acked, &copies),
        writes,
        merged: None,
        only_seen: None,
    })
}

fn note(now: &Moment<'_>, key: KeyId, front: &[Acked], copies: &str) -> String {
    let numbers: Vec<String> = front.iter().map(|acked| now.number(acked.write)).collect();
    let number = listed(&numbers);
    let have = |acked: &Acked| now.holders(acked).len();
    let have = front.iter().map(have).min().unwrap_or(0);
    if have == 0 {
        return format!("{number}, acked, on no disk any more");
    }
    let [acked] = front else {
        let all = if numbers.len() == 2 { "both" } else { "all" };
        return format!("{number}, acked, {all} stand, on {have} of {copies}");
    };
    if now.is_abandoned(acked) {
        return format!("{number}, acked, on {have} of {copies}, to be discarded");
    }
    if let Some(surfaced) = now.surfaced(key, acked) {
        let (other, on) = (now.number(surfaced.write), surfaced.on);
        return format!(
            "{number}, the last that was acked; {other}, which was not, is on {on} of {copies}"
        );
    }
    let told = match is_unheard(now, acked) {
        true => "“done” said and not heard",
        false => "acked",
    };
    // A statement that each copy carries out for itself makes another value of it there.
    let made = now.values_of(key, acked.write);
    if made > 1 {
        return format!("{number}, {told}, on {have} of {copies}, as {made} different values");
    }
    // Without a log a copy may hold what came after it in its place.
    match now.replaced(key, acked) {
        0 => format!("{number}, {told}, on {have} of {copies}"),
        newer => format!(
            "{number}, {told}, on {} of {copies}; {newer} {} a newer one",
            have - newer,
            if newer == 1 { "has" } else { "have" }
        ),
    }
}

/// Whether the client has given up before "done" came.
fn is_unheard(now: &Moment<'_>, acked: &Acked) -> bool {
    let facts = now.index.write(acked.write);
    let ended = facts.and_then(|facts| now.index.op(facts.op)?.ended);
    ended.is_some_and(|(seq, outcome)| seq.index() < now.happened && outcome == Outcome::Unknown)
}
