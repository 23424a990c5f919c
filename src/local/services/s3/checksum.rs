//! Digests that clients send with a body and that S3 keeps with an object.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use s3s::TrailingHeaders;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};

use super::fault::S3Fault;

/// A checksum algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// Returns the name that the API uses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// Finds the algorithm of an API name.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that S3 does not know.
    pub(super) fn named(name: &str) -> Result<Self, S3Fault> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| {
                S3Fault::bad_request(
                    "InvalidRequest",
                    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
                )
            })
    }

    fn of_header(header: &str) -> Option<Self> {
        let name = header.trim().strip_prefix("x-amz-checksum-")?;
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }
}

/// Checksums of an object or a part in Base64, by algorithm; a composite one ends in `-<parts>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums(pub(super) BTreeMap<Algorithm, String>);

impl Sums {
    /// Returns the checksum by `algorithm`.
    pub(super) fn get(&self, algorithm: Algorithm) -> Option<String> {
        self.0.get(&algorithm).cloned()
    }

    /// Returns `COMPOSITE` or `FULL_OBJECT`, or `None` without checksums.
    pub(super) fn kind(&self) -> Option<&'static str> {
        let sum = self.0.values().next()?;
        Some(if sum.contains('-') {
            "COMPOSITE"
        } else {
            "FULL_OBJECT"
        })
    }
}

/// Copies checksums into the five fields that most answers of the API have for them.
macro_rules! set_sums {
    ($output:expr, $sums:expr) => {{
        use $crate::local::services::s3::checksum::Algorithm;
        let sums = $sums;
        $output.checksum_crc32 = sums.get(Algorithm::Crc32);
        $output.checksum_crc32c = sums.get(Algorithm::Crc32c);
        $output.checksum_crc64nvme = sums.get(Algorithm::Crc64Nvme);
        $output.checksum_sha1 = sums.get(Algorithm::Sha1);
        $output.checksum_sha256 = sums.get(Algorithm::Sha256);
    }};
}

/// Collects checksums from the five fields that most requests of the API have for them.
macro_rules! sums_of {
    ($input:expr) => {{
        use $crate::local::services::s3::checksum::{Algorithm, Sums};
        Sums(
            [
                (Algorithm::Crc32, $input.checksum_crc32.clone()),
                (Algorithm::Crc32c, $input.checksum_crc32c.clone()),
                (Algorithm::Crc64Nvme, $input.checksum_crc64nvme.clone()),
                (Algorithm::Sha1, $input.checksum_sha1.clone()),
                (Algorithm::Sha256, $input.checksum_sha256.clone()),
            ]
            .into_iter()
            .filter_map(|(algorithm, sum)| Some((algorithm, sum?)))
            .collect(),
        )
    }};
}

pub(super) use {set_sums, sums_of};

/// What the client promises about a body, checked once the body is there.
#[derive(Default)]
pub(super) struct Promise {
    /// `Content-MD5` in Base64.
    pub(super) md5: Option<String>,
    /// Checksums in the request's head.
    pub(super) sums: Sums,
    /// Checksums announced to follow the body, and where they arrive.
    pub(super) trailing: Option<(Vec<Algorithm>, TrailingHeaders)>,
    /// Algorithm that the client named, with or without a value.
    pub(super) named: Option<Algorithm>,
}

impl Promise {
    /// Reads which checksums are to follow the body from the `x-amz-trailer` header.
    pub(super) fn announced(trailer_header: &str) -> Vec<Algorithm> {
        trailer_header
            .split(',')
            .filter_map(Algorithm::of_header)
            .collect()
    }

    /// Returns every algorithm that has to be computed while the body arrives.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        let mut all: Vec<Algorithm> = self.sums.0.keys().copied().collect();
        all.extend(self.named);
        if let Some((announced, _)) = &self.trailing {
            all.extend(announced);
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Compares the promise with what arrived.
    ///
    /// # Errors
    /// `BadDigest` or `InvalidDigest`, naming the digest that does not match.
    pub(super) fn check(&self, digests: &Digests) -> Result<(), S3Fault> {
        if let Some(promised) = &self.md5 {
            let promised = BASE64.decode(promised).unwrap_or_default();
            if promised.len() != 16 {
                return Err(S3Fault::bad_request(
                    "InvalidDigest",
                    "The Content-MD5 you specified was invalid.",
                ));
            }
            if promised != digests.md5 {
                return Err(S3Fault::bad_request(
                    "BadDigest",
                    "The Content-MD5 you specified did not match what we received.",
                ));
            }
        }
        for (algorithm, promised) in &self.sums.0 {
            same(*algorithm, promised, digests)?;
        }
        let Some((announced, trailers)) = &self.trailing else {
            return Ok(());
        };
        for algorithm in announced {
            let header = format!("x-amz-checksum-{}", algorithm.name().to_lowercase());
            let promised = trailers
                .read(|headers| {
                    let value = headers.get(&header)?.to_str().ok()?;
                    Some(value.to_owned())
                })
                .flatten()
                .ok_or_else(|| {
                    S3Fault::bad_request(
                        "MalformedTrailerError",
                        format!("The request announced the trailer {header} and did not send it."),
                    )
                })?;
            same(*algorithm, &promised, digests)?;
        }
        Ok(())
    }
}

fn same(algorithm: Algorithm, promised: &str, digests: &Digests) -> Result<(), S3Fault> {
    if digests.sums.0.get(&algorithm).map(String::as_str) == Some(promised) {
        return Ok(());
    }
    Err(S3Fault::bad_request(
        "BadDigest",
        format!(
            "The {} you specified did not match the calculated checksum.",
            algorithm.name()
        ),
    ))
}

/// Digests of bytes that went by.
pub(super) struct Digests {
    pub(super) md5: [u8; 16],
    pub(super) sums: Sums,
}

/// Computes the digests of a stream of bytes.
pub(super) struct Digester {
    /// `None` where only the checksums are asked for.
    md5: Option<Md5>,
    sums: ChecksumHasher,
}

impl Digester {
    /// Starts with MD5 and the given algorithms.
    pub(super) fn new(algorithms: &[Algorithm]) -> Self {
        Self {
            md5: Some(Md5::new()),
            ..Self::of_sums(algorithms)
        }
    }

