//! `wbq import wandb`: transaction logs of the wandb client into the store.
//!
//! ```text
//!  PATH… ─► find: logs, by run ─► threads, a run each ─► door: this process's folder, or a server
//!                                                    └─► tally ─► the report
//! ```
//!
//! What holds: logs of one run are read one after another, in the order in which their processes began, and a
//! run that goes on from another after that one. Ctrl+C leaves what is stored; the same command goes on from
//! there.

mod door;
mod ended;
mod tally;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use ingest::import::{Asked, Found, find};

use self::door::{Done, Door};
use self::ended::Ended;
use self::tally::Tally;
use super::Context;
use crate::args::{Format, Global, ImportWandb};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::output::{self, Messages};
use crate::progress::Bar;
use crate::writing::Writer;

pub(crate) fn run(context: &Context<'_>, wanted: ImportWandb) -> Result<()> {
    let is_json = match context.global.format {
        None | Some(Format::Table) => false,
        Some(Format::Json | Format::Ndjson) => true,
        Some(_) => {
            return Err(Failure::usage("what was imported is told as --format table or json"));
        }
    };
    // A dry run needs neither a store nor a server.
    let writer = if wanted.dry_run { None } else { Some(Writer::open(context)?) };
    let work = Work { writer, wanted, global: context.global.clone(), messages: context.messages };
    let (tally, writer) = interrupt::unless(async move { work.done() })?;
    // Not on the thread of the work: letting go waits for what it began.
    writer.map_or(Ok(()), Writer::close)?;
    output::print(&if is_json { tally.json() } else { tally.text() })?;
    tally.outcome()
}

struct Work {
    writer: Option<Writer>,
    wanted: ImportWandb,
    global: Global,
    messages: Messages,
}

impl Work {
    fn done(self) -> Result<(Tally, Option<Writer>)> {
        let began = Instant::now();
        let (found, passed) = find(&self.wanted.paths)
            .map_err(|(path, error)| Failure::io(format!("cannot read {}", path.display()), &error))?;
        let mut tally = Tally::new(self.wanted.dry_run, found.len());
        for (path, error) in &passed {
            tally.pass(path, error, self.messages);
        }
        self.import(&found, &mut tally);
        tally.took = began.elapsed();
        Ok((tally, self.writer))
    }

    /// Imports each run, several at once.
    fn import(&self, found: &[Found], tally: &mut Tally) {
        let door = match self.writer.as_ref().map(Writer::importer) {
            None => Door::Nowhere,
            Some(Ok(importer)) => Door::Folder(importer),
            Some(Err(client)) => Door::Server(client),
        };
        let total = found.iter().flat_map(|found| &found.logs).map(|log| log.bytes).sum();
        let bar = Bar::new(&self.global, if self.wanted.dry_run { "reading" } else { "importing" });
        let next = AtomicUsize::new(0);
        let ended = Ended::default();
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.jobs().min(found.len()) {
                let (door, next, ended, sender) = (&door, &next, &ended, sender.clone());
                scope.spawn(move || {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(found) = found.get(place) else { break };
                        let _ends = ended.begin(place, found.after);
                        for log in &found.logs {
                            // Nobody counts any more once the command is over.
                            let _over = sender.send(self.one(door, log));
                        }
                    }
                });
            }
            drop(sender);
            for done in receiver {
                bar.add(done.bytes, total);
                tally.add(done, self.messages);
            }
        });
    }

    fn one(&self, door: &Door<'_>, log: &ingest::import::LogFile) -> Done {
        let ImportWandb { entity, project, .. } = &self.wanted;
        let asked = Asked { entity: entity.clone(), project: project.clone(), may_grow: log.may_grow };
        door.import(log, &asked)
    }

    fn jobs(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.wanted.jobs.map_or(2 * cores, usize::from)
    }
}
