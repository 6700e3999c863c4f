//! What must be found of an event that was sent: itself in the log, what is kept of it in files of events,
//! its cells in files of rows; and of an event of an erased run nothing but that there was one.

use std::collections::{BTreeMap, BTreeSet};

use engine::{
    Block, Body, Cell, ConsoleLine, Digest, Erased, Event, Location, Lsn, Projection, Recorded, RunKey,
    SegmentId, StreamKind, Subject,
};

/// A cell as it is compared: its line, its key, its value.
pub(crate) type Written = (u64, String, String);

/// An event that was sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) event: Event,
    /// What a file of events says in the place of its rows.
    digest: Option<Digest>,
    /// Its cells, sorted.
    pub(crate) cells: Vec<Written>,
}

impl Sent {
    pub(crate) fn of(event: &Event) -> Self {
        let (mut digest, mut cells) = (None, Vec::new());
        match &event.body {
            Body::Logged(rows) | Body::SystemSampled(rows) => {
                let block = Block::parse(rows.block.clone()).unwrap();
                digest = Some(Digest::of(&block));
                cells = cells_of(&block, |row| rows.chunk.first_line + u64::from(row)).collect();
            }
            Body::ConsoleWritten(console) => {
                let lines = (console.chunk.first_line..).zip(&console.lines);
                cells = lines.map(|(number, line)| written_line(number, line)).collect();
            }
            _ => {}
        }
        cells.sort();
        Self { event: event.clone(), digest, cells }
    }

    /// The stream that its cells are in.
    pub(crate) fn stream(&self) -> Option<StreamKind> {
        match self.event.body {
            Body::Logged(_) => Some(StreamKind::History),
            Body::SystemSampled(_) => Some(StreamKind::System),
            Body::ConsoleWritten(_) => Some(StreamKind::Console),
            _ => None,
        }
    }

    /// The cells of the rows up to a step.
    pub(crate) fn cells_up_to(&self, last: i64) -> Vec<&Written> {
        let Body::Logged(rows) = &self.event.body else { return Vec::new() };
        let block = Block::parse(rows.block.clone()).unwrap();
        let steps = block.cells("_step").filter(|(_, cell)| matches!(cell, Cell::Int(step) if *step <= last));
        let lines: BTreeSet<u64> = steps.map(|(row, _)| rows.chunk.first_line + u64::from(row)).collect();
        self.cells.iter().filter(|(line, ..)| lines.contains(line)).collect()
    }

    /// Whether the store writes such events by itself.
    pub(crate) fn is_of_the_store(event: &Event) -> bool {
        matches!(event.body, Body::StoreCreated(_) | Body::RunErased(_) | Body::ErasureDone(_))
    }

    /// Whether it is shown as this event, in whichever form.
    pub(crate) fn is_shown_as(&self, found: &Event) -> bool {
        self.event == *found || self.is_reduced_to(found) || self.is_emptied_to(found)
    }

    /// Whether this is what a file of events keeps of it.
    pub(crate) fn is_kept_as(&self, found: &Recorded) -> bool {
        self.digest == found.digest && self.is_reduced_to(&found.event)
    }

    /// Whether an event is this one without rows and lines.
    fn is_reduced_to(&self, found: &Event) -> bool {
        match (&self.event.body, &found.body) {
            (Body::Logged(rows), Body::Logged(kept))
            | (Body::SystemSampled(rows), Body::SystemSampled(kept)) => {
                let is_rest = (&rows.chunk, rows.rows) == (&kept.chunk, kept.rows);
                is_rest && kept.block.is_empty() && self.is_head_of(found)
            }
            (Body::ConsoleWritten(console), Body::ConsoleWritten(kept)) => {
                let timed = console.lines.iter().rfind(|line| line.time.is_some());
                let timed = timed.map(|line| ConsoleLine { text: "".into(), ..line.clone() });
                console.chunk == kept.chunk && timed.as_slice() == kept.lines && self.is_head_of(found)
            }
            _ => self.event == *found,
        }
    }

    /// Whether an event stands in the place of this one, whose run was erased.
    pub(crate) fn is_emptied_to(&self, found: &Event) -> bool {
        let begins = matches!(self.event.body, Body::RunCreated(_));
        found.body == Body::Erased(Erased { begins }) && self.is_head_of(found)
    }

    fn is_head_of(&self, found: &Event) -> bool {
        let Event { subject, received, actor, .. } = &self.event;
        (subject, received, actor) == (&found.subject, &found.received, &found.actor)
    }

    /// Whether it tells more of its run than that it was deleted and erased.
    pub(crate) fn says_something(&self) -> bool {
        !matches!(self.event.body, Body::RunErased(_) | Body::RunDeleted | Body::RunUndeleted)
    }
}

/// The cells of a block.
pub(crate) fn cells_of(block: &Block, line: impl Fn(u32) -> u64) -> impl Iterator<Item = Written> {
    let cells =
        block.columns().flat_map(|column| column.iter().map(move |(row, cell)| (column.name, row, cell)));
    cells.map(move |(name, row, cell)| (line(row), name.to_owned(), spelled(cell)))
}

/// A value with its kind, so that no two are alike.
fn spelled(cell: Cell<'_>) -> String {
    match cell {
        // Not as Rust quotes it: that takes longer than everything else.
        Cell::Text(text) => ["text ", text].concat(),
        Cell::Json(text) => ["json ", text].concat(),
        number => format!("{number:?}"),
    }
}

/// A line of the console.
pub(crate) fn written_line(number: u64, line: &ConsoleLine) -> Written {
    let ConsoleLine { time, is_stderr, label, text } = line;
    (number, format!("{time:?} {is_stderr} {label:?}"), String::from(&**text))
}

/// What the events of a journal fold to, as far as they are sure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folded {
    /// Batches that were looked at.
    pub(crate) batches: usize,
    /// The position of the last event.
    lsn: Lsn,
    pub(crate) state: Projection,
}

impl Folded {
    /// Folds the next event (I2: whatever is there fits what stood before).
    pub(crate) fn add(&mut self, event: &Event) {
        const NOWHERE: Location = Location { segment: SegmentId(0), offset: 0, len: 0 };
        self.lsn = Lsn(self.lsn.0 + 1);
        let applied = self.state.apply(self.lsn, NOWHERE, event);
        assert!(applied.is_ok(), "I2, I4: {event:?} does not fit what was there: {applied:?}");
    }
}

/// How far erasing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Erasing {
    /// Nobody sees the run; its bytes may be there.
    Begun,
    /// Nothing of it may be left.
    Done,
}

/// The runs that were erased.
pub(crate) fn erasures<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<&'a RunKey, Erasing> {
    let mut erased = BTreeMap::new();
    for (lsn, event) in (1..).zip(events) {
        match (&event.body, &event.subject) {
            (Body::RunErased(_), Subject::Run(key)) => drop(erased.insert(key, (lsn, Erasing::Begun))),
            (Body::ErasureDone(done), _) => {
                assert!(done.through.0 < lsn, "D8: erasing ends after it began");
                let is_over = |at: &u64| *at <= done.through.0;
                erased.values_mut().filter(|(at, _)| is_over(at)).for_each(|(_, how)| *how = Erasing::Done);
            }
            _ => {}
        }
    }
    erased.into_iter().map(|(key, (_, how))| (key, how)).collect()
}
