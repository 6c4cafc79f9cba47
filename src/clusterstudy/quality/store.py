"""Keep verdicts, so that a data set is judged once and not once per notebook."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from clusterstudy.contract.read import Dataset
from clusterstudy.quality.gate import gate, key
from clusterstudy.quality.verdict import Verdict


def verdict_for(dataset: Dataset, reports: Path) -> Verdict:
    """Return the verdict on a data set, judging it only where that has not been done before.

    Parameters
    ----------
    reports
        The folder of reports. Verdicts are kept in ``.quality/<key>.json``; the Data Docs are in
        ``quality/<key>/index.html``.
    """
    kept = reports / ".quality" / f"{key(dataset)}.json"
    pages = reports / "quality" / kept.stem
    if pages.is_dir():
        with suppress(OSError, ValueError, KeyError, TypeError):  # none kept, or not whole
            return Verdict.from_dict(json.loads(kept.read_text(encoding="utf-8")))
    verdict = gate(dataset, pages=pages)
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(f".draft-{os.getpid()}")
    draft.write_text(json.dumps(verdict.as_dict(), ensure_ascii=False), encoding="utf-8")
    draft.replace(kept)
    return verdict
