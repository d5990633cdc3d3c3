use super::*;
use crate::testing::Random;
use crate::{Budget, Verdict, judge};

const WRITE: &str = r#"{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":1}"#;

fn trouble_of(text: &str) -> String {
    match read(text.as_bytes()) {
        Ok(history) => panic!("{text} is taken: {history:#?}"),
        Err(trouble) => trouble.to_string(),
    }
}

#[test]
fn bad_input_names_line_field_value_and_what_is_allowed() {
    let line = |from: &str, to: &str| {
        assert!(WRITE.contains(from), "{from}");
        format!("{WRITE}\n\n{}", WRITE.replace(from, to))
    };
    let cas =
        r#"{"session":"A","op":"cas","key":"x","from":1,"to":2,"ok":true,"invoke":0,"return":1}"#;
    let cases = [
        (
            line("\"write\"", "\"writes\""),
            "line 3: op: \"writes\" is not allowed: \"write\", \"read\" or \"cas\"",
        ),
        (
            line("\"write\"", "7"),
            "line 3: op: 7 is not allowed: a string",
        ),
        (
            line("\"session\":\"A\",", ""),
            "line 3: session is missing: a string",
        ),
        (
            line("\"x\"", "null"),
            "line 3: key: null is not allowed: a string",
        ),
        (
            line("\"value\":1,", ""),
            "line 3: value is missing: a string, a number, true, false or null",
        ),
        (
            line("\"value\":1", "\"value\":[1]"),
            "line 3: value: an array is not allowed: a string, a number, true, false or null",
        ),
        (
            line("\"invoke\":0", "\"invoke\":null"),
            "line 3: invoke: null is not allowed: a number",
        ),
        (
            line("\"invoke\":0", "\"invoke\":\"0\""),
            "line 3: invoke: \"0\" is not allowed: a number",
        ),
        (
            line(",\"return\":1", ""),
            "line 3: return is missing: a number, or null where the outcome is unknown",
        ),
        (
            line("\"invoke\":0", "\"invoke\":1.5"),
            "line 3: return: 1 is not allowed: null, or a number that is at least invoke, 1.5",
        ),
        (
            line("\"value\"", "\"valeu\""),
            "line 3: valeu: 1 is not allowed: the fields of a write are session, op, key, value, invoke, return",
        ),
        (
            line("\"key\":\"x\"", "\"key\":\"x\",\"key\":\"y\""),
            "is not allowed: each field once",
        ),
        (
            cas.replace("true", "null"),
            "line 1: ok: null is not allowed: true or false; where return is null also null or nothing",
        ),
        (cas.replace("\"from\":1,", ""), "line 1: from is missing"),
        (
            format!("{WRITE}\n[1]"),
            "line 2: the line: an array is not allowed: one JSON object a line",
        ),
        (
            format!("{WRITE}\n{{\"session\":"),
            "line 2: the line, at character 12: its end is not allowed: a JSON value",
        ),
        (
            format!("{WRITE} {WRITE}"),
            "is not allowed: nothing after the end of the object",
        ),
        (
            format!("{WRITE}\n{{\"initial\":{{}}}}"),
            "line 2: op is missing: a string",
        ),
        (
            "{\"initial\":[]}".to_owned(),
            "line 1: initial: an array is not allowed: an object of keys",
        ),
        (
            "{\"initial\":{\"x\":{}}}".to_owned(),
            "line 1: initial.x: an object is not allowed: a string, a number, true, false or null",
        ),
        (
            "{\"version_order\":{\"x\":1}}".to_owned(),
            "line 1: version_order.x: 1 is not allowed: an array of values",
        ),
        (
            "{\"version_order\":{\"x\":[[1]]}}".to_owned(),
            "line 1: version_order.x: an array is not allowed: a string, a number, true, false or null",
        ),
    ];
    for (text, expected) in cases {
        let trouble = trouble_of(&text);
        assert!(trouble.contains(expected), "{text}\n{trouble}\n{expected}");
        assert!(
            trouble.starts_with("line ") && trouble.lines().count() == 1,
            "{trouble}"
        );
    }
}

#[test]
fn everything_has_a_limit() {
    let many = |count: usize, of: &dyn Fn(usize) -> String| -> String {
        (0..count).map(|number| of(number) + "\n").collect()
    };
    let lines = many(LINES_MAX + 1, &|_| WRITE.to_owned());
    assert_eq!(
        trouble_of(&lines),
        "line 200001: the file: 200001 lines is not allowed: at most 200000 lines"
    );
    let sessions = many(SESSIONS_MAX + 1, &|number| {
        WRITE.replace("\"A\"", &format!("\"{number}\""))
    });
    assert_eq!(
        trouble_of(&sessions),
        "line 10001: session: 10001 sessions is not allowed: at most 10000 sessions"
    );
    let keys = many(KEYS_MAX + 1, &|number| {
        WRITE.replace("\"x\"", &format!("\"{number}\""))
    });
    assert_eq!(
        trouble_of(&keys),
        "line 10001: key: 10001 keys is not allowed: at most 10000 keys"
    );
    let bytes = " ".repeat(FILE_BYTES_MAX + 1);
    assert!(trouble_of(&bytes).contains("at most 33554432 bytes"));
}

