//! A mistake of the program's own: said in place, instead of a page that no longer answers.

use std::panic::PanicHookInfo;

/// From now on a panic is told to the console, and to the visitor.
pub fn say_it_in_place() {
    yew::set_custom_panic_hook(Box::new(say));
}

fn say(panic: &PanicHookInfo<'_>) {
    web_sys::console::error_1(&panic.to_string().into());
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let Ok(notice) = document.create_element("div") else {
        return;
    };
    notice.set_class_name("notice");
    let _ = notice.set_attribute("role", "alert");
    notice.set_text_content(Some(
        "Replicascope stopped because of a mistake of its own. Reload the page to go on; the run will be the same.",
    ));
    if let Some(app) = document.get_element_by_id("app") {
        let _ = app.prepend_with_node_1(&notice);
    }
}
