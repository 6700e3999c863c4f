//! `wbq serve` with a certificate: who trusts it gets in, over TLS alone, and a renewed one is taken
//! without a restart.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::routing::rumour_of;
use crate::sample;
use crate::wbq::{Served, printed, run};

/// Writes a new certificate for loopback and its key; gives the certificate.
fn certify(dir: &Path) -> String {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = made.cert.pem();
    fs::write(dir.join("cert.pem"), &certificate).unwrap();
    fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    certificate
}

fn serve(data: &Path, certificates: &Path, args: &[&str]) -> Served {
    let path = |name: &str| certificates.join(name).display().to_string();
    let (certificate, key) = (path("cert.pem"), path("key.pem"));
    let mut all = vec!["--admin", "ada", "--tls-cert", &certificate, "--tls-key", &key];
    all.extend(args);
    Served::start(data, &all)
}

/// What `/livez` answers, on a connection of its own, to a client that trusts this certificate alone.
fn livez(url: &str, trusted: &str) -> Result<String, ureq::Error> {
    let trusted = Certificate::from_pem(trusted.as_bytes()).unwrap();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[trusted])).build();
    let config = ureq::Agent::config_builder().tls_config(tls).proxy(None).build();
    ureq::Agent::from(config).get(format!("{url}/livez")).call()?.body_mut().read_to_string()
}

#[test]
fn a_server_with_a_certificate_answers_over_tls_alone() {
    let (data, certificates, others) = (sample::folder(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let (trusted, other) = (certify(certificates.path()), certify(others.path()));
    let server = serve(data.path(), certificates.path(), &[]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    assert_eq!(livez(&server.url, &trusted).unwrap(), "{\"status\":\"ok\"}");
    assert!(livez(&server.url, &other).is_err(), "another certificate is not this one");
    let plain = livez(&server.url.replace("https://", "http://"), &trusted);
    assert!(plain.is_err(), "keys never travel in the clear: {plain:?}");
}

#[test]
fn local_commands_reach_a_server_with_a_certificate() {
    let (data, certificates) = (sample::folder(), TempDir::new().unwrap());
    certify(certificates.path());
    // What listens for others needs no proxy then.
    let server = serve(data.path(), certificates.path(), &["--listen", "0.0.0.0:0"]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let edited = run(data.path(), &["edit", "wide", "--name", "new name"]);
    assert_eq!((edited.code, edited.stderr.as_str()), (0, "edited ada/mnist/wide\n"));
    let sql = "SELECT name FROM runs WHERE run_id = 'wide'";
    assert_eq!(printed(rumour_of(data.path()).path(), &[sql]), "{\"name\":\"new name\"}\n");
}

#[test]
fn a_renewed_certificate_is_taken_at_sighup() {
    let (data, certificates) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let first = certify(certificates.path());
    let server = serve(data.path(), certificates.path(), &[]);
    fs::write(certificates.path().join("cert.pem"), "half a certifi").unwrap();
    server.signal("HUP");
    assert!(livez(&server.url, &first).is_ok(), "one that cannot be used replaces nothing");
    let second = certify(certificates.path());
    server.signal("HUP");
    let deadline = Instant::now() + Duration::from_secs(10);
    while livez(&server.url, &second).is_err() {
        assert!(Instant::now() < deadline, "the new certificate is not shown");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(livez(&server.url, &first).is_err(), "the old one is not shown any more");
    assert_eq!(server.stop().0.code(), Some(0));
}

#[test]
fn a_certificate_that_cannot_be_used_is_told() {
    let (data, certificates) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    certify(certificates.path());
    fs::write(certificates.path().join("key.pem"), "no key").unwrap();
    let path = |name: &str| certificates.path().join(name).display().to_string();
    let args = ["serve", "--tls-cert", &path("cert.pem"), "--tls-key", &path("key.pem")];
    let done = run(data.path(), &args);
    assert_ne!(done.code, 0);
    assert!(done.stderr.contains("cannot use the certificate"), "{}", done.stderr);
    assert!(!data.path().join("manifest").exists(), "no store was made");
}
