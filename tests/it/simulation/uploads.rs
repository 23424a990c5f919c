//! Data on its way into the bucket: cut off, damaged, changed, or there already in another bucket.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use deploy::bundle::Digest;
use deploy::local::script::Script;
use deploy::plan::{Desired, Purpose};
use deploy::reconcile::progress::Event;
use deploy::stack::S3Location;

use super::command::{Command, End};
use super::fault::{Fault, Trouble, When};
use super::state::client;
use super::world::{Project, Run, World};

/// Bytes of a part.
const PART: usize = 5 * 1024 * 1024;
/// Parts of the data file; the last one is small.
const PARTS: usize = 5;

/// Bytes without a pattern that two parts could share.
fn bytes() -> Vec<u8> {
    let mut word = 7_u64;
    let mut bytes = Vec::with_capacity(PARTS * PART);
    while bytes.len() < (PARTS - 1) * PART {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"the end");
    bytes
}

fn calls(run: &Run, operation: &str) -> usize {
    let name = format!("s3.{operation}");
    run.calls.iter().filter(|call| **call == name).count()
}

/// The bucket and the key of the data.
fn place(desired: &Desired) -> (&str, &str) {
    let mut uploads = desired.uploads.iter();
    let data = uploads.find(|upload| upload.purpose == Purpose::Data);
    (&desired.deployment.names.bucket, &data.unwrap().key)
}

async fn content(world: &World, desired: &Desired) -> Option<Digest> {
    let (bucket, key) = place(desired);
    let object = client(world).get_object().bucket(bucket).key(key).send();
    let bytes = object
        .await
        .ok()?
        .body
        .collect()
        .await
        .unwrap()
        .into_bytes();
    Some(Digest::of_bytes(&bytes))
}

/// Ids of the uploads of the data that were not completed, with the number of their parts.
async fn unfinished(world: &World, desired: &Desired) -> Vec<(String, usize)> {
    let (bucket, key) = place(desired);
    let client = client(world);
    let uploads = client.list_multipart_uploads().bucket(bucket).send().await;
    let mut found = Vec::new();
    for upload in uploads.unwrap().uploads() {
        let id = upload.upload_id().unwrap();
        let parts = client.list_parts().bucket(bucket).key(key).upload_id(id);
        let parts = parts.send().await.unwrap();
        found.push((id.to_owned(), parts.parts().len()));
    }
    found
}

