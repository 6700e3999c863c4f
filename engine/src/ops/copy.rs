//! Files from one folder to another, each whole before it has its name (W5).

use crate::disk::{self, RelPath, World};
use crate::error::{Error, Result};

const WINDOW: usize = 1 << 20;
/// What errors of the source say was being done.
pub(super) const READ: &str = "read";

/// A copy under way between two folders.
pub(super) struct Copy<'a> {
    pub(super) source: &'a World,
    pub(super) target: &'a World,
}

impl Copy<'_> {
    /// Copies the first `len` bytes of a file (none: all of it) to the same name, looking at each
    /// window of bytes on the way; gives how many there were. The target's folder is not synced yet.
    pub(super) fn file(
        &self,
        path: &RelPath,
        len: Option<u64>,
        mut look: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<u64> {
        let tmp = RelPath::of(&format!("tmp/{}", path.name()));
        let source = |source| Error::Io { doing: READ, path: path.clone(), source };
        let target = |source| Error::writing("write the copy of", path, source);
        let from = self.source.disk.open(path, false).map_err(source)?;
        let mut to = disk::create_over(&*self.target.disk, &tmp).map_err(target)?;
        let mut window = vec![0; WINDOW];
        let mut at = 0;
        loop {
            let rest = len.map_or(WINDOW as u64, |len| len - at).min(WINDOW as u64);
            let wanted = window.get_mut(..usize::try_from(rest).unwrap_or(WINDOW)).unwrap_or_default();
            let read = disk::read_up_to(&*from, at, wanted).map_err(source)?;
            let bytes = wanted.get(..read).unwrap_or_default();
            look(bytes)?;
            disk::write_all_at(&mut *to, at, bytes).map_err(target)?;
            at += read as u64;
            if read < WINDOW {
                break;
            }
        }
        if len.is_some_and(|len| at < len) {
            return Err(Error::damaged(format!("{path} ends at byte {at}, before its end")));
        }
        to.sync_all().map_err(target)?;
        drop(to);
        // A longer copy of what is there takes its place at once: either is what the manifest names.
        self.target.disk.rename(&tmp, path).map_err(target)?;
        Ok(at)
    }

    /// Whether the target has a file of that name.
    pub(super) fn has(&self, path: &RelPath) -> Result<bool> {
        let folder = path.parent();
        let names = self.target.disk.list(&folder);
        let names = names.map_err(|source| Error::Io { doing: "list", path: folder, source })?;
        Ok(names.iter().any(|name| name == path.name()))
    }

    /// Makes the names in a folder of the target last.
    pub(super) fn sync_folder(&self, path: &RelPath) -> Result<()> {
        let io = |source| Error::Io { doing: "sync", path: path.clone(), source };
        self.target.disk.sync_dir(path).map_err(io)
    }
}
