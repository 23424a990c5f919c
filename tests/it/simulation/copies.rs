//! Artifacts on their way from one account's bucket into another's: cut off, killed, tampered with, refused.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use deploy::bundle::Digest;
use deploy::cloud::Cloud;
use deploy::cloud::copies::{At, Content};
use deploy::local::script::Script;
use deploy::reconcile::progress::Event;
use deploy::reconcile::{How, ReconcileError, Session, transfer};

use super::command::{Command, End};
use super::fault::{Fault, Trouble, When};
use super::state::client;
use super::wire::Wire;
use super::world::{Run, World, cloud};

/// Bytes of a part.
const PART: usize = 5 * 1024 * 1024;
/// Parts of a large artifact; the last one is small.
const PARTS: usize = 4;

/// A large artifact; another `seed` makes another one of the same size.
fn large(seed: u64) -> Vec<u8> {
    let mut word = seed;
    let mut bytes = Vec::with_capacity(PARTS * PART);
    while bytes.len() < (PARTS - 1) * PART {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"the end");
    bytes
}

fn source() -> At {
    At {
        bucket: "staging".to_owned(),
        key: "models/a b+ü/model.tar.gz".to_owned(),
    }
}

fn target() -> At {
    At {
        bucket: "prod".to_owned(),
        key: "models/model.tar.gz".to_owned(),
    }
}

/// An artifact to be copied, and who can read it.
pub(super) struct Errand {
    from: Cloud,
    size: u64,
    sha256: String,
    expected: How,
}

impl Errand {
    fn new(from: Cloud, bytes: &[u8], expected: How) -> Self {
        Self {
            from,
            size: bytes.len() as u64,
            sha256: Digest::of_bytes(bytes).to_string(),
            expected,
        }
    }

    pub(super) async fn run(&self, session: &Session) -> Result<End, ReconcileError> {
        let (size, sha256) = (self.size, &self.sha256);
        let how = transfer(&self.from, session, &source(), &target(), size, sha256).await?;
        assert_eq!(how, self.expected);
        Ok(End::Done)
    }
}

/// Two accounts with a bucket each; in the first there is an artifact.
struct Accounts {
    staging: World,
    prod: World,
    /// Over which the artifact is read.
    wire: Wire,
}

impl Accounts {
    async fn with(artifact: &[u8], troubles: Vec<Trouble>) -> Self {
        let (staging, prod) = (
            World::new(&Script::default()),
            World::new(&Script::default()),
        );
        bucket(&staging, "staging").await;
        bucket(&prod, "prod").await;
        put(&staging, artifact).await;
        Self {
            wire: staging.wire(troubles),
            staging,
            prod,
        }
    }

    async fn errand(&self, bytes: &[u8]) -> Errand {
        Errand::new(cloud(&self.wire).await, bytes, How::Streamed)
    }

    async fn close(self) {
        self.staging.close().await;
        self.prod.close().await;
    }
}

async fn bucket(world: &World, name: &str) {
    let s3 = client(world);
    s3.create_bucket().bucket(name).send().await.unwrap();
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled);
    let request = s3.put_bucket_versioning().bucket(name);
    let request = request.versioning_configuration(enabled.build());
    request.send().await.unwrap();
}

/// Puts the artifact that is to be copied.
async fn put(world: &World, artifact: &[u8]) {
    let At { bucket, key } = source();
    let request = client(world).put_object().bucket(bucket).key(key);
    let body = ByteStream::from(artifact.to_vec());
    request.body(body).send().await.unwrap();
}

/// What the target holds.
async fn arrived(world: &World) -> Option<Digest> {
    let At { bucket, key } = target();
    let object = client(world).get_object().bucket(bucket).key(key).send();
    let bytes = object.await.ok()?.body.collect().await.unwrap();
    Some(Digest::of_bytes(&bytes.into_bytes()))
}

/// Numbers of versions of the target, and of uploads of it that were not completed.
async fn left(world: &World) -> (usize, usize) {
    let s3 = client(world);
    let versions = s3.list_object_versions().bucket("prod").send().await;
    let versions = versions.unwrap();
    let markers = versions.delete_markers().len();
    let uploads = s3.list_multipart_uploads().bucket("prod").send().await;
    let uploads = uploads.unwrap().uploads().len();
    (versions.versions().len() + markers, uploads)
}

fn calls(calls: &[String], operation: &str) -> usize {
    let name = format!("s3.{operation}");
    calls.iter().filter(|call| **call == name).count()
}

fn why(run: &Run) -> &str {
    let Some(End::Failed(why)) = &run.end else {
        panic!("{:?}", run.end)
    };
    why
}