/// Brings an environment up until a call of S3 at which the process dies.
async fn dies_at(world: &World, desired: &Desired, operation: &str, nth: usize) -> Run {
    // What comes before is the same in every run, so a first one tells the number of the call.
    let trial = world.copy();
    let run = trial.run(Command::Up(desired)).await;
    trial.close().await;
    let name = format!("s3.{operation}");
    let numbered = run.calls.iter().enumerate();
    let mut found = numbered
        .filter(|(_, call)| **call == name)
        .map(|(at, _)| at + 1);
    let trouble = Trouble::at(found.nth(nth - 1).unwrap(), Fault::DiesBefore);
    let run = world.run_with(Command::Up(desired), vec![trouble]).await;
    assert!(run.end.is_none(), "{:?}", run.end);
    run
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_was_killed_goes_on_with_the_parts_that_are_missing() {
    let project = Project::new();
    let bytes = bytes();
    project.write_data(&bytes);
    let desired = project.desired("1e-3");
    let world = World::new(&Script::default());
    dies_at(&world, &desired, "UploadPart", PARTS - 1).await;
    let left = unfinished(&world, &desired).await;
    let [(_, there)] = left.as_slice() else {
        panic!("{left:?}")
    };
    assert!((1..PARTS).contains(there), "{there} parts are there");
    assert_eq!(content(&world, &desired).await, None);

    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    // A part that was under way when the process died may have arrived after it was looked for.
    let sent = calls(&run, "UploadPart");
    assert!(
        (1..=PARTS - there).contains(&sent),
        "{sent} of {PARTS}, {there} were there"
    );
    assert_eq!(calls(&run, "CreateMultipartUpload"), 0);
    assert_eq!(
        content(&world, &desired).await,
        Some(Digest::of_bytes(&bytes))
    );
    assert!(unfinished(&world, &desired).await.is_empty());
    // What was there already counts as sent.
    let last = run.events.iter().rev().find_map(|event| match event {
        Event::Uploaded { sent, total, .. } if *total > 1_000_000 => Some((*sent, *total)),
        _ => None,
    });
    assert_eq!(last, Some((bytes.len() as u64, bytes.len() as u64)));
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_not_the_same_is_sent_again() {
    let project = Project::new();
    let bytes = bytes();
    project.write_data(&bytes);
    let desired = project.desired("1e-3");
    let world = World::new(&Script::default());
    dies_at(&world, &desired, "CreateMultipartUpload", 1).await;
    let (bucket, key) = place(&desired);
    let s3 = client(&world);
    let begun = s3.create_multipart_upload().bucket(bucket).key(key);
    let begun = begun
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .send()
        .await;
    let id = begun.unwrap().upload_id.unwrap();
    let mut damaged = bytes[..PART].to_vec();
    damaged[PART / 2] ^= 1;
    for (number, part) in [(1, damaged), (2, bytes[PART..2 * PART].to_vec())] {
        let request = s3.upload_part().bucket(bucket).key(key).upload_id(&id);
        let request = request.part_number(number).body(ByteStream::from(part));
        let request = request.checksum_algorithm(ChecksumAlgorithm::Crc32);
        request.send().await.unwrap();
    }
    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(calls(&run, "UploadPart"), PARTS - 1);
    assert_eq!(
        content(&world, &desired).await,
        Some(Digest::of_bytes(&bytes))
    );
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_fails_is_left_for_the_next_run_and_removed_by_down() {
    let project = Project::new();
    project.write_data(&bytes());
    let desired = project.desired("1e-3");
    let world = World::new(&Script::default());
    let trouble = Trouble {
        when: When::First("s3.UploadPart".to_owned(), 1_000),
        fault: Fault::ServerError,
    };
    let run = world.run_with(Command::Up(&desired), vec![trouble]).await;
    assert!(matches!(run.end, Some(End::Failed(_))), "{:?}", run.end);
    assert_eq!(calls(&run, "AbortMultipartUpload"), 0);
    assert_eq!(unfinished(&world, &desired).await.len(), 1);
    let run = world.run(Command::Down(&desired.deployment)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(calls(&run, "AbortMultipartUpload"), 1);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_while_it_is_sent_does_not_become_an_object() {
    for large in [true, false] {
        let project = Project::new();
        let mut content_now = if large { bytes() } else { b"1\ta\n".to_vec() };
        project.write_data(&content_now);
        let desired = project.desired("1e-3");
        // The same size and, on a coarse clock, the same time of change.
        let end = content_now.len() - 1;
        content_now[end] ^= 1;
        project.write_data(&content_now);
        let world = World::new(&Script::default());
        let run = world.run(Command::Up(&desired)).await;
        let Some(End::Failed(why)) = &run.end else {
            panic!("{:?}", run.end)
        };
        assert!(why.contains("has changed since it was looked at"), "{why}");
        assert_eq!(content(&world, &desired).await, None);
        assert!(unfinished(&world, &desired).await.is_empty());
        let jobs = run
            .calls
            .iter()
            .filter(|call| call.ends_with("CreateTrainingJob"));
        assert_eq!(jobs.count(), 0);
        world.close().await;
    }
}

/// A bucket that no environment owns, with two objects.
async fn archive(world: &World) -> S3Location {
    let s3 = client(world);
    s3.create_bucket().bucket("archive").send().await.unwrap();
    for key in ["2014/a.tsv", "2014/b.tsv", "2015/c.tsv"] {
        put(world, key, "1\ta\n").await;
    }
    S3Location {
        bucket: "archive".to_owned(),
        prefix: "2014/".to_owned(),
    }
}

async fn put(world: &World, key: &str, text: &'static str) {
    let request = client(world).put_object().bucket("archive").key(key);
    let body = ByteStream::from_static(text.as_bytes());
    request.body(body).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn data_in_s3_is_pinned_to_what_is_there_and_nothing_of_it_is_copied() {
    let project = Project::new();
    let world = World::new(&Script::default());
    let location = archive(&world).await;
    let pin = world.pin(&location).await;
    let desired = project.desired_in_s3(&location, pin.clone());
    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    assert!(
        desired
            .uploads
            .iter()
            .all(|upload| upload.purpose != Purpose::Data)
    );
    let channel =
        &desired.training().unwrap().request["InputDataConfig"][0]["DataSource"]["S3DataSource"];
    assert_eq!(channel["S3Uri"], "s3://archive/2014/");

    // Another object does not count; another content does.
    put(&world, "2015/c.tsv", "2\tb\n").await;
    assert_eq!(world.pin(&location).await, pin);
    put(&world, "2014/b.tsv", "2\tb\n").await;
    let now = world.pin(&location).await;
    assert_ne!(now, pin);
    let other = project.desired_in_s3(&location, now);
    assert_ne!(other.training_key, desired.training_key);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn data_in_s3_that_moves_under_a_run_is_not_trained_on() {
    let project = Project::new();
    let world = World::new(&Script::default());
    let location = archive(&world).await;
    let desired = project.desired_in_s3(&location, world.pin(&location).await);
    put(&world, "2014/b.tsv", "2\tb\n").await;
    let run = world.run(Command::Up(&desired)).await;
    let Some(End::Failed(why)) = &run.end else {
        panic!("{:?}", run.end)
    };
    assert!(why.contains("s3://archive/2014/ has changed"), "{why}");
    assert!(
        !run.calls
            .iter()
            .any(|call| call.ends_with("CreateTrainingJob"))
    );
    world.close().await;
}
