//! The words of the field: what each means, and where one stands in a sentence.

mod terms;

pub use terms::TERMS;

/// A term of the field.
#[derive(Debug, PartialEq, Eq)]
pub struct Term {
    /// Its address in the glossary.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Other words for it, and other forms of it.
    pub also: &'static [&'static str],
    /// What it means, in a sentence or two.
    pub means: &'static str,
}

impl Term {
    /// The term with this address.
    pub fn find(id: &str) -> Option<&'static Term> {
        TERMS.iter().find(|term| term.id == id)
    }

    fn words(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.also.iter().copied())
    }
}

/// A piece of a text: a term's word, or what stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// As it is written.
    pub text: &'a str,
    /// What it is a word for.
    pub term: Option<&'static Term>,
}

/// A text in pieces: each term where it stands first, the longest word where several begin at one place. It stands after
/// another text: a term that was met there is not marked again.
pub fn marked_after<'a>(before: &str, text: &'a str) -> Vec<Piece<'a>> {
    let mut met = Vec::new();
    mark(before, &mut met);
    mark(text, &mut met)
}

fn mark<'a>(text: &'a str, met: &mut Vec<&'static Term>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while at < text.len() {
        let begins = text[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !is_of_word(before));
        let found = begins.then(|| word_at(&text[at..])).flatten();
        match found {
            Some((length, term)) => {
                if !met.contains(&term) {
                    met.push(term);
                    pieces.push(Piece {
                        text: &text[plain..at],
                        term: None,
                    });
                    pieces.push(Piece {
                        text: &text[at..at + length],
                        term: Some(term),
                    });
                    plain = at + length;
                }
                at += length;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    pieces.push(Piece {
        text: &text[plain..],
        term: None,
    });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// The longest word for a term with which a text begins: its length in bytes.
fn word_at(text: &str) -> Option<(usize, &'static Term)> {
    let words = TERMS
        .iter()
        .flat_map(|term| term.words().map(move |word| (word, term)));
    let here = words.filter(|(word, _)| begins_with(text, word));
    here.map(|(word, term)| (word.len(), term))
        .max_by_key(|(length, _)| *length)
}

/// Whether a text begins with a word, as a whole one. A single letter has to be written as it is.
fn begins_with(text: &str, word: &str) -> bool {
    let Some(head) = text.get(..word.len()) else {
        return false;
    };
    let same = match word.len() {
        1 => head == word,
        _ => head.eq_ignore_ascii_case(word),
    };
    same && !text[word.len()..].starts_with(is_of_word)
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &str) -> Vec<(&str, &str)> {
        let pieces = marked_after("", text);
        let whole: String = pieces.iter().map(|piece| piece.text).collect();
        assert_eq!(whole, text);
        let terms = pieces
            .iter()
            .filter_map(|piece| Some((piece.text, piece.term?.id)));
        terms.collect()
    }

    #[test]
    fn a_term_is_marked_where_it_is_first_met() {
        assert_eq!(
            met("A leader has followers; the Leader’s log is theirs."),
            [
                ("leader", "leader"),
                ("followers", "follower"),
                ("log", "log")
            ]
        );
    }

    #[test]
    fn a_term_that_was_met_before_is_not_marked_again() {
        let pieces = marked_after("A leader leads.", "The leader has a log.");
        let terms = pieces
            .iter()
            .filter_map(|piece| Some((piece.text, piece.term?.id)));
        assert_eq!(terms.collect::<Vec<_>>(), [("log", "log")]);
    }

    #[test]
    fn the_longest_word_is_taken_and_no_part_of_one() {
        assert_eq!(
            met("Replication lag"),
            [("Replication lag", "replication-lag")]
        );
        assert_eq!(met("A flag is a catalog of seeders"), []);
        assert_eq!(
            met("W + R > N, or r of n"),
            [("W", "w"), ("R", "r"), ("N", "n")]
        );
        assert_eq!(met("the read quorum R overlaps"), [("read quorum R", "r")]);
        assert_eq!(
            met("was told “done” late"),
            [("told “done”", "acknowledged")]
        );
    }

    #[test]
    fn terms_are_in_order_and_each_word_stands_for_one() {
        let order = |term: &Term| term.name.to_lowercase();
        assert!(TERMS.is_sorted_by_key(order), "by name");
        let mut words: Vec<String> = TERMS
            .iter()
            .flat_map(|term| term.words())
            .map(str::to_lowercase)
            .collect();
        words.sort_unstable();
        let all = words.len();
        words.dedup();
        assert_eq!(words.len(), all);
        let mut ids: Vec<&str> = TERMS.iter().map(|term| term.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), TERMS.len());
    }

    #[test]
    fn each_means_something_and_is_found_by_its_address() {
        for term in TERMS {
            assert!(
                term.means.ends_with(['.', ')']) && term.means.len() < 340,
                "{}",
                term.id
            );
            assert_eq!(Term::find(term.id), Some(term));
        }
    }
}
