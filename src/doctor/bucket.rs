//! The name of the environment's bucket: one for all accounts of the world.

use super::Finding;
use super::account::failed;
use crate::cloud::Cloud;
use crate::cloud::checkup::BucketOwner;
use crate::stack::Stack;

/// The tags that tell whose a bucket is.
const OWN: [&str; 2] = ["deploy:stack", "deploy:environment"];

/// Whether the bucket's name is free, or ours.
pub async fn bucket(cloud: &Cloud, stack: &Stack) -> Finding {
    let name = &stack.names.bucket;
    match cloud.checkup.bucket(name, stack.account.as_str()).await {
        Ok(owner) => judged(&owner, stack),
        Err(fault) => failed(&fault, "run it again"),
    }
}

fn judged(owner: &BucketOwner, stack: &Stack) -> Finding {
    let name = &stack.names.bucket;
    let rename = "give the stack or the environment another name";
    match owner {
        BucketOwner::Free => Finding::ok(format!("{name} is free")),
        BucketOwner::Account(None) => Finding::warning(
            format!("{name} is in the account, but its tags may not be read"),
            "allow s3:GetBucketTagging, or look whether `deploy` made it",
        ),
        BucketOwner::Account(Some(tags)) => {
            let ours = OWN.iter().all(|tag| tags.get(*tag) == stack.tags.get(*tag));
            if ours {
                Finding::ok(format!("{name} is there, and is this environment's"))
            } else {
                Finding::failed(
                    format!(
                        "{name} is in the account, but `deploy` did not make it for this environment"
                    ),
                    rename,
                )
            }
        }
        BucketOwner::Forbidden => Finding::failed(
            format!("{name} is another account's, or may not be seen"),
            format!("{rename}; if it is yours, allow s3:ListBucket"),
        ),
        BucketOwner::Elsewhere => Finding::failed(
            format!("{name} is a bucket in another region"),
            format!("{rename}, or set `target.region` to the bucket's"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::doctor::State;
    use crate::stack::StackFile;

    #[test]
    fn only_a_bucket_with_our_tags_is_ours() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        let stack = file.environment("staging").unwrap();
        let state = |owner| judged(&owner, &stack).state;
        assert_eq!(state(BucketOwner::Free), State::Ok);
        assert_eq!(
            state(BucketOwner::Account(Some(stack.tags.clone()))),
            State::Ok
        );
        let mut other = stack.tags.clone();
        other.insert("deploy:environment".into(), "prod".into());
        assert_eq!(state(BucketOwner::Account(Some(other))), State::Failed);
        assert_eq!(
            state(BucketOwner::Account(Some(BTreeMap::new()))),
            State::Failed
        );
        assert_eq!(state(BucketOwner::Account(None)), State::Warning);
        assert_eq!(state(BucketOwner::Forbidden), State::Failed);
        assert_eq!(state(BucketOwner::Elsewhere), State::Failed);
    }
}
