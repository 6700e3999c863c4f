//! Manifests: any bytes are read or refused; what is read is written back as the same bytes; of a real
//! one that was damaged there is what an earlier moment of it held, and only where nothing behind the
//! damage shows that it was synced (F5, W6); a length that is forged allocates little.

use std::ops::Range;
use std::sync::OnceLock;

use engine::disk::sim::{SimClock, SimDisk};
use engine::{Core, Epoch, Error, Options, parse};

use crate::bounded::bounded;
use crate::damage::damage;
use crate::made_up;

/// Bytes before the first frame.
const HEADER_LEN: usize = 64;
/// Bytes of a frame before its body.
const FRAME_HEADER_LEN: usize = 24;
/// Kind (an edit), version and group, which a body begins with.
const PREFIX: [u8; 4] = [4, 1, 0, 0];

/// Behind what the header says are zeros, which nobody reads.
const FILLER: Range<usize> = HEADER_LEN - 24..HEADER_LEN;

/// The property. The first byte chooses: the rest is a manifest, is changes of a real one, or is the
/// body of a further edit whose checksum is right.
pub fn manifest(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    match choice % 3 {
        0 => bytes(data),
        1 => damaged(data),
        _ => forged(data),
    }
}

fn bytes(data: &[u8]) {
    // Made before memory is counted.
    let epoch = original().epoch;
    let read = bounded(data.len(), || parse::manifest(data, epoch));
    let again = parse::rewrite_manifest(data, epoch);
    assert!(read.is_err() || again.is_ok(), "what is read can be written");
    if let Ok(again) = again {
        // What is missing of the filler does not matter either.
        let mut original = data.to_vec();
        original.resize(data.len().max(HEADER_LEN), 0);
        original.truncate(again.len());
        original[FILLER].fill(0);
        assert_eq!(original, again, "it is written back as it was read");
    }
}

fn damaged(changes: &[u8]) {
    let Original { bytes, epoch, frames } = original();
    let damaged = damage(bytes, HEADER_LEN, changes);
    let is_whole = |range: &Range<usize>| damaged.get(range.clone()) == bytes.get(range.clone());
    let header = 0..FILLER.start;
    match bounded(damaged.len(), || parse::manifest(&damaged, *epoch)) {
        Ok(found) => {
            assert!(is_whole(&header));
            let kept = frames.iter().take_while(|range| is_whole(range)).count();
            assert!(!frames.iter().skip(kept).any(is_whole), "an edit that was synced was left out");
            let end = frames[kept - 1].end;
            let then = parse::manifest(&bytes[..end], *epoch).expect("an earlier moment of the manifest");
            assert_eq!(found, then, "what is read was there");
            let again = parse::rewrite_manifest(&damaged, *epoch).expect("what was read is written");
            assert_eq!(again, bytes[..end], "it is written back as it was read");
        }
        Err(Error::Damaged(_) | Error::TooNew { .. }) => {
            assert!(damaged != *bytes, "an unchanged manifest is not damaged");
        }
        Err(other) => panic!("reading a manifest gave {other}"),
    }
}

/// Only who can make a checksum gets here, or a fault of ours: it must be refused, or mean what it says.
fn forged(body: &[u8]) {
    let Original { bytes, epoch, frames } = original();
    let mut forged = bytes.clone();
    let mut frame = vec![0; FRAME_HEADER_LEN];
    frame[8] = u8::try_from(frames.len()).expect("a short manifest");
    frame.extend_from_slice(&PREFIX);
    frame.extend_from_slice(body);
    let len = u32::try_from(PREFIX.len() + body.len()).expect("a short input");
    frame[4..8].copy_from_slice(&len.to_le_bytes());
    let mut crc = crc32fast::Hasher::new_with_initial(seed(bytes, *epoch));
    crc.update(&(bytes.len() as u64).to_le_bytes());
    crc.update(&frame[4..]);
    frame[..4].copy_from_slice(&crc.finalize().to_le_bytes());
    forged.extend_from_slice(&frame);
    let read = bounded(forged.len(), || parse::manifest(&forged, *epoch));
    let again = bounded(forged.len(), || parse::rewrite_manifest(&forged, *epoch));
    // A forged number may be spelled longer than we spell it, so the bytes may differ; the meaning not.
    match again {
        Ok(again) => {
            let meaning = |read: Result<parse::Manifest, Error>| read.map_err(|error| error.to_string());
            assert_eq!(meaning(parse::manifest(&again, *epoch)), meaning(read), "it means the same");
        }
        Err(_) => assert!(matches!(read, Err(Error::Damaged(_))), "a body that does not parse is damage"),
    }
}

fn seed(bytes: &[u8], epoch: Epoch) -> u32 {
    crc32fast::hash(&[&bytes[12..28], b"manifest", &epoch.0.to_le_bytes()].concat())
}

/// A manifest that the engine wrote, with the places of its frames.
struct Original {
    bytes: Vec<u8>,
    epoch: Epoch,
    frames: Vec<Range<usize>>,
}

fn original() -> &'static Original {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let disk = SimDisk::default();
        let world = disk.world(&SimClock::default(), 1);
        let options =
            Options { segment_bytes_min: 4 << 10, segment_bytes_max: 4 << 10, ..Options::new("sim") };
        let mut core = Core::open(world, &options).expect("a store in memory");
        made_up::fill(&mut core);
        core.compact().expect("a compaction in memory");
        core.close().expect("a store in memory");
        let newest = disk.files().into_iter().rfind(|(path, _)| path.as_str().starts_with("manifest/"));
        let (path, bytes) = newest.expect("a manifest");
        let number = path.name().strip_suffix(".man").and_then(|number| number.parse().ok());
        let mut frames = Vec::new();
        let mut at = HEADER_LEN;
        while let Some(len) = bytes.get(at + 4..at + 8).and_then(|len| len.try_into().ok()) {
            let end = at + FRAME_HEADER_LEN + u32::from_le_bytes(len) as usize;
            frames.push(at..end);
            at = end;
        }
        assert!(frames.len() > 2, "a checkpoint and edits: {}", frames.len());
        Original { bytes, epoch: Epoch(number.expect("a number")), frames }
    })
}
