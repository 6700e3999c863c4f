//! `wbq`: the run store on the command line.
//!
//! What was typed becomes a request (`args.rs`), the request is carried out (`commands/`), and what
//! came of it becomes an exit code (`exit.rs`). Data goes to stdout, everything else to stderr
//! (`output.rs`).

mod answer;
mod args;
mod commands;
mod duration;
mod exit;
mod failure;
mod folder;
mod interrupt;
mod logs;
mod output;
mod place;
mod progress;
mod remote;
mod run_name;
mod statement;
mod writing;

use std::process::ExitCode;

use clap::Parser;
use tikv_jemallocator::Jemalloc;

use crate::args::Cli;
use crate::exit::Exit;
use crate::output::Messages;

/// Gives pages back within a second of their last use; the one of the system library keeps what large
/// statements break up. Set up in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let messages = Messages::new(&cli.global);
    let done = cli.request().and_then(|(global, request)| commands::run(&global, request, messages));
    match done {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            messages.failure(&failure);
            failure.exit.into()
        }
    }
}

/// Help and version go to stdout and are no error; everything else that clap says is one of usage.
fn usage(error: &clap::Error) -> ExitCode {
    let _reader_gone = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() }
}
