//! What to compact and what to pack next: the pure choices.

use crate::id::Lsn;
use crate::manifest::{Manifest, SegmentMeta};
use crate::snapshot::SegmentInfo;

/// Bytes of the log that are taken at once.
pub(crate) const INPUT_BYTES_MAX: u64 = 64 << 20;

/// Chooses the oldest ended segments behind `compacted` that together have at most
/// [`INPUT_BYTES_MAX`] bytes, one at the least; gives the position of their last event. None when
/// nothing waits.
pub(crate) fn choose(oldest_first: &[SegmentInfo], compacted: Lsn) -> Option<Lsn> {
    let ended = oldest_first.iter().filter(|segment| segment.sealed);
    let waiting =
        ended.filter(|segment| segment.last_lsn > compacted && segment.last_lsn >= segment.first_lsn);
    let mut bytes = 0;
    let mut through = None;
    for segment in waiting {
        bytes += segment.bytes;
        if through.is_some() && bytes > INPUT_BYTES_MAX {
            break;
        }
        through = Some(segment.last_lsn);
    }
    through
}

/// Chooses the oldest segment that ended, stands in table files and is not packed.
pub(crate) fn choose_packing(manifest: &Manifest) -> Option<&SegmentMeta> {
    let waits = |meta: &&SegmentMeta| {
        meta.packed.is_none() && meta.last_lsn().is_some_and(|last| last <= manifest.compacted)
    };
    manifest.segments.iter().find(waits)
}

/// Bytes of the ended segments behind `compacted`.
pub(crate) fn waiting_bytes(segments: &[SegmentInfo], compacted: Lsn) -> u64 {
    let waits = |segment: &&SegmentInfo| segment.sealed && segment.last_lsn > compacted;
    segments.iter().filter(waits).map(|segment| segment.bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(id: u64, bytes: u64, first: u64, last: u64, sealed: bool) -> SegmentInfo {
        SegmentInfo { id, bytes, packed_bytes: None, first_lsn: Lsn(first), last_lsn: Lsn(last), sealed }
    }

    #[test]
    fn the_oldest_segments_are_taken_up_to_the_bound() {
        let half = INPUT_BYTES_MAX / 2;
        let log = [
            segment(1, half, 1, 10, true),
            segment(2, half, 11, 20, true),
            segment(3, half, 21, 30, true),
            segment(4, 1, 31, 40, false),
        ];
        assert_eq!(choose(&log, Lsn(0)), Some(Lsn(20)));
        assert_eq!(choose(&log, Lsn(20)), Some(Lsn(30)));
        assert_eq!(choose(&log, Lsn(30)), None);
        assert_eq!([0, 20, 30].map(|lsn| waiting_bytes(&log, Lsn(lsn))), [3 * half, half, 0]);
    }

    #[test]
    fn one_segment_is_taken_however_large() {
        let log = [segment(1, INPUT_BYTES_MAX * 3, 1, 10, true), segment(2, 1, 11, 12, true)];
        assert_eq!(choose(&log, Lsn(0)), Some(Lsn(10)));
    }
}
