//! Files of runs and artifacts, in and out, at addresses that carry their own permission (protocol 9, 10).
//!
//! What holds: a file is visible only once its bytes are stored whole and its event is durable. An
//! upload that stops, or differs from what was announced, leaves nothing and gets a 503, so that the
//! client sends it again (F15); one that comes in parts goes on where it stopped (`parts.rs`). Blocking work is done a piece at a time, so a slow client holds no
//! thread.

mod history;
pub(crate) mod parts;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use engine::{
    ArtifactBlob, ArtifactContent, ArtifactFilePut, ArtifactManifestPut, Artifacts, Blob, BlobReader,
    FilePut, ProjectKey, Projection, Upload,
};
use futures::StreamExt as _;

use crate::access::{Caller, Rights};
use crate::app::{App, Plan};
use crate::http::error::{Kind, Refusal};
use crate::http::limits;
use crate::http::memory::Work;
use crate::wandb::capability::{Grant, ManifestKind, Method, Target};
use crate::wandb::{Act, artifacts, names, translate};

/// What the file with all that a run logged is called.
pub(crate) const HISTORY_NAME: &str = "history.parquet";
/// What the list of an artifact's files is called.
pub(crate) const MANIFEST_NAME: &str = "wandb_manifest.json";
/// Bytes that are written or read at once.
const PIECE_BYTES: usize = 256 << 10;

static OPEN_UPLOADS: AtomicUsize = AtomicUsize::new(0);

/// One of the uploads that may be open at once.
pub(crate) struct OpenUpload;

impl OpenUpload {
    pub(crate) fn begin(max: usize) -> Result<Self, Refusal> {
        let slot = Self;
        if OPEN_UPLOADS.fetch_add(1, Ordering::Relaxed) >= max {
            return Err(Refusal::too_many("too many uploads at once"));
        }
        Ok(slot)
    }
}

