//! `--tls`: the running binary, and clients that trust its local authority, or a certificate of the user's.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::{self, JSON, admin, send};
use crate::http2::Frame;
use crate::http2::frames::{GOAWAY, HEADERS, RST_STREAM, block, frame, preface};
use crate::process::{Server, run, text};
use crate::secure;
use crate::wire_faults::{ADDRESS, frames, last, sent, switch_on};

pub type Secured = StreamOwned<ClientConnection, TcpStream>;

/// A folder for an authority, which is not there yet.
pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("seatrial-ca-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// A server with a listener for TLS, and the file of its authority.
pub fn start(name: &str, more: &[&str]) -> (Server, PathBuf) {
    let folder = folder(name);
    let server = Server::start(&[&["--tls", "127.0.0.1:0", "--ca-dir", &folder.to_string_lossy()], more].concat());
    (server, folder.join("ca.pem"))
}

/// The part of a client that checks names.
pub fn session(authority: &Path, name: &str, protocols: &[&str]) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).expect("it is PEM")).expect("it is a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let mut config = config.expect("the provider has suites").with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    ClientConnection::new(Arc::new(config), ServerName::try_from(name.to_owned()).expect("it is a name")).expect("it is complete")
}

fn connect(server: &Server, authority: &Path, name: &str, protocols: &[&str]) -> Secured {
    StreamOwned::new(session(authority, name, protocols), client::connect(server.listener("https")))
}

