//! Resources of stacks that take their time, or fail, before their service is asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::Stage;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType,
};

/// Puts providers under a script, if there is one.
pub(in crate::local) fn staged(
    providers: Vec<Arc<dyn ResourceProvider>>,
    stage: Option<&Arc<Stage>>,
) -> Vec<Arc<dyn ResourceProvider>> {
    let Some(stage) = stage else {
        return providers;
    };
    let put = |inner| {
        Arc::new(Staged {
            inner,
            stage: Arc::clone(stage),
        }) as Arc<dyn ResourceProvider>
    };
    providers.into_iter().map(put).collect()
}

/// A provider under a script.
struct Staged {
    inner: Arc<dyn ResourceProvider>,
    stage: Arc<Stage>,
}

impl Staged {
    async fn act(&self, described: &str) -> Result<(), ResourceError> {
        let act = self.stage.resource(described);
        if act.takes > Duration::ZERO {
            tokio::time::sleep(act.takes).await;
        }
        act.fails
            .map_or(Ok(()), |reason| Err(ResourceError::new(reason)))
    }

    fn described(&self, what: &str, request: &ResourceRequest) -> String {
        let kind = self.inner.definition().name;
        let ResourceRequest {
            logical_id,
            properties,
            ..
        } = request;
        format!("{what} {kind} {logical_id} {properties}")
    }
}

#[async_trait]
impl ResourceProvider for Staged {
    fn definition(&self) -> ResourceType {
        self.inner.definition()
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        self.act(&self.described("create", request)).await?;
        self.inner.create(request).await
    }

    async fn update(
        &self,
        physical_id: &str,
        previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.act(&self.described("update", request)).await?;
        self.inner.update(physical_id, previous, request).await
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let kind = self.inner.definition().name;
        self.act(&format!("delete {kind} {physical_id}")).await?;
        self.inner.delete(physical_id).await
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        self.inner.read(physical_id, expected)
    }
}
