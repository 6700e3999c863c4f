//! The certificate that the server shows, and its renewal: SIGHUP has both files read again.
//!
//! What holds: the handler stands once the certificate is read, so from then on SIGHUP never ends
//! the process; files that cannot be read or do not fit leave the certificate that is in use.

use std::path::PathBuf;

use axum_server::tls_rustls::RustlsConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::Error;

/// A certificate chain with its key, and where they stand.
pub(crate) struct Certificate {
    pub(crate) config: RustlsConfig,
    chain: PathBuf,
    key: PathBuf,
    hangup: Signal,
}

impl Certificate {
    /// Reads both files, PEM.
    pub(crate) async fn read(chain: PathBuf, key: PathBuf) -> Result<Self, Error> {
        // Somebody else of this process may have chosen the same provider already.
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let io = |source| Error::Io { doing: "use the certificate", what: chain.clone(), source };
        let config = RustlsConfig::from_pem_file(&chain, &key).await.map_err(io)?;
        let hangup = signal(SignalKind::hangup()).map_err(io)?;
        Ok(Self { config, chain, key, hangup })
    }

    /// Reads both files again at each SIGHUP. Connections that stand keep what they have.
    pub(crate) async fn renew(mut self) {
        while self.hangup.recv().await.is_some() {
            match self.config.reload_from_pem_file(&self.chain, &self.key).await {
                Ok(()) => tracing::info!(chain = ?self.chain, "the certificate was read again"),
                Err(error) => {
                    tracing::error!(%error, chain = ?self.chain, "the certificate in use stays: the new one cannot be used");
                }
            }
        }
    }
}
