//! The real SDK against the embedded engine's router, in process, under paused time.
//!
//! A [`world::World`] is an account with one environment in it. A [`wire::Wire`] stands for the network
//! between: it names and counts every API call, and loses, delays or falsifies those that a test
//! chooses. Time only passes while everybody waits, so that hours take milliseconds; what must not
//! happen is that somebody waits for something outside of the runtime.

mod batch;
mod command;
mod copies;
mod crash;
mod crowd;
mod expiry;
mod fault;
mod faults;
mod garbage;
mod gates;
mod laws;
mod limit;
mod name;
mod permissions;
mod preview;
mod project;
mod promises;
mod propagation;
mod random;
mod refusals;
mod registry;
mod releases;
mod rivals;
mod rollouts;
mod situation;
mod state;
mod stubborn;
mod takeover;
mod training;
mod trial;
mod uploads;
mod wire;
mod world;
