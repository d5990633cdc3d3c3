//! The monitor of linearizability.

use std::fmt::{Display, from_fn};
use std::slice;

use crate::ids::{Change, Held, KeyId, Value, Version, WriteId, covers};
use crate::promise::cause::{Answer, Lacking, Missing, Since};
use crate::promise::evidence::in_order;
use crate::promise::linearizable::is_merged;
use crate::promise::sessions::{Again, Sessions};
use crate::promise::shown::{self, Shown};
use crate::promise::{Case, Heard, Monitor, Promise, Violation, words};
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Outcome, Record, Seq};

/// The monitor.
#[derive(Clone, Debug)]
pub(in crate::promise) struct Linearizable {
    sessions: Sessions,
    /// By key.
    registers: Vec<Register>,
    /// By write, from #1.
    clusters: Vec<Cluster>,
    checked: u32,
}

/// A key.
#[derive(Clone, Debug, Default)]
struct Register {
    /// It returned siblings or a merged value, or what nobody wrote.
    is_given_up: bool,
    /// Of the reads that found nothing, the one that began last.
    empty: Option<Read>,
    /// The writes that were done or seen, in the order in which they first were.
    settled: Vec<WriteId>,
}

/// A write, and the reads that saw it.
#[derive(Clone, Copy, Debug, Default)]
struct Cluster {
    invoked: Option<Seq>,
    /// Its writer was told "done".
    done: Option<Seq>,
    /// Where that was for sending it again under its idempotency key: how that began, and that it was
    /// recognised.
    again: Option<(Seq, Seq)>,
    refused: Option<Seq>,
    /// Of the reads, the one that ended first.
    first: Option<Read>,
    /// Of the reads, the one that began last.
    last: Option<Read>,
    /// What the reads saw.
    value: Value,
}

/// A read that returned something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Read {
    begins: Seq,
    ends: Seq,
}

/// An answer that no order explains.
#[derive(Clone, Copy, Debug)]
pub(in crate::promise) struct Finding {
    at: Seq,
    read: Read,
    /// What it saw; `None` for nothing.
    write: Option<WriteId>,
    why: Why,
}

#[derive(Clone, Copy, Debug)]
enum Why {
    /// The other write was before the read, and what the read saw was before the other write.
    Behind(WriteId),
    /// What it saw was refused.
    Refused(Seq),
    /// Another read had seen another value of the same write.
    Differs(Read),
}

/// How one write was before another, and that before a read.
#[derive(Clone, Copy, Debug)]
struct Order {
    /// What ended first; `None` for the empty key, which was before everything.
    one_ends: Option<By>,
    /// What began after that.
    other_begins: By,
    /// What ended before the read began.
    other_ends: By,
}

/// An operation of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The write itself, at its beginning or its end.
    Write(Seq),
    Read(Read),
}

impl Linearizable {
    /// A monitor that has seen nothing yet.
    pub fn new(scenario: &Scenario) -> Self {
        Linearizable::of(scenario.clients.len(), usize::from(scenario.structure.keys))
    }

    /// The same, for so many clients and keys.
    pub(super) fn of(clients: usize, keys: usize) -> Self {
        Linearizable {
            sessions: Sessions::new(clients),
            registers: vec![Register::default(); keys],
            clusters: Vec::new(),
            checked: 0,
        }
    }

    /// Whether the key may still be a register.
    pub(super) fn is_register(&self, key: KeyId) -> bool {
        !self.registers[usize::from(key.0)].is_given_up
    }

