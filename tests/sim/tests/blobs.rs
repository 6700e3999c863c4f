//! F15: an upload that stops, differs or finds the disk full leaves nothing; one that was reported
//! as stored is there, whole, after any power loss.

use engine::disk::sim::{ENOSPC, Failure, Image, OpKind, SimClock, SimDisk};
use engine::{Blob, Blobs, Core, Error};

use wbq_sim::driver::{Case, small_options};

const PARTS: [&[u8]; 3] = [&[1; 700], &[2; 5000], &[3; 90]];

fn blobs(disk: &SimDisk) -> Blobs {
    Blobs::new(disk.world(&SimClock::default(), 7))
}

/// A folder in which uploads can be made: opened once, closed.
fn folder() -> SimDisk {
    let disk = SimDisk::default();
    Core::open(disk.world(&SimClock::default(), 1), &small_options()).unwrap().close().unwrap();
    disk.after_image(Image::AllLost)
}

fn upload(disk: &SimDisk, size: Option<u64>, md5: Option<[u8; 16]>) -> Result<Blob, Error> {
    let mut upload = blobs(disk).begin()?;
    PARTS.iter().try_for_each(|part| upload.write(part))?;
    upload.finish(size, md5)
}

/// Opens the folder again, which clears `tmp/`, and gives the names of the files that are no log.
fn left(disk: &SimDisk) -> Vec<String> {
    Core::open(disk.world(&SimClock::default(), 2), &small_options()).unwrap().close().unwrap();
    let names = disk.files().into_keys().map(|path| path.as_str().to_owned());
    names.filter(|name| name.starts_with("blobs/") || name.starts_with("tmp/blob-")).collect()
}

fn is_whole(disk: &SimDisk, digest: &[u8; 32]) -> bool {
    let Ok(stored) = blobs(disk).open(digest) else { return false };
    let mut bytes = vec![0; 6000];
    let read = stored.read_at(0, &mut bytes).unwrap();
    bytes[..read] == PARTS.concat()[..]
}

#[test]
fn f15_an_upload_that_stops_or_differs_leaves_nothing() {
    let disk = folder();
    let mut stopped = blobs(&disk).begin().unwrap();
    stopped.write(PARTS[0]).unwrap();
    drop(stopped);
    for (size, md5) in [(Some(5789), None), (None, Some([0; 16]))] {
        let refused = upload(&disk, size, md5);
        assert!(matches!(refused, Err(Error::UploadDiffers { .. })), "{refused:?}");
    }
    assert!(disk.files().keys().all(|path| !path.as_str().starts_with("tmp/blob-")));
    assert_eq!(left(&disk), [""; 0]);
    assert!(upload(&disk, Some(5790), None).is_ok(), "it may be sent again");
}

#[test]
fn f15_an_upload_whose_power_goes_at_any_operation_is_whole_or_gone() {
    let whole = folder();
    let digest = upload(&whole, Some(5790), None).unwrap().digest;
    let images = || Image::EXTREMES.into_iter().chain((0..4).map(Image::Drawn));
    for op in 0..whole.op_count() {
        for stop in [Failure::StopBefore, Failure::StopAfter] {
            let disk = folder();
            disk.plan(op..op + 1, stop);
            let stored = upload(&disk, Some(5790), None);
            for image in images() {
                let _case = Case(|| format!("{stop:?} at operation {op}, {image:?}"));
                let after = disk.after_image(image);
                let names = left(&after);
                let is_there = names.iter().any(|name| name.starts_with("blobs/"));
                assert!(names.iter().all(|name| name.starts_with("blobs/")), "tmp/ is cleared: {names:?}");
                assert!(stored.is_err() || is_there, "what was reported is there");
                assert!(!is_there || is_whole(&after, &digest), "a name stands for a whole blob");
                assert!(upload(&after, Some(5790), None).is_ok(), "it may be sent again");
            }
        }
    }
    for image in images() {
        assert!(is_whole(&whole.after_image(image), &digest), "what was reported survives {image:?}");
    }
}

/// The job fails and removes what it wrote; the folder takes it when there is room. Syncs of folders
/// are left out: one that fails is F7, and what an upload does then is not settled yet.
#[test]
fn f9_an_upload_that_finds_the_disk_full_at_any_operation_leaves_nothing() {
    let whole = folder();
    upload(&whole, None, None).unwrap();
    let ops = whole.ops();
    for (op, _) in (0..).zip(&ops).filter(|(_, op)| op.kind != OpKind::SyncDir) {
        let _case = Case(|| format!("full at operation {op}"));
        let disk = folder();
        disk.plan(op..op + 1, Failure::error(ENOSPC));
        if let Err(error) = upload(&disk, None, None) {
            assert!(matches!(error, Error::DiskFull), "{error:?}");
            let names: Vec<_> = disk.files().into_keys().collect();
            assert!(names.iter().all(|path| !path.as_str().starts_with("tmp/blob-")), "{names:?}");
        }
        disk.forget_plans();
        assert!(upload(&disk, None, None).is_ok(), "it may be sent again");
    }
}
