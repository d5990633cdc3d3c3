//! Colours by meaning: the page's style sheet says what they look like, in each theme.

use replication::ids::WriteId;

/// What a colour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Ordinary ink.
    #[default]
    Ink,
    /// Ink that steps back.
    Muted,
    /// The leader.
    Leader,
    /// Any other replica.
    Follower,
    /// A client.
    Client,
    /// Good: done, caught up, kept.
    Ok,
    /// Not good yet: behind, at risk.
    Warn,
    /// Broken.
    Bad,
    /// A line that nothing is the matter with.
    Wire,
}

impl Tone {
    /// Its name in style sheets: the class is `t-` and this.
    pub fn name(self) -> &'static str {
        match self {
            Tone::Ink => "ink",
            Tone::Muted => "muted",
            Tone::Leader => "leader",
            Tone::Follower => "follower",
            Tone::Client => "client",
            Tone::Ok => "ok",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Wire => "wire",
        }
    }
}

/// The colour of a write, 0 to [`Hue::COUNT`] - 1: the class is `v` and this number. Never alone:
/// the write's number is always near.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hue(pub u8);

impl Hue {
    /// How many there are.
    pub const COUNT: u32 = 8;

    /// The colour of a write: neighbours differ.
    pub fn of(write: WriteId) -> Hue {
        Hue((write.0 % Hue::COUNT) as u8)
    }
}
