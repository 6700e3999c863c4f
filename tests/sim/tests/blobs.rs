//! F15: an upload that stops, differs or finds the disk full leaves nothing; one that was reported
//! as stored is there, whole, after any power loss.

use engine::disk::RelPath;
use engine::disk::sim::{EIO, ENOSPC, Failure, Image, OpKind, SimClock, SimDisk};
use engine::{Blob, Core, Error, ops};

use wbq_sim::driver::{Case, Driver, Step, small_options};
use wbq_sim::traffic::FILE;
use wbq_sim::verify::verify;

const PARTS: [&[u8]; 3] = [&[1; 700], &[2; 5000], &[3; 90]];

fn open(disk: &SimDisk) -> Core {
    Core::open(disk.world(&SimClock::default(), 1), &small_options()).unwrap()
}

/// An open store on an empty disk.
fn store() -> (SimDisk, Core) {
    let disk = SimDisk::default();
    let core = open(&disk);
    (disk, core)
}

fn upload(core: &Core, size: Option<u64>, md5: Option<[u8; 16]>) -> Result<Blob, Error> {
    let mut upload = core.blobs().begin()?;
    PARTS.iter().try_for_each(|part| upload.write(part))?;
    upload.finish(size, md5)
}

/// What an upload does to the disk: from which operation up to which.
fn ops_of_an_upload() -> (SimDisk, std::ops::Range<u64>, Blob) {
    let (disk, core) = store();
    let first = disk.op_count();
    let blob = upload(&core, None, None).unwrap();
    (disk.clone(), first..disk.op_count(), blob)
}

/// The names of the files of uploads, whole or not.
fn left(disk: &SimDisk) -> Vec<String> {
    let names = disk.files().into_keys().map(|path| path.as_str().to_owned());
    names.filter(|name| name.starts_with("blobs/") || name.starts_with("tmp/blob-")).collect()
}

fn is_whole(core: &Core, digest: &[u8; 32]) -> bool {
    let Ok(stored) = core.blobs().open(digest) else { return false };
    let mut bytes = vec![0; 6000];
    let read = stored.read_at(0, &mut bytes).unwrap();
    bytes[..read] == PARTS.concat()[..]
}

#[test]
fn f15_an_upload_that_stops_or_differs_leaves_nothing() {
    let (disk, core) = store();
    let mut stopped = core.blobs().begin().unwrap();
    stopped.write(PARTS[0]).unwrap();
    drop(stopped);
    for (size, md5) in [(Some(5789), None), (None, Some([0; 16]))] {
        let refused = upload(&core, size, md5);
        assert!(matches!(refused, Err(Error::UploadDiffers { .. })), "{refused:?}");
    }
    assert_eq!(left(&disk), [""; 0]);
    assert!(upload(&core, Some(5790), None).is_ok(), "it may be sent again");
}

#[test]
fn f15_an_upload_whose_power_goes_at_any_operation_is_whole_or_gone() {
    let (_, ops, Blob { digest, .. }) = ops_of_an_upload();
    let images = || Image::EXTREMES.into_iter().chain((0..4).map(Image::Drawn));
    for op in ops {
        for stop in [Failure::StopBefore, Failure::StopAfter] {
            let (disk, core) = store();
            disk.plan(op..op + 1, stop);
            let stored = upload(&core, Some(5790), None);
            for image in images() {
                let _case = Case(|| format!("{stop:?} at operation {op}, {image:?}"));
                let after = disk.after_image(image);
                let core = open(&after);
                let names = left(&after);
                let is_there = names.iter().any(|name| name.starts_with("blobs/"));
                assert!(names.iter().all(|name| name.starts_with("blobs/")), "tmp/ is cleared: {names:?}");
                assert!(stored.is_err() || is_there, "what was reported is there");
                assert!(!is_there || is_whole(&core, &digest), "a name stands for a whole blob");
                assert!(upload(&core, Some(5790), None).is_ok(), "it may be sent again");
            }
        }
    }
    let (whole, _, _) = ops_of_an_upload();
    for image in images() {
        assert!(is_whole(&open(&whole.after_image(image)), &digest), "what was reported survives {image:?}");
    }
}

/// The job fails and removes what it wrote; the folder takes it when there is room.
#[test]
fn f9_an_upload_that_finds_the_disk_full_at_any_operation_leaves_nothing() {
    let (whole, ops, _) = ops_of_an_upload();
    let done = whole.ops();
    for op in ops.filter(|op| done[*op as usize].kind != OpKind::SyncDir) {
        let _case = Case(|| format!("full at operation {op}"));
        let (disk, core) = store();
        disk.plan(op..op + 1, Failure::error(ENOSPC));
        if let Err(error) = upload(&core, None, None) {
            assert!(matches!(error, Error::DiskFull), "{error:?}");
            let names = left(&disk);
            assert!(names.iter().all(|name| !name.starts_with("tmp/")), "{names:?}");
        }
        disk.forget_plans();
        assert!(upload(&core, None, None).is_ok(), "it may be sent again");
    }
}

#[test]
fn i16_a_user_file_that_is_lost_is_told_with_its_run() {
    let mut driver = Driver::new(small_options());
    driver.run(&[Step::Open, Step::Commit(vec![(1, 10)]), Step::Upload(700), Step::Close]);
    let blob = RelPath::of(&left(&driver.disk)[0]);
    driver.disk.lose(&blob);
    let found = ops::verify(&driver.disk.world(&SimClock::default(), 0), false, &mut |_| ()).unwrap();
    let [damage] = &found.damages[..] else { unreachable!("{found:?}") };
    assert!(damage.what.contains(FILE) && damage.what.contains(blob.as_str()), "{damage:?}");
    assert_eq!(damage.runs.len(), 1, "{damage:?}");
}

/// Nobody knows which names the disk has then: nothing is written any more, by uploads or the log.
#[test]
fn f7_an_upload_whose_folder_cannot_be_synced_stops_the_store() {
    let (whole, ops, _) = ops_of_an_upload();
    let done = whole.ops();
    let mut stopped = 0;
    for op in ops.filter(|op| done[*op as usize].kind == OpKind::SyncDir) {
        let _case = Case(|| format!("the folder cannot be synced at operation {op}"));
        let mut driver = Driver::new(small_options());
        driver.run(&[Step::Open]);
        driver.disk.plan(op..op + 1, Failure::error(EIO));
        let core = driver.core.as_ref().unwrap();
        let failed = upload(core, None, None).unwrap_err();
        assert!(failed.to_string().contains("cannot sync the folder "), "{failed}");
        assert!(core.stopped().is_some());
        assert!(matches!(core.blobs().begin(), Err(Error::WritesStopped { .. })));
        let acked = driver.journal.acked();
        driver.commit(&[(1, 10)]);
        assert_eq!(driver.journal.acked(), acked, "the log stops too");
        driver.core = None;
        verify(&driver, driver.disk.after_kill());
        verify(&driver, driver.disk.after_image(Image::AllLost));
        stopped += 1;
    }
    assert_eq!(stopped, 2, "the folder that it leaves, and the one that it goes to");
}
