//! Where the caller believes it is: the host it named (S3), and the address that links begin with.
//!
//! What holds: a request that is let through names one host, once, or its line and its `Host` both name this machine.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::http::error::Refusal;

/// Refuses a request that names two hosts, for others on its way may have believed the other one; and one to a
/// loopback server that names another host: a page of a foreign site that had its name point here (DNS rebinding).
pub(crate) async fn check_host(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let fields = request.headers().get_all(header::HOST).iter().count();
    if fields > 1 || (fields == 0 && request.version() == Version::HTTP_11) {
        // Whoever is in front may see other requests here than we do: nothing more is read.
        let close = [(header::CONNECTION, "close")];
        return (close, Refusal::invalid("a request names its host, and once")).into_response();
    }
    let foreign = |host: &&str| app.is_loopback && !is_loopback_name(host);
    let in_line = request.uri().authority().map(Authority::host);
    let is_fine = host(request.headers(), request.uri()).is_some_and(|host| !foreign(&host))
        && in_line.is_none_or(|host| !foreign(&host));
    if is_fine {
        next.run(request).await
    } else {
        Refusal::forbidden("this server answers to localhost only").into_response()
    }
}

fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| uri.authority().map(Authority::as_str))
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Refuses a request that a page of another site makes, or that does not say whose page it is (S3).
pub(crate) fn check_origin(headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    if page.is_some() && page == host(headers, uri) {
        return Ok(());
    }
    Err(Refusal::forbidden("a page of another site may not do this"))
}

/// What links begin with: scheme and host as the caller named them.
pub(crate) fn base_url(app: &App, headers: &HeaderMap, uri: &Uri) -> String {
    let forwarded = headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
    let is_https = app.has_tls || (app.behind_proxy && forwarded == Some("https"));
    let scheme = if is_https { "https" } else { "http" };
    let is_plain =
        |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
    let host = host(headers, uri).filter(is_plain).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::is_loopback_name;

    #[test]
    fn only_names_of_this_machine_pass() {
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:8080", "[::1]", "127.9.9.9"]
        {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "10.0.0.1:80", "", "127.0.0.1.evil.example:80"]
        {
            assert!(!is_loopback_name(host), "{host}");
        }
    }
}
