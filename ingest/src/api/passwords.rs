//! Signing in with a name and a password, for browsers alone: programs have keys.
//!
//! What is stored of a password is its Argon2id hash, by the parameters that OWASP's cheat sheet on password
//! storage names first (19 MiB, two passes, one lane). Whoever signs in with one is given a key that ends with
//! the session, so that all that keys can do (roles, revocation, the log of who did what) holds here too.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use engine::disk::Entropy;
use engine::{Body, KeyIssued, KeyLimited, KeyLimits, KeyRevoked, PasswordSet, People, Store, Subject, Time};
use tokio::sync::Semaphore;

use super::commands::{CommandError, CommandOutcome, only_admins};
use super::people;
use crate::access::Caller;
use crate::http::auth::KeyHash;
use crate::http::error::Refusal;
use crate::http::{auth, sessions};
use crate::wandb::Act;

/// NIST SP 800-63B: eight at least, and no rules about what they are.
const CHARS_MIN: usize = 8;
/// Else a hash is slow to make.
const BYTES_MAX: usize = 1_000;
/// Each takes 19 MiB and tens of milliseconds of a core.
const CHECKS_AT_ONCE: usize = 2;
static CHECKS: Semaphore = Semaphore::const_new(CHECKS_AT_ONCE);
/// The note of the keys that browsers are given; nobody else's key has it, so it tells which these are.
pub(super) const BROWSERS_NOTE: &str = "signed in with a password";
/// What is checked of users who have no password, so that they take as long as others.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0$pYyGgjvfJBOqqyvKBhwxXIVKOzAPyqpHEZXyyVCsRhc";

/// The hash of a password that a user is to have.
///
/// # Errors
///
/// `Invalid` when it is too short or too long; `Unavailable` when the system gives no random bytes.
pub(super) fn hashed(entropy: &dyn Entropy, password: &str) -> Result<Arc<str>, CommandError> {
    if password.chars().count() < CHARS_MIN {
        return Err(CommandError::Invalid(format!("a password has at least {CHARS_MIN} characters")));
    }
    if password.len() > BYTES_MAX {
        return Err(CommandError::Invalid(format!("a password has at most {BYTES_MAX} bytes")));
    }
    let unavailable = |what: &dyn std::fmt::Display| {
        tracing::error!(error = %what, "a password cannot be hashed");
        CommandError::Unavailable("the password cannot be hashed now".into())
    };
    let mut salt = [0; 16];
    entropy.fill(&mut salt).map_err(|error| unavailable(&error))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| unavailable(&error))?;
    let hash = argon2()
        .and_then(|argon2| argon2.hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()));
    hash.map(Arc::from).map_err(|error| unavailable(&error))
}

