//! Runs that go on from others, in the log and in table files, until they are erased.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::batch::Batch;
use crate::core::Core;
use crate::disk::World;
use crate::disk::sim::{SimClock, SimDisk};
use crate::error::Error;
use crate::event::{
    BlockBuilder, Body, Branch, Chunk, Event, Origin, ProjectCreated, Rows, RunCreated, State, Subject,
    UserAdded,
};
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::ops;
use crate::options::Options;
use crate::projection::{ApplyError, StreamKind};
use crate::snapshot::{Moment, Snapshot};

fn project() -> ProjectKey {
    ProjectKey::new("ada", "p")
}

fn run(name: &str, generation: u32) -> RunKey {
    RunKey { project: project(), run: name.into(), generation }
}

fn commit(core: &mut Core, subject: impl Into<Subject>, body: Body) {
    let event = Event { subject: subject.into(), received: 1, actor: "ada".into(), body };
    assert!(core.commit(vec![Batch::new(vec![event])]).iter().all(Result::is_ok));
}

fn begin(core: &mut Core, key: &RunKey) {
    let created = RunCreated { source: "".into(), state: State::Running };
    commit(core, key.clone(), Body::RunCreated(created));
}

/// Logs steps, each with a value that says who wrote it and when.
fn log(core: &mut Core, key: &RunKey, steps: std::ops::Range<i64>, value: i64) {
    let mut block = BlockBuilder::new();
    for step in steps.clone() {
        block.begin_row();
        block.push_int("_step", step);
        block.push_int("loss", value);
    }
    let lines = u32::try_from(steps.count()).unwrap();
    let chunk = Chunk { writer: "".into(), first_line: 0, lines, hash: u64::from(lines) };
    commit(core, key.clone(), Body::Logged(Rows { chunk, rows: lines, block: block.finish() }));
}

fn go_on(core: &mut Core, key: &RunKey, parent: &RunKey, step: i64) {
    begin(core, key);
    let snapshot = core.snapshot();
    let stands = snapshot.projection.generation(parent).unwrap().unwrap();
    let origin = Origin { parent: parent.clone(), step, at: snapshot.durable, rows: 1 };
    let keys = stands.history.keys.iter().map(|(key, stats)| (key.clone(), *stats)).collect();
    let branch = Branch { origin, last_step: Some(step), keys };
    let is_rewind = key.run == parent.run;
    commit(core, key.clone(), if is_rewind { Body::Rewound(branch) } else { Body::Forked(branch) });
}

/// The value of each step as a reader finds it: last write wins.
fn steps(snapshot: &Snapshot, key: &RunKey) -> BTreeMap<i64, i64> {
    let run = snapshot.projection.generation(key).unwrap().unwrap();
    let mut found: BTreeMap<i64, (Lsn, i64)> = BTreeMap::new();
    for extent in snapshot.extents(&run, StreamKind::History).unwrap() {
        let piece = snapshot.rows(&extent).unwrap();
        for row in 0..piece.block.rows() {
            let cells: BTreeMap<&str, i64> =
                piece.block.row(row).map(|(key, cell)| (key, cell.to_value().as_i64().unwrap())).collect();
            let (step, new) = (cells["_step"], (piece.lsn(row), cells["loss"]));
            assert!(extent.steps.unwrap().0 <= step && step <= extent.steps.unwrap().1);
            found.entry(step).and_modify(|value| *value = (*value).max(new)).or_insert(new);
        }
    }
    found.into_iter().map(|(step, (_, value))| (step, value)).collect()
}

fn compact(core: &mut Core) {
    core.end_active().unwrap();
    while core.compact().unwrap() {}
}

fn opened(world: &World) -> Core {
    Core::open(world.clone(), &Options::new("")).unwrap()
}

fn values(of: &[(std::ops::Range<i64>, i64)]) -> BTreeMap<i64, i64> {
    of.iter().flat_map(|(steps, value)| steps.clone().map(|step| (step, *value))).collect()
}

/// A parent with steps 0 to 9, a fork of it at 4, a rewind of the fork to 6, and what was written since.
fn family(core: &mut Core, between: &mut dyn FnMut(&mut Core)) -> Vec<(Lsn, Vec<BTreeMap<i64, i64>>)> {
    let all = [run("parent", 1), run("child", 1), run("child", 2)];
    let [parent, child, rewound] = &all;
    let mut moments = Vec::new();
    let mut look = |core: &mut Core, expected: &[BTreeMap<i64, i64>]| {
        between(core);
        let snapshot = core.snapshot();
        for (key, expected) in all.iter().zip(expected) {
            assert_eq!(steps(&snapshot, key), *expected, "{key}");
        }
        moments.push((snapshot.durable, expected.to_vec()));
    };
    commit(core, project(), Body::ProjectCreated(ProjectCreated { description: "".into() }));
    begin(core, parent);
    log(core, parent, 0..10, 1);
    look(core, &[values(&[(0..10, 1)])]);
    go_on(core, child, parent, 4);
    look(core, &[values(&[(0..10, 1)]), values(&[(0..5, 1)])]);
    log(core, child, 5..10, 2);
    log(core, parent, 3..12, 3);
    let after = [values(&[(0..3, 1), (3..12, 3)]), values(&[(0..5, 1), (5..10, 2)])];
    look(core, &after);
    // What the child writes over what it has is its own.
    log(core, child, 2..3, 4);
    let of_child = values(&[(0..2, 1), (2..3, 4), (3..5, 1), (5..10, 2)]);
    look(core, &[after[0].clone(), of_child.clone()]);
    go_on(core, rewound, child, 6);
    let kept = values(&[(0..2, 1), (2..3, 4), (3..5, 1), (5..7, 2)]);
    look(core, &[after[0].clone(), of_child.clone(), kept.clone()]);
    log(core, rewound, 7..8, 5);
    let of_rewound = kept.into_iter().chain([(7, 5)]).collect();
    look(core, &[after[0].clone(), of_child, of_rewound]);
    moments
}

