//! The stage: replicas, clients and wires as SVG, and the layer in which messages move.
//!
//! Can be mounted many times: everything that it knows comes from its desk.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use replication::ids::{ClientId, NodeId, Place};
use replication::run::Role;
use scene::geometry::{Point, Rect};
use scene::stage::{
    Anchor, Cell, CellState, Frontier, Ground, Hub, Label, NodeCard, Person, Progress, Tag, Wire,
};
use scene::{Stage as Scene, Tone, glyphs};
use web_sys::{Element, HtmlCanvasElement, SvggElement};
use yew::prelude::*;

use crate::components::in_turn::in_turn;
use crate::components::menu::{Menu, Whose};
use crate::desk::{Desk, Part, use_turns};
use crate::paint::{Painter, Surroundings, number};
use crate::platform;
use crate::player::Again;
use crate::store::Open;
use crate::watching::watch;

/// What the stage is made from.
#[derive(Properties)]
pub struct Props {
    /// The desk whose run is shown.
    pub desk: Desk,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_drawn_same(&other.desk, Part::Stage)
    }
}

/// The stage at the desk's cursor.
#[component]
pub fn Stage(props: &Props) -> Html {
    let desk = &use_turns(&props.desk, Part::Stage);
    let area = use_node_ref();
    let layer = use_node_ref();
    let canvas = use_node_ref();
    let size = use_state(|| (0.0, 0.0));
    let painter = use_mut_ref(|| None::<Painter>);
    {
        let (area, size, player) = (area.clone(), size.setter(), desk.player().clone());
        use_effect_with((), move |()| {
            let watching = area
                .cast::<Element>()
                .and_then(|area| watch(area, size, move |seen| player.set_on_screen(seen)));
            move || drop(watching)
        });
    }
    {
        let (painter, player) = (painter.clone(), desk.player().clone());
        let (layer, canvas) = (layer.clone(), canvas.clone());
        use_effect_with((), move |()| {
            let canvas = canvas.cast::<HtmlCanvasElement>();
            *painter.borrow_mut() = layer
                .cast::<SvggElement>()
                .zip(canvas)
                .and_then(|(layer, canvas)| Painter::new(layer, canvas));
            let painting: Rc<RefCell<Option<Painter>>> = painter.clone();
            player.set_paint(Some(Box::new(move |run, index, pace| {
                match painting.borrow_mut().as_mut() {
                    Some(painter) => painter.paint(run, index, pace),
                    None => Again::Turn,
                }
            })));
            move || player.set_paint(None)
        });
    }
    {
        let player = desk.player().clone();
        use_effect_with((), move |()| {
            let document = web_sys::window().and_then(|window| window.document());
            let listener = document.map(|document| {
                let shown = document.clone();
                EventListener::new(&document, "visibilitychange", move |_| {
                    player.set_tab_shown(!shown.hidden());
                })
            });
            move || drop(listener)
        });
    }
    {
        // Who asks to be shown a moment from further down a phone's page wants to see it.
        let area = area.clone();
        use_effect_with(desk.store().focus, move |focus| {
            if let (Some(_), Some(area)) = (focus, area.cast::<Element>()) {
                platform::bring_into_sight(&area);
            }
        });
    }
    let focus = desk.focus();
    // Nothing stands anywhere before it is known how much room there is. By then the whole page listens, too.
    let is_measured = size.0 > 0.0;
    let scene = desk.with_lit(|run, index, focus| {
        let stage = is_measured.then(|| scene::stage(run, index, size.0, size.1, focus));
        Rc::new(stage.unwrap_or_default())
    });
    {
        // Where places have changed with the size, another run has come or another light, the chips follow.
        let painter = painter.clone();
        let below = Below {
            desk: desk.clone(),
            stage: scene.clone(),
            around: Surroundings::of(scene.width, scene.height),
            focus,
            still: platform::prefers_still(),
        };
        use_effect_with(below, move |below| {
            below.desk.with(|run, index| {
                if let Some(painter) = painter.borrow_mut().as_mut() {
                    let focus = below.focus;
                    let violation = focus.and_then(|number| run.violations().get(number));
                    painter.focus = violation.cloned();
                    painter.stage = below.stage.clone();
                    painter.around = below.around;
                    painter.still = below.still;
                    painter.repaint(run, index);
                }
            });
        });
    }
    let open = match desk.store().open {
        Open::Menu(place) => area_of(&scene, place).map(|at| (Whose::Place(place), at)),
        Open::Link(one, other) => {
            middle_of(&scene, one, other).map(|at| (Whose::Link(one, other), at))
        }
        Open::Message(seq) => desk.with(|run, index| {
            let flights = scene::flights_of(run, index, &[seq], &scene, None);
            let flight = flights.first()?;
            let at = scene::position(flight, run.now().0 as f64);
            let (w, h) = (2.0 * flight.half_width, 2.0 * flight.half_height);
            Some((Whose::Message(seq), Rect::around(at, w, h)))
        }),
        _ => None,
    };
    let onclick = {
        let (desk, area, painter) = (desk.clone(), area.clone(), painter.clone());
        // Messages move, and are no buttons: who clicks or taps near one means it, and has the time to choose.
        Callback::from(move |event: MouseEvent| {
            let Some(area) = area.cast::<Element>() else {
                return;
            };
            let at = area.get_bounding_client_rect();
            let point = Point::new(
                f64::from(event.client_x()) - at.left(),
                f64::from(event.client_y()) - at.top(),
            );
            let message = painter
                .borrow()
                .as_ref()
                .and_then(|painter| painter.at(point));
            let on_wire = |target: Element| target.closest(".wires").ok().flatten().is_some();
            match message.filter(|_| !desk.is_only_watched()) {
                Some(seq) => desk.show(Open::Message(seq)),
                // A wire has opened its own menu.
                None if event.target_dyn_into().is_some_and(on_wire) => {}
                None if desk.store().open == Open::Nothing => {}
                None => desk.show(Open::Nothing),
            }
        })
    };
    let name = desk.store().scenario.title.clone();
    html! {
        <div class="stage" ref={area} data-stage-ready={(!scene.nodes.is_empty()).then_some("")}>
            <svg
                class="scene"
                role="group"
                aria-label={format!("Stage: {name}")}
                // Not as wide as what it is in: while the page finds out how wide that is, this would be laid out
                // with each guess.
                width={number(size.0)}
                height={number(size.1)}
                {onclick}
            >
                <g class="grounds" aria-hidden="true">
                    for each in scene.regions.iter() { { ground(each) } }
                </g>
                <Stands desk={desk.clone()} what={Standing::Wires(scene.wires.clone())}/>
                // Over the wires, which would cross them out.
                <g class="names" aria-hidden="true">
                    for each in scene.regions.iter() { { label(&each.label) } }
                </g>
                if let Some(each) = &scene.hub { <Stands desk={desk.clone()} what={Standing::Hub(each.clone())}/> }
                for each in scene.nodes.iter() { <Stands key={Scene::key(Place::Node(each.id))} desk={desk.clone()} what={Standing::Node(each.clone())}/> }
                for each in scene.people.iter() { <Stands key={Scene::key(Place::Client(each.id))} desk={desk.clone()} what={Standing::Person(each.clone())}/> }
                <g class="frontiers" aria-hidden="true">
                    for each in scene.frontiers.iter() { { frontier(each) } }
                </g>
            </svg>
            // What moves is a picture of its own: while it does, what stands is not painted again.
            <svg class="scene moving" aria-hidden="true" width={number(size.0)} height={number(size.1)}>
                <g class="chips" ref={layer}/>
            </svg>
            <canvas class="moving" ref={canvas} aria-hidden="true"></canvas>
            if let Some((whose, at)) = open {
                <Menu key={key_of(whose)} desk={desk.clone()} {whose} beside={at} width={size.0} height={size.1}/>
            }
            { in_turn(&props.desk, Part::Told, twin) }
        </div>
    }
}

