//! TLS connections to other servers: which certificates are trusted.
//!
//! Trusted are the public authorities and the certificates in the files of `--egress-ca`. A receiver that presents a certificate
//! of such a file is trusted even if that is self-signed, as on a developer's machine. The host name is always checked; no option
//! turns that off. The configuration is made for the first receiver that needs it.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// How much of a file of certificates, or of a key, is read.
pub(super) const LARGEST_FILE: u64 = 4 << 20;

/// Whose certificates are trusted besides those of the public authorities.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    own: Vec<CertificateDer<'static>>,
    config: OnceLock<Arc<ClientConfig>>,
}

/// Why a file of `--egress-ca` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It is not there, or no PEM.
    #[error("`{0}` cannot be read: {1}")]
    Unreadable(PathBuf, pem::Error),
    /// It has nothing between `BEGIN CERTIFICATE` and `END CERTIFICATE`.
    #[error("`{0}` holds no certificate; it takes PEM, which has lines such as `-----BEGIN CERTIFICATE-----`")]
    Empty(PathBuf),
    /// Something in it is no certificate.
    #[error("`{0}` holds something that is no certificate: {1}")]
    Broken(PathBuf, Error),
}

/// Why there is no connection by TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("`{0}` cannot be the name in a certificate")]
    Name(String),
    #[error("no TLS with `{0}`: {1}; `--egress-ca` names authorities, or certificates, that are trusted besides the public ones")]
    Untrusted(String, io::Error),
    #[error("no TLS with `{0}`: {1}")]
    Broken(String, io::Error),
}

impl Trust {
    /// Reads the files of `--egress-ca`.
    ///
    /// # Errors
    /// When one of them has no certificates.
    pub fn read(files: &[PathBuf]) -> Result<Self, TrustError> {
        let mut own = Vec::new();
        for file in files {
            let found = certificates(file)?;
            let mut probe = RootCertStore::empty();
            for certificate in &found {
                probe.add(certificate.clone()).map_err(|error| TrustError::Broken(file.clone(), error))?;
            }
            own.extend(found);
        }
        Ok(Self { own, config: OnceLock::new() })
    }

    /// Makes a TLS connection over `stream`.
    ///
    /// # Errors
    /// When the certificate is not trusted, or not one for `host`.
    pub async fn secure(&self, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))?;
        let connector = TlsConnector::from(Arc::clone(self.config.get_or_init(|| Arc::new(self.configuration(b"http/1.1")))));
        connector.connect(name, stream).await.map_err(|error| {
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
            match cause {
                Some(Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature | CertificateError::Other(_),
                )) => TlsError::Untrusted(host.to_owned(), error),
                _ => TlsError::Broken(host.to_owned(), error),
            }
        })
    }

    /// How connections are made for a protocol.
    pub(crate) fn configuration(&self, protocol: &[u8]) -> ClientConfig {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(self.own.iter().cloned());
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let webpki = webpki.expect("there are roots, and no lists of revoked certificates");
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.expect("the provider has suites for both versions");
        let verifier = Arc::new(Verifier { webpki, own: self.own.clone() });
        let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        config
    }
}

/// The certificates of a PEM file, of which there is one at least.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let unreadable = |error| TrustError::Unreadable(file.to_owned(), error);
    let pem = File::open(file).map_err(pem::Error::Io).map_err(unreadable)?.take(LARGEST_FILE);
    let found = CertificateDer::pem_reader_iter(BufReader::new(pem)).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if found.is_empty() { Err(TrustError::Empty(file.to_owned())) } else { Ok(found) }
}

/// Verifies as usual, except that a certificate of `own` needs no trusted issuer.
#[derive(Debug)]
struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.own.iter().any(|own| own == end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.webpki.verify_server_cert(end_entity, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
