//! F15: an upload in parts goes on after any power loss from bytes that are all there, or begins anew.

use engine::disk::RelPath;
use engine::disk::sim::{EIO, Failure, Image, SimClock, SimDisk};
use engine::{Core, Error, Held, HeldName, Upload};

use wbq_sim::driver::{Case, small_options};

const NAME: HeldName = [0xa7; 16];
const CONTENT: &str = "tmp/held-a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7";
const NOTE: &str = "tmp/held-a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7.note";
const TOTAL: u64 = 9_000;
/// The parts, each of which ends with a note.
const PARTS: [usize; 2] = [700, 5_000];

fn open(disk: &SimDisk) -> Core {
    Core::open(disk.world(&SimClock::default(), 1), &small_options()).unwrap()
}

fn file() -> Vec<u8> {
    (0..TOTAL).map(|at| (at * at % 251).to_le_bytes()[0]).collect()
}

/// Uploads the parts; `noted` is how much was noted when it stopped.
fn begun(core: &Core, noted: &mut u64) -> Result<Upload, Error> {
    let mut upload = core.blobs().begin_held(NAME)?;
    let mut at = 0;
    for len in PARTS {
        upload.write(&file()[at..at + len])?;
        at += len;
        upload.note(TOTAL, 7)?;
        *noted = at as u64;
    }
    // What comes behind the last note is in nobody's hands.
    upload.write(&file()[at..at + 100])?;
    Ok(upload)
}

fn held(core: &Core) -> Vec<Held> {
    core.blobs().held().unwrap()
}

fn left(disk: &SimDisk) -> Vec<String> {
    let names = disk.files().into_keys().map(|path| path.as_str().to_owned());
    names.filter(|name| name.starts_with("tmp/")).collect()
}

/// Sends the rest of what is held, all of it where nothing is; gives what was stored.
fn completed(core: &Core) -> Vec<u8> {
    let taken = core.blobs().take_up(NAME, TOTAL).unwrap();
    let mut upload = taken.unwrap_or_else(|| core.blobs().begin_held(NAME).unwrap());
    let at = usize::try_from(upload.size()).unwrap();
    upload.write(&file()[at..]).unwrap();
    let blob = upload.finish(Some(TOTAL), None).unwrap();
    let mut bytes = vec![0; 10_000];
    let read = core.blobs().open(&blob.digest).unwrap().read_at(0, &mut bytes).unwrap();
    bytes.truncate(read);
    bytes
}

#[test]
fn f15_an_upload_in_parts_whose_power_goes_at_any_operation_goes_on_from_what_was_noted() {
    let whole = SimDisk::default();
    let core = open(&whole);
    let first = whole.op_count();
    drop(begun(&core, &mut 0).unwrap());
    let ops = first..whole.op_count();
    assert!(ops.clone().count() > 12, "{ops:?}");
    let mut went_on = 0;
    for op in ops {
        for stop in [Failure::StopBefore, Failure::StopAfter] {
            let disk = SimDisk::default();
            let core = open(&disk);
            disk.plan(op..op + 1, stop);
            let mut noted = 0;
            let _may_stop = begun(&core, &mut noted);
            for image in Image::EXTREMES.into_iter().chain((0..4).map(Image::Drawn)) {
                let _case = Case(|| format!("{stop:?} at operation {op}, {image:?}"));
                let after = disk.after_image(image);
                let core = open(&after);
                let size = held(&core).first().map_or(0, |held| held.size);
                assert!(size >= noted, "{noted} were noted, {size} are held");
                went_on += usize::from(size > 0);
                assert_eq!(completed(&core), file());
                assert_eq!((held(&core), left(&after)), (Vec::new(), Vec::<String>::new()));
            }
        }
    }
    assert!(went_on > 50, "{went_on}");
}

