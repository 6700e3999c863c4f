//! The short language for people.
//!
//! ```text
//! or          = and { "or" and }
//! and         = not { "and" not }
//! not         = "not" not | "(" or ")" | condition
//! condition   = key ( sign value | ["not"] "in" list | ["not"] "contains" value
//!                   | ["not"] "matches" value | "is" ["not"] "null" | "within" span )
//! list        = "[" value { "," value } "]" | "(" value { "," value } ")"
//! key         = word | root "." names          config.lr, summary."val/acc", config['a b'][0]
//! ```
//!
//! Words of the language are known in any case. What a bare word is as a value depends on the key: a
//! text beside a column of texts, a moment beside a time, else the number, truth value or null that it
//! reads as, else a text. What is quoted is a text, or a moment beside a time.

use engine::{Moment, Time};

use super::bounds::{self, Bounds};
use super::key::{Key, Root};
use super::literal::{self, Literal};
use super::token::{self, Kind, Token, tokens};
use super::{Comparison, Predicate};
use crate::error::Error;
use crate::moment;
use crate::tables::Type;

const WORDS: [&str; 9] = ["and", "or", "not", "in", "contains", "matches", "is", "null", "within"];
const OPERATORS: &str = "= != < <= > >= in, not in, contains, matches, is null, is not null, within";

/// Reads an expression; one of nothing holds for every run. `now` is the wall clock.
///
/// # Errors
///
/// `Invalid` with the place, what was expected and a hint; `TooLarge` beyond a limit.
pub fn parse(text: &str, now: Time) -> Result<Predicate, Error> {
    let mut parser = Parser::new(text, now)?;
    if parser.peek().kind == Kind::End {
        return Ok(Predicate::And(Vec::new()));
    }
    let predicate = parser.or(0)?;
    match parser.peek().kind {
        Kind::End => Ok(predicate),
        _ => Err(parser.expected("and, or, or the end")),
    }
}

