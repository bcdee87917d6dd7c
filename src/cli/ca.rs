//! `seatrial ca`: the certificate of the local authority, and how programs come to trust it.

use std::fs;
use std::path::PathBuf;

use crate::cli::arguments::{AuthorityArguments, CaArguments};
use crate::cli::{Exit, complain, say, warn};
use crate::server::{self, AuthorityError, LocalAuthority};

const CAUTION: &str = "\
Its key is beside it. Who reads that can pretend to be any server to those who trust it: set it for the
programs under test, and on machines for tests alone.";

/// Prints the certificate, or where it is.
pub(super) fn run(arguments: &CaArguments) -> Exit {
    let path = match open(&arguments.authority) {
        Ok(authority) => authority.path(),
        Err(error) => return complain(&error, Exit::Usage),
    };
    if arguments.path {
        say(&path.display());
        return Exit::Fine;
    }
    match fs::read_to_string(&path) {
        Ok(certificate) => say(&certificate.trim_end()),
        Err(error) => return complain(&format_args!("`{}` cannot be read: {error}", path.display()), Exit::Usage),
    }
    warn(&advice(&path.display().to_string()));
    Exit::Fine
}

/// The local authority of this user, or of a folder that was named.
pub(super) fn open(arguments: &AuthorityArguments) -> Result<LocalAuthority, AuthorityError> {
    let directory = arguments.ca_dir.clone().map_or_else(LocalAuthority::usual_directory, Ok::<PathBuf, AuthorityError>)?;
    LocalAuthority::open(&directory, server::wall())
}

/// How to trust it, program by program.
fn advice(path: &str) -> String {
    let rows = [
        ("curl", format!("curl --cacert {path} …")),
        ("Python", format!("SSL_CERT_FILE={path}, and for requests REQUESTS_CA_BUNDLE={path}")),
        ("Node", format!("NODE_EXTRA_CA_CERTS={path}")),
        ("Java", format!("keytool -importcert -noprompt -alias seatrial -file {path} -keystore trust.p12 -storepass changeit")),
        ("", "java -Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit …".to_owned()),
        ("PHP", format!("php -d curl.cainfo={path} -d openssl.cafile={path} …")),
        ("Go, Ruby, .NET on Linux", format!("SSL_CERT_FILE={path}")),
        ("Firefox", "Settings, Certificates, Authorities, Import".to_owned()),
        ("Debian, Chrome on it", format!("cp {path} /usr/local/share/ca-certificates/seatrial.crt && update-ca-certificates")),
        ("macOS, Safari, Chrome", format!("security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {path}")),
        ("Windows, Edge, Chrome", format!("certutil -user -addstore Root {path}")),
    ];
    let rows: String = rows.iter().map(|(program, how)| format!("  {program:<24} {how}\n")).collect();
    format!("\nPrograms trust it like this:\n\n{rows}\n{CAUTION}")
}
