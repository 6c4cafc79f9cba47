"""The second opinions, each against figures made elsewhere: published, by hand, or by a package."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from clusterstudy.did import twfe
from clusterstudy.did.bacon import bacon
from clusterstudy.did.group_time import group_time
from clusterstudy.did.imputation import imputation
from clusterstudy.did.long import observations
from clusterstudy.did.panel import Panel, from_long
from clusterstudy.did.saturated import poisson, sun_abraham
from clusterstudy.did.simulation import simulate
from clusterstudy.did.synthetic import synthetic
from clusterstudy.validation import minimum_wages


@pytest.fixture(scope="module")
def gappy():
    """Return a small panel with gaps, weights, clusters and a covariate."""
    rng = np.random.default_rng(4)
    panel = simulate(90, 8, missing=0.15)
    return replace(panel, weights=rng.uniform(0.5, 2, 90), cluster=np.arange(90) // 2)


def test_sun_abraham_makes_the_published_average_of_county_minimum_wages():
    pytest.importorskip("moderndid", reason="needs the validation extra")
    frame = minimum_wages.counties()
    columns = (frame[name].to_numpy() for name in ("countyreal", "year", "lemp", "cohort"))
    overall = sun_abraham(from_long(*columns)).simple().overall
    assert overall.estimate[0] == pytest.approx(-0.039951, abs=5e-7)  # Stata csdid, no covariates
    assert overall.se[0] == pytest.approx(0.012034, rel=0.01)  # small-sample correction apart


def test_sun_abraham_is_group_time_without_gaps_and_covariates():
    panel = replace(simulate(200, 5), covariates=None)
    ours, theirs = sun_abraham(panel), group_time(panel, base="universal")
    both = ours.cells.merge(theirs.cells, on=["cohort", "period"])
    assert len(both) == len(ours.cells) == len(theirs.cells)
    np.testing.assert_allclose(both["estimate_x"], both["estimate_y"], atol=1e-8)
    np.testing.assert_allclose(ours.entry, theirs.entry)
    correction = ours.simple().overall.se / theirs.simple().overall.se
    assert 1 < correction[0] < 1.02


def trends(panel: Panel, rows: pd.DataFrame) -> pd.DataFrame:
    """Return each covariate times each period but the first, for the rows of observations."""
    values = panel.design(0)[:, 1:][rows["unit"]].T
    periods = np.arange(1, len(panel.periods))
    moved = values[:, None] * (rows["at"].to_numpy() == periods[:, None])
    names = [f"x{k}_{t}" for k in range(len(values)) for t in periods]
    return pd.DataFrame(moved.reshape(len(names), len(rows)).T, index=rows.index, columns=names)


def dummies(rows, panel, cells):
    """Return unit, period, covariate-trend and cell columns, for least squares by hand."""
    columns = [pd.get_dummies(rows["unit"], dtype=float), pd.get_dummies(rows["at"], dtype=float)]
    shown = [(rows["cohort"] == g) & (rows["period"] == t) for g, t in cells]
    of_cells = np.column_stack(shown).astype(float) if shown else np.zeros((len(rows), 0))
    return np.hstack([of_cells, columns[0], columns[1].iloc[:, 1:], trends(panel, rows)])


@pytest.mark.parametrize("model", [sun_abraham, poisson])
def test_regressions_are_those_of_statsmodels_with_dummies(gappy, model):
    import statsmodels.api as sm

    panel = gappy
    if model is poisson:
        panel = replace(gappy, outcome=np.exp(gappy.outcome) // 1, weights=None)
    found = model(panel)
    rows = observations(panel)
    if model is poisson:  # a unit without a positive value says nothing about ratios
        rows = rows[rows.groupby("unit")["outcome"].transform("max") > 0]
    cells = found.cells[(found.cells["period"] != found.cells["base"])]
    X = dummies(rows, panel, list(zip(cells["cohort"], cells["period"], strict=True)))
    family = sm.families.Poisson() if model is poisson else sm.families.Gaussian()
    fit = sm.GLM(rows["outcome"].to_numpy(), X, family, var_weights=rows["weight"].to_numpy()).fit(
        tol=1e-12, cov_type="cluster", cov_kwds={"groups": rows["cluster"], "use_correction": False}
    )
    k = len(cells)
    np.testing.assert_allclose(cells["estimate"], fit.params[:k], atol=1e-6)
    ratio = cells["se"] / fit.bse[:k]
    assert ratio.max() - ratio.min() < 1e-4  # one small-sample correction for all
    assert 1 < ratio.mean() < 1.1


@pytest.mark.parametrize("model", [sun_abraham, poisson])
@pytest.mark.parametrize("anticipation", [0, 1])
def test_regressions_and_their_errors_are_pyfixest(gappy, model, anticipation):
    import pyfixest

    outcome, weights = gappy.outcome, gappy.weights
    if model is poisson:  # whose weights pyfixest's Poisson does not take
        outcome, weights = np.exp(outcome) // 1, None
    panel = replace(gappy, outcome=outcome, weights=weights)
    found = model(panel, anticipation=anticipation).cells
    rows, wanted = observations(panel), found[found["period"] != found["base"]]
    each = zip(wanted["cohort"], wanted["period"], strict=True)
    shown = {
        f"c{i}": (rows["cohort"] == g) & (rows["period"] == t) for i, (g, t) in enumerate(each)
    }
    nuisance = trends(panel, rows)
    frame = pd.concat([rows, pd.DataFrame(shown, dtype=float), nuisance], axis=1)
    formula = f"outcome ~ {' + '.join([*shown, *nuisance])} | unit + at"
    how = {"vcov": {"CRV1": "cluster"}}
    if model is poisson:
        fit = pyfixest.fepois(formula, frame, iwls_tol=1e-12, **how)
    else:
        fit = pyfixest.feols(formula, frame, weights="weight", **how)
    np.testing.assert_allclose(wanted["estimate"], fit.coef()[list(shown)], atol=1e-7)
    ratio = wanted["se"] / fit.se()[list(shown)].to_numpy()
    assert ratio.max() - ratio.min() < 1e-5  # theirs counts the periods' effects, too
    assert ratio.mean() == pytest.approx(1, abs=0.01)


def test_two_way_event_study_is_pyfixest(gappy):
    import pyfixest

    panel = replace(gappy, covariates=None)
    ours = twfe.event_study(panel)
    rows = observations(panel).assign(time=lambda frame: frame["period"] - frame["cohort"])
    names = {f"e{i}": e for i, e in enumerate(ours.label)}
    rows = rows.assign(**{name: (rows["time"] == e) * 1.0 for name, e in names.items()})
    formula = f"outcome ~ {' + '.join(names)} | unit + at"
    fit = pyfixest.feols(formula, rows, vcov={"CRV1": "cluster"}, weights="weight")
    np.testing.assert_allclose(ours.estimate, fit.coef()[list(names)], atol=1e-9)
    np.testing.assert_allclose(ours.se, fit.se()[list(names)], rtol=0.01)


@pytest.mark.parametrize("covariates", [True, False])
def test_imputation_is_its_two_steps_by_least_squares(gappy, covariates):
    panel = gappy if covariates else replace(gappy, covariates=None)
    rows = observations(panel)
    before = (rows["period"] < rows["cohort"]).to_numpy()
    fitted = rows["unit"].isin(rows["unit"][before])
    rows, before = rows[fitted], before[fitted]
    X, root = dummies(rows, panel, []), np.sqrt(rows["weight"].to_numpy())
    y = rows["outcome"].to_numpy()
    first = np.linalg.lstsq((root[:, None] * X)[before], (root * y)[before], rcond=None)[0]
    treated = rows.assign(effect=y - X @ first)[~before]
    by_hand = treated.groupby(["cohort", "period"])[["effect", "weight"]].apply(
        lambda cell: np.average(cell["effect"], weights=cell["weight"])
    )
    cells = imputation(panel).cells.set_index(["cohort", "period"])
    np.testing.assert_allclose(cells["estimate"], by_hand[cells.index], atol=1e-9)


@pytest.mark.parametrize("missing", [0, 0.15])
def test_imputation_and_its_error_are_diff_diff(missing):
    library = pytest.importorskip("diff_diff", reason="needs the opinions extra")
    panel = replace(simulate(120, 8, missing=missing), cluster=np.arange(120) // 2)
    found = imputation(panel)
    rows = observations(panel)
    first = rows["cohort"].replace(np.inf, 0)
    before = (rows["period"] < rows["cohort"]).groupby(rows["unit"]).transform("any")
    extra = trends(panel, rows)
    frame = pd.concat([rows, extra], axis=1).assign(first=first)[before]
    names = ("outcome", "unit", "period", "first")
    their = library.ImputationDiD(cluster="cluster").fit(frame, *names, covariates=list(extra))
    share = found.cells["n_treated"] / found.cells["n_treated"].sum()  # theirs: observed, and fixed
    assert share @ found.cells["estimate"] == pytest.approx(their.overall_att, abs=1e-8)
    influence = found.influence @ share
    assert np.sqrt(influence @ influence) == pytest.approx(their.overall_se, rel=1e-7)


def test_two_way_coefficient_is_the_weighted_average_of_its_comparisons():
    pytest.importorskip("diff_diff", reason="needs the opinions extra")
    for seed in range(5):
        panel = simulate(60, seed)
        found = bacon(panel)
        assert found["weight"].sum() == pytest.approx(1)
        assert (found["weight"] > 0).all()
        coefficient = twfe.static(panel).estimate[0]
        assert found["weight"] @ found["estimate"] == pytest.approx(coefficient, abs=1e-9)
        forbidden = found[found["kind"] == "later_vs_earlier"]
        assert (forbidden["control"] < forbidden["treated"]).all()


def test_decomposition_takes_units_seen_throughout():
    pytest.importorskip("diff_diff", reason="needs the opinions extra")
    panel = simulate(200, 3, missing=0.05)
    whole = np.isfinite(panel.outcome).all(axis=1)
    kept = Panel(panel.outcome[whole], panel.cohort[whole], panel.periods)
    pd.testing.assert_frame_equal(bacon(panel), bacon(kept))


def factors(seed: int, effect: float = 0.0) -> Panel:
    """Return one treated unit and 15 donors that follow two common factors."""
    rng = np.random.default_rng(seed)
    outcome = rng.normal(size=(16, 2)) @ rng.normal(size=(2, 10)).cumsum(axis=1)
    outcome += rng.normal(scale=0.1, size=outcome.shape)
    outcome[0, 7:] += effect
    return Panel(outcome, np.where(np.arange(16) == 0, 8.0, np.inf), np.arange(1.0, 11.0))


def on_simplex(A: np.ndarray, b: np.ndarray, penalty: float) -> np.ndarray:
    """Return the weights that minimise |Aw − b|² + penalty · |w|², up to a constant."""
    A, b = A - A.mean(axis=0), b - b.mean()
    k = A.shape[1]
    return minimize(
        lambda w: ((A @ w - b) ** 2).sum() + penalty * w @ w,
        np.full(k, 1 / k),
        bounds=[(0, 1)] * k,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 1000},
    ).x


def test_synthetic_difference_is_its_weighted_regression_by_quadratic_programming():
    pytest.importorskip("diff_diff", reason="needs the opinions extra")
    panel = factors(1, effect=0.5)
    found = synthetic(panel, seed=1, placebos=20)
    donors, treated, before, after = panel.outcome[1:], panel.outcome[0], 7, 3
    noise = np.diff(donors[:, :before], axis=1).std(ddof=1)
    omega = on_simplex(donors[:, :before].T, treated[:before], after**0.5 * noise**2 * before)
    times = on_simplex(
        donors[:, :before], donors[:, before:].mean(axis=1), (1e-6 * noise) ** 2 * len(donors)
    )
    gap = treated - omega @ donors
    by_hand = gap[before:].mean() - times @ gap[:before]
    assert found.estimate == pytest.approx(by_hand, abs=0.01)
    np.testing.assert_allclose(found.weights[1:], omega, atol=0.02)
    assert found.weights.sum() == pytest.approx(1)


def test_synthetic_difference_finds_an_effect_where_there_is_one():
    pytest.importorskip("diff_diff", reason="needs the opinions extra")
    none, some = (synthetic(factors(1, effect), seed=1, placebos=50) for effect in (0.0, 5.0))
    assert some.estimate - none.estimate == pytest.approx(5)
    assert abs(none.estimate) < 3 * none.se
    assert some.estimate > 3 * some.se
