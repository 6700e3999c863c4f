use super::*;
use crate::batch::Batch;
use crate::core::Core;
use crate::disk::World;
use crate::disk::sim::{SimClock, SimDisk};
use crate::event::{
    BlockBuilder, Body, Chunk, Console, ConsoleLine, Event, FilePut, ProjectCreated, Rows, RunCreated, State,
    Subject,
};
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::log::Segments;
use crate::options::Options;

fn run(number: u32) -> RunKey {
    let project = if number < 2 { "first" } else { "second" };
    RunKey { project: ProjectKey::new("ada", project), run: format!("r{number}").into(), generation: 1 }
}

fn event(subject: impl Into<Subject>, body: Body) -> Event {
    Event { subject: subject.into(), received: 1, actor: "ada".into(), body }
}

fn commit(core: &mut Core, events: Vec<Event>) {
    core.commit(vec![Batch::new(events)]).into_iter().for_each(|answer| assert!(answer.is_ok()));
}

/// Ten rows of history with these keys, a sample and a line.
fn logged(number: u32, round: u64, keys: &[String]) -> Vec<Event> {
    let chunk = |first_line, lines| Chunk { writer: "".into(), first_line, lines, hash: round + 1 };
    let mut block = BlockBuilder::new();
    for row in 0..10 {
        block.begin_row();
        block.push_int("_step", i64::try_from(round * 10 + row).unwrap());
        for (place, key) in keys.iter().enumerate() {
            block.push_float(key, (f64::from(number) + place as f64).sin() / (row + round) as f64);
        }
    }
    let rows = Rows { chunk: chunk(round * 10, 10), rows: 10, block: block.finish() };
    let mut sample = BlockBuilder::new();
    sample.begin_row();
    sample.push_float("gpu", round as f64 / 3.0);
    let sample = Rows { chunk: chunk(round, 1), rows: 1, block: sample.finish() };
    let line = ConsoleLine { time: None, is_stderr: false, label: "".into(), text: "line".into() };
    let console = Console { chunk: chunk(round, 1), lines: vec![line] };
    [Body::Logged(rows), Body::SystemSampled(sample), Body::ConsoleWritten(console)]
        .map(|body| event(run(number), body))
        .to_vec()
}

/// Three runs of two projects: the first alone has `own`, all have `loss`, the last so many keys that some
/// stand in the long layout; some rounds in table files, the last one in the log.
fn store() -> (Core, World) {
    let world = SimDisk::default().world(&SimClock::default(), 7);
    let mut core = Core::open(world.clone(), &Options::new("")).unwrap();
    let mut events: Vec<Event> = ["first", "second"]
        .map(|name| {
            let created = ProjectCreated { description: "".into() };
            event(ProjectKey::new("ada", name), Body::ProjectCreated(created))
        })
        .to_vec();
    let created = || Body::RunCreated(RunCreated { source: "".into(), state: State::Running });
    events.extend((0..3).map(|number| event(run(number), created())));
    commit(&mut core, events);
    let keys = |number: u32| -> Vec<String> {
        match number {
            0 => vec!["loss".into(), "own".into()],
            1 => vec!["loss".into()],
            _ => std::iter::once("loss".into()).chain((0..1_100).map(|key| format!("key{key}"))).collect(),
        }
    };
    for round in 0..4 {
        (0..3).for_each(|number| commit(&mut core, logged(number, round, &keys(number))));
        if round < 3 {
            core.end_active().unwrap();
            while let Some(order) = core.plan(0) {
                core.publish(order.make(&world, None)).unwrap();
            }
        }
    }
    (core, world)
}

/// The bytes of the files of rows and of the frames behind them, of each stream.
fn on_disk(snapshot: &Snapshot) -> Vec<u64> {
    let tail: Vec<_> =
        Segments::events(Arc::clone(&snapshot.segments), snapshot.compacted().advance(1), snapshot.durable)
            .map(Result::unwrap)
            .collect();
    KINDS
        .iter()
        .map(|kind| {
            let files = snapshot.tables.of(kind_of(*kind));
            let files: u64 = files.map(|table| table.meta.bytes + table.meta.sidecar.0).sum();
            let is_of = |body: &Body| match kind {
                StreamKind::History => matches!(body, Body::Logged(_)),
                StreamKind::System => matches!(body, Body::SystemSampled(_)),
                StreamKind::Console => matches!(body, Body::ConsoleWritten(_)),
            };
            let frames = tail.iter().filter(|located| is_of(&located.event.body));
            files + frames.map(|located| 24 + u64::from(located.location.len)).sum::<u64>()
        })
        .collect()
}

fn by_run(snapshot: &Snapshot) -> BTreeMap<u32, Usage> {
    usage(snapshot, snapshot.projection.runs(), |run| run.ordinal, &mut |_| ()).unwrap()
}