    /// Looks at what happened next.
    pub(super) fn look(&mut self, what: &[Record]) -> Option<Finding> {
        let record = &what[0];
        match record.kind {
            Kind::Invoked { op, action } => {
                self.sessions.begin(op, action, record.seq);
                if let Action::Write { write, .. } = action {
                    let count = place(write) + 1;
                    if self.clusters.len() < count {
                        self.clusters.resize(count, Cluster::default());
                    }
                    self.clusters[place(write)].invoked = Some(record.seq);
                }
                None
            }
            Kind::Recognised { op, earlier, .. } => {
                self.sessions.recognise(op, earlier, record.seq);
                None
            }
            Kind::Ended { op, outcome } => {
                let open = self.sessions.end(op)?;
                let Action::Write { write, key, .. } = open.action else {
                    return None;
                };
                if let Some(again) = open.again {
                    self.done_again(key, (open.invoked, again), record);
                    return None;
                }
                let cluster = &mut self.clusters[place(write)];
                match outcome {
                    Outcome::Written { .. } => {
                        if cluster.first.is_none() {
                            self.registers[usize::from(key.0)].settled.push(write);
                        }
                        cluster.done = Some(record.seq);
                    }
                    Outcome::Refused => match cluster.first {
                        Some(read) => {
                            return Some(Finding {
                                at: record.seq,
                                read,
                                write: Some(write),
                                why: Why::Refused(record.seq),
                            });
                        }
                        None => cluster.refused = Some(record.seq),
                    },
                    _ => {}
                }
                None
            }
            Kind::Saw { op, key, held, .. } => {
                let read = Read {
                    begins: self.sessions.open(op)?.invoked,
                    ends: record.seq,
                };
                let register = &mut self.registers[usize::from(key.0)];
                let is_known = |write| {
                    matches!(
                        self.clusters.get(place(write)),
                        Some(Cluster {
                            invoked: Some(_),
                            ..
                        })
                    )
                };
                register.is_given_up |=
                    what.len() > 1 || is_merged(held) || !held.write.is_none_or(is_known);
                if register.is_given_up {
                    return None;
                }
                self.answer(key, read, held)
            }
            _ => None,
        }
    }

    /// A write that was sent before is over. It writes nothing: where its client was told "done", the one
    /// that is in the log is done.
    fn done_again(&mut self, key: KeyId, (invoked, again): (Seq, Again), ended: &Record) {
        if let Kind::Ended {
            outcome: Outcome::Written { .. },
            ..
        } = ended.kind
            && let Some(cluster) = self.clusters.get_mut(place(again.earlier))
            && cluster.done.is_none()
        {
            if cluster.first.is_none() {
                let register = &mut self.registers[usize::from(key.0)];
                register.settled.push(again.earlier);
            }
            cluster.done = Some(ended.seq);
            cluster.again = Some((invoked, again.seq));
        }
    }

    /// A read returns something.
    fn answer(&mut self, key: KeyId, read: Read, held: Held) -> Option<Finding> {
        let write = held.write;
        let why = self.contradiction(key, read, held);
        let register = &mut self.registers[usize::from(key.0)];
        let is_tested = register
            .settled
            .first()
            .is_some_and(|first| self.clusters[place(*first)].first_end() < Some(read.begins));
        self.checked += u32::from(is_tested || why.is_some());
        if let Some(why) = why {
            return Some(Finding {
                at: read.ends,
                read,
                write,
                why,
            });
        }
        let last = match write {
            None => &mut register.empty,
            Some(write) => {
                let cluster = &mut self.clusters[place(write)];
                if cluster.first_end().is_none() {
                    register.settled.push(write);
                }
                cluster.first.get_or_insert(read);
                cluster.value = held.value;
                &mut cluster.last
            }
        };
        if last.is_none_or(|last| last.begins < read.begins) {
            *last = Some(read);
        }
        None
    }

    /// Why a read can't have seen this, given all that was right before.
    fn contradiction(&self, key: KeyId, read: Read, held: Held) -> Option<Why> {
        let register = &self.registers[usize::from(key.0)];
        let write = held.write;
        let (first_end, last_begin) = match write {
            None => (None, register.empty.map(|empty| empty.begins)),
            Some(write) => {
                let cluster = &self.clusters[place(write)];
                if let Some(refused) = cluster.refused {
                    return Some(Why::Refused(refused));
                }
                if let Some(first) = cluster.first
                    && cluster.value != held.value
                {
                    return Some(Why::Differs(first));
                }
                // Open and not seen before: it may be taking effect right now.
                cluster.first_end()?;
                (cluster.first_end(), cluster.last_begin())
            }
        };
        // Before its last beginning so far, nothing has changed for this cluster. And few can have been
        // settled since without having begun after its first end, and so being after it.
        let settled = register.settled.iter().rev().copied();
        settled
            .map(|other| (other, &self.clusters[place(other)]))
            .skip_while(|(_, other)| other.first_end() >= Some(read.begins))
            .take_while(|(_, other)| other.first_end() >= last_begin)
            .find(|(other, cluster)| Some(*other) != write && cluster.last_begin() > first_end)
            .map(|(other, _)| Why::Behind(other))
    }

