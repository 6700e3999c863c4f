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
//! - `Content-MD5` is that of the whole file, and is compared before it counts. What differs is forgotten.
//! - What is held lasts as long as the process, and an hour after its last byte: after a restart the answer
//!   to what is held is nothing, and the file begins anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Upload;
use futures::StreamExt as _;

use super::{Grant, PIECE_BYTES, blocking, insert, interrupted, name_blob, write};
use crate::app::App;
use crate::guarded::Guarded;
use crate::http::error::Refusal;
use crate::http::limits;
use crate::wandb::capability::Target;

/// How long bytes are held after the last of them came.
const HELD_FOR: Duration = Duration::from_secs(60 * 60);

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

/// Which file it is.
type Key = Target;

/// Files that came in part.
#[derive(Debug, Default)]
pub(crate) struct HeldFiles(Guarded<BTreeMap<Key, Held>>);

/// What of a file came.
#[derive(Debug)]
struct Held {
    total: u64,
    size: u64,
    /// None while a request adds to it.
    upload: Option<Upload>,
    at: Instant,
}

impl HeldFiles {
    /// How much of a file is held.
    fn size(&self, key: &Key, total: u64) -> u64 {
        self.0.with(|all| all.get(key).filter(|held| held.total == total).map_or(0, |held| held.size))
    }

    /// Takes what is held, so that a part may be added; what is new is to be begun.
    fn take(&self, key: &Key, total: u64, max: usize) -> Result<Option<Upload>, Refusal> {
        let (taken, forgotten) = self.0.with(|all| {
            let is_over = |held: &Held| held.upload.is_some() && held.at.elapsed() >= HELD_FOR;
            let old: Vec<Key> =
                all.iter().filter(|(_, held)| is_over(held)).map(|(key, _)| key.clone()).collect();
            let mut forgotten: Vec<Held> = old.iter().filter_map(|key| all.remove(key)).collect();
            let has_room = all.len() < max;
            let taken = match all.get_mut(key) {
                Some(held) if held.upload.is_none() => {
                    Err(Refusal::unavailable("a part of the file is on its way"))
                }
                Some(held) if held.total == total => Ok(held.upload.take()),
                None if !has_room => Err(Refusal::too_many("too many uploads in parts at once")),
                _ => {
                    // Another file under the same name takes the place of what came of the one before.
                    let held = Held { total, size: 0, upload: None, at: Instant::now() };
                    forgotten.extend(all.insert(key.clone(), held));
                    Ok(None)
                }
            };
            (taken, forgotten)
        });
        // Removing files is not done under the lock.
        drop(forgotten);
        taken
    }

    fn give_back(&self, key: &Key, upload: Upload) {
        let unwanted = self.0.with(|all| match all.get_mut(key) {
            Some(held) => {
                (held.size, held.at) = (upload.size(), Instant::now());
                held.upload.replace(upload)
            }
            None => Some(upload),
        });
        drop(unwanted);
    }

    fn forget(&self, key: &Key) {
        drop(self.0.with(|all| all.remove(key)));
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
    let key = grant.target.clone();
    let Some((first, _)) = part.bytes else { return Ok(incomplete(app.held_files.size(&key, part.total))) };
    let held = app.held_files.take(&key, part.total, app.limits.uploads)?;
    // A task of its own: one that is given up in the middle would leave its bytes with nobody.
    let receiving = tokio::spawn(async move {
        let received = receive(&app, &key, held, part, first, body).await;
        let upload = match received {
            Ok(upload) => upload,
            Err(Stopped { refusal, upload }) => {
                match upload {
                    Some(upload) => app.held_files.give_back(&key, upload),
                    None => app.held_files.forget(&key),
                }
                return Err(refusal);
            }
        };
        if upload.size() < part.total {
            let size = upload.size();
            app.held_files.give_back(&key, upload);
            return Ok(incomplete(size));
        }
        app.held_files.forget(&key);
        let blob = blocking(move || upload.finish(Some(part.total), md5)).await?;
        name_blob(&app, &grant, blob).await?;
        Ok(StatusCode::OK.into_response())
    });
    receiving.await.unwrap_or_else(|error| {
        tracing::error!(%error, "work on a part of a file failed");
        Err(Refusal::unavailable("work on the file failed inside the server"))
    })
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
    key: &Key,
    held: Option<Upload>,
    part: Part,
    first: u64,
    body: Body,
) -> Result<Upload, Stopped> {
    let blobs = app.store.blobs().clone();
    let mut upload = match held {
        Some(upload) => upload,
        None => blocking(move || blobs.begin()).await?,
    };
    // Bytes that are held already are passed over; with a gap nothing is taken, and the answer says where it is.
    let Some(mut known) = upload.size().checked_sub(first) else { return Ok(upload) };
    tracing::debug!(?key, first, total = part.total, "a part of a file");
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
        if stopped.is_some() {
            break;
        }
    }
    let (upload, _) = write(upload, piece).await?;
    match stopped {
        None => Ok(upload),
        Some(refusal) => Err(Stopped { refusal, upload: Some(upload) }),
    }
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
