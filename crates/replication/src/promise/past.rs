//! What happened before what: by session order and reads-from, never by wall time.
//!
//! A session knows of a write once it was told "done" for it, or saw it; and then of all that its writer
//! knew of when it made the write. What a session knows of when it makes a write happened before that.
//!
//! A session's write whose outcome is unknown stays open: it isn't *before* what the session did next
//! until the session has seen it. It may take effect later, or never, and even a linearizable system
//! may then show the next one alone.
//!
//! What a session learns in an operation it knows from its next operation on.
//!
//! Under version vectors what is known of a key may be several writes side by side. Of a merged value only
//! the write that it is named after counts as seen.
//!
//! A log, a clock or a count may put a write before one that happened before it. What is known of a key is
//! then the one that it puts last, with the fact that another came after it.

use std::mem;
use std::num::NonZeroU32;

use crate::ids::{KeyId, Version, WriteId, covers};
use crate::promise::Case;
use crate::promise::cause::Missing;
use crate::promise::sessions::{Again, Open};
use crate::promise::shown;
use crate::scenario::Scenario;
use crate::trace::{Action, Kind, Record, Seq};

/// What each session knows of, and what happened before each write.
#[derive(Clone, Debug)]
pub(super) struct Past {
    keys: usize,
    /// By client and key: the newest write that the session knows of, and those beside it.
    known: Vec<Option<Known>>,
    /// By client and key: the write that the session got to know of last.
    learnt: Vec<Option<WriteId>>,
    /// By client: what the session learns in the operation that it is in.
    news: Vec<Vec<News>>,
    /// By write, from #1, and key: what its session knew of when it made it.
    before: Vec<Option<Known>>,
    /// What stands beside something known: never changed, and so shared.
    beside: Vec<Known>,
    /// What came after something known, and was put before it: never changed either.
    after: Vec<After>,
    /// By write, from #1.
    writes: Vec<Write>,
}

/// A write that a session knows of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Which.
    pub write: WriteId,
    /// The record by which it does: its own write's end, or its seeing this write or a later one.
    pub by: Seq,
    /// One more, neither newer nor older, by its place among those, from 1.
    beside: Option<NonZeroU32>,
    /// A write to its key that it happened before, and which is put before it, by its place among those, from 1.
    after: Option<NonZeroU32>,
}

/// A write that came after one that the protocol puts after it.
#[derive(Clone, Copy, Debug)]
struct After {
    write: WriteId,
    /// The record by which the session knows of it.
    by: Seq,
}

/// A write that a session has just learnt of.
#[derive(Clone, Copy, Debug)]
struct News {
    key: KeyId,
    write: WriteId,
    by: Seq,
}

/// A write.
#[derive(Clone, Copy, Debug, Default)]
struct Write {
    invoked: Option<Seq>,
    /// Once somebody was told it.
    version: Option<Version>,
    /// Where "done" was told for sending it again: that end, and how it began.
    again: Option<(Seq, Seq, Again)>,
}

/// A session gets to know of something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The record by which it does.
    pub by: Seq,
    /// The write that it sees or is told "done" for.
    pub write: WriteId,
    /// That write's invocation, where the way leads through it; or that of its being sent again.
    pub invoked: Option<Seq>,
    /// Where it was sent again.
    pub again: Option<Again>,
}

impl Step {
    /// A session sees a write.
    pub fn sees(by: Seq, write: WriteId, invoked: Option<Seq>) -> Self {
        Step {
            by,
            write,
            invoked,
            again: None,
        }
    }

    /// The records of this step.
    pub fn evidence(&self) -> impl Iterator<Item = Seq> + use<> {
        let again = self.again.map(|again| again.seq);
        [Some(self.by), self.invoked, again].into_iter().flatten()
    }
}

impl Past {
    /// Nothing has happened yet.
    pub fn new(scenario: &Scenario) -> Self {
        let (clients, keys) = (scenario.clients.len(), usize::from(scenario.structure.keys));
        Past {
            keys,
            known: vec![None; clients * keys],
            learnt: vec![None; clients * keys],
            news: vec![Vec::new(); clients],
            before: Vec::new(),
            beside: Vec::new(),
            after: Vec::new(),
            writes: Vec::new(),
        }
    }

