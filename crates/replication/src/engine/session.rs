//! In progress.
use std::marker::PhantomData;
use std::sync::Arc;
use crate::engine::time::SimTime;
use crate::promise::{Promise, Verdict, Violation};
use crate::run::{ClientView, End, NodeView, Run};
use crate::scenario::{Scenario, Settings};
use crate::trace::{Record, Seq};
/// In progress.
#[derive(Debug)]
pub struct Session<R>(PhantomData<R>);
impl<R> Session<R> {
    /// In progress.
    pub fn open(_scenario: Arc<Scenario>, _seed: u64) -> Self { todo!() }
}
impl<R> Run for Session<R> {
    fn scenario(&self) -> &Arc<Scenario> { todo!() }
    fn seed(&self) -> u64 { todo!() }
    fn now(&self) -> SimTime { todo!() }
    fn seek(&mut self, _to: SimTime) { todo!() }
    fn ended(&self) -> Option<(End, SimTime)> { todo!() }
    fn records(&self) -> &[Record] { todo!() }
    fn happened(&self) -> usize { todo!() }
    fn violations(&self) -> &[Violation] { todo!() }
    fn verdict(&self, _promise: Promise) -> Verdict { todo!() }
    fn settings(&self) -> &Settings { todo!() }
    fn nodes(&self) -> Vec<NodeView> { todo!() }
    fn clients(&self) -> Vec<ClientView> { todo!() }
    fn in_flight(&self) -> Vec<Seq> { todo!() }
    fn fork(&self, _scenario: Arc<Scenario>) -> Box<dyn Run> { todo!() }
    fn checkpoint_bytes(&self) -> usize { todo!() }
}
