//! The bytes of objects: one immutable file each, written beside its place and moved there.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use s3s::StdError;
use s3s::dto::StreamingBlob;
use s3s::stream::{ByteStream, RemainingLength};
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, ReadBuf};

use super::checksum::{Algorithm, Digester, Digests};
use super::fault::S3Fault;
use crate::local::ids::suffix;

/// Bytes that are gathered before they are handed to a blocking thread.
const CHUNK: usize = 1 << 20;

/// The folder of blob files.
#[derive(Debug, Clone)]
pub(super) struct Blobs {
    folder: PathBuf,
    incoming: PathBuf,
}

/// A blob that is safely on disk and that nothing refers to yet.
pub(super) struct Blob {
    pub(super) id: String,
    pub(super) size: u64,
    pub(super) digests: Digests,
}

impl Blobs {
    /// Opens the folder, making it when it is absent, and forgets uploads cut off by a crash.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let blobs = Self {
            folder: folder.join("blobs"),
            incoming: folder.join("incoming"),
        };
        fs::create_dir_all(&blobs.folder)?;
        if blobs.incoming.exists() {
            fs::remove_dir_all(&blobs.incoming)?;
        }
        fs::create_dir_all(&blobs.incoming)?;
        Ok(blobs)
    }

    /// Starts to write a blob.
    pub(super) fn create(&self, algorithms: &[Algorithm]) -> io::Result<BlobWriter> {
        Ok(BlobWriter {
            folder: self.folder.clone(),
            file: NamedTempFile::new_in(&self.incoming)?,
            digester: Digester::new(algorithms),
            size: 0,
        })
    }

    /// Stores a request's body without ever holding more than a small part of it in memory.
    ///
    /// # Errors
    /// The disk or the connection failed; a body that breaks off is `IncompleteBody`.
    pub(super) async fn receive(
        &self,
        mut body: StreamingBlob,
        algorithms: &[Algorithm],
    ) -> Result<Blob, S3Fault> {
        let mut writer = self.create(algorithms)?;
        let mut gathered: Vec<Bytes> = Vec::new();
        let mut length = 0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| broken_body(error.as_ref()))?;
            length += chunk.len();
            gathered.push(chunk);
            if length >= CHUNK {
                let chunks = std::mem::take(&mut gathered);
                length = 0;
                writer = blocking(move || writer.write_all(&chunks)).await?;
            }
        }
        Ok(blocking(move || writer.write_all(&gathered)?.finish()).await?)
    }

    /// Makes another blob of the same bytes, by a link, as blobs never change. Where the disk makes none,
    /// the bytes are read again. `known` spares reading them for their digests.
    pub(super) fn copy(
        &self,
        id: &str,
        bytes: &mut File,
        algorithms: &[Algorithm],
        known: Option<Digests>,
    ) -> io::Result<Blob> {
        let copy = suffix(24);
        if fs::hard_link(self.folder.join(id), self.folder.join(&copy)).is_err() {
            let mut writer = self.create(algorithms)?;
            writer.copy_from(bytes)?;
            return writer.finish();
        }
        File::open(&self.folder)?.sync_all()?;
        let digests = match known {
            Some(digests) => digests,
            None => digests(bytes, &mut self.read(id)?, algorithms)?,
        };
        Ok(Blob {
            id: copy,
            size: bytes.metadata()?.len(),
            digests,
        })
    }

    /// Opens a blob for reading; it stays readable when it is removed meanwhile.
    pub(super) fn read(&self, id: &str) -> io::Result<File> {
        File::open(self.folder.join(id))
    }

    /// Removes a blob that nothing refers to any more.
    pub(super) fn remove(&self, id: &str) {
        // A blob left behind costs space only, and the next start sweeps it away.
        let _ = fs::remove_file(self.folder.join(id));
    }

    /// Removes every blob that is not in use, left behind by a crash.
    pub(super) fn sweep(&self, used: &BTreeSet<&str>) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !entry
                .file_name()
                .to_str()
                .is_some_and(|name| used.contains(name))
            {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// A blob being written.
pub(super) struct BlobWriter {
    folder: PathBuf,
    file: NamedTempFile,
    digester: Digester,
    size: u64,
}

impl BlobWriter {
    /// Appends everything that `source` yields.
    pub(super) fn copy_from(&mut self, source: &mut impl Read) -> io::Result<()> {
        pieces(source, |piece| self.append(piece))
    }

    /// Syncs the bytes to disk and moves them to their place.
    pub(super) fn finish(self) -> io::Result<Blob> {
        self.file.as_file().sync_all()?;
        let id = suffix(24);
        self.file
            .persist(self.folder.join(&id))
            .map_err(|error| error.error)?;
        File::open(&self.folder)?.sync_all()?;
        Ok(Blob {
            id,
            size: self.size,
            digests: self.digester.finish(),
        })
    }

    fn write_all(mut self, chunks: &[Bytes]) -> io::Result<Self> {
        for chunk in chunks {
            self.append(chunk)?;
        }
        Ok(self)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.digester.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }
}

/// Hands on everything that `source` yields, piece by piece.
fn pieces(source: &mut impl Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        take(&buffer[..read])?;
    }
}

/// Computes the digests of a file that is open twice: MD5, which takes longest, beside the checksums.
fn digests(bytes: &mut File, again: &mut File, algorithms: &[Algorithm]) -> io::Result<Digests> {
    let digest = |mut digester: Digester, bytes: &mut File| {
        pieces(bytes, |piece| {
            digester.update(piece);
            Ok(())
        })?;
        io::Result::Ok(digester.finish())
    };
    if algorithms.is_empty() {
        return digest(Digester::new(&[]), bytes);
    }
    let (whole, sums) = std::thread::scope(|scope| {
        let sums = scope.spawn(|| digest(Digester::of_sums(algorithms), again));
        let whole = digest(Digester::new(&[]), bytes);
        let sums = sums.join();
        (
            whole,
            sums.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    });
    Ok(Digests {
        md5: whole?.md5,
        sums: sums?.sums,
    })
}

/// Runs file work on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

/// Streams `length` bytes of a blob from `start`.
pub(super) fn stream(mut file: File, start: u64, length: u64) -> io::Result<StreamingBlob> {
    if start > 0 {
        file.seek(SeekFrom::Start(start))?;
    }
    Ok(StreamingBlob::new(BlobStream {
        file: tokio::fs::File::from_std(file),
        left: length,
    }))
}

fn broken_body(error: &(dyn std::error::Error + Send + Sync)) -> S3Fault {
    let reason = error.to_string();
    if reason.contains("Sha256Mismatch") {
        return S3Fault::bad_request(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
    }
    S3Fault::bad_request(
        "IncompleteBody",
        format!("The request body terminated unexpectedly ({reason})"),
    )
}

struct BlobStream {
    file: tokio::fs::File,
    left: u64,
}

impl Stream for BlobStream {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let size = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(128 * 1024);
        let mut bytes = BytesMut::zeroed(size);
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(&mut self.file).poll_read(context, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(Ok(())) => {
                let read = buffer.filled().len();
                if read == 0 {
                    let error = io::Error::from(io::ErrorKind::UnexpectedEof);
                    return Poll::Ready(Some(Err(error.into())));
                }
                bytes.truncate(read);
                self.left -= read as u64;
                Poll::Ready(Some(Ok(bytes.freeze())))
            }
        }
    }
}

impl ByteStream for BlobStream {
    fn remaining_length(&self) -> RemainingLength {
        RemainingLength::new_exact(usize::try_from(self.left).unwrap_or(usize::MAX))
    }
}
