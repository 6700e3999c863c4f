//! A segment: a header, then frames. Reading one tells its end from damage.
//!
//! ```text
//!  0         512
//!  ┌─────────┬───────┬───────┬───────┬───┬───────┬───────┬───────┬──────────────┐
//!  │ header  │ GROUP │ event │ event │ … │ CLOSE │ GROUP │ event │ zeros, or    │
//!  │         │   1   │       │       │   │       │   2   │       │ SEAL at last │
//!  └─────────┴───────┴───────┴───────┴───┴───────┴───────┴───────┴──────────────┘
//!  header:  magic 8 │ version u32 │ lane u32 │ store 16 │ epoch u64 │ segment u64 │ first lsn u64
//!           │ first group u64 │ synced u8 │ previous: segment u64, length u64, chain 32 │ crc u32
//!  GROUP:   number u64 │ bytes of its events u64 │ events u32      (lsn: of its first event)
//!  CLOSE:   number u64 of the last group                          (lsn: of the next event)
//!  SEAL:    frames u64 │ bytes before it u64 │ chain 32           (lsn: of the next event)
//! ```
//!
//! What holds:
//! - Group numbers and LSNs rise by one, over segments too.
//! - A group is *proven* when anything shows that its sync returned: a valid frame of a later group,
//!   a close mark, a seal (W3). Damage before a proof is damage; without one it is a torn tail, and
//!   its group never was acknowledged.
//! - The chain is SHA-256 over the previous segment's chain and the checksums of all frames.

use sha2::{Digest as _, Sha256};

use super::frame::{self, Fields, Frame, FrameError, Seed, kind};
use crate::disk::RelPath;
use crate::error::{Damage, Error, Result};
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::plant::{self, Bug};

/// Where the first frame stands.
pub(crate) const HEADER_LEN: usize = 512;
/// The version of header and frames.
pub(crate) const FORMAT: u32 = 1;
const MAGIC: [u8; 8] = *b"wbq-seg\n";
/// Bytes of the frame that begins a group.
pub(crate) const GROUP_LEN: usize = frame::HEADER_LEN + frame::PREFIX_LEN + 8 + 8 + 4;
/// Bytes of a close mark.
pub(crate) const CLOSE_LEN: usize = frame::HEADER_LEN + frame::PREFIX_LEN + 8;
/// Bytes of a seal.
pub(crate) const SEAL_LEN: usize = frame::HEADER_LEN + frame::PREFIX_LEN + 8 + 8 + 32;

/// The chain of a segment.
pub(crate) type Chain = [u8; 32];

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) store: StoreId,
    pub(crate) epoch: Epoch,
    pub(crate) segment: SegmentId,
    pub(crate) first_lsn: Lsn,
    pub(crate) first_group: u64,
    /// Each group was synced before the next was written.
    pub(crate) synced: bool,
    /// The segment before: its number (0: none), bytes, chain.
    pub(crate) previous: (u64, u64, Chain),
}

impl Header {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&0u32.to_le_bytes()); // lane
        out.extend_from_slice(&self.store.0);
        let numbers = [self.epoch.0, self.segment.0, self.first_lsn.0, self.first_group];
        numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        out.push(u8::from(self.synced));
        out.extend_from_slice(&self.previous.0.to_le_bytes());
        out.extend_from_slice(&self.previous.1.to_le_bytes());
        out.extend_from_slice(&self.previous.2);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out.resize(HEADER_LEN, 0);
        out
    }

    /// Reads a header; `path` names the file in errors.
    pub(crate) fn read(bytes: &[u8], path: &RelPath) -> Result<Self> {
        let torn = || Error::damaged(format!("the header of {path} is damaged"));
        let mut fields = Fields(bytes);
        if fields.take() != Some(MAGIC) {
            return Err(torn());
        }
        let found = fields.u32().ok_or_else(torn)?;
        if found > FORMAT {
            return Err(Error::TooNew { path: path.clone(), found, supported: FORMAT });
        }
        let header = (|| {
            let _lane = fields.u32()?;
            Some(Self {
                store: StoreId(fields.take()?),
                epoch: Epoch(fields.u64()?),
                segment: SegmentId(fields.u64()?),
                first_lsn: Lsn(fields.u64()?),
                first_group: fields.u64()?,
                synced: fields.take::<1>()? != [0],
                previous: (fields.u64()?, fields.u64()?, fields.take()?),
            })
        })()
        .ok_or_else(torn)?;
        let covered = bytes.len() - fields.0.len();
        let crc = fields.u32().ok_or_else(torn)?;
        if crc32fast::hash(bytes.get(..covered).unwrap_or_default()) != crc {
            return Err(torn());
        }
        Ok(header)
    }
}

/// Where segment `id` stands.
pub(crate) fn path(id: SegmentId) -> RelPath {
    RelPath::of(&format!("log/{:010}.seg", id.0))
}

