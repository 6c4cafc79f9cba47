"""How a notebook begins: its parameters checked, its data opened, its page ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from clusterstudy.contract.read import Dataset
from clusterstudy.params import NOTEBOOKS, validated
from clusterstudy.sources import open_dataset

if TYPE_CHECKING:
    from clusterstudy.report.page import Page

P = TypeVar("P")


@dataclass(frozen=True)
class Notebook(Generic[P]):
    """What the cells of a notebook work with: parameters, data and the page they write on."""

    p: P
    data: Dataset
    page: Page


def begin(name: str, namespace: Mapping[str, Any]) -> Notebook[Any]:
    """Check the parameters that stand in a notebook's namespace and open its data and page.

    Parameters
    ----------
    name
        The notebook, a key of :data:`clusterstudy.params.NOTEBOOKS`.
    namespace
        ``globals()`` of the notebook, in which its parameters cell has run.

    Raises
    ------
    UserError
        If a parameter is not allowed, or the data cannot be found.
    """
    from clusterstudy.report import theme
    from clusterstudy.report.page import Page

    model = NOTEBOOKS[name]
    given = {field: namespace[field] for field in model.model_fields}
    p = validated(model, given, where=f"{name}, parameters")
    data = open_dataset(p.data, date.fromisoformat(p.as_of))
    theme.use()
    return Notebook(p=p, data=data, page=Page(p.lang, p.output))
