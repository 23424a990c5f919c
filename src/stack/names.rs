//! Names that are known to be valid, and the names that are composed of them.
//!
//! Limits are those of the services (63 characters for SageMaker and S3, 64 for Lambda), so a
//! composed name is checked here once and nowhere else.

use std::fmt;
use std::str::FromStr;

/// Makes a newtype over `String` whose only constructor checks the text.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }
        }
    };
}

name!(
    /// The name of a stack: a word that fits into every name made from it.
    StackName,
    label
);
name!(
    /// The name of an environment of a stack.
    EnvironmentName,
    label
);
name!(
    /// The id of an AWS account: twelve digits.
    AccountId,
    |text| {
        let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        if digits { Ok(()) } else { Err(NameError::Account) }
    }
);
name!(
    /// The name of an AWS region, such as `eu-west-1`; that it exists is checked elsewhere.
    Region,
    |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let words = parts.len() >= 3 && parts.iter().all(|p| !p.is_empty());
        let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if words && letters { Ok(()) } else { Err(NameError::Region) }
    }
);

/// Checks a word of lower-case letters, digits and single hyphens.
fn label(text: &str) -> Result<(), NameError> {
    let first = text.bytes().next().ok_or(NameError::Empty)?;
    if !first.is_ascii_lowercase() {
        return Err(NameError::Start);
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        return Err(NameError::Letters);
    }
    if text.ends_with('-') || text.contains("--") {
        return Err(NameError::Hyphens);
    }
    Ok(())
}

/// The names of everything that an environment is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// CloudFormation stack of the bucket and the roles.
    pub foundation_stack: String,
    /// CloudFormation stack of everything that serves.
    pub service_stack: String,
    /// `<stack>-<environment>`, which all the other names begin with.
    pub stem: String,
    /// The bucket: the stem with `-<account>-<region>`.
    pub bucket: String,
    /// The SageMaker endpoint: the stem, with a suffix when it is serverless.
    pub endpoint: String,
    /// The Lambda function.
    pub function: String,
    /// The HTTP API.
    pub api: String,
    /// The notebook instance.
    pub notebook: String,
    /// Log group of the API's calls.
    pub api_log_group: String,
    /// Log group of the endpoint.
    pub endpoint_log_group: String,
    /// Log group of the function.
    pub function_log_group: String,
}

impl Names {
    /// How many characters of a training key a job's name carries.
    pub(crate) const KEY_CHARACTERS: usize = 16;
    /// Room left at the end of a job's name for `-r<n>` of a repeated attempt.
    const ATTEMPT_CHARACTERS: usize = 4;
    /// The longest name that S3 and SageMaker take.
    const LIMIT: usize = 63;
    /// What the name of a serverless endpoint ends with. SageMaker does not convert an endpoint on
    /// instances to a serverless one; under another name it is made beside the old one instead, and
    /// CloudFormation deletes that when nothing calls it any more.
    const SERVERLESS: &str = "-serverless";

    /// Composes the names of an environment.
    ///
    /// # Errors
    /// [`NameError::TooLong`] for the first composed name that is over its service's limit.
    pub fn compose(
        stack: &StackName,
        environment: &EnvironmentName,
        account: &AccountId,
        region: &Region,
    ) -> Result<Self, NameError> {
        let base = format!("{stack}-{environment}");
        let function = format!("{base}-classify");
        let names = Self {
            foundation_stack: format!("{base}-foundation"),
            service_stack: format!("{base}-service"),
            bucket: format!("{base}-{account}-{region}"),
            endpoint_log_group: endpoint_log_group(&base),
            function_log_group: format!("/aws/lambda/{function}"),
            function,
            notebook: format!("{base}-notebook"),
            api_log_group: format!("/aws/apigateway/{base}"),
            api: base.clone(),
            endpoint: base.clone(),
            stem: base,
        };
        let job = names.stem.len() + 1 + Self::KEY_CHARACTERS + Self::ATTEMPT_CHARACTERS;
        for (what, name, length) in [
            ("bucket", names.bucket.as_str(), names.bucket.len()),
            ("function", names.function.as_str(), names.function.len()),
            ("notebook", names.notebook.as_str(), names.notebook.len()),
            ("training job", names.stem.as_str(), job),
        ] {
            if length > Self::LIMIT {
                let over = length - Self::LIMIT;
                return Err(NameError::TooLong {
                    what,
                    name: name.to_owned(),
                    over,
                });
            }
        }
        Ok(names)
    }

    /// The same names, of an environment whose endpoint is serverless.
    #[must_use]
    pub(super) fn serverless(mut self) -> Self {
        let [_, endpoint] = self.endpoints();
        self.endpoint_log_group = endpoint_log_group(&endpoint);
        self.endpoint = endpoint;
        self
    }

