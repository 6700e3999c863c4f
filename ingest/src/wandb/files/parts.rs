//! An upload in parts: `PUT` with `Content-Range`, by which a large file that was cut off goes on where it
//! stopped.
//!
//! ```text
//!  PUT, Content-Range: bytes 0-99/300   ─► 308, Range: bytes=0-99         it goes on at 100
//!  PUT, Content-Range: bytes 100-299/300, cut off at 180
//!  PUT, Content-Range: bytes */300      ─► 308, Range: bytes=0-179        what is held
//!  PUT, Content-Range: bytes 180-299/300 ─► 200                           stored, and the run's
//! ```
//!
//! What holds:
//! - Bytes are hashed as they come and are held on the disk, in a file that is no blob yet; nothing but
//!   the hashes is in memory, however large the file is.
//! - What an answer says is held is on the disk, and a restart goes on from there (`engine/src/blob/held.rs`): bytes
//!   are noted at the end of a part, and within one every [`NOTED_BYTES`].
//! - `Content-MD5` is that of the whole file, and is compared before it counts. What differs is forgotten.
//! - What is held lasts for an hour after its last byte.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Blobs, HeldName, Time, Upload};
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::{Grant, PIECE_BYTES, blocking, insert, interrupted, name_blob, write};
use crate::app::App;
use crate::guarded::Guarded;
use crate::http::error::Refusal;
use crate::http::limits;
use crate::wandb::capability::Target;

/// How long bytes are held after the last of them came.
const HELD_FOR: Duration = Duration::from_secs(60 * 60);

/// Bytes of a part after which they are made to last, as at its end.
const NOTED_BYTES: u64 = 64 << 20;

/// What a request brings of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// The place of the first byte and of the one behind the last; none if it asks what is held.
    bytes: Option<(u64, u64)>,
    /// Bytes of the whole file.
    total: u64,
}

impl Part {
    /// Reads the headers; none if they speak of no part. `len` is the length of the body, if it is told.
    pub(crate) fn of(headers: &HeaderMap, len: Option<u64>, max: u64) -> Result<Option<Self>, Refusal> {
        let Some(value) = headers.get(header::CONTENT_RANGE) else { return Ok(None) };
        let part = value.to_str().ok().and_then(Self::parse);
        let part = part.ok_or_else(|| {
            Refusal::invalid("Content-Range is neither `bytes FIRST-LAST/TOTAL` nor `bytes */TOTAL`")
        })?;
        if part.total > max {
            return Err(Refusal::too_large("the file", max));
        }
        let expected = part.bytes.map_or(0, |(first, end)| end - first);
        if len.is_some_and(|len| len != expected) {
            return Err(Refusal::invalid("the body is not as long as Content-Range says"));
        }
        Ok(Some(part))
    }

    fn parse(range: &str) -> Option<Self> {
        let (bytes, total) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
        let total: u64 = total.trim().parse().ok()?;
        if bytes.trim() == "*" {
            return Some(Self { bytes: None, total });
        }
        let (first, last) = bytes.split_once('-')?;
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last && last < total).then_some(Self { bytes: Some((first, last + 1)), total })
    }
}

/// What names the file that an address stands for, also after a restart.
fn name_of(target: &Target) -> HeldName {
    let words = serde_json::to_vec(target).unwrap_or_default();
    Sha256::digest(words).first_chunk().copied().unwrap_or_default()
}

/// Files that came in part.
#[derive(Debug, Default)]
pub(crate) struct HeldFiles(Guarded<BTreeMap<HeldName, Held>>);

/// What of a file came.
#[derive(Debug)]
struct Held {
    total: u64,
    size: u64,
    bytes: Bytes,
    at: Instant,
}

/// Where the bytes are that came.
#[derive(Debug)]
enum Bytes {
    /// With a request that adds to them.
    Busy,
    /// On the disk, and their hashes here.
    Open(Box<Upload>),
    /// On the disk, of an earlier process.
    Resting,
}

/// What a part is added to.
enum Taken {
    /// Nothing.
    New,
    Open(Box<Upload>),
    Resting,
}

