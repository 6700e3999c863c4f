//! Bodies within bounds: counted on the wire and after decompression while they stream in, and
//! charged to one pool as they appear (L1, L2, L8).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::GzipDecoder;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};
use tokio_util::io::StreamReader;

use crate::http::error::{Kind, Refusal};
use crate::http::memory::{Memory, Work};
use crate::options::Limits;

/// What all bodies together may hold, within what the process may.
pub(crate) struct Pool {
    counters: Arc<Counters>,
    pub(crate) memory: Memory,
}

struct Counters {
    bytes: AtomicUsize,
    requests: AtomicUsize,
    bytes_max: usize,
    requests_max: usize,
}

impl Pool {
    pub(crate) fn new(limits: &Limits) -> Self {
        let counters = Counters {
            bytes: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            bytes_max: limits.pool_bytes,
            requests_max: limits.pool_requests,
        };
        Self { counters: Arc::new(counters), memory: Memory::new(limits.memory_bytes) }
    }

    /// Bytes held now.
    pub(crate) fn bytes(&self) -> usize {
        self.counters.bytes.load(Ordering::Relaxed)
    }

    /// Lets one more request in.
    pub(crate) fn enter(&self) -> Result<Charge, Refusal> {
        self.memory.admit(Work::Body)?;
        let charge = Charge { counters: Arc::clone(&self.counters), bytes: 0 };
        if self.counters.requests.fetch_add(1, Ordering::Relaxed) >= self.counters.requests_max {
            return Err(Refusal::too_many("too many requests at once"));
        }
        Ok(charge)
    }
}

/// What one request holds of the pool, until it is dropped.
pub(crate) struct Charge {
    counters: Arc<Counters>,
    bytes: usize,
}

impl Charge {
    fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.bytes += bytes;
        if self.counters.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.counters.bytes_max {
            return Err(Refusal::too_many("too many bytes are on their way in at once"));
        }
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.counters.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.counters.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A whole body, and what it holds of the pool.
pub(crate) struct Whole {
    pub(crate) bytes: Vec<u8>,
    pub(crate) charge: Charge,
}

/// Reads a JSON body whole, decompressed.
pub(crate) async fn read_json(
    pool: &Pool,
    limits: &Limits,
    headers: &HeaderMap,
    body: Body,
) -> Result<Whole, Refusal> {
    // 415 would be retried for days, 400 tells (protocol 6.5).
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or("?");
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(Refusal::invalid(format!(
                "bodies of type {kind:?} are not read here, application/json is"
            )));
        }
    }
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim());
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limits.body_wire_bytes) {
        discard(body, limits.body_wire_bytes).await;
        return Err(Refusal::too_large("the body", limits.body_wire_bytes as u64));
    }
    let charge = pool.enter()?;
    let wire = counted(body, limits.body_wire_bytes, limits.body_idle);
    let reader = StreamReader::new(Box::pin(wire));
    // Names of encodings are the same in any letters.
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => collect(reader, charge, length.unwrap_or_default(), limits).await,
        Some("gzip" | "x-gzip") => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            collect(tokio::io::BufReader::with_capacity(64 << 10, decoder), charge, 0, limits).await
        }
        Some(other) => {
            Err(Refusal::invalid(format!("bodies encoded as {other:?} are not read here, gzip is")))
        }
    }
}

/// How long a body that is refused is read on.
const DISCARD: Duration = Duration::from_secs(5);

/// Reads some of a body that is too large and forgets it: a client that is still writing when the
/// connection closes never sees why, and sends again.
async fn discard(body: Body, bytes_max: usize) {
    let mut chunks = body.into_data_stream();
    let reading = async {
        let mut seen = 0usize;
        while let Some(Ok(chunk)) = chunks.next().await {
            seen = seen.saturating_add(chunk.len());
            if seen > bytes_max.saturating_mul(2) {
                break;
            }
        }
    };
    let _enough = tokio::time::timeout(DISCARD, reading).await;
}

/// The chunks of a body, cut off where they are too many or come too slowly.
pub(crate) fn counted(body: Body, bytes_max: usize, idle: Duration) -> impl Stream<Item = io::Result<Bytes>> {
    let chunks = body.into_data_stream();
    futures::stream::try_unfold((chunks, 0usize), move |(mut chunks, seen)| async move {
        let next = tokio::time::timeout(idle, chunks.next()).await;
        match next {
            Err(_) => Err(refused(Refusal::new(Kind::TooSlow, "the body stopped coming"))),
            Ok(None) => Ok(None),
            Ok(Some(Err(error))) => Err(io::Error::other(error)),
            Ok(Some(Ok(chunk))) => {
                let seen = seen.saturating_add(chunk.len());
                if seen > bytes_max {
                    return Err(refused(Refusal::too_large("the body", bytes_max as u64)));
                }
                Ok(Some((chunk, (chunks, seen))))
            }
        }
    })
}

fn refused(refusal: Refusal) -> io::Error {
    io::Error::other(refusal)
}

async fn collect(
    mut reader: impl AsyncBufRead + Unpin,
    mut charge: Charge,
    expected: usize,
    limits: &Limits,
) -> Result<Whole, Refusal> {
    let max = limits.body_decoded_bytes;
    let mut bytes = Vec::with_capacity(expected.min(max).min(16 << 20));
    loop {
        let read = reader.fill_buf().await.map_err(|error| unreadable(&error))?;
        let count = read.len();
        if count == 0 {
            return Ok(Whole { bytes, charge });
        }
        if bytes.len() + count > max {
            return Err(Refusal::too_large("the decompressed body", max as u64));
        }
        charge.grow(count)?;
        bytes.extend_from_slice(read);
        reader.consume(count);
    }
}

fn unreadable(error: &io::Error) -> Refusal {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Refusal>()) {
        Some(refusal) => refusal.clone(),
        None => Refusal::invalid(format!("the body cannot be read: {error}")),
    }
}
