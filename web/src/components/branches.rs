//! The runs that one has been in, as a tree below the time line: each is gone back to by one click.

use scene::{BranchRow, Branches as Tree};
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

use crate::desk::Desk;
use crate::paint::number;
use crate::platform;

/// Deeper than this a row is not moved further in.
const DEPTH_MAX: usize = 4;

/// Whose runs.
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The desk.
    pub desk: Desk,
}

/// A row for each, where there is more than one.
#[component]
pub fn Branches(props: &Props) -> Html {
    let desk = &props.desk;
    let renamed = use_state_eq(|| None::<u32>);
    let list = use_node_ref();
    let branches = &desk.store().branches;
    {
        // The one that is run now is in sight, however many there are.
        let list = list.clone();
        use_effect_with(branches.current().id, move |_| {
            let list = list.cast::<Element>();
            let current = list.and_then(|list| list.query_selector(".current").ok().flatten());
            if let Some(row) = current
                && let Some(list) = row.parent_element()
            {
                let below = row.get_bounding_client_rect().bottom()
                    - list.get_bounding_client_rect().bottom();
                let above =
                    row.get_bounding_client_rect().top() - list.get_bounding_client_rect().top();
                let by = below.max(0.0) + above.min(0.0);
                list.set_scroll_top(list.scroll_top() + by as i32);
            }
        });
    }
    let rows = branches.rows();
    if rows.len() < 2 {
        return Html::default();
    }
    let length_us = desk.with(|run, _| scene::length_us(run));
    let lit = branches.current().id;
    let view = |row: &BranchRow| {
        let renaming = *renamed == Some(row.id);
        view(desk, row, length_us, renaming, renamed.setter())
    };
    let full = rows.len() >= Tree::MAX;
    html! {
        <section class="branches" aria-label="Runs of this story" data-branch={lit.to_string()}>
            if full { <p>{ format!("{} runs are kept: the next one takes the place of the oldest.", Tree::MAX) }</p> }
            <ul ref={list}>{ for rows.iter().map(view) }</ul>
        </section>
    }
}

fn view(
    desk: &Desk,
    row: &BranchRow,
    length_us: u64,
    renaming: bool,
    renamed: UseStateSetter<Option<u32>>,
) -> Html {
    let id = row.id;
    let does = |verb: fn(&Desk, u32)| {
        let desk = desk.clone();
        Callback::from(move |event: MouseEvent| {
            // The button may go with what it does; the time line stays.
            let button = event.target_dyn_into::<Element>();
            let figure = button.and_then(|button| button.closest("[data-figure]").ok().flatten());
            verb(&desk, id);
            platform::focus(
                figure.and_then(|figure| figure.query_selector(".play").ok().flatten()),
            );
        })
    };
    let rename = {
        let renamed = renamed.clone();
        Callback::from(move |_: MouseEvent| renamed.set(Some(id)))
    };
    let depth = format!("in-{}", row.depth.min(DEPTH_MAX));
    let about = |verb: &str| format!("{verb}: {}", row.name);
    html! {
        <li key={id} class={classes!(depth, row.current.then_some("current"))}>
            if renaming {
                <Naming desk={desk.clone()} {id} name={row.name.clone()} {renamed}/>
            } else {
                <button type="button" class="name" aria-current={row.current.then_some("true")} disabled={row.current} title={row.name.clone()} onclick={does(Desk::go_to)}>
                    <span>{ &row.name }</span>
                </button>
            }
            { course(row, length_us) }
            <span class="deeds">
                if !row.current {
                    <button type="button" class="link" aria-label={about("Compare this run with")} onclick={does(Desk::compare_with)}>{ "compare" }</button>
                }
                <button type="button" class="link" aria-label={about("Rename")} onclick={rename}>{ "rename" }</button>
                if !row.current {
                    <button type="button" class="link" aria-label={about("Remove")} onclick={does(Desk::remove)}>{ "remove" }</button>
                }
            </span>
        </li>
    }
}

/// Its line: dotted where it is the run that it was made from, then its own.
fn course(row: &BranchRow, length_us: u64) -> Html {
    let share = row.forked_at_us as f64 / length_us.max(1) as f64;
    let at = format!("{}%", number(share.clamp(0.0, 1.0) * 100.0));
    html! {
        <svg class="course" aria-hidden="true">
            <line class="shared" x1="0" x2={at.clone()} y1="50%" y2="50%"/>
            <line class="own" x1={at.clone()} x2="100%" y1="50%" y2="50%"/>
            <circle cx={at} cy="50%" r="3.5"/>
        </svg>
    }
}

#[derive(PartialEq, Properties)]
struct NamingProps {
    desk: Desk,
    id: u32,
    name: String,
    renamed: UseStateSetter<Option<u32>>,
}

/// A field for a name: Enter keeps what is in it, Escape leaves it as it was.
#[component]
fn Naming(props: &NamingProps) -> Html {
    let node = use_node_ref();
    let field = node.clone();
    {
        let field = field.clone();
        use_effect_with((), move |()| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                platform::focus(Some(field.clone().into()));
                field.select();
            }
        });
    }
    let leave = {
        let (desk, id, renamed) = (props.desk.clone(), props.id, props.renamed.clone());
        move |name: Option<String>| {
            if let Some(name) = name {
                desk.rename(id, name);
            }
            renamed.set(None);
        }
    };
    let typed = move || Some(field.cast::<HtmlInputElement>()?.value());
    let onkeydown = {
        let (leave, typed, before) = (leave.clone(), typed.clone(), props.name.clone());
        Callback::from(move |event: KeyboardEvent| {
            let kept = match event.key().as_str() {
                "Enter" => typed(),
                // Leaving the field keeps what is in it, so it is put back first.
                "Escape" => Some(before.clone()),
                _ => return,
            };
            let field = event.target_dyn_into::<HtmlInputElement>();
            let figure = field.and_then(|field| {
                field.set_value(kept.as_deref().unwrap_or_default());
                field.closest("[data-figure]").ok().flatten()
            });
            leave(kept);
            platform::focus(
                figure.and_then(|figure| figure.query_selector(".play").ok().flatten()),
            );
        })
    };
    let onblur = Callback::from(move |_: FocusEvent| leave(typed()));
    let field = node;
    html! {
        <input ref={field} type="text" aria-label="Name of this run" value={props.name.clone()} maxlength={Tree::NAME_MAX.to_string()} {onkeydown} {onblur}/>
    }
}