impl HeldFiles {
    /// What earlier processes held and nobody has forgotten.
    ///
    /// # Errors
    ///
    /// `Io`.
    pub(crate) fn found(blobs: &Blobs, now: Time) -> Result<Self, engine::Error> {
        let mut all = BTreeMap::new();
        for held in blobs.held()? {
            let age = Duration::from_nanos(u64::try_from(now.saturating_sub(held.at)).unwrap_or_default());
            match Instant::now().checked_sub(age).filter(|_| age < HELD_FOR) {
                Some(at) => {
                    let resting = Held { total: held.total, size: held.size, bytes: Bytes::Resting, at };
                    all.insert(held.name, resting);
                }
                None => blobs.forget_held(&held.name)?,
            }
        }
        Ok(Self(Guarded::new(all)))
    }

    /// How much of a file is held.
    fn size(&self, name: &HeldName, total: u64) -> u64 {
        self.0.with(|all| all.get(name).filter(|held| held.total == total).map_or(0, |held| held.size))
    }

    /// Takes what is held, so that a part may be added; and the names of what is over.
    fn take(&self, name: &HeldName, total: u64, max: usize) -> (Result<Taken, Refusal>, Vec<HeldName>) {
        self.0.with(|all| {
            let is_over = |held: &Held| !matches!(held.bytes, Bytes::Busy) && held.at.elapsed() >= HELD_FOR;
            let over: Vec<HeldName> =
                all.iter().filter(|(_, held)| is_over(held)).map(|(name, _)| *name).collect();
            over.iter().for_each(|name| drop(all.remove(name)));
            let has_room = all.len() < max;
            let taken = match all.get_mut(name) {
                Some(Held { bytes: Bytes::Busy, .. }) => {
                    Err(Refusal::unavailable("a part of the file is on its way"))
                }
                Some(held) if held.total == total => {
                    Ok(match std::mem::replace(&mut held.bytes, Bytes::Busy) {
                        Bytes::Open(upload) => Taken::Open(upload),
                        _ => Taken::Resting,
                    })
                }
                None if !has_room => Err(Refusal::too_many("too many uploads in parts at once")),
                // Another file under the same name takes the place of what came of the one before.
                _ => {
                    all.insert(*name, Held { total, size: 0, bytes: Bytes::Busy, at: Instant::now() });
                    Ok(Taken::New)
                }
            };
            (taken, over)
        })
    }

    fn give_back(&self, name: &HeldName, upload: Upload) {
        self.0.with(|all| {
            if let Some(held) = all.get_mut(name) {
                (held.size, held.at) = (upload.size(), Instant::now());
                held.bytes = Bytes::Open(Box::new(upload));
            }
        });
    }

    fn forget(&self, name: &HeldName) {
        drop(self.0.with(|all| all.remove(name)));
    }
}

/// Takes a part, or tells what is held.
pub(crate) async fn put(
    app: Arc<App>,
    grant: Grant,
    part: Part,
    md5: Option<[u8; 16]>,
    body: Body,
) -> Result<Response, Refusal> {
    let name = name_of(&grant.target);
    let Some((first, _)) = part.bytes else { return Ok(incomplete(app.held_files.size(&name, part.total))) };
    let (taken, over) = app.held_files.take(&name, part.total, app.limits.uploads);
    forget_on_disk(&app, over).await;
    let taken = taken?;
    // A task of its own: one that is given up in the middle would leave its bytes with nobody.
    let receiving = tokio::spawn(async move {
        let received = receive(&app, name, taken, part, first, body).await;
        let upload = match received {
            Ok(upload) => upload,
            Err(Stopped { refusal, upload }) => {
                match upload {
                    Some(upload) => app.held_files.give_back(&name, upload),
                    None => {
                        forget_on_disk(&app, vec![name]).await;
                        app.held_files.forget(&name);
                    }
                }
                return Err(refusal);
            }
        };
        if upload.size() < part.total {
            let size = upload.size();
            app.held_files.give_back(&name, upload);
            return Ok(incomplete(size));
        }
        let finished = blocking(move || upload.finish(Some(part.total), md5)).await;
        app.held_files.forget(&name);
        name_blob(&app, &grant, finished?).await?;
        Ok(StatusCode::OK.into_response())
    });
    receiving.await.unwrap_or_else(|error| {
        tracing::error!(%error, "work on a part of a file failed");
        Err(Refusal::unavailable("work on the file failed inside the server"))
    })
}

/// Removes what is held of files from the disk; what cannot be removed is over with the next start.
async fn forget_on_disk(app: &App, names: Vec<HeldName>) {
    if names.is_empty() {
        return;
    }
    let blobs = app.store.blobs().clone();
    let forgotten = blocking(move || names.iter().try_for_each(|name| blobs.forget_held(name))).await;
    if let Err(refusal) = forgotten {
        tracing::warn!(?refusal, "what is held of a file was not removed");
    }
}