    /// How many keys there are.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// A session begins an operation, knowing what it learnt in those before.
    pub fn begin(&mut self, client: usize) {
        if self.news[client].is_empty() {
            return;
        }
        let mut news = mem::take(&mut self.news[client]);
        for News { key, write, by } in news.drain(..) {
            for other in 0..self.keys {
                let mut next = self.before[place(write) * self.keys + other];
                while let Some(before) = next {
                    self.raise(client, other, before.write, by);
                    if let Some(After { write, .. }) = self.after(before) {
                        self.put_after(client, other, before.write, After { write, by });
                    }
                    next = self.beside(before);
                }
            }
            self.raise(client, usize::from(key.0), write, by);
        }
        self.news[client] = news;
    }

    /// A session that has begun to makes a write: what it knows now happened before.
    pub fn made(&mut self, client: usize, write: WriteId, invoked: Seq) {
        self.write(write).invoked = Some(invoked);
        let (known, before) = (client * self.keys, place(write) * self.keys);
        self.before[before..before + self.keys]
            .copy_from_slice(&self.known[known..known + self.keys]);
    }

    /// A session gets to know of a write, and of what happened before it.
    pub fn learn(&mut self, client: usize, key: KeyId, write: WriteId, version: Version, by: Seq) {
        let last = &mut self.learnt[client * self.keys + usize::from(key.0)];
        if *last == Some(write) {
            return; // What happened before it was learnt with it.
        }
        *last = Some(write);
        let known = &mut self.write(write).version;
        *known = Some(shown::of_write(version, *known));
        self.news[client].push(News { key, write, by });
    }

    /// A session is told "done" for its write.
    pub fn told_done(&mut self, client: usize, open: Open, version: Version, by: Seq) {
        let Action::Write { write, key, .. } = open.action else {
            return;
        };
        let mut done = write;
        if let Some(again) = open.again {
            done = again.earlier;
            self.write(done)
                .again
                .get_or_insert((by, open.invoked, again));
        }
        self.learn(client, key, done, version, by);
    }

    /// Keeps the newest of what a session knows and what it hears of, and what is beside that.
    fn raise(&mut self, client: usize, key: usize, write: WriteId, by: Seq) {
        let at = client * self.keys + key;
        let heard = self.version(write);
        let (mut next, mut beside) = (self.known[at], None);
        while let Some(known) = next {
            // Most often it is the same again.
            if known.write == write {
                return;
            }
            if covers(self.version(known.write), heard) {
                // Version vectors know what came before what; and of a merged value they don't name all.
                if !matches!(heard, Some(Version::Dotted { .. })) {
                    let key = KeyId(key as u8);
                    let had_seen = self.before(write, key).map(|before| before.write);
                    if had_seen == Some(known.write) {
                        self.put_after(
                            client,
                            usize::from(key.0),
                            known.write,
                            After { write, by },
                        );
                    }
                }
                return;
            }
            next = self.beside(known);
            if !covers(heard, self.version(known.write)) {
                self.beside.push(Known { beside, ..known });
                beside = NonZeroU32::new(self.beside.len() as u32);
            }
        }
        self.known[at] = Some(Known {
            write,
            by,
            beside,
            after: None,
        });
    }

    /// A session knows that something came after what it knows as the newest, if that is this write: the first
    /// that it hears of is kept.
    fn put_after(&mut self, client: usize, key: usize, newest: WriteId, after: After) {
        if let Some(known) = &mut self.known[client * self.keys + key]
            && known.write == newest
            && known.after.is_none()
        {
            self.after.push(after);
            known.after = NonZeroU32::new(self.after.len() as u32);
        }
    }

    fn after(&self, known: Known) -> Option<After> {
        Some(self.after[known.after?.get() as usize - 1])
    }

    /// The newest writes to a key that a session knew of when it began what it is doing.
    pub fn known(&self, client: usize, key: KeyId) -> Option<Known> {
        self.known[client * self.keys + usize::from(key.0)]
    }

    /// The newest writes to a key that happened before a write.
    pub fn before(&self, write: WriteId, key: KeyId) -> Option<Known> {
        *self
            .before
            .get(place(write) * self.keys + usize::from(key.0))?
    }

    /// Whether a write to its key came after it, and is put before it.
    pub fn is_overtaken(&self, known: Known) -> bool {
        known.after.is_some()
    }

    /// What stands beside it.
    pub fn beside(&self, known: Known) -> Option<Known> {
        Some(self.beside[known.beside?.get() as usize - 1])
    }

