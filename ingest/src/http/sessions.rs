//! Who is signed in with a browser, and the tickets by which `wbq open` signs one in.
//!
//! What holds: a session stands for the key it was begun with, so it ends with that key; it is known by a cookie
//! that no script reads, and a change needs besides the token that only our own page has (S3). Sessions live in
//! memory and end with the server. A ticket works once, for a minute.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use subtle::ConstantTimeEq;

use crate::guarded::Guarded;
use crate::http::auth::{KeyHash, hash};

pub(crate) const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
pub(crate) const TICKET_LIFETIME: Duration = Duration::from_secs(60);
const SESSIONS_MAX: usize = 10_000;
const TICKETS_MAX: usize = 1_000;

/// Names a session: the hash of its cookie, since what is secret is not kept.
pub(crate) type SessionId = [u8; 32];

/// One browser.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The key that it stands for.
    pub(crate) key: KeyHash,
    /// The id of that key where it was made for this session, and goes with it.
    pub(crate) own_key: Option<String>,
    /// What a change must bring along.
    pub(crate) csrf: String,
}

#[derive(Debug)]
pub(crate) struct Sessions {
    cookie: String,
    live: Guarded<Expiring<Session>>,
    tickets: Guarded<Expiring<KeyHash>>,
}

impl Sessions {
    /// For a server at a port: browsers send the cookies of one name to every port of a host.
    pub(crate) fn new(port: u16) -> Self {
        Self {
            cookie: format!("wbq_session_{port}"),
            live: Guarded::new(Expiring::new(SESSIONS_MAX)),
            tickets: Guarded::new(Expiring::new(TICKETS_MAX)),
        }
    }

    /// Begins a session of whoever has `key`, known by `secret`; gives the value of `Set-Cookie`.
    pub(crate) fn begin(&self, secret: &str, session: Session, is_secure: bool) -> String {
        self.live.with(|live| live.put(hash(secret), session, SESSION_LIFETIME, Instant::now()));
        self.set_cookie(secret, SESSION_LIFETIME, is_secure)
    }

    /// Ends a session; gives the value of `Set-Cookie`.
    pub(crate) fn end(&self, id: &SessionId, is_secure: bool) -> String {
        self.live.with(|live| live.take(id, Instant::now()));
        self.set_cookie("", Duration::ZERO, is_secure)
    }

    /// The session that a request's cookie names.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<(SessionId, Session)> {
        let id = hash(cookie(headers, &self.cookie)?);
        let session = self.live.with(|live| live.find(&id, Instant::now()).cloned())?;
        Some((id, session))
    }

    /// Makes `ticket` sign in whoever has `key`, once.
    pub(crate) fn issue(&self, ticket: &str, key: KeyHash) {
        self.tickets.with(|tickets| tickets.put(hash(ticket), key, TICKET_LIFETIME, Instant::now()));
    }

    /// The key that a ticket stands for; it is used up.
    pub(crate) fn redeem(&self, ticket: &str) -> Option<KeyHash> {
        self.tickets.with(|tickets| tickets.take(&hash(ticket), Instant::now()))
    }

    fn set_cookie(&self, value: &str, lifetime: Duration, is_secure: bool) -> String {
        let secure = if is_secure { "; Secure" } else { "" };
        let (name, seconds) = (&self.cookie, lifetime.as_secs());
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }
}

impl Session {
    /// Whether a request brings this session's token along.
    pub(crate) fn is_meant_by(&self, headers: &HeaderMap) -> bool {
        let told = headers.get("x-wbq-csrf").map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
        bool::from(self.csrf.as_bytes().ct_eq(told))
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Values that are forgotten after a time, and the one that would go first where there is no room.
#[derive(Debug)]
struct Expiring<T> {
    values: BTreeMap<[u8; 32], (Instant, T)>,
    max: usize,
}

impl<T> Expiring<T> {
    fn new(max: usize) -> Self {
        Self { values: BTreeMap::new(), max }
    }

    fn put(&mut self, id: [u8; 32], value: T, lifetime: Duration, now: Instant) {
        self.values.retain(|_, (until, _)| *until > now);
        if self.values.len() >= self.max {
            let first = self.values.iter().min_by_key(|(_, (until, _))| *until).map(|(id, _)| *id);
            first.map(|id| self.values.remove(&id));
        }
        self.values.insert(id, (now + lifetime, value));
    }

    fn find(&self, id: &[u8; 32], now: Instant) -> Option<&T> {
        self.values.get(id).filter(|(until, _)| *until > now).map(|(_, value)| value)
    }

    fn take(&mut self, id: &[u8; 32], now: Instant) -> Option<T> {
        self.values.remove(id).filter(|(until, _)| *until > now).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_expires_is_gone_and_the_oldest_makes_room() {
        let (mut values, now) = (Expiring::new(2), Instant::now());
        values.put([1; 32], "a", SECOND, now);
        values.put([2; 32], "b", 5 * SECOND, now);
        values.put([3; 32], "c", 9 * SECOND, now);
        assert_eq!((values.find(&[1; 32], now), values.find(&[2; 32], now)), (None, Some(&"b")));
        let later = now + 5 * SECOND;
        assert_eq!((values.find(&[2; 32], later), values.find(&[3; 32], later)), (None, Some(&"c")));
        assert_eq!((values.take(&[3; 32], later), values.take(&[3; 32], later)), (Some("c"), None));
        values.put([4; 32], "d", SECOND, now);
        assert_eq!(values.take(&[4; 32], later), None, "too late");
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; wbq_session_80=x; wbq_session_8=y"));
        headers.append(header::COOKIE, HeaderValue::from_static("b=2"));
        let found = |name| cookie(&headers, name);
        assert_eq!((found("wbq_session_8"), found("b"), found("wbq_session")), (Some("y"), Some("2"), None));
    }
}
