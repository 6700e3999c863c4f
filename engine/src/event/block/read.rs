//! Reading a block: the directory is parsed, the columns are slices.

use bytes::Bytes;

use super::{Cell, HEADER_LEN, Kind, Presence};

/// A block being read: the directory is parsed, the columns are slices.
#[derive(Debug, Clone)]
pub struct Block {
    bytes: Bytes,
    rows: u32,
    columns: Vec<Entry>,
}

/// A column for [`Block::assemble`].
#[derive(Debug)]
pub(crate) struct Assembled<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: Kind,
    /// Cells that are there.
    pub(crate) cells: u32,
    /// A bit a row, or nothing where every row has a cell.
    pub(crate) present: Vec<u8>,
    /// As the block's layout says.
    pub(crate) values: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: (usize, usize),
    kind: Kind,
    presence: Presence,
    cells: u32,
    /// Where presence and values begin and end.
    data: (usize, usize),
}

/// Why bytes are not a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BlockError(&'static str);

impl Block {
    /// Reads the directory and checks that every column lies within the bytes, so that reading
    /// cells cannot fail later.
    ///
    /// # Errors
    ///
    /// [`BlockError`] when the bytes are not what [`super::BlockBuilder`] writes.
    pub fn parse(bytes: Bytes) -> Result<Self, BlockError> {
        let block = Self::parse_directory(bytes)?;
        block.columns().try_for_each(|column| column.check())?;
        let mut names: Vec<&str> = block.columns().map(|column| column.name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(BlockError("a column name is repeated"));
        }
        Ok(block)
    }

    /// Bytes of what says how long the directory is.
    pub(crate) const HEAD_LEN: usize = HEADER_LEN;

    /// Bytes from a block's beginning to the end of its directory.
    pub(crate) fn directory_len(head: &[u8]) -> Result<usize, BlockError> {
        let mut head = Reader { bytes: head, at: HEADER_LEN - 4 };
        (head.u32()? as usize).checked_add(HEADER_LEN).ok_or(BlockError("directory too long"))
    }

