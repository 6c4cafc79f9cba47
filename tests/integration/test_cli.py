"""The command line as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

COMMANDS = (
    *("run", "why", "check", "freeze", "register", "demo", "explain", "lab", "index"),
    *("diff", "pack", "verify"),
)
HEAVY = ("pandas", "numpy", "great_expectations", "papermill", "nbconvert", "jupyter_client")


def clusterstudy(*arguments: str, cwd=None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from clusterstudy.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_help_needs_none_of_the_heavy_packages():
    code = f"import sys, clusterstudy.cli; assert not {set(HEAVY)!r} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    shown = clusterstudy("--help")
    assert shown.returncode == 0
    assert all(word in shown.stdout for word in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps(command):
    shown = clusterstudy(command, "--help")
    assert shown.returncode == 0
    assert f"{command} [OPTIONS]" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nosuchstudy"), "unknown study 'nosuchstudy'"),
        (("run", "demo", "--set", "method"), "--set: expected PARAMETER=VALUE and found 'method'"),
        (("run", "demo", "--pdf"), "CLUSTERSTUDY_BROWSER: there is no browser no/such/browser"),
        (("explain", "metod"), "unknown term 'metod'. Did you mean 'method'?"),
        (("check", "no/such/folder"), "expected a folder with the study's tables and found none"),
        (("demo", "taken/data", "--firms", "100"), "Not a directory. See that the place exists"),
        (("demo", "n" * 300, "--firms", "100"), "File name too long"),
        (("index", "--reports", "."), "index.html.draft: Is a directory"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, message, tmp_path, monkeypatch):
    monkeypatch.setenv("CLUSTERSTUDY_BROWSER", "no/such/browser")
    (tmp_path / "taken").touch()
    (tmp_path / ".index.html.draft").mkdir()
    done = clusterstudy(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("clusterstudy: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "demo", "--reports", "taken"), "'taken' is a file"),
        (("run", "demo", "--workers", "0"), "greater than or equal to 1"),
        (("index", "--reports", "nowhere"), "'nowhere' does not exist"),
        (("check",), "Missing argument"),
        (("explan",), "No such command 'explan'"),
    ],
)
def test_a_wrong_option_is_told_without_a_traceback(arguments, message, tmp_path):
    (tmp_path / "taken").touch()
    done = clusterstudy(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["{broken", "[]", "{}", "\u00ff"])
def test_a_broken_manifest_is_named_and_the_other_runs_stay_listed(text, tmp_path, a_run):
    good, bad = tmp_path / "board" / "good", tmp_path / "board" / "bad"
    good.mkdir(parents=True)
    bad.mkdir()
    (good / "manifest.json").write_text(json.dumps(a_run()), encoding="utf-8")
    (bad / "manifest.json").write_text(text, encoding="latin-1")
    done = clusterstudy("index", "--reports", str(tmp_path))
    assert done.returncode == 0
    assert f"{bad / 'manifest.json'}: left out of the index" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Effect of participation" in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("term", "parts"),
    [
        ("", ["firm_years", "productivity", "20_impact_did"]),
        ("fte", ["## firm_years", "Employment.", "## Measure fte"]),
        ("firms.closed", ["Day of closure"]),
        ("20_impact_did", ["`method` (str, default 'dr')", "one of dr, ipw, or"]),
        ("20_impact_did.level", ["Confidence level"]),
    ],
)
def test_explain_finds_tables_columns_measures_and_parameters(term, parts):
    from clusterstudy.explain import explain

    assert all(part in explain(term) for part in parts)
