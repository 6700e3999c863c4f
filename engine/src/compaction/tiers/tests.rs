use proptest::prelude::*;

use super::*;
use crate::id::Lsn;

const MIB: u64 = 1 << 20;

fn meta(id: u64, kind: Kind, project: Option<&str>, bytes: u64) -> TableMeta {
    TableMeta {
        id: TableId(id),
        kind,
        level: u8::from(project.is_some()),
        project: project.map(|project| ProjectKey::new("ada", project)),
        bytes,
        sidecar: (0, 0),
        rows: 1,
        lsns: (Lsn(id * 10), Lsn(id * 10 + 9)),
    }
}

fn ids(merge: Option<Merge>) -> Vec<u64> {
    merge.into_iter().flat_map(|merge| merge.inputs).map(|id| id.0).collect()
}

fn limits() -> Compaction {
    Compaction::default()
}

#[test]
fn files_straight_from_the_log_wait_until_there_are_enough_of_a_kind() {
    let mut tables: Vec<TableMeta> = (1..16).map(|id| meta(id, Kind::History, None, MIB)).collect();
    tables.push(meta(16, Kind::System, None, MIB));
    assert_eq!(choose(&tables, &limits()), None);
    tables.push(meta(17, Kind::History, None, MIB));
    let merge = choose(&tables, &limits()).unwrap();
    assert_eq!((merge.kind, merge.level), (Kind::History, 1));
    assert_eq!(ids(Some(merge)), (1..16).chain([17]).collect::<Vec<_>>());
}

#[test]
fn one_merge_reads_no_more_than_its_bound_but_always_something() {
    let half = limits().file_bytes_max;
    let tables: Vec<TableMeta> = (1..=16).map(|id| meta(id, Kind::History, None, half)).collect();
    assert_eq!(ids(choose(&tables, &limits())), [1, 2]);
    let tables: Vec<TableMeta> = (1..=16).map(|id| meta(id, Kind::History, None, half * 9)).collect();
    assert_eq!(ids(choose(&tables, &limits())), [1]);
}

#[test]
fn a_file_is_written_again_into_one_ten_times_as_large() {
    let mut tables: Vec<TableMeta> = (1..10).map(|id| meta(id, Kind::History, Some("p"), MIB)).collect();
    tables.push(meta(10, Kind::History, Some("q"), MIB));
    tables.push(meta(11, Kind::History, Some("p"), 40 * MIB));
    assert_eq!(choose(&tables, &limits()), None, "nine of p are too few, whatever q and larger ones have");
    tables.push(meta(12, Kind::History, Some("p"), MIB));
    assert_eq!(ids(choose(&tables, &limits())), (1..10).chain([12]).collect::<Vec<_>>());
}

#[test]
fn what_could_hardly_grow_tenfold_again_becomes_a_file_that_is_left_alone() {
    let at = |count: u64, mib: u64| {
        let tables: Vec<TableMeta> =
            (1..=count).map(|id| meta(id, Kind::History, Some("p"), mib * MIB)).collect();
        ids(choose(&tables, &limits())).len() as u64
    };
    assert_eq!((at(9, 2), at(10, 2)), (0, 10));
    assert_eq!((at(25, 5), at(26, 5)), (0, 26), "130 MiB, not 50");
    assert_eq!((at(12, 10), at(13, 10)), (0, 13), "130 MiB, not 100");
    assert_eq!((at(4, 127), at(5, 127)), (0, 5));
    assert_eq!(at(50, 128), 0, "left alone");
}

#[test]
fn files_of_events_are_merged_with_their_neighbours_only() {
    let mut tables: Vec<TableMeta> = (1..=9).map(|id| meta(id, Kind::Events, None, MIB)).collect();
    tables.push(meta(10, Kind::Events, None, 200 * MIB));
    tables.extend((11..=15).map(|id| meta(id, Kind::Events, None, MIB)));
    assert_eq!(choose(&tables, &limits()), None);
    tables.extend((16..=21).rev().map(|id| meta(id, Kind::Events, None, MIB)));
    assert_eq!(ids(choose(&tables, &limits())), (11..=21).collect::<Vec<_>>());
}

#[test]
fn files_of_events_are_not_merged_over_one_that_is_left_alone() {
    let mut tables: Vec<TableMeta> = (1..=12).map(|id| meta(id, Kind::Events, None, MIB)).collect();
    assert_eq!(ids(choose(&tables, &limits())).len(), 12);
    tables.remove(5);
    assert_eq!(choose(&tables, &limits()), None, "five and six are too few");
}

#[test]
fn files_of_the_same_events_are_merged_together() {
    let half = limits().file_bytes_max;
    let mut tables: Vec<TableMeta> = (1..=16).map(|id| meta(id, Kind::History, None, half)).collect();
    tables[2].lsns = tables[1].lsns;
    assert_eq!(ids(choose(&tables, &limits())), [1, 2, 3], "one more than the bound allows");
}

#[test]
fn what_a_checkpoint_replaces_is_never_merged() {
    let kinds = [Kind::Runs, Kind::State].into_iter();
    let tables: Vec<TableMeta> =
        kinds.flat_map(|kind| (1..40).map(move |id| meta(id, kind, None, MIB))).collect();
    assert_eq!(choose(&tables, &limits()), None);
}

