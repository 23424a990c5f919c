//! Requests over real connections of this machine.

use super::*;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves at an address of this machine; returns its URL and the number of connections so far.
async fn serve(status: u16, keep_alive: bool) -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/classify", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = service_fn(move |request: Request<Incoming>| async move {
                assert_eq!(request.method(), "POST");
                assert_eq!(request.headers()["content-type"], "application/json");
                let mut response = Response::new(Full::new(bytes::Bytes::from("{}")));
                *response.status_mut() = status.try_into().unwrap();
                Ok::<_, std::convert::Infallible>(response)
            });
            let connection = http1::Builder::new()
                .keep_alive(keep_alive)
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    (url, connections)
}

/// Signs with the number of signatures so far; not more often than it may.
struct Counting {
    signed: AtomicU64,
    most: u64,
}

#[async_trait::async_trait]
impl Sign for Counting {
    async fn sign(&self, body: &str) -> Result<Vec<(String, String)>, String> {
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let header = ("authorization".to_owned(), format!("{body} {number}"));
        (number < self.most)
            .then(|| vec![header])
            .ok_or_else(|| "the credentials have ended".to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_used_for_a_minute_and_belongs_to_its_body() {
    let signer = Arc::new(Counting {
        signed: AtomicU64::new(0),
        most: 3,
    });
    let bodies = vec!["a".to_owned(), "b".to_owned()];
    let target = Target::post("http://host/x?y", Admission::Signed(signer), bodies).unwrap();
    let request = async |number| {
        let request = target.request(number).await?;
        Some(String::from_utf8(request.to_vec()).unwrap())
    };
    let first = request(0).await.unwrap();
    let expected = "POST /x?y HTTP/1.1\r\nhost: host\r\ncontent-type: application/json\r\n\
                    authorization: a 0\r\ncontent-length: 1\r\n\r\na";
    assert_eq!(first, expected);
    assert!(request(1).await.unwrap().contains("authorization: b 1"));
    sleep(59 * SECOND).await;
    assert_eq!(request(2).await.unwrap(), expected);
    sleep(2 * SECOND).await;
    assert!(request(2).await.unwrap().contains("authorization: a 2"));
    // What cannot be signed is not sent.
    assert_eq!(request(3).await, None);
    let mut caller = HttpCaller::new(Arc::new(target));
    assert_eq!(caller.call(3).await, Kind::Unsigned);
}

#[test]
fn a_header_cannot_begin_another_one() {
    let secret = Admission::Header(http::header::AUTHORIZATION, "a\r\nb: c".to_owned());
    assert!(Target::post("http://host/", secret, vec!["{}".into()]).is_err());
}

async fn call(url: &str, count: u64) -> Vec<Kind> {
    let target = Target::post(url, Admission::Nobody, vec!["{}".into()]).unwrap();
    let mut caller = HttpCaller::new(Arc::new(target));
    let mut kinds = Vec::new();
    for number in 0..count {
        kinds.push(caller.call(number).await);
    }
    kinds
}

#[tokio::test]
async fn a_connection_is_kept_and_made_anew_where_the_server_ends_it() {
    let (url, connections) = serve(200, true).await;
    assert_eq!(call(&url, 3).await, [Kind::Status(200); 3]);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    let (url, connections) = serve(503, false).await;
    assert_eq!(call(&url, 3).await, [Kind::Status(503); 3]);
    assert_eq!(connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        for answer in ["", "no HTTP at all\r\n\r\n"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    assert_eq!(
        call(&url, 3).await,
        [Kind::Closed, Kind::Protocol, Kind::Connect]
    );
}

#[test]
fn only_addresses_of_http_apis_are_taken() {
    for url in [
        "",
        "nowhere",
        "/classify",
        "ftp://host/",
        "file:///etc/passwd",
    ] {
        assert!(Target::get(url).is_err(), "{url}");
    }
    assert!(Target::post("http://host/", Admission::Nobody, Vec::new()).is_err());
}
