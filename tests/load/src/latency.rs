//! How long things took, as counts in classes that are an eighth of a doubling wide; and a bare write
//! and sync, to compare with.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Classes: up to 2^40 ns, 18 minutes.
const CLASSES: usize = 40 * 8;

/// A distribution of durations; a quantile is told to 9 %.
#[derive(Debug, Clone)]
pub struct Latencies {
    counts: Vec<u64>,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: vec![0; CLASSES] }
    }
}

impl Latencies {
    /// Counts one.
    pub fn add(&mut self, took: Duration) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a class, within bounds")]
        let class = ((took.as_nanos().max(1) as f64).log2() * 8.0) as usize;
        self.counts[class.min(CLASSES - 1)] += 1;
    }

    /// Counts all of another one.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What `part` of them did not exceed: the upper end of the class in which that one is.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        let wanted = (self.count() as f64 * part).ceil().max(1.0);
        let mut seen = 0;
        for (class, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen as f64 >= wanted {
                return Duration::from_secs_f64(((class + 1) as f64 / 8.0).exp2() * 1e-9);
            }
        }
        Duration::ZERO
    }
}

/// Writes a KiB and syncs it, over and over, to a file in a folder, until told to end. The file is
/// zeroed ahead, as segments are, so that a sync is of data alone.
///
/// # Panics
///
/// When the folder cannot be written to.
#[must_use]
pub fn bare_syncs(folder: &Path, pause: Duration, is_over: &AtomicBool) -> Latencies {
    const BYTES: u64 = 4 << 20;
    let path = folder.join("bare");
    let file = File::create(&path).unwrap();
    file.write_all_at(&vec![0; usize::try_from(BYTES).unwrap()], 0).unwrap();
    file.sync_all().unwrap();
    let (mut latencies, mut offset) = (Latencies::default(), 0);
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        file.write_all_at(&[1; 1 << 10], offset).unwrap();
        file.sync_data().unwrap();
        latencies.add(began.elapsed());
        offset = (offset + (1 << 10)) % BYTES;
        thread::sleep(pause);
    }
    std::fs::remove_file(path).unwrap();
    latencies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_class_of_the_truth() {
        let mut latencies = Latencies::default();
        (1..=1000).for_each(|micros| latencies.add(Duration::from_micros(micros)));
        for (part, micros) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0), (0.001, 1.0)] {
            let told = latencies.quantile(part).as_secs_f64() * 1e6;
            assert!((micros..micros * 1.1).contains(&told), "{part}: {told} for {micros}");
        }
        let mut twice = latencies.clone();
        twice.merge(&latencies);
        assert_eq!((twice.count(), twice.quantile(0.5)), (2000, latencies.quantile(0.5)));
        assert_eq!(Latencies::default().quantile(0.5), Duration::ZERO);
    }
}
