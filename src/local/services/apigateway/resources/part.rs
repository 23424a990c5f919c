//! What the resource types of the parts of an API have in common: authorizers, integrations and routes are made,
//! changed, deleted and read in one way. The physical id is the part's id, unique in the engine.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{Unchanged, api_of, attributes, change};
use crate::local::ids::suffix;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::services::apigateway::ApiGateway;
use crate::local::services::apigateway::model::{Api, Route};

/// A part of an API.
pub(in super::super) trait Part: Clone + Send + Sync + 'static {
    /// What the service calls it, e.g. `Route`.
    const NAME: &'static str;
    /// CloudFormation's name of the type.
    const TYPE: &'static str;
    /// Properties that are understood.
    const PROPERTIES: &'static [&'static str];
    /// Properties that must be given.
    const REQUIRED: &'static [&'static str];
    /// Characters of an id.
    const ID_LENGTH: usize;

    /// Reads what a template wants.
    ///
    /// # Errors
    /// It is wrong, or not emulated.
    fn wanted(request: &ResourceRequest) -> Result<Self, ResourceError>;

    /// The parts of an API, by id.
    fn of(api: &Api) -> &BTreeMap<String, Self>;

    /// The same, to be changed.
    fn of_mut(api: &mut Api) -> &mut BTreeMap<String, Self>;

    /// Returns the mark of what made it.
    fn owner(&self) -> &str;

    /// Checks that it fits in with the rest of its API, under an id.
    ///
    /// # Errors
    /// Why it does not.
    fn check(&self, api: &Api, id: &str) -> Result<(), Unchanged>;

    /// Tells whether a route needs the part of an id.
    fn is_used_by(route: &Route, id: &str) -> bool;

    /// Puts its properties over those that are expected.
    fn live(&self, expected: &Value) -> Live;
}

/// Puts a part into an API, new or in place of the one that has the id.
///
/// # Errors
/// It does not fit in.
pub(in super::super) fn put<P: Part>(api: &mut Api, id: &str, wanted: P) -> Result<(), Unchanged> {
    wanted.check(api, id)?;
    P::of_mut(api).insert(id.to_owned(), wanted);
    Ok(())
}

/// Makes parts of one type.
pub(super) struct PartProvider<P> {
    gateway: Arc<ApiGateway>,
    part: PhantomData<P>,
}

impl<P: Part> PartProvider<P> {
    /// Makes the provider of a type.
    pub(super) fn of(gateway: &Arc<ApiGateway>) -> Arc<dyn ResourceProvider> {
        Arc::new(Self {
            gateway: Arc::clone(gateway),
            part: PhantomData,
        })
    }

    fn resource(id: &str) -> Resource {
        let attribute = format!("{}Id", P::NAME);
        Resource {
            physical_id: id.to_owned(),
            attributes: attributes([(&attribute, id.to_owned())]),
        }
    }
}

#[async_trait]
impl<P: Part> ResourceProvider for PartProvider<P> {
    fn definition(&self) -> ResourceType {
        ResourceType {
            name: P::TYPE,
            properties: P::PROPERTIES,
            required: P::REQUIRED,
            create_only: &["ApiId"],
            time_limit: TIME_LIMIT,
        }
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let wanted = P::wanted(request)?;
        let id = change(&self.gateway, |state| {
            let api = api_of(state, request)?;
            let mut there = P::of(api).iter();
            let there = there.find(|(_, part)| part.owner() == wanted.owner());
            let id =
                there.map_or_else(|| suffix(P::ID_LENGTH).to_lowercase(), |(id, _)| id.clone());
            put(api, &id, wanted)?;
            Ok(id)
        })?;
        Ok(Self::resource(&id))
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let wanted = P::wanted(request)?;
        change(&self.gateway, |state| {
            let api = api_of(state, request)?;
            if !P::of(api).contains_key(physical_id) {
                return Err(invalid::<P>(physical_id));
            }
            put(api, physical_id, wanted)
        })?;
        Ok(Self::resource(physical_id))
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        change(&self.gateway, |state| {
            for api in state.apis.values_mut() {
                let mut routes = api.routes.values();
                if routes.any(|route| P::is_used_by(route, physical_id)) {
                    return Err(Unchanged::Refused(format!(
                        "Cannot delete {} '{physical_id}' as it is used by a route",
                        P::NAME
                    )));
                }
                P::of_mut(api).remove(physical_id);
            }
            Ok(())
        })
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let part = expected["ApiId"].as_str().and_then(|api| {
            self.gateway
                .state
                .read(|state| P::of(state.apis.get(api)?).get(physical_id).cloned())
        });
        Ok(part.map_or(Live::Missing, |part| part.live(expected)))
    }
}

/// What is said of an id that no part of a type has.
pub(super) fn invalid<P: Part>(id: &str) -> Unchanged {
    Unchanged::Refused(format!("Invalid {} identifier specified {id}", P::NAME))
}
