//! The resource types that templates may use.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::local::resource::ResourceProvider;

/// Providers by type name.
#[derive(Clone, Default)]
pub(crate) struct Registry(BTreeMap<&'static str, Arc<dyn ResourceProvider>>);

impl Registry {
    /// Collects the providers of all services.
    pub(crate) fn new(providers: impl IntoIterator<Item = Arc<dyn ResourceProvider>>) -> Self {
        Self(
            providers
                .into_iter()
                .map(|provider| (provider.definition().name, provider))
                .collect(),
        )
    }

    /// Returns the provider of a type.
    pub(crate) fn get(&self, kind: &str) -> Option<&Arc<dyn ResourceProvider>> {
        self.0.get(kind)
    }

    /// Tells whether changes of the stack's tags reach resources of this type.
    pub(crate) fn taggable(&self, kind: &str) -> bool {
        self.get(kind)
            .is_some_and(|provider| provider.definition().properties.contains(&"Tags"))
    }
}