    /// How what a read saw was before the other write, and that before the read.
    fn order(&self, finding: &Finding, other: WriteId) -> Option<Order> {
        let one = finding.write.map(|write| &self.clusters[place(write)]);
        let other = &self.clusters[place(other)];
        let first_end = one.and_then(Cluster::first_end);
        let is_after = |begins: Seq| Some(begins) > first_end;
        let is_before = |ends: Seq| ends < finding.read.begins;
        let done = other.done.filter(|done| is_before(*done)).map(By::Write);
        let first = other.first.filter(|first| is_before(first.ends));
        let seen = first.map(By::Read);
        let invoked = other.invoked?;
        // The fewest operations that show both; one may show both at once.
        let mut reads = [first, other.last.filter(|last| is_before(last.ends))]
            .into_iter()
            .flatten();
        let (other_begins, other_ends) = if is_after(invoked) {
            (By::Write(invoked), done.or(seen)?)
        } else if let Some(both) = reads.find(|read| is_after(read.begins)) {
            (By::Read(both), By::Read(both))
        } else {
            (By::Read(other.last?), done.or(seen)?)
        };
        let begins = match other_begins {
            By::Write(invoked) => invoked,
            By::Read(read) => read.begins,
        };
        let done = |one: &Cluster| one.done.filter(|done| *done < begins).map(By::Write);
        Some(Order {
            one_ends: one.and_then(|one| done(one).or(one.first.map(By::Read))),
            other_begins,
            other_ends,
        })
    }

    /// The records that prove a finding.
    pub(super) fn proof(&self, finding: &Finding) -> Vec<Seq> {
        let invoked = |write: WriteId| self.clusters[place(write)].invoked;
        let mut proof = vec![finding.read.begins, finding.read.ends];
        proof.extend(finding.write.and_then(invoked));
        match finding.why {
            Why::Refused(refused) => proof.push(refused),
            Why::Differs(other) => proof.extend([other.begins, other.ends]),
            Why::Behind(other) => {
                proof.extend(invoked(other));
                let order = self.order(finding, other);
                for by in order.iter().flat_map(Order::operations) {
                    match by {
                        By::Write(seq) => proof.push(seq),
                        By::Read(read) => proof.extend([read.begins, read.ends]),
                    }
                }
                for write in finding.write.into_iter().chain([other]) {
                    let cluster = &self.clusters[place(write)];
                    if let Some((invoked, recognised)) = cluster.again
                        && cluster.done.is_some_and(|done| proof.contains(&done))
                    {
                        proof.extend([invoked, recognised]);
                    }
                }
            }
        }
        proof
    }
}

#[cfg(test)]
impl Finding {
    /// The record that makes it.
    pub(super) fn at(&self) -> Seq {
        self.at
    }
}

impl Cluster {
    /// When the first of its operations ended.
    fn first_end(&self) -> Option<Seq> {
        match (self.done, self.first.map(|first| first.ends)) {
            (Some(done), Some(seen)) => Some(done.min(seen)),
            (done, seen) => done.or(seen),
        }
    }

    /// When the last of its operations began.
    fn last_begin(&self) -> Option<Seq> {
        self.invoked.max(self.last.map(|last| last.begins))
    }
}

impl Order {
    fn operations(&self) -> impl Iterator<Item = By> + use<> {
        self.one_ends
            .into_iter()
            .chain([self.other_begins, self.other_ends])
    }
}

impl Monitor for Linearizable {
    type Finding = Finding;
    const HEARS: Heard = Heard::CLIENTS;

    fn observe(&mut self, what: &[Record], found: &mut Vec<Finding>) {
        found.extend(self.look(what));
    }

    fn checked(&self) -> u32 {
        self.checked
    }

