//! The manifest's file.
//!
//! ```text
//!  0         64
//!  ┌─────────┬──────────────────┬───────────┬───────────┬───
//!  │ header  │ EDIT: checkpoint │ EDIT: one │ EDIT: one │ …
//!  └─────────┴──────────────────┴───────────┴───────────┴───
//!  header:  magic 8 │ version u32 │ store 16 │ epoch u64 │ crc u32
//!  EDIT:    a list of edits (bincode)      (frame as in log/frame.rs; lsn: number in the file)
//! ```
//!
//! What holds: an edit is synced before the effect it announces (W6). A file is never appended to by
//! a later opening, so a torn edit at its end was never acted upon and is left out.

use super::edit::{Edit, Manifest};
use crate::disk::{self, DiskFile, RelPath, World};
use crate::error::{Error, Result};
use crate::event;
use crate::id::{Epoch, StoreId};
use crate::log::frame::{self, Fields, Seed, kind};
use crate::plant::{self, Bug};

const HEADER_LEN: usize = 64;
/// Version 2 names table files, version 3 packed segments; version 4 packs the subjects of segments; beside
/// version 5 there may be events and states that know of teams, beside version 6 of forks and artifacts.
const FORMAT: u32 = 6;
const MAGIC: [u8; 8] = *b"wbq-man\n";

/// Where the manifest of an epoch stands.
pub(crate) fn path(epoch: Epoch) -> RelPath {
    RelPath::of(&format!("manifest/{:010}.man", epoch.0))
}

/// The epoch of a manifest file of that name.
pub(crate) fn epoch_of(name: &str) -> Option<Epoch> {
    let epoch = Epoch(name.strip_suffix(".man")?.parse().ok()?);
    (path(epoch).name() == name).then_some(epoch)
}

/// The epoch of the manifest that counts; none where there is none.
pub(crate) fn newest(world: &World) -> Result<Option<Epoch>> {
    let folder = RelPath::of("manifest");
    let names =
        world.disk.list(&folder).map_err(|source| Error::Io { doing: "list", path: folder, source })?;
    Ok(names.iter().filter_map(|name| epoch_of(name)).max())
}

/// Reads a manifest.
///
/// # Errors
///
/// `TooNew`; `Damaged` when a byte differs that an edit had been acted upon; `Io`.
pub(crate) fn load(world: &World, epoch: Epoch) -> Result<Manifest> {
    let path = path(epoch);
    let io = |doing| {
        let path = path.clone();
        move |source| Error::Io { doing, path, source }
    };
    let file = world.disk.open(&path, false).map_err(io("open"))?;
    let len = usize::try_from(file.len().map_err(io("measure"))?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; len];
    let read = disk::read_up_to(&*file, 0, &mut bytes).map_err(io("read"))?;
    bytes.truncate(read);
    parse(&bytes, epoch, &path)
}

/// Reads a manifest from its bytes.
pub(crate) fn parse(bytes: &[u8], epoch: Epoch, path: &RelPath) -> Result<Manifest> {
    let damaged = |why: &str| Error::damaged(format!("{path} is damaged: {why}"));
    let header = Header::read(bytes, epoch, path)?;
    let mut manifest = None::<Manifest>;
    for edit in edits(bytes, &header, path)?.into_iter().flatten() {
        let fits = match &mut manifest {
            Some(manifest) => manifest.apply(edit),
            None => edit.is_checkpoint() && manifest.insert(Manifest::new(header.store)).apply(edit),
        };
        if !fits {
            return Err(damaged("an edit contradicts the ones before it"));
        }
    }
    let manifest = manifest.ok_or_else(|| damaged("it has no checkpoint"))?;
    if manifest.store != header.store || manifest.epoch != epoch {
        return Err(damaged("its checkpoint is another store's"));
    }
    Ok(manifest)
}

