//! Histories of every kind, and each of their moments as it was seen then.

use std::sync::Arc;
use std::time::Duration;

use crate::batch::Batch;
use crate::core::Core;
use crate::disk::sim::{Chance, SimClock, SimDisk};
use crate::event::{
    Attribute, BlockBuilder, Body, Branch, Chunk, Event, Origin, Paths, ProjectCreated, Rows, RunChanged,
    RunCreated, State, Subject, UserAdded, Value,
};
use crate::id::{ProjectKey, RunKey, RunPath};
use crate::options::Options;
use crate::snapshot::{Moment, Snapshot};

fn project(number: u64) -> ProjectKey {
    ProjectKey::new("ada", format!("p{number}"))
}

/// A few events that fit what stands.
fn next(snapshot: &Snapshot, chance: &mut Chance, number: u64) -> Vec<(Subject, Body)> {
    let projection = &snapshot.projection;
    let project = project(chance.below(2));
    if !projection.projects.contains_key(&project) {
        let created = Body::ProjectCreated(ProjectCreated { description: format!("{number}").into() });
        return vec![(project.into(), created)];
    }
    if chance.below(12) == 0 {
        let added = UserAdded { name: format!("u{number}").into(), admin: false };
        return vec![(Subject::Store, Body::UserAdded(added))];
    }
    let path = RunKey { project, run: format!("r{}", chance.below(4)).into(), generation: 1 }.path();
    let newest = projection.run(&path).unwrap();
    let created = || Body::RunCreated(RunCreated { source: "".into(), state: State::Running });
    let Some(run) = newest.filter(|_| chance.below(9) > 0) else {
        let older = projection.run(&path).unwrap();
        let key = path.generation(older.as_ref().map_or(0, |run| run.key.generation) + 1);
        let mut bodies = vec![(key.clone().into(), created())];
        // It may go on from the generation before, or from another run.
        let other = RunPath::new(path.project.clone(), format!("r{}", chance.below(4)));
        let parent = if chance.below(2) == 0 { older } else { projection.run(&other).unwrap() };
        if let Some(parent) = parent.filter(|parent| parent.erased.is_none() && chance.below(3) > 0) {
            let keys = parent.history.keys.iter().map(|(key, stats)| (key.clone(), *stats)).collect();
            let step = i64::try_from(chance.below(number + 1)).unwrap();
            let origin = Origin { parent: parent.key.clone(), step, at: snapshot.durable, rows: 1 };
            bodies.push((key.into(), Body::Forked(Branch { origin, last_step: Some(step), keys })));
        }
        return bodies;
    };
    let key = run.key.clone();
    if run.erased.is_some() {
        return vec![(path.generation(key.generation + 1).into(), created())];
    }
    let body = match chance.below(7) {
        0 if run.deleted.is_none() => Body::RunDeleted,
        0 => Body::RunUndeleted,
        1 => Body::RunChanged(RunChanged { set: vec![(Attribute::Name, Value::text(format!("n{number}")))] }),
        2 => {
            let set = vec![(vec![format!("k{}", number % 3).into()], Value::text(format!("{number}")))];
            Body::ConfigChanged(Paths { removed: Vec::new(), set })
        }
        3 => Body::Heartbeat,
        _ => {
            let mut block = BlockBuilder::new();
            block.begin_row();
            block.push_int("_step", i64::try_from(number).unwrap());
            block.push_text(&format!("key{}", number % 3), &format!("{number}"));
            let chunk = Chunk { writer: "".into(), first_line: number, lines: 1, hash: number };
            Body::Logged(Rows { chunk, rows: 1, block: block.finish() })
        }
    };
    vec![(key.into(), body)]
}

