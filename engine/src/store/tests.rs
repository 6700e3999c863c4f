//! The store with its threads: what is shown, what begins by itself, who waits for what.

use super::*;
use crate::event::{
    BlockBuilder, Body, Chunk, Event, Path as ValuePath, Paths, ProjectCreated, Rows, RunCreated, State,
    Subject, Value,
};
use crate::id::{Lsn, ProjectKey, RunKey, RunPath};
use crate::snapshot::Moment;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

fn options(dir: &TempDir) -> Options {
    Options { segment_bytes_min: 8 << 10, segment_bytes_max: 16 << 10, ..Options::new(dir.path()) }
}

fn event(subject: impl Into<Subject>, body: Body) -> Event {
    Event { subject: subject.into(), received: 1, actor: "ada".into(), body }
}

fn run(name: &str) -> RunKey {
    RunPath::new(ProjectKey::new("ada", "p"), name).generation(1)
}

fn begin(store: &Store, name: &str) {
    let mut events = Vec::new();
    if store.snapshot().projection.projects.is_empty() {
        let created = ProjectCreated { description: "".into() };
        events.push(event(ProjectKey::new("ada", "p"), Body::ProjectCreated(created)));
    }
    let created = RunCreated { source: "test".into(), state: State::Running };
    events.push(event(run(name), Body::RunCreated(created)));
    store.append_blocking(Batch::new(events)).unwrap();
}

fn row(name: &str, step: i64) -> Event {
    let mut block = BlockBuilder::new();
    block.begin_row();
    block.push_int("_step", step);
    block.push_float("loss", 1.0 / step as f64);
    let line = u64::try_from(step).unwrap();
    let chunk = Chunk { writer: "".into(), first_line: line, lines: 1, hash: line };
    event(run(name), Body::Logged(Rows { chunk, rows: 1, block: block.finish() }))
}

fn steps(snapshot: &Snapshot, name: &str) -> Vec<i64> {
    let run = snapshot.projection.run(&run(name).path()).unwrap().unwrap();
    let extents = snapshot.extents(&run, crate::StreamKind::History).unwrap();
    let rows = |extent| snapshot.rows(extent).unwrap();
    extents
        .iter()
        .flat_map(|extent| rows(extent).block.column("_step").unwrap().ints().unwrap().collect::<Vec<_>>())
        .collect()
}

#[test]
fn what_was_appended_is_there_at_once_after_reopening_and_for_readers() {
    let dir = TempDir::new().unwrap();
    for round in 0..3 {
        let store = Store::open(options(&dir)).unwrap();
        if round == 0 {
            begin(&store, "a");
        }
        for step in round * 100..round * 100 + 100 {
            store.append_blocking(Batch::new(vec![row("a", step)])).unwrap();
        }
        let expected: Vec<i64> = (0..round * 100 + 100).collect();
        assert_eq!(steps(&store.snapshot(), "a"), expected);
        assert_eq!(steps(&read(dir.path()).unwrap(), "a"), expected);
        // One round ends without a close: the lock and the thread go with the process's store.
        if round != 1 {
            store.close().unwrap();
        }
    }
    let snapshot = read(dir.path()).unwrap();
    assert!(snapshot.segments().len() > 2, "{:?}", snapshot.segments());
    let lsns: Vec<Lsn> = snapshot.events(Lsn(1)).map(|event| event.unwrap().0).collect();
    assert_eq!(lsns, (1..=snapshot.durable.0).map(Lsn).collect::<Vec<_>>());
    assert_eq!(snapshot.events(snapshot.durable).count(), 1);
}

#[test]
fn every_moment_of_the_past_is_what_it_was_then() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(options(&dir)).unwrap();
    let (base, mut seen) = (store.now(), vec![store.snapshot()]);
    begin(&store, "a");
    for step in 0..200 {
        let rows = Event { received: base + step, ..row("a", step) };
        store.append_blocking(Batch::new(vec![rows])).unwrap();
        seen.push(store.snapshot());
    }
    let now = store.snapshot();
    for then in &seen[1..] {
        let past = now.as_of(Moment::Lsn(then.durable)).unwrap();
        assert_eq!((past.durable, steps(&past, "a")), (then.durable, steps(then, "a")));
    }
    assert_eq!(now.as_of(Moment::Lsn(Lsn(0))).unwrap().projection.run_count(), 0);
    let ninety = now.as_of(Moment::Time(base + 90)).unwrap();
    assert_eq!(steps(&ninety, "a"), (0..=90).collect::<Vec<_>>());
    assert_eq!(now.as_of(Moment::Time(i64::MAX)).unwrap().durable, now.durable);
    store.close().unwrap();
    let read = read(dir.path()).unwrap();
    assert_eq!(steps(&read.as_of(Moment::Lsn(seen[50].durable)).unwrap(), "a"), steps(&seen[50], "a"));
}

