//! `docs/format.md` is enough to read a folder: a reader that knows only the page's tables reads the
//! stored folders, every checksum, chain and count.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Of each field of a table: where it stands and how many bytes it has.
type Fields = BTreeMap<String, (usize, usize)>;

const VERSIONS: [&str; 8] = ["v1.0", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7"];

struct Page {
    tables: BTreeMap<String, Fields>,
    events: BTreeMap<u8, String>,
}

impl Page {
    fn read() -> Self {
        let text =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/format.md")).unwrap();
        let mut page = Self { tables: BTreeMap::new(), events: BTreeMap::new() };
        let mut heading = String::new();
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                heading = title.to_owned();
            }
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            match (cells[0].parse::<usize>(), cells.as_slice()) {
                (Ok(offset), [_, bytes, field, _]) => {
                    let place = (offset, bytes.parse().unwrap());
                    page.tables.entry(heading.clone()).or_default().insert((*field).to_owned(), place);
                }
                (Ok(kind), [_, event]) => {
                    page.events.insert(u8::try_from(kind).unwrap(), (*event).to_owned());
                }
                _ => {}
            }
        }
        page
    }

    fn bytes<'a>(&self, table: &str, field: &str, from: &'a [u8]) -> &'a [u8] {
        let (offset, len) = self.tables[table][field];
        &from[offset..offset + len]
    }

    fn number(&self, table: &str, field: &str, from: &[u8]) -> u64 {
        let bytes = self.bytes(table, field, from);
        bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn at(&self, table: &str, field: &str) -> usize {
        self.tables[table][field].0
    }
}

fn seed(store: &[u8], word: &str, number: u64) -> u32 {
    crc32fast::hash(&[store, word.as_bytes(), &number.to_le_bytes()].concat())
}

/// The frames of a file: each whole, its CRC right.
fn frames<'a>(page: &'a Page, content: &'a [u8], start: usize, seed: u32) -> impl Iterator<Item = &'a [u8]> {
    let mut at = start;
    std::iter::from_fn(move || {
        let rest = &content[at..];
        let head = page.at("Frame", "kind");
        if rest.len() < head || page.number("Frame", "len", rest) == 0 {
            assert!(rest.iter().all(|byte| *byte == 0), "behind the last frame there are zeros");
            return None;
        }
        let len = head + usize::try_from(page.number("Frame", "len", rest)).unwrap();
        let mut crc = crc32fast::Hasher::new_with_initial(seed);
        crc.update(&(at as u64).to_le_bytes());
        crc.update(&rest[page.at("Frame", "len")..len]);
        assert_eq!(u64::from(crc.finalize()), page.number("Frame", "crc", rest), "at byte {at}");
        at += len;
        Some(&rest[..len])
    })
}

