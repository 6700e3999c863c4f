//! Events as they are told while they happen: what the table `events` says of each, and of rows and console
//! lines what they hold.

use std::str::FromStr;

use chrono::{DateTime, SecondsFormat};
use engine::{Block, Body, ProjectKey, Recorded, Rows, RunPath, Subject, Time, Value};

use crate::error::Error;
use crate::tables::events::{json, source_time};

/// Which events are told. Empty: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    projects: Vec<ProjectKey>,
    runs: Vec<RunPath>,
    kinds: Vec<String>,
}

impl FromStr for EventFilter {
    type Err = Error;

    /// Reads terms with commas between them: `project:ENTITY/PROJECT`, `run:ENTITY/PROJECT/ID`, `kind:NAME`.
    /// Of several of one sort one must hold, and each sort that there is.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut filter = Self::default();
        for term in text.split(',').map(str::trim).filter(|term| !term.is_empty()) {
            let wrong = || {
                Error::invalid(format!("{term:?} chooses no events"))
                    .with_hint("write project:ENTITY/PROJECT, run:ENTITY/PROJECT/ID or kind:NAME")
            };
            let (sort, value) = term.split_once(':').ok_or_else(wrong)?;
            let parts: Vec<&str> = value.split('/').collect();
            match (sort, parts.as_slice()) {
                ("project", [entity, project]) => filter.projects.push(ProjectKey::new(*entity, *project)),
                ("run", [entity, project, id]) => {
                    filter.runs.push(RunPath::new(ProjectKey::new(*entity, *project), *id));
                }
                ("kind", [name]) if !name.is_empty() => filter.kinds.push((*name).to_owned()),
                _ => return Err(wrong()),
            }
        }
        Ok(filter)
    }
}

impl EventFilter {
    /// Whether an event about a subject may be told.
    #[must_use]
    pub fn chooses(&self, subject: &Subject) -> bool {
        if self.projects.is_empty() && self.runs.is_empty() {
            return true;
        }
        let is_in = |project: &ProjectKey| self.projects.contains(project);
        match subject {
            Subject::Store => false,
            Subject::Project(project) => is_in(project) && self.runs.is_empty(),
            Subject::Run(run) => {
                (self.projects.is_empty() || is_in(&run.project))
                    && (self.runs.is_empty() || self.runs.contains(&run.path()))
            }
        }
    }

    /// Whether an event is told.
    #[must_use]
    pub fn holds(&self, event: &Recorded) -> bool {
        let kind = event.event.body.name();
        (self.kinds.is_empty() || self.kinds.iter().any(|known| known == kind))
            && self.chooses(&event.event.subject)
    }
}

/// An event as a JSON object: the columns of `events`, and `rows` or `lines` with what was written, unless it
/// is so old that only table files have it.
#[must_use]
pub fn told(recorded: &Recorded) -> String {
    let Recorded { lsn, event, .. } = recorded;
    let project = match &event.subject {
        Subject::Store => None,
        Subject::Project(project) => Some(project),
        Subject::Run(run) => Some(&run.project),
    };
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::text);
    let run = event.run();
    let mut members = vec![
        ("lsn", i64::try_from(lsn.0).map_or(Value::Null, Value::Int)),
        ("time", time(source_time(recorded).unwrap_or(event.received))),
        ("received_at", time(event.received)),
        ("kind", Value::text(event.body.name())),
        ("actor", text(Some(&*event.actor).filter(|actor| !actor.is_empty()))),
        ("entity", text(project.map(|project| &*project.entity))),
        ("project", text(project.map(|project| &*project.project))),
        ("run_id", text(run.map(|run| &*run.run))),
        ("generation", run.map_or(Value::Null, |run| Value::Int(run.generation.into()))),
        ("body", json(recorded)),
    ];
    match &event.body {
        Body::Logged(rows) | Body::SystemSampled(rows) => {
            members.extend(written(rows).map(|rows| ("rows", Value::List(rows))));
        }
        Body::ConsoleWritten(console) => {
            let line = |(number, line): (u64, &engine::ConsoleLine)| {
                object([
                    ("line", i64::try_from(number).map_or(Value::Null, Value::Int)),
                    ("timestamp", line.time.map_or(Value::Null, time)),
                    ("stream", Value::text(if line.is_stderr { "stderr" } else { "stdout" })),
                    ("label", text(Some(&*line.label).filter(|label| !label.is_empty()))),
                    ("text", Value::text(&*line.text)),
                ])
            };
            let lines = (console.chunk.first_line..).zip(&console.lines).map(line).collect();
            members.push(("lines", Value::List(lines)));
        }
        _ => {}
    }
    object(members).to_strict_json()
}

fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn time(nanos: Time) -> Value {
    Value::text(DateTime::from_timestamp_nanos(nanos).to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// The rows of a block, an object each.
fn written(rows: &Rows) -> Option<Vec<Value>> {
    let block = Block::parse(rows.block.clone()).ok()?;
    let row = |row| Value::Map(block.row(row).map(|(key, cell)| (key.into(), cell.to_value())).collect());
    Some((0..block.rows()).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::{Event, Lsn};

    fn heartbeat(project: &str, run: &str) -> Recorded {
        let run = RunPath::new(ProjectKey::new("ann", project), run).generation(1);
        let event = Event { subject: run.into(), received: 0, actor: "ann".into(), body: Body::Heartbeat };
        Recorded { lsn: Lsn(7), run_seq: 3, event, digest: None }
    }

    #[test]
    fn one_term_of_each_sort_must_hold() {
        let holds = |filter: &str, project: &str, run: &str| {
            filter.parse::<EventFilter>().unwrap().holds(&heartbeat(project, run))
        };
        assert!(holds("", "p", "a"));
        assert!(holds("project:ann/p", "p", "a") && !holds("project:ann/p", "q", "a"));
        assert!(holds("run:ann/p/a, run:ann/p/b", "p", "b") && !holds("run:ann/p/a", "p", "b"));
        assert!(holds("kind:Heartbeat,run:ann/p/a", "p", "a") && !holds("kind:RunCreated", "p", "a"));
        for wrong in ["loss", "project:p", "run:a", "kind:", "owner:ann"] {
            let read = wrong.parse::<EventFilter>();
            assert!(read.is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_event_is_told_with_whose_it_is() {
        assert_eq!(
            told(&heartbeat("p", "a")),
            r#"{"lsn":7,"time":"1970-01-01T00:00:00Z","received_at":"1970-01-01T00:00:00Z","kind":"Heartbeat","actor":"ann","entity":"ann","project":"p","run_id":"a","generation":1,"body":{}}"#
        );
    }
}
