//! Where events of the old store stand in the new one.

use crate::id::Lsn;

/// Both stores have their events in the same order, so between two losses the distance is the same: only where
/// it changes is kept.
#[derive(Default)]
pub(super) struct Positions {
    /// Old and new, ascending by both.
    turns: Vec<(Lsn, Lsn)>,
}

impl Positions {
    /// An event has moved. Called in ascending order.
    pub(super) fn note(&mut self, old: Lsn, new: Lsn) {
        let same = |(before, after): &(Lsn, Lsn)| old.0.abs_diff(before.0) == new.0.abs_diff(after.0);
        if !self.turns.last().is_some_and(same) {
            self.turns.push((old, new));
        }
    }

    /// The position behind which nothing stands that stood at `old` or before, and before which nothing stands
    /// that came later. What is asked for was noted, if it is there at all.
    pub(super) fn of(&self, old: Lsn) -> Lsn {
        let behind = self.turns.partition_point(|(before, _)| *before <= old);
        let Some((before, after)) = behind.checked_sub(1).and_then(|last| self.turns.get(last)) else {
            return Lsn(0);
        };
        let new = after.advance(old.0.saturating_sub(before.0));
        // Of a loss behind the turn nothing is there: the next that is there came later.
        self.turns.get(behind).map_or(new, |(_, next)| new.min(Lsn(next.0.saturating_sub(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_behind_all_that_stood_before_it_and_before_all_that_came_later() {
        let mut positions = Positions::default();
        // 3 to 5 are lost, 8 is begun again by two more.
        let noted = [(2, 1), (6, 2), (7, 3), (8, 6), (9, 7)];
        noted.iter().for_each(|(old, new)| positions.note(Lsn(*old), Lsn(*new)));
        for old in 0..=9 {
            let new = positions.of(Lsn(old));
            assert!(noted.iter().all(|(then, now)| (*then <= old) == (Lsn(*now) <= new)), "{old}: {new:?}");
        }
    }
}