/// Why a part did not come whole, and what there is of the file.
struct Stopped {
    refusal: Refusal,
    upload: Option<Upload>,
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, upload: None }
    }
}

async fn receive(
    app: &App,
    name: HeldName,
    taken: Taken,
    part: Part,
    first: u64,
    body: Body,
) -> Result<Upload, Stopped> {
    let blobs = app.store.blobs().clone();
    let mut upload = match taken {
        Taken::Open(upload) => *upload,
        taken => blocking(move || begin(&blobs, name, &taken, part.total)).await?,
    };
    // Bytes that are held already are passed over; with a gap nothing is taken, and the answer says where it is.
    let Some(mut known) = upload.size().checked_sub(first) else { return Ok(upload) };
    tracing::debug!(first, total = part.total, "a part of a file");
    let max = usize::try_from(part.total - first).unwrap_or(usize::MAX);
    let mut chunks = Box::pin(limits::counted(body, max, app.limits.body_idle));
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    let mut stopped = None;
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => {
                let passed = usize::try_from(known).unwrap_or(usize::MAX).min(chunk.len());
                known -= passed as u64;
                piece.extend_from_slice(chunk.get(passed..).unwrap_or_default());
            }
            Err(error) => stopped = Some(interrupted(&error)),
        }
        if piece.len() >= PIECE_BYTES {
            (upload, piece) = write(upload, piece).await?;
        }
        if upload.unnoted() >= NOTED_BYTES {
            upload = note(app, upload, part.total).await?;
        }
        if stopped.is_some() {
            break;
        }
    }
    let (mut upload, _) = write(upload, piece).await?;
    if upload.size() < part.total && upload.unnoted() > 0 {
        upload = note(app, upload, part.total).await?;
    }
    match stopped {
        None => Ok(upload),
        Some(refusal) => Err(Stopped { refusal, upload: Some(upload) }),
    }
}

fn begin(blobs: &Blobs, name: HeldName, taken: &Taken, total: u64) -> Result<Upload, engine::Error> {
    let held = if matches!(taken, Taken::Resting) { blobs.take_up(name, total)? } else { None };
    held.map_or_else(|| blobs.begin_held(name), Ok)
}

async fn note(app: &App, mut upload: Upload, total: u64) -> Result<Upload, Refusal> {
    let now = app.store.now();
    blocking(move || upload.note(total, now).map(|()| upload)).await
}

/// 308: the file is not whole; `Range` says what is held of it.
fn incomplete(size: u64) -> Response {
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    if let Some(last) = size.checked_sub(1) {
        insert(response.headers_mut(), header::RANGE, &format!("bytes=0-{last}"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_as_http_says() {
        let part = |first, end, total| Some(Part { bytes: Some((first, end)), total });
        for (range, expected) in [
            ("bytes 0-0/1", part(0, 1, 1)),
            ("bytes 5-9/10", part(5, 10, 10)),
            ("bytes */10", Some(Part { bytes: None, total: 10 })),
            ("bytes 5-10/10", None),
            ("bytes 5-4/10", None),
            ("bytes 5-9/*", None),
            ("lines 0-1/2", None),
            ("bytes -1/2", None),
        ] {
            assert_eq!(Part::parse(range), expected, "{range}");
        }
    }

    #[test]
    fn a_body_of_another_length_than_its_range_and_a_file_over_the_limit_are_refused() {
        let of = |range: &str, len| {
            let mut headers = HeaderMap::new();
            insert(&mut headers, header::CONTENT_RANGE, range);
            Part::of(&headers, len, 100).map_err(|refusal| refusal.kind)
        };
        assert_eq!(of("bytes 0-9/20", Some(10)).unwrap().unwrap().total, 20);
        assert!(of("bytes 0-9/20", None).is_ok() && of("bytes */20", Some(0)).is_ok());
        assert!(of("bytes 0-9/20", Some(9)).is_err() && of("bytes */20", Some(1)).is_err());
        assert!(of("bytes 0-9/101", Some(10)).is_err() && of("nonsense", None).is_err());
        assert_eq!(Part::of(&HeaderMap::new(), None, 1).unwrap(), None);
    }
}
