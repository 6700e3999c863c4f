//! Makes the files of one order, one after the other: gives each its number, and knows them all, so that
//! they can be named or removed together.

use super::gather::Rows;
use super::pace::{Pace, Paced};
use crate::disk::World;
use crate::error::{Error, Result};
use crate::id::{Lsn, RunKey};
use crate::projection::Projection;
use crate::table::blocks::Sink;
use crate::table::events::{self, Recorded};
use crate::table::rows::Written;
use crate::table::{self, Kind, Label, TableId, TableMeta};

/// zstd's level for files straight from the log: they will be written again.
const LEVEL_HOT: i32 = 1;
/// zstd's level for those that were merged.
const LEVEL_COLD: i32 = 3;

pub(super) struct Maker<'a> {
    pub(super) world: &'a World,
    pace: Option<&'a Pace>,
    next: TableId,
    /// The files that were made so far.
    pub(super) added: Vec<TableMeta>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(world: &'a World, pace: Option<&'a Pace>, first: TableId) -> Self {
        Self { world, pace, next: first, added: Vec::new() }
    }

    /// The label of the next file, with the next number.
    pub(super) fn label(&mut self, kind: Kind, level: u8, lsns: (Lsn, Lsn)) -> Label {
        let id = self.next;
        self.next = TableId(id.0 + 1);
        Label { id, kind, level, project: None, lsns }
    }

    /// Makes a file of what `write` writes; gives how many rows it has.
    pub(super) fn file(
        &mut self,
        label: Label,
        write: impl FnOnce(Paced<'a>) -> Result<Written<Paced<'a>>>,
    ) -> Result<u64> {
        let pace = self.pace;
        let meta = table::make(self.world, label, |sink| write(Paced { sink, pace }).map(unpaced))?;
        let rows = meta.rows;
        self.added.push(meta);
        Ok(rows)
    }

    /// Makes a file of rows, of runs that `state` has; gives how many rows they are.
    pub(super) fn rows(&mut self, label: Label, rows: Rows, state: &Projection) -> Result<u64> {
        let zstd_level = zstd_level(&label);
        self.file(label, |sink| rows.write(zstd_level, &|ordinal| name(state, ordinal), sink))
    }

    /// Makes a file of events, which stand in log order.
    pub(super) fn events(
        &mut self,
        label: Label,
        events: impl Iterator<Item = Result<Recorded>>,
    ) -> Result<()> {
        let zstd_level = zstd_level(&label);
        self.file(label, |sink| events::write(events, zstd_level, sink)).map(|_rows| ())
    }

    /// Removes the files, of an order that could not be carried out.
    pub(super) fn remove_all(&mut self) {
        for path in self.added.drain(..).flat_map(|meta| [meta.path(), meta.sidecar_path()]) {
            // The next opening removes it where this cannot.
            let _left = self.world.disk.remove(&path);
        }
    }
}

/// The run of an ordinal.
pub(super) fn name(state: &Projection, ordinal: u32) -> Result<RunKey> {
    let run = state.run_at(ordinal)?;
    Ok(run.ok_or_else(|| Error::damaged(format!("there is no run {ordinal}")))?.key.clone())
}

fn zstd_level(label: &Label) -> i32 {
    if label.level == 0 { LEVEL_HOT } else { LEVEL_COLD }
}

fn unpaced(written: Written<Paced<'_>>) -> Written<Sink> {
    Written { sink: written.sink.sink, rows: written.rows, index: written.index }
}
