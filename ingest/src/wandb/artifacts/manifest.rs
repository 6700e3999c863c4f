//! Lists of an artifact's files, as the client writes them (protocol 10.3).
//!
//! ```text
//!  {"version": 1, "storagePolicy": …, "contents": {"x.txt": {"digest": "<base64 of MD5>", "size": 6},
//!                                                  "ref_x": {"digest": …, "ref": "file:///data/x.txt"}}}
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::Artifacts;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::http::error::Refusal;
use crate::wandb::names;

/// Bytes of a list: it is read whole.
pub(super) const BYTES_MAX: u64 = 64 << 20;
/// The version of lists that is read.
const VERSION: u64 = 1;

/// A list as far as the server reads it.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    version: u64,
    contents: BTreeMap<String, Entry>,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Entry {
    /// Base64 of the MD5 of a file; of a reference what its scheme has.
    pub(crate) digest: String,
    #[serde(default)]
    pub(crate) size: Option<u64>,
    /// Where it is, when it is not here.
    #[serde(default, rename = "ref")]
    pub(crate) reference: Option<String>,
}

impl Entry {
    /// The MD5 of a file that is here.
    pub(crate) fn md5(&self) -> Option<[u8; 16]> {
        if self.reference.is_some() { None } else { md5_of(&self.digest) }
    }
}

/// The MD5 that a base64 text stands for.
pub(crate) fn md5_of(text: &str) -> Option<[u8; 16]> {
    STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok())
}

/// The MD5 that a hexadecimal text stands for.
pub(crate) fn md5_of_hex(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
    Some(number.to_be_bytes())
}

impl Manifest {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| Refusal::invalid(format!("the manifest does not parse: {error}")))?;
        if manifest.version != VERSION {
            return Err(Refusal::invalid(format!("a manifest of version {} is not known", manifest.version)));
        }
        Ok(manifest)
    }

    pub(super) fn into_entries(self) -> Vec<(String, Entry)> {
        self.contents.into_iter().collect()
    }

    /// Checks that every file is here; gives how many entries there are, and their bytes.
    pub(super) fn check(&self, artifacts: &Artifacts) -> Result<(u64, u64), Refusal> {
        let mut size = 0u64;
        for (name, entry) in &self.contents {
            names::file_name(name)?;
            size = size.saturating_add(match &entry.reference {
                Some(_) => entry.size.unwrap_or_default(),
                None => {
                    let content = entry.md5().and_then(|md5| artifacts.content(&md5));
                    content.ok_or_else(|| missing(name))?.size
                }
            });
        }
        Ok((self.contents.len() as u64, size))
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::invalid(format!("the artifact is not whole: its file {name:?} was not uploaded"))
}

/// The list of all files of an increment: those of the version before, and its own in place of theirs.
pub(super) fn merged(base: &[u8], increment: &[u8]) -> Result<Vec<u8>, Refusal> {
    let read = |bytes: &[u8]| {
        serde_json::from_slice::<Value>(bytes)
            .map_err(|error| Refusal::invalid(format!("the manifest does not parse: {error}")))
    };
    let (mut base, mut increment) = (read(base)?, read(increment)?);
    let (Some(contents), Some(new)) =
        (base.get_mut("contents").and_then(Value::as_object_mut), increment.get_mut("contents"))
    else {
        return Err(Refusal::invalid("the manifest has no contents"));
    };
    contents.append(new.as_object_mut().ok_or_else(|| Refusal::invalid("the manifest has no contents"))?);
    serde_json::to_vec(&base).map_err(|error| Refusal::invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = br#"{"version":1,"storagePolicy":"p","contents":{
        "x.txt":{"digest":"3MlkAtscNw7haNVMBINuQg==","size":6,"birthArtifactID":"Q","local_path":"/a","skip_cache":false},
        "r":{"digest":"etag","ref":"s3://b/k","size":9,"extra":{"etag":"e"}}}}"#;

    #[test]
    fn lists_are_read_as_the_client_writes_them() {
        let entries = Manifest::read(LIST).unwrap().into_entries();
        assert_eq!(entries.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["r", "x.txt"]);
        assert_eq!((entries[0].1.md5(), entries[1].1.md5().unwrap()[0]), (None, 0xdc));
        let refused = Manifest::read(LIST).unwrap().check(&Artifacts::default()).unwrap_err();
        assert!(refused.message.contains("x.txt"), "{}", refused.message);
        for wrong in [
            &b"{}"[..],
            b"",
            b"[]",
            br#"{"version":2,"contents":{}}"#,
            br#"{"version":1,"contents":{"a":{}}}"#,
        ] {
            assert!(Manifest::read(wrong).is_err());
        }
        let up = br#"{"version":1,"contents":{"../x":{"digest":"d","ref":"s3://b/k"}}}"#;
        assert!(Manifest::read(up).unwrap().check(&Artifacts::default()).is_err(), "a name leads out");
    }

    #[test]
    fn an_increment_adds_to_the_version_before_and_keeps_all_that_is_said() {
        let increment = br#"{"version":1,"contents":{"r":{"digest":"new","ref":"s3://b/k"},"n":{"digest":"3MlkAtscNw7haNVMBINuQg=="}}}"#;
        let merged: Value = serde_json::from_slice(&merged(LIST, increment).unwrap()).unwrap();
        assert_eq!(merged["storagePolicy"], "p");
        let contents = merged["contents"].as_object().unwrap();
        assert_eq!(contents.keys().collect::<Vec<_>>(), ["n", "r", "x.txt"]);
        assert_eq!(
            (&contents["r"]["digest"], &contents["x.txt"]["birthArtifactID"]),
            (&"new".into(), &"Q".into())
        );
        assert!(super::merged(LIST, b"{}").is_err() && super::merged(b"[]", LIST).is_err());
    }
}
