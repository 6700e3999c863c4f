//! Makes the files of one job, one after the other.

use std::sync::Arc;

use super::gather::Rows;
use super::pace::{Pace, Paced};
use crate::disk::World;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::snapshot::Snapshot;
use crate::table::blocks::Sink;
use crate::table::rows::Written;
use crate::table::{self, Kind, Label, TableId, TableMeta};

/// zstd's level for files straight from the log: they will be written again.
const LEVEL_HOT: i32 = 1;
/// zstd's level for those that were merged.
const LEVEL_COLD: i32 = 3;

/// What the files of a job have in common, and those made so far.
pub(super) struct Maker<'a> {
    pub(super) world: &'a World,
    pub(super) snapshot: &'a Snapshot,
    pub(super) pace: Option<&'a Pace>,
    pub(super) level: u8,
    pub(super) next: TableId,
    pub(super) added: Vec<TableMeta>,
}

impl Maker<'_> {
    /// Makes a file of rows; gives how many they are.
    pub(super) fn rows(&mut self, project: Option<ProjectKey>, lsns: (Lsn, Lsn), rows: Rows) -> Result<u64> {
        let label = self.label(rows.kind, project, lsns);
        let (pace, level) = (self.pace, self.zstd_level());
        let name = |ordinal| self.name(ordinal);
        let write = |sink: Sink| Ok(unpaced(rows.write(level, &name, Paced { sink, pace })?));
        let meta = table::make(self.world, label, write)?;
        let rows = meta.rows;
        self.added.push(meta);
        Ok(rows)
    }

    /// Makes a file of events, which stand in log order: those of the log at level 0, else those of
    /// files of events.
    pub(super) fn events(
        &mut self,
        lsns: (Lsn, Lsn),
        events: impl Iterator<Item = Result<(Lsn, u64, Event)>>,
    ) -> Result<()> {
        let label = self.label(Kind::Events, None, lsns);
        let (pace, zstd_level, is_fresh) = (self.pace, self.zstd_level(), self.level == 0);
        let write = |sink: Sink| {
            let sink = Paced { sink, pace };
            let written = match is_fresh {
                true => table::events::write(events, zstd_level, sink),
                false => table::events::rewrite(events, zstd_level, sink),
            };
            Ok(unpaced(written?))
        };
        self.added.push(table::make(self.world, label, write)?);
        Ok(())
    }

    /// The run of an ordinal.
    pub(super) fn name(&self, ordinal: u32) -> Result<RunKey> {
        let run = self.snapshot.projection.runs.get(ordinal as usize).map(Arc::clone);
        Ok(run.ok_or_else(|| Error::damaged(format!("there is no run {ordinal}")))?.key.clone())
    }

    fn label(&mut self, kind: Kind, project: Option<ProjectKey>, lsns: (Lsn, Lsn)) -> Label {
        let id = self.next;
        self.next = TableId(id.0 + 1);
        Label { id, kind, level: self.level, project, lsns }
    }

    fn zstd_level(&self) -> i32 {
        if self.level == 0 { LEVEL_HOT } else { LEVEL_COLD }
    }
}

fn unpaced(written: Written<Paced<'_>>) -> Written<Sink> {
    Written { sink: written.sink.sink, rows: written.rows, index: written.index }
}
