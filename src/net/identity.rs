//! What a server of this process proves its names with: certificates and their key.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error, ServerConfig};

use crate::net::local_authority::AuthorityError;
use crate::net::tls::{LARGEST_FILE, TrustError, certificates};

/// The protocols that are offered: the same as without TLS.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate with those of its issuers, and its key.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// Why nothing can be served over TLS.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error(transparent)]
    Certificate(#[from] TrustError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error("`{0}` holds no private key that can be read: {1}; it takes PEM, which has lines such as `-----BEGIN PRIVATE KEY-----`")]
    Key(PathBuf, pem::Error),
    #[error("certificate and key cannot be used: {0}")]
    Unusable(#[from] Error),
}

impl Identity {
    /// Reads the PEM files of a certificate, behind which those of its issuers may follow, and of its key.
    ///
    /// # Errors
    /// When one of them lacks what it is for.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, IdentityError> {
        let chain = certificates(certificate)?;
        let read = File::open(key).map_err(pem::Error::Io).and_then(|pem| PrivateKeyDer::from_pem_reader(pem.take(LARGEST_FILE)));
        let key = read.map_err(|error| IdentityError::Key(key.to_owned(), error))?;
        Ok(Self { chain, key })
    }

    /// The configuration of servers that prove their names with it, by TLS 1.2 or 1.3.
    ///
    /// # Errors
    /// When certificate and key do not belong together.
    pub fn server(self) -> Result<Arc<ServerConfig>, IdentityError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_single_cert(self.chain, self.key)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Arc::new(config))
    }
}
