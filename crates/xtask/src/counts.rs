//! How many tests passed and failed, from what the test runners say.

use std::iter::Sum;
use std::ops::Add;

use serde_json::Value;

/// So many passed, so many failed, so many were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many passed.
    pub passed: u64,
    /// How many failed.
    pub failed: u64,
    /// How many were left out, by their own choice.
    pub skipped: u64,
}

impl Counts {
    /// One thing that passed or failed.
    pub fn one(ok: bool) -> Self {
        Self {
            passed: ok.into(),
            failed: (!ok).into(),
            skipped: 0,
        }
    }

    /// A runner that failed without naming a test, by not compiling say, has one failure.
    pub fn of_runner(self, ok: bool) -> Self {
        if ok || self.failed > 0 {
            self
        } else {
            self + Self::one(false)
        }
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// What `cargo test` says at the end of each binary: `test result: ok. 3 passed; 0 failed; ...`.
pub fn of_cargo_test(output: &str) -> Counts {
    output
        .lines()
        .filter_map(|line| line.trim().strip_prefix("test result: "))
        .map(|result| Counts {
            passed: number_before(result, " passed"),
            failed: number_before(result, " failed"),
            skipped: number_before(result, " ignored"),
        })
        .sum()
}

/// What Playwright's JSON report says; a test that passed only sometimes has failed.
///
/// # Errors
/// Where this is no such report.
pub fn of_playwright(report: &str) -> Result<Counts, String> {
    let report: Value = serde_json::from_str(report).map_err(|error| error.to_string())?;
    let stat = |name: &str| {
        report["stats"][name]
            .as_u64()
            .ok_or(format!("the report has no stats.{name}"))
    };
    Ok(Counts {
        passed: stat("expected")?,
        failed: stat("unexpected")? + stat("flaky")?,
        skipped: stat("skipped")?,
    })
}

fn number_before(text: &str, word: &str) -> u64 {
    text.split(word)
        .next()
        .and_then(|before| before.rsplit(|c: char| !c.is_ascii_digit()).next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binaries_of_a_cargo_test_are_summed() {
        let output = "\
running 3 tests
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 12 filtered out; finished in 0.00s
test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s
";
        let expected = Counts {
            passed: 13,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(of_cargo_test(output), expected);
    }

    #[test]
    fn what_does_not_compile_is_one_failure() {
        let none = of_cargo_test("error: could not compile `replication`");
        assert_eq!(
            none.of_runner(false),
            Counts {
                passed: 0,
                failed: 1,
                skipped: 0
            }
        );
        assert_eq!(none.of_runner(true), Counts::default());
    }

    #[test]
    fn a_flaky_page_test_has_failed() {
        let report = r#"{ "stats": { "expected": 7, "skipped": 1, "unexpected": 1, "flaky": 1 } }"#;
        assert_eq!(
            of_playwright(report),
            Ok(Counts {
                passed: 7,
                failed: 2,
                skipped: 1
            })
        );
        assert!(of_playwright("{}").is_err());
    }
}
