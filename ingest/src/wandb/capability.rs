//! Addresses that carry their own permission: whoever holds one may do the one thing it names, until
//! it expires. The token is what is allowed, and an HMAC-SHA256 over it under the store's secret.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::{ArtifactId, ProjectKey, RunKey, Time};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// How long an address works. The client retries uploads for minutes and downloads at once.
const LIFETIME_NS: i64 = 24 * 60 * 60 * 1_000_000_000;

/// What a token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) method: Method,
    pub(crate) target: Target,
    /// Who asked for it.
    pub(crate) user: Arc<str>,
}

/// What an address leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Target {
    /// A file of a run, by its name.
    RunFile(RunKey, Arc<str>),
    /// All that a run logged, as one file.
    History(RunKey),
    /// A file of an artifact, by its name and the MD5 of its content.
    ArtifactFile(ProjectKey, ArtifactId, Arc<str>, [u8; 16]),
    /// The list of an artifact's files.
    Manifest(ProjectKey, ArtifactId, ManifestKind),
}

/// A list of files on its way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub(crate) struct ManifestKind {
    /// It lists only what comes to the files of `base`.
    pub(crate) is_increment: bool,
    pub(crate) base: Option<ArtifactId>,
    /// The MD5 of the list, where it was told.
    pub(crate) md5: Option<[u8; 16]>,
}

impl Target {
    /// The project whose it is.
    pub(crate) fn project(&self) -> &ProjectKey {
        match self {
            Self::RunFile(run, _) | Self::History(run) => &run.project,
            Self::ArtifactFile(project, ..) | Self::Manifest(project, ..) => project,
        }
    }
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

/// What is signed. The first form is that of every release, of files of runs.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Fields {
    Run(Method, String, String, String, u32, String, String, Time),
    Other(Method, Target, String, Time),
}

impl Fields {
    fn of(grant: &Grant, expiry: Time) -> Self {
        let user = grant.user.to_string();
        match &grant.target {
            Target::RunFile(RunKey { project, run, generation }, file) => {
                let (entity, project) = (project.entity.to_string(), project.project.to_string());
                Self::Run(
                    grant.method,
                    entity,
                    project,
                    run.to_string(),
                    *generation,
                    file.to_string(),
                    user,
                    expiry,
                )
            }
            target => Self::Other(grant.method, target.clone(), user, expiry),
        }
    }

    fn into_grant(self) -> (Grant, Time) {
        match self {
            Self::Run(method, entity, project, run, generation, file, user, expiry) => {
                let run = RunKey { project: ProjectKey::new(entity, project), run: run.into(), generation };
                (Grant { method, target: Target::RunFile(run, file.into()), user: user.into() }, expiry)
            }
            Self::Other(method, target, user, expiry) => {
                (Grant { method, target, user: user.into() }, expiry)
            }
        }
    }
}

impl Signer {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    pub(crate) fn sign(&self, grant: &Grant, now: Time) -> String {
        let fields = Fields::of(grant, now.saturating_add(LIFETIME_NS));
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&fields).unwrap_or_default());
        let mac = URL_SAFE_NO_PAD.encode(self.mac(&payload).finalize().into_bytes());
        format!("{payload}.{mac}")
    }

    /// What a token allows, if it is ours and not expired.
    pub(crate) fn check(&self, token: &str, method: Method, now: Time) -> Option<Grant> {
        let (payload, mac) = token.split_once('.')?;
        self.mac(payload).verify_slice(&URL_SAFE_NO_PAD.decode(mac).ok()?).ok()?;
        let fields: Fields = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let (grant, expiry) = fields.into_grant();
        (grant.method == method && now <= expiry).then_some(grant)
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
        let target = Target::RunFile(run.clone(), "a b#.txt".into());
        let grant = Grant { method: Method::Put, target, user: "alice".into() };
        let token = signer.sign(&grant, 0);
        assert_eq!(signer.check(&token, Method::Put, LIFETIME_NS), Some(grant));
        assert_eq!(signer.check(&token, Method::Put, LIFETIME_NS + 1), None, "expired");
        assert_eq!(signer.check(&token, Method::Get, 0), None, "another method");
        assert_eq!(Signer::new([8; 32]).check(&token, Method::Put, 0), None, "another store");
        let kind =
            ManifestKind { is_increment: true, base: Some(ArtifactId(u64::MAX)), md5: Some([255; 16]) };
        for target in [
            Target::ArtifactFile(run.project.clone(), ArtifactId(1), "é".into(), [9; 16]),
            Target::Manifest(run.project.clone(), ArtifactId(1), kind),
            Target::History(run.clone()),
        ] {
            let grant = Grant { method: Method::Get, target, user: "alice".into() };
            assert_eq!(signer.check(&signer.sign(&grant, 0), Method::Get, 0), Some(grant));
        }
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last characters of base64 may carry unused bits; what they decode to is what counts.
            assert!(signer.check(&forged, Method::Put, 0).is_none(), "byte {at}");
        }
    }
}
