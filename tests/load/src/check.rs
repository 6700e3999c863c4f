//! What the server and the folder show, against what was sent.
//!
//! | invariant | how it is seen |
//! | --- | --- |
//! | I1, I3 | of each run rows, samples, lines, summary and state are where one request left them |
//! | I2, I4 | line `n` is what trainers log at `n`, for each `n` from 0 up |
//! | I5 | no row was written twice, no run begun twice |
//! | I6 | what a reader saw stays, also what one saw between a kill and the next start |
//! | I7, I15, D9 | the folder, read by the engine: positions, sums, table files against events |
//! | I8, I9, I16 | `wbq verify --deep`; each file's digest, and the bytes of some |

use std::collections::BTreeMap;
use std::path::Path;

use engine::disk::sim::Chance;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wbq_sim::driver::Events;

use crate::content::{self, LINE_COLUMNS, ROW_COLUMNS, SAMPLE_COLUMNS};
use crate::http::{Answer, Client};
use crate::journal::{Found, Journal, Place};
use crate::site::Site;
use crate::trainer::PROJECT;

const FILES: &str = "query Files($entity: String!, $project: String!, $run: String!) {
    project(name: $project, entityName: $entity) { run(name: $run) {
        files(first: 100) { edges { node { name directUrl } } } } } }";

/// Runs whose lines are asked for in one statement.
const RUNS_AT_ONCE: usize = 50;

/// Whose lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// Those of every run.
    All,
    /// Those of runs that had not ended when they were read before. Of the others only the rows are
    /// counted, so that a long soak is not spent on reading its beginning.
    Changed,
}

/// Checks what the server shows, while no trainer is at work, and settles what was unanswered.
///
/// # Panics
///
/// When an invariant does not hold.
pub fn server(client: &Client, journal: &Journal, which: Runs) {
    let mut found = runs(client);
    let ended = if which == Runs::All { BTreeMap::new() } else { journal.ended() };
    let names: Vec<String> = found.keys().filter(|run| !ended.contains_key(*run)).cloned().collect();
    for (run, before) in &ended {
        let now = found.entry(run.clone()).or_default();
        (now.place.samples, now.place.lines) = (before.place.samples, before.place.lines);
    }
    let has_samples = !client.sql("SELECT key FROM keys WHERE space = 'system' LIMIT 1").is_empty();
    for names in names.chunks(RUNS_AT_ONCE) {
        let told = |run: &String| (run.clone(), found[run].place.rows);
        let told: BTreeMap<String, u64> = names.iter().map(told).filter(|(_, rows)| *rows > 0).collect();
        // A column that no row has yet is no column.
        if !told.is_empty() {
            let rows = lines(client, names, "history", ROW_COLUMNS, "_step", content::row_found);
            assert_eq!(rows, told, "I5: rows that are there, and how many were written");
        }
        if has_samples {
            let samples = lines(client, names, "system", SAMPLE_COLUMNS, "runtime", content::sample_found);
            samples.into_iter().for_each(|(run, count)| found.entry(run).or_default().place.samples = count);
        }
        let console = lines(client, names, "console", LINE_COLUMNS, "line", content::line_found);
        console.into_iter().for_each(|(run, count)| found.entry(run).or_default().place.lines = count);
    }
    files(client, journal, &mut found);
    journal.settle(&found);
}

/// What `runs` tells, with what must agree in it.
fn runs(client: &Client) -> BTreeMap<String, Found> {
    let runs = client.sql(&format!(
        "SELECT run_id, generation, state, history_rows, summary FROM runs WHERE project = '{PROJECT}'"
    ));
    runs.iter().map(|line| one_run(&parse(line))).collect()
}

fn one_run(row: &Value) -> (String, Found) {
    let rows = row["history_rows"].as_u64().unwrap();
    let summed = row["summary"]["rows"].as_u64().unwrap_or_default();
    assert_eq!(
        (summed, &row["generation"]),
        (rows, &json!(1)),
        "I3, I5: rows and summary come together, a retry begins nothing anew: {row}"
    );
    let ended = match row["state"].as_str() {
        Some("Running") => false,
        Some("Finished") => true,
        _ => panic!("no trainer fails: {row}"),
    };
    let place = Place { begun: true, rows, ended, ..Place::default() };
    (text(row, "run_id"), Found { place, files: BTreeMap::new() })
}

