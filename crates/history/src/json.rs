//! JSON as a history needs it: scalars that are compared by value, exactly, and objects that name no
//! field twice.
//!
//! A number is kept as its decimal digits. No float is near, so 0.1 is 0.1, `1`, `1.0` and `10e-1` are
//! one value, and two integers beyond 2^53 are two.

use std::cmp::Ordering;
use std::fmt;

/// A JSON scalar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, by its value.
    Number(Decimal),
    /// A string.
    Text(String),
}

/// A decimal number, exactly: 0.`digits` times ten to the `exponent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    exponent: i32,
    /// Neither the first nor the last is 0; none at all is zero.
    digits: String,
}

/// Any JSON.
#[derive(Debug)]
pub enum Json {
    /// A value.
    Scalar(Scalar),
    /// An array.
    List(Vec<Json>),
    /// An object, in the order of the file.
    Object(Fields),
}

/// The fields of an object, in the order of the file.
pub type Fields = Vec<(String, Json)>;

/// Why some text is no JSON.
#[derive(Debug)]
pub struct Malformed {
    /// At which byte of it, from 0.
    pub at: usize,
    /// What may stand there.
    pub allowed: &'static str,
}

/// How deep arrays and objects may stand in one another.
const DEPTH_MAX: u32 = 4;
/// How large the exponent of a number may be, either way.
const EXPONENT_MAX: i32 = 1_000_000;

