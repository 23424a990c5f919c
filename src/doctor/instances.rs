//! The instance types: whether the region has them. SageMaker has no operation that tells; what tells are a table
//! that comes with the stack's facts, of endpoints and batch jobs, and the AWS Price List, of what is sold there.

use super::{Check, Finding};
use crate::cloud::{Cloud, CloudFault};
use crate::cost;
use crate::stack::{Capacity, Stack, Use, known_in};

/// A check for each instance type and what it is used for.
pub fn instances<'a>(cloud: Option<&'a Cloud>, stack: &'a Stack) -> Vec<Check<'a>> {
    let region = stack.region.as_str();
    let wanted = wanted(stack).into_iter();
    let check = |(purpose, instance): (Use, &'a str)| {
        let looks = async move {
            let known = known_in(purpose, instance, region);
            let sold = match cloud {
                Some(cloud) => Some(sold(cloud, purpose, instance, region).await),
                None => None,
            };
            judged(known, sold, region)
        };
        let title = format!("{instance} for {}", purpose.words());
        Check::new(
            format!("instance.{purpose:?}.{instance}").to_lowercase(),
            title,
            looks,
        )
    };
    wanted.map(check).collect()
}

fn wanted(stack: &Stack) -> Vec<(Use, &str)> {
    let mut wanted = Vec::new();
    if let Some(training) = stack.training().filter(|_| stack.promotion.is_none()) {
        let instances = training.instances.iter();
        wanted.extend(instances.map(|instance| (Use::Training, instance.as_str())));
    }
    if let Capacity::Instances(capacity) = &stack.endpoint.capacity {
        let instances = capacity.instances.iter();
        wanted.extend(instances.map(|instance| (Use::Hosting, instance.as_str())));
    }
    let batch = stack
        .batch
        .as_ref()
        .map(|batch| (Use::Transform, batch.instance.as_str()));
    let notebook = stack.notebook.as_ref();
    let notebook = notebook.map(|notebook| (Use::Notebook, notebook.instance.as_str()));
    wanted.extend(batch.into_iter().chain(notebook));
    wanted
}

/// Whether the Price List sells the type for the use in the region.
async fn sold(
    cloud: &Cloud,
    purpose: Use,
    instance: &str,
    region: &str,
) -> Result<bool, CloudFault> {
    let filters = cost::filters(region, instance);
    let documents = cloud.prices.products(cost::SERVICE, &filters).await?;
    Ok(cost::price(&documents, purpose, instance).is_some())
}

fn judged(known: Option<bool>, sold: Option<Result<bool, CloudFault>>, region: &str) -> Finding {
    let other = "name another instance type, or another region";
    match (known, sold) {
        (_, Some(Ok(true))) => Finding::ok(format!("sold in {region}, by the AWS Price List")),
        (Some(true), _) => Finding::ok(format!("in {region}, by the table of deploy")),
        (Some(false), _) => Finding::warning(
            format!("not in {region}, by the table of deploy, which may be old"),
            other,
        ),
        (None, Some(Ok(false))) => Finding::skipped(format!(
            "not known: the AWS Price List has no price of it in {region}, and SageMaker does not tell"
        )),
        (None, Some(Err(fault))) => Finding::skipped(format!(
            "not known: SageMaker does not tell, and the AWS Price List was not to be asked ({fault})"
        )),
        (None, None) => Finding::skipped("not known: nobody was asked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::FaultKind;
    use crate::doctor::State;

    #[test]
    fn what_nobody_tells_is_not_known() {
        let denied = || CloudFault {
            kind: FaultKind::Denied,
            operation: "GetProducts",
            code: "AccessDeniedException".into(),
            message: "no".into(),
        };
        let state = |known, sold| judged(known, sold, "eu-west-1").state;
        assert_eq!(state(Some(true), None), State::Ok);
        assert_eq!(state(None, Some(Ok(true))), State::Ok);
        assert_eq!(state(Some(true), Some(Err(denied()))), State::Ok);
        assert_eq!(state(Some(false), Some(Ok(false))), State::Warning);
        assert_eq!(state(None, Some(Ok(false))), State::Skipped);
        assert_eq!(state(None, Some(Err(denied()))), State::Skipped);
        assert_eq!(state(None, None), State::Skipped);
    }
}