/// What the messages move over.
struct Below {
    desk: Desk,
    stage: Rc<Scene>,
    around: Surroundings,
    /// The violation that is lit.
    focus: Option<usize>,
    still: bool,
}

/// Equal where time alone may have changed what is on the wire.
impl PartialEq for Below {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_of_same_intent(&other.desk)
            && self.stage.stands_like(&other.stage)
            && self.around == other.around
            && (self.focus, self.still) == (other.focus, other.still)
    }
}

/// The stage in words.
fn twin(desk: &Desk) -> Html {
    let lines = desk.with(scene::text_twin);
    html! {
        <div class="unseen" data-at-us={desk.player().now().0.to_string()}>
            <p>{ "On the stage now:" }</p>
            <ul>
                for line in lines { <li>{ line }</li> }
            </ul>
        </div>
    }
}

/// Something on the stage that stands.
#[derive(Clone, PartialEq)]
enum Standing {
    Wires(Vec<Wire>),
    Hub(Hub),
    Node(NodeCard),
    Person(Person),
}

#[derive(Properties)]
struct StandsProps {
    desk: Desk,
    what: Standing,
}

/// Equal where it stands as it stood: most do, at most moments.
impl PartialEq for StandsProps {
    fn eq(&self, other: &Self) -> bool {
        self.desk.is_of_same_intent(&other.desk) && self.what == other.what
    }
}

