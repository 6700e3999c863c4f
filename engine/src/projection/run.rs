//! One run as its events left it: the fold that every reader sees.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};

use super::branch::Bound;
use super::tree::Tree;
use crate::event::{
    Attribute, Block, BlockError, Body, Cause, Chunk, ConsoleLine, Event, FilePut, KeyStats, Kinds, Origin,
    Rows, RunCreated, State, StateChanged, Time, Value,
};
use crate::id::{Lsn, RunKey, SegmentId};
use crate::limits;
use crate::recovery;
use crate::table::events::Digest;
use crate::table::index::Entry;

/// Where a frame stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The segment.
    pub segment: SegmentId,
    /// The frame's first byte in it.
    pub offset: u64,
    /// Bytes of its body.
    pub len: u32,
}

/// Where lines of a stream stand: an entry of the tail's index, or of a table file's.
#[derive(Debug, Clone)]
pub struct Extent {
    /// The position of the last event that wrote one of them.
    pub lsn: Lsn,
    pub(crate) place: Place,
    /// Who wrote it; empty where one process writes.
    pub writer: Arc<str>,
    /// The lowest line number.
    pub first_line: u64,
    /// The one behind the highest.
    pub end_line: u64,
    /// Rows, of which some may be without a cell.
    pub rows: u32,
    /// The lowest and highest `_step`; none outside history.
    pub steps: Option<(i64, i64)>,
    /// The one key whose cells these are; none where rows are whole.
    pub key: Option<Arc<str>>,
    /// Which of the rows count, where not all of them do.
    pub(crate) bound: Option<Bound>,
}

impl Extent {
    /// Whether another one's rows stand behind these in the same table file.
    #[must_use]
    pub fn precedes_in_file(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::Table(file, entry), Place::Table(other_file, other)) => {
                Arc::ptr_eq(file, other_file) && entry.first_row < other.first_row
            }
            _ => false,
        }
    }

    /// Whether it is known that every row has a step, above that of the row before it.
    #[must_use]
    pub fn steps_rise(&self) -> bool {
        matches!(&self.place, Place::Table(_, entry) if entry.steps_rise)
    }

    /// Those of its rows that a run has that goes on from this one; none where it has none of them.
    pub(crate) fn within(mut self, bound: Bound) -> Option<Self> {
        let (low, high) = self.steps?;
        let (first, last) = match &self.place {
            Place::Log(_) => (self.lsn, self.lsn),
            Place::Table(_, entry) => entry.lsns,
        };
        if low > bound.step || first > bound.lsn {
            return None;
        }
        if high > bound.step || last > bound.lsn {
            self.steps = Some((low, high.min(bound.step)));
            self.lsn = self.lsn.min(bound.lsn);
            self.bound = Some(bound);
        }
        Some(self)
    }

    /// Whether its rows stand in a table file.
    #[must_use]
    pub fn is_in_file(&self) -> bool {
        matches!(self.place, Place::Table(..))
    }
}

/// The file that holds an extent's rows.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A frame of the log.
    Log(Location),
    /// Rows of a table file.
    Table(Arc<crate::table::Table>, Box<Entry>),
}

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StreamKind {
    /// Rows of history.
    History,
    /// Rows of system metrics.
    System,
    /// Lines of the console.
    Console,
}

/// A stream of lines: where the next one goes, and which chunks were seen (DESIGN 4).
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// The line after the highest one stored.
    pub next: u64,
    /// Hashes of the last chunks, oldest first.
    pub(super) hashes: Vector<u64>,
    /// The positions of the last event of it and of the one before; 0 where there was none.
    pub written: (Lsn, Lsn),
}

impl Stream {
    /// Whether a chunk of that hash is among the last ones stored.
    #[must_use]
    pub fn has_seen(&self, hash: u64) -> bool {
        self.hashes.contains(&hash)
    }

    fn take(&mut self, lsn: Lsn, chunk: &Chunk) {
        self.written = (lsn, self.written.0);
        self.next = self.next.max(chunk.first_line.saturating_add(chunk.lines.into()));
        if self.hashes.len() >= limits::CHUNK_HASHES_MAX {
            self.hashes.pop_front();
        }
        self.hashes.push_back(chunk.hash);
    }
}

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// What was put.
    pub file: FilePut,
    /// When.
    pub updated: Time,
}

