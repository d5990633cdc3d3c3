//! Some operations as bars over time, a lane for each session.
//!
//! Between two times that are neighbours among those of these operations lies one column, however much
//! time that was: which bars overlap is all that a verdict hangs on.

use crate::{Action, History, Operation};

/// The operations of some lines, side by side in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The sessions' names, in the order in which they begin.
    pub lanes: Vec<String>,
    /// How many columns there are.
    pub columns: usize,
    /// The operations.
    pub bars: Vec<Bar>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The line of the file.
    pub line: u32,
    /// Its session, by its place in [`Picture::lanes`].
    pub lane: usize,
    /// The column in which it begins.
    pub from: usize,
    /// The column before which it ends; `None` where its outcome is unknown, and it stays open.
    pub to: Option<usize>,
    /// What it did: `x = 1`, `reads x: 1`, `x: 1 → 2`, `x is not 1`.
    pub words: String,
}

/// Draws the operations of these lines.
pub fn picture(history: &History, lines: &[u32]) -> Picture {
    let chosen = || {
        let operations = history.operations.iter();
        operations.filter(|operation| lines.contains(&operation.line))
    };
    let mut times: Vec<u32> = chosen()
        .flat_map(|operation| [Some(operation.begins), operation.ends])
        .flatten()
        .collect();
    times.sort_unstable();
    times.dedup();
    let column = |time: u32| times.partition_point(|other| *other < time);
    let mut sessions = Vec::new();
    let mut bars = Vec::new();
    for operation in chosen() {
        let found = sessions
            .iter()
            .position(|other| *other == operation.session);
        let lane = found.unwrap_or_else(|| {
            sessions.push(operation.session);
            sessions.len() - 1
        });
        let from = column(operation.begins);
        bars.push(Bar {
            line: operation.line,
            lane,
            from,
            // An operation that returned when it was invoked still has to be seen.
            to: operation.ends.map(|ends| column(ends).max(from + 1)),
            words: words(history, operation),
        });
    }
    let lanes = sessions
        .iter()
        .map(|session| history.sessions[session.0 as usize].clone());
    let ends = bars.iter().map(|bar| bar.to.unwrap_or(bar.from + 1));
    Picture {
        lanes: lanes.collect(),
        columns: ends.max().unwrap_or(0),
        bars,
    }
}

fn words(history: &History, operation: &Operation) -> String {
    let key = &history.keys[operation.key.0 as usize];
    let value = |value: crate::ValueId| &history.values[value.0 as usize];
    match operation.action {
        Action::Write(new) => format!("{key} = {}", value(new)),
        Action::Read(seen) => format!("reads {key}: {}", value(seen)),
        Action::Swap(from, to) => format!("{key}: {} → {}", value(from), value(to)),
        Action::NoSwap(not) => format!("{key} is not {}", value(not)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_columns_and_sessions_lanes() {
        let text = br#"{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":1000}
{"session":"B","op":"write","key":"x","value":2,"invoke":1,"return":null}
{"session":"C","op":"read","key":"x","value":0,"invoke":2,"return":3}
{"session":"A","op":"cas","key":"x","from":1,"to":3,"ok":false,"invoke":2000,"return":2001}"#;
        let history = crate::read(text).unwrap();
        let picture = picture(&history, &[1, 2, 4]);
        assert_eq!(picture.lanes, ["A", "B"]);
        let bars = picture
            .bars
            .iter()
            .map(|bar| (bar.line, bar.lane, bar.from, bar.to, bar.words.as_str()));
        let bars: Vec<_> = bars.collect();
        assert_eq!(
            bars,
            [
                (1, 0, 0, Some(2), "x = 1"),
                (2, 1, 1, None, "x = 2"),
                (4, 0, 3, Some(4), "x is not 1"),
            ]
        );
        assert_eq!(picture.columns, 4);
    }
}
