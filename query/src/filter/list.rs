//! Lists of keys: what to sort by, to group by, to show.

use super::expr::Parser;
use super::key::Key;
use super::token::Kind;
use crate::error::Error;

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The key.
    pub key: Key,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// Reads `a, config.lr, summary."val/acc"`.
///
/// # Errors
///
/// `Invalid` with the place.
pub fn keys(text: &str) -> Result<Vec<Key>, Error> {
    list(text, |parser| parser.key())
}

/// Reads `-created_at, summary.loss`: a minus stands before what is sorted from the largest down, a plus
/// may stand before any other.
///
/// # Errors
///
/// `Invalid` with the place.
pub fn sort_keys(text: &str) -> Result<Vec<SortKey>, Error> {
    list(text, |parser| {
        let token = parser.peek().clone();
        let Kind::Word(word) = &token.kind else { return Err(parser.expected("a key")) };
        let Some(name) = word.strip_prefix(['+', '-']) else {
            return Ok(SortKey { key: parser.key()?, descending: false });
        };
        parser.skip();
        let key = parser.key_from(name, token.end).map_err(|error| parser.placed(error, token.start))?;
        Ok(SortKey { key, descending: word.starts_with('-') })
    })
}

fn list<T>(text: &str, mut item: impl FnMut(&mut Parser<'_>) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    let mut parser = Parser::new(text, 0)?;
    let mut items = Vec::new();
    while parser.peek().kind != Kind::End {
        items.push(item(&mut parser)?);
        if !parser.take_sign(",") && parser.peek().kind != Kind::End {
            return Err(parser.expected(", or the end"));
        }
    }
    Ok(items)
}
