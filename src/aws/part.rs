//! Parts in which large objects are sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use super::buffers::Buffer;
use crate::cloud::{CloudFault, FaultKind};

/// Bytes of a part, the least that S3 takes ("Amazon S3 multipart upload limits").
pub(super) const PART_BYTES: u64 = 5 * 1024 * 1024;
/// Parts of an upload that S3 takes (ibid.): objects of more than 50 GB have larger parts.
const MAX_PARTS: u64 = 10_000;
/// Bytes of a part at most, for the sake of memory, so objects of up to 80 GB fit.
const MAX_PART_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes that are hashed at once, few enough to stay in a processor's cache in between.
pub(super) const STEP: usize = 256 * 1024;

/// A part in memory.
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

/// Why parts are not sent to the end.
pub(super) enum Broken {
    /// All of them together have another SHA-256 (hexadecimal) than they have to have.
    Wrong(String),
    /// What they come from is not what it was any more.
    Changed(CloudFault),
    /// Something else.
    Fault(CloudFault),
}

/// Hashes what is read, the part and the whole.
#[derive(Default)]
pub(super) struct Hasher {
    whole: Sha256,
    part: flate2::Crc,
}

impl Hasher {
    /// Takes bytes of the present part.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.whole.update(bytes);
        self.part.update(bytes);
    }

    /// Ends the present part, which a buffer holds.
    pub(super) fn part(&mut self, number: i32, buffer: Buffer) -> Part {
        let crc32 = STANDARD.encode(self.part.sum().to_be_bytes());
        self.part.reset();
        let (bytes, room) = buffer.filled();
        Part {
            number,
            bytes,
            crc32,
            _room: room,
        }
    }

    /// SHA-256 (hexadecimal) of all that was taken.
    pub(super) fn sha256(self) -> String {
        hex::encode(self.whole.finalize())
    }

    /// Tells whether all that was taken is what it has to be.
    pub(super) fn verify(self, wanted: &str) -> Result<(), Broken> {
        let found = self.sha256();
        if found == wanted {
            Ok(())
        } else {
            Err(Broken::Wrong(found))
        }
    }
}

/// Bytes of each part but the last of an object of this size; `None` if it is too large to be sent.
pub(super) fn part_bytes(size: u64) -> Option<u64> {
    let bytes = PART_BYTES.max(size.div_ceil(MAX_PARTS));
    (bytes <= MAX_PART_BYTES).then_some(bytes)
}

/// Makes the fault of something that cannot be sent as it is.
pub(super) fn refused(message: String) -> CloudFault {
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

    #[test]
    fn parts_are_as_small_as_they_can_be() {
        let gib = 1024 * 1024 * 1024;
        for (size, part) in [
            (0, PART_BYTES),
            (2 * gib, PART_BYTES),
            (70 * gib, 7_516_193),
        ] {
            assert_eq!(part_bytes(size), Some(part));
            assert!(size.div_ceil(part) <= MAX_PARTS);
        }
        let most = MAX_PARTS * MAX_PART_BYTES;
        assert_eq!(part_bytes(most), Some(MAX_PART_BYTES));
        assert_eq!(part_bytes(most + 1), None);
    }

    #[tokio::test]
    async fn a_checksum_is_written_as_s3_writes_it_and_is_of_its_part_only() {
        // The check value of CRC-32 is that of `123456789`, 0xcbf43926.
        let mut hasher = Hasher::default();
        let buffers = Buffers::new(1);
        for number in [1, 2] {
            hasher.update(b"12345");
            hasher.update(b"6789");
            let part = hasher.part(number, buffers.take().await.unwrap());
            assert_eq!((part.number, part.crc32.as_str()), (number, "y/Q5Jg=="));
        }
        let both = hex::encode(Sha256::digest("123456789123456789"));
        assert!(hasher.verify(&both).is_ok());
    }
}
