//! `wbq export`: runs and all that they logged, as files that other programs open as they are.
//!
//! ```text
//!  EXPR ─► which runs ─► a file a table and project, in NAME.partial-PID ─► manifest.json ─► NAME
//! ```
//!
//! What holds:
//! - Every file shows the store at one position: one snapshot answers all statements.
//! - Rows are written as they are made; what is held is a row group, the names of the chosen runs where
//!   not all are wanted, and the digests of user files where those are.

mod folder;
mod keys;
mod manifest;
mod statements;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use self::folder::Folder;
use self::manifest::{Manifest, readme};
use self::tables::{Exporter, Store};
use super::{Context, care};
use crate::answer::{self, Answerer};
use crate::args::{Export, Form, Format, Global};
use crate::failure::{Failure, Result};
use crate::output::Messages;
use crate::progress::Bar;
use crate::{interrupt, output};

pub(crate) fn run(context: &Context<'_>, asked: Export) -> Result<()> {
    if let Some(text) = &asked.condition {
        query::condition(text).map_err(|error| answer::failure(&error, text, None))?;
    }
    let is_json = match context.global.format {
        None | Some(Format::Table) => false,
        Some(Format::Json | Format::Ndjson) => true,
        Some(_) => {
            return Err(Failure::usage("what was exported is told as --format table or json")
                .next("--as says what the files are: parquet, jsonl or csv"));
        }
    };
    let dir = care::local(context)?;
    let begun = Arc::new(Mutex::new(None));
    let work = Work {
        dir,
        global: context.global.clone(),
        messages: context.messages,
        begun: Arc::clone(&begun),
        asked,
    };
    let told = interrupt::unless(work.done(is_json));
    if told.is_err() {
        let begun: Option<Arc<Folder>> = begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        begun.iter().for_each(|folder| folder.discard());
    }
    output::print(&told?)
}

struct Work {
    dir: PathBuf,
    global: Global,
    messages: Messages,
    /// The folder, for who gives up.
    begun: Arc<Mutex<Option<Arc<Folder>>>>,
    asked: Export,
}

impl Work {
    /// Writes all files; gives what is to be printed.
    async fn done(self, is_json: bool) -> Result<String> {
        let Self { dir, global, messages, begun, asked } = self;
        let snapshot = answer::snapshot(&dir, &global)?;
        let position = snapshot.durable.0;
        let answerer = Answerer::over(dir.clone(), Arc::clone(&snapshot), &global);
        let bar = Bar::of_files(&global, "exporting");
        let folder = {
            let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
            let folder = Arc::new(Folder::begin(&asked.target)?);
            *begun = Some(Arc::clone(&folder));
            folder
        };
        let store = Store { dir: &dir, snapshot: &snapshot, answerer: &answerer };
        let mut exporter = Exporter::new(store, &folder, &bar, &asked, messages);
        exporter.tables().await?;
        if asked.files {
            exporter.user_files()?;
        }
        let manifest = Manifest {
            version: 1,
            written_by: format!("wbq {}", env!("CARGO_PKG_VERSION")),
            position,
            condition: asked.condition.as_deref(),
            include_deleted: global.include_deleted,
            format: tables::ending(asked.form),
            runs: exporter.runs,
            keys_without_column: exporter.keys_without_column,
            files: &exporter.files,
        };
        describe(&folder, &manifest, asked.form)?;
        folder.finish()?;
        Ok(told(&asked.target, &manifest, is_json) + "\n")
    }
}

fn describe(folder: &Folder, manifest: &Manifest<'_>, form: Form) -> Result<()> {
    let json = serde_json::to_string_pretty(manifest)
        .map_err(|error| Failure::refused("cannot write the manifest").because(&error))?;
    for (path, text) in [("manifest.json", json + "\n"), ("README.md", readme(form))] {
        let mut sink = folder.create(path)?;
        let written = std::io::Write::write_all(&mut sink, text.as_bytes()).and_then(|()| sink.finish());
        written.map_err(|error| Failure::io(format!("cannot write {path:?} of the export"), &error))?;
    }
    Ok(())
}

fn told(target: &Path, manifest: &Manifest<'_>, is_json: bool) -> String {
    let (files, runs, position) = (manifest.files.len(), manifest.runs, manifest.position);
    let bytes = manifest.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
    let rows = manifest.files.iter().filter_map(|file| file.rows).fold(0, u64::saturating_add);
    let dir = target.display().to_string();
    if is_json {
        return json!({
            "dir": dir, "position": position, "runs": runs, "files": files, "rows": rows, "bytes": bytes,
        })
        .to_string();
    }
    format!("{dir} holds {runs} runs as of event {position}: {rows} rows in {files} files, {bytes} bytes")
}
