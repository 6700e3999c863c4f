//! The footer of a table file, believed only as far as its bytes bear it out.
//!
//! The Parquet library reserves memory by the counts that a footer gives, before it reads what they
//! count, and goes as deep as a schema says: a forged footer would end the process, which no caller can
//! catch. Bytes come here only past their checksums (`blocks.rs`), so this is for a forged file and for
//! a fault of ours. It costs one walk over the footer.
//!
//! What holds behind it:
//! - A list has at most as many items as bytes follow it, so what a footer makes the library reserve is
//!   in proportion to its bytes; a page may still claim up to 2 GiB, which are reserved and not touched.
//! - A schema is flat, as ours are.
//! - A panic of the library is damage.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use super::parquet_error;
use super::source::{Reader, Source};
use crate::error::{Error, Result};

/// Whether the places of pages are read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    Known,
    Unknown,
}

/// Reads the footer of a file; `what` names it in errors.
///
/// # Errors
///
/// `Damaged` when it is not one of ours; what the source gives.
pub(crate) fn load(
    what: &'static str,
    source: &Arc<dyn Source>,
    pages: Pages,
) -> Result<ArrowReaderMetadata> {
    let outside = |error| parquet_error(what, error);
    let damaged = |why: &str| Error::damaged(format!("{what} cannot be read: {why}"));
    let tail = source.len().checked_sub(8).ok_or_else(|| damaged("it is too short"))?;
    let len = source.bytes(tail, 4)?.first_chunk().map_or(0, |len| u32::from_le_bytes(*len));
    let start = tail.checked_sub(len.into()).ok_or_else(|| damaged("its footer is longer than it is"))?;
    let footer = source.bytes(start, len as usize)?;
    Walk(&footer).root(Root::Footer).ok_or_else(|| damaged("its footer does not parse"))?;
    guarded(what, || {
        let reader = Reader { source: Arc::clone(source), reads: None };
        let footer = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
        let mut metadata = footer.parse_and_finish(&reader).map_err(outside)?;
        if pages == Pages::Known {
            for (at, len) in page_lists(&metadata) {
                let list = source.bytes(at, len)?;
                Walk(&list).root(Root::Pages).ok_or_else(|| damaged("a list of its pages does not parse"))?;
            }
            let mut index = ParquetMetaDataReader::new_with_metadata(metadata)
                .with_page_index_policy(PageIndexPolicy::Required);
            index.read_page_indexes(&reader).map_err(outside)?;
            metadata = index.finish().map_err(outside)?;
        }
        ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new()).map_err(outside)
    })
}

/// Where the lists of the pages of each column stand.
fn page_lists(metadata: &ParquetMetaData) -> impl Iterator<Item = (u64, usize)> + '_ {
    let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    columns.filter_map(|column| {
        let at = u64::try_from(column.offset_index_offset()?).ok()?;
        Some((at, usize::try_from(column.offset_index_length()?).ok()?))
    })
}

/// Does what the Parquet library does. It checks less than it should of bytes that passed our checksums.
///
/// # Errors
///
/// What `read` gives; `Damaged` where it panics.
pub(crate) fn guarded<T>(what: &'static str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    // Nothing that is left half done outlives the call.
    panic::catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Error::damaged(format!("{what} cannot be read: its reader panicked"))))
}

/// What a walk begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Root {
    Footer,
    Pages,
}

/// What a struct of Thrift stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Footer,
    /// An item of the schema: the first one, of which all others are children, or one of these.
    Schema {
        is_first: bool,
    },
    Other,
}

/// Walks Thrift's compact protocol; none where something does not fit.
struct Walk<'a>(&'a [u8]);

/// Structs in structs and lists.
const DEPTH_MAX: usize = 16;
/// Fields of Parquet's structs: `FileMetaData.schema`, `SchemaElement.num_children`.
const SCHEMA: i64 = 2;
const NUM_CHILDREN: i64 = 5;

/// Types of Thrift's compact protocol.
mod kind {
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const STRUCT: u8 = 12;
}

impl Walk<'_> {
    fn root(&mut self, root: Root) -> Option<()> {
        let place = if root == Root::Footer { Place::Footer } else { Place::Other };
        self.fields(place, DEPTH_MAX)
    }

    fn fields(&mut self, place: Place, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let mut field = 0i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            field = match head >> 4 {
                0 => self.zigzag()?,
                delta => field.checked_add(delta.into())?,
            };
            match (head & 15, place) {
                (kind::TRUE | kind::FALSE, _) => {}
                (kind::LIST, Place::Footer) if field == SCHEMA => self.items(true, depth)?,
                (kind::I16..=kind::I64, Place::Schema { is_first }) if field == NUM_CHILDREN => {
                    let children = usize::try_from(self.zigzag()?).ok()?;
                    (children == 0 || (is_first && children <= self.0.len())).then_some(())?;
                }
                (kind, _) => self.value(kind, depth)?,
            }
        }
    }

    fn items(&mut self, is_schema: bool, depth: usize) -> Option<()> {
        let head = self.byte()?;
        let count = match usize::from(head >> 4) {
            15 => usize::try_from(self.number()?).ok()?,
            count => count,
        };
        (count <= self.0.len()).then_some(())?;
        for item in 0..count {
            match head & 15 {
                kind::STRUCT if is_schema => self.fields(Place::Schema { is_first: item == 0 }, depth)?,
                kind => self.value(kind, depth)?,
            }
        }
        Some(())
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            kind::TRUE | kind::FALSE | kind::BYTE => self.skip(1),
            kind::I16..=kind::I64 => self.number().map(|_| ()),
            kind::DOUBLE => self.skip(8),
            kind::BINARY => {
                let len = usize::try_from(self.number()?).ok()?;
                self.skip(len)
            }
            kind::LIST | kind::SET => self.items(false, depth.checked_sub(1)?),
            kind::STRUCT => self.fields(Place::Other, depth),
            // Parquet has no maps.
            _ => None,
        }
    }

    fn skip(&mut self, len: usize) -> Option<()> {
        self.0 = self.0.get(len..)?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footer(bytes: &[u8]) -> Option<()> {
        Walk(bytes).root(Root::Footer)
    }

    #[test]
    fn a_list_is_no_longer_than_the_bytes_behind_it() {
        // Field 4, a list of structs: one that is empty; two of which one is missing; 2^31 - 1.
        assert!(footer(&[0x49, 0x1c, 0, 0]).is_some());
        assert!(footer(&[0x49, 0x2c, 0]).is_none());
        assert!(footer(&[0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 7, 0, 0]).is_none());
    }

    #[test]
    fn only_the_first_item_of_a_schema_has_children() {
        // Field 2, a list of two structs with field 5, an i32.
        let schema = |children: [u8; 2]| [0x29, 0x2c, 0x55, children[0], 0, 0x55, children[1], 0, 0];
        assert!(footer(&schema([2, 0])).is_some());
        assert!(footer(&schema([2, 2])).is_none(), "a child with a child");
        assert!(footer(&schema([100, 0])).is_none(), "50 children in four bytes");
    }

    #[test]
    fn what_goes_too_deep_is_refused() {
        let nested = |depth| [vec![0x1c; depth], vec![0; depth + 1]].concat();
        assert!(footer(&nested(DEPTH_MAX - 1)).is_some());
        assert!(footer(&nested(DEPTH_MAX)).is_none());
    }

    #[test]
    fn a_panic_is_damage() {
        let read: Result<()> = guarded("a file", || unreachable!("as the library may"));
        assert!(matches!(read, Err(Error::Damaged(_))), "{read:?}");
    }
}