#[component]
fn Stands(props: &StandsProps) -> Html {
    match &props.what {
        Standing::Wires(all) => wires(all, &props.desk),
        Standing::Hub(each) => hub(each, &props.desk),
        Standing::Node(each) => node(each, &props.desk),
        Standing::Person(each) => person(each, &props.desk),
    }
}

fn wires(all: &[Wire], desk: &Desk) -> Html {
    html! {
        <g class="wires" aria-hidden="true">
            for each in all { { wire(each, desk) } }
            for each in all { { on_wire(each) } }
        </g>
    }
}

/// A wire, and a broader one that nobody sees, to click or tap on. By keyboard one comes to a link through
/// the menu of either end.
fn wire(wire: &Wire, desk: &Desk) -> Html {
    let class = classes!(wire.class(), tone(wire.tone));
    let acts = !desk.is_only_watched();
    let (desk, from, to) = (desk.clone(), wire.from, wire.to);
    let onclick = Callback::from(move |_: MouseEvent| desk.show(Open::Link(from, to)));
    html! {
        <g key={wire.key()} data-wire={wire.key()}>
            <path {class} d={wire.path()}/>
            if acts { <path class="wire-hit" d={wire.curve.path()} {onclick}/> }
        </g>
    }
}

/// What stands on a wire: where it is cut, and how long it takes.
fn on_wire(wire: &Wire) -> Html {
    html! {
        <>
            if let Some(cut) = &wire.cut { <path class="cut" d={cut.cross.clone()}/> }
            if let Some(each) = &wire.label { { label(each) } }
        </>
    }
}

fn frontier(frontier: &Frontier) -> Html {
    html! {
        <>
            if let Some(d) = &frontier.line { <path class="frontier" d={d.clone()}/> }
            if let Some(each) = &frontier.tag { { tag(each) } }
        </>
    }
}

fn ground(ground: &Ground) -> Html {
    let Rect { x, y, w, h } = ground.rect;
    html! {
        <rect key={ground.id.0.to_string()} class="region" x={number(x)} y={number(y)} width={number(w)} height={number(h)} rx={number(ground.radius)}/>
    }
}

fn tag(tag: &Tag) -> Html {
    let Rect { x, y, w, h } = tag.rect;
    html! {
        <>
            <rect class={classes!("tag-body", tone(tag.tone))} x={number(x)} y={number(y)} width={number(w)} height={number(h)} rx={number(0.5 * h)}/>
            { label(&tag.label) }
        </>
    }
}

