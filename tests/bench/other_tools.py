"""Other tools that make or check templates, installed in fixed versions, on an equivalent stack.

Equivalent means the resources of the foundation and the service of one environment. What differs is
said in remarks that are made from the tools' output.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import venv
from pathlib import Path

from measure import Measured, measure, run

NPM = {"aws-cdk": "2.1148.1", "aws-cdk-lib": "2.270.0", "constructs": "10.8.1"}
PYPI = {
    "sceptre": "4.7.0",
    "aws-sam-cli": "1.170.0",
    "awscli": "1.46.3",
    "boto3": "1.44.5",
    "ministack": "1.5.33",
}
PARTS = ("foundation", "service")
QUIET = {
    "CI": "true",
    "SAM_CLI_TELEMETRY": "0",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


class OtherTools:
    """The other tools, on the stack and environment of a folder of rendered templates."""

    def __init__(self, cache: Path, folder: Path, rendered: Path, count: int) -> None:
        """Takes where tools are kept, a folder to work in, our templates, and how many runs."""
        self.cache, self.folder, self.rendered, self.count = cache, folder, rendered, count
        self.env = dict(os.environ) | QUIET
        self.rows: list[Measured] = []
        self.remarks: list[str] = []
        self.ours = sorted(
            kind
            for part in PARTS
            for kind in resource_types((rendered / f"{part}.yaml").read_text())
        )

    def measure(self) -> None:
        """Measures all of them; one that fails ends the benchmark."""
        self.cdk()
        self.sceptre()
        self.sam()

    def cdk(self) -> None:
        """Measures `cdk synth` of an app in plain JavaScript, and the app without the CLI."""
        cdk, out = install_cdk(self.cache), self.folder / "cdk.out"
        command = [str(cdk / "node_modules/.bin/cdk"), "synth", "--all", "--quiet", "--no-notices"]
        command += ["--no-version-reporting", "--no-path-metadata", "--no-asset-metadata"]
        command += ["--no-lookups", "--app", "node app.js", "--output", str(out)]
        self.add("cdk synth", command, cdk, self.env)
        alone = self.env | {"CDK_OUTDIR": str(self.folder / "cdk.alone")}
        self.add("  its app alone (node app.js)", ["node", "app.js"], cdk, alone)
        made = [json.loads((out / f"{part}.template.json").read_text()) for part in PARTS]
        kinds = [r["Type"] for template in made for r in template["Resources"].values()]
        self.compare("cdk", kinds, "level-1 constructs, written by hand; no training request")

    def sceptre(self) -> None:
        """Measures `sceptre generate` of our templates with the names taken out."""
        project = self.folder / "sceptre"
        stack, environment = self.rendered.parents[1].name, self.rendered.name
        sceptre_project(project, self.rendered, stack, environment)
        programs = install_python(self.cache, "sceptre")
        program, generate = str(programs / "sceptre"), ["generate", environment]
        self.add("sceptre generate", [program, *generate], project, self.env)
        # What it prints by default is the template's text as one quoted string.
        kinds = resource_types(run([program, "--output", "json", *generate], project, self.env))
        what = "two Jinja templates with two variables; checks no value, writes no file"
        self.compare("sceptre", kinds, what)

    def sam(self) -> None:
        """Measures `sam validate --lint` of our templates, made into one."""
        template = self.folder / "template.yaml"
        template.write_text(one_template(self.rendered))
        programs = install_python(self.cache, "aws-sam-cli")
        command = [str(programs / "sam"), "validate", "--lint", "--region", "eu-west-1"]
        command += ["--template-file", str(template)]
        self.add("sam validate --lint", command, self.folder, self.env)
        what = "lints with cfn-lint what is rendered already; `deploy check` is nearest to it"
        self.compare("sam", resource_types(template.read_text()), what)

    def add(self, name: str, command: list[str], cwd: Path, env: dict[str, str]) -> None:
        """Measures one command."""
        self.rows.append(measure(name, command, cwd, self.count, env=env))

    def compare(self, tool: str, kinds: list[str], what: str) -> None:
        """Notes how a tool's work differs from ours."""
        ours = [
            kind for kind in sorted(set(self.ours)) if self.ours.count(kind) > kinds.count(kind)
        ]
        theirs = [kind for kind in sorted(set(kinds)) if kinds.count(kind) > self.ours.count(kind)]
        differ = "the same as ours"
        if ours or theirs:
            differ = (
                f"only ours: {', '.join(ours) or 'none'}; only its: {', '.join(theirs) or 'none'}"
            )
        self.remarks.append(f"{tool}: {len(kinds)} resources, {differ}; {what}")


