//! Each bound of the engine, named. What comes from outside is measured against these before
//! anything is allocated or written (RELIABILITY 3).

/// Levels of lists and maps in a value.
pub const JSON_DEPTH_MAX: usize = 64;
/// Bytes of a key of config, summary, history (L3).
pub const KEY_BYTES_MAX: usize = 1024;
/// Keys of one row (L3).
pub const ROW_KEYS_MAX: usize = 100_000;
/// Bytes of one line or string: what the client sends at most, and a little (L3).
pub const LINE_BYTES_MAX: usize = (10 << 20) + (64 << 10);
/// Bytes of a name: entity, project, run, display name, group, job type (L4).
pub const NAME_BYTES_MAX: usize = 512;
/// Tags of a run, and characters of one (L4).
pub const TAGS_MAX: usize = 64;
/// Characters of a tag (L4).
pub const TAG_CHARS_MAX: usize = 64;
/// Bytes of notes (L4).
pub const NOTES_BYTES_MAX: usize = 1 << 20;
/// Bytes of one frame's body: a whole decoded request of the largest size fits (L1).
pub const BODY_BYTES_MAX: u32 = 192 << 20;
/// Bytes that one group commit takes, unless a single batch is larger.
pub const GROUP_BYTES_MAX: usize = 8 << 20;
/// Batches that one group commit takes.
pub const GROUP_BATCHES_MAX: usize = 4096;
/// Batches that may wait for the writer; the next is refused with [`crate::Error::Overloaded`] (F18).
pub const QUEUE_BATCHES_MAX: usize = 10_000;
/// Bytes that may wait for the writer (L8).
pub const QUEUE_BYTES_MAX: usize = 256 << 20;
/// How long the packed log is kept.
pub const KEEP_LOG: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);
/// How long deleted runs can be undeleted.
pub const KEEP_DELETED: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);
/// Runs that one goes on from, one behind the other.
pub const BRANCHES_MAX: u32 = 64;
/// Chunks of a stream whose hashes are kept to tell a retry (DESIGN 4).
pub const CHUNK_HASHES_MAX: usize = 256;
/// The first segment's bytes; each next one is twice as large, up to [`SEGMENT_BYTES_MAX`].
pub const SEGMENT_BYTES_MIN: u64 = 1 << 20;
/// The largest segment, unless one batch is larger.
pub const SEGMENT_BYTES_MAX: u64 = 64 << 20;
/// Bytes of table files that a compaction writes in a second while batches come in: about half of
/// what a core makes, so that ingest has the rest of it and of the disk.
pub const COMPACTION_BYTES_BUSY: u64 = 32 << 20;
/// The same while no batch has come for a second.
pub const COMPACTION_BYTES_IDLE: u64 = 256 << 20;
