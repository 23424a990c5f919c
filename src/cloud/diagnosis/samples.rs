//! Messages as services give them, each with the cause that is to be recognised.
//!
//! `deploy explain` shows them, and the tests hold the tables against them.

use super::{KnownCause, Origin};

const QUOTA: &str = "The account-level service limit 'ml.g4dn.xlarge for training job usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances. Please contact AWS support to request an increase for this limit.";
const ENDPOINT: Origin<'_> = Origin::Resource("AWS::SageMaker::Endpoint");
const MODEL: Origin<'_> = Origin::Resource("AWS::SageMaker::Model");
pub(super) const BUCKET: Origin<'_> = Origin::Resource("AWS::S3::Bucket");
const FUNCTION: Origin<'_> = Origin::Resource("AWS::Lambda::Function");
const START: Origin<'_> = Origin::Operation("CreateTrainingJob");

/// Where it comes from, code, message; the cause, and what the remedy or the explanation names.
pub(super) type Sample = (
    Origin<'static>,
    &'static str,
    &'static str,
    KnownCause,
    &'static str,
);

/// At least one of every row of every table.
#[rustfmt::skip]
pub(super) const SAMPLES: &[Sample] = {
    use KnownCause as C;
    use Origin::{Api, Change, Endpoint, Operation, Resource, Training};
    &[
        // Quotas.
        (START, "ResourceLimitExceeded", QUOTA, C::QuotaExceeded, "at least 1 of the quota `ml.g4dn.xlarge for training job usage`"),
        (ENDPOINT, "", "The account-level service limit 'ml.m5.xlarge for endpoint usage' is 2 Instances, with current utilization of 2 Instances and a request delta of 3 Instances. Please contact AWS support to request an increase for this limit. (Service: AmazonSageMaker; Status Code: 400; Error Code: ResourceLimitExceeded; Request ID: dee8f280; Proxy: null)", C::QuotaExceeded, "at least 5 of the quota `ml.m5.xlarge for endpoint usage`"),
        (FUNCTION, "", "Resource handler returned message: \"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10]. (Service: Lambda, Status Code: 400, Request ID: 1)\" (RequestToken: 2, HandlerErrorCode: InvalidRequest)", C::QuotaExceeded, "`function.concurrency`"),
        (Resource("AWS::IAM::Role"), "", "Resource handler returned message: \"Cannot exceed quota for RolesPerAccount: 1000 (Service: Iam, Status Code: 409)\" (RequestToken: 1, HandlerErrorCode: ServiceLimitExceeded)", C::QuotaExceeded, "`RolesPerAccount`"),
        (BUCKET, "", "You have attempted to create more buckets than allowed (Service: Amazon S3; Status Code: 400; Error Code: TooManyBuckets)", C::QuotaExceeded, "Service Quotas"),
        // Capacity.
        (Training, "CapacityError", "Unable to provision requested ML compute capacity. Please retry using a different ML instance type.", C::NoCapacity, "`training.instance`"),
        (ENDPOINT, "", "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.", C::NoCapacity, "`endpoint.instance`"),
        // Images.
        (Training, "ClientError", "API error (404): manifest for 757901089955.dkr.ecr.us-west-2.amazonaws.com/tfrecord-processing:20210610131649 not found: manifest unknown: Requested image not found", C::ImageNotFound, "757901089955.dkr.ecr.us-west-2.amazonaws.com/tfrecord-processing:20210610131649"),
        (ENDPOINT, "", "The role 'arn:aws:iam::911100000000:role/test-role' does not have BatchGetImage permission for the image: '763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:1.15.2-gpu'.", C::ImageDenied, "the repository `tensorflow-inference`"),
        (MODEL, "", "The repository of your image 007439368137.dkr.ecr.eu-west-2.amazonaws.com/sagemaker-tritonserver:25.09-py3 does not grant ecr:GetDownloadUrlForLayer, ecr:BatchGetImage, ecr:BatchCheckLayerAvailability permission to sagemaker.amazonaws.com service principal.", C::ImageDenied, "the repository `sagemaker-tritonserver`"),
        (ENDPOINT, "", "Please make sure all images included in the model for the production variant variant-1 exist, and that the execution role used to create the model has permissions to access them.", C::ImageNotFound, "`endpoint.image`"),
        (MODEL, "", "Using non-ECR image \"docker.io/library/python\" without Vpc repository access mode is not supported.", C::ImageElsewhere, "`image.uri`"),
        // Names.
        (BUCKET, "", "software-csv-data already exists in stack arn:aws:cloudformation:us-east-1:343919453800:stack/data-pipeline-software-dev/bd8fcf70-7736-11eb-b32c-0acf59e535ed", C::NameTaken, "software-csv-data belongs to the CloudFormation stack data-pipeline-software-dev"),
        (BUCKET, "", "Resource handler returned message: \"ec2-gaming-sunshine-library already exists (Service: S3, Status Code: 0, Request ID: null)\" (RequestToken: , HandlerErrorCode: AlreadyExists)", C::NameTaken, "The bucket ec2-gaming-sunshine-library is taken"),
        (Resource("AWS::Logs::LogGroup"), "", "Resource handler returned message: \"Resource of type 'AWS::Logs::LogGroup' with identifier '{\"/properties/LogGroupName\":\"/aws/lambda/news\"}' already exists.\" (RequestToken: 1, HandlerErrorCode: AlreadyExists)", C::NameTaken, "aws logs delete-log-group --log-group-name /aws/lambda/news`"),
        (ENDPOINT, "", "Cannot create already existing endpoint \"arn:aws:sagemaker:eu-west-1:111122223333:endpoint/news-staging\". (Service: AmazonSageMaker; Status Code: 400; Error Code: ValidationException)", C::NameTaken, "delete-endpoint --endpoint-name news-staging"),
        (FUNCTION, "", "Resource handler returned message: \"Function already exist: news-staging-classify (Service: Lambda, Status Code: 409)\" (RequestToken: 1, HandlerErrorCode: AlreadyExists)", C::NameTaken, "delete-function --function-name news-staging-classify"),
        (Resource("AWS::IAM::Role"), "", "Resource handler returned message: \"Role with name news-staging-training already exists. (Service: Iam, Status Code: 409)\" (RequestToken: 1, HandlerErrorCode: AlreadyExists)", C::NameTaken, "The role news-staging-training exists"),
        (Change, "", "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To troubleshoot early validation errors, use the DescribeEvents API for detailed failure information.", C::NameTaken, "describe-events"),
        (Resource("AWS::CloudWatch::Alarm"), "", "Resource handler returned message: \"news-errors already exists\" (RequestToken: 1, HandlerErrorCode: AlreadyExists)", C::NameTaken, "news-errors exists"),
        // The bucket.
        (BUCKET, "", "The bucket you tried to delete is not empty. You must delete all versions in the bucket. (Service: Amazon S3; Status Code: 409; Error Code: BucketNotEmpty; Request ID: 1)", C::BucketNotEmpty, "`deploy down`"),
        (BUCKET, "", "A conflicting conditional operation is currently in progress against this resource. Please try again. (Service: Amazon S3; Status Code: 409; Error Code: OperationAborted)", C::BucketBusy, "wait"),
        // Credentials.
        (Operation("DescribeStacks"), "ExpiredToken", "The security token included in the request is expired", C::CredentialsExpired, "`aws sso login`"),
        (Operation("PutObject"), "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", C::ClockWrong, "clock"),
        (Operation("GetCallerIdentity"), "", "there are no usable AWS credentials (no providers in chain provided credentials)", C::CredentialsMissing, "`target.profile`"),
        (Operation("GetCallerIdentity"), "InvalidClientTokenId", "The security token included in the request is invalid.", C::CredentialsInvalid, "`target.region`"),
        (Operation("PutObject"), "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.", C::CredentialsInvalid, "secret key"),
        // Region and account.
        (Operation("PutObject"), "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'us-west-2'", C::WrongRegion, "`target.region` to us-west-2"),
        (Operation("HeadObject"), "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.", C::WrongRegion, "get-bucket-location"),
        (Operation("CreateChangeSet"), "OptInRequired", "The AWS Access Key Id needs a subscription for the service", C::WrongRegion, "enable the region"),
        (Change, "", "Template format error: Unrecognized resource types: [AWS::SageMaker::Endpoint]", C::WrongRegion, "AWS::SageMaker::Endpoint does not exist"),
        (START, "ValidationException", "Cross-account pass role is not allowed.", C::WrongAccount, "`target.account`"),
        // The service.
        (Operation("DescribeStacks"), "Throttling", "Rate exceeded", C::Throttled, "goes on where it stopped"),
        (Resource("AWS::Lambda::Permission"), "", "Resource handler returned message: \"Rate exceeded (Service: Lambda, Status Code: 429)\" (RequestToken: 1, HandlerErrorCode: Throttling)", C::Throttled, "again"),
        (Training, "Failed", "ClientError: the local Python cannot be used: it does not run", C::LocalPython, "another interpreter"),
        (Training, "InternalServerError", "We encountered an internal error. Please try again.", C::ServiceFault, "run the command again"),
        (FUNCTION, "", "Resource handler returned message: \"Exceeded attempts to wait\" (RequestToken: 1, HandlerErrorCode: NotStabilized)", C::NotReadyInTime, "console"),
        // Keys.
        (Operation("PutObject"), "KMS.DisabledException", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd is disabled.", C::KeyDenied, "arn:aws:kms:eu-west-1:111122223333:key/1234abcd is disabled"),
        (Training, "ClientError", "Data download failed: User: arn:aws:sts::1:assumed-role/r/SageMaker is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access", C::KeyDenied, "kms:Decrypt"),
        // Policies.
        (MODEL, "", "Could not access model data at s3://news-bucket/training/a/output/model.tar.gz. Please ensure that the role \"arn:aws:iam::1:role/x\" exists and that its trust relationship policy allows the action \"sts:AssumeRole\" for the service principal \"sagemaker.amazonaws.com\". Also ensure that the role has \"s3:GetObject\" permissions and that the object is located in eu-west-1.", C::RoleNotReady, "s3://news-bucket/training/a/output/model.tar.gz"),
        (FUNCTION, "", "The role defined for the function cannot be assumed by Lambda. (Service: AWSLambdaInternal; Status Code: 400; Error Code: InvalidParameterValueException; Request ID: d98cedb2-1dd2-11e9-a5ce-a9684da8c5c4)", C::RoleNotReady, "trust"),
        (START, "ValidationException", "Could not assume role arn:aws:iam::1:role/news-training. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.", C::RoleNotReady, "run the command again"),
        (Operation("CreateChangeSet"), "AccessDenied", "User: arn:aws:iam::1:user/a is not authorized to perform: cloudformation:CreateChangeSet on resource: arn:aws:cloudformation:eu-west-1:1:stack/n/* with an explicit deny in a service control policy", C::Denied, "ask whoever keeps those policies to allow cloudformation:CreateChangeSet"),
        (Resource("AWS::IAM::Role"), "", "Resource handler returned message: \"User: arn:aws:iam::1:user/a is not authorized to perform: iam:PutRolePolicy on resource: role news-hosting because no identity-based policy allows the iam:PutRolePolicy action (Service: Iam, Status Code: 403)\" (RequestToken: 1, HandlerErrorCode: AccessDenied)", C::Denied, "allow iam:PutRolePolicy on role"),
        (Operation("PutObject"), "AccessDenied", "Access Denied", C::Denied, "CloudTrail"),
        (Operation("AssumeRole"), "AccessDenied", "cannot assume role arn:aws:iam::2:role/deployer: User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::2:role/deployer", C::Denied, "trust policy name arn:aws:iam::1:user/a"),
        // Training.
        (START, "ValidationException", "No S3 objects found under S3 URL \"s3://news-bucket/data/1/\" given in input data source. Please ensure that the bucket exists in the selected region (us-west-2), that objects exist under that S3 prefix, and that the role \"arn:aws:iam::1:role/r\" has \"s3:ListBucket\" permissions on bucket \"news-bucket\".", C::NoData, "s3://news-bucket/data/1/"),
        (Training, "ClientError", "Data download failed: No space left on device", C::DiskFull, "`training.volume`"),
        (Training, "ClientError", "Data download failed: Failed to download s3://b/k: An error occurred (403) when calling the HeadObject operation: Forbidden", C::DataDenied, "s3:GetObject"),
        (Training, "MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds", C::OutOfTime, "`training.max_run`"),
        (Training, "MaxWaitTimeExceeded", "Training job stopped", C::OutOfPatience, "`training.spot.max_wait`"),
        (Training, "Failed", "Training job exceeded MaxPendingTimeInSeconds", C::OutOfPatience, "`training.max_pending`"),
        (Training, "AlgorithmError", "ExecuteUserScriptError: ExitCode 1 ErrorMessage \"torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB\"", C::OutOfMemory, "whose GPU"),
        (Training, "AlgorithmError", "ExecuteUserScriptError: ExitCode 137 ErrorMessage \"\" ExtraInfo \"OutOfMemory: Process killed by SIGKILL (signal 9)\"", C::OutOfMemory, "batch_size"),
        (Training, "AlgorithmError", "OSError: [Errno 28] No space left on device: '/opt/ml/model/model.safetensors', exit code: 1", C::DiskFull, "`training.volume`"),
        (Training, "AlgorithmError", "ModuleNotFoundError: No module named 'evaluate', exit code: 1", C::PackageMissing, "imports evaluate"),
        (Training, "AlgorithmError", "train.py: error: unrecognized arguments: --epoch 2, exit code: 2", C::OptionUnknown, "does not know --epoch"),
        (Training, "AlgorithmError", "unknown hyperparameter 'bogus' in the hyperparameter file; known are base_model, epochs, exit code: 1", C::OptionUnknown, "does not know bogus"),
        (Training, "AlgorithmError", "ValueError: bad label, exit code: 1", C::ScriptFailed, "exit code 1"),
        (Training, "AlgorithmError", "Exit Code: 139", C::ScriptFailed, "segmentation fault"),
        // Endpoint.
        (ENDPOINT, "", "The primary container for production variant AllTraffic did not pass the ping health check. Please check CloudWatch logs for this endpoint.", C::Unhealthy, "`endpoint.startup_timeout`"),
        (MODEL, "", "Could not find model data at s3://news-bucket/training/a/output/model.tar.gz.", C::ModelMissing, "s3://news-bucket/training/a/output/model.tar.gz is not there"),
        (Endpoint, "", "Received server error (0) from primary with message \"Amazon SageMaker could not get a response from the news endpoint.\"", C::ModelSilent, "MemoryUtilization"),
        (Operation("InvokeEndpoint"), "ModelError", "Received server error (500) from primary with message \"{ \"code\": 500, \"type\": \"InternalServerException\", \"message\": \"Worker died.\" }\"", C::OutOfMemory, "more memory"),
        (Endpoint, "", "Received client error (400) from primary with message \"{ \"code\": 400, \"type\": \"InternalServerException\", \"message\": \"'inputs'\" }\"", C::ModelFailed, "stack trace"),
        (ENDPOINT, "", "The update to news-config-2 failed and the endpoint serves what it served before: The update was rolled back, because alarms of its AutoRollbackConfiguration are in ALARM: news-staging-endpoint-errors.", C::AlarmRang, "`endpoint-errors`"),
        (ENDPOINT, "", "Endpoint \"arn:aws:sagemaker:eu-west-1:111122223333:endpoint/news-staging\" is on instances and cannot be converted to a serverless one.", C::KindFixed, "another `EndpointName`"),
        (Endpoint, "", "SageMaker went back to news-config-1 from news-config-2", C::WentBack, "describe-endpoint"),
        // Function and API.
        (Api, "", "HTTP 500: {\"message\":\"Internal Server Error\"}", C::FunctionFailed, "AWS::Lambda::Permission"),
        (Api, "", "HTTP 503: {\"message\":\"Service Unavailable\"}", C::FunctionBusy, "`function.concurrency`"),
        (Api, "", "HTTP 429: {\"message\":\"Too Many Requests\"}", C::Throttled, "`api.throttle`"),
        (Api, "", "HTTP 401: {\"message\":\"Unauthorized\"}", C::CallerDenied, "`api.auth`"),
        (Api, "", "HTTP 404: {\"message\":\"Not Found\"}", C::RouteMissing, "`api.routes`"),
        (Resource("AWS::Lambda::Permission"), "", "The final policy size (20674) is bigger than the limit (20480). (Service: AWSLambdaInternal; Status Code: 400; Error Code: PolicyLengthExceededException)", C::PolicyFull, "`api.routes`"),
        (Resource("AWS::Lambda::Permission"), "", "Resource handler returned message: \"Function not found: arn:aws:lambda:eu-west-1:1:function:news-classify (Service: Lambda, Status Code: 404)\" (HandlerErrorCode: NotFound)", C::FunctionFailed, "`deploy down`"),
        (FUNCTION, "", "Resource handler returned message: \"Unzipped size must be smaller than 262144000 bytes (Service: Lambda, Status Code: 400)\" (HandlerErrorCode: InvalidRequest)", C::ScriptFailed, "`function.code`"),
        // Templates.
        (Operation("DeleteStack"), "ValidationError", "Stack [news-prod-service] cannot be deleted while TerminationProtection is enabled", C::TerminationProtected, "update-termination-protection"),
        (Operation("CreateChangeSet"), "ValidationError", "1 validation error detected: Value '...' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200", C::TemplateTooLarge, "51,200"),
        (Operation("CreateChangeSet"), "ValidationError", "Template format error: Number of resources, 501, is greater than maximum allowed, 500", C::TemplateTooLarge, "has 501"),
        (Operation("CreateChangeSet"), "ValidationError", "Template format error: Number of outputs, 201, is greater than maximum allowed, 200", C::TemplateTooLarge, "200 outputs"),
        (Operation("CreateChangeSet"), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]", C::TemplateInvalid, "CAPABILITY_AUTO_EXPAND"),
        (Operation("CreateChangeSet"), "ValidationError", "Circular dependency between resources: [A, B]", C::TemplateInvalid, "DependsOn"),
        (Operation("CreateChangeSet"), "ValidationError", "Template error: instance of Fn::GetAtt references undefined resource Modle", C::TemplateInvalid, "`deploy check`"),
        (FUNCTION, "", "Properties validation failed for resource Function with message: [#/MemorySize: 64 is not greater or equal to 128]", C::TemplateInvalid, "stack file's value"),
    ]
};
