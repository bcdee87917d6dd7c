//! Compressed bodies: unpacked, so that secrets in them are found, and packed again without them. Those of which nothing can be said are
//! not shown.

use std::io::{Read, Write as _};

use flate2::Compression;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::bytes::{self, Readable};

/// How many bytes are unpacked.
const MOST: u64 = 1 << 20;

#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Zlib,
    Deflate,
}

/// A body as it was found.
pub(super) enum Found {
    Plain,
    Packed(Packed),
    /// It is compressed, and what is in it cannot be told.
    Opaque,
}

/// A body that was unpacked.
pub(super) struct Packed {
    packing: Packing,
    /// What was in it, with a letter for each byte if it is not UTF-8.
    pub text: String,
    is_binary: bool,
}

/// Looks into a body that has this `Content-Encoding`; one of gzip is known without it.
pub(super) fn look(encoding: &str, body: &[u8]) -> Found {
    let encoding = encoding.trim().to_ascii_lowercase();
    let is_gzip = body.starts_with(&[0x1f, 0x8b]);
    let packings: &[Packing] = match encoding.as_str() {
        _ if is_gzip => &[Packing::Gzip],
        "deflate" => &[Packing::Zlib, Packing::Deflate],
        _ => &[],
    };
    // Who says that it is compressed may be wrong.
    if body.is_empty() || (packings.is_empty() && (matches!(encoding.as_str(), "" | "identity") || std::str::from_utf8(body).is_ok())) {
        return Found::Plain;
    }
    for packing in packings {
        let Some(content) = packing.unpack(body) else { continue };
        if content.len() as u64 > MOST || content.starts_with(&[0x1f, 0x8b]) {
            return Found::Opaque;
        }
        // The end of what it holds may be cut.
        let (text, is_binary) = match bytes::read(&content, true) {
            Readable::Nothing => (String::new(), false),
            Readable::Text(text) => (text.into_owned(), false),
            Readable::Bytes(text) => (text, true),
        };
        return Found::Packed(Packed { packing: *packing, text, is_binary });
    }
    Found::Opaque
}

impl Packing {
    /// What is in a body, as far as it is there; `None` if it is not packed like this.
    fn unpack(self, body: &[u8]) -> Option<Vec<u8>> {
        let mut reader: Box<dyn Read + '_> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(body)),
            Self::Zlib => Box::new(ZlibDecoder::new(body)),
            Self::Deflate => Box::new(DeflateDecoder::new(body)),
        };
        let (mut content, mut buffer) = (Vec::new(), [0; 4096]);
        while content.len() as u64 <= MOST {
            match reader.read(&mut buffer) {
                Ok(0) => return Some(content),
                Ok(count) => content.extend_from_slice(&buffer[..count]),
                Err(_) if content.is_empty() => return None,
                Err(_) => return Some(content),
            }
        }
        Some(content)
    }
}

impl Packed {
    /// A body with another text in it.
    pub fn pack(&self, text: &str) -> Vec<u8> {
        let content = if self.is_binary { bytes::from_letters(text) } else { text.as_bytes().to_vec() };
        let level = Compression::default();
        let packed = match self.packing {
            Packing::Gzip => {
                let mut out = GzEncoder::new(Vec::new(), level);
                out.write_all(&content).and_then(|()| out.finish())
            }
            Packing::Zlib => {
                let mut out = ZlibEncoder::new(Vec::new(), level);
                out.write_all(&content).and_then(|()| out.finish())
            }
            Packing::Deflate => {
                let mut out = DeflateEncoder::new(Vec::new(), level);
                out.write_all(&content).and_then(|()| out.finish())
            }
        };
        packed.expect("writing to memory cannot fail")
    }
}
