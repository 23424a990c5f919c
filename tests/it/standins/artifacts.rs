//! Objects in a versioned bucket, on both stand-ins.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use deploy::bundle::Digest;
use deploy::cloud::artifacts::Source;
use deploy::cloud::records::{Expected, Written};
use deploy::cloud::{Cloud, FaultKind};
use serde_json::{Value, json};

use super::emptied;
use super::server::{REGION, StandIn, ministack, moto};

/// More than two parts of 5 MiB.
const LARGE: usize = 11 * 1024 * 1024 + 3;

/// A caller with a bucket that keeps versions, on one stand-in.
struct Place {
    stand_in: &'static StandIn,
    account: &'static str,
    bucket: &'static str,
    cloud: Cloud,
}

impl Place {
    async fn new(stand_in: &'static StandIn, account: &'static str, bucket: &'static str) -> Self {
        let cloud = stand_in.cloud(account).await;
        let place = Self {
            stand_in,
            account,
            bucket,
            cloud,
        };
        let here = json!({ "LocationConstraint": REGION });
        place.calls(&[
            (
                "create_bucket",
                json!({ "CreateBucketConfiguration": here }),
            ),
            (
                "put_bucket_versioning",
                json!({ "VersioningConfiguration": { "Status": "Enabled" } }),
            ),
        ]);
        place
    }

    /// Calls to S3 by the second client, each with the bucket added.
    fn calls(&self, calls: &[(&str, Value)]) -> Vec<Value> {
        let calls: Vec<_> = calls
            .iter()
            .map(|(method, arguments)| {
                let mut arguments = arguments.clone();
                arguments["Bucket"] = self.bucket.into();
                ("s3", *method, arguments)
            })
            .collect();
        self.stand_in.second_client(self.account, &calls)
    }

    /// Puts an object and returns how many bytes were told to be sent.
    async fn put(&self, key: &str, source: &Source) -> u64 {
        let sent = AtomicU64::new(0);
        let count = |bytes| {
            sent.fetch_add(bytes, Ordering::Relaxed);
        };
        self.cloud
            .artifacts
            .put(self.bucket, key, source, &count)
            .await
            .unwrap();
        sent.into_inner()
    }

    async fn size(&self, key: &str) -> Option<u64> {
        self.cloud.artifacts.size(self.bucket, key).await.unwrap()
    }
}

/// A file with the digest of what it holds.
fn file_source(path: &Path, bytes: &[u8]) -> Source {
    Source::File {
        path: path.to_owned(),
        sha256: Digest::of_bytes(bytes).to_string(),
    }
}

async fn puts_and_finds(place: Place) {
    assert_eq!(place.size("small").await, None);
    let small = Source::Bytes("a few bytes".into());
    assert_eq!(place.put("small", &small).await, 11);
    assert_eq!(place.size("small").await, Some(11));
    assert_eq!(
        place.calls(&[("get_object", json!({ "Key": "small" }))])[0]["Body"],
        "a few bytes"
    );

    let get = |key: &'static str, at_most| place.cloud.artifacts.get(place.bucket, key, at_most);
    assert_eq!(get("small", 11).await.unwrap().unwrap(), "a few bytes");
    let refused = get("small", 10).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Rejected);
    assert_eq!(get("absent", 11).await.unwrap(), None);
    let elsewhere = place
        .cloud
        .artifacts
        .get("no-such-bucket-7f3a", "small", 11);
    assert_eq!(elsewhere.await.unwrap(), None);

    let bytes: Vec<u8> = (0..LARGE)
        .map(|index| b'a' + u8::try_from(index % 23).unwrap())
        .collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let sent = place
        .put("folder/large", &file_source(file.path(), &bytes))
        .await;
    assert_eq!(sent, LARGE as u64);
    assert_eq!(place.size("folder/large").await, Some(LARGE as u64));
    let seen = place.calls(&[
        ("get_object", json!({ "Key": "folder/large" })),
        ("list_multipart_uploads", json!({})),
    ]);
    // The tag of an object in three parts ends with their number.
    assert!(
        seen[0]["ETag"].as_str().unwrap().ends_with("-3\""),
        "{}",
        seen[0]["ETag"]
    );
    let body = seen[0]["Body"].as_str().unwrap().as_bytes();
    assert_eq!(Digest::of_bytes(body), Digest::of_bytes(&bytes));
    assert_eq!(seen[1]["Uploads"], Value::Null);
}

#[tokio::test]
async fn objects_are_put_whole_in_one_piece_or_in_parts_on_ministack() {
    puts_and_finds(Place::new(ministack(), "100000000020", "objects-on-ministack").await).await;
}