#[test]
fn blank_lines_count_and_marks_of_other_systems_are_tolerated() {
    let text = format!("\u{feff}{{\"initial\":{{\"x\":0}}}}\r\n\r\n  {WRITE}\r\n\t\n");
    let history = read(text.as_bytes()).unwrap();
    assert_eq!(history.operations[0].line, 3);
    assert_eq!(
        history.values[history.initial[0].0 as usize].to_string(),
        "0"
    );
    assert!(read(b"").unwrap().operations.is_empty());
    assert!(trouble_of("\n\u{1}").starts_with("line 2: "));
    let latin = [WRITE.as_bytes(), b"\n{\"session\":\"\xe9\"}"].concat();
    assert_eq!(
        read(&latin).unwrap_err().to_string(),
        "line 2: the line: what is after byte 12 is not allowed: text in UTF-8"
    );
}

#[test]
fn times_and_values_are_compared_exactly() {
    let text = r#"
        {"session":"A","op":"write","key":"x","value":9007199254740993,"invoke":1700000000000000001,"return":1700000000000000002}
        {"session":"B","op":"read","key":"x","value":9007199254740993.0,"invoke":1700000000000000003,"return":1.700000000000000004e18}
        {"session":"C","op":"read","key":"x","value":9007199254740992,"invoke":0.1,"return":0.30000000000000004}"#;
    let history = read(text.as_bytes()).unwrap();
    let [third, first, second] = history.operations[..] else {
        panic!("{history:#?}")
    };
    assert!(first.ends < Some(second.begins) && third.ends < Some(first.begins));
    assert_eq!(second.action, Action::Read(first.wrote().unwrap()));
    assert_ne!(third.saw(), first.wrote());
}

#[test]
fn an_unknown_outcome_says_nothing_whatever_ok_says() {
    let cas = |rest: &str| {
        format!(
            r#"{{"session":"A","op":"cas","key":"x","from":1,"to":2,{rest}"invoke":0,"return":null}}"#
        )
    };
    for rest in ["", "\"ok\":null,", "\"ok\":true,", "\"ok\":false,"] {
        let history = read(cas(rest).as_bytes()).unwrap();
        assert!(matches!(
            history.operations[..],
            [Operation {
                action: Action::Swap(..),
                ends: None,
                ..
            }]
        ));
    }
    let read_of = r#"{"session":"A","op":"read","key":"x","invoke":0,"return":null}"#;
    assert!(read(read_of.as_bytes()).unwrap().operations.is_empty());
}

/// Bytes of a history, some of them changed, lost or doubled.
#[test]
fn no_bytes_make_it_panic() {
    let text = [
        r#"{"initial":{"x":0,"y":"a"},"version_order":{"x":[0,1,2]}}"#,
        WRITE,
        r#"{"session":"B","op":"read","key":"x","value":1,"invoke":2,"return":3}"#,
        r#"{"session":"C","op":"cas","key":"x","from":1,"to":2,"ok":true,"invoke":4,"return":6e0}"#,
        r#"{"session":"C","op":"cas","key":"y","from":null,"to":"\u00e9","ok":false,"invoke":-7,"return":null}"#,
    ]
    .join("\n");
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..60_000 {
        let mut random = Random::of(seed);
        let mut bytes = text.clone().into_bytes();
        for _ in 0..random.between(1, 4) {
            let at = random.below(bytes.len() as u32) as usize;
            match random.below(4) {
                // As often as not the history stays one.
                _ if bytes[at].is_ascii_digit() || random.percent(70) => {
                    let digits: Vec<usize> = (0..bytes.len())
                        .filter(|at| bytes[*at].is_ascii_digit())
                        .collect();
                    if !digits.is_empty() {
                        let at = digits[random.below(digits.len() as u32) as usize];
                        bytes[at] = b'0' + random.below(10) as u8;
                    }
                }
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes[at] = b"{}[]\",:0123456789.eE+-nul\\ \n"[random.below(27) as usize],
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        match read(&bytes) {
            Ok(history) => {
                taken += 1;
                let report = judge(&history, Budget { steps: 100_000 });
                for (_, verdict) in report.entries() {
                    assert!(!matches!(verdict, Verdict::No(lines) if lines.is_empty()));
                }
            }
            Err(trouble) => {
                refused += 1;
                assert_eq!(trouble.to_string().lines().count(), 1, "{trouble}");
            }
        }
    }
    assert!(taken > 3_000 && refused > 20_000, "{taken} {refused}");
}
