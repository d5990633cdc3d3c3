//! How things are called in a violation's sentence.

use crate::engine::time::SimTime;
use crate::ids::{Change, Held, KeyId, Value, WriteId};
use crate::scenario::Names;

/// A span of time: "0.35 ms", "3.2 ms", "256 ms", "1.446 s".
pub(super) fn span(us: u64) -> String {
    match us {
        0..1_000 => format!("{} ms", decimal(us, 3)),
        1_000..9_950 => format!("{} ms", decimal((us + 50) / 100, 1)),
        9_950..999_500 => format!("{} ms", (us + 500) / 1_000),
        _ => {
            let ms = (us + 500) / 1_000;
            format!("{}.{:03} s", ms / 1_000, ms % 1_000)
        }
    }
}

/// A moment of the run, as the span from its start.
pub(super) fn moment(at: SimTime) -> String {
    span(at.0)
}

/// The number on a write's chip.
pub(super) fn chip(write: WriteId) -> String {
    format!("#{}", write.0)
}

/// A write: "balance = 40 (#2)", "balance + 5 (#3)".
pub(super) fn write(names: &Names, write: WriteId, key: KeyId, change: Change) -> String {
    let key = names.key(key);
    let chip = chip(write);
    match change {
        Change::Set(value) => format!("{key} = {} ({chip})", names.value(value)),
        Change::Add(by) if by < 0 => format!("{key} − {} ({chip})", by.unsigned_abs()),
        Change::Add(by) => format!("{key} + {by} ({chip})"),
    }
}

/// What a read showed: "100 (#1)", or "nothing".
pub(super) fn shown(names: &Names, held: Held) -> String {
    match (held.value, held.write) {
        (Value::Absent, _) => names.value(Value::Absent),
        (value, Some(write)) => format!("{} ({})", names.value(value), chip(write)),
        (value, None) => names.value(value),
    }
}

/// "A", "A and B", "A, B and C".
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A number of so many thousandths (or tenths) without the zeros at its end.
fn decimal(number: u64, places: u32) -> String {
    let one = 10_u64.pow(places);
    let text = format!("{}.{:0width$}", number / one, number % one, width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        let said = |us| span(us);
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
        let items: Vec<String> = ["A", "B", "C"].map(str::to_owned).to_vec();
        assert_eq!(listed(&items[..1]), "A");
        assert_eq!(listed(&items[..2]), "A and B");
        assert_eq!(listed(&items), "A, B and C");
    }
}
