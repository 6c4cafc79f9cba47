"""The demo that several modules hold against its truth."""

from __future__ import annotations

from datetime import date

import pytest

from clusterstudy.contract.read import Dataset
from clusterstudy.demo import generate
from clusterstudy.params import ImpactParameters


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Return the demo of 8,000 firms, as known on the day that notebooks take by default."""
    folder = generate(tmp_path_factory.mktemp("demo") / "demo", firms=8000)
    return Dataset(folder, date.fromisoformat(ImpactParameters().as_of))