#[tokio::test]
async fn objects_are_put_whole_in_one_piece_or_in_parts_on_moto() {
    puts_and_finds(Place::new(moto(), "moto", "objects-on-moto").await).await;
}

async fn empties(place: Place) {
    let two = |key: &str| {
        (
            "put_object",
            json!({ "Key": key, "Body": { "$bytes": "2" } }),
        )
    };
    for text in ["one", "two"] {
        place.put("twice", &Source::Bytes(text.into())).await;
    }
    place.calls(&[
        two("deleted"),
        ("delete_object", json!({ "Key": "deleted" })),
        ("create_multipart_upload", json!({ "Key": "unfinished" })),
    ]);
    assert_eq!(place.size("deleted").await, None);
    let (cloud, bucket) = (&place.cloud, place.bucket);
    assert_eq!(emptied(cloud, bucket).await, [4]);
    assert_eq!(cloud.artifacts.abort_uploads(bucket).await, Ok(1));
    let seen = place.calls(&[
        ("list_object_versions", json!({})),
        ("list_multipart_uploads", json!({})),
        ("delete_bucket", json!({})),
    ]);
    for (answer, list) in [
        (0, "Versions"),
        (0, "DeleteMarkers"),
        (1, "Uploads"),
        (2, "Error"),
    ] {
        assert_eq!(seen[answer][list], Value::Null, "{list}");
    }
    // What is not there is empty.
    assert_eq!(emptied(cloud, bucket).await, [0; 0]);
    assert_eq!(cloud.artifacts.abort_uploads(bucket).await, Ok(0));
    assert_eq!(place.size("twice").await, None);
}

#[tokio::test]
async fn a_bucket_is_emptied_of_versions_markers_and_uploads_on_ministack() {
    empties(Place::new(ministack(), "100000000021", "emptied-on-ministack").await).await;
}

#[tokio::test]
async fn a_bucket_is_emptied_of_versions_markers_and_uploads_on_moto() {
    empties(Place::new(moto(), "moto", "emptied-on-moto").await).await;
}

#[tokio::test]
async fn a_bucket_of_more_than_a_page_is_emptied() {
    let place = Place::new(ministack(), "100000000022", "many-on-ministack").await;
    let keys: Vec<String> = (0..1001).map(|index| format!("key-{index:04}")).collect();
    for chunk in keys.chunks(50) {
        let puts = chunk.iter().map(|key| async {
            place.put(key, &Source::Bytes("x".into())).await;
        });
        futures::future::join_all(puts).await;
    }
    assert_eq!(emptied(&place.cloud, place.bucket).await, [1000, 1]);
    assert_eq!(emptied(&place.cloud, place.bucket).await, [0; 0]);
}

/// Several writers of one record at once, again and again: each time one of them wins.
async fn races(place: Place) {
    const WRITERS: usize = 8;
    let (records, bucket) = (&place.cloud.records, place.bucket);
    let mut etag: Option<String> = None;
    for round in 0..10 {
        let expected = etag.as_deref().map_or(Expected::Nothing, Expected::Etag);
        let writers = (0..WRITERS).map(|writer| {
            let text = format!("{round} {writer}");
            async move {
                records
                    .write(bucket, "lock", &text, expected)
                    .await
                    .unwrap()
            }
        });
        let written = futures::future::join_all(writers).await;
        let winners: Vec<&String> = written
            .iter()
            .filter_map(|written| match written {
                Written::Done(etag) => Some(etag),
                Written::Surprised => None,
            })
            .collect();
        assert_eq!(winners.len(), 1, "{written:?}");
        let record = records.read(bucket, "lock").await.unwrap().unwrap();
        assert_eq!(&record.etag, winners[0]);
        etag = Some(record.etag);
    }
    let newest = etag.unwrap();
    let stale = records.remove(bucket, "lock", "\"stale\"").await.unwrap();
    assert_eq!(stale, Written::Surprised);
    let removed = records.remove(bucket, "lock", &newest).await.unwrap();
    assert_eq!(removed, Written::Done(String::new()));
    assert_eq!(records.read(bucket, "lock").await.unwrap(), None);
    let gone = records
        .write(bucket, "lock", "x", Expected::Etag(&newest))
        .await;
    assert_eq!(gone.unwrap(), Written::Surprised);
    let absent = records
        .write("no-such-bucket-at-all", "lock", "x", Expected::Nothing)
        .await;
    assert_eq!(absent.unwrap_err().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn of_several_writers_one_wins_on_ministack() {
    races(Place::new(ministack(), "100000000023", "raced-on-ministack").await).await;
}

#[tokio::test]
async fn of_several_writers_one_wins_on_moto() {
    races(Place::new(moto(), "moto", "raced-on-moto").await).await;
}