/// The edits of each frame.
fn edits(bytes: &[u8], header: &Header, path: &RelPath) -> Result<Vec<Vec<Edit>>> {
    let damaged = |why: &str| Error::damaged(format!("{path} is damaged: {why}"));
    let seed = Seed::manifest(header.store, header.epoch);
    let (mut at, mut read) = (HEADER_LEN, Vec::new());
    loop {
        let frame = match frame::parse(bytes.get(at..).unwrap_or_default(), seed, at as u64) {
            Ok(frame) => frame,
            // The last edit may be torn, unless a later one shows that it was synced.
            Err(error) if later_edit(bytes, seed, at) => return Err(damaged(&error.to_string())),
            Err(_) => return Ok(read),
        };
        if frame.kind() != kind::EDIT || frame.lsn != read.len() as u64 {
            return Err(damaged("an edit is out of order"));
        }
        read.push(decode(frame.body).ok_or_else(|| damaged("an edit does not parse"))?);
        at += frame.len();
    }
}

/// Writes anew what was read of a manifest: the same bytes up to where reading ended.
///
/// # Errors
///
/// As [`parse`] of a file whose edits fit each other or not.
pub(crate) fn rewrite(bytes: &[u8], epoch: Epoch, path: &RelPath) -> Result<Vec<u8>> {
    let header = Header::read(bytes, epoch, path)?;
    let seed = Seed::manifest(header.store, header.epoch);
    let mut out = header.write();
    for (number, edits) in (0..).zip(edits(bytes, &header, path)?) {
        let io = |source| Error::Io { doing: "write", path: path.clone(), source };
        out.extend_from_slice(&frame_of(&edits, seed, out.len() as u64, number).map_err(io)?);
    }
    Ok(out)
}

/// What a manifest begins with.
struct Header {
    version: u32,
    store: StoreId,
    epoch: Epoch,
}

impl Header {
    fn read(bytes: &[u8], epoch: Epoch, path: &RelPath) -> Result<Self> {
        let damaged = |why: &str| Error::damaged(format!("{path} is damaged: {why}"));
        let cut = || damaged("its header is cut short");
        let mut fields = Fields(bytes);
        if fields.take() != Some(MAGIC) {
            return Err(damaged("it does not begin as a manifest does"));
        }
        let version = fields.u32().ok_or_else(cut)?;
        if version > FORMAT {
            return Err(Error::TooNew { path: path.clone(), found: version, supported: FORMAT });
        }
        let store = StoreId(fields.take().ok_or_else(cut)?);
        let named = fields.u64().ok_or_else(cut)?;
        let covered = bytes.len() - fields.0.len();
        let crc = crc32fast::hash(bytes.get(..covered).unwrap_or_default());
        if fields.u32() != Some(crc) || named != epoch.0 {
            return Err(damaged("its header's checksum differs"));
        }
        Ok(Self { version, store, epoch })
    }

    fn write(&self) -> Vec<u8> {
        let mut header = Vec::with_capacity(HEADER_LEN);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&self.version.to_le_bytes());
        header.extend_from_slice(&self.store.0);
        header.extend_from_slice(&self.epoch.0.to_le_bytes());
        let crc = crc32fast::hash(&header);
        header.extend_from_slice(&crc.to_le_bytes());
        header.resize(HEADER_LEN, 0);
        header
    }
}

fn later_edit(bytes: &[u8], seed: Seed, at: usize) -> bool {
    (at + 1..bytes.len()).any(|from| {
        frame::parse(bytes.get(from..).unwrap_or_default(), seed, from as u64)
            .is_ok_and(|frame| frame.kind() == kind::EDIT)
    })
}

fn decode(body: &[u8]) -> Option<Vec<Edit>> {
    let body = body.get(frame::PREFIX_LEN..)?;
    let (edits, len) = event::from_bincode(body).ok()?;
    (len == body.len()).then_some(edits)
}

fn frame_of(edits: &[Edit], seed: Seed, at: u64, number: u64) -> std::io::Result<Vec<u8>> {
    let body = event::to_bincode(edits).map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut frame = frame::own(kind::EDIT, &[&body]);
    frame::fill(&mut frame, seed, at, number, 0, 0);
    Ok(frame)
}

