//! The local certificate authority: made on first use, kept in a folder of the user, and asked for a certificate by every process
//! that serves TLS without one of the user's own.
//!
//! Its key does not leave the folder. The certificates that it signs are kept nowhere: each process has one of its own, for all its names.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::net::identity::Identity;

/// The file of the certificate, for programs that shall trust it.
const CERTIFICATE: &str = "ca.pem";
/// The file that says what the authority is: key and certificate. The other one is a copy.
const BOTH: &str = "ca-with-key.pem";

/// How long the authority lasts.
const YEARS: i16 = 10;
/// How long the certificates last that it signs. Apple's systems take none that last for more than 825 days.
const DAYS: i32 = 800;

/// A certificate authority of this user.
pub struct LocalAuthority {
    directory: PathBuf,
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

/// Why there is no local authority, or none that signs.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("this user has no home directory for the local certificate authority: name a folder for it by `--ca-dir`")]
    Homeless,
    #[error("the local certificate authority cannot be kept in `{0}`: {1}")]
    Folder(PathBuf, io::Error),
    #[error("`{0}` is no certificate authority any more; once it is removed, another one is made")]
    Damaged(PathBuf),
    #[error("the local certificate authority cannot sign: {0}")]
    Signing(#[from] rcgen::Error),
}

impl LocalAuthority {
    /// The folder where it is kept unless another one is named: below that for data of the user's programs.
    ///
    /// # Errors
    /// When the user has no home directory.
    pub fn usual_directory() -> Result<PathBuf, AuthorityError> {
        let strategy = etcetera::base_strategy::choose_native_strategy().map_err(|_| AuthorityError::Homeless)?;
        Ok(strategy.data_dir().join("seatrial").join("ca"))
    }

    /// Reads the authority in a folder, and makes one there if there is none. Of several processes that do so at once, one makes it.
    ///
    /// # Errors
    /// When the folder cannot be written, or its files are damaged.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, AuthorityError> {
        let folder = |error| AuthorityError::Folder(directory.to_owned(), error);
        let path = directory.join(BOTH);
        let pem = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = make(now)?;
                make_directory(directory).and_then(|()| keep(&path, &made)).map_err(folder)?;
                fs::read(&path).map_err(folder)?
            }
            read => read.map_err(folder)?,
        };
        let damaged = || AuthorityError::Damaged(path.clone());
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(|_| damaged())?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| damaged())?;
        let key = KeyPair::try_from(&key).map_err(|_| damaged())?;
        let own = Self { directory: directory.to_owned(), certificate, key };
        if fs::read_to_string(own.path()).ok().as_deref() != Some(own.pem(&pem)) {
            publish(&own.path(), own.pem(&pem)).map_err(folder)?;
        }
        Ok(own)
    }

    /// The file of its certificate.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.directory.join(CERTIFICATE)
    }

    /// A certificate for these host names and addresses, which begins to hold a day before `now`: clocks differ.
    ///
    /// # Errors
    /// When one of them can be no name in a certificate.
    pub fn identity(&self, names: Vec<String>, now: Timestamp) -> Result<Identity, AuthorityError> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Seatrial");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        set_dates(&mut params, now, Span::new().days(DAYS));
        let key = KeyPair::generate()?;
        let signed = params.signed_by(&key, &Issuer::new(params_of(&self.key), &self.key))?;
        Ok(Identity { chain: vec![signed.der().clone(), self.certificate.clone()], key: key.into() })
    }

    /// The certificate as it stands in the file.
    fn pem<'p>(&self, both: &'p [u8]) -> &'p str {
        let text = std::str::from_utf8(both).unwrap_or_default();
        text.find("-----BEGIN CERTIFICATE-----").map_or("", |start| &text[start..])
    }
}

/// What a certificate authority is by its key: name and usages, but no dates.
fn params_of(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    // With a part of its own, programs that trust several of them find the one that has signed.
    let own: String = params.key_identifier(key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Seatrial local authority {own}"));
    params.distinguished_name.push(DnType::OrganizationName, "Seatrial, for tests on this machine only");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params
}

/// Key and certificate of a new authority, in PEM.
fn make(now: Timestamp) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = params_of(&key);
    set_dates(&mut params, now, Span::new().years(YEARS));
    Ok(format!("{}{}", key.serialize_pem(), params.self_signed(&key)?.pem()))
}

fn set_dates(params: &mut CertificateParams, now: Timestamp, lasts: Span) {
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    let midnight = |date: Date| date_time_ymd(date.year().into(), part(date.month()), part(date.day()));
    let today = now.to_zoned(TimeZone::UTC).date();
    params.not_before = midnight(today.yesterday().unwrap_or(today));
    params.not_after = midnight(today.saturating_add(lasts));
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Writes a file that is there whole or not at all, unless another process was first.
fn keep(path: &Path, text: &str) -> io::Result<()> {
    let draft = draft(path, text)?;
    match fs::hard_link(&draft, path) {
        // Shared folders of containers, among others, have no hard links.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(draft, path),
        _ => fs::remove_file(draft),
    }
}

/// Writes a file in place of the one that may be there.
fn publish(path: &Path, text: &str) -> io::Result<()> {
    fs::rename(draft(path, text)?, path)
}

/// A new file beside another one, which only its owner may read.
fn draft(path: &Path, text: &str) -> io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    let _ = fs::remove_file(&draft);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&draft)?.write_all(text.as_bytes())?;
    Ok(draft)
}