/// Rows of a run: where they stand, and what they hold.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Where the rows stand that are in the log alone, in its order.
    pub(crate) extents: Vector<Extent>,
    /// Rows written, overwritten ones included.
    pub rows: u64,
    /// The keys seen.
    pub keys: OrdMap<Arc<str>, KeyStats>,
}

/// A generation of a run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name.
    pub key: RunKey,
    /// Its place in [`super::Projection::runs`], for ever.
    pub ordinal: u32,
    /// Where it came from: `wandb`, `cli` …
    pub source: Arc<str>,
    /// The rows that it has of another run, if it goes on from one.
    pub origin: Option<Arc<Origin>>,
    /// Who made it.
    pub author: Arc<str>,
    /// When it was made.
    pub created: Time,
    /// Name, notes, tags and the like, sorted by attribute.
    pub(super) attributes: Arc<Vec<(Attribute, Value)>>,
    /// The config.
    pub config: Tree,
    /// The summary.
    pub summary: Tree,
    /// What it is doing.
    pub state: State,
    /// The last change of state; none while in the first.
    pub change: Option<Arc<StateChanged>>,
    /// The exit code that the trainer gave last.
    pub exit_code: Option<i32>,
    /// Somebody asked it to stop and it has not ended since.
    pub stop_requested: bool,
    /// When its trainer was last heard.
    pub heartbeat: Time,
    /// When it ended, unless it is at work.
    pub finished: Option<Time>,
    /// Nanoseconds at work before `active_since`.
    pub(super) active_before: i64,
    /// When it went to work last; none while it rests.
    pub(super) active_since: Option<Time>,
    /// Rows of history.
    pub history: Table,
    /// The highest `_step` logged.
    pub last_step: Option<i64>,
    /// Rows of system metrics.
    pub system: Table,
    /// Where the console lines stand that are in the log alone, in its order.
    pub(crate) console: Vector<Extent>,
    /// Console lines written, overwritten ones included.
    pub console_lines: u64,
    /// The streams, by writer and kind.
    pub(super) streams: OrdMap<(Arc<str>, StreamKind), Stream>,
    /// Files by name.
    pub files: OrdMap<Arc<str>, FileEntry>,
    /// Lines that could not be read.
    pub quarantined: u64,
    /// When it was deleted.
    pub deleted: Option<Time>,
    /// When it was erased: nothing is left of it but its name.
    pub erased: Option<Time>,
    /// A later generation has begun under its id.
    pub superseded: bool,
    /// The numbers of the first and last of its events that are lost, where a damaged folder was opened all
    /// the same: it shows what it was before. In no file.
    pub missing: Option<(u64, u64)>,
    /// Events so far: the next one's `run_seq`.
    pub seq: u64,
    /// The last event's position.
    pub updated: Lsn,
}

/// Where the rows and lines of an event are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'a> {
    /// In its frame in the log.
    Log(Location),
    /// In table files; of rows this is what is known here.
    Tables(Option<&'a Digest>),
}

/// A key that a block brought, with what it adds.
pub(super) struct NewKey {
    pub(super) key: Arc<str>,
    pub(super) kinds: Kinds,
}

impl Run {
    pub(super) fn new(key: RunKey, ordinal: u32, event: &Event, created: &RunCreated) -> Self {
        Self {
            author: Arc::clone(&event.actor),
            created: event.received,
            heartbeat: event.received,
            active_since: created.state.is_active().then_some(event.received),
            ..Self::blank(key, ordinal, created)
        }
    }

    fn blank(key: RunKey, ordinal: u32, created: &RunCreated) -> Self {
        let state = created.state;
        Self {
            key,
            ordinal,
            source: Arc::clone(&created.source),
            origin: None,
            author: Arc::from(""),
            created: 0,
            attributes: Arc::default(),
            config: Tree::default(),
            summary: Tree::default(),
            state,
            change: None,
            exit_code: None,
            stop_requested: false,
            heartbeat: 0,
            finished: None,
            active_before: 0,
            active_since: None,
            history: Table::default(),
            last_step: None,
            system: Table::default(),
            console: Vector::new(),
            console_lines: 0,
            streams: OrdMap::new(),
            files: OrdMap::new(),
            quarantined: 0,
            deleted: None,
            erased: None,
            superseded: false,
            missing: None,
            seq: 0,
            updated: Lsn::default(),
        }
    }

