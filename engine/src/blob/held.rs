//! Uploads that outlive the process: what came of a file, and a note of how much of it is on the disk.
//!
//! ```text
//!  tmp/held-<name>        the bytes
//!  tmp/held-<name>.note   twice, in turn: how many of them were synced, their SHA-256, of how many, when
//!
//!  bytes ─► sync ─► the older of the two notes ─► sync         (Upload::note, as often as the caller wants)
//!  opening: files without a note go ─► take up: cut behind the note, hash again, compare
//! ```
//!
//! What holds: bytes are taken up only where they are those that a note tells of. Behind a note nobody knows what the
//! disk took. A note that is torn leaves the one before it.

use std::io;

use sha2::Digest as _;

use super::{Blobs, Upload, hex};
use crate::disk::{self, DiskFile, RelPath};
use crate::error::{Error, Result};
use crate::event::Time;
use crate::log::frame::Fields;

/// What names an upload that is held: whoever begins it chooses it, and knows it again.
pub type HeldName = [u8; 16];

const PREFIX: &str = "held-";
const NOTE: &str = ".note";
const MAGIC: [u8; 8] = *b"wbqheld1";
const NOTE_LEN: usize = 68;
/// Notes of an upload.
const NOTES: usize = 2;
const READ_BYTES: usize = 1 << 20;

/// What is held of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub name: HeldName,
    /// Bytes of the whole file.
    pub total: u64,
    /// Bytes that are held.
    pub size: u64,
    /// When the note was written.
    pub at: Time,
}

/// The file of an upload's notes.
#[derive(Debug)]
pub(super) struct NoteFile {
    file: Box<dyn DiskFile>,
    /// Which of them is written next.
    turn: usize,
}

struct Note {
    held: Held,
    sha256: [u8; 32],
}

impl Note {
    fn write(&self) -> Vec<u8> {
        let Held { total, size, at, .. } = self.held;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&total.to_le_bytes());
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.extend_from_slice(&at.to_le_bytes());
        bytes.extend_from_slice(&self.sha256);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    fn read(name: HeldName, bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        if bytes.len() != NOTE_LEN || crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut fields = Fields(body.strip_prefix(&MAGIC)?);
        let (total, size, at) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let sha256 = fields.take()?;
        (size <= total).then_some(Self { held: Held { name, total, size, at: at.cast_signed() }, sha256 })
    }
}

fn content_path(name: &HeldName) -> RelPath {
    RelPath::of(&format!("tmp/{PREFIX}{}", hex(name)))
}

fn note_path(name: &HeldName) -> RelPath {
    RelPath::of(&format!("tmp/{PREFIX}{}{NOTE}", hex(name)))
}

/// Of a file in `tmp/`: the upload that it belongs to, whether its bytes or its note.
fn name_of(file: &str) -> Option<HeldName> {
    let digits = file.strip_prefix(PREFIX)?;
    let digits = digits.strip_suffix(NOTE).unwrap_or(digits);
    let number = u128::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 32)?;
    (hex(&number.to_be_bytes()) == digits).then(|| number.to_be_bytes())
}

/// Which of the files in `tmp/` an opening leaves: the bytes and notes of uploads that have both. `names` are sorted,
/// as a disk lists them.
pub(crate) fn kept(names: &[String]) -> impl Fn(&str) -> bool + '_ {
    let is_there = |path: &RelPath| names.binary_search_by(|name| name.as_str().cmp(path.name())).is_ok();
    move |file| {
        name_of(file).is_some_and(|name| is_there(&content_path(&name)) && is_there(&note_path(&name)))
    }
}

impl Blobs {
    /// Begins an upload that can be held; what was held under the name is forgotten.
    ///
    /// # Errors
    ///
    /// `DiskFull`, `Io`, `WritesStopped`.
    pub fn begin_held(&self, name: HeldName) -> Result<Upload> {
        self.stop.check()?;
        self.forget_held(&name)?;
        let path = content_path(&name);
        let file = self.world.disk.create_new(&path);
        let file = file.map_err(|source| Error::writing("create", &path, source))?;
        let mut upload = self.upload(path, file);
        upload.held = Some(name);
        Ok(upload)
    }

    /// Goes on with what is held, every byte of which is read; none where nothing is, or not what the note says,
    /// or of a file of another length. What is no good is forgotten.
    ///
    /// # Errors
    ///
    /// `Io`, `WritesStopped`.
    pub fn take_up(&self, name: HeldName, total: u64) -> Result<Option<Upload>> {
        self.stop.check()?;
        let upload = match self.note_of(name)?.filter(|(note, _)| note.held.total == total) {
            Some((note, notes)) => self.proven(&note, notes)?,
            None => None,
        };
        if upload.is_none() {
            self.forget_held(&name)?;
        }
        Ok(upload)
    }

