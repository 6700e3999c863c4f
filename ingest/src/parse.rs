//! The parsers of what clients send, for fuzzing and for tools: bytes in, value or error out.

use engine::Block;

use crate::import::{NotALog, read_records};
use crate::wandb::{filestream, names};

/// What the history of a `file_stream` body holds.
#[derive(Debug)]
pub struct History {
    /// The number of its first line.
    pub first_line: u64,
    /// A row for each line; an unreadable one leaves an empty row.
    pub rows: Block,
    /// The place, the text and the reason of each line that could not be read.
    pub bad: Vec<(u32, String, String)>,
}

/// Reads a body as the server does; gives its history, if it has any.
///
/// # Errors
///
/// What the client would be told.
pub fn stream_history(body: &[u8]) -> Result<Option<History>, String> {
    let parsed = filestream::parse_body(body, false).map_err(|refusal| refusal.to_string())?;
    let Some(chunk) = parsed.history else { return Ok(None) };
    let rows = Block::parse(chunk.rows.block).map_err(|error| error.to_string())?;
    let bad = chunk.rows.bad.into_iter().map(|bad| (bad.index, bad.raw.into(), bad.reason.into())).collect();
    Ok(Some(History { first_line: chunk.first_line, rows, bad }))
}

/// The name that a user's file is kept under; none where it is refused.
#[must_use]
pub fn file_name(name: &str) -> Option<&str> {
    names::file_name(name).ok()
}

/// The records of a log of the wandb client.
///
/// # Errors
///
/// [`NotALog`].
pub fn log_records(log: &[u8]) -> Result<Vec<Vec<u8>>, NotALog> {
    read_records(log)
}
