//! Files of a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{FileEntry, RunKey};

use super::scalars::{Int64, Moment};
use super::{Page, PageInfo, Scope, int};
use crate::http::error::Refusal;
use crate::wandb::capability::Method;
use crate::wandb::ids;

#[derive(SimpleObject)]
pub(crate) struct FileConnection {
    total_count: Option<i32>,
    edges: Vec<FileEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
pub(crate) struct FileEdge {
    node: Option<File>,
    cursor: Option<String>,
}

/// A file that is there, or one that is about to be put.
pub(crate) struct File {
    run: RunKey,
    name: Arc<str>,
    entry: Option<FileEntry>,
}

impl File {
    pub(super) fn ahead(run: &RunKey, name: &str) -> Self {
        Self { run: run.clone(), name: name.into(), entry: None }
    }
}

/// Which files are asked for.
pub(super) struct Wanted<'a> {
    pub(super) names: Option<Vec<Option<String>>>,
    pub(super) pattern: Option<String>,
    pub(super) after: Option<&'a str>,
    pub(super) first: usize,
}

impl FileConnection {
    pub(super) fn of(run: &engine::Run, wanted: &Wanted<'_>) -> Result<Self, Refusal> {
        let names: BTreeSet<&str> = wanted
            .names
            .iter()
            .flatten()
            .flatten()
            .map(|name| name.strip_prefix("./").unwrap_or(name))
            .collect();
        let is_wanted = |name: &str| {
            (names.is_empty() || names.contains(name))
                && wanted
                    .pattern
                    .as_deref()
                    .is_none_or(|pattern| is_like(pattern.as_bytes(), name.as_bytes()))
        };
        let files = || run.files.iter().filter(|(name, _)| is_wanted(name));
        let nodes = files().map(|(name, entry)| File {
            run: run.key.clone(),
            name: Arc::clone(name),
            entry: Some(entry.clone()),
        });
        let page = Page::of(nodes, wanted.after, wanted.first)?;
        let edge = |(node, cursor)| FileEdge { node: Some(node), cursor: Some(cursor) };
        Ok(Self {
            total_count: Some(int(files().count())),
            edges: page.entries.into_iter().map(edge).collect(),
            page_info: page.info,
        })
    }
}

/// SQL's LIKE: `%` is any text, `_` any one byte.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    // Where the last `%` was, and how much of the text it has taken so far.
    let (mut at, mut from, mut star) = (0, 0, None);
    while let Some(byte) = text.get(from) {
        match pattern.get(at) {
            Some(b'%') => {
                star = Some((at, from));
                at += 1;
            }
            Some(b'_') => (at, from) = (at + 1, from + 1),
            Some(wanted) if wanted == byte => (at, from) = (at + 1, from + 1),
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                (at, from) = (star_at + 1, taken + 1);
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'%'))
}

#[Object]
impl File {
    async fn id(&self) -> ID {
        ids::of_file(&self.run.path(), &self.name).into()
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn display_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    async fn url(&self, ctx: &Context<'_>, upload: Option<bool>) -> Result<Option<String>> {
        let method = if upload == Some(true) { Method::Put } else { Method::Get };
        Ok(Some(Scope::of(ctx)?.address(method, &self.run, &self.name)?))
    }

    async fn direct_url(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(Scope::of(ctx)?.address(Method::Get, &self.run, &self.name)?)
    }

    async fn upload_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(Some(Scope::of(ctx)?.address(Method::Put, &self.run, &self.name)?))
    }

    async fn upload_headers(&self) -> Vec<String> {
        Vec::new()
    }

    async fn size_bytes(&self) -> Int64 {
        let size = self.entry.as_ref().map_or(0, |entry| entry.file.size);
        Int64(i64::try_from(size).unwrap_or(i64::MAX))
    }

    async fn mimetype(&self) -> Option<&str> {
        Some(&self.entry.as_ref()?.file.kind)
    }

    async fn updated_at(&self) -> Option<Moment> {
        Some(Moment::of(self.entry.as_ref()?.updated))
    }

    async fn md5(&self) -> Option<String> {
        Some(STANDARD.encode(self.entry.as_ref()?.file.md5))
    }

    async fn digest(&self) -> Option<String> {
        Some(STANDARD.encode(self.entry.as_ref()?.file.md5))
    }
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn patterns_match_as_sql_says() {
        for (pattern, text, expected) in [
            ("%.json", "a.json", true),
            ("%.json", "a.json.gz", false),
            ("%", "", true),
            ("", "", true),
            ("", "a", false),
            ("a%b%c", "axxbyybc", true),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("media/%/x_1%", "media/images/x_123", true),
            ("%%%%%%%%%%%%%%%%%b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(is_like(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
