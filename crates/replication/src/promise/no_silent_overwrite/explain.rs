//! How a write came to be dropped, in records and in words.

use smallvec::SmallVec;

use crate::ids::{NodeId, OpId, Version, WriteId};
use crate::promise::cause::{Lacking, Look, Missing, Since};
use crate::promise::evidence::in_order;
use crate::promise::no_silent_overwrite::{Finding, How, is_dotted, taken_by};
use crate::promise::{Case, Promise, Violation, words};
use crate::trace::{Action, Kind, Outcome, Record, Seq};

/// One of the two writes.
struct Side<'a> {
    write: WriteId,
    version: Version,
    invoked: Seq,
    told: Seq,
    /// Who wrote it.
    writer: &'a str,
    /// The leader or coordinator that said "done", and the record of that.
    taken: Option<(NodeId, Seq)>,
}

pub(super) fn explain(finding: &Finding, case: &Case<'_>) -> Violation {
    let names = case.names();
    let side = |write, (invoked, told, version)| Side {
        write,
        version,
        invoked,
        told,
        writer: match case.record(told).map(|record| record.kind) {
            Some(Kind::Ended { op, .. }) => names.client(op.client),
            _ => "",
        },
        taken: taken_by(version).zip(case.index.acknowledged(write)),
    };
    let lost = side(finding.dropped, finding.both[0]);
    let kept = side(finding.by, finding.both[1]);
    let mut evidence = vec![lost.invoked, lost.told, kept.invoked, kept.told];
    let (met, node) = match finding.how {
        How::Stored { there, came } => {
            evidence.extend([there, came]);
            (came, node_of(case, came))
        }
        How::Conflict(seq) => {
            evidence.push(seq);
            (seq, node_of(case, seq))
        }
        How::Kept => (finding.at, None),
    };
    let mut sentence = match finding.reversed && matches!(lost.version, Version::Stamp { .. }) {
        true => reversed(&lost, &kept, case, &mut evidence),
        false => overlapped(&lost, &kept, finding, case, &mut evidence),
    };
    let (lost_chip, kept_chip) = (words::chip(lost.write), words::chip(kept.write));
    let at = node.map_or("", |node| names.node(node));
    sentence.push_str(&format!(
        " They met at {at} at {}: {lost_chip} was dropped for {kept_chip}, {}, and nobody was told.",
        words::moment(case.at(met)),
        why(&lost, &kept),
    ));
    Violation {
        promise: Promise::NoSilentOverwrite,
        at: finding.at,
        evidence: in_order(evidence),
        title: format!("{}’s {} was dropped in silence", lost.writer, lost_chip),
        sentence,
    }
}

/// By what rule the one was kept.
fn why(lost: &Side<'_>, kept: &Side<'_>) -> &'static str {
    match (lost.version, kept.version) {
        (Version::Revision { count: lost, .. }, Version::Revision { count: kept, .. })
            if lost == kept =>
        {
            "edited as often and by a leader that comes later in their order"
        }
        (Version::Revision { .. }, _) => "the one that had been edited more often",
        (Version::Dotted { .. }, _) => "which claims to have seen it",
        _ => "which has the later timestamp",
    }
}

/// Both were under way at once.
fn overlapped(
    lost: &Side<'_>,
    kept: &Side<'_>,
    finding: &Finding,
    case: &Case<'_>,
    evidence: &mut Vec<Seq>,
) -> String {
    let mut sides = [lost, kept];
    if kept.invoked < lost.invoked {
        sides.reverse();
    }
    let mut sentence = String::new();
    for (number, side) in sides.into_iter().enumerate() {
        let write = case.write_in_words(side.write, side.invoked);
        let told = words::moment(case.at(side.told));
        let join = if number == 0 { "" } else { ", and " };
        sentence.push_str(&format!(
            "{join}{} wrote {write} and was told “done” at {told}",
            side.writer
        ));
    }
    let (kept_writer, lost_chip) = (kept.writer, words::chip(lost.write));
    sentence.push_str(&match finding.had_seen {
        true if kept_writer == lost.writer => format!("; {lost_chip} came after it."),
        true => format!("; {kept_writer} had not seen {lost_chip}."),
        false => "; neither had seen the other’s.".to_owned(),
    });
    if finding.had_seen {
        evidence.extend(sight(lost, kept, case));
    }
    // What the one that was taken later lacked when it was.
    let takens = [(lost, kept), (kept, lost)]
        .into_iter()
        .filter_map(|(side, other)| Some((side.taken?, other)));
    let Some(((node, seq), other)) = takens.max_by_key(|((_, seq), _)| *seq) else {
        return sentence;
    };
    let holds_copies = case
        .scenario
        .structure
        .copies_of(finding.key)
        .any(|copy| copy == node);
    let missing = Missing {
        write: other.write,
        key: finding.key,
        version: other.version,
    };
    let lacking = Lacking::at(case, Look { node, served: seq }, missing);
    // By then it may have come.
    let has_come = lacking.is_on_disk();
    if holds_copies
        && !has_come
        && let Some(cause) = lacking.told(case, missing, Since::JustTold)
    {
        let chip = words::chip(if other.write == lost.write {
            kept.write
        } else {
            lost.write
        });
        sentence.push_str(&format!(
            " When {} said “done” to {chip} at {}, {cause}.",
            case.names().node(node),
            words::moment(case.at(seq)),
        ));
        evidence.extend(lacking.evidence());
    }
    sentence
}

