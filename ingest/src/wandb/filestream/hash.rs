//! The hash by which a repeated chunk is known. It is stored, so it must never change: eight bytes
//! at a time, folded by a widening multiplication (the step of wyhash). Not for adversaries: who
//! finds a collision hides only lines of their own.

const K0: u64 = 0x2d35_8dcc_aa6c_78a5;
const K1: u64 = 0x8bb8_4b93_962e_acc9;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Hasher(u64);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(K0)
    }

    /// Adds a text and where it ends.
    pub(crate) fn text(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    pub(crate) fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ K0) * u128::from(word.rotate_left(32) ^ K1);
        let [low, high] = [product & u128::from(u64::MAX), product >> 64]
            .map(|half| u64::try_from(half).unwrap_or_default());
        // The rotated state keeps a product of zero from forgetting what came before.
        self.0 = low ^ high ^ self.0.rotate_left(23);
    }

    pub(crate) fn finish(mut self) -> u64 {
        self.word(K1);
        self.0
    }
}

pub(crate) fn of(bytes: &[u8]) -> u64 {
    let mut hasher = Hasher::new();
    hasher.text(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are stored in logs: a change here would make every stored chunk unknown.
    #[test]
    fn the_hash_never_changes() {
        assert_eq!([of(b""), of(b"a"), of(b"0123456789")], FROZEN);
    }

    #[test]
    fn small_differences_and_borders_count() {
        let texts: [&[&[u8]]; 6] =
            [&[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"], &[b"abc", b""], &[b"", b"abc"], &[b"abc\0"]];
        let mut seen = Vec::new();
        for lines in texts {
            let mut hasher = Hasher::new();
            lines.iter().for_each(|line| hasher.text(line));
            seen.push(hasher.finish());
        }
        for bit in 0..256 {
            let mut line = [0u8; 32];
            line[bit / 8] ^= 1 << (bit % 8);
            seen.push(of(&line));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    const FROZEN: [u64; 3] =
        [14_154_507_198_104_483_484, 6_363_322_809_583_615_912, 18_177_734_235_559_650_650];
}