    /// Starts with the given algorithms alone; the MD5 of what comes is all zeros.
    pub(super) fn of_sums(algorithms: &[Algorithm]) -> Self {
        let mut sums = ChecksumHasher::default();
        for algorithm in algorithms {
            match algorithm {
                Algorithm::Crc32 => sums.crc32 = Some(Crc32::new()),
                Algorithm::Crc32c => sums.crc32c = Some(Crc32c::new()),
                Algorithm::Crc64Nvme => sums.crc64nvme = Some(Crc64Nvme::new()),
                Algorithm::Sha1 => sums.sha1 = Some(Sha1::new()),
                Algorithm::Sha256 => sums.sha256 = Some(Sha256::new()),
            }
        }
        Self { md5: None, sums }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        self.sums.update(bytes);
    }

    /// Returns the digests of all bytes taken.
    pub(super) fn finish(self) -> Digests {
        let sums = self.sums.finalize();
        Digests {
            md5: self.md5.map_or([0; 16], Md5::finalize),
            sums: sums_of!(sums),
        }
    }
}

/// Computes the composite checksum of parts: the checksum over their raw checksums, `-<parts>` behind.
///
/// # Errors
/// `InvalidPart` when a part was uploaded without that checksum.
pub(super) fn composite(algorithm: Algorithm, parts: &[&Sums]) -> Result<String, S3Fault> {
    let mut digester = Digester::new(&[algorithm]);
    for sums in parts {
        let raw = sums
            .0
            .get(&algorithm)
            .and_then(|sum| BASE64.decode(sum).ok());
        let raw = raw.ok_or_else(|| {
            S3Fault::bad_request(
                "InvalidPart",
                format!(
                    "The upload was created using the {} checksum algorithm, and a part has no such checksum.",
                    algorithm.name()
                ),
            )
        })?;
        digester.update(&raw);
    }
    let sum = digester.finish().sums.get(algorithm).unwrap_or_default();
    Ok(format!("{sum}-{}", parts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(bytes: &[u8]) -> Digests {
        let mut digester = Digester::new(&[Algorithm::Crc32, Algorithm::Sha256]);
        digester.update(bytes);
        digester.finish()
    }

    #[test]
    fn known_digests_of_a_known_text() {
        let digests = digests(b"hello");
        assert_eq!(hex::encode(digests.md5), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(digests.sums.get(Algorithm::Crc32).unwrap(), "NhCmhg==");
    }

    #[test]
    fn a_wrong_promise_is_named() {
        let promise = Promise {
            sums: Sums([(Algorithm::Crc32, "AAAAAA==".to_owned())].into()),
            ..Promise::default()
        };
        let fault = promise.check(&digests(b"hello")).unwrap_err();
        assert_eq!(fault.code(), "BadDigest");
        assert!(fault.to_string().contains("CRC32"), "{fault}");
        let promise = Promise {
            md5: Some("not base64".to_owned()),
            ..Promise::default()
        };
        let fault = promise.check(&digests(b"hello")).unwrap_err();
        assert_eq!(fault.code(), "InvalidDigest");
    }

    #[test]
    fn a_kept_promise_passes() {
        let promise = Promise {
            md5: Some("XUFAKrxLKna5cZ2REBfFkg==".to_owned()),
            sums: Sums([(Algorithm::Crc32, "NhCmhg==".to_owned())].into()),
            ..Promise::default()
        };
        promise.check(&digests(b"hello")).unwrap();
    }

    #[test]
    fn trailers_are_read_from_their_announcement() {
        assert_eq!(
            Promise::announced("x-amz-checksum-crc32, x-amz-checksum-sha256"),
            vec![Algorithm::Crc32, Algorithm::Sha256]
        );
        assert!(Promise::announced("x-other").is_empty());
    }
}
