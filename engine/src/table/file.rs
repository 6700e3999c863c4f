//! Table files on the disk: made by W5, opened for reading.

use std::sync::{Arc, OnceLock};

use super::blocks::{Checked, Sidecar, Sink};
use super::events::EventFile;
use super::index::Entry;
use super::rows::{Piece, RowFile, Wanted, Written};
use super::{Kind, TableId, TableMeta};
use crate::disk::{self, Disk, DiskFile, RelPath, World};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{Lsn, ProjectKey};

/// The table files that a snapshot may read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    /// All events up to here stand in them.
    pub(crate) through: Lsn,
    files: Vec<Arc<Table>>,
}

impl Tables {
    /// Opens the files that a manifest names; what is wrong with one is told when it is read.
    pub(crate) fn open(world: &World, through: Lsn, metas: &[TableMeta]) -> Self {
        let files = metas.iter().map(|meta| Arc::new(Table::open(&*world.disk, meta.clone()))).collect();
        Self { through, files }
    }

    /// These after an edit of the manifest; files that stay are not opened again.
    pub(crate) fn after(&self, world: &World, through: Lsn, metas: &[TableMeta]) -> Self {
        let known = |meta: &TableMeta| self.files.iter().find(|table| table.meta.id == meta.id);
        let open = |meta: &TableMeta| Arc::new(Table::open(&*world.disk, meta.clone()));
        let files = metas.iter().map(|meta| known(meta).map_or_else(|| open(meta), Arc::clone)).collect();
        Self { through, files }
    }

    /// Those of a kind.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Arc<Table>> {
        self.files.iter().filter(move |table| table.meta.kind == kind)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.files.iter()
    }
}

/// A table file and the file beside it, open; each is read when it is needed first.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) meta: TableMeta,
    /// Opened at once: a file that a later edit drops stays readable for who holds this.
    files: Option<Files>,
    checked: OnceLock<Arc<Checked>>,
    rows: OnceLock<Arc<RowFile>>,
}

#[derive(Debug)]
struct Files {
    sidecar: Box<dyn DiskFile>,
    file: std::sync::Mutex<Option<Box<dyn DiskFile>>>,
}

impl Table {
    fn open(disk: &dyn Disk, meta: TableMeta) -> Self {
        let file = disk.open(&meta.path(), false);
        let files = disk.open(&meta.sidecar_path(), false).ok().zip(file.ok());
        let files = files.map(|(sidecar, file)| Files { sidecar, file: std::sync::Mutex::new(Some(file)) });
        Self { meta, files, checked: OnceLock::new(), rows: OnceLock::new() }
    }

    fn damaged(&self, why: &str) -> Error {
        Error::damaged(format!("{} is damaged: {why}", self.meta.path()))
    }

    /// What the file beside it says.
    fn sidecar(&self) -> Result<Sidecar> {
        let path = self.meta.sidecar_path();
        let files =
            self.files.as_ref().ok_or_else(|| self.damaged("it is missing, or the file beside it is"))?;
        let io = |doing| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source }
        };
        if files.sidecar.len().map_err(io("measure"))? != self.meta.sidecar.0 {
            return Err(Error::damaged(format!("{path} is damaged: its length differs")));
        }
        let bytes = files.sidecar.map().map_err(io("map"))?;
        let ends = bytes.last_chunk::<4>().map(|crc| u32::from_le_bytes(*crc));
        if ends != Some(self.meta.sidecar.1) {
            return Err(Error::damaged(format!("{path} is damaged: its checksum is not the manifest's")));
        }
        let sidecar = Sidecar::read(&bytes, self.meta.id, self.meta.kind, &path)?;
        if sidecar.len == self.meta.bytes {
            return Ok(sidecar);
        }
        Err(Error::damaged(format!("{path} is damaged: it belongs to a file of another length")))
    }

    /// The file's bytes, checked on their way out.
    fn checked(&self) -> Result<Arc<Checked>> {
        match self.checked.get() {
            Some(checked) => Ok(Arc::clone(checked)),
            None => self.check_by(&self.sidecar()?),
        }
    }

    fn check_by(&self, sidecar: &Sidecar) -> Result<Arc<Checked>> {
        let files = self.files.as_ref().ok_or_else(|| self.damaged("it is missing"))?;
        let mut file = files.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let checked = match file.take() {
            Some(file) => {
                let checked = Arc::new(Checked::new(self.meta.path(), file, sidecar));
                self.checked.get_or_init(|| checked)
            }
            // Another thread was here first, and put it there before it let go.
            None => self.checked.get().ok_or_else(|| self.damaged("it was not opened"))?,
        };
        Ok(Arc::clone(checked))
    }

    /// Says of damage that it is this file's, which was made from the log.
    fn derived<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| match error {
            Error::Damaged(mut damage) => {
                damage.is_derived = true;
                damage.lsns = damage.lsns.or(Some(self.meta.lsns));
                Error::Damaged(damage)
            }
            error => error,
        })
    }

    /// Checks every byte; gives how many there are.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn check_all(&self) -> Result<u64> {
        self.derived(self.checked().and_then(|file| file.check_all()))
    }

    /// The entries of a run.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn of_run(&self, ordinal: u32) -> Result<impl Iterator<Item = Entry> + '_> {
        Ok(self.derived(self.rows())?.index.of_run(ordinal))
    }

    /// The rows of an entry.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn read(&self, entry: &Entry, wanted: Wanted<'_>) -> Result<Piece> {
        self.derived(self.rows().and_then(|rows| rows.read(entry, wanted)))
    }

    /// The rows of entries that rise in the file.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn read_many(&self, entries: &[&Entry], wanted: Wanted<'_>) -> Result<Vec<Piece>> {
        self.derived(self.rows().and_then(|rows| rows.read_many(entries, wanted)))
    }

    /// About how many bytes the rows of an entry are in memory.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn bytes_of(&self, entry: &Entry) -> Result<u64> {
        self.derived(self.rows().and_then(|rows| rows.bytes_of(entry)))
    }

    /// All entries, in the order of their rows.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn entries(&self) -> Result<impl Iterator<Item = Entry> + '_> {
        Ok(self.derived(self.rows())?.index.entries())
    }

    /// The events of a file of events.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn events(
        self: &Arc<Self>,
    ) -> Result<impl Iterator<Item = Result<(Lsn, u64, Event)>> + use<>> {
        let file = self.derived(self.checked().and_then(|checked| EventFile::open(checked)))?;
        let table = Arc::clone(self);
        Ok(Arc::new(file).events().map(move |event| table.derived(event)))
    }

    /// Whether the file, or the file beside it, could not be opened.
    pub(crate) fn is_missing(&self) -> bool {
        self.files.is_none()
    }

    /// Reads every row; gives how many there are.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn read_all(&self) -> Result<u64> {
        if self.meta.kind == Kind::Events {
            let events = EventFile::open(self.checked()?).map(Arc::new)?.events();
            return self.derived(events.map(|event| event.map(|_| 1)).sum());
        }
        let rows = self.derived(self.rows())?;
        let read = |entry| Ok(u64::from(self.read(&entry, Wanted::All)?.block.rows()));
        rows.index.entries().map(read).sum()
    }

    fn rows(&self) -> Result<&Arc<RowFile>> {
        if let Some(rows) = self.rows.get() {
            return Ok(rows);
        }
        let sidecar = self.sidecar()?;
        let rows = Arc::new(RowFile::open(self.check_by(&sidecar)?, &sidecar.index)?);
        Ok(self.rows.get_or_init(|| rows))
    }
}