    /// Refuses to tell of it what is less than it was.
    ///
    /// # Errors
    ///
    /// `Damaged` when events of it are lost.
    pub fn check_whole(&self) -> crate::error::Result<()> {
        match self.missing {
            Some(range) => Err(recovery::lost(&self.key.clone().into(), range)),
            None => Ok(()),
        }
    }

    /// An attribute, unless it was never set or was cleared.
    #[must_use]
    pub fn attribute(&self, attribute: Attribute) -> Option<&Value> {
        let index = self.attributes.binary_search_by_key(&attribute, |(name, _)| *name).ok()?;
        self.attributes.get(index).map(|(_, value)| value)
    }

    /// An attribute that is text.
    #[must_use]
    pub fn text(&self, attribute: Attribute) -> Option<&str> {
        self.attribute(attribute)?.as_str()
    }

    /// The tags, in their order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = match self.attribute(Attribute::Tags) {
            Some(Value::List(tags)) => tags.as_slice(),
            _ => &[],
        };
        tags.iter().filter_map(Value::as_str)
    }

    /// The display name, or the id while there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text(Attribute::Name).unwrap_or(&self.key.run)
    }

    /// Whether queries see it by default.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.deleted.is_none() && self.is_current()
    }

    /// Whether queries see it that ask for deleted runs too.
    #[must_use]
    pub fn is_current(&self) -> bool {
        !self.superseded && self.erased.is_none()
    }

    /// A stream's state; that of an empty stream where nothing came yet.
    #[must_use]
    pub fn stream(&self, writer: &str, kind: StreamKind) -> Stream {
        self.streams.get(&(Arc::from(writer), kind) as &(Arc<str>, StreamKind)).cloned().unwrap_or_default()
    }

    /// Whether it holds rows, console lines or an end: what beginning it again would overwrite.
    #[must_use]
    pub fn holds_work(&self) -> bool {
        self.history.rows > 0 || self.system.rows > 0 || self.console_lines > 0 || self.finished.is_some()
    }

    /// What it comes to.
    pub(super) fn totals(&self) -> super::Totals {
        super::Totals {
            history_rows: self.history.rows,
            system_rows: self.system.rows,
            console_lines: self.console_lines,
            quarantined: self.quarantined,
        }
    }

    /// When it began: as the trainer says, else when it was made.
    #[must_use]
    pub fn started(&self) -> Time {
        self.attribute(Attribute::StartedAt).and_then(Value::as_i64).unwrap_or(self.created)
    }

    /// Nanoseconds from its beginning to its end, or to its last heartbeat, pauses included.
    #[must_use]
    pub fn runtime(&self) -> i64 {
        self.finished.unwrap_or(self.heartbeat).saturating_sub(self.started()).max(0)
    }

    /// Nanoseconds at work.
    #[must_use]
    pub fn duration(&self) -> i64 {
        let now = self.active_since.map_or(0, |since| self.heartbeat.saturating_sub(since).max(0));
        self.active_before.saturating_add(now)
    }

    /// Folds one of its events; the keys that are new to the run are given to `new_key`.
    pub(super) fn apply(
        &mut self,
        lsn: Lsn,
        content: Content<'_>,
        event: &Event,
        new_key: &mut dyn FnMut(super::keys::Space, NewKey),
    ) -> Result<(), BlockError> {
        use super::keys::Space;
        match &event.body {
            Body::RunChanged(change) => change.set.iter().for_each(|(name, value)| self.set(*name, value)),
            Body::ConfigChanged(change) => self.config.apply(change),
            Body::SummaryChanged(change) => self.summary.apply(change),
            Body::Logged(rows) => {
                self.take(StreamKind::History, lsn, &rows.chunk);
                let highest = rows_into(&mut self.history, lsn, content, rows, &mut |key| {
                    new_key(Space::History, key);
                })?;
                self.last_step = self.last_step.max(highest);
                self.heartbeat = event.received;
            }
            Body::SystemSampled(rows) => {
                self.take(StreamKind::System, lsn, &rows.chunk);
                rows_into(&mut self.system, lsn, content, rows, &mut |key| new_key(Space::System, key))?;
                self.heartbeat = event.received;
            }
            Body::ConsoleWritten(console) => {
                self.take(StreamKind::Console, lsn, &console.chunk);
                self.console_lines += u64::from(console.chunk.lines);
                if let Content::Log(location) = content {
                    self.console.push_back(extent(lsn, location, &console.chunk, None));
                }
                self.heartbeat = event.received;
            }
            Body::Heartbeat => self.heartbeat = event.received,
            Body::StateChanged(change) => self.change_state(event.received, change),
            Body::StopRequested => self.stop_requested = true,
            Body::FilePut(file) => {
                let entry = FileEntry { file: file.clone(), updated: event.received };
                self.files.insert(Arc::clone(&file.name), entry);
            }
            Body::FileDeleted(file) => {
                self.files.remove(&file.name);
            }
            Body::RunDeleted => self.deleted = Some(event.received),
            // Of one that was erased this is all that is told.
            Body::RunUndeleted if self.erased.is_some() => {}
            Body::RunUndeleted => self.deleted = None,
            Body::RunErased(_) => self.erase(event.received),
            // What was told of a run that will have been erased: it is so from its beginning.
            Body::Erased(_) => self.erase(self.erased.unwrap_or(event.received)),
            Body::Quarantined(_) => self.quarantined += 1,
            Body::Forked(branch) | Body::Rewound(branch) => self.go_on_from(branch, new_key),
            // RunCreated made this value; what is of no run has another subject (Body::is_of_run).
            _ => {}
        }
        Ok(())
    }

    /// Notes its keys.
    pub(super) fn note_keys(&self, keys: &mut super::keys::Keys) {
        use super::keys::Space;
        let project = &self.key.project;
        for (space, table) in [(Space::History, &self.history), (Space::System, &self.system)] {
            table.keys.iter().for_each(|(key, stats)| keys.note(project, space, key, stats.kinds));
        }
        for (space, tree) in [(Space::Config, &self.config), (Space::Summary, &self.summary)] {
            tree.leaves(&mut |name, leaf| {
                let hidden = name.strip_prefix(super::HIDDEN_KEY);
                if hidden.is_none_or(|rest| !(rest.is_empty() || rest.starts_with('.'))) {
                    keys.note(project, space, name, Kinds::of(leaf));
                }
            });
        }
    }

    /// Forgets all but the name.
    fn erase(&mut self, at: Time) {
        let nothing = RunCreated { source: Arc::from(""), state: State::Killed };
        let (deleted, erased) = (self.deleted.or(Some(at)), Some(at));
        *self = Self {
            author: Arc::from(""),
            created: self.created,
            heartbeat: self.created,
            deleted,
            erased,
            superseded: self.superseded,
            seq: self.seq,
            updated: self.updated,
            ..Self::blank(self.key.clone(), self.ordinal, &nothing)
        };
    }

    /// Forgets where the rows stand that are in table files, all up to `through`.
    pub(super) fn forget(&mut self, through: Lsn) {
        for extents in [&mut self.history.extents, &mut self.system.extents, &mut self.console] {
            while extents.front().is_some_and(|extent| extent.lsn <= through) {
                extents.pop_front();
            }
        }
    }

    fn set(&mut self, name: Attribute, value: &Value) {
        let attributes = Arc::make_mut(&mut self.attributes);
        match (attributes.binary_search_by_key(&name, |(name, _)| *name), value) {
            (Ok(index), Value::Null) => {
                attributes.remove(index);
            }
            (Ok(index), value) => {
                if let Some((_, slot)) = attributes.get_mut(index) {
                    *slot = value.clone();
                }
            }
            (Err(_), Value::Null) => {}
            (Err(index), value) => attributes.insert(index, (name, value.clone())),
        }
    }

    fn change_state(&mut self, received: Time, change: &StateChanged) {
        let end = if change.cause == Cause::Silence { self.heartbeat } else { received };
        if let (Some(since), false) = (self.active_since, change.to.is_active()) {
            let worked = end.saturating_sub(since).max(0);
            self.active_before = self.active_before.saturating_add(worked);
            self.active_since = None;
        }
        if change.to.is_active() {
            self.active_since = self.active_since.or(Some(received));
            self.finished = None;
            self.heartbeat = self.heartbeat.max(received);
            // A run begun again is not to be stopped by what was asked of it before.
            self.stop_requested &= change.cause != Cause::Resumed;
        } else if change.to == State::Pending {
            self.finished = None;
        } else {
            self.finished = Some(end);
            self.stop_requested = false;
        }
        self.exit_code = change.exit_code;
        self.state = change.to;
        self.change = Some(Arc::new(change.clone()));
    }

    fn take(&mut self, kind: StreamKind, lsn: Lsn, chunk: &Chunk) {
        self.streams.entry((Arc::clone(&chunk.writer), kind)).or_default().take(lsn, chunk);
    }
}

