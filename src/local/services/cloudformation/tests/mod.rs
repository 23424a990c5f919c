//! Scenarios over the whole service under paused time, with scripted resources.

use std::sync::{Arc, Mutex};

use super::testing::{Bed, World};

mod changes;
mod crashes;
mod drift;
mod failures;
mod recovery;
mod refusals;
mod removal;

const THREE: &str = "\
Parameters:
  Size: {Type: Number, Default: 1}
  Kind: {Type: String, Default: a}
Resources:
  Model: {Type: Test::Thing, Properties: {Fixed: !Ref Kind}}
  Config: {Type: Test::Thing, Properties: {Fixed: !Ref Model}}
  Endpoint: {Type: Test::Thing, Properties: {Name: app-end, Size: !Sub '${Config}/${Size}'}}
  Bucket: {Type: Test::Thing, DeletionPolicy: Retain}
Outputs:
  End: {Value: !GetAtt Endpoint.Arn, Description: where}
";

fn parameter(key: &'static str, value: &'static str) -> [(&'static str, &'static str); 2] {
    [
        ("Parameters.member.1.ParameterKey", key),
        ("Parameters.member.1.ParameterValue", value),
    ]
}

struct Scene {
    folder: tempfile::TempDir,
    world: Arc<Mutex<World>>,
    bed: Bed,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::default();
    let bed = Bed::open(folder.path(), &world);
    Scene { folder, world, bed }
}

impl Scene {
    /// Ends the engine where it stands, and starts another one over what is on disk.
    async fn crash(&mut self) {
        self.bed.service.stop();
        tokio::task::yield_now().await;
        self.bed = Bed::open(self.folder.path(), &self.world);
    }

    fn fails(&self, call: &str) {
        self.world.lock().unwrap().fails.insert(call.to_owned());
    }

    fn mend(&self) {
        self.world.lock().unwrap().fails.clear();
    }

    fn existing(&self) -> Vec<String> {
        let world = self.world.lock().unwrap();
        world
            .exists
            .keys()
            .map(|id| id.split('-').nth(1).unwrap().to_owned())
            .collect()
    }
}