impl Drop for OpenUpload {
    fn drop(&mut self) {
        OPEN_UPLOADS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `PUT /upload/{token}`, perhaps with a name behind it.
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Path(path): Path<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let grant = granted(&app, &path, Method::Put)?;
    check_rights(&app, &grant, |rights| rights.write)?;
    app.pool.memory.admit(Work::Body)?;
    let _slot = OpenUpload::begin(app.limits.uploads)?;
    let size = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if size.is_some_and(|size| size > app.limits.file_bytes) {
        return Err(Refusal::too_large("the file", app.limits.file_bytes));
    }
    let md5 = match &grant.target {
        Target::RunFile(..) | Target::History(_) => None,
        Target::ArtifactFile(.., md5) => Some(*md5),
        Target::Manifest(.., kind) => kind.md5,
    };
    let announced = announced_md5(&headers)?;
    if md5.is_some() && announced.is_some() && md5 != announced {
        return Err(Refusal::invalid("Content-MD5 is not that of the file that this address is for"));
    }
    let md5 = announced.or(md5);
    if let Some(part) = parts::Part::of(&headers, size, app.limits.file_bytes)? {
        return parts::put(app, grant, part, md5, body).await;
    }
    let blob = store(&app, body, size, md5).await?;
    name_blob(&app, &grant, blob).await?;
    Ok(StatusCode::OK.into_response())
}

/// Makes a stored blob what an address stands for.
async fn name_blob(app: &App, grant: &Grant, blob: Blob) -> Result<(), Refusal> {
    let act = Act { actor: Arc::clone(&grant.user), now: app.store.now() };
    app.decide(|snapshot| name(&snapshot.projection, &grant.target, blob, &act)).await
}

/// A stored blob under a name; what it is, is told by the name.
pub(crate) fn file_put(name: &str, blob: Blob) -> FilePut {
    let Blob { digest, md5, size } = blob;
    FilePut { name: name.into(), digest, md5, size, kind: kind_of(name) }
}

/// Names a stored blob as what it was put for.
fn name(projection: &Projection, target: &Target, blob: Blob, act: &Act) -> Result<Plan<()>, Refusal> {
    match target {
        Target::RunFile(run, name) => {
            let Blob { digest, md5, size } = blob;
            let kind = kind_of(name);
            let file = FilePut { name: names::file_name(name)?.into(), digest, md5, size, kind };
            translate::put_file(projection, run, &file, act)
        }
        Target::ArtifactFile(project, artifact, name, _) => {
            let (name, file) = (Arc::clone(name), artifacts::named(blob));
            let put = ArtifactFilePut { artifact: *artifact, name, file };
            artifacts::put_file(projection, project, &put, act)
        }
        Target::Manifest(project, artifact, ManifestKind { is_increment, base, .. }) => {
            let (is_increment, base, file) = (*is_increment, *base, artifacts::named(blob));
            let put = ArtifactManifestPut { artifact: *artifact, is_increment, base, file };
            artifacts::put_manifest(projection, project, &put, act)
        }
        // Nobody is given an address to put one at.
        Target::History(_) => Err(expired()),
    }
}

fn kind_of(name: &str) -> Arc<str> {
    mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream").into()
}

/// What the address of a request allows.
fn granted(app: &App, path: &BTreeMap<String, String>, method: Method) -> Result<Grant, Refusal> {
    let token = path.get("token").ok_or_else(expired)?;
    app.signer.check(token, method, app.store.now()).ok_or_else(expired)
}

fn expired() -> Refusal {
    Refusal::forbidden("this address is not valid or has expired")
}

fn announced_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, Refusal> {
    let Some(value) = headers.get("content-md5") else { return Ok(None) };
    let bytes = STANDARD.decode(value.as_bytes()).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    bytes.map(Some).ok_or_else(|| Refusal::invalid("Content-MD5 is not the base64 of 16 bytes"))
}

async fn store(
    app: &Arc<App>,
    body: Body,
    size: Option<u64>,
    md5: Option<[u8; 16]>,
) -> Result<Blob, Refusal> {
    let max = usize::try_from(app.limits.file_bytes).unwrap_or(usize::MAX);
    let mut chunks = Box::pin(limits::counted(body, max, app.limits.body_idle));
    let blobs = app.store.blobs().clone();
    let mut upload = blocking(move || blobs.begin()).await?;
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    while let Some(chunk) = chunks.next().await {
        piece.extend_from_slice(&chunk.map_err(|error| interrupted(&error))?);
        if piece.len() >= PIECE_BYTES {
            (upload, piece) = write(upload, piece).await?;
        }
    }
    let (upload, _) = write(upload, piece).await?;
    blocking(move || upload.finish(size, md5)).await
}

async fn write(mut upload: Upload, mut piece: Vec<u8>) -> Result<(Upload, Vec<u8>), Refusal> {
    blocking(move || {
        upload.write(&piece)?;
        piece.clear();
        Ok::<_, engine::Error>((upload, piece))
    })
    .await
}

/// Why a body ended early: too large for good, else worth another try.
fn interrupted(error: &io::Error) -> Refusal {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>()) {
        Some(refusal) if refusal.kind == Kind::TooLarge => refusal.clone(),
        _ => Refusal::unavailable("the upload stopped before its end; nothing of it is kept"),
    }
}

/// Does work on files off the threads that serve connections.
pub(crate) async fn blocking<T: Send + 'static, E: Send + 'static>(
    act: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Refusal>
where
    Refusal: From<E>,
{
    let acted = tokio::task::spawn_blocking(act).await;
    let acted = acted.map_err(|error| {
        tracing::error!(%error, "work on a file failed");
        Refusal::unavailable("work on the file failed inside the server")
    })?;
    acted.map_err(Refusal::from)
}

/// `GET /files/{token}`, perhaps with a name behind it; also in parts.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Path(path): Path<BTreeMap<String, String>>,
    verb: axum::http::Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let grant = granted(&app, &path, Method::Get)?;
    if let Target::History(run) = &grant.target {
        return history::hand_out(&app, &grant, run, &verb).await;
    }
    let file = file_of(&app, &grant)?;
    hand_out(&app, &file, &verb, &headers).await
}

