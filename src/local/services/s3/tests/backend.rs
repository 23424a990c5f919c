//! Objects, versions, uploads and races, without the wire.

use s3s::dto::{
    CompleteMultipartUploadInput, CompletedMultipartUpload, CompletedPart,
    CreateMultipartUploadInput, Delete, DeleteObjectInput, DeleteObjectsInput, ETag, ETagCondition,
    ListObjectVersionsInput, ListObjectsV2Input, ObjectIdentifier, UploadPartInput,
};

use super::{BUCKET, Bed, blob, put};
use crate::local::services::s3::fault::S3Fault;

fn delete(key: &str, version: Option<&str>) -> DeleteObjectInput {
    DeleteObjectInput {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        version_id: version.map(str::to_owned),
        ..DeleteObjectInput::default()
    }
}

#[tokio::test]
async fn an_object_survives_a_restart_and_its_successor_frees_its_bytes() {
    let bed = Bed::new();
    bed.put("a", "one").await;
    bed.put("a", "two").await;
    assert_eq!(bed.text("a").await.unwrap(), "two");
    assert_eq!(bed.blobs(), 1);
    let again = bed.reopened();
    let to = bed.folder.path().join("again");
    again.get_to_file(BUCKET, "a", &to).await.unwrap();
    assert_eq!(std::fs::read_to_string(to).unwrap(), "two");
}

#[tokio::test]
async fn a_delete_marker_hides_and_its_removal_brings_back() {
    let bed = Bed::versioned();
    let first = bed.put("a", "one").await.version_id.unwrap();
    bed.put("a", "two").await;
    let marker = bed.s3.delete_object(delete("a", None)).unwrap();
    assert_eq!(marker.delete_marker, Some(true));
    let fault = bed.text("a").await.unwrap_err();
    assert!(
        matches!(fault, S3Fault::NoSuchKey { hidden_by: Some(_) }),
        "{fault:?}"
    );
    assert!(matches!(
        bed.s3.delete_bucket(BUCKET),
        Err(S3Fault::BucketNotEmpty { versioned: true })
    ));
    bed.s3
        .delete_object(delete("a", marker.version_id.as_deref()))
        .unwrap();
    assert_eq!(bed.text("a").await.unwrap(), "two");
    let to = bed.folder.path().join("first");
    bed.s3
        .get_version_to_file(BUCKET, "a", Some(&first), &to)
        .await
        .unwrap();
    assert_eq!(std::fs::read_to_string(to).unwrap(), "one");
}

#[tokio::test]
async fn a_versioned_bucket_is_emptied_page_by_page() {
    let bed = Bed::versioned();
    for number in 0..7 {
        bed.put("a", &number.to_string()).await;
        bed.put(&format!("b/{number}"), "x").await;
    }
    bed.s3.delete_object(delete("a", None)).unwrap();
    let mut rounds = 0;
    loop {
        let page = bed
            .s3
            .list_object_versions(&ListObjectVersionsInput {
                bucket: BUCKET.to_owned(),
                max_keys: Some(4),
                ..ListObjectVersionsInput::default()
            })
            .unwrap();
        let versions = page
            .versions
            .unwrap()
            .into_iter()
            .map(|version| (version.key, version.version_id));
        let markers = page
            .delete_markers
            .unwrap()
            .into_iter()
            .map(|marker| (marker.key, marker.version_id));
        let objects: Vec<ObjectIdentifier> = versions
            .chain(markers)
            .map(|(key, version_id)| ObjectIdentifier {
                key: key.unwrap(),
                version_id,
                ..ObjectIdentifier::default()
            })
            .collect();
        if objects.is_empty() {
            break;
        }
        rounds += 1;
        let input = DeleteObjectsInput::builder()
            .bucket(BUCKET.to_owned())
            .delete(Delete {
                objects,
                quiet: None,
            })
            .build()
            .unwrap();
        let output = bed.s3.delete_objects(&input).unwrap();
        assert_eq!(output.errors.unwrap().len(), 0);
    }
    assert_eq!(rounds, 4);
    assert_eq!(bed.blobs(), 0);
    bed.s3.delete_bucket(BUCKET).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_many_creators_wins() {
    let bed = std::sync::Arc::new(Bed::new());
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let bed = std::sync::Arc::clone(&bed);
            tokio::spawn(async move {
                let mut input = put("lock", &number.to_string());
                input.if_none_match = Some(ETagCondition::Any);
                bed.try_put(input).await
            })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => winners += 1,
            Err(fault) => assert_eq!(fault.code(), "PreconditionFailed"),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(bed.blobs(), 1);
}

#[tokio::test]
async fn if_match_takes_only_the_present_object() {
    let bed = Bed::new();
    let etag = bed.put("lock", "one").await.e_tag.unwrap();
    let condition = Some(ETagCondition::ETag(etag));
    let mut input = put("lock", "two");
    input.if_match.clone_from(&condition);
    bed.try_put(input).await.unwrap();
    let mut input = put("lock", "three");
    input.if_match.clone_from(&condition);
    assert_eq!(
        bed.try_put(input).await.unwrap_err().code(),
        "PreconditionFailed"
    );
    let mut input = put("other", "one");
    input.if_match.clone_from(&condition);
    assert_eq!(bed.try_put(input).await.unwrap_err().code(), "NoSuchKey");
    let mut input = delete("lock", None);
    input.if_match = condition;
    assert_eq!(
        bed.s3.delete_object(input).unwrap_err().code(),
        "PreconditionFailed"
    );
    assert_eq!(bed.text("lock").await.unwrap(), "two");
}

#[tokio::test]
async fn a_body_that_does_not_match_its_checksum_leaves_nothing() {
    let bed = Bed::new();
    let mut input = put("a", "hello");
    input.checksum_crc32 = Some("AAAAAA==".to_owned());
    assert_eq!(bed.try_put(input).await.unwrap_err().code(), "BadDigest");
    assert_eq!(bed.blobs(), 0);
    let mut input = put("a", "hello");
    input.checksum_crc32 = Some("NhCmhg==".to_owned());
    let output = bed.try_put(input).await.unwrap();
    assert_eq!(output.checksum_crc32.unwrap(), "NhCmhg==");
}

async fn upload(bed: &Bed, sizes: &[usize]) -> (String, Vec<CompletedPart>) {
    let started = bed
        .s3
        .create_multipart_upload(CreateMultipartUploadInput {
            bucket: BUCKET.to_owned(),
            key: "big".to_owned(),
            checksum_algorithm: Some("CRC32".to_owned().into()),
            ..CreateMultipartUploadInput::default()
        })
        .unwrap();
    let id = started.upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, size) in (1..).zip(sizes) {
        let part = bed
            .s3
            .upload_part(
                UploadPartInput {
                    bucket: BUCKET.to_owned(),
                    key: "big".to_owned(),
                    upload_id: id.clone(),
                    part_number: number,
                    body: Some(blob(&vec![b'x'; *size])),
                    ..UploadPartInput::default()
                },
                None,
            )
            .await
            .unwrap();
        parts.push(CompletedPart {
            part_number: Some(number),
            e_tag: part.e_tag,
            checksum_crc32: part.checksum_crc32,
            ..CompletedPart::default()
        });
    }
    (id, parts)
}

