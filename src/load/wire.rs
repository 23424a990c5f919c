//! One connection over which HTTP/1.1 is spoken, request after request.
//!
//! A whole HTTP client would do more for each request than the service that is measured; here the bytes
//! of a request are written as they are, and of an answer only what tells where it ends is read.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Buf, BytesMut};
use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Headers of an answer that are read, more than any server sends.
const HEADERS: usize = 64;
/// Longest head of an answer, and longest line of a body in chunks.
const LONGEST_HEAD: usize = 64 * 1024;
/// Bytes that are read at once.
const PIECE: usize = 8 * 1024;

/// What goes over a connection, plainly or over TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    /// What was read and belongs to what comes next.
    buffer: BytesMut,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection ended before the answer did.
    Closed,
    /// What came was no HTTP answer.
    Protocol,
}

impl From<io::Error> for Trouble {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

/// An answer that has wholly come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether the connection can be used again.
    pub(super) lasts: bool,
}

/// The beginning of an answer.
struct Head {
    status: u16,
    lasts: bool,
    body: Body,
}

/// Where the body of an answer ends.
enum Body {
    After(u64),
    Chunks,
    WithTheConnection,
}

impl Wire {
    pub(super) fn over(stream: impl Stream + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            buffer: BytesMut::with_capacity(PIECE),
        }
    }

    /// Whether a request can be sent: the server has neither ended the connection since the last answer,
    /// nor sent something that nobody asked for.
    pub(super) async fn is_quiet(&mut self) -> bool {
        let mut byte = [0; 1];
        let mut read = ReadBuf::new(&mut byte);
        let stream = &mut self.stream;
        poll_fn(|context| {
            let read = Pin::new(&mut *stream).poll_read(context, &mut read);
            Poll::Ready(read.is_pending())
        })
        .await
    }

    /// Sends a request and waits for its whole answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<Answer, Trouble> {
        // A server that refuses may end the connection before it has read everything: its answer counts.
        let sent = self.stream.write_all(request).await;
        let head = match self.head().await {
            Err(Trouble::Closed) => {
                sent?;
                return Err(Trouble::Closed);
            }
            head => head?,
        };
        let whole = match head.body {
            Body::After(length) => self.skip(length).await.map(|()| true),
            Body::Chunks => self.chunks().await.map(|()| true),
            Body::WithTheConnection => self.rest().await.map(|()| false),
        }?;
        Ok(Answer {
            status: head.status,
            lasts: whole && head.lasts && sent.is_ok() && self.buffer.is_empty(),
        })
    }

    /// Reads the head of an answer, past those that only say that it will come.
    async fn head(&mut self) -> Result<Head, Trouble> {
        loop {
            let head = self.parsed(Head::parse).await?;
            if head.status >= 200 || head.status == 101 {
                return Ok(head);
            }
        }
    }

    async fn chunks(&mut self) -> Result<(), Trouble> {
        loop {
            let chunk =
                |bytes: &[u8]| httparse::parse_chunk_size(bytes).map_err(|_| Trouble::Protocol);
            let length = self.parsed(chunk).await?;
            if length == 0 {
                break;
            }
            // The line end after it is a part of it.
            self.skip(length.saturating_add(2)).await?;
        }
        while self.parsed(|bytes| Ok(line(bytes))).await? > 0 {}
        Ok(())
    }

    async fn rest(&mut self) -> Result<(), Trouble> {
        self.buffer.clear();
        while self.more().await? > 0 {
            self.buffer.clear();
        }
        Ok(())
    }

    async fn skip(&mut self, length: u64) -> Result<(), Trouble> {
        let mut left = length;
        loop {
            let there = self
                .buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            self.buffer.advance(there);
            left -= there as u64;
            if left == 0 {
                return Ok(());
            }
            self.buffer.clear();
            self.filled().await?;
        }
    }

    /// Reads until `parse` has what it looks for, and takes that off.
    async fn parsed<T>(
        &mut self,
        parse: impl Fn(&[u8]) -> Result<Status<(usize, T)>, Trouble>,
    ) -> Result<T, Trouble> {
        loop {
            if !self.buffer.is_empty()
                && let Status::Complete((length, found)) = parse(&self.buffer)?
            {
                self.buffer.advance(length);
                return Ok(found);
            }
            if self.buffer.len() > LONGEST_HEAD {
                return Err(Trouble::Protocol);
            }
            self.filled().await?;
        }
    }

    async fn filled(&mut self) -> Result<(), Trouble> {
        match self.more().await? {
            0 => Err(Trouble::Closed),
            _ => Ok(()),
        }
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.buffer.reserve(PIECE);
        self.stream.read_buf(&mut self.buffer).await
    }
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Status<(usize, Self)>, Trouble> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        let Status::Complete(length) = answer.parse(bytes).map_err(|_| Trouble::Protocol)? else {
            return Ok(Status::Partial);
        };
        let status = answer.code.ok_or(Trouble::Protocol)?;
        let mut head = Self {
            status,
            lasts: answer.version == Some(1),
            body: Body::WithTheConnection,
        };
        for header in answer.headers {
            head.note(header)?;
        }
        // "Message Body Length", RFC 9112: these have none, whatever their headers say.
        if status < 200 || matches!(status, 204 | 304) {
            head.body = Body::After(0);
        }
        Ok(Status::Complete((length, head)))
    }

    fn note(&mut self, header: &httparse::Header<'_>) -> Result<(), Trouble> {
        let value = || std::str::from_utf8(header.value).map_err(|_| Trouble::Protocol);
        if header.name.eq_ignore_ascii_case("content-length") {
            if !matches!(self.body, Body::Chunks) {
                let length = value()?.trim().parse().map_err(|_| Trouble::Protocol)?;
                self.body = Body::After(length);
            }
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let chunked = value()?.trim().to_ascii_lowercase().ends_with("chunked");
            self.body = if chunked {
                Body::Chunks
            } else {
                Body::WithTheConnection
            };
        } else if header.name.eq_ignore_ascii_case("connection") {
            let value = value()?.to_ascii_lowercase();
            let has = |word: &str| value.split(',').any(|each| each.trim() == word);
            self.lasts = !has("close") && (self.lasts || has("keep-alive"));
        }
        Ok(())
    }
}

