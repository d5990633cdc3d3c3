//! What was measured up to the cursor.

use scene::charts::{Chart, Measure, PLOT_H, PLOT_W, Row, Shape};
use scene::{Tally, Tone};
use yew::prelude::*;

use crate::desk::{Desk, Part, use_turns};
use crate::paint::number;
use crate::platform;

/// The screens on which the charts are open unasked.
const ROOMY: &str = "(min-width: 760px)";

/// What to measure.
#[derive(Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_drawn_same(&other.desk, Part::Measured)
    }
}

/// Three bars, and under a heading that folds them away the charts.
#[component]
pub fn Measured(props: &Props) -> Html {
    let desk = &use_turns(&props.desk, Part::Measured);
    let tally = use_mut_ref(Tally::default);
    let open = use_state(|| platform::matches_media(ROOMY));
    let onclick = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let (measures, charts) = desk.with(|run, index| {
        let mut tally = tally.borrow_mut();
        tally.update(run);
        let measures = scene::trilemma(run, index, &tally);
        let charts = open.then(|| scene::charts(run, &tally));
        (measures, charts)
    });
    html! {
        <section class="measured" aria-labelledby="measured-title">
            <h2 id="measured-title">{ "Measured so far" }</h2>
            <div class="trilemma">{ for measures.iter().map(measure) }</div>
            <button type="button" class="quiet unfold" aria-expanded={if *open { "true" } else { "false" }} {onclick}>
                { "Charts" }
            </button>
            if let Some(charts) = charts {
                { for charts.iter().map(chart) }
            }
        </section>
    }
}

/// A bar, which says how it is measured once it is asked.
fn measure(measure: &Measure) -> Html {
    let share = measure.share.unwrap_or(0.0);
    html! {
        <details key={measure.title} class={format!("measure t-{}", measure.tone.name())}>
            <summary>
                <span class="what">{ measure.title }</span>
                { " " }
                <b>{ &measure.value }</b>
                <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                    <rect width="100" height="6" class="ground"/>
                    <rect width={number(share * 100.0)} height="6" class="bar"/>
                </svg>
            </summary>
            <p>{ &measure.how }</p>
        </details>
    }
}

fn chart(chart: &Chart) -> Html {
    html! {
        <table key={chart.id} class="chart" data-chart={chart.id}>
            <caption>
                <b>{ chart.title }</b>
                <span>{ &chart.sentence }</span>
            </caption>
            <tbody>{ for chart.rows.iter().map(|each| row(each, chart.cursor)) }</tbody>
            <tfoot aria-hidden="true">
                <tr>
                    <td/>
                    <td class="ends"><span>{ &chart.ends[0] }</span><span>{ &chart.ends[1] }</span></td>
                    <td/>
                </tr>
            </tfoot>
        </table>
    }
}

fn row(row: &Row, cursor: Option<f64>) -> Html {
    let (w, h) = (PLOT_W.to_string(), PLOT_H.to_string());
    html! {
        <tr key={row.name.clone()}>
            <th scope="row">{ &row.name }</th>
            <td class="plot">
                <svg viewBox={format!("0 0 {w} {h}")} preserveAspectRatio="none" aria-hidden="true">
                    { for row.shapes.iter().map(shape) }
                    if let Some(x) = cursor.map(|share| share * f64::from(PLOT_W)) {
                        <rect x={number(x)} width={number(f64::from(PLOT_W) - x)} height={h.clone()} class="future"/>
                        <path d={format!("M{} 0V{h}", number(x))} class="cursor-line"/>
                    }
                </svg>
            </td>
            <td class={format!("value t-{}", row.tone.name())}>{ &row.value }</td>
        </tr>
    }
}

fn shape(shape: &Shape) -> Html {
    let tone = |tone: &Tone| format!("t-{}", tone.name());
    match shape {
        Shape::Area { path, tone: of } => {
            html! { <path d={path.clone()} class={classes!("area", tone(of))}/> }
        }
        Shape::Marks { path, tone: of } => {
            html! { <path d={path.clone()} class={classes!("marks", tone(of))}/> }
        }
        Shape::Bar { w, tone: of } => {
            html! { <rect y="4" width={number(*w)} height="12" class={classes!("load", tone(of))}/> }
        }
        Shape::Line { x } => {
            html! { <path d={format!("M{} 0V{PLOT_H}", number(*x))} class="percentile"/> }
        }
    }
}