fn key_of(whose: Whose) -> String {
    match whose {
        Whose::Place(place) => Scene::key(place),
        Whose::Link(one, other) => format!("{}-{}", Scene::key(one), Scene::key(other)),
        Whose::Message(seq) => format!("message-{}", seq.0),
    }
}

/// The middle of a wire.
fn middle_of(scene: &Scene, one: Place, other: Place) -> Option<Rect> {
    let wire = scene
        .wires
        .iter()
        .find(|wire| (wire.from, wire.to) == (one, other))?;
    Some(Rect::around(wire.curve.at(0.5), 8.0, 8.0))
}

fn node(card: &NodeCard, desk: &Desk) -> Html {
    let place = Place::Node(card.id);
    let Rect { x, y, w, h } = card.rect;
    let class = classes!(
        "node",
        tone(card.tone),
        (!card.up).then_some("down"),
        card.bad.then_some("bad"),
        card.crown.then_some("crowned"),
        card.deposed.then_some("deposed"),
        card.paused.then_some("paused"),
        (card.role == Role::Manager).then_some("manager"),
    );
    let halo = card.rect.grown(5.0);
    let drawn = html! {
        <>
            if card.bad {
                <rect class="halo" x={number(halo.x)} y={number(halo.y)} width={number(halo.w)} height={number(halo.h)} rx={number(card.radius + 5.0)}/>
            }
            <rect class="body" x={number(x)} y={number(y)} width={number(w)} height={number(h)} rx={number(card.radius)}/>
            if card.band > 0.0 {
                <path class="band" d={band(card.rect, card.band, card.radius)}/>
                <path class="crown" d={glyphs::crown(card.crown_at)}/>
            }
            for each in card.cells.iter() { { cell(each) } }
            for each in card.glyphs.iter() {
                <path class={classes!(each.class, tone(each.tone))} d={each.path.clone()}/>
            }
            if let Some(progress) = &card.progress { { segments(progress) } }
            for each in card.labels.iter() { { label(each) } }
            <rect class="rim" x={number(x)} y={number(y)} width={number(w)} height={number(h)} rx={number(card.radius)}/>
            for each in card.tags.iter() { { tag(each) } }
        </>
    };
    actor(desk, place, class, card.rect, card.aria.clone(), drawn)
}

/// Something that one can act on: click, tap, Enter or Space opens what can be done.
///
/// The button is a clear rectangle over the drawing: what is drawn is for the eye alone, and the button's
/// name says the same in words.
fn actor(desk: &Desk, place: Place, class: Classes, area: Rect, aria: String, drawn: Html) -> Html {
    if desk.is_only_watched() {
        return html! {
            <g key={Scene::key(place)} {class} data-place={Scene::key(place)} aria-hidden="true">{ drawn }</g>
        };
    }
    let open = desk.store().open == Open::Menu(place);
    let opened = desk.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        event.stop_propagation();
        opened.show(if open {
            Open::Nothing
        } else {
            Open::Menu(place)
        });
    });
    let opened = desk.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            event.stop_propagation();
            opened.show(Open::Menu(place));
        }
    });
    let Rect { x, y, w, h } = area;
    html! {
        <g key={Scene::key(place)} class={classes!("actor", class)} data-place={Scene::key(place)}>
            <g aria-hidden="true">{ drawn }</g>
            <rect
                class="hit"
                x={number(x)}
                y={number(y)}
                width={number(w)}
                height={number(h)}
                rx="12"
                role="button"
                tabindex="0"
                aria-haspopup="dialog"
                aria-expanded={if open { "true" } else { "false" }}
                aria-label={aria}
                {onclick}
                {onkeydown}
            />
        </g>
    }
}

/// The band behind a leader's name: round above, straight below.
fn band(card: Rect, height: f64, radius: f64) -> String {
    let (left, top, right) = (number(card.x), number(card.y), number(card.right()));
    let (r, low, bottom) = (
        number(radius),
        number(card.y + radius),
        number(card.y + height),
    );
    format!(
        "M{left} {bottom}V{low}A{r} {r} 0 0 1 {} {top}H{}A{r} {r} 0 0 1 {right} {low}V{bottom}z",
        number(card.x + radius),
        number(card.right() - radius)
    )
}

