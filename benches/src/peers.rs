//! The same runs for databases that have a table: a column a key.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use engine::Value;

use crate::population::Population;

/// Makes a database of SQLite of all runs.
///
/// # Errors
///
/// It cannot be written.
pub fn fill_sqlite(population: Population, path: &Path) -> Result<()> {
    let connection = rusqlite::Connection::open(path)?;
    let columns = Population::columns();
    let fields: Vec<String> = columns.iter().map(|(name, kind)| format!("\"{name}\" {kind}")).collect();
    connection.execute_batch(&format!(
        "PRAGMA synchronous=OFF; BEGIN; CREATE TABLE runs ({})",
        fields.join(", ")
    ))?;
    let places = vec!["?"; columns.len()].join(", ");
    let mut insert = connection.prepare(&format!("INSERT INTO runs VALUES ({places})"))?;
    for run in 0..population.runs {
        let cells = population.cells(run).into_iter().map(|cell| match cell {
            Value::Int(number) => number.into(),
            Value::Bool(truth) => truth.into(),
            Value::Float(number) => number.into(),
            cell => rusqlite::types::Value::from(cell.as_str().unwrap_or_default().to_owned()),
        });
        insert.execute(rusqlite::params_from_iter(cells))?;
    }
    drop(insert);
    Ok(connection.execute_batch("COMMIT")?)
}

/// Makes a database of SQLite of all runs, whose configs and summaries are JSON.
///
/// # Errors
///
/// It cannot be written.
pub fn fill_sqlite_documents(population: Population, path: &Path) -> Result<()> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA synchronous=OFF; BEGIN; CREATE TABLE runs (project, run_id, name, state, tags, config, summary)",
    )?;
    let mut insert = connection.prepare("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)")?;
    for run in 0..population.runs {
        insert.execute(population.documents(run))?;
    }
    drop(insert);
    Ok(connection.execute_batch("COMMIT")?)
}

/// Asks SQLite so many times after one that does not count; gives the milliseconds of each, and the rows.
///
/// # Errors
///
/// As SQLite says.
pub fn time_sqlite(path: &Path, sql: &str, rounds: usize) -> Result<(Vec<f64>, usize)> {
    let connection = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare(sql)?;
    let (mut millis, mut count) = (Vec::new(), 0);
    for round in 0..=rounds {
        let began = Instant::now();
        let mut rows = statement.query([])?;
        count = 0;
        while rows.next()?.is_some() {
            count += 1;
        }
        if round > 0 {
            millis.push(began.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok((millis, count))
}

/// Writes all runs as CSV.
///
/// # Errors
///
/// It cannot be written.
pub fn write_csv(population: Population, path: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let names: Vec<String> = Population::columns().into_iter().map(|(name, _)| name).collect();
    writeln!(out, "{}", names.join(","))?;
    for run in 0..population.runs {
        let cells = population.cells(run).into_iter().map(|cell| match cell {
            Value::Int(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Float(number) => number.to_string(),
            cell => cell.as_str().unwrap_or_default().to_owned(),
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join(","))?;
    }
    Ok(out.flush()?)
}
