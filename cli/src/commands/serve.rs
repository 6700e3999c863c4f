//! `wbq serve`: starts the server, says where it is, stops it when asked to.

use std::path::Path;
use std::time::Duration;

use super::Context;
use crate::args::{Durability, OnSyncError, Opening, Serve};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::Messages;
use crate::{folder, logs, output};
use ingest::{Server, ServerOptions};
use serde::Serialize;

/// How long work that outlives the server may hold up the end of the process.
const LEFTOVERS_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) fn run(context: &Context<'_>, serve: Serve) -> Result<()> {
    let dir = context.environment.dir(context.global)?;
    logs::start(context.global, "info")?;
    let ready_json = serve.ready_json;
    let options = options(&dir, serve);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("cannot start the server's threads", &error))?;
    let served = runtime.block_on(until_stopped(options, ready_json, &dir, context.messages));
    runtime.shutdown_timeout(LEFTOVERS_TIMEOUT);
    served
}

fn options(dir: &Path, serve: Serve) -> ServerOptions {
    let Serve { listen, ready_json: _, admin, crash_after, durability, keep_log, keep_deleted, .. } = serve;
    let Serve { open, on_sync_error, tls_cert, tls_key, behind_proxy, .. } = serve;
    ServerOptions {
        listen,
        admin,
        crash_after,
        durability: match durability {
            Durability::Sync => engine::Durability::Sync,
            Durability::Os => engine::Durability::Os,
        },
        keep_log: keep_log.0,
        keep_deleted: keep_deleted.0,
        open_damaged: open == Opening::Degraded,
        readonly_on_sync_error: on_sync_error == OnSyncError::Readonly,
        tls: tls_cert.zip(tls_key),
        behind_proxy,
        ..ServerOptions::new(dir)
    }
}

async fn until_stopped(
    options: ServerOptions,
    ready_json: bool,
    dir: &Path,
    messages: Messages,
) -> Result<()> {
    // Before the store is opened: who asks us to stop while we recover is heard too.
    let mut stop = Stop::new().map_err(|error| Failure::io("cannot listen for signals", &error))?;
    let server = tokio::select! {
        server = Server::bind(options) => server.map_err(|error| failure("cannot start the server on", dir, &error))?,
        () = stop.asked() => return Err(Failure::interrupted()),
    };
    if let Some(missing) = server.missing() {
        messages.warn(&degraded(&missing, dir));
    }
    if ready_json {
        output::print(&output::json(&Ready { url: server.url(), key: server.new_key() })?)?;
    } else {
        messages.note(&banner(&server, dir));
    }
    let asked = async move {
        stop.asked().await;
        messages.note("stopping; once more ends it at once");
        tokio::spawn(async move {
            stop.asked().await;
            // As safe as kill -9: whatever was acknowledged is on disk.
            std::process::exit(Exit::Interrupted as i32);
        });
    };
    server.serve(asked).await.map_err(|error| failure("the server ended on", dir, &error))
}

/// What a person must know of a folder that is served although it is damaged.
fn degraded(missing: &str, dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "{dir} is damaged: {missing}\n  these runs take nothing and show what they were before; nothing new is \
         compacted\n  next:  wbq repair {dir} {dir}.repaired --dry-run   tells what can be kept"
    )
}

/// What a program needs to begin, in this order.
#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// What a person needs to begin.
fn banner(server: &Server, dir: &Path) -> String {
    let url = server.url();
    let mut lines = vec![
        format!("wbq {} serves {} at {url}", env!("CARGO_PKG_VERSION"), dir.display()),
        String::new(),
        "To log to it from Python with wandb, paste into the shell that trains:".to_owned(),
        format!("  export WANDB_BASE_URL={url}"),
    ];
    match server.new_key() {
        Some(key) => {
            lines.push(format!("  export WANDB_API_KEY={key}"));
            lines.push(String::new());
            lines.push(format!(
                "This is the key of the admin {:?}. It is shown only now: keep it.",
                server.admin_name()
            ));
        }
        None => lines.push("  export WANDB_API_KEY=…   (the key that the first start showed)".to_owned()),
    }
    lines.push("Ctrl+C stops it.".to_owned());
    lines.join("\n")
}

fn failure(what: &str, dir: &Path, error: &ingest::Error) -> Failure {
    use ingest::Error;
    let shown = dir.display();
    match error {
        Error::Store(error) => folder::failure(what, dir, error),
        Error::Io { source, .. } => {
            Failure::new(Exit::from(source), format!("{what} {shown}")).because(error)
        }
        Error::Exposed { .. } => Failure::refused(format!("{what} {shown}"))
            .because(error)
            .next("--listen 127.0.0.1:8080                      serves this machine alone")
            .next("--tls-cert cert.pem --tls-key key.pem        serves others over TLS")
            .next("--behind-proxy                               leaves TLS to a proxy in front"),
        Error::UserName { .. } => Failure::usage(error.to_string()).next("--admin NAME      names the admin"),
        Error::WritesStopped { .. } => Failure::new(Exit::Io, format!("{what} {shown}"))
            .because(error)
            .next_command(format!("wbq --dir {shown} serve"), "checks the folder and serves it again"),
        _ => Failure::refused(format!("{what} {shown}")).because(error),
    }
}

/// Ctrl+C and the signal that asks a process to end.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn asked(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
