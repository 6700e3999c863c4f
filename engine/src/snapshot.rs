//! What one reader sees: the state at one durable position, and the log behind it.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::event::{Block, Body, ConsoleLine, Event, Time};
use crate::id::{Lsn, ProjectKey};
use crate::limits::BRANCHES_MAX;
use crate::log::{Located, Segments};
use crate::past;
use crate::projection::{Bound, Extent, Location, Place, Projection, Run, Screen, StreamKind};
use crate::reads::Reads;
use crate::recovery::Missing;
use crate::table::events::{Recorded, Whose};
use crate::table::index::Entry;
use crate::table::rows::{Piece, RowColumns, Wanted, console_lines};
use crate::table::runs::RunHead;
use crate::table::{Kind, Table, Tables};

/// A moment of the store. It never changes; holding it keeps nobody waiting.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The state that all events up to `durable` amount to.
    pub projection: Projection,
    /// The position of the last event that it shows.
    pub durable: Lsn,
    /// For how many nanoseconds the store had been open for writing by then.
    pub(crate) open_nanos: u64,
    pub(crate) segments: Arc<Segments>,
    pub(crate) tables: Arc<Tables>,
    /// Where it is counted what is read through this.
    pub(crate) reads: Option<Arc<Reads>>,
    /// The whole state, where `projection` shows some projects only.
    pub(crate) whole: Option<Arc<Projection>>,
}

impl Snapshot {
    /// The same moment, through which what is read is counted.
    #[must_use]
    pub fn counting(&self, reads: &Arc<Reads>) -> Self {
        Self { reads: Some(Arc::clone(reads)), ..self.clone() }
    }

    /// The same moment for somebody who may see only some of the projects ([`Projection::for_those`]). So are
    /// the moments of the past that it leads to.
    #[must_use]
    pub fn for_those(&self, may_see: impl Fn(&ProjectKey) -> bool) -> Self {
        let whole = self.whole.clone().unwrap_or_else(|| Arc::new(self.projection.clone()));
        Self { projection: self.projection.for_those(may_see), whole: Some(whole), ..self.clone() }
    }

    /// Where the rows of a run stand: in table files, in no order that means anything, then in the tail
    /// of the log. Rows of one position may stand in several; each says which event wrote it.
    ///
    /// # Errors
    ///
    /// `Damaged` when a table file is not what was written, or events of the run are lost; `Io`.
    pub fn extents(&self, run: &Run, kind: StreamKind) -> Result<Vec<Extent>> {
        let mut extents = self.own_extents(run, kind)?;
        let mut origin = run.origin.as_ref().filter(|_| kind == StreamKind::History).cloned();
        let (mut bound, mut depth) = (Bound::NONE, 0);
        while let Some(from) = origin {
            let gone =
                || Error::damaged(format!("run {} goes on from {}, which is gone", run.key, from.parent));
            let parent = self.projection.generation(&from.parent)?;
            let parent = parent.filter(|parent| parent.erased.is_none() && depth < BRANCHES_MAX);
            let parent = parent.ok_or_else(gone)?;
            bound = bound.within(&from);
            let theirs = self.own_extents(&parent, kind)?;
            extents.extend(theirs.into_iter().filter_map(|extent| extent.within(bound)));
            depth += 1;
            origin = parent.origin.clone();
        }
        Ok(extents)
    }

    /// The same without those that it has of another run which it goes on from.
    ///
    /// # Errors
    ///
    /// As for [`Snapshot::extents`].
    pub fn own_extents(&self, run: &Run, kind: StreamKind) -> Result<Vec<Extent>> {
        run.check_whole()?;
        let mut extents = self.extents_at_rest(run.ordinal, &run.key.project, kind)?;
        extents.extend(self.tail(run, kind).cloned());
        Ok(extents)
    }

    /// The same of a run of which it is only known where it is.
    ///
    /// # Errors
    ///
    /// As for [`Snapshot::extents`].
    pub fn extents_of(&self, run: &RunHead, kind: StreamKind) -> Result<Vec<Extent>> {
        match &run.awake {
            Some(awake) => self.extents(awake, kind),
            None if run.has_origin && kind == StreamKind::History => {
                let whole = self.projection.run_at(run.ordinal)?;
                let whole = whole.ok_or_else(|| Error::damaged(format!("run {} is in no file", run.key)))?;
                self.extents(&whole, kind)
            }
            // No event of a run that rests is only in the log.
            None => self.extents_at_rest(run.ordinal, &run.key.project, kind),
        }
    }

