//! What comes before the answer of another server, such as `100 Continue`: so many of them are read, and then the connection ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::Request;
use tokio::io::{AsyncRead, ReadBuf};

/// How many interim answers a request may have. Servers send one or two.
const MOST: usize = 100;

/// A connection from which nothing is read any more when too many interim answers have come.
pub(super) struct Bounded<R> {
    reader: R,
    count: Arc<AtomicUsize>,
}

impl<R> Bounded<R> {
    /// Counts the interim answers to a request that is sent on a connection.
    pub fn new<B>(reader: R, request: &mut Request<B>) -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        hyper::ext::on_informational(request, move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        Self { reader, count }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.count.load(Ordering::Relaxed) > MOST {
            return Poll::Ready(Err(io::Error::other(format!("more than {MOST} interim answers came"))));
        }
        Pin::new(&mut self.reader).poll_read(context, buffer)
    }
}
