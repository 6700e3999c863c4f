//! Names that become paths: any text, decoded up to twice as addresses are, is refused or stays inside
//! the folder that it is joined to, as Unix and as Windows read it.

use std::path::{Component, Path};

use engine::disk::RelPath;
use percent_encoding::percent_decode_str;

/// The property. The first byte says how often the rest is decoded.
pub fn relpath(data: &[u8]) {
    let Some((rounds, text)) = data.split_first() else { return };
    let mut text = String::from_utf8_lossy(text).into_owned();
    for _ in 0..rounds % 3 {
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    if let Ok(path) = RelPath::parse(&text) {
        assert_eq!(path.as_str(), text, "what is taken is taken as it is");
        stays_inside(&path);
        assert_eq!(path.parent().join(path.name()).as_ref(), Ok(&path), "a path is its folder and its name");
        assert_eq!(RelPath::root().join(&text).as_ref(), Ok(&path));
    }
    if let Ok(path) = RelPath::of("blobs/ab").join(&text) {
        stays_inside(&path);
        assert_eq!(path.as_str().strip_prefix("blobs/ab/"), Some(text.as_str()), "it is in that folder");
    }
    #[cfg(feature = "server")]
    if let Some(name) = ingest::parse::file_name(&text) {
        leads_nowhere_else(name);
    }
}

/// A path of ours: plain names alone, to every system that may look at the folder.
fn stays_inside(path: &RelPath) {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    let seen: Vec<Component<'_>> = Path::new(path.as_str()).components().collect();
    assert_eq!(seen.len(), parts.len(), "{path:?}: a component is empty or `.`");
    assert!(seen.iter().all(|part| matches!(part, Component::Normal(_))), "{path:?} is not plain on Unix");
    for part in parts {
        assert!(part.len() <= 255, "{path:?}: no file system takes so long a name");
        assert!(is_plain_on_windows(part), "{path:?} is not plain on Windows");
    }
}

/// By "Naming Files, Paths, and Namespaces" of Microsoft's reference.
fn is_plain_on_windows(part: &str) -> bool {
    let is_reserved = |c: char| c.is_control() || "<>:\"/\\|?*".contains(c);
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let is_numbered = |device: &str| {
        let number = stem.strip_prefix(device).map(|rest| rest.chars().collect::<Vec<_>>());
        matches!(number.as_deref(), Some(['1'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}']))
    };
    let is_device = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || ["COM", "LPT"].iter().any(|device| is_numbered(device));
    !part.contains(is_reserved) && !part.ends_with(['.', ' ']) && !is_device
}

/// The name of a user's file is data and never a path of ours; where somebody saves it below a folder,
/// it must not lead out of that either.
#[cfg(feature = "server")]
fn leads_nowhere_else(name: &str) {
    assert!(!name.contains('\0') && !name.is_empty());
    for separators in [&['/'][..], &['/', '\\']] {
        assert!(!name.starts_with(separators), "{name:?} begins at a root");
        // Windows drops spaces and dots at the end of a part.
        let leads_up = |part: &str| part.trim_end_matches(' ') == ".." || part == "..";
        assert!(!name.split(separators).any(leads_up), "{name:?} leads up");
    }
    assert!(
        !matches!(name.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic()),
        "{name:?} names a drive"
    );
}
