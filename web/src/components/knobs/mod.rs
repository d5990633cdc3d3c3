//! The knobs: what decides how the replicas, the network and the clients behave.
//!
//! One file for each group. Only what has a meaning under the chosen protocol is shown in full; what is
//! seldom turned is folded away, unless the story is about it.

mod backups;
mod copies;
mod done;
mod entrance;
mod failover;
mod leaderless;
mod many_leaders;
mod network;
mod parts;
mod presets;
mod rates;
mod reads;
mod regions;
mod reshape;
mod stream;

use replication::engine::time::SimTime;
use replication::scenario::ProtocolKind;
use yew::prelude::*;

use crate::components::seed::Seed;
use crate::components::verbs::verbs;
use crate::desk::Desk;
use presets::Presets;

/// All that the knobs depend on, so that time that passes does not draw them again.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Standing {
    /// What the visitor did.
    revision: u32,
    /// What has been done to the run up to the cursor: settings, faults, backups.
    turns: usize,
    at_start: bool,
    is_over: bool,
}

/// All knobs, and what one can break.
pub fn knobs(desk: &Desk) -> Html {
    let at_start = desk.player().now() == SimTime::ZERO;
    let standing = Standing {
        revision: desk.store().revision,
        turns: desk.with(scene::turns_so_far),
        at_start,
        is_over: desk.is_over(),
    };
    html! { <Board desk={desk.clone()} {standing}/> }
}

#[derive(Properties)]
struct Props {
    desk: Desk,
    standing: Standing,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.standing == other.standing && self.desk.player() == other.desk.player()
    }
}

/// From when on a knob holds.
fn lead(standing: Standing) -> &'static str {
    match standing {
        Standing { at_start: true, .. } => "What you change holds from the start.",
        Standing { is_over: true, .. } => "The run is over: what you change starts a new one.",
        _ => "What you change holds from this moment on; what has happened stays.",
    }
}

#[component(Board)]
fn all(props: &Props) -> Html {
    let desk = &props.desk;
    let board = parts::Board::of(desk);
    let of_kind = match board.kind() {
        ProtocolKind::SingleLeader => {
            html! { <>{ failover::knobs(&board) }{ stream::knobs(&board) }</> }
        }
        ProtocolKind::MultiLeader => Html::default(),
        ProtocolKind::Leaderless => leaderless::folded(&board),
    };
    html! {
        <>
            <p class="lead">
                { lead(props.standing) }
            </p>
            { entrance::knobs(&board) }
            <Presets desk={desk.clone()}/>
            { done::knobs(&board) }
            if board.is(ProtocolKind::MultiLeader) { { many_leaders::knobs(&board) } }
            { copies::knobs(&board) }
            if board.is(ProtocolKind::Leaderless) { { leaderless::knobs(&board) } }
            { reads::knobs(&board) }
            { network::knobs(&board) }
            <div class="groups">
                { of_kind }
                { network::folded(&board) }
                { regions::knobs(&board) }
                { backups::knobs(&board) }
            </div>
            { rates::knobs(&board) }
            <fieldset><legend>{ "Chance" }</legend><Seed desk={desk.clone()}/></fieldset>
            { verbs(desk) }
        </>
    }
}
