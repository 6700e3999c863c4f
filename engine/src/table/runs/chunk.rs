//! The runs of a chunk, each where it stands: in a file, or awake.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::LEAF_BYTES_MAX;
use super::file::{KeyCells, RunFile};
use crate::error::{Error, Result};
use crate::event::{Cell, State, Value};
use crate::id::{Lsn, ProjectKey, RunKey, RunPath};
use crate::projection::{Run, Shown, Space};

/// The runs of a chunk, by ordinal, each once: as the newest file or memory has it.
#[derive(Debug, Default)]
pub struct RunChunk {
    rows: Vec<Row>,
    groups: Vec<(Arc<RunFile>, usize)>,
    awake: Vec<Arc<Run>>,
}

/// A run, and where it stands.
#[derive(Debug, Clone, Copy)]
struct Row {
    ordinal: u32,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// Among `awake`.
    Awake(u32),
    /// Among `groups`, and the row there.
    File(u32, u32),
}

/// Which run, and how to come to its rows.
#[derive(Debug, Clone)]
pub struct RunHead {
    /// Its ordinal.
    pub ordinal: u32,
    /// Its name.
    pub key: RunKey,
    /// The run, where it is in memory.
    pub(crate) awake: Option<Arc<Run>>,
    /// It goes on from another one.
    pub(crate) has_origin: bool,
}

impl RunHead {
    /// Of a run that was loaded.
    #[must_use]
    pub fn of(run: &Arc<Run>) -> Self {
        Self {
            ordinal: run.ordinal,
            key: run.key.clone(),
            awake: Some(Arc::clone(run)),
            has_origin: run.origin.is_some(),
        }
    }
}

