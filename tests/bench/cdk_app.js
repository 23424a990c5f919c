// The shipped stack's foundation and service as a CDK app in plain JavaScript, one construct a resource.
//
// Level-1 constructs, which are the quickest to synthesize and leave no resource to CDK's own choice.
const { App, Aws, CfnOutput, CfnParameter, Fn, Stack } = require("aws-cdk-lib");
const { CfnBucket, CfnBucketPolicy } = require("aws-cdk-lib/aws-s3");
const { CfnRole } = require("aws-cdk-lib/aws-iam");
const { CfnLogGroup } = require("aws-cdk-lib/aws-logs");
const { CfnFunction, CfnPermission } = require("aws-cdk-lib/aws-lambda");
const { CfnModel, CfnEndpointConfig, CfnEndpoint } = require("aws-cdk-lib/aws-sagemaker");
const { CfnApi, CfnIntegration, CfnRoute, CfnStage } = require("aws-cdk-lib/aws-apigatewayv2");

const settings = {
  stack: "news-classifier",
  environment: "prod",
  registry: "763104351884.dkr.ecr.eu-west-1.amazonaws.com",
  instance: "ml.m5.xlarge",
  count: 2,
  retention: 90,
};
const name = `${settings.stack}-${settings.environment}`;
const tagMap = {
  "deploy:environment": settings.environment,
  "deploy:stack": settings.stack,
  "deploy:tool": "deploy",
  project: settings.stack,
};
const tags = Object.entries(tagMap).map(([key, value]) => ({ key, value }));
const arn = (service, rest) =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${rest}`;
const allow = (Sid, Action, Resource, Condition) => ({
  Sid, Effect: "Allow", Action, Resource, ...(Condition && { Condition }),
});
const role = (scope, id, service, condition, policyName, statements) =>
  new CfnRole(scope, id, {
    description: `${id} of ${settings.stack} ${settings.environment}`,
    assumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: [{
        Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole",
        ...(condition && { Condition: condition }),
      }],
    },
    policies: [{
      policyName,
      policyDocument: { Version: "2012-10-17", Statement: statements },
    }],
    tags,
  });
const forSageMaker = (logs, namespace, repository) => [
  allow("WriteLogs", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], logs),
  allow("PublishMetrics", "cloudwatch:PutMetricData", "*", {
    StringEquals: { "cloudwatch:namespace": [namespace, "AWS/SageMaker"] },
  }),
  allow("LogInToRegistry", "ecr:GetAuthorizationToken", "*"),
  allow("PullImage",
    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    `arn:${Aws.PARTITION}:ecr:eu-west-1:763104351884:repository/${repository}`),
];

class Foundation extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const bucket = new CfnBucket(this, "Bucket", {
      bucketName: `${name}-${Aws.ACCOUNT_ID}-${Aws.REGION}`,
      publicAccessBlockConfiguration: {
        blockPublicAcls: true, blockPublicPolicy: true,
        ignorePublicAcls: true, restrictPublicBuckets: true,
      },
      ownershipControls: { rules: [{ objectOwnership: "BucketOwnerEnforced" }] },
      bucketEncryption: {
        serverSideEncryptionConfiguration: [
          { serverSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
        ],
      },
      versioningConfiguration: { status: "Enabled" },
      lifecycleConfiguration: {
        rules: [
          { id: "AbortStaleUploads", status: "Enabled",
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } },
          { id: "ExpireOldVersions", status: "Enabled",
            noncurrentVersionExpiration: { noncurrentDays: 30 } },
        ],
      },
      tags,
    });
    const under = (path) => `${bucket.attrArn}/${path}`;
    new CfnBucketPolicy(this, "BucketPolicy", {
      bucket: bucket.ref,
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{
          Sid: "DenyInsecureTransport", Effect: "Deny", Principal: "*", Action: "s3:*",
          Resource: [bucket.attrArn, under("*")],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        }],
      },
    });
    const list = (...prefixes) => allow("ListWhatItUses", "s3:ListBucket", bucket.attrArn,
      { StringLike: { "s3:prefix": prefixes } });
    const locate = allow("LocateBucket", "s3:GetBucketLocation", bucket.attrArn);
    const training = role(this, "TrainingRole", "sagemaker.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID },
      ArnLike: { "aws:SourceArn": arn("sagemaker", "training-job/*") },
    }, "training", [
      allow("ReadDataAndCode", "s3:GetObject", [under("data/*"), under("code/*")]),
      allow("WriteModels", ["s3:AbortMultipartUpload", "s3:PutObject"], under("training/*")),
      list("data/*", "code/*", "training/*"), locate,
      ...forSageMaker([arn("logs", "log-group:/aws/sagemaker/TrainingJobs:*")],
        "/aws/sagemaker/TrainingJobs", "huggingface-pytorch-training"),
    ]);
    const hosting = role(this, "HostingRole", "sagemaker.amazonaws.com", {
      ArnLike: { "aws:SourceArn": arn("sagemaker", "*") },
    }, "hosting", [
      allow("ReadModels", "s3:GetObject", under("training/*")),
      list("training/*"), locate,
      ...forSageMaker(arn("logs", `log-group:/aws/sagemaker/Endpoints/${name}:*`),
        "/aws/sagemaker/Endpoints", "huggingface-pytorch-inference"),
    ]);
    const caller = role(this, "FunctionRole", "lambda.amazonaws.com", undefined, "function", [
      allow("InvokeEndpoint", "sagemaker:InvokeEndpoint", arn("sagemaker", `endpoint/${name}`)),
      allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"],
        arn("logs", `log-group:/aws/lambda/${name}-classify:*`)),
    ]);
    new CfnOutput(this, "BucketName", { value: bucket.ref });
    new CfnOutput(this, "TrainingRoleArn", { value: training.attrArn });
    new CfnOutput(this, "HostingRoleArn", { value: hosting.attrArn });
    new CfnOutput(this, "FunctionRoleArn", { value: caller.attrArn });
  }
}

class Service extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const given = (id) => new CfnParameter(this, id, { type: "String" }).valueAsString;
    const bucket = given("BucketName");
    const group = (id, logGroupName) =>
      new CfnLogGroup(this, id, { logGroupName, retentionInDays: settings.retention, tags });
    const endpointLogs = group("EndpointLogGroup", `/aws/sagemaker/Endpoints/${name}`);
    const functionLogs = group("FunctionLogGroup", `/aws/lambda/${name}-classify`);
    const apiLogs = group("ApiLogGroup", `/aws/apigateway/${name}`);
    const model = new CfnModel(this, "Model", {
      executionRoleArn: given("HostingRoleArn"),
      primaryContainer: {
        image: `${settings.registry}/huggingface-pytorch-inference:2.6.0-transformers5.5.3-cpu-py312-ubuntu22.04`,
        modelDataUrl: Fn.join("", ["s3://", bucket, "/", given("ModelDataKey")]),
        environment: {
          HF_TASK: "text-classification",
          SAGEMAKER_PROGRAM: "inference.py",
          SAGEMAKER_SUBMIT_DIRECTORY: "/opt/ml/model/code",
          SAGEMAKER_CONTAINER_LOG_LEVEL: "20",
          SAGEMAKER_REGION: Aws.REGION,
        },
      },
      tags: [...tags, { key: "deploy:training-key", value: given("TrainingKey") }],
    });
    const config = new CfnEndpointConfig(this, "EndpointConfig", {
      productionVariants: [{
        variantName: "AllTraffic",
        modelName: model.attrModelName,
        initialInstanceCount: settings.count,
        instanceType: settings.instance,
        initialVariantWeight: 1,
        containerStartupHealthCheckTimeoutInSeconds: 300,
      }],
      tags,
    });
    const endpoint = new CfnEndpoint(this, "Endpoint", {
      endpointName: name, endpointConfigName: config.attrEndpointConfigName, tags,
    });
    endpoint.addDependency(endpointLogs);
    const handler = new CfnFunction(this, "Function", {
      functionName: `${name}-classify`,
      description: `Calls the endpoint of ${settings.stack} ${settings.environment}`,
      role: given("FunctionRoleArn"),
      runtime: "python3.12",
      handler: "lambda_function.handler",
      code: { s3Bucket: bucket, s3Key: given("FunctionCodeKey") },
      memorySize: 256,
      timeout: 25,
      environment: { variables: { ENDPOINT_NAME: name } },
      tags,
    });
    handler.addDependency(functionLogs);
    const api = new CfnApi(this, "HttpApi", {
      name, protocolType: "HTTP", tags: tagMap,
      description: `Classifies texts with ${settings.stack} ${settings.environment}`,
    });
    const integration = new CfnIntegration(this, "Integration", {
      apiId: api.ref,
      integrationType: "AWS_PROXY",
      integrationUri: handler.attrArn,
      payloadFormatVersion: "2.0",
      timeoutInMillis: 26000,
    });
    new CfnStage(this, "Stage", {
      apiId: api.ref,
      stageName: "$default",
      autoDeploy: true,
      defaultRouteSettings: { throttlingRateLimit: 50, throttlingBurstLimit: 100 },
      accessLogSettings: {
        destinationArn: apiLogs.attrArn,
        format: '{"requestId":"$context.requestId","status":"$context.status"}',
      },
      tags: tagMap,
    });
    for (const [id, method, path] of [["Classify", "POST", "/classify"], ["Health", "GET", "/health"]]) {
      new CfnRoute(this, `Route${id}`, {
        apiId: api.ref,
        routeKey: `${method} ${path}`,
        authorizationType: "NONE",
        target: `integrations/${integration.ref}`,
      });
      new CfnPermission(this, `ApiPermission${id}`, {
        functionName: handler.ref,
        action: "lambda:InvokeFunction",
        principal: "apigateway.amazonaws.com",
        sourceAccount: Aws.ACCOUNT_ID,
        sourceArn: arn("execute-api", `${api.ref}/*/${method}${path}`),
      });
    }
    new CfnOutput(this, "ApiUrl", { value: api.attrApiEndpoint });
    new CfnOutput(this, "EndpointName", { value: endpoint.attrEndpointName });
    new CfnOutput(this, "FunctionName", { value: handler.ref });
  }
}

const app = new App();
new Foundation(app, "foundation");
new Service(app, "service");
