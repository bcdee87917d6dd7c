//! The yardstick of `cargo xtask bench`: the least that a JSON server on hyper can do for one request. It reads the
//! body, parses it into a `Value`, copies what the answer echoes, serializes the answer and sends it. It knows no
//! vendor, keeps no state and validates nothing; whatever Seatrial needs beyond this is the price of behaving like a
//! carrier.
//!
//! Usage: `bare_server ANSWER.json`, where the file holds `{method, path, status, content_type, body, echo}` and `echo`
//! lists `[pointer into the request, pointer into the answer]` pairs. One answer per process.

use std::{cell::RefCell, convert::Infallible, env, error::Error, fs, rc::Rc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::{net::TcpListener, task::LocalSet};

#[derive(Deserialize)]
struct Recorded {
    method: String,
    path: String,
    status: u16,
    content_type: String,
    body: Value,
    echo: Vec<(String, String)>,
}

struct Answer {
    method: Method,
    path: String,
    status: StatusCode,
    content_type: HeaderValue,
    body: RefCell<Value>,
    echo: Vec<(String, String)>,
}

impl Answer {
    fn read(file: &str) -> Result<Self, Box<dyn Error>> {
        let recorded: Recorded = serde_json::from_slice(&fs::read(file)?)?;
        Ok(Self {
            method: recorded.method.parse()?,
            path: recorded.path,
            status: StatusCode::from_u16(recorded.status)?,
            content_type: recorded.content_type.parse()?,
            body: RefCell::new(recorded.body),
            echo: recorded.echo,
        })
    }

    fn to(&self, request: &Value) -> Vec<u8> {
        let mut body = self.body.borrow_mut();
        for (from, to) in &self.echo {
            if let (Some(value), Some(place)) = (request.pointer(from), body.pointer_mut(to)) {
                place.clone_from(value);
            }
        }
        serde_json::to_vec(&*body).expect("a `Value` always serializes")
    }
}

async fn reply(answer: Rc<Answer>, call: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let known = call.method() == answer.method && call.uri().path_and_query().is_some_and(|path| path.as_str() == answer.path);
    let body = call.into_body().collect().await.map(|body| body.to_bytes());
    let request = match body {
        Ok(bytes) if bytes.is_empty() => Some(Value::Null),
        Ok(bytes) => serde_json::from_slice(&bytes).ok(),
        Err(_) => None,
    };
    let mut response = Response::new(Full::default());
    match request {
        Some(request) if known => {
            *response.status_mut() = answer.status;
            response.headers_mut().insert(CONTENT_TYPE, answer.content_type.clone());
            *response.body_mut() = Full::from(answer.to(&request));
        }
        Some(_) => *response.status_mut() = StatusCode::NOT_FOUND,
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    Ok(response)
}

async fn serve(answer: Rc<Answer>) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("bare ready http={}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = Rc::clone(&answer);
        tokio::task::spawn_local(async move {
            let service = service_fn(|call| reply(Rc::clone(&answer), call));
            // A client that hangs up mid-request is the load generator ending its slice.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("usage: bare_server ANSWER.json")?;
    let answer = Rc::new(Answer::read(&file)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, serve(answer))
}
