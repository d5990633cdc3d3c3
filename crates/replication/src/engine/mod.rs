//! The simulated world: time, chance, the network, clients, and the queue that orders it all.

pub mod backups;
pub mod chance;
pub mod client;
pub mod delay;
pub mod faults;
pub mod queue;
pub mod rest;
pub mod session;
pub mod time;
pub mod world;
