//! What mouse, finger, wheel and keys do in the diagram.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use scene::geometry::Point;
use scene::space_time::What;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::view::{CLOSER, FURTHER, STEP, View};
use super::{Lines, Pointed, Seen};
use crate::desk::Desk;

/// A pointer that moves less than this clicks, in pixels.
const STILL: f64 = 5.0;
/// How far one turn of a wheel zooms: a part of its pixels.
const ZOOM_PER_PIXEL: f64 = 0.002;

/// A pointer that is down.
pub struct Drag {
    pointer: i32,
    /// Where it went down.
    from_x: f64,
    /// What it holds on to.
    moment_us: u64,
    /// Whether it has moved so far that it is no click.
    pub moved: bool,
}

/// What a pointer does.
pub struct Pointing {
    pub down: Callback<PointerEvent>,
    pub r#move: Callback<PointerEvent>,
    pub leave: Callback<PointerEvent>,
    pub cancel: Callback<PointerEvent>,
}

/// Where in the diagram an event is.
pub fn point_of(event: &MouseEvent, area: &NodeRef) -> Option<Point> {
    let within = area.cast::<Element>()?.get_bounding_client_rect();
    Some(Point::new(
        f64::from(event.client_x()) - within.left(),
        f64::from(event.client_y()) - within.top(),
    ))
}

/// Whether it is a finger's.
pub fn is_finger(event: &MouseEvent) -> bool {
    let pointer = event.dyn_ref::<web_sys::PointerEvent>();
    pointer.is_some_and(|pointer| pointer.pointer_type() == "touch")
}

/// Dragging moves what is seen; a mouse that is not down points. A finger that goes up or down scrolls the
/// page, as the style sheet says.
pub fn pointing(
    desk: &Desk,
    view: &UseStateHandle<View>,
    seen: &Rc<Seen>,
    area: &NodeRef,
    dragged: &Rc<RefCell<Option<Drag>>>,
    pointed: &UseStateHandle<Pointed>,
) -> Pointing {
    let down = {
        let (area, seen, dragged) = (area.clone(), seen.clone(), dragged.clone());
        Callback::from(move |event: PointerEvent| {
            let at = point_of(&event, &area).filter(|_| event.button() == 0 && event.is_primary());
            *dragged.borrow_mut() = at.map(|at| Drag {
                pointer: event.pointer_id(),
                from_x: at.x,
                moment_us: seen.moment_us(at.x),
                moved: false,
            });
        })
    };
    let r#move = {
        let (desk, view, seen, area) = (desk.clone(), view.clone(), seen.clone(), area.clone());
        let (dragged, pointed) = (dragged.clone(), pointed.clone());
        Callback::from(move |event: PointerEvent| {
            let Some(at) = point_of(&event, &area) else {
                return;
            };
            let is_down = event.buttons() & 1 == 1;
            if let Some(drag) = dragged.borrow_mut().as_mut().filter(|_| is_down) {
                if drag.pointer != event.pointer_id() {
                    return;
                }
                if !drag.moved && (at.x - drag.from_x).abs() > STILL {
                    drag.moved = true;
                    pointed.set(None);
                    // So that it goes on beyond the edge.
                    let _ = area
                        .cast::<Element>()
                        .map(|area| area.set_pointer_capture(drag.pointer));
                }
                if drag.moved {
                    let plot = seen.picture.plot;
                    let share = (at.x - plot.x) / plot.w.max(1.0);
                    let length_us = seen.axis.window().length_us();
                    view.set(view.held(&desk, (drag.moment_us, share), length_us));
                }
                return;
            }
            if is_finger(&event) {
                return;
            }
            let what = seen.picture.nearest(at, super::REACH);
            // The words stay where they came up.
            if what != pointed.map(|(what, _)| what) {
                pointed.set(what.map(|what| (what, at)));
            }
        })
    };
    let leave = {
        let pointed = pointed.clone();
        Callback::from(move |event: PointerEvent| {
            if !is_finger(&event) {
                pointed.set(None);
            }
        })
    };
    let cancel = {
        let dragged = dragged.clone();
        Callback::from(move |_: PointerEvent| *dragged.borrow_mut() = None)
    };
    Pointing {
        down,
        r#move,
        leave,
        cancel,
    }
}

