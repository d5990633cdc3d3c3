//! Times and lists, as people read them.

/// A moment, to the nearest millisecond: "1.842 s".
pub fn moment(us: u64) -> String {
    let ms = (us + 500) / 1_000;
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}

/// A length of time, short: "0.4 ms", "3.2 ms", "140 ms", "1.8 s", "42 s".
pub fn duration(us: u64) -> String {
    let tenths = |of: u64| (us / (of / 10), us / (of / 10) % 10);
    match us {
        0..10_000 => match tenths(1_000) {
            (all, 0) => format!("{} ms", all / 10),
            (all, rest) => format!("{}.{rest} ms", all / 10),
        },
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..10_000_000 => {
            let (all, rest) = tenths(1_000_000);
            format!("{}.{rest} s", all / 10)
        }
        _ => format!("{} s", us / 1_000_000),
    }
}

/// A number of parts as people write it: "1.5", "20".
pub fn decimal(parts: u64, of: u64) -> String {
    let digits = of.ilog10() as usize;
    let written = format!("{}.{:0digits$}", parts / of, parts % of);
    written
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// "1 entry", "2 entries".
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// "A", "A and B", "A, B and C".
pub fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(moment(1_842_371), "1.842 s");
        for (us, said) in [
            (0, "0 ms"),
            (400, "0.4 ms"),
            (3_250, "3.2 ms"),
            (3_000, "3 ms"),
            (140_900, "140 ms"),
            (1_849_000, "1.8 s"),
            (42_000_000, "42 s"),
        ] {
            assert_eq!(duration(us), said);
        }
    }

    #[test]
    fn parts_are_decimals() {
        let written =
            [(15, 10), (200, 10), (1, 10_000), (0, 10)].map(|(parts, of)| decimal(parts, of));
        assert_eq!(written, ["1.5", "20", "0.0001", "0"]);
    }

    #[test]
    fn lists_end_with_and() {
        assert_eq!(listed(&["A", "B", "C"]), "A, B and C");
        assert_eq!(listed(&["A"]), "A");
    }
}