    fn extents_at_rest(&self, ordinal: u32, project: &ProjectKey, kind: StreamKind) -> Result<Vec<Extent>> {
        let table = match kind {
            StreamKind::History => Kind::History,
            StreamKind::System => Kind::System,
            StreamKind::Console => Kind::Console,
        };
        let mut extents = Vec::new();
        let may_hold = |table: &&Arc<Table>| table.meta.project.as_ref().is_none_or(|holds| holds == project);
        for table in self.tables.of(table).filter(may_hold) {
            // A moment of the past sees no row that was written later.
            let entries = table.of_run(ordinal)?.filter(|entry| entry.lsns.0 <= self.durable);
            extents.extend(entries.map(|entry| Extent {
                lsn: entry.lsns.1.min(self.durable),
                writer: Arc::clone(&entry.writer),
                first_line: entry.lines.0,
                end_line: entry.lines.1,
                rows: u32::try_from(entry.rows).unwrap_or(u32::MAX),
                steps: entry.steps,
                key: entry.key.clone(),
                bound: None,
                place: Place::Table(Arc::clone(table), Box::new(entry)),
            }));
        }
        Ok(extents)
    }

    /// The columns of some keys, of all rows of some extents, one behind the other; none unless these rise in
    /// one table file ([`Extent::precedes_in_file`]) and hold whole rows, all of which this moment sees.
    ///
    /// # Errors
    ///
    /// As for [`Snapshot::rows`].
    pub fn columns(&self, extents: &[&Extent], keys: &[Arc<str>]) -> Result<Option<RowColumns>> {
        let mut file: Option<&Arc<Table>> = None;
        let mut entries = Vec::with_capacity(extents.len());
        for extent in extents {
            match &extent.place {
                Place::Table(table, entry)
                    if entry.key.is_none()
                        && extent.bound.is_none()
                        && entry.lsns.1 <= self.durable
                        && file.is_none_or(|file| Arc::ptr_eq(file, table)) =>
                {
                    file = Some(table);
                    entries.push(&**entry);
                }
                _ => return Ok(None),
            }
        }
        file.map(|file| file.columns(&entries, keys, self.reads.as_ref())).transpose()
    }