/// The number of the segment in a file of that name.
pub(crate) fn id_of(name: &str) -> Option<SegmentId> {
    let id = SegmentId(name.strip_suffix(".seg")?.parse().ok()?);
    (path(id).name() == name).then_some(id)
}

/// An event's frame as reading found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) offset: usize,
    pub(crate) body_len: u32,
    pub(crate) lsn: Lsn,
    pub(crate) run_seq: u64,
}

/// A group as reading found it, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) number: u64,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) events: Vec<Found>,
}

impl Group {
    /// The position of its first event; a group has at least one.
    pub(crate) fn first_lsn(&self) -> Lsn {
        self.events.first().map_or(Lsn(0), |event| event.lsn)
    }
}

/// A segment read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Scanned {
    pub(crate) groups: Vec<Group>,
    /// How many of them are proven: all, or all but the last; without syncs all up to the last mark.
    pub(crate) proven: usize,
    /// Where frames end that are known to be on the disk.
    pub(crate) proven_end: usize,
    /// The chain up to `proven_end`.
    pub(crate) proven_chain: Chain,
    /// Where valid frames end.
    pub(crate) end: usize,
    /// The chain up to `end`.
    pub(crate) end_chain: Chain,
    /// Bytes behind `end` that are a torn group.
    pub(crate) cut: usize,
    pub(crate) sealed: bool,
    pub(crate) next_lsn: Lsn,
    pub(crate) next_group: u64,
}

/// The running chain over frames.
#[derive(Debug, Clone)]
pub(crate) struct ChainHasher {
    hasher: Sha256,
    pub(crate) frames: u64,
}

impl ChainHasher {
    pub(crate) fn new(previous: &Chain) -> Self {
        Self { hasher: Sha256::new_with_prefix(previous), frames: 0 }
    }

    pub(crate) fn add(&mut self, crc: u32) {
        self.hasher.update(crc.to_le_bytes());
        self.frames += 1;
    }

    pub(crate) fn chain(&self) -> Chain {
        self.hasher.clone().finalize().into()
    }
}

/// Reads a segment's content from its header on. Pure: the rule for torn tails stands here and
/// nowhere else.
///
/// # Errors
///
/// `Damaged` when bytes differ that were proven to be synced (F2).
pub(crate) fn scan(content: &[u8], header: &Header) -> Result<Scanned> {
    let seed = Seed::segment(header.store, header.segment);
    let mut scan = Scan {
        content,
        seed,
        synced: header.synced,
        chain: ChainHasher::new(&header.previous.2),
        found: Scanned {
            groups: Vec::new(),
            proven: 0,
            proven_end: HEADER_LEN,
            proven_chain: ChainHasher::new(&header.previous.2).chain(),
            end: HEADER_LEN,
            end_chain: ChainHasher::new(&header.previous.2).chain(),
            cut: 0,
            sealed: false,
            next_lsn: header.first_lsn,
            next_group: header.first_group,
        },
    };
    loop {
        match scan.step() {
            Step::Next => {}
            Step::Sealed => return Ok(scan.finished()),
            Step::Stopped { at, why } => return scan.stopped(header, at, why),
        }
    }
}

struct Scan<'a> {
    content: &'a [u8],
    seed: Seed,
    synced: bool,
    chain: ChainHasher,
    found: Scanned,
}

enum Step {
    Next,
    Sealed,
    Stopped { at: usize, why: String },
}

