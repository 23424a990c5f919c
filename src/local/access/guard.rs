//! Resource types whose work is done with the rights of whoever acts.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::handlers::{self, Work};
use super::subject::Subject;
use super::{Authority, Denial, Known, actor, request_tags};
use crate::local::cells::CellId;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType,
};

/// What the types of a cell are guarded with.
pub(crate) struct Guard {
    pub(crate) authority: Authority,
    pub(crate) place: CellId,
    pub(crate) known: Known,
}

/// Puts providers under a guard.
pub(crate) fn guarded(
    providers: Vec<Arc<dyn ResourceProvider>>,
    guard: &Arc<Guard>,
) -> Vec<Arc<dyn ResourceProvider>> {
    let put = |inner| {
        Arc::new(Guarded {
            inner,
            guard: Arc::clone(guard),
        }) as Arc<dyn ResourceProvider>
    };
    providers.into_iter().map(put).collect()
}

/// A provider under a guard.
struct Guarded {
    inner: Arc<dyn ResourceProvider>,
    guard: Arc<Guard>,
}

impl Guarded {
    fn permit(
        &self,
        work: Work,
        id: &str,
        properties: Option<&Value>,
    ) -> Result<(), ResourceError> {
        let Some(caller) = actor().filter(|caller| caller.session.is_some()) else {
            return Ok(());
        };
        let kind = self.inner.definition().name;
        let subject = Subject {
            kind,
            place: &self.guard.place,
            id,
            properties,
            known: match work {
                // What is not there yet has none but those that it is made with.
                Work::Create => request_tags(properties),
                _ => (self.guard.known)(id),
            },
        };
        let wishes = handlers::wishes(work, &subject).ok_or_else(|| {
            ResourceError::new(format!(
                "the local engine does not emulate rights to work on {kind}"
            ))
        })?;
        self.guard
            .authority
            .permit_all(&caller, &wishes)
            .map_err(|denial| worded(kind, &denial))
    }
}

/// Says it as the handler of a resource type does ("`HandlerErrorCode`" of the CloudFormation CLI user guide).
fn worded(kind: &str, denial: &Denial) -> ResourceError {
    let service = kind.split("::").nth(1).unwrap_or_default();
    ResourceError::new(format!(
        "Resource handler returned message: \"{denial} (Service: {service}, Status Code: 403)\" \
         (HandlerErrorCode: AccessDenied)"
    ))
}

#[async_trait]
impl ResourceProvider for Guarded {
    fn definition(&self) -> ResourceType {
        self.inner.definition()
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        self.permit(
            Work::Create,
            &request.physical_name,
            Some(&request.properties),
        )?;
        self.inner.create(request).await
    }

    async fn update(
        &self,
        physical_id: &str,
        previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.permit(Work::Update, physical_id, Some(&request.properties))?;
        self.inner.update(physical_id, previous, request).await
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        self.permit(Work::Delete, physical_id, None)?;
        self.inner.delete(physical_id).await
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        self.permit(Work::Read, physical_id, Some(expected))?;
        self.inner.read(physical_id, expected)
    }
}
