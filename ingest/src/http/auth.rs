//! Who asks: keys, what their owners may do, and guessing (S2, S3).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{Batch, Body, Event, LoginFailed, Projection, Subject, Time};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::access::Caller;
use crate::app::App;
use crate::guarded::Guarded;
use crate::http::error::{Kind, Refusal};
use crate::http::origin;
use crate::http::sessions::{Session, SessionId};
use crate::routes::Role;

/// Addresses and users whose counters are kept; beyond that the counters begin anew.
const COUNTERS_MAX: usize = 10_000;
/// Failures that become events, lest strangers fill the log.
const TOLD_PER_MINUTE_MAX: usize = 60;
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// SHA-256 of a key: what is stored of it.
pub(crate) type KeyHash = [u8; 32];

/// By what a caller was let in.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    Key(KeyHash),
    Session(SessionId, Session),
}

impl Credential {
    /// The key that it stands for.
    pub(crate) fn key(&self) -> KeyHash {
        match self {
            Self::Key(key) => *key,
            Self::Session(_, session) => session.key,
        }
    }
}

/// The door: counts failures and requests, and knows the token of this process.
pub(crate) struct Gate {
    /// The hash of the token in `server.json`, which acts as an admin while this process lives.
    token: KeyHash,
    failures: Guarded<Windows<IpAddr>>,
    requests: Guarded<Windows<Arc<str>>>,
    /// Addresses whose failures were told of in the last minute.
    told: Guarded<Windows<IpAddr>>,
    /// Keys that worked from an address: failures of others there do not shut them out.
    known: Guarded<BTreeSet<(IpAddr, KeyHash)>>,
    failures_per_minute: u32,
    requests_per_second: u32,
}

/// Counts per key and time window.
#[derive(Debug)]
struct Windows<K>(BTreeMap<K, (Instant, u32)>);

impl<K> Default for Windows<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Windows<K> {
    fn count(&self, key: &K, length: Duration, now: Instant) -> u32 {
        match self.0.get(key) {
            Some((began, count)) if now.saturating_duration_since(*began) < length => *count,
            _ => 0,
        }
    }

    fn add(&mut self, key: K, length: Duration, now: Instant) -> u32 {
        if self.0.len() >= COUNTERS_MAX && !self.0.contains_key(&key) {
            self.0.clear();
        }
        let slot = self.0.entry(key).or_insert((now, 0));
        if now.saturating_duration_since(slot.0) >= length {
            *slot = (now, 0);
        }
        slot.1 = slot.1.saturating_add(1);
        slot.1
    }
}

impl Gate {
    pub(crate) fn new(token: &str, limits: &crate::options::Limits) -> Self {
        Self {
            token: hash(token),
            failures: Guarded::default(),
            requests: Guarded::default(),
            told: Guarded::default(),
            known: Guarded::default(),
            failures_per_minute: limits.auth_failures_per_minute,
            requests_per_second: limits.requests_per_second,
        }
    }

    /// The owner of a key, and what is stored of it.
    pub(crate) fn admit_key(
        &self,
        projection: &Projection,
        key: &str,
        from: IpAddr,
        at: Time,
    ) -> Result<(Caller, KeyHash), Refusal> {
        let hash = hash(key);
        let is_known = self.known.with(|known| known.contains(&(from, hash)));
        if !is_known {
            self.check_address(from)?;
        }
        let Some(caller) = self.owner(projection, &hash, at) else {
            return Err(self.failed(from, "invalid API key"));
        };
        if !is_known {
            self.known.with(|known| {
                if known.len() >= COUNTERS_MAX {
                    known.clear();
                }
                known.insert((from, hash))
            });
        }
        self.count(&caller)?;
        Ok((caller, hash))
    }

    /// Whether an address may try.
    pub(crate) fn check_address(&self, from: IpAddr) -> Result<(), Refusal> {
        let failed = self.failures.with(|failures| failures.count(&from, MINUTE, Instant::now()));
        if failed >= self.failures_per_minute {
            return Err(Refusal::new(
                Kind::TooMany(60),
                "too many wrong keys and passwords from this address",
            ));
        }
        Ok(())
    }

    /// Counts a failure of an address; gives the refusal.
    pub(crate) fn failed(&self, from: IpAddr, why: &'static str) -> Refusal {
        self.failures.with(|failures| failures.add(from, MINUTE, Instant::now()));
        crate::http::metrics::auth_failed();
        Refusal::new(Kind::Unauthenticated, why)
    }

    /// Whether a failure from an address is to be told of: once a minute, and of so many addresses.
    fn tells(&self, from: IpAddr) -> bool {
        let now = Instant::now();
        self.told.with(|told| {
            told.0.retain(|_, (since, _)| now.saturating_duration_since(*since) < MINUTE);
            told.0.len() < TOLD_PER_MINUTE_MAX && told.add(from, MINUTE, now) == 1
        })
    }

    fn count(&self, caller: &Caller) -> Result<(), Refusal> {
        let user = Arc::clone(&caller.user);
        let requests = self.requests.with(|requests| requests.add(user, SECOND, Instant::now()));
        if requests > self.requests_per_second {
            return Err(Refusal::too_many("too many requests of this user in a second"));
        }
        Ok(())
    }