fn complete(id: &str, parts: Vec<CompletedPart>) -> CompleteMultipartUploadInput {
    CompleteMultipartUploadInput {
        bucket: BUCKET.to_owned(),
        key: "big".to_owned(),
        upload_id: id.to_owned(),
        multipart_upload: Some(CompletedMultipartUpload { parts: Some(parts) }),
        ..CompleteMultipartUploadInput::default()
    }
}

#[tokio::test]
async fn parts_become_one_object() {
    let bed = Bed::new();
    let (id, parts) = upload(&bed, &[5 << 20, 3]).await;
    let done = bed
        .s3
        .complete_multipart_upload(complete(&id, parts))
        .await
        .unwrap();
    let Some(ETag::Strong(etag)) = done.e_tag else {
        panic!("no ETag");
    };
    assert!(etag.ends_with("-2"), "{etag}");
    assert!(done.checksum_crc32.unwrap().ends_with("-2"));
    assert_eq!(bed.text("big").await.unwrap().len(), (5 << 20) + 3);
    assert_eq!(bed.blobs(), 1);
    let (id, mut parts) = upload(&bed, &[3, 3]).await;
    let fault = bed
        .s3
        .complete_multipart_upload(complete(&id, parts.clone()))
        .await
        .unwrap_err();
    assert_eq!(fault.code(), "EntityTooSmall");
    parts.reverse();
    let fault = bed
        .s3
        .complete_multipart_upload(complete(&id, parts.clone()))
        .await
        .unwrap_err();
    assert_eq!(fault.code(), "InvalidPartOrder");
    parts.truncate(1);
    parts[0].e_tag = Some(ETag::Strong("0".repeat(32)));
    let fault = bed
        .s3
        .complete_multipart_upload(complete(&id, parts))
        .await
        .unwrap_err();
    assert_eq!(fault.code(), "InvalidPart");
}

#[tokio::test]
async fn a_conditional_completion_keeps_the_loser_s_upload() {
    let bed = Bed::new();
    let (id, parts) = upload(&bed, &[3]).await;
    bed.put("big", "first").await;
    let mut input = complete(&id, parts.clone());
    input.if_none_match = Some(ETagCondition::Any);
    let fault = bed.s3.complete_multipart_upload(input).await.unwrap_err();
    assert_eq!(fault.code(), "PreconditionFailed");
    assert_eq!(bed.text("big").await.unwrap(), "first");
    bed.s3
        .complete_multipart_upload(complete(&id, parts))
        .await
        .unwrap();
    assert_eq!(bed.text("big").await.unwrap(), "xxx");
}

#[tokio::test]
async fn a_prefix_becomes_a_folder() {
    let bed = Bed::versioned();
    for key in [
        "data/k/a.csv",
        "data/k/deep/b.csv",
        "data/kk/c.csv",
        "data/k/gone",
    ] {
        bed.put(key, key).await;
    }
    bed.s3.delete_object(delete("data/k/gone", None)).unwrap();
    let into = bed.folder.path().join("channel");
    let count = bed
        .s3
        .download_prefix(BUCKET, "data/k/", &into)
        .await
        .unwrap();
    assert_eq!(count, 2);
    assert_eq!(
        std::fs::read_to_string(into.join("deep/b.csv")).unwrap(),
        "data/k/deep/b.csv"
    );
    assert!(!into.join("gone").exists());
}

#[tokio::test]
async fn continuation_tokens_lead_through_all_keys() {
    let bed = Bed::new();
    for number in 0..5 {
        bed.put(&format!("k{number}"), "x").await;
    }
    let mut token = None;
    let mut keys = Vec::new();
    loop {
        let page = bed
            .s3
            .list_objects_v2(&ListObjectsV2Input {
                bucket: BUCKET.to_owned(),
                max_keys: Some(2),
                continuation_token: token.take(),
                ..ListObjectsV2Input::default()
            })
            .unwrap();
        keys.extend(
            page.contents
                .unwrap()
                .into_iter()
                .map(|object| object.key.unwrap()),
        );
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(keys, vec!["k0", "k1", "k2", "k3", "k4"]);
}
