//! Frames: any bytes are a frame or not; what is one is written back as the same bytes; what is
//! written is read back; no other place or file takes it.

use bytes::Bytes;
use engine::parse::{self, Frame};
use engine::{Lsn, SegmentId, StoreId};

use crate::bounded::bounded;

const STORE: StoreId = StoreId([7; 16]);

/// The property.
pub fn frame(data: &[u8]) {
    if let Some(frame) = bounded(data.len(), || parse::frame(data, STORE, SegmentId(1), 512)) {
        let bytes = parse::write_frame(&frame, STORE, SegmentId(1), 512).expect("what parsed is written");
        assert_eq!(bytes, data[..bytes.len()], "a frame is written back as it was read");
    }
    let frame = Frame { lsn: Lsn(data.len() as u64), run_seq: 3, body: Bytes::copy_from_slice(data) };
    let Some(bytes) = parse::write_frame(&frame, STORE, SegmentId(1), 512) else {
        assert!(data.len() < 4, "only a body without a prefix is refused");
        return;
    };
    assert_eq!(parse::frame(&bytes, STORE, SegmentId(1), 512).as_ref(), Some(&frame));
    assert_eq!(parse::frame(&bytes, STORE, SegmentId(1), 513), None, "another offset");
    assert_eq!(parse::frame(&bytes, STORE, SegmentId(2), 512), None, "another segment");
    assert_eq!(parse::frame(&bytes, StoreId([8; 16]), SegmentId(1), 512), None, "another store");
    assert_eq!(parse::frame(&bytes[..bytes.len() - 1], STORE, SegmentId(1), 512), None, "cut short");
}
