//! Draws data and queries on it.
//!
//! What is drawn has one meaning in both: numbers whose sums are exact in any order (eighths), texts that
//! sort by their bytes, no division, no NaN and no minus zero (SQLite has neither), and an order with
//! `NULLS LAST` told to SQLite, where it is our default.

use engine::disk::sim::Chance;

use super::data::{Cell, Cells, Data, Row, Run};

/// What a column or an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    /// Integers up to the ends of their range: compared, never added.
    Big,
    Float,
    Text,
    Bool,
}

use Kind::{Big, Bool, Float, Int, Text};

impl Kind {
    pub(super) fn of_sqlite(self) -> &'static str {
        match self {
            Int | Big | Bool => "INTEGER",
            Float => "REAL",
            Text => "TEXT",
        }
    }
}

pub(super) const RUNS: &[(&str, Kind)] = &[
    ("run_id", Text),
    ("config.lr", Float),
    ("config.layers", Int),
    ("config.opt", Text),
    ("config.seed", Big),
    ("summary.loss", Float),
    ("summary.ok", Bool),
];
pub(super) const HISTORY: &[(&str, Kind)] = &[
    ("run_id", Text),
    ("_step", Int),
    ("loss", Float),
    ("hits", Int),
    ("label", Text),
    ("flag", Bool),
    ("big", Big),
];
const TEXTS: &[&str] = &["", "a", "ab", "abc", "b", "B", "adam", "sgd", "x_y", "10", "%", "日本", "it's"];
const PATTERNS: &[&str] = &["%", "a%", "%b", "_", "a_c", "%a%", "日%", "x\\_y", ""];

/// A query that both understand, and the names of its columns.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) columns: Vec<String>,
    /// Whether it says the order of its rows in full.
    pub(super) is_ordered: bool,
}

impl Query {
    pub(super) fn of(sql: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { sql: sql.to_owned(), columns, is_ordered: false }
    }

    /// As SQLite takes it: names without dots, and the order of NULLs that is our default.
    pub(super) fn for_sqlite(&self) -> String {
        let sql = self.sql.replace("config.", "config_").replace("summary.", "summary_");
        sql.replace("/*last*/", "NULLS LAST")
    }
}

/// Data and so many queries on it.
pub(super) fn of_seed(seed: u64, queries: usize) -> (Data, Vec<Query>) {
    let mut draw = Draw { chance: Chance::new(seed) };
    let data = draw.data();
    (data, (0..queries).map(|_| draw.query()).collect())
}

struct Draw {
    chance: Chance,
}

