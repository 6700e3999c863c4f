//! Files of rows: history, system metrics and console lines as Parquet, a row per line that was
//! written, a column per key and kind.
//!
//! ```text
//!  entity │ project │ run_id │ generation │ writer │ lsn │ line │ _step │ loss │ loss (integer) │ …
//! ```
//!
//! What holds:
//! - Every cell that was logged is there once, with the position that wrote it, also where a later
//!   one was written for the same step: what a reader merges, and what the past needs.
//! - Rows rise by run (its ordinal), writer, step or line, position. Row groups and the entries of
//!   the index never share a row, so an entry is read from one row group.
//! - A key with cells of several kinds has a column for each: integers stay integers, and nothing is
//!   rounded. How a column is stored ([`survey::Stored`]) never changes a bit of a value.
//! - A file has at most [`COLUMNS_MAX`] columns of keys. The keys with the fewest cells beyond them
//!   stand in a file of the *long* layout: a row a cell, whose index names the key.

mod columns;
mod load;
mod order;
mod piece;
mod read;
mod survey;
mod write;

pub use columns::RowColumns;
pub(crate) use load::Loader;
pub(crate) use order::Order;
pub use piece::Piece;
pub(crate) use piece::{Part, PartRows, Wanted, console_block, console_lines};
pub(crate) use read::{Meter, RowFile};
pub(crate) use survey::Survey;
pub(crate) use write::{Written, write};

/// Columns of keys in one file; footers stay small.
pub(crate) const COLUMNS_MAX: usize = 1000;
/// The column of the cells in the long layout.
const LONG_CELL: &str = "value";
/// What every row says of itself, in the long layout too.
pub(crate) const OWN_KEYS: [&str; 3] = ["_step", "_timestamp", "_runtime"];
/// Columns before those of keys.
const FIXED: [&str; 7] = ["entity", "project", "run_id", "generation", "writer", "lsn", "line"];

#[cfg(test)]
mod tests;