fn files(version: &str, folder: &str) -> Vec<PathBuf> {
    let place =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(version).join("closed").join(folder);
    let mut files: Vec<_> = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn number_of(path: &Path) -> u64 {
    path.file_stem().unwrap().to_str().unwrap().parse().unwrap()
}

fn header_crc_is_right(page: &Page, table: &str, content: &[u8]) {
    let covered = &content[..page.at(table, "crc")];
    assert_eq!(u64::from(crc32fast::hash(covered)), page.number(table, "crc", content), "{table}");
}

#[test]
fn the_page_is_enough_to_read_a_log() {
    let page = Page::read();
    const HEADER: &str = "Segment header";
    for version in VERSIONS {
        let (mut lsn, mut group, mut previous, mut kinds) = (1, 1, (0, 0, vec![0; 32]), BTreeMap::new());
        for path in files(version, "log") {
            let content = segment(&page, &path);
            let field = |field| page.number(HEADER, field, &content);
            assert_eq!(page.bytes(HEADER, "magic", &content), b"wbq-seg\n");
            header_crc_is_right(&page, HEADER, &content);
            assert_eq!((field("version"), field("lane"), field("synced")), (1, 0, 1));
            assert_eq!(
                (field("segment"), field("first_lsn"), field("first_group")),
                (number_of(&path), lsn, group)
            );
            // What an earlier commit left out of a chain at a clean end, its frames still show.
            let told = (field("previous_segment"), field("previous_len"));
            let is_short = told.1 < previous.1;
            assert!(told.0 == previous.0 && (told.1 == previous.1 || version == "v1.0"), "{told:?}");
            let chain = page.bytes(HEADER, "previous_chain", &content);
            assert!(is_short || chain == previous.2, "the chain goes on");
            let mut hasher = Sha256::new_with_prefix(chain);
            let seed = seed(page.bytes(HEADER, "store", &content), "segment", number_of(&path));
            let (mut at, mut count, mut in_group) = (512, 0, 0);
            for frame in frames(&page, &content, 512, seed) {
                let rest = &frame[page.at("Frame", "rest")..];
                let kind = u8::try_from(page.number("Frame", "kind", frame)).unwrap();
                assert_eq!(page.number("Frame", "lsn", frame), lsn, "kind {kind}");
                match kind {
                    1 => {
                        assert_eq!((page.number("Group", "number", rest), in_group), (group, 0));
                        in_group = page.number("Group", "events", rest);
                        group += 1;
                    }
                    2 => assert_eq!(page.number("Close mark", "number", rest), group - 1),
                    3 => {
                        assert_eq!(page.number("Seal", "frames", rest), count);
                        assert_eq!(page.number("Seal", "bytes", rest), at as u64);
                        assert_eq!(page.bytes("Seal", "chain", rest), &hasher.clone().finalize()[..]);
                    }
                    event => {
                        assert!(page.events.contains_key(&event), "kind {event} is not on the page");
                        *kinds.entry(event).or_insert(0) += 1;
                        assert_eq!(page.number("Frame", "group", frame), (group - 1) & 0xffff);
                        in_group -= 1;
                        lsn += 1;
                    }
                }
                hasher.update(page.bytes("Frame", "crc", frame));
                at += frame.len();
                count += 1;
            }
            assert_eq!(in_group, 0, "a group's events are all there");
            previous = (number_of(&path), at as u64, hasher.finalize().to_vec());
        }
        // One stands in files of events only; two came with 1.4, five with 1.6, thirteen with 1.7.
        let later = match version {
            "v1.7" => 1,
            "v1.6" => 14,
            "v1.4" | "v1.5" => 19,
            _ => 21,
        };
        assert_eq!(kinds.len(), page.events.len() - later, "the stored folders hold an event of every kind");
    }
}

/// The bytes of a segment, which may be packed.
fn segment(page: &Page, path: &Path) -> Vec<u8> {
    const HEADER: &str = "Packed segment";
    const ENTRY: &str = "Packed segment entry";
    let file = fs::read(path).unwrap();
    if path.extension().unwrap() == "seg" {
        return file;
    }
    let field = |field| page.number(HEADER, field, &file);
    assert_eq!(page.bytes(HEADER, "magic", &file), b"wbq-sgz\n");
    assert_eq!((field("version"), field("segment")), (1, number_of(path)));
    let (head, entry) = (page.at(HEADER, "blocks") + 4, page.at(ENTRY, "crc") + 4);
    let table_at = file.len() - 4 - usize::try_from(field("blocks")).unwrap() * entry;
    let table = &file[table_at..file.len() - 4];
    let crc = crc32fast::hash(&[&file[..head], table].concat());
    assert_eq!(file[file.len() - 4..], crc.to_le_bytes());
    let (mut content, mut at) = (Vec::new(), head);
    for entry in table.chunks(entry) {
        let end = usize::try_from(page.number(ENTRY, "end", entry)).unwrap();
        let block = &file[at..end];
        assert_eq!(page.number(ENTRY, "crc", entry), u64::from(crc32fast::hash(block)));
        assert_eq!(content.len() % 262_144, 0, "blocks but the last are full");
        content.extend(zstd::bulk::decompress(block, 262_144).unwrap());
        at = end;
    }
    assert_eq!((at, content.len() as u64), (table_at, field("bytes")), "blocks touch and are all");
    content
}

#[test]
fn the_page_is_enough_to_read_a_manifest() {
    let page = Page::read();
    const HEADER: &str = "Manifest header";
    for version in VERSIONS {
        for path in files(version, "manifest") {
            let content = fs::read(&path).unwrap();
            assert_eq!(page.bytes(HEADER, "magic", &content), b"wbq-man\n");
            header_crc_is_right(&page, HEADER, &content);
            assert_eq!(page.number(HEADER, "epoch", &content), number_of(&path));
            let expected = match version {
                "v1.0" | "v1.1" => 1,
                "v1.2" => 2,
                "v1.3" => 3,
                "v1.4" | "v1.5" => 4,
                "v1.6" => 5,
                _ => 6,
            };
            assert_eq!(page.number(HEADER, "version", &content), expected);
            let seed = seed(page.bytes(HEADER, "store", &content), "manifest", number_of(&path));
            let edits: Vec<_> = frames(&page, &content, 64, seed).collect();
            assert!(!edits.is_empty());
            for (number, edit) in edits.into_iter().enumerate() {
                assert_eq!(page.number("Frame", "kind", edit), 4);
                assert_eq!(page.number("Frame", "lsn", edit), number as u64);
            }
        }
    }
}

/// The index of a table file: its kind, the index's own bytes, and those of the table file, all checked.
fn table_index(page: &Page, path: &Path) -> (u64, Vec<u8>, Vec<u8>) {
    const HEADER: &str = "Table index";
    let crcs_at = page.at(HEADER, "index bytes") + 8;
    let content = fs::read(path).unwrap();
    let table = ["parquet", "runs", "state"].map(|extension| fs::read(path.with_extension(extension)));
    let [table] = table.into_iter().filter_map(Result::ok).collect::<Vec<_>>().try_into().unwrap();
    let field = |field| page.number(HEADER, field, &content);
    assert_eq!(page.bytes(HEADER, "magic", &content), b"wbq-idx\n");
    assert_eq!((field("version"), field("number")), (1, number_of(path)));
    assert_eq!(field("bytes"), table.len() as u64);
    let crcs: Vec<u8> =
        table.chunks(64 << 10).flat_map(|block| crc32fast::hash(block).to_le_bytes()).collect();
    assert_eq!(&content[crcs_at..crcs_at + crcs.len()], crcs);
    let index = &content[crcs_at + crcs.len()..content.len() - 4];
    assert_eq!(field("index bytes"), index.len() as u64);
    let crc = crc32fast::hash(&content[..content.len() - 4]);
    assert_eq!(content[content.len() - 4..], crc.to_le_bytes());
    (field("kind"), index.to_vec(), table)
}

fn number_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn the_page_is_enough_to_read_a_table_index() {
    let page = Page::read();
    const ENTRY: &str = "Table index entry";
    let entry_len = page.at(ENTRY, "reserved") + 8;
    let mut kinds = Vec::new();
    for path in files("v1.7", "tables").into_iter().filter(|path| path.extension().unwrap() == "idx") {
        let (kind, index, _) = table_index(&page, &path);
        kinds.push(kind);
        if kind > 2 {
            continue;
        }
        let (count, names) = (number_at(&index, 0), number_at(&index, 4));
        let mut at = 8 + count * entry_len;
        for _ in 0..names {
            at += 4 + number_at(&index, at);
        }
        assert_eq!(at, index.len(), "entries and names fill the index");
        let mut row = 0;
        for entry in index[8..8 + count * entry_len].chunks(entry_len) {
            let field = |field| page.number(ENTRY, field, entry);
            assert_eq!(field("first row"), row);
            assert!(field("writer") < names as u64 && field("key") == u64::from(u32::MAX));
            assert!(field("first lsn") <= field("last lsn") && field("first line") < field("end line"));
            row += field("rows");
        }
        assert!(row > 0);
    }
    assert_eq!(kinds, [0, 1, 2, 3, 4, 5], "history, system, console, events, runs, state");
}

#[test]
fn the_page_is_enough_to_read_a_file_of_runs() {
    let page = Page::read();
    let len = |table: &str, last: &str| page.at(table, last) + page.tables[table][last].1;
    let (group_len, id_len) = (len("Runs group", "states bytes"), len("Runs id", "ordinal"));
    let piece_len = len("Runs piece", "unpacked");
    let mut found = 0;
    for path in files("v1.7", "tables").into_iter().filter(|path| path.extension().unwrap() == "runs") {
        let (kind, index, table) = table_index(&page, &path.with_extension("idx"));
        assert_eq!(kind, 4);
        let (groups, ids) = (number_at(&index, 0), number_at(&index, 4));
        let (groups, ids) =
            (&index[8..8 + groups * group_len], &index[8 + groups * group_len..][..ids * id_len]);
        let hashes: Vec<u64> = ids.chunks(id_len).map(|id| page.number("Runs id", "hash", id)).collect();
        assert!(hashes.is_sorted());
        let hash = |run: &str| {
            let parts = ["ada", "engines", run]
                .map(|part| [&(part.len() as u64).to_le_bytes()[..], part.as_bytes()].concat());
            u64::from_le_bytes(Sha256::digest(parts.concat())[..8].try_into().unwrap())
        };
        assert!(["first", "second"].map(hash).iter().all(|hash| hashes.contains(hash)));
        for group in groups.chunks(group_len) {
            let field = |field| usize::try_from(page.number("Runs group", field, group)).unwrap();
            let block = &table[field("block")..][..field("block bytes")];
            assert_eq!(page.number("Block", "rows", block), field("rows") as u64);
            let states = &table[field("states")..][..field("states bytes")];
            let pieces = 4 + number_at(states, 0) * piece_len;
            for entry in states[4..pieces].chunks(piece_len) {
                let field = |field| usize::try_from(page.number("Runs piece", field, entry)).unwrap();
                let piece = &states[pieces + field("offset")..][..field("bytes")];
                let runs = zstd::decode_all(piece).unwrap();
                assert_eq!(runs.len(), field("unpacked"));
                let mut at = 0;
                while at < runs.len() {
                    assert_eq!(runs[at + 4], 4, "its version");
                    at += 4 + number_at(&runs, at);
                    found += 1;
                }
            }
        }
    }
    assert_eq!(found, 5, "three runs, two of them in two generations");
}