/// `GET /artifactsV2/{region}/{entity}/{project}/{collection}/{born}/{md5}/{name}`: where the client goes with its
/// key when an address that it was given failed (protocol 10.6).
pub(crate) async fn get_by_md5(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<BTreeMap<String, String>>,
    verb: axum::http::Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let none = || Refusal::not_found("there is no such file");
    let part = |name: &str| path.get(name).map(String::as_str).ok_or_else(none);
    let key = ProjectKey::new(part("entity")?, part("project")?);
    let snapshot = caller.view(app.store.snapshot());
    let project = snapshot.projection.projects.get(&key).ok_or_else(none)?;
    let md5 = artifacts::md5_of_hex(part("md5")?).ok_or_else(none)?;
    let file = content_of(&project.artifacts, part("name")?, &md5).ok_or_else(none)?;
    hand_out(&app, &file, &verb, &headers).await
}

/// The answer with a file, or the part of it that is asked for.
async fn hand_out(
    app: &App,
    file: &FilePut,
    verb: &axum::http::Method,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let blobs = app.store.blobs().clone();
    let digest = file.digest;
    let reader = blocking(move || blobs.open(&digest)).await?;
    let is_head = verb == axum::http::Method::HEAD;
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let mut response = match part(range, reader.size()) {
        Ranged::All => {
            let size = reader.size();
            let mut response = whole(is_head, reader).into_response();
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
            response
        }
        Ranged::Some { first, last } => {
            let mut response = body(is_head, &reader, first, last + 1).into_response();
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(last + 1 - first));
            insert(headers, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{}", reader.size()));
            response
        }
        Ranged::Outside => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", reader.size()));
            response
        }
    };
    describe(response.headers_mut(), file);
    Ok(response)
}

/// `OPTIONS /files/{token}`: a page of another origin may read what it has the address of.
pub(crate) async fn options() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Range"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Whether an address does what its user may do by now: a role may have been taken back since it was given out.
fn check_rights(app: &App, grant: &Grant, is_enough: impl Fn(Rights) -> bool) -> Result<(), Refusal> {
    caller(app, grant, is_enough).map(drop)
}

/// Whose address it is, where they may do this by now.
fn caller(app: &App, grant: &Grant, is_enough: impl Fn(Rights) -> bool) -> Result<Caller, Refusal> {
    let people = &app.store.snapshot().projection.people;
    let caller = people.users.get(&grant.user).map(|user| Caller::new(user, None));
    let is_allowed = |caller: &Caller| is_enough(caller.rights(people, grant.target.project()));
    caller.filter(is_allowed).ok_or_else(expired)
}

fn file_of(app: &App, grant: &Grant) -> Result<FilePut, Refusal> {
    check_rights(app, grant, |rights| rights.read)?;
    let projection = &app.store.snapshot().projection;
    let artifacts = |key| projection.projects.get(key).map(|project| &project.artifacts);
    let file = match &grant.target {
        Target::RunFile(run, name) => {
            let run = projection.generation(run)?.filter(|run| run.deleted.is_none());
            run.and_then(|run| run.files.get(name).map(|entry| entry.file.clone()))
        }
        Target::ArtifactFile(key, _, name, md5) => {
            artifacts(key).and_then(|artifacts| content_of(artifacts, name, md5))
        }
        Target::Manifest(key, id, _) => {
            let artifact = artifacts(key).and_then(|artifacts| artifacts.artifact(*id));
            artifact.and_then(|artifact| artifact.version()).map(|version| {
                let ArtifactBlob { digest, md5, size } = version.manifest;
                FilePut { name: MANIFEST_NAME.into(), digest, md5, size, kind: "application/json".into() }
            })
        }
        // Made when it is asked for: no file of it is stored.
        Target::History(_) => None,
    };
    file.ok_or_else(|| Refusal::not_found("there is no such file"))
}