/// Reads a table's lines of some runs in order, and checks each; gives how many each run has.
fn lines(
    client: &Client,
    runs: &[String],
    table: &str,
    columns: &str,
    order: &str,
    expected: fn(&str, u64) -> String,
) -> BTreeMap<String, u64> {
    let runs = runs.join("', '");
    let found = client.sql(&format!(
        "SELECT run_id, {columns} FROM {table} WHERE project = '{PROJECT}' AND run_id IN ('{runs}') \
         ORDER BY run_id, {order}"
    ));
    let mut counts = BTreeMap::<String, u64>::new();
    for line in &found {
        let (run, rest) = line.strip_prefix("{\"run_id\":\"").unwrap().split_once("\",").unwrap();
        let next = counts.entry(run.to_owned()).or_default();
        let wanted = expected(run, *next);
        assert_eq!(format!("{{{rest}"), wanted, "I2, I4: line {next} of {run} in {table}");
        *next += 1;
    }
    counts
}

/// The version of each file, by its digest and size.
fn files(client: &Client, journal: &Journal, found: &mut BTreeMap<String, Found>) {
    let listed =
        client.sql(&format!("SELECT run_id, name, size, digest FROM files WHERE project = '{PROJECT}'"));
    for row in listed.iter().map(|line| parse(line)) {
        let (run, name) = (text(&row, "run_id"), text(&row, "name"));
        let is_it = |version: &u64| {
            let bytes = content::file(&run, &name, *version);
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            row["size"] == json!(bytes.len()) && row["digest"] == json!(digest)
        };
        let version = journal.versions(&run, &name).into_iter().find(is_it);
        let version = version.unwrap_or_else(|| panic!("I4, I16: nobody sent this: {row}"));
        found.entry(run).or_default().files.insert(name, version);
    }
}

/// Downloads the files of a drawn run that has some, and compares their bytes with what was sent
/// (I16); gives how many.
///
/// # Panics
///
/// When they differ.
pub fn downloads(client: &Client, journal: &Journal, entity: &str, chance: &mut Chance) -> u64 {
    let runs = journal.with_files();
    let drawn = usize::try_from(chance.below(runs.len() as u64)).unwrap();
    let Some(run) = runs.get(drawn) else { return 0 };
    let variables = json!({ "entity": entity, "project": PROJECT, "run": run });
    let listed = client.graphql(FILES, &variables).unwrap();
    let edges =
        listed.pointer("/project/run/files/edges").and_then(Value::as_array).cloned().unwrap_or_default();
    for edge in &edges {
        let name = text(&edge["node"], "name");
        let bytes = client.bytes(edge["node"]["directUrl"].as_str().unwrap());
        let is_sent =
            journal.versions(run, &name).iter().any(|version| bytes == content::file(run, &name, *version));
        assert!(is_sent, "I16: {name} of {run} has other bytes than were sent");
    }
    edges.len() as u64
}

/// Asks how many rows there are, as somebody would who watches, and checks what is shown. Gives
/// whether there were rows; none when the server is gone.
#[must_use]
pub fn watch(client: &Client, journal: &Journal) -> Option<bool> {
    let acked = journal.rows_acked();
    match client.try_sql(&format!("SELECT run_id, history_rows FROM runs WHERE project = '{PROJECT}'")) {
        Ok(lines) => {
            let seen = lines.iter().map(|line| parse(line));
            let seen = seen.map(|row| (text(&row, "run_id"), row["history_rows"].as_u64().unwrap()));
            journal.shows(&acked, &seen.collect());
            Some(true)
        }
        Err(Answer::Later { .. }) => Some(false),
        Err(_) => None,
    }
}

/// Reads a folder with the engine and checks what it says of itself. What was read `before` from the
/// same folder must be the beginning of it (I6).
///
/// # Panics
///
/// When an invariant does not hold.
#[must_use]
pub fn folder(dir: &Path, before: &Events) -> Events {
    let events = wbq_sim::look::look(&engine::read(dir).unwrap());
    assert!(events.starts_with(before), "I6: events that were read are gone or changed");
    events
}

/// Has the binary check every byte of a folder that no server holds.
///
/// # Panics
///
/// When there is damage, or a file that is none of the store's.
pub fn every_byte(site: &Site) {
    let told: Value = parse(&site.run(&["verify", "--deep", "--json"]));
    assert_eq!((&told["damages"], &told["strangers"]), (&json!([]), &json!([])), "{told}");
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_else(|| panic!("no {name} in {row}")).to_owned()
}