    /// Reads the directory of a block whose columns are checked otherwise when they are read.
    pub(crate) fn parse_directory(bytes: Bytes) -> Result<Self, BlockError> {
        let mut head = Reader { bytes: &bytes, at: 0 };
        let rows = head.u32()?;
        let count = head.u32()? as usize;
        let directory_len = head.u32()? as usize;
        let mut at = HEADER_LEN.checked_add(directory_len).ok_or(BlockError("directory too long"))?;
        if at > bytes.len() || count > directory_len {
            return Err(BlockError("directory beyond the end"));
        }
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            let entry = head.entry(rows, at)?;
            at = entry.data.1;
            columns.push(entry);
        }
        if head.at != HEADER_LEN + directory_len {
            return Err(BlockError("directory length differs"));
        }
        if at != bytes.len() {
            return Err(BlockError("length differs"));
        }
        Ok(Self { rows, columns, bytes })
    }

    /// A block of columns that stood elsewhere. Several may have one name if no row has a cell in two
    /// of them: rows that were written in several blocks, some with integers and some with floats.
    pub(crate) fn assemble(rows: u32, parts: &[Assembled<'_>]) -> Self {
        let len = parts.iter().map(|part| part.name.len() + part.present.len() + part.values.len()).sum();
        let mut bytes = Vec::with_capacity(len);
        let mut place = |part: &[u8]| {
            let start = bytes.len();
            bytes.extend_from_slice(part);
            (start, bytes.len())
        };
        let columns = parts
            .iter()
            .map(|part| {
                let name = place(part.name.as_bytes());
                let (start, _) = place(&part.present);
                let (_, end) = place(&part.values);
                let presence = if part.cells == rows { Presence::All } else { Presence::Bitmap };
                Entry { name, kind: part.kind, presence, cells: part.cells, data: (start, end) }
            })
            .collect();
        Self { bytes: bytes.into(), rows, columns }
    }

    /// The rows of the block that `keep` says, with their cells.
    pub(crate) fn keep(&self, keep: &[bool]) -> Self {
        let mut kept = 0u32;
        let places: Vec<Option<u32>> = keep
            .iter()
            .map(|keep| {
                kept += u32::from(*keep);
                keep.then(|| kept - 1)
            })
            .collect();
        let parts: Vec<Assembled<'_>> = self.columns().map(|column| column.placed(&places, kept)).collect();
        Self::assemble(kept, &parts)
    }

    /// Bytes that it takes.
    pub(crate) fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Rows in the block.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// The columns, in the order in which their names first occurred.
    pub fn columns(&self) -> impl Iterator<Item = Column<'_>> {
        self.columns.iter().filter_map(|entry| self.open(entry))
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The name of the column at a place.
    pub(crate) fn name_at(&self, place: usize) -> &str {
        let name = self.columns.get(place).and_then(|entry| self.bytes.get(entry.name.0..entry.name.1));
        name.and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// Where the cells of the column at a place begin and end among the block's bytes.
    pub(crate) fn data_at(&self, place: usize) -> (usize, usize) {
        self.columns.get(place).map_or((0, 0), |entry| entry.data)
    }

    /// The column at a place, in the order of [`Block::columns`].
    pub(crate) fn column_at(&self, place: usize) -> Option<Column<'_>> {
        self.open(self.columns.get(place)?)
    }

    /// The columns of that name: one in a block that was logged; in rows read from a table file one a
    /// kind, of which no two have a cell in the same row.
    pub(crate) fn columns_of(&self, name: &str) -> impl Iterator<Item = Column<'_>> {
        self.columns().filter(move |column| column.name == name)
    }

    /// The cells of that name with their rows, rising, of whichever kind.
    pub fn cells<'a>(&'a self, name: &str) -> Box<dyn Iterator<Item = (u32, Cell<'a>)> + 'a> {
        let mut columns: Vec<Column<'a>> = self.columns().filter(|column| column.name == name).collect();
        match columns.pop() {
            None => Box::new(std::iter::empty()),
            Some(only) if columns.is_empty() => Box::new(only.iter()),
            Some(last) => {
                let mut cells: Vec<_> = columns.iter().chain([&last]).flat_map(Column::iter).collect();
                cells.sort_by_key(|(row, _)| *row);
                Box::new(cells.into_iter())
            }
        }
    }

    /// The cell of that name in a row.
    #[must_use]
    pub fn cell(&self, name: &str, row: u32) -> Option<Cell<'_>> {
        let columns = self.columns().filter(|column| column.name == name);
        columns.filter_map(|column| column.cell(column.index_of(row)?)).next()
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Column<'_>> {
        self.columns().find(|column| column.name == name)
    }

    fn open(&self, entry: &Entry) -> Option<Column<'_>> {
        let name = std::str::from_utf8(self.bytes.get(entry.name.0..entry.name.1)?).ok()?;
        let data = self.bytes.get(entry.data.0..entry.data.1)?;
        let presence_len = match entry.presence {
            Presence::All => 0,
            Presence::Bitmap => (self.rows as usize).div_ceil(8),
            Presence::List => entry.cells as usize * 4,
        };
        let (present, values) = data.split_at_checked(presence_len)?;
        Some(Column {
            name,
            kind: entry.kind,
            rows: self.rows,
            cells: entry.cells,
            presence: entry.presence,
            present,
            values,
        })
    }

    /// All cells of one row, by column.
    pub fn row(&self, row: u32) -> impl Iterator<Item = (&str, Cell<'_>)> {
        self.columns().filter_map(move |column| {
            let index = column.index_of(row)?;
            Some((column.name, column.cell(index)?))
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], BlockError> {
        let end = self.at.checked_add(len).ok_or(BlockError("a length is too large"))?;
        let taken = self.bytes.get(self.at..end).ok_or(BlockError("cut short"))?;
        self.at = end;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, BlockError> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_wrong_length| BlockError("cut short"))?))
    }

    fn byte(&mut self) -> Result<u8, BlockError> {
        self.take(1)?.first().copied().ok_or(BlockError("cut short"))
    }

    fn entry(&mut self, rows: u32, data_at: usize) -> Result<Entry, BlockError> {
        let len = self.take(2)?;
        let len = u16::from_le_bytes(len.try_into().map_err(|_wrong_length| BlockError("cut short"))?);
        let start = self.at;
        let name = self.take(len.into())?;
        std::str::from_utf8(name).map_err(|_not_utf8| BlockError("a name is not UTF-8"))?;
        let name = (start, self.at);
        let kind = Kind::from_code(self.byte()?).ok_or(BlockError("unknown column kind"))?;
        let presence = match self.byte()? {
            0 => Presence::All,
            1 => Presence::Bitmap,
            2 => Presence::List,
            _ => return Err(BlockError("unknown presence")),
        };
        let cells = self.u32()?;
        let len = self.u32()? as usize;
        let end = data_at.checked_add(len).ok_or(BlockError("a length is too large"))?;
        if end > self.bytes.len() {
            return Err(BlockError("a column lies beyond the end"));
        }
        if cells > rows || (presence == Presence::All && cells != rows) {
            return Err(BlockError("cells and rows differ"));
        }
        Ok(Entry { name, kind, presence, cells, data: (data_at, end) })
    }
}

