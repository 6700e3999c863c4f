//! Table files on the disk: made by W5, opened for reading.

use std::sync::OnceLock;

use bytes::Bytes;

use super::blocks::{Checked, Sidecar, Sink};
use super::events::{Choice, EventFile, Recorded, Whose};
use super::index::Entry;
use super::once::Once;
use super::rows::{Meter, Piece, RowColumns, RowFile, Wanted, Written};
use super::runs::{RunFile, RunFiles};
use super::source::{Marking, Source as _};
use super::usage::Weights;
use super::{Kind, TableId, TableMeta};
use crate::disk::{self, Disk, DiskFile, RelPath, World};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::id::{Lsn, ProjectKey};
use crate::reads::Reads;
use crate::sync::{Arc, AtomicBool, Ordering};

/// The table files that a snapshot may read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    /// All events up to here stand in them.
    pub(crate) through: Lsn,
    files: Vec<Arc<Table>>,
    /// How often runs were erased from them since the opening.
    pub(crate) erasures: u64,
}

impl Tables {
    /// Opens the files that a manifest names; what is wrong with one is told when it is read.
    pub(crate) fn open(world: &World, through: Lsn, metas: &[TableMeta]) -> Self {
        let files = metas.iter().map(|meta| Arc::new(Table::open(&*world.disk, meta.clone()))).collect();
        Self::of_files(through, files)
    }

    /// These without some files and with others; those that stay are not opened again.
    pub(crate) fn edited(
        &self,
        world: &World,
        through: Lsn,
        added: &[TableMeta],
        removed: &[TableId],
    ) -> Self {
        let stay = self.files.iter().filter(|table| !removed.contains(&table.meta.id)).map(Arc::clone);
        let come = added.iter().map(|meta| Arc::new(Table::open(&*world.disk, meta.clone())));
        Self { erasures: self.erasures, ..Self::of_files(through, stay.chain(come).collect()) }
    }

    /// A file that was made again stands where the one was whose rows it has.
    fn of_files(through: Lsn, mut files: Vec<Arc<Table>>) -> Self {
        files.sort_by_key(|table| (table.meta.lsns, table.meta.id));
        Self { through, files, erasures: 0 }
    }

    /// Checks every byte of every file; a damaged one is marked.
    pub(crate) fn check(&self) {
        for table in &self.files {
            let _is_marked_and_told = table.check_all();
        }
    }