/// A year of a store: each compaction adds a file of rows of every project and one of events; then
/// all that is to be merged is. Sums up what was written.
struct Year {
    limits: Compaction,
    tables: Vec<TableMeta>,
    /// Of each file straight from the log the bytes of each project.
    shares: BTreeMap<TableId, Vec<u64>>,
    next: u64,
    compactions: u64,
    written: u64,
    most_unfinished: usize,
}

impl Year {
    fn new() -> Self {
        Self {
            limits: limits(),
            tables: Vec::new(),
            shares: BTreeMap::new(),
            next: 1,
            compactions: 0,
            written: 0,
            most_unfinished: 0,
        }
    }

    fn add(&mut self, mut meta: TableMeta) -> TableId {
        meta.id = TableId(self.next);
        self.next += 1;
        self.written += meta.bytes;
        self.tables.push(meta);
        TableId(self.next - 1)
    }

    fn compact(&mut self, shares: Vec<u64>, events: u64) {
        self.compactions += 1;
        let moment = self.compactions;
        let id = self.add(meta(moment, Kind::History, None, shares.iter().sum()));
        self.shares.insert(id, shares);
        self.add(meta(moment, Kind::Events, None, events));
        while let Some(merge) = choose(&self.tables, &self.limits) {
            self.merge(&merge);
        }
        let unfinished = self.tables.iter().filter(|meta| meta.bytes < self.limits.file_bytes_min).count();
        self.most_unfinished = self.most_unfinished.max(unfinished);
    }

    fn merge(&mut self, merge: &Merge) {
        let is_input = |meta: &TableMeta| merge.inputs.contains(&meta.id);
        let inputs: Vec<TableMeta> = self.tables.iter().filter(|meta| is_input(meta)).cloned().collect();
        self.tables.retain(|meta| !is_input(meta));
        let mut outputs: BTreeMap<Option<ProjectKey>, u64> = BTreeMap::new();
        for input in &inputs {
            match self.shares.remove(&input.id) {
                Some(shares) => {
                    for (project, bytes) in shares.into_iter().enumerate() {
                        let project = ProjectKey::new("ada", format!("p{project}"));
                        *outputs.entry(Some(project)).or_default() += bytes;
                    }
                }
                None => *outputs.entry(input.project.clone()).or_default() += input.bytes,
            }
        }
        let lsns = (inputs.iter().map(|meta| meta.lsns.0).min(), inputs.iter().map(|meta| meta.lsns.1).max());
        for (project, bytes) in outputs {
            let files = bytes.div_ceil(self.limits.file_bytes_max).max(1);
            for _ in 0..files {
                let made = meta(0, merge.kind, None, bytes / files);
                self.add(TableMeta {
                    level: merge.level,
                    project: project.clone(),
                    lsns: lsns.0.zip(lsns.1).unwrap(),
                    ..made
                });
            }
        }
    }

    fn amplification(&self) -> f64 {
        self.written as f64 / self.tables.iter().map(|meta| meta.bytes).sum::<u64>() as f64
    }
}

/// Fifty a project.
const UNFINISHED_MAX: usize = 1000;

/// 64 MiB of log an hour, of which table files take from a quarter to all; twenty projects that share
/// it evenly, by a long tail, or take turns.
#[test]
#[expect(clippy::print_stdout, reason = "how much is written is for people")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares of some MiB")]
fn a_year_of_ingest_is_written_at_most_three_times_into_few_files() {
    for table_bytes in [16 * MIB, 64 * MIB] {
        for (name, share) in [
            ("evenly", (|_, _| 1.0) as fn(u64, u64) -> f64),
            ("by a long tail", |_, project| 1.0 / (project as f64 + 1.0)),
            ("in turns", |hour, project| if (hour / 24) % 20 == project { 1.0 } else { 0.02 }),
        ] {
            let mut year = Year::new();
            for hour in 0..365 * 24 {
                let all: f64 = (0..20).map(|project| share(hour, project)).sum();
                let bytes = |project| (share(hour, project) / all * table_bytes as f64) as u64;
                year.compact((0..20).map(bytes).collect(), MIB);
            }
            let amplification = year.amplification();
            let (files, unfinished) = (year.tables.len(), year.most_unfinished);
            println!(
                "{} MiB an hour, {name}: written {amplification:.3} times, {files} files, \
                 at most {unfinished} that may be merged",
                table_bytes / MIB
            );
            assert!(amplification <= 3.0, "{name}: {amplification}");
            assert!(unfinished <= UNFINISHED_MAX, "{name}: {unfinished}");
            let all: u64 = year.tables.iter().map(|meta| meta.bytes).sum();
            let finished = usize::try_from(all / year.limits.file_bytes_min).unwrap();
            assert!(files <= finished + UNFINISHED_MAX, "{name}: {files}");
        }
    }
}

proptest! {
    /// Whatever there is, merging ends, and leaves no project with many small files.
    #[test]
    fn merging_ends_with_few_files(sizes in proptest::collection::vec((0..3u64, 1..200 * MIB), 0..200)) {
        let mut year = Year::new();
        for (project, bytes) in sizes {
            let name = format!("p{project}");
            year.add(meta(0, Kind::System, Some(&name), bytes));
        }
        let mut merges = 0;
        while let Some(merge) = choose(&year.tables, &year.limits) {
            prop_assert!(merge.inputs.len() > 1);
            year.merge(&merge);
            merges += 1;
            prop_assert!(merges <= 200);
        }
        let unfinished = year.tables.iter().filter(|meta| meta.bytes < year.limits.file_bytes_min).count();
        prop_assert!(unfinished <= 3 * 120, "{}", unfinished);
    }
}