impl<'a> Scan<'a> {
    fn frame(&self, at: usize) -> Result<Frame<'a>, FrameError> {
        frame::parse(self.content.get(at..).unwrap_or_default(), self.seed, at as u64)
    }

    /// Takes the group, close mark or seal at the end of what was read so far.
    fn step(&mut self) -> Step {
        let at = self.found.end;
        let stopped = |at: usize, why: &dyn std::fmt::Display| Step::Stopped { at, why: why.to_string() };
        let frame = match self.frame(at) {
            Ok(frame) => frame,
            Err(error) => return stopped(at, &error),
        };
        let mut fields = Fields(frame.body.get(frame::PREFIX_LEN..).unwrap_or_default());
        if frame.lsn != self.found.next_lsn.0 {
            return stopped(at, &"the position is out of order");
        }
        match frame.kind() {
            kind::GROUP => {
                let (Some(number), Some(bytes), Some(count)) = (fields.u64(), fields.u64(), fields.u32())
                else {
                    return stopped(at, &"a group header is cut short");
                };
                if number != self.found.next_group {
                    return stopped(at, &"the group number is out of order");
                }
                // A group is written after the sync of what stands before it, if groups are synced.
                if self.synced {
                    self.prove();
                }
                self.group(at, frame, bytes, count)
            }
            // A mark proves the group before it. That the mark itself was synced is shown only by
            // what follows it.
            kind::CLOSE if fields.u64() == Some(self.found.next_group - 1) => {
                self.prove();
                self.chain.add(frame.crc);
                self.found.end = at + frame.len();
                Step::Next
            }
            kind::SEAL => {
                let seal = (fields.u64(), fields.u64(), fields.take());
                if seal != (Some(self.chain.frames), Some(at as u64), Some(self.chain.chain())) {
                    return stopped(at, &"the seal does not fit what it seals");
                }
                self.prove();
                self.chain.add(frame.crc);
                self.found.end = at + frame.len();
                self.found.sealed = true;
                Step::Sealed
            }
            other => stopped(at, &format_args!("a frame of kind {other} stands where a group begins")),
        }
    }

    fn prove(&mut self) {
        self.found.proven = self.found.groups.len();
        self.found.proven_end = self.found.end;
        self.found.proven_chain = self.chain.chain();
    }

    fn group(&mut self, start: usize, head: Frame<'a>, bytes: u64, count: u32) -> Step {
        let mut at = start + head.len();
        let Some(end) = usize::try_from(bytes).ok().and_then(|bytes| at.checked_add(bytes)) else {
            return Step::Stopped { at, why: "a group is longer than memory".into() };
        };
        let mut chain = self.chain.clone();
        chain.add(head.crc);
        let (mut events, mut lsn) = (Vec::new(), head.lsn);
        while at < end {
            let frame = match self.frame(at) {
                Ok(frame)
                    if frame.lsn == lsn
                        && frame.group() == head.group()
                        && frame.kind() >= kind::FIRST_EVENT =>
                {
                    frame
                }
                Ok(_) => return Step::Stopped { at, why: "an event is out of order".into() },
                Err(error) => return Step::Stopped { at, why: error.to_string() },
            };
            chain.add(frame.crc);
            let body_len = u32::try_from(frame.body.len()).unwrap_or(u32::MAX);
            events.push(Found { offset: at, body_len, lsn: Lsn(lsn), run_seq: frame.run_seq });
            at += frame.len();
            lsn += 1;
        }
        if at != end || events.len() != count as usize {
            return Step::Stopped { at: start, why: "a group's length differs".into() };
        }
        self.found.groups.push(Group { number: self.found.next_group, start, end, events });
        self.chain = chain;
        self.found.end = end;
        self.found.next_lsn = Lsn(lsn);
        self.found.next_group += 1;
        Step::Next
    }

    /// Reading stopped at `at`, in or before group `next_group`: a torn tail or damage?
    fn stopped(mut self, header: &Header, at: usize, why: String) -> Result<Scanned> {
        let rest = self.content.get(self.found.end..).unwrap_or_default();
        self.found.cut = rest.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let proof = self.proof_after(at);
        if let Some((proof_at, proof_lsn)) = proof {
            let (first, last) = (self.found.next_lsn, Lsn(proof_lsn.saturating_sub(1)));
            return Err(Error::Damaged(Box::new(Damage {
                what: format!(
                    "segment {} is damaged at byte {at}: {why} (byte {proof_at} shows that it was synced)",
                    header.segment
                ),
                segment: Some(header.segment),
                offset: Some(at as u64),
                lsns: (first <= last).then_some((first, last)),
                runs: Vec::new(),
                is_derived: false,
            })));
        }
        Ok(self.finished())
    }

    fn finished(mut self) -> Scanned {
        self.found.end_chain = self.chain.chain();
        self.found
    }

    /// A valid frame behind `at` that shows that the sync of the group at `at` had returned. Every
    /// byte is tried as a beginning, since the lengths in between cannot be trusted.
    fn proof_after(&self, at: usize) -> Option<(usize, u64)> {
        if plant::has(Bug::LaxTail) {
            return None;
        }
        let torn = frame::low_bits(self.found.next_group);
        let end = self.found.end + self.found.cut;
        let lsns = self.found.next_lsn.0..=self.found.next_lsn.0.saturating_add(self.content.len() as u64);
        let mut from = at;
        while from + frame::HEADER_LEN + frame::PREFIX_LEN <= end {
            from += 1;
            let Some(bytes) = self.content.get(from..) else { break };
            // Cheap tests first: a checksum is worth computing only where length and position fit.
            let Some([l0, l1, l2, l3, s0, s1, s2, s3, s4, s5, s6, s7]) =
                bytes.get(4..).and_then(<[u8]>::first_chunk)
            else {
                break;
            };
            let len = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
            let lsn = u64::from_le_bytes([*s0, *s1, *s2, *s3, *s4, *s5, *s6, *s7]);
            if len < frame::PREFIX_LEN || len > bytes.len() || !lsns.contains(&lsn) {
                continue;
            }
            let Ok(frame) = self.frame(from) else { continue };
            let is_mark = matches!(frame.kind(), kind::CLOSE | kind::SEAL);
            if is_mark || (self.synced && frame.group() != torn) {
                return Some((from, frame.lsn));
            }
        }
        None
    }
}
