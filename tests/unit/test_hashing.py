"""Hashes of files are remembered only as long as the files stay as they were."""

from __future__ import annotations

import hashlib
import os
import time

import pytest

from clusterstudy import hashing


@pytest.fixture
def at_rest(tmp_path):
    """A file that has not been changed for a while, and where hashes are kept."""
    path = tmp_path / "firms.csv"
    path.write_text("one")
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    return path, tmp_path / "cache" / "hashes.json"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_file_at_rest_is_read_once(at_rest, monkeypatch):
    path, kept = at_rest
    assert hashing.remembered([path], kept) == [sha256("one")]
    monkeypatch.setattr(hashing, "sha256_of", lambda path: pytest.fail("read again"))
    assert hashing.remembered([path], kept) == [sha256("one")]


def test_a_change_that_keeps_size_and_time_is_seen(at_rest):
    path, kept = at_rest
    hashing.remembered([path], kept)
    before = path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert hashing.remembered([path], kept) == [sha256("two")]


def test_a_file_changed_just_now_is_not_remembered(at_rest):
    path, kept = at_rest
    path.write_text("now")
    assert hashing.remembered([path], kept) == [sha256("now")]
    assert not kept.exists()


@pytest.mark.parametrize("content", ["", "[1]", "no json"])
def test_where_nothing_can_be_remembered_files_are_read(at_rest, content):
    path, kept = at_rest
    kept.parent.mkdir()
    kept.write_text(content)
    assert hashing.remembered([path], kept) == [sha256("one")]
    kept.unlink()
    kept.parent.rmdir()
    kept.parent.write_text("a file where a folder should be")
    assert hashing.remembered([path], kept) == [sha256("one")]
