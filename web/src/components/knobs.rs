//! The knobs: what decides how the replicas, the network and the clients behave.
//!
//! What has no meaning under the chosen protocol is shown as such, with the reason in words.

use replication::engine::delay::Delay;
use replication::engine::time::SimTime;
use replication::scenario::{Does, ProtocolKind, ReadPolicy};
use scene::quantity::{decimal, duration};
use serde_json::{Value as Json, json};
use yew::prelude::*;

use crate::components::choice::Choice;
use crate::components::protocol::{ack, ack_name, of_kind, of_partitions, of_size, semi_sync};
use crate::components::seed::Seed;
use crate::components::slider::Slider;
use crate::components::verbs::verbs;
use crate::desk::Desk;

const NEW_RUN: &str = "starts a new run";

const ENTRANCES: &[(&str, &str)] = &[("single_leader", "One leader"), ("leaderless", "No leader")];
const ACKS: &[(&str, &str)] = &[
    ("async", "Async"),
    ("semi_sync", "Semi-sync"),
    ("sync", "Sync"),
    ("quorum", "Quorum"),
];
const READS: &[(&str, &str)] = &[("leader", "Leader"), ("any", "Any"), ("sticky", "Sticky")];

/// Places of the sliders whose scales are not even. Milliseconds; tenths; hundredths of a percent; tenths.
const LAGS_MS: &[u64] = &[
    0, 1, 2, 5, 10, 20, 35, 50, 80, 120, 160, 200, 250, 320, 400, 500, 650, 800, 1000, 1500, 2000,
    3000, 5000, 10_000,
];
const TIMEOUTS_MS: &[u64] = &[
    20, 50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 20_000,
];
const JITTERS_TENTHS: &[u64] = &[10, 12, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300];
const LOSSES_PPM: &[u64] = &[
    0, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 150_000, 200_000, 300_000, 500_000,
    1_000_000,
];
const RATES_TENTHS: &[u64] = &[
    0, 1, 2, 5, 10, 20, 30, 50, 80, 100, 150, 200, 300, 500, 1000,
];

/// The most copies that the slider offers; a scenario's own text may ask for more.
const COPIES_MAX: u64 = 12;
/// The most clients with sliders of their own; more share one pair.
const OWN_RATES_MAX: usize = 3;

/// All knobs, and what one can break.
pub fn knobs(desk: &Desk) -> Html {
    let at_start = desk.player().now() == SimTime::ZERO;
    html! {
        <>
            <p class="lead">
                { if at_start { "What you change holds from the start." } else { "What you change holds from this moment on; what has happened stays." } }
            </p>
            { entrance(desk) }
            { done(desk) }
            { copies(desk) }
            { reads(desk) }
            { network(desk) }
            { rates(desk) }
            <fieldset><legend>{ "Chance" }</legend><Seed desk={desk.clone()}/></fieldset>
            { verbs(desk) }
        </>
    }
}

/// A callback that does something with the desk.
fn on<T: 'static>(desk: &Desk, act: impl Fn(&Desk, T) + 'static) -> Callback<T> {
    let desk = desk.clone();
    Callback::from(move |value| act(&desk, value))
}

/// Whether the story is about what a pointer leads to.
fn told(desk: &Desk, pointer: &str) -> bool {
    desk.store()
        .scenario
        .knobs
        .iter()
        .any(|knob| knob.starts_with(pointer))
}

fn kind(desk: &Desk) -> ProtocolKind {
    desk.store().scenario.structure.kind
}

fn entrance(desk: &Desk) -> Html {
    let (chosen, means) = match kind(desk) {
        ProtocolKind::SingleLeader => (
            "single_leader",
            "At one replica, the leader, which passes them on to its followers.",
        ),
        ProtocolKind::Leaderless => (
            "leaderless",
            "Nobody leads: a coordinator sends each write to all copies, and asks several of them for a read.",
        ),
    };
    let on_choose = on(desk, |desk, kind: &'static str| {
        let kind = if kind == "leaderless" {
            ProtocolKind::Leaderless
        } else {
            ProtocolKind::SingleLeader
        };
        desk.rebuild(of_kind(&desk.store().scenario, kind));
    });
    html! { <Choice id="entrance" legend="Where do writes enter?" tag={NEW_RUN} options={ENTRANCES} {chosen} {means} {on_choose}/> }
}

