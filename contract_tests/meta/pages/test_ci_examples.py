"""CI.md, the action, the workflow, the GitLab job and the hooks: each is parsed, and each command in them is run.

What stands in for a pipeline's: `pip` and `python3 -m venv` install nothing and put this tree's program in place; a
free port takes the place of 8080; and the rules are few, by an environment variable, so that it is quick.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import socket
import sys
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from callback_contract.contract_tests.cli.commands import cli
from callback_contract.contract_tests.meta.support.processes import run_program

pytestmark = pytest.mark.slow  # every example is run as a pipeline would

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "contract_tests/CI.md").read_text()
BLOCKS = re.findall(r"(?:<!-- file: (\S+) -->\n)?```(\w+)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [text for _, kind, text in BLOCKS if kind == "sh"]
FILES = {name: text for name, _, text in BLOCKS if name}
ACTION = ROOT / ".github/actions/callback-contract/action.yml"
VARIABLES = {"CALLBACK_CONTRACT_CHECK_RULES": "ACK-01"}
VENDORS = {  # by a word of the file's name
    "azure": "vendor.azure-pipelines",
    "bitbucket": "vendor.bitbucket-pipelines",
    "circleci": "vendor.circle-ci",
    "gitlab": "vendor.gitlab-ci",
    "github": "vendor.github-workflows",
    "compose": "vendor.compose-spec",
}
SCHEMAS = {
    ".container/compose.yaml": "vendor.compose-spec",
    ".github/actions/callback-contract/action.yml": "vendor.github-actions",
    ".github/workflows/callback-contract.yml": "vendor.github-workflows",
    ".gitlab/callback-contract.yml": "vendor.gitlab-ci",
}


@pytest.fixture
def pipeline(tmp_path):
    """A receiver's checkout, and a shell in it: `run(script, **environment)`."""
    shutil.copy(ROOT / "contract_tests/receivers/stdlib_receiver.py", tmp_path / "receiver.py")
    shutil.copy(ROOT / "contract_tests/receivers/flask_receiver.py", tmp_path / "main.py")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    (tmp_path / "ci").mkdir()
    for name in ("callback-contract.toml", "ci/callback-contract.toml"):
        (tmp_path / name).write_text(FILES["callback-contract.toml"].replace("8080", port))
    tools = tmp_path / "tools"
    tools.mkdir()
    kit = f"{shlex.quote(sys.executable)} -P -m callback_contract.contract_tests"
    program(tools / "callback-contract", f'exec {kit} "$@"')
    program(tools / "pip", 'echo "$@" >> "$TOOLS/installed"')
    program(  # no docker is had here: the receiver is a process
        tools / "docker",
        'echo "$@, of $COMPOSE_FILE" >> "$TOOLS/composed"\n'
        'case "$2" in\n'
        'up) python3 receiver.py >/dev/null 2>&1 & echo $! > "$TOOLS/receiver"\n'
        "    until python3 -c \"import os, socket; socket.create_connection(('127.0.0.1', int(os.environ['PORT'])))\""
        " 2>/dev/null; do sleep 0.1; done;;\n"
        'down) kill "$(cat "$TOOLS/receiver")";;\n'
        "esac",
    )
    program(
        tools / "python3",
        'case "$2" in\n'
        'venv) mkdir -p "$3/bin"; cp "$TOOLS/pip" "$TOOLS/callback-contract" "$3/bin"; cp "$0" "$3/bin/python";;\n'
        'pip) echo "$@" >> "$TOOLS/installed";;\n'
        '*sysconfig*) dirname "$0";;\n'
        f'*) exec {shlex.quote(sys.executable)} "$@";;\n'
        "esac",
    )

    def run(script, cwd=tmp_path, **environment):
        return run_program(
            ["sh", "-ec", script.replace("8080", port)],
            cwd=cwd,
            env={
                **os.environ,
                "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "TOOLS": str(tools),
                "PORT": port,
                "RECEIVER_TOKEN": "hush-hush",
                **VARIABLES,
                **{name: value.replace("8080", port) for name, value in environment.items()},
            },
            timeout=120,
        )

    run.folder = tmp_path
    return run