#[test]
fn f15_what_is_held_and_is_not_what_its_note_says_is_forgotten() {
    type Damage = fn(&mut Vec<u8>);
    // What is held then: the bytes of the last note that can be read, or nothing.
    let damages: [(&str, Damage, u64); 7] = [
        (CONTENT, |bytes| bytes[30] ^= 1, 0),
        (CONTENT, |bytes| bytes.truncate(600), 0),
        (CONTENT, |bytes| bytes.extend_from_slice(b"more"), 5_700),
        (NOTE, |bytes| bytes[30] ^= 1, 5_700),
        (NOTE, |bytes| bytes[100] ^= 1, 700),
        (NOTE, |bytes| bytes.truncate(100), 700),
        (NOTE, |bytes| [30, 100].into_iter().for_each(|at| bytes[at] ^= 1), 0),
    ];
    for (number, (path, damage, expected)) in damages.into_iter().enumerate() {
        let _case = Case(|| format!("damage {number}"));
        let disk = SimDisk::default();
        let core = open(&disk);
        drop(begun(&core, &mut 0).unwrap());
        drop(core);
        let disk = disk.after_kill();
        disk.rot(&RelPath::of(path), damage);
        let core = open(&disk);
        let taken = core.blobs().take_up(NAME, TOTAL).unwrap();
        assert_eq!(taken.as_ref().map_or(0, Upload::size), expected);
        drop(taken);
        let is_left = !left(&disk).is_empty();
        assert_eq!((is_left, held(&core).len()), (expected > 0, usize::from(expected > 0)));
        assert_eq!(completed(&core), file());
        assert_eq!(left(&disk), Vec::<String>::new());
    }
}

#[test]
fn f15_what_is_held_is_of_one_file_and_goes_when_it_is_forgotten_or_differs() {
    let disk = SimDisk::default();
    let core = open(&disk);
    drop(begun(&core, &mut 0).unwrap());
    assert_eq!(held(&core), [Held { name: NAME, total: TOTAL, size: 5_700, at: 7 }]);
    core.blobs().forget_held(&NAME).unwrap();
    assert_eq!((held(&core), left(&disk)), (Vec::new(), Vec::<String>::new()));
    // Of a file of another length nothing is taken up.
    drop(begun(&core, &mut 0).unwrap());
    assert!(core.blobs().take_up(NAME, TOTAL + 1).unwrap().is_none());
    assert_eq!(left(&disk), Vec::<String>::new());
    let refused = begun(&core, &mut 0).unwrap().finish(Some(TOTAL), None);
    assert!(matches!(refused, Err(Error::UploadDiffers { .. })), "{refused:?}");
    assert_eq!(left(&disk), Vec::<String>::new());
    // Bytes that nobody noted go with who sent them, and with the next opening.
    let mut unnoted = core.blobs().begin_held(NAME).unwrap();
    unnoted.write(b"some").unwrap();
    drop(unnoted);
    assert_eq!(left(&disk), Vec::<String>::new());
    let mut unnoted = core.blobs().begin_held(NAME).unwrap();
    unnoted.write(b"some").unwrap();
    std::mem::forget(unnoted);
    core.close().unwrap();
    drop(open(&disk));
    assert_eq!(left(&disk), Vec::<String>::new());
}

#[test]
fn f7_a_note_that_cannot_be_synced_is_none() {
    let disk = SimDisk::default();
    let core = open(&disk);
    let first = disk.op_count();
    drop(begun(&core, &mut 0).unwrap());
    for op in first..disk.op_count() {
        let _case = Case(|| format!("operation {op} fails"));
        let disk = SimDisk::default();
        let core = open(&disk);
        disk.plan(op..op + 1, Failure::error(EIO));
        let mut noted = 0;
        let begun = begun(&core, &mut noted);
        let has_failed = begun.is_err();
        drop(begun);
        disk.forget_plans();
        drop(core);
        let core = open(&disk.after_image(Image::EXTREMES[0]));
        let size = held(&core).first().map_or(0, |held| held.size);
        assert!(size >= noted && (has_failed || size == 5_700), "{noted} were noted, {size} are held");
        assert_eq!(completed(&core), file());
    }
}
