//! The one map from what went wrong to a status.
//!
//! What holds: a condition that passes (full, overloaded, closing, cause unknown) is 429 or 503 with
//! `Retry-After`. The client gives a run's upload up for good on 400, 401, 403, 404, 409, 410, 413,
//! 422 and 501, so those are only for what will stay wrong (RELIABILITY 1).

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::ErrorKind;

/// Why a request is not served, for the one who asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    pub(crate) message: Cow<'static, str>,
}

/// What the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Send something else.
    Invalid,
    /// Sign in.
    Unauthenticated,
    /// Ask somebody who may.
    Forbidden,
    /// Name something that is there.
    NotFound,
    /// Send less.
    TooLarge,
    /// Send faster, or again.
    TooSlow,
    /// Come back in so many seconds: too much at once.
    TooMany(u32),
    /// Come back in so many seconds: it will work again.
    Unavailable(u32),
}

impl Kind {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Seconds after which the same request may succeed.
    pub(crate) fn retry_after(self) -> Option<u32> {
        match self {
            Self::TooMany(seconds) | Self::Unavailable(seconds) => Some(seconds),
            _ => None,
        }
    }
}

impl Refusal {
    pub(crate) fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    pub(crate) fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, message)
    }

    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    pub(crate) fn too_large(what: &str, max: u64) -> Self {
        Self::new(Kind::TooLarge, format!("{what} is larger than {max} bytes"))
    }

    pub(crate) fn too_many(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::TooMany(1), message)
    }

    pub(crate) fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unavailable(1), message)
    }
}

impl From<engine::Error> for Refusal {
    fn from(error: engine::Error) -> Self {
        let is_full = matches!(error, engine::Error::DiskFull);
        match error.kind() {
            // Sent again it may come whole (F15).
            _ if matches!(error, engine::Error::UploadDiffers { .. }) => Self::unavailable(error.to_string()),
            ErrorKind::Invalid => Self::invalid(error.to_string()),
            ErrorKind::NotFound => Self::not_found(error.to_string()),
            ErrorKind::Unavailable if is_full => {
                Self::new(Kind::Unavailable(30), "disk_full: the disk is full")
            }
            ErrorKind::Unavailable => Self::unavailable(error.to_string()),
            // Files and offsets are for the log and for `wbq verify`, not for the wire (S8).
            ErrorKind::Conflict
            | ErrorKind::Damaged
            | ErrorKind::Locked
            | ErrorKind::TooNew
            | ErrorKind::Io => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
                Self::unavailable("the store cannot answer this now; its log says why")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "errors": [{ "message": self.message }] });
        let mut response = (self.kind.status(), axum::Json(body)).into_response();
        crate::http::metrics::rejected(self.kind);
        if let Some(seconds) = self.kind.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What a request gets whose handler panicked. The cause is unknown, so it may pass.
pub(crate) fn after_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request panicked");
    Refusal::unavailable("this request failed inside the server; its log says why").into_response()
}
