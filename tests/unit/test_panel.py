"""Treatment, measures, SME status, the sample and its pool, on a register small enough to read."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterstudy.contract.read import Dataset
from clusterstudy.errors import UserError
from clusterstudy.panel import survival, treatment
from clusterstudy.panel.balance import smd
from clusterstudy.panel.build import build
from clusterstudy.panel.characteristics import characteristics
from clusterstudy.panel.measures import firm_values
from clusterstudy.panel.sme import is_sme, size_class

FIRMS = [f"F{number}" for number in range(8)]
YEARS = range(2021, 2028)


@pytest.fixture
def folder(tmp_path):
    """Eight firms: F0 project 2025, F1 member 2026, F2 incumbent, F3-F6 never, F7 large."""
    grid = pd.MultiIndex.from_product([FIRMS, YEARS], names=["cvr", "year"]).to_frame(index=False)
    number = grid["cvr"].str[1:].astype(int)
    fte = 10.0 + number
    years = grid.assign(
        fte=fte.where(number != 7, 900.0),
        headcount=fte.where(number != 7, 1000.0),
        revenue=1000.0 * fte,
        value_added=600.0 * fte,
        exports=np.where(number % 2 == 0, 0.0, 5.0),
        total_assets=100.0,
    )
    tables = {
        "firms": pd.DataFrame(
            {
                "cvr": FIRMS,
                "founded": pd.Timestamp(2000, 1, 1),
                "closed": pd.NaT,
                "industry": ["251100"] * 6 + ["620100", "251100"],
                "region": "midtjylland",
            }
        ),
        "firm_years": years,
        "participations": pd.DataFrame(
            {
                "cvr": ["F0", "F0", "F0", "F2", "F2", "F7"],
                "cluster_id": ["K01", "K01", "K02", "K01", "K01", "K01"],
                "date": pd.to_datetime(
                    [
                        "2025-02-01",
                        "2025-09-01",
                        "2026-05-01",
                        "2022-01-01",
                        "2025-01-01",
                        "2025-01-01",
                    ]
                ),
                "activity_type": [
                    "event",
                    "innovation_project",
                    "event",
                    "event",
                    "innovation_project",
                    "event",
                ],
            }
        ),
        "memberships": pd.DataFrame(
            {
                "cvr": ["F1"],
                "cluster_id": ["K02"],
                "valid_from": pd.to_datetime(["2026-03-01"]),
                "valid_to": pd.NaT,
            }
        ),
        "price_index": pd.DataFrame(
            {
                "industry_group": ["manufacturing"] * 7 + ["it"] * 7,
                "year": [*YEARS, *YEARS],
                "index": [100.0, 110, 120, 130, 140, 150, 160] * 2,
            }
        ),
    }
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def panel(folder, measures=("fte",), **options):
    return build(Dataset(folder), measures, programme_start=2025, first_year=2021, **options)


def test_entry_is_the_first_contact_and_its_years_most_intensive_dose(folder):
    entry = treatment.entries(treatment.contacts(Dataset(folder)))
    assert entry["cohort"].to_dict() == {"F0": 2025, "F1": 2026, "F2": 2022, "F7": 2025}
    assert entry["dose"].to_dict() == {
        "F0": "project",
        "F1": "membership",
        "F2": "light",
        "F7": "light",
    }
    assert entry.loc["F0", ["K01", "K02"]].tolist() == [True, False]


def test_what_is_not_yet_known_is_no_treatment(folder):
    known = Dataset(folder, date(2025, 12, 31))
    assert set(treatment.entries(treatment.contacts(known)).index) == {"F0", "F2", "F7"}


def test_the_sample_counts_whom_it_leaves_out(folder):
    built = panel(folder)
    assert built.flow["firms"].tolist() == [8, 7, 6, 6, 5]
    assert built.flow["new_entrants"].tolist() == [3, 2, 2, 2, 2]
    assert set(built.firms["cvr"]) == {"F0", "F1", "F3", "F4", "F5"}
    assert built.treated.sum() == 2
    assert built.of("K02", "any").tolist() == (built.firms["cvr"] == "F1").tolist()
    assert built.of("programme", "project").sum() == 1
    assert built.of("K99", "any").sum() == 0


def test_outcomes_are_aligned_with_firms_and_years(folder):
    built = panel(folder, winsorise=0.0)
    assert built.years.tolist() == list(YEARS)
    expected = np.log(10.0 + built.firms["cvr"].str[1:].astype(int))
    np.testing.assert_allclose(built.outcomes["fte"], np.tile(expected, (7, 1)).T)


def test_covariates_are_numeric_and_never_constant_by_construction(folder):
    built = panel(folder, covariates=["size", "growth", "age", "industry", "region"])
    assert built.covariates == ("ln_fte", "growth", "ln_age")
    assert built.design().shape == (5, 3)
    with pytest.raises(UserError, match="unknown covariate 'colour'"):
        panel(folder, covariates=["colour"])


def test_amounts_are_put_in_constant_prices(folder):
    industry = pd.Series("manufacturing", FIRMS[:6])
    values = firm_values(Dataset(folder), "value_added", industry, winsorise=0, scaled=False)
    assert values[("F0", 2021)] == pytest.approx(6000.0)
    assert values[("F0", 2024)] == pytest.approx(6000.0 / 1.3)
    (folder / "price_index.parquet").unlink()
    with pytest.raises(UserError, match="price_index is missing"):
        firm_values(Dataset(folder), "value_added", industry)


def test_a_new_measure_is_a_new_row_and_a_bad_one_is_named(folder):
    model = Dataset(folder).read("impact_model")
    new = model.iloc[[0]].assign(measure="fullness", expression="fte / headcount", scale="level")
    bad = new.assign(measure="bad", expression="fte / nothing")
    pd.concat([model, new, bad]).to_csv(folder / "impact_model.csv", index=False)
    data, industry = Dataset(folder), pd.Series("manufacturing", FIRMS)
    assert firm_values(data, "fullness", industry)[("F0", 2024)] == pytest.approx(1.0)
    with pytest.raises(UserError, match=r"measure bad: the expression 'fte / nothing'"):
        firm_values(data, "bad", industry)
    with pytest.raises(UserError, match=r"no measure 'jobs'.*Choose one of: .*fte"):
        firm_values(data, "jobs", industry)
    with pytest.raises(UserError, match="no firms by year"):
        firm_values(data, "satisfaction", industry)


def test_values_without_a_logarithm_are_left_out_and_a_share_is_not(folder):
    rows = pd.read_parquet(folder / "firm_years.parquet")
    rows.loc[(rows["cvr"] == "F3") & (rows["year"] == 2025), "fte"] = 0.0
    rows.to_parquet(folder / "firm_years.parquet")
    data, industry = Dataset(folder), pd.Series("manufacturing", FIRMS)
    assert ("F3", 2025) not in firm_values(data, "fte", industry).index
    assert firm_values(data, "exports", industry)[("F3", 2025)] == 1.0


def test_winsorising_works_within_year_and_industry(folder):
    data = Dataset(folder)
    industry = pd.Series(["manufacturing"] * 6 + ["it"] * 2, FIRMS)
    values = firm_values(data, "fte", industry, winsorise=0.2, scaled=False)
    year = values.xs(2024, level="year")
    assert year[FIRMS[:6]].tolist() == [11.0, 11.0, 12.0, 13.0, 14.0, 14.0]
    assert year["F6"] == pytest.approx(16 + 0.2 * 884)


def test_sme_status_follows_the_recommendation():
    year = pd.DataFrame(
        {
            "headcount": [249, 250, 100, 100, np.nan],
            "fte": [240.0, 240, 90, 90, 9],
            "revenue": [1.0, 1, 400_000, 400_000, np.nan],
            "total_assets": [1.0, 1, 400_000, 100, np.nan],
        }
    )
    assert is_sme(year).tolist() == [True, False, False, True, True]
    assert size_class(pd.Series([0.5, 10, 49.9, 250])).tolist() == [
        "0-9",
        "10-49",
        "10-49",
        "250+",
    ]


def succeed(folder, *rows):
    """Write the table of successions: (number, successor, kind), all on one day of 2026."""
    frame = pd.DataFrame(rows, columns=["cvr", "successor", "kind"])
    frame.assign(date=pd.Timestamp(2026, 5, 1)).to_parquet(folder / "firm_successions.parquet")


def without(folder, table, rows):
    frame = pd.read_parquet(folder / f"{table}.parquet")
    frame[~rows(frame)].to_parquet(folder / f"{table}.parquet")


def test_a_change_of_number_neither_ends_a_firm_nor_hides_its_participation(folder):
    """F4 goes on as F6 in 2026 and takes part under its new number."""
    succeed(folder, ("F4", "F6", "number_change"))
    without(
        folder,
        "firm_years",
        lambda rows: (
            ((rows["cvr"] == "F4") & (rows["year"] >= 2026))
            | ((rows["cvr"] == "F6") & (rows["year"] < 2026))
        ),
    )
    taken = pd.read_parquet(folder / "participations.parquet")
    new = taken.iloc[[0]].assign(cvr="F6", date=pd.Timestamp(2027, 1, 1))
    pd.concat([taken, new]).to_parquet(folder / "participations.parquet")
    built = panel(folder, winsorise=0.0)
    firms = built.firms.set_index("cvr")
    assert firms.loc["F4", "cohort"] == 2027
    assert firms.loc["F4", "industry_group"] == "manufacturing"  # as before treatment
    assert built.linked["chained"] == 1
    values = built.outcomes["fte"][firms.index.get_loc("F4")]
    np.testing.assert_allclose(values, np.log([14.0] * 5 + [16.0] * 2))


def test_mergers_are_kept_left_out_or_pooled(folder):
    succeed(folder, ("F3", "F4", "merger"))
    kept, left, pooled = (
        panel(folder, winsorise=0.0, mergers=mergers) for mergers in ("keep", "leave_out", "pool")
    )
    assert {"F3", "F4"} <= set(kept.firms["cvr"])
    assert kept.linked["events"] == 2
    assert not {"F3", "F4"} & set(left.firms["cvr"])
    assert left.flow.set_index("step").loc["whole", "firms"] == kept.flow["firms"].iloc[2] - 2
    firms = pooled.firms.set_index("cvr")
    assert "F4" not in firms.index
    values = pooled.outcomes["fte"][firms.index.get_loc("F3")]
    np.testing.assert_allclose(values, np.log(13.0 + 14.0))


def test_a_pooled_firm_lives_as_long_as_any_of_its_numbers(folder):
    """F3 split into F4 and closed in 2026, F4 in 2027; F5 merged into F6, which lives."""
    succeed(folder, ("F3", "F4", "split"), ("F5", "F6", "merger"))
    closed = {"F3": "2026-05-01", "F4": "2027-02-01", "F5": "2026-05-01"}
    firms = pd.read_parquet(folder / "firms.parquet")
    firms.assign(closed=pd.to_datetime(firms["cvr"].map(closed))).to_parquet(
        folder / "firms.parquet"
    )
    data = Dataset(folder)
    kept = survival.exit_years(data, pd.Series(["F5", "F3", "F4"]), "keep")
    assert kept.tolist() == [np.inf, 2026, 2027]
    pooled = survival.exit_years(data, pd.Series(["F5", "F3"]), "pool")
    assert pooled.tolist() == [np.inf, 2027]


def test_a_subsidiary_of_a_large_group_is_no_sme(folder):
    firms = pd.read_parquet(folder / "firms.parquet")
    firms.assign(group_id=["G"] + [None] * 6 + ["G"]).to_parquet(folder / "firms.parquet")
    found = characteristics(Dataset(folder), 2024)["sme"]
    assert found.to_dict() == {name: name not in ("F0", "F7") for name in FIRMS}


def test_an_old_code_goes_where_most_of_it_goes_and_is_counted_where_divided(folder):
    firms = pd.read_parquet(folder / "firms.parquet")
    firms.assign(industry_version=["DB07"] * 7 + ["DB25"]).to_parquet(folder / "firms.parquet")
    bridge = {"old": ["251100", "251100", "620100"], "new": ["439900", "251200", "620200"]}
    pd.DataFrame(bridge | {"weight": [0.6, 0.4, 1.0]}).to_csv(
        folder / "industry_bridge.csv", index=False
    )
    found = characteristics(Dataset(folder), 2024)
    expected = ["construction"] * 6 + ["it", "manufacturing"]
    assert found["industry_group"].tolist() == expected
    assert found["ambiguous"].tolist() == [True] * 6 + [False] * 2


def test_regions_are_the_same_before_and_after_their_merger(folder):
    firms = pd.read_parquet(folder / "firms.parquet")
    regions = ["hovedstaden", "sjaelland", "oestdanmark"] + ["midtjylland"] * 5
    firms.assign(region=regions).to_parquet(folder / "firms.parquet")
    found = characteristics(Dataset(folder), 2024)["region"]
    assert found.tolist() == ["oestdanmark"] * 3 + ["midtjylland"] * 5


def test_overlapping_treatments_are_told_apart(folder):
    built = panel(folder)
    mixed = built.mixed.set_axis(built.firms["cvr"])
    assert mixed.loc["F0"].to_dict() == {
        "plain": False,
        "several_doses": True,
        "several_clusters": False,
        "rises": False,
    }
    assert mixed.loc["F1", "plain"]
    assert not mixed.loc["F3"].any()


def test_without_new_entrants_the_comparison_firms_are_still_there(folder):
    without(folder, "participations", lambda rows: rows["cvr"] != "F2")
    (folder / "memberships.parquet").unlink()
    built = panel(folder)
    assert not built.treated.any()
    assert set(built.firms["cvr"]) == {"F0", "F1", "F3", "F4", "F5", "F6"}


def test_a_panel_too_large_for_the_machine_is_refused_before_it_is_built(folder, monkeypatch):
    monkeypatch.setattr("clusterstudy.memory.os.sysconf", lambda name: 10)
    with pytest.raises(UserError, match=r"needs some .* GiB, and this machine has 0"):
        panel(folder)


def test_the_smd_is_the_published_formula():
    values = pd.DataFrame({"x": [1.0, 2.0, 3.0, 2.0, 4.0, 6.0]})
    treated = np.array([True] * 3 + [False] * 3)
    row = smd(values, treated).loc["x"]
    assert row["smd"] == pytest.approx((2 - 4) / np.sqrt((1 + 4) / 2))
    assert row["low"] < row["smd"] < row["high"]


@given(st.floats(0.1, 10), st.floats(-5, 5), st.integers(0, 99))
def test_the_smd_knows_no_unit_and_changes_sign_with_the_groups(scale, shift, seed):
    rng = np.random.default_rng(seed)
    values = pd.DataFrame({"x": rng.normal(size=40)})
    treated = rng.permutation(np.repeat([True, False], 20))
    d = smd(values, treated).loc["x", "smd"]
    assert smd(values * scale + shift, treated).loc["x", "smd"] == pytest.approx(d, abs=1e-8)
    assert smd(values, ~treated).loc["x", "smd"] == pytest.approx(-d)


@pytest.fixture
def supported(folder):
    """F0 before and since, F3 before by two grants, F4 since, F5 too early, F1 none."""
    rows = [
        ("F0", "innobooster", 2024, 500.0),
        ("F0", "export", 2026, 50.0),
        ("F3", "innobooster", 2020, 100.0),
        ("F3", "smv_digital", 2023, 50.0),
        ("F4", "eu_funds", 2025, 300.0),
        ("F5", "other", 2019, 900.0),
    ]
    frame = pd.DataFrame(rows, columns=["cvr", "programme", "year", "amount"])
    frame.to_parquet(folder / "other_support.parquet")
    return folder


def test_other_support_is_told_apart_by_time(supported):
    firms = panel(supported).firms.set_index("cvr")
    assert firms["supported"].to_dict() == {"F0": 1, "F1": 0, "F3": 1, "F4": 0, "F5": 0}
    assert firms.loc["F3", "ln_support"] == pytest.approx(np.log(151))
    assert firms.loc["F5", "ln_support"] == 0
    assert firms.index[firms["supported_since"]].tolist() == ["F0", "F4"]
    known = build(
        Dataset(supported, date(2026, 6, 29)), ["fte"], programme_start=2025, first_year=2021
    )
    assert not known.firms["supported_since"].any()  # the lists of 2025 are not out yet


def test_other_support_is_ignored_a_covariate_or_a_reason_to_be_left_out(supported):
    ignored, given, left_out = (
        panel(supported, covariates=["size"], other_programmes=choice)
        for choice in ("ignore", "covariate", "exclude")
    )
    assert ignored.covariates == ("ln_fte",)
    assert given.covariates == ("ln_fte", "supported", "ln_support")
    pd.testing.assert_frame_equal(given.firms, ignored.firms)
    assert left_out.firms["cvr"].tolist() == ["F1", "F5"]
    assert left_out.flow["step"].tolist()[-2:] == ["alone", "cell"]


def test_a_units_support_is_that_of_all_its_numbers(supported):
    successions = pd.DataFrame(
        {"cvr": ["F4"], "successor": ["F3"], "date": [pd.Timestamp(2024, 1, 1)], "kind": "merger"}
    )
    successions.to_parquet(supported / "firm_successions.parquet")
    pooled = panel(supported, mergers="pool").firms.set_index("cvr")
    assert pooled.loc["F3", ["supported", "supported_since"]].tolist() == [1, True]


def test_support_that_tells_no_firms_apart_is_no_covariate(supported):
    rows = pd.read_parquet(supported / "other_support.parquet")
    rows[rows["year"] == 2024].to_parquet(supported / "other_support.parquet")
    assert panel(supported, other_programmes="covariate").covariates == ("supported",)
    rows[rows["year"] == 2019].to_parquet(supported / "other_support.parquet")
    assert panel(supported, other_programmes="covariate").covariates == ()


@pytest.mark.parametrize("choice", ["covariate", "exclude"])
def test_without_the_table_a_choice_that_needs_it_is_refused(folder, choice):
    assert "supported" not in panel(folder).firms
    with pytest.raises(UserError, match="needs the table other_support, which is missing"):
        panel(folder, other_programmes=choice)
