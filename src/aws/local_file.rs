//! A file of this machine, read once and in order, part by part, and hashed on the way.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use super::buffers::Buffer;
use crate::cloud::{CloudFault, FaultKind};

/// Bytes of a part, the least that S3 takes ("Amazon S3 multipart upload limits").
const PART_BYTES: u64 = 5 * 1024 * 1024;
/// Parts of an upload that S3 takes (ibid.): files of more than 50 GB have larger parts.
const MAX_PARTS: u64 = 10_000;
/// Bytes of a part at most, for the sake of memory, so files of up to 80 GB fit.
const MAX_PART_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes that are read and hashed at once, few enough to stay in a processor's cache in between.
const STEP: usize = 256 * 1024;

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
    hasher: Sha256,
    /// Number of the next part, from 1.
    next: i32,
}

/// A part of it in memory.
pub(super) struct Part {
    /// Its number, from 1.
    pub(super) number: i32,
    /// What it holds.
    pub(super) bytes: Bytes,
    /// CRC-32 of it, as S3 writes checksums: in Base64.
    pub(super) crc32: String,
    /// The right to be in memory.
    _room: OwnedSemaphorePermit,
}

/// Why a file cannot be sent.
pub(super) enum Broken {
    /// It is not what it was.
    Changed(PathBuf),
    /// Something else.
    Fault(CloudFault),
}

impl Broken {
    pub(super) fn into_fault(self) -> CloudFault {
        match self {
            Self::Changed(path) => refused(format!(
                "{} has changed since it was looked at; run the command again",
                path.display()
            )),
            Self::Fault(fault) => fault,
        }
    }
}

impl LocalFile {
    /// Opens a file that has to have this SHA-256.
    pub(super) fn open(path: &Path, sha256: &str) -> Result<Self, CloudFault> {
        let unreadable = |error| unreadable(path, &error);
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let part = part_bytes(size);
        if part > MAX_PART_BYTES {
            return Err(refused(format!(
                "{} has {size} bytes, more than an upload in {MAX_PARTS} parts of 8 MiB can have; make \
                 it a folder of several files",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            part,
            left: size,
            wanted: sha256.to_owned(),
            hasher: Sha256::new(),
            next: 1,
        })
    }

    /// Whether it does not fit into one part.
    pub(super) fn is_large(&self) -> bool {
        self.size > self.part
    }

    /// Whether there is a part to read. An empty file has one.
    pub(super) fn has_next(&self) -> bool {
        self.left > 0 || self.next == 1
    }

    /// Reads the next part.
    pub(super) fn read(mut self, mut buffer: Buffer) -> Result<(Part, Self), Broken> {
        let length = self.part.min(self.left);
        self.left -= length;
        let mut crc = flate2::Crc::new();
        let bytes = buffer.sized(usize::try_from(length).unwrap_or_default());
        for bytes in bytes.chunks_mut(STEP) {
            match self.file.read_exact(bytes) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(Broken::Changed(self.path));
                }
                Err(error) => return Err(Broken::Fault(unreadable(&self.path, &error))),
            }
            self.hasher.update(&*bytes);
            crc.update(bytes);
        }
        let (bytes, room) = buffer.filled();
        let part = Part {
            number: self.next,
            bytes,
            crc32: STANDARD.encode(crc.sum().to_be_bytes()),
            _room: room,
        };
        self.next += 1;
        Ok((part, self))
    }

    /// Tells whether all parts together are what they have to be. What a file has grown by since it was opened
    /// is not read: what was looked at is sent.
    pub(super) fn verify(self) -> Result<(), Broken> {
        if hex::encode(self.hasher.finalize()) == self.wanted {
            Ok(())
        } else {
            Err(Broken::Changed(self.path))
        }
    }
}

/// Bytes of each part but the last of a file of this size.
fn part_bytes(size: u64) -> u64 {
    PART_BYTES.max(size.div_ceil(MAX_PARTS))
}

/// Makes the fault of a file that cannot be read.
fn unreadable(path: &Path, error: &std::io::Error) -> CloudFault {
    refused(format!("cannot read {}: {error}", path.display()))
}

fn refused(message: String) -> CloudFault {
    CloudFault {
        kind: FaultKind::Rejected,
        operation: "PutObject",
        code: String::new(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::buffers::Buffers;

    async fn parts(path: &Path, sha256: &str) -> Result<Vec<Part>, Broken> {
        let mut file = LocalFile::open(path, sha256).map_err(Broken::Fault)?;
        let mut parts = Vec::new();
        let buffers = Buffers::new(2);
        while file.has_next() {
            let (part, rest) = file.read(buffers.take().await.unwrap())?;
            parts.push(part);
            file = rest;
        }
        file.verify()?;
        Ok(parts)
    }

    #[test]
    fn parts_are_as_small_as_they_can_be() {
        let gib = 1024 * 1024 * 1024;
        for (size, part) in [
            (0, PART_BYTES),
            (2 * gib, PART_BYTES),
            (70 * gib, 7_516_193),
        ] {
            assert_eq!(part_bytes(size), part);
            assert!(size.div_ceil(part) <= MAX_PARTS);
        }
        let most = MAX_PARTS * MAX_PART_BYTES;
        assert_eq!(part_bytes(most), MAX_PART_BYTES);
        assert!(part_bytes(most + 1) > MAX_PART_BYTES);
    }

    #[tokio::test]
    async fn parts_cover_a_file_exactly_and_only_the_right_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = vec![7_u8; usize::try_from(PART_BYTES).unwrap() + 3];
        std::fs::write(file.path(), &bytes).unwrap();
        let digest = hex::encode(Sha256::digest(&bytes));
        let read = parts(file.path(), &digest).await.ok().unwrap();
        let numbers: Vec<(i32, usize)> = read.iter().map(|p| (p.number, p.bytes.len())).collect();
        assert_eq!(numbers, [(1, bytes.len() - 3), (2, 3)]);
        bytes[0] = 8;
        std::fs::write(file.path(), &bytes).unwrap();
        assert!(matches!(
            parts(file.path(), &digest).await,
            Err(Broken::Changed(_))
        ));
    }

    #[tokio::test]
    async fn a_checksum_is_written_as_s3_writes_it() {
        // The check value of CRC-32 is that of `123456789`, 0xcbf43926.
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "123456789").unwrap();
        let digest = hex::encode(Sha256::digest("123456789"));
        assert_eq!(
            parts(file.path(), &digest).await.ok().unwrap()[0].crc32,
            "y/Q5Jg=="
        );
        std::fs::write(file.path(), "").unwrap();
        let nothing = hex::encode(Sha256::digest(""));
        assert_eq!(parts(file.path(), &nothing).await.ok().unwrap().len(), 1);
    }
}
