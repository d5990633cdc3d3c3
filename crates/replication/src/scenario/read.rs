//! In progress.
use super::*;
/// Why a scenario was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError { /// JSON pointer of the field.
 pub pointer: String, /// One sentence.
 pub message: String }
pub fn from_bytes(_b: &[u8]) -> Result<Scenario, ScenarioError> { todo!() }
pub fn from_document(_d: Json) -> Result<Scenario, ScenarioError> { todo!() }
pub fn with(_s: &Scenario, _p: &str, _v: Json) -> Result<Scenario, ScenarioError> { todo!() }
pub fn with_intervention(_s: &Scenario, _at: SimTime, _i: Json) -> Result<Scenario, ScenarioError> { todo!() }
