//! How things are called in a violation's sentence.
//!
//! What is returned is written where it is wanted: a run may have ten thousand sentences.

use std::fmt::{Display, from_fn};

use crate::engine::time::SimTime;
use crate::ids::{Change, Function, Held, KeyId, Value, WriteId};
use crate::promise::Case;
use crate::scenario::Names;
use crate::trace::{Kind, Record, Seq};

/// A span of time: "0.35 ms", "3.2 ms", "256 ms", "1.446 s".
pub(super) fn span(us: u64) -> impl Display {
    from_fn(move |f| match us {
        0..1_000 => write!(f, "{} ms", decimal(us, 3)),
        1_000..9_950 => write!(f, "{} ms", decimal((us + 50) / 100, 1)),
        9_950..999_500 => write!(f, "{} ms", (us + 500) / 1_000),
        _ => {
            let ms = (us + 500) / 1_000;
            write!(f, "{}.{:03} s", ms / 1_000, ms % 1_000)
        }
    })
}

/// A moment of the run, as the span from its start.
pub(super) fn moment(at: SimTime) -> impl Display {
    span(at.0)
}

/// The number on a write's chip.
pub(super) fn chip(write: WriteId) -> impl Display {
    from_fn(move |f| write!(f, "#{}", write.0))
}

/// A write: "balance = 40 (#2)", "balance + 5 (#3)".
pub(super) fn write(names: &Names, write: WriteId, key: KeyId, change: Change) -> impl Display {
    from_fn(move |f| {
        f.write_str(names.key(key))?;
        match change {
            Change::Set(new) => write!(f, " = {}", value(names, new))?,
            Change::Add(by) if by < 0 => write!(f, " − {}", by.unsigned_abs())?,
            Change::Add(by) => write!(f, " + {by}")?,
            Change::Insert(item) => write!(f, " with {}", names.items[usize::from(item.0)])?,
            Change::Remove(item) => write!(f, " without {}", names.items[usize::from(item.0)])?,
            Change::Call(function) => write!(f, " = {}", call(function))?,
        }
        write!(f, " ({})", chip(write))
    })
}

/// What a read showed: "100 (#1)", or "nothing".
pub(super) fn shown(names: &Names, held: Held) -> impl Display {
    from_fn(move |f| match held.write {
        Some(write) if held.value != Value::Absent => {
            write!(f, "{} ({})", value(names, held.value), chip(write))
        }
        _ => write!(f, "{}", value(names, held.value)),
    })
}

/// A replaced disk, without a full stop: "A’s disk had been replaced at 5.000 s by a copy of 2.000 s".
pub(super) fn restored(case: &Case<'_>, restored: Seq) -> impl Display {
    let record = case.record(restored).copied();
    let names = case.names();
    from_fn(move |f| match record {
        Some(Record {
            at,
            kind: Kind::Restored { node, as_of },
            ..
        }) => {
            let node = names.node(node);
            write!(
                f,
                "{node}’s disk had been replaced at {} by a copy of {}",
                moment(at),
                moment(as_of)
            )
        }
        _ => Ok(()),
    })
}

/// What a read returned of a key, siblings and all: "100 (#1)", "100 (#1) and 200 (#2)".
pub(super) fn all_shown(names: &Names, held: impl Iterator<Item = Held>) -> String {
    let all: Vec<String> = held.map(|held| shown(names, held).to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    listed(&all)
}

/// A function, as it is written in SQL.
fn call(function: Function) -> &'static str {
    match function {
        Function::Now => "NOW()",
        Function::Rand => "RAND()",
        Function::Uuid => "UUID()",
        Function::NextId => "the next id",
    }
}

/// As [`Names::value`].
fn value(names: &Names, value: Value) -> impl Display {
    from_fn(move |f| match value {
        Value::Number(number) => write!(f, "{number}"),
        Value::Text(_) => write!(f, "“{}”", names.value(value)),
        other => f.write_str(&names.value(other)),
    })
}

/// "A", "A and B", "A, B and C".
pub(super) fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A number of so many thousandths (or tenths) without the zeros at its end.
fn decimal(mut number: u64, mut places: usize) -> impl Display {
    while places > 0 && number.is_multiple_of(10) {
        number /= 10;
        places -= 1;
    }
    let one = 10_u64.pow(places as u32);
    from_fn(move |f| match places {
        0 => write!(f, "{number}"),
        _ => write!(f, "{}.{:0places$}", number / one, number % one),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        let said = |us| span(us).to_string();
        assert_eq!(said(0), "0 ms");
        assert_eq!(said(1), "0.001 ms");
        assert_eq!(said(350), "0.35 ms");
        assert_eq!(said(3_000), "3 ms");
        assert_eq!(said(3_249), "3.2 ms");
        assert_eq!(said(9_949), "9.9 ms");
        assert_eq!(said(9_950), "10 ms");
        assert_eq!(said(256_400), "256 ms");
        assert_eq!(said(999_499), "999 ms");
        assert_eq!(said(999_500), "1.000 s");
        assert_eq!(said(1_446_000), "1.446 s");
    }

    #[test]
    fn lists_end_with_and() {
        let items = ["A", "B", "C"];
        assert_eq!(listed(&items[..1]), "A");
        assert_eq!(listed(&items[..2]), "A and B");
        assert_eq!(listed(&items), "A, B and C");
    }
}
