//! An expression's text as its operations, by the shunting yard: operators wait on a stack until what they
//! bind has been read, so that no bracket makes a function call itself.
//!
//! ```text
//! expression = operand { operator operand }
//! operand    = { "-" | "+" } ( number | name | "(" expression ")" )
//! operator   = "+" | "-"          weakest
//!            | "*" | "/" | "%"
//!              a minus before an operand
//!            | "**"               strongest, from the right: -2 ** 2 is -4
//! name       = a letter or _, then letters, digits, _ and .; or anything in "…", '…' or `…`
//! ```

use super::{Binary, Expression, Op};
use crate::error::Error;
use crate::filter::{at, quoted_text};
use crate::limits;

/// What the text consists of, with the byte at which it begins.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Number(f64),
    Name(String),
    Sign(&'static str),
    End,
}

/// Longer ones first: `**` is not twice `*`.
const SIGNS: [(&str, Option<Binary>); 8] = [
    ("**", Some(Binary::Power)),
    ("+", Some(Binary::Add)),
    ("-", Some(Binary::Subtract)),
    ("*", Some(Binary::Multiply)),
    ("/", Some(Binary::Divide)),
    ("%", Some(Binary::Remainder)),
    ("(", None),
    (")", None),
];

/// What waits for the rest of what it binds.
enum Waiting {
    Open { start: usize },
    Negate,
    Of(Binary),
}

