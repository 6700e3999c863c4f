//! The names nearest to a wrong one.

/// How many are worth telling.
const TOLD: usize = 3;

/// The names that are nearest to `wanted`, nearest first: few changes of letters, or one within the
/// other.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let folded = name.to_lowercase();
            let changes = distance(&wanted, &folded);
            let is_within = wanted.len() >= 3
                && (folded.contains(&wanted) || wanted.contains(&folded) && folded.len() >= 3);
            let allowed = (wanted.chars().count() / 3).clamp(1, 4);
            if changes <= allowed { Some((changes, name)) } else { is_within.then_some((allowed + 1, name)) }
        })
        .collect();
    near.sort_by(|a, b| (a.0, a.1.len(), a.1).cmp(&(b.0, b.1.len(), b.1)));
    near.into_iter().take(TOLD).map(|(_, name)| name.to_owned()).collect()
}

/// Letters to add, remove, replace or swap with their neighbour to make one name of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Names far apart in length are far apart; this also bounds the work for long keys.
    if a.len().abs_diff(b.len()) > 4 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, y) in b.iter().enumerate() {
            let cell = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX - 1);
            let change = cell(&last, column) + usize::from(x != y);
            let mut cost = change.min(cell(&last, column + 1) + 1).min(cell(&next, column) + 1);
            let is_swap = row > 0 && column > 0 && a.get(row - 1) == Some(y) && b.get(column - 1) == Some(x);
            if is_swap {
                cost = cost.min(cell(&before, column - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_those_with_few_changes_or_one_within_the_other() {
        let names = ["loss", "val/loss", "accuracy", "lr", "Loss"];
        assert_eq!(nearest("lsos", names.into_iter()), ["Loss", "loss"]);
        assert_eq!(nearest("loss", names.into_iter()), ["Loss", "loss", "val/loss"]);
        assert_eq!(nearest("acuracy", names.into_iter()), ["accuracy"]);
        assert!(nearest("zzzzzz", names.into_iter()).is_empty());
    }
}
