//! Chance and time of the simulated world: the same for the same seed.

use std::io;

use crate::disk::{Clock, Entropy};
use crate::sync::{Arc, AtomicI64, AtomicU64, Mutex, Ordering, PoisonError};

/// Drawn numbers: `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound - 1`; 0 where the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    /// True once in `count` times.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// Random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            let drawn = self.draw().to_le_bytes();
            part.iter_mut().zip(drawn).for_each(|(to, from)| *to = from);
        }
    }
}

/// The simulated world's random bytes.
#[derive(Debug)]
pub struct SimEntropy(Mutex<Chance>);

impl SimEntropy {
    /// The bytes of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Chance::new(seed)))
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        // Nothing in the lock's keeping can be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
        Ok(())
    }
}

/// A clock that stands still unless it is moved. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct SimClock(Arc<(AtomicU64, AtomicI64)>);

impl SimClock {
    /// Lets nanoseconds pass.
    pub fn advance(&self, nanos: u32) {
        self.0.0.fetch_add(nanos.into(), Ordering::Relaxed);
        self.0.1.fetch_add(nanos.into(), Ordering::Relaxed);
    }

    /// Sets the wall clock, as somebody may at any time (F12).
    pub fn set_wall(&self, nanos: i64) {
        self.0.1.store(nanos, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn mono(&self) -> u64 {
        self.0.0.load(Ordering::Relaxed)
    }

    fn wall(&self) -> i64 {
        self.0.1.load(Ordering::Relaxed)
    }
}
