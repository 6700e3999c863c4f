//! An open file of the simulated disk.

use std::io;
use std::ops::Range;

use bytes::Bytes;

use super::content::{Content, at};
use super::state::State;
use super::{EIO, ENOSPC, Failure, Op, OpKind, SimDisk};
use crate::disk::{DiskFile, REMOVED, RelPath};

/// Opens a file under a descriptor of its own.
pub(super) fn open(
    disk: &SimDisk,
    state: &mut State,
    path: &RelPath,
    id: u64,
    write: bool,
) -> Box<dyn DiskFile> {
    state.handles += 1;
    state.open += 1;
    Box::new(SimFile { disk: disk.clone(), path: path.clone(), id, handle: state.handles, write })
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    /// Its name when it was opened.
    path: RelPath,
    id: u64,
    handle: u64,
    write: bool,
}

impl SimFile {
    /// Looks at the bytes in a range, unless they cannot be read.
    fn read<T>(&self, bytes: &Range<u64>, look: impl FnOnce(&mut Content) -> T) -> io::Result<T> {
        let mut state = self.disk.powered()?;
        for (id, bad, times) in &mut state.bad_reads {
            let touches = bad.start < bytes.end && bytes.start < bad.end;
            if *id == self.id && touches && *times > 0 {
                *times -= 1;
                return Err(io::Error::from_raw_os_error(EIO));
            }
        }
        Ok(look(state.file(self.id)?))
    }

    fn perform<T>(
        &self,
        op: Op,
        effect: impl FnOnce(&mut State, Option<Failure>) -> io::Result<T>,
    ) -> io::Result<T> {
        if !self.write && op.kind != OpKind::Sync {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.disk.perform(op, Some((self.id, self.handle)), effect)
    }

    fn sync(&self, is_full: bool) -> io::Result<()> {
        self.perform(Op::new(OpKind::Sync, &self.path), |state, _| {
            if state.path_of(self.id).is_none() {
                return Err(io::Error::new(io::ErrorKind::NotFound, REMOVED));
            }
            state.file(self.id)?.sync(is_full);
            Ok(())
        })
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.disk.state().open -= 1;
    }
}

impl DiskFile for SimFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let op = Op { offset, len: bytes.len(), ..Op::new(OpKind::Write, &self.path) };
        self.perform(op, |state, planned| {
            let room = state.room();
            let file = state.file(self.id)?;
            let wanted = match planned {
                Some(Failure::Short) => bytes.len().div_ceil(2),
                Some(Failure::Nothing) => 0,
                _ => bytes.len(),
            };
            let fitting = file.fitting(offset, wanted, room);
            if fitting == 0 && wanted > 0 {
                return Err(io::Error::from_raw_os_error(ENOSPC));
            }
            file.write(offset, bytes.get(..fitting).unwrap_or_default(), self.handle);
            Ok(fitting)
        })
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let range = offset..offset.saturating_add(bytes.len() as u64);
        self.read(&range, |file| {
            let rest = file.cache().get(at(offset)..).unwrap_or_default();
            bytes.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            rest.len().min(bytes.len())
        })
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.sync(false)
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.sync(true)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        let op = Op { offset: len, ..Op::new(OpKind::SetLen, &self.path) };
        self.perform(op, |state, _| {
            state.file(self.id)?.set_len(len, self.handle);
            Ok(())
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.read(&(0..0), |file| file.cache().len() as u64)
    }

    fn drop_cache(&self) -> io::Result<()> {
        self.read(&(0..0), |file| file.drop_cache())
    }

    fn settle(&self) -> io::Result<()> {
        self.read(&(0..0), |file| {
            file.sync(false);
            file.drop_cache();
        })
    }

    fn map(&self) -> io::Result<Bytes> {
        self.read(&(0..u64::MAX), |file| {
            file.freeze("is mapped");
            Bytes::copy_from_slice(file.cache())
        })
    }
}