fn cell(cell: &Cell) -> Html {
    let Rect { x, y, w, h } = cell.state.shape(cell.rect);
    let class = classes!(
        "cell",
        cell.state.class(),
        format!("v{}", cell.hue.0),
        cell.newest.then_some("newest")
    );
    html! {
        <>
            <rect {class} x={number(x)} y={number(y)} width={number(w)} height={number(h)} rx={number((0.16 * w).min(0.4 * h))}/>
            if cell.state == CellState::Discarded {
                <path class="hatch" d={glyphs::hatch(cell.rect)}/>
            }
            if let Some(number) = &cell.label { { label(number) } }
        </>
    }
}

fn segments(progress: &Progress) -> Html {
    html! {
        <>
            for (Rect { x, y, w, h }, full) in progress.segments.iter().copied() {
                <rect class={classes!("segment", full.then_some("filled"))} x={number(x)} y={number(y)} width={number(w)} height={number(h)} rx={number(h / 2.0)}/>
            }
            for (path, full) in progress.arcs.iter() {
                <path class={classes!("arc", full.then_some("filled"))} d={path.clone()}/>
            }
        </>
    }
}

fn hub(hub: &Hub, desk: &Desk) -> Html {
    let place = Place::Node(hub.id);
    let (_, width) = hub.ring;
    let drawn = html! {
        <>
            <g stroke-width={number(width)}>
                if let Some(progress) = &hub.progress { { segments(progress) } }
            </g>
            <circle class="body" cx={number(hub.at.x)} cy={number(hub.at.y)} r={number(hub.radius)}/>
            for each in hub.labels.iter() { { label(each) } }
        </>
    };
    let class = classes!("hub", (!hub.up).then_some("down"));
    actor(
        desk,
        place,
        class,
        area_of_hub(hub),
        hub.aria.clone(),
        drawn,
    )
}

fn person(person: &Person, desk: &Desk) -> Html {
    let place = Place::Client(person.id);
    let (r, Point { x, y }) = (person.radius, person.at);
    let class = classes!(
        "person",
        person.busy.then_some("busy"),
        person.bad.then_some("bad")
    );
    let (head, head_radius) = glyphs::head(person.at, r);
    let drawn = html! {
        <>
            <circle class="body" cx={number(x)} cy={number(y)} r={number(r)}/>
            <circle class="person-mark" cx={number(head.x)} cy={number(head.y)} r={number(head_radius)}/>
            <path class="person-mark" d={glyphs::shoulders(person.at, r)}/>
            for each in person.labels.iter() { { label(each) } }
            for each in person.tags.iter() { { tag(each) } }
        </>
    };
    actor(desk, place, class, person.rect, person.aria.clone(), drawn)
}

fn label(label: &Label) -> Html {
    let anchor = match label.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    html! {
        <text
            class={classes!(label.face.class(), tone(label.tone))}
            x={number(label.at.x)}
            y={number(label.at.y)}
            text-anchor={anchor}
            font-size={number(label.size)}
        >{ label.text.clone() }</text>
    }
}

fn tone(tone: Tone) -> String {
    format!("t-{}", tone.name())
}

/// Where a place stands.
fn area_of(scene: &Scene, place: Place) -> Option<Rect> {
    match place {
        Place::Client(ClientId(client)) => Some(scene.people.get(usize::from(client))?.rect),
        Place::Node(NodeId(node)) => match scene.nodes.get(usize::from(node)) {
            Some(card) => Some(card.rect),
            None => scene.hub.as_ref().map(area_of_hub),
        },
    }
}

fn area_of_hub(hub: &Hub) -> Rect {
    Rect::around(hub.at, 2.0 * hub.radius, 2.0 * hub.radius)
}
