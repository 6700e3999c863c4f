//! A block: rows of one run as typed columns, in a layout that is read by slicing.
//!
//! ```text
//!  0        4         8            12
//!  ┌────────┬─────────┬────────────┬────────────────┬────────────┬────────────┬───
//!  │ rows   │ columns │ directory  │ directory      │ column 0   │ column 1   │ …
//!  │ u32    │ u32     │ bytes u32  │                │            │            │
//!  └────────┴─────────┴────────────┴────────────────┴────────────┴────────────┴───
//!  directory, a column each:  name len u16 │ name │ kind u8 │ presence u8 │ cells u32 │ bytes u32
//!  column:                    presence │ values          (bytes of both together: `bytes`)
//!  presence:   0 every row has a cell      nothing
//!              1 bitmap                    ceil(rows / 8) bytes, bit r%8 of byte r/8
//!              2 list                      a u32 row number per cell, rising
//!  values:     Int, Float                  8 bytes a cell
//!              Bool                        1 byte a cell
//!              Text, Json                  u32 end offset a cell, then the bytes
//! ```
//!
//! What holds:
//! - Only cells that are there take room: a row may name a thousand keys that no other row has.
//! - A column has one kind for the whole block. Integers and floats in one column become floats
//!   while every integer is within 2^53, else JSON text: no value is ever rounded.
//! - Names are unique. All numbers are little-endian.

mod build;
mod read;

pub use build::BlockBuilder;
pub(crate) use read::Assembled;
pub use read::{Block, BlockError, Column};

use super::value::Value;

const HEADER_LEN: usize = 12;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// i64.
    Int,
    /// f64.
    Float,
    /// true or false.
    Bool,
    /// Text.
    Text,
    /// Anything, as JSON text in the dialect of [`Value::from_json`].
    Json,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Int => 0,
            Self::Float => 1,
            Self::Bool => 2,
            Self::Text => 3,
            Self::Json => 4,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Int,
            1 => Self::Float,
            2 => Self::Bool,
            3 => Self::Text,
            4 => Self::Json,
            _ => return None,
        })
    }
}

/// One cell, borrowed from its block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// true or false.
    Bool(bool),
    /// Text.
    Text(&'a str),
    /// JSON text.
    Json(&'a str),
}

impl Cell<'_> {
    /// The value that was logged.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Bool(value) => Value::Bool(value),
            Self::Text(text) => Value::text(text),
            // A block that passed its checksum holds what `BlockBuilder` wrote.
            Self::Json(text) => Value::from_json(text.as_bytes()).unwrap_or_else(|_| Value::text(text)),
        }
    }
}

/// Which rows have a cell in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    All = 0,
    Bitmap = 1,
    List = 2,
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn built(rows: &[&str]) -> Block {
        let mut builder = BlockBuilder::new();
        for row in rows {
            builder.begin_row();
            for (key, value) in Value::from_json(row.as_bytes()).unwrap().as_map().unwrap() {
                builder.push(key, value);
            }
        }
        Block::parse(builder.finish()).unwrap()
    }

    fn row(block: &Block, row: u32) -> Value {
        Value::Map(block.row(row).map(|(name, cell)| (name.into(), cell.to_value())).collect())
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        let rows = [
            r#"{"_step":0,"loss":0.5,"ok":true,"note":"a","bins":[1,2],"n":null}"#,
            r#"{"_step":1,"loss":NaN,"note":"","bins":{"x":1.5}}"#,
            r#"{"loss":-Infinity,"_step":2,"big":9007199254740993}"#,
        ];
        let block = built(&rows);
        for (index, text) in (0u32..).zip(rows) {
            assert_eq!(row(&block, index), Value::from_json(text.as_bytes()).unwrap());
        }
    }

    #[test]
    fn integers_beside_floats_become_floats_only_while_exact() {
        let block = built(&[r#"{"a":1,"b":9007199254740993}"#, r#"{"a":0.5,"b":0.5}"#, r#"{"a":2,"b":1}"#]);
        assert_eq!(block.column("a").unwrap().floats().unwrap().collect::<Vec<_>>(), [1.0, 0.5, 2.0]);
        assert_eq!(block.column("b").unwrap().kind, Kind::Json);
        assert_eq!(row(&block, 0).get("b"), Some(&Value::Int(9_007_199_254_740_993)));
    }

    #[test]
    fn a_key_that_few_rows_have_takes_room_for_those_only() {
        let mut builder = BlockBuilder::new();
        for step in 0..1000 {
            builder.begin_row();
            builder.push_int("_step", step);
            builder.push_float(&format!("key{step}"), 0.5);
        }
        let bytes = builder.finish();
        assert!(bytes.len() < 1000 * 8 + 1000 * 48, "{}", bytes.len());
        let block = Block::parse(bytes).unwrap();
        assert_eq!(block.column("key700").unwrap().iter().collect::<Vec<_>>(), [(700, Cell::Float(0.5))]);
    }

    #[test]
    fn an_abandoned_row_leaves_nothing() {
        let mut builder = BlockBuilder::new();
        builder.begin_row();
        builder.push_int("a", 1);
        builder.begin_row();
        builder.push_text("a", "x");
        builder.push_int("b", 1);
        builder.abandon_row();
        builder.begin_row();
        builder.push_int("a", 2);
        let block = Block::parse(builder.finish()).unwrap();
        assert_eq!((block.rows(), block.columns().count()), (2, 1));
        assert_eq!(row(&block, 1), Value::from_json(br#"{"a":2}"#).unwrap());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_block_or_an_error(bytes: Vec<u8>) {
            if let Ok(block) = Block::parse(Bytes::from(bytes)) {
                for column in block.columns() {
                    proptest::prop_assert_eq!(column.iter().count(), column.len() as usize);
                }
            }
        }

        #[test]
        fn a_damaged_block_never_panics(at: proptest::sample::Index, byte: u8) {
            let mut builder = BlockBuilder::new();
            for step in 0..40i64 {
                builder.begin_row();
                builder.push_int("_step", step);
                if step % 3 == 0 { builder.push_text("t", "text"); }
                if step == 7 { builder.push_float("f", 1.0); }
            }
            let mut bytes = builder.finish().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(block) = Block::parse(Bytes::from(bytes)) {
                for row in 0..block.rows() { block.row(row).count(); }
            }
        }
    }
}
