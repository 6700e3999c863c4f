//! The whole history of a run as one statement, whose rows make one file.
//!
//! What holds:
//! - A row a step and writer, by rising step; a column a key, under the name that was logged.
//! - The type of a column rests on what this run logged, whatever other runs of the project hold under the
//!   same name: `BIGINT`, `DOUBLE`, `BOOLEAN` or `VARCHAR` where every value is of that kind, else strict
//!   JSON text. No value is rounded: integers beyond 2^53 are no floats.
//! - What is missing and what is null are both NULL.

use engine::{KeyStats, Kinds, Run};

use crate::filter::{quote, quoted};
use crate::limits::{SQL_BYTES_MAX, WHOLE_HISTORY_KEYS_MAX};

/// The statement; none where a run has no history, or one that cannot be told in one statement: it has more
/// keys than that may name, or a key that also is a path into the value of another.
#[must_use]
pub fn statement(run: &Run) -> Option<String> {
    let keys = &run.history.keys;
    if keys.is_empty() || keys.len() > WHOLE_HISTORY_KEYS_MAX {
        return None;
    }
    let holds = |path: &str| keys.get(path).is_some_and(|stats| stats.kinds.has(Kinds::NESTED));
    let mut columns = vec!["_step".to_owned()];
    for (key, stats) in keys.iter().filter(|(key, _)| &***key != "_step") {
        if key.match_indices('.').any(|(dot, _)| key.get(..dot).is_some_and(holds)) {
            return None;
        }
        columns.push(column(key, *stats));
    }
    let (columns, key) = (columns.join(", "), &run.key);
    let sql = format!(
        "SELECT {columns} FROM history WHERE entity = {} AND project = {} AND run_id = {} AND generation = {} \
         ORDER BY _step, writer NULLS FIRST",
        quote(&key.project.entity),
        quote(&key.project.project),
        quote(&key.run),
        key.generation
    );
    (sql.len() <= SQL_BYTES_MAX).then_some(sql)
}

fn column(key: &str, stats: KeyStats) -> String {
    let name = format!("history[{}]", quote(key));
    let value = match Shape::of(stats.kinds) {
        Shape::Int => format!("CAST(as_number({name}) AS BIGINT)"),
        Shape::LongInt => format!("CAST(as_json({name}) AS BIGINT)"),
        Shape::Float => format!("CAST(as_number({name}) AS DOUBLE)"),
        Shape::Bool => format!("as_boolean({name})"),
        Shape::Text => format!("as_text({name})"),
        Shape::Any => format!("as_json({name})"),
    };
    format!("{value} AS {}", quoted(key))
}

/// What the values of a key have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Integers that a float holds too.
    Int,
    /// Integers of which some are beyond 2^53.
    LongInt,
    Float,
    Bool,
    Text,
    Any,
}

impl Shape {
    fn of(kinds: Kinds) -> Self {
        let [int, float, bool, text, nested, huge, long] =
            [Kinds::INT, Kinds::FLOAT, Kinds::BOOL, Kinds::TEXT, Kinds::NESTED, Kinds::HUGE, Kinds::LONG]
                .map(|kind| kinds.has(kind));
        match (int || float, bool, text, nested) {
            (true, false, false, false) if !float => {
                if long {
                    Self::LongInt
                } else {
                    Self::Int
                }
            }
            (true, false, false, false) if !long && !huge => Self::Float,
            (false, true, false, false) => Self::Bool,
            (false, false, true, false) => Self::Text,
            _ => Self::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_one_kind_of_its_values_and_is_json_where_there_are_several() {
        let of = |kinds: &[Kinds]| Shape::of(kinds.iter().fold(Kinds::NULL, |all, kind| all.and(*kind)));
        assert_eq!(of(&[]), Shape::Any);
        assert_eq!(of(&[Kinds::INT]), Shape::Int);
        assert_eq!(of(&[Kinds::INT, Kinds::LONG]), Shape::LongInt);
        assert_eq!(of(&[Kinds::INT, Kinds::FLOAT]), Shape::Float);
        assert_eq!(of(&[Kinds::INT, Kinds::LONG, Kinds::FLOAT]), Shape::Any, "a float would round it");
        assert_eq!(of(&[Kinds::FLOAT, Kinds::HUGE]), Shape::Any);
        assert_eq!(of(&[Kinds::BOOL]), Shape::Bool);
        assert_eq!(of(&[Kinds::TEXT]), Shape::Text);
        assert_eq!(of(&[Kinds::TEXT, Kinds::INT]), Shape::Any);
        assert_eq!(of(&[Kinds::NESTED]), Shape::Any);
    }

    #[test]
    fn keys_cannot_end_their_quotes() {
        let stats = KeyStats { points: 1, kinds: Kinds::TEXT };
        assert_eq!(column("it's \"it\"", stats), r#"as_text(history['it''s "it"']) AS "it's ""it""""#);
    }
}
