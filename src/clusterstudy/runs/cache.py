"""Which runs need not be made again, and why the others must.

A report is kept when it is whole (every file still has the hash its manifest names) and all that it
follows from is the same: notebook, parameters, bytes of the data, what is expected of them, the
package's source, the lock and the installed packages. A run that failed is always made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clusterstudy.paths import MANIFEST
from clusterstudy.runs import folders, manifest

IGNORED = {"code.commit", "code.modified"}  # the source's own hash says more


def differences(report: Path, identity: Mapping[str, Any]) -> list[str]:
    """Return why the report must be made again, one line each; nothing where it may be kept.

    Parameters
    ----------
    report
        The run's folder.
    identity
        What a new report would follow from, as :meth:`clusterstudy.runs.batch.Batch.identity`
        returns it.
    """
    path = report / MANIFEST
    if not path.is_file():
        return ["there is no report yet"]
    try:
        kept = manifest.read(path)
        whole = kept["outputs"] == manifest.outputs(report)
    except (ValueError, KeyError):
        return ["its manifest cannot be read"]
    changed = [] if whole else ["files of the report were changed, added or removed"]
    return changed + changes({key: kept.get(key) for key in identity}, identity)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what differs between two identities, one line each: ``name: before -> after``."""
    old, new = (dict(_flat(json.loads(json.dumps(each)))) for each in (before, after))
    return [
        f"{name}: {_short(old, name)} -> {_short(new, name)}"
        for name in dict.fromkeys([*new, *old])
        if name not in IGNORED and old.get(name) != new.get(name)
    ]


def confirm(report: Path) -> None:
    """Note in a kept report's manifest that it was found unchanged, and drop a later failure."""
    path = report / MANIFEST
    now = datetime.now(UTC).isoformat(timespec="seconds")
    folders.write_whole(path, manifest.text({**manifest.read(path), "confirmed": now}))
    folders.drop_failure(report)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _short(values: Mapping[str, Any], name: str) -> str:
    text = str(values[name]) if name in values else "none"
    return text if len(text) <= 16 else f"{text[:12]}..."
