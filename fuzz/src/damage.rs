//! Damage as an input says: changes of five bytes each, offset u16, length u8, what u8 (set, flip, zero,
//! cut), byte u8.

/// What becomes of some bytes; at least `keep` of them are not cut off.
pub(crate) fn damage(original: &[u8], keep: usize, changes: &[u8]) -> Vec<u8> {
    let mut damaged = original.to_vec();
    for change in changes.chunks_exact(5).take(16) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % original.len();
        let end = (at + usize::from(change[2]) + 1).min(damaged.len());
        let range = at.min(damaged.len())..end;
        match change[3] % 4 {
            0 => damaged[range].fill(change[4]),
            1 => damaged[range].iter_mut().for_each(|byte| *byte ^= change[4]),
            2 => damaged[range].fill(0),
            _ => damaged.truncate(at.max(keep)),
        }
    }
    damaged
}