/// Tokens and the place among them.
pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    bounds: Bounds,
    now: Time,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, now: Time) -> Result<Self, Error> {
        bounds::check_bytes(text)?;
        Ok(Self { text, tokens: tokens(text)?, next: 0, bounds: Bounds::new(), now })
    }

    fn or(&mut self, depth: usize) -> Result<Predicate, Error> {
        let mut parts = vec![self.and(depth)?];
        while self.take_word("or") {
            parts.push(self.and(depth)?);
        }
        Ok(Predicate::joined(parts, Predicate::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Predicate, Error> {
        let mut parts = vec![self.not(depth)?];
        while self.take_word("and") {
            parts.push(self.not(depth)?);
        }
        Ok(Predicate::joined(parts, Predicate::And))
    }

    fn not(&mut self, depth: usize) -> Result<Predicate, Error> {
        if self.take_word("not") {
            let depth = self.deeper(depth)?;
            return Ok(self.not(depth)?.negated());
        }
        if !self.take_sign("(") {
            return self.condition();
        }
        let depth = self.deeper(depth)?;
        let inner = self.or(depth)?;
        self.need_sign(")", "and, or, or )")?;
        Ok(inner)
    }

    fn condition(&mut self) -> Result<Predicate, Error> {
        let here = self.peek().start;
        self.bounds.term().map_err(|error| token::at(error, self.text, here))?;
        let key = self.key()?;
        if let Some(op) = self.comparison() {
            let value = self.value(&key)?;
            return Ok(Predicate::Compare { key, op, value });
        }
        if self.take_word("is") {
            let is_not = self.take_word("not");
            if !self.take_word("null") {
                return Err(self.expected(if is_not { "null" } else { "null or not null" }));
            }
            let null = Predicate::Null(key);
            return Ok(if is_not { null.negated() } else { null });
        }
        if self.take_word("within") {
            return self.within(key);
        }
        let is_not = self.take_word("not");
        let predicate = if self.take_word("in") {
            Predicate::In { values: self.list(&key)?, key }
        } else if self.take_word("contains") {
            Predicate::Contains { key, text: self.text_value("a text")? }
        } else if self.take_word("matches") {
            let here = self.peek().start;
            let regex = self.text_value("a regular expression")?;
            let regex = literal::regex(&regex).map_err(|error| token::at(error, self.text, here))?;
            Predicate::Matches { key, regex }
        } else if is_not {
            return Err(self.expected("in, contains or matches"));
        } else {
            return Err(self.expected("a comparison").with_hint(format!("there are {OPERATORS}")));
        };
        Ok(if is_not { predicate.negated() } else { predicate })
    }

    fn within(&mut self, key: Key) -> Result<Predicate, Error> {
        if key.kind() != Some(Type::Time) {
            let error = Error::invalid(format!("{} is no time", key.label()));
            return Err(self.wrong_before(error.with_hint("created_at, started_at and heartbeat_at are")));
        }
        let here = self.peek().start;
        let mut text = self.text_value("a time such as 7 days")?;
        if text.chars().all(|c| c.is_ascii_digit()) {
            text = format!("{text} {}", self.text_value("seconds, minutes, hours, days or weeks")?);
        }
        let span = moment::span(text.trim()).ok_or_else(|| {
            let error = Error::invalid(format!("{text:?} is no span of time"));
            token::at(error.with_hint("write it as 90 minutes, 12h or 7 days"), self.text, here)
        })?;
        Ok(Predicate::Within { key, span })
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let op = match self.peek().kind {
            Kind::Sign("=" | "==") => Comparison::Equal,
            Kind::Sign("!=") => Comparison::NotEqual,
            Kind::Sign("<") => Comparison::Less,
            Kind::Sign("<=") => Comparison::LessEqual,
            Kind::Sign(">") => Comparison::Greater,
            Kind::Sign(">=") => Comparison::GreaterEqual,
            _ => return None,
        };
        self.next += 1;
        Some(op)
    }

    // -- Keys ---------------------------------------------------------------------------------

    /// A key, such as `state`, `config.lr` or `summary."val/acc"`.
    pub(super) fn key(&mut self) -> Result<Key, Error> {
        let Token { kind, start, end } = self.peek().clone();
        let word = match kind {
            Kind::Word(word) if !WORDS.contains(&word.to_lowercase().as_str()) => word,
            _ => return Err(self.expected("a key, such as state or config.lr")),
        };
        self.next += 1;
        self.key_from(&word, end).map_err(|error| self.placed(error, start))
    }

    /// The key that begins with a word which ends at a byte.
    pub(super) fn key_from(&mut self, word: &str, mut end: usize) -> Result<Key, Error> {
        let (root, first) = match word.split_once('.') {
            Some((root, rest)) => (Root::named(root), rest),
            None => (Root::named(word), ""),
        };
        let Some(root) = root else { return Key::column(word) };
        // `config.` and a quoted name, or `config` and one in brackets.
        let mut name = first.to_owned();
        let mut indexes = Vec::new();
        loop {
            let token = self.peek().clone();
            match token.kind {
                _ if token.start != end => break,
                Kind::Quoted(text) if name.is_empty() || name.ends_with('.') => {
                    name.push_str(&text);
                    end = token.end;
                    self.next += 1;
                }
                Kind::Word(text) if text.starts_with('.') && indexes.is_empty() => {
                    name.push_str(&text);
                    end = token.end;
                    self.next += 1;
                }
                Kind::Sign("[") => {
                    self.next += 1;
                    self.member(&mut name, &mut indexes)?;
                    end = self.peek().end;
                    self.need_sign("]", "]")?;
                }
                _ => break,
            }
        }
        if name.is_empty() && !word.contains('.') {
            return Key::column(word);
        }
        Key::path(root, name, indexes)
    }

    /// What stands in square brackets: a name or a place in a list.
    fn member(&mut self, name: &mut String, indexes: &mut Vec<usize>) -> Result<(), Error> {
        match self.peek().kind.clone() {
            Kind::Quoted(member) if indexes.is_empty() => {
                if !name.is_empty() && !name.ends_with('.') {
                    name.push('.');
                }
                name.push_str(&member);
            }
            Kind::Word(word) if !name.is_empty() => {
                let index = word.parse().map_err(|_no_number| self.expected("a place in a list, from 0"))?;
                indexes.push(index);
            }
            _ => return Err(self.expected("a quoted name")),
        }
        self.next += 1;
        Ok(())
    }

    // -- Values -------------------------------------------------------------------------------

    fn list(&mut self, key: &Key) -> Result<Vec<Literal>, Error> {
        let close = match self.peek().kind {
            Kind::Sign("[") => "]",
            Kind::Sign("(") => ")",
            _ => return Err(self.expected("a list such as [a, b]")),
        };
        self.next += 1;
        let mut values = Vec::new();
        if self.take_sign(close) {
            return Ok(values);
        }
        loop {
            self.bounds.values(1)?;
            values.push(self.value(key)?);
            if !self.take_sign(",") {
                self.need_sign(close, if close == "]" { ", or ]" } else { ", or )" })?;
                return Ok(values);
            }
        }
    }

    fn value(&mut self, key: &Key) -> Result<Literal, Error> {
        let Token { kind, start, .. } = self.peek().clone();
        let (text, is_quoted) = match kind {
            Kind::Quoted(text) => (text, true),
            Kind::Word(word) => (word, false),
            _ => return Err(self.expected("a value")),
        };
        self.next += 1;
        if !is_quoted && text.eq_ignore_ascii_case("null") {
            return Ok(Literal::Null);
        }
        let value = match key.kind() {
            Some(Type::Time) => self.time(&text).map_err(|error| token::at(error, self.text, start))?,
            Some(Type::Text | Type::Texts | Type::Json) => Literal::Text(text),
            _ if is_quoted => Literal::Text(text),
            _ => bare(text),
        };
        Ok(value.spelled_for(key))
    }

    fn time(&self, text: &str) -> Result<Literal, Error> {
        match moment::parse(text, self.now)? {
            Moment::Time(time) => Ok(Literal::Time(time)),
            Moment::Lsn(_) => Err(Error::invalid("a position of the log is no time")),
        }
    }

    fn text_value(&mut self, what: &str) -> Result<String, Error> {
        match self.peek().kind.clone() {
            Kind::Quoted(text) | Kind::Word(text) => {
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.expected(what)),
        }
    }

    // -- Tokens -------------------------------------------------------------------------------

    pub(super) fn peek(&self) -> &Token {
        const END: Token = Token { kind: Kind::End, start: 0, end: 0 };
        self.tokens.get(self.next).or(self.tokens.last()).unwrap_or(&END)
    }

    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let is_it = matches!(&self.peek().kind, Kind::Word(word) if word.eq_ignore_ascii_case(wanted));
        self.next += usize::from(is_it);
        is_it
    }

    pub(super) fn take_sign(&mut self, wanted: &str) -> bool {
        let is_it = matches!(self.peek().kind, Kind::Sign(sign) if sign == wanted);
        self.next += usize::from(is_it);
        is_it
    }

    fn need_sign(&mut self, wanted: &str, what: &str) -> Result<(), Error> {
        if self.take_sign(wanted) { Ok(()) } else { Err(self.expected(what)) }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Error> {
        bounds::deeper(depth).map_err(|error| token::at(error, self.text, self.peek().start))
    }

    /// Says what should stand here.
    pub(super) fn expected(&self, what: &str) -> Error {
        let token = self.peek();
        let found = match &token.kind {
            Kind::End => "the end".to_owned(),
            _ => format!("{:?}", self.text.get(token.start..token.end).unwrap_or_default()),
        };
        token::at(Error::invalid(format!("expected {what}, found {found}")), self.text, token.start)
    }

    /// The error with its own place, or else this one.
    pub(super) fn placed(&self, error: Error, start: usize) -> Error {
        if error.position().is_some() { error } else { token::at(error, self.text, start) }
    }

    fn wrong_before(&self, error: Error) -> Error {
        let before = self.next.checked_sub(1).and_then(|index| self.tokens.get(index));
        token::at(error, self.text, before.map_or(0, |token| token.start))
    }
}

/// What a bare word reads as.
fn bare(word: String) -> Literal {
    if let Ok(number) = word.parse() {
        return Literal::Int(number);
    }
    match word.to_lowercase().as_str() {
        "true" => return Literal::Bool(true),
        "false" => return Literal::Bool(false),
        _ => {}
    }
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let is_word = matches!(word.trim_start_matches(['+', '-']), "NaN" | "Infinity");
    let begins = word.trim_start_matches(['+', '-']).starts_with(is_number);
    match word.parse() {
        Ok(number) if is_word || begins => Literal::Float(number),
        _ => Literal::Text(word),
    }
}
