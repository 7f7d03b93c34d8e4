"""Reports of earlier schemas: one that a kit of 1.2 recorded is still compared, merged and played again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callback_contract.contract_tests.reporting.comparison.changes import compare_reports
from callback_contract.contract_tests.reporting.model.report_file import read_report_file
from callback_contract.contract_tests.reporting.partners.overview import merge_reports
from callback_contract.contract_tests.reproduce.recorded_findings import read_report
from callback_contract.openapi.text.errors import KitError

RECORDED = Path(__file__).with_name("report-1.2.json")


@pytest.fixture(params=["1.1", "1.2"])
def read(request, tmp_path):
    value = json.loads(RECORDED.read_text("utf-8")) | {"schema_version": request.param}
    (tmp_path / "report.json").write_text(json.dumps(value), "utf-8")
    return read_report_file(tmp_path)[0]


def verdicts(value):
    return {rule["id"]: (rule["verdict"], *rule["lacks"]) for rule in value["rules"]}


def test_blocked_rules_and_lacking_means_of_an_earlier_report_are_those_of_today(read):
    found = verdicts(read)
    assert (found["IDM-01"], found["IDM-03"]) == (("fail",), ("blocked",))
    assert (found["STA-01"], found["TLS-02"]) == (("not applicable", "read-back"), ("not applicable", "https"))
    assert found["TLS-01"] == ("not applicable",)


def test_profiles_of_an_earlier_report_are_made_of_its_rules(read):
    told = {profile["name"]: (profile["verdict"], profile["broken"]) for profile in read["profiles"]}
    assert told == {"answers": ("not conformant", ["IDM-01"]), "state": ("not judged", []), "load": ("not judged", [])}


def test_earlier_report_is_compared_and_merged(read):
    assert not compare_reports(read, read).rules
    (partner,) = merge_reports([read]).receivers
    assert (partner.outcome, partner.counts["blocked"]) == ("fails", 11)


def test_finding_of_an_earlier_report_can_be_played_again():
    ((rule, finding),) = read_report(RECORDED).chosen("IDM-01-1")
    assert (rule["id"], finding["id"]) == ("IDM-01", "IDM-01-1")


def test_what_is_no_report_is_not_converted(tmp_path):
    value = json.loads(RECORDED.read_text("utf-8"))
    del value["rules"][0]["reason"]
    (tmp_path / "report.json").write_text(json.dumps(value), "utf-8")
    with pytest.raises(KitError, match="no report of this kit"):
        read_report_file(tmp_path)
