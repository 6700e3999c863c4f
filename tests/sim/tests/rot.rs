//! T4: of one small file of each kind every bit flipped, every length cut to, every sector zeroed,
//! every two sectors exchanged. Damage is told, with its place, or harms nothing; never other rows,
//! never fewer, never a panic (D6).

use engine::disk::RelPath;
use engine::disk::sim::{Image, SimClock, SimDisk};
use engine::ops::{self, Verified};
use engine::{Damage, Error, Snapshot, read_in};

use Step::{Close, Commit, Compact, Idle, Kill, Open, Upload};
use wbq_sim::driver::{Case, Driver, Events, Step, small_options};
use wbq_sim::look::{look, try_look};
use wbq_sim::traffic::file_of;

/// How many cases each test comes to, at the least.
const CASES: [(&str, u64); 5] =
    [("proven", 32_000), ("ended", 36_000), ("manifest", 5_000), ("tables", 90_000), ("blob", 39_000)];

const SECTOR: usize = 512;

/// Bytes of the mark that proves the last group.
const CLOSE_MARK: usize = 36;

#[derive(Debug, Clone, Copy)]
enum Rot {
    Bit(usize),
    CutTo(usize),
    Zeroed(usize),
    Exchanged(usize, usize),
}

/// Every way in which a file of so many bytes rots.
fn rots(len: usize) -> impl Iterator<Item = Rot> {
    let sectors = len.div_ceil(SECTOR);
    let pairs = move |one| (one + 1..sectors).map(move |other| Rot::Exchanged(one, other));
    let bits = (0..len * 8).map(Rot::Bit);
    let cuts = (0..len).map(Rot::CutTo);
    bits.chain(cuts).chain((0..sectors).map(Rot::Zeroed)).chain((0..sectors).flat_map(pairs))
}

impl Rot {
    fn harm(self, bytes: &mut Vec<u8>) {
        let end = bytes.len();
        let sector = |number: usize| number * SECTOR..((number + 1) * SECTOR).min(end);
        match self {
            Self::Bit(bit) => bytes[bit / 8] ^= 1 << (bit % 8),
            Self::CutTo(len) => bytes.truncate(len),
            Self::Zeroed(number) => bytes[sector(number)].fill(0),
            Self::Exchanged(one, other) => {
                // Behind the end of the file the last sector is zeros, and stays behind it.
                let whole = |number: usize| {
                    let mut whole = bytes[sector(number)].to_vec();
                    whole.resize(SECTOR, 0);
                    whole
                };
                let (first, second) = (whole(one), whole(other));
                for (number, with) in [(one, second), (other, first)] {
                    let range = sector(number);
                    bytes[range.clone()].copy_from_slice(&with[..range.len()]);
                }
            }
        }
    }
}

/// A store that was left, and what it holds.
struct Left {
    driver: Driver,
    events: Events,
}

fn left(steps: &[Step]) -> Left {
    let mut driver = Driver::new(small_options());
    driver.run(steps);
    driver.core = None;
    driver.disk = driver.disk.after_image(Image::AllLost);
    let events = look(&read(&driver.disk).unwrap());
    Left { driver, events }
}

fn read(disk: &SimDisk) -> Result<Snapshot, Error> {
    read_in(&disk.world(&SimClock::default(), 0))
}

fn verified(disk: &SimDisk) -> Verified {
    ops::verify(&disk.world(&SimClock::default(), 0), false, &mut |_| ()).unwrap()
}

/// Lets a file rot in every way.
fn t4(name: &str, left: &Left, files: &[RelPath], check: impl Fn(&SimDisk, &RelPath)) {
    t4_where(name, left, files, |_| true, check);
}

/// [`t4`], where not every way of rotting concerns the file.
#[expect(clippy::print_stdout, reason = "how often is for people")]
fn t4_where(
    name: &str,
    left: &Left,
    files: &[RelPath],
    concerns: impl Fn(Rot) -> bool,
    check: impl Fn(&SimDisk, &RelPath),
) {
    let stored = left.driver.disk.files();
    let mut cases = 0;
    for path in files {
        for rot in rots(stored[path].len()).filter(|rot| concerns(*rot)) {
            let mut bytes = stored[path].clone();
            rot.harm(&mut bytes);
            if bytes == stored[path] {
                continue;
            }
            let _case = Case(|| format!("{rot:?} of {path}"));
            let disk = left.driver.disk.after_image(Image::AllLost);
            disk.rot(path, |stored| *stored = bytes);
            check(&disk, path);
            cases += 1;
        }
    }
    println!("{name}: {cases} cases");
    let (_, least) = CASES.into_iter().find(|(known, _)| *known == name).unwrap();
    assert!(cases >= least, "{name}: {cases} cases where {least} belong");
}

/// What an opening says of damage; none when it finds everything.
fn told(left: &Left, disk: &SimDisk) -> Option<Damage> {
    let mut after = left.driver.fork(disk.clone());
    match after.try_open() {
        Ok(core) => {
            assert!(look(&core.snapshot()) == left.events, "what is not told is harmless");
            None
        }
        Err(Error::Damaged(damage)) => Some(*damage),
        // The version stands in the header, outside of what its checksum could tell to a later release.
        Err(Error::TooNew { .. }) => None,
        Err(other) => unreachable!("{other:?}"),
    }
}

fn files_in(left: &Left, folder: &str) -> Vec<RelPath> {
    left.driver.disk.files().into_keys().filter(|path| path.as_str().starts_with(folder)).collect()
}

