"""How a notebook begins: its parameters checked, its data opened, its page ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from clusterstudy.contract.read import Dataset
from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.params import NOTEBOOKS, NotebookParameters, unknown, validated
from clusterstudy.report.language import _
from clusterstudy.sources import open_dataset

if TYPE_CHECKING:
    import pandas as pd

    from clusterstudy.report.page import Page

P = TypeVar("P", bound=NotebookParameters)


@dataclass(frozen=True)
class Notebook(Generic[P]):
    """What the cells of a notebook work with.

    Parameters
    ----------
    p, data, page
        Parameters, data, and the page to write on.
    clusters
        Names of the clusters by code, in the order of the codes.
    """

    p: P
    data: Dataset
    page: Page
    clusters: Mapping[str, str]

    @property
    def names(self) -> dict[str, str]:
        """Text by cluster, the programme first."""
        return {PROGRAMME: _("The whole programme"), **self.clusters}

    def of_cluster(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows to show: all for the programme, else without the other clusters'.

        Parameters
        ----------
        frame
            With a column or an index ``cluster_id`` or a column ``group``.
        """
        if self.p.cluster == PROGRAMME:
            return frame
        named = "group" if "group" in frame else "cluster_id"
        values = frame.get(named, frame.index)
        others = [code for code in self.clusters if code != self.p.cluster]
        return frame[~values.isin(others)]


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
    data = open_dataset(p.data, date.fromisoformat(p.as_of), refresh=False)
    theme.use()
    known = data.read("clusters", ["cluster_id", "name"]).sort_values("cluster_id")
    clusters = dict(zip(known["cluster_id"], known["name"], strict=True))
    if p.cluster not in (PROGRAMME, *clusters):
        raise unknown("cluster", p.cluster, [PROGRAMME, *clusters], where=f"{name}, cluster")
    return Notebook(p=p, data=data, page=Page(p.lang, p.output), clusters=clusters)
