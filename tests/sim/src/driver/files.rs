//! What a driver does to other files than the log: uploads, backups, rot.

use engine::disk::sim::Image;
use engine::{Blob, Body, Core, Event, FilePut, Run, RunKey, ops, read_in};

use super::Driver;
use crate::look::compare;
use crate::traffic::{FILE, file_of};
use crate::verify::check_erased;

impl Driver {
    pub(super) fn rot_tables(&mut self) {
        let files = self.disk.files();
        let ending = |end: &str| files.keys().filter(|path| path.as_str().ends_with(end)).collect::<Vec<_>>();
        for path in [ending(".idx").first(), ending(".parquet").last()].into_iter().flatten() {
            self.disk.rot(path, |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            });
            self.is_rotten = true;
        }
    }

    /// The oldest run that is not erased.
    fn oldest_run(&self) -> Option<std::sync::Arc<Run>> {
        let snapshot = self.core.as_ref().map(Core::snapshot)?;
        // Who cannot read what stands has nothing to say about it.
        let mut runs = snapshot.projection.runs().map_while(Result::ok);
        runs.find(|run| run.is_current())
    }

    /// Commits an event about the oldest run, if there is one; gives the run.
    pub(super) fn change_oldest_run(&mut self, body: impl FnOnce(u64) -> Body) -> Option<RunKey> {
        let run = self.oldest_run()?;
        self.sent += 1;
        let received = i64::try_from(self.sent).unwrap();
        let subject = run.key.clone().into();
        let event = Event { subject, received, actor: "ada".into(), body: body(self.sent) };
        self.send(vec![vec![event]]);
        Some(run.key.clone())
    }

    /// F15: an event names a user file only once all of it is there.
    pub(super) fn upload(&mut self, bytes: usize) {
        let Some((core, run)) = self.core.as_ref().zip(self.oldest_run()) else { return };
        let stored = core.blobs().begin().and_then(|mut upload| {
            upload.write(&file_of(run.ordinal, bytes))?;
            upload.finish(Some(bytes as u64), None)
        });
        let Some(blob) = self.heard(stored) else { return };
        self.change_oldest_run(|number| {
            let Blob { digest, md5, size } = blob;
            Body::FilePut(FilePut {
                name: format!("{FILE}{number}").into(),
                digest,
                md5,
                size,
                kind: "".into(),
            })
        });
    }

    /// A backup that is reported holds what the folder held; another is what it was, or begun again.
    pub(super) fn back_up(&mut self) {
        let Some(snapshot) = self.look() else { return };
        let (source, target) = (self.disk.world(&self.clock, 0), self.backup.world(&self.clock, 0));
        if self.heard(ops::backup(&source, &target, &mut |_| ())).is_some() {
            let lasting = self.backup.after_image(Image::AllLost);
            let held = read_in(&lasting.world(&self.clock, 0)).unwrap();
            assert_eq!(held.durable, snapshot.durable, "a backup that was reported is there, whole");
            compare(&held, &mut self.journal.clone(), None).unwrap();
            check_erased(&self.journal, &lasting);
        }
    }
}
