//! Runs are deleted, erased, and looked for everywhere.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::tests::{RUNS, begun_on, cells, commit, event, logged, options, project, run};
use crate::core::Core;
use crate::disk::World;
use crate::disk::sim::{Failure, Image, SimClock, SimDisk};
use crate::error::Error;
use crate::event::{
    Attribute, Body, ErasureDone, FileDeleted, FilePut, Paths, Quarantined, RunChanged, RunCreated, State,
    Value,
};
use crate::id::{Lsn, RunKey};
use crate::options::Options;
use crate::snapshot::{Moment, Snapshot};
use crate::table::Kind;

/// What the run to be erased says everywhere, and no other run.
const SECRET: &str = "patient 4711";
const ERASED: u64 = 0;

fn upload(core: &Core, content: &str) -> [u8; 32] {
    let mut upload = core.blobs().begin().unwrap();
    upload.write(content.as_bytes()).unwrap();
    upload.finish(None, None).unwrap().digest
}

fn put(name: &str, digest: [u8; 32]) -> Body {
    let (name, kind) = (name.into(), "".into());
    Body::FilePut(FilePut { name, digest, md5: [0; 16], size: 1, kind })
}

/// Commits an event about a run.
fn tell(core: &mut Core, number: u64, body: Body) {
    commit(core, vec![event(run(number), body)]);
}

/// A store whose runs have logged, of which one says a secret wherever it can. Gives the files: of that
/// run alone, of it no longer, of another run too, of another run no longer.
fn told_on(disk: &SimDisk, options: &Options) -> (Core, World, [[u8; 32]; 4]) {
    let (mut core, world) = begun_on(disk, options);
    let files = ["its own", "replaced", "shared", "shared once"].map(|content| upload(&core, content));
    let [own, replaced, shared, shared_once] = files;
    tell(&mut core, ERASED, put("a", replaced));
    for (name, digest) in [("a", own), ("b", shared), ("c", shared_once)] {
        tell(&mut core, ERASED, put(name, digest));
    }
    tell(&mut core, 1, put("other", shared));
    tell(&mut core, 2, put("other", shared_once));
    tell(&mut core, 2, Body::FileDeleted(FileDeleted { name: "other".into() }));
    let secret = || Value::text(SECRET);
    let set = vec![(vec!["name".into()], secret())];
    let line = Quarantined {
        stream: "history".into(),
        writer: "".into(),
        line: 99,
        raw: SECRET.into(),
        reason: "?".into(),
    };
    for body in [
        Body::RunChanged(RunChanged { set: vec![(Attribute::Name, secret())] }),
        Body::ConfigChanged(Paths { removed: Vec::new(), set: set.clone() }),
        Body::SummaryChanged(Paths { removed: Vec::new(), set }),
        Body::Quarantined(line),
    ] {
        tell(&mut core, ERASED, body);
    }
    let keys = ["loss".to_owned(), "text".to_owned()];
    let hidden = [format!("loss of {SECRET}"), "text".to_owned()];
    for round in 0..7 {
        for number in 0..RUNS {
            let keys = if number == ERASED { &hidden } else { &keys };
            commit(&mut core, logged(number, round, keys));
        }
        if round % 3 == 0 {
            core.end_active().unwrap();
            while core.compact().unwrap() {}
        }
    }
    (core, world, files)
}

/// All that anybody can read of a store, as text.
fn everything(disk: &SimDisk, snapshot: &Snapshot) -> String {
    let mut text = String::new();
    snapshot.recorded(Lsn(1)).for_each(|event| text += &format!("{:?}\n", event.unwrap()));
    let oldest = snapshot.segments()[0].first_lsn;
    snapshot.events(oldest).for_each(|event| text += &format!("{:?}\n", event.unwrap().2));
    for table in snapshot.tables.all() {
        match table.meta.kind {
            Kind::Runs => {
                let mut ordinals = Vec::new();
                table.runs().unwrap().each_ordinal(|ordinal| ordinals.push(ordinal)).unwrap();
                let alone = crate::table::runs::RunFiles::open(std::iter::once(table)).unwrap();
                for ordinal in ordinals {
                    text += &format!("{:?}\n", alone.load(ordinal).unwrap());
                }
            }
            Kind::Events | Kind::State => {}
            _ => {
                for entry in table.entries().unwrap().map(Result::unwrap) {
                    text += &format!("{:?} {} of run {}\n", table.meta.kind, entry.rows, entry.ordinal);
                }
            }
        }
    }
    text += &cells(snapshot).into_iter().collect::<Vec<_>>().join("\n");
    // What is not compressed is found as it is.
    disk.files().values().for_each(|bytes| text += &String::from_utf8_lossy(bytes));
    text
}