    /// Those of a kind.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Arc<Table>> {
        self.files.iter().filter(move |table| table.meta.kind == kind)
    }

    /// The events from a position on that files have and that are wanted, in log order.
    pub(crate) fn events(&self, from: Lsn, whose: Whose) -> impl Iterator<Item = Result<Recorded>> + use<> {
        let mut files: Vec<Arc<Table>> = self.of(Kind::Events).map(Arc::clone).collect();
        files.retain(|table| table.meta.lsns.1 >= from);
        files.sort_by_key(|table| table.meta.lsns);
        files.into_iter().flat_map(move |table| -> Box<dyn Iterator<Item = Result<Recorded>> + Send> {
            match table.events(from, &whose) {
                Ok(events) => Box::new(events),
                Err(error) => Box::new(std::iter::once(Err(error))),
            }
        })
    }

    /// Shows `choice` the events up to `last` that files have, in log order, and gives it those it wants.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io`, and what it gives.
    pub(crate) fn choose_events(&self, last: Lsn, choice: &mut dyn Choice) -> Result<()> {
        for table in self.event_files().iter().filter(|table| table.meta.lsns.0 <= last) {
            table.derived(table.event_file().and_then(|file| file.choose(last, choice)))?;
        }
        Ok(())
    }

    /// The position of the first event that files have and that was received after a time.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io`.
    pub(crate) fn first_received_after(&self, time: Time) -> Result<Option<Lsn>> {
        for table in self.event_files() {
            let found = table.derived(table.event_file().and_then(|file| file.first_after(time)))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn event_files(&self) -> Vec<&Arc<Table>> {
        let mut files: Vec<&Arc<Table>> = self.of(Kind::Events).collect();
        files.sort_by_key(|table| table.meta.lsns);
        files
    }

    /// The files that runs rest in.
    ///
    /// # Errors
    ///
    /// `Damaged` when the index of one is not what was written; `Io`.
    pub(crate) fn resting(&self) -> Result<RunFiles> {
        RunFiles::open(self.of(Kind::Runs))
    }

    /// The state but for the runs: its bytes, and the position that it stands at; none where no file
    /// has it.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn state(&self) -> Result<Option<(Bytes, Lsn)>> {
        let newest = self.of(Kind::State).max_by_key(|table| table.meta.lsns.1);
        newest.map(|table| Ok((table.whole()?, table.meta.lsns.1))).transpose()
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
    rows: OnceLock<Arc<RowFile>>,
    runs: OnceLock<Arc<RunFile>>,
    /// Somebody met damage in it, and nobody has seen to that yet.
    is_marked: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Files {
    sidecar: Box<dyn DiskFile>,
    /// The file, and its bytes checked on their way out.
    file: Once<Box<dyn DiskFile>, Checked>,
}

impl Table {
    pub(crate) fn open(disk: &dyn Disk, meta: TableMeta) -> Self {
        let file = disk.open(&meta.path(), false);
        let files = disk.open(&meta.sidecar_path(), false).ok().zip(file.ok());
        let files = files.map(|(sidecar, file)| Files { sidecar, file: Once::new(file) });
        let (rows, runs) = (OnceLock::new(), OnceLock::new());
        Self { meta, files, rows, runs, is_marked: Arc::default() }
    }

    fn files(&self) -> Result<&Files> {
        self.files.as_ref().ok_or_else(|| self.damaged("it is missing, or the file beside it is"))
    }

    fn damaged(&self, why: &str) -> Error {
        Error::damaged(format!("{} is damaged: {why}", self.meta.path()))
    }

    /// What the file beside it says.
    fn sidecar(&self) -> Result<Sidecar> {
        let path = self.meta.sidecar_path();
        let files = self.files()?;
        let io = |doing| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source }
        };
        if files.sidecar.len().map_err(io("measure"))? != self.meta.sidecar.0 {
            return Err(Error::damaged(format!("{path} is damaged: its length differs")));
        }
        let bytes = files.sidecar.map().map_err(io("map"))?;
        // Before anything is believed of it: a flipped bit is no later release.
        let (body, ends) = bytes.split_at_checked(bytes.len().saturating_sub(4)).unwrap_or_default();
        let crc = self.meta.sidecar.1;
        if ends != crc.to_le_bytes() || crc32fast::hash(body) != crc {
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
        match self.files()?.file.made() {
            Some(checked) => Ok(checked),
            None => self.check_by(&self.sidecar()?),
        }
    }

    fn check_by(&self, sidecar: &Sidecar) -> Result<Arc<Checked>> {
        let checked = self.files()?.file.make(|file| Checked::new(self.meta.path(), file, sidecar));
        checked.ok_or_else(|| self.damaged("it was not opened"))
    }

    /// Whether damage was met since the last call.
    pub(crate) fn take_mark(&self) -> bool {
        self.is_marked.load(Ordering::Relaxed) && self.is_marked.swap(false, Ordering::Relaxed)
    }

    /// Says of damage that it is this file's, which was made from the log, and marks the file.
    fn derived<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| match error {
            Error::Damaged(mut damage) => {
                if !self.is_marked.swap(true, Ordering::Relaxed) {
                    tracing::error!(what = damage.what, "a table file is damaged");
                }
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
        // Also the file beside it, though it may have been read before.
        self.derived(self.sidecar().and_then(|_| self.checked()).and_then(|file| file.check_all()))
    }

    /// The entries of a run.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn of_run(&self, ordinal: u32) -> Result<impl Iterator<Item = Entry> + use<>> {
        let entries: Result<Vec<Entry>> = self.rows().and_then(|rows| rows.index.of_run(ordinal).collect());
        Ok(self.derived(entries)?.into_iter())
    }

    /// The rows of an entry.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn read(&self, entry: &Entry, wanted: Wanted<'_>) -> Result<Piece> {
        self.counted(entry, wanted, None)
    }

    /// The same, counted.
    ///
    /// # Errors
    ///
    /// As [`Table::read`].
    pub(crate) fn counted(
        &self,
        entry: &Entry,
        wanted: Wanted<'_>,
        reads: Option<&Arc<Reads>>,
    ) -> Result<Piece> {
        let meter = Meter { reads, file: self.meta.id.0 };
        self.derived(self.rows().and_then(|rows| rows.read(entry, wanted, meter)))
    }

    /// The rows of entries that rise in the file.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn read_many(&self, entries: &[&Entry], wanted: Wanted<'_>) -> Result<Vec<Piece>> {
        self.derived(self.rows().and_then(|rows| rows.read_many(entries, wanted, Meter::default())))
    }

    /// The columns of some keys, of the rows of entries that rise in the file.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn columns(
        &self,
        entries: &[&Entry],
        keys: &[Arc<str>],
        reads: Option<&Arc<Reads>>,
    ) -> Result<RowColumns> {
        let meter = Meter { reads, file: self.meta.id.0 };
        self.derived(self.rows().and_then(|rows| rows.columns(entries, keys, meter)))
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
    pub(crate) fn entries(&self) -> Result<impl Iterator<Item = Result<Entry>> + '_> {
        Ok(self.derived(self.rows())?.index.entries().map(|entry| self.derived(entry)))
    }

    /// How the bytes of a file of rows, and of the file beside it, are shared out among its rows.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn weights(&self) -> Result<Weights> {
        let mut weights = self.derived(self.rows().and_then(|rows| rows.weights()))?;
        weights.rest = weights.rest.saturating_add(self.meta.sidecar.0);
        Ok(weights)
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
    pub(crate) fn read_all(self: &Arc<Self>) -> Result<u64> {
        if self.meta.kind == Kind::Events {
            return self.events(Lsn(0), &Whose::ALL)?.map(|event| event.map(|_| 1)).sum();
        }
        if self.meta.kind == Kind::Runs {
            return self.derived(self.runs().and_then(|runs| runs.read_all()));
        }
        if self.meta.kind == Kind::State {
            return self.whole().map(|_| 1);
        }
        self.pieces()?.map(|piece| Ok(u64::from(piece?.block.rows()))).sum()
    }

    /// The rows, an entry at a time.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn pieces(&self) -> Result<impl Iterator<Item = Result<Piece>> + '_> {
        Ok(self.entries()?.map(|entry| self.read(&entry?, Wanted::All)))
    }

    /// The events of a file of events from a position on that are wanted.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file is not what was written; `Io`.
    pub(crate) fn events(
        self: &Arc<Self>,
        from: Lsn,
        whose: &Whose,
    ) -> Result<impl Iterator<Item = Result<Recorded>> + use<>> {
        let file = self.derived(self.event_file())?;
        let table = Arc::clone(self);
        Ok(Arc::new(file).events(from, whose).map(move |event| table.derived(event)))
    }

    fn event_file(&self) -> Result<EventFile> {
        self.checked().and_then(|checked| EventFile::open(checked))
    }

    /// The runs of a file of runs.
    ///
    /// # Errors
    ///
    /// `Damaged` when its index is not what was written; `Io`.
    pub(crate) fn runs(&self) -> Result<&Arc<RunFile>> {
        if let Some(runs) = self.runs.get() {
            return Ok(runs);
        }
        let sidecar = self.derived(self.sidecar())?;
        // Its runs are read long after, by who has it from here.
        let source = Marking { source: self.check_by(&sidecar)?, mark: Arc::clone(&self.is_marked) };
        let runs = Arc::new(self.derived(RunFile::open(Arc::new(source), &sidecar.index))?);
        Ok(self.runs.get_or_init(|| runs))
    }

    /// All its bytes.
    pub(crate) fn whole(&self) -> Result<Bytes> {
        let len = usize::try_from(self.meta.bytes).unwrap_or(usize::MAX);
        self.derived(self.checked().and_then(|file| file.bytes(0, len)))
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
