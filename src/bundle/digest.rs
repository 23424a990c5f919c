//! SHA-256 digests.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Bytes that are read at once.
pub(super) const BUFFER: usize = 256 * 1024;

/// A SHA-256 digest as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(String);

impl Digest {
    /// Hashes bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// Hashes a file of any size in flat memory.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut reader = Hashing::of(File::open(path)?);
        let mut buffer = vec![0; BUFFER];
        while reader.read(&mut buffer)? > 0 {}
        Ok(reader.finish())
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text is no SHA-256 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 digest is 64 lower-case hexadecimal digits")]
pub struct NoDigest;

impl FromStr for Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        const DIGITS: usize = 64;
        let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        let good = text.len() == DIGITS && text.bytes().all(is_digit);
        good.then(|| Self(text.to_owned())).ok_or(NoDigest)
    }
}

/// Hashes what is read through it.
pub(super) struct Hashing<R> {
    reader: R,
    hasher: Sha256,
}

impl<R> Hashing<R> {
    /// Hashes what is read of `reader` from here on.
    pub(super) fn of(reader: R) -> Self {
        Self {
            reader,
            hasher: Sha256::new(),
        }
    }

    /// The digest of all that was read.
    pub(super) fn finish(self) -> Digest {
        self.hasher.into()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

impl From<Sha256> for Digest {
    fn from(hasher: Sha256) -> Self {
        Self(hex::encode(hasher.finalize()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_bytes_have_the_same_digest() {
        // The digest of `abc` is the example of FIPS 180-2.
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of_bytes(b"abc").as_str(), expected);
        assert_eq!(Digest::of_file(file.path()).unwrap().as_str(), expected);
    }
}
