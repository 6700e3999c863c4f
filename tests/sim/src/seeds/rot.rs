//! Rot in copies of a store all of which is proven: each is reported or harmless, never wrong (D6).

use engine::Error;
use engine::disk::sim::{Chance, Image};

use super::place;
use crate::driver::{Driver, Step};

/// One file of a proven store rots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rot {
    /// Chooses the file.
    file: u64,
    /// Chooses the byte.
    at: u64,
    kind: RotKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RotKind {
    Bit(u64),
    SectorLost,
    SectorMisplaced,
}

/// What is done to make all of a store proven, and how it rots then, each time from the same state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rots {
    /// Groups before the close mark; none: the store is closed.
    groups: Option<u64>,
    rots: Vec<Rot>,
}

impl Rots {
    pub(super) fn drawn(chance: &mut Chance) -> Self {
        let groups = (!chance.one_in(2)).then(|| chance.below(6));
        let rots = (0..3).map(|_| Rot::drawn(chance)).collect();
        Self { groups, rots }
    }

    /// After everything was proven each rot is reported or harmless, never wrong (D6).
    pub(super) fn run(&self, left: &Driver) {
        let mut proven = left.fork(left.disk.after_kill());
        proven.open();
        match self.groups {
            None => proven.step(&Step::Close),
            Some(groups) => {
                (0..groups).for_each(|_| proven.step(&Step::Commit(vec![(2, 100)])));
                proven.step(&Step::Idle);
                proven.core = None;
            }
        }
        self.rots.iter().for_each(|rot| rot.run(&proven, self.groups.is_none()));
    }
}

impl Rot {
    fn drawn(chance: &mut Chance) -> Self {
        let (file, at) = (chance.draw(), chance.draw());
        let kind = match chance.below(3) {
            0 => RotKind::Bit(chance.below(8)),
            1 => RotKind::SectorLost,
            _ => RotKind::SectorMisplaced,
        };
        Self { file, at, kind }
    }

    fn run(&self, proven: &Driver, is_closed: bool) {
        let files: Vec<_> = proven
            .disk
            .files()
            .into_iter()
            .filter(|(path, bytes)| path.name() != "LOCK" && !bytes.is_empty())
            .collect();
        let (path, bytes) = &files[place(self.file % files.len() as u64)];
        let at = place(self.at % bytes.len() as u64);
        let sector = at / 512 * 512..(at / 512 * 512 + 512).min(bytes.len());
        // Of a store that was not closed, the sector of the last close mark may be that of the last
        // group too: when both go, nothing shows any more that there was a group.
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let is_last = files.iter().rfind(|(path, _)| path.as_str().starts_with("log/"));
        let holds_mark = is_last.is_some_and(|(last, _)| last == path) && sector.end + 36 > end;
        if !is_closed && !matches!(self.kind, RotKind::Bit(_)) && holds_mark {
            return;
        }
        let disk = proven.disk.after_image(Image::AllLost);
        disk.rot(path, |bytes| match self.kind {
            RotKind::Bit(bit) => bytes[at] ^= 1 << bit,
            RotKind::SectorLost => bytes[sector].fill(0),
            RotKind::SectorMisplaced => bytes.copy_within(sector, 0),
        });
        let mut after = proven.fork(disk);
        match after.try_recover() {
            Ok(_) => {}
            Err(Error::Damaged(_) | Error::TooNew { .. }) => {}
            Err(other) => unreachable!("rot at byte {at} of {path}: {other:?}"),
        }
    }
}
