//! The first start, and keys.

use std::io;
use std::sync::Arc;

use engine::disk::Entropy;
use engine::{Batch, Body, Event, KeyIssued, Store, Subject, UserAdded};

use crate::error::Error;
use crate::http::auth;
use crate::wandb::names;

/// What the part of a key that is checked is made of.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Characters of a key after its first dash. Clients of today want at least 40, older ones exactly
/// 40 (protocol 2.2).
const KEY_CHARS: usize = 40;

/// A new key, `wbq_ID-SECRET`. What follows the dash are 40 letters and digits, 238 bits of chance;
/// what stands before it names the key.
///
/// # Errors
///
/// When the system gives no random bytes.
pub fn new_key(entropy: &dyn Entropy) -> io::Result<String> {
    let mut text = String::from("wbq_");
    random_letters(entropy, 8, &mut text)?;
    text.push('-');
    random_letters(entropy, KEY_CHARS, &mut text)?;
    Ok(text)
}

/// So many letters and digits of chance.
///
/// # Errors
///
/// When the system gives no random bytes.
pub(crate) fn random_name(entropy: &dyn Entropy, count: usize) -> io::Result<String> {
    let mut text = String::new();
    random_letters(entropy, count, &mut text)?;
    Ok(text)
}

/// Appends letters, each as likely as the others: bytes that would favour some are drawn again.
fn random_letters(entropy: &dyn Entropy, count: usize, text: &mut String) -> io::Result<()> {
    let end = text.len() + count;
    while text.len() < end {
        let mut bytes = [0; 64];
        entropy.fill(&mut bytes)?;
        let letters =
            bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| LETTERS.get(*byte as usize % 62));
        text.extend(letters.take(end - text.len()).map(|letter| char::from(*letter)));
    }
    Ok(())
}

/// What names a key without giving it away: its part before the first dash, or the beginning of its
/// hash for one that came from outside.
pub(crate) fn key_id(key: &str) -> String {
    match key.split_once('-') {
        Some((id, _)) if id.starts_with("wbq_") => id.to_owned(),
        _ => {
            let hash = auth::hash(key);
            let shown = hash.first_chunk::<4>().copied().unwrap_or_default();
            format!("key_{:08x}", u32::from_be_bytes(shown))
        }
    }
}

/// Whether the client would send a key (protocol 2.2).
pub(crate) fn check_key(key: &str) -> Result<(), &'static str> {
    let rest = key.split_once('-').map_or(key, |(_, rest)| rest);
    let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if rest.chars().count() < KEY_CHARS || !rest.chars().all(is_plain) {
        return Err("after its first dash a key has at least 40 letters, digits, _ and -");
    }
    Ok(())
}

/// The events that add a user with a key.
pub(crate) fn added(
    name: &str,
    is_admin: bool,
    key: &str,
    actor: &Arc<str>,
    now: engine::Time,
) -> Vec<Event> {
    let name: Arc<str> = Arc::from(name);
    let issued = KeyIssued { user: Arc::clone(&name), key_id: key_id(key).into(), hash: auth::hash(key) };
    let event = |body| Event { subject: Subject::Store, received: now, actor: Arc::clone(actor), body };
    vec![event(Body::UserAdded(UserAdded { name, admin: is_admin })), event(Body::KeyIssued(issued))]
}

/// The admin of a store, and the key that this start made for it if it is the first.
pub(crate) struct Admin {
    pub(crate) name: String,
    pub(crate) new_key: Option<String>,
}

/// Makes sure that the store has an admin.
pub(crate) async fn first_start(store: &Store, wanted: Option<&str>) -> Result<Admin, Error> {
    let snapshot = store.snapshot();
    let projection = &snapshot.projection;
    if let Some(admin) = projection.people.users.values().find(|user| user.admin) {
        return Ok(Admin { name: admin.name.to_string(), new_key: None });
    }
    let name = match wanted {
        Some(name) => name.to_owned(),
        None => os_user(),
    };
    names::check_entity(&name).map_err(|reason| Error::UserName { name: name.clone(), reason })?;
    let key = new_key(&*store.world().entropy).map_err(no_chance)?;
    let seq = projection.seq(&Subject::Store)?;
    let events = added(&name, true, &key, &Arc::from(""), store.now());
    store.append(Batch::new(events).expect(Subject::Store, seq)).await?;
    Ok(Admin { name, new_key: Some(key) })
}

pub(crate) fn no_chance(source: io::Error) -> Error {
    Error::Io { doing: "read random bytes from", what: "the system".into(), source }
}

/// The name of the OS user, made fit for an entity.
fn os_user() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let named = named.filter(|name| !name.is_empty()).or_else(user_of_process).unwrap_or_default();
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    let name: String = named.chars().map(fit).take(64).collect();
    if names::check_entity(&name).is_ok() { name } else { "admin".to_owned() }
}

fn user_of_process() -> Option<String> {
    let pid = sysinfo::get_current_pid().ok()?;
    let mut system = sysinfo::System::new().ok()?;
    let which = sysinfo::ProcessRefreshKind::nothing().with_user(sysinfo::UpdateKind::Always);
    system.refresh_processes_specifics(sysinfo::ProcessesToUpdate::Some(&[pid]), true, which);
    let user = system.process(pid)?.user_id()?;
    let users = sysinfo::Users::new_with_refreshed_list().ok()?;
    Some(users.get_user_by_id(user)?.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_old_and_new_clients_take() {
        let entropy = engine::disk::RealEntropy;
        let key = new_key(&entropy).unwrap();
        let (id, secret) = key.split_once('-').unwrap();
        assert_eq!((secret.len(), check_key(&key), key_id(&key).as_str()), (40, Ok(()), id));
        assert_ne!(key, new_key(&entropy).unwrap());
        assert!(check_key("abc").is_err() && check_key(&format!("local-{}", "a".repeat(40))).is_ok());
        assert!(check_key(&"a b".repeat(20)).is_err());
        assert!(!key_id(&"s".repeat(40)).contains("ss"));
    }
}