fn is_stored(core: &Core, digest: &[u8; 32]) -> bool {
    core.blobs().open(digest).is_ok()
}

fn without(cells: &BTreeSet<String>, run: &RunKey) -> BTreeSet<String> {
    let begins = format!("{run} ");
    cells.iter().filter(|cell| !cell.starts_with(&begins)).cloned().collect()
}

/// Goes on with what is begun until nothing is left to do.
fn compact(core: &mut Core) {
    let mut rounds = 0;
    while core.compact().unwrap() {
        rounds += 1;
        assert!(rounds < 50, "compaction ends");
    }
}

fn check_erased(disk: &SimDisk, core: &Core, others: &BTreeSet<String>, files: &[[u8; 32]; 4]) {
    let snapshot = core.snapshot();
    let text = everything(disk, &snapshot);
    let left: Vec<&str> = text.lines().filter(|line| line.contains(SECRET)).take(3).collect();
    assert!(left.is_empty(), "D8: something is left: {left:?}");
    assert!(!text.contains(&format!(" of run {ERASED}\n")), "D8: rows are left");
    assert!(cells(&snapshot) == *others, "D9: the rows of the others are what they were");
    let stored = files.map(|digest| is_stored(core, &digest));
    assert_eq!(stored, [false, false, true, true], "a file goes when no event of another run names it");
    let lsns = snapshot.recorded(Lsn(1)).map(|event| event.unwrap().lsn.0);
    assert!(lsns.eq(1..=snapshot.durable.0), "I7: each event of the others is where it was");
    let folded = crate::projection::Projection::of_events(&snapshot.tables).unwrap();
    assert_eq!(folded.totals, snapshot.projection.totals, "F4: state that is made again is what it was");
    let run = snapshot.projection.generation(&run(ERASED)).unwrap().unwrap();
    assert!(run.erased.is_some() && !run.is_current() && run.key.run == self::run(ERASED).run);
    assert_eq!(snapshot.projection.erasures.erasing().count(), 0, "and it is known that this was all");
}

#[test]
fn d8_of_an_erased_run_nothing_is_left_but_its_name() {
    let disk = SimDisk::default();
    let (mut core, world, files) = told_on(&disk, &options());
    let others = without(&cells(&core.snapshot()), &run(ERASED));
    tell(&mut core, ERASED, Body::RunDeleted);
    let deleted = core.snapshot();
    assert!(everything(&disk, &deleted).contains(SECRET), "until then it is there");
    assert_eq!(core.condemn(Duration::from_secs(1), &"ada".into()), 0, "not before its time");
    assert_eq!(core.condemn(Duration::ZERO, &"ada".into()), 1);
    compact(&mut core);
    check_erased(&disk, &core, &others, &files);

    // Who looked before goes on to see it; the past of all others sees nothing of it.
    assert!(deleted.recorded(Lsn(1)).any(|event| format!("{event:?}").contains(SECRET)));
    let past = core.snapshot().as_of(Moment::Lsn(Lsn(deleted.durable.0 - 1))).unwrap();
    assert!(cells(&past) == others);
    let run = past.projection.generation(&run(ERASED)).unwrap().unwrap();
    assert!(run.erased.is_some() && !run.is_current(), "it was not as it would look now");
    let told: Vec<String> = core
        .snapshot()
        .recorded(Lsn(1))
        .map(Result::unwrap)
        .filter(|recorded| recorded.event.run() == Some(&run.key))
        .map(|recorded| format!("{} {}", recorded.event.body.name(), recorded.event.actor))
        .collect();
    assert_eq!(told[told.len() - 2..], ["RunDeleted ada", "RunErased ada"], "the record of it stays");
    assert!(told[..told.len() - 2].iter().all(|told| told == "Erased ada"), "{told:?}");

    // It stays so, and the name can be used again.
    core.close().unwrap();
    let mut core = Core::open(world, &options()).unwrap();
    check_erased(&disk, &core, &others, &files);
    compact(&mut core);
    check_erased(&disk, &core, &others, &files);
    let created = || Body::RunCreated(RunCreated { source: "".into(), state: State::Running });
    let refused = |core: &mut Core, body| {
        let batch = crate::Batch::new(vec![event(self::run(ERASED), body)]);
        matches!(core.commit(vec![batch])[0], Err(Error::Rejected(_)))
    };
    assert!(refused(&mut core, Body::RunUndeleted) && refused(&mut core, Body::Heartbeat));
    assert!(refused(&mut core, created()), "no generation begins twice");
    let next = RunKey { generation: 2, ..self::run(ERASED) };
    commit(&mut core, vec![event(next.clone(), created())]);
    let found = core.snapshot().projection.run(&next.path()).unwrap().unwrap();
    assert_eq!((found.key.generation, found.is_visible()), (2, true));
}