fn same(then: &Snapshot, now: &Snapshot, moment: Moment) {
    let past = now.as_of(moment).unwrap();
    assert_eq!(past.durable, then.durable);
    let (ours, theirs) = (&past.projection, &then.projection);
    assert_eq!(ours.run_count(), theirs.run_count());
    assert_eq!(ours.store, theirs.store);
    assert!(ours.people.users.keys().eq(theirs.people.users.keys()));
    let mut is_any_erased = false;
    for (ours, theirs) in ours.runs().zip(theirs.runs()) {
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        assert_eq!((&ours.key, ours.seq, ours.updated), (&theirs.key, theirs.seq, theirs.updated));
        if ours.erased.is_some() && theirs.erased.is_none() {
            is_any_erased = true;
            continue;
        }
        let is_same = ours.to_bytes().unwrap() == theirs.to_bytes().unwrap();
        assert!(is_same, "at {moment:?} it was {theirs:?}, and is told to have been {ours:?}");
        let found = past.projection.run(&ours.key.path()).unwrap().map(|run| run.ordinal);
        let expected = then.projection.run(&theirs.key.path()).unwrap().map(|run| run.ordinal);
        assert_eq!(found, expected, "the newest of {}", ours.key);
        for kind in [crate::projection::StreamKind::History, crate::projection::StreamKind::System] {
            let rows = |snapshot: &Snapshot, run: &crate::projection::Run| -> Vec<u64> {
                let extents = snapshot.extents(run, kind).unwrap();
                let pieces = extents.iter().map(|extent| snapshot.rows(extent).unwrap());
                let mut lsns: Vec<u64> = pieces
                    .flat_map(|piece| (0..piece.block.rows()).map(|row| piece.lsn(row).0).collect::<Vec<_>>())
                    .collect();
                lsns.sort_unstable();
                lsns
            };
            assert_eq!(rows(&past, &ours), rows(then, &theirs));
        }
    }
    for (key, theirs) in &theirs.projects {
        let ours = &ours.projects[key];
        let told = |project: &crate::projection::Project| {
            (project.created, project.description.clone(), project.seq, project.updated, project.runs_made)
        };
        assert_eq!(told(ours), told(theirs));
        if !is_any_erased {
            assert_eq!(past.projection.runs_in(key).unwrap(), then.projection.runs_in(key).unwrap());
            assert_eq!(past.projection.visible_in(key).unwrap(), then.projection.visible_in(key).unwrap());
        }
    }
    assert_eq!(ours.projects.len(), theirs.projects.len());
    if !is_any_erased {
        assert!(ours.active().eq(theirs.active()), "{moment:?}");
    }
}

#[test]
fn every_moment_is_what_it_was_whatever_was_done_since() {
    for seed in 0..12 {
        let mut chance = Chance::new(seed);
        let disk = SimDisk::default();
        let (segment_bytes_min, segment_bytes_max) = (4 << 10, 4 << 10);
        let keep_log = (seed % 2 == 0).then_some(Duration::ZERO);
        let mut options = Options { segment_bytes_min, segment_bytes_max, keep_log, ..Options::new("") };
        (options.compaction.fresh_files, options.compaction.growth) = (2, 1);
        let world = disk.world(&SimClock::default(), seed);
        let mut core = Core::open(world.clone(), &options).unwrap();
        let mut seen: Vec<(Arc<Snapshot>, i64)> = Vec::new();
        let mut received = 0;
        for number in 0..160 {
            match chance.below(24) {
                0 => {
                    core.end_active().unwrap();
                    while core.compact().unwrap() {}
                }
                1 => {
                    core.close().unwrap();
                    core = Core::open(world.clone(), &options).unwrap();
                }
                2 if number > 100 => {
                    core.condemn(Duration::ZERO, &"".into());
                    while core.compact().unwrap() {}
                    seen.push((core.snapshot(), i64::MAX));
                }
                _ => {}
            }
            received += 10;
            let events = next(&core.snapshot(), &mut chance, number).into_iter();
            let events = events.map(|(subject, body)| Event { subject, received, actor: "ada".into(), body });
            assert!(core.commit(vec![Batch::new(events.collect())]).iter().all(Result::is_ok));
            seen.push((core.snapshot(), received));
        }
        let now = core.snapshot();
        for (then, received) in &seen {
            same(then, &now, Moment::Lsn(then.durable));
            if *received < i64::MAX && seed % 3 == 0 && number_of_erased(&now) == 0 {
                same(then, &now, Moment::Time(*received));
            }
        }
        // Also for who looks at the past of the past, and who opens the folder.
        let (middle, _) = &seen[seen.len() / 2];
        let half = now.as_of(Moment::Lsn(middle.durable)).unwrap();
        same(&seen[10].0, &half, Moment::Lsn(seen[10].0.durable));
        drop(core);
        let again = crate::core::read_in(&disk.after_kill().world(&SimClock::default(), 1)).unwrap();
        for (then, _) in seen.iter().step_by(7) {
            same(then, &again, Moment::Lsn(then.durable));
        }
    }
}

/// Events of the store itself are received when the clock says so, which is no order here.
fn number_of_erased(snapshot: &Snapshot) -> usize {
    snapshot.projection.runs().filter(|run| run.as_ref().unwrap().erased.is_some()).count()
}