impl Waiting {
    /// How strongly it binds; a bracket, nothing.
    fn strength(&self) -> u8 {
        match self {
            Self::Open { .. } => 0,
            Self::Of(Binary::Add | Binary::Subtract) => 1,
            Self::Of(Binary::Multiply | Binary::Divide | Binary::Remainder) => 2,
            Self::Negate => 3,
            Self::Of(Binary::Power) => 4,
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Expression, Error> {
    if text.len() > limits::EXPRESSION_BYTES_MAX {
        let limit = limits::EXPRESSION_BYTES_MAX;
        return Err(Error::too_large(format!("it has {} bytes; {limit} are allowed", text.len())));
    }
    let mut yard = Yard {
        text,
        start: 0,
        end: 0,
        terms: 0,
        waiting: Vec::new(),
        read: Expression { text: text.to_owned(), names: Vec::new(), code: Vec::new() },
    };
    loop {
        yard.operand()?;
        if yard.operator()? {
            return Ok(yard.read);
        }
    }
}

struct Yard<'a> {
    text: &'a str,
    /// Where the piece that was read last begins and ends.
    start: usize,
    end: usize,
    terms: usize,
    waiting: Vec<Waiting>,
    read: Expression,
}

impl Yard<'_> {
    /// Reads up to a number or a name, which it takes, with the signs and brackets before it.
    fn operand(&mut self) -> Result<(), Error> {
        loop {
            let op = match self.next()? {
                Piece::Sign("(") => {
                    self.wait(Waiting::Open { start: self.start })?;
                    continue;
                }
                Piece::Sign("-") => {
                    self.wait(Waiting::Negate)?;
                    continue;
                }
                Piece::Sign("+") => continue,
                Piece::Number(number) => Op::Number(number),
                Piece::Name(name) => Op::Name(self.place(name)),
                Piece::Sign(_) | Piece::End => return Err(self.expected("a number, a key or (")),
            };
            self.terms += 1;
            if self.terms > limits::EXPRESSION_TERMS_MAX {
                let limit = limits::EXPRESSION_TERMS_MAX;
                return Err(self.here(Error::too_large(format!("it has more than {limit} numbers and keys"))));
            }
            self.read.code.push(op);
            return Ok(());
        }
    }

    /// Reads up to an operator between two operands, which it takes, with the brackets before it. Whether the
    /// expression ends there.
    fn operator(&mut self) -> Result<bool, Error> {
        loop {
            let sign = match self.next()? {
                Piece::Sign(sign) => sign,
                Piece::End => {
                    self.settle(1);
                    return if self.waiting.is_empty() { Ok(true) } else { Err(self.unclosed()) };
                }
                Piece::Number(_) | Piece::Name(_) => return Err(self.expected("an operator")),
            };
            if let Some(binary) = SIGNS.iter().find_map(|(known, binary)| binary.filter(|_| *known == sign)) {
                let waiting = Waiting::Of(binary);
                // What binds from the right leaves its equals waiting.
                self.settle(waiting.strength() + u8::from(binary == Binary::Power));
                self.wait(waiting)?;
                return Ok(false);
            }
            if sign == "(" {
                return Err(self.expected("an operator"));
            }
            self.settle(1);
            if self.waiting.pop().is_none() {
                return Err(self.here(Error::invalid("this ) closes nothing")));
            }
        }
    }

    /// Lets all that binds at least so strongly take its operands.
    fn settle(&mut self, strength: u8) {
        while let Some(waiting) = self.waiting.pop_if(|waiting| waiting.strength() >= strength) {
            match waiting {
                Waiting::Negate => self.read.code.push(Op::Negate),
                Waiting::Of(binary) => self.read.code.push(Op::Of(binary)),
                Waiting::Open { .. } => {}
            }
        }
    }

    fn wait(&mut self, waiting: Waiting) -> Result<(), Error> {
        if self.waiting.len() >= limits::EXPRESSION_NESTING_MAX {
            let limit = limits::EXPRESSION_NESTING_MAX;
            return Err(
                self.here(Error::too_large(format!("it has more than {limit} levels within each other")))
            );
        }
        self.waiting.push(waiting);
        Ok(())
    }

    /// The place of a name among those that are named.
    fn place(&mut self, name: String) -> usize {
        let names = &mut self.read.names;
        names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    }

    // -- Pieces -------------------------------------------------------------------------------

    fn next(&mut self) -> Result<Piece, Error> {
        let rest = self.text.get(self.end..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.start = self.end + (rest.len() - trimmed.len());
        let (piece, len) = first(trimmed).map_err(|error| self.here(error))?;
        self.end = self.start + len;
        Ok(piece)
    }

    fn expected(&self, what: &str) -> Error {
        let found = match self.text.get(self.start..self.end) {
            None | Some("") => "the end".to_owned(),
            Some(found) => format!("{found:?}"),
        };
        self.here(Error::invalid(format!("expected {what}, found {found}")))
    }

    fn unclosed(&self) -> Error {
        let start = self.waiting.iter().rev().find_map(|waiting| match waiting {
            Waiting::Open { start } => Some(*start),
            _ => None,
        });
        at(Error::invalid("this ( is not closed"), self.text, start.unwrap_or(self.start))
    }

    fn here(&self, error: Error) -> Error {
        at(error, self.text, self.start)
    }
}

fn first(rest: &str) -> Result<(Piece, usize), Error> {
    if let Some((sign, _)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((Piece::Sign(sign), sign.len()));
    }
    match rest.chars().next() {
        None => Ok((Piece::End, 0)),
        Some(quote @ ('"' | '\'' | '`')) => {
            let (name, len) = quoted_text(rest, quote)?;
            if name.is_empty() {
                Err(Error::invalid("a key has a name"))
            } else {
                Ok((Piece::Name(name), len))
            }
        }
        Some(c) if c.is_ascii_digit() || c == '.' => {
            let len = number_len(rest);
            let written = rest.get(..len).unwrap_or_default();
            let number =
                written.parse().map_err(|_no_number| Error::invalid(format!("{written:?} is no number")))?;
            Ok((Piece::Number(number), len))
        }
        Some(c) if c.is_alphabetic() || c == '_' => {
            let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            let len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            Ok((Piece::Name(rest.get(..len).unwrap_or_default().to_owned()), len))
        }
        Some(c) => Err(Error::invalid(format!("{:?} means nothing here", c.to_string())).with_hint(
            "there are + - * / % ** and brackets; other names of keys stand in quotes, as \"val/acc\"",
        )),
    }
}

/// How many bytes of a text are digits, with a point and an exponent where there are.
fn number_len(rest: &str) -> usize {
    let digits = |from: usize| {
        let rest = rest.get(from..).unwrap_or_default();
        from + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
    };
    let mut end = digits(0);
    if rest.get(end..).is_some_and(|rest| rest.starts_with('.')) {
        end = digits(end + 1);
    }
    let exponent = rest.get(end..).and_then(|rest| rest.strip_prefix(['e', 'E']));
    let Some(exponent) = exponent else { return end };
    let sign = usize::from(exponent.starts_with(['+', '-']));
    let ended = digits(end + 1 + sign);
    // `2e` is a number before a name, which is told as that.
    if ended > end + 1 + sign { ended } else { end }
}
