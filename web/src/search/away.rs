//! A worker that makes runs: `web/worker.js`, on the code that this page has compiled.

use js_sys::{Object, Reflect};
use replication::scenario::Scenario;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::Callback;

/// Stands beside the page.
const SCRIPT: &str = "worker.js";

/// The worker; dropped, it stops at once.
pub struct Away {
    worker: Worker,
    /// The page's own script, as its tag names it.
    js: String,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _failed: Closure<dyn FnMut()>,
}

impl Drop for Away {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

impl Away {
    /// A worker that tells `heard` what each run gave, as JSON, in the order in which they were asked for, and
    /// `None` where something went wrong. There is none where the page has no script of its own, or may
    /// have no workers: in a sandboxed frame, say.
    pub fn hire(heard: Callback<Option<String>>) -> Option<Self> {
        let document = web_sys::window()?.document()?;
        let js = document.query_selector("script[data-js]").ok().flatten()?;
        let js = js.get_attribute("data-js")?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(SCRIPT, &options).ok()?;
        let failed = heard.clone();
        let heard = Closure::new(move |event: MessageEvent| heard.emit(event.data().as_string()));
        let failed = Closure::new(move || failed.emit(None));
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Some(Away {
            worker,
            js,
            _heard: heard,
            _failed: failed,
        })
    }

    /// Asks for one run to its end.
    ///
    /// # Errors
    /// Where it can't be asked.
    pub fn ask(&self, scenario: &Scenario, seed: u64) -> Result<(), JsValue> {
        let message = Object::new();
        let fields = [
            ("js", JsValue::from(&self.js)),
            ("module", wasm_bindgen::module()),
            ("document", JsValue::from(scenario.document.to_string())),
            // No seed is larger than what a number of JavaScript holds.
            ("seed", JsValue::from(seed as f64)),
        ];
        for (name, value) in fields {
            Reflect::set(&message, &name.into(), &value)?;
        }
        self.worker.post_message(&message)
    }
}
