//! Texts in bulk: an input becomes shards of JSON Lines, and their answers become one file of results.
//!
//! Purpose: whatever the texts are in (a text a line, a table, JSON Lines, an archive of JSON files)
//! is given to a batch job in the one shape that it reads, and comes back in order, with the ids and lines
//! that it had. Input: files on this machine. Output: files on this machine, [`Prepared`] and a [`Tally`].
//! Must not know: clouds, jobs, the terminal.
//!
//! Everything streams: memory does not grow with the input. What is wrong with a line is known before a job
//! is paid for, by the rules of the shipped `inference.py`; a batch job that meets one such line gives no
//! answers for its whole shard ("Use Batch Transform to Get Inferences from Large Datasets" in the SageMaker
//! developer guide).

mod archive;
pub mod codes;
mod column;
mod error;
mod index;
mod input;
mod join;
mod json;
mod reading;
mod record;
mod results;
mod shards;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use column::Column;
pub use error::BatchError;
pub use input::InputFile;
pub use join::{Joiner, Part, Tally};
pub use record::WrongLine;
pub use results::Shape;
pub use shards::{Options, Prepared, Shard, Written, WrongLines, prepare};