#[test]
fn f12_a_grace_is_counted_by_the_time_that_the_store_is_open() {
    const SECOND: i64 = 1_000_000_000;
    let (disk, clock) = (SimDisk::default(), SimClock::default());
    let options = Options { keep_deleted: Some(Duration::from_secs(5)), ..options() };
    let world = disk.world(&clock, 3);
    drop(told_on(&disk, &options).0);
    let mut core = Core::open(world.clone(), &options).unwrap();
    tell(&mut core, ERASED, Body::RunDeleted);
    let is_erased =
        |core: &Core| core.snapshot().projection.generation(&run(ERASED)).unwrap().unwrap().erased.is_some();
    let wait = |seconds: u32| (0..seconds).for_each(|_| clock.advance(1_000_000_000));
    core.end_active().unwrap();
    compact(&mut core);
    for wall in [i64::MAX, 0, 1_000_000 * SECOND] {
        clock.set_wall(wall);
        compact(&mut core);
        assert!(!is_erased(&core), "no wall clock ends it");
    }
    wait(3);
    core.close().unwrap();
    // While it is closed no time is counted.
    let mut core = Core::open(world.clone(), &options).unwrap();
    compact(&mut core);
    wait(1);
    compact(&mut core);
    assert!(!is_erased(&core));
    // What is brought back has all of its time again.
    tell(&mut core, ERASED, Body::RunUndeleted);
    tell(&mut core, ERASED, Body::RunDeleted);
    wait(4);
    compact(&mut core);
    wait(4);
    compact(&mut core);
    assert!(!is_erased(&core), "four seconds since it was seen");
    wait(2);
    compact(&mut core);
    assert!(is_erased(&core), "six");
}

#[test]
fn a_run_that_is_brought_back_in_time_is_not_erased() {
    let disk = SimDisk::default();
    let (mut core, world, files) = told_on(&disk, &options());
    let before = cells(&core.snapshot());
    tell(&mut core, ERASED, Body::RunDeleted);
    core.condemn(Duration::ZERO, &"ada".into());
    let order = core.plan(0).unwrap();
    tell(&mut core, ERASED, Body::RunUndeleted);
    core.publish(order.make(&world, None)).unwrap();
    compact(&mut core);
    assert!(cells(&core.snapshot()) == before && everything(&disk, &core.snapshot()).contains(SECRET));
    assert!(files.iter().all(|digest| is_stored(&core, digest)));
    let run = core.snapshot().projection.generation(&run(ERASED)).unwrap().unwrap();
    assert!(run.is_visible() && run.text(Attribute::Name) == Some(SECRET));
}

