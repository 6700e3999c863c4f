//! Each bound of a statement, named (RELIABILITY 3, L6 and L7).

use std::path::PathBuf;
use std::time::Duration;

/// Bytes of one text with its statements.
pub const SQL_BYTES_MAX: usize = 256 << 10;
/// Brackets (and `CASE`s) within each other.
pub const SQL_NESTING_MAX: usize = 64;
/// Operators in one chain, such as `a + b + c`.
pub const SQL_OPERATORS_MAX: usize = 500;
/// Words and signs of one text.
pub const SQL_TOKENS_MAX: usize = 20_000;
/// `WITH` tables, joins and set operations of one text.
pub const SQL_RELATIONS_MAX: usize = 100;
/// Bytes of a filter.
pub const FILTER_BYTES_MAX: usize = 64 << 10;
/// Levels of a filter within each other; each becomes two pairs of brackets in SQL at most.
pub const FILTER_NESTING_MAX: usize = 20;
/// Conditions of a filter; each is three operators of SQL at most, where they make one chain.
pub const FILTER_TERMS_MAX: usize = 150;
/// Values in all lists of a filter.
pub const FILTER_VALUES_MAX: usize = 5_000;
/// Keys that runs are sorted by, and those that they are grouped by: the time to plan grows with their square.
pub const ORDER_KEYS_MAX: usize = 64;
/// Runs, or groups of them, on one page.
pub const RUNS_PAGE_MAX: u64 = 1_000_000;
/// How deep the parser may call itself: enough for [`SQL_NESTING_MAX`] brackets.
pub(crate) const PARSER_DEPTH_MAX: usize = 150;
/// Keys that `*` stands for in `history` and `system`.
pub const STAR_KEYS_MAX: usize = 1_000;
/// Keys of a run whose whole history is one statement.
pub const WHOLE_HISTORY_KEYS_MAX: usize = 1_000;
/// The stack of each thread that plans and runs statements.
pub(crate) const STACK_BYTES: usize = 16 << 20;
/// Runs of one chart.
pub const CHART_RUNS_MAX: usize = 1_000;
/// Keys and expressions of one chart, each of which is a line of each run.
pub const CHART_KEYS_MAX: usize = 100;
/// Keys that a chart reads, with those that its expressions name.
pub const CHART_COLUMNS_MAX: usize = 200;
/// Bytes of an expression that a chart draws.
pub const EXPRESSION_BYTES_MAX: usize = 4 << 10;
/// Brackets, signs and powers of an expression within each other.
pub const EXPRESSION_NESTING_MAX: usize = 64;
/// Numbers and keys of an expression.
pub const EXPRESSION_TERMS_MAX: usize = 200;
/// Buckets that the range of a chart is cut into.
pub const CHART_BUCKETS_MAX: usize = 10_000;
/// Points that a chart keeps while it finds the range of its x; more are read twice.
pub(crate) const CHART_POINTS_HELD: usize = 4 << 20;
/// Partitions of a statement, each a thread that reads; the cores that there are, or fewer.
pub(crate) fn partitions() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(PARTITIONS_MAX)
}

const PARTITIONS_MAX: usize = 8;

/// Rows that a scan gathers into one batch.
pub(crate) const BATCH_ROWS: usize = 8_192;
/// Rows that are read at once where they need no merging: fewer, larger reads.
pub(crate) const SHEET_ROWS: usize = 32_768;
/// Cells of a batch of a table with a column a key: one with very many columns has fewer rows.
pub(crate) const BATCH_CELLS: usize = 1 << 20;
/// Batches that wait for whoever reads an answer.
pub(crate) const BATCHES_AHEAD: usize = 4;
/// Subqueries within each other, where they stand as values or conditions.
pub(crate) const SUBQUERIES_MAX: usize = 8;
/// Tables of a statement, where those of `WITH` count wherever they are named.
pub(crate) const TABLES_WRITTEN_OUT_MAX: usize = 1_000;
/// Ways of grouping that `CUBE`, `ROLLUP` and `GROUPING SETS` may stand for.
pub(crate) const GROUPING_SETS_MAX: usize = 1_024;
/// The length of a list or text that a type may fix.
pub(crate) const TYPE_LENGTH_MAX: usize = 1 << 16;
/// Warnings of one answer; they travel in a header.
pub(crate) const WARNINGS_MAX: usize = 20;
/// Bytes of a value that is the same in all rows, worked out while a statement is planned.
pub(crate) const CONSTANT_BYTES_MAX: usize = 1 << 20;
/// Bytes that one call of a function may make of a batch, as far as its arguments tell beforehand.
pub(crate) const CALL_BYTES_MAX: usize = 64 << 20;
/// Bytes of a pattern that texts are matched with.
pub(crate) const PATTERN_BYTES_MAX: usize = 1 << 10;
/// Rows that a bound of a window's frame may be away, where it is a number.
pub(crate) const FRAME_REACH_MAX: u64 = 1 << 32;
/// Rows of a frame of a window function that works out each row of the whole frame.
pub(crate) const FRAME_ROWS_MAX: u64 = 1_000;
/// Patterns that differ, where a column gives them.
pub(crate) const PATTERNS_MAX: usize = 64;
/// Bytes of a pattern of `glob`.
pub const GLOB_BYTES_MAX: usize = 1 << 10;

/// What all statements of a process share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that one statement may hold while it sorts, groups and joins.
    pub statement_bytes: usize,
    /// Bytes that all running statements may hold together.
    pub all_bytes: usize,
    /// Statements that run at the same time.
    pub running: usize,
    /// Statements that wait for their turn; the next is refused as busy.
    pub waiting: usize,
    /// How long a statement may take, unless its options say otherwise.
    pub timeout: Duration,
    /// Bytes of columns of `runs` that are kept ready.
    pub cache_bytes: usize,
    /// Where a statement that needs more memory may write; none: it fails instead.
    pub spill_dir: Option<PathBuf>,
    /// Bytes that may be written there.
    pub spill_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            statement_bytes: 256 << 20,
            all_bytes: 1 << 30,
            running: 4,
            waiting: 32,
            timeout: Duration::from_secs(30),
            cache_bytes: 128 << 20,
            spill_dir: None,
            spill_bytes: 4 << 30,
        }
    }
}
