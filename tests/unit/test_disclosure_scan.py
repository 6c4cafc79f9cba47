"""Every kind of leak that is planted is found, and what only looks like one is not."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterstudy.contract.cvr import from_serial
from clusterstudy.disclosure.scan import Known, scan

[FIRM, OTHER, CLUSTER] = from_serial(np.array([77, 4711, 99])).tolist()
KNOWN = Known(firms={FIRM, CLUSTER}, public={CLUSTER}, sizes={40})


def rules(path, known=KNOWN) -> set[str]:
    return {found.rule for found in scan(path, known, max_rows=50)}


def png(kind: bytes, body: bytes) -> bytes:
    chunk = len(body).to_bytes(4, "big") + kind + body + b"\0\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IEND\0\0\0\0"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.html", f"<td>{FIRM}</td>"),
        ("report.html", f"DK{FIRM}, and"),
        ("report.html", f"CVR-nr.{FIRM}."),
        ("report.html", f"({FIRM[:2]} {FIRM[2:4]} {FIRM[4:6]} {FIRM[6:]})."),
        ("report.html", f"<img alt='{FIRM}' src='data:image/png;base64,AAAA'>"),
        ("notebook.ipynb", json.dumps({"outputs": [{"text": [f"0  {FIRM}\n"]}]})),
        ("manifest.json", json.dumps({"note": FIRM})),
        ("tables/a.csv", f"label,n\n{FIRM},12\n"),
        ("tables/a.csv", f"label,n\n{FIRM}.0,12\n"),
        ("figures/a.svg", f"<svg><!-- {FIRM} --><path d='M 0 0'/></svg>"),
        ("figures/a.png", png(b"tEXt", f"Comment\0{FIRM}".encode())),
        ("figures/a.png", png(b"zTXt", b"Comment\0\0" + zlib.compress(FIRM.encode()))),
        ("figures/a.png", png(b"tEXt", b"Title\0x") + f" {FIRM} ".encode()),
    ],
)
@pytest.mark.parametrize("known", [KNOWN, Known()], ids=["with-data", "without-data"])
def test_a_firms_number_is_found_wherever_it_stands(tmp_path, name, content, known):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert "cvr" in rules(path, known)


def test_a_cells_id_of_eight_digits_is_no_firm(tmp_path):
    cell = {"cell_type": "markdown", "id": FIRM, "metadata": {}, "source": []}
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [cell]}, indent=1))
    assert not rules(tmp_path / "a.ipynb")
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [cell | {"source": [FIRM]}]}, indent=1))
    assert rules(tmp_path / "a.ipynb") == {"cvr"}


@pytest.mark.parametrize("values", [[FIRM, "x"], [int(FIRM), 1], [float(FIRM), 0.5]])
def test_a_firms_number_is_found_in_parquet_of_any_type(tmp_path, values):
    pd.DataFrame({"label": values}).to_parquet(tmp_path / "a.parquet")
    assert rules(tmp_path / "a.parquet") == {"cvr"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [("010203-1234", "cpr"), ("1003388394", "p_number"), ("0102031234", "p_number")],
)
def test_numbers_of_persons_and_production_units_are_found(tmp_path, text, rule):
    (tmp_path / "a.html").write_text(f"<p>{text}</p>")
    assert rules(tmp_path / "a.html") == {rule}


@pytest.mark.parametrize(
    "text",
    [
        "2026, 2027 and 31.12.2026, 12.345.678 kr., 12,345,678",
        f"0.{FIRM} and {FIRM}.75 and 1,{FIRM}",
        f"sha256 {FIRM}ab34, a{FIRM}",
        f"data:image/png;base64,AAAA/{FIRM}/AA==",
        "20261231",
        "993399-1234",  # no day
        "2026-11-24T15:11:00+00:00",
        CLUSTER,
    ],
)
def test_what_only_looks_like_an_identifier_passes(tmp_path, text):
    (tmp_path / "a.html").write_text(f"<p>{text}</p>")
    assert rules(tmp_path / "a.html") == set()


def test_without_data_any_valid_number_counts_and_an_invalid_one_does_not(tmp_path):
    (tmp_path / "a.html").write_text(f"<p>{OTHER}</p>")
    assert rules(tmp_path / "a.html") == set()
    assert rules(tmp_path / "a.html", Known()) == {"cvr"}
    (tmp_path / "a.html").write_text("<p>12345678</p>")
    assert rules(tmp_path / "a.html", Known()) == set()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"fte": range(51)}),
        pd.DataFrame({"fte": range(40)}),  # as many as there are firms
        pd.DataFrame({"firm_id": [1, 2], "fte": [3, 4]}),
        pd.DataFrame({"cvr": ["hashed", "too"]}),
    ],
)
def test_rows_of_firms_are_found(tmp_path, frame):
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert rules(tmp_path / "a.parquet") == rules(tmp_path / "a.csv") == {"row_level"}


def test_rows_of_firms_are_found_in_a_page(tmp_path):
    rows = "<tr><td>1</td></tr>" * 60
    (tmp_path / "a.html").write_text(f"<table>{rows}</table>")
    assert rules(tmp_path / "a.html") == {"row_level"}


def test_a_file_that_cannot_be_read_is_no_clean_file(tmp_path):
    (tmp_path / "report.pdf").write_bytes(b"%PDF")
    assert rules(tmp_path / "report.pdf") == {"unreadable"}


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_around_it_hides_a_number_that_stands_alone(tmp_path_factory, before, after):
    path = tmp_path_factory.mktemp("scan") / "a.html"
    path.write_text(f"{before} <b>{FIRM}</b> {after}", encoding="utf-8", errors="replace")
    assert "cvr" in rules(path)
