"""The CPU stack as a user runs it: make RUNTIME=docker on a real Docker Engine, served by the embedded engine."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from pyarrow.parquet import read_table

from pipeline.manifest import read_manifest
from tests.docker.conftest import PROJECT, RUN, Stack, container, docker, wait

pytestmark = pytest.mark.docker
VARIANTS = ("base", "adapter", "f16", "q4_k_m")


def artifacts(stack: Stack, run: str = "small") -> Path:
    """The run's folder, copied out of the volume."""
    status, output = stack.make("fetch", f"RUN={run}")
    assert status == 0, output
    return stack.folder / "artifacts" / f"{run}.docker"


def test_train_serve_eval_and_everything_is_on_the_volume(stack: Stack) -> None:
    status, output = stack.make("train", "serve", "eval", *RUN)
    assert status == 0, output
    assert "renders and counts 4 prompts as training did" in output
    assert "record exact match" in output
    run = artifacts(stack)
    for name in ("report.html", "results.json", "loss.png", "config.yaml", "Modelfile.q4_k_m", "gguf/q4_k_m.gguf"):
        assert (run / name).stat().st_size, name
    assert json.loads((run / "results.json").read_text())["record"]["commit"] == stack.environment["COMMIT"]
    for variant in VARIANTS:
        rows = (run / "samples" / f"{variant}.jsonl").read_text(encoding="utf-8").splitlines()
        assert len(rows) == read_manifest(run)["data"]["n"]["test"]


def test_a_second_time_nothing_is_done_again(stack: Stack) -> None:
    started = time.monotonic()
    process = stack.start("train", *RUN)
    assert process.stdout
    first = next(line for line in process.stdout if line.startswith("data: "))
    assert time.monotonic() - started < 60, "the images were built again"
    process.communicate()
    assert "up to date" in first
    status, output = stack.make("train", "serve", "eval", *RUN)
    assert status == 0, output
    for stage in ("data", "train", "export", "serve", *(f"eval: {variant}" for variant in VARIANTS)):
        assert f"{stage}: up to date" in output


def test_the_served_model_is_asked(stack: Stack) -> None:
    page = "<div><h2>Lamp Omvik</h2><span class='price'>$1344</span><b>by Sol & Co</b></div>"
    (stack.folder / "page.html").write_text(page, encoding="utf-8")
    (stack.folder / "in.jsonl").write_text(json.dumps({"id": "a", "input": page}) + "\n", encoding="utf-8")
    for html in (f"HTML={page}", "HTML=page.html"):
        status, output = stack.make("ask", html, *RUN)
        assert status == 0, output
        assert json.loads(output.splitlines()[-1])["price"] == "$1344"
    status, output = stack.make("ask", "IN=in.jsonl", "OUT=out.jsonl", *RUN)
    assert status == 0, output
    answers = stack.folder / "out.jsonl"
    assert json.loads(answers.read_text())["record"]["price"] == "$1344"
    assert answers.stat().st_uid == os.getuid()
    body = {"model": "small:q4_k_m", "stream": False, "messages": [{"role": "user", "content": page}]}
    answer = httpx.post(f"http://127.0.0.1:{stack.port}/api/chat", json=body, timeout=60).json()
    assert json.loads(answer["message"]["content"])["price"] == "$1344"


def test_a_folder_of_pages_is_extracted_once(stack: Stack) -> None:
    pages = {"lamp": "Lamp Omvik", "kettle": "Kettle Nordvik"}
    (stack.folder / "pages").mkdir()
    for name, title in pages.items():
        (stack.folder / "pages" / f"{name}.html").write_text(f"<h1>{title}</h1><p class='price'>$13.44</p>")
    command = ("extract", "IN=pages", "OUT=new/records.parquet", *RUN)
    for new in (2, 0):
        status, output = stack.make(*command)
        assert status == 0, output
        assert f"2 pages in /host/records.parquet, {new} of them new" in output
    records = {row["id"]: row["record"] for row in read_table(stack.folder / "new" / "records.parquet").to_pylist()}
    assert {name: record["name"] for name, record in records.items()} == {f"{n}.html": t for n, t in pages.items()}


def test_containers_have_no_more_rights_than_they_need(stack: Stack) -> None:
    process = stack.start("eval", *RUN[:1], "RUN=small", "SET=serve.num_predict=256 training.num_train_epochs=1")
    for service in ("embedded", "trainer"):
        facts = json.loads(docker("inspect", wait(lambda service=service: container(service))))[0]
        host = facts["HostConfig"]
        assert facts["Config"]["User"] == "1000", service
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert not host["Privileged"], service
        assert host["SecurityOpt"] == ["no-new-privileges:true"], service
        assert host["Memory"] > 0, service
        for bindings in (host["PortBindings"] or {}).values():
            assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}, service
    process.communicate()