fn done(desk: &Desk) -> Html {
    let off = kind(desk) == ProtocolKind::Leaderless;
    let structure = &desk.store().scenario.structure;
    let (rule, (k, timeout_ms)) = desk.with(|run, _| (run.settings().ack, semi_sync(run)));
    let means = match off {
        true => "Where nobody leads, W decides: see below.".to_owned(),
        false => scene::ack_words(rule, structure),
    };
    let turn = |desk: &Desk, rule: Json| desk.turn(&[("/protocol/ack".to_owned(), rule)]);
    let on_choose = on(desk, move |desk, mode: &'static str| {
        turn(desk, ack(mode, k, timeout_ms))
    });
    let chosen = if off { "" } else { ack_name(rule) };
    let followers = u32::from(structure.nodes.saturating_sub(1)).max(1);
    let timeouts = Scale::holding(TIMEOUTS_MS, timeout_ms);
    let on_k = on(desk, move |desk, k: u32| {
        turn(desk, ack("semi_sync", k.into(), timeout_ms))
    });
    let on_timeout = on(desk, {
        let timeouts = timeouts.clone();
        move |desk, place: u32| turn(desk, ack("semi_sync", k, timeouts.at(place)))
    });
    html! {
        <Choice id="done" legend="Say “done” after…" options={ACKS} {chosen} {means} {off} {on_choose} story={!off && told(desk, "/protocol/ack")}>
            if chosen == "semi_sync" {
                <Slider id="semi-sync-k" name="Followers to wait for" value={k as u32} first=1 last={followers} written={Callback::from(|k: u32| k.to_string())} on_turn={on_k}/>
                <Slider
                    id="semi-sync-timeout"
                    name="Give up after"
                    value={timeouts.place(timeout_ms)}
                    last={timeouts.last()}
                    written={timeouts.written(|ms| duration(ms * 1000))}
                    on_turn={on_timeout}
                    note="Then the leader alone is enough, until they have caught up."
                />
            }
        </Choice>
    }
}

fn copies(desk: &Desk) -> Html {
    let structure = &desk.store().scenario.structure;
    let leaderless = kind(desk) == ProtocolKind::Leaderless;
    let n = if leaderless {
        structure.copies
    } else {
        structure.nodes
    };
    let (w, r, words) = desk.with(|run, _| {
        (
            run.settings().w,
            run.settings().r,
            scene::quorum_words(run.settings(), structure),
        )
    });
    let plain = Callback::from(|count: u32| count.to_string());
    let quorum = Callback::from(move |count: u32| match leaderless {
        true => count.to_string(),
        false => "–".to_owned(),
    });
    let on_n = on(desk, |desk, n: u32| {
        desk.rebuild(of_size(&desk.store().scenario, n.into()))
    });
    let count = |pointer: &'static str| {
        on(desk, move |desk, count: u32| {
            desk.turn(&[(pointer.to_owned(), count.into())])
        })
    };
    let why = (!leaderless).then_some(AttrValue::Static("quorums-why"));
    let overlap = w + r > n;
    html! {
        <fieldset>
            <legend>{ "Copies and quorums" }</legend>
            <Slider
                id="copies"
                name="Copies N"
                tag={NEW_RUN}
                story={told(desk, "/protocol/nodes") || told(desk, "/protocol/copies")}
                value={u32::from(n)}
                first={if leaderless { 1 } else { 2 }}
                last={COPIES_MAX.max(n.into()) as u32}
                written={plain}
                on_turn={on_n}
                note={(!leaderless).then_some(AttrValue::Static("The leader is one of them."))}
            />
            <Slider id="write-quorum" name="Write quorum W" value={u32::from(w)} first=1 last={u32::from(n)} written={quorum.clone()} on_turn={count("/protocol/w")} off={!leaderless} described_by={why.clone()} story={leaderless && told(desk, "/protocol/w")}/>
            <Slider id="read-quorum" name="Read quorum R" value={u32::from(r)} first=1 last={u32::from(n)} written={quorum} on_turn={count("/protocol/r")} off={!leaderless} described_by={why} story={leaderless && told(desk, "/protocol/r")}/>
            if !leaderless {
                <p class="why" id="quorums-why">{ "W and R have no meaning under one leader: “Say done after” decides how many copies a write waits for, and a read asks one replica." }</p>
            }
            if !leaderless && structure.keys > 1 { { partitions(desk) } }
            if !words.is_empty() { <p class={classes!("quorum", if overlap { "overlap" } else { "miss" })}>{ words }</p> }
        </fieldset>
    }
}

