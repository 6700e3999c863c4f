//! Rows of `files`, a run at a time.

use std::sync::Arc;

use datafusion::common::Result;
use engine::{FileEntry, Run};

use super::TABLE;
use crate::scan::prune::{ByRun, Prunes};
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request, outside};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Files;

impl RowTable for Files {
    type Row = (Arc<Run>, FileEntry);

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn prunes(&self) -> Prunes {
        Prunes { runs: ByRun::Exactly, ..Prunes::default() }
    }

    fn estimate(&self, context: &Context) -> usize {
        context.run_count().saturating_mul(4)
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Self::Row> {
        Box::new(request.filters.runs(context).flat_map(|run| match run.and_then(whole) {
            Ok(run) => {
                let files: Vec<_> = run.files.values().cloned().collect();
                files.into_iter().map(|file| Ok((Arc::clone(&run), file))).collect::<Vec<_>>()
            }
            Err(error) => vec![Err(error)],
        }))
    }

    fn cell<'a>(&self, column: &str, (run, entry): &'a Self::Row) -> Cell<'a> {
        match column {
            "entity" => Cell::text(&*run.key.project.entity),
            "project" => Cell::text(&*run.key.project.project),
            "run_id" => Cell::text(&*run.key.run),
            "generation" => Cell::Int(run.key.generation.into()),
            "name" => Cell::text(&*entry.file.name),
            "size" => Cell::count(entry.file.size),
            "kind" => Cell::unless_empty(&entry.file.kind),
            "digest" => Cell::owned(hex(&entry.file.digest)),
            "md5" => Cell::owned(hex(&entry.file.md5)),
            "updated_at" => Cell::Time(entry.updated),
            _ => Cell::Null,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A run that lacks events may lack files.
fn whole(run: Arc<Run>) -> Result<Arc<Run>> {
    run.check_whole().map_err(outside)?;
    Ok(run)
}
