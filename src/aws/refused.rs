//! Why a role was not assumed, on its way through the errors of the SDK.

use std::error::Error;
use std::fmt;

use crate::cloud::CloudFault;

/// What STS answered.
#[derive(Debug)]
pub(super) struct Refused(pub(super) CloudFault);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl Error for Refused {}

/// Why a role was not assumed, if that is what is behind an error.
pub(super) fn refused<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CloudFault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Some(&refused.0);
        }
        next = error.source();
    }
    None
}
