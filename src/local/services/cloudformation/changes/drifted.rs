//! The third side of a drift-aware comparison: the resources as they are. Pure.

use super::{Comparison, Modification};
use crate::local::resource::Live;
use crate::local::services::cloudformation::drift::{self, Actual};
use crate::local::services::cloudformation::state::{
    ChangeDrift, ChangeSource, ChangeTarget, Detail, DetailDrift, DriftStatus, Recreation,
};

/// The resources as they are.
#[derive(Clone, Copy)]
pub(crate) struct Looked<'a> {
    pub(crate) actual: &'a Actual,
    /// Milliseconds since the Unix epoch.
    pub(crate) at: i64,
}

impl Comparison<'_> {
    pub(super) fn live(&self, name: &str) -> Option<&Live> {
        self.actual?.actual.get(name)
    }
}

impl Modification<'_> {
    /// Notes what somebody else changed, and adds a detail for what nothing else would bring back.
    pub(super) fn add_drift(&self, details: &mut Vec<Detail>) {
        let Some((Live::Properties(actual), looked)) = self
            .comparison
            .live(&self.resource.logical_id)
            .zip(self.comparison.actual)
        else {
            return;
        };
        let registry = self.comparison.registry;
        for one in drift::reconcilable(registry, &self.spec.kind, self.properties, actual) {
            let name = one.property();
            let found = DetailDrift {
                previous: self.resource.properties.get(name).cloned(),
                actual: actual.get(name).cloned(),
                desired: self.properties.get(name).cloned(),
                checked: looked.at,
            };
            let mut known = false;
            for detail in details.iter_mut() {
                if detail.name.as_deref() == Some(name) {
                    detail.drift = Some(found.clone());
                    known = true;
                }
            }
            if !known {
                details.push(Detail {
                    target: ChangeTarget::Properties,
                    name: Some(name.to_owned()),
                    recreation: Recreation::Never,
                    known: true,
                    source: ChangeSource::NoModification,
                    causing_entity: None,
                    drift: Some(found),
                });
            }
        }
    }

    pub(super) fn drift_status(&self) -> Option<ChangeDrift> {
        Some(match self.comparison.live(&self.resource.logical_id)? {
            Live::Unsupported => ChangeDrift::Unsupported,
            Live::Missing => ChangeDrift::Looked(DriftStatus::Deleted),
            Live::Properties(actual) => {
                let same = drift::differences(&self.resource.properties, actual).is_empty();
                ChangeDrift::Looked(if same {
                    DriftStatus::InSync
                } else {
                    DriftStatus::Modified
                })
            }
        })
    }
}
