//! The `deploy` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    deploy::cli::main()
}
