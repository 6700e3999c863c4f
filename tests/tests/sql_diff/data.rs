//! Drawn runs: what is logged, and what stands in the end.

use std::collections::BTreeMap;
use std::fmt;

/// A value that is logged.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Int(i64),
    Float(f64),
    Text(&'static str),
    Bool(bool),
}

impl Cell {
    pub(super) fn json(&self) -> String {
        match self {
            Self::Int(number) => number.to_string(),
            Self::Float(number) => format!("{number:?}"),
            Self::Text(text) => serde_json::to_string(text).unwrap(),
            Self::Bool(flag) => flag.to_string(),
        }
    }
}

pub(super) type Cells = Vec<(&'static str, Cell)>;

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) step: i64,
    pub(super) cells: Cells,
}

#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) config: Cells,
    pub(super) summary: Cells,
    /// As they are logged: a step may come again, and then the last write of each key holds.
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, Clone)]
pub(super) struct Data {
    pub(super) runs: Vec<Run>,
}

impl Run {
    /// Its history as it stands in the end.
    pub(super) fn history(&self) -> BTreeMap<i64, BTreeMap<&'static str, Cell>> {
        let mut steps: BTreeMap<i64, BTreeMap<&'static str, Cell>> = BTreeMap::new();
        for row in &self.rows {
            steps.entry(row.step).or_default().extend(row.cells.iter().cloned());
        }
        steps
    }
}

pub(super) fn json(cells: &Cells) -> String {
    let members: Vec<String> = cells.iter().map(|(key, cell)| format!("{key:?}:{}", cell.json())).collect();
    format!("{{{}}}", members.join(","))
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for run in &self.runs {
            writeln!(f, "run {} config {} summary {}", run.id, json(&run.config), json(&run.summary))?;
            for row in &run.rows {
                writeln!(f, "    step {} {}", row.step, json(&row.cells))?;
            }
        }
        Ok(())
    }
}