fn extent(lsn: Lsn, location: Location, chunk: &Chunk, steps: Option<(i64, i64)>) -> Extent {
    Extent {
        lsn,
        place: Place::Log(location),
        writer: Arc::clone(&chunk.writer),
        first_line: chunk.first_line,
        end_line: chunk.first_line.saturating_add(chunk.lines.into()),
        rows: chunk.lines,
        steps,
        key: None,
        bound: None,
    }
}

/// Adds rows to a table: what is known of their keys and, of rows in the log, their extent. Gives the
/// highest step.
fn rows_into(
    table: &mut Table,
    lsn: Lsn,
    content: Content<'_>,
    rows: &Rows,
    new_key: &mut dyn FnMut(NewKey),
) -> Result<Option<i64>, BlockError> {
    table.rows += u64::from(rows.rows);
    let location = match content {
        Content::Log(location) => location,
        Content::Tables(digest) => {
            let keys = digest.into_iter().flat_map(|digest| &digest.keys);
            keys.for_each(|key| table.note(&key.name, key.points.into(), key.kinds, new_key));
            return Ok(digest.and_then(|digest| digest.steps).map(|(_, high)| high));
        }
    };
    let block = Block::parse(rows.block.clone())?;
    let mut steps = None;
    for column in block.columns() {
        if column.name == "_step" {
            steps = column.ints().and_then(|mut steps| {
                let first = steps.next()?;
                Some(steps.fold((first, first), |(low, high), step| (low.min(step), high.max(step))))
            });
        }
        table.note(column.name, column.len().into(), Kinds::of_column(&column), new_key);
    }
    table.extents.push_back(extent(lsn, location, &rows.chunk, steps));
    Ok(steps.map(|(_, high)| high))
}

