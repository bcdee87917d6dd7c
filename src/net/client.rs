//! An HTTP/1.1 client for one base URL, with one connection that is kept open between requests.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::base::authority;
use crate::net::tls::{TlsError, Trust};

/// How large an answer may be.
const LARGEST: usize = 64 << 20;

/// A client of the server at one base URL.
pub struct Client {
    is_secure: bool,
    host: String,
    port: u16,
    /// What `Host` says unless the request does.
    authority: HeaderValue,
    /// The path of the base URL, without a slash at its end.
    prefix: String,
    trust: Trust,
    timeout: Duration,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("`{0}` is not a base URL, expected one like `http://127.0.0.1:7447`")]
    Url(String),
    #[error("`{0}` cannot be connected to: {1}")]
    Connect(String, io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("`{0}` does not answer within {1} s")]
    Silent(String, u64),
    #[error("`{0}` breaks off: {1}")]
    Broken(String, hyper::Error),
    #[error("the answer of `{0}` cannot be read: {1}")]
    Body(String, Box<dyn std::error::Error + Send + Sync>),
    #[error("`{0}` cannot be asked for")]
    Target(String),
}

impl ClientError {
    /// Whether there was a connection, on which no whole answer came.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Silent(..) | Self::Broken(..) | Self::Body(..))
    }
}

impl Client {
    /// A client for a base URL, each of whose requests may take so long.
    ///
    /// # Errors
    /// When it is no URL of HTTP.
    pub fn new(base_url: &str, trust: Trust, timeout: Duration) -> Result<Self, ClientError> {
        let wrong = || ClientError::Url(base_url.to_owned());
        let url: Uri = base_url.parse().map_err(|_| wrong())?;
        let is_secure = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let text = url.authority().filter(|_| url.query().is_none()).ok_or_else(wrong)?.as_str();
        let (host, port) = authority::split(text).ok_or_else(wrong)?;
        let port = match port {
            Some(digits) => digits.parse().map_err(|_| wrong())?,
            None if is_secure => 443,
            None => 80,
        };
        Ok(Self {
            is_secure,
            host: host.to_owned(),
            port,
            authority: HeaderValue::from_str(text).map_err(|_| wrong())?,
            prefix: url.path().trim_end_matches('/').to_owned(),
            trust,
            timeout,
            connection: Mutex::new(None),
        })
    }

    /// Connects, and asks for nothing yet.
    ///
    /// # Errors
    /// When there is nobody to connect to.
    pub async fn reach(&self) -> Result<(), ClientError> {
        let silent = |_| ClientError::Silent(self.name(), self.timeout.as_secs());
        let sender = tokio::time::timeout(self.timeout, self.connect()).await.map_err(silent)??;
        *self.connection.lock().await = Some(sender);
        Ok(())
    }

    /// Sends a request and waits for all of its answer. `target` is a path, perhaps with a query, below the base URL.
    ///
    /// # Errors
    /// When there is none.
    pub async fn send(&self, method: Method, target: &str, headers: HeaderMap, body: Bytes) -> Result<Reply, ClientError> {
        let silent = |_| ClientError::Silent(self.name(), self.timeout.as_secs());
        tokio::time::timeout(self.timeout, self.exchange(method, target, headers, body)).await.map_err(silent)?
    }

    /// Asks for something that goes on: hands over each piece of the answer as it comes, and returns when it ends, or at once with an
    /// answer of another status than 200. Only its beginning is waited for no longer than usual.
    ///
    /// # Errors
    /// When there is none, or it breaks off.
    pub async fn follow(&self, target: &str, mut headers: HeaderMap, mut each: impl FnMut(&[u8])) -> Result<Reply, ClientError> {
        let broken = |error| ClientError::Broken(self.name(), error);
        let target = format!("{}{target}", self.prefix);
        headers.entry(HOST).or_insert_with(|| self.authority.clone());
        let asking = async {
            let mut sender = self.connect().await?;
            let mut request = Request::get(&target).body(Full::default()).map_err(|_| ClientError::Target(target.clone()))?;
            *request.headers_mut() = headers;
            sender.send_request(request).await.map_err(broken)
        };
        let answer =
            tokio::time::timeout(self.timeout, asking).await.map_err(|_| ClientError::Silent(self.name(), self.timeout.as_secs()))?;
        let (parts, mut body) = answer?.into_parts();
        let status = parts.status.as_u16();
        if status != 200 {
            let body = Limited::new(body, LARGEST).collect().await.map_err(|error| ClientError::Body(self.name(), error))?;
            return Ok(Reply { status, headers: parts.headers, body: body.to_bytes() });
        }
        while let Some(frame) = body.frame().await {
            if let Ok(piece) = frame.map_err(broken)?.into_data() {
                each(&piece);
            }
        }
        Ok(Reply { status, headers: parts.headers, body: Bytes::new() })
    }

    async fn exchange(&self, method: Method, target: &str, headers: HeaderMap, body: Bytes) -> Result<Reply, ClientError> {
        let target = format!("{}{target}", self.prefix);
        let has_body = !body.is_empty() || [Method::POST, Method::PUT, Method::PATCH].contains(&method);
        let length = body.len();
        let mut request =
            Request::builder().method(method).uri(&target).body(Full::new(body)).map_err(|_| ClientError::Target(target.clone()))?;
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        headers.entry(HOST).or_insert_with(|| self.authority.clone());
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!("seatrial/", env!("CARGO_PKG_VERSION"))));
        if has_body {
            headers.entry(CONTENT_LENGTH).or_insert(length.into());
        }
        let broken = |error| ClientError::Broken(self.name(), error);
        let mut kept = self.connection.lock().await;
        let mut sender = match kept.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        // The server may have closed it meanwhile, which is seen by waiting.
        if sender.ready().await.is_err() {
            sender = self.connect().await?;
        }
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|error| ClientError::Body(self.name(), error))?;
        *kept = Some(sender);
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes() })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let connect = |error| ClientError::Connect(self.name(), error);
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(connect)?;
        stream.set_nodelay(true).map_err(connect)?;
        let broken = |error| ClientError::Broken(self.name(), error);
        if self.is_secure {
            let stream = self.trust.secure(&self.host, stream).await?;
            let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
            tokio::spawn(driver);
            return Ok(sender);
        }
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(driver);
        Ok(sender)
    }

    fn name(&self) -> String {
        String::from_utf8_lossy(self.authority.as_bytes()).into_owned()
    }
}
