//! Packed segments: any bytes are one or are refused; a block never gives more than it may; what is
//! packed is unpacked; a damaged one gives what was there, or damage (F3).

use std::sync::OnceLock;

use engine::parse::{self, PACKED_BLOCK_LEN, Packed};
use engine::{Error, SegmentId, StoreId};

/// Bytes that zstd can be brought to give for one byte, generously.
const RATIO_MAX: usize = PACKED_BLOCK_LEN;

/// The property. The input is taken as a file, as a block, as a segment, and as a list of changes to
/// a packed segment, four bytes each: offset u16, what u8 (set, flip, cut), byte u8.
pub fn zstd(data: &[u8]) {
    if let Ok(found) = parse::packed(data) {
        assert!(
            found.content.len() <= data.len().saturating_mul(RATIO_MAX),
            "each byte gives at most a block"
        );
    }
    let bound = data.len().saturating_mul(RATIO_MAX);
    assert!(parse::salvaged(data).len() <= bound, "each byte gives at most a block");
    block(data);
    round_trip(data);
    damaged(data);
}

/// A block gives as many bytes as it is asked for, at most [`PACKED_BLOCK_LEN`], or none; and no
/// other length too.
fn block(data: &[u8]) {
    let asked = data.first_chunk().map_or(0, |len| u32::from_le_bytes(*len) as usize);
    for len in [asked, asked % (PACKED_BLOCK_LEN + 2), data.len(), PACKED_BLOCK_LEN, PACKED_BLOCK_LEN + 1] {
        for bytes in [data, data.get(4..).unwrap_or_default()] {
            let Some(found) = parse::packed_block(bytes, len) else { continue };
            assert!(found.len() == len && len <= PACKED_BLOCK_LEN, "{len} bytes were asked for");
            assert_eq!(parse::packed_block(bytes, len + 1), None, "a block has one length");
            let doubled = [bytes, bytes].concat();
            assert_eq!(parse::packed_block(&doubled, len), None, "a block is one frame");
        }
    }
}

fn round_trip(data: &[u8]) {
    let segment = Packed { segment: SegmentId(7), store: StoreId([7; 16]), content: data.to_vec() };
    let file = parse::write_packed(&segment).expect("a short segment is packed");
    assert_eq!(parse::packed(&file).expect("what was packed"), segment);
    assert_eq!(parse::salvaged(&file), data, "blocks alone are enough");
}

fn damaged(data: &[u8]) {
    let (segment, file) = original();
    let mut damaged = file.clone();
    for change in data.chunks_exact(4).take(16) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % file.len();
        match change[2] % 3 {
            _ if at >= damaged.len() => {}
            0 => damaged[at] = change[3],
            1 => damaged[at] ^= change[3],
            _ => damaged.truncate(at),
        }
    }
    match parse::packed(&damaged) {
        // A header whose checksum holds may only be the one that was written.
        Ok(found) => assert!(damaged == *file && found == *segment, "damage is found"),
        Err(Error::Damaged(_) | Error::TooNew { .. }) => assert!(damaged != *file, "it is whole"),
        Err(other) => panic!("reading a packed segment gave {other}"),
    }
}

/// Two blocks and a bit, most of it easy to compress, so that the file is short.
fn original() -> &'static (Packed, Vec<u8>) {
    static ORIGINAL: OnceLock<(Packed, Vec<u8>)> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let content = (0..2 * PACKED_BLOCK_LEN + 1000)
            .map(|at| if at % 1024 < 1000 { 1 } else { (at >> 10).to_le_bytes()[0] });
        let segment = Packed { segment: SegmentId(3), store: StoreId([3; 16]), content: content.collect() };
        let file = parse::write_packed(&segment).expect("a segment is packed");
        (segment, file)
    })
}
