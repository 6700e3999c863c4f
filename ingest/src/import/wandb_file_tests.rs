use super::*;

/// Writes the container, independently of the reader.
struct Log(Vec<u8>);

impl Log {
    fn new() -> Self {
        Self(b":W&B\xe1\xbe\x00".to_vec())
    }

    fn add(&mut self, record: &[u8]) -> &mut Self {
        let (mut rest, mut is_first) = (record, true);
        loop {
            let left = BLOCK_LEN - self.0.len() % BLOCK_LEN;
            if left < 7 {
                self.0.resize(self.0.len() + left, 0);
                continue;
            }
            let len = rest.len().min(left - 7);
            let is_last = len == rest.len();
            let kind = match (is_first, is_last) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            self.chunk(kind, &rest[..len]);
            rest = &rest[len..];
            is_first = false;
            if is_last {
                return self;
            }
        }
    }

    fn chunk(&mut self, kind: u8, payload: &[u8]) {
        let mut summed = vec![kind];
        summed.extend_from_slice(payload);
        self.0.extend_from_slice(&crc32fast::hash(&summed).to_le_bytes());
        self.0.extend_from_slice(&u16::try_from(payload.len()).unwrap().to_le_bytes());
        self.0.extend_from_slice(&summed);
    }
}

fn records(bytes: &[u8]) -> (Vec<Vec<u8>>, Damage) {
    let mut reader = LogReader::begin(bytes).unwrap();
    let mut records = Vec::new();
    while reader.advance().unwrap() {
        records.push(reader.record().to_vec());
    }
    assert!(!reader.advance().unwrap(), "the end stays the end");
    (records, reader.damage())
}

fn of_sizes(sizes: &[usize]) -> Vec<Vec<u8>> {
    (1u8..).zip(sizes).map(|(byte, size)| vec![byte; *size]).collect()
}

fn written(records: &[Vec<u8>]) -> Vec<u8> {
    let mut log = Log::new();
    for record in records {
        log.add(record);
    }
    log.0
}

#[test]
fn records_of_every_size_come_back_whole_around_the_ends_of_blocks() {
    for first in BLOCK_LEN - 40..BLOCK_LEN + 10 {
        let sent = of_sizes(&[first, 0, 1, 100_000, 7, 3 * BLOCK_LEN, 5]);
        assert_eq!(records(&written(&sent)), (sent, Damage::default()), "{first}");
    }
    assert_eq!(records(&written(&[])), (Vec::new(), Damage::default()));
}

#[test]
fn the_clients_own_log_is_read() {
    let log = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traffic/offline-run.wandb")).unwrap();
    let (records, damage) = records(&log);
    assert_eq!((records.len(), damage), (51, Damage::default()));
    assert!(records.iter().any(|record| record.len() > 70_000), "one is of several chunks");
}

#[test]
fn a_log_cut_anywhere_gives_all_records_before_the_cut() {
    let sent = of_sizes(&[100, 40_000, 10, 33_000]);
    let log = written(&sent);
    let mut ends = vec![HEADER_LEN];
    for count in 1..=sent.len() {
        ends.push(written(&sent[..count]).len());
    }
    for cut in (HEADER_LEN..log.len()).step_by(31).chain(ends.clone()) {
        let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
        let (got, damage) = records(&log[..cut]);
        assert_eq!(got, sent[..whole], "cut at {cut}");
        assert_eq!(damage.places, 0);
        assert_eq!(damage.is_cut, !ends.contains(&cut), "cut at {cut}");
    }
}

#[test]
fn after_a_damaged_chunk_reading_goes_on_in_the_next_block() {
    let sent = of_sizes(&[10, 20, 30, 2 * BLOCK_LEN, 40, 50]);
    let mut log = written(&sent);
    // In the second record: all that begins in this block is lost with it.
    log[7 + 17 + 9] ^= 1;
    let (got, damage) = records(&log);
    assert_eq!(got, [sent[0].clone(), sent[4].clone(), sent[5].clone()]);
    assert_eq!((damage.places, damage.is_cut), (1, false));
    let lost: usize = sent[1..4].iter().map(Vec::len).sum();
    assert!(damage.bytes >= lost as u64, "{damage:?}");
}

#[test]
fn parts_without_their_beginning_or_end_are_passed_over() {
    let mut log = Log::new();
    log.chunk(3, b"middle");
    log.chunk(4, b"last");
    log.add(b"one");
    log.chunk(2, b"first");
    log.add(b"two");
    log.chunk(2, b"fi");
    log.chunk(2, b"fir");
    log.chunk(4, b"st");
    let (got, damage) = records(&log.0);
    assert_eq!(got, [b"one".to_vec(), b"two".to_vec(), b"first".to_vec()][..]);
    assert_eq!(damage, Damage { places: 3, bytes: 17, is_cut: false });
}

#[test]
fn zeros_where_a_file_was_made_longer_before_it_was_written_are_no_records() {
    let mut log = written(&of_sizes(&[10]));
    log.resize(3 * BLOCK_LEN, 0);
    let (got, damage) = records(&log);
    assert_eq!((got.len(), damage.places), (1, 1));
}

#[test]
fn a_record_that_is_too_long_is_passed_over_as_one_place() {
    let sent = [vec![1; 10], vec![2; RECORD_BYTES_MAX + 1], vec![3; 10]];
    let (got, damage) = records(&written(&sent));
    assert_eq!(got, [sent[0].clone(), sent[2].clone()]);
    assert_eq!(damage, Damage { places: 1, bytes: RECORD_BYTES_MAX as u64 + 1, is_cut: false });
}

#[test]
fn what_is_no_log_is_told_apart() {
    assert!(matches!(LogReader::begin(&b""[..]), Err(NotALog::Empty)));
    for bytes in [&b":W&"[..], b"not a log at all", b":W&B\xbe\xe1\x00", b":W&B\xe1\xbe"] {
        assert!(matches!(LogReader::begin(bytes), Err(NotALog::Other)), "{bytes:?}");
    }
    assert!(matches!(LogReader::begin(&b":W&B\xe1\xbe\x07"[..]), Err(NotALog::Version(7))));
}