    fn explain(&self, finding: &Finding, case: &Case<'_>) -> Violation {
        let mut evidence = self.proof(finding);
        let mut title = String::new();
        let mut sentence = String::new();
        if let Some(record) = case.record(finding.read.ends)
            && let Kind::Saw { op, key, .. } = record.kind
        {
            let names = case.names();
            let (reader, key) = (names.client(op.client), names.key(key));
            match finding.why {
                Why::Refused(refused) => {
                    let write = finding.write.expect("only a write can be refused");
                    title = format!("{reader} saw {}, which was refused", words::chip(write));
                    sentence = format!(
                        "{} and was refused at {}: it was never done. {reader} saw {}, at {}.",
                        self.wrote(write, case),
                        words::moment(case.at(refused)),
                        saw(finding.read, case),
                        words::moment(record.at),
                    );
                }
                Why::Differs(other) => {
                    let write = finding.write.expect("only a write has values");
                    title = format!("{reader} saw another value of {}", words::chip(write));
                    let first = case.at(other.ends);
                    sentence = format!(
                        "{}. {} saw {}, at {}; {} later {reader} saw {}: one write, and two values{}.",
                        self.wrote(write, case),
                        self::reader(other, case),
                        saw(other, case),
                        words::moment(first),
                        words::span(record.at.since_us(first)),
                        saw(finding.read, case),
                        if self.is_call(write, case) {
                            ", since each replica carries the statement out for itself"
                        } else {
                            ""
                        },
                    );
                }
                Why::Behind(other) => {
                    title = format!("{reader} saw {key} as it was before {}", words::chip(other));
                    if let Some(order) = self.order(finding, other) {
                        let (told, causes) = self.told(finding, other, order, case);
                        sentence = told;
                        evidence.extend(causes);
                    }
                }
            }
        }
        Violation {
            promise: Promise::Linearizable,
            at: finding.at,
            evidence: in_order(evidence),
            title,
            sentence,
        }
    }
}

impl Linearizable {
    /// What happened, and why, in sentences; and the records of the causes.
    fn told(
        &self,
        finding: &Finding,
        other: WriteId,
        order: Order,
        case: &Case<'_>,
    ) -> (String, Vec<Seq>) {
        let before = By::end(order.other_ends);
        let (asked, told) = (case.at(finding.read.begins), case.at(before));
        let begun = from_fn(|f| match order.other_begins {
            By::Write(_) => {
                write!(f, "{}", self.wrote(other, case))?;
                match order.one_ends {
                    Some(ends) => write!(f, " after {}", self.over(finding, ends, case)),
                    None => Ok(()),
                }
            }
            By::Read(read) => {
                let asks = reader(read, case);
                match order.one_ends {
                    Some(By::Read(seen)) if reader(seen, case) == asks => {
                        let over = self.over(finding, By::Read(seen), case);
                        write!(f, "{over}, asked again")?;
                    }
                    Some(ends) => {
                        write!(f, "{asks} asked after {}", self.over(finding, ends, case))?
                    }
                    None => write!(f, "{asks} asked")?,
                }
                write!(f, " and saw {}", saw(read, case))
            }
        });
        let ended = from_fn(|f| match (order.other_begins, order.other_ends) {
            (one, same) if one == same => f.write_str(","),
            (By::Write(_), By::Write(_)) if order.one_ends.is_none() => {
                f.write_str(" and was told “done”")
            }
            (By::Write(_), By::Write(_)) => f.write_str(", and was told “done”"),
            (_, By::Write(_)) => write!(f, "; {} was told “done” for it", self.writer(other, case)),
            (_, By::Read(read)) => write!(f, ", and {} saw it", reader(read, case)),
        });
        let (answered, causes) = self.answered(finding, other, order, case);
        let when = from_fn(|f| match asked.since_us(told) {
            0 => f.write_str("at once"),
            us => write!(f, "{} later", words::span(us)),
        });
        let sentence = format!(
            "{begun}{ended} at {}. {} asked {when}, and {answered}.",
            words::moment(told),
            reader(finding.read, case),
        );
        (sentence, causes)
    }

