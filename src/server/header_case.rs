//! Header names in the letter case of a vendor.
//!
//! hyper writes names in small letters, or with capitals after each hyphen, and keeps no other spelling of what it sends. A
//! receiver that compares names exactly knows them as its vendor spells them, such as `Shippo-API-Version`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that spells the names of the first request's headers as told.
pub(super) struct HeaderCase<T> {
    stream: T,
    names: Vec<String>,
    /// The head as it is sent, once hyper has written it.
    head: Option<Vec<u8>>,
    sent: usize,
}

impl<T> HeaderCase<T> {
    pub fn new(stream: T, names: Vec<String>) -> Self {
        Self { stream, names, head: None, sent: 0 }
    }
}

/// The head at the beginning of a request, with these names spelled so. No name has another length than before.
fn spelled(request: &[u8], names: &[String]) -> Vec<u8> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").map_or(request.len(), |end| end + 4);
    let mut head = request[..end].to_vec();
    for line in head.split_mut(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = &mut line[..colon];
        if let Some(known) = names.iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name)) {
            name.copy_from_slice(known.as_bytes());
        }
    }
    head
}

impl<T: AsyncRead + Unpin> AsyncRead for HeaderCase<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for HeaderCase<T> {
    /// hyper writes a whole head at once, and what was not taken of it again.
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, names, head, sent } = self.get_mut();
        let head = head.get_or_insert_with(|| spelled(bytes, names));
        if *sent == head.len() {
            return Pin::new(stream).poll_write(cx, bytes);
        }
        let written = ready!(Pin::new(stream).poll_write(cx, &head[*sent..]))?;
        *sent += written;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_and_nothing_else_is_changed() {
        let names = ["X-ABC", "x-d"].map(str::to_owned);
        let sent = b"POST /x-abc: HTTP/1.1\r\nHost: x-abc\r\nX-Abc: x-abc: 1\r\nX-D: 2\r\nX-Abcd: 3\r\n\r\nX-Abc: 4\r\n";
        let expected = "POST /x-abc: HTTP/1.1\r\nHost: x-abc\r\nX-ABC: x-abc: 1\r\nx-d: 2\r\nX-Abcd: 3\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&spelled(sent, &names)), expected);
    }

    #[tokio::test]
    async fn a_head_that_is_taken_in_pieces_is_spelled_throughout() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (near, mut far) = tokio::io::duplex(5);
        let mut stream = HeaderCase::new(near, vec!["X-ABC".to_owned()]);
        let writing = async {
            stream.write_all(b"GET / HTTP/1.1\r\nX-Abc: 1\r\n\r\nX-Abc: body").await.expect("it is read");
            stream.write_all(b", X-Abc: more").await.expect("it is read");
            drop(stream);
        };
        let mut received = String::new();
        let (_, read) = tokio::join!(writing, far.read_to_string(&mut received));
        read.expect("it is text");
        assert_eq!(received, "GET / HTTP/1.1\r\nX-ABC: 1\r\n\r\nX-Abc: body, X-Abc: more");
    }
}
