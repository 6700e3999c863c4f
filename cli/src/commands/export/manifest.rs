//! What an export says of itself: `manifest.json` for programs, `README.md` for people.

use engine::ProjectKey;
use serde::Serialize;

use super::folder::Written;
use crate::args::Form;

/// The whole of it.
#[derive(Debug, Serialize)]
pub(super) struct Manifest<'a> {
    /// Raised when a reader of the one before would go wrong.
    pub(super) version: u32,
    pub(super) written_by: String,
    /// The position of the log that every file shows.
    pub(super) position: u64,
    /// The condition that chose the runs; none where all were chosen.
    #[serde(rename = "where")]
    pub(super) condition: Option<&'a str>,
    pub(super) include_deleted: bool,
    /// As which files.
    pub(super) format: &'static str,
    pub(super) runs: u64,
    /// Keys of configs and summaries that have no column in `runs`, since there are too many; the columns
    /// `config` and `summary` have them.
    pub(super) keys_without_column: u64,
    pub(super) files: &'a [Entry],
}

/// A file.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) path: String,
    /// The table whose rows it has; none for a user file.
    pub(super) table: Option<&'static str>,
    pub(super) entity: Option<String>,
    pub(super) project: Option<String>,
    pub(super) rows: Option<u64>,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Entry {
    /// A file of rows.
    pub(super) fn of_table(
        path: String,
        table: &'static str,
        project: Option<&ProjectKey>,
        rows: u64,
        written: Written,
    ) -> Self {
        Self {
            path,
            table: Some(table),
            entity: project.map(|project| project.entity.to_string()),
            project: project.map(|project| project.project.to_string()),
            rows: Some(rows),
            bytes: written.bytes,
            sha256: written.sha256,
        }
    }

    /// A user file.
    pub(super) fn of_user(path: String, written: Written) -> Self {
        let Written { bytes, sha256 } = written;
        Self { path, table: None, entity: None, project: None, rows: None, bytes, sha256 }
    }
}

/// How to open the files.
pub(super) fn readme(form: Form) -> String {
    let (ending, duckdb, pandas, polars) = match form {
        Form::Parquet => ("parquet", "read_parquet", "pd.read_parquet", "pl.scan_parquet"),
        Form::Jsonl => ("jsonl", "read_json", "pd.read_json", "pl.scan_ndjson"),
        Form::Csv => ("csv", "read_csv", "pd.read_csv", "pl.scan_csv"),
    };
    let lines = if form == Form::Jsonl { ", lines=True" } else { "" };
    format!(
        "\
# Runs, exported by wbq

`manifest.json` says at which position of the log all files show the store, and of each file its rows, bytes and
SHA-256. A folder `history/ENTITY/` has a file for each project; characters that not every system takes in a name are
written as `%XX`.

| file | a row is |
| --- | --- |
| `runs.{ending}` | a run: its columns, `config` and `summary` as JSON, and a column for each of their keys |
| `history/` | a step of a run, a column a key, the value written last; of a project with very many keys `….keys-2.{ending}` and so on have the others |
| `points/` | a value that was written, overwritten ones included, exact: `int_value`, `value`, `text_value`, `json_value` |
| `system/` | a sample of system metrics |
| `console/` | a line of the console |
| `files/` | a user file; `user_files/ab/abcd…` is its content, by its `digest`, where it was exported |
| `events.{ending}` | an event |

Every table has `entity`, `project`, `run_id` and `generation`. A key with values of several sorts is text in
`history`; integers and floats under one key are floats there.

    duckdb -c \"SELECT name, state FROM {duckdb}('runs.{ending}')\"
    duckdb -c \"SELECT * FROM {duckdb}('history/*/*.{ending}', union_by_name = true)\"

    import pandas as pd; runs = {pandas}(\"runs.{ending}\"{lines})
    import polars as pl; runs = {polars}(\"runs.{ending}\").collect()
"
    )
}