fn refused(operation: &str) -> Trouble {
    Trouble {
        when: When::First(operation.to_owned(), 1_000),
        fault: Fault::Refused("AccessDenied", "Access Denied"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_artifact_is_copied_between_accounts_once() {
    for bytes in [large(7), b"small".to_vec(), Vec::new()] {
        let accounts = Accounts::with(&bytes, Vec::new()).await;
        let mut errand = accounts.errand(&bytes).await;
        let run = accounts.prod.run(Command::Transfer(&errand)).await;
        run.end.as_ref().unwrap().done();
        let expected = Some(Digest::of_bytes(&bytes));
        assert_eq!(arrived(&accounts.prod).await, expected);
        let total = bytes.len() as u64;
        let last = run.events.last().cloned();
        assert_eq!(last, Some(Event::Copied { sent: total, total }));
        // It is known by its digest, not by being read.
        errand.expected = How::Present;
        let run = accounts.prod.run(Command::Transfer(&errand)).await;
        run.end.as_ref().unwrap().done();
        assert_eq!(run.calls, ["s3.HeadObject"]);
        assert_eq!(left(&accounts.prod).await, (1, 0));
        accounts.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_was_killed_sends_only_what_is_missing() {
    let bytes = large(7);
    let accounts = Accounts::with(&bytes, Vec::new()).await;
    let errand = accounts.errand(&bytes).await;
    let dies = Trouble {
        when: When::First("s3.CompleteMultipartUpload".to_owned(), 1),
        fault: Fault::DiesBefore,
    };
    let command = Command::Transfer(&errand);
    let run = accounts.prod.run_with(command, vec![dies]).await;
    assert!(run.end.is_none(), "{:?}", run.end);
    assert_eq!(arrived(&accounts.prod).await, None);
    let s3 = client(&accounts.prod);
    let uploads = s3.list_multipart_uploads().bucket("prod").send().await;
    let uploads = uploads.unwrap();
    let id = uploads.uploads()[0].upload_id().unwrap();
    // A part that differs is sent again.
    let request = s3.upload_part().bucket("prod").key(target().key);
    let other = ByteStream::from(vec![1_u8; PART]);
    let request = request.upload_id(id).part_number(2).body(other);
    request.send().await.unwrap();

    let run = accounts.prod.run(command).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(calls(&run.calls, "UploadPart"), 1);
    assert_eq!(calls(&run.calls, "CreateMultipartUpload"), 0);
    assert_eq!(
        arrived(&accounts.prod).await,
        Some(Digest::of_bytes(&bytes))
    );
    assert_eq!(left(&accounts.prod).await, (1, 0));
    accounts.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_tampered_artifact_does_not_become_an_object() {
    for (recorded, tampered) in [
        (large(7), large(8)),
        (b"small".to_vec(), b"smell".to_vec()),
        (b"small".to_vec(), b"larger".to_vec()),
    ] {
        let accounts = Accounts::with(&tampered, Vec::new()).await;
        let errand = accounts.errand(&recorded).await;
        let run = accounts.prod.run(Command::Transfer(&errand)).await;
        let why = why(&run);
        assert!(
            why.contains("is not the artifact that was recorded"),
            "{why}"
        );
        if recorded.len() == tampered.len() {
            for bytes in [&recorded, &tampered] {
                assert!(why.contains(Digest::of_bytes(bytes).as_str()), "{why}");
            }
        }
        assert_eq!(left(&accounts.prod).await, (0, 0));
        accounts.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_cut_off_is_taken_up_where_it_stopped() {
    let bytes = large(7);
    let cut = Trouble {
        when: When::First("s3.GetObject".to_owned(), 2),
        fault: Fault::CutOff(PART - 100),
    };
    let accounts = Accounts::with(&bytes, vec![cut]).await;
    let errand = accounts.errand(&bytes).await;
    let run = accounts.prod.run(Command::Transfer(&errand)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(
        arrived(&accounts.prod).await,
        Some(Digest::of_bytes(&bytes))
    );
    // One more request for each, of what was missing.
    assert_eq!(calls(&accounts.wire.calls(), "GetObject"), PARTS + 2);
    accounts.close().await;

    // Bodies that never begin are not asked for for ever, and what has been sent stays for the next run.
    let cut = Trouble {
        when: When::First("s3.GetObject".to_owned(), 1_000),
        fault: Fault::CutOff(0),
    };
    let accounts = Accounts::with(&bytes, vec![cut]).await;
    let errand = accounts.errand(&bytes).await;
    let run = accounts.prod.run(Command::Transfer(&errand)).await;
    assert!(why(&run).contains("GetObject failed"), "{:?}", run.end);
    assert_eq!(left(&accounts.prod).await, (0, 1));
    accounts.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_artifact_that_changes_while_it_is_read_is_refused() {
    let bytes = large(7);
    let accounts = Accounts::with(&bytes, Vec::new()).await;
    let copies = cloud(&accounts.wire).await.copies;
    let found = copies.find(&source()).await.unwrap().unwrap();
    put(&accounts.staging, &large(8)).await;
    let mut into = [0; 8];
    let fault = copies.read(&source(), &found.etag, 0, &mut into).await;
    let fault = fault.unwrap_err();
    assert!(fault.message.contains("has changed since"), "{fault}");
    let fault = copies.copy(&source(), &found.etag, &source()).await;
    let fault = fault.unwrap_err();
    assert!(fault.message.contains("has changed since"), "{fault}");
    accounts.close().await;
}

/// One account with both buckets, where the service can copy.
async fn one_account(artifact: &[u8]) -> World {
    let world = World::new(&Script::default());
    bucket(&world, "staging").await;
    bucket(&world, "prod").await;
    put(&world, artifact).await;
    world
}

#[tokio::test(start_paused = true)]
async fn the_service_copies_where_it_can() {
    let bytes = large(7);
    let world = one_account(&bytes).await;
    let mut errand = Errand::new(cloud(&world.wire(Vec::new())).await, &bytes, How::Copied);
    let run = world.run(Command::Transfer(&errand)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(run.calls, ["s3.HeadObject", "s3.CopyObject"]);
    assert_eq!(arrived(&world).await, Some(Digest::of_bytes(&bytes)));
    errand.expected = How::Present;
    let run = world.run(Command::Transfer(&errand)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(run.calls, ["s3.HeadObject"]);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn where_the_service_may_not_copy_the_artifact_goes_through_this_machine() {
    let bytes = large(7);
    let world = one_account(&bytes).await;
    let from = cloud(&world.wire(Vec::new())).await;
    let errand = Errand::new(from, &bytes, How::Streamed);
    let command = Command::Transfer(&errand);
    let run = world
        .run_with(command, vec![refused("s3.CopyObject")])
        .await;
    run.end.as_ref().unwrap().done();
    assert_eq!(calls(&run.calls, "UploadPart"), PARTS);
    assert_eq!(arrived(&world).await, Some(Digest::of_bytes(&bytes)));
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_tampered_artifact_that_the_service_copied_is_removed_again() {
    for recorded in [large(8), b"small".to_vec()] {
        let mut tampered = recorded.clone();
        tampered[0] ^= 1;
        let world = one_account(&tampered).await;
        let from = cloud(&world.wire(Vec::new())).await;
        let mut errand = Errand::new(from, &recorded, How::Copied);
        let run = world.run(Command::Transfer(&errand)).await;
        assert!(
            why(&run).contains("not the artifact that was recorded"),
            "{:?}",
            run.end
        );
        assert_eq!(left(&world).await, (0, 0));
        // Killed, or not allowed, before it could be removed: it is not taken for the artifact afterwards.
        let command = Command::Transfer(&errand);
        let run = world
            .run_with(command, vec![refused("s3.DeleteObjects")])
            .await;
        assert!(why(&run).contains("not the artifact"), "{:?}", run.end);
        assert!(
            matches!(run.events.last(), Some(Event::Notice { text }) if text.contains("could not be removed")),
            "{:?}",
            run.events
        );
        assert_eq!(left(&world).await, (1, 0));
        put(&world, &recorded).await;
        errand.expected = How::Copied;
        let run = world.run(Command::Transfer(&errand)).await;
        run.end.as_ref().unwrap().done();
        assert_eq!(arrived(&world).await, Some(Digest::of_bytes(&recorded)));
        world.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_digested_in_one_pass() {
    for bytes in [large(7), b"small".to_vec(), Vec::new()] {
        let world = one_account(&bytes).await;
        let wire = world.wire(Vec::new());
        let copies = cloud(&wire).await.copies;
        let content = Content {
            size: bytes.len() as u64,
            sha256: Digest::of_bytes(&bytes).to_string(),
        };
        assert_eq!(copies.digest(&source()).await, Ok(Some(content)));
        let reads = bytes.len().div_ceil(PART);
        assert_eq!(calls(&wire.calls(), "GetObject"), reads);
        assert_eq!(copies.digest(&target()).await, Ok(None));
        world.close().await;
    }
}
