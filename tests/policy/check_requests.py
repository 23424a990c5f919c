"""Checks requests against the service model of SageMaker that botocore carries.

Takes a JSON file with a list of `{"stack", "operation", "request"}`. botocore itself looks at names,
types, what is required and lower limits; this adds enumerations, patterns and upper limits.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import botocore.session
from botocore.validate import ParamValidator


def python(pattern: str) -> str:
    """Writes a pattern of the model, which is Java's, in Python's form."""
    for java, own in (("L", "w"), ("N", "d"), ("Z", "s")):
        pattern = pattern.replace(f"\\p{{{java}}}", f"\\{own}")
    return pattern


def wrong(shape: Any, value: Any, path: str) -> list[str]:
    """Returns what is wrong with a value whose types are right."""
    limits = shape.metadata
    found: list[str] = []
    if shape.type_name == "structure":
        for name, member in value.items():
            found += wrong(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            found += wrong(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            found += wrong(shape.key, key, f"{path} key") + wrong(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            found.append(f"{path}: {value!r} is none of the values")
        if "pattern" in limits and not re.fullmatch(python(limits["pattern"]), value, re.DOTALL):
            found.append(f"{path}: {value!r} does not match {limits['pattern']}")
    size = value if shape.type_name in ("integer", "long", "float", "double") else None
    if shape.type_name in ("list", "map", "string"):
        size = len(value)
    if size is not None and "max" in limits and size > limits["max"]:
        found.append(f"{path}: {size} is over {limits['max']}")
    return found


def main(file: str) -> int:
    """Checks all requests of a file, and returns the exit code."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    requests = json.loads(Path(file).read_text(encoding="utf-8"))
    failed = 0
    for entry in requests:
        shape = model.operation_model(entry["operation"]).input_shape
        report = ParamValidator().validate(entry["request"], shape)
        found = [report.generate_report()] if report.has_errors() else wrong(
            shape, entry["request"], entry["operation"]
        )
        if found:
            failed += 1
            print("\n".join([entry["stack"], *found]), file=sys.stderr)
    if failed == 0:
        print(f"{len(requests)} requests are valid")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