/// What a table file will be named in the manifest as.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) id: TableId,
    pub(crate) kind: Kind,
    pub(crate) level: u8,
    pub(crate) project: Option<ProjectKey>,
    pub(crate) lsns: (Lsn, Lsn),
}

/// Makes a table file under `tmp/`, reads it back and puts it and the file beside it in their place
/// (W5). The manifest does not name it yet: cut off, it is a leftover.
///
/// # Errors
///
/// `WritesStopped` when a folder could not be synced, which is the caller's to do (F7); `DiskFull`,
/// `Io`; `Damaged` when what is read back is not what was written, or `write` says so.
/// Nothing is left then, or what the next opening removes.
pub(crate) fn make(
    world: &World,
    label: Label,
    write: impl FnOnce(Sink) -> Result<Written<Sink>>,
) -> Result<TableMeta> {
    let Label { id, kind, level, project, lsns } = label;
    let mut meta = TableMeta { id, kind, level, project, bytes: 0, sidecar: (0, 0), rows: 0, lsns };
    let (path, sidecar_path) = (meta.path(), meta.sidecar_path());
    let (tmp, sidecar_tmp) = (in_tmp(&path), in_tmp(&sidecar_path));
    let made = (|| {
        let io = |doing| {
            let path = path.clone();
            move |source| Error::writing(doing, &path, source)
        };
        let create = |tmp| disk::create_over(&*world.disk, tmp).map_err(io("create"));
        let Written { sink, rows, index } = write(Sink::new(create(&tmp)?))?;
        let (_, len, crcs) = sink.finish().map_err(io("write"))?;
        let sidecar = Sidecar { len, crcs, index: index.into() };
        let bytes = sidecar.write(id, kind);
        let mut file = create(&sidecar_tmp)?;
        disk::write_all_at(&mut *file, 0, &bytes).and_then(|()| file.sync_all()).map_err(io("write"))?;
        meta.rows = rows;
        meta.bytes = len;
        let crc = bytes.last_chunk::<4>().map_or(0, |crc| u32::from_le_bytes(*crc));
        meta.sidecar = (bytes.len() as u64, crc);
        let back = world.disk.open(&tmp, false).map_err(io("open"))?;
        Checked::new(path.clone(), back, &sidecar).check_all()?;
        let mut back = vec![0; bytes.len()];
        let file = world.disk.open(&sidecar_tmp, false).map_err(io("open"))?;
        disk::read_up_to(&*file, 0, &mut back).map_err(io("read"))?;
        if back != bytes {
            return Err(Error::damaged(format!(
                "{sidecar_path} reads back differently from what was written"
            )));
        }
        for (from, to) in [(&tmp, &path), (&sidecar_tmp, &sidecar_path)] {
            world.disk.rename(from, to).map_err(io("rename"))?;
        }
        for folder in [tmp.parent(), path.parent()] {
            let stopped =
                |error| Error::WritesStopped { cause: format!("cannot sync the folder {folder}: {error}") };
            world.disk.sync_dir(&folder).map_err(stopped)?;
        }
        Ok(meta.clone())
    })();
    // After a failed sync nothing in the folders is changed any more (F7).
    if made.as_ref().is_err_and(|error| !matches!(error, Error::WritesStopped { .. })) {
        for path in [&tmp, &sidecar_tmp, &path, &sidecar_path] {
            // The next opening removes it where this cannot.
            let _left = world.disk.remove(path);
        }
    }
    made
}

fn in_tmp(path: &RelPath) -> RelPath {
    RelPath::of(&format!("tmp/{}", path.name()))
}