def test_ctrl_c_in_training_can_be_resumed(stack: Stack) -> None:
    """Of epochs enough that what Compose prints late is printed before the last step."""
    command = ("train", "DATA=rows.jsonl", "RUN=stopped", "SET=training.num_train_epochs=5 eval.max_loss=1")
    process = stack.start(*command)
    assert process.stdout
    next(line for line in process.stdout if re.search(r" 2/\d+ \[", line))  # the second step is done
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate()[0]
    assert process.returncode != 0
    assert "stopped by Ctrl-C" in output
    status, output = stack.make(*command, "RESUME=1")
    assert status == 0, output
    assert "goes on from artifacts/stopped/checkpoints/checkpoint-" in output


def test_a_training_that_was_killed(stack: Stack) -> None:
    command = ("train", "DATA=rows.jsonl", "RUN=killed", RUN[2])
    process = stack.start(*command)
    assert process.stdout
    next(line for line in process.stdout if "checked" in line)
    docker("kill", container("trainer"))
    output = process.communicate()[0]
    assert process.returncode != 0
    assert "error: the container of trainer was killed" in output
    status, output = stack.make(*command)
    assert status == 0, output
    assert "adapter/adapter_model.safetensors" in read_manifest(artifacts(stack, "killed"))["train"]["outputs"]


def test_a_create_that_was_killed(stack: Stack) -> None:
    command = ("serve", "DATA=rows.jsonl", "RUN=killed", RUN[2])
    process = stack.start(*command)
    docker("kill", wait(lambda: container("create")))
    output = process.communicate()[0]
    assert process.returncode != 0, output
    status, output = stack.make(*command)
    assert status == 0, output
    assert "renders and counts 4 prompts as training did" in output


@pytest.mark.parametrize("service", ["eval", "embedded"])
def test_an_evaluation_that_lost_a_container(stack: Stack, service: str) -> None:
    command = ("eval", "DATA=rows.jsonl", "RUN=killed", f"{RUN[2]} serve.num_predict={300 + len(service)}")  # anew
    process = stack.start(*command)
    wait(lambda: container("eval"))
    wait(lambda: samples(stack, "killed", "base.jsonl" if service == "eval" else "adapter.jsonl"))
    docker("kill", container(service))
    output = process.communicate()[0]
    assert process.returncode != 0
    expected = (
        "the container of eval was killed"
        if service == "eval"
        else "no Ollama answers at http://ollama:11434: start one"
    )
    assert f"error: {expected}" in output
    status, output = stack.make(*command)
    assert status == 0, output
    results = json.loads((artifacts(stack, "killed") / "results.json").read_text())
    assert sorted(results["variants"]) == sorted([*VARIANTS, "asked"])


def test_two_runs_are_compared(stack: Stack) -> None:
    status, output = stack.make("compare", "RUNS=small killed")
    assert status == 0, output
    assert "| field | small | killed |" in output


def samples(stack: Stack, run: str, name: str) -> bool:
    """Whether the eval container that is running has a file of samples of such a name."""
    listed = subprocess.run(
        [
            "docker",
            "exec",
            container("eval"),
            "sh",
            "-c",
            f"ls -A artifacts/{run}/samples | grep '^{name}'",
        ],
        capture_output=True,
    )
    return listed.returncode == 0


def test_a_server_that_dies_restarts(stack: Stack) -> None:
    server = container("embedded")
    docker("exec", server, "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)")
    wait(lambda: docker("inspect", "--format", "{{.RestartCount}}", server) == "1", 30)
    wait(lambda: docker("inspect", "--format", "{{.State.Health.Status}}", server) == "healthy", 60)
    status, output = stack.make("ask", "HTML=page.html", *RUN)
    assert status == 0, output


def test_an_older_run_on_the_volume_is_not_overwritten_silently(stack: Stack) -> None:
    settings = "SET=training.num_train_epochs=1 lora.r=8"
    status, output = stack.make("train", "RUN=killed", "DATA=rows.jsonl", settings, "NPROC=2")
    assert status == 0, output
    assert output.count("is kept in artifacts/killed/older/adapter-") == 1
    assert list(artifacts(stack, "killed").glob("older/adapter-*/adapter_model.safetensors"))


def test_the_servers_log_and_its_end(stack: Stack) -> None:
    status, output = stack.make("logs")
    assert (status, "embedded engine" in output) == (0, True), output
    status, output = stack.make("down")
    assert status == 0, output
    assert not docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={PROJECT}")
    assert (artifacts(stack) / "report.html").is_file()
    status, output = stack.make("logs")
    assert status != 0
    assert "error: there is no server: `make serve` starts one" in output
