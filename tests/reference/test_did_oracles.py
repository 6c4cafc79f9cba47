"""The group-time core against csdid and moderndid, to 1e-8, wherever they do the same.

On unbalanced panels both work with repeated cross-sections; ours pairs units like Stata's csdid,
so every cell is compared with csdid on the units observed in both of its periods.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clusterstudy.did.group_time import group_time
from clusterstudy.did.simulation import simulate

N = 300
THEIRS = {"dr": "dr", "ipw": "ipw", "or": "reg"}
CONTROL = {"never": "nevertreated", "not_yet": "notyettreated"}
AVERAGES = {"dynamic": "dynamic", "by_cohort": "group", "by_period": "calendar"}


def drawn(missing=0.0):
    rng = np.random.default_rng(5)
    panel = simulate(N, 11, missing=missing)
    return replace(
        panel,
        covariates=np.column_stack([panel.covariates, rng.normal(3, 5, N)]),
        weights=rng.uniform(0.5, 2, N),
        cluster=rng.integers(0, 40, N),
    )


def long(panel):
    """Return rows as csdid and moderndid want them; weights and clusters always there."""
    n, t = panel.outcome.shape
    over_time = np.broadcast_to(
        panel.covariates if panel.covariates.ndim == 3 else panel.covariates[:, None, :],
        (n, t, 2),
    )
    return pd.DataFrame(
        {
            "id": np.repeat(np.arange(n), t),
            "t": np.tile(panel.periods.astype(int), n),
            "y": panel.outcome.ravel(),
            "g": np.repeat(np.where(np.isinf(panel.cohort), 0, panel.cohort).astype(int), t),
            "x1": over_time[..., 0].ravel(),
            "x2": over_time[..., 1].ravel(),
            "w": np.repeat(panel.weights, t),
            "c": np.repeat(panel.cluster, t),
        }
    )


def with_csdid(rows, *, method="dr", control="never", base="varying", **options):
    att_gt = pytest.importorskip("csdid.att_gt", reason="csdid is a test oracle (dev extra)")
    model = att_gt.ATTgt(
        "y", "t", "id", "g", rows, xformla="y~x1+x2", control_group=CONTROL[control], **options
    )
    return model.fit(est_method=THEIRS[method], base_period=base, bstrap=False)


def same_cells(ours, theirs):
    at = ours.cells.set_index(["cohort", "period"])
    rows = pd.DataFrame(theirs.results).set_index(["group", "year"])
    assert len(at) == len(rows)
    np.testing.assert_allclose(at.loc[rows.index, "estimate"], rows["att"], atol=1e-8)
    known = rows["se"].notna().to_numpy()
    np.testing.assert_allclose(
        at.loc[rows.index, "se"][known], rows["se"][known].astype(float), atol=1e-8
    )


def same_averages(ours, theirs):
    average = ours.simple().overall
    their = theirs.aggte("simple", bstrap=False, cband=False).atte
    np.testing.assert_allclose(
        [average.estimate[0], average.se[0]],
        [their["overall_att"], np.squeeze(their["overall_se"])],
        atol=1e-8,
    )
    for name, typec in AVERAGES.items():
        average = getattr(ours, name)()
        their = theirs.aggte(typec, bstrap=False, cband=False).atte
        np.testing.assert_allclose(average.effects.estimate, their["att_egt"], atol=1e-8)
        known = average.effects.se > 0
        se = np.ravel(their["se_egt"]).astype(float)
        np.testing.assert_allclose(average.effects.se[known], se[known], atol=1e-8)
        np.testing.assert_allclose(average.overall.estimate[0], their["overall_att"], atol=1e-8)
        np.testing.assert_allclose(
            average.overall.se[0], np.squeeze(their["overall_se"]), atol=1e-8
        )


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("method", ["dr", "ipw", "or"])
def test_balanced_panel_equals_csdid(method, control):
    panel = replace(drawn(), weights=None, cluster=None)
    ours = group_time(panel, method=method, control=control)
    theirs = with_csdid(long(drawn()), method=method, control=control)
    same_cells(ours, theirs)
    same_averages(ours, theirs)


@pytest.mark.parametrize(
    "options",
    [
        {"base": "universal"},
        {"anticipation": 1},
        {"anticipation": 1, "base": "universal", "control": "not_yet"},
    ],
    ids=str,
)
def test_base_and_anticipation_equal_csdid(options):
    ours = group_time(replace(drawn(), weights=None, cluster=None), **options)
    theirs = with_csdid(long(drawn()), **options)
    same_cells(ours, theirs)
    same_averages(ours, theirs)


@pytest.mark.parametrize("method", ["dr", "ipw", "or"])
def test_weights_and_clusters_equal_csdid(method):
    ours = group_time(drawn(), method=method, control="not_yet")
    theirs = with_csdid(
        long(drawn()), method=method, control="not_yet", weights_name="w", clustervar="c"
    )
    same_cells(ours, theirs)
    same_averages(ours, theirs)


def test_covariates_at_the_base_equal_csdid():
    rng = np.random.default_rng(3)
    moving = rng.normal(size=(N, 7, 2))
    panel = replace(drawn(), covariates=moving)
    ours = group_time(replace(panel, weights=None, cluster=None))
    same_cells(ours, with_csdid(long(panel)))


@pytest.mark.parametrize("method", ["dr", "ipw", "or"])
def test_unbalanced_cells_equal_csdid_on_the_pairs(method):
    panel = drawn(missing=0.15)
    rows = long(panel).dropna()
    ours = group_time(replace(panel, weights=None, cluster=None), method=method)
    for cell in ours.cells.itertuples():
        pair = rows[rows["t"].isin([cell.base, cell.period]) & rows["g"].isin([0, cell.cohort])]
        pair = pair[pair.groupby("id")["t"].transform("size") == 2]
        later = max(cell.base, cell.period)  # csdid wants treatment to start in the second period
        theirs = with_csdid(pair.assign(g=np.where(pair["g"] > 0, later, 0)), method=method)
        sign = 1 if cell.period > cell.base else -1
        assert sign * theirs.results["att"][0] == pytest.approx(cell.estimate, abs=1e-8)
        assert theirs.results["se"][0] == pytest.approx(cell.se, abs=1e-8)


@pytest.mark.parametrize("control", ["never", "not_yet"])
@pytest.mark.parametrize("method", ["dr", "ipw", "or"])
def test_balanced_panel_equals_moderndid(method, control):
    moderndid = pytest.importorskip("moderndid", reason="needs the validation extra")
    ours = group_time(replace(drawn(), weights=None, cluster=None), method=method, control=control)
    theirs = moderndid.att_gt(
        long(drawn()),
        yname="y",
        tname="t",
        idname="id",
        gname="g",
        xformla="~ x1 + x2",
        est_method=THEIRS[method],
        control_group=CONTROL[control],
        cband=False,
    )
    np.testing.assert_allclose(ours.cells["estimate"], theirs.att_gt, atol=1e-8)
    np.testing.assert_allclose(ours.cells["se"], theirs.se_gt, atol=1e-8)
