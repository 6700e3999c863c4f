//! What a file's columns will hold, found before its first row is written, and how each is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{LONG_CELL, OWN_KEYS};
use crate::event::{Block, Column, Kind};

/// Digits behind the point up to which floats are stored as decimals.
const DIGITS_MAX: u8 = 6;
/// Integers up to this are exact as floats.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
const POWERS: [f64; DIGITS_MAX as usize + 1] = [1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6];

/// A column: a key with the cells of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Stat {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    pub(crate) points: u64,
    pub(crate) facts: Facts,
}

/// What holds for every float of a column so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Facts {
    /// It is exact in 32 bits.
    pub(crate) single: bool,
    /// It has at most that many digits behind the point.
    pub(crate) digits: Option<u8>,
    /// Within a block none is below the one before it, and none is negative.
    pub(crate) rising: bool,
    /// The largest magnitude: a value of few digits may be too large for as many as another has.
    pub(crate) largest: f64,
    /// How many bits a value took where differences of the bits were packed to try it: of all trials
    /// together, and how many those were.
    pub(crate) packed: (u64, u64),
}

/// Values of a trial; about as many as are packed together.
const TRIAL: usize = 128;
/// Values that a trial needs at the least: fewer look smoother than they are.
const TRIAL_MIN: usize = 32;
/// Bits of a value with which differences take less room than bytes apart, of which four at least
/// are as good as random then.
const PACKED_MAX: u64 = 30;

/// How the cells of a column are stored. Every way gives back the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    Int,
    /// 32-bit floats, bytes apart.
    Single,
    /// 64-bit floats, bytes apart.
    Double,
    /// Decimals with so many digits behind the point, as integers, differences packed.
    Decimal(u8),
    /// The bits of floats as integers, differences packed: for clocks and smooth curves.
    Bits,
    Bool,
    Text,
    Json,
}

impl Facts {
    const START: Self = Self { single: true, digits: Some(0), rising: true, largest: 0.0, packed: (0, 0) };

    fn and(self, other: Self) -> Self {
        Self {
            single: self.single && other.single,
            digits: self.digits.zip(other.digits).map(|(a, b)| a.max(b)),
            rising: self.rising && other.rising,
            largest: self.largest.max(other.largest),
            packed: (self.packed.0 + other.packed.0, self.packed.1 + other.packed.1),
        }
    }

    /// Packs differences of the first of some values that follow each other. Of no use, and left out,
    /// where all are exact in 32 bits: the other 29 are zeros, which differences would not save.
    fn try_packing(&mut self, floats: impl ExactSizeIterator<Item = f64>) {
        if self.single || floats.len() < TRIAL_MIN {
            return;
        }
        let mut bits = floats.take(TRIAL).map(|value| value.to_bits().cast_signed());
        let Some(mut before) = bits.next() else { return };
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        for bits in bits {
            let difference = bits.wrapping_sub(before);
            (low, high, before) = (low.min(difference), high.max(difference), bits);
        }
        let width = u64::BITS - high.wrapping_sub(low).cast_unsigned().leading_zeros();
        self.packed = (self.packed.0 + u64::from(width), self.packed.1 + 1);
    }

    /// Whether the differences of neighbours are that small.
    fn is_smooth(self) -> bool {
        let (bits, trials) = self.packed;
        trials > 0 && bits <= trials * PACKED_MAX
    }

    fn see(&mut self, floats: impl Iterator<Item = f64>) {
        let mut before = 0f64;
        for value in floats {
            self.single &= is_single(value);
            self.largest = self.largest.max(value.abs());
            if self.rising {
                // A NaN is in no order.
                self.rising = value >= before && value.is_sign_positive();
                before = value;
            }
            while let Some(digits) = self.digits {
                if decimal(value, digits).is_some() {
                    break;
                }
                self.digits = (digits < DIGITS_MAX).then_some(digits + 1);
            }
            if !self.single && self.digits.is_none() && !self.rising {
                break;
            }
        }
    }

    /// The digits with which every value is an exact decimal: below 2^51 units the integer of one
    /// with fewer digits is exact, and so is the way back, which rounds once.
    fn decimal_digits(self) -> Option<u8> {
        self.digits.filter(|digits| {
            POWERS.get(usize::from(*digits)).is_some_and(|power| self.largest * power < EXACT_MAX / 4.0)
        })
    }
}

/// Whether a float is exact in 32 bits.
fn is_single(value: f64) -> bool {
    f64::from(single(value)).to_bits() == value.to_bits()
}

