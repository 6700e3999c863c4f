//! Reads what a store at work holds, a file at a time, so that rot is found before the bytes are needed.

use std::io::ErrorKind::NotFound;

use crate::blob;
use crate::disk::{RelPath, World};
use crate::error::{Error, Result};
use crate::id::StoreId;
use crate::log::{self, segment};
use crate::manifest::{self, SegmentMeta};
use crate::recovery;
use crate::snapshot::Snapshot;
use crate::table::TableId;

/// One pass over the files that there are: ended segments, table files, user files. It begins at a drawn
/// one, so that passes that are cut short reach all of them.
#[derive(Debug)]
pub struct Scrub {
    world: World,
    store: StoreId,
    files: Vec<File>,
}

#[derive(Debug)]
enum File {
    /// With what its header must say of the one before.
    Segment(Box<SegmentMeta>, (u64, u64, segment::Chain)),
    /// Not open: one that is replaced meanwhile is not held by a pass that takes days.
    Table(TableId),
    Blob(RelPath),
}

/// A file that was read.
#[derive(Debug)]
pub struct Scrubbed {
    /// `segment`, `table` or `blob`.
    pub kind: &'static str,
    /// Its bytes; 0 for one that is damaged, or went meanwhile.
    pub bytes: u64,
    /// What is wrong with it. A table file is marked, and made again from the log by itself (F4).
    pub damage: Option<Error>,
}

impl Scrub {
    /// Lists the files.
    ///
    /// # Errors
    ///
    /// `Damaged` when the manifest is; `Io`.
    pub fn begin(world: &World, snapshot: &Snapshot) -> Result<Self> {
        let epoch = manifest::newest(world)?.ok_or(Error::NoStore)?;
        let manifest = manifest::load(world, epoch)?;
        let mut previous = manifest.before;
        let mut files = Vec::new();
        for meta in manifest.segments {
            let Some(link) = meta.end.as_ref().map(|end| (meta.id.0, end.len, end.chain)) else { continue };
            files.push(File::Segment(Box::new(meta), std::mem::replace(&mut previous, link)));
        }
        files.extend(snapshot.tables.all().map(|table| File::Table(table.meta.id)));
        files.extend(blob::stored(world)?.into_iter().map(File::Blob));
        let mut drawn = [0; 8];
        let filled = world.entropy.fill(&mut drawn);
        filled.map_err(|source| Error::Io { doing: "draw a place in", path: RelPath::root(), source })?;
        let first = usize::from_le_bytes(drawn).checked_rem(files.len()).unwrap_or_default();
        files.rotate_left(first);
        files.reverse();
        Ok(Self { world: world.clone(), store: manifest.store, files })
    }

    /// How many files are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.files.len()
    }

    /// Reads the next file; none when all were.
    pub fn next(&mut self, snapshot: &Snapshot) -> Option<Scrubbed> {
        let file = self.files.pop()?;
        let kind = match &file {
            File::Segment(..) => "segment",
            File::Table(_) => "table",
            File::Blob(_) => "blob",
        };
        Some(match self.check(&file, snapshot) {
            Ok(bytes) => Scrubbed { kind, bytes, damage: None },
            Err(Error::Io { source, .. }) if source.kind() == NotFound => {
                Scrubbed { kind, bytes: 0, damage: None }
            }
            Err(error) => Scrubbed { kind, bytes: 0, damage: Some(error) },
        })
    }

    fn check(&self, file: &File, snapshot: &Snapshot) -> Result<u64> {
        match file {
            File::Segment(meta, previous) => {
                let meta = log::as_it_stands(&self.world, meta)?;
                if !self.is_there(&meta.path()) {
                    return Ok(0);
                }
                let content = recovery::content_of(&self.world, self.store, &meta);
                let content = content.map_err(|error| recovery::with_runs(error, &meta))?;
                recovery::check_segment(&content, &meta, self.store, *previous)?;
                Ok(content.len() as u64)
            }
            File::Table(id) => {
                let table = snapshot.tables.all().find(|table| table.meta.id == *id);
                table.map_or(Ok(0), |table| table.check_all())
            }
            File::Blob(path) => blob::check(&self.world, path),
        }
    }

    /// A segment may have been dropped, a user file erased since.
    fn is_there(&self, path: &RelPath) -> bool {
        self.world.disk.open(path, false).err().is_none_or(|error| error.kind() != NotFound)
    }
}