/// A column of a block.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Its key.
    pub name: &'a str,
    /// What its cells are.
    pub kind: Kind,
    rows: u32,
    cells: u32,
    presence: Presence,
    present: &'a [u8],
    values: &'a [u8],
}

impl<'a> Column<'a> {
    /// The cells of the rows that have a place among `rows` others.
    fn placed(&self, places: &[Option<u32>], rows: u32) -> Assembled<'a> {
        let mut present = vec![0u8; (rows as usize).div_ceil(8)];
        let (mut cells, mut ends, mut values) = (0u32, Vec::new(), Vec::new());
        for (row, cell) in self.iter() {
            let Some(place) = places.get(row as usize).copied().flatten() else { continue };
            if let Some(byte) = present.get_mut(place as usize / 8) {
                *byte |= 1 << (place % 8);
            }
            cells += 1;
            match cell {
                Cell::Int(value) => values.extend_from_slice(&value.to_le_bytes()),
                Cell::Float(value) => values.extend_from_slice(&value.to_le_bytes()),
                Cell::Bool(value) => values.push(u8::from(value)),
                Cell::Text(text) | Cell::Json(text) => {
                    values.extend_from_slice(text.as_bytes());
                    ends.extend_from_slice(&u32::try_from(values.len()).unwrap_or(u32::MAX).to_le_bytes());
                }
            }
        }
        ends.extend_from_slice(&values);
        if cells == rows {
            present.clear();
        }
        Assembled { name: self.name, kind: self.kind, cells, present, values: ends }
    }

    /// How many rows have a cell.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.cells
    }

    /// Whether no row has a cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// The rows that have a cell, rising.
    pub fn rows(&self) -> impl Iterator<Item = u32> + use<'a> {
        let (all, bitmap, list) = match self.presence {
            Presence::All => (self.rows, &[][..], &[][..]),
            Presence::Bitmap => (0, self.present, &[][..]),
            Presence::List => (0, &[][..], self.present),
        };
        let bits = (0u32..).zip(bitmap).flat_map(|(byte, &bits)| {
            (0..8u32).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| byte * 8 + bit)
        });
        let listed = list.as_chunks::<4>().0.iter().map(|row| u32::from_le_bytes(*row));
        (0..all).chain(bits).chain(listed)
    }

    /// The rows that have a cell, and the cells.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Cell<'a>)> + use<'a> {
        let column = *self;
        self.rows().zip(0u32..).filter_map(move |(row, index)| Some((row, column.cell(index)?)))
    }

    /// The cells of a float column without their rows, as raw values.
    #[must_use]
    pub fn floats(&self) -> Option<impl ExactSizeIterator<Item = f64> + use<'a>> {
        (self.kind == Kind::Float)
            .then(|| self.values.as_chunks::<8>().0.iter().map(|cell| f64::from_le_bytes(*cell)))
    }

    /// The cells of an integer column without their rows, as raw values.
    #[must_use]
    pub fn ints(&self) -> Option<impl ExactSizeIterator<Item = i64> + use<'a>> {
        (self.kind == Kind::Int)
            .then(|| self.values.as_chunks::<8>().0.iter().map(|cell| i64::from_le_bytes(*cell)))
    }

    /// Whether every row has a cell.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.cells == self.rows
    }

    /// The place among the cells of the cell of a row.
    #[must_use]
    pub fn index_of(&self, row: u32) -> Option<u32> {
        if row >= self.rows {
            return None;
        }
        match self.presence {
            Presence::All => Some(row),
            Presence::Bitmap => {
                let byte = *self.present.get(row as usize / 8)?;
                let bit = 1u8 << (row % 8);
                if byte & bit == 0 {
                    return None;
                }
                let before: u32 =
                    self.present.get(..row as usize / 8)?.iter().map(|byte| byte.count_ones()).sum();
                Some(before + (byte & (bit - 1)).count_ones())
            }
            Presence::List => {
                let (rows, _) = self.present.as_chunks::<4>();
                let index = rows.binary_search_by_key(&row, |row| u32::from_le_bytes(*row)).ok()?;
                u32::try_from(index).ok()
            }
        }
    }

    /// The cell at a place among the cells.
    #[must_use]
    pub fn cell(&self, index: u32) -> Option<Cell<'a>> {
        let index = index as usize;
        Some(match self.kind {
            Kind::Int => Cell::Int(i64::from_le_bytes(*self.values.as_chunks::<8>().0.get(index)?)),
            Kind::Float => Cell::Float(f64::from_le_bytes(*self.values.as_chunks::<8>().0.get(index)?)),
            Kind::Bool => Cell::Bool(*self.values.get(index)? != 0),
            Kind::Text => Cell::Text(self.text(index)?),
            Kind::Json => Cell::Json(self.text(index)?),
        })
    }

    fn text(&self, index: usize) -> Option<&'a str> {
        let (ends, bytes) = self.values.split_at_checked(self.cells as usize * 4)?;
        let end = |index: usize| ends.as_chunks::<4>().0.get(index).map(|end| u32::from_le_bytes(*end));
        let start = match index.checked_sub(1) {
            Some(before) => end(before)?,
            None => 0,
        };
        std::str::from_utf8(bytes.get(start as usize..end(index)? as usize)?).ok()
    }

    fn check(&self) -> Result<(), BlockError> {
        let cells = self.cells as usize;
        let sized = match self.kind {
            Kind::Int | Kind::Float => self.values.len() == cells * 8,
            Kind::Bool => self.values.len() == cells,
            Kind::Text | Kind::Json => self.values.len() >= cells * 4,
        };
        if !sized {
            return Err(BlockError("a column has the wrong length"));
        }
        match self.presence {
            Presence::All => {}
            Presence::Bitmap => {
                let set: u32 = self.present.iter().map(|byte| byte.count_ones()).sum();
                let last = self.rows().last();
                if set != self.cells || last.is_some_and(|row| row >= self.rows) {
                    return Err(BlockError("a bitmap differs from its count"));
                }
            }
            Presence::List => {
                let rising = self.rows().zip(self.rows().skip(1)).all(|(a, b)| a < b);
                if !rising || self.rows().last().is_some_and(|row| row >= self.rows) {
                    return Err(BlockError("a row list does not rise"));
                }
            }
        }
        if matches!(self.kind, Kind::Text | Kind::Json) {
            let whole = (0..cells).all(|index| self.text(index).is_some());
            let (ends, bytes) = self.values.split_at(cells * 4);
            let last = ends.as_chunks::<4>().0.last().map_or(0, |end| u32::from_le_bytes(*end) as usize);
            if !whole || last != bytes.len() {
                return Err(BlockError("texts do not fill their column"));
            }
        }
        Ok(())
    }
}
