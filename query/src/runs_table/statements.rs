//! The statements of a request.
//!
//! ```text
//!  page      SELECT run_id, …, config.lr FROM runs WHERE … ORDER BY … LIMIT … OFFSET …
//!  total     SELECT count(*) FROM runs WHERE …
//!  groups    SELECT k0, count(*), avg(v0), … FROM (SELECT config.optimizer AS k0, … AS v0 FROM runs WHERE …) GROUP BY k0
//!  bins      SELECT k0, bin, count(*) FROM (the same) GROUP BY k0, bin
//! ```
//!
//! Within groups `k0` is the first key that is grouped by, `v0` the first column as a finite number and
//! `t0` as a text.

use super::distribution::Range;
use super::{Project, Request};
use crate::filter::quote;
use crate::filter::{self, Key, Predicate, SortKey};
use crate::tables::Type;

/// Columns that are always shown.
const COLUMNS: [&str; 5] = ["run_id", "name", "state", "created_at", "runtime"];
/// What no two runs have in common.
const IDENTITY: &str = "run_id, entity, project, generation";
const FINITE: &str = "BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308";

/// What a group tells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Count, mean, lowest, highest and distribution of numbers.
    Number,
    /// The value if there is one, else how many there are.
    Text,
    /// The first and the last.
    Time,
    /// Whichever of number and text its values turn out to be.
    Either,
}

impl Told {
    pub(super) fn of(key: &Key) -> Self {
        match key.kind() {
            None => Self::Either,
            Some(Type::Int | Type::Float) => Self::Number,
            Some(Type::Time) => Self::Time,
            Some(Type::Text | Type::Texts | Type::Bool | Type::Json) => Self::Text,
        }
    }
}

impl Request {
    pub(super) fn page(&self) -> String {
        let mut columns: Vec<String> = COLUMNS.iter().map(|column| (*column).to_owned()).collect();
        for key in &self.columns {
            let sql = key.sql();
            if !columns.contains(&sql) {
                columns.push(sql);
            }
        }
        format!(
            "SELECT {} FROM runs{} ORDER BY {}, {IDENTITY} LIMIT {} OFFSET {}",
            columns.join(", "),
            self.condition(),
            self.run_order().join(", "),
            self.limit,
            self.offset
        )
    }

    /// Which runs these are, each with its values of what is grouped by as texts.
    pub(super) fn chosen(&self) -> String {
        let mut columns: Vec<String> = ["entity", "project", "run_id"].map(str::to_owned).into();
        columns.extend(self.group.iter().map(|key| format!("CAST({} AS VARCHAR)", value(key))));
        format!(
            "SELECT {} FROM runs{} ORDER BY {}, {IDENTITY} LIMIT {} OFFSET {}",
            columns.join(", "),
            self.condition(),
            self.run_order().join(", "),
            self.limit,
            self.offset
        )
    }

    fn run_order(&self) -> Vec<String> {
        if self.sort.is_empty() {
            return vec![ordered("created_at", true)];
        }
        self.sort.iter().map(|sort| ordered(&value(&sort.key), sort.descending)).collect()
    }

    pub(super) fn total(&self) -> String {
        format!("SELECT count(*) AS total FROM runs{}", self.condition())
    }

    /// The columns that groups tell of: those asked for and those sorted by, but for the groups' own.
    pub(super) fn shown_in_groups(&self) -> Vec<Key> {
        let mut shown: Vec<Key> = Vec::new();
        let sorted = self.sort.iter().map(|sort| &sort.key);
        for key in self.columns.iter().chain(sorted) {
            if !shown.contains(key) && !self.group.contains(key) {
                shown.push(key.clone());
            }
        }
        shown
    }

    pub(super) fn groups(&self) -> String {
        let shown = self.shown_in_groups();
        let mut columns = self.group_keys();
        columns.push("count(*) AS runs".to_owned());
        for (index, key) in shown.iter().enumerate() {
            let told = Told::of(key);
            if matches!(told, Told::Number | Told::Either) {
                columns.push(format!(
                    "count(v{index}) AS count{index}, avg(v{index}) AS mean{index}, \
                     min(v{index}) AS low{index}, max(v{index}) AS high{index}"
                ));
            }
            if matches!(told, Told::Text | Told::Either) {
                columns.push(format!(
                    "count(DISTINCT t{index}) AS distinct{index}, min(t{index}) AS text{index}"
                ));
            }
            if told == Told::Time {
                columns.push(format!("min(t{index}) AS low{index}, max(t{index}) AS high{index}"));
            }
        }
        let keys = self.group_keys().join(", ");
        format!(
            "SELECT {} FROM ({}) GROUP BY {keys} ORDER BY {} LIMIT {} OFFSET {}",
            columns.join(", "),
            self.values(&shown),
            self.group_order(&shown).join(", "),
            self.limit,
            self.offset
        )
    }

