//! Commands that change the store: done by the server that holds the folder, else by this process.

use std::path::PathBuf;
use std::time::Duration;

use engine::Store;
use engine::ops::Progress;
use ingest::api::commands::{Command, CommandError, CommandOutcome, execute};
use ingest::import::Importer;

use crate::args::Global;
use crate::commands::Context;
use crate::duration::Keep;
use crate::failure::{Failure, Result};
use crate::folder;
use crate::place::Place;
use crate::progress::Bar;
use crate::remote::Client;

/// How often a bar is drawn anew.
const LOOK: Duration = Duration::from_millis(100);

/// Whoever carries out commands.
pub(crate) enum Writer {
    /// A server.
    Server(Client),
    /// This process, on a folder that it holds.
    Folder(Box<Held>),
}

/// A folder that this process holds.
pub(crate) struct Held {
    dir: PathBuf,
    store: Store,
    /// In whose name.
    actor: String,
    runtime: tokio::runtime::Runtime,
}

impl Writer {
    /// Finds the place and, if no server does, holds it.
    pub(crate) fn open(context: &Context<'_>) -> Result<Self> {
        Self::open_keeping(context, None)
    }

    /// [`Writer::open`], and says how long the log is kept, which only who holds the folder can.
    pub(crate) fn open_keeping(context: &Context<'_>, keep_log: Option<Keep>) -> Result<Self> {
        let dir = match Place::find(context.global, &context.environment)? {
            Place::Server(_) if keep_log.is_some() => {
                return Err(Failure::usage(
                    "a server holds the folder, and keeps the log as it was started to",
                )
                .next_command("wbq serve --keep-log TIME", "starts one that keeps it so long"));
            }
            Place::Server(client) => return Ok(Self::Server(client)),
            Place::Folder(dir) => dir,
        };
        let store = folder::open(&dir, keep_log)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::io("cannot start a thread", &error))?;
        Ok(Self::Folder(Box::new(Held { actor: admin(&store), dir, store, runtime })))
    }

    /// Carries out a command.
    pub(crate) fn run(&self, command: &Command) -> Result<CommandOutcome> {
        match self {
            Self::Server(client) => client.command(command),
            Self::Folder(held) => {
                let Held { dir, store, actor, runtime } = &**held;
                let done = runtime.block_on(execute(store, actor, command.clone()));
                done.map_err(|error| failure(error, dir))
            }
        }
    }

    /// Carries out a command that takes long, with a bar beside it: how much of the log is left to do.
    pub(crate) fn run_long(
        &self,
        global: &Global,
        doing: &'static str,
        command: &Command,
    ) -> Result<CommandOutcome> {
        let Self::Folder(held) = self else {
            let _shown_meanwhile = Bar::unknown(global, doing);
            return self.run(command);
        };
        let Held { dir, store, actor, runtime } = &**held;
        let bar = Bar::new(global, doing);
        let total = store.snapshot().waiting_bytes();
        let done = runtime.block_on(async {
            let mut look = tokio::time::interval(LOOK);
            let work = execute(store, actor, command.clone());
            tokio::pin!(work);
            loop {
                tokio::select! {
                    done = &mut work => return done,
                    _ = look.tick() => {
                        let done = total.saturating_sub(store.snapshot().waiting_bytes());
                        bar.show(Progress { done, total });
                    }
                }
            }
        });
        done.map_err(|error| failure(error, dir))
    }

    /// Imports into the folder that this process holds; where a server does, the server.
    pub(crate) fn importer(&self) -> std::result::Result<Importer<'_>, &Client> {
        match self {
            Self::Server(client) => Err(client),
            Self::Folder(held) => Ok(Importer::new(&held.store, &held.actor)),
        }
    }

    /// Lets go of the folder, with its last group proven.
    pub(crate) fn close(self) -> Result<()> {
        match self {
            Self::Server(_) => Ok(()),
            Self::Folder(held) => {
                let Held { dir, store, .. } = *held;
                store.close().map_err(|error| folder::failure("cannot close the store in", &dir, &error))
            }
        }
    }
}

/// Whoever can write to the folder can do everything, so it is done in the admin's name.
fn admin(store: &Store) -> String {
    let snapshot = store.snapshot();
    let admin = snapshot.projection.people.users.values().find(|user| user.admin);
    admin.map(|user| user.name.to_string()).unwrap_or_default()
}

fn failure(error: CommandError, dir: &std::path::Path) -> Failure {
    match error {
        CommandError::Ambiguous { run, candidates } => {
            Failure::refused(format!("{run:?} can mean {} runs", candidates.len()))
                .next(format!("say which: {}", candidates.join(", ")))
        }
        CommandError::NotFound(message) => Failure::refused(message)
            .next_command("wbq \"SELECT entity, project, run_id, name FROM runs\"", "lists the runs"),
        CommandError::Store(error) => folder::failure("cannot write to the store in", dir, &error),
        other => Failure::refused(other.to_string()),
    }
}