/// A segment that a killed writer left, all of it proven by a close mark.
#[test]
fn t4_f2_a_proven_segment() {
    let left =
        left(&[Open, Commit(vec![(1, 10)]), Commit(vec![(3, 300)]), Commit(vec![(2, 100)]), Idle, Kill]);
    let segment = files_in(&left, "log/").pop().unwrap();
    let end = left.driver.disk.files()[&segment].iter().rposition(|byte| *byte != 0).unwrap();
    // Of a store that was never closed the last group and its proof may go together, in one sector or
    // by a cut: nothing tells that from a torn tail.
    let holds_mark = |sector: usize| (sector + 1) * SECTOR + CLOSE_MARK > end;
    let concerns = |rot| match rot {
        Rot::Bit(_) => true,
        Rot::CutTo(_) => false,
        Rot::Zeroed(sector) => !holds_mark(sector),
        Rot::Exchanged(one, other) => !holds_mark(one) && !holds_mark(other),
    };
    t4_where("proven", &left, std::slice::from_ref(&segment), concerns, |disk, path| {
        if let Some(damage) = told(&left, disk) {
            assert!(damage.what.contains(path.name()) || damage.segment.is_some(), "{damage:?}");
        }
    });
}

/// A segment that was sealed: its end stands in the manifest, with the runs.
#[test]
fn t4_f3_an_ended_segment() {
    let left = left(&[&[Open][..], &vec![Commit(vec![(1, 10), (3, 400)]); 10], &[Close]].concat());
    let segment = files_in(&left, "log/").remove(0);
    t4("ended", &left, &[segment], |disk, _| {
        if let Some(damage) = told(&left, disk) {
            assert_eq!(damage.segment.map(|id| id.0), Some(1), "{damage:?}");
            assert!(damage.lsns.is_some() && !damage.runs.is_empty(), "{damage:?}");
        }
    });
}

#[test]
fn t4_f5_a_manifest() {
    let left = left(&[&[Open][..], &vec![Commit(vec![(3, 400)]); 10], &[Compact, Close]].concat());
    let manifest = files_in(&left, "manifest/").pop().unwrap();
    t4("manifest", &left, &[manifest], |disk, path| {
        if let Some(damage) = told(&left, disk) {
            // One that is cut between two edits may name a file that a later edit dropped.
            let is_named = damage.what.contains(path.as_str()) || damage.what.contains("manifest");
            assert!(is_named || damage.segment.is_some(), "{damage:?}");
        }
    });
}

/// Every byte of a table file and of its index is checked; the log still holds the events.
#[test]
fn t4_f4_table_files() {
    let steps = [&[Open][..], &vec![Commit(vec![(3, 60)]); 4], &[Close, Open, Compact]].concat();
    let left = left(&steps);
    let tables = files_in(&left, "tables/");
    assert!(tables.len() >= 6, "{tables:?}");
    let number = std::cell::Cell::new(0);
    t4("tables", &left, &tables, |disk, path| {
        let stem = path.as_str().split('.').next().unwrap();
        let found = match ops::verify(&disk.world(&SimClock::default(), 0), false, &mut |_| ()) {
            Ok(found) => found.damages,
            // The version of the index is looked at before its checksum.
            Err(Error::TooNew { path, .. }) => {
                assert!(path.as_str().starts_with(stem), "{path}");
                return;
            }
            Err(other) => unreachable!("{other:?}"),
        };
        let [damage] = &found[..] else { unreachable!("verify: {found:?}") };
        assert!(damage.is_derived && damage.what.contains(stem), "{damage:?}");
        assert!(damage.lsns.is_some(), "{damage:?}");
        // Who reads it is told, or reads nothing of what rotted.
        number.set(number.get() + 1);
        if number.get() % 4 == 0 {
            match try_look(&read(disk).unwrap()) {
                Ok(found) => assert!(found == left.events),
                Err(Error::Damaged(damage)) => assert!(damage.is_derived, "{damage:?}"),
                Err(other) => unreachable!("{other:?}"),
            }
        }
    });
}

/// A user file is read to its end only where its bytes are those of its name.
#[test]
fn t4_a_blob() {
    let size = 4400;
    let left = left(&[Open, Commit(vec![(1, 10)]), Upload(size), Close]);
    let blob = files_in(&left, "blobs/").pop().unwrap();
    let digest = digest_of(&read(&left.driver.disk).unwrap());
    t4("blob", &left, &[blob], |disk, path| {
        let found = verified(disk).damages;
        assert!(found.len() == 1 && found[0].what.contains(path.as_str()), "{found:?}");
        let mut after = left.driver.fork(disk.clone());
        let mut pieces = after.open().blobs().open(&digest).unwrap().pieces();
        let mut read = 0;
        let refused = loop {
            match pieces.read(700) {
                Ok(piece) => read += piece.len(),
                Err(error) => break error,
            }
            assert!(read < size, "all of it is given, and it is not what was stored");
        };
        assert!(matches!(&refused, Error::Damaged(_)), "{refused:?}");
    });
    assert_eq!(left.driver.disk.files()[&files_in(&left, "blobs/")[0]], file_of(0, size));
}

/// The digest of the only file of the only run.
fn digest_of(snapshot: &Snapshot) -> [u8; 32] {
    let mut runs = snapshot.projection.runs().map(Result::unwrap);
    let file = runs.find_map(|run| run.files.values().next().cloned()).unwrap();
    file.file.digest
}

/// All kinds of file together (RELIABILITY 2.4).
#[test]
fn t4_damages_200_000_times() {
    assert!(CASES.iter().map(|(_, cases)| cases).sum::<u64>() >= 200_000);
}
