//! A server's life: open, bind, serve, drain, close.

use std::fs::{self, OpenOptions};
use std::future::Future;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsAcceptor;
use engine::{Health, Options, Store};
use serde_json::json;

use crate::api::sql::Sql;
use crate::app::{App, Parts};
use crate::error::Error;
use crate::http::auth::Gate;
use crate::http::connections::Bounded;
use crate::http::metrics;
use crate::http::sessions::Sessions;
use crate::http::tls::Certificate;
use crate::options::{Limits, ServerOptions};
use crate::wandb::capability::Signer;
use crate::{people, routes, scrub, silence};

/// How long requests may take to finish once the server is asked to end.
const DRAIN: Duration = Duration::from_secs(10);
/// How often the store is asked whether it still takes writes.
const HEALTH_CHECK: Duration = Duration::from_millis(250);
/// Tells other commands of this folder whom to ask.
const SERVER_JSON: &str = "server.json";

/// A server that listens, on an open store.
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    url: String,
    admin: people::Admin,
    tls: Option<Certificate>,
    server_json: PathBuf,
    options: ServerOptions,
}

impl Server {
    /// Opens the store, makes the admin and its key at the first start, listens, and leaves
    /// `server.json` in the folder. Connections are accepted once [`Server::serve`] runs.
    ///
    /// # Errors
    ///
    /// [`Error`]: the address cannot be had or would expose keys, the folder cannot be opened.
    pub async fn bind(options: ServerOptions) -> Result<Self, Error> {
        metrics::install();
        let address = resolve(&options.listen).await?;
        if !address.ip().is_loopback() && options.tls.is_none() && !options.behind_proxy {
            return Err(Error::Exposed { address });
        }
        let tls = match options.tls.clone() {
            Some((chain, key)) => Some(Certificate::read(chain, key).await?),
            None => None,
        };
        let mut engine_options = Options::new(&options.dir);
        engine_options.durability = options.durability;
        engine_options.keep_log = options.keep_log;
        engine_options.keep_deleted = options.keep_deleted;
        engine_options.open_damaged = options.open_damaged;
        engine_options.compaction.automatic = true;
        let store = blocking(move || Store::open(engine_options)).await??;
        let admin = people::first_start(&store, options.admin.as_deref()).await?;
        let listener = TcpListener::bind(address).map_err(|source| Error::Io {
            doing: "listen on",
            what: options.listen.clone().into(),
            source,
        })?;
        let address = listener.local_addr().map_err(|source| Error::Io {
            doing: "listen on",
            what: options.listen.clone().into(),
            source,
        })?;
        let url = format!("{}://{}", if tls.is_some() { "https" } else { "http" }, reached_at(address));
        let token = people::new_key(&*store.world().entropy).map_err(people::no_chance)?;
        let server_json = options.dir.join(SERVER_JSON);
        write_server_json(&server_json, &url, &token)?;
        let secret = store.snapshot().projection.store.as_ref().map(|store| store.secret).unwrap_or_default();
        let parts = Parts {
            sql: Sql::new(&options.dir),
            gate: Gate::new(&token, &options.limits),
            sessions: Sessions::new(address.port()),
            limits: options.limits.clone(),
            signer: Signer::new(secret),
            is_loopback: address.ip().is_loopback() && !options.behind_proxy,
            has_tls: tls.is_some(),
            behind_proxy: options.behind_proxy,
            store,
        };
        Ok(Self { app: Arc::new(App::new(parts)?), listener, url, admin, tls, server_json, options })
    }

