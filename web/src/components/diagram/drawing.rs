//! The diagram as SVG.

use std::rc::Rc;

use replication::ids::Place;
use scene::geometry::{Point, Rect};
use scene::space_time::{
    Band, Bracket, Break, Dot, Lane, Light, NAME_SIZE, NUMBER_SIZE, Reign, Slant, What,
};
use scene::{Diagram as Picture, Tone, glyphs};
use yew::prelude::*;

use super::Seen;
use crate::paint::number;

/// All of it. `lit` is what is pointed at, with all that belongs to it.
pub fn drawing(all: &Rc<Seen>, lit: Option<&(What, Light)>) -> Html {
    let picture = &all.picture;
    let plot = picture.plot;
    let (top, bottom) = (number(plot.y), number(plot.bottom()));
    let x = picture.cursor_x;
    let seen = (plot.x - 0.5..=plot.right() + 0.5).contains(&x);
    let chosen = |what| lit.is_some_and(|(chosen, _)| *chosen == what);
    html! {
        <>
            <Ground seen={all.clone()} lit={lit.cloned()}/>
            // What has been seen already, and is still to come at the cursor.
            if seen || x < plot.x {
                <rect class="future" x={number(x.max(plot.x))} y={top.clone()} width={number((plot.right() - x.max(plot.x)).max(0.0))} height={number(plot.h)}/>
            }
            if lit.is_some() { { things(picture, lit, true) } }
            if let Some((_, light)) = lit { { evidence(&light.evidence) } }
            for each in picture.brackets.iter() { { bracket(each, chosen(What::Violation(each.number))) } }
            if seen {
                <path class="cursor-line" d={format!("M{} {}V{bottom}", number(x), number(plot.y - 4.0))}/>
                <path class="cursor-hold" d={format!("M{} {bottom}l5.5 7h-11z", number(x))}/>
            }
        </>
    }
}

/// What stands where it is while the cursor moves on.
#[derive(Properties)]
struct GroundProps {
    seen: Rc<Seen>,
    lit: Option<(What, Light)>,
}

impl PartialEq for GroundProps {
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (&self.seen.picture, &other.seen.picture);
        self.lit == other.lit && one.is_same_at_another_cursor(two)
    }
}

#[component]
fn Ground(props: &GroundProps) -> Html {
    let picture = &props.seen.picture;
    let plot = picture.plot;
    let (top, bottom) = (number(plot.y), number(plot.bottom()));
    html! {
        <>
            for each in picture.bands.iter() { { band(each) } }
            for each in picture.lanes.iter() { { lane(each, plot) } }
            for each in picture.reigns.iter() { { reign(each) } }
            for (x, words) in picture.ticks.iter() {
                <>
                    <path class="tick" d={format!("M{} {top}V{bottom}", number(*x))}/>
                    <text class="f-mono t-muted" x={number(*x)} y={number(picture.height - 4.0)} text-anchor="middle" font-size="10.5">{ words.clone() }</text>
                </>
            }
            for each in picture.breaks.iter() { { folded(each) } }
            { things(picture, props.lit.as_ref(), false) }
            // Over the lines, which would cross them out.
            for each in picture.bands.iter() { { band_label(each) } }
            for each in picture.reigns.iter() { { reign_label(each) } }
        </>
    }
}

/// Messages and what happened: those that are lit, or all others.
fn things(picture: &Picture, lit: Option<&(What, Light)>, are_lit: bool) -> Html {
    let is_lit = |seq| lit.is_some_and(|(_, light)| light.is_on(seq));
    let chosen = |what| lit.is_some_and(|(chosen, _)| *chosen == what);
    let class = match (are_lit, lit.is_some()) {
        (true, _) => "things lit",
        (false, true) => "things dimmed",
        (false, false) => "things",
    };
    let lines = || {
        picture
            .lines
            .iter()
            .filter(|line| is_lit(line.seq) == are_lit)
    };
    let dots = || picture.dots.iter().filter(|dot| is_lit(dot.seq) == are_lit);
    html! {
        <g {class}>
            if are_lit {
                for each in lines() { { slant(each, chosen(What::Message(each.seq))) } }
            } else {
                { alike(lines().map(|line| (class_of_slant(line, false), path_of_slant(line)))) }
                for each in lines() { { end_of_slant(each) } }
            }
            for each in dots() { { dot(each, chosen(What::Event(each.seq))) } }
        </g>
    }
}

/// Lines that look alike are one path: in a busy run that is some twenty instead of hundreds.
fn alike(all: impl Iterator<Item = (String, String)>) -> Html {
    let mut paths: Vec<(String, String)> = Vec::new();
    for (class, d) in all {
        match paths.iter_mut().find(|(of, _)| *of == class) {
            Some((_, path)) => *path += &d,
            None => paths.push((class, d)),
        }
    }
    // In one order, so that each stays the element that it was.
    paths.sort_unstable();
    html! {
        for (class, d) in paths { <path key={class.clone()} {class} {d}/> }
    }
}

fn lane(lane: &Lane, plot: Rect) -> Html {
    let class = match lane.place {
        Place::Client(_) => "t-client",
        Place::Node(_) => "t-ink",
    };
    let line = format!(
        "M{} {}H{}",
        number(plot.x),
        number(lane.y),
        number(plot.right())
    );
    html! {
        <>
            <path class="lane" d={line}/>
            <text {class} x="10" y={number(lane.y + 4.0)} font-size={number(NAME_SIZE)}>{ lane.name.clone() }</text>
        </>
    }
}

