//! What of the log need not be kept any longer: the pure choice.
//!
//! A segment is dropped when all of this holds:
//! - it is packed, and so is every segment before it: the log is cut at its beginning only;
//! - its rows stand in table files, and the state that its events amount to stands in files too
//!   ([`Manifest::state_through`]): nothing would be folded from it any more;
//! - the store has been open for writing for the time set since it was packed.
//!
//! That time is counted by the monotonic clock alone, from opening to opening as far as edits of the
//! manifest tell (`Manifest::open_nanos`). It is never more than what really passed, so no wall clock
//! that jumps, and no clock that was wrong when a segment was packed, removes anything early (F12).
//! The price: time in which the store was not open does not count, nor does what a killed process had
//! counted since its last edit; the log is kept longer then, never shorter.

use std::time::Duration;

use crate::id::SegmentId;
use crate::manifest::{Manifest, SegmentMeta};

/// The last segment that is to be dropped, with all before it; none when all are to be kept. `keep` is
/// how long they are kept (none: for ever), `open_nanos` for how long the store has been open.
pub(crate) fn choose(manifest: &Manifest, keep: Option<Duration>, open_nanos: u64) -> Option<SegmentId> {
    let keep = u64::try_from(keep?.as_nanos()).ok()?;
    let is_expired = |meta: &&SegmentMeta| {
        let age = meta.packed.map(|packed| open_nanos.saturating_sub(packed.at));
        let last = meta.last_lsn();
        age.is_some_and(|age| age >= keep)
            && last.is_some_and(|last| last <= manifest.state_through().min(manifest.compacted))
    };
    manifest.segments.iter().take_while(is_expired).last().map(|meta| meta.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::batch::Batch;
    use crate::core::Core;
    use crate::disk::sim::{Failure, Image, SimClock, SimDisk};
    use crate::event::{Body, Event, ProjectCreated, RunCreated, State, Subject};
    use crate::id::{Lsn, ProjectKey, RunPath, StoreId};
    use crate::log::as_it_stands;
    use crate::manifest::{self, End, Packed, Ranges};
    use crate::recovery;
    use crate::table::{Kind, TableId, TableMeta};

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn nanos(time: Duration) -> u64 {
        u64::try_from(time.as_nanos()).unwrap()
    }

    /// A file of state that stands at a position.
    fn state_at(through: u64) -> TableMeta {
        let (id, kind, lsns) = (TableId(1), Kind::State, (Lsn(1), Lsn(through)));
        TableMeta { id, kind, level: 0, project: None, bytes: 0, sidecar: (0, 0), rows: 1, lsns }
    }

    /// Segments of ten events each, packed on one day after the other; `None` is not packed.
    fn manifest(packed_on: &[Option<u32>], through: u64) -> Manifest {
        let segment = |(number, day): (u64, &Option<u32>)| {
            let end = End {
                len: 1000,
                next_lsn: Lsn(number * 10 + 1),
                next_group: 0,
                chain: [u8::try_from(number).unwrap(); 32],
                sealed: true,
                ranges: Ranges::pack(&[]),
            };
            let packed = day.map(|day| Packed { bytes: 100, crc: 0, at: nanos(DAY * day) });
            let (id, first_lsn) = (SegmentId(number), Lsn(number * 10 - 9));
            SegmentMeta { id, first_lsn, first_group: 0, end: Some(end), packed }
        };
        Manifest {
            segments: (1..).zip(packed_on).map(segment).collect(),
            compacted: Lsn(100),
            tables: vec![state_at(through)],
            ..Manifest::new(StoreId([1; 16]))
        }
    }

    #[test]
    fn segments_go_from_the_first_on_once_they_were_kept_for_the_time_set() {
        let log = manifest(&[Some(0), Some(1), Some(2)], 100);
        let choose = |days: u32| choose(&log, Some(7 * DAY), nanos(DAY * days)).map(|id| id.0);
        let chosen = [6, 7, 8, 9, 10].map(choose);
        assert_eq!(chosen, [None, Some(1), Some(2), Some(3), Some(3)]);
        assert_eq!(super::choose(&log, Some(7 * DAY), nanos(7 * DAY) - 1), None, "to the nanosecond");
        assert_eq!(super::choose(&log, Some(Duration::ZERO), nanos(2 * DAY)), Some(SegmentId(3)));
    }

    #[test]
    fn what_is_kept_for_ever_never_goes() {
        let log = manifest(&[Some(0)], 100);
        assert_eq!(choose(&log, None, u64::MAX), None);
        assert_eq!(choose(&log, Some(Duration::MAX), u64::MAX), None);
    }

    #[test]
    fn nothing_goes_that_state_or_rows_still_rest_on() {
        let later = u64::MAX;
        let chosen = |through| choose(&manifest(&[Some(0); 3], through), Some(DAY), later);
        assert_eq!(
            [0, 9, 10, 19, 30].map(chosen),
            [None, None, Some(1), Some(1), Some(3)].map(|id| id.map(SegmentId))
        );
        let ahead = Manifest { compacted: Lsn(15), ..manifest(&[Some(0); 3], 100) };
        assert_eq!(choose(&ahead, Some(DAY), later), Some(SegmentId(1)));
    }

    #[test]
    fn the_log_is_cut_at_its_beginning_only() {
        assert_eq!(
            choose(&manifest(&[Some(0), None, Some(0)], 100), Some(DAY), u64::MAX),
            Some(SegmentId(1))
        );
        assert_eq!(choose(&manifest(&[None, Some(0)], 100), Some(DAY), u64::MAX), None);
        // One that was packed later than the one behind it is waited for.
        assert_eq!(choose(&manifest(&[Some(5), Some(0)], 100), Some(DAY), nanos(5 * DAY)), None);
    }

    /// How long the log is kept in the tests of a store, and a quarter of it in nanoseconds.
    const KEPT: Duration = Duration::from_secs(4);
    const QUARTER: u32 = 1_000_000_000;

    fn options(keep_log: Option<Duration>) -> Options {
        let (segment_bytes_min, segment_bytes_max) = (4 << 10, 4 << 10);
        Options { segment_bytes_min, segment_bytes_max, keep_log, ..Options::new("") }
    }

    fn commit(core: &mut Core, subject: Subject, body: Body) {
        let event = Event { subject, received: 1, actor: "ada".into(), body };
        assert!(core.commit(vec![Batch::new(vec![event])]).iter().all(Result::is_ok));
    }

    /// A folder with a log that is packed, and whose state stands in files.
    fn packed_folder() -> (SimDisk, SimClock) {
        let (disk, clock) = (SimDisk::default(), SimClock::default());
        let mut core = Core::open(disk.world(&clock, 1), &options(None)).unwrap();
        let project = ProjectKey::new("ada", "p");
        commit(
            &mut core,
            project.clone().into(),
            Body::ProjectCreated(ProjectCreated { description: "".into() }),
        );
        let run: Subject = RunPath::new(project, "r").generation(1).into();
        let created = RunCreated { source: "".into(), state: State::Running };
        commit(&mut core, run.clone(), Body::RunCreated(created));
        (0..120).for_each(|_| commit(&mut core, run.clone(), Body::Heartbeat));
        while core.compact().unwrap() {}
        core.close().unwrap();
        (disk, clock)
    }

    /// Every segment that the manifest names is there and follows the one before it, and the dropped
    /// ones are gone for good.
    fn check(disk: &SimDisk) -> Manifest {
        let world = disk.world(&SimClock::default(), 3);
        let manifest = manifest::load(&world, manifest::newest(&world).unwrap().unwrap()).unwrap();
        let mut previous = manifest.before;
        for meta in &manifest.segments {
            let meta = as_it_stands(&world, meta).unwrap();
            let content = recovery::content_of(&world, manifest.store, &meta).unwrap();
            recovery::check_segment(&content, &meta, manifest.store, previous).unwrap();
            previous = meta.end.as_ref().map_or(previous, |end| (meta.id.0, end.len, end.chain));
        }
        manifest
    }

    #[test]
    fn d8_a_dropped_segment_is_read_by_who_holds_it_and_is_gone_for_all_others() {
        let (disk, clock) = packed_folder();
        let mut core = Core::open(disk.world(&clock, 4), &options(Some(KEPT))).unwrap();
        let before = core.snapshot();
        let all: Vec<Lsn> = before.events(Lsn(1)).map(|event| event.unwrap().0).collect();
        assert_eq!(core.drop_expired().unwrap(), 0, "their time is not over");
        (0..4).for_each(|_| clock.advance(QUARTER));
        assert!(core.drop_expired().unwrap() > 2);
        assert_eq!(core.drop_expired().unwrap(), 0, "once");
        assert!(before.events(Lsn(1)).map(|event| event.unwrap().0).eq(all.iter().copied()));
        commit(
            &mut core,
            RunPath::new(ProjectKey::new("ada", "p"), "r").generation(1).into(),
            Body::Heartbeat,
        );
        let after = core.snapshot();
        let first = after.segments()[0].first_lsn;
        assert!(after.events(Lsn(1)).map(|event| event.unwrap().0).eq((first.0..=after.durable.0).map(Lsn)));
        let manifest = check(&disk);
        assert!(first > manifest.state_through() && manifest.before.0 + 1 == manifest.segments[0].id.0);
        let packed = disk.files().into_keys().filter(|path| path.name().ends_with(".segz")).count();
        assert_eq!(packed, 0, "all of them were dropped");
    }

    #[test]
    fn f12_a_wall_clock_that_jumps_drops_nothing_before_its_time() {
        let (disk, clock) = packed_folder();
        for wall in [i64::MAX, 0, 3_155_760_000_000_000_000] {
            clock.set_wall(wall);
            let mut core = Core::open(disk.world(&clock, 4), &options(Some(KEPT))).unwrap();
            clock.set_wall(wall.saturating_add(1_000_000_000_000_000_000));
            assert_eq!(core.drop_expired().unwrap(), 0);
            clock.advance(QUARTER);
            assert_eq!(core.drop_expired().unwrap(), 0);
            core.close().unwrap();
        }
        // Three quarters of the time are counted, each at its close.
        let mut core = Core::open(disk.world(&clock, 4), &options(Some(KEPT))).unwrap();
        clock.advance(QUARTER);
        assert!(core.drop_expired().unwrap() > 0);
    }

    #[test]
    fn f14_dropping_that_is_cut_off_anywhere_leaves_the_log_before_or_after() {
        let (left, clock) = packed_folder();
        let attempt = |disk: &SimDisk, plan: Option<(u64, Failure)>| {
            let mut core = Core::open(disk.world(&clock, 4), &options(Some(Duration::ZERO))).unwrap();
            let first = disk.op_count();
            if let Some((op, failure)) = plan {
                disk.plan(first + op..first + op + 1, failure);
            }
            let _may_fail = core.drop_expired().is_ok();
            disk.op_count() - first
        };
        let ops = attempt(&left.after_image(Image::AllLost), None);
        assert!(ops > 4, "an edit, a sync, and a file after the other");
        for op in 0..ops {
            for stop in [Failure::StopBefore, Failure::StopAfter] {
                for image in Image::EXTREMES.into_iter().chain([Image::Drawn(op), Image::Drawn(op + 99)]) {
                    let disk = left.after_image(Image::AllLost);
                    attempt(&disk, Some((op, stop)));
                    let manifest = check(&disk.after_image(image));
                    let dropped = manifest.before.0 > 0;
                    let packed = manifest.segments.iter().filter(|meta| meta.packed.is_some()).count();
                    assert_eq!(dropped, packed == 0, "all or nothing of one edit");
                }
            }
        }
    }
}
