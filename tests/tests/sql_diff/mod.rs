//! T12: drawn queries over drawn runs have the same answers from our SQL and from SQLite, and from the
//! store in each of its states: all in the log, half in table files, all in table files, opened again.
//!
//! Some of them add up what a predicate parts (`draw.rs`, `split`); what they print is 0, whoever answers.
//!
//! A seed draws the data and [`QUERIES`] queries on it. What fails is made small (runs and rows are left
//! out as long as it fails) and printed; `WBQ_SEED=0x…` has the test try that seed alone, and
//! `WBQ_SEEDS=0..20000` those of a range.

mod answers;
mod data;
mod draw;
mod ours;
mod sqlite;

use std::fmt::Write as _;

use answers::Answers;
use data::Data;
use draw::Query;
use ours::Ours;

/// Queries of a seed.
const QUERIES: usize = 50;
/// Seeds of each half.
const SEEDS: u64 = 20;

/// What is wrong with the answers to a query over data, if anything is.
fn fault(data: &Data, query: &Query) -> Option<String> {
    faults(data, std::slice::from_ref(query)).pop().map(|(_, fault)| fault)
}

/// The queries whose answers differ, and how.
fn faults<'a>(data: &Data, queries: &'a [Query]) -> Vec<(&'a Query, String)> {
    let lite = sqlite::filled(data);
    let mut ours = Ours::filled(data);
    let expected: Vec<Result<Answers, String>> =
        queries.iter().map(|query| sqlite::ask(&lite, query)).collect();
    let mut first: Vec<Option<Result<Answers, String>>> = queries.iter().map(|_| None).collect();
    let mut faults: Vec<(&Query, String)> = Vec::new();
    for state in ours::STATES {
        ours.become_(state);
        for ((query, expected), first) in queries.iter().zip(&expected).zip(&mut first) {
            let answers = ours.ask(query);
            let mut text = String::new();
            if let Some(differs) = answers::difference(&answers, expected, query.is_ordered) {
                write!(text, "{state:?} differs from SQLite: {differs}").unwrap();
            } else if let Some(first) = first
                && answers::exactly(&answers, query.is_ordered) != answers::exactly(first, query.is_ordered)
            {
                write!(text, "{state:?} differs from {:?}: {answers:?}, not {first:?}", ours::STATES[0])
                    .unwrap();
            }
            first.get_or_insert(answers);
            if !text.is_empty() && !faults.iter().any(|(known, _)| std::ptr::eq(*known, query)) {
                faults.push((query, text));
            }
        }
    }
    faults
}

/// Leaves runs and rows out as long as the query still fails.
fn shrunk(data: &Data, query: &Query) -> Data {
    let mut small = data.clone();
    let mut tries = 0;
    let mut try_out = |candidate: Data, small: &mut Data| {
        tries += 1;
        let fails = tries < 300 && fault(&candidate, query).is_some();
        if fails {
            *small = candidate;
        }
        fails
    };
    let mut at = 1;
    while at < small.runs.len() {
        let mut candidate = small.clone();
        candidate.runs.remove(at);
        at += usize::from(!try_out(candidate, &mut small));
    }
    for run in 0..small.runs.len() {
        let mut size = small.runs[run].rows.len() / 2;
        while size > 0 {
            // The first row of the first run has every key, so that each has its type.
            let mut at = usize::from(run == 0);
            while at < small.runs[run].rows.len() {
                let mut candidate = small.clone();
                let end = (at + size).min(candidate.runs[run].rows.len());
                candidate.runs[run].rows.drain(at..end);
                at += if try_out(candidate, &mut small) { 0 } else { size };
            }
            size /= 2;
        }
    }
    small
}

fn try_seed(seed: u64) -> usize {
    let (data, queries) = draw::of_seed(seed, QUERIES);
    let Some((query, _)) = faults(&data, &queries).into_iter().next() else { return queries.len() };
    let small = shrunk(&data, query);
    let fault = fault(&small, query).unwrap_or_else(|| "it does not fail alone".to_owned());
    panic!(
        "seed {seed:#x}\n{}\nSQLite: {}\nover\n{small}\n{fault}\nagain: WBQ_SEED={seed:#x} cargo nextest run --cargo-profile ci --workspace --test main -E 'test(t12_the_first_half)'",
        query.sql,
        query.for_sqlite()
    );
}

#[expect(clippy::print_stderr, reason = "how much was tried")]
fn seeds(mut seeds: std::ops::Range<u64>) {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).unwrap(),
        None => text.parse().unwrap(),
    };
    if let Ok(seed) = std::env::var("WBQ_SEED") {
        seeds = number(&seed)..number(&seed) + 1;
    } else if let Ok(asked) = std::env::var("WBQ_SEEDS") {
        let (from, to) = asked.split_once("..").unwrap();
        let (from, to, is_first) = (number(from), number(to), seeds.start == 0);
        let middle = from.midpoint(to);
        seeds = if is_first { from..middle } else { middle..to };
    }
    let queries: usize = seeds.clone().map(try_seed).sum();
    eprintln!(
        "{queries} queries of {} seeds, in {} states each",
        seeds.end - seeds.start,
        ours::STATES.len()
    );
}

#[test]
fn t12_the_first_half_of_drawn_queries_is_answered_as_sqlite_does_in_every_state() {
    seeds(0..SEEDS);
}

#[test]
fn t12_the_second_half_of_drawn_queries_is_answered_as_sqlite_does_in_every_state() {
    seeds(SEEDS..2 * SEEDS);
}

#[test]
fn t12_a_row_that_differs_is_found_and_the_data_made_small() {
    let (data, queries) = draw::of_seed(7, 1);
    let mut other = data.clone();
    other.runs[0].rows[0].cells.retain(|(key, _)| *key != "hits");
    let query = Query::of("SELECT count(hits) AS c0 FROM history", &["c0"]);
    let expected = sqlite::ask(&sqlite::filled(&other), &query);
    let answers = Ours::filled(&data).ask(&query);
    assert!(answers::difference(&answers, &expected, false).is_some());
    assert!(faults(&data, &queries).is_empty());
    let wrong = Query::of("SELECT rowid AS c0 FROM runs", &["c0"]);
    let small = shrunk(&data, &wrong);
    assert_eq!((small.runs.len(), small.runs[0].rows.len()), (1, 1), "{small}");
}

#[test]
fn t12_what_a_predicate_parts_adds_up_in_every_state() {
    let mut count = 0;
    for seed in 1000..1004 {
        let (data, queries) = draw::of_seed(seed, 4 * QUERIES);
        let splits: Vec<Query> = queries
            .into_iter()
            .filter(|query| query.sql.starts_with("SELECT (SELECT count(*) FROM"))
            .collect();
        let mut ours = Ours::filled(&data);
        for state in ours::STATES {
            ours.become_(state);
            for query in &splits {
                let zeros = vec![vec![answers::Value::Int(0); 3]];
                assert_eq!(
                    answers::difference(&ours.ask(query), &Ok(zeros), false),
                    None,
                    "{seed} {state:?}: {}",
                    query.sql
                );
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count} were tried");
}
