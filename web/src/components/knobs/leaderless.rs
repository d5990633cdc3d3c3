//! Leaderless: who coordinates, whom a read asks, what it repairs, and who stands in for whom.

use yew::prelude::*;

use super::parts::{Board, Dial, Knob, Pick, ms};
use super::reshape::of_spare;
use super::stream::DISK;
use crate::components::choice::{Choice, Options};
use crate::desk::Desk;

const MAIN: &[Knob] = &[
    Knob::Pick(Pick {
        id: "repair",
        legend: "A read that finds old copies",
        pointer: "/protocol/repair",
        options: &[
            ("off", "Leaves them", ""),
            ("background", "Repairs later", ""),
            ("contacted", "Those asked", ""),
            ("write_back", "W of them", ""),
        ],
        means: Some(|board| scene::repair_words(board.settings.repair)),
    }),
    Knob::NewRun(Pick {
        id: "coordinator",
        legend: "Who coordinates",
        pointer: "/protocol/coordinator",
        options: &[
            (
                "proxy",
                "A proxy",
                "A proxy that holds nothing: every leg goes over the network.",
            ),
            (
                "node",
                "A replica",
                "One of the replicas: what it asks of itself is local.",
            ),
        ],
        means: None,
    }),
];

const READS_SENT_TO: Knob = Knob::Pick(Pick {
    id: "reads-sent-to",
    legend: "A read asks",
    pointer: "/protocol/reads_sent_to",
    options: &[
        (
            "all",
            "All copies",
            "All copies, and takes the first R answers (Dynamo).",
        ),
        (
            "r",
            "Only R",
            "Only R of them (Cassandra): fewer messages, and a slow one is waited for.",
        ),
    ],
    means: None,
});

const VERSIONS: Knob = Knob::NewRun(Pick {
    id: "versions",
    legend: "Versions are told apart by",
    pointer: "/protocol/versions",
    options: &[("timestamps", "Timestamps", ""), ("dotted", "Vectors", "")],
    means: Some(|board| scene::versions_words(board.structure().versions)),
});

const QUORUM: Options = &[
    (
        "strict",
        "Strict",
        "Only the key’s own copies count. Where too few are there, a request is refused, or times out before that is known. A \
         coordinator that is a replica keeps hints for those that are away; these count for nothing.",
    ),
    (
        "sloppy",
        "Sloppy",
        "Where copies are away, other nodes stand in and keep a hint for them: writes go on, and W + R > N promises nothing.",
    ),
];

const HINTS: &[Knob] = &[Knob::Dial(Dial {
    id: "hint-expires",
    name: "A hint is dropped after",
    pointer: "/protocol/hint_expires_ms",
    places: &[200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 600_000],
    parts: 1,
    written: ms,
    default: 60_000,
    null: None,
    note: "Then what it held reaches its owner only by a repair.",
})];

const DOUBT: Dial = Dial {
    id: "doubt-after",
    name: "Taken for gone after",
    pointer: "/protocol/doubt_after_ms",
    places: &[20, 50, 100, 150, 200, 300, 500, 1000, 2000],
    parts: 1,
    written: ms,
    default: 150,
    null: None,
    note: "So long may a copy leave its coordinator without an answer.",
};

const ANTI_ENTROPY: Knob = Knob::Dial(Dial {
    id: "anti-entropy",
    name: "Replicas compare every",
    pointer: "/protocol/anti_entropy_ms",
    places: &[0, 100, 200, 500, 1000, 2000, 5000, 10_000],
    parts: 1,
    written: |every| match every {
        0 => "never".to_owned(),
        every => ms(every),
    },
    default: 0,
    null: Some((0, "/protocol/anti_entropy_ms")),
    note: "Anti-entropy: each asks another what it has, and they send what the other lacks.",
});

pub fn knobs(board: &Board<'_>) -> Html {
    board.all(MAIN)
}

/// What is folded away.
pub fn folded(board: &Board<'_>) -> Html {
    let structure = board.structure();
    let spare = structure.nodes > structure.copies;
    let sloppy = board.settings.sloppy.is_some();
    let on_quorum = board.on(move |desk: &Desk, quorum: &'static str| {
        match quorum == "sloppy" && !spare {
            // Somebody has to be there to stand in.
            true => desk.reshape(&|scenario| {
                let mut document = of_spare(scenario, 2);
                document["protocol"]["quorum"] = "sloppy".into();
                document
            }),
            false => desk.turn(&[("/protocol/quorum".to_owned(), quorum.into())]),
        };
    });
    let means = (!spare).then_some(AttrValue::Static(
        "Only the key’s own copies count, and every node holds one. “Sloppy” adds two nodes to stand in, in a new run.",
    ));
    let about = [
        "/protocol/quorum",
        "/protocol/hint_expires_ms",
        "/protocol/doubt_after_ms",
    ];
    html! {
        <>
            { board.fold("Stand-ins and hints", &about, html! {
                <>
                    <Choice id="quorum" legend="Quorum" options={QUORUM} chosen={if sloppy { "sloppy" } else { "strict" }} {means} on_choose={on_quorum} story={board.told(&["/protocol/quorum"])}/>
                    if sloppy { { board.all(HINTS) } }
                    { board.dial(&DOUBT) }
                </>
            }) }
            { board.fold("Versions, repair, disks", &["/protocol/versions", "/protocol/reads_sent_to", "/protocol/anti_entropy_ms", "/protocol/disk_ms"], html! {
                <>
                    { board.all(&[READS_SENT_TO, VERSIONS, ANTI_ENTROPY]) }
                    { board.dial(&DISK) }
                </>
            }) }
        </>
    }
}
