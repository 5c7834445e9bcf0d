"""What guards a mend fails without it: each mend is taken out of a copy of the project, and its test must fail there.

Run it after changing a guarded line: `make test-one T=tests/test_mends.py`. An entry whose text is no longer in its
file fails too: then take out the mend as it is now.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LARGE = ("models", "data")  # what no entry changes
PLANTED = "tests/eval/test_faults.py::test_a_planted_fault_is_caught_and_named"
ASK, EXTRACT, ENGINE = "tests/serve/test_ask.py::", "tests/serve/test_extract.py::", "tests/serve/test_faults.py::"
PIN = "tests/trainer/test_pin.py::"
FILES, DATA, ROWS = "tests/pipeline/test_files.py::", "tests/pipeline/test_data.py::", "tests/pipeline/test_rows.py::"

# Of each: file, text of the mend, what stands in its place, the test that must fail.
MENDS = {
    "a prompt that the server changed": (
        "serve/client.py",
        'if answer.get("prompt_eval_count") != n_tokens:',
        "if False:",
        f"{PLANTED}[double_bos] {PLANTED}[cut_prompts] {PLANTED}[another_template]",
    ),
    "a template that renders otherwise": (
        "serve/create.py",
        'if rendered != example["rendered"]:',
        "if False:",
        f"{ASK}test_a_server_that_renders_or_counts_otherwise_is_refused",
    ),
    "another file in the place of a GGUF": (
        "pipeline/manifest.py",
        "if sha256(path) != digest:",
        "if False:",
        f"{PLANTED}[swapped_gguf]",
    ),
    "another run under the name, in an evaluation": (
        "eval/predict.py",
        "Extractor(config, variant, host).check()",
        "pass",
        "tests/eval/test_predict.py::test_a_server_with_another_model_is_refused",
    ),
    "another run under the name, asked": (
        "serve/client.py",
        "if found != self.expected:",
        "if not found:",
        f"{PLANTED}[second_run_under_the_name] {ASK}test_another_model_under_the_name_never_answers",
    ),
    "another run under the name, in between": (
        "serve/client.py",
        "        self.check()\n        facts",
        "        facts",
        f"{ASK}test_another_model_under_the_name_never_answers",
    ),
    "a GGUF left by an earlier export": (
        "trainer/export.py",
        "if path not in outputs(config):",
        "if False:",
        "tests/trainer/test_leftovers.py",
    ),
    "a model that is worse in one field": (
        "eval/gate.py",
        'flip["p_holm"] < ALPHA',
        'flip["p_holm"] < 0',
        f"{PLANTED}[worse_in_one_field]",
    ),
    "samples made by other code": (
        "eval/provenance.py",
        '"code": code(variant),',
        '"code": "",',
        "tests/eval/test_predict.py::test_samples_are_stale_once_the_code_that_made_them_changed",
    ),
    "samples that somebody changed": (
        "eval/predict.py",
        '    output_of(folder, task.stage, f"samples/{task.name}.jsonl")\n',
        "",
        "tests/eval/test_predict.py::test_samples_that_somebody_changed_are_not_read",
    ),
    "second tries scored as first answers": (
        "eval/predict.py",
        "first=found.first,",
        "first=found.answer,",
        "tests/eval/test_score.py::test_first_answers_are_scored_and_the_second_try_is_a_step_of_its_own",
    ),
    "latest before the gate passed": (
        "eval/gate.py",
        'v["verdict"] == "passed"',
        'v["verdict"] != "failed"',
        "tests/eval/test_score.py::test_latest_stays_where_there_are_too_few_examples_to_tell",
    ),
    "a file name asked as a page": (
        "serve/ask.py",
        'if "<" in value:',
        "if not Path(value).exists():",
        f"{ASK}test_what_is_no_page_is_one_sentence",
    ),
    "an answer to another page kept": (
        "serve/answers.py",
        "found[0] != _key(page)",
        "False",
        f"{EXTRACT}test_what_changed_is_asked_again_and_stands_once",
    ),
    "two processes on one OUT": (
        "serve/answers.py",
        "fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        f"{EXTRACT}test_one_process_writes",
    ),
    "a half-written line": (
        "serve/answers.py",
        "self._file.truncate(begin)",
        "pass",
        f"{EXTRACT}test_a_kill_loses_and_doubles_nothing",
    ),
    "a row of somebody else's taken for a half-written line": (
        "serve/answers.py",
        "return is_line(json.loads(first))",
        "raise ValueError",
        f"{EXTRACT}test_a_file_of_something_else_is_not_touched",
    ),
    "half a page of a web archive": (
        "serve/sources.py",
        "if record.content_length < promised:",
        "if False:",
        f"{EXTRACT}test_each_kind_of_source_is_read",
    ),
    "a bad row that ends the others": (
        "serve/pages.py",
        "if not page.strip():",
        "if False:",
        f"{EXTRACT}test_a_bad_row_is_a_line_and_not_the_end_of_the_others",
    ),
    "a page's character that ends a line of a stream": (
        "serve/engine/llama.py",
        '(rest + part).split(b"\\n")',
        '"\\n".join((rest + part).decode().splitlines()).encode().split(b"\\n")',
        f"{ENGINE}test_what_python_takes_for_a_line_end_ends_no_line",
    ),
    "a good adapter that is not kept": (
        "trainer/train.py",
        'keep_adapter(config.folder / "adapter", successor=folder)',
        "pass",
        "tests/trainer/test_train.py::test_a_training_that_fails_leaves_the_adapter",
    ),
    "rows that differ in scripts alone": (
        "pipeline/data.py",
        'page(row["input"], reader)',
        'page(row["input"])',
        f"{DATA}test_rows_that_differ_in_a_script_are_one_only_where_pages_are_cleaned",
    ),
    "an id of 0": (
        "pipeline/data.py",
        'value in (None, "")',
        "not value",
        f"{DATA}test_ids_are_kept_also_zero",
    ),
    "a name before the bytes are on the disk": (
        "pipeline/files.py",
        "        _sync_tree(temporary)\n",
        "",
        f"{FILES}test_what_gets_a_name_is_on_the_disk",
    ),
    "a folder that is missing between two versions": (
        "pipeline/files.py",
        "elif not _exchange(temporary, path):",
        "else:",
        f"{FILES}test_a_folder_is_never_missing_between_two_versions",
    ),
    "one temporary name for two containers": (
        "pipeline/files.py",
        "secrets.token_hex(8)",
        "os.getpid()",
        f"{FILES}test_processes_with_the_same_number_share_no_temporary_name",
    ),
    "a foreign Host": (
        "serve/engine/origins.py",
        "(self.loopback and not is_local_host(host))",
        "False",
        f"{ENGINE}test_foreign_hosts_and_origins_are_refused",
    ),
    "a foreign Origin": (
        "serve/engine/origins.py",
        "not (is_own or self._allows(origin))",
        "False",
        f"{ENGINE}test_another_site_cannot_swap_a_model",
    ),
    "a special token in a page": (
        "extraction/special.py",
        "return _starts(tuple(special)).sub(lambda start: start[0] + JOINER, doubled) if special else doubled",
        "return doubled",
        "tests/extraction/test_special.py::test_no_form_of_a_page_brings_a_token_into_the_prompt",
    ),
    "a hidden element": (
        "extraction/clean.py",
        "if self.shows or tag in WHOLE or not hidden(tag, attributes):",
        "if True:",
        "tests/extraction/test_hidden.py::test_what_a_page_hides_from_its_readers_goes",
    ),
    "a wrong length in a GGUF header": (
        "serve/engine/header.py",
        "if count * least > self.size - self.at:",
        "if False:",
        f"{ENGINE}test_an_engine_that_was_sent_mutated_files_still_answers",
    ),
    "a page that runs shell commands": (
        "Makefile",
        "$(foreach name,$(VALUES) $(GIVEN),$(eval override $(name) := $$(value $(name))))\n",
        "",
        "tests/serve/test_make.py::test_a_value_on_the_command_line_reaches_the_program_as_it_is",
    ),
    "more connections than descriptors": (
        "serve/engine/connections.py",
        "if len(opened) >= most:",
        "if False:",
        f"{ENGINE}test_more_idle_connections_than_descriptors_leave_it_answering",
    ),
    "one missing blob": (
        "serve/engine/store.py",
        "except (OSError, ValueError, KeyError, TypeError) as error:",
        "except ZeroDivisionError as error:",
        f"{ENGINE}test_one_missing_blob_or_bad_manifest_spoils_only_its_own_model",
    ),
    "creating and deleting at once": (
        "serve/engine/store.py",
        "self.lock = threading.RLock()",
        'self.lock = __import__("contextlib").nullcontext()',
        f"{ENGINE}test_creating_and_deleting_at_once_loses_no_blob",
    ),
    "a huge body": (
        "serve/engine/bodies.py",
        "MOST_BYTES = 16 * 2**20",
        "MOST_BYTES = 2**40",
        f"{ENGINE}test_a_huge_body_is_refused_unread",
    ),
    "a client that stops reading": (
        "serve/engine/protocol.py",
        "self.lines.put_nowait(line)",
        "await self.lines.put(line); await self.lines.join()",
        f"{ENGINE}test_a_stream_is_made_as_fast_as_it_can_be",
    ),
    "a mistyped data.group": (
        "pipeline/data.py",
        "if settings.group and not any(groups):",
        "if False:",
        "tests/pipeline/test_log.py::test_a_stage_logs_what_it_ran_with_and_how_it_ended",
    ),
    "a schema that no answer can be held to": (
        "extraction/schema.py",
        "if found := [keyword for keyword in UNENFORCED if keyword in schema]:",
        "if found := []:",
        "tests/extraction/test_schema.py::test_a_schema_that_no_answer_can_be_held_to_is_refused",
    ),
    "a branch of a hub that moves between two stages": (
        "pipeline/config.py",
        "return at_commit(config, commit) if commit else config",
        "return config",
        f"{PIN}test_a_branch_that_moves_leaves_a_run_where_it_began {PIN}test_one_of_several_processes_pins"
        f" {PIN}test_without_a_revision_the_default_branch_is_kept"
        f" {PIN}test_another_revision_is_pinned_by_training_and_refused_by_later_stages"
        f" {PIN}test_an_export_that_trains_first_reads_what_the_training_pinned",
    ),
    "an adapter of another base": (
        "pipeline/base.py",
        'if trained == asked or (is_local(name) and is_local(base["name"])):',
        "if True:",
        f"{PIN}test_another_revision_is_pinned_by_training_and_refused_by_later_stages"
        f" {PIN}test_a_local_base_is_not_pinned",
    ),
    "a truncated manifest": (
        "pipeline/files.py",
        "except (ValueError, RecursionError) as error:",
        "except ZeroDivisionError as error:",
        "tests/pipeline/test_manifest.py::test_a_damaged_manifest_is_named "
        f"{ASK}test_a_damaged_file_of_the_run_is_one_sentence",
    ),
    "deep JSON in data": (
        "pipeline/rows.py",
        'if _is_deeper(row["output"], DEEPEST):',
        "if False:",
        f"{ROWS}test_a_bad_row_is_named_by_number_and_reason",
    ),
    "CSV under another name": (
        "pipeline/rows.py",
        "is not JSON{form}",
        "is not JSON",
        f"{ROWS}test_a_file_that_cannot_be_read_is_named",
    ),
    "a section that stands twice": (
        "pipeline/configfile.py",
        "if names.count(name) > 1",
        "if False",
        "tests/pipeline/test_config.py::test_a_file_that_is_no_config_is_named",
    ),
    "a folder that cannot be written": (
        "pipeline/errors.py",
        "else refused(error)",
        "else None",
        "tests/pipeline/test_errors.py",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which mends are taken out and put back."""
    folder = tmp_path_factory.mktemp("mends")
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.splitlines():
        if not name.startswith(LARGE):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in LARGE:
        (folder / name).symlink_to(ROOT / name)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def test_every_mend_is_where_the_table_says() -> None:
    for fault, (name, mend, _, _) in MENDS.items():
        assert (ROOT / name).read_text(encoding="utf-8").count(mend) == 1, fault


@pytest.mark.slow
@pytest.mark.parametrize("fault", MENDS)
def test_without_its_mend_a_fault_is_found(copy: Path, fault: str) -> None:
    name, mend, instead, tests = MENDS[fault]
    path = copy / name
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(mend, instead), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests.split()]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=600)
    finally:
        path.write_text(whole, encoding="utf-8")
    assert done.returncode == 1, done.stdout[-2000:]
    failed = re.findall(r"^FAILED (\S+?)(?:\[| |$)", done.stdout, re.MULTILINE)
    assert {*failed} == {re.sub(r"\[.*", "", test) for test in tests.split()} or tests.endswith(".py"), done.stdout
