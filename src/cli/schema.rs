//! `deploy schema`.

use clap::Args;

use super::output;
use crate::stack;

/// Arguments of `deploy schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy schema > stacks/schema.json
  then, as the first line of a stack file, for editors:
  # yaml-language-server: $schema=../schema.json")]
pub(super) struct Arguments {}

/// Prints the JSON Schema of stack files.
pub(super) fn run(_arguments: &Arguments) {
    output::result(&stack::schema());
}