/// The nearest 32-bit float.
#[expect(clippy::cast_possible_truncation, reason = "who asks compares the way back")]
pub(super) fn single(value: f64) -> f32 {
    value as f32
}

/// The float as an integer of units of its last digit, if that gives back the same bits.
pub(super) fn decimal(value: f64, digits: u8) -> Option<i64> {
    let power = POWERS.get(usize::from(digits))?;
    let scaled = (value * power).round();
    // Not for NaN, and not for what has no exact integer.
    if scaled.abs() >= EXACT_MAX || scaled.is_nan() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53, checked above")]
    let whole = scaled as i64;
    (float(whole, digits).to_bits() == value.to_bits()).then_some(whole)
}

/// The float that [`decimal`] gave the integer of.
pub(super) fn float(decimal: i64, digits: u8) -> f64 {
    let power = POWERS.get(usize::from(digits)).copied().unwrap_or(1.0);
    #[expect(clippy::cast_precision_loss, reason = "within 2^53, as `decimal` gave it")]
    let whole = decimal as f64;
    whole / power
}

impl Stat {
    pub(crate) fn stored(&self) -> Stored {
        match (self.kind, self.facts) {
            (Kind::Int, _) => Stored::Int,
            (Kind::Float, facts) if facts.decimal_digits().is_some() => {
                Stored::Decimal(facts.decimal_digits().unwrap_or_default())
            }
            (Kind::Float, Facts { rising: true, .. }) => Stored::Bits,
            (Kind::Float, Facts { single: true, .. }) => Stored::Single,
            (Kind::Float, facts) if facts.is_smooth() => Stored::Bits,
            (Kind::Float, _) => Stored::Double,
            (Kind::Bool, _) => Stored::Bool,
            (Kind::Text, _) => Stored::Text,
            (Kind::Json, _) => Stored::Json,
        }
    }
}

/// A block's column and its place among those of the file, which may leave it out.
type Known = (Arc<str>, Kind, Option<u32>);

/// The columns that rows have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    pub(crate) columns: Vec<Stat>,
    by_name: BTreeMap<Arc<str>, [Option<u32>; 5]>,
    /// The names and kinds of the last block, and their columns: blocks mostly repeat each other.
    last: Vec<Option<Known>>,
}

impl Survey {
    /// Adds the cells of a block; with a key those of the key alone, as the long layout has them.
    pub(crate) fn add(&mut self, block: &Block, key: Option<&str>) {
        for (place, column) in self.places(block, key, true).into_iter().zip(block.columns()) {
            let Some(stat) = place.and_then(|place| self.columns.get_mut(place as usize)) else { continue };
            stat.points += u64::from(column.len());
            if let Some(floats) = column.floats() {
                stat.facts.see(floats);
            }
            if let Some(floats) = column.floats() {
                stat.facts.try_packing(floats);
            }
        }
    }

    /// Adds a column of another file.
    pub(crate) fn add_stat(&mut self, stat: &Stat) {
        let place = self.place(&stat.name, stat.kind);
        if let Some(known) = self.columns.get_mut(place as usize) {
            known.points += stat.points;
            known.facts = known.facts.and(stat.facts);
        }
    }

