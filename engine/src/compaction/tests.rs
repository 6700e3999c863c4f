//! A store of several projects, compacted and merged step by step: rows stay what they were.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::batch::Batch;
use crate::core::Core;
use crate::disk::World;
use crate::disk::sim::{SimClock, SimDisk};
use crate::event::{
    BlockBuilder, Body, Chunk, Console, ConsoleLine, Event, ProjectCreated, Rows, RunCreated, State, Subject,
    Value,
};
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::options::{Compaction, Options};
use crate::projection::StreamKind;
use crate::snapshot::{Moment, Snapshot};
use crate::table::Kind;
use crate::table::events::Whose;

const PROJECTS: u64 = 3;
pub(super) const RUNS: u64 = 6;

pub(super) fn options() -> Options {
    let compaction = Compaction {
        fresh_files: 3,
        growth: 2,
        file_bytes_min: 64 << 10,
        file_bytes_max: 128 << 10,
        ..Compaction::default()
    };
    let (segment_bytes_min, segment_bytes_max) = (8 << 10, 8 << 10);
    Options { compaction, segment_bytes_min, segment_bytes_max, ..Options::new("") }
}

pub(super) fn project(number: u64) -> ProjectKey {
    ProjectKey::new("ada", format!("p{}", number % PROJECTS))
}

pub(super) fn run(number: u64) -> RunKey {
    RunKey { project: project(number), run: format!("r{number}").into(), generation: 1 }
}

pub(super) fn event(subject: impl Into<Subject>, body: Body) -> Event {
    Event { subject: subject.into(), received: 1, actor: "ada".into(), body }
}

/// A store in which the runs of all projects have begun, and its world.
fn begun(options: &Options) -> (Core, World) {
    begun_on(&SimDisk::default(), options)
}

pub(super) fn begun_on(disk: &SimDisk, options: &Options) -> (Core, World) {
    let world = disk.world(&SimClock::default(), 7);
    let mut core = Core::open(world.clone(), options).unwrap();
    let created = || Body::ProjectCreated(ProjectCreated { description: "".into() });
    let mut events: Vec<Event> = (0..PROJECTS).map(|number| event(project(number), created())).collect();
    let created = || Body::RunCreated(RunCreated { source: "".into(), state: State::Running });
    events.extend((0..RUNS).map(|number| event(run(number), created())));
    commit(&mut core, events);
    (core, world)
}

pub(super) fn commit(core: &mut Core, events: Vec<Event>) {
    core.commit(vec![Batch::new(events)]).into_iter().for_each(|answer| assert!(answer.is_ok()));
}

/// What a run logs in a round: rows with and without a step, steps of the round before once more,
/// cells of every kind, now by one writer, now by another; a sample; lines of the console.
pub(super) fn logged(number: u64, round: u64, keys: &[String]) -> Vec<Event> {
    let writer = if (number + round).is_multiple_of(5) { "second" } else { "" };
    let first_line = round * 8;
    let chunk = |lines| Chunk { writer: writer.into(), first_line, lines, hash: round + 1 };
    let mut block = BlockBuilder::new();
    for row in 0..10u64 {
        block.begin_row();
        if row != 3 {
            block.push_int("_step", i64::try_from(round * 8 + row).unwrap());
        }
        block.push_float("_timestamp", 1.7e9 + (round * 10 + row) as f64);
        for (place, key) in keys.iter().enumerate() {
            match (place as u64 + round) % 6 {
                0 => block.push_int(key, i64::MIN + i64::try_from(row).unwrap()),
                1 => block.push_float(key, if row == 5 { f64::NAN } else { -0.0 }),
                2 => block.push(key, &Value::Bool(row > 4)),
                3 => block.push_text(key, &"é".repeat(usize::try_from(row).unwrap())),
                4 => block.push(key, &Value::List(vec![Value::Int(1), Value::text("x")])),
                _ => block.push_float(key, f64::from(1.0f32 / (row + round) as f32)),
            }
        }
    }
    let rows = Rows { chunk: chunk(10), rows: 10, block: block.finish() };
    let mut sample = BlockBuilder::new();
    sample.begin_row();
    sample.push_float("gpu", round as f64 / 3.0);
    let sample = Rows { chunk: chunk(1), rows: 1, block: sample.finish() };
    let line =
        |text: String| ConsoleLine { time: None, is_stderr: false, label: "".into(), text: text.into() };
    let lines = (0..10).map(|row| line(format!("{number} {round} {row}"))).collect();
    let console = Console { chunk: chunk(10), lines };
    let bodies = [Body::Logged(rows), Body::SystemSampled(sample), Body::ConsoleWritten(console)];
    bodies.into_iter().map(|body| event(run(number), body)).collect()
}

