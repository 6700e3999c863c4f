//! Replays the kept corpus and seeded mutations of it through every property.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// One property at a time: what a property allocates is counted for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// Tries a property on its kept corpus, then on so many mutations of it: about two seconds of them, or
/// as many as `WBQ_MUTATIONS` says, from the seed that `WBQ_SEED` says.
fn replay(target: &str, property: fn(&[u8]), mutations: u64) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let corpus: Vec<Vec<u8>> = names.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!corpus.is_empty(), "{} holds the inputs that are kept", folder.display());
    corpus.iter().for_each(|input| property(input));
    let asked = |name| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let mut chance = Chance(asked("WBQ_SEED").unwrap_or(7));
    for _ in 0..asked("WBQ_MUTATIONS").unwrap_or(mutations) {
        let mut input = corpus[chance.below(corpus.len())].clone();
        for _ in 0..=chance.below(4) {
            mutate(&mut input, &corpus, &mut chance);
        }
        property(&input);
    }
}

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    match chance.below(5) {
        0 if at < input.len() => input[at] ^= 1 << chance.below(8),
        1 if at < input.len() => input[at] = chance.byte(),
        2 => input.truncate(at),
        3 => input.insert(at, chance.byte()),
        _ => {
            let other = &corpus[chance.below(corpus.len())];
            let from = chance.below(other.len() + 1);
            let to = from + chance.below(other.len() - from + 1).min(64);
            input.splice(at..at, other[from..to].iter().copied());
        }
    }
}

/// splitmix64: the same inputs on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

#[test]
fn frames_are_read_and_written_alike() {
    replay("frame", wbq_fuzz::frame, 500_000);
}

#[test]
fn a_damaged_segment_is_never_read_as_something_else() {
    replay("segment", wbq_fuzz::segment, 100_000);
}

#[test]
fn a_damaged_manifest_is_an_earlier_moment_of_it_or_damage() {
    replay("manifest", wbq_fuzz::manifest, 50_000);
}

#[test]
fn a_damaged_table_file_gives_its_rows_or_an_error() {
    replay("parquet_in", wbq_fuzz::parquet_in, 600);
}

#[test]
fn no_name_leads_out_of_the_folder() {
    replay("relpath", wbq_fuzz::relpath, 500_000);
}

#[test]
fn a_store_holds_what_was_acknowledged_whatever_is_done_to_it() {
    replay("log_model", wbq_fuzz::log_model, 400);
}

#[test]
fn a_store_that_is_compacted_at_any_moment_holds_the_rows_of_its_log() {
    replay("compact_model", wbq_fuzz::compact_model, 150);
}

#[test]
fn a_packed_segment_is_what_was_packed_or_damage_and_never_more_than_it_may_be() {
    replay("zstd", wbq_fuzz::zstd, 20_000);
}

#[test]
fn json_is_read_as_serde_json_reads_it_and_survives_a_round_trip() {
    replay("json_event", wbq_fuzz::json_event, 20_000);
}

#[cfg(feature = "server")]
#[test]
fn any_stream_body_is_parsed_or_refused_and_no_line_is_lost() {
    replay("filestream", wbq_fuzz::filestream, 20_000);
}

#[cfg(feature = "server")]
#[test]
fn any_text_of_sql_is_parted_or_refused() {
    replay("sql_guard", wbq_fuzz::sql_guard, 20_000);
}

#[cfg(feature = "server")]
#[test]
fn any_statement_is_answered_or_refused_in_time_and_writes_nothing() {
    replay("sql_run", wbq_fuzz::sql_run, 1_000);
}

#[cfg(feature = "server")]
#[test]
fn any_bytes_are_a_log_of_the_wandb_client_or_refused_and_intact_records_are_given() {
    replay("wandb_file", wbq_fuzz::wandb_file, 2_000);
}
