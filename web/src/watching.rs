//! How large an element is, and whether it can be seen.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, ResizeObserver};
use yew::prelude::*;

/// Tells how large an element is, and whether it can be seen, until it is dropped.
pub struct Watching {
    sizes: ResizeObserver,
    sights: IntersectionObserver,
    _on_size: Closure<dyn FnMut()>,
    _on_sight: Closure<dyn FnMut(js_sys::Array)>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.sizes.disconnect();
        self.sights.disconnect();
    }
}

/// Tells `size` of each change of size, and `on_sight` whether the figure that the element is part of,
/// with all its panels, came into sight or left it.
pub fn watch(
    area: Element,
    size: UseStateSetter<(f64, f64)>,
    on_sight: impl Fn(bool) + 'static,
) -> Option<Watching> {
    let measured = area.clone();
    let on_size = Closure::<dyn FnMut()>::new(move || {
        size.set((
            f64::from(measured.client_width()),
            f64::from(measured.client_height()),
        ));
    });
    let on_sight = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
        let last = entries.pop().dyn_into::<IntersectionObserverEntry>();
        on_sight(last.is_ok_and(|entry| entry.is_intersecting()));
    });
    let sizes = ResizeObserver::new(on_size.as_ref().unchecked_ref()).ok()?;
    let sights = IntersectionObserver::new(on_sight.as_ref().unchecked_ref()).ok()?;
    sizes.observe(&area);
    let figure = area.closest("[data-figure]").ok().flatten();
    sights.observe(figure.as_ref().unwrap_or(&area));
    Some(Watching {
        sizes,
        sights,
        _on_size: on_size,
        _on_sight: on_sight,
    })
}