/// Every cell and line that readers find: run, stream, position, line, key, value.
pub(super) fn cells(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut cells = BTreeSet::new();
    for run in snapshot.projection.runs().map(Result::unwrap) {
        for kind in [StreamKind::History, StreamKind::System] {
            for extent in snapshot.extents(&run, kind).unwrap() {
                let piece = snapshot.rows(&extent).unwrap();
                for column in piece.block.columns() {
                    for (row, cell) in column.iter() {
                        let (lsn, line) = (piece.lsn(row), piece.line(row));
                        let writer = &extent.writer;
                        cells.insert(format!(
                            "{} {kind:?} {writer} {lsn} {line} {} {cell:?}",
                            run.key, column.name
                        ));
                    }
                }
            }
        }
        for extent in snapshot.extents(&run, StreamKind::Console).unwrap() {
            for (number, lsn, line) in snapshot.console_lines(&extent).unwrap() {
                cells.insert(format!("{} {} {lsn} {number} {line:?}", run.key, extent.writer));
            }
        }
    }
    cells
}

/// Compacts until nothing is left to do, looking at every cell after each job.
fn compact(core: &mut Core, world: &World, expected: &BTreeSet<String>) {
    core.end_active().unwrap();
    let mut jobs = 0;
    while let Some(order) = core.plan(0) {
        core.publish(order.make(world, None)).unwrap();
        let found = cells(&core.snapshot());
        let lost: Vec<_> = expected.difference(&found).take(3).collect();
        let new: Vec<_> = found.difference(expected).take(3).collect();
        assert!(lost.is_empty() && new.is_empty(), "D9: lost {lost:?}, new {new:?}");
        jobs += 1;
        assert!(jobs < 200, "compaction ends");
    }
}

#[test]
fn d9_rows_of_several_projects_stay_what_they_were_while_files_are_merged() {
    let (mut core, world) = begun(&options());
    let keys: Vec<String> = (0..7).map(|key| format!("key{key}")).collect();
    for round in 0..24 {
        let events = (0..RUNS).flat_map(|number| logged(number, round, &keys)).collect();
        commit(&mut core, events);
        if round % 2 == 1 {
            let expected = cells(&core.snapshot());
            compact(&mut core, &world, &expected);
        }
    }
    let tables = core.snapshot().tables.all().map(|table| table.meta.clone()).collect::<Vec<_>>();
    let merged: Vec<_> = tables.iter().filter(|meta| meta.level > 0).collect();
    let kinds: BTreeSet<_> = merged.iter().map(|meta| meta.kind).collect();
    assert_eq!(kinds.len(), 4, "every kind was merged");
    assert!(merged.iter().any(|meta| meta.level > 1), "and merged again");
    for meta in merged.iter().filter(|meta| meta.kind != Kind::Events) {
        assert!(meta.project.is_some(), "one project a file");
    }
    let now = core.snapshot();
    let recorded: Vec<u64> = now.recorded(Lsn(1)).map(|event| event.unwrap().lsn.0).collect();
    assert_eq!(recorded, (1..=now.durable.0).collect::<Vec<_>>(), "every event, in log order");
    // Positions of files of events follow each other.
    let mut events: Vec<_> = tables.iter().filter(|meta| meta.kind == Kind::Events).collect();
    events.sort_by_key(|meta| meta.lsns);
    assert_eq!(events[0].lsns.0.0, 1);
    assert!(events.windows(2).all(|pair| pair[0].lsns.1.0 + 1 == pair[1].lsns.0.0));
    for table in core.snapshot().tables.all().filter(|table| table.meta.kind == Kind::Events) {
        let lsns: Vec<u64> =
            table.events(Lsn(0), &Whose::ALL).unwrap().map(|event| event.unwrap().lsn.0).collect();
        assert_eq!(lsns, (table.meta.lsns.0.0..=table.meta.lsns.1.0).collect::<Vec<_>>());
    }
}

/// Of a moment of the past no row is seen that was written later, also where both stand in one file.
#[test]
fn the_past_is_what_it_was_when_its_rows_stand_among_later_ones() {
    let (mut core, world) = begun(&options());
    let keys: Vec<String> = (0..3).map(|key| format!("key{key}")).collect();
    let mut seen = Vec::new();
    for round in 0..12 {
        commit(&mut core, (0..RUNS).flat_map(|number| logged(number, round, &keys)).collect());
        let then = cells(&core.snapshot());
        compact(&mut core, &world, &then);
        seen.push((core.snapshot().durable, then));
    }
    let now = core.snapshot();
    assert!(now.tables.all().any(|table| table.meta.level > 0), "some were merged");
    for (durable, then) in &seen {
        let past = now.as_of(Moment::Lsn(*durable)).unwrap();
        assert!(cells(&past) == *then, "D9: the past at {durable}");
    }
}

