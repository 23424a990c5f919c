import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from headlines.errors import TrainingError
from headlines.launch import Hosts, processes_per_host, torchrun


def test_the_platforms_hosts_meet_at_the_first_one(tmp_path: Path) -> None:
    file = tmp_path / "resourceconfig.json"
    assert Hosts.read(file).names == ("localhost",)
    given = {"current_host": "algo-2", "hosts": ["algo-2", "algo-1"], "network_interface_name": "e"}
    file.write_text(json.dumps(given), encoding="utf-8")
    command = torchrun(Hosts.read(file), 4, ("algo-1", "7777"))
    assert command == [
        "-m",
        "torch.distributed.run",
        "--nnodes=2",
        "--node_rank=1",
        "--nproc_per_node=4",
        "--master_addr=algo-1",
        "--master_port=7777",
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"hosts": ["a"], "current_host": "b"}', "{}"])
def test_a_wrong_resource_configuration_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "resourceconfig.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match="platform's own"):
        Hosts.read(file)


def test_processes_a_host_are_chosen_in_this_order() -> None:
    assert processes_per_host({"TRAINING_PROCESSES": "2", "SM_NUM_GPUS": "8"}) == 2
    assert processes_per_host({"SM_NUM_GPUS": "8"}) == 8
    assert processes_per_host({"SM_NUM_GPUS": "0"}) == 1
    assert processes_per_host({}) >= 1
    with pytest.raises(TrainingError, match="SM_NUM_GPUS is 'many'"):
        processes_per_host({"SM_NUM_GPUS": "many"})


SCRIPT = """
import os, sys
print(sys.argv[1], *(os.environ[name] for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))
"""
LAUNCH = """
import sys
from pathlib import Path
from headlines.launch import Hosts, replace_process
replace_process(Hosts(("127.0.0.1",), "127.0.0.1"), Path(sys.argv[1]), sys.argv[2:])
print("went on")
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_a_process_becomes_torchrun_only_when_one_is_not_enough(
    tmp_path: Path, processes: int
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    variables = {"TRAINING_PROCESSES": str(processes), "MASTER_PORT": port}
    output = subprocess.run(
        [sys.executable, "-c", LAUNCH, str(script), "--epochs=1"],
        env={**os.environ, **variables, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    lines = sorted(output.splitlines())
    if processes == 1:
        assert lines == ["went on"]
    else:
        started = "hosts=1 processes_per_host=2 launching torchrun"
        assert lines == ["--epochs=1 0 2 0", "--epochs=1 1 2 1", started]
