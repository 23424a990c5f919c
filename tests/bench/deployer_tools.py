"""How each deployer brings the same small stack up and down."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from other_tools import QUIET, install_cdk, install_python

REGION = "eu-west-1"
ACCOUNT = "000000000000"
ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
CODE = "def handler(event, context):\n    return event\n"


def template(memory: int) -> dict[str, object]:
    """A bucket, a role and a function; what is changed later is the function's memory."""
    bucket = {"VersioningConfiguration": {"Status": "Enabled"}}
    function = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "MemorySize": memory,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Environment": {"Variables": {"BUCKET": {"Ref": "Bucket"}}},
        "Code": {"ZipFile": CODE},
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {"Fingerprint": {"Type": "String", "Default": "none"}},
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": ROLE}},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        },
        "Outputs": {"FunctionName": {"Value": {"Ref": "Function"}}},
    }


@dataclass
class Deployer:
    """A tool, and its commands: up with the first template, up with the changed one, down."""

    name: str
    first: list[str]
    changed: list[str]
    down: list[str]
    cwd: Path
    env: dict[str, str] = field(default_factory=dict)

    def command(self, phase: str) -> list[str]:
        """The command of a phase."""
        return {"one property": self.changed, "teardown": self.down}.get(phase, self.first)


class Deployers:
    """All of them, installed, in a folder of their own."""

    def __init__(self, cache: Path, folder: Path, one_stack: Path, url: str) -> None:
        """Takes where tools are kept, where to work, our program, and the endpoint."""
        self.cache, self.folder, self.one_stack, self.url = cache, folder, one_stack, url
        self.env = dict(os.environ) | QUIET
        self.env |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "HOME": str(folder),
        }
        for name, memory in (("first", 128), ("changed", 256)):
            (folder / f"{name}.json").write_text(json.dumps(template(memory), indent=1))

    def all(self) -> list[Deployer]:
        """The yardstick first, then ours, then the others."""
        return [self.loop(), self.deploy(), self.aws(), self.sam(), self.sceptre(), self.cdk()]

    def make(
        self, name: str, first: list[str], down: list[str], cwd: Path | None = None
    ) -> Deployer:
        """A deployer whose second command differs from its first by the template's name."""
        changed = [part.replace("first", "changed") for part in first]
        return Deployer(name, first, changed, down, cwd or self.folder, self.env)

    def loop(self) -> Deployer:
        """boto3 and nothing else, asking every 20 ms."""
        python = str(install_python(self.cache, "boto3") / "python")
        program = [python, str(Path(__file__).with_name("boto_loop.py"))]
        up = [*program, "up", "bench-loop", "first.json"]
        return self.make("boto3 loop, 20 ms", up, [*program, "down", "bench-loop"])

    def deploy(self) -> Deployer:
        """`deploy`: one_stack.rs, the product's own code for one stack."""
        program = [str(self.one_stack), "--endpoint", self.url, "--stack", "bench-deploy"]
        return self.make("deploy", [*program, "up", "--template", "first.json"], [*program, "down"])

    def aws(self) -> Deployer:
        """`aws cloudformation deploy`, and `delete-stack` with its waiter."""
        aws = [str(install_python(self.cache, "awscli") / "aws"), "cloudformation"]
        up = [*aws, "deploy", "--stack-name", "bench-aws", "--template-file", "first.json"]
        up += ["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"]
        delete = [*aws, "delete-stack", "--stack-name", "bench-aws"]
        wait = [*aws, "wait", "stack-delete-complete", "--stack-name", "bench-aws"]
        down = ["/bin/sh", "-c", f"{shlex.join(delete)} && {shlex.join(wait)}"]
        return self.make("aws cloudformation deploy", up, down)

    def sam(self) -> Deployer:
        """`sam deploy` and `sam delete`."""
        sam = str(install_python(self.cache, "aws-sam-cli") / "sam")
        up = [sam, "deploy", "--stack-name", "bench-sam", "--template-file", "first.json"]
        up += ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"]
        up += ["--no-fail-on-empty-changeset", "--region", REGION]
        down = [sam, "delete", "--stack-name", "bench-sam", "--no-prompts", "--region", REGION]
        return self.make("sam deploy", up, down)

    def sceptre(self) -> Deployer:
        """`sceptre launch` and `sceptre delete`: two stacks of its own over one stack name."""
        project = self.folder / "sceptre"
        (project / "config/bench").mkdir(parents=True)
        (project / "templates").mkdir()
        (project / "config/config.yaml").write_text(f"project_code: bench\nregion: {REGION}\n")
        for name in ("first", "changed"):
            shutil.copy(self.folder / f"{name}.json", project / "templates")
            (project / f"config/bench/{name}.yaml").write_text(
                f"template:\n  path: {name}.json\n  type: file\nstack_name: bench-sceptre\n"
            )
        sceptre = str(install_python(self.cache, "sceptre") / "sceptre")
        up = [sceptre, "launch", "--yes", "bench/first.yaml"]
        down = [sceptre, "delete", "--yes", "bench/first.yaml"]
        return self.make("sceptre launch", up, down, project)

    def cdk(self) -> Deployer:
        """`cdk deploy` and `cdk destroy` of cloud assemblies that are there already."""
        for name in ("first", "changed"):
            assembly = self.folder / f"cdk.{name}"
            assembly.mkdir()
            shutil.copy(self.folder / f"{name}.json", assembly / "bench.template.json")
            artifact = {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://{ACCOUNT}/{REGION}",
                "properties": {"templateFile": "bench.template.json", "stackName": "bench-cdk"},
                "displayName": "bench",
            }
            manifest = {"version": "36.0.0", "artifacts": {"bench": artifact}}
            (assembly / "manifest.json").write_text(json.dumps(manifest))
        cdk = str(install_cdk(self.cache) / "node_modules/.bin/cdk")
        quiet = ["--no-notices", "--no-version-reporting", "--progress", "events"]
        up = [cdk, "deploy", "bench", "--app", "cdk.first", "--require-approval", "never", *quiet]
        down = [cdk, "destroy", "bench", "--app", "cdk.first", "--force", "--no-notices"]
        return self.make("cdk deploy", up, down)
