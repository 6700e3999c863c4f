//! A log into a store: each chunk a decision on the run as it stands then, by the functions that
//! decide what the client's own requests store.

use std::sync::Arc;

use engine::{ConsoleLine, Paths, Run, RunPath, Snapshot, Store, StreamKind, Tree, Upload, Value};

use super::account::Account;
use super::joining::{self, Standing};
use super::reading::{LogChunk, Sink};
use super::report::{LogReport, RunName};
use super::turns::Turn;
use super::{Asked, ImportError, Importer, made, output, telling};
use crate::app::{self, Plan};
use crate::wandb::branch::Inherited;
use crate::wandb::filestream::{self, ConsoleChunk, Parsed, STEP, Summary};
use crate::wandb::translate::{self, Drawn, Upsert};
use crate::wandb::{Act, config, ids, names};

/// The exit code that a sync gives a run whose log has no end.
const NO_END: i32 = 1;

/// [`app::decide`] for a thread that may block; gives the number of events too.
pub(crate) fn decide<T>(
    store: &Store,
    mut decision: impl FnMut(&Arc<Snapshot>) -> Result<Plan<T>, ImportError>,
) -> Result<(usize, T), ImportError> {
    let mut events = 0;
    let decided = app::decide(store, |snapshot| {
        let plan = decision(snapshot)?;
        events = plan.events.len();
        Ok::<_, ImportError>(plan)
    });
    let reply = futures::executor::block_on(decided)?;
    Ok((events, reply))
}

/// Stores a log as it is read.
pub(crate) struct Storing<'a> {
    importer: &'a Importer<'a>,
    asked: &'a Asked,
    begun: Option<Begun>,
    /// Held from the first look at the run on: where rows go rests on what stands of it.
    turn: Option<Turn>,
    /// The console as a file, on its way.
    output: Option<Upload>,
    events: usize,
    quarantined: usize,
}

/// The run, and where the log's first lines stand in its streams.
#[derive(Clone)]
struct Begun {
    path: RunPath,
    /// The run as it stood; none where this log made it.
    stood: Option<Arc<Run>>,
    /// A row of the log stood.
    has_row: bool,
    history: u64,
    system: u64,
    console: Option<u64>,
}

impl Begun {
    fn is_fresh(&self) -> bool {
        self.stood.is_none()
    }

    /// How the run stood beside what the log told so far. Not kept: a log may tell late which process
    /// wrote it.
    fn standing(&self, account: &Account) -> Standing {
        let Some(run) = &self.stood else { return Standing::fresh(account) };
        let standing = Standing::of(run, &account.process());
        Standing { is_known: standing.is_known || self.has_row, ..standing }
    }
}

impl<'a> Storing<'a> {
    pub(crate) fn new(importer: &'a Importer<'a>, asked: &'a Asked) -> Self {
        Self { importer, asked, begun: None, turn: None, output: None, events: 0, quarantined: 0 }
    }

    fn act(&self) -> Act {
        Act { actor: Arc::clone(&self.importer.caller.user), now: self.importer.store.now() }
    }

    fn decide<T>(
        &mut self,
        decision: impl FnMut(&Arc<Snapshot>) -> Result<Plan<T>, ImportError>,
    ) -> Result<T, ImportError> {
        let (events, reply) = decide(self.importer.store, decision)?;
        self.events += events;
        Ok(reply)
    }

    /// Finds the run, or makes it.
    fn begin(&mut self, account: &Account) -> Result<Begun, ImportError> {
        if let Some(begun) = &self.begun {
            return Ok(begun.clone());
        }
        let facts = account.run.as_ref().filter(|run| !run.id.is_empty()).ok_or(ImportError::NoRun)?;
        let (caller, act) = (&self.importer.caller, self.act());
        let entity = self.asked.entity.as_deref().unwrap_or(&facts.entity);
        let project = names::project(
            Some(entity),
            Some(self.asked.project.as_deref().unwrap_or(&facts.project)),
            caller,
        );
        names::check_project(&project.project)?;
        names::check_run(&facts.id)?;
        let request = Upsert {
            project: Some(project.project.to_string()),
            entity: Some(project.entity.to_string()),
            ..telling::begins(account, facts)
        };
        let path = RunPath::new(project, facts.id.as_str());
        let importer = self.importer;
        self.turn = Some(importer.turns.take(&path));
        let mut drawn = None;
        let mut ordinal = |project: &engine::ProjectKey, made| {
            *drawn.get_or_insert_with(|| (importer.ordinal)(project, made))
        };
        let snapshot = importer.store.snapshot();
        let fork = translate::forked_from(&snapshot.projection, &request, caller)?;
        let fork = fork.map(|(parent, step)| Inherited::read(&snapshot, parent, step)).transpose()?;
        let stood = self.decide(|snapshot| {
            names::check_may_write(&snapshot.projection, &importer.caller, &path.project)?;
            if let Some(run) = snapshot.projection.run(&path)?.filter(|run| run.deleted.is_none()) {
                return Ok(Plan { events: Vec::new(), rests_on: Vec::new(), reply: Some(run) });
            }
            let drawn = Drawn { id: &path.run, ordinal: &mut ordinal, fork: fork.as_ref() };
            let Plan { events, rests_on, .. } =
                translate::upsert(&snapshot.projection, &request, &importer.caller, &act, drawn)?;
            Ok(Plan { events, rests_on, reply: None })
        })?;
        let begun = Begun { path, stood, has_row: false, history: 0, system: 0, console: None };
        Ok(self.begun.insert(begun).clone())
    }

