//! Which events of which subjects a segment holds, so that damage can name them.
//!
//! ```text
//!  bytes unpacked u32 │ one zstd frame: a list of subject and run_seq, from and to (bincode)
//! ```
//!
//! What holds: it is unpacked for who asks, and no one asks before something is damaged. A store may
//! have a million runs, and whoever opens it reads this of every segment.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::compression;
use crate::event::{self, Subject};
use crate::limits;

/// A subject, and the `run_seq` of its first and last event.
pub(crate) type Range = (Subject, (u64, u64));

const ZSTD_LEVEL: i32 = 1;
const LEN: usize = 4;

/// The subjects of a segment, packed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ranges(Arc<[u8]>);

impl Ranges {
    /// Packs them. Those that do not fit are left out, all of them: damage names no runs then.
    pub(crate) fn pack(ranges: &[Range]) -> Self {
        let pack = || {
            let list = event::to_bincode(ranges).ok()?;
            let mut packed = u32::try_from(list.len()).ok()?.to_le_bytes().to_vec();
            packed.extend_from_slice(&compression::compress(&list, ZSTD_LEVEL).ok()?);
            Some(Self(packed.into()))
        };
        pack().unwrap_or_else(|| Self(Arc::default()))
    }

    /// The subjects, in their order; none where these bytes hold none.
    pub(crate) fn unpack(&self) -> Vec<Range> {
        let unpack = || {
            let (len, packed) = self.0.split_first_chunk::<LEN>()?;
            let len = u32::from_le_bytes(*len).min(limits::BODY_BYTES_MAX);
            let list = compression::decompress(packed, len as usize).ok()?;
            event::from_bincode(&list).ok().map(|(ranges, _)| ranges)
        };
        unpack().unwrap_or_default()
    }
}

impl fmt::Debug for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.unpack()).finish()
    }
}

impl Serialize for Ranges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Ranges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(Packed)
    }
}

struct Packed;

impl Visitor<'_> for Packed {
    type Value = Ranges;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packed ranges")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Ranges, E> {
        Ok(Ranges(bytes.into()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Ranges, E> {
        Ok(Ranges(bytes.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ProjectKey, RunPath};

    #[test]
    fn what_is_packed_is_unpacked_and_takes_a_few_bytes_a_run() {
        let project = ProjectKey::new("ada", "engines");
        let range = |run: u64| {
            // An id that looks drawn, as the client's are.
            let id = format!("{:08x}", (run + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32);
            (Subject::Run(RunPath::new(project.clone(), id).generation(1)), (0, run % 1000))
        };
        let mut ranges: Vec<Range> = (0..10_000).map(range).collect();
        ranges.sort();
        let packed = Ranges::pack(&ranges);
        assert_eq!(packed.unpack(), ranges);
        assert!(packed.0.len() < 12 * ranges.len(), "{} bytes", packed.0.len());
        assert_eq!(Ranges::pack(&[]).unpack(), []);
        let (again, _) = event::from_bincode::<Ranges>(&event::to_bincode(&packed).unwrap()).unwrap();
        assert_eq!(again, packed);
    }

    #[test]
    fn bytes_that_hold_no_ranges_name_nobody() {
        for bytes in [&[][..], &[1, 2], &[255, 255, 255, 255, 1, 2, 3], &[0, 0, 0, 0]] {
            assert_eq!(Ranges(bytes.into()).unpack(), []);
        }
    }
}
