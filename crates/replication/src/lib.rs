//! The replication core: what replicas, clients and the network between them do, simulated.
//!
//! Pure: no screen, no wall clock, no threads, no I/O. The same scenario and the same seed give the
//! same records, bit for bit, on every machine and in wasm.
//!
//! Start at [`scenario::Scenario`] (what is run), [`run::open`] (running it) and
//! [`trace::Record`] (what comes out).

#![forbid(unsafe_code)]

pub mod engine;
pub mod fixes;
pub mod history;
pub mod ids;
pub mod measure;
pub mod ordered;
pub mod promise;
pub mod protocol;
pub mod run;
pub mod scenario;
pub mod trace;