    /// The snapshot and the run in it.
    fn run(&self, path: &RunPath) -> Result<(Arc<Snapshot>, Arc<Run>), ImportError> {
        let snapshot = self.importer.store.snapshot();
        let run = translate::living(&snapshot.projection, path)?;
        Ok((snapshot, run))
    }

    /// The part of a chunk's output that is new.
    fn new_lines(
        &self,
        account: &Account,
        begun: &mut Begun,
        chunk: &LogChunk,
    ) -> Result<Option<ConsoleChunk>, ImportError> {
        if chunk.console.is_empty() {
            return Ok(None);
        }
        let (snapshot, run) = self.run(&begun.path)?;
        let base = match begun.console {
            Some(base) => base,
            None => output::base(&snapshot, &run, &chunk.console, begun.standing(account).is_known)?,
        };
        begun.console = Some(base);
        Ok(output::new_lines(&snapshot, &run, base + chunk.console_line, &chunk.console)?)
    }

    /// Adds lines to the file that the console is too, unless it is plain already that it stands.
    fn keep_output(
        &mut self,
        account: &Account,
        begun: &Begun,
        lines: &[ConsoleLine],
    ) -> Result<(), ImportError> {
        let standing = begun.standing(account);
        let is_told =
            account.environment.writer.is_some() && (!standing.is_latest || standing.has_told(None));
        if lines.is_empty() || is_told {
            return Ok(());
        }
        let mut upload = match self.output.take() {
            Some(upload) => upload,
            None => self.importer.store.blobs().begin()?,
        };
        let mut text = String::new();
        for line in lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        upload.write(text.as_bytes())?;
        self.output = Some(upload);
        Ok(())
    }

    /// Attributes and config at the end of the log; gives the config as a file has it.
    fn tell(&mut self, begun: &Begun, account: &Account) -> Result<Tree, ImportError> {
        let facts = account.run.clone().unwrap_or_default();
        let (act, caller) = (self.act(), self.importer.caller.clone());
        let (path, standing) = (&begun.path, begun.standing(account));
        self.decide(|snapshot| {
            let run = translate::living(&snapshot.projection, path)?;
            let ours = account.whole_config(standing.writer.as_deref());
            let config = standing.config(&run.config, ours);
            let mut request = Upsert {
                id: Some(ids::of_run(path)),
                config: Some(config::write(&config)),
                is_shared: !standing.is_alone,
                ..telling::told(&facts)
            };
            if !standing.is_latest {
                telling::leave_what_is_told(&mut request, &run);
            }
            let drawn = Drawn { id: &path.run, ordinal: &mut |_, made| made, fork: None };
            let Plan { events, rests_on, .. } =
                translate::upsert(&snapshot.projection, &request, &caller, &act, drawn)?;
            Ok(Plan { events, rests_on, reply: standing.config_file(&run.config, &config) })
        })
    }

    /// Summary and end.
    fn end(&mut self, begun: &Begun, account: &Account, ours: &Tree) -> Result<(), ImportError> {
        let (act, may_grow) = (self.act(), self.asked.may_grow);
        let (path, standing) = (&begun.path, begun.standing(account));
        self.decide(|snapshot| {
            let run = translate::living(&snapshot.projection, path)?;
            let exit_code = match account.exit_code {
                Some(code) => Some(code),
                None if may_grow || !run.state.is_active() => None,
                None => Some(NO_END),
            };
            let parsed = Parsed {
                summary: Some(Summary::Whole(standing.summary(&run.summary, ours.clone()))),
                complete: standing.is_latest && exit_code.is_some(),
                exit_code,
                ..Parsed::default()
            };
            let Plan { events, rests_on, .. } = filestream::imported(snapshot, &run, &parsed, &act)?;
            Ok(Plan { events, rests_on, reply: () })
        })
    }

