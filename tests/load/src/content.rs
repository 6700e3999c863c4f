//! What trainers log: a function of the run and the line. So what is found can be told to be what was
//! sent, and none of it need be kept.

use std::fmt::Write as _;

use engine::disk::sim::Chance;
use engine::{NonFinite, write_float, write_text};

/// The columns of a row of history, in the order in which [`row_found`] has them.
pub const ROW_COLUMNS: &str = "_step, loss, count, text, odd";
/// Those of [`sample_found`].
pub const SAMPLE_COLUMNS: &str = "runtime, \"system.cpu\"";
/// Those of [`line_found`].
pub const LINE_COLUMNS: &str = "line, stream, text";

enum Cell {
    Int(i64),
    Float(f64),
    Text(String),
}

/// Who reads what is written: the server takes bare words as Python writes them and no cell for what
/// is absent; it answers words in quotes, and null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Sent,
    Found,
}

/// A row of history, as it is posted.
#[must_use]
pub fn row_sent(run: &str, line: u64) -> String {
    object(Side::Sent, row(run, line))
}

/// The same row, as SQL answers it.
#[must_use]
pub fn row_found(run: &str, line: u64) -> String {
    object(Side::Found, row(run, line))
}

/// A sample of system metrics, as it is posted.
#[must_use]
pub fn sample_sent(run: &str, line: u64) -> String {
    let [runtime, cpu] = sample(run, line);
    object(Side::Sent, [("_runtime", runtime), ("system.cpu", cpu)])
}

/// The same sample, as SQL answers it.
#[must_use]
pub fn sample_found(run: &str, line: u64) -> String {
    let [runtime, cpu] = sample(run, line);
    object(Side::Found, [("runtime", runtime), ("system.cpu", cpu)])
}

/// A line of the console, as it is posted.
#[must_use]
pub fn line_sent(run: &str, line: u64) -> String {
    let (stream, text) = console(run, line);
    let level = if stream == "stderr" { "\"level\":\"error\"," } else { "" };
    format!("{{{level}\"ts\":\"2026-11-23T07:41:12.409123\",\"content\":{}}}", quoted(&text))
}

/// The same line, as SQL answers it.
#[must_use]
pub fn line_found(run: &str, line: u64) -> String {
    let (stream, text) = console(run, line);
    format!("{{\"line\":{line},\"stream\":\"{stream}\",\"text\":{}}}", quoted(&text))
}

/// The bytes of a version of a file.
#[must_use]
pub fn file(run: &str, name: &str, version: u64) -> Vec<u8> {
    let mut chance = chance(&format!("{run}/{name}"), version);
    let size = chance.below(64 << 10);
    chance.bytes(usize::try_from(size).unwrap_or_default())
}

/// Numbers of all sizes, a text now and then, and now and then a number that JSON has no word for.
fn row(run: &str, line: u64) -> [(&'static str, Option<Cell>); 5] {
    let number = i64::try_from(line).unwrap_or(i64::MAX);
    let count = [(1 << 53) + 1 + number, i64::MAX - number, -number][index(line, 3)];
    let text = line.is_multiple_of(2).then(|| Cell::Text(format!("row {line} of {run}: \"é\"\t\\")));
    let odd =
        line.is_multiple_of(20).then(|| Cell::Float([f64::NAN, f64::INFINITY, -0.0][index(line / 20, 3)]));
    [
        ("_step", Some(Cell::Int(number))),
        ("loss", Some(Cell::Float(noise(run, line)))),
        ("count", Some(Cell::Int(count))),
        ("text", text),
        ("odd", odd),
    ]
}

fn sample(run: &str, line: u64) -> [Option<Cell>; 2] {
    // A quarter of a second is exact.
    [Some(Cell::Float(line as f64 * 0.25)), Some(Cell::Float(100.0 * noise(run, line)))]
}

fn console(run: &str, line: u64) -> (&'static str, String) {
    (if line % 7 == 3 { "stderr" } else { "stdout" }, format!("line {line} of {run} \u{1b}[1m\"é\""))
}

fn index(line: u64, count: u64) -> usize {
    usize::try_from(line % count).unwrap_or_default()
}

/// A number between 0 and 1 whose digits do not repeat.
fn noise(run: &str, line: u64) -> f64 {
    (chance(run, line).draw() >> 11) as f64 / (1_u64 << 53) as f64
}

fn chance(name: &str, number: u64) -> Chance {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    Chance::new(name.bytes().fold(number, fold))
}

fn object<const N: usize>(side: Side, cells: [(&str, Option<Cell>); N]) -> String {
    let mut text = String::from("{");
    for (name, cell) in cells.iter().filter(|(_, cell)| side == Side::Found || cell.is_some()) {
        let comma = if text.len() > 1 { "," } else { "" };
        let _written = write!(text, "{comma}\"{name}\":");
        match cell {
            None => text.push_str("null"),
            Some(Cell::Int(number)) => {
                let _written = write!(text, "{number}");
            }
            Some(Cell::Float(number)) => {
                let words = if side == Side::Sent { NonFinite::Bare } else { NonFinite::Quoted };
                write_float(*number, &mut text, words);
            }
            Some(Cell::Text(value)) => write_text(value, &mut text),
        }
    }
    text + "}"
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_text(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_and_what_is_found_are_one_row_in_two_spellings() {
        let (sent, found) = (row_sent("r", 0), row_found("r", 0));
        assert!(sent.ends_with("\"odd\":NaN}") && found.ends_with("\"odd\":\"NaN\"}"), "{sent} {found}");
        assert!(row_sent("r", 40).ends_with("\"odd\":-0.0}"));
        assert!(row_found("r", 1).ends_with("\"text\":null,\"odd\":null}"));
        assert!(!row_sent("r", 1).contains("text"));
        assert_ne!(row_found("r", 1), row_found("q", 1), "runs differ");
        assert_ne!(file("r", "a", 1), file("r", "a", 2), "versions differ");
    }
}