/// A file of artifacts, by what it holds.
fn content_of(artifacts: &Artifacts, name: &str, md5: &[u8; 16]) -> Option<FilePut> {
    let ArtifactContent { digest, size, .. } = *artifacts.content(md5)?;
    Some(FilePut { name: name.into(), digest, md5: *md5, size, kind: kind_of(name) })
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// What keeps a user's file from acting as a page of ours (S6).
fn describe(headers: &mut HeaderMap, file: &FilePut) {
    let is_shown = matches!(
        &*file.kind,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "video/mp4" | "audio/wav" | "audio/x-wav"
    );
    let last_part = file.name.rsplit('/').next().unwrap_or_default();
    let encoded = percent_encoding::utf8_percent_encode(last_part, percent_encoding::NON_ALPHANUMERIC);
    let disposition = if is_shown { "inline" } else { "attachment" };
    insert(headers, header::CONTENT_DISPOSITION, &format!("{disposition}; filename*=UTF-8''{encoded}"));
    insert(headers, header::CONTENT_TYPE, &file.kind);
    insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    insert(headers, header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    insert(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    insert(headers, header::ACCEPT_RANGES, "bytes");
    insert(headers, header::CACHE_CONTROL, "private, max-age=3600");
}

/// All bytes, checked: where they are not what was stored the answer breaks off before its end (D6).
/// None for HEAD.
fn whole(is_head: bool, reader: BlobReader) -> Body {
    if is_head {
        return Body::empty();
    }
    Body::from_stream(futures::stream::try_unfold(reader.pieces(), |mut pieces| async move {
        let read = tokio::task::spawn_blocking(move || pieces.read(PIECE_BYTES).map(|piece| (pieces, piece)));
        let read = read.await.map_err(io::Error::other)?.inspect_err(|error| {
            tracing::error!(error = error as &dyn std::error::Error, "a user file cannot be read");
        });
        let (pieces, piece) = read.map_err(io::Error::other)?;
        Ok::<_, io::Error>((!piece.is_empty()).then(|| (Bytes::from(piece), pieces)))
    }))
}

/// The bytes from `first` to before `end`, read a piece at a time; none for HEAD.
fn body(is_head: bool, reader: &BlobReader, first: u64, end: u64) -> Body {
    if is_head {
        return Body::empty();
    }
    let reader = reader.clone();
    Body::from_stream(futures::stream::try_unfold((reader, first), move |(reader, at)| async move {
        let len = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX).min(PIECE_BYTES);
        if len == 0 {
            return Ok::<_, io::Error>(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; len];
            let count = reader.read_at(at, &mut piece)?;
            piece.truncate(count);
            Ok::<_, engine::Error>((reader, piece))
        });
        let (reader, piece) = read.await.map_err(io::Error::other)?.map_err(io::Error::other)?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let next = at + piece.len() as u64;
        Ok(Some((Bytes::from(piece), (reader, next))))
    }))
}

#[derive(Debug, PartialEq, Eq)]
enum Ranged {
    All,
    /// From the first to the last byte, both included.
    Some {
        first: u64,
        last: u64,
    },
    Outside,
}

/// What a `Range` header asks of so many bytes. What is not one plain range asks for all.
fn part(range: Option<&str>, size: u64) -> Ranged {
    let Some((from, to)) = range.and_then(|range| range.trim().strip_prefix("bytes=")?.split_once('-'))
    else {
        return Ranged::All;
    };
    let (first, last) = match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
        (Ok(first), Err(_)) if to.trim().is_empty() => (first, size.saturating_sub(1)),
        (Err(_), Ok(count)) if from.trim().is_empty() && count > 0 => {
            (size.saturating_sub(count), size.saturating_sub(1))
        }
        (Err(_), Ok(0)) => return Ranged::Outside,
        _ => return Ranged::All,
    };
    if first >= size { Ranged::Outside } else { Ranged::Some { first, last } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_says() {
        let some = |first, last| Ranged::Some { first, last };
        for (range, expected) in [
            ("bytes=0-0", some(0, 0)),
            ("bytes=2-4", some(2, 4)),
            ("bytes=2-99", some(2, 9)),
            ("bytes=2-", some(2, 9)),
            ("bytes=-3", some(7, 9)),
            ("bytes=-99", some(0, 9)),
            ("bytes=10-", Ranged::Outside),
            ("bytes=-0", Ranged::Outside),
            ("bytes=4-2", Ranged::All),
            ("bytes=0-1,3-4", Ranged::All),
            ("lines=0-1", Ranged::All),
            ("bytes=-", Ranged::All),
        ] {
            assert_eq!(part(Some(range), 10), expected, "{range}");
        }
        assert_eq!((part(None, 10), part(Some("bytes=0-"), 0)), (Ranged::All, Ranged::Outside));
    }
}
