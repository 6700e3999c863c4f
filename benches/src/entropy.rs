//! How many bits a column's values need at the least, estimated from the values.
//!
//! The estimate is the smallest that a few simple models give: the bits of the values (of 32-bit
//! floats where all are exact in those) as integers in the order of the numbers, themselves or less
//! what the one, two, three or four before them foretell (differences of the first to fourth order).
//! Of what is left the length in bits and the eight bits below the first are counted together, the
//! bits below those by bytes, each for itself; the entropies of those counts are added. It is a bound
//! for coders that know no more than that; curves that a formula makes could be told in fewer bits,
//! and what the counts themselves take is left out.

use std::collections::BTreeMap;

/// How many values before one are looked at, at the most.
const ORDER_MAX: usize = 4;
/// Bits below the first that are counted with the length.
const HEAD_BITS: u32 = 8;

/// Bits that all integers of a column need together.
#[must_use]
pub fn bits(mut numbers: Vec<i64>) -> f64 {
    let mut least = counted(&numbers);
    for _ in 0..ORDER_MAX {
        let mut before = 0;
        for number in &mut numbers {
            (*number, before) = (number.wrapping_sub(before), *number);
        }
        least = least.min(counted(&numbers));
    }
    least
}

/// Floats as integers that are in the same order; those of 32-bit floats where all are exact in them.
#[must_use]
pub fn ordered(values: &[f64]) -> Vec<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the way back is compared")]
    let single = |value: f64| value as f32;
    let is_single = values.iter().all(|value| f64::from(single(*value)).to_bits() == value.to_bits());
    let bits = |value: f64| match is_single {
        true => i64::from(single(value).to_bits()),
        false => value.to_bits().cast_signed(),
    };
    values.iter().map(|value| if value.is_sign_negative() { -bits(-value) } else { bits(*value) }).collect()
}

/// The entropies of the parts of each number.
fn counted(numbers: &[i64]) -> f64 {
    let mut heads: BTreeMap<(u32, u64), u64> = BTreeMap::new();
    // For each place of a byte below the head how often each of its values stands there.
    let mut bytes = vec![[0u64; 256]; 8];
    for number in numbers {
        let zigzag = (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned();
        let length = u64::BITS - zigzag.leading_zeros();
        let mut below = length.saturating_sub(1).saturating_sub(HEAD_BITS);
        *heads.entry((length, zigzag >> below)).or_default() += 1;
        for counts in &mut bytes {
            if below == 0 {
                break;
            }
            let taken = below.min(8);
            below -= taken;
            let byte = usize::try_from(zigzag >> below & ((1 << taken) - 1)).unwrap_or_default();
            counts.get_mut(byte).into_iter().for_each(|count| *count += 1);
        }
    }
    let of_bytes = bytes.iter().map(|counts| entropy(counts.iter().copied()));
    entropy(heads.values().copied()) + of_bytes.sum::<f64>()
}

/// Bits of as many symbols as were counted.
fn entropy(counts: impl Iterator<Item = u64> + Clone) -> f64 {
    let all = counts.clone().sum::<u64>() as f64;
    counts.filter(|count| *count > 0).map(|count| count as f64 * (all / count as f64).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise;

    #[test]
    fn the_estimate_is_near_what_is_known() {
        let bits_each = |numbers: Vec<i64>| bits(numbers) / 100_000.0;
        assert!(bits_each((0..100_000).collect()) < 0.01, "a line needs nothing");
        let random: Vec<f64> = (0..100_000).map(noise).collect();
        let found = bits_each(ordered(&random));
        assert!((52.0..54.5).contains(&found), "53 bits were drawn, {found} found");
        let coins = random.iter().map(|value| i64::from(*value < 0.5)).collect();
        assert!((0.99..1.01).contains(&bits_each(coins)));
    }
}