    /// Where this machine reaches it, as `http://ADDRESS:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the store lacks, as one sentence, where it is served although it is damaged.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let snapshot = self.app.store.snapshot();
        (!snapshot.missing().is_empty()).then(|| snapshot.missing().to_string())
    }

    /// The admin's key, if this start made it. It is shown now or never.
    #[must_use]
    pub fn new_key(&self) -> Option<&str> {
        self.admin.new_key.as_deref()
    }

    /// The admin.
    #[must_use]
    pub fn admin_name(&self) -> &str {
        &self.admin.name
    }

    /// Serves until `shutdown` is done, then drains: no new connections, ten seconds for what is
    /// under way, and the store closed with its last group proven.
    ///
    /// # Errors
    ///
    /// `WritesStopped` when a sync failed meanwhile, `Store` when closing fails, `Io`.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { app, listener, url, tls, server_json, options, .. } = self;
        let router = routes::router(&app).into_make_service_with_connect_info::<SocketAddr>();
        let handle = Handle::new();
        let watcher = tokio::spawn(silence::watch(Arc::clone(&app), options.crash_after));
        let scrubber = tokio::spawn(scrub::watch(Arc::clone(&app), options.scrub_every));
        let ending =
            tokio::spawn(end(Arc::clone(&app), handle.clone(), shutdown, options.readonly_on_sync_error));
        let io = |source| Error::Io { doing: "serve at", what: url.clone().into(), source };
        let server = axum_server::from_tcp(listener).map_err(io)?;
        let bounded = Bounded::new(options.limits.connections);
        let served = match tls {
            Some(certificate) => {
                let acceptor = RustlsAcceptor::new(certificate.config.clone()).acceptor(bounded);
                let renewing = tokio::spawn(certificate.renew());
                let served =
                    configured(server.acceptor(acceptor), &options.limits, handle).serve(router).await;
                renewing.abort();
                served
            }
            None => configured(server.acceptor(bounded), &options.limits, handle).serve(router).await,
        };
        [watcher, scrubber, ending].iter().for_each(tokio::task::JoinHandle::abort);
        let stopped = match app.store.health() {
            Health::Stopped(cause) => Err(Error::WritesStopped { cause }),
            Health::Writable | Health::DiskFull => Ok(()),
        };
        let closed = blocking(move || {
            app.sql.clean();
            app.store.close()
        })
        .await?;
        remove_server_json(&server_json);
        served.map_err(io)?;
        stopped?;
        closed.map_err(Error::from)
    }
}

fn configured<A>(
    mut server: axum_server::Server<SocketAddr, A>,
    limits: &Limits,
    handle: Handle<SocketAddr>,
) -> axum_server::Server<SocketAddr, A>
where
    A: Accept<tokio::net::TcpStream, axum::Router>,
{
    let builder = server.http_builder();
    builder
        .http1()
        .header_read_timeout(limits.head_read)
        .max_buf_size(limits.head_bytes.max(8 << 10))
        .max_headers(limits.header_fields);
    builder
        .http2()
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
    server.first_request_timeout(limits.head_read).handle(handle)
}

/// Waits for the end, asked for or forced by a disk that can no longer be trusted (F7).
async fn end(
    app: Arc<App>,
    handle: Handle<SocketAddr>,
    shutdown: impl Future<Output = ()>,
    stays_readonly: bool,
) {
    tokio::select! {
        () = shutdown => {}
        () = writing_stops(&app), if !stays_readonly => tracing::error!("writing has stopped, so the server ends"),
    }
    app.drain();
    handle.graceful_shutdown(Some(DRAIN));
}

async fn writing_stops(app: &App) {
    while !matches!(app.store.health(), Health::Stopped(_)) {
        tokio::time::sleep(HEALTH_CHECK).await;
    }
}

async fn resolve(listen: &str) -> Result<SocketAddr, Error> {
    let io = |source| Error::Io { doing: "find the address", what: listen.into(), source };
    let mut found = tokio::net::lookup_host(listen).await.map_err(io)?;
    found.next().ok_or_else(|| io(io::ErrorKind::AddrNotAvailable.into()))
}

/// The same port at an address that can be connected to: what listens everywhere is reached at loopback.
fn reached_at(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Io {
        doing: "run work on",
        what: "the store".into(),
        source: io::Error::other(error),
    })
}

/// Mode 0600, whole or not there: others read it at any moment.
fn write_server_json(path: &Path, url: &str, token: &str) -> Result<(), Error> {
    let temporary = path.with_extension("json.tmp");
    let io = |source| Error::Io { doing: "write", what: path.into(), source };
    let body = json!({ "pid": std::process::id(), "url": url, "token": token });
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(io)?;
    file.write_all(body.to_string().as_bytes()).map_err(io)?;
    fs::rename(&temporary, path).map_err(io)
}

fn remove_server_json(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(%error, "server.json could not be removed; others will see that its process is gone");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_reached_at_loopback() {
        for (listens, reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.2:80", "127.0.0.2:80"),
            ("[::1]:80", "[::1]:80"),
            ("10.1.2.3:80", "10.1.2.3:80"),
        ] {
            assert_eq!(reached_at(listens.parse().unwrap()).to_string(), reached);
        }
    }
}
