//! The ledger of long runs, `tests/sim/ledger.csv`: a line for each, committed with the sources that it
//! tells of. The goals of RELIABILITY 2.4 are sums over it.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::{Context as _, ensure};
use chrono::Utc;

use crate::commit::commit;

/// Where it stands.
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/ledger.csv");
/// Its first line.
const HEADER: &str = "date,commit,layer,runs,failures,seconds";

/// Notes a run that has ended: what ran, how often, how often it failed, how long it took.
///
/// # Errors
///
/// When the layer's name would not be one field, or the ledger cannot be written to.
pub(crate) fn append(layer: &str, runs: u64, failures: u64, seconds: f64) -> anyhow::Result<()> {
    let date = Utc::now().format("%Y-%m-%d").to_string();
    let line = line(&date, &commit(), layer, runs, failures, seconds)?;
    let mut file =
        OpenOptions::new().create(true).append(true).open(PATH).with_context(|| format!("open {PATH}"))?;
    let is_new = file.metadata().with_context(|| format!("measure {PATH}"))?.len() == 0;
    // One write, so that two runs that end at once do not mix their lines.
    let text = if is_new { format!("{HEADER}\n{line}") } else { line };
    file.write_all(text.as_bytes()).with_context(|| format!("write to {PATH}"))
}

fn line(
    date: &str,
    commit: &str,
    layer: &str,
    runs: u64,
    failures: u64,
    seconds: f64,
) -> anyhow::Result<String> {
    let is_name = |part: &char| part.is_ascii_alphanumeric() || *part == '_' || *part == '-';
    ensure!(!layer.is_empty() && layer.chars().all(|part| is_name(&part)), "{layer:?} is no layer's name");
    Ok(format!("{date},{commit},{layer},{runs},{failures},{seconds:.1}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_fields_of_the_header() {
        let line = line("2026-11-26", "41c14e0aa001+", "fuzz-frame", 10_000_000, 0, 71.26).unwrap();
        assert_eq!(line, "2026-11-26,41c14e0aa001+,fuzz-frame,10000000,0,71.3\n");
        assert_eq!(line.split(',').count(), HEADER.split(',').count());
    }

    #[test]
    fn a_layer_is_one_field() {
        for layer in ["", "a,b", "a\nb", "a b"] {
            assert!(line("2026-11-26", "c", layer, 1, 0, 1.0).is_err(), "{layer:?}");
        }
    }

    #[test]
    fn the_ledger_that_is_kept_can_be_summed() {
        let text = std::fs::read_to_string(PATH).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(HEADER));
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let [_, _, _, runs, failures, seconds] = fields[..] else { panic!("{line}") };
            let runs: u64 = runs.parse().unwrap();
            assert!(failures.parse::<u64>().unwrap() <= runs, "{line}");
            assert!(seconds.parse::<f64>().unwrap() >= 0.0, "{line}");
        }
    }
}
