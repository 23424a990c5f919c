//! An environment in the place of another: what is left between the two is design, not names.

use super::super::facts;
use super::super::names::Region;
use super::{Image, ModelSource, Stack};

/// Who owns the registry of an image.
#[derive(Debug, PartialEq, Eq)]
enum Registry {
    /// AWS publishes it, or it stands for such an image on the local engine.
    Published,
    /// The environment's own account, in the environment's region.
    Own,
    /// Anybody else.
    Foreign,
}

impl Stack {
    /// This environment with the name, the place and all names of another one. Images come from where the
    /// other one gets them: the same version from another region is the same image.
    #[must_use]
    pub fn in_place_of(&self, other: &Self) -> Self {
        let mut stack = self.clone();
        if let (ModelSource::Trained(recipe), Some(training)) = (&mut stack.model, other.training())
        {
            let own = recipe.training.image.clone();
            recipe.training.image = image(self, &own, other, &training.image);
        }
        stack.endpoint.image = image(self, &self.endpoint.image, other, &other.endpoint.image);
        for (key, value) in &other.tags {
            if key.starts_with("deploy:") {
                stack.tags.insert(key.clone(), value.clone());
            }
        }
        stack.environment = other.environment.clone();
        stack.target = other.target.clone();
        stack.account = other.account.clone();
        stack.region = other.region.clone();
        stack.names = other.names.clone();
        stack
    }
}

/// An image of `here` as it would be called if it were in `there`, whose image is `model`.
fn image(here: &Stack, image: &Image, there: &Stack, model: &Image) -> Image {
    let kind = registry(here, image);
    if kind == Registry::Foreign || kind != registry(there, model) {
        return image.clone();
    }
    let (Some((_, path)), Some((host, other))) =
        (image.uri.split_once('/'), model.uri.split_once('/'))
    else {
        return image.clone();
    };
    // On the local engine an image is told by its versions, without what follows them for a processor.
    let local = image.repository.is_none() || model.repository.is_none();
    if local && (begins(path, other) || begins(other, path)) {
        return model.clone();
    }
    let repository = model.repository.clone().map(|mut repository| {
        path.split([':', '@'])
            .next()
            .unwrap_or(path)
            .clone_into(&mut repository.name);
        repository
    });
    Image {
        uri: format!("{host}/{path}"),
        repository,
        patched_until: image.patched_until,
    }
}

/// Whether a path is the whole of another, or all of it up to a hyphen.
fn begins(path: &str, other: &str) -> bool {
    let rest = other.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn registry(stack: &Stack, image: &Image) -> Registry {
    let Some(repository) = &image.repository else {
        return if image.uri.starts_with(Image::LOCAL) {
            Registry::Published
        } else {
            Registry::Foreign
        };
    };
    let published = |region: &Region| facts::region(region.as_str())?.registry.as_deref();
    let account = repository.account.as_str();
    if published(&repository.region) == Some(account) {
        Registry::Published
    } else if repository.account == stack.account && repository.region == stack.region {
        Registry::Own
    } else {
        Registry::Foreign
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::stack::StackFile;

    fn environments(more: &str) -> [Stack; 2] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier");
        let text = std::fs::read_to_string(root.join("stack.yaml")).unwrap();
        let own = "{ account: \"444455556666\", region: eu-west-1 }";
        assert!(text.contains(own));
        let text = text
            .replace(own, "{ account: \"444455556666\", region: ap-east-1 }")
            .replace("    endpoint: { instance: ml.m5.xlarge, count: 2 }", more);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stack.yaml");
        std::fs::write(
            &path,
            text.replace("../../", &format!("{}/../../", root.display()))
                .replace("file: data/", &format!("file: {}/data/", root.display())),
        )
        .unwrap();
        let file = StackFile::read(&path).unwrap();
        ["staging", "prod"].map(|name| file.environment(name).unwrap())
    }

    #[test]
    fn only_design_is_left() {
        let [staging, prod] = environments("    endpoint: { count: 2 }");
        assert_ne!(
            staging.endpoint.image.repository,
            prod.endpoint.image.repository
        );
        let mut moved = prod.in_place_of(&staging);
        assert_eq!(moved.endpoint.image, staging.endpoint.image);
        assert_eq!(moved.training(), staging.training());
        assert_eq!(moved.tags, staging.tags);
        assert_eq!(
            (&moved.names, &moved.target),
            (&staging.names, &staging.target)
        );
        assert_ne!(moved.endpoint.capacity, staging.endpoint.capacity);
        moved.endpoint = staging.endpoint.clone();
        moved.logs = staging.logs;
        moved.protection = staging.protection;
        moved.promotion = staging.promotion.clone();
        moved.content_digest = staging.content_digest.clone();
        assert_eq!(moved, staging);
    }

    #[test]
    fn the_local_engine_has_the_same_images() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier/stack.yaml");
        let file = StackFile::read(&path).unwrap();
        let [mut local, prod] = ["local", "prod"].map(|name| file.environment(name).unwrap());
        assert_eq!(local.in_place_of(&prod).endpoint.image, prod.endpoint.image);
        assert_eq!(
            prod.in_place_of(&local).training().unwrap().image,
            local.training().unwrap().image
        );
        local.endpoint.image.uri = local.endpoint.image.uri.replace("5.5.3", "5.5.2");
        let moved = local.in_place_of(&prod).endpoint.image;
        assert!(moved.uri.ends_with("transformers5.5.2"), "{}", moved.uri);
    }

    #[test]
    fn another_version_and_another_registry_stay() {
        let host = "444455556666.dkr.ecr.ap-east-1.amazonaws.com";
        let more = format!("    endpoint: {{ image: {{ uri: \"{host}/mine:1\" }} }}");
        let [staging, prod] = environments(&more);
        let moved = prod.in_place_of(&staging);
        assert_eq!(moved.endpoint.image, prod.endpoint.image);

        let [staging, mut prod] = environments("    endpoint: { count: 2 }");
        prod.endpoint.image.uri = prod.endpoint.image.uri.replace("2.6.0", "2.7.0");
        let moved = prod.in_place_of(&staging).endpoint.image;
        assert_eq!(
            moved.uri,
            staging.endpoint.image.uri.replace("2.6.0", "2.7.0")
        );
        assert_eq!(moved.repository, staging.endpoint.image.repository);
    }
}
