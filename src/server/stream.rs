//! A connection of a client, with TLS or without. The handshake is part of reading: so the timer that sees silence before the first
//! request, and the seats, are the same for both.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// The head of a record of TLS that has no type: what receives it ends the connection with an alert.
const UNREADABLE: [u8; 5] = [0xff; 5];

/// How long a client is waited for that was told that nothing follows.
const LINGER: Duration = Duration::from_secs(1);

pub(super) enum Stream {
    Plain(TcpStream),
    Handshake(Box<Accept<TcpStream>>),
    Secured(Box<TlsStream<TcpStream>>),
    /// The handshake failed; the client has its alert.
    Refused,
}

impl Stream {
    /// A connection that begins with a handshake.
    pub fn accept(acceptor: &TlsAcceptor, stream: TcpStream) -> Self {
        Self::Handshake(Box::new(acceptor.accept(stream)))
    }

    /// Has closing it send RST.
    pub fn reset(&self) {
        let stream = match self {
            Self::Plain(stream) => Some(stream),
            Self::Secured(stream) => Some(stream.get_ref().0),
            Self::Handshake(_) | Self::Refused => None,
        };
        // Closing with a linger time of zero is what makes the kernel do it.
        let _ = stream.map(TcpStream::set_zero_linger);
    }

    /// Tells that nothing follows, if it is secured and this was not told.
    pub fn close(&mut self) {
        let Self::Secured(stream) = self else { return };
        let (stream, session) = stream.get_mut();
        session.send_close_notify();
        let mut last = Vec::new();
        while session.wants_write() && session.write_tls(&mut last).is_ok() {}
        let _ = stream.try_write(&last);
    }

    /// Sends a fatal alert of TLS, if it is secured.
    pub fn alert(&mut self) {
        let Self::Secured(stream) = self else { return };
        let (stream, session) = stream.get_mut();
        // rustls has alerts for those who break the protocol alone: this is one who does.
        let _ = session.read_tls(&mut &UNREADABLE[..]);
        let _ = session.process_new_packets();
        let mut alert = Vec::new();
        while session.wants_write() && session.write_tls(&mut alert).is_ok() {}
        let _ = stream.try_write(&alert);
    }

    /// Sends nothing more, and closes it once its client has done so too, or a little later.
    pub async fn linger(self) {
        let mut stream = match self {
            Self::Plain(stream) => stream,
            Self::Secured(stream) => stream.into_inner().0,
            Self::Handshake(_) | Self::Refused => return,
        };
        let read = async {
            let mut unread = vec![0; 4 * 1024];
            let _ = stream.shutdown().await;
            while stream.read(&mut unread).await.is_ok_and(|read| read > 0) {}
        };
        let _ = timeout(LINGER, read).await;
    }

    /// Whether it can be read and written: the handshake is over.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Self::Handshake(accept) = self {
            match ready!(Pin::new(accept.as_mut()).poll(cx)) {
                Ok(stream) => *self = Self::Secured(Box::new(stream)),
                Err(error) => {
                    *self = Self::Refused;
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ready(cx))?;
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Secured(stream) => Pin::new(stream.as_mut()).poll_read(cx, buffer),
            Self::Handshake(_) | Self::Refused => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_ready(cx))?;
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Secured(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
            Self::Handshake(_) | Self::Refused => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.poll_ready(cx))?;
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Secured(stream) => Pin::new(stream.as_mut()).poll_write_vectored(cx, slices),
            Self::Handshake(_) | Self::Refused => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// True for both: TLS copies what it encrypts.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secured(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
            Self::Handshake(_) | Self::Refused => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secured(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
            Self::Handshake(_) | Self::Refused => Poll::Ready(Ok(())),
        }
    }
}
