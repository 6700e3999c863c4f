//! A run as people name it: id, `project/id` or `entity/project/id`.

use std::fmt;
use std::str::FromStr;

use crate::failure::{Failure, Result};

/// A name that may fit several runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunName {
    entity: Option<String>,
    project: Option<String>,
    id: String,
}

impl FromStr for RunName {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let some = |text: &str| Some(text.to_owned());
        let (entity, project, id) = match parts.as_slice() {
            [id] => (None, None, *id),
            [project, id] => (None, some(project), *id),
            [entity, project, id] => (some(entity), some(project), *id),
            _ => (None, None, ""),
        };
        if parts.iter().any(|part| part.is_empty()) || id.is_empty() {
            return Err(Failure::usage(format!(
                "{text:?} names no run: write id, project/id or entity/project/id"
            )));
        }
        Ok(Self { entity, project, id: id.to_owned() })
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [self.entity.as_deref(), self.project.as_deref(), Some(self.id.as_str())];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        write!(f, "{:?}", parts.join("/"))
    }
}

impl RunName {
    /// The condition of SQL that rows of the runs it can mean fulfil.
    pub(crate) fn condition(&self) -> String {
        let parts = [
            ("entity", self.entity.as_ref()),
            ("project", self.project.as_ref()),
            ("run_id", Some(&self.id)),
        ];
        let equal = |(column, value): (&str, Option<&String>)| {
            value.map(|value| format!("{column} = '{}'", value.replace('\'', "''")))
        };
        parts.into_iter().filter_map(equal).collect::<Vec<_>>().join(" AND ")
    }

    /// There is no such run.
    pub(crate) fn not_found(&self) -> Failure {
        Failure::refused(format!("there is no run {self}"))
            .next_command("wbq \"SELECT entity, project, run_id, name FROM runs\"", "lists the runs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_one_to_three_parts() {
        let condition = |text: &str| text.parse::<RunName>().unwrap().condition();
        assert_eq!(condition("r"), "run_id = 'r'");
        assert_eq!(condition("p/r"), "project = 'p' AND run_id = 'r'");
        assert_eq!(condition("e/p/r"), "entity = 'e' AND project = 'p' AND run_id = 'r'");
        assert_eq!(condition("it's"), "run_id = 'it''s'");
        for text in ["", "/", "a//b", "a/b/c/d", "a/"] {
            assert!(text.parse::<RunName>().is_err(), "{text}");
        }
    }
}