def resource_types(text: str) -> list[str]:
    """The types of the resources in the text of a template, YAML or JSON."""
    return sorted(re.findall(r'^ +"?Type"?: "?(AWS::\w+::\w+)', text, re.MULTILINE))


def install_cdk(cache: Path) -> Path:
    """Installs CDK and the app; returns the folder of the app."""
    folder = cache / "cdk"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps({"name": "bench", "private": True, "dependencies": NPM})
    done = folder / "installed.json"
    if not done.exists() or done.read_text() != wanted:
        print("installing aws-cdk …", file=sys.stderr)
        (folder / "package.json").write_text(wanted)
        run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], folder)
        done.write_text(wanted)
    shutil.copy(Path(__file__).with_name("cdk_app.js"), folder / "app.js")
    return folder


def install_python(cache: Path, package: str) -> Path:
    """Installs a Python tool into an environment of its own; returns the folder of its programs."""
    folder = cache / package
    done = folder / f"installed-{PYPI[package]}"
    if not done.exists():
        print(f"installing {package} …", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        command = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet"]
        # setuptools up to 80 has `pkg_resources`, which sceptre imports without asking for it.
        run([*command, f"{package}=={PYPI[package]}", "setuptools<81"], cache)
        done.touch()
    return folder / "bin"


def sceptre_project(folder: Path, rendered: Path, stack: str, environment: str) -> None:
    """Writes the rendered templates as a Sceptre project; Jinja fills the two names in again."""
    config, templates = folder / "config", folder / "templates"
    (config / environment).mkdir(parents=True)
    templates.mkdir()
    (config / "config.yaml").write_text(f"project_code: {stack}\nregion: eu-west-1\n")
    for part in PARTS:
        text = (rendered / f"{part}.yaml").read_text()
        text = text.replace(stack, "{{ sceptre_user_data.stack }}")
        text = re.sub(rf"\b{environment}\b", "{{ sceptre_user_data.environment }}", text)
        (templates / f"{part}.yaml.j2").write_text(text)
        (config / environment / f"{part}.yaml").write_text(
            f"template:\n  path: {part}.yaml.j2\n  type: file\n"
            f"sceptre_user_data:\n  stack: {stack}\n  environment: {environment}\n"
        )


def one_template(rendered: Path) -> str:
    """Makes one template of foundation and service, for a tool that takes one at a time."""
    merged: dict[str, dict[str, str]] = {"Parameters": {}, "Resources": {}, "Outputs": {}}
    for part in PARTS:
        for section, entries in sections((rendered / f"{part}.yaml").read_text()).items():
            merged.get(section, {}).update(entries)
    body = "".join(f"{name}:\n{''.join(entries.values())}" for name, entries in merged.items())
    return f'AWSTemplateFormatVersion: "2010-09-09"\n{body}'


def sections(text: str) -> dict[str, dict[str, str]]:
    """Takes a rendered template apart: section, entry, lines of the entry."""
    parts: dict[str, dict[str, str]] = {}
    entries: dict[str, str] = {}
    entry = ""
    for line in text.splitlines(keepends=True):
        if re.match(r"\w", line):
            entries = parts.setdefault(line.split(":")[0], {})
            entry = ""
        elif named := re.match(r'  "?(\w+)"?:( +#.*)?$', line):
            entry = named[1]
            entries[entry] = line
        elif entry and line.startswith("    "):
            entries[entry] += line
    return parts