    /// The files that the client makes when it sends a run.
    fn make_files(
        &mut self,
        begun: &Begun,
        account: &Account,
        config: &Tree,
        summary: &Tree,
    ) -> Result<(), ImportError> {
        let (_, run) = self.run(&begun.path)?;
        let environment = (!account.environment.is_empty()).then(|| account.environment.to_value().to_json());
        let texts = [
            ("config.yaml", Some(made::config_yaml(config))),
            ("wandb-summary.json", Some(summary.to_value().to_json())),
            ("wandb-metadata.json", environment),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                self.events += made::put(self.importer, &run.key, name, text.as_bytes())?;
            }
        }
        if let Some(upload) = self.output.take() {
            let blob = upload.finish(None, None)?;
            self.events += made::name_blob(self.importer, &run.key, "output.log", blob)?;
        }
        Ok(())
    }
}

impl Sink for Storing<'_> {
    fn first_row(
        &mut self,
        account: &Account,
        time: Option<f64>,
        step: Option<i64>,
    ) -> Result<i64, ImportError> {
        let mut begun = self.begin(account)?;
        if begun.is_fresh() {
            return Ok(0);
        }
        let (snapshot, run) = self.run(&begun.path)?;
        let found = match time {
            Some(time) => joining::row_at(&snapshot, &run, StreamKind::History, time)?,
            None => None,
        };
        let anew = account.counts_steps_anew();
        let shift = match found {
            Some((line, stands)) => {
                begun.history = line;
                begun.has_row = true;
                anew.then(|| stands?.checked_sub(step?)).flatten()
            }
            None => {
                begun.history = run.stream("", StreamKind::History).next;
                run.last_step.filter(|_| anew).map(|last| last.saturating_add(1))
            }
        };
        self.begun = Some(begun);
        Ok(shift.unwrap_or_default())
    }

    fn first_sample(&mut self, account: &Account, time: Option<f64>) -> Result<(), ImportError> {
        let mut begun = self.begin(account)?;
        if !begun.is_fresh() {
            let (snapshot, run) = self.run(&begun.path)?;
            let found = match time {
                Some(time) => joining::row_at(&snapshot, &run, StreamKind::System, time)?,
                None => None,
            };
            begun.system = found.map_or_else(|| run.stream("", StreamKind::System).next, |(line, _)| line);
            self.begun = Some(begun);
        }
        Ok(())
    }

    fn store(&mut self, account: &Account, mut chunk: LogChunk) -> Result<(), ImportError> {
        let mut begun = self.begin(account)?;
        let console = self.new_lines(account, &mut begun, &chunk)?;
        self.keep_output(account, &begun, &chunk.console)?;
        if let Some(rows) = &mut chunk.history {
            rows.first_line += begun.history;
        }
        if let Some(rows) = &mut chunk.system {
            rows.first_line += begun.system;
        }
        let LogChunk { history, system, .. } = chunk;
        let parsed = Parsed { history, system, console, ..Parsed::default() };
        let (act, path) = (self.act(), begun.path.clone());
        self.begun = Some(begun);
        self.quarantined += self.decide(|snapshot| {
            let run = translate::living(&snapshot.projection, &path)?;
            Ok(filestream::imported(snapshot, &run, &parsed, &act)?)
        })?;
        Ok(())
    }

    fn finish(&mut self, account: &Account, report: &mut LogReport) -> Result<(), ImportError> {
        let begun = self.begin(account)?;
        let standing = begun.standing(account);
        if !standing.has_told(account.exit_code) {
            let config = self.tell(&begun, account)?;
            let summary = summary(account);
            self.end(&begun, account, &summary)?;
            if standing.is_latest {
                self.make_files(&begun, account, &config, &summary)?;
            }
        }
        let (_, run) = self.run(&begun.path)?;
        let is_wanted = |name: &str| standing.is_latest || !run.files.contains_key(name);
        report.name_files(account, is_wanted);
        for file in &mut report.files {
            file.digest = run.files.get(file.name.as_str()).map(|entry| hex(&entry.file.digest));
        }
        report.run = Some(RunName::from(&run.key));
        (report.events, report.quarantined) = (self.events as u64, self.quarantined as u64);
        Ok(())
    }
}

/// The summary that the log leaves. The client takes its step from the rows, and heeds no other: a log may
/// be cut between what it says of the summary and the row.
fn summary(account: &Account) -> Tree {
    let mut summary = account.summary.to_tree();
    let path: engine::Path = vec![STEP.into()];
    let step = match account.last_step {
        Some(step) => Paths { removed: Vec::new(), set: vec![(path, Value::Int(step))] },
        None => Paths { removed: vec![path], set: Vec::new() },
    };
    summary.apply(&step);
    summary
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
