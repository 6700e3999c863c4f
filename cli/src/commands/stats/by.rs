//! What takes up room: projects, runs or keys, the largest first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, UInt64Array};
use engine::ops::{self, Usage};
use engine::{ProjectKey, Run, Snapshot, StreamKind};
use query::output::{Format, Writer};

use crate::args::By;
use crate::commands::{Context, care};
use crate::failure::{Failure, Result};
use crate::progress::Bar;
use crate::{folder, output};

pub(super) fn run(context: &Context<'_>, by: By, project: Option<&str>, limit: Option<usize>) -> Result<()> {
    let dir = care::local(context)?;
    let format = context.global.format.map_or(Format::Table, Format::from);
    let project = project.map(str::to_owned);
    let limit = limit.unwrap_or(usize::MAX);
    let rows = care::watched(context.global, "measuring", dir, move |dir, bar| {
        let snapshot = folder::read(dir)?;
        let project = project.map(|name| project_of(&snapshot, &name)).transpose()?;
        let of = Of { snapshot: &snapshot, project: project.as_ref(), limit };
        of.measure(by, dir, bar)
    })?;
    let unwritten = |error: std::io::Error| output::unwritten(&error);
    let mut writer = Writer::new(format, &rows.schema(), output::data()).map_err(unwritten)?;
    writer.write(&rows).map_err(unwritten)?;
    writer.finish().and_then(|mut sink| sink.flush()).map_err(unwritten)
}

/// The project of a name, with or without its entity.
fn project_of(snapshot: &Snapshot, name: &str) -> Result<ProjectKey> {
    let fits = |key: &&ProjectKey| match name.split_once('/') {
        Some((entity, project)) => *key.entity == *entity && *key.project == *project,
        None => *key.project == *name,
    };
    let mut found: Vec<&ProjectKey> = snapshot.projection.projects.keys().filter(fits).collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only.clone()),
        (None, _) => Err(Failure::refused(format!("there is no project {name:?}"))
            .next_command("wbq stats --by project", "lists the projects")),
        (Some(last), false) => {
            let failure =
                Failure::refused(format!("{name:?} can mean {} projects", found.len().saturating_add(1)));
            let all = found.into_iter().chain([last]);
            Err(all.fold(failure, |failure, key| failure.next(format!("--project {key}"))))
        }
    }
}

/// What is measured.
struct Of<'a> {
    snapshot: &'a Snapshot,
    project: Option<&'a ProjectKey>,
    limit: usize,
}

