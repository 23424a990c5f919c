//! `deploy` takes a text classifier from a data file to an HTTP API and keeps it there, on AWS or on
//! an embedded local engine, from one YAML file.
//!
//! ```text
//! cli -> stack -> render, bundle -> plan -> reconcile -> cloud (ports) <- aws --wire--> AWS, or local
//!                                    ^          |
//!                                    +- Observed
//! ```
//!
//! Data flows from left to right, and so do imports. In reading order:
//!
//! * [`code`]: the stable names of what can go wrong. Every module that can fail declares its own.
//! * [`stack`]: a YAML file becomes a checked description of one environment, or a list of problems.
//! * [`render`]: that description and Tera templates become CloudFormation, the same bytes everywhere.
//! * [`markup`]: text that goes into HTML or XML.
//! * [`openapi`]: the HTTP API of an environment as an OpenAPI document. Pure.
//! * [`init`]: the files of a new project.
//! * [`policy`]: what a careful reviewer would object to in what is rendered. Pure.
//! * [`permissions`]: what whoever works on an environment has to be allowed, as an identity policy. Pure.
//! * [`bundle`]: data and code become uploads named by their content, and a training key.
//! * [`batch`]: texts in bulk become shards, and their answers one file, in flat memory.
//! * [`release`]: what was proven to serve, as records that can be told, repeated and taken elsewhere. Pure.
//! * [`diff`]: two sides of rendered documents become changes and what they mean, without an account.
//! * [`graph`]: an environment or a plan as Mermaid, DOT or SVG. Pure.
//! * [`cost`]: what is rendered or deployed becomes a bill, by prices that somebody gives. Pure.
//! * [`plan`]: desired and observed become an ordered list of steps. Pure: no I/O, no clock.
//! * [`reconcile`]: carries a plan out, and is the only place that waits.
//! * [`doctor`]: looks whether an environment could be brought up, and changes nothing.
//! * [`cloud`]: the ports, small traits in our own words.
//! * `aws`: implements them with the AWS SDK, and is the only module that names it.
//! * [`local`]: an AWS-compatible engine that imports nothing of the rest and is met over HTTP only.
//! * [`load`]: puts load on a service and measures what comes of it.
//! * `cli`: reads arguments, prints, asks, and decides exit codes; the only module that does.
//!
//! Invariants, each held by a test or a type:
//!
//! * There is no state file: the stacks, their fingerprints, the jobs and the bucket are the state.
//! * A name that matters is derived from content, so a repeated request is recognised as one.
//! * Nothing that carries no tags of ours is ever changed, and nothing in another account.
//! * Planning and reconciling cannot know whether AWS or the local engine answers.
//! * A plan that changes nothing still looks whether the service answers.
//! * One run at a time changes an environment; whoever loses the lock changes nothing any more.
//! * A run may end at any API call: the next one comes to the same end.

#[cfg(feature = "aws")]
pub mod aws;
pub mod batch;
pub mod bundle;
#[cfg(feature = "aws")]
pub mod cli;
pub mod cloud;
pub mod code;
pub mod cost;
pub mod diff;
pub mod doctor;
pub mod graph;
pub mod init;
pub mod load;
pub mod local;
mod markup;
pub mod openapi;
pub mod permissions;
pub mod plan;
pub mod policy;
pub mod reconcile;
pub mod release;
pub mod render;
pub mod stack;