impl Table {
    /// Notes cells of a key.
    pub(super) fn note(&mut self, key: &str, points: u64, kinds: Kinds, new_key: &mut dyn FnMut(NewKey)) {
        match self.keys.get_mut(key) {
            Some(known) => {
                known.points += points;
                if !known.kinds.has(kinds) {
                    known.kinds = known.kinds.and(kinds);
                    new_key(NewKey { key: Arc::from(key), kinds });
                }
            }
            None => {
                let key: Arc<str> = Arc::from(key);
                self.keys.insert(Arc::clone(&key), KeyStats { points, kinds });
                new_key(NewKey { key, kinds });
            }
        }
    }
}

/// The lines of a console as its last writer left them: each line's newest text, by line number.
#[derive(Debug, Clone, Default)]
pub struct Screen(std::collections::BTreeMap<u64, (Lsn, ConsoleLine)>);

impl Screen {
    /// Writes a line over what stands; of two writes the one with the higher position stays.
    pub fn write(&mut self, number: u64, lsn: Lsn, line: ConsoleLine) {
        match self.0.get_mut(&number) {
            Some(slot) if slot.0 <= lsn => *slot = (lsn, line),
            Some(_) => {}
            None => {
                self.0.insert(number, (lsn, line));
            }
        }
    }

    /// The lines in order, with their numbers and the positions that wrote them.
    pub fn lines(&self) -> impl Iterator<Item = (u64, Lsn, &ConsoleLine)> {
        self.0.iter().map(|(number, (lsn, line))| (*number, *lsn, line))
    }
}