    /// Where the rows of a run stand that no table file has.
    pub(crate) fn tail<'a>(
        &self,
        run: &'a Run,
        kind: StreamKind,
    ) -> impl Iterator<Item = &'a Extent> + use<'a> {
        let tail = match kind {
            StreamKind::History => &run.history.extents,
            StreamKind::System => &run.system.extents,
            StreamKind::Console => &run.console,
        };
        let through = self.tables.through;
        tail.iter().filter(move |extent| extent.lsn > through)
    }

    /// The rows of an extent of a run's history or system metrics. Every checksum on the way is
    /// checked (D6).
    ///
    /// # Errors
    ///
    /// `Damaged` when a file does not hold what it held; `Io`.
    pub fn rows(&self, extent: &Extent) -> Result<Piece> {
        self.wanted_rows(extent, Wanted::All)
    }

    /// The rows of an extent with the cells of some keys, and perhaps others.
    ///
    /// # Errors
    ///
    /// As for [`Snapshot::rows`].
    pub fn rows_of(&self, extent: &Extent, keys: &[Arc<str>]) -> Result<Piece> {
        self.wanted_rows(extent, Wanted::Keys(keys))
    }

    fn wanted_rows(&self, extent: &Extent, wanted: Wanted<'_>) -> Result<Piece> {
        let piece = self.all_rows(extent, wanted)?;
        Ok(match extent.bound {
            None => piece,
            Some(bound) => piece.until(bound.lsn).up_to_step(bound.step),
        })
    }

    fn all_rows(&self, extent: &Extent, wanted: Wanted<'_>) -> Result<Piece> {
        let location = match &extent.place {
            Place::Log(location) => *location,
            Place::Table(table, entry) => return self.at_rest(table, entry, wanted),
        };
        let event = self.event(location, extent.lsn)?;
        let rows = match event.body {
            Body::Logged(rows) | Body::SystemSampled(rows) => rows,
            other => return Err(misfit(location, other.name())),
        };
        let block = Block::parse(rows.block).map_err(|error| misfit(location, &error.to_string()))?;
        Ok(Piece::logged(block, extent.lsn, extent.first_line))
    }

    fn at_rest(&self, table: &Table, entry: &Entry, wanted: Wanted<'_>) -> Result<Piece> {
        Ok(table.counted(entry, wanted, self.reads.as_ref())?.until(self.durable))
    }

    fn event(&self, location: Location, lsn: Lsn) -> Result<Event> {
        if let Some(reads) = &self.reads {
            reads.note_event();
        }
        self.segments.event(location, lsn)
    }

    /// A run's console as it stands: of each line the newest text.
    ///
    /// # Errors
    ///
    /// `Damaged` when a file does not hold what it held; `Io`.
    pub fn console(&self, run: &Run) -> Result<Screen> {
        let mut screen = Screen::default();
        for extent in self.extents(run, StreamKind::Console)? {
            self.console_lines(&extent)?
                .into_iter()
                .for_each(|(number, lsn, line)| screen.write(number, lsn, line));
        }
        Ok(screen)
    }

    /// The lines of one extent of a run's console as they were written then, each with its number and
    /// the position that wrote it.
    ///
    /// # Errors
    ///
    /// `Damaged` when a file does not hold what it held; `Io`.
    pub fn console_lines(&self, extent: &Extent) -> Result<Vec<(u64, Lsn, ConsoleLine)>> {
        let location = match &extent.place {
            Place::Log(location) => *location,
            Place::Table(table, entry) => {
                let piece = self.at_rest(table, entry, Wanted::All)?;
                let lines = (0u32..).zip(console_lines(&piece.block));
                return Ok(lines.map(|(row, line)| (piece.line(row), piece.lsn(row), line)).collect());
            }
        };
        match self.event(location, extent.lsn)?.body {
            Body::ConsoleWritten(console) => Ok((extent.first_line..)
                .zip(console.lines)
                .map(|(number, line)| (number, extent.lsn, line))
                .collect()),
            other => Err(misfit(location, other.name())),
        }
    }

    /// Every event from a position on, up to this snapshot's, in log order: position, `run_seq`,
    /// event.
    pub fn events(&self, from: Lsn) -> impl Iterator<Item = Result<(Lsn, u64, Event)>> + use<> {
        let events = Segments::events(Arc::clone(&self.segments), from, self.durable);
        events.map(|event| event.map(|event| (event.lsn, event.run_seq, event.event)))
    }

    /// Every event from a position on as it is kept for ever, up to this snapshot's, in log order.
    pub fn recorded(&self, from: Lsn) -> impl Iterator<Item = Result<Recorded>> + use<> {
        self.recorded_of(from, Whose::ALL)
    }

    /// Of these events, those about some subjects: of the others that stand in table files only that is read
    /// what they are about.
    pub fn recorded_of(&self, from: Lsn, whose: Whose) -> impl Iterator<Item = Result<Recorded>> + use<> {
        let (through, durable) = (self.tables.through, self.durable);
        let at_rest = self
            .tables
            .events(from, whose.clone())
            .take_while(move |event| event.as_ref().map_or(true, |event| event.lsn <= durable));
        let tail = Segments::events(Arc::clone(&self.segments), from.max(through.advance(1)), durable);
        let is_wanted = move |located: &Result<Located>| {
            located.as_ref().map_or(true, |located| whose.are_wanted(&located.event.subject))
        };
        at_rest.chain(tail.filter(is_wanted).map(|located| {
            let Located { lsn, run_seq, event, .. } = located?;
            Recorded::of(lsn, run_seq, event)
        }))
    }

    /// The store as it was at an earlier moment: what the events up to there amount to (`past.rs`).
    ///
    /// # Errors
    ///
    /// `Damaged` when the log or a table file does not hold what it held; `Io`.
    pub fn as_of(&self, moment: Moment) -> Result<Self> {
        let (Some(whole), Some(seen)) = (&self.whole, self.projection.seen()) else {
            return past::as_of(self, moment);
        };
        let now = Self { projection: (**whole).clone(), whole: None, ..self.clone() };
        Ok(past::as_of(&now, moment)?.for_those(|project| seen.contains(project)))
    }

    /// The position before the first event that was received later.
    pub(crate) fn last_received_by(&self, time: Time) -> Result<Lsn> {
        let (through, durable) = (self.tables.through, self.durable);
        if let Some(first) = self.tables.first_received_after(time)? {
            return Ok(Lsn(first.0.saturating_sub(1)).min(durable));
        }
        for located in Segments::events(Arc::clone(&self.segments), through.advance(1), durable) {
            let Located { lsn, event, .. } = located?;
            if event.received > time {
                return Ok(Lsn(lsn.0.saturating_sub(1)));
            }
        }
        Ok(durable)
    }

    /// The deleted runs that are not erased, each with for how long that is known, by the time for which
    /// the store was open.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of the files that they rest in.
    pub fn deleted(&self) -> impl Iterator<Item = Result<(Arc<Run>, Duration)>> + '_ {
        self.projection.erasures.deleted().filter_map(|(ordinal, since)| {
            let kept = Duration::from_nanos(self.open_nanos.saturating_sub(since.unwrap_or(self.open_nanos)));
            let run = self.projection.run_at(ordinal).transpose()?;
            Some(run.map(|run| (run, kept)))
        })
    }

    /// How often runs were erased since the store was opened: what was made of a moment of the past is of
    /// use only as long as this is the same.
    #[must_use]
    pub fn erasures(&self) -> u64 {
        self.tables.erasures
    }

    /// What is lost, where a damaged folder was opened all the same.
    #[must_use]
    pub fn missing(&self) -> &Missing {
        self.segments.missing()
    }

    /// Bytes of the log that stand in no table file yet.
    #[must_use]
    pub fn waiting_bytes(&self) -> u64 {
        let waits = |segment: &SegmentInfo| segment.last_lsn > self.tables.through;
        self.segments().iter().filter(|segment| waits(segment)).map(|segment| segment.bytes).sum()
    }

    /// The position of the last event that stands in table files; 0 where none does.
    #[must_use]
    pub fn compacted(&self) -> Lsn {
        self.tables.through
    }

    /// The table files.
    #[must_use]
    pub fn table_files(&self) -> Vec<TableInfo> {
        let info = |table: &Arc<Table>| TableInfo {
            id: table.meta.id.0,
            kind: table.meta.kind.name(),
            level: table.meta.level,
            project: table.meta.project.clone(),
            bytes: table.meta.bytes + table.meta.sidecar.0,
            rows: table.meta.rows,
            first_lsn: table.meta.lsns.0,
            last_lsn: table.meta.lsns.1,
            paths: [table.meta.path(), table.meta.sidecar_path()].map(|path| path.as_str().to_owned()),
        };
        self.tables.all().map(info).collect()
    }

    /// The log's segments: number, bytes, first and last position, whether sealed.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentInfo> {
        self.segments.infos(self.durable)
    }
}

