"""The yardstick of the benchmark of deployers: boto3 and nothing else, asking every 20 ms.

    python boto_loop.py up STACK TEMPLATE | down STACK

Prints how many milliseconds it worked, and of these on the processor, without its own start.
"""

import sys
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

PAUSE = 0.02
client = boto3.client("cloudformation")


def status(stack: str) -> str | None:
    """The stack's status; None when there is none."""
    try:
        found: str = client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError:
        return None
    return found


def settled(stack: str) -> None:
    """Waits for the end of an operation."""
    while (now := status(stack)) and now.endswith("_IN_PROGRESS"):
        time.sleep(PAUSE)
    if now and now.startswith(("ROLLBACK", "UPDATE_ROLLBACK")):
        sys.exit(f"{stack} ended as {now}")


def up(stack: str, template: str) -> None:
    """Creates or updates the stack by a change set."""
    kind = "UPDATE" if status(stack) else "CREATE"
    names = {"StackName": stack, "ChangeSetName": f"loop-{time.time_ns()}"}
    client.create_change_set(
        **names,
        ChangeSetType=kind,
        TemplateBody=Path(template).read_text(),
        Capabilities=["CAPABILITY_IAM"],
    )
    made = client.describe_change_set(**names)
    while made["Status"] not in ("CREATE_COMPLETE", "FAILED"):
        time.sleep(PAUSE)
        made = client.describe_change_set(**names)
    if made["Status"] == "FAILED":
        if "contain changes" not in made["StatusReason"]:
            sys.exit(made["StatusReason"])
        client.delete_change_set(**names)
        return
    client.execute_change_set(**names)
    settled(stack)


def down(stack: str) -> None:
    """Deletes the stack."""
    client.delete_stack(StackName=stack)
    settled(stack)


if __name__ == "__main__":
    started, on_processor = time.perf_counter(), time.process_time()
    if sys.argv[1] == "up":
        up(*sys.argv[2:])
    else:
        down(*sys.argv[2:])
    worked = time.perf_counter() - started, time.process_time() - on_processor
    print(*(1000 * each for each in worked))
