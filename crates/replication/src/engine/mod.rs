//! The simulated world: time, chance, the network, clients, and the queue that orders it all.

pub mod chance;
pub mod client;
pub mod delay;
pub mod queue;
pub mod session;
pub mod time;
pub mod world;
