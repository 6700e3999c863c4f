//! DuckDB as a peer: a Python that has its package runs `peers/duckdb_peer.py`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

const SCRIPT: &str = include_str!("../peers/duckdb_peer.py");

/// A Python that has DuckDB's package: `python3 -m venv V && V/bin/pip install duckdb`.
#[derive(Debug, Clone)]
pub struct DuckDb {
    /// Its interpreter.
    pub python: PathBuf,
}

impl DuckDb {
    /// Runs the script in a process of its own; gives what it printed.
    ///
    /// # Errors
    ///
    /// There is no such Python, or DuckDB failed; it has said why.
    pub fn run(&self, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(&self.python)
            .args(["-c", SCRIPT])
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {}", self.python.display()))?;
        if !output.status.success() {
            bail!("DuckDB ended with {}", output.status);
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// A number that the script printed.
///
/// # Errors
///
/// It is not there.
pub fn number(told: &Value, name: &str) -> Result<f64> {
    told.get(name).and_then(Value::as_f64).with_context(|| format!("DuckDB told no {name}: {told}"))
}

/// Columns and their types as the script reads them.
#[must_use]
pub fn columns(columns: &[(String, &'static str)]) -> String {
    Value::from_iter(columns.iter().map(|(name, kind)| Value::from_iter([name.as_str(), kind]))).to_string()
}