/// A moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// With this event as the last one.
    Lsn(Lsn),
    /// With all events up to the first that was received later: a clock that went back does not
    /// change the order of events (D7).
    Time(Time),
}

/// A segment, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number.
    pub id: u64,
    /// Bytes that hold events.
    pub bytes: u64,
    /// Bytes of the file in which it stands compressed; none where it is not.
    pub packed_bytes: Option<u64>,
    /// The position of its first event.
    pub first_lsn: Lsn,
    /// The position of its last event, which is before the first while it has none.
    pub last_lsn: Lsn,
    /// Whether it will never change again.
    pub sealed: bool,
}

/// A table file, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// Its number.
    pub id: u64,
    /// What it holds.
    pub kind: &'static str,
    /// About how often its rows were written again.
    pub level: u8,
    /// The project whose rows alone it holds; none where several are mixed.
    pub project: Option<ProjectKey>,
    /// Bytes of it and of the file beside it.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// The position of the first event of which it has something.
    pub first_lsn: Lsn,
    /// The position of the last one.
    pub last_lsn: Lsn,
    /// The file and the one beside it, in the data folder.
    pub paths: [String; 2],
}

fn misfit(location: Location, found: &str) -> Error {
    Error::damaged(format!(
        "segment {} holds at byte {} not the rows that are indexed: {found}",
        location.segment, location.offset
    ))
}
