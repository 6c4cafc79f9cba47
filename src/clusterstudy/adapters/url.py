"""Tables at a URL: on a server, in object storage or in an archive, by any protocol of fsspec.

The tables are copied to this machine and copied again when they have changed there. Credentials
belong in the protocol's own configuration, never in the URL: it stands in every manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from pathlib import Path, PurePosixPath
from typing import Any

from clusterstudy.contract.read import READERS
from clusterstudy.contract.tables import TABLES
from clusterstudy.errors import INSTALL, UserError

URL = re.compile(r"[a-z][a-z0-9+.-]+(://|::)", re.IGNORECASE)
SECRET = re.compile(r"://[^/]*@|[?&](sig|token|key|secret)=", re.IGNORECASE)
STATE = "remote.json"
_refreshing = threading.Lock()  # a worker's threads, each with a run on the same data


def is_url(name: str) -> bool:
    """Tell whether a data set's name is a URL, and not a folder."""
    return bool(URL.match(name))


def fetch(url: str, copies: Path, *, refresh: bool = True) -> Path:
    """Return a folder of this machine with the tables at ``url``.

    Parameters
    ----------
    url
        A folder, as fsspec writes it: ``s3://bucket/register``, ``abfs://container/register``,
        ``zip::https://host/tables.zip``.
    copies
        Folder for the copies of all URLs.
    refresh
        Look whether the tables have changed there; without it a copy is taken as it is.

    Raises
    ------
    UserError
        If the URL holds credentials, the protocol is unknown or needs a package, there is no such
        folder or no access to it, or no table lies in it.
    """
    if SECRET.search(url):
        raise UserError(
            "expected a URL without credentials",
            where="data",
            mend="Keep them in the configuration of fsspec or of the protocol's package",
        )
    folder = copies / hashlib.sha256(url.encode()).hexdigest()[:16]
    with _refreshing:
        if refresh or not (folder / STATE).is_file():
            _refresh(url, folder)
    return folder


def _refresh(url: str, folder: Path) -> None:
    """Copy what is not here as it is there, and drop what is no longer there."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise UserError(
            "the package fsspec is not installed",
            where=url,
            mend=INSTALL,
        ) from None
    try:
        there, root = url_to_fs(url)
        there.invalidate_cache()
        listed = {PurePosixPath(path).name: path for path in there.ls(root, detail=False)}
        files = {name: path for name, path in listed.items() if _is_table(name)}
        if not files:
            raise FileNotFoundError("no table of the contract lies there")
        stamps = {name: there.checksum(path) for name, path in files.items()}
        folder.mkdir(parents=True, exist_ok=True)
        kept = _state(folder)
        for name in kept.keys() - stamps.keys():
            (folder / name).unlink(missing_ok=True)
        for name, path in files.items():
            if kept.get(name) != stamps[name] or not (folder / name).is_file():
                _replace(folder / name, lambda draft, path=path: there.get_file(path, str(draft)))
    except Exception as error:  # each protocol's package has errors of its own
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if isinstance(error, FileNotFoundError) and " " not in reason:  # no more than the path
            reason = f"there is no {reason}"
        raise UserError(
            f"the tables cannot be read: {reason}",
            where=url,
            mend="See that the place exists, that you may read there, and that the protocol's "
            "package is installed (s3fs for s3, adlfs for abfs)",
        ) from error
    text = json.dumps(stamps)
    _replace(folder / STATE, lambda draft: draft.write_text(text, encoding="utf-8"))


def _is_table(name: str) -> bool:
    path = PurePosixPath(name)
    return path.stem in TABLES and path.suffix in READERS


def _state(folder: Path) -> dict[str, Any]:
    path = folder / STATE
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _replace(path: Path, write: Any) -> None:
    """Write a file beside its place and put it there whole."""
    draft = path.with_name(f".{path.name}.draft-{os.getpid()}")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
