//! What a log tells of its run beside rows: folded from its records in order. No I/O.

use std::collections::BTreeSet;

use engine::{HIDDEN_KEY, Paths, Tree, Value};

use super::environment::Environment;
use super::joining::Process;
use super::metrics::Metrics;
use super::proto::{Fields, Malformed};
use super::record::{RunFacts, items};
use super::summary::Summary;
use super::telemetry::Telemetry;
use super::terminal::Terminal;
use super::value::value;
use crate::wandb::names;

const UPDATE: u32 = 1;
const REMOVE: u32 = 2;
/// The number of `offline` among the features of the telemetry.
pub(crate) const OFFLINE: i64 = 4;
/// What the client makes of what else it has, also where the log names them.
pub(crate) const MADE: [&str; 4] = ["output.log", "wandb-summary.json", "config.yaml", "wandb-metadata.json"];

/// A run as its log tells it so far.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// None before the first `RunRecord`.
    pub(crate) run: Option<RunFacts>,
    pub(crate) environment: Environment,
    pub(crate) summary: Summary,
    pub(crate) terminal: Terminal,
    /// Names of files that are the run's.
    pub(crate) files: BTreeSet<String>,
    /// Names that lead out of the folder.
    pub(crate) refused_files: u64,
    pub(crate) exit_code: Option<i32>,
    /// The step of the last row, as the run has it.
    pub(crate) last_step: Option<i64>,
    config: Tree,
    metrics: Metrics,
    telemetry: Telemetry,
}

/// A piece of a process's output.
pub(crate) struct Output<'a> {
    pub(crate) text: &'a str,
    pub(crate) is_stderr: bool,
    pub(crate) time: Option<engine::Time>,
}

impl<'a> Output<'a> {
    /// Reads an `OutputRawRecord`. Times are cut to microseconds, as the client sends them.
    pub(crate) fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut output = Self { text: "", is_stderr: true, time: None };
        for field in Fields::of(message) {
            match field? {
                (1, kind) => output.is_stderr = kind.number()? == 0,
                (2, stamp) => output.time = Some(stamp.time()?).map(|nanos| nanos - nanos.rem_euclid(1000)),
                (3, line) => output.text = line.text()?,
                _ => {}
            }
        }
        Ok(output)
    }
}

impl Account {
    /// Takes a `HeaderRecord`.
    pub(crate) fn header(&mut self, message: &[u8]) -> Result<(), Malformed> {
        for field in Fields::of(message) {
            let (1, version) = field? else { continue };
            for field in Fields::of(version.bytes()?) {
                let (1, producer) = field? else { continue };
                // "0.31.0+15f8…": the version and what it was built from.
                let producer = producer.text()?;
                self.telemetry.produced_by(producer.split('+').next().unwrap_or(producer));
            }
        }
        Ok(())
    }

    /// Takes a `RunRecord`.
    pub(crate) fn run(&mut self, message: &[u8]) -> Result<(), Malformed> {
        self.run.get_or_insert_default().take(message)?;
        for field in Fields::of(message) {
            match field? {
                (4, config) => self.config(config.bytes()?)?,
                (19, telemetry) => self.telemetry(telemetry.bytes()?)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a `ConfigRecord`. Values that are no JSON are left out, as the client does.
    pub(crate) fn config(&mut self, message: &[u8]) -> Result<(), Malformed> {
        let mut change = Paths { removed: Vec::new(), set: Vec::new() };
        for item in items(message, UPDATE) {
            let item = item?;
            if let Ok(value) = value(item.value) {
                change.set.push((item.path().map(Box::from).collect(), value));
            }
        }
        for item in items(message, REMOVE) {
            change.removed.push(item?.path().map(Box::from).collect());
        }
        self.config.apply(&change);
        Ok(())
    }

    pub(crate) fn telemetry(&mut self, message: &[u8]) -> Result<(), Malformed> {
        self.telemetry.take(message)
    }

    pub(crate) fn metric(&mut self, message: &[u8]) -> Result<(), Malformed> {
        self.metrics.take(message)
    }

    /// Takes a `FilesRecord`.
    pub(crate) fn files(&mut self, message: &[u8]) -> Result<(), Malformed> {
        for field in Fields::of(message) {
            let (1, file) = field? else { continue };
            for field in Fields::of(file.bytes()?) {
                let (1, path) = field? else { continue };
                match names::file_name(path.text()?) {
                    Ok(name) if MADE.contains(&name) => {}
                    Ok(name) => drop(self.files.insert(name.to_owned())),
                    Err(_) => self.refused_files += 1,
                }
            }
        }
        Ok(())
    }

    /// Takes a `RunExitRecord`.
    pub(crate) fn exit(&mut self, message: &[u8]) -> Result<(), Malformed> {
        let mut code = 0;
        for field in Fields::of(message) {
            if let (1, value) = field? {
                code = i32::try_from(value.integer()?).map_err(|_too_large| Malformed)?;
            }
        }
        self.exit_code = Some(code);
        Ok(())
    }

    /// The config as the store keeps it, `_wandb` with what the client adds when it sends it; the
    /// environment stands under `writer`.
    pub(crate) fn whole_config(&self, writer: Option<&str>) -> Tree {
        let mut config = self.config.clone();
        let text = |text: &str| Value::text(text);
        let told = [
            ("cli_version", self.telemetry.client_version().map(text)),
            ("python_version", self.telemetry.python_version().map(text)),
            ("t", Some(self.telemetry.to_value())),
            ("m", Some(self.metrics.to_value())),
        ];
        let mut set: Vec<(engine::Path, Value)> = told
            .into_iter()
            .filter_map(|(key, value)| Some((vec![HIDDEN_KEY.into(), key.into()], value?)))
            .collect();
        if let Some(writer) = writer.filter(|_| !self.environment.is_empty()) {
            set.push((vec![HIDDEN_KEY.into(), "e".into(), writer.into()], self.environment.to_value()));
        }
        config.apply(&Paths { removed: Vec::new(), set });
        config
    }

    /// When the process began, in nanoseconds since 1970.
    fn started(&self) -> Option<i64> {
        self.environment.started.or(self.run.as_ref().and_then(|run| run.start))
    }

    pub(crate) fn process(&self) -> Process<'_> {
        let writer = self.environment.writer.as_deref();
        Process { writer, started: self.started(), is_resumed: self.is_resumed() }
    }

    /// Whether the process went on with a run that was there.
    fn is_resumed(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.is_resumed)
    }

    /// Whether steps are counted from 0 although the run had some: without a server the client cannot
    /// know the last one.
    pub(crate) fn counts_steps_anew(&self) -> bool {
        let telemetry = self.telemetry.to_value();
        let is_offline =
            matches!(telemetry.get("3"), Some(Value::List(flags)) if flags.contains(&Value::Int(OFFLINE)));
        is_offline && self.is_resumed()
    }
}