#[test]
fn the_bytes_of_all_runs_are_those_of_the_files_and_of_the_log_behind_them() {
    let (core, _) = store();
    let snapshot = core.snapshot();
    assert!(snapshot.compacted() > Lsn(0) && snapshot.compacted() < snapshot.durable, "both are there");
    let runs = by_run(&snapshot);
    let sums = |of: fn(&Usage) -> Amount| runs.values().map(|usage| of(usage).bytes).sum::<u64>();
    let found = [sums(|usage| usage.history), sums(|usage| usage.system), sums(|usage| usage.console)];
    assert_eq!(found.to_vec(), on_disk(&snapshot));
    assert!(runs.values().all(|usage| usage.history.bytes > 0 && usage.console.bytes > 0));
}

#[test]
fn the_bytes_of_all_keys_are_those_of_the_files_and_of_the_log_behind_them() {
    let (core, _) = store();
    let snapshot = core.snapshot();
    let long = snapshot.tables.of(Kind::History).flat_map(|table| table.entries().unwrap());
    assert!(long.map(Result::unwrap).any(|entry| entry.key.is_some()), "some stand in the long layout");
    let keys = usage_by_key(&snapshot, snapshot.projection.runs(), &mut |_| ()).unwrap();
    let found = KINDS.map(|kind| {
        keys.iter().filter(|((of, _), _)| *of == kind).map(|(_, amount)| amount.bytes).sum::<u64>()
    });
    assert_eq!(found.to_vec(), on_disk(&snapshot));
    let points = |kind, key: &str| keys.get(&(kind, Some(Arc::from(key)))).map(|amount| amount.points);
    assert_eq!(points(StreamKind::History, "own"), Some(40));
    assert_eq!(points(StreamKind::History, "loss"), Some(120));
    assert_eq!(points(StreamKind::History, "key1099"), Some(40));
    assert_eq!(points(StreamKind::System, "gpu"), Some(12));
    assert!(keys.iter().all(|((_, key), amount)| key.is_none() || amount.bytes > 0), "each has bytes");
    assert!(keys.keys().all(|(_, key)| key.as_deref() != Some("_step")));
}

#[test]
fn runs_and_keys_of_some_runs_add_up_to_those_of_all() {
    let (core, _) = store();
    let snapshot = core.snapshot();
    let all = by_run(&snapshot);
    let (some, others) = (BTreeSet::from([0, 2]), BTreeSet::from([1]));
    let watch = &mut |_| ();
    let half = |ordinals| usage(&snapshot, runs_of(&snapshot, ordinals), |run| run.ordinal, &mut |_| ());
    let both: BTreeMap<_, _> = half(&some).unwrap().into_iter().chain(half(&others).unwrap()).collect();
    assert_eq!(both, all);
    let mut sum = usage_by_key(&snapshot, runs_of(&snapshot, &some), watch).unwrap();
    for (key, amount) in usage_by_key(&snapshot, runs_of(&snapshot, &others), watch).unwrap() {
        *sum.entry(key).or_default() += amount;
    }
    let whole = usage_by_key(&snapshot, snapshot.projection.runs(), watch).unwrap();
    // A key's bytes in a row group go to all rows of it, whether or not they have the key.
    let both: BTreeMap<_, _> = sum.into_iter().filter(|(key, _)| whole.contains_key(key)).collect();
    assert_eq!(both, whole);
}

#[test]
fn groups_have_the_sums_of_their_runs_and_progress_ends_with_all_bytes() {
    let (core, _) = store();
    let snapshot = core.snapshot();
    let mut last = None;
    let project = |run: &Run| u32::from(&*run.key.project.project == "second");
    let projects =
        usage(&snapshot, snapshot.projection.runs(), project, &mut |progress| last = Some(progress)).unwrap();
    let runs = by_run(&snapshot);
    let mut first = runs[&0].history;
    first += runs[&1].history;
    assert_eq!((projects[&0].history, projects[&1]), (first, runs[&2]));
    assert_eq!(first, Amount { rows: 80, points: 120, bytes: first.bytes });
    assert!(last.is_some_and(|progress| progress.done == progress.total && progress.total > 0));
}

#[test]
fn a_file_counts_once_in_a_run_and_once_for_each_run_that_has_it() {
    let (mut core, _) = store();
    let put = |name: &str, digest: u8, size| {
        let (name, kind) = (name.into(), "text/plain".into());
        Body::FilePut(FilePut { name, digest: [digest; 32], md5: [0; 16], size, kind })
    };
    let events = vec![
        event(run(0), put("a", 1, 100)),
        event(run(0), put("the same under another name", 1, 100)),
        event(run(0), put("b", 2, 7)),
        event(run(1), put("a", 1, 100)),
    ];
    commit(&mut core, events);
    let runs = by_run(&core.snapshot());
    let files: Vec<_> = runs.values().map(|usage| (usage.files, usage.file_bytes)).collect();
    assert_eq!(files, [(2, 107), (1, 100), (0, 0)]);
}
