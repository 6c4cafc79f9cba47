"""Reading CSV, Parquet and Excel as the contract declares them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clusterstudy.contract import read
from clusterstudy.contract.read import Dataset, read_table
from clusterstudy.contract.tables import TABLES
from clusterstudy.errors import UserError

FIRM_YEARS = TABLES["firm_years"]
EXPECTED = pd.DataFrame(
    {
        "cvr": ["10150817", "10150817", "10150817"],
        "year": [2024, 2025, 2026],
        "fte": [10.5, 11.25, np.nan],
        "revenue": [12345.5, 0.0, 1234567.0],
    }
)
DANISH = """\
cvr;year;fte;revenue
10150817;2024;10,5;12.345,5
10150817;2025;11,25;0
10150817;2026;;1.234.567
"""
ENGLISH = """\
cvr,year,fte,revenue
10150817,2024,10.5,12345.5
10150817,2025,11.25,0
10150817,2026,,1234567
"""


def same(frame: pd.DataFrame, expected: pd.DataFrame = EXPECTED) -> None:
    pd.testing.assert_frame_equal(frame.reset_index(drop=True), expected, check_dtype=False)


@pytest.mark.parametrize(
    "text", [DANISH, ENGLISH, ENGLISH.replace(",", ";"), ENGLISH.replace(",", "\t")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_csv_in_every_common_form(tmp_path, text, encoding):
    (tmp_path / "firm_years.csv").write_text(text, encoding=encoding)
    frame = Dataset(tmp_path).read("firm_years")
    same(frame)
    assert frame["year"].dtype == np.int64
    assert frame["revenue"].dtype == np.float64


def test_the_columns_of_a_small_table_are_read_once_until_it_changes(tmp_path, monkeypatch):
    path = tmp_path / "firm_years.csv"
    path.write_text(ENGLISH)
    data = Dataset(tmp_path)
    same(data.read("firm_years", ["fte", "cvr"]), EXPECTED[["fte", "cvr"]])
    changed = data.read("firm_years")
    same(changed)
    changed["fte"] = 0.0
    monkeypatch.setattr(read, "read_table", None)  # from here on only what was read will do
    same(data.read("firm_years"))
    same(data.on(None).read("firm_years", ["year"]), EXPECTED[["year"]])
    path.write_text(ENGLISH.replace("10.5", "9"))
    with pytest.raises(TypeError):
        data.read("firm_years", ["year"])


def test_danish_letters_in_either_encoding(tmp_path):
    text = "cluster_id;name;designated_from\nK01;Grøn Ø og Å;01-01-2025\n"
    for encoding in ("utf-8", "cp1252"):
        (tmp_path / "clusters.csv").write_text(text, encoding=encoding)
        frame = Dataset(tmp_path).read("clusters")
        assert frame.loc[0, "name"] == "Grøn Ø og Å"
        assert frame.loc[0, "designated_from"] == pd.Timestamp(2025, 1, 1)


def test_bytes_that_are_no_text_are_named_with_their_row(tmp_path):
    (tmp_path / "clusters.csv").write_bytes(b"cluster_id;name\nK01;Gr\xf8n\nK02;\x81\xff\n")
    with pytest.raises(UserError, match=r"clusters.csv, row 3: the byte 0x81 is text neither in U"):
        Dataset(tmp_path).read("clusters")


def test_parquet_and_excel_give_the_same_frame_as_csv(tmp_path):
    EXPECTED.to_parquet(tmp_path / "firm_years.parquet")
    EXPECTED.assign(cvr=EXPECTED["cvr"].astype(int)).to_excel(
        tmp_path / "firm_years.xlsx", index=False
    )
    for suffix in ("parquet", "xlsx"):
        same(read_table(tmp_path / f"firm_years.{suffix}", FIRM_YEARS))


def test_headers_are_forgiven_their_case_and_spaces_and_other_columns_ignored(tmp_path):
    (tmp_path / "firm_years.csv").write_text(" CVR ;Year;Note\n10150817;2024;x\n")
    frame = Dataset(tmp_path).read("firm_years")
    assert list(frame) == ["cvr", "year"]


def test_only_wanted_columns_are_read(tmp_path):
    (tmp_path / "firm_years.csv").write_text(ENGLISH)
    frame = Dataset(tmp_path, date(2026, 12, 31)).read("firm_years", ["cvr", "fte"])
    assert list(frame) == ["cvr", "fte"]
    assert len(frame) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "cvr;year;fte\n10150817;2024;many\n",
            "column fte, row 2: expected a number and found 'many'",
        ),
        ("cvr;year;fte\n10150817;2024,5;1\n", "column year, row 2: expected a whole number"),
        (
            "cvr;year;fte;revenue\n1;2024;1,5;1.5\n",
            "column revenue, row 2: expected a number such as 1.234,5",
        ),
        ("cvr;year;revenue\n1;2024;1.234\n", "may be a decimal or thousands"),
        ("cvr;year;year\n1;2024;2024\n", "the column year is there more than once"),
        ("", "cannot be read"),
    ],
)
def test_a_bad_file_gives_one_line_that_says_where(tmp_path, text, message):
    (tmp_path / "firm_years.csv").write_text(text)
    with pytest.raises(UserError) as error:
        Dataset(tmp_path).read("firm_years")
    assert message in str(error.value)
    assert "firm_years.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_what_was_read_serves_another_day_and_no_changed_file(tmp_path):
    path = tmp_path / "firm_years.csv"
    path.write_text("cvr,year,fte\n10150817,2023,1\n10150817,2024,2\n")
    data = Dataset(tmp_path, date(2026, 12, 31))
    first = data.read("firm_years")
    first["fte"] = 0.0
    assert data.read("firm_years")["fte"].tolist() == [1, 2]
    assert data.on(date(2024, 12, 31)).read("firm_years")["fte"].tolist() == [1]
    path.write_text("cvr,year,fte\n10150817,2023,1\n10150817,2024,25\n")
    assert data.read("firm_years")["fte"].tolist() == [1, 25]


def test_a_bad_date_is_named(tmp_path):
    (tmp_path / "participations.csv").write_text(
        "cvr,date\n10150817,2026-13-45\n10150817,2026-01-01\n"
    )
    with pytest.raises(UserError, match=r"column date, row 2: expected a date"):
        Dataset(tmp_path).read("participations")


def test_missing_folder_missing_table_and_a_table_twice(tmp_path):
    with pytest.raises(UserError, match="expected a folder"):
        Dataset(tmp_path / "nowhere")
    with pytest.raises(UserError, match="at least one table"):
        Dataset(tmp_path)
    (tmp_path / "firm_years.csv").write_text(ENGLISH)
    with pytest.raises(UserError, match=r"the table firms is missing.*Add firms\.csv"):
        Dataset(tmp_path).read("firms")
    EXPECTED.to_parquet(tmp_path / "firm_years.parquet")
    with pytest.raises(UserError, match="more than once"):
        Dataset(tmp_path).read("firm_years")


def test_the_impact_model_has_a_default(tmp_path):
    (tmp_path / "firm_years.csv").write_text(ENGLISH)
    data = Dataset(tmp_path)
    assert data.has("impact_model")
    assert "fte" in set(data.read("impact_model")["measure"])
    assert not data.has("survey")


@pytest.mark.parametrize(
    ("as_of", "years"),
    [
        (None, [2024, 2025, 2026]),
        (date(2027, 12, 31), [2024, 2025, 2026]),
        (date(2027, 12, 30), [2024, 2025]),
        (date(2026, 1, 1), [2024]),
    ],
)
def test_a_year_is_known_once_its_source_has_released_it(tmp_path, as_of, years):
    EXPECTED.to_parquet(tmp_path / "firm_years.parquet")
    assert Dataset(tmp_path, as_of).read("firm_years")["year"].tolist() == years


def test_plans_are_known_ahead_and_what_happens_later_is_not(tmp_path):
    pd.DataFrame(
        {
            "cluster_id": "K01",
            "year": [2028, 2028],
            "line": "other",
            "scenario": ["plan_at_designation", "actual"],
            "amount": [1.0, 2.0],
        }
    ).to_parquet(tmp_path / "cluster_finances.parquet")
    pd.DataFrame(
        {"cvr": ["10150817"], "founded": [date(2001, 1, 1)], "closed": [date(2028, 5, 1)]}
    ).to_parquet(tmp_path / "firms.parquet")
    data = Dataset(tmp_path, date(2026, 12, 31))
    assert data.read("cluster_finances")["scenario"].tolist() == ["plan_at_designation"]
    assert data.read("firms")["closed"].isna().all()
    assert data.read("firms", ["cvr", "closed"])["closed"].isna().all()
    assert Dataset(tmp_path).read("firms")["closed"].notna().all()


def test_the_fingerprint_follows_the_bytes(tmp_path):
    file = tmp_path / "firm_years.csv"
    file.write_text(ENGLISH)
    before = Dataset(tmp_path).fingerprint()
    file.write_text(ENGLISH.replace("11.25", "11.26"))
    after = Dataset(tmp_path).fingerprint()
    assert {name for name in after if after[name] != before[name]} == {"firm_years"}


def test_a_saved_index_does_not_move_the_row_that_an_error_names(tmp_path):
    frame = pd.DataFrame({"cvr": ["11111111", "22222222"], "year": [2020, 2021], "fte": ["1", "x"]})
    frame.index = pd.Index([70, 90])
    frame.to_parquet(tmp_path / "firm_years.parquet")
    with pytest.raises(UserError, match=r"row 3\b"):
        Dataset(tmp_path).read("firm_years")