/// A line and its end; tells how long it is without.
fn line(bytes: &[u8]) -> Status<(usize, usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    end.map_or(Status::Partial, |end| {
        let text = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
        Status::Complete((end + 1, text.len()))
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// What comes of a request when this is what the server sends, through a pipe of so many bytes,
    /// before it ends the connection.
    async fn answered(bytes: &[u8], pipe: usize) -> Result<Answer, Trouble> {
        let (client, mut server) = duplex(pipe);
        let asking = async move { Wire::over(client).ask(b"GET").await };
        let answering = async move {
            let mut request = [0; 3];
            server.read_exact(&mut request).await.unwrap();
            // Whoever has an answer hangs up.
            drop(server.write_all(bytes).await);
        };
        tokio::join!(asking, answering).0
    }

    async fn outcome(text: &str) -> Result<(u16, bool), Trouble> {
        let whole = answered(text.as_bytes(), 64 * 1024).await;
        let in_pieces = answered(text.as_bytes(), 3).await;
        assert_eq!(whole, in_pieces, "{text}");
        whole.map(|answer| (answer.status, answer.lasts))
    }

    #[tokio::test]
    async fn an_answer_ends_where_its_head_says() {
        for (text, status, lasts) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 200, true),
            ("HTTP/1.1 429 X\r\nContent-Length:0\r\n\r\n", 429, true),
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, true),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
                200,
                true,
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nTransfer-Encoding: chunked\r\n\r\n\
                 3;a=b\r\nabc\r\n1\r\n\n\r\n0\r\nTrailer: x\r\n\r\n",
                200,
                true,
            ),
            ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, false),
            (
                "HTTP/1.1 503 X\r\nconnection: TE, Close\r\ncontent-length: 1\r\n\r\nx",
                503,
                false,
            ),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", 200, false),
            (
                "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n",
                200,
                true,
            ),
        ] {
            assert_eq!(outcome(text).await, Ok((status, lasts)), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_no_whole_answer_is_told_apart() {
        for (text, trouble) in [
            ("", Trouble::Closed),
            ("HTTP/1.1 200 OK\r\ncontent-le", Trouble::Closed),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{",
                Trouble::Closed,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
                Trouble::Closed,
            ),
            ("SSH-2.0-OpenSSH\r\n\r\n", Trouble::Protocol),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
                Trouble::Protocol,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
                Trouble::Protocol,
            ),
        ] {
            assert_eq!(outcome(text).await, Err(trouble), "{text}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(2 * LONGEST_HEAD));
        let answer = answered(endless.as_bytes(), 8 * 1024).await;
        assert_eq!(answer, Err(Trouble::Protocol));
    }

    #[tokio::test]
    async fn a_connection_is_quiet_until_it_ends_or_somebody_speaks_unasked() {
        let (client, mut server) = duplex(64);
        let mut wire = Wire::over(client);
        assert!(wire.is_quiet().await);
        server.write_all(b"?").await.unwrap();
        assert!(!wire.is_quiet().await);
        assert!(wire.is_quiet().await);
        drop(server);
        assert!(!wire.is_quiet().await);
        // What comes after the answer belongs to none.
        let two = b"HTTP/1.1 204 X\r\n\r\nHTTP/1.1 204 X\r\n\r\n";
        let answer = answered(two, 1024).await;
        assert!(!answer.unwrap().lasts);
    }
}