    /// The first of these writes that is not covered.
    pub fn lacked(
        &self,
        known: Option<Known>,
        key: KeyId,
        mut is_covered: impl FnMut(Version) -> bool,
    ) -> Option<(Known, Missing)> {
        let mut next = known;
        while let Some(known) = next {
            if let Some(version) = self.version(known.write)
                && !is_covered(version)
            {
                let write = known.write;
                return Some((
                    known,
                    Missing {
                        write,
                        key,
                        version,
                    },
                ));
            }
            next = self.beside(known);
        }
        None
    }

    /// How the session that made a write knew of an earlier one.
    fn way_to(&self, write: WriteId, earlier: Missing) -> Option<Known> {
        let mut next = self.before(write, earlier.key);
        while let Some(known) = next
            && known.write != earlier.write
        {
            next = self.beside(known);
        }
        next
    }

    /// How a session came to know of a write that it should have been shown, from the last step to the first.
    /// Where it had seen a write whose own session knew of it, that session's knowledge too, and so on.
    ///
    /// Not always to the newest write that is lacking: `is_lacked` says of other versions of the key whether
    /// they are as well, and the first of those on the way is it.
    pub fn way(
        &self,
        mut known: Known,
        missing: Missing,
        case: &Case<'_>,
        is_lacked: impl Fn(Version) -> bool,
    ) -> (Missing, Vec<Step>) {
        let mut chain = Vec::new();
        // Each step goes back in the trace, so this ends.
        loop {
            let by = known.by;
            let Some(Record {
                kind: Kind::Saw { key, held, .. },
                ..
            }) = case.record(by)
            else {
                chain.push(self.own(known.write, known.by));
                return (missing, chain);
            };
            let (Some(write), Some(version)) = (held.write, held.version) else {
                return (missing, chain);
            };
            if *key == missing.key && is_lacked(version) {
                chain.push(Step::sees(by, write, None));
                let found = Missing {
                    write,
                    key: *key,
                    version,
                };
                return (found, chain);
            }
            chain.push(Step::sees(by, write, self.invoked(write)));
            match self.way_to(write, missing) {
                Some(before) => known = before,
                None => return (missing, chain),
            }
        }
    }

    /// How a session came to know that something came after the newest write that it knows of, from the last step
    /// to the first: up to who wrote it, and how they knew of the newest.
    pub fn way_after(
        &self,
        newest: Known,
        key: KeyId,
        case: &Case<'_>,
    ) -> Option<(Missing, Vec<Step>)> {
        let missing = |write| {
            let version = self.version(write)?;
            Some(Missing {
                write,
                key,
                version,
            })
        };
        let of_newest = |write| {
            let before = self.before(write, key);
            before.filter(|before| before.write == newest.write)
        };
        let mut chain = Vec::new();
        let mut after = self.after(newest)?;
        // Each step goes back in the trace, so this ends.
        let write = loop {
            let seen = match case.record(after.by)?.kind {
                Kind::Saw { held, .. } => held.write?,
                _ => {
                    chain.push(self.own(after.write, after.by));
                    break after.write;
                }
            };
            chain.push(Step::sees(after.by, seen, self.invoked(seen)));
            match of_newest(seen).and_then(|before| self.after(before)) {
                Some(earlier) => after = earlier,
                None => break seen,
            }
        };
        let earlier = missing(newest.write)?;
        let (_, way) = self.way(of_newest(write)?, earlier, case, |version| {
            version == earlier.version
        });
        chain.extend(way);
        Some((missing(write)?, chain))
    }

    /// A session knows of a write by its end.
    fn own(&self, write: WriteId, by: Seq) -> Step {
        let again = self.writes.get(place(write)).and_then(|write| write.again);
        match again.filter(|(end, ..)| *end == by) {
            Some((_, invoked, again)) => Step {
                by,
                write,
                invoked: Some(invoked),
                again: Some(again),
            },
            None => Step::sees(by, write, self.invoked(write)),
        }
    }

    /// The version of a write, once somebody was told it.
    fn version(&self, write: WriteId) -> Option<Version> {
        self.writes.get(place(write))?.version
    }

    /// The invocation of a write.
    pub fn invoked(&self, write: WriteId) -> Option<Seq> {
        self.writes.get(place(write))?.invoked
    }

    /// The write, with room for it.
    fn write(&mut self, write: WriteId) -> &mut Write {
        let count = place(write) + 1;
        if self.writes.len() < count {
            self.writes.resize(count, Write::default());
            self.before.resize(count * self.keys, None);
        }
        &mut self.writes[place(write)]
    }
}

/// A write's place in a table, from 0.
fn place(write: WriteId) -> usize {
    // Writes are numbered from 1.
    write.0 as usize - 1
}
