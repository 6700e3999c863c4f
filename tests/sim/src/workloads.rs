//! The fixed workloads of T1 and T2. Each is stopped at every operation of the disk, and each
//! operation fails in every way.
//!
//! A part of the store that is new brings a workload: an entry of [`all`] with the runs that it must
//! come to, and a test a layer that names it (`tests/crash_points.rs`, `tests/errors.rs`).

mod erasing;

use std::path::Path;

use engine::disk::RelPath;
use engine::disk::sim::{Image, SimDisk};
use engine::{Durability, Options};

use crate::driver::Step::{
    Backup, Close, Commit, Compact, Delete, Idle, Kill, Open, PowerLoss, Room, RotTables, SetWall, Upload,
};
use crate::driver::{Driver, Step, merging_options, small_options};

/// What is done to a store, over and over.
#[derive(Debug, Clone)]
pub struct Workload {
    /// What tests call it.
    pub name: &'static str,
    /// How the store is opened.
    pub options: Options,
    /// The store before; none: an empty disk.
    pub folder: Option<SimDisk>,
    /// What is done first, without a fault: each of these in turn.
    pub setups: Vec<Vec<Step>>,
    /// What is stopped and fails.
    pub steps: Vec<Step>,
    /// Of every so manieth aftermath the recovery is stopped too, at each of its operations; 0: none.
    pub nested: u64,
    /// What such a recovery does.
    pub recovery: Vec<Step>,
    /// How many ways of failing T2 takes, of those that it knows.
    pub ways: usize,
    /// How many recoveries T1 comes to, at the least.
    pub stops: u64,
    /// How many runs T2 comes to, at the least.
    pub failures: u64,
}

impl Workload {
    fn new(name: &'static str, nested: u64, (stops, failures): (u64, u64), parts: &[&[Step]]) -> Self {
        let (setups, recovery) = (vec![Vec::new()], vec![Open, Commit(vec![(1, 10)])]);
        let (options, steps) = (small_options(), parts.concat());
        let (folder, ways) = (None, usize::MAX);
        Self { name, options, folder, setups, steps, nested, recovery, ways, stops, failures }
    }

    fn after(self, setup: &[&[Step]]) -> Self {
        Self { setups: vec![setup.concat()], ..self }
    }

    /// The one of that name.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn named(name: &str) -> Self {
        all().into_iter().find(|workload| workload.name == name).unwrap()
    }

    /// A client at the beginning of the steps that are to be stopped.
    #[must_use]
    pub fn prepared(&self, setup: &[Step]) -> Driver {
        let options = self.options.clone();
        let mut driver = match &self.folder {
            Some(disk) => Driver::of_store(disk.after_kill(), options),
            None => Driver::new(options),
        };
        driver.run(setup);
        driver
    }
}

/// Clients at the beginning of a workload's steps, as many as are wanted. What leaves the store closed is
/// done once.
pub fn starts<'a>(workload: &'a Workload, setup: &'a [Step]) -> impl Fn() -> Driver + 'a {
    let first = workload.prepared(setup);
    move || match (&first.core, setup) {
        (None, [_, ..]) => first.fork(first.disk.after_kill()),
        _ => workload.prepared(setup),
    }
}

fn small(count: usize) -> Vec<Step> {
    vec![Commit(vec![(1, 20)]); count]
}

