//! Ctrl+C, heard while a command is at work.

use std::future::Future;

use crate::failure::{Failure, Result};

/// Runs `work` to its end, unless Ctrl+C comes first.
///
/// The work has a thread of its own, so that it may block and Ctrl+C is heard all the same; what is
/// still running then ends with the process.
pub(crate) fn unless<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::io("cannot start a thread", &error))?;
    let done = runtime.block_on(async {
        let mut work = tokio::spawn(work);
        tokio::select! {
            done = &mut work => done.unwrap_or_else(|error| Err(Failure::refused("the command broke off").because(&error))),
            heard = tokio::signal::ctrl_c() => match heard {
                Ok(()) => Err(Failure::interrupted()),
                // Without a handler Ctrl+C ends the process by itself.
                Err(_) => work.await.unwrap_or_else(|error| Err(Failure::refused("the command broke off").because(&error))),
            },
        }
    });
    runtime.shutdown_background();
    done
}
