"""The partners' file: every mistake is named at once, and a good file is what each `check` reads."""

from __future__ import annotations

import sys

import pytest
import yaml

from callback_contract.contract_tests.cli import main as cli
from callback_contract.contract_tests.cli.check_command import check
from callback_contract.contract_tests.cli.fleet.ci_matrix import github_pipeline, gitlab_pipeline
from callback_contract.contract_tests.cli.fleet.judging import check_line, code_before, worst
from callback_contract.contract_tests.cli.fleet.partners_file import read_partners
from callback_contract.contract_tests.meta.support.made_reports import report, rule, written
from callback_contract.openapi.text.errors import KitError

GOOD = """
[defaults]
depth = "quick"
[partners.acme]
url = "https://acme.example/callbacks"
header = ["Authorization: Bearer ${ACME_TOKEN}"]
[partners.globex]
url = "https://globex.example/callbacks"
depth = "thorough"
"""


@pytest.fixture
def partners(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME_TOKEN", "a-secret-of-acme")

    def read(text, *only, complete=True):
        (tmp_path / "partners.toml").write_text(text)
        return read_partners(tmp_path / "partners.toml", check, only, complete=complete)

    return read


def test_partner_has_its_own_options_and_those_of_all(partners):
    acme, globex = partners(GOOD)
    assert (acme.value("depth", ""), globex.value("depth", "")) == ("quick", "thorough")
    assert acme.variables == ("ACME_TOKEN",)


def test_every_mistake_is_named_at_once(partners, monkeypatch):
    monkeypatch.delenv("ACME_TOKEN")
    more = """
    [partners.hooli]
    url = "HTTPS://ACME.example/callbacks"
    ulr = "x"
    waivers = "nowhere.yaml"
    [partners.stark]
    at-once = "many"
    """
    with pytest.raises(KitError) as raised:
        partners(GOOD + more)
    said = str(raised.value)
    assert said.startswith("6 mistakes, and nothing was sent")
    for part in (
        "the environment has no ACME_TOKEN",
        "partners.hooli has no option 'ulr'.\n  Did you mean 'url'?",
        "partners.hooli.url: the URL is that of 'acme', too",
        "nowhere.yaml.",
        "partners.stark.at-once: a whole number is wanted",
        "partners.stark: it has no url",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it names no partner"),
        ("[partner.acme]\nurl = 'http://a'", "Did you mean 'partners'?"),
        ("[partners.'../x']\nurl = 'http://a'", "a partner's name is that of a folder"),
        ("[partners.history]\nurl = 'http://a'", "a partner's name is that of a folder"),
        ("[partners.a]\nurl = 'http://a'\n[partners.A]\nurl = 'http://b'", "it has the folder of 'a'"),
        ("[partners]\na = 1", "'a' is no table"),
        ("[partners.a]\nurl = 'a.example/x'", "does not begin with https://"),
        ("[partners.a]\nurl = 'http://a'\nreport-dir = 'x'", "a fleet gives each partner its own"),
        ("[partners.a]\nurl = 'http://a'\nauth = 'me:secret'", "stands in the file"),
        ("[partners.a]\nurl = 'http://a'\nrate = 0", "rate"),
    ],
)
def test_file_that_is_wrong_is_refused(partners, text, said):
    with pytest.raises(KitError) as raised:
        partners(text)
    assert said in str(raised.value) and raised.value.exit_code == 2


def test_secret_of_a_partner_that_is_not_wanted_may_be_missing(partners, monkeypatch):
    monkeypatch.delenv("ACME_TOKEN")
    assert [row.name for row in partners(GOOD, "globex")] == ["globex"]
    with pytest.raises(KitError, match="Did you mean 'globex'"):
        partners(GOOD, "globix")


def test_check_reads_one_partner_of_the_file(partners, monkeypatch, capsys):
    partners(GOOD)
    monkeypatch.setattr(sys, "argv", ["x", "check", "--config", "partners.toml#acme", "--print-config"])
    assert cli.run_command() == 0
    said = capsys.readouterr().out
    assert "https://acme.example/callbacks" in said and "partners.toml:5" in said and "a-secret" not in said


def test_command_line_of_a_partner_holds_no_secret(partners, tmp_path):
    acme, _ = partners(GOOD)
    line = check_line(acme, tmp_path)
    assert "a-secret" not in " ".join(line) and line[line.index("--name") + 1] == "acme"


def test_dry_run_lists_the_partners_and_writes_nothing(partners, monkeypatch, capsys, tmp_path):
    partners(GOOD)
    monkeypatch.setattr(sys, "argv", ["x", "fleet", "partners.toml", "--dry-run"])
    assert cli.run_command() == 0
    said = capsys.readouterr().out
    assert "globex" in said and "2 partners would be judged" in said
    assert [file.name for file in tmp_path.iterdir()] == ["partners.toml"]


def test_worst_is_the_code_that_says_least_of_a_receiver():
    assert [worst(codes) for codes in ([], [0, 1], [1, 3, 0], [3, 2, 1], [130, 1])] == [0, 1, 3, 2, 3]


def test_interrupted_and_missing_reports_are_what_is_left(partners, tmp_path):
    acme, globex = partners(GOOD)
    written(tmp_path / "acme", report(rule("ACK-01", "fail")))
    written(tmp_path / "globex", report(rule("ACK-01"), exit_code=130, run={"incomplete": "interrupted"}))
    assert (code_before(tmp_path, acme), code_before(tmp_path, globex)) == (1, None)


def test_pipeline_has_a_job_for_each_partner_and_its_secrets(partners):
    rows = partners(GOOD, complete=False)
    judge = yaml.safe_load(github_pipeline(rows, "partners.toml", 4))["jobs"]["judge"]
    assert judge["strategy"]["matrix"] == {"partners": ["acme", "globex"]}
    assert judge["steps"][-2]["env"]["ACME_TOKEN"] == "${{ secrets.ACME_TOKEN }}"
    gitlab = yaml.safe_load(gitlab_pipeline(rows, "partners.toml"))["judge"]
    assert gitlab["parallel"] == {"matrix": [{"PARTNERS": ["acme", "globex"]}]}


def test_more_partners_than_a_matrix_holds_share_jobs(partners):
    text = "".join(f"[partners.p{n}]\nurl = 'http://h{n}/x'\n" for n in range(300))
    judge = yaml.safe_load(github_pipeline(partners(text), "partners.toml", 4))["jobs"]["judge"]
    groups = judge["strategy"]["matrix"]["partners"]
    assert len(groups) == 150 and groups[0] == "p0,p1"
    assert not any("cache" in step.get("uses", "") for step in judge["steps"])
