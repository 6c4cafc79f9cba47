"""Explain a word of the contract, the impact model or the parameters, from where it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
from pydantic import BaseModel

from clusterstudy.contract import dictionary
from clusterstudy.contract.read import read_table
from clusterstudy.contract.tables import TABLES
from clusterstudy.params import NOTEBOOKS, choices, type_name, unknown
from clusterstudy.paths import DATA


def explain(term: str) -> str:
    """Return all that is declared under a name, as Markdown.

    Parameters
    ----------
    term
        A table, a column (``fte`` or ``firm_years.fte``), a measure, a notebook, or a parameter
        (``method`` or ``20_impact_did.method``). Empty lists the names.

    Raises
    ------
    UserError
        If nothing has that name.
    """
    pages = list(_pages())
    if not term:
        return _contents()
    found = [text for name, text in pages if term in (name, name.rpartition(".")[2])]
    if not found:
        raise unknown(
            "term", term, sorted({name.rpartition(".")[2] for name, _ in pages}), where=""
        )
    return "\n\n".join(found)


def _contents() -> str:
    kinds = {"Tables": TABLES, "Measures": list(_measures().index), "Notebooks": NOTEBOOKS}
    return "\n\n".join(f"**{kind}**: {', '.join(names)}" for kind, names in kinds.items())


def _pages() -> Iterator[tuple[str, str]]:
    for table in TABLES.values():
        yield table.name, dictionary.page(table)
        for column in table.columns:
            only = dictionary.page(replace(table, columns=(column,)))
            yield f"{table.name}.{column.name}", only
    for measure, row in _measures().iterrows():
        facts = [f"- {key}: {value}" for key, value in row.items() if key != "label"]
        yield str(measure), "\n".join([f"## Measure {measure}: {row['label']}", "", *facts])
    for name, model in NOTEBOOKS.items():
        lines = {key: _parameter(model, key) for key in model.model_fields}
        yield name, "\n".join([f"## {name}", "", *lines.values()])
        for key, line in lines.items():
            yield f"{name}.{key}", f"## Parameter of {name}\n\n{line}"


def _measures() -> pd.DataFrame:
    return read_table(DATA / "impact_model.csv", TABLES["impact_model"]).set_index("measure")


def _parameter(model: type[BaseModel], key: str) -> str:
    field = model.model_fields[key]
    default = "required" if field.is_required() else f"default {field.default!r}"
    allowed = f"; one of {', '.join(choices(field))}" if choices(field) else ""
    return f"- `{key}` ({type_name(field)}, {default}): {field.description}{allowed}"