#[test]
fn a_batch_decided_on_old_knowledge_is_refused_and_leaves_nothing() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(options(&dir)).unwrap();
    begin(&store, "a");
    let known = store.snapshot().projection.seq(&run("a").into()).unwrap();
    store.append_blocking(Batch::new(vec![row("a", 1)]).expect(run("a"), known)).unwrap();
    let before = store.snapshot().durable;
    let late = store.append_blocking(Batch::new(vec![row("a", 2)]).expect(run("a"), known));
    assert!(matches!(late, Err(Error::Conflict { expected: 1, found: 2 })), "{late:?}");
    let unknown = store.append_blocking(Batch::new(vec![row("a", 3), row("nobody", 1)]));
    assert!(matches!(unknown, Err(Error::Rejected(_))), "{unknown:?}");
    assert_eq!((store.snapshot().durable, steps(&store.snapshot(), "a")), (before, vec![1]));
}

#[test]
fn many_writers_at_once_all_find_their_events() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(options(&dir)).unwrap();
    for writer in 0..8 {
        begin(&store, &format!("r{writer}"));
    }
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let store = &store;
            scope.spawn(move || {
                let name = format!("r{writer}");
                for step in 0..50 {
                    store.append_blocking(Batch::new(vec![row(&name, step)])).unwrap();
                    assert_eq!(steps(&store.snapshot(), &name).len() as i64, step + 1);
                }
            });
        }
    });
    assert!(store.counters().syncs.load(Ordering::Relaxed) < 8 * 50 + 100);
}

#[test]
fn compaction_begins_by_itself_when_a_segment_has_ended() {
    let dir = TempDir::new().unwrap();
    let mut options = options(&dir);
    options.compaction.automatic = true;
    let store = Store::open(options).unwrap();
    begin(&store, "a");
    let mut snapshots = store.subscribe();
    let has_ended = || store.snapshot().segments().iter().any(|segment| segment.sealed);
    let mut step = 0;
    while !has_ended() {
        store.append_blocking(Batch::new(vec![row("a", step)])).unwrap();
        step += 1;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let compacted = snapshots.wait_for(|snapshot| !snapshot.table_files().is_empty());
    assert!(!runtime.block_on(compacted).unwrap().table_files().is_empty());
    assert_eq!(steps(&store.snapshot(), "a"), (0..step).collect::<Vec<_>>());
    store.close().unwrap();
}

#[test]
fn who_asks_for_a_compaction_waits_until_nothing_is_left_to_merge() {
    let dir = TempDir::new().unwrap();
    let mut options = options(&dir);
    (options.compaction.fresh_files, options.compaction.growth) = (2, 2);
    // So slow that only who waits gets it done.
    options.compaction.idle_bytes_per_second = 1;
    options.compaction.busy_bytes_per_second = 1;
    let store = Store::open(options).unwrap();
    begin(&store, "a");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for round in 0..4 {
        store.append_blocking(Batch::new(vec![row("a", round)])).unwrap();
        runtime.block_on(store.compact()).unwrap();
    }
    let levels: Vec<u8> = store.snapshot().table_files().iter().map(|table| table.level).collect();
    assert!(levels.iter().any(|level| *level > 0), "{levels:?}");
    let mut found = steps(&store.snapshot(), "a");
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3]);
    store.close().unwrap();
}

#[test]
fn an_event_larger_than_a_segment_gets_a_segment_of_its_own() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(options(&dir)).unwrap();
    begin(&store, "a");
    let path: ValuePath = vec!["big".into()];
    let big = Value::text("x".repeat(100_000));
    let change = Paths { removed: Vec::new(), set: vec![(path, big.clone())] };
    store.append_blocking(Batch::new(vec![event(run("a"), Body::ConfigChanged(change))])).unwrap();
    store.close().unwrap();
    let snapshot = read(dir.path()).unwrap();
    assert_eq!(snapshot.projection.run(&run("a").path()).unwrap().unwrap().config.get("big"), Some(&big));
}

#[test]
fn a_folder_without_a_store_is_read_as_that() {
    let dir = TempDir::new().unwrap();
    assert!(matches!(read(dir.path()), Err(Error::NoStore)));
    let names = World::real(dir.path()).disk.list(&crate::disk::RelPath::root()).unwrap();
    assert_eq!(names, Vec::<String>::new(), "readers never create anything");
}