def program(file, text):
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.mark.parametrize("script", COMMANDS, ids=lambda script: script.splitlines()[-1][:60])
def test_command_of_the_page_does_what_it_says(pipeline, script):
    done = pipeline(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 pass" in done.stdout
    assert "hush-hush" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", FILES)
def test_file_of_the_page_is_what_its_name_says(name):
    if name.endswith(".toml"):
        tomllib.loads(FILES[name])
    elif name.endswith((".yml", ".yaml")):
        yaml.safe_load(FILES[name])


def test_plain_workflow_judges_the_receiver(pipeline):
    for step in yaml.safe_load(FILES[".github/workflows/plain.yml"])["jobs"]["callbacks"]["steps"]:
        if "run" in step:
            done = pipeline(step["run"])
            assert done.returncode == 0, done.stderr
    assert "1 pass" in done.stdout
    assert "git+https://YOUR-GIT-HOST" in (pipeline.folder / "tools/installed").read_text()


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("azure-pipelines.yml", r"- script: (.+)"),
        ("bitbucket-pipelines.yml", r"- ((?:pip|callback-contract) .+)"),
        (".circleci/config.yml", r"- run: (.+)"),
        ("Jenkinsfile", r"sh '(.+)'"),
    ],
)
def test_commands_of_another_pipeline_judge_the_receiver(pipeline, file, command):
    script = "\n".join(re.findall(command, FILES[file]))
    done = pipeline(script)
    assert (done.returncode, "1 pass" in done.stdout) == (0, True), done.stderr
    assert list(pipeline.folder.glob("callback-report/**/junit.xml"))


def filled(value, known):
    """An expression of GitHub's, as far as the action and the workflow use any."""
    return re.sub(
        r"\$\{\{ (\S+)(?: \|\| env\.(\S+))? \}\}",
        lambda found: known[found[1]] or (VARIABLES.get(found[2], "") if found[2] else ""),
        value,
    )


def act(pipeline, given, *, fails=False, without=()):
    action = yaml.safe_load(ACTION.read_text())
    unknown = set(given) - set(action["inputs"])
    assert not unknown
    known = {f"inputs.{name}": given.get(name, spec.get("default", "")) for name, spec in action["inputs"].items()}
    known["github.action_path"], judged = str(ACTION.parent), None
    (pipeline.folder / "ci/output").write_text("")
    for step in action["runs"]["steps"]:
        if "uses" in step or step["name"] in without:  # GitHub's own actions are not had here
            continue
        environment = {name: filled(value, known) for name, value in step["env"].items()}
        cwd = pipeline.folder / filled(step.get("working-directory", "."), known)
        done = pipeline(
            step["run"],
            cwd=cwd,
            RUNNER_TEMP=str(pipeline.folder / "ci"),
            GITHUB_OUTPUT=str(pipeline.folder / "ci/output"),
            **environment,
        )
        judges = step["name"] == "Judge the receiver"
        assert (done.returncode == 0) != (judges and fails), done.stderr
        judged = done if judges else judged
    return judged


def outputs(pipeline):
    return dict(line.split("=", 1) for line in (pipeline.folder / "ci/output").read_text().splitlines())


def test_action_judges_what_the_example_gives_it(pipeline):
    steps = yaml.safe_load(FILES[".github/workflows/receiver.yml"])["jobs"]["callbacks"]["steps"]
    (given,) = [step["with"] for step in steps if "/.github/actions/callback-contract@" in step.get("uses", "")]
    assert "1 pass" in act(pipeline, given).stdout
    assert (pipeline.folder / "callback-report/junit.xml").is_file()
    assert str(ROOT) in str((pipeline.folder / "tools/installed").read_text())


def test_action_without_inputs_reads_the_configuration_file(pipeline):
    assert "1 pass" in act(pipeline, {}).stdout


def test_action_judges_an_app_in_its_own_environment(pipeline):
    (pipeline.folder / "callback-contract.toml").unlink()
    assert "main:app" in act(pipeline, {"app": "main:app", "url": "/callbacks/whatsapp"}).stdout
    assert not (pipeline.folder / "ci/callback-contract").exists()


def test_action_tells_the_verdict_of_each_profile_and_the_report(pipeline):
    act(pipeline, {})
    told = outputs(pipeline)
    assert set(told) == set(yaml.safe_load(ACTION.read_text())["outputs"])
    assert (told["verdict"], json.loads(told["profiles"])["answers"]) == ("not judged", "not judged")  # one rule alone
    assert (json.loads(told["counts"]), told["exit-code"]) == ({"pass": 1}, "0")
    assert (pipeline.folder / told["report"]).is_file()


def test_action_tells_nothing_of_an_older_report(pipeline):
    act(pipeline, {})
    (pipeline.folder / "ci/callback-contract.began").unlink(missing_ok=True)
    act(pipeline, {}, without={"Install callback-contract", "Judge the receiver"})
    assert outputs(pipeline) == {"verdict": "not judged"}
    act(pipeline, {"timeout": "no time"}, fails=True)
    assert outputs(pipeline) == {"exit-code": "2", "verdict": "not judged"}


def test_artifact_of_each_job_of_a_matrix_has_a_name_of_its_own():
    named = [
        step["with"]["name"]
        for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact")
    ]
    assert named == ["${{ inputs.artifact }}-${{ github.job }}-${{ strategy.job-index }}"]