/// Reads one JSON text.
///
/// # Errors
/// Where it is none, stands too deep, has a field twice, or a number too large.
pub fn parse(text: &str) -> Result<Json, Malformed> {
    let mut reader = Reader { text, at: 0 };
    let json = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return reader.refuse("nothing after the end of the object");
    }
    Ok(json)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn refuse<T>(&self, allowed: &'static str) -> Result<T, Malformed> {
        Err(Malformed {
            at: self.at,
            allowed,
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, scalar: Scalar) -> Result<Json, Malformed> {
        if !self.text[self.at..].starts_with(word) {
            return self.refuse("a JSON value");
        }
        self.at += word.len();
        Ok(Json::Scalar(scalar))
    }

    fn value(&mut self, depth: u32) -> Result<Json, Malformed> {
        self.space();
        match self.peek() {
            Some(b'n') => self.word("null", Scalar::Null),
            Some(b't') => self.word("true", Scalar::Bool(true)),
            Some(b'f') => self.word("false", Scalar::Bool(false)),
            Some(b'"') => Ok(Json::Scalar(Scalar::Text(self.string()?))),
            Some(b'-' | b'0'..=b'9') => Ok(Json::Scalar(Scalar::Number(self.number()?))),
            Some(b'[' | b'{') if depth == DEPTH_MAX => {
                self.refuse("arrays and objects at most 4 deep")
            }
            Some(b'[') => self.list(depth + 1),
            Some(b'{') => self.object(depth + 1),
            _ => self.refuse("a JSON value"),
        }
    }

    fn list(&mut self, depth: u32) -> Result<Json, Malformed> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return self.refuse("a comma or ]");
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Json, Malformed> {
        self.at += 1;
        let mut fields = Fields::new();
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.space();
            let begin = self.at;
            if self.peek() != Some(b'"') {
                return self.refuse("the name of a field, in quotes");
            }
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return self.refuse("a colon");
            }
            let value = self.value(depth)?;
            fields.push((name, value));
            self.space();
            if self.take(b'}') {
                return match has_twice(&fields) {
                    false => Ok(Json::Object(fields)),
                    true => Err(Malformed {
                        at: begin,
                        allowed: "each field once",
                    }),
                };
            }
            if !self.take(b',') {
                return self.refuse("a comma or }");
            }
        }
    }

    fn string(&mut self) -> Result<String, Malformed> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let begin = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..0x20)) {
                self.at += 1;
            }
            string.push_str(&self.text[begin..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => {
                    self.at += 1;
                    string.push(self.escaped()?);
                }
                _ => return self.refuse("a string without control characters, and its end"),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Malformed> {
        let character = match self.peek() {
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.refuse("an escape of JSON"),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode(&mut self) -> Result<char, Malformed> {
        let begin = self.at;
        let first = self.unit()?;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.take(b'\\') {
            let second = self.unit()?;
            if (0xdc00..0xe000).contains(&second) {
                code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            }
        }
        char::from_u32(code).ok_or(Malformed {
            at: begin,
            allowed: "surrogates in pairs",
        })
    }

    fn unit(&mut self) -> Result<u32, Malformed> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        match digits {
            Some(digits)
                if self.peek() == Some(b'u') && digits.bytes().all(|b| b.is_ascii_hexdigit()) =>
            {
                self.at += 5;
                Ok(u32::from_str_radix(digits, 16).unwrap_or(0))
            }
            _ => self.refuse("u and four hexadecimal digits"),
        }
    }

    fn digits(&mut self) -> Result<&str, Malformed> {
        let begin = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if begin == self.at {
            return self.refuse("a digit");
        }
        Ok(&self.text[begin..self.at])
    }

    fn number(&mut self) -> Result<Decimal, Malformed> {
        let begin = self.at;
        let negative = self.take(b'-');
        let mut digits = self.digits()?.to_owned();
        if digits.len() > 1 && digits.starts_with('0') {
            self.at = begin;
            return self.refuse("a number without leading zeros");
        }
        let whole = digits.len();
        if self.take(b'.') {
            digits += self.digits()?;
        }
        let mut power = 0;
        if self.take(b'e') || self.take(b'E') {
            let is_below = match self.peek() {
                Some(sign @ (b'-' | b'+')) => {
                    self.at += 1;
                    sign == b'-'
                }
                _ => false,
            };
            let size = self.digits()?.parse::<i32>().ok();
            let Some(size) = size.filter(|size| *size <= EXPONENT_MAX) else {
                return self.refuse("an exponent from -1000000 to 1000000");
            };
            power = if is_below { -size } else { size };
        }
        let leading = digits.len() - digits.trim_start_matches('0').len();
        let digits = digits.trim_matches('0').to_owned();
        // The file's length is limited, and with it that of a number.
        let point = i32::try_from(whole).unwrap_or(i32::MAX / 4)
            - i32::try_from(leading).unwrap_or(i32::MAX / 4);
        Ok(if digits.is_empty() {
            Decimal {
                negative: false,
                exponent: 0,
                digits,
            }
        } else {
            Decimal {
                negative,
                exponent: point + power,
                digits,
            }
        })
    }
}

fn has_twice(fields: &Fields) -> bool {
    let mut names: Vec<&String> = fields.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |decimal: &Self| match (decimal.digits.is_empty(), decimal.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = |one: &Self, other: &Self| {
            let exponents = one.exponent.cmp(&other.exponent);
            exponents.then_with(|| one.digits.cmp(&other.digits))
        };
        sign(self)
            .cmp(&sign(other))
            .then_with(|| match self.negative {
                false => size(self, other),
                true => size(other, self),
            })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = i32::try_from(self.digits.len()).unwrap_or(i32::MAX);
        if self.negative {
            f.write_str("-")?;
        }
        if self.digits.is_empty() {
            f.write_str("0")
        } else if (1..=20).contains(&self.exponent) {
            let whole = self.exponent.min(length) as usize;
            f.write_str(&self.digits[..whole])?;
            for _ in length..self.exponent {
                f.write_str("0")?;
            }
            if whole < self.digits.len() {
                f.write_str(".")?;
                f.write_str(&self.digits[whole..])?;
            }
            Ok(())
        } else if (-6..=0).contains(&self.exponent) {
            f.write_str("0.")?;
            for _ in self.exponent..0 {
                f.write_str("0")?;
            }
            f.write_str(&self.digits)
        } else {
            write!(f, "0.{}e{}", self.digits, self.exponent)
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Null => f.write_str("null"),
            Scalar::Bool(true) => f.write_str("true"),
            Scalar::Bool(false) => f.write_str("false"),
            Scalar::Number(number) => number.fmt(f),
            Scalar::Text(text) => f.write_str(&quoted(text)),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Scalar(scalar) => scalar.fmt(f),
            Json::List(_) => f.write_str("an array"),
            Json::Object(_) => f.write_str("an object"),
        }
    }
}

/// How many characters of someone else's text a sentence repeats.
const QUOTED_CHARS_MAX: usize = 40;

/// A text as it may stand in one line: in quotes, cut short, control characters escaped.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for (place, character) in text.chars().enumerate() {
        if place == QUOTED_CHARS_MAX {
            quoted.push('…');
            break;
        }
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => {
                quoted.extend(character.escape_unicode());
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        match parse(text) {
            Ok(Json::Scalar(Scalar::Number(number))) => number,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn numbers_are_compared_by_value() {
        let ascending = [
            "-1e400",
            "-9007199254740993",
            "-9007199254740992",
            "-10",
            "-2",
            "-1.5",
            "-0.001",
            "0",
            "1e-999999",
            "0.00099",
            "0.1",
            "0.10000000000000001",
            "1",
            "1.5",
            "9",
            "10",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551616",
            "18446744073709551617",
            "1e400",
        ];
        for (left, one) in ascending.iter().enumerate() {
            for (right, other) in ascending.iter().enumerate() {
                let order = number(one).cmp(&number(other));
                assert_eq!(order, left.cmp(&right), "{one} {other}");
            }
        }
        for (one, other) in [
            ("1", "1.0"),
            ("1", "10e-1"),
            ("1", "0.1E+1"),
            ("0", "-0"),
            ("0", "0.00e7"),
            ("120", "1.2e2"),
            ("0.012", "12e-3"),
        ] {
            assert_eq!(number(one), number(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "0",
            "-1",
            "1.5",
            "-0.001",
            "120",
            "1e300",
            "1e-300",
            "123456.789",
        ] {
            assert_eq!(number(&number(text).to_string()), number(text), "{text}");
        }
        assert_eq!(number("-12.50").to_string(), "-12.5");
        assert_eq!(number("0.050").to_string(), "0.05");
        assert_eq!(number("1200").to_string(), "1200");
    }

    #[test]
    fn it_agrees_with_another_reader_of_json() {
        let texts = [
            "",
            " ",
            "nul",
            "null",
            "nulll",
            "true",
            "[]",
            "[1,]",
            "[1 2]",
            "{}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{a:1}",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "\"",
            "\"a",
            "\"\\q\"",
            "\"\\u12\"",
            "\"\\u00e9\\n\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "\"\\ud83dx\"",
            "\"\t\"",
            "[[[1]]]",
            "{\"a\":[1,{\"b\":null}]}",
            "1 2",
            "NaN",
            "-0.0e-5",
            "\"é\"",
            "\u{a0}1",
        ];
        for text in texts {
            let theirs = serde_json::from_str::<serde_json::Value>(text);
            match (parse(text), theirs) {
                (Ok(Json::Scalar(Scalar::Text(ours))), Ok(theirs)) => {
                    assert_eq!(Some(&*ours), theirs.as_str());
                }
                (ours, theirs) => assert_eq!(ours.is_ok(), theirs.is_ok(), "{text}: {ours:?}"),
            }
        }
        assert!(parse("{\"a\":1,\"a\":2}").is_err());
        assert!(parse("[[[[[1]]]]]").is_err());
        assert!(parse("1e1000001").is_err());
    }

    #[test]
    fn a_quoted_text_is_one_line() {
        assert_eq!(quoted("a\n\"b\u{7}"), "\"a\\u{a}\\\"b\\u{7}\"");
        assert_eq!(quoted(&"x".repeat(50)).chars().count(), 43);
    }
}
