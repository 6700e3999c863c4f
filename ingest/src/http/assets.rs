//! The web app: files that are part of the binary, and the same page at every address of the app.
//!
//! What holds: they are public and hold no data. A file whose name has a hash of its content is kept for ever by
//! browsers; the page is asked for each time. Nothing but our own script runs on it (S6), and no foreign page
//! frames it, but for a notebook on this machine that asks for the frame (`?jupyter=true`).

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};

/// What `ui/` was built into, each file with its gzip beside it (`ui/vite.config.ts`).
static APP: Dir<'static> = include_dir!("$WBQ_UI");

const PAGE: &str = "index.html";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'";
const NOBODY_FRAMES: &str = "frame-ancestors 'none'";
const NOTEBOOKS_FRAME: &str =
    "frame-ancestors 'self' http://localhost:* https://localhost:* http://127.0.0.1:* https://127.0.0.1:*";

/// `/`, `/{entity}/{project}/…`: the app, which reads the address itself.
pub(crate) async fn page(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some(file) = contents(PAGE) else { return StatusCode::NOT_FOUND.into_response() };
    let frames = if is_notebook(query.as_deref()) { NOTEBOOKS_FRAME } else { NOBODY_FRAMES };
    let more = [
        (header::CONTENT_SECURITY_POLICY, format!("{POLICY}; {frames}")),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (more, sent(PAGE, file, &headers)).into_response()
}

/// `/assets/{*file}`: scripts, styles, pictures.
pub(crate) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let name = format!("assets/{name}");
    match contents(&name) {
        Some(file) => ([(header::CACHE_CONTROL, IMMUTABLE)], sent(&name, file, &headers)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn contents(name: &str) -> Option<&'static [u8]> {
    APP.get_file(name).map(include_dir::File::contents)
}

/// The client's frame in a notebook.
fn is_notebook(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair == "jupyter=true"))
}

/// The file, packed where the browser takes that.
fn sent(name: &str, file: &'static [u8], headers: &HeaderMap) -> Response {
    let kind = mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream");
    let is_text = kind.starts_with("text/") && !kind.contains("charset");
    let common = [
        (header::CONTENT_TYPE, if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() }),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
    ];
    match contents(&format!("{name}.gz")).filter(|_| takes_gzip(headers)) {
        Some(packed) => (common, [(header::CONTENT_ENCODING, "gzip")], packed).into_response(),
        None => (common, file).into_response(),
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|value| {
        value.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim().eq_ignore_ascii_case("gzip") && weight.replace(' ', "") != "q=0"
        })
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        let takes = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_gzip(&headers)
        };
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("deflate,gzip"));
        assert!(!takes("br") && !takes("gzip; q=0") && !takes("") && !takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn only_a_notebook_that_asks_may_frame_the_page() {
        assert!(is_notebook(Some("jupyter=true")) && is_notebook(Some("a=b&jupyter=true")));
        assert!(!is_notebook(Some("jupyter=trueish")) && !is_notebook(Some("")) && !is_notebook(None));
    }
}
