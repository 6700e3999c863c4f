//! Files of runs and artifacts.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{FileEntry, RunKey};

use super::artifact::{Artifact, ArtifactFile};
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
pub(crate) enum File {
    Run(RunFile),
    Artifact(ArtifactFile),
}

/// A file of a run.
pub(crate) struct RunFile {
    run: RunKey,
    name: Arc<str>,
    entry: Option<FileEntry>,
}

/// Addresses of the parts of a file: a file is put whole.
#[derive(SimpleObject)]
pub(crate) struct UploadMultipartUrls {
    #[graphql(name = "uploadID")]
    upload_id: String,
    upload_url_parts: Vec<UploadUrlPart>,
}

#[derive(SimpleObject)]
pub(crate) struct UploadUrlPart {
    part_number: Int64,
    upload_url: String,
}

impl File {
    pub(super) fn ahead(run: &RunKey, name: &str) -> Self {
        Self::Run(RunFile { run: run.clone(), name: name.into(), entry: None })
    }

    pub(super) fn of_artifact(file: ArtifactFile) -> Self {
        Self::Artifact(file)
    }

    fn entry(&self) -> Option<&FileEntry> {
        match self {
            Self::Run(file) => file.entry.as_ref(),
            Self::Artifact(_) => None,
        }
    }

    fn content_digest(&self) -> Option<String> {
        match self {
            Self::Run(file) => Some(STANDARD.encode(file.entry.as_ref()?.file.md5)),
            Self::Artifact(file) => file.digest(),
        }
    }

    fn file_name(&self) -> &str {
        match self {
            Self::Run(file) => &file.name,
            Self::Artifact(file) => file.name(),
        }
    }

    fn address(&self, scope: &Scope, method: Method) -> Result<Option<String>, Refusal> {
        match (self, method) {
            (Self::Run(file), _) => scope.address(method, &file.run, &file.name).map(Some),
            (Self::Artifact(file), Method::Get) => file.direct_url(scope).map(Some),
            (Self::Artifact(file), Method::Put) => file.upload_url(scope),
        }
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
        let nodes = files().map(|(name, entry)| {
            let (run, name) = (run.key.clone(), Arc::clone(name));
            File::Run(RunFile { run, name, entry: Some(entry.clone()) })
        });
        let page = Page::of(nodes, wanted.after, wanted.first)?;
        Ok(Self::new(page, int(files().count())))
    }

    pub(super) fn new(page: Page<File>, count: i32) -> Self {
        let edge = |(node, cursor)| FileEdge { node: Some(node), cursor: Some(cursor) };
        let edges = page.entries.into_iter().map(edge).collect();
        Self { total_count: Some(count), edges, page_info: page.info }
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
        match self {
            Self::Run(file) => ids::of_file(&file.run.path(), &file.name).into(),
            Self::Artifact(file) => file.id().into(),
        }
    }

    async fn name(&self) -> &str {
        self.file_name()
    }

    async fn display_name(&self) -> Option<&str> {
        Some(self.file_name())
    }

    async fn url(&self, ctx: &Context<'_>, upload: Option<bool>) -> Result<Option<String>> {
        let method = if upload == Some(true) { Method::Put } else { Method::Get };
        Ok(self.address(Scope::of(ctx)?, method)?)
    }

    async fn direct_url(&self, ctx: &Context<'_>) -> Result<String> {
        let address = self.address(Scope::of(ctx)?, Method::Get)?;
        Ok(address.ok_or_else(|| Refusal::not_found("there is no such file"))?)
    }

    async fn upload_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.address(Scope::of(ctx)?, Method::Put)?)
    }

    async fn upload_headers(&self) -> Vec<String> {
        match self {
            Self::Run(_) => Vec::new(),
            Self::Artifact(file) => file.upload_headers(),
        }
    }

    async fn upload_multipart_urls(&self) -> Option<UploadMultipartUrls> {
        None
    }

    async fn storage_path(&self) -> Option<String> {
        match self {
            Self::Run(_) => None,
            Self::Artifact(file) => Some(file.storage_path()),
        }
    }

    async fn artifact(&self) -> Option<Artifact> {
        match self {
            Self::Run(_) => None,
            Self::Artifact(file) => file.artifact(),
        }
    }

    async fn size_bytes(&self) -> Int64 {
        let size = match self {
            Self::Run(file) => file.entry.as_ref().map_or(0, |entry| entry.file.size),
            Self::Artifact(file) => file.size(),
        };
        Int64(i64::try_from(size).unwrap_or(i64::MAX))
    }

    async fn mimetype(&self) -> Option<&str> {
        Some(&self.entry()?.file.kind)
    }

    async fn updated_at(&self) -> Option<Moment> {
        Some(Moment::of(self.entry()?.updated))
    }

    async fn md5(&self) -> Option<String> {
        self.content_digest()
    }

    async fn digest(&self) -> Option<String> {
        self.content_digest()
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