/// With several keys, over how many logs they are spread.
fn partitions(desk: &Desk) -> Html {
    let structure = &desk.store().scenario.structure;
    let on_turn = on(desk, |desk, partitions: u32| {
        desk.rebuild(of_partitions(&desk.store().scenario, partitions.into()))
    });
    html! {
        <Slider
            id="partitions"
            name="Partitions"
            tag={NEW_RUN}
            story={told(desk, "/protocol/partitions")}
            value={u32::from(structure.partitions)}
            first=1
            last={u32::from(structure.partitions.max(structure.keys)).min(8)}
            written={Callback::from(|count: u32| count.to_string())}
            {on_turn}
            note="Keys are spread over so many logs, each copied at its own pace."
        />
    }
}

fn reads(desk: &Desk) -> Html {
    let off = kind(desk) == ProtocolKind::Leaderless;
    let policy = desk.with(|run, _| run.settings().reads);
    let means = match off {
        true => {
            "Where nobody leads, a read goes to the coordinator, which asks R copies.".to_owned()
        }
        false => scene::reads_words(policy, kind(desk)),
    };
    let chosen = match policy {
        _ if off => "",
        ReadPolicy::Leader => "leader",
        ReadPolicy::Any => "any",
        ReadPolicy::Sticky => "sticky",
    };
    let on_choose = on(desk, |desk, policy: &'static str| {
        desk.turn(&[("/reads/policy".to_owned(), policy.into())])
    });
    html! { <Choice id="reads" legend="Reads go to" options={READS} {chosen} {means} {off} {on_choose} story={!off && told(desk, "/reads/policy")}/> }
}

fn network(desk: &Desk) -> Html {
    let leaderless = kind(desk) == ProtocolKind::Leaderless;
    let network = desk.with(|run, _| run.settings().network.clone());
    let carried = if leaderless {
        &network.w
    } else {
        &network.replication
    };
    // A scenario may give each leg a distribution of its own, which one number can't change.
    let own_legs = leaderless
        && desk
            .store()
            .scenario
            .document
            .pointer("/protocol/legs/w")
            .is_some();
    let (lag_ms, jitter_tenths) = match carried {
        Delay::LogNormal {
            median_ms,
            p99_over_p50,
        } if !own_legs => (
            median_ms.round() as u64,
            (p99_over_p50 * 10.0).round() as u64,
        ),
        _ => (0, 10),
    };
    let why = own_legs.then_some(AttrValue::Static(
        "No meaning here: this scenario gives each leg a delay of its own.",
    ));
    let lags = Scale::holding(LAGS_MS, lag_ms);
    let jitters = Scale::holding(JITTERS_TENTHS, jitter_tenths);
    let losses = Scale::holding(LOSSES_PPM, network.loss_ppm.into());
    let turns = |pointer: &'static str, scale: &Scale, value: fn(u64) -> Json| {
        let scale = scale.clone();
        on(desk, move |desk, place: u32| {
            desk.turn(&[(pointer.to_owned(), value(scale.at(place)))])
        })
    };
    html! {
        <fieldset>
            <legend>{ "Network" }</legend>
            <Slider
                id="lag"
                story={told(desk, "/network/replication_lag_ms")}
                name={if leaderless { "Delay of a write to a copy" } else { "Replication lag" }}
                value={lags.place(lag_ms)}
                last={lags.last()}
                written={lags.written(|ms| if ms == 0 { "0 ms".to_owned() } else { duration(ms * 1000) })}
                on_turn={turns("/network/replication_lag_ms", &lags, Json::from)}
                off={own_legs}
                note={why.clone().or(Some(AttrValue::Static("Half of what is streamed to the replicas takes longer than this.")))}
            />
            <Slider
                id="jitter"
                story={told(desk, "/network/jitter")}
                name="Jitter"
                value={jitters.place(jitter_tenths)}
                last={jitters.last()}
                written={jitters.written(|tenths| format!("×{}", decimal(tenths, 10)))}
                on_turn={turns("/network/jitter", &jitters, |tenths| fraction(tenths, 10))}
                off={own_legs}
                note={why.or_else(|| Some(format!("One in a hundred takes more than {} times as long.", decimal(jitter_tenths, 10)).into()))}
            />
            <Slider
                id="loss"
                story={told(desk, "/network/loss_percent")}
                name="Messages lost"
                value={losses.place(network.loss_ppm.into())}
                last={losses.last()}
                written={losses.written(|ppm| format!("{} %", decimal(ppm, 10_000)))}
                on_turn={turns("/network/loss_percent", &losses, |ppm| fraction(ppm, 10_000))}
            />
        </fieldset>
    }
}

