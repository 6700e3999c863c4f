//! A path inside the data folder. It cannot leave it.

use std::fmt;
use std::sync::Arc;

/// A relative path of plain components, parted by `/`: no `..`, no root, nothing that a file system
/// reads as more than a name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelPath(Arc<str>);

/// Why a text is no path of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a plain relative path")]
pub struct PathError(String);

impl RelPath {
    /// The data folder itself.
    #[must_use]
    pub fn root() -> Self {
        Self(Arc::from(""))
    }

    /// Checks a text: components of letters, digits, `.`, `_`, `-` that do not begin with a dot and
    /// are not a device's name on Windows.
    ///
    /// # Errors
    ///
    /// [`PathError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let plain = |part: &str| {
            !part.is_empty()
                && part.len() <= 255
                && !part.starts_with('.')
                && !part.ends_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
                && !is_device(part)
        };
        if text.len() <= 1024 && text.split('/').all(plain) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(PathError(text.to_owned()))
        }
    }

    /// A name that the code itself makes.
    ///
    /// # Panics
    ///
    /// When the name is not plain, which is our own mistake.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match Self::parse(text) {
            Ok(path) => path,
            Err(error) => unreachable!("{error}"),
        }
    }

    /// The folder it stands in.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(Arc::from(self.0.rsplit_once('/').map_or("", |(parent, _)| parent)))
    }

    /// Its last component.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }

    /// A file in this folder.
    ///
    /// # Errors
    ///
    /// [`PathError`] as for [`RelPath::parse`].
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        if self.0.is_empty() { Self::parse(name) } else { Self::parse(&format!("{}/{name}", self.0)) }
    }

    /// As text, with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names that Windows takes for devices, whatever their ending.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest != "0" && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("the data folder") } else { f.write_str(&self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_folder() {
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            "..",
            "a/../b",
            ".",
            "a/.b",
            "a\\b",
            "a:b",
            "C:",
            "con",
            "a/NUL.txt",
            "com1.seg",
            "a\0b",
            "a b",
            "é",
            "a.",
        ] {
            assert!(RelPath::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "log/0000000001.seg", "blobs/ab/cdef", "com0", "console"] {
            assert_eq!(RelPath::parse(good).unwrap().as_str(), good);
        }
    }
}