    /// How many groups there are, and how many runs are in them.
    pub(super) fn group_totals(&self) -> String {
        format!(
            "SELECT count(*) AS groups, CAST(coalesce(sum(runs), 0) AS BIGINT) AS runs FROM \
             (SELECT count(*) AS runs FROM ({}) GROUP BY {})",
            self.values(&[]),
            self.group_keys().join(", ")
        )
    }

    /// How many runs of each group have a value of a column in each bin.
    pub(super) fn bins(&self, column: usize, range: Range) -> String {
        let shown = self.shown_in_groups();
        let keys = self.group_keys().join(", ");
        let last = range.bins() - 1;
        let bin = match last {
            0 => "0".to_owned(),
            _ => {
                let (width, low) = (range.width(), range.low / range.width());
                format!(
                    "CAST(least(greatest(floor(v{column} / {width:?} - ({low:?})), 0), {last}) AS BIGINT)"
                )
            }
        };
        format!(
            "SELECT {keys}, bin, count(*) AS runs FROM (SELECT {keys}, {bin} AS bin FROM ({}) \
             WHERE v{column} IS NOT NULL) GROUP BY {keys}, bin",
            self.values(&shown)
        )
    }

    fn group_keys(&self) -> Vec<String> {
        (0..self.group.len()).map(|index| format!("k{index}")).collect()
    }

    /// A row a run: what is grouped by, and what is told of.
    fn values(&self, shown: &[Key]) -> String {
        let mut columns: Vec<String> =
            self.group.iter().enumerate().map(|(index, key)| format!("{} AS k{index}", value(key))).collect();
        for (index, key) in shown.iter().enumerate() {
            let sql = key.sql();
            match Told::of(key) {
                Told::Number => columns.push(format!("{sql} AS v{index}")),
                Told::Either => {
                    let number = format!("as_number({sql})");
                    columns.push(format!("CASE WHEN {number} {FINITE} THEN {number} END AS v{index}"));
                    columns.push(format!("CAST({sql} AS VARCHAR) AS t{index}"));
                }
                Told::Text | Told::Time => columns.push(format!("{} AS t{index}", value(key))),
            }
        }
        format!("SELECT {} FROM runs{}", columns.join(", "), self.condition())
    }

    fn group_order(&self, shown: &[Key]) -> Vec<String> {
        let by = |SortKey { key, descending }: &SortKey| {
            let group = self.group.iter().position(|group| group == key).map(|index| format!("k{index}"));
            let column = || {
                let index = shown.iter().position(|shown| shown == key)?;
                Some(match Told::of(key) {
                    Told::Number | Told::Either => format!("mean{index}"),
                    Told::Text => format!("text{index}"),
                    Told::Time if *descending => format!("high{index}"),
                    Told::Time => format!("low{index}"),
                })
            };
            group.or_else(column).map(|sql| ordered(&sql, *descending))
        };
        let mut order: Vec<String> = self.sort.iter().filter_map(by).collect();
        if order.is_empty() {
            order.push(ordered("runs", true));
        }
        order.extend(self.group_keys().iter().map(|key| ordered(key, false)));
        order
    }

    /// ` WHERE …`, or nothing.
    fn condition(&self) -> String {
        let mut parts = Vec::new();
        if let Some(Project { entity, name }) = &self.project {
            parts.extend(entity.as_ref().map(|entity| format!("entity = {}", quote(entity))));
            parts.push(format!("project = {}", quote(name)));
        }
        if self.filter != Predicate::And(Vec::new()) {
            parts.push(format!("({})", filter::condition(&self.filter, self.now)));
        }
        if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) }
    }
}

/// The key as something that has an order and equals.
fn value(key: &Key) -> String {
    match key.kind() {
        Some(Type::Texts) => format!("array_to_string({}, ', ')", key.sql()),
        _ => key.sql(),
    }
}

fn ordered(sql: &str, descending: bool) -> String {
    format!("{sql} {} NULLS LAST", if descending { "DESC" } else { "ASC" })
}
