//! Ctrl+C, heard while a command is at work.

use std::future::Future;
use std::io;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::failure::{Failure, Result};

/// Runs `work` to its end, unless Ctrl+C comes first.
///
/// The work has a thread of its own, so that it may block and Ctrl+C is heard all the same; what is
/// still running then ends with the process.
pub(crate) fn unless<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let no_thread = |error: io::Error| Failure::io("cannot start a thread", &error);
    let listener = runtime().map_err(no_thread)?;
    let worker = runtime().map_err(no_thread)?;
    let (sender, receiver) = oneshot::channel();
    let done = async move {
        let run = move || {
            // Nobody waits for it after Ctrl+C.
            let _interrupted = sender.send(worker.block_on(work));
        };
        thread::Builder::new().name("command".into()).spawn(run).map_err(no_thread)?;
        receiver.await.unwrap_or_else(|_panicked| Err(Failure::refused("the command broke off")))
    };
    listener.block_on(async {
        tokio::select! {
            // The handler stands before the work begins.
            biased;
            Ok(()) = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
            done = done => done,
        }
    })
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
