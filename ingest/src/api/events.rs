//! `GET /api/events?from=LSN&filter=…`: events as they become durable, as server-sent events.
//!
//! What holds: the id of each is its position in the log; they come in that order, each once, and whoever comes
//! again with the last id it saw (`Last-Event-ID`) goes on behind it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use engine::{Lsn, Recorded, Whose};
use futures::Stream;
use query::live::{self, EventFilter};
use serde::Deserialize;
use tokio::sync::broadcast;

use crate::app::App;
use crate::http::auth::{Credential, KeyHash};
use crate::http::error::Refusal;
use crate::server::blocking;

/// Events that are read from the store at a time.
const READ_AT_ONCE: usize = 256;
/// How often something is sent where nothing happens, so that a proxy does not take the line for dead.
const QUIET_MAX: Duration = Duration::from_secs(15);

/// What is to be told.
#[derive(Deserialize)]
pub(crate) struct Asked {
    from: Option<u64>,
    filter: Option<String>,
}

pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Extension(credential): Extension<Credential>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let filter: EventFilter =
        asked.filter.as_deref().unwrap_or_default().parse().map_err(|error: query::Error| {
            Refusal::invalid(format!("{error}; {}", error.hint().unwrap_or_default()))
        })?;
    // First the line, then where it begins: nothing falls between.
    let events = app.feed.follow(&app.store);
    let next = match last_seen(&headers)? {
        Some(seen) => Lsn(seen).advance(1),
        None => asked.from.map_or_else(|| app.store.snapshot().durable.advance(1), |from| Lsn(from.max(1))),
    };
    let (key, filter, read, is_behind) = (credential.key(), Arc::new(filter), VecDeque::new(), true);
    let follower = Follower { app, key, filter, events, next, read, is_behind };
    let stream = futures::stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(QUIET_MAX)))
}

/// The last position that a client which comes again has seen.
fn last_seen(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(id) = headers.get("last-event-id") else { return Ok(None) };
    let seen = id.to_str().ok().and_then(|id| id.trim().parse().ok());
    seen.map(Some).ok_or_else(|| Refusal::invalid("Last-Event-ID is the position of an event"))
}

struct Follower {
    app: Arc<App>,
    /// What the follower came with: when it ends, so does the line.
    key: KeyHash,
    filter: Arc<EventFilter>,
    events: broadcast::Receiver<Arc<Recorded>>,
    /// The first position that was not looked at.
    next: Lsn,
    /// What was read from the store and is to be told.
    read: VecDeque<Arc<Recorded>>,
    /// Whether the store has more of what the line will not bring.
    is_behind: bool,
}

impl Follower {
    /// The next event; none when the server or the key ends, or the store cannot be read.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                if self.may_tell(&event)? {
                    return Some(sent(&event));
                }
                continue;
            }
            if self.is_behind {
                self.read_more().await?;
                continue;
            }
            let event = tokio::select! {
                event = self.events.recv() => event,
                () = self.app.drained() => return None,
            };
            match event {
                Ok(event) if event.lsn == self.next => {
                    self.next = event.lsn.advance(1);
                    if self.filter.holds(&event) && self.may_tell(&event)? {
                        return Some(sent(&event));
                    }
                }
                // It was read from the store already, or something before it was missed.
                Ok(event) if event.lsn < self.next => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => self.is_behind = true,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Whether the follower may know of an event by now; none when its key has ended.
    fn may_tell(&self, event: &Recorded) -> Option<bool> {
        let snapshot = self.app.store.snapshot();
        let caller = self.app.gate.owner(&snapshot.projection, &self.key, self.app.store.now())?;
        Some(caller.may_be_told(&snapshot.projection.people, &event.event))
    }

    /// Reads some more from the store.
    async fn read_more(&mut self) -> Option<()> {
        let (snapshot, filter, from) = (self.app.store.snapshot(), Arc::clone(&self.filter), self.next);
        let read = blocking(move || read(&snapshot, &filter, from)).await;
        match read {
            Ok(Ok((events, next, is_all))) => {
                (self.read, self.next, self.is_behind) = (events, next, !is_all);
                Some(())
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "events cannot be read, so who follows them is let go");
                None
            }
            Err(error) => {
                tracing::error!(%error, "events cannot be read, so who follows them is let go");
                None
            }
        }
    }
}

/// Some of the events from a position on, the position behind those that were looked at, and whether these are
/// all that the snapshot has.
fn read(
    snapshot: &engine::Snapshot,
    filter: &Arc<EventFilter>,
    from: Lsn,
) -> engine::Result<(VecDeque<Arc<Recorded>>, Lsn, bool)> {
    let chosen = Arc::clone(filter);
    let mut events = VecDeque::new();
    for event in snapshot.recorded_of(from, Whose::those(move |subject| chosen.chooses(subject))) {
        let event = event?;
        if events.len() == READ_AT_ONCE {
            return Ok((events, event.lsn, false));
        }
        if filter.holds(&event) {
            events.push_back(Arc::new(event));
        }
    }
    Ok((events, from.max(snapshot.durable.advance(1)), true))
}

fn sent(event: &Recorded) -> Event {
    Event::default().id(event.lsn.0.to_string()).event(event.event.body.name()).data(live::told(event))
}