fn rates(desk: &Desk) -> Html {
    let scenario = &desk.store().scenario;
    let random: Vec<usize> = scenario
        .clients
        .iter()
        .enumerate()
        .filter(|(_, plan)| matches!(plan.does, Does::Random { .. }))
        .map(|(number, _)| number)
        .collect();
    if random.is_empty() {
        let why = AttrValue::Static("rates-why");
        let none = Callback::from(|_: u32| "–".to_owned());
        return html! {
            <fieldset>
                <legend>{ "How busy people are" }</legend>
                <Slider id="writes-0" name="Writes a second" value=0 last=1 written={none.clone()} on_turn={Callback::noop()} off=true described_by={why.clone()}/>
                <Slider id="reads-0" name="Reads a second" value=0 last=1 written={none} on_turn={Callback::noop()} off=true described_by={why}/>
                <p class="why" id="rates-why">{ "These have no meaning here: in this story everyone follows a list." }</p>
            </fieldset>
        };
    }
    let groups: Vec<(String, Vec<usize>)> = match random.len() {
        0..=OWN_RATES_MAX => random
            .iter()
            .map(|client| (scenario.clients[*client].name.clone(), vec![*client]))
            .collect(),
        _ => vec![("Everyone".to_owned(), random)],
    };
    let group = |(name, clients): &(String, Vec<usize>)| {
        let rates = desk.with(|run, _| {
            run.settings()
                .rates
                .get(clients[0])
                .copied()
                .unwrap_or_default()
        });
        let slider = |verb: &'static str, field: &'static str, per_s: f64| {
            let tenths = (per_s * 10.0).round() as u64;
            let scale = Scale::holding(RATES_TENTHS, tenths);
            let on_turn = on(desk, {
                let (scale, clients) = (scale.clone(), clients.clone());
                move |desk, place: u32| {
                    let rate = fraction(scale.at(place), 10);
                    let change = |client: &usize| {
                        (format!("/clients/{client}/random/{field}"), rate.clone())
                    };
                    desk.turn(&clients.iter().map(change).collect::<Vec<_>>());
                }
            });
            html! {
                <Slider
                    id={format!("{field}-{}", clients[0])}
                    name={format!("{name} {verb}")}
                    value={scale.place(tenths)}
                    last={scale.last()}
                    written={scale.written(|tenths| format!("{} /s", decimal(tenths, 10)))}
                    {on_turn}
                />
            }
        };
        html! {
            <>
                { slider("writes", "writes_per_s", rates.writes_per_s) }
                { slider("reads", "reads_per_s", rates.reads_per_s) }
            </>
        }
    };
    html! { <fieldset><legend>{ "How busy people are" }</legend>{ for groups.iter().map(group) }</fieldset> }
}

/// The places of an uneven slider: those of its scale, and the value that a scenario has given it.
#[derive(Clone, PartialEq)]
struct Scale(Vec<u64>);

impl Scale {
    fn holding(places: &[u64], value: u64) -> Self {
        let mut places = places.to_vec();
        if let Err(between) = places.binary_search(&value) {
            places.insert(between, value);
        }
        Scale(places)
    }

    fn place(&self, value: u64) -> u32 {
        self.0.binary_search(&value).unwrap_or_default() as u32
    }

    fn at(&self, place: u32) -> u64 {
        self.0[(place as usize).min(self.0.len() - 1)]
    }

    fn last(&self) -> u32 {
        self.0.len() as u32 - 1
    }

    fn written(&self, write: fn(u64) -> String) -> Callback<u32, String> {
        let scale = self.clone();
        Callback::from(move |place| write(scale.at(place)))
    }
}

/// The same in a scenario: whole where it is.
fn fraction(parts: u64, of: u64) -> Json {
    match parts % of {
        0 => json!(parts / of),
        _ => json!(parts as f64 / of as f64),
    }
}