fn argon2() -> argon2::password_hash::Result<Argon2<'static>> {
    let params = Params::new(19 << 10, 2, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Sets or takes away a password: one's own, or an admin anybody's. What was begun by the old one ends.
pub(super) async fn set(
    store: &Store,
    caller: &Caller,
    act: &Act,
    user: Option<String>,
    password: &str,
) -> Result<CommandOutcome, CommandError> {
    let user = user.unwrap_or_else(|| caller.user.to_string());
    if *user != *caller.user {
        only_admins(caller)?;
    }
    if caller.only.is_some() {
        return Err(CommandError::Forbidden("a key with a role of its own sets no passwords".into()));
    }
    let hash = if password.is_empty() { Arc::from("") } else { hashed(&*store.world().entropy, password)? };
    let is_set = !hash.is_empty();
    people::decide(store, |people| {
        people::check_user(people, &user)?;
        let set = PasswordSet { user: user.as_str().into(), hash: Arc::clone(&hash) };
        let mut bodies = vec![Body::PasswordSet(set)];
        bodies.extend(ended(people, &user, |_| true));
        Ok(bodies.into_iter().map(|body| act.on(Subject::Store, body)).collect())
    })
    .await?;
    Ok(CommandOutcome::PasswordSet { user, is_set })
}

/// Ends those of the keys that a user's browsers were given.
fn ended(people: &People, user: &str, is_over: impl Fn(&KeyLimits) -> bool) -> Vec<Body> {
    let own = people.keys.values().filter(|key| *key.user == *user);
    let browsers = own.filter(|key| {
        people.limits.get(&key.key_id).is_some_and(|limits| *limits.note == *BROWSERS_NOTE && is_over(limits))
    });
    browsers.map(|key| Body::KeyRevoked(KeyRevoked { key_id: Arc::clone(&key.key_id) })).collect()
}

/// A password that was right: its hash.
pub(super) struct Proven(Arc<str>);

/// Whether somebody has a password. Takes as long for users who have none.
///
/// # Errors
///
/// `TooMany` while others are checked.
pub(super) async fn is_right(store: &Store, user: &str, password: String) -> Result<Option<Proven>, Refusal> {
    let Ok(_turn) = CHECKS.try_acquire() else {
        return Err(Refusal::too_many("too many people sign in at once"));
    };
    if password.len() > BYTES_MAX {
        return Ok(None);
    }
    let stored = store.snapshot().projection.people.passwords.get(user).cloned();
    let hash = stored.clone().unwrap_or_else(|| Arc::from(NOBODYS));
    let checked = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash)?;
        argon2()?.verify_password(password.as_bytes(), &hash)
    });
    match checked.await {
        Ok(checked) => Ok(stored.filter(|_| checked.is_ok()).map(Proven)),
        Err(error) => {
            tracing::error!(%error, "a password was not checked");
            Err(Refusal::unavailable("the password cannot be checked now"))
        }
    }
}

/// A key for a browser of a user who signed in, which ends with the session. Those of earlier sessions that have
/// ended by themselves are taken out of the list.
///
/// # Errors
///
/// `Forbidden` when another password was set meanwhile; as [`people::decide`] else.
pub(super) async fn key_of_browser(
    store: &Store,
    user: &Arc<str>,
    proven: &Proven,
) -> Result<(KeyHash, String), Refusal> {
    let act = Act { actor: Arc::clone(user), now: store.now() };
    let lifetime = Time::try_from(sessions::SESSION_LIFETIME.as_nanos()).unwrap_or(Time::MAX);
    let expires = Some(act.now.saturating_add(lifetime));
    let key = people::drawn(store)?;
    let (id, hash) = (crate::people::key_id(&key), auth::hash(&key));
    people::decide(store, |people| {
        if people.passwords.get(user) != Some(&proven.0) {
            return Err(CommandError::Forbidden("another password was set meanwhile".into()));
        }
        let mut bodies = ended(people, user, |limits| limits.expires.is_some_and(|end| end <= act.now));
        let key_id: Arc<str> = id.as_str().into();
        bodies.push(Body::KeyIssued(KeyIssued { user: Arc::clone(user), key_id: Arc::clone(&key_id), hash }));
        let note = BROWSERS_NOTE.into();
        bodies.push(Body::KeyLimited(KeyLimited { key_id, note, expires, only: None }));
        Ok(bodies.into_iter().map(|body| act.on(Subject::Store, body)).collect())
    })
    .await?;
    Ok((hash, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_checked_by_what_it_says_itself_and_nobodys_by_nothing() {
        let entropy = engine::disk::RealEntropy;
        let hash = hashed(&entropy, "correct horse").unwrap();
        let verify = |hash: &str, password: &str| {
            argon2().unwrap().verify_password(password.as_bytes(), &PasswordHash::new(hash).unwrap())
        };
        assert!(verify(&hash, "correct horse").is_ok());
        assert!(verify(&hash, "correct hors").is_err());
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let wrong = verify(NOBODYS, "anything at all");
        assert!(matches!(wrong, Err(argon2::password_hash::Error::Password)), "{wrong:?}");
        for (password, says) in [("seven77", "at least 8"), (&*"x".repeat(1_001), "at most 1000")] {
            let refused = hashed(&entropy, password).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