#[test]
fn a_run_that_goes_on_from_another_has_its_rows_up_to_a_step_at_every_moment() {
    for compacts in [false, true] {
        let world = SimDisk::default().world(&SimClock::default(), 1);
        let mut core = opened(&world);
        let moments = family(&mut core, &mut |core| {
            if compacts {
                compact(core);
            }
        });
        for reopens in [false, true] {
            if reopens {
                core.close().unwrap();
                core = opened(&world);
                compact(&mut core);
            }
            let now = core.snapshot();
            for (lsn, expected) in &moments {
                let then = now.as_of(Moment::Lsn(*lsn)).unwrap();
                for (key, expected) in
                    [run("parent", 1), run("child", 1), run("child", 2)].iter().zip(expected)
                {
                    assert_eq!(steps(&then, key), *expected, "{key} at {lsn}");
                }
            }
        }
        let child = core.snapshot().projection.generation(&run("child", 2)).unwrap().unwrap();
        assert_eq!(child.last_step, Some(7));
        assert_eq!(child.history.keys.len(), 2);
    }
}

#[test]
fn a_run_is_erased_after_those_that_go_on_from_it_and_not_before() {
    let world = SimDisk::default().world(&SimClock::default(), 1);
    let mut core = opened(&world);
    family(&mut core, &mut |_| {});
    let is_erased = |core: &Core, key: &RunKey| {
        core.snapshot().projection.generation(key).unwrap().unwrap().erased.is_some()
    };
    let (parent, child, rewound) = (run("parent", 1), run("child", 1), run("child", 2));
    commit(&mut core, parent.clone(), Body::RunDeleted);
    assert_eq!(core.condemn(Duration::ZERO, &"ada".into()), 0, "others go on from it");
    compact(&mut core);
    assert!(!is_erased(&core, &parent));
    assert_eq!(steps(&core.snapshot(), &rewound).len(), 8, "what it has of the deleted run stands");
    // Nor by an event that comes some other way.
    let erased = Event {
        subject: parent.clone().into(),
        received: 1,
        actor: "ada".into(),
        body: Body::RunErased(crate::event::RunErased::default()),
    };
    let answers = core.commit(vec![Batch::new(vec![erased])]);
    assert!(matches!(&answers[..], [Err(Error::Rejected(ApplyError::HasHeirs(_)))]), "{answers:?}");
    commit(&mut core, rewound.clone(), Body::RunDeleted);
    commit(&mut core, child.clone(), Body::RunDeleted);
    compact(&mut core);
    core.close().unwrap();
    core = opened(&world);
    assert_eq!(core.condemn(Duration::ZERO, &"ada".into()), 3, "all of them go together");
    compact(&mut core);
    compact(&mut core);
    for key in [parent, child, rewound] {
        assert!(is_erased(&core, &key), "{key}");
    }
    assert!(core.snapshot().projection.heirs.is_empty());
}

#[test]
fn a_repair_that_moves_positions_keeps_what_runs_have_of_others() {
    let disk = SimDisk::default();
    let world = disk.world(&SimClock::default(), 1);
    let mut core = opened(&world);
    let names: Vec<String> = (0..20).map(|number| format!("lost-{number}-")).collect();
    for name in &names {
        let added = UserAdded { name: name.as_str().into(), admin: false };
        commit(&mut core, Subject::Store, Body::UserAdded(added));
    }
    let moments = family(&mut core, &mut |_| {});
    core.close().unwrap();
    let log = disk.files().into_iter().filter(|(path, _)| path.as_str().starts_with("log/"));
    for (path, bytes) in log {
        for name in &names {
            let found = bytes.windows(name.len()).position(|bytes| bytes == name.as_bytes());
            found.into_iter().for_each(|at| disk.rot(&path, |bytes| bytes[at] ^= 16));
        }
    }
    let target = SimDisk::default().world(&SimClock::default(), 2);
    let report = ops::repair(&world, Some(&target), &mut |_| ()).unwrap();
    let lost: u64 = report.lost.iter().map(|(first, last)| last.0 - first.0 + 1).sum();
    assert_eq!((lost, report.misfits), (names.len() as u64, 0), "{report:?}");
    let repaired = opened(&target).snapshot();
    let (_, expected) = moments.last().unwrap();
    for (key, expected) in [run("parent", 1), run("child", 1), run("child", 2)].iter().zip(expected) {
        assert_eq!(steps(&repaired, key), *expected, "{key}");
    }
}
