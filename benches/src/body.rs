//! What a trainer posts: `file_stream` bodies as the client writes them.

use std::fmt::Write as _;

use crate::noise;

/// In which order the keys of a line stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrder {
    /// Another in each line, as the client writes them: it iterates over a map of Go.
    Random,
    /// The same in all lines.
    Same,
}

/// A body of `lines` lines of history from line `first_line` on. Each has `keys` metrics, and the
/// client's own `_step`, `_runtime` and `_timestamp` beside them.
#[must_use]
pub fn history_body(first_line: u64, lines: u32, keys: usize, order: KeyOrder) -> String {
    let content: Vec<String> = (first_line..).take(lines as usize).map(|at| line(at, keys, order)).collect();
    serde_json::json!({ "files": { "wandb-history.jsonl": { "offset": first_line, "content": content } } })
        .to_string()
}

fn line(step: u64, keys: usize, order: KeyOrder) -> String {
    let seconds = step as f64 * 0.05 + noise(step) * 1e-3;
    let mut members = vec![
        format!("\"_step\":{step}"),
        format!("\"_runtime\":{seconds}"),
        format!("\"_timestamp\":{}e+09", 1.795_419_479_905_283 + seconds / 1e9),
    ];
    members.extend((0u64..).take(keys).map(|key| format!("\"metric/{key}\":{}", noise(step * 31 + key))));
    if order == KeyOrder::Random {
        members.sort_by_cached_key(|member| {
            let seed = member.bytes().fold(step, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
            noise(seed).to_bits()
        });
    }
    let mut text = String::new();
    for (index, member) in members.iter().enumerate() {
        let sign = if index == 0 { '{' } else { ',' };
        // Writing into a string does not fail.
        let _written = write!(text, "{sign}{member}");
    }
    text + "}"
}