    /// The upload that a note tells of, cut behind what it tells.
    fn proven(&self, note: &Note, notes: NoteFile) -> Result<Option<Upload>> {
        let path = content_path(&note.held.name);
        let io = |source| Error::Io { doing: "take up", path: path.clone(), source };
        let mut file = match self.world.disk.open(&path, true) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io(source)),
        };
        let len = file.len().map_err(io)?;
        if len < note.held.size {
            return Ok(None);
        }
        if len > note.held.size {
            file.set_len(note.held.size).map_err(io)?;
            file.sync_all().map_err(io)?;
        }
        let mut upload = self.upload(path.clone(), file);
        (upload.held, upload.noted, upload.notes) = (Some(note.held.name), Some(note.held.size), Some(notes));
        let mut buffer = vec![0; READ_BYTES];
        while upload.size < note.held.size {
            let Some(file) = &upload.file else { break };
            let read = disk::read_up_to(&**file, upload.size, &mut buffer).map_err(io)?;
            let bytes = buffer.get(..read).filter(|bytes| !bytes.is_empty());
            let Some(bytes) = bytes else { return Ok(None) };
            upload.sha256.update(bytes);
            upload.md5.update(bytes);
            upload.size += read as u64;
        }
        let is_right = upload.sha256.clone().finalize()[..] == note.sha256[..];
        Ok(is_right.then_some(upload))
    }

    /// What is held, as the notes say; what none tells of is forgotten.
    ///
    /// # Errors
    ///
    /// `Io`.
    pub fn held(&self) -> Result<Vec<Held>> {
        let folder = RelPath::of("tmp");
        let names = self.world.disk.list(&folder);
        let names = names.map_err(|source| Error::Io { doing: "list", path: folder, source })?;
        let mut held = Vec::new();
        for name in names.iter().filter(|name| name.ends_with(NOTE)).filter_map(|name| name_of(name)) {
            match self.note_of(name)? {
                Some((note, _)) => held.push(note.held),
                None => self.forget_held(&name)?,
            }
        }
        Ok(held)
    }

    /// Forgets what is held under a name, if anything is.
    ///
    /// # Errors
    ///
    /// `Io`.
    pub fn forget_held(&self, name: &HeldName) -> Result<()> {
        // The note first: bytes without one go with the next opening.
        for path in [note_path(name), content_path(name)] {
            match self.world.disk.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::Io { doing: "remove", path, source: error });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The last note of an upload, and where the next one goes.
    fn note_of(&self, name: HeldName) -> Result<Option<(Note, NoteFile)>> {
        let path = note_path(&name);
        let io = |source| Error::Io { doing: "read", path: path.clone(), source };
        let file = match self.world.disk.open(&path, true) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io(source)),
        };
        let mut bytes = [0; NOTES * NOTE_LEN];
        let read = disk::read_up_to(&*file, 0, &mut bytes).map_err(io)?;
        let notes = bytes.get(..read).unwrap_or_default().chunks(NOTE_LEN).enumerate();
        let notes = notes.filter_map(|(turn, bytes)| Some((turn, Note::read(name, bytes)?)));
        let last = notes.max_by_key(|(_, note)| note.held.size);
        Ok(last.map(|(turn, note)| (note, NoteFile { file, turn: (turn + 1) % NOTES })))
    }
}

impl Upload {
    /// Makes what came so far last, of a file of `total` bytes: a later process goes on from here. Of an upload
    /// that is not held, nothing.
    ///
    /// # Errors
    ///
    /// `DiskFull`, `Io`: it is not to be written to any more. `WritesStopped`, also by this.
    pub fn note(&mut self, total: u64, now: Time) -> Result<()> {
        let (Some(name), Some(file)) = (self.held, &mut self.file) else { return Ok(()) };
        self.stop.check()?;
        file.sync_data().map_err(|source| Error::writing("sync", &self.path, source))?;
        let held = Held { name, total, size: self.size, at: now };
        let bytes = Note { held, sha256: self.sha256.clone().finalize().into() }.write();
        let path = note_path(&name);
        let io = |source| Error::writing("write", &path, source);
        let is_first = self.notes.is_none();
        let notes = match &mut self.notes {
            Some(notes) => notes,
            none => {
                let file = self.world.disk.create_new(&path).map_err(io)?;
                none.insert(NoteFile { file, turn: 0 })
            }
        };
        disk::write_all_at(&mut *notes.file, (notes.turn * NOTE_LEN) as u64, &bytes).map_err(io)?;
        notes.file.sync_data().map_err(io)?;
        notes.turn = (notes.turn + 1) % NOTES;
        if is_first {
            self.sync_folder(&path.parent())?;
        }
        self.noted = Some(self.size);
        Ok(())
    }

    /// Bytes that came since the last note.
    #[must_use]
    pub fn unnoted(&self) -> u64 {
        self.size - self.noted.unwrap_or_default()
    }

    /// Removes what was noted of an upload that is over.
    pub(super) fn forget_note(&mut self) {
        let Some(name) = self.held.filter(|_| self.noted.take().is_some()) else { return };
        let path = note_path(&name);
        if let Err(error) = self.world.disk.remove(&path) {
            tracing::debug!(%path, %error, "cannot remove a note; the next opening will");
        }
    }
}