fn band(band: &Band) -> Html {
    let Rect { x, y, w, h } = band.rect;
    html! {
        <rect class={plight(band)} x={number(x)} y={number(y)} width={number(w.max(1.0))} height={number(h)} rx="3"/>
    }
}

fn band_label(band: &Band) -> Html {
    let (at, words) = &band.label;
    html! {
        if !words.is_empty() {
            <text class={plight(band)} x={number(at.x)} y={number(at.y)} font-size="9.5">{ words.clone() }</text>
        }
    }
}

fn plight(band: &Band) -> String {
    format!("plight {}-band", band.plight.name())
}

fn reign(reign: &Reign) -> Html {
    let Reign {
        y, from_x, to_x, ..
    } = reign;
    html! {
        <path class="reign" d={format!("M{} {}H{}", number(*from_x), number(*y), number(*to_x))}/>
    }
}

fn reign_label(reign: &Reign) -> Html {
    html! {
        if !reign.label.is_empty() {
            <text class="reign-label t-leader" x={number(reign.from_x + 3.0)} y={number(reign.y + 11.5)} font-size="9.5">{ reign.label.clone() }</text>
        }
    }
}

/// Time that is left out: a gap with torn edges.
fn folded(each: &Break) -> Html {
    let Rect { x, y, w, h } = each.rect;
    let torn = |x: f64| {
        let teeth = (h / 8.0) as usize;
        let mut edge = format!("M{} {}", number(x), number(y));
        for tooth in 0..teeth {
            edge += if tooth % 2 == 0 {
                "l2.5 4l-2.5 4"
            } else {
                "l-2.5 4l2.5 4"
            };
        }
        edge
    };
    let (middle, centre) = (x + w / 2.0, y + h / 2.0);
    let upwards = format!("rotate(-90 {} {})", number(middle), number(centre));
    html! {
        <g class="break">
            <rect x={number(x)} y={number(y)} width={number(w)} height={number(h)}/>
            <path d={torn(x)}/>
            <path d={torn(x + w)}/>
            if !each.text.is_empty() {
                <text class="f-mono" x={number(middle)} y={number(centre + 3.5)} text-anchor="middle" font-size="10" transform={upwards}>{ each.text.clone() }</text>
            }
        </g>
    }
}

fn slant(line: &Slant, chosen: bool) -> Html {
    html! {
        <>
            <path class={class_of_slant(line, chosen)} d={path_of_slant(line)}/>
            { end_of_slant(line) }
        </>
    }
}

fn class_of_slant(line: &Slant, chosen: bool) -> String {
    let mut class = format!("slant {}", tone(line.tone));
    if let Some(hue) = line.hue {
        class += &format!(" hued v{}", hue.0);
    }
    for (is_so, name) in [
        (line.reply, " reply"),
        (line.bad, " bad"),
        (chosen, " chosen"),
    ] {
        if is_so {
            class += name;
        }
    }
    class
}

fn path_of_slant(line: &Slant) -> String {
    let [x1, y1, x2, y2] = [line.from.x, line.from.y, line.to.x, line.to.y].map(number);
    format!("M{x1} {y1}L{x2} {y2}")
}

/// The cross of one that was lost, and the number of the write where it leaves its client.
fn end_of_slant(line: &Slant) -> Html {
    let hue = line.hue.map(|hue| format!("v{}", hue.0));
    html! {
        <>
            if line.lost {
                <path class="lost" d={glyphs::cross(line.to, 4.0)}/>
            }
            if let Some((at, words)) = &line.label {
                <text class={classes!("slant-number", "f-value", hue)} x={number(at.x)} y={number(at.y)} text-anchor="end" font-size={number(NUMBER_SIZE)}>{ words.clone() }</text>
            }
        </>
    }
}

fn dot(dot: &Dot, chosen: bool) -> Html {
    let class = classes!("dot", tone(dot.tone), chosen.then_some("chosen"));
    html! {
        <circle key={dot.seq.0} {class} cx={number(dot.at.x)} cy={number(dot.at.y)} r={number(dot.radius)}/>
    }
}

/// The records that prove a violation, joined.
fn evidence(points: &[Point]) -> Html {
    if points.len() < 2 {
        return Html::default();
    }
    let mut line = String::new();
    for (i, point) in points.iter().enumerate() {
        line += if i == 0 { "M" } else { "L" };
        line += &format!("{} {}", number(point.x), number(point.y));
    }
    html! {
        <g class="evidence">
            <path d={line}/>
            for point in points { <circle cx={number(point.x)} cy={number(point.y)} r="6.5"/> }
        </g>
    }
}

/// A broken promise: a bracket over its evidence, with its name.
fn bracket(bracket: &Bracket, chosen: bool) -> Html {
    let [from, to, y, end] = [bracket.from_x, bracket.to_x, bracket.y, bracket.y + 5.0].map(number);
    let Rect { x, y: top, w, h } = bracket.chip;
    html! {
        <g class={classes!("bracket", chosen.then_some("chosen"))} data-violation={bracket.number.to_string()}>
            <path d={format!("M{from} {end}V{y}H{to}V{end}")}/>
            <rect x={number(x)} y={number(top)} width={number(w)} height={number(h)} rx={number(h / 2.0)}/>
            <text class="f-title" x={number(x + w / 2.0)} y={number(top + h - 4.0)} text-anchor="middle" font-size="10.5">{ bracket.text.clone() }</text>
        </g>
    }
}

fn tone(tone: Tone) -> String {
    format!("t-{}", tone.name())
}
