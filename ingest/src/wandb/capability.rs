//! Addresses that carry their own permission: whoever holds one may do the one thing it names, until
//! it expires. The token is what is allowed, and an HMAC-SHA256 over it under the store's secret.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::{ProjectKey, RunKey, Time};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// How long an address works. The client retries uploads for minutes and downloads at once.
const LIFETIME_NS: i64 = 24 * 60 * 60 * 1_000_000_000;

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) method: Method,
    pub(crate) run: RunKey,
    /// The file's name.
    pub(crate) file: Arc<str>,
    /// Who asked for it.
    pub(crate) user: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Method {
    Put,
    Get,
}

/// Signs and checks.
#[derive(Clone)]
pub(crate) struct Signer {
    secret: [u8; 32],
}

type Fields = (Method, String, String, String, u32, String, String, Time);

impl Signer {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    pub(crate) fn sign(&self, grant: &Grant, now: Time) -> String {
        let Grant { method, run, file, user } = grant;
        let fields: Fields = (
            *method,
            run.project.entity.to_string(),
            run.project.project.to_string(),
            run.run.to_string(),
            run.generation,
            file.to_string(),
            user.to_string(),
            now.saturating_add(LIFETIME_NS),
        );
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&fields).unwrap_or_default());
        let mac = URL_SAFE_NO_PAD.encode(self.mac(&payload).finalize().into_bytes());
        format!("{payload}.{mac}")
    }

    /// What a token allows, if it is ours and not expired.
    pub(crate) fn check(&self, token: &str, method: Method, now: Time) -> Option<Grant> {
        let (payload, mac) = token.split_once('.')?;
        self.mac(payload).verify_slice(&URL_SAFE_NO_PAD.decode(mac).ok()?).ok()?;
        let fields: Fields = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let (allowed, entity, project, run, generation, file, user, expiry) = fields;
        if allowed != method || now > expiry {
            return None;
        }
        let run = RunKey { project: ProjectKey::new(entity, project), run: run.into(), generation };
        Some(Grant { method, run, file: file.into(), user: user.into() })
    }

    fn mac(&self, payload: &str) -> Hmac<Sha256> {
        // The key is 32 bytes, exactly half of HMAC-SHA256's block, so padding it is all there is to do.
        let mut block = [0u8; 64];
        block.iter_mut().zip(self.secret).for_each(|(to, from)| *to = from);
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
        mac.update(payload.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_allows_what_it_names_and_nothing_else() {
        let signer = Signer::new([7; 32]);
        let run = RunKey { project: ProjectKey::new("alice", "demo"), run: "r é".into(), generation: 2 };
        let grant = Grant { method: Method::Put, run, file: "a b#.txt".into(), user: "alice".into() };
        let token = signer.sign(&grant, 0);
        assert_eq!(signer.check(&token, Method::Put, LIFETIME_NS), Some(grant));
        assert_eq!(signer.check(&token, Method::Put, LIFETIME_NS + 1), None, "expired");
        assert_eq!(signer.check(&token, Method::Get, 0), None, "another method");
        assert_eq!(Signer::new([8; 32]).check(&token, Method::Put, 0), None, "another store");
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last characters of base64 may carry unused bits; what they decode to is what counts.
            assert!(signer.check(&forged, Method::Put, 0).is_none(), "byte {at}");
        }
    }
}
