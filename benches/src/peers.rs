//! The same runs for databases that have a table: a column a key.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

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
