//! Judging a history from elsewhere, as people and programs use it.

mod common;

use common::{Given, replicascope};

fn history(arguments: &[&str], input: &str) -> Given {
    replicascope(&[&["history"], arguments].concat(), input.as_bytes())
}

/// Told that 1 is written, B reads 0: stale, and nothing else.
const STALE: &str = r#"{"initial":{"x":0},"version_order":{"x":[0,1]}}

{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":1}

{"session":"C","op":"cas","key":"y","from":null,"to":"a","ok":true,"invoke":0,"return":1}
{"session":"C","op":"cas","key":"y","from":null,"to":"b","ok":false,"invoke":1.5,"return":1.75}
{"session":"B","op":"read","key":"x","value":0,"invoke":2,"return":3}
"#;

#[test]
fn a_report_is_one_object_with_the_verdicts_in_order() {
    let given = history(&["-", "--json"], STALE);
    assert_eq!(given.exit, Some(0), "{}", given.stderr);
    assert_eq!(
        given.stdout,
        r#"{"linearizable":{"verdict":"no","operations":[3,7]},"sequential":{"verdict":"yes"},"causal":{"verdict":"yes"},"read_your_writes":{"verdict":"yes"},"monotonic_reads":{"verdict":"yes"},"monotonic_writes":{"verdict":"yes"},"writes_follow_reads":{"verdict":"yes"}}
"#
    );
    assert!(given.stderr.is_empty());
}

#[test]
fn people_get_a_line_and_a_sentence_for_each_verdict() {
    let given = history(&["-"], STALE);
    assert_eq!(given.exit, Some(0));
    assert!(
        given
            .stdout
            .starts_with("linearizable: no (lines 3, 7)\n  "),
        "{}",
        given.stdout
    );
    assert_eq!(given.stdout.lines().count(), 14);
}

#[test]
fn bad_input_gives_one_line_and_exit_code_2() {
    for (input, expected) in [
        (
            format!("{STALE}{{\"session\":\"B\",\"op\":\"reed\",\"key\":\"x\"}}"),
            "replicascope: standard input: line 8: op: \"reed\" is not allowed: \"write\", \"read\" or \"cas\"\n",
        ),
        (
            STALE.replace("\"return\":3", "\"return\":1"),
            "replicascope: standard input: line 7: return: 1 is not allowed: null, or a number that is at least invoke, 2\n",
        ),
    ] {
        let given = history(&["-", "--json"], &input);
        assert_eq!((given.exit, given.stdout.as_str()), (Some(2), ""));
        assert_eq!(given.stderr, expected);
    }
    let given = history(&["no/such/file"], "");
    assert_eq!(given.exit, Some(2));
    assert!(
        given.stderr.starts_with("replicascope: no/such/file: "),
        "{}",
        given.stderr
    );
}