impl Of<'_> {
    fn measure(&self, by: By, dir: &Path, bar: &Bar) -> Result<RecordBatch> {
        let rows = match by {
            By::Project => self.projects(bar),
            By::Run => self.runs(bar),
            By::Key => self.keys(bar),
        };
        let columns = rows.map_err(|error| folder::failure("cannot read the store in", dir, &error))?;
        RecordBatch::try_from_iter(columns)
            .map_err(|error| Failure::refused("cannot lay out the answer").because(&error))
    }

    /// The runs that are measured.
    fn chosen(&self) -> impl Iterator<Item = engine::Result<Arc<Run>>> {
        // Of an erased run nothing is left that takes up room.
        let is_chosen = |run: &Run| {
            run.erased.is_none() && self.project.is_none_or(|project| run.key.project == *project)
        };
        let runs = self.snapshot.projection.runs();
        runs.filter(move |run| run.as_ref().map_or(true, |run| is_chosen(run)))
    }

    fn usage(&self, bar: &Bar, group: impl FnMut(&Run) -> u32) -> engine::Result<Vec<(u32, Usage)>> {
        let watch = &mut |progress| bar.show(progress);
        let usage = ops::usage(self.snapshot, self.chosen(), group, watch)?;
        let mut largest: Vec<_> = usage.into_iter().collect();
        largest.sort_by_key(|(_, usage)| Reverse(usage.total().bytes.saturating_add(usage.file_bytes)));
        largest.truncate(self.limit);
        Ok(largest)
    }

    fn projects(&self, bar: &Bar) -> engine::Result<Columns> {
        let mut places = BTreeMap::<ProjectKey, (u32, u64)>::new();
        let usage = self.usage(bar, |run| {
            let next = u32::try_from(places.len()).unwrap_or(u32::MAX);
            let (place, runs) = places.entry(run.key.project.clone()).or_insert((next, 0));
            *runs += 1;
            *place
        })?;
        let by_place: BTreeMap<u32, (&ProjectKey, u64)> =
            places.iter().map(|(key, (place, runs))| (*place, (key, *runs))).collect();
        let named: Vec<_> = usage
            .iter()
            .filter_map(|(place, usage)| by_place.get(place).map(|(key, runs)| (*key, *runs, *usage)))
            .collect();
        let mut columns = vec![
            texts("entity", named.iter().map(|(key, ..)| Some(&*key.entity))),
            texts("project", named.iter().map(|(key, ..)| Some(&*key.project))),
            numbers("runs", named.iter().map(|(_, runs, _)| *runs)),
        ];
        columns.extend(amounts(named.iter().map(|(.., usage)| *usage)));
        Ok(columns)
    }

    fn runs(&self, bar: &Bar) -> engine::Result<Columns> {
        let mut named = Vec::new();
        for (ordinal, usage) in self.usage(bar, |run| run.ordinal)? {
            let run = self.snapshot.projection.run_at(ordinal)?;
            named.extend(run.map(|run| (run, usage)));
        }
        let runs = || named.iter().map(|(run, _)| run);
        let deleted: BooleanArray = runs().map(|run| Some(run.deleted.is_some())).collect();
        let mut columns = vec![
            texts("entity", runs().map(|run| Some(&*run.key.project.entity))),
            texts("project", runs().map(|run| Some(&*run.key.project.project))),
            texts("run_id", runs().map(|run| Some(&*run.key.run))),
            numbers("generation", runs().map(|run| run.key.generation.into())),
            texts("name", runs().map(|run| Some(run.name()))),
            ("deleted", Arc::new(deleted) as ArrayRef),
        ];
        columns.extend(amounts(named.iter().map(|(_, usage)| *usage)));
        Ok(columns)
    }

    fn keys(&self, bar: &Bar) -> engine::Result<Columns> {
        let watch = &mut |progress| bar.show(progress);
        let usage = ops::usage_by_key(self.snapshot, self.chosen(), watch)?;
        let mut largest: Vec<_> = usage.into_iter().collect();
        largest.sort_by_key(|(_, amount)| Reverse(amount.bytes));
        largest.truncate(self.limit);
        let space = |kind: StreamKind| match kind {
            StreamKind::History => "history",
            StreamKind::System => "system",
            StreamKind::Console => "console",
        };
        Ok(vec![
            texts("space", largest.iter().map(|((kind, _), _)| Some(space(*kind)))),
            texts("key", largest.iter().map(|((_, key), _)| key.as_deref())),
            numbers("points", largest.iter().map(|(_, amount)| amount.points)),
            numbers("rows", largest.iter().map(|(_, amount)| amount.rows)),
            numbers("bytes", largest.iter().map(|(_, amount)| amount.bytes)),
        ])
    }
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn amounts(usage: impl Iterator<Item = Usage> + Clone) -> Columns {
    let of = |amount: fn(&Usage) -> u64| usage.clone().map(move |usage| amount(&usage));
    vec![
        numbers("points", of(|usage| usage.total().points)),
        numbers("rows", of(|usage| usage.total().rows)),
        numbers("bytes", of(|usage| usage.total().bytes)),
        numbers("files", of(|usage| usage.files)),
        numbers("file_bytes", of(|usage| usage.file_bytes)),
    ]
}

fn texts<'a>(name: &'static str, texts: impl Iterator<Item = Option<&'a str>>) -> (&'static str, ArrayRef) {
    (name, Arc::new(texts.collect::<StringArray>()))
}

fn numbers(name: &'static str, numbers: impl Iterator<Item = u64>) -> (&'static str, ArrayRef) {
    (name, Arc::new(numbers.map(Some).collect::<UInt64Array>()))
}
