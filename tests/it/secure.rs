//! Webhooks to `https://` receivers: the running binary, and a listener in the test that speaks TLS.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, Stream};

use crate::client::admin;
use crate::process::Server;

pub type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate with its key.
pub type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

/// Signs itself, for some names, as `openssl req -x509` does.
pub fn authority(called: &str, names: &[&str]) -> Authority {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("they are names");
    params.distinguished_name.push(DnType::CommonName, called);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, key()).expect("it signs itself")
}

/// A receiver's certificate by an authority.
pub fn signed(by: &Authority, name: &str) -> Identity {
    let key = key();
    let params = CertificateParams::new(vec![name.to_owned()]).expect("it is a name");
    let certificate = params.signed_by(&key, by).expect("it can be signed");
    (certificate.der().clone(), key.into())
}

/// A file with the authority's certificate.
pub fn file(name: &str, authority: &Authority) -> PathBuf {
    let path = std::env::temp_dir().join(format!("seatrial-{}-{name}.pem", std::process::id()));
    fs::write(&path, authority.pem()).expect("a file can be written");
    path
}

/// The name that was asked for and what was sent, or why nothing was.
pub type Received = Result<(Option<String>, String), String>;

/// Answers one webhook over TLS with 204; its port, and what was received.
fn receive((certificate, key): Identity) -> (u16, thread::JoinHandle<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let config = config.expect("the provider has suites").with_no_client_auth().with_single_cert(vec![certificate], key);
    let config = Arc::new(config.expect("certificate and key belong together"));
    let serving = thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection comes");
        let mut tls = ServerConnection::new(config).expect("the configuration is fine");
        let mut text = Vec::new();
        let mut stream = Stream::new(&mut tls, &mut socket);
        let mut part = [0; 4096];
        while !text.ends_with(b"}") {
            match stream.read(&mut part) {
                Ok(0) => return Err("it ended early".to_owned()),
                Ok(count) => text.extend_from_slice(&part[..count]),
                Err(error) => return Err(error.to_string()),
            }
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").map_err(|error| error.to_string())?;
        Ok((tls.server_name().map(str::to_owned), String::from_utf8_lossy(&text).into_owned()))
    });
    (port, serving)
}

/// Sends a test event; what came of the first attempt: `answered` or `silent`.
fn attempt(server: &Server, url: &str, outcome: &str) -> Value {
    let hook = admin(server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
    let id = hook["id"].as_str().expect("an id");
    let sent = admin(server, "POST", &format!("/webhooks/{id}/test"), &json!({}));
    let progress = if outcome == "answered" { "delivered" } else { "failed" };
    let path = format!("/sandboxes/default/deliveries?webhook={id}&progress={progress}&wait=10s");
    let rows = admin(server, "GET", &path, &Value::Null);
    assert_eq!(rows["deliveries"][0]["id"], sent["id"], "nothing like that came of it");
    rows["deliveries"][0]["attempts"][0][outcome].clone()
}

#[test]
fn a_receiver_of_a_trusted_authority_is_told() {
    let ours = authority("ours", &[]);
    let file = file("trusted", &ours);
    let server = Server::start(&["--egress-ca", &file.to_string_lossy()]);
    for (host, told) in [("localhost", Some("localhost")), ("127.0.0.1", None)] {
        let (port, serving) = receive(signed(&ours, host));
        assert_eq!(attempt(&server, &format!("https://{host}:{port}/hook"), "answered")["status"], 204);
        let (name, request) = serving.join().expect("it serves").expect("it is told");
        assert_eq!(name.as_deref(), told);
        assert!(request.starts_with("POST /hook HTTP/1.1\r\n") && request.contains(&format!("Host: {host}:{port}\r\n")), "{request}");
    }
}

#[test]
fn a_certificate_that_signed_itself_is_trusted_by_name() {
    let own = authority("own", &["localhost"]);
    let identity = || (own.der().clone(), PrivateKeyDer::try_from(own.key().serialize_der()).expect("a key"));
    let file = file("own", &own);
    let server = Server::start(&["--egress-ca", &file.to_string_lossy()]);
    let (port, serving) = receive(identity());
    assert_eq!(attempt(&server, &format!("https://localhost:{port}/hook"), "answered")["status"], 204);
    serving.join().expect("it serves").expect("it is told");
    let (port, serving) = receive(identity());
    let problem = attempt(&server, &format!("https://127.0.0.1:{port}/hook"), "silent");
    assert!(problem.as_str().is_some_and(|problem| problem.contains("certificate not valid for name \"127.0.0.1\"")), "{problem}");
    assert!(serving.join().expect("it serves").is_err());
}

#[test]
fn strangers_and_wrong_names_are_told_nothing() {
    let ours = authority("ours", &[]);
    let file = file("strangers", &ours);
    let server = Server::start(&["--egress-ca", &file.to_string_lossy()]);
    let stranger = signed(&authority("theirs", &[]), "localhost");
    let impostor = signed(&authority("ours", &[]), "localhost");
    let misnamed = signed(&ours, "harbor.example");
    for (identity, problems) in [
        (stranger, ["no TLS with `localhost`: invalid peer certificate: UnknownIssuer", "`--egress-ca`"]),
        (impostor, ["no TLS with `localhost`: invalid peer certificate: BadSignature", "`--egress-ca`"]),
        (misnamed, ["certificate not valid for name \"localhost\"", "harbor.example"]),
    ] {
        let (port, serving) = receive(identity);
        let told = attempt(&server, &format!("https://localhost:{port}/hook"), "silent").to_string().replace("\\\"", "\"");
        assert!(problems.iter().all(|problem| told.contains(problem)), "{told}");
        assert!(serving.join().expect("it serves").is_err(), "nothing was sent");
    }
    // Whoever speaks no TLS at all.
    let (url, _heard) = crate::listener::listen("HTTP/1.1 200 OK\r\n\r\n");
    let told = attempt(&server, &url.replace("http:", "https:"), "silent");
    assert!(told.as_str().is_some_and(|told| told.starts_with("no TLS with `127.0.0.1`")), "{told}");
}

#[test]
fn files_without_certificates_are_refused_at_the_start() {
    let path = std::env::temp_dir().join(format!("seatrial-{}-none.pem", std::process::id()));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (text, problem) in [("", "holds no certificate"), (broken, "holds something that is no certificate")] {
        fs::write(&path, text).expect("a file can be written");
        let told = crate::process::run(&["--listen", "127.0.0.1:0", "--egress-ca", &path.to_string_lossy()]);
        assert_eq!(told.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&told.stderr).contains(problem), "{told:?}");
    }
}

/// A server whose certificate nobody trusts; its port, and what came of the connection.
pub fn untrusted() -> (u16, thread::JoinHandle<Received>) {
    receive(signed(&authority("nobody's", &[]), "localhost"))
}
