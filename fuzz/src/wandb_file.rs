//! Logs of the wandb client: any bytes are read or refused, in memory that stays in proportion; no
//! record is given that an independent reading of the same place does not give; what is written is
//! read back.

use ingest::import::look;
use ingest::parse::log_records;

use crate::bounded::bounded;

const HEADER: &[u8] = b":W&B\xe1\xbe\x00";
const BLOCK_LEN: usize = 32 << 10;
const CHUNK_HEADER_LEN: usize = 7;

/// The property.
pub fn wandb_file(data: &[u8]) {
    if let Ok(records) = bounded(data.len(), || log_records(data)) {
        let (expected, is_intact) = plain(data);
        assert!(records.starts_with(&expected), "what stands before the first damage is given");
        assert!(!is_intact || records == expected, "an intact log gives its records and no others");
    }
    // What the records say may be anything too.
    let _read_or_refused = bounded(data.len(), || look(data));
    let parts: Vec<&[u8]> = data.split(|byte| *byte == 0xff).collect();
    let log = written(&parts);
    assert_eq!(log_records(&log).expect("what is written is a log"), parts);
    let _read_or_refused = bounded(log.len(), || look(&*log));
}

/// The records up to the first chunk that is wrong, and whether there is none: the format read as
/// plainly as it is written down.
fn plain(data: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let (mut records, mut joined, mut at) = (Vec::new(), None::<Vec<u8>>, HEADER.len());
    while at < data.len() {
        let left = BLOCK_LEN - at % BLOCK_LEN;
        if left < CHUNK_HEADER_LEN {
            at += left;
            continue;
        }
        let Some(header) = data.get(at..at + CHUNK_HEADER_LEN) else { return (records, false) };
        let len = usize::from(u16::from_le_bytes([header[4], header[5]]));
        let end = at + CHUNK_HEADER_LEN + len;
        let Some(summed) = data.get(at + 6..end) else { return (records, false) };
        let is_right = len + CHUNK_HEADER_LEN <= left && crc32fast::hash(summed).to_le_bytes() == header[..4];
        if !is_right {
            return (records, false);
        }
        at = end;
        match (header[6], joined.take()) {
            (1, None) => records.push(summed[1..].to_vec()),
            (2, None) => joined = Some(summed[1..].to_vec()),
            (3, Some(parts)) => joined = Some([&parts, &summed[1..]].concat()),
            (4, Some(parts)) => records.push([&parts, &summed[1..]].concat()),
            _ => return (records, false),
        }
    }
    (records, joined.is_none())
}

/// A log of these records.
fn written(records: &[&[u8]]) -> Vec<u8> {
    let mut log = HEADER.to_vec();
    for record in records {
        let (mut rest, mut is_first) = (*record, true);
        loop {
            let left = BLOCK_LEN - log.len() % BLOCK_LEN;
            if left < CHUNK_HEADER_LEN {
                log.resize(log.len() + left, 0);
                continue;
            }
            let (part, more) = rest.split_at(rest.len().min(left - CHUNK_HEADER_LEN));
            let kind = match (is_first, more.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            let summed = [&[kind], part].concat();
            log.extend_from_slice(&crc32fast::hash(&summed).to_le_bytes());
            log.extend_from_slice(&u16::try_from(part.len()).expect("a block is shorter").to_le_bytes());
            log.extend_from_slice(&summed);
            (rest, is_first) = (more, false);
            if rest.is_empty() {
                break;
            }
        }
    }
    log
}