fn big(count: usize) -> Vec<Step> {
    vec![Commit(vec![(3, 900)]); count]
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Workload> {
    let mut found = of_the_log();
    found.extend(of_recovery());
    // These take long: they fail in the ways that tell most, and the others in all.
    let slow = of_table_files().into_iter().chain(erasing::all());
    found.extend(slow.map(|workload| Workload { ways: 4, ..workload }));
    found.extend(of_other_files());
    found
}

fn of_the_log() -> Vec<Workload> {
    let group = [Commit(vec![(1, 10), (3, 200), (1, 10), (2, 700)])];
    let half = [Commit(vec![(3, 700)])];
    let round = [&half[..], &[Idle], &half, &half].concat();
    let huge = [Commit(vec![(9, 9000)])];
    let quiet = [&small(2)[..], &[Idle]].concat();
    let os = Workload {
        options: Options { durability: Durability::Os, ..small_options() },
        ..Workload::new(
            "acked without a sync",
            0,
            (520, 780),
            &[&[Open], &quiet, &half, &half, &half, &[Idle, Close, Open], &small(2)],
        )
    };
    let hour = 3_600_000_000_000;
    let jumps = [SetWall(-hour), SetWall(i64::MAX), SetWall(0), SetWall(i64::MIN)];
    let jumps: Vec<Step> = jumps.into_iter().flat_map(|jump| [vec![jump], quiet.clone()].concat()).collect();
    vec![
        Workload::new("append", 2, (6_000, 350), &[&[Open], &small(6)]),
        Workload::new("groups", 3, (3_500, 300), &[&[Open], &group, &group, &[Idle], &group]),
        Workload::new("roll", 5, (5_400, 760), &[&[Open], &small(5), &big(6)]),
        Workload::new("roll with a spare", 6, (5_400, 900), &[&[Open], &small(5), &round, &round, &round]),
        Workload::new(
            "a batch larger than a segment",
            5,
            (6_200, 850),
            &[&[Open], &small(5), &huge, &[Idle], &small(1), &huge],
        ),
        Workload::new("idle", 3, (4_800, 430), &[&[Open], &quiet, &quiet, &quiet]),
        Workload::new("clock jumps", 0, (360, 550), &[&[Open], &jumps, &[Close]]),
        Workload::new(
            "full disk",
            0,
            (500, 750),
            &[&[Open], &small(3), &[Room(Some(9))], &big(4), &[Idle], &big(2), &[Room(None)], &big(1)],
        ),
        os,
    ]
}

fn of_recovery() -> Vec<Workload> {
    let round = [&[Open][..], &small(3), &[Close]].concat();
    let rolled = [&[Open][..], &big(3), &[Idle, Close]].concat();
    let images = Image::EXTREMES.into_iter().chain((0..4).map(Image::Drawn));
    let torn = images.map(|image| {
        [&[Open][..], &small(7), &[PowerLoss(image), Open], &small(1), &[PowerLoss(image)]].concat()
    });
    vec![
        Workload::new("close and open", 7, (7_500, 1_370), &[&round, &round, &[Open, Close], &round]),
        Workload::new("roll and close", 7, (5_600, 1_030), &[&rolled, &rolled]),
        Workload::new("recovery after a kill", 2, (5_300, 280), &[&[Open], &small(2)]).after(&[
            &[Open],
            &small(7),
            &[Kill],
        ]),
        Workload {
            setups: torn.collect(),
            ..Workload::new("recovery after power losses", 0, (2_450, 700), &[&[Open], &small(2), &[Close]])
        },
        Workload {
            folder: Some(golden("v1.0/killed")),
            ..Workload::new("upgrade", 5, (4_700, 600), &[&[Open], &small(1), &[Close, Open], &small(1)])
        },
    ]
}

fn of_table_files() -> Vec<Workload> {
    let wide = [Commit(vec![(3, 900), (2, 100)])];
    let logged = [&[Open][..], &small(3), &wide, &wide, &wide, &wide, &[Close]].concat();
    let half = [&[Open][..], &vec![Commit(vec![(3, 60), (2, 60)]); 2], &[Close]].concat();
    // Two files of each kind, straight from the log, become one of the project.
    let merging = Workload {
        options: merging_options(),
        ..Workload::new("merging", 0, (1_050, 520), &[&[Open, Compact], &small(1), &[Close, Open]])
    };
    vec![
        merging.after(&[&half, &[Open, Compact], &half]),
        Workload::new(
            "compaction",
            47,
            (2_700, 600),
            &[&[Open, Compact], &small(2), &wide, &[Compact], &small(1)],
        )
        .after(&[&logged]),
        // Packed segments are there already, and a recovery reads them.
        Workload::new(
            "packing",
            47,
            (2_400, 550),
            &[&[Open], &wide, &[Close, Open, Compact], &wide, &[Close, Open]],
        )
        .after(&[&[Open], &small(3), &wide, &[Close, Open, Compact, Close]]),
        Workload::new("rebuild", 0, (600, 295), &[&[Open, RotTables, Compact], &small(1), &[Close, Open]])
            .after(&[&logged, &[Open, Compact, Close]]),
    ]
}

fn of_other_files() -> Vec<Workload> {
    vec![
        Workload::new(
            "delete and bring back",
            0,
            (450, 670),
            &[&[Open], &small(3), &[Delete(true), Idle], &small(1), &[Delete(false), Close, Open]],
        ),
        Workload::new(
            "upload",
            9,
            (4_000, 900),
            &[&[Open], &small(2), &[Upload(700), Upload(5000), Upload(700), Close, Open, Upload(90)]],
        ),
        Workload::new(
            "backup",
            0,
            (400, 0),
            &[&[Open], &small(2), &[Upload(700), Backup], &big(2), &[Backup], &small(1)],
        ),
    ]
}

/// What is found after a stop or a failure and what came then, with what rotted before it made again.
///
/// # Panics
///
/// When what rotted is not made again (F4).
#[must_use]
pub fn after(stopped: &Driver, aftermath: &Step) -> Driver {
    let mut after = stopped.fork(stopped.disk.clone());
    after.step(aftermath);
    after.disk.limit(None);
    if after.options.durability == Durability::Os && *aftermath != Kill {
        after.journal.doubt();
    }
    after.options.durability = Durability::Sync;
    if after.is_rotten {
        after.run(&[Open, Compact, Kill]);
        assert!(!after.is_rotten, "F4: what is damaged is made again");
    }
    after
}

/// A folder that an earlier release left.
fn golden(name: &str) -> SimDisk {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden").join(name);
    let files = ["log", "manifest"].into_iter().flat_map(|part| {
        let names = std::fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| format!("{part}/{}", name.to_str().unwrap())).collect::<Vec<_>>()
    });
    SimDisk::holding(files.map(|file| (RelPath::of(&file), std::fs::read(folder.join(&file)).unwrap())))
}