/// Where the writer of the one had seen the other, or what superseded that: the record, the beginning of the
/// operation that it belongs to, and of the write that was seen.
fn sight(lost: &Side<'_>, kept: &Side<'_>, case: &Case<'_>) -> SmallVec<[Seq; 3]> {
    let Some(Kind::Invoked {
        op: own,
        action: Action::Write { key: of_key, .. },
    }) = case.record(lost.invoked).map(|record| record.kind)
    else {
        return SmallVec::new();
    };
    // Whoever wrote both knows of the first by having been told “done” for it.
    let is_own =
        |record: &Record| matches!(record.kind, Kind::Ended { op, .. } if op.client == own.client);
    if kept.told < lost.invoked && case.record(kept.told).is_some_and(is_own) {
        return SmallVec::new();
    }
    let before = case
        .trace
        .partition_point(|record| record.seq < lost.invoked);
    let mut earlier = case.trace[..before].iter().rev();
    let tells = |write: WriteId, version: Version| {
        // Writes are numbered as they are begun; a vector says by itself what it has seen.
        version.covers(&kept.version) && (is_dotted(version) || write >= kept.write)
    };
    let seen = earlier.find_map(|record| match record.kind {
        Kind::Saw { op, key, held, .. } if op.client == own.client && key == of_key => {
            let (write, version) = held.write.zip(held.version)?;
            tells(write, version).then_some((record.seq, op, write, version))
        }
        Kind::Ended {
            op,
            outcome: Outcome::Written { version },
        } if op.client == own.client => {
            let begun = begun(case, op, record.seq)?;
            let (write, key, _) = case.write(begun)?;
            (key == of_key && tells(write, version)).then_some((record.seq, op, write, version))
        }
        _ => None,
    });
    let Some((seq, op, write, version)) = seen else {
        return SmallVec::new();
    };
    let mut records = SmallVec::from_iter([seq]);
    records.extend(begun(case, op, seq));
    if !is_dotted(version) {
        records.extend(case.index.invoked(write));
    }
    records
}

/// Where an operation began that is under way at a record.
fn begun(case: &Case<'_>, op: OpId, at: Seq) -> Option<Seq> {
    let before = case.trace.partition_point(|record| record.seq < at);
    let mut earlier = case.trace[..before].iter().rev();
    let is_it = |record: &&Record| matches!(record.kind, Kind::Invoked { op: of, .. } if of == op);
    earlier.find(is_it).map(|record| record.seq)
}

/// The later one has the earlier timestamp.
fn reversed(lost: &Side<'_>, kept: &Side<'_>, case: &Case<'_>, evidence: &mut Vec<Seq>) -> String {
    let told = case.at(kept.told);
    let mut sentence = format!(
        "{} wrote {} and was told “done” at {}. {} later {} wrote {}, which got the earlier timestamp all the \
         same, and was told “done” too.",
        kept.writer,
        case.write_in_words(kept.write, kept.invoked),
        words::moment(told),
        words::span(case.at(lost.invoked).since_us(told)),
        lost.writer,
        case.write_in_words(lost.write, lost.invoked),
    );
    for side in [lost, kept] {
        let Some((node, acked)) = side.taken else {
            continue;
        };
        let Some((seq, by_us)) = case.skew(node, acked) else {
            continue;
        };
        let way = if by_us < 0 { "behind" } else { "ahead" };
        sentence.push_str(&format!(
            " The clock of {}, which stamped {}, was {} {way}.",
            case.names().node(node),
            words::chip(side.write),
            words::span(by_us.unsigned_abs()),
        ));
        evidence.extend([seq, acked]);
    }
    sentence
}

fn node_of(case: &Case<'_>, seq: Seq) -> Option<NodeId> {
    match case.record(seq) {
        Some(Record {
            kind: Kind::Stored { node, .. } | Kind::Conflict { node, .. },
            ..
        }) => Some(*node),
        _ => None,
    }
}
