//! `CopyObject`, and what becomes of the bytes.

use std::os::unix::fs::MetadataExt;

use s3s::dto::{ChecksumAlgorithm, CopyObjectInput, CopyObjectResult, CopySource, ETag};

use super::{BUCKET, Bed, put};

/// SHA-256 of `hello` in Base64.
const SUM: &str = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

async fn copy(bed: &Bed, from: &str, to: &str, algorithm: Option<&str>) -> CopyObjectResult {
    let input = CopyObjectInput::builder()
        .bucket(BUCKET.to_owned())
        .key(to.to_owned())
        .copy_source(CopySource::Bucket {
            bucket: BUCKET.into(),
            key: from.into(),
            version_id: None,
        })
        .checksum_algorithm(algorithm.map(|name| ChecksumAlgorithm::from(name.to_owned())))
        .build()
        .unwrap();
    let copied = bed.s3.copy_object(input).await.unwrap();
    copied.copy_object_result.unwrap()
}

#[tokio::test]
async fn a_copy_has_the_checksum_that_is_asked_for_and_shares_the_bytes() {
    let bed = Bed::new();
    let mut input = put("a", "hello");
    input.checksum_crc32 = Some("NhCmhg==".to_owned());
    bed.try_put(input).await.unwrap();
    let copied = copy(&bed, "a", "b", Some("SHA256")).await;
    assert_eq!(copied.checksum_sha256.as_deref(), Some(SUM));
    assert_eq!(copied.checksum_crc32, None);
    let md5 = "5d41402abc4b2a76b9719d911017c592";
    assert_eq!(copied.e_tag, Some(ETag::Strong(md5.to_owned())));
    assert_eq!(copied.checksum_type.unwrap().as_str(), "FULL_OBJECT");
    // Without one it has its source's, which is known already.
    let copied = copy(&bed, "b", "c", None).await;
    assert_eq!(copied.checksum_sha256.as_deref(), Some(SUM));
    assert_eq!(bed.blobs(), 3);
    for blob in std::fs::read_dir(bed.folder.path().join("s3/blobs")).unwrap() {
        assert_eq!(blob.unwrap().metadata().unwrap().nlink(), 3);
    }
    // Every copy is an object of its own.
    bed.put("a", "other").await;
    bed.s3.delete(BUCKET, "b").unwrap();
    assert_eq!(bed.text("a").await.unwrap(), "other");
    assert_eq!(bed.text("c").await.unwrap(), "hello");
}