def test_action_puts_no_input_into_a_command():
    assert not [step for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"] if "${{" in step.get("run", "")]


def call(pipeline, example, **known):
    """Runs the steps of the called workflow, as far as they are for what an example gives it; gives the check's."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/callback-contract.yml").read_text())
    inputs = workflow[True]["workflow_call"]["inputs"]  # to YAML 1.1, the key `on` is true
    given = yaml.safe_load(FILES[f".github/workflows/{example}"])["jobs"]["callbacks"]["with"]
    assert set(given) <= set(inputs)
    known = {f"inputs.{name}": given.get(name, spec.get("default", "")) for name, spec in inputs.items()} | known
    judged = None
    for step in workflow["jobs"]["check"]["steps"]:
        is_composed = "inputs.compose" not in step.get("if", "") or known["inputs.compose"]
        if "run" in step and is_composed and "failure()" not in step.get("if", ""):
            assert "${{" not in step["run"]
            done = pipeline(step["run"], **{name: filled(value, known) for name, value in step["env"].items()})
            assert done.returncode == 0, done.stderr
            judged = done if step["name"] == "Judge the receiver" else judged
    return judged


def test_called_workflow_judges_what_it_is_given(pipeline):
    known = {"inputs.url": "", "inputs.prepare": "echo prepared", "secrets.auth": "me:hush-hush"}
    done = call(pipeline, "called.yml", **known)
    assert "1 pass" in done.stdout
    assert "hush-hush" not in done.stdout


def test_called_workflow_brings_a_receiver_up_by_compose_and_takes_it_down(pipeline):
    (pipeline.folder / "callback-contract.toml").unlink()  # it would start the receiver itself
    call(pipeline, "composed.yml", **{"inputs.compose": "compose.yaml", "inputs.prepare": "", "secrets.auth": ""})
    assert (pipeline.folder / "tools/composed").read_text().splitlines() == [
        "compose up --detach --wait --wait-timeout 120, of compose.yaml",
        "compose down --volumes, of compose.yaml",
    ]
    assert json.loads((pipeline.folder / "callback-report/report.json").read_text())["exit_code"] == 0


def test_gitlab_job_judges_what_the_example_gives_it(pipeline):
    template = yaml.safe_load((ROOT / ".gitlab/callback-contract.yml").read_text())[".callback-contract"]
    job = yaml.safe_load(FILES[".gitlab-ci.yml"])["callbacks"]
    script = "\n".join([*template["before_script"], *template["script"]])
    done = pipeline(script, **template["variables"], **{k: v for k, v in job["variables"].items() if "CHECK" in k})
    assert (done.returncode, "1 pass" in done.stdout) == (0, True), done.stderr
    assert (pipeline.folder / template["artifacts"]["reports"]["junit"]).is_file()


def test_hooks_of_the_example_exist_and_run(pipeline):
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    (repo,) = yaml.safe_load(FILES[".pre-commit-config.yaml"])["repos"]
    shutil.copy(ROOT / "openapi/openapi.yaml", pipeline.folder)
    for used in repo["hooks"]:
        done = pipeline(shlex.join([*hooks[used["id"]]["entry"].split(), *used.get("args", [])]))
        assert done.returncode == 0, done.stdout + done.stderr


def test_container_s_commands_and_programs_exist():
    services = yaml.safe_load((ROOT / ".container/compose.yaml").read_text())["services"]
    for service in services.values():
        if module := service.get("entrypoint"):
            assert importlib.util.find_spec(module[-1])
            continue
        name, *arguments = service["command"]
        command = cli.get_command(click.Context(cli), name)
        command.make_parser(click.Context(command)).parse_args(list(arguments))


def test_campaign_in_containers_has_the_options_of_load():
    services = yaml.safe_load((ROOT / ".container/load.compose.yaml").read_text())["services"]
    known = {
        f"CALLBACK_CONTRACT_LOAD_{(param.name or '').upper()}"
        for param in cli.get_command(click.Context(cli), "load").params
    }
    assert set(services["worker"]["environment"]) <= known
    assert services["worker"]["environment"] == services["master"]["environment"]


@pytest.mark.parametrize("file", [*SCHEMAS, *(name for name in FILES if name.endswith(".yml")), "compose.yaml"])
def test_file_satisfies_the_schema_of_its_pipeline(tmp_path, file):
    if "CI" not in os.environ:
        pytest.importorskip("check_jsonschema", reason="check-jsonschema, which has the schemas, is not installed")
    schema = SCHEMAS.get(file) or next(VENDORS[word] for word in VENDORS if word in file)
    path = ROOT / file
    if file in FILES:
        path = tmp_path / "example.yml"
        path.write_text(FILES[file])
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path), "-o", "json"]
    done = run_program(
        command,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["status"] == "ok"