type Scope = Vec<(String, Kind)>;

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.chance.below(bound)
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.chance.one_in(count)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let at = usize::try_from(self.below(all.len() as u64)).unwrap();
        all[at]
    }

    // -- data ---------------------------------------------------------------------------------

    fn data(&mut self) -> Data {
        let count = 1 + self.below(8);
        Data { runs: (0..count).map(|number| self.run(number)).collect() }
    }

    /// The first run and its first row have every key, so that each key has its type.
    fn run(&mut self, number: u64) -> Run {
        let keys = |space: &str| -> Vec<(&'static str, Kind)> {
            RUNS.iter().filter_map(|(name, kind)| Some((name.strip_prefix(space)?, *kind))).collect()
        };
        let rows = if number == 0 { 1 + self.below(40) } else { self.below(40) };
        let mut step = 0;
        let mut log = Vec::new();
        for row in 0..rows {
            // Most steps are new, some come again or leave a gap.
            step += self.of(&[1_i64, 1, 1, 1, 0, 3]);
            let cells = self.cells(&HISTORY[2..], number == 0 && row == 0);
            // A row without a value is none.
            if !cells.is_empty() {
                log.push(Row { step, cells });
            }
        }
        Run {
            id: format!("r{number}"),
            config: self.cells(&keys("config."), number == 0),
            summary: self.cells(&keys("summary."), number == 0),
            rows: log,
        }
    }

    fn cells(&mut self, keys: &[(&'static str, Kind)], has_all: bool) -> Cells {
        let mut cells = Vec::new();
        for (key, kind) in keys {
            if has_all || !self.one_in(3) {
                let cell = match kind {
                    // Not a whole number, so that the key is one of floats.
                    Float if has_all => Cell::Float(0.125),
                    kind => self.cell(*kind),
                };
                cells.push((*key, cell));
            }
        }
        cells
    }

    fn cell(&mut self, kind: Kind) -> Cell {
        match kind {
            Int => Cell::Int(i64::try_from(self.below(41)).unwrap() - 20),
            Big => Cell::Int(self.of(&[i64::MIN, i64::MAX, i64::MAX - 1, (1 << 53) + 1, 1 << 53, -1, 0, 7])),
            Float => Cell::Float(f64::from(u32::try_from(self.below(65)).unwrap()) / 8.0 - 4.0),
            Text => Cell::Text(self.of(TEXTS)),
            Bool => Cell::Bool(self.one_in(2)),
        }
    }

    // -- expressions --------------------------------------------------------------------------

    fn literal(&mut self, kind: Kind) -> String {
        match self.cell(kind) {
            Cell::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Cell::Int(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
            Cell::Int(number) if number < 0 => format!("({number})"),
            Cell::Float(number) if number < 0.0 => format!("({number:?})"),
            Cell::Bool(flag) => flag.to_string(),
            cell => cell.json(),
        }
    }

    fn column(&mut self, scope: &Scope, kind: Kind) -> String {
        let fitting: Vec<&String> =
            scope.iter().filter(|(_, of)| *of == kind).map(|(name, _)| name).collect();
        if fitting.is_empty() { self.literal(kind) } else { self.of(&fitting).clone() }
    }

    fn expr(&mut self, scope: &Scope, kind: Kind, depth: u64) -> String {
        if depth == 0 || self.one_in(2) {
            return if self.one_in(6) { self.literal(kind) } else { self.column(scope, kind) };
        }
        let depth = depth - 1;
        let mut part = |kind| self.expr(scope, kind, depth);
        let (a, b) = (part(kind), part(kind));
        match self.below(4) {
            0 => format!("CASE WHEN {} THEN {a} ELSE {b} END", self.condition(scope, depth)),
            1 => format!("coalesce({a}, {b})"),
            2 if kind == Bool => format!("({})", self.condition(scope, depth)),
            _ => match kind {
                Int => match self.below(5) {
                    0 => format!("({a} % {})", 2 + self.below(6)),
                    1 => format!("({a} * {})", self.below(4)),
                    2 => format!("length({})", self.expr(scope, Text, depth)),
                    3 => format!("({a} - {b})"),
                    _ => format!("({a} + {b})"),
                },
                Float => match self.below(4) {
                    0 => format!("({a} + {})", self.expr(scope, Int, depth)),
                    1 => format!("({a} - {b})"),
                    2 => format!("CAST({} AS DOUBLE)", self.expr(scope, Int, depth)),
                    _ => format!("({a} + {b})"),
                },
                Text => match self.below(3) {
                    0 => format!("({a} || {b})"),
                    1 => format!("substr({a}, {}, {})", 1 + self.below(3), self.below(3)),
                    _ => format!("nullif({a}, {b})"),
                },
                Big => format!("nullif({a}, {b})"),
                Bool => format!("(NOT {a})"),
            },
        }
    }

    fn condition(&mut self, scope: &Scope, depth: u64) -> String {
        if depth > 0 && self.one_in(2) {
            let (a, b) = (self.condition(scope, depth - 1), self.condition(scope, depth - 1));
            return match self.below(3) {
                0 => format!("({a} AND {b})"),
                1 => format!("({a} OR {b})"),
                _ => format!("NOT ({a})"),
            };
        }
        let kind = self.of(&[Int, Big, Float, Text, Text, Bool]);
        let not = if self.one_in(3) { "NOT " } else { "" };
        let subject = self.expr(scope, kind, depth.min(1));
        match self.below(7) {
            0 => format!("{subject} IS {not}NULL"),
            1 => {
                let count = 1 + self.below(4);
                let values: Vec<String> = (0..count).map(|_| self.literal(kind)).collect();
                format!("{subject} {not}IN ({})", values.join(", "))
            }
            2 if kind != Bool => {
                format!("{subject} {not}BETWEEN {} AND {}", self.literal(kind), self.literal(kind))
            }
            3 if kind == Text => {
                let pattern = self.of(PATTERNS);
                let escape = if pattern.contains('\\') { " ESCAPE '\\'" } else { "" };
                format!("{subject} {not}LIKE '{pattern}'{escape}")
            }
            4 if kind == Bool => format!("{not}{subject}"),
            _ => {
                let operator = self.of(&["=", "<>", "<", "<=", ">", ">="]);
                let operator = if kind == Bool { self.of(&["=", "<>"]) } else { operator };
                let other = if self.one_in(3) { self.expr(scope, kind, 0) } else { self.literal(kind) };
                format!("{subject} {operator} {other}")
            }
        }
    }

    fn aggregate(&mut self, scope: &Scope) -> (String, Kind) {
        let filter = if self.one_in(5) {
            format!(" FILTER (WHERE {})", self.condition(scope, 1))
        } else {
            String::new()
        };
        let (call, kind) = match self.below(6) {
            0 => ("count(*)".to_owned(), Int),
            1 => {
                let kind = self.of(&[Int, Big, Float, Text, Bool]);
                let distinct = if self.one_in(2) { "DISTINCT " } else { "" };
                (format!("count({distinct}{})", self.expr(scope, kind, 1)), Int)
            }
            2 => {
                let kind = self.of(&[Int, Float]);
                (format!("sum({})", self.expr(scope, kind, 1)), kind)
            }
            3 => {
                let kind = self.of(&[Int, Float]);
                (format!("avg({})", self.expr(scope, kind, 1)), Float)
            }
            which => {
                let kind = self.of(&[Int, Big, Float, Text]);
                (format!("{}({})", if which == 4 { "min" } else { "max" }, self.expr(scope, kind, 1)), kind)
            }
        };
        (call + &filter, kind)
    }

    // -- queries ------------------------------------------------------------------------------

    /// What stands behind FROM, and the columns that can be named.
    fn from(&mut self) -> (String, Scope) {
        let named = |prefix: &str, columns: &[(&str, Kind)]| -> Scope {
            columns.iter().map(|(name, kind)| (format!("{prefix}{name}"), *kind)).collect()
        };
        match self.below(8) {
            0 | 1 => ("runs".to_owned(), named("", RUNS)),
            2..=4 => ("history".to_owned(), named("", HISTORY)),
            which => {
                let mut scope = named("r.", RUNS);
                scope.extend(named("h.", HISTORY));
                let left = if self.one_in(3) { "LEFT " } else { "" };
                let more = if self.one_in(3) {
                    format!(" AND {}", self.condition(&scope, 0))
                } else {
                    String::new()
                };
                if which == 7 {
                    let mut scope = named("a.", HISTORY);
                    scope.extend(named("b.", HISTORY));
                    return (
                        format!(
                            "history a {left}JOIN history b ON a.run_id = b.run_id AND a._step = b._step + 1"
                        ),
                        scope,
                    );
                }
                (format!("runs r {left}JOIN history h ON r.run_id = h.run_id{more}"), scope)
            }
        }
    }

    fn filter(&mut self, scope: &Scope) -> String {
        match self.below(5) {
            0 => String::new(),
            1 => {
                let ids: Vec<String> = scope
                    .iter()
                    .filter(|(name, _)| name.ends_with("run_id"))
                    .map(|(name, _)| name.clone())
                    .collect();
                let Some(id) = ids.first() else { return String::new() };
                let runs: Scope = RUNS.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
                let not = if self.one_in(3) { "NOT " } else { "" };
                format!(" WHERE {id} {not}IN (SELECT run_id FROM runs WHERE {})", self.condition(&runs, 1))
            }
            _ => format!(" WHERE {}", self.condition(scope, 2)),
        }
    }

    fn query(&mut self) -> Query {
        match self.below(13) {
            0 => self.set_operation(),
            1 => self.nested(),
            2 => self.windowed(),
            12 => self.split(),
            3..=6 => {
                let (sql, kinds) = self.grouped();
                self.ordered(sql, kinds.len())
            }
            _ => {
                let (sql, kinds) = self.selected(None);
                self.ordered(sql, kinds.len())
            }
        }
    }

    /// Projections, of the kinds that are asked for.
    fn selected(&mut self, kinds: Option<&[Kind]>) -> (String, Vec<Kind>) {
        let (from, scope) = self.from();
        let kinds = kinds.map_or_else(
            || (0..=self.below(4)).map(|_| self.of(&[Int, Big, Float, Text, Bool])).collect::<Vec<_>>(),
            <[Kind]>::to_vec,
        );
        let columns: Vec<String> = kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| format!("{} AS c{at}", self.expr(&scope, *kind, 2)))
            .collect();
        let distinct = if self.one_in(4) { "DISTINCT " } else { "" };
        (format!("SELECT {distinct}{} FROM {from}{}", columns.join(", "), self.filter(&scope)), kinds)
    }

    fn grouped(&mut self) -> (String, Vec<Kind>) {
        let (from, scope) = self.from();
        let mut kinds: Vec<Kind> =
            (0..self.below(3)).map(|_| self.of(&[Int, Float, Text, Bool, Big])).collect();
        let mut columns: Vec<String> = kinds
            .iter()
            .map(|kind| if self.one_in(3) { self.expr(&scope, *kind, 1) } else { self.column(&scope, *kind) })
            .collect();
        let places: Vec<String> = (1..=kinds.len()).map(|place| place.to_string()).collect();
        for _ in 0..=self.below(3) {
            let (call, kind) = self.aggregate(&scope);
            columns.push(call);
            kinds.push(kind);
        }
        let columns: Vec<String> =
            columns.iter().enumerate().map(|(at, column)| format!("{column} AS c{at}")).collect();
        let mut sql = format!("SELECT {} FROM {from}{}", columns.join(", "), self.filter(&scope));
        if !places.is_empty() {
            sql.push_str(&format!(" GROUP BY {}", places.join(", ")));
            if self.one_in(4) {
                sql.push_str(&format!(" HAVING count(*) > {}", self.below(4)));
            }
        }
        (sql, kinds)
    }

    fn set_operation(&mut self) -> Query {
        let (left, kinds) = self.selected(None);
        let (right, _) = self.selected(Some(&kinds));
        let operation = self.of(&["UNION ALL", "UNION", "INTERSECT", "EXCEPT"]);
        self.ordered(format!("{left} {operation} {right}"), kinds.len())
    }

    fn nested(&mut self) -> Query {
        let (inner, kinds) = if self.one_in(2) { self.grouped() } else { self.selected(None) };
        let scope: Scope = kinds.iter().enumerate().map(|(at, kind)| (format!("c{at}"), *kind)).collect();
        let (call, _) = self.aggregate(&scope);
        let with = self.one_in(2);
        let kind = self.of(&[Int, Float, Text]);
        let (key, filter) = (self.column(&scope, kind), self.filter(&scope));
        let sql = match with {
            true => format!("WITH t AS ({inner}) SELECT {key} AS k0, {call} AS k1 FROM t{filter} GROUP BY 1"),
            false => format!("SELECT {key} AS k0, {call} AS k1 FROM ({inner}) AS t{filter} GROUP BY 1"),
        };
        let mut query = self.ordered(sql, 2);
        query.columns = vec!["k0".to_owned(), "k1".to_owned()];
        query
    }

    /// Rows where a predicate holds, where it does not, and where that is unknown are all rows, each once; and
    /// where it holds is the same when it is hidden from what passes over files and row groups. Every cell is 0.
    fn split(&mut self) -> Query {
        let (from, scope) = self.from();
        let condition = self.condition(&scope, 2);
        let kind = self.of(&[Int, Float]);
        let sum = format!("coalesce(sum({}), 0)", self.column(&scope, kind));
        let of = |call: &str, filter: &str| format!("(SELECT {call} FROM {from}{filter})");
        let [holds, fails, unknown, hidden] = [
            format!(" WHERE {condition}"),
            format!(" WHERE NOT ({condition})"),
            format!(" WHERE ({condition}) IS NULL"),
            format!(" WHERE coalesce(({condition}), false)"),
        ];
        let rest = |call: &str| {
            let parts = [&holds, &fails, &unknown].map(|filter| of(call, filter));
            format!("{} - {}", of(call, ""), parts.join(" - "))
        };
        let same = format!("{} - {}", of("count(*)", &holds), of("count(*)", &hidden));
        let sql = format!("SELECT {} AS c0, {} AS c1, {same} AS c2", rest("count(*)"), rest(&sum));
        Query { sql, columns: ["c0", "c1", "c2"].map(str::to_owned).to_vec(), is_ordered: false }
    }

    fn windowed(&mut self) -> Query {
        let scope: Scope = HISTORY.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        let over = "OVER (PARTITION BY run_id ORDER BY _step";
        let calls = [
            format!("row_number() {over})"),
            format!("sum(hits) {over})"),
            format!(
                "sum(loss) {over} ROWS BETWEEN {} PRECEDING AND {} FOLLOWING)",
                self.below(3),
                self.below(3)
            ),
            format!("lag(loss, {}) {over})", 1 + self.below(3)),
            format!("max(loss) {over} ROWS 2 PRECEDING)"),
            "count(*) OVER (PARTITION BY label)".to_owned(),
            format!("first_value(label) {over})"),
        ];
        let at = usize::try_from(self.below(calls.len() as u64)).unwrap();
        let sql = format!(
            "SELECT run_id AS c0, _step AS c1, {} AS c2 FROM history{}",
            calls[at],
            self.filter(&scope)
        );
        self.ordered(sql, 3)
    }

    /// The query with an order of all its columns and perhaps a limit, or without any.
    fn ordered(&mut self, mut sql: String, width: usize) -> Query {
        let is_ordered = self.one_in(2);
        if is_ordered {
            let order: Vec<String> = (1..=width)
                .map(|place| {
                    let nulls = self.of(&["/*last*/", "/*last*/", "NULLS FIRST", "NULLS LAST"]);
                    format!("{place} {} {nulls}", self.of(&["ASC", "DESC"]))
                })
                .collect();
            sql.push_str(&format!(" ORDER BY {}", order.join(", ")));
            if self.one_in(2) {
                sql.push_str(&format!(" LIMIT {}", self.below(12)));
                if self.one_in(2) {
                    sql.push_str(&format!(" OFFSET {}", self.below(6)));
                }
            }
        }
        Query { sql, columns: (0..width).map(|at| format!("c{at}")).collect(), is_ordered }
    }
}
