//! Table files of every kind that were damaged: the file or the one beside it. Where the checksums are left as they
//! were, reading gives an error or the same rows (D6). Where they are made to fit, which only a forger
//! does, the damage reaches the Parquet reader: there it must end in an error or in rows, whichever, with
//! memory in bounds.

use std::panic;
use std::sync::OnceLock;

use engine::disk::RelPath;
use engine::disk::sim::{SimClock, SimDisk};
use engine::parse::{self, TableRows};
use engine::{Core, Error, Options, TableInfo};

use crate::bounded::bounded_by;
use crate::damage::damage;
use crate::made_up;

/// Bytes of a table file that share a checksum.
const BLOCK_LEN: usize = 64 << 10;
/// Bytes of the file beside it before the checksums of the blocks.
const SIDECAR_HEADER_LEN: usize = 40;
/// What a forged file may make the reader take: a page that claims to be large is given 2 GiB, which are
/// reserved and never touched, and each column has such pages.
const FORGED_BYTES_MAX: usize = 8 << 30;
/// What reading one of these small files takes.
const BYTES_MAX: usize = 16 << 20;

/// The property. The first byte chooses the file, the second what is damaged and whether the checksums
/// are made to fit; the rest are changes.
pub fn parquet_in(data: &[u8]) {
    let [file, how, changes @ ..] = data else { return };
    let originals = originals();
    let original = &originals[usize::from(*file) % originals.len()];
    let is_forged = how & 2 != 0;
    let (mut file, mut sidecar) = (original.file.clone(), original.sidecar.clone());
    if how & 1 == 0 {
        file = damage(&file, 1, changes);
    } else {
        sidecar = damage(&sidecar, SIDECAR_HEADER_LEN, changes);
    }
    let is_changed = file != original.file || sidecar != original.sidecar;
    let mut end = original.end;
    let mut info = original.info.clone();
    if is_forged {
        (sidecar, end) = forged(&file, sidecar, &original.file);
        info.bytes = file.len() as u64 + end.0;
    }
    let max = if is_forged { FORGED_BYTES_MAX } else { BYTES_MAX };
    match without_a_word(|| bounded_by(max, || parse::table(&info, file, sidecar, end))) {
        Ok(rows) if is_forged && is_changed => drop(rows),
        Ok(rows) => assert_eq!(told(&rows), original.rows, "what is read is what was written"),
        Err(Error::Damaged(_) | Error::TooNew { .. }) => {
            assert!(is_changed, "an unchanged file is not damaged");
        }
        Err(other) => panic!("reading a table file gave {other}"),
    }
}

/// The reader's panics are caught and mean damage; libFuzzer would end at the first, so it does not hear.
fn without_a_word<T>(read: impl FnOnce() -> T + panic::UnwindSafe) -> T {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let done = panic::catch_unwind(read);
    panic::set_hook(hook);
    done.unwrap_or_else(|payload| {
        let words = payload.downcast_ref::<String>().map(String::as_str);
        panic!("{}", words.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without words"))
    })
}

/// Makes the checksums fit; gives the file beside the table file and what a manifest would say of it.
fn forged(file: &[u8], mut sidecar: Vec<u8>, original: &[u8]) -> (Vec<u8>, (u64, u32)) {
    let body = sidecar.len().saturating_sub(4);
    sidecar.truncate(body);
    let blocks = SIDECAR_HEADER_LEN..SIDECAR_HEADER_LEN + original.len().div_ceil(BLOCK_LEN) * 4;
    if file != original && sidecar.len() >= blocks.end {
        sidecar[24..32].copy_from_slice(&(file.len() as u64).to_le_bytes());
        let crcs = file.chunks(BLOCK_LEN).flat_map(|block| crc32fast::hash(block).to_le_bytes());
        sidecar.splice(blocks, crcs);
    }
    let crc = crc32fast::hash(&sidecar);
    sidecar.extend_from_slice(&crc.to_le_bytes());
    let end = (sidecar.len() as u64, crc);
    (sidecar, end)
}

/// A table file that the engine wrote.
struct Original {
    info: TableInfo,
    file: Vec<u8>,
    sidecar: Vec<u8>,
    end: (u64, u32),
    rows: Vec<String>,
}

/// One of each kind, and one of the long layout; each is small, so that many are tried.
fn originals() -> &'static [Original] {
    static ORIGINALS: OnceLock<Vec<Original>> = OnceLock::new();
    ORIGINALS.get_or_init(|| {
        let [mut small, wide] = [made_up::fill as fn(&mut Core), made_up::fill_wide].map(compacted);
        let long = wide.into_iter().nth(1).expect("the keys that have no column");
        small.push(long);
        let kinds: Vec<&str> = small.iter().map(|original| original.info.kind).collect();
        assert_eq!(kinds, ["history", "system", "console", "events", "runs", "state", "history"]);
        small
    })
}

/// The table files of a store that was filled.
fn compacted(fill: fn(&mut Core)) -> Vec<Original> {
    let disk = SimDisk::default();
    let world = disk.world(&SimClock::default(), 1);
    let options = Options::new("sim");
    let mut core = Core::open(world.clone(), &options).expect("a store in memory");
    fill(&mut core);
    core.close().expect("a store in memory");
    let mut core = Core::open(world, &options).expect("a store in memory");
    assert!(core.compact().expect("a compaction in memory"));
    let files = disk.files();
    let original = |info: TableInfo| {
        let [file, sidecar] = [0, 1].map(|place: usize| files[&RelPath::of(&info.paths[place])].clone());
        let crc = sidecar.last_chunk().map_or(0, |crc| u32::from_le_bytes(*crc));
        let end = (sidecar.len() as u64, crc);
        let rows = parse::table(&info, file.clone(), sidecar.clone(), end).expect("a whole file");
        Original { rows: told(&rows), info, file, sidecar, end }
    };
    core.snapshot().table_files().into_iter().map(original).collect()
}

/// Every cell with its place, and every event, as text.
fn told(rows: &TableRows) -> Vec<String> {
    match rows {
        TableRows::Events(events) => events.iter().map(|event| format!("{event:?}")).collect(),
        TableRows::Runs(runs) => runs.iter().map(|run| format!("{run:?}")).collect(),
        TableRows::State(bytes) => vec![format!("{bytes:?}")],
        TableRows::Rows(pieces) => {
            let cells = pieces.iter().flat_map(|piece| {
                let columns = piece.block.columns();
                columns.flat_map(move |column| {
                    let name = column.name;
                    column.iter().map(move |(row, cell)| {
                        format!("{} {} {name} {cell:?}", piece.lsn(row), piece.line(row))
                    })
                })
            });
            cells.collect()
        }
    }
}