/// As long as the log holds the events, also what was merged is made again from it.
#[test]
fn f4_damaged_merged_files_are_made_again_with_those_that_reach_into_their_positions() {
    for kind in [Kind::Events, Kind::History, Kind::Console] {
        let disk = SimDisk::default();
        let (mut core, world) = begun_on(&disk, &options());
        for round in 0..8 {
            commit(&mut core, logged(0, round, &[format!("key {}", round % 3)]));
            let expected = cells(&core.snapshot());
            compact(&mut core, &world, &expected);
        }
        let expected = cells(&core.snapshot());
        let tables = core.snapshot();
        let merged = tables.tables.of(kind).find(|table| table.meta.level > 0).unwrap().meta.clone();
        disk.rot(&merged.path(), |bytes| bytes[100] ^= 1);
        drop((tables, core));
        let mut core = Core::open(world.clone(), &options()).unwrap();
        core.snapshot().tables.check();
        let order = core.plan_rebuild().unwrap();
        core.publish(order.make(&world, None)).unwrap();
        assert!(core.plan_rebuild().is_none(), "{kind:?}: nothing is damaged any more");
        let snapshot = core.snapshot();
        assert!(snapshot.tables.all().all(|table| table.meta.id != merged.id && table.check_all().is_ok()));
        assert!(cells(&snapshot) == expected, "{kind:?}: D9");
        compact(&mut core, &world, &expected);
    }
}

/// What the log does not hold any more is told and left.
#[test]
fn f4_a_damaged_file_whose_events_the_log_dropped_is_left() {
    let disk = SimDisk::default();
    let dropping = Options { keep_log: Some(Duration::ZERO), ..options() };
    let (mut core, world) = begun_on(&disk, &dropping);
    for round in 0..8 {
        commit(&mut core, logged(0, round, &["key".to_owned()]));
        let expected = cells(&core.snapshot());
        compact(&mut core, &world, &expected);
    }
    let merged =
        core.snapshot().tables.of(Kind::History).find(|table| table.meta.level > 0).unwrap().meta.clone();
    assert!(core.snapshot().segments()[0].first_lsn > merged.lsns.0, "its log is gone");
    disk.rot(&merged.path(), |bytes| bytes[100] ^= 1);
    drop(core);
    let mut core = Core::open(world, &dropping).unwrap();
    core.snapshot().tables.check();
    assert!(core.plan_rebuild().is_none());
    let snapshot = core.snapshot();
    let damaged = snapshot.tables.all().filter(|table| table.check_all().is_err());
    assert_eq!(damaged.map(|table| table.meta.id).collect::<Vec<_>>(), [merged.id]);
}

#[test]
fn keys_that_have_no_room_in_a_merged_file_keep_every_cell() {
    let mut options = options();
    (options.compaction.file_bytes_min, options.compaction.file_bytes_max) = (8 << 20, 16 << 20);
    let (mut core, world) = begun(&options);
    for round in 0..6 {
        // Each file from the log has room for its keys; of what is merged some have none.
        let keys: Vec<String> = (0..400).map(|key| format!("{round} {key}")).collect();
        commit(&mut core, logged(0, round, &keys));
        let expected = cells(&core.snapshot());
        compact(&mut core, &world, &expected);
    }
    let history = core.snapshot();
    let merged: Vec<_> = history.tables.of(Kind::History).collect();
    let long =
        merged.iter().filter(|table| table.entries().unwrap().any(|entry| entry.unwrap().key.is_some()));
    assert!(long.count() > 0, "some keys stand in the long layout");
}

/// The log is gone, so only files of events tell what runs were.
#[test]
fn f4_damaged_files_of_runs_and_state_are_made_again_of_files_of_events() {
    let options = Options { keep_log: Some(std::time::Duration::ZERO), ..options() };
    let disk = SimDisk::default();
    let (mut core, world) = begun_on(&disk, &options);
    let keys = ["loss".to_owned(), "text".to_owned()];
    for round in 0..5 {
        commit(&mut core, (0..RUNS).flat_map(|number| logged(number, round, &keys)).collect());
        core.end_active().unwrap();
        while core.compact().unwrap() {}
    }
    let runs = |snapshot: &Snapshot| -> Vec<Vec<u8>> {
        snapshot.projection.runs().map(|run| run.unwrap().to_bytes().unwrap()).collect()
    };
    let (whole, rows) = (runs(&core.snapshot()), cells(&core.snapshot()));
    assert!(core.snapshot().segments()[0].first_lsn > Lsn(1), "the log's beginning is gone");
    core.close().unwrap();
    for kind in [Kind::Runs, Kind::State] {
        let mut core = Core::open(world.clone(), &options).unwrap();
        // Of the files of runs the newest is what is read.
        let damaged =
            core.snapshot().tables.of(kind).map(|table| table.meta.clone()).max_by_key(|meta| meta.id);
        let damaged = damaged.unwrap();
        core.close().unwrap();
        disk.rot(&damaged.path(), |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 8;
        });
        core = Core::open(world.clone(), &options).unwrap();
        let rebuilt = core.counters().tables_rebuilt.load(std::sync::atomic::Ordering::Relaxed);
        if kind == Kind::Runs {
            let read: Result<Vec<_>, _> = core.snapshot().projection.runs().collect();
            assert!(read.is_err(), "D6: it is told");
            let order = core.plan_rebuild().expect("who reads it marks it");
            core.publish(order.make(&world, None)).unwrap();
        } else {
            core.compact().unwrap();
        }
        let snapshot = core.snapshot();
        assert!(core.counters().tables_rebuilt.load(std::sync::atomic::Ordering::Relaxed) > rebuilt);
        assert!(runs(&snapshot) == whole && cells(&snapshot) == rows, "{kind:?}");
        assert!(snapshot.tables.all().all(|table| table.meta.id != damaged.id && table.check_all().is_ok()));
        core.close().unwrap();
    }
}

