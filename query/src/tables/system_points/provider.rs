//! Rows of `system_points`, and what a metric's name says.

use std::sync::Arc;

use engine::Space;

use super::TABLE;
use crate::scan::prune::{ByRun, Prunes};
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;
use crate::tables::points::{Written, written};

/// The table.
#[derive(Debug)]
pub(crate) struct SystemPoints;

impl RowTable for SystemPoints {
    type Row = Written;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn prunes(&self) -> Prunes {
        Prunes { runs: ByRun::Exactly, key: true, ..Prunes::default() }
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn rests_in(&self) -> Option<&'static str> {
        Some("system")
    }

    fn estimate(&self, context: &Context) -> usize {
        context.run_count().saturating_mul(1_000)
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Written> {
        written(context, Space::System, &request.filters)
    }

    fn cell<'a>(&self, column: &str, row: &'a Written) -> Cell<'a> {
        let name = Name::of(&row.key);
        match column {
            "entity" => Cell::text(&*row.run.key.project.entity),
            "project" => Cell::text(&*row.run.key.project.project),
            "run_id" => Cell::text(&*row.run.key.run),
            "generation" => Cell::Int(row.run.key.generation.into()),
            "writer" => Cell::unless_empty(&row.writer),
            "timestamp" => Cell::time(row.time),
            "runtime" => row.runtime.map_or(Cell::Null, Cell::Float),
            "key" => Cell::text(&*row.key),
            "device" => Cell::text(name.device),
            "index" => Cell::text(name.index),
            "metric" => Cell::text(name.metric),
            "value" => row.value.as_f64().map_or(Cell::Null, Cell::Float),
            "lsn" => Cell::count(row.lsn),
            _ => Cell::Null,
        }
    }
}

/// A metric's name, taken apart: `system.gpu.0.temp` is device gpu, index 0, metric temp. Names are
/// data, so what does not look so is a device with a metric (`disk.in`), or a device alone.
struct Name<'a> {
    device: &'a str,
    index: Option<&'a str>,
    metric: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn of(key: &'a str) -> Self {
        let name = key.strip_prefix("system.").unwrap_or(key);
        let Some((device, rest)) = name.split_once('.') else {
            return Self { device: name, index: None, metric: None };
        };
        let is_index = |text: &str| {
            text.starts_with('/') || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        };
        match rest.rsplit_once('.').or(Some((rest, ""))) {
            Some((index, metric)) if is_index(index) => {
                Self { device, index: Some(index), metric: (!metric.is_empty()).then_some(metric) }
            }
            _ => match rest.split_once('.') {
                Some((index, metric)) if is_index(index) => {
                    Self { device, index: Some(index), metric: Some(metric) }
                }
                _ => Self { device, index: None, metric: Some(rest) },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metrics_name_is_taken_apart() {
        let cases = [
            ("system.gpu.0.temp", ("gpu", Some("0"), Some("temp"))),
            ("system.cpu", ("cpu", None, None)),
            ("system.cpu.3.cpu_percent", ("cpu", Some("3"), Some("cpu_percent"))),
            ("system.disk./data.v1.usagePercent", ("disk", Some("/data.v1"), Some("usagePercent"))),
            ("system.network.sent", ("network", None, Some("sent"))),
            ("proc.memory.rssMB", ("proc", None, Some("memory.rssMB"))),
            ("gpu.0.fan.speed", ("gpu", Some("0"), Some("fan.speed"))),
        ];
        for (key, expected) in cases {
            let name = Name::of(key);
            assert_eq!((name.device, name.index, name.metric), expected, "{key}");
        }
    }
}