    /// The names that the endpoint may have: on instances, and serverless. While one takes over from
    /// the other there are both.
    pub fn endpoints(&self) -> [String; 2] {
        [
            self.stem.clone(),
            format!("{}{}", self.stem, Self::SERVERLESS),
        ]
    }

    /// The log groups of these endpoints.
    pub fn endpoint_log_groups(&self) -> [String; 2] {
        self.endpoints().map(|name| endpoint_log_group(&name))
    }

    /// The name of the batch job of a digest (hexadecimal SHA-256) over all that decides its answers.
    pub fn transform_job(&self, digest: &str) -> String {
        self.training_job(digest)
    }

    /// The name of the training job of a training key (hexadecimal SHA-256): same key, same name.
    pub fn training_job(&self, training_key: &str) -> String {
        let short: String = training_key.chars().take(Self::KEY_CHARACTERS).collect();
        format!("{}-{short}", self.stem)
    }
}

/// The log group that SageMaker writes to for an endpoint.
fn endpoint_log_group(endpoint: &str) -> String {
    format!("/aws/sagemaker/Endpoints/{endpoint}")
}

/// Says why a text is no valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing.
    #[error("the name is empty")]
    Empty,
    /// The first character is no letter.
    #[error("a name begins with a lower-case letter")]
    Start,
    /// A character that not every service takes.
    #[error("a name has lower-case letters, digits and hyphens only")]
    Letters,
    /// A hyphen at the end, or two together.
    #[error("a name has single hyphens inside only")]
    Hyphens,
    /// No account id.
    #[error("an account id has twelve digits")]
    Account,
    /// No region.
    #[error("a region looks like `eu-west-1`")]
    Region,
    /// A composed name is over its limit.
    #[error(
        "the name of the {what}, `{name}`, would be {over} characters over the limit of {limit}",
        limit = Names::LIMIT
    )]
    TooLong {
        /// Which resource.
        what: &'static str,
        /// Its name, or what it begins with.
        name: String,
        /// By how many characters.
        over: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(stack: &str, environment: &str) -> Result<Names, NameError> {
        Names::compose(
            &stack.parse().unwrap(),
            &environment.parse().unwrap(),
            &"111122223333".parse().unwrap(),
            &"eu-west-1".parse().unwrap(),
        )
    }

    #[test]
    fn names_follow_from_stack_and_environment() {
        let names = compose("news-classifier", "prod").unwrap();
        assert_eq!(names.endpoint, "news-classifier-prod");
        assert_eq!(
            names.function_log_group,
            "/aws/lambda/news-classifier-prod-classify"
        );
        assert_eq!(names.bucket, "news-classifier-prod-111122223333-eu-west-1");
        let key = "0123456789abcdef0123456789abcdef";
        assert_eq!(
            names.training_job(key),
            "news-classifier-prod-0123456789abcdef"
        );
    }

    #[test]
    fn a_serverless_endpoint_has_a_name_of_its_own_and_nothing_else_has() {
        let instances = compose("news-classifier", "prod").unwrap();
        let serverless = instances.clone().serverless();
        assert_eq!(serverless.endpoint, "news-classifier-prod-serverless");
        let [_, group] = instances.endpoint_log_groups();
        assert_eq!(
            group,
            "/aws/sagemaker/Endpoints/news-classifier-prod-serverless"
        );
        let back = Names {
            endpoint: instances.endpoint.clone(),
            endpoint_log_group: instances.endpoint_log_group.clone(),
            ..serverless.clone()
        };
        assert_eq!(back, instances);
        assert_eq!(serverless.clone().serverless(), serverless);
    }

    #[test]
    fn the_notebook_tells_the_bucket_from_its_own_name() {
        // `training-code/eda.ipynb` does so: its role needs no permission to look anything up.
        let names = compose("news-classifier", "prod").unwrap();
        let base = names.notebook.strip_suffix("-notebook").unwrap();
        assert_eq!(names.bucket, format!("{base}-111122223333-eu-west-1"));
    }

    #[test]
    fn the_longest_names_fit_and_one_more_does_not() {
        assert_eq!(compose(&"a".repeat(35), "prod").unwrap().bucket.len(), 63);
        let error = compose(&"a".repeat(36), "prod").unwrap_err();
        assert!(
            matches!(
                error,
                NameError::TooLong {
                    what: "bucket",
                    over: 1,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn bad_names_are_refused_with_the_reason() {
        for (text, error) in [
            ("", NameError::Empty),
            ("1st", NameError::Start),
            ("News", NameError::Start),
            ("a_b", NameError::Letters),
            ("a--b", NameError::Hyphens),
            ("a-", NameError::Hyphens),
        ] {
            assert_eq!(text.parse::<StackName>(), Err(error), "{text}");
        }
        assert!("11112222333".parse::<AccountId>().is_err());
        assert!("eu_west_1".parse::<Region>().is_err());
    }
}
