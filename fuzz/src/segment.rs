//! Segments: a real one is damaged as the input says; reading it gives what was there up to a torn
//! last group, or damage, never less than what was proven and never something else (F1, F2, D6).

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use engine::disk::sim::{SimClock, SimDisk};
use engine::disk::{RelPath, read_up_to};
use engine::{Batch, Body, Core, Error, Event, KeyIssued, Options, Subject, UserAdded, parse};

use crate::bounded::bounded;
use crate::damage::damage;

/// The property. The input is a list of changes.
pub fn segment(data: &[u8]) {
    // Bytes that are no segment at all are refused, not believed.
    let bytes = Bytes::copy_from_slice(data);
    if let Ok(found) = bounded(data.len(), || parse::segment(&bytes)) {
        assert!(found.proven <= found.events.len());
    }
    let original = original();
    let whole = parse::segment(original).expect("the segment that was written");
    let damaged = damage(original, 512, data);
    let first_changed = original.iter().zip(&damaged).position(|(a, b)| a != b);
    let changed = first_changed.unwrap_or(damaged.len()) < original.len();
    let damaged = Bytes::from(damaged);
    match bounded(damaged.len(), || parse::segment(&damaged)) {
        Ok(found) => {
            let kept = found.events.len();
            assert_eq!(found.events, whole.events[..kept], "what is read was there");
            assert!(changed || kept == whole.events.len(), "an unchanged segment is read whole");
        }
        Err(Error::Damaged(_) | Error::TooNew { .. }) => {
            assert!(changed, "an unchanged segment is not damaged")
        }
        Err(other) => panic!("reading a segment gave {other}"),
    }
}

/// A segment with a few groups, a close mark, and groups after it, made by the engine itself.
fn original() -> &'static Bytes {
    static SEGMENT: OnceLock<Bytes> = OnceLock::new();
    SEGMENT.get_or_init(|| {
        let world = SimDisk::default().world(&SimClock::default(), 1);
        let options =
            Options { segment_bytes_min: 8 << 10, segment_bytes_max: 8 << 10, ..Options::new("sim") };
        let mut core = Core::open(world.clone(), &options).expect("a store in memory");
        for group in 0..6u8 {
            let user: Arc<str> = format!("user{group}").into();
            let added = UserAdded { name: Arc::clone(&user), admin: false };
            let key = KeyIssued { user, key_id: format!("k{group}").into(), hash: [group; 32] };
            let events = [Body::UserAdded(added), Body::KeyIssued(key)].map(|body| Event {
                subject: Subject::Store,
                received: 1,
                actor: "".into(),
                body,
            });
            core.commit(vec![Batch::new(events.to_vec())]).into_iter().for_each(|ack| {
                ack.expect("a commit in memory");
            });
            if group == 2 {
                core.idle().expect("a close mark in memory");
            }
        }
        let path = RelPath::parse("log/0000000001.seg").expect("a plain name");
        let file = world.disk.open(&path, false).expect("the first segment");
        let mut bytes = vec![0; usize::try_from(file.len().expect("its length")).unwrap_or_default()];
        read_up_to(&*file, 0, &mut bytes).expect("its bytes");
        let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used + 64);
        bytes.into()
    })
}