    /// Whose key this is at a time; nobody's once it has expired.
    pub(crate) fn owner(&self, projection: &Projection, hash: &KeyHash, at: Time) -> Option<Caller> {
        let people = &projection.people;
        if bool::from(self.token.ct_eq(hash)) {
            return Some(Caller::admin(&people.users.values().find(|user| user.admin)?.name));
        }
        let (user, key) = people.by_key_hash(hash)?;
        let limits = people.limits.get(&key.key_id);
        if limits.and_then(|limits| limits.expires).is_some_and(|expires| at >= expires) {
            return None;
        }
        Some(Caller::new(user, limits.and_then(|limits| limits.only.clone())))
    }
}

/// The hash of a key.
pub(crate) fn hash(key: &str) -> KeyHash {
    Sha256::digest(key.as_bytes()).into()
}

/// The key of `Basic api:KEY` or `Bearer KEY`.
fn key_in(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned()).filter(|key| !key.is_empty());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (_, key) = pair.split_once(':')?;
    (!key.is_empty()).then(|| key.to_owned())
}

/// Lets a request through to a route whose role its caller has.
pub(crate) async fn require(
    State((app, role)): State<(Arc<App>, Role)>,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&app, &request) {
        Ok((caller, _)) if role == Role::Admin && !caller.is_admin => {
            Refusal::forbidden("only an admin may do this").into_response()
        }
        Ok((caller, credential)) => {
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(credential);
            next.run(request).await
        }
        Err(refusal) => {
            if refusal.kind == Kind::Unauthenticated && key_in(request.headers()).is_some() {
                note_failure(&app, address(&app, request.headers(), request.extensions()));
            }
            refusal.into_response()
        }
    }
}

/// Makes an event of a key that is none. Whoever tried it need not wait for that.
pub(crate) fn note_failure(app: &Arc<App>, from: IpAddr) {
    if !app.gate.tells(from) {
        return;
    }
    let body = Body::LoginFailed(LoginFailed { from: from.to_string().into() });
    let event = Event { subject: Subject::Store, received: app.store.now(), actor: Arc::from(""), body };
    let app = Arc::clone(app);
    tokio::spawn(async move {
        if let Err(error) = app.store.append(Batch::new(vec![event])).await {
            tracing::warn!(%error, "that a wrong key was tried is not in the log");
        }
    });
}

/// The answer to a method that a path does not have: told only to who has a key.
pub(crate) async fn method_not_allowed(State(app): State<Arc<App>>, request: Request) -> Response {
    match admit(&app, &request) {
        Ok(_) => axum::http::StatusCode::METHOD_NOT_ALLOWED.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn admit(app: &App, request: &Request) -> Result<(Caller, Credential), Refusal> {
    let snapshot = app.store.snapshot();
    if let Some(key) = key_in(request.headers()) {
        let from = address(app, request.headers(), request.extensions());
        let (caller, hash) = app.gate.admit_key(&snapshot.projection, &key, from, app.store.now())?;
        return Ok((caller, Credential::Key(hash)));
    }
    let wanted = || Refusal::new(Kind::Unauthenticated, "an API key is needed");
    let (id, session) = app.sessions.of(request.headers()).ok_or_else(wanted)?;
    let caller = app.gate.owner(&snapshot.projection, &session.key, app.store.now()).ok_or_else(wanted)?;
    app.gate.count(&caller)?;
    let only_reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !only_reads {
        origin::check_origin(request.headers(), request.uri())?;
        if !session.is_meant_by(request.headers()) {
            return Err(Refusal::forbidden("the token of this session is missing; load the page again"));
        }
    }
    Ok((caller, Credential::Session(id, session)))
}

/// The caller's address: the connection's, or what the proxy in front tells.
pub(crate) fn address(app: &App, headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
    let forwarded = || {
        let value = headers.get("x-forwarded-for")?.to_str().ok()?;
        value.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let told = if app.behind_proxy { forwarded() } else { None };
    told.or(peer).unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_read_from_basic_and_bearer_and_from_nothing_else() {
        let key = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            key_in(&headers)
        };
        assert_eq!(key("Basic YXBpOnNlY3JldA=="), Some("secret".into()));
        assert_eq!(key("basic YXBpOmE6Yg=="), Some("a:b".into()));
        assert_eq!(key("Bearer secret"), Some("secret".into()));
        for wrong in ["Basic", "Basic !!!", "Basic YXBp", "Basic YXBpOg==", "Digest x", "Bearer "] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_window_counts_anew_when_it_is_over() {
        let (mut windows, now) = (Windows::default(), Instant::now());
        assert_eq!((windows.add("a", SECOND, now), windows.add("a", SECOND, now)), (1, 2));
        assert_eq!((windows.count(&"a", SECOND, now), windows.count(&"b", SECOND, now)), (2, 0));
        let later = now + SECOND;
        assert_eq!((windows.count(&"a", SECOND, later), windows.add("a", SECOND, later)), (0, 1));
    }
}