/// A value of a key, from wherever its run stands.
#[derive(Debug)]
pub enum Logged<'a> {
    /// A cell of a file.
    Cell(Cell<'a>),
    /// A value of a run that is awake.
    Value(&'a Value),
}

impl RunChunk {
    /// Groups of files, each but for some ordinals, older first, then the runs that are awake; a later one
    /// hides an earlier one.
    pub(super) fn new<'a>(
        files: impl Iterator<Item = (Arc<RunFile>, usize, &'a BTreeSet<u32>)>,
        awake: impl Iterator<Item = Arc<Run>>,
    ) -> Result<Self> {
        let awake: Vec<Arc<Run>> = awake.collect();
        let (mut rows, mut groups): (Vec<Row>, _) = (Vec::new(), Vec::new());
        for (index, (file, group, hidden)) in (0u32..).zip(files) {
            let ordinals = file.ordinals(group)?;
            let newer = (0u32..).zip(ordinals.ints().into_iter().flatten()).filter_map(|(row, ordinal)| {
                let ordinal = u32::try_from(ordinal).ok().filter(|ordinal| !hidden.contains(ordinal))?;
                Some(Row { ordinal, place: Place::File(index, row) })
            });
            rows = hidden_by(rows, newer);
            groups.push((file, group));
        }
        let newest =
            (0u32..).zip(&awake).map(|(index, run)| Row { ordinal: run.ordinal, place: Place::Awake(index) });
        Ok(Self { rows: hidden_by(rows, newest), groups, awake })
    }

    /// Leaves out the runs that queries do not see by default.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of a file.
    pub fn visible(self) -> Result<Self> {
        self.leave_out(true, true)
    }

    /// Leaves out the generations that a later one stands before.
    ///
    /// # Errors
    ///
    /// As [`RunChunk::visible`].
    pub fn current(self) -> Result<Self> {
        self.leave_out(true, false)
    }

    /// Leaves out the runs that were erased, as all of these do: there is nothing to tell of them.
    ///
    /// # Errors
    ///
    /// As [`RunChunk::visible`].
    pub fn kept(self) -> Result<Self> {
        self.leave_out(false, false)
    }

    fn leave_out(mut self, superseded_too: bool, deleted_too: bool) -> Result<Self> {
        let mut gone: BTreeSet<(u32, u32)> = BTreeSet::new();
        for (index, (file, group)) in (0u32..).zip(&self.groups) {
            gone.extend(file.erased(*group)?.map(|row| (index, row)));
            if superseded_too {
                gone.extend(file.superseded(*group)?.map(|row| (index, row)));
            }
            if deleted_too && let Some(deleted) = file.fixed(*group, "deleted_at")? {
                gone.extend(deleted.rows().map(|row| (index, row)));
            }
        }
        let is_left = |run: &Run| {
            run.erased.is_none()
                && !(superseded_too && run.superseded)
                && !(deleted_too && run.deleted.is_some())
        };
        let awake = &self.awake;
        self.rows.retain(|row| match row.place {
            Place::File(group, row) => gone.is_empty() || !gone.contains(&(group, row)),
            Place::Awake(index) => awake.get(index as usize).is_some_and(|run| is_left(run)),
        });
        Ok(self)
    }

    /// Leaves out the runs from an ordinal on.
    pub(crate) fn below(mut self, ordinal: u32) -> Self {
        self.rows.retain(|row| row.ordinal < ordinal);
        self
    }

    /// Leaves out the runs of other projects.
    pub(crate) fn of_projects(mut self, projects: &BTreeSet<ProjectKey>) -> Result<Self> {
        let mut names: Vec<[Arc<str>; 2]> = vec![[Arc::from(""), Arc::from("")]; self.rows.len()];
        let mut last: Arc<str> = Arc::from("");
        for (index, column) in ["entity", "project"].into_iter().enumerate() {
            self.fixed(column, &mut |row, shown| {
                let slot = names.get_mut(row).and_then(|names| names.get_mut(index));
                if let (Shown::Text(text), Some(slot)) = (shown, slot) {
                    // Neighbours mostly are of one project.
                    if *last != *text {
                        last = Arc::from(text);
                    }
                    *slot = Arc::clone(&last);
                }
            })?;
        }
        let mut names = names.into_iter();
        self.rows.retain(|_| {
            let names = names.next();
            names.is_some_and(|[entity, project]| projects.contains(&ProjectKey { entity, project }))
        });
        Ok(self)
    }

    /// Gives `visit` the ordinal of each run and the position of its last event, in no order.
    ///
    /// # Errors
    ///
    /// As [`RunChunk::visible`].
    pub(crate) fn updated(&self, visit: &mut dyn FnMut(u32, Lsn)) -> Result<()> {
        self.of_each("updated_lsn", &mut |ordinal, updated| {
            if let Shown::Int(lsn) = updated {
                visit(ordinal, Lsn(lsn.cast_unsigned()));
            }
        })
    }

    /// Gives `visit` the ordinals of the runs at work, in no order.
    ///
    /// # Errors
    ///
    /// As [`RunChunk::visible`].
    pub(crate) fn active(&self, visit: &mut dyn FnMut(u32)) -> Result<()> {
        self.of_each("state", &mut |ordinal, shown| {
            let is = |state: &State| matches!(&shown, Shown::Text(name) if *name == state.name());
            if State::ALL.iter().any(|state| state.is_active() && is(state)) {
                visit(ordinal);
            }
        })
    }

    fn of_each<'a>(&'a self, column: &str, visit: &mut dyn FnMut(u32, Shown<'a>)) -> Result<()> {
        self.fixed(column, &mut |slot, shown| {
            if let Some(row) = self.rows.get(slot) {
                visit(row.ordinal, shown);
            }
        })
    }

    /// How many runs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Gives `put` the values of a fixed column, each with its row among these, in no order; rows
    /// without one are left out. Times come as integers, and lists of texts as JSON, where they stand
    /// in files.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of a file.
    pub fn fixed<'a>(&'a self, column: &str, put: &mut dyn FnMut(usize, Shown<'a>)) -> Result<()> {
        let slots = self.slots();
        for ((file, group), slots) in self.groups.iter().zip(&slots) {
            if slots.is_empty() {
                continue;
            }
            // One loop a column: a chain of them costs as much again as what it gives.
            let Some(column) = file.fixed(*group, column)? else { continue };
            for (row, cell) in column.iter() {
                if let Some(slot) = slot(slots, row) {
                    put(slot, shown(cell));
                }
            }
        }
        self.each_awake(|slot, run| put(slot, run.shown(column)));
        Ok(())
    }

    /// Gives `put` the values of a key of config or summary, each with its row among these, in no
    /// order; rows without one are left out. False, and nothing, where the key is a map in some run or
    /// lies within a value: [`RunChunk::runs`] have it then.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of a file.
    pub fn key<'a>(
        &'a self,
        space: Space,
        name: &str,
        put: &mut dyn FnMut(usize, Logged<'a>),
    ) -> Result<bool> {
        let mut columns = Vec::with_capacity(self.groups.len());
        for (file, group) in &self.groups {
            match file.key(*group, space, name)? {
                KeyCells::Plain(column) => columns.push(column),
                KeyCells::Within => return Ok(false),
            }
        }
        let slots = self.slots();
        for (column, slots) in columns.iter().zip(&slots) {
            let Some(column) = column.as_ref().filter(|_| !slots.is_empty()) else { continue };
            for (row, cell) in column.iter() {
                if let Some(slot) = slot(slots, row) {
                    put(slot, Logged::Cell(cell));
                }
            }
        }
        self.each_awake(|slot, run| {
            let tree = if space == Space::Config { &run.config } else { &run.summary };
            if let Some(value) = tree.lookup(name) {
                put(slot, Logged::Value(value));
            }
        });
        Ok(true)
    }

    /// Gives `visit` the leaves of config or summary that are not null, each with the rows among these that have
    /// one, in no order; a leaf may come several times, with other rows. Names of more than 4,096 bytes are
    /// left out.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of a file.
    pub fn each_leaf(&self, space: Space, visit: &mut dyn FnMut(&str, &[usize])) -> Result<()> {
        let places = self.slots();
        let mut slots = Vec::new();
        for ((file, group), places) in
            self.groups.iter().zip(&places).filter(|(_, places)| !places.is_empty())
        {
            for (key, column) in file.leaves(*group, space)? {
                slots.clear();
                slots.extend(column.rows().filter_map(|row| slot(places, row)));
                visit(key, &slots);
            }
        }
        self.each_awake(|slot, run| {
            let tree = if space == Space::Config { &run.config } else { &run.summary };
            tree.leaves(&mut |key, value| {
                if !matches!(value, Value::Null) && key.len() <= LEAF_BYTES_MAX {
                    visit(key, &[slot]);
                }
            });
        });
        Ok(())
    }

    /// The run of a row; none where there is no such row.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of its file.
    pub fn run(&self, row: usize) -> Result<Option<Arc<Run>>> {
        let Some(row) = self.rows.get(row) else { return Ok(None) };
        let missing = || Error::damaged(format!("run {} is in no file", row.ordinal));
        match row.place {
            Place::Awake(index) => Ok(Some(self.awake.get(index as usize).ok_or_else(missing)?.clone())),
            Place::File(index, at) => {
                let (file, group) = self.groups.get(index as usize).ok_or_else(missing)?;
                Ok(Some(Arc::new(file.load(*group, at)?)))
            }
        }
    }

    /// Which runs these are, where `wanted` holds for the row; nothing else of those that rest is read.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of a file.
    pub fn heads(&self, wanted: impl Fn(usize) -> bool) -> Result<Vec<RunHead>> {
        let mut texts: [Vec<Shown<'_>>; 3] = std::array::from_fn(|_| vec![Shown::Null; self.len()]);
        for (column, texts) in ["entity", "project", "run_id"].into_iter().zip(&mut texts) {
            self.fixed(column, &mut |row, shown| {
                if let Some(slot) = texts.get_mut(row) {
                    *slot = shown;
                }
            })?;
        }
        let mut generations = vec![1; self.len()];
        self.fixed("generation", &mut |row, shown| {
            if let (Some(slot), Shown::Int(generation)) = (generations.get_mut(row), shown) {
                *slot = u32::try_from(generation).unwrap_or(u32::MAX);
            }
        })?;
        let mut have_origins = vec![false; self.len()];
        self.fixed("fork_step", &mut |row, shown| {
            if let (Some(slot), Shown::Int(_)) = (have_origins.get_mut(row), shown) {
                *slot = true;
            }
        })?;
        let [entities, projects, ids] = &texts;
        let mut heads = Vec::new();
        let mut project: Option<ProjectKey> = None;
        for (index, row) in self.rows.iter().enumerate().filter(|(index, _)| wanted(*index)) {
            let [entity, name, id] = [entities, projects, ids].map(|texts| match texts.get(index) {
                Some(Shown::Text(text)) => &**text,
                _ => "",
            });
            let known = project.take().filter(|known| *known.entity == *entity && *known.project == *name);
            let of = known.unwrap_or_else(|| ProjectKey::new(entity, name));
            let generation = generations.get(index).copied().unwrap_or(1);
            let key = RunPath::new(of.clone(), id).generation(generation);
            project = Some(of);
            let awake = match row.place {
                Place::Awake(index) => self.awake.get(index as usize).map(Arc::clone),
                Place::File(..) => None,
            };
            let has_origin = have_origins.get(index).copied().unwrap_or_default();
            heads.push(RunHead { ordinal: row.ordinal, key, awake, has_origin });
        }
        Ok(heads)
    }

    /// All of them, by ordinal.
    pub fn runs(&self) -> impl Iterator<Item = Result<Arc<Run>>> + '_ {
        (0..self.len()).filter_map(|row| self.run(row).transpose())
    }

    /// The ordinals of those that are the newest generation of an id of a project.
    pub(crate) fn current_in(self, project: &ProjectKey) -> Result<Vec<u32>> {
        let current = self.current()?;
        let mut fits = vec![0u8; current.len()];
        for (column, wanted) in [("entity", &project.entity), ("project", &project.project)] {
            current.fixed(column, &mut |row, shown| {
                if let (Shown::Text(text), Some(fits)) = (shown, fits.get_mut(row)) {
                    *fits += u8::from(*text == **wanted);
                }
            })?;
        }
        let rows = current.rows.iter().zip(fits);
        Ok(rows.filter(|(_, fits)| *fits == 2).map(|(row, _)| row.ordinal).collect())
    }

    fn each_awake<'a>(&'a self, mut visit: impl FnMut(usize, &'a Run)) {
        for (slot, row) in self.rows.iter().enumerate() {
            if let Place::Awake(index) = row.place
                && let Some(run) = self.awake.get(index as usize)
            {
                visit(slot, run);
            }
        }
    }

    /// For each group the row among these that each of its rows is; nothing for a group without any.
    fn slots(&self) -> Vec<Vec<u32>> {
        let mut slots: Vec<Vec<u32>> = vec![Vec::new(); self.groups.len()];
        for (slot, row) in (0u32..).zip(&self.rows) {
            let Place::File(index, row) = row.place else { continue };
            let Some(slots) = slots.get_mut(index as usize) else { continue };
            if slots.len() <= row as usize {
                slots.resize(row as usize + 1, NO_SLOT);
            }
            if let Some(place) = slots.get_mut(row as usize) {
                *place = slot;
            }
        }
        slots
    }
}

const NO_SLOT: u32 = u32::MAX;

fn slot(slots: &[u32], row: u32) -> Option<usize> {
    slots.get(row as usize).filter(|slot| **slot != NO_SLOT).map(|slot| *slot as usize)
}

fn shown(cell: Cell<'_>) -> Shown<'_> {
    match cell {
        Cell::Int(number) => Shown::Int(number),
        Cell::Float(number) => Shown::Float(number),
        Cell::Bool(truth) => Shown::Bool(truth),
        Cell::Text(text) => Shown::Text(Cow::Borrowed(text)),
        Cell::Json(_) => {
            let texts = cell.to_value();
            let texts = if let Value::List(texts) = &texts { &texts[..] } else { &[] };
            let texts = texts.iter().filter_map(Value::as_str);
            Shown::Texts(texts.map(|text| Cow::Owned(text.to_owned())).collect())
        }
    }
}

/// Both, rising by ordinal; where both have a run, the newer one.
fn hidden_by(older: Vec<Row>, newer: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut newer = newer.peekable();
    if newer.peek().is_none() {
        return older;
    }
    let mut older = older.into_iter().peekable();
    let mut rows = Vec::new();
    loop {
        let next = match (older.peek(), newer.peek()) {
            (Some(old), Some(new)) if old.ordinal < new.ordinal => older.next(),
            (Some(old), Some(new)) if old.ordinal == new.ordinal => {
                older.next();
                newer.next()
            }
            (_, Some(_)) => newer.next(),
            (_, None) => older.next(),
        };
        match next {
            Some(row) => rows.push(row),
            None => return rows,
        }
    }
}