    /// What the read was answered, and why, without a full stop; and the records of the causes.
    fn answered(
        &self,
        finding: &Finding,
        other: WriteId,
        order: Order,
        case: &Case<'_>,
    ) -> (String, Vec<Seq>) {
        let version = match order.other_ends {
            By::Write(done) => match case.record(done).map(|record| record.kind) {
                Some(Kind::Ended {
                    outcome: Outcome::Written { version },
                    ..
                }) => Some(version),
                _ => None,
            },
            By::Read(read) => version_seen(read, case),
        };
        let (Some(record), Some(version)) = (case.record(finding.read.ends), version) else {
            return Default::default();
        };
        let Kind::Saw { key, held, .. } = record.kind else {
            return Default::default();
        };
        let of = |write, version| Missing {
            write,
            key,
            version,
        };
        let mut causes = Vec::new();
        if !covers(held.version, Some(version)) {
            let shown = Shown::of(slice::from_ref(record));
            let answer = Answer::of(case, shown, of(other, version));
            causes.extend(answer.evidence());
            let told = answer.told(case).to_string();
            // Where several replicas answered, the sentence has its subject already.
            let reader = reader(finding.read, case);
            let told = match told.strip_prefix(reader) {
                Some(rest) => rest.trim_start().to_owned(),
                None => told,
            };
            return (told, causes);
        }
        // By the protocol's own order nothing was missing here.
        let mut answered = format!("saw {}", saw(finding.read, case));
        if let Some((write, later)) = finding.write.zip(held.version) {
            let (one, other) = (words::chip(write), words::chip(other));
            answered += &match (later, version) {
                (Version::Stamp { .. }, _) => {
                    format!(": by its timestamp {one} is newer than {other}")
                }
                (Version::Revision { .. }, _) => {
                    format!(": {one} has the higher version, and wins over {other}")
                }
                (Version::Log(one_at), Version::Log(other_at)) if one_at.epoch > other_at.epoch => {
                    format!(": {one} is of a higher epoch than {other}, and so counts as newer")
                }
                _ => format!(": the protocol takes {one} for newer than {other}"),
            };
            // But there, perhaps.
            if let By::Read(read) = order.other_begins
                && let Some(record) = case.record(read.ends)
            {
                let shown = Shown::of(slice::from_ref(record));
                let missing = of(write, later);
                let lacking = Lacking::of(case, shown, missing);
                if let Some(told) = lacking.told(case, missing, Since::Answered) {
                    answered += &format!("; {told}");
                    causes.extend(lacking.evidence());
                }
            }
        }
        (answered, causes)
    }

    /// Who wrote what.
    fn wrote(&self, write: WriteId, case: &Case<'_>) -> impl Display {
        let invoked = self.clusters[place(write)].invoked;
        let of = move |invoked| case.write_in_words(write, invoked);
        let (writer, write) = (self.writer(write, case), invoked.map(of));
        from_fn(move |f| match &write {
            Some(write) => write!(f, "{writer} wrote {write}"),
            None => Ok(()),
        })
    }

    /// Whether what it writes depends on who evaluates it.
    fn is_call(&self, write: WriteId, case: &Case<'_>) -> bool {
        let invoked = self.clusters[place(write)].invoked;
        let written = invoked.and_then(|invoked| case.write(invoked));
        matches!(written, Some((_, _, Change::Call(_))))
    }

    fn writer<'a>(&self, write: WriteId, case: &Case<'a>) -> &'a str {
        let invoked = self.clusters[place(write)].invoked;
        client(invoked.and_then(|invoked| case.record(invoked)), case)
    }

    /// How what the read saw had ended once.
    fn over(&self, finding: &Finding, ends: By, case: &Case<'_>) -> impl Display {
        let one = finding.write.map(words::chip);
        from_fn(move |f| match (&one, ends) {
            (Some(one), By::Write(_)) => write!(f, "{one} was done"),
            (Some(one), By::Read(read)) => write!(f, "{} had seen {one}", reader(read, case)),
            (None, _) => Ok(()),
        })
    }
}

impl By {
    /// The record at which it ended, where it is one that has.
    fn end(self) -> Seq {
        match self {
            By::Write(done) => done,
            By::Read(read) => read.ends,
        }
    }
}

/// Whose read it is.
fn reader<'a>(read: Read, case: &Case<'a>) -> &'a str {
    client(case.record(read.ends), case)
}

/// Whose operation a record is of.
fn client<'a>(record: Option<&Record>, case: &Case<'a>) -> &'a str {
    match record.map(|record| record.kind) {
        Some(Kind::Invoked { op, .. } | Kind::Saw { op, .. }) => case.names().client(op.client),
        _ => "",
    }
}

/// What a read saw: "balance = 20 (#2), from F1".
fn saw(read: Read, case: &Case<'_>) -> impl Display {
    let (names, record) = (case.names(), case.record(read.ends));
    from_fn(move |f| match record.map(|record| record.kind) {
        Some(Kind::Saw {
            key, from, held, ..
        }) => write!(
            f,
            "{} = {}, from {}",
            names.key(key),
            words::shown(names, held),
            names.node(from)
        ),
        _ => Ok(()),
    })
}

fn version_seen(read: Read, case: &Case<'_>) -> Option<Version> {
    shown::held_in(case.record(read.ends)?)?.version
}

/// A write's place in a table, from 0.
fn place(write: WriteId) -> usize {
    // Writes are numbered from 1.
    write.0 as usize - 1
}
