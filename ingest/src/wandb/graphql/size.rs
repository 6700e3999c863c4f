//! How large a document is (L5), told before anybody recurses into it or walks a fragment as often as it is spread.
//!
//! What holds:
//! - Brackets are counted by a loop before the parser runs: it calls itself for each one that is open, so enough of them
//!   would end the process.
//! - Each fragment is measured once, whatever spreads it: eight fragments that spread each other ten times are 10^8 fields
//!   in a kilobyte.

use std::collections::BTreeMap;

use async_graphql::Positioned;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// Brackets that are open at once; fields within fields, spread fragments included. More than any depth of fields that
/// is served, with its arguments.
const NESTING_MAX: usize = 64;

/// What a document comes to with its fragments where they are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) fields: usize,
    pub(super) aliases: usize,
    height: usize,
}

/// Refuses a text whose brackets nest deeper than any document that is served.
pub(super) fn check_nesting(text: &str) -> Result<(), String> {
    let (mut open, mut rest) = (0usize, text);
    while let Some(at) = rest.find(['"', '#', '{', '}', '[', ']', '(', ')']) {
        let (_, from) = rest.split_at(at);
        let skipped = match from.chars().next() {
            Some('"') => string(from),
            Some('#') => from.find(['\n', '\r']).unwrap_or(from.len()),
            Some('{' | '[' | '(') => {
                open += 1;
                1
            }
            _ => {
                open = open.saturating_sub(1);
                1
            }
        };
        if open > NESTING_MAX {
            return Err(too_deep());
        }
        rest = from.get(skipped..).unwrap_or_default();
    }
    Ok(())
}

/// Bytes of the string that a text begins with. One that does not end is no string, which the parser says.
fn string(text: &str) -> usize {
    let (quote, is_block) = if text.starts_with("\"\"\"") { ("\"\"\"", true) } else { ("\"", false) };
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        let is_escape = rest.starts_with('\\') && (!is_block || rest.starts_with("\\\"\"\""));
        if !is_block && rest.starts_with('\n') {
            return at;
        }
        at += if is_escape && is_block {
            "\\\"\"\"".len()
        } else if is_escape {
            1 + rest.chars().nth(1).map_or(0, char::len_utf8)
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    text.len()
}

fn too_deep() -> String {
    format!("the document nests deeper than {NESTING_MAX} levels")
}

/// Measures a document that was parsed.
pub(super) fn of(document: &ExecutableDocument) -> Result<Size, String> {
    let mut measured = Measured { document, fragments: BTreeMap::new() };
    let mut all = Size::default();
    for (_, operation) in document.operations.iter() {
        all = all.and(measured.set(&operation.node.selection_set, 0)?);
    }
    Ok(all)
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            height: self.height.max(other.height),
        }
    }
}

struct Measured<'a> {
    document: &'a ExecutableDocument,
    /// Fragments by name; none while one is being measured.
    fragments: BTreeMap<&'a str, Option<Size>>,
}

impl<'a> Measured<'a> {
    /// The size of a set that stands at a depth; the depth is bounded, so this recursion ends.
    fn set(&mut self, set: &'a Positioned<SelectionSet>, depth: usize) -> Result<Size, String> {
        if depth > NESTING_MAX {
            return Err(too_deep());
        }
        let mut all = Size::default();
        for item in &set.node.items {
            let size = match &item.node {
                Selection::Field(field) => {
                    let own = Size { fields: 1, aliases: usize::from(field.node.alias.is_some()), height: 0 };
                    self.set(&field.node.selection_set, depth + 1)?.and(own)
                }
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set, depth + 1)?,
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, depth + 1)?
                }
            };
            all = all.and(Size { height: size.height + 1, ..size });
        }
        Ok(all)
    }

    fn fragment(&mut self, name: &'a str, depth: usize) -> Result<Size, String> {
        let size = match self.fragments.get(name) {
            Some(Some(size)) => *size,
            Some(None) => return Err(format!("fragment {name:?} spreads itself")),
            None => {
                // The validator names what is not there.
                let Some(fragment) = self.document.fragments.get(name) else { return Ok(Size::default()) };
                self.fragments.insert(name, None);
                let size = self.set(&fragment.node.selection_set, depth)?;
                self.fragments.insert(name, Some(size));
                size
            }
        };
        if depth + size.height > NESTING_MAX { Err(too_deep()) } else { Ok(size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &str) -> Result<(usize, usize), String> {
        let document = async_graphql::parser::parse_query(text).unwrap();
        of(&document).map(|size| (size.fields, size.aliases))
    }

    #[test]
    fn brackets_are_counted_and_those_in_strings_and_comments_are_not() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(
            check_nesting(&nested(NESTING_MAX)).is_ok() && check_nesting(&nested(NESTING_MAX + 1)).is_err()
        );
        assert!(check_nesting(&"{}".repeat(1000)).is_ok() && check_nesting(&"]".repeat(1000)).is_ok());
        let open = "[".repeat(1000);
        for hidden in [
            format!("\"{open}\""),
            format!("\"\\\"{open}\""),
            format!("\"é\\\\\" \"{open}\""),
            format!("\"\"\"{open}\n\"{open}\\\"\"\"{open}\"\"\""),
            format!("#{open}"),
            format!("\"{open}"),
        ] {
            assert_eq!(check_nesting(&hidden), Ok(()), "{hidden:.20}");
        }
        for shown in [
            format!("\"\"{open}"),
            format!("\"\\\\\"{open}"),
            format!("\"a\n{open}"),
            format!("#\n{open}"),
            format!("\"\"\"a\"\"\"{open}"),
            format!("\"\"\"\"\"\"{open}"),
        ] {
            assert!(check_nesting(&shown).is_err(), "{shown:.20}");
        }
    }

    #[test]
    fn a_fragment_counts_as_often_as_it_is_spread() {
        assert_eq!(size("{a{b c:d}}"), Ok((3, 1)));
        assert_eq!(size("{a{...f ...f ...on X{y}}} fragment f on X{b x:c{d}}"), Ok((8, 2)));
        assert_eq!(size("{...nothing}"), Ok((0, 0)));
        let bomb: String = (0..15)
            .map(|n| format!("fragment f{n} on X{{{}}} ", format!("...f{} ", n + 1).repeat(10)))
            .collect();
        assert_eq!(size(&format!("{{...f0}} {bomb} fragment f15 on X{{a}}")), Ok((10usize.pow(15), 0)));
    }

    #[test]
    fn circles_and_long_chains_of_fragments_are_refused() {
        assert!(
            size("{...f} fragment f on X{a ...g} fragment g on X{...f}")
                .unwrap_err()
                .contains("spreads itself")
        );
        let chain = |length: usize| {
            let links: String =
                (0..length).map(|n| format!("fragment f{n} on X{{...f{}}} ", n + 1)).collect();
            size(&format!("{{...f0}} {links} fragment f{length} on X{{a}}"))
        };
        assert_eq!(chain(50), Ok((1, 0)));
        assert!(chain(2000).unwrap_err().contains("nests deeper"));
    }
}
