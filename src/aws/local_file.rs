//! A file of this machine, read once and in order, part by part, and hashed on the way.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use futures::stream::{self, Stream};

use super::buffers::{Buffer, Buffers};
use super::fault::incomplete;
use super::part::{Broken, Hasher, Part, STEP, part_bytes, refused};
use crate::cloud::CloudFault;

/// A file that is being read.
pub(super) struct LocalFile {
    path: PathBuf,
    file: File,
    size: u64,
    /// Bytes of each part but the last.
    part: u64,
    /// Bytes that are not read yet.
    left: u64,
    /// SHA-256 that it has to have.
    wanted: String,
    hasher: Hasher,
    /// Number of the next part, from 1.
    next: i32,
}

impl LocalFile {
    /// Opens a file that has to have this SHA-256.
    pub(super) fn open(path: &Path, sha256: &str) -> Result<Self, CloudFault> {
        let unreadable = |error| unreadable(path, &error);
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let part = part_bytes(size).ok_or_else(|| {
            refused(format!(
                "{} has {size} bytes, more than an upload can have; make it a folder of several files",
                path.display()
            ))
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            part,
            left: size,
            wanted: sha256.to_owned(),
            hasher: Hasher::default(),
            next: 1,
        })
    }

    /// Its size in bytes.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Its parts, each read as soon as there is room for it; at their end, whether they are the right ones.
    /// What a file has grown by since it was opened is not read: what was looked at is sent.
    pub(super) fn parts(self, buffers: Buffers) -> impl Stream<Item = Result<Part, Broken>> + Send {
        stream::try_unfold(self, move |file| file.next(buffers.clone()))
    }

    async fn next(self, buffers: Buffers) -> Result<Option<(Part, Self)>, Broken> {
        // An empty file has a part, too.
        if self.left == 0 && self.next > 1 {
            return self.hasher.verify(&self.wanted).map(|()| None);
        }
        let buffer = buffers.take().await;
        let buffer = buffer.map_err(|_| Broken::Fault(incomplete("UploadPart", "room")))?;
        let read = tokio::task::spawn_blocking(move || self.read(buffer)).await;
        read.map_err(|_| Broken::Fault(incomplete("UploadPart", "its part")))?
            .map(Some)
    }

    fn read(mut self, mut buffer: Buffer) -> Result<(Part, Self), Broken> {
        let length = self.part.min(self.left);
        self.left -= length;
        let bytes = buffer.sized(usize::try_from(length).unwrap_or_default());
        for bytes in bytes.chunks_mut(STEP) {
            match self.file.read_exact(bytes) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(Broken::Changed(changed(&self.path)));
                }
                Err(error) => return Err(Broken::Fault(unreadable(&self.path, &error))),
            }
            self.hasher.update(bytes);
        }
        let part = self.hasher.part(self.next, buffer);
        self.next += 1;
        Ok((part, self))
    }
}

/// Makes the fault of a file that is not what it was.
pub(super) fn changed(path: &Path) -> CloudFault {
    refused(format!(
        "{} has changed since it was looked at; run the command again",
        path.display()
    ))
}

/// Makes the fault of a file that cannot be read.
fn unreadable(path: &Path, error: &std::io::Error) -> CloudFault {
    refused(format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use futures::stream::TryStreamExt;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::aws::part::PART_BYTES;

    async fn parts(path: &Path, bytes: &[u8]) -> Result<Vec<(i32, usize)>, Broken> {
        let sha256 = hex::encode(Sha256::digest(bytes));
        let file = LocalFile::open(path, &sha256).map_err(Broken::Fault)?;
        let parts = file.parts(Buffers::new(1));
        parts
            .map_ok(|part| (part.number, part.bytes.len()))
            .try_collect()
            .await
    }

    #[tokio::test]
    async fn parts_cover_a_file_exactly_and_only_the_right_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let part = usize::try_from(PART_BYTES).unwrap();
        let mut bytes = vec![7_u8; part + 3];
        std::fs::write(file.path(), &bytes).unwrap();
        let read = parts(file.path(), &bytes).await.ok().unwrap();
        assert_eq!(read, [(1, part), (2, 3)]);
        let before = bytes.clone();
        bytes[0] = 8;
        std::fs::write(file.path(), &bytes).unwrap();
        let now = hex::encode(Sha256::digest(&bytes));
        let read = parts(file.path(), &before).await;
        assert!(matches!(read, Err(Broken::Wrong(found)) if found == now));
        std::fs::write(file.path(), "").unwrap();
        assert_eq!(parts(file.path(), b"").await.ok().unwrap(), [(1, 0)]);
    }
}
