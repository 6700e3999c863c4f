//! How the bytes of a file of rows are shared out among its rows.
//!
//! ```text
//!  row group ─► column chunks of keys ─┬─► its rows, each the same part
//!            ─► all other columns     ─┘
//!  footer, lists of pages, the file beside it ─► all rows of the file, each the same part
//! ```
//!
//! What holds:
//! - A part is an estimate: columns are compressed as a whole, and a row without a cell counts as one
//!   with a cell.
//! - Parts of rows that cover a file add up to its bytes, to the last one, whichever way they are cut.

use std::ops::Range;
use std::sync::Arc;

/// The bytes of a file of rows, by row group and key.
#[derive(Debug, Default)]
pub(crate) struct Weights {
    pub(crate) groups: Vec<Group>,
    /// Bytes that belong to no row group.
    pub(crate) rest: u64,
}

/// The bytes of a row group.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// Its first row.
    pub(crate) first: u64,
    pub(crate) rows: u64,
    /// Bytes of what each row says of itself.
    pub(crate) own: u64,
    /// Bytes of the cells of keys; a key with cells of several kinds is there for each.
    pub(crate) keys: Vec<(Arc<str>, u64)>,
}

impl Weights {
    fn rows(&self) -> u64 {
        self.groups.last().map_or(0, |group| group.first.saturating_add(group.rows))
    }

    /// The row group of a row; none where the file has no such row.
    pub(crate) fn group_of(&self, row: u64) -> usize {
        self.groups.partition_point(|group| group.first <= row).saturating_sub(1)
    }

    /// The bytes of rows of one row group.
    pub(crate) fn bytes(&self, rows: &Range<u64>) -> u64 {
        let Some(group) = self.groups.get(self.group_of(rows.start)) else { return 0 };
        let all = group.keys.iter().fold(group.own, |sum, (_, bytes)| sum.saturating_add(*bytes));
        group.part(all, rows).saturating_add(self.rest_of(rows))
    }

    /// The bytes of rows of one row group, key by key; those of no key come first.
    pub(crate) fn by_key(&self, rows: &Range<u64>, visit: &mut dyn FnMut(Option<&Arc<str>>, u64)) {
        let Some(group) = self.groups.get(self.group_of(rows.start)) else { return };
        visit(None, group.part(group.own, rows).saturating_add(self.rest_of(rows)));
        group.keys.iter().for_each(|(key, bytes)| visit(Some(key), group.part(*bytes, rows)));
    }

    fn rest_of(&self, rows: &Range<u64>) -> u64 {
        part(self.rest, rows, self.rows())
    }
}

impl Group {
    fn part(&self, bytes: u64, rows: &Range<u64>) -> u64 {
        let within = rows.start.saturating_sub(self.first)..rows.end.saturating_sub(self.first);
        part(bytes, &within, self.rows)
    }
}

/// What some of `all` rows have of `bytes`: the difference of two rounded sums, so that neighbours lose
/// nothing between them.
fn part(bytes: u64, rows: &Range<u64>, all: u64) -> u64 {
    let up_to = |row: u64| {
        let part = u128::from(bytes) * u128::from(row.min(all)) / u128::from(all.max(1));
        u64::try_from(part).unwrap_or(u64::MAX)
    };
    up_to(rows.end).saturating_sub(up_to(rows.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        let keys = |bytes: [u64; 2]| vec![(Arc::from("a"), bytes[0]), (Arc::from("b"), bytes[1])];
        let groups = vec![
            Group { first: 0, rows: 7, own: 101, keys: keys([1_000, 3]) },
            Group { first: 7, rows: 3, own: 11, keys: keys([5, 0]) },
        ];
        Weights { groups, rest: 97 }
    }

    proptest::proptest! {
        #[test]
        fn parts_add_up_to_the_file_wherever_it_is_cut(cuts: [bool; 10]) {
            let weights = weights();
            let (mut start, mut whole, mut by_key) = (0, 0, 0);
            for (end, cut) in (1..=10u64).zip(cuts) {
                if !(cut || end == 7 || end == 10) {
                    continue;
                }
                whole += weights.bytes(&(start..end));
                weights.by_key(&(start..end), &mut |_, bytes| by_key += bytes);
                start = end;
            }
            proptest::prop_assert_eq!((whole, by_key), (1_217, 1_217));
        }
    }

    #[test]
    fn rows_have_parts_of_the_same_size() {
        let weights = weights();
        assert_eq!(weights.bytes(&(7..8)), (11 + 5) / 3 + 97 * 8 / 10 - 97 * 7 / 10);
        let mut parts = Vec::new();
        weights.by_key(&(0..7), &mut |key, bytes| parts.push((key.map(|key| key.to_string()), bytes)));
        assert_eq!(parts, [(None, 101 + 97 * 7 / 10), (Some("a".into()), 1_000), (Some("b".into()), 3)]);
    }

    #[test]
    fn a_file_without_rows_and_rows_beyond_a_file_have_nothing() {
        assert_eq!(Weights::default().bytes(&(0..5)), 0);
        assert_eq!(weights().bytes(&(10..20)), 0);
    }
}
