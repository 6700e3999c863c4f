//! The one table of addresses: method, path, who may call, what answers (S2). A path that is not in
//! it is 404 before anybody is asked for a key.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, any, delete, get, options, post, put};
use tower_http::catch_panic::CatchPanicLayer;

use crate::api;
use crate::app::App;
use crate::http::{assets, auth, error, health, metrics, origin, trace};
use crate::wandb::{files, filestream, graphql};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Anybody.
    Public,
    /// Whoever holds the address: it carries its own permission.
    Capability,
    /// Whoever has a key; the handler checks what it may change.
    User,
    /// An admin's key.
    Admin,
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteInfo {
    /// The HTTP method; `*` stands for all.
    pub method: &'static str,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub role: Role,
}

struct Route {
    info: RouteInfo,
    handler: MethodRouter<Arc<App>>,
}

/// Addresses of the web app: it is at each of them, and asks for what it shows with the caller's session.
const PAGES: [&str; 14] = [
    "/",
    "/login",
    "/authorize",
    "/sql",
    "/{entity}",
    "/{entity}/{project}",
    "/{entity}/{project}/workspace",
    "/{entity}/{project}/table",
    "/{entity}/{project}/runs",
    "/{entity}/{project}/runs/{run}",
    "/{entity}/{project}/runs/{run}/{tab}",
    "/{entity}/{project}/artifacts/{kind}/{name}",
    "/{entity}/{project}/artifacts/{kind}/{name}/{version}",
    "/{entity}/{project}/{run}",
];

/// A file of an artifact, for who has a key. The client does not encode the name.
const ARTIFACT_FILE: &str = "/artifactsV2/{region}/{entity}/{project}/{collection}/{born}/{md5}/{*name}";

fn route(method: &'static str, path: &'static str, role: Role, handler: MethodRouter<Arc<App>>) -> Route {
    Route { info: RouteInfo { method, path, role }, handler }
}

fn table() -> Vec<Route> {
    use Role::{Admin, Capability, Public, User};
    [
        route("GET", "/livez", Public, get(health::livez)),
        route("GET", "/readyz", Public, get(health::readyz)),
        // The client's telemetry: anything but 404 makes it send more (protocol 1, rule 8).
        route("*", "/sdk/{*rest}", Public, any(|| async { StatusCode::NOT_FOUND })),
        route("PUT", "/upload/{token}", Capability, put(files::put)),
        route("GET", "/files/{token}", Capability, get(files::get)),
        route("OPTIONS", "/files/{token}", Capability, options(files::options)),
        // The same with a name behind it: of a manifest the client expects one.
        route("PUT", "/upload/{token}/{name}", Capability, put(files::put)),
        route("GET", "/files/{token}/{name}", Capability, get(files::get)),
        route("OPTIONS", "/files/{token}/{name}", Capability, options(files::options)),
        route("GET", ARTIFACT_FILE, User, get(files::get_by_md5)),
        route("POST", "/graphql", User, post(graphql::post)),
        route("POST", "/files/{entity}/{project}/{run}/file_stream", User, post(filestream::post)),
        route("POST", "/sql", User, post(api::sql::post)),
        route("GET", "/api/events", User, get(api::events::get)),
        route("POST", "/api/chart", User, post(api::chart::post)),
        route("POST", "/api/runs", User, post(api::runs::post)),
        route("POST", "/api/commands", User, post(api::commands::post)),
        route("POST", "/api/import/wandb", User, post(api::import::post)),
        route("POST", "/login", Public, post(api::sign_in::begin)),
        route("GET", "/api/session", User, get(api::sign_in::show)),
        route("DELETE", "/api/session", User, delete(api::sign_in::end)),
        route("POST", "/api/tickets", User, post(api::sign_in::issue)),
        route("GET", "/metrics", Admin, get(metrics::render)),
        route("GET", "/assets/{*file}", Public, get(assets::file)),
    ]
    .into_iter()
    .chain(PAGES.map(|path| route("GET", path, Public, get(assets::page))))
    .collect()
}

/// The table, for tests and documentation.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    table().into_iter().map(|route| route.info).collect()
}

/// The table as a service.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for Route { info, handler } in table() {
        let is_open = matches!(info.role, Role::Public | Role::Capability);
        let guard = || from_fn_with_state((Arc::clone(app), info.role), auth::require);
        router = router.route(info.path, if is_open { handler } else { handler.route_layer(guard()) });
    }
    router
        .method_not_allowed_fallback(auth::method_not_allowed)
        .layer(CatchPanicLayer::custom(error::after_panic))
        .layer(from_fn(trace::trace))
        .layer(from_fn_with_state(Arc::clone(app), origin::check_host))
        .with_state(Arc::clone(app))
}
