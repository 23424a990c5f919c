"""Changes resources of an environment as somebody with the AWS console would.

Takes the names of the edits; the endpoint, the region and the stem of all names come from the
environment. What is changed is found through CloudFormation.
"""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from typing import Any

import boto3

STEM = os.environ["STEM"]


def client(service: str) -> Any:
    """Returns a client of the engine."""
    return boto3.client(service, endpoint_url=os.environ["ENDPOINT"])


def physical(stack: str, logical_id: str) -> str:
    """Returns what the service calls a resource."""
    answer = client("cloudformation").describe_stack_resource(
        StackName=f"{STEM}-{stack}", LogicalResourceId=logical_id
    )
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def role_policy() -> None:
    """Lets the function do anything with S3."""
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    client("iam").put_role_policy(
        RoleName=physical("foundation", "FunctionRole"),
        PolicyName="extra",
        PolicyDocument=json.dumps(document),
    )


def undo_role_policy() -> None:
    """Takes it away."""
    client("iam").delete_role_policy(
        RoleName=physical("foundation", "FunctionRole"), PolicyName="extra"
    )


def trust() -> None:
    """Lets another service assume the function's role."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    client("iam").update_assume_role_policy(
        RoleName=physical("foundation", "FunctionRole"), PolicyDocument=json.dumps(document)
    )


def configuration() -> None:
    """Gives the function more memory and another variable."""
    name = physical("service", "Function")
    functions = client("lambda")
    before = functions.get_function_configuration(FunctionName=name)
    variables = before["Environment"]["Variables"] | {"TOKEN": "hunter2"}
    functions.update_function_configuration(
        FunctionName=name, MemorySize=512, Environment={"Variables": variables}
    )


def code() -> None:
    """Replaces the function's code."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("lambda_function.py", "def handler(event, context):\n    return {}\n")
    client("lambda").update_function_code(
        FunctionName=physical("service", "Function"), ZipFile=archive.getvalue()
    )


def route() -> None:
    """Adds a route."""
    api = physical("service", "HttpApi")
    target = f"integrations/{physical('service', 'Integration')}"
    client("apigatewayv2").create_route(ApiId=api, RouteKey="GET /evil", Target=target)


def undo_route() -> None:
    """Removes it."""
    api = physical("service", "HttpApi")
    gateway = client("apigatewayv2")
    for item in gateway.get_routes(ApiId=api)["Items"]:
        if item["RouteKey"] == "GET /evil":
            gateway.delete_route(ApiId=api, RouteId=item["RouteId"])


def stage() -> None:
    """Lifts the throttle."""
    client("apigatewayv2").update_stage(
        ApiId=physical("service", "HttpApi"),
        StageName="$default",
        DefaultRouteSettings={"ThrottlingRateLimit": 5000.0, "ThrottlingBurstLimit": 5000},
    )


def integration() -> None:
    """Shortens the API's patience."""
    client("apigatewayv2").update_integration(
        ApiId=physical("service", "HttpApi"),
        IntegrationId=physical("service", "Integration"),
        TimeoutInMillis=1000,
    )


def versioning() -> None:
    """Suspends the bucket's versioning."""
    client("s3").put_bucket_versioning(
        Bucket=physical("foundation", "Bucket"), VersioningConfiguration={"Status": "Suspended"}
    )


def bucket_policy() -> None:
    """Deletes the bucket's policy."""
    client("s3").delete_bucket_policy(Bucket=physical("foundation", "Bucket"))


def same_bucket_policy() -> None:
    """Writes the bucket's policy anew, in another form."""
    bucket = physical("foundation", "Bucket")
    s3 = client("s3")
    document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    for statement in document["Statement"]:
        statement["Action"] = [statement["Action"]]
        statement["Resource"] = list(reversed(statement["Resource"]))
        statement["Sid"] = "Another"
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def instances() -> None:
    """Has two instances where there is one."""
    client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=STEM,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
    )


if __name__ == "__main__":
    for edit in sys.argv[1:]:
        globals()[edit]()
