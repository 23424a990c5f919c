//! One finding in place of many that say the same.

use super::places::REACH;
use super::{Finding, State};

/// What is said of all services in one: each title with its finding. `None` where they differ, or not all failed.
pub fn together(found: &[(String, Finding)]) -> Option<(String, Finding)> {
    let [(_, first), _, ..] = found else {
        return None;
    };
    let same = |(_, finding): &(String, Finding)| {
        finding.state == State::Failed && finding.found == first.found && finding.fix == first.fix
    };
    if !found.iter().all(same) {
        return None;
    }
    let names = found.iter().map(|(title, _)| service(title));
    let names = names.collect::<Vec<_>>().join(", ");
    let finding = Finding {
        found: format!("no service can be reached ({names}): {}", first.found),
        address: None,
        ..first.clone()
    };
    Some((format!("{REACH} AWS"), finding))
}

/// The service of a check by its title.
fn service(title: &str) -> &str {
    title.strip_prefix(REACH).unwrap_or(title).trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, finding: Finding) -> (String, Finding) {
        let address = format!("https://{name}.eu-west-1.amazonaws.com/");
        (format!("reach {name}"), finding.at(address))
    }

    #[test]
    fn one_reason_of_all_services_is_told_once() {
        let silent = || Finding::failed("no answer", "open port 443");
        let all = [service("sts", silent()), service("s3", silent())];
        let (title, told) = together(&all).unwrap();
        assert_eq!(title, "reach AWS");
        assert_eq!(
            told,
            Finding::failed(
                "no service can be reached (sts, s3): no answer",
                "open port 443"
            )
        );
    }

    #[test]
    fn what_differs_is_told_one_by_one() {
        let silent = || Finding::failed("no answer", "open port 443");
        let sts = service("sts", silent());
        for other in [
            Finding::ok("it answers"),
            Finding::failed("its name is not found", "open port 443"),
            Finding::failed("no answer", "look at DNS"),
        ] {
            assert_eq!(together(&[sts.clone(), service("s3", other)]), None);
        }
        let answers = || Finding::ok("it answers");
        let all = [service("sts", answers()), service("s3", answers())];
        assert_eq!(together(&all), None);
        assert_eq!(together(&[sts]), None, "the only one says it itself");
    }
}
