//! Capacity that a region does not have at the moment.
//!
//! Texts: DIAGNijmegen/rse-grand-challenge#2631 (training), aws/deep-learning-containers#6673 (endpoint),
//! aws/amazon-sagemaker-feedback#99.

use super::matching::{Row, say};
use super::{KnownCause, Origin};

pub(super) static ROWS: &[Row] = &[Row {
    cause: KnownCause::NoCapacity,
    types: &[],
    phrases: &[
        "unable to provision requested ml compute capacity",
        "insufficientinstancecapacity",
        "insufficientcapacity",
        "capacityerror",
        "is temporarily unavailable in supported availability zones",
    ],
    told: |symptom| {
        let explanation = "AWS has no free instance of this type in the region, or in the zones of \
                           the subnets, at the moment. It is no quota and no fault of the stack, and \
                           passes by itself.";
        let remedy = match symptom.origin {
            Origin::Training | Origin::Operation("CreateTrainingJob") => {
                "run the command again later, or list further types in `training.instance` (up to \
                 five, tried in order); `training.spot` draws on other capacity, and subnets in more \
                 zones help a job in a VPC"
            }
            _ => {
                "run the command again later, or list further types in `endpoint.instance` (up to \
                 five, tried in order)"
            }
        };
        say(explanation, remedy)
    },
}];