/// The file was uploaded, and found to be there already, before it went with the run that had it.
#[test]
fn i16_an_event_that_names_a_file_that_went_is_refused_until_it_is_uploaded_again() {
    let disk = SimDisk::default();
    let (mut core, _, [own, ..]) = told_on(&disk, &options());
    assert_eq!(upload(&core, "its own"), own);
    tell(&mut core, ERASED, Body::RunDeleted);
    core.condemn(Duration::ZERO, &"".into());
    compact(&mut core);
    assert!(!is_stored(&core, &own));
    let named = || vec![crate::Batch::new(vec![event(run(1), put("late", own))])];
    let answer = core.commit(named()).remove(0);
    assert!(matches!(answer, Err(Error::BlobErased)), "{answer:?}");
    assert_eq!(upload(&core, "its own"), own);
    assert!(core.commit(named())[0].is_ok() && is_stored(&core, &own));
}

/// A file that was put to another run while the job was at work stays.
#[test]
fn i16_a_file_that_another_run_got_meanwhile_is_not_erased() {
    let disk = SimDisk::default();
    let (mut core, world, [own, ..]) = told_on(&disk, &options());
    tell(&mut core, ERASED, Body::RunDeleted);
    core.condemn(Duration::ZERO, &"".into());
    let mut is_put = false;
    while let Some(order) = core.plan(0) {
        let made = order.make(&world, None);
        if matches!(made, Ok(crate::compaction::Done::Erased(..))) {
            tell(&mut core, 1, put("mine too", own));
            is_put = true;
        }
        core.publish(made).unwrap();
    }
    assert!(is_put && is_stored(&core, &own));
    let is_done = |event: &crate::event::Event| matches!(event.body, Body::ErasureDone(ErasureDone { .. }));
    assert!(core.snapshot().recorded(Lsn(1)).any(|recorded| is_done(&recorded.unwrap().event)));
}

#[test]
fn f14_erasing_that_is_cut_off_anywhere_is_done_to_its_end_by_the_next_opening() {
    let left = SimDisk::default();
    let (mut core, _, files) = told_on(&left, &options());
    let others = without(&cells(&core.snapshot()), &run(ERASED));
    tell(&mut core, ERASED, Body::RunDeleted);
    core.close().unwrap();
    let attempt = |disk: &SimDisk, plan: Option<(u64, Failure)>| {
        let mut core = Core::open(disk.world(&SimClock::default(), 4), &options()).unwrap();
        let first = disk.op_count();
        if let Some((op, failure)) = plan {
            disk.plan(first + op..first + op + 1, failure);
        }
        core.condemn(Duration::ZERO, &"ada".into());
        while core.compact().is_ok_and(|is_any| is_any) {}
        disk.op_count() - first
    };
    let ops = attempt(&left.after_image(Image::AllLost), None);
    assert!(ops > 60, "{ops} operations");
    for op in 0..ops {
        for (stop, image) in [
            (Failure::StopBefore, Image::Drawn(op)),
            (Failure::StopAfter, if op % 2 == 0 { Image::AllLost } else { Image::AllKept }),
        ] {
            let disk = left.after_image(Image::AllLost);
            attempt(&disk, Some((op, stop)));
            let disk = disk.after_image(image);
            let mut core = Core::open(disk.world(&SimClock::default(), 5), &options()).unwrap();
            let snapshot = core.snapshot();
            assert!(without(&cells(&snapshot), &run(ERASED)) == others, "D9 after operation {op}");
            core.condemn(Duration::ZERO, &"ada".into());
            compact(&mut core);
            check_erased(&disk, &core, &others, &files);
        }
    }
}

#[test]
fn two_projects_erase_a_run_each_at_once() {
    let disk = SimDisk::default();
    let (mut core, _, files) = told_on(&disk, &options());
    assert_ne!(project(ERASED), project(1));
    let others = without(&without(&cells(&core.snapshot()), &run(ERASED)), &run(1));
    for number in [ERASED, 1] {
        tell(&mut core, number, Body::RunDeleted);
    }
    assert_eq!(core.condemn(Duration::ZERO, &"ada".into()), 2);
    compact(&mut core);
    assert!(cells(&core.snapshot()) == others);
    let stored = files.map(|digest| is_stored(&core, &digest));
    assert_eq!(stored, [false, false, false, true], "nobody has the file that the two shared");
}
