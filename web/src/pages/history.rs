//! The page that judges a history: one from elsewhere, or that of the run.

use std::rc::Rc;

use history::{Bar, Budget, History, Picture, Verdict};
use replication::engine::time::SimTime;
use replication::run;
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::desk::Desk;
use crate::platform;

/// How much work the page does for one promise: about half a second. The command line does more.
const STEPS: u64 = 40_000_000;

/// Sizes of the picture, in CSS pixels.
const COLUMN: usize = 62;
const LANE: usize = 46;
const MARGIN: usize = 84;
/// How many characters of a name fit into the margin, and of what an operation did over its bar.
const NAME_CHARS: usize = 11;
const WORDS_CHARS: usize = 17;
/// A proof of more operations is listed, and not drawn.
const DRAWN_MAX: usize = 40;

const EXAMPLE: &str = r#"{"initial":{"price":10}}
{"session":"Alice","op":"write","key":"price","value":12,"invoke":0,"return":90}
{"session":"Bob","op":"read","key":"price","value":12,"invoke":20,"return":40}
{"session":"Carol","op":"read","key":"price","value":10,"invoke":50,"return":70}
"#;

/// What was judged.
struct Judged {
    text: String,
    history: History,
    report: history::Report,
}

/// The page.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk, whose run may be judged.
    pub desk: Desk,
    /// The address that leads back to it.
    pub back: String,
}

/// A history and its seven verdicts.
#[component]
pub fn HistoryPage(props: &Props) -> Html {
    let text = use_node_ref();
    let outcome = use_state(|| None::<Result<Rc<Judged>, String>>);
    let note = use_state(String::new);
    // Judges these bytes, and shows them as what was judged.
    let judge = {
        let (text, outcome) = (text.clone(), outcome.setter());
        move |bytes: &[u8]| {
            let written = String::from_utf8_lossy(bytes).into_owned();
            if let Some(area) = text.cast::<HtmlTextAreaElement>() {
                area.set_value(&written);
            }
            outcome.set(Some(judged(bytes, written).map(Rc::new)));
        }
    };
    let onjudge = {
        let (judge, text, note) = (judge.clone(), text.clone(), note.setter());
        Callback::from(move |_: MouseEvent| {
            if let Some(area) = text.cast::<HtmlTextAreaElement>() {
                note.set(String::new());
                judge(area.value().as_bytes());
            }
        })
    };
    let onexample = {
        let (judge, note) = (judge.clone(), note.setter());
        Callback::from(move |_: MouseEvent| {
            note.set(String::new());
            judge(EXAMPLE.as_bytes());
        })
    };
    let onrun = {
        let (judge, note, desk) = (judge.clone(), note.setter(), props.desk.clone());
        Callback::from(move |_: MouseEvent| {
            let (told, said) = of_the_run(&desk);
            note.set(said);
            judge(told.as_bytes());
        })
    };
    let onfile = {
        let (outcome, note) = (outcome.setter(), note.setter());
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else {
                return;
            };
            let Some(file) = input.files().and_then(|files| files.get(0)) else {
                return;
            };
            // The same file may be chosen again.
            input.set_value("");
            if file.size() > history::FILE_BYTES_MAX as f64 {
                let most = history::FILE_BYTES_MAX / (1024 * 1024);
                return outcome.set(Some(Err(format!(
                    "This file is not allowed: a history has at most {most} MiB."
                ))));
            }
            note.set(file.name());
            let judge = judge.clone();
            platform::read_bytes(&file, move |bytes| judge(&bytes));
        })
    };
    let refused = outcome
        .as_ref()
        .and_then(|outcome| outcome.as_ref().err().cloned());
    html! {
        <main class="history" id="history" tabindex="-1">
            <nav><a class="back" href={props.back.clone()}>{ "← Back to the run" }</a></nav>
            <h2>{ "Judge a history" }</h2>
            <p class="intro">
                { "What did the clients of your store do, and what were they told? Give that as one JSON object a line, and see which promises it keeps. Nothing leaves this page." }
            </p>
            <div class="given">
                <label for="history-text">{ "The history" }</label>
                <textarea
                    id="history-text"
                    ref={text}
                    rows="10"
                    spellcheck="false"
                    autocomplete="off"
                    placeholder={EXAMPLE}
                    aria-invalid={refused.is_some().then_some("true")}
                    aria-describedby={refused.is_some().then_some("history-refused")}
                />
                if let Some(why) = refused { <p class="refused" id="history-refused" role="alert">{ why }</p> }
                <div class="row">
                    <button type="button" class="primary" onclick={onjudge}>{ "Judge it" }</button>
                    <label class="file">
                        { "Open a file…" }
                        <input type="file" accept=".jsonl,.ndjson,.json,.txt,application/json,text/plain" onchange={onfile}/>
                    </label>
                    <button type="button" onclick={onrun}>{ "This run’s history" }</button>
                    <button type="button" onclick={onexample}>{ "An example" }</button>
                    <span class="note" role="status">{ note.as_str() }</span>
                </div>
                { format_help() }
            </div>
            if let Some(Ok(judged)) = &*outcome { { verdicts(judged) } }
        </main>
    }
}

