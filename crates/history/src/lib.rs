//! Judges a history of operations from elsewhere.
//!
//! A history is a text, one JSON object a line: what each session asked for, what it was told, and when.
//!
//! ```
//! let text = br#"
//! {"initial": {"x": 0}}
//! {"session": "A", "op": "write", "key": "x", "value": 1, "invoke": 0, "return": 1}
//! {"session": "B", "op": "read", "key": "x", "value": 0, "invoke": 2, "return": 3}
//! "#;
//! let history = history::read(text).unwrap();
//! let report = history::judge(&history, history::Budget::default());
//! assert_eq!(report.linearizable, history::Verdict::No(vec![3, 4]));
//! assert_eq!(report.sequential, history::Verdict::Yes);
//! println!("{}", report.to_json());
//! ```
//!
//! # What the lines say
//!
//! - `op` is `write` (`value`), `read` (`value`, what it returned) or `cas` (`from`, `to`, and `ok`, whether
//!   it swapped). A `cas` with `"ok":false` says that the value was not `from`.
//! - `invoke` and `return` are any JSON numbers, compared exactly. One operation precedes another when its
//!   `return` is less than the other's `invoke`; of equal ones neither precedes the other.
//! - `"return":null` is an unknown outcome. Such a read says nothing. Such a write, or `cas`, took effect at
//!   any moment after its `invoke`, or never (a `cas` only where the value was `from`); whatever `ok` says.
//! - A session's operations are ordered by `invoke`, then by line. An operation whose outcome is unknown
//!   comes after those that its session had made before, and before none: it may take effect when its session
//!   has long gone on. So whatever is linearizable is sequential, and whatever is sequential is causal.
//! - Values are any JSON scalars, equal by value: `1` is `1.0`, and neither is `"1"` or `true`.
//! - The first line may say instead what was there before, `initial` (else `null`), and by key the
//!   `version_order` in which the store installed the values, with the initial one or without it.
//! - Blank lines count but say nothing. Line numbers are those of the file, from 1.
//!
//! # What is judged
//!
//! - `linearizable`: for each key, some order of its operations that respects real time explains them. In
//!   O(n log n) where all written values differ; else by a search that gives up honestly.
//! - `sequential`: one order of all operations on all keys that respects each session's order explains them.
//! - `causal`: causal convergence. There is an order of all writes which contains "happened before" (session
//!   order and reads-from), and each operation saw the last, in that order, of the writes that happened
//!   before it. Judged by the bad patterns of Bouajjani, Enea, Guerraoui and Hamza, "On verifying causal
//!   consistency" (2017). It knows no real time, and the `version_order` is not asked.
//! - `read_your_writes`, `monotonic_reads`, `monotonic_writes`, `writes_follow_reads`: for each key, by the
//!   order of its versions; see [`Report`].
//!
//! Each `no` comes with the lines that prove it: the file reduced to these, and its first line, is judged
//! `no` too, and every write that could have supplied a value they saw is among them, or an overwriting one.
//!
//! No clock and no chance: the same file and budget give the same report everywhere.

#![forbid(unsafe_code)]

mod causal;
mod evidence;
mod graph;
mod json;
#[cfg(test)]
mod large;
mod linearizable;
mod picture;
mod read;
mod report;
mod sequential;
mod sessions;
#[cfg(test)]
mod testing;

pub use json::{Decimal, Scalar};
pub use picture::{Bar, Picture, picture};
pub use read::{FILE_BYTES_MAX, KEYS_MAX, LINES_MAX, SESSIONS_MAX, Trouble, read};
pub use report::{Budget, Report, Verdict, judge};

/// A session, by its place in [`History::sessions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub u32);

/// A key, by its place in [`History::keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub u32);

/// A value, by its place in [`History::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// A history that has been read.
#[derive(Clone, Debug)]
pub struct History {
    /// The names of the sessions.
    pub sessions: Vec<String>,
    /// The names of the keys.
    pub keys: Vec<String>,
    /// The different values.
    pub values: Vec<Scalar>,
    /// By key, what it holds at first.
    pub initial: Vec<ValueId>,
    /// By key, the values in the order in which the store installed them, where the file says so.
    pub version_order: Vec<Option<Vec<ValueId>>>,
    /// The operations, by `invoke` and then by line. Reads that returned nothing are left out.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The line of the file, from 1.
    pub line: u32,
    /// Whose it is.
    pub session: SessionId,
    /// What it is on.
    pub key: KeyId,
    /// What it did.
    pub action: Action,
    /// When it was invoked, by the order of all times of the file.
    pub begins: u32,
    /// When it returned, likewise; `None` where its outcome is unknown.
    pub ends: Option<u32>,
}

/// What an operation did, or may have done where its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It wrote this value.
    Write(ValueId),
    /// It returned this value.
    Read(ValueId),
    /// It found the first value and replaced it by the second.
    Swap(ValueId, ValueId),
    /// It found another value than this one.
    NoSwap(ValueId),
}

impl Operation {
    /// What it wrote, or may have written.
    fn wrote(&self) -> Option<ValueId> {
        match self.action {
            Action::Write(value) | Action::Swap(_, value) => Some(value),
            Action::Read(_) | Action::NoSwap(_) => None,
        }
    }

    /// What it certainly saw.
    fn saw(&self) -> Option<ValueId> {
        match self.action {
            Action::Read(value) => Some(value),
            Action::Swap(value, _) if self.ends.is_some() => Some(value),
            _ => None,
        }
    }
}

impl History {
    /// By key, its operations in order.
    fn by_key(&self) -> Vec<Vec<Operation>> {
        let mut by_key = vec![Vec::new(); self.keys.len()];
        for operation in &self.operations {
            by_key[operation.key.0 as usize].push(*operation);
        }
        by_key
    }
}

/// How much work is left.
struct Steps {
    left: u64,
}

impl Steps {
    fn new(steps: u64) -> Self {
        Steps { left: steps }
    }

    /// Spends some; false where there is none left.
    fn take(&mut self, steps: u64) -> bool {
        self.left = self.left.saturating_sub(steps);
        self.left > 0
    }

    fn left(&self) -> u64 {
        self.left
    }

    fn is_spent(&self) -> bool {
        self.left == 0
    }
}