/// Every checksum is right, and a run's rows are in no table file.
#[test]
fn d9_a_deep_check_tells_that_table_files_say_less_than_the_log() {
    let (mut core, world) = begun(&options());
    let keys = ["loss".to_owned()];
    for round in 0..3 {
        commit(&mut core, (0..RUNS).flat_map(|number| logged(number, round, &keys)).collect());
    }
    core.end_active().unwrap();
    while core.compact().unwrap() {}
    let check = || crate::ops::verify(&world, true, &mut |_| ()).unwrap().damages;
    assert_eq!(check(), []);
    let table = core.snapshot().tables.of(Kind::History).next().unwrap().clone();
    let snapshot = core.snapshot();
    let gone = BTreeSet::from([snapshot.projection.generation(&run(2)).unwrap().unwrap().ordinal]);
    let mut maker =
        super::Maker::new(&world, None, snapshot.tables.all().map(|table| table.meta.id).max().unwrap());
    maker.label(Kind::History, 0, table.meta.lsns);
    super::merge::make_without(&mut maker, &snapshot, &table, &gone, u64::MAX).unwrap();
    let made = super::made(&maker, &snapshot, vec![table.meta.id], snapshot.tables.through);
    core.publish(Ok(super::Done::Merged(made))).unwrap();
    let damages = check();
    let is_told =
        |damage: &crate::error::Damage| damage.what.contains("differ at event") && damage.is_derived;
    assert!(!damages.is_empty() && damages.iter().all(is_told), "{damages:?}");
}

/// F8: only what was not synced leaves doubt.
#[test]
fn f8_a_manifest_that_finds_the_disk_full_ends_where_it_did_and_writing_goes_on() {
    use crate::disk::sim::{ENOSPC, Failure, OpKind};
    let left = SimDisk::default();
    let (mut core, world) = begun_on(&left, &options());
    let keys = ["loss".to_owned()];
    commit(&mut core, (0..RUNS).flat_map(|number| logged(number, 0, &keys)).collect());
    core.end_active().unwrap();
    let rows = cells(&core.snapshot());
    core.close().unwrap();
    drop(world);
    let mut edits = 0;
    for op in 0..64 {
        let disk = left.after_image(crate::disk::sim::Image::AllLost);
        let world = disk.world(&SimClock::default(), 9);
        let mut core = Core::open(world.clone(), &options()).unwrap();
        commit(&mut core, vec![event(run(0), Body::Heartbeat)]);
        let made = core.plan(0).unwrap().make(&world, None);
        let first = disk.op_count();
        disk.plan(first + op..first + op + 1, Failure::error(ENOSPC));
        let done = core.publish(made);
        let Some(failed) = disk.ops().get(usize::try_from(first + op).unwrap()).cloned() else { break };
        if failed.kind != OpKind::Write || !failed.path.as_str().starts_with("manifest/") {
            continue;
        }
        edits += 1;
        assert!(matches!(done, Err(crate::Error::DiskFull)), "{done:?}");
        assert_eq!(core.stopped(), None, "nobody doubts what the disk holds");
        commit(&mut core, vec![event(run(1), Body::Heartbeat)]);
        core.end_active().unwrap();
        while core.compact().unwrap() {}
        assert!(cells(&core.snapshot()) == rows);
        let durable = core.snapshot().durable;
        drop(core);
        let core = Core::open(disk.after_kill().world(&SimClock::default(), 10), &options()).unwrap();
        assert_eq!(core.snapshot().durable, durable);
        assert!(cells(&core.snapshot()) == rows);
    }
    assert!(edits > 0);
}
