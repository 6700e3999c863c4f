//! Replays the kept corpus and seeded mutations of it through every property.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::Path;

/// Mutations of each corpus that are tried beside it.
const MUTATIONS: u64 = 20_000;

fn replay(target: &str, property: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let corpus: Vec<Vec<u8>> = names.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!corpus.is_empty(), "{} holds the inputs that are kept", folder.display());
    corpus.iter().for_each(|input| property(input));
    let mut chance = Chance(7);
    for _ in 0..MUTATIONS {
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
    replay("frame", wbq_fuzz::frame);
}

#[test]
fn a_damaged_segment_is_never_read_as_something_else() {
    replay("segment", wbq_fuzz::segment);
}

#[test]
fn a_packed_segment_is_what_was_packed_or_damage_and_never_more_than_it_may_be() {
    replay("zstd", wbq_fuzz::zstd);
}

#[test]
fn json_is_read_as_serde_json_reads_it_and_survives_a_round_trip() {
    replay("json_event", wbq_fuzz::json_event);
}

#[cfg(feature = "server")]
#[test]
fn any_stream_body_is_parsed_or_refused_and_no_line_is_lost() {
    replay("filestream", wbq_fuzz::filestream);
}