/// What the wheel has to know: it is listened to once.
type Wheel = (Desk, UseStateHandle<View>, Rc<Seen>);

/// With Ctrl, or by a pinch, the wheel zooms about the pointer; sideways it moves what is seen; else it is the
/// page's.
#[hook]
pub fn use_wheel(desk: &Desk, view: &UseStateHandle<View>, seen: &Rc<Seen>, area: &NodeRef) {
    let latest = use_mut_ref(|| None::<Wheel>);
    *latest.borrow_mut() = Some((desk.clone(), view.clone(), seen.clone()));
    let area = area.clone();
    use_effect_with((), move |()| {
        let listener = area.cast::<Element>().map(|element| {
            // Yew's own listeners promise not to keep the page from scrolling.
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&element, "wheel", options, move |event| {
                let Some(event) = event.dyn_ref::<WheelEvent>() else {
                    return;
                };
                let Some((desk, view, seen)) = latest.borrow().clone() else {
                    return;
                };
                let Some(at) = point_of(event, &area) else {
                    return;
                };
                if let Some(next) = wheeled(event, at, &desk, *view, &seen) {
                    event.prevent_default();
                    view.set(next);
                }
            })
        });
        move || drop(listener)
    });
}

fn wheeled(event: &WheelEvent, at: Point, desk: &Desk, view: View, seen: &Seen) -> Option<View> {
    let plot = seen.picture.plot;
    let (x, y) = (event.delta_x(), event.delta_y());
    if event.ctrl_key() || event.meta_key() {
        let share = ((at.x - plot.x) / plot.w.max(1.0)).clamp(0.0, 1.0);
        let by = 1.0 + ZOOM_PER_PIXEL * y.clamp(-200.0, 200.0);
        return Some(view.zoomed(desk, &seen.axis, by, Some(share)));
    }
    let sideways = match event.shift_key() && x == 0.0 {
        true => y,
        false => x,
    };
    (sideways != 0.0 && (event.shift_key() || x.abs() > y.abs())).then(|| {
        let by = (sideways / plot.w.max(1.0)).clamp(-0.5, 0.5);
        view.panned(desk, &seen.axis, by)
    })
}

/// Up and down go from one thing to the next, Enter to its moment; + - 0 zoom, with Shift left and right move
/// what is seen. Left and right alone remain the page's.
pub fn keys(
    desk: &Desk,
    view: &UseStateHandle<View>,
    seen: &Rc<Seen>,
    active: &UseStateHandle<Option<What>>,
    lines: &Lines,
    pressed_at: &Rc<RefCell<Option<usize>>>,
    go: &Callback<(What, Option<u64>)>,
) -> Callback<KeyboardEvent> {
    let (desk, view, seen) = (desk.clone(), view.clone(), seen.clone());
    let (active, lines, go) = (active.clone(), lines.clone(), go.clone());
    let pressed_at = pressed_at.clone();
    Callback::from(move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let axis = &seen.axis;
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" => {
                let down = event.key() == "ArrowDown";
                // At first from the cursor on, or back.
                let now_us = seen.picture.now_us;
                let here = lines.partition_point(|(thing, _)| thing.at_us < now_us);
                let at = *pressed_at.borrow();
                let next = match (at, down) {
                    (Some(place), true) => place + 1,
                    (None, true) => here,
                    (Some(place), false) => place.saturating_sub(1),
                    (None, false) => here.saturating_sub(1),
                };
                if let Some(last) = lines.len().checked_sub(1) {
                    let next = next.min(last);
                    pressed_at.replace(Some(next));
                    active.set(Some(lines[next].0.what));
                }
            }
            "Enter" => match *pressed_at.borrow() {
                Some(place) => go.emit((lines[place].0.what, None)),
                None => return,
            },
            "Escape" if active.is_some() => active.set(None),
            "+" | "=" => view.set(view.zoomed(&desk, axis, CLOSER, None)),
            "-" => view.set(view.zoomed(&desk, axis, FURTHER, None)),
            "0" => view.set(view.whole(&desk)),
            "ArrowRight" if event.shift_key() => view.set(view.panned(&desk, axis, STEP)),
            "ArrowLeft" if event.shift_key() => view.set(view.panned(&desk, axis, -STEP)),
            _ => return,
        }
        event.prevent_default();
    })
}
