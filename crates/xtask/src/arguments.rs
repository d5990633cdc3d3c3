//! What was written after `cargo xtask`.

/// The words that no one has taken yet.
pub struct Arguments {
    words: Vec<String>,
}

impl Arguments {
    /// The words in their order, the program's own name left out.
    pub fn new(words: impl Iterator<Item = String>) -> Self {
        Self {
            words: words.collect(),
        }
    }

    /// Takes the first word.
    pub fn command(&mut self) -> Option<String> {
        (!self.words.is_empty()).then(|| self.words.remove(0))
    }

    /// Takes an option without a value; says whether it was there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// Takes an option with a value, however often it was written: `--only a --only=b`.
    ///
    /// # Errors
    /// Where the value is missing.
    pub fn values(&mut self, name: &str) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        let mut rest = Vec::new();
        let mut words = std::mem::take(&mut self.words).into_iter();
        while let Some(word) = words.next() {
            if word == name {
                values.push(words.next().ok_or(format!("{name} needs a value"))?);
            } else if let Some(value) = word
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('='))
            {
                values.push(value.to_owned());
            } else {
                rest.push(word);
            }
        }
        self.words = rest;
        Ok(values)
    }

    /// Takes an option whose value is a port.
    ///
    /// # Errors
    /// Where the value is missing, or no port.
    pub fn number(&mut self, name: &str) -> Result<Option<u16>, String> {
        let last = self.values(name)?.pop();
        last.map(|value| {
            value
                .parse()
                .map_err(|_| format!("{name} takes a number from 0 to 65535, not '{value}'"))
        })
        .transpose()
    }

    /// Refuses what is left.
    ///
    /// # Errors
    /// Where anything is left.
    pub fn done(&self) -> Result<(), String> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(format!("what does '{word}' mean here?")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &str) -> Arguments {
        Arguments::new(words.split(' ').map(str::to_owned))
    }

    #[test]
    fn options_may_be_repeated_and_written_both_ways() {
        let mut given = arguments("test --only a --verbose --only=b");
        assert_eq!(given.command().as_deref(), Some("test"));
        assert_eq!(given.values("--only").unwrap(), ["a", "b"]);
        assert!(given.flag("--verbose"));
        assert!(!given.flag("--list"));
        assert_eq!(given.done(), Ok(()));
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        assert!(arguments("--fast").done().is_err());
        assert!(arguments("--port").number("--port").is_err());
        assert!(arguments("--port=eighty").number("--port").is_err());
    }
}