fn judged(bytes: &[u8], text: String) -> Result<Judged, String> {
    let history = history::read(bytes).map_err(|trouble| trouble.to_string())?;
    let report = history::judge(&history, Budget { steps: STEPS });
    Ok(Judged {
        text,
        history,
        report,
    })
}

/// The history of the run to its end, and what there is to say of it.
fn of_the_run(desk: &Desk) -> (String, String) {
    let store = desk.store();
    let mut run = run::open(store.scenario.clone(), store.seed);
    run.seek(SimTime(u64::MAX));
    let told = replication::history::history(&store.scenario, run.records());
    let mut said = format!("{}, to its end.", store.scenario.title);
    if !told.left_out.is_empty() {
        let names = told.left_out.iter();
        let names: Vec<&str> = names.map(|key| store.scenario.names.key(*key)).collect();
        said += &format!(
            " Left out, since a history can’t tell of values side by side, nor of one write that made several: {}.",
            names.join(", ")
        );
    }
    (told.text, said)
}

fn format_help() -> Html {
    html! {
        <details>
            <summary>{ "What a line looks like" }</summary>
            <ul>
                <li><code>{ r#"{"session":"A","op":"write","key":"x","value":1,"invoke":0,"return":1}"# }</code></li>
                <li><code>{ r#"{"session":"B","op":"read","key":"x","value":1,"invoke":2,"return":3}"# }</code></li>
                <li><code>{ r#"{"session":"C","op":"cas","key":"x","from":1,"to":2,"ok":true,"invoke":4,"return":6}"# }</code></li>
            </ul>
            <p>
                { "Values are any JSON scalars, and may repeat. “return”: null is an unknown outcome: it may have happened, may still, or never. “ok”: false says that the value was not “from”. One operation precedes another when its return is less than the other’s invoke. Times are numbers of any unit." }
            </p>
            <p>
                { "The first line may be " }<code>{ r#"{"initial":{"x":0},"version_order":{"x":[0,1,2]}}"# }</code>
                { ", each part optional: what was there before, and the order in which the store installed the values." }
            </p>
        </details>
    }
}

/// The name of a promise, and what it means.
const MEANINGS: [(&str, &str); 7] = [
    (
        "Linearizable",
        "Each key behaves as if there were one copy of it, in real time.",
    ),
    (
        "Sequential",
        "One order of all operations, each session’s in its own order, explains everything.",
    ),
    (
        "Causal",
        "Who saw an effect sees its causes, and all agree on which write wins.",
    ),
    (
        "Read your writes",
        "A session sees what it wrote, or something newer.",
    ),
    (
        "Monotonic reads",
        "What a session saw of a key never goes back.",
    ),
    (
        "Monotonic writes",
        "A session’s writes are installed in the order in which it made them.",
    ),
    (
        "Writes follow reads",
        "A write is installed after what its session had read before it.",
    ),
];

fn verdicts(judged: &Judged) -> Html {
    let operations = judged.history.operations.len();
    let sessions = judged.history.sessions.len();
    let count = |number: usize, one: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    };
    let rows = judged.report.entries().into_iter().zip(MEANINGS);
    html! {
        <section aria-labelledby="verdicts-title">
            <h3 id="verdicts-title">{ "What it keeps" }</h3>
            <p class="of" role="status">
                { format!("{} of {} on {} judged.", count(operations, "operation"), count(sessions, "session"), count(judged.history.keys.len(), "key")) }
            </p>
            <ul class="verdicts">
                for ((name, verdict), (title, meaning)) in rows {
                    <li key={name} class={verdict.word()} data-verdict={verdict.word()}>{ row(judged, verdict, title, meaning) }</li>
                }
            </ul>
        </section>
    }
}

fn row(judged: &Judged, verdict: &Verdict, title: &str, meaning: &str) -> Html {
    let (mark, word) = match verdict {
        Verdict::Yes => ("✓", "kept"),
        Verdict::No(_) => ("✗", "broken"),
        Verdict::Unknown => ("–", "can’t be told"),
    };
    html! {
        <>
            <span class="sign" aria-hidden="true">{ mark }</span>
            <span class="title">{ title }</span>
            <span class="state">{ word }</span>
            <span class="ask">{ meaning }</span>
            if let Verdict::No(lines) = verdict { { proof(judged, lines, title) } }
            if *verdict == Verdict::Unknown {
                <span class="ask">{ "The history leaves it open: often because it does not say which of two writes is the newer, which a version order in its first line does. Or judging it takes more work than the page does: the command line does ten times as much." }</span>
            }
        </>
    }
}

/// The lines that prove it, drawn and as they are.
fn proof(judged: &Judged, lines: &[u32], title: &str) -> Html {
    let numbers: Vec<String> = lines.iter().map(u32::to_string).collect();
    let said = match lines {
        [only] => format!("Line {only} alone proves it."),
        _ => format!("Lines {} prove it together.", numbers.join(", ")),
    };
    let texts = lines.iter().filter_map(|line| {
        judged
            .text
            .lines()
            .nth(*line as usize - 1)
            .map(|text| (*line, text))
    });
    html! {
        <div class="proof">
            <p>{ said }</p>
            if lines.len() <= DRAWN_MAX { { drawn(&history::picture(&judged.history, lines), title) } }
            <details>
                <summary>{ "The lines" }</summary>
                <ol>
                    for (line, text) in texts.take(DRAWN_MAX) { <li key={line} value={line.to_string()}><code>{ text }</code></li> }
                </ol>
            </details>
        </div>
    }
}

/// Bars over time, a lane for each session.
fn drawn(picture: &Picture, title: &str) -> Html {
    let width = MARGIN + picture.columns * COLUMN + COLUMN + 40;
    let height = picture.lanes.len() * LANE + 8;
    let words = picture.bars.iter().map(|bar| {
        let open = if bar.to.is_none() {
            ", outcome unknown"
        } else {
            ""
        };
        format!(
            "line {}, {}: {}{open}",
            bar.line, picture.lanes[bar.lane], bar.words
        )
    });
    let words: Vec<String> = words.collect();
    let label = format!("{title}, the operations over time: {}", words.join("; "));
    html! {
        <div class="lanes-of-proof" tabindex="0" role="img" aria-label={label}>
            <svg width={width.to_string()} height={height.to_string()} aria-hidden="true">
                for (number, lane) in picture.lanes.iter().enumerate() {
                    <text class="who" x="0" y={(number * LANE + 33).to_string()}>{ short(lane, NAME_CHARS) }</text>
                    <line class="lane" x1={MARGIN.to_string()} x2={width.to_string()} y1={(number * LANE + 29).to_string()} y2={(number * LANE + 29).to_string()}/>
                }
                for each in &picture.bars { { bar(each, width) } }
            </svg>
        </div>
    }
}

fn bar(bar: &Bar, width: usize) -> Html {
    let x = MARGIN + bar.from * COLUMN;
    let to = bar.to.map_or(width - 12, |to| MARGIN + to * COLUMN);
    let y = bar.lane * LANE;
    let class = if bar.to.is_some() { "bar" } else { "bar open" };
    html! {
        <g>
            <rect {class} x={x.to_string()} y={(y + 22).to_string()} width={(to - x).to_string()} height="14" rx="4"/>
            <text x={(x + 2).to_string()} y={(y + 16).to_string()}>{ short(&bar.words, WORDS_CHARS) }</text>
            <text class="number" x={(x + 6).to_string()} y={(y + 33).to_string()}>{ bar.line }</text>
        </g>
    }
}

fn short(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars - 1).collect();
    kept + "…"
}
