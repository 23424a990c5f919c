//! The policies, one file a family.

mod api;
mod bucket;
mod deletion;
mod encryption;
mod images;
mod logging;
mod network;
mod notebook;
mod permissions;
mod resilience;
mod secrets;
mod tags;
mod trust;

use super::finding::Policy;

pub(super) use secrets::blot_out;

/// All families, in the order of `deploy check --list`.
pub(super) const ALL: &[&[Policy]] = &[
    bucket::POLICIES,
    permissions::POLICIES,
    trust::POLICIES,
    api::POLICIES,
    network::POLICIES,
    notebook::POLICIES,
    logging::POLICIES,
    encryption::POLICIES,
    resilience::POLICIES,
    deletion::POLICIES,
    secrets::POLICIES,
    images::POLICIES,
    tags::POLICIES,
    super::waiver::POLICIES,
];

#[cfg(test)]
mod examples;
#[cfg(test)]
mod testing;
