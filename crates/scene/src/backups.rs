//! The backups that are kept: a small strip below the stage, and a line.

use replication::run::Run;
use replication::trace::Kind;

use crate::index::SceneIndex;
use crate::moment::Moment;
use crate::quantity::{count, listed, moment};
use crate::tone::Tone;

/// The backups at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupStrip {
    /// Those that are kept, oldest first.
    pub rows: Vec<BackupRow>,
    /// One sentence about them: "2 backups are kept, the newest of 3.000 s."
    pub words: String,
    /// Its colour: bad where the last one failed.
    pub tone: Tone,
}

/// One backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupRow {
    /// When it was made, in microseconds.
    pub at_us: u64,
    /// The same in words: "3.000 s".
    pub at: String,
    /// Whether there is a copy.
    pub worked: bool,
    /// ✓ or ✗.
    pub mark: &'static str,
    /// In words: "3.000 s: there is a copy", "3.000 s: failed, and nobody was told".
    pub words: String,
}

/// The backups at the cursor; `None` where none are made.
pub fn backup_strip(run: &dyn Run, index: &SceneIndex) -> Option<BackupStrip> {
    strip(&Moment::of(run, index))
}

pub(crate) fn words(now: &Moment<'_>) -> Option<String> {
    strip(now).map(|strip| strip.words)
}

fn strip(now: &Moment<'_>) -> Option<BackupStrip> {
    let kept = now.run.backups();
    let last = now.last_turn(|kind| matches!(kind, Kind::BackedUp { .. }));
    if kept.is_empty() && last.is_none() && now.run.settings().backups.is_none() {
        return None;
    }
    let row = |backup: &replication::run::BackupView| {
        let at = moment(backup.at.0);
        let (mark, fate) = match backup.worked {
            true => ("✓", "there is a copy"),
            false => ("✗", "failed, and nobody was told"),
        };
        BackupRow {
            at_us: backup.at.0,
            words: format!("{at}: {fate}"),
            at,
            worked: backup.worked,
            mark,
        }
    };
    let rows: Vec<BackupRow> = kept.iter().map(row).collect();
    let failed = matches!(
        last.map(|record| record.kind),
        Some(Kind::BackedUp { worked: false, .. })
    );
    let good: Vec<&str> = rows
        .iter()
        .filter(|row| row.worked)
        .map(|row| row.at.as_str())
        .collect();
    let (words, tone) = match (good.len() as u64, failed) {
        (0, true) => (
            "There is no backup: they fail, and nobody is told.".to_owned(),
            Tone::Bad,
        ),
        (0, false) => ("There is no backup yet.".to_owned(), Tone::Muted),
        (kept, failed) => {
            let backups = count(kept, "backup is", "backups are");
            let fate = if failed {
                "; the last one failed, and nobody was told"
            } else {
                ""
            };
            let tone = if failed { Tone::Bad } else { Tone::Ok };
            (format!("{backups} kept, of {}{fate}.", listed(&good)), tone)
        }
    };
    Some(BackupStrip { rows, words, tone })
}
