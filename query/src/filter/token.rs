//! A filter's text as words, quoted texts and signs, each with its place.
//!
//! A word is whatever stands between spaces, quotes, brackets, commas and comparison signs, so that
//! `config.lr`, `val/acc`, `-1e-3` and `2026-11-23T10:00:00Z` are words.

use crate::error::Error;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes from the beginning of the text.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Word(String),
    Quoted(String),
    Sign(&'static str),
    End,
}

/// Longer ones first: `<=` is not `<` and `=`.
const SIGNS: [&str; 12] = ["==", "!=", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", ","];

/// Takes a text apart; the last token is [`Kind::End`].
///
/// # Errors
///
/// `Invalid` at a quote that is not closed and at a sign that means nothing.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            start += blank;
            continue;
        }
        let (kind, len) = first(rest).map_err(|error| at(error, text, start))?;
        tokens.push(Token { kind, start, end: start + len });
        start += len;
    }
    tokens.push(Token { kind: Kind::End, start: text.len(), end: text.len() });
    Ok(tokens)
}

fn first(rest: &str) -> Result<(Kind, usize), Error> {
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Kind::Sign(sign), sign.len()));
    }
    if let Some(quote) = rest.chars().next().filter(|c| is_quote(*c)) {
        let (text, len) = quoted_text(rest, quote)?;
        return Ok((Kind::Quoted(text), len));
    }
    let ends = |c: char| c.is_whitespace() || is_quote(c) || "()[],=<>!".contains(c);
    match rest.find(ends).unwrap_or(rest.len()) {
        0 => Err(Error::invalid("! means nothing here").with_hint("write not, or != for unequal")),
        len => Ok((Kind::Word(rest.get(..len).unwrap_or_default().to_owned()), len)),
    }
}

fn is_quote(c: char) -> bool {
    c == '\'' || c == '"'
}

/// A text up to its second quote, and how many bytes it takes; two quotes beside each other within it are one.
pub(crate) fn quoted_text(rest: &str, quote: char) -> Result<(String, usize), Error> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            text.push(quote);
        } else {
            return Ok((text, at + 1));
        }
    }
    Err(Error::invalid("this quote is not closed"))
}

/// Places an error in the text.
pub(crate) fn at(error: Error, text: &str, byte: usize) -> Error {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    error.at(line as u64, column as u64)
}
