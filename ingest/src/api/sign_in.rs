//! How a browser signs in and out: by a key that is pasted, by a name and a password, or by a ticket that
//! `wbq open` was given.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::passwords::{self, Proven};
use crate::access::Caller;
use crate::api;
use crate::app::App;
use crate::http::auth::{self, Credential};
use crate::http::error::{Kind, Refusal};
use crate::http::sessions::{Session, TICKET_LIFETIME};
use crate::http::{limits, origin};
use crate::people;
use crate::wandb::Act;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Proof {
    /// An API key.
    Key(String),
    /// A name and what goes with it.
    Password { user: String, password: String },
    /// What `POST /api/tickets` gave.
    Ticket(String),
}

/// Who is signed in.
#[derive(Serialize)]
struct SignedIn<'a> {
    user: &'a str,
    is_admin: bool,
    /// What changes must bring along as `X-Wbq-Csrf`; none where a key came with the request.
    csrf: Option<&'a str>,
    version: &'static str,
}

impl<'a> SignedIn<'a> {
    fn new(caller: &'a Caller, csrf: Option<&'a str>) -> Json<Self> {
        Json(Self { user: &caller.user, is_admin: caller.is_admin, csrf, version: env!("CARGO_PKG_VERSION") })
    }
}

/// `POST /login`: begins a session.
pub(crate) async fn begin(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    // Else a foreign page could sign somebody in as another.
    if parts.headers.contains_key(header::ORIGIN) {
        origin::check_origin(&parts.headers, &parts.uri)?;
    }
    let from = auth::address(&app, &parts.headers, &parts.extensions);
    let is_secure = origin::base_url(&app, &parts.headers, &parts.uri).starts_with("https:");
    let (caller, key, own_key) = match proof(&app, &parts.headers, body).await? {
        Proof::Key(key) => {
            let snapshot = app.store.snapshot();
            let admitted = app.gate.admit_key(&snapshot.projection, key.trim(), from, app.store.now());
            let (caller, key) = admitted.inspect_err(|refusal| {
                if refusal.kind == Kind::Unauthenticated {
                    auth::note_failure(&app, from);
                }
            })?;
            (caller, key, None)
        }
        Proof::Password { user, password } => {
            let (caller, proven) = owner_of(&app, from, &user, password).await?;
            let (key, id) = passwords::key_of_browser(&app.store, &caller.user, &proven).await?;
            (caller, key, Some(id))
        }
        Proof::Ticket(ticket) => {
            let key =
                app.sessions.redeem(&ticket).ok_or_else(|| used_up("it was used, or is a minute old"))?;
            let snapshot = app.store.snapshot();
            let caller = app.gate.owner(&snapshot.projection, &key, app.store.now());
            (caller.ok_or_else(|| used_up("its key is no longer known"))?, key, None)
        }
    };
    let [secret, csrf] = [random(&app)?, random(&app)?];
    let cookie = app.sessions.begin(&secret, Session { key, own_key, csrf: csrf.clone() }, is_secure);
    with_cookie(&cookie, SignedIn::new(&caller, Some(&csrf)))
}

/// Who has that name and password.
async fn owner_of(
    app: &Arc<App>,
    from: IpAddr,
    user: &str,
    password: String,
) -> Result<(Caller, Proven), Refusal> {
    app.gate.check_address(from)?;
    let Some(proven) = passwords::is_right(&app.store, user, password).await? else {
        auth::note_failure(app, from);
        return Err(app.gate.failed(from, "wrong name or password"));
    };
    let snapshot = app.store.snapshot();
    let known = snapshot.projection.people.users.get(user).map(|user| (Caller::new(user, None), proven));
    known.ok_or_else(|| app.gate.failed(from, "wrong name or password"))
}

async fn proof(app: &App, headers: &HeaderMap, body: Body) -> Result<Proof, Refusal> {
    let body = limits::read_json(&app.pool, &app.limits, headers, body).await?;
    serde_json::from_slice(&body.bytes).map_err(|error| {
        Refusal::invalid(format!(
            "the body is no {{\"key\": …}} and no {{\"password\": {{\"user\": …, \"password\": …}}}}: {error}"
        ))
    })
}

fn used_up(why: &str) -> Refusal {
    Refusal::new(Kind::Unauthenticated, format!("this link signs nobody in: {why}; run wbq open again"))
}

/// `GET /api/session`: who is signed in, and the token that changes need.
pub(crate) async fn show(
    Extension(caller): Extension<Caller>,
    Extension(credential): Extension<Credential>,
) -> Response {
    let csrf = match &credential {
        Credential::Session(_, session) => Some(session.csrf.as_str()),
        Credential::Key(_) => None,
    };
    ([(header::CACHE_CONTROL, "no-store")], SignedIn::new(&caller, csrf)).into_response()
}

/// `DELETE /api/session`: signs out.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(credential): Extension<Credential>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let Credential::Session(id, session) = credential else {
        return Err(Refusal::invalid("a key is not signed out; it is revoked"));
    };
    if let Some(key) = session.own_key {
        let act = Act { actor: Arc::clone(&caller.user), now: app.store.now() };
        api::people::revoke(&app.store, &caller, &act, key).await?;
    }
    let is_secure = origin::base_url(&app, &headers, &uri).starts_with("https:");
    with_cookie(&app.sessions.end(&id, is_secure), Json(json!({})))
}

/// `POST /api/tickets`: what signs in a browser of the caller, once.
pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    Extension(credential): Extension<Credential>,
) -> Result<Response, Refusal> {
    let ticket = random(&app)?;
    app.sessions.issue(&ticket, credential.key());
    let told = json!({ "ticket": ticket, "expires_in_seconds": TICKET_LIFETIME.as_secs() });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(told)).into_response())
}

fn random(app: &App) -> Result<String, Refusal> {
    people::new_key(&*app.store.world().entropy).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        Refusal::unavailable("the system gives no random bytes")
    })
}

fn with_cookie(cookie: &str, answer: impl IntoResponse) -> Result<Response, Refusal> {
    let cookie = HeaderValue::from_str(cookie).map_err(|error| {
        tracing::error!(%error, "a cookie cannot be written");
        Refusal::unavailable("the cookie cannot be written")
    })?;
    let no_store = HeaderValue::from_static("no-store");
    Ok(([(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, no_store)], answer).into_response())
}
