//! The connection to a function's process: frames of a JSON header and a body, over loopback.

use std::io;

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Largest block that is accepted, bytes: Lambda's 6 MB and the longest error around it.
const LARGEST_BLOCK: u32 = 16 << 20;

/// Connections that may fail to prove themselves before the function counts as unreachable.
const STRANGERS: usize = 16;

/// A frame from the process.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) header: Header,
    pub(super) body: Vec<u8>,
}

/// Header of a frame from the process.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Header {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) token: String,
    /// Most memory that the process ever used, MiB.
    #[serde(default)]
    pub(super) memory_mb: u64,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// Accepts the connection that knows the token; others are closed.
    pub(super) async fn accept(listener: &TcpListener, token: &str) -> io::Result<Self> {
        for _ in 0..STRANGERS {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let mut connection = Self { stream };
            if let Ok(frame) = connection.receive().await
                && frame.header.kind == "hello"
                && frame.header.token == token
            {
                return Ok(connection);
            }
        }
        Err(io::Error::other("nothing but strangers connected"))
    }

    /// Sends a frame.
    pub(super) async fn send(&mut self, header: &Value, body: &[u8]) -> io::Result<()> {
        let header = header.to_string();
        let mut frame = Vec::with_capacity(8 + header.len() + body.len());
        for block in [header.as_bytes(), body] {
            let length = u32::try_from(block.len()).map_err(io::Error::other)?;
            frame.extend_from_slice(&length.to_be_bytes());
            frame.extend_from_slice(block);
        }
        self.stream.write_all(&frame).await
    }

    /// Waits for a frame; the end of the connection is an error.
    pub(super) async fn receive(&mut self) -> io::Result<Frame> {
        let header = self.block().await?;
        let header = serde_json::from_slice(&header)?;
        let body = self.block().await?;
        Ok(Frame { header, body })
    }

    async fn block(&mut self) -> io::Result<Vec<u8>> {
        let length = self.stream.read_u32().await?;
        if length > LARGEST_BLOCK {
            return Err(io::Error::other("a block of the function is too large"));
        }
        let mut block = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.stream.read_exact(&mut block).await?;
        Ok(block)
    }
}