    fn place(&mut self, name: &Arc<str>, kind: Kind) -> u32 {
        let places = self.by_name.entry(Arc::clone(name)).or_default();
        let Some(slot) = places.get_mut(kind as usize) else { return u32::MAX };
        *slot.get_or_insert_with(|| {
            self.columns.push(Stat { name: Arc::clone(name), kind, points: 0, facts: Facts::START });
            u32::try_from(self.columns.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// The column of each of a block's columns; none for those that the file does not have.
    pub(super) fn places_of(&mut self, block: &Block, key: Option<&str>) -> Vec<Option<u32>> {
        self.places(block, key, false)
    }

    fn places(&mut self, block: &Block, key: Option<&str>, adds: bool) -> Vec<Option<u32>> {
        let mut found = Vec::with_capacity(self.last.len());
        for (index, column) in block.columns().enumerate() {
            let name = named(&column, key);
            if let Some(Some((known, kind, place))) = self.last.get(index)
                && name == Some(&**known)
                && *kind == column.kind
            {
                found.push(*place);
                continue;
            }
            let place = name.and_then(|name| {
                let known = self.by_name.get(name).and_then(|places| *places.get(column.kind as usize)?);
                known.or_else(|| adds.then(|| self.place(&Arc::from(name), column.kind)))
            });
            let Some(name) = name else {
                found.push(None);
                continue;
            };
            if self.last.len() <= index {
                self.last.resize(index + 1, None);
            }
            if let Some(slot) = self.last.get_mut(index) {
                *slot = Some((Arc::from(name), column.kind, place));
            }
            found.push(place);
        }
        found
    }

    /// Keeps the columns with the most cells, at most `max`; gives the keys of the others.
    pub(crate) fn narrow(&mut self, max: usize) -> Vec<Arc<str>> {
        if self.columns.len() <= max {
            return Vec::new();
        }
        let mut by_points: BTreeMap<&Arc<str>, (u64, usize)> = BTreeMap::new();
        for stat in &self.columns {
            let (points, columns) = by_points.entry(&stat.name).or_default();
            *points += if OWN_KEYS.contains(&&*stat.name) { u64::MAX / 8 } else { stat.points };
            *columns += 1;
        }
        let mut keys: Vec<(u64, usize, Arc<str>)> = by_points
            .into_iter()
            .map(|(name, (points, columns))| (points, columns, Arc::clone(name)))
            .collect();
        keys.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
        let mut left = max;
        let (mut kept, mut gone) = (BTreeMap::new(), Vec::new());
        for (_, columns, name) in keys {
            if columns <= left && gone.is_empty() {
                left -= columns;
                kept.insert(name, ());
            } else {
                gone.push(name);
            }
        }
        let columns = std::mem::take(&mut self.columns);
        *self = Self::default();
        for stat in columns.into_iter().filter(|stat| kept.contains_key(&stat.name)) {
            self.add_stat(&stat);
        }
        gone
    }
}

/// What a block's column is called in the file.
fn named<'a>(column: &Column<'a>, key: Option<&str>) -> Option<&'a str> {
    match key {
        None => Some(column.name),
        Some(key) if column.name == key => Some(LONG_CELL),
        Some(_) => OWN_KEYS.contains(&column.name).then_some(column.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(values: &[f64]) -> Facts {
        let mut facts = Facts::START;
        facts.see(values.iter().copied());
        facts
    }

    #[test]
    fn what_holds_for_all_floats_is_found() {
        let both = Facts { single: true, digits: Some(2), rising: true, largest: 1.25, packed: (0, 0) };
        assert_eq!(facts(&[0.5, 1.25]), both);
        assert_eq!(facts(&[0.1, 0.2]).digits, Some(1));
        let born = facts(&[f64::from(0.1f32), 0.0]);
        assert_eq!((born.single, born.digits, born.rising), (true, None, false));
        let negative = facts(&[-0.0]);
        assert_eq!((negative.digits, negative.rising), (None, false));
        // Each is a decimal, but not with the digits of the other.
        let far = Stat {
            name: "".into(),
            kind: Kind::Float,
            points: 2,
            facts: facts(&[-317_425_645_878_725.1, 0.01]),
        };
        assert_eq!(far.stored(), Stored::Double);
        assert_eq!(facts(&[1e300]).digits, None);
        assert!(facts(&[1_764_000_000.123_456_7, 1_764_000_001.5]).rising);
    }

    #[test]
    fn curves_are_stored_by_their_differences_and_noise_is_not() {
        let stored = |value: &dyn Fn(f64) -> f64| {
            let values: Vec<f64> = (0..1000u32).map(|step| value(f64::from(step))).collect();
            let mut facts = facts(&values);
            facts.try_packing(values.into_iter());
            Stat { name: "".into(), kind: Kind::Float, points: 1000, facts }.stored()
        };
        assert_eq!(stored(&|step| (-step / 1e5).exp()), Stored::Bits);
        assert_eq!(stored(&|step| -(step / 1e6).cos()), Stored::Bits);
        assert_eq!(stored(&|step| (step * 12.9898).sin()), Stored::Double);
        assert_eq!(stored(&|step| f64::from(single((-step / 1e5).exp()))), Stored::Single);
    }

    proptest::proptest! {
        #[test]
        fn what_is_stored_gives_back_the_same_bits(values: Vec<u64>, scaled: Vec<(i32, u8)>) {
            let values = values.into_iter().map(f64::from_bits);
            let scaled = scaled.into_iter().map(|(value, digits)| f64::from(value) / 10f64.powi(i32::from(digits % 9)));
            for value in values.chain(scaled) {
                let facts = facts(&[value]);
                if facts.single { assert_eq!(f64::from(single(value)).to_bits(), value.to_bits()); }
                if let Some(digits) = facts.digits {
                    assert_eq!(float(decimal(value, digits).unwrap(), digits).to_bits(), value.to_bits());
                }
            }
        }
    }
}
