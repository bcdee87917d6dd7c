//! Compressed streams. What a compressor remembers takes a third of a megabyte, so that a file has one for all its streams.

use miniz_oxide::DataFormat;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output};

/// How hard streams are compressed, as zlib counts it.
pub(super) const QUICK: u8 = 1;
/// Saves a tenth of a label, and takes twice as long.
pub(super) const HARD: u8 = 9;

pub(super) struct Compressor {
    state: CompressorOxide,
    stream: Vec<u8>,
}

impl Compressor {
    pub fn new(level: u8) -> Self {
        let mut state = CompressorOxide::default();
        state.set_format_and_level(DataFormat::Zlib, level);
        Self { state, stream: Vec::with_capacity(8 * 1024) }
    }

    /// The data as a stream in the format of zlib.
    pub fn stream(&mut self, data: &[u8]) -> &[u8] {
        self.state.reset();
        self.stream.clear();
        let stream = &mut self.stream;
        compress_to_output(&mut self.state, data, TDEFLFlush::Finish, |part| {
            stream.extend_from_slice(part);
            true
        });
        stream
    }
}
