//! The fixed workloads of T1 and T2. Each is stopped at every operation of the disk, and each
//! operation fails in every way.
//!
//! A part of the store that is new brings a workload: an entry of [`all`] with the runs that it must
//! come to, and a test a layer that names it (`tests/crash_points.rs`, `tests/errors.rs`).

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
    /// How many recoveries T1 comes to, at the least.
    pub stops: u64,
    /// How many runs T2 comes to, at the least.
    pub failures: u64,
}

impl Workload {
    fn new(name: &'static str, nested: u64, (stops, failures): (u64, u64), parts: &[&[Step]]) -> Self {
        let setups = vec![Vec::new()];
        let (options, steps) = (small_options(), parts.concat());
        Self { name, options, folder: None, setups, steps, nested, stops, failures }
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
            (1_000, 0),
            &[&[Open], &quiet, &half, &half, &half, &[Idle, Close, Open], &small(2)],
        )
    };
    let hour = 3_600_000_000_000;
    let jumps = [SetWall(-hour), SetWall(i64::MAX), SetWall(0), SetWall(i64::MIN)];
    let jumps: Vec<Step> = jumps.into_iter().flat_map(|jump| [vec![jump], quiet.clone()].concat()).collect();
    vec![
        Workload::new("append", 5, (9_000, 0), &[&[Open], &small(6)]),
        Workload::new("groups", 7, (5_800, 0), &[&[Open], &group, &group, &[Idle], &group]),
        Workload::new("roll", 11, (0, 0), &[&[Open], &small(5), &big(6)]),
        Workload::new("roll with a spare", 13, (0, 0), &[&[Open], &small(5), &round, &round, &round]),
        Workload::new(
            "a batch larger than a segment",
            11,
            (0, 0),
            &[&[Open], &small(5), &huge, &[Idle], &small(1), &huge],
        ),
        Workload::new("idle", 7, (8_000, 0), &[&[Open], &quiet, &quiet, &quiet]),
        Workload::new("clock jumps", 0, (700, 0), &[&[Open], &jumps, &[Close]]),
        Workload::new(
            "full disk",
            0,
            (1_000, 0),
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
        Workload::new("close and open", 11, (0, 0), &[&round, &round, &[Open, Close], &round]),
        Workload::new("roll and close", 17, (0, 0), &[&rolled, &rolled]),
        Workload::new("recovery after a kill", 5, (0, 0), &[&[Open], &small(2)]).after(&[
            &[Open],
            &small(7),
            &[Kill],
        ]),
        Workload {
            setups: torn.collect(),
            ..Workload::new("recovery after power losses", 0, (0, 0), &[&[Open], &small(2), &[Close]])
        },
        Workload {
            folder: Some(golden("v1.0/killed")),
            ..Workload::new("upgrade", 5, (0, 0), &[&[Open], &small(1), &[Close, Open], &small(1)])
        },
    ]
}

fn of_other_files() -> Vec<Workload> {
    let wide = [Commit(vec![(3, 900), (2, 100)])];
    let logged = [&[Open][..], &small(3), &wide, &wide, &wide, &wide, &[Close, Open]].concat();
    let half = [&[Open][..], &vec![Commit(vec![(3, 60), (2, 60)]); 2], &[Close, Open]].concat();
    // Two files of each kind, straight from the log, become one of the project.
    let merging = Workload {
        options: merging_options(),
        ..Workload::new("merging", 0, (1_800, 0), &[&[Compact], &small(1), &[Close, Open]])
    };
    vec![
        merging.after(&[&half, &[Compact], &half]),
        Workload::new("compaction", 47, (0, 0), &[&[Compact], &small(2), &wide, &[Compact], &small(1)])
            .after(&[&logged]),
        // Packed segments are there already, and a recovery reads them.
        Workload::new("packing", 47, (0, 0), &[&wide, &[Close, Open, Compact], &wide, &[Close, Open]])
            .after(&[&[Open], &small(3), &wide, &[Close, Open, Compact]]),
        Workload::new("rebuild", 0, (800, 0), &[&[RotTables, Compact], &small(1), &[Close, Open]])
            .after(&[&logged, &[Compact]]),
        Workload::new(
            "delete and bring back",
            0,
            (900, 0),
            &[&[Open], &small(3), &[Delete(true), Idle], &small(1), &[Delete(false), Close, Open]],
        ),
        Workload::new(
            "upload",
            9,
            (0, 0),
            &[&[Open], &small(2), &[Upload(700), Upload(5000), Upload(700), Close, Open, Upload(90)]],
        ),
        Workload::new(
            "backup",
            0,
            (800, 0),
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