/// Appends edits to the manifest of this opening.
#[derive(Debug)]
pub(crate) struct Writer {
    file: Box<dyn DiskFile>,
    live: Manifest,
    seed: Seed,
    end: u64,
    edits: u64,
}

impl Writer {
    /// Writes the manifest of a new epoch and puts it in its place (W5).
    ///
    /// # Errors
    ///
    /// `Io`; the manifest of the epoch before still counts then, or the new one does, whole.
    pub(crate) fn create(world: &World, manifest: &Manifest) -> Result<Self> {
        let path = path(manifest.epoch);
        let tmp = RelPath::of(&format!("tmp/{}", path.name()));
        let io = |doing| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source }
        };
        let disk = &world.disk;
        let mut writer = Self {
            file: disk::create_over(&**disk, &tmp).map_err(io("create"))?,
            live: manifest.clone(),
            seed: Seed::manifest(manifest.store, manifest.epoch),
            end: HEADER_LEN as u64,
            edits: 0,
        };
        let header = Header { version: FORMAT, store: manifest.store, epoch: manifest.epoch }.write();
        disk::write_all_at(&mut *writer.file, 0, &header).map_err(io("write"))?;
        writer
            .append(&[Edit::Checkpoint(manifest.clone())])
            .map_err(|unwritten| io("write")(unwritten.into()))?;
        writer.file.sync_all().map_err(io("sync"))?;
        let mut back = vec![0; usize::try_from(writer.end).unwrap_or(usize::MAX)];
        disk::read_up_to(&*writer.file, 0, &mut back).map_err(io("read"))?;
        if parse(&back, manifest.epoch, &path)? != *manifest {
            return Err(Error::damaged(format!("{path} reads back differently from what was written")));
        }
        disk.rename(&tmp, &path).map_err(io("rename"))?;
        disk.sync_dir(&tmp.parent()).map_err(io("sync the folder of"))?;
        disk.sync_dir(&path.parent()).map_err(io("sync the folder of"))?;
        Ok(writer)
    }

    /// The live files as all edits so far name them.
    pub(crate) fn live(&self) -> &Manifest {
        &self.live
    }

    /// Appends edits that belong together, and syncs.
    ///
    /// # Errors
    ///
    /// [`Unwritten`].
    ///
    /// # Panics
    ///
    /// When an edit contradicts what stands: no reading would accept it.
    pub(crate) fn append(&mut self, edits: &[Edit]) -> Result<(), Unwritten> {
        let before = self.live.clone();
        for edit in edits {
            assert!(self.live.apply(edit.clone()), "an edit fits what stands: {edit:?}");
        }
        let frame = frame_of(edits, self.seed, self.end, self.edits).map_err(Unwritten::Doubtful)?;
        if let Err(error) = disk::write_all_at(&mut *self.file, self.end, &frame) {
            if !disk::is_full(&error) {
                return Err(Unwritten::Doubtful(error));
            }
            let cut = self.file.set_len(self.end).and_then(|()| self.file.sync_all());
            cut.map_err(Unwritten::Doubtful)?;
            self.live = before;
            return Err(Unwritten::Full(error));
        }
        if !plant::has(Bug::EditWithoutSync) {
            self.file.sync_data().map_err(Unwritten::Doubtful)?;
        }
        self.end += frame.len() as u64;
        self.edits += 1;
        Ok(())
    }
}

/// Why edits were not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritten {
    /// The disk is full, and the manifest ends again where it did (F8).
    #[error("{0}")]
    Full(std::io::Error),
    /// What the disk holds is unknown: the file must not be written to again (F7).
    #[error("{0}")]
    Doubtful(std::io::Error),
}

impl From<Unwritten> for std::io::Error {
    fn from(unwritten: Unwritten) -> Self {
        match unwritten {
            Unwritten::Full(error) | Unwritten::Doubtful(error) => error,
        }
    }
}