/// What a server answers by HTTP/1.1 until it ends the connection in good order.
fn exchange(mut stream: Secured, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("it is proved, and reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("TLS says that it ends");
    answer
}

const SHIPPO: &str = "authorization: ShippoToken shippo_test_seatrial\r\ncontent-type: application/json\r\nconnection: close\r\n";

fn create(host: &str, path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{SHIPPO}content-length: {}\r\n\r\n{ADDRESS}", ADDRESS.len())
}

#[test]
fn vendors_and_the_admin_api_are_served_over_tls() {
    let (server, authority) = start("served", &[]);
    let address = server.listener("https");
    let listeners = admin(&server, "GET", "/version", &Value::Null)["listeners"].clone();
    assert_eq!(listeners[1], json!({"address": address.to_string(), "vendors": true, "admin": true, "tls": true}));
    assert_eq!(listeners[0]["tls"], Value::Null);
    for name in ["localhost", "127.0.0.1"] {
        let ask = |request: &str| exchange(connect(&server, &authority, name, &["http/1.1"]), request);
        let host = format!("{name}:{}", address.port());
        assert!(ask(&create(&host, "/shippo/addresses/")).starts_with("HTTP/1.1 201 "), "{name}");
        ask(&create(&host, "/shippo/addresses/"));
        let page = ask(&format!("GET /shippo/addresses/?results=1 HTTP/1.1\r\nhost: {host}\r\n{SHIPPO}\r\n"));
        assert!(page.contains(&format!("\"next\": \"https://{host}/shippo/addresses/?")), "{page}");
        let body = r#"{"seed": 1}"#;
        let head =
            format!("POST /_seatrial/sandboxes HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\norigin: https://{host}");
        let made = ask(&format!("{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        assert!(made.starts_with("HTTP/1.1 201 ") && made.contains(&format!("https://{host}/@")), "{made}");
    }
    // A proxy in front of it knows better by which address it was asked.
    let host = format!("localhost:{}\r\nx-forwarded-host: mock.example\r\nx-forwarded-proto: http", address.port());
    let page = exchange(
        connect(&server, &authority, "localhost", &[]),
        &format!("GET /shippo/addresses/?results=1 HTTP/1.1\r\nhost: {host}\r\n{SHIPPO}\r\n"),
    );
    assert!(page.contains("\"next\": \"http://mock.example/shippo/addresses/?"), "{page}");
}

#[test]
fn exports_name_how_a_call_came() {
    let (server, authority) = start("exported", &[]);
    let host = format!("localhost:{}", server.listener("https").port());
    exchange(connect(&server, &authority, "localhost", &["http/1.1"]), &create(&host, "/shippo/addresses/"));
    let plain = server.address().to_string();
    send(&server, "POST", "/shippo/addresses/", &[("host", &plain), ("authorization", "ShippoToken shippo_test_seatrial"), JSON], ADDRESS);
    let har = admin(&server, "GET", "/sandboxes/default/requests/export", &Value::Null);
    let urls = [0, 1].map(|index| har["log"]["entries"][index]["request"]["url"].clone());
    assert_eq!(urls, [json!(format!("https://{host}/shippo/addresses/")), json!(format!("http://{plain}/shippo/addresses/"))]);
    let curl = send(&server, "GET", "/_seatrial/sandboxes/default/requests/export?format=curl", &[], "").body;
    assert!(
        curl.contains(&format!(" 'https://{host}/shippo/addresses/'")) && curl.contains(&format!(" 'http://{plain}/shippo/")),
        "{curl}"
    );
}

#[test]
fn vendors_are_known_by_their_own_names() {
    let (server, authority) = start("names", &["--allow-host", "seatrial.internal"]);
    for (host, path) in [
        ("api.goshippo.com", "/addresses/"),
        ("api.shipmate.co.uk", "/v1.1/tokens"),
        ("api.shiptheory.com", "/v1/token"),
        ("restapi.shiptime.com", "/rest/rates/"),
        ("ssapi.shipstation.com", "/orders"),
        ("api.shipstation.com", "/v2/labels"),
        ("seatrial.internal", "/shippo/addresses/"),
    ] {
        let answer = exchange(
            connect(&server, &authority, host, &["http/1.1"]),
            &format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"),
        );
        assert!(answer.contains("\r\nseatrial-request: "), "{host}: {answer}");
    }
    let stream = connect(&server, &authority, "api.goshippo.com", &["http/1.1"]);
    assert!(exchange(stream, &create("api.goshippo.com", "/addresses/")).starts_with("HTTP/1.1 201 "));
}

#[test]
fn who_may_call_is_decided_as_without_tls() {
    let (server, authority) = start("door", &[]);
    let own = format!("localhost:{}", server.listener("https").port());
    for (path, host, more, status) in [
        ("/shippo/addresses/", "rebound.example", "", "421"),
        ("/_seatrial/sandboxes", "rebound.example", "", "403"),
        ("/_seatrial/sandboxes", own.as_str(), "origin: https://evil.example\r\n", "403"),
        ("/_seatrial/sandboxes", own.as_str(), "", "200"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{more}connection: close\r\n\r\n");
        let answer = exchange(connect(&server, &authority, "localhost", &["http/1.1"]), &request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {host}: {answer}");
    }
    // A name that nobody here has is not proved.
    let mut stream = connect(&server, &authority, "hub.example", &[]);
    let problem = stream.write_all(b"GET / HTTP/1.1\r\n").expect_err("no certificate has the name");
    assert!(problem.to_string().contains("NotValidForName") || problem.to_string().contains("not valid for"), "{problem}");
}

#[test]
fn both_versions_of_http_are_offered() {
    let (server, authority) = start("alpn", &[]);
    for (offered, chosen) in [(vec!["h2", "http/1.1"], "h2"), (vec!["http/1.1"], "http/1.1"), (vec!["http/1.1", "h2"], "h2")] {
        let mut stream = connect(&server, &authority, "localhost", &offered);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("it is proved");
        }
        assert_eq!(stream.conn.alpn_protocol(), Some(chosen.as_bytes()));
    }
    let mut stream = connect(&server, &authority, "localhost", &["h2"]);
    let head = block(&[(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", "/_seatrial/livez")]);
    stream.write_all(&[preface(), frame(HEADERS, 5, 1, &head)].concat()).expect("it reads");
    let answer = std::iter::from_fn(|| Frame::read(&mut stream)).find(|frame| frame.kind == HEADERS).expect("it is answered");
    // The first row of HPACK's table that is a status is 200.
    assert_eq!(answer.payload[0], 0x88);
}

/// Creates an address under a fault by HTTP/1.1: what came, and why it ended, if not in good order.
fn faulted(server: &Server, authority: &Path, fault: &str) -> (Vec<u8>, Option<std::io::Error>) {
    switch_on(server, &json!(fault));
    let mut stream = connect(server, authority, "localhost", &["http/1.1"]);
    stream.write_all(create("localhost", "/shippo/addresses/").as_bytes()).expect("it reads");
    let mut came = Vec::new();
    let ended = stream.read_to_end(&mut came);
    (came, ended.err())
}

#[test]
fn faults_on_the_wire_are_played_over_tls() {
    let (server, authority) = start("faults", &[]);
    for (fault, end, begins, problem) in [
        ("tls_alert", "tls_alert", "", Some("received fatal alert")),
        ("reset", "reset", "", Some("reset")),
        ("h2_reset", "reset", "", Some("reset")),
        ("empty", "empty", "", None),
        ("truncate", "truncated", "HTTP/1.1 201", None),
        ("garbage", "garbage", "\u{fffd}", None),
        ("length_short", "length_short", "HTTP/1.1 201", None),
        ("html_gateway", "html_gateway", "HTTP/1.1 502", None),
    ] {
        let (came, ended) = faulted(&server, &authority, fault);
        let (came, told) = (String::from_utf8_lossy(&came).into_owned(), ended.as_ref().map(ToString::to_string));
        assert!(came.starts_with(begins) && came.is_empty() == begins.is_empty(), "{fault}: {came}");
        match (problem, &told) {
            (Some(problem), Some(told)) => assert!(told.to_lowercase().contains(problem), "{fault}: {told}"),
            // All others end in good order: TLS says that nothing follows.
            (problem, told) => assert_eq!((problem, told), (None, &None), "{fault}"),
        }
        assert_eq!(last(&server)["wire"]["end"], end, "{fault}");
    }
}

#[test]
fn faults_reach_clients_of_http2_over_tls() {
    let (server, authority) = start("faults2", &[]);
    for (fault, kind) in [("h2_reset", Some(RST_STREAM)), ("h2_goaway", Some(GOAWAY)), ("tls_alert", None), ("garbage", Some(RST_STREAM))] {
        switch_on(&server, &json!(fault));
        let mut stream = connect(&server, &authority, "localhost", &["h2"]);
        match kind {
            Some(kind) => {
                let frames = frames(&mut stream);
                assert!(frames.iter().any(|frame| frame.kind == kind), "{fault}: {frames:?}");
            }
            None => {
                stream.write_all(&sent()).expect("it reads");
                let problem = stream.read_to_end(&mut Vec::new()).expect_err("the alert ends it").to_string();
                assert!(problem.contains("received fatal alert"), "{problem}");
            }
        }
        let end = if fault == "garbage" { "h2_reset" } else { fault };
        assert_eq!(last(&server)["wire"]["end"], end, "{fault}");
    }
}

#[test]
fn a_certificate_of_the_user_proves_its_names() {
    let ours = secure::authority("ours", &[]);
    let file = secure::file("tls", &ours);
    let (certificate, key) = secure::signed(&ours, "carriers.internal");
    let write = |name: &str, label: &str, der: &[u8]| {
        let path = std::env::temp_dir().join(format!("seatrial-{}-{name}.pem", std::process::id()));
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
        fs::write(&path, format!("-----BEGIN {label}-----\n{encoded}\n-----END {label}-----\n")).expect("a file can be written");
        path.to_string_lossy().into_owned()
    };
    let certificate = write("tls-cert", "CERTIFICATE", &certificate);
    let fitting = write("tls-key", "PRIVATE KEY", key.secret_der());
    let other = write("tls-other", "PRIVATE KEY", secure::signed(&ours, "carriers.internal").1.secret_der());
    let unused = folder("unused");
    let start = ["--listen", "127.0.0.1:0", "--tls", "127.0.0.1:0", "--allow-host", "carriers.internal"];
    let with = |more: &[&str]| {
        [&start[2..], &["--ca-dir", &unused.to_string_lossy()], more].concat().iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    let arguments = with(&["--tls-cert", &certificate, "--tls-key", &fitting]);
    let server = Server::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let stream = connect(&server, &file, "carriers.internal", &["http/1.1"]);
    assert!(exchange(stream, &create("carriers.internal", "/shippo/addresses/")).starts_with("HTTP/1.1 201 "));
    assert!(!unused.exists(), "no authority is made where none is needed");
    for (more, problem) in [
        (vec!["--tls-cert", &certificate, "--tls-key", &other], "certificate and key cannot be used"),
        (vec!["--tls-cert", &certificate, "--tls-key", &certificate], "holds no private key that can be read"),
        (vec!["--tls-cert", &certificate, "--tls-key", "/dev/zero"], "holds no private key that can be read"),
        (vec!["--tls-cert", &fitting, "--tls-key", &fitting], "holds no certificate"),
        (vec!["--tls-cert", &certificate], "--tls-key"),
    ] {
        let output = run(&[&start[..], &more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(text(&output.stderr).contains(problem), "{}", text(&output.stderr));
    }
}

#[test]
fn the_authority_is_made_once_and_kept_from_others() {
    let folder = folder("kept");
    let place = folder.to_string_lossy().into_owned();
    let racing: Vec<_> = (0..6)
        .map(|_| {
            std::thread::spawn({
                let place = place.clone();
                move || text(&run(&["ca", "--ca-dir", &place]).stdout)
            })
        })
        .collect();
    let printed: Vec<String> = racing.into_iter().map(|one| one.join().expect("it ends")).collect();
    assert!(printed[0].starts_with("-----BEGIN CERTIFICATE-----") && printed.iter().all(|one| *one == printed[0]), "{printed:?}");
    let output = run(&["ca", "--ca-dir", &place]);
    assert!(
        ["curl --cacert", "REQUESTS_CA_BUNDLE=", "NODE_EXTRA_CA_CERTS=", "keytool", "php -d", "Firefox"]
            .iter()
            .all(|word| text(&output.stderr).contains(word))
    );
    let path = text(&run(&["ca", "--path", "--ca-dir", &place]).stdout);
    assert_eq!(fs::read_to_string(path.trim()).expect("it is there"), printed[0]);
    let names: Vec<String> =
        fs::read_dir(&folder).expect("it is there").flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    #[cfg(unix)]
    for name in &names {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.join(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // The next process signs with the same key.
    let server = Server::start(&["--tls", "127.0.0.1:0", "--ca-dir", &place]);
    let stream = connect(&server, Path::new(path.trim()), "localhost", &["http/1.1"]);
    assert!(exchange(stream, &create("localhost", "/shippo/addresses/")).starts_with("HTTP/1.1 201 "));
    fs::write(folder.join("ca-with-key.pem"), "nothing").expect("it can be written");
    let output = run(&["ca", "--ca-dir", &place]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("is no certificate authority any more; once it is removed"), "{}", text(&output.stderr));
    let output = run(&["ca", "--ca-dir", "/dev/null/ca"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot be kept in `/dev/null/ca`"), "{}", text(&output.stderr));
}

/// Whoever does not get through a handshake is dropped like whoever says nothing, and takes no seat from others for long.
#[test]
fn handshakes_that_do_not_end_are_ended() {
    let (server, authority) = start("handshakes", &["--read-timeout", "3s", "--connections", "20"]);
    let mut hello = Vec::new();
    session(&authority, "localhost", &["h2"]).write_tls(&mut hello).expect("a buffer takes all");
    let flood = [&[0x16, 3, 1, 0xff, 0xff][..], &[0; 70_000]].concat();
    let said: [&[u8]; 8] = [
        b"",
        b"\x16",
        &hello[..20],
        &hello,
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"\xff\xff\xff\xff\xff\xff\xff",
        &flood,
        &[&hello[..], &hello].concat(),
    ];
    let mut open: Vec<TcpStream> = Vec::new();
    for bytes in said.iter().cycle().take(64) {
        let mut stream = client::connect(server.listener("https"));
        // It may end before all of it is written.
        let _ = stream.write_all(bytes);
        open.push(stream);
    }
    let mut proved = connect(&server, &authority, "localhost", &["http/1.1"]);
    while proved.conn.is_handshaking() {
        proved.conn.complete_io(&mut proved.sock).expect("there is room for one that is honest");
    }
    let stream = connect(&server, &authority, "localhost", &["http/1.1"]);
    assert!(exchange(stream, &create("localhost", "/shippo/addresses/")).starts_with("HTTP/1.1 201 "));
    for mut stream in open.into_iter().chain([proved.sock]) {
        match stream.read_to_end(&mut Vec::new()) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => panic!("the connection is still open"),
            _ => {}
        }
    }
    assert_eq!(send(&server, "GET", "/_seatrial/health", &[JSON], "").status, 200);
}
