//! What reading an input may allocate. The allocator counts for the whole process, so properties are
//! tried one at a time: libFuzzer does, and so does the replay in `tests/main.rs`.

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What is taken for any input: a list that claims to be long gets up to 1 MiB before its first item is
/// read (serde), and lists stand in lists.
const FLOOR: usize = 4 << 20;
/// A byte of an integer is eight in memory, and a value has a few bytes around it.
const PER_BYTE: usize = 32;

/// Bytes that are allocated now.
#[must_use]
pub fn heap_bytes() -> usize {
    HEAP.current_usage()
}

/// Reads an input of so many bytes, and sees that memory stays in proportion.
pub(crate) fn bounded<T>(input_bytes: usize, read: impl FnOnce() -> T) -> T {
    bounded_by(FLOOR + PER_BYTE * input_bytes, read)
}

/// Reads something, and sees that no more is allocated at once than allowed.
pub(crate) fn bounded_by<T>(allowed: usize, read: impl FnOnce() -> T) -> T {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let done = read();
    let taken = HEAP.peak_usage().saturating_sub(before);
    assert!(taken <= allowed, "{taken} bytes are allocated at once, more than {allowed}");
    done
}
