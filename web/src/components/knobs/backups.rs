//! Backups, which are not replicas.

use replication::scenario::ProtocolKind;
use yew::prelude::*;

use super::parts::{Board, Dial, Switch, ms};

const EVERY: Dial = Dial {
    id: "backup-every",
    name: "All disks are copied every",
    pointer: "/backups/every_ms",
    places: &[0, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000],
    parts: 1,
    written: |every| match every {
        0 => "never".to_owned(),
        every => ms(every),
    },
    default: 0,
    null: Some((0, "/backups")),
    note: "A replica copies a mistake like anything else; a backup still has what was there before.",
};

const KEEP: Dial = Dial {
    id: "backup-keep",
    name: "Copies kept",
    pointer: "/backups/keep",
    places: &[1, 2, 3, 4, 5, 6, 7, 8],
    parts: 1,
    written: |kept| kept.to_string(),
    default: 5,
    null: None,
    note: "",
};

const FAILING: Switch = Switch {
    id: "backup-failing",
    name: "They fail, and nobody is told",
    pointer: "/backups/failing",
    note: "The job runs, deletes what is old, and copies nothing.",
};

const POINT_IN_TIME: Switch = Switch {
    id: "backup-point",
    name: "The log is kept with them",
    pointer: "/backups/point_in_time",
    note: "Then a restore can stop at any moment since; without, only where a copy was made.",
};

pub fn knobs(board: &Board<'_>) -> Html {
    let backups = board.settings.backups;
    let every_ms = backups.map_or(0, |backups| backups.every_us / 1000);
    board.fold(
        "Backups",
        &["/backups"],
        html! {
            <>
                { board.dial_at(&EVERY, every_ms) }
                if backups.is_some() {
                    { board.dial(&KEEP) }
                    { board.switch(&FAILING) }
                    if board.is(ProtocolKind::SingleLeader) { { board.switch(&POINT_IN_TIME) } }
                }
            </>
        },
    )
}
