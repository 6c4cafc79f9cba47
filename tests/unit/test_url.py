"""Tables at a URL come as they are there, and only when they have changed."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from clusterstudy.adapters.url import fetch, is_url
from clusterstudy.contract.read import Dataset
from clusterstudy.errors import UserError


@pytest.fixture
def there(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    text = "cluster_id,name\nK01,Sol\n"
    (folder / "clusters.csv").write_text(text, encoding="utf-8")
    (folder / "notes.txt").write_text("no table")
    return folder


def test_tables_are_copied_again_when_they_change_and_dropped_when_they_go(there, tmp_path):
    url, copies = there.as_uri(), tmp_path / "copies"
    folder = fetch(url, copies)
    assert Dataset(folder).read("clusters")["name"].tolist() == ["Sol"]
    assert not (folder / "notes.txt").exists()
    (there / "clusters.csv").write_text("cluster_id,name\nK01,Vind\n", encoding="utf-8")
    assert Dataset(fetch(url, copies, refresh=False)).read("clusters")["name"].tolist() == ["Sol"]
    assert Dataset(fetch(url, copies)).read("clusters")["name"].tolist() == ["Vind"]
    (there / "clusters.csv").rename(there / "programme.csv")
    fetch(url, copies)
    assert sorted(path.name for path in folder.glob("*.csv")) == ["programme.csv"]


def test_an_archive_is_read_by_a_chain_of_protocols(there, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "tables"), "zip", there)
    folder = fetch(f"zip::file://{archive}", tmp_path / "copies")
    assert Dataset(folder).read("clusters")["cluster_id"].tolist() == ["K01"]


def test_a_copy_that_cannot_be_renewed_stays(there, tmp_path):
    url, copies = there.as_uri(), tmp_path / "copies"
    folder = fetch(url, copies)
    shutil.rmtree(there)
    with pytest.raises(UserError, match="the tables cannot be read"):
        fetch(url, copies)
    assert Dataset(folder).read("clusters")["name"].tolist() == ["Sol"]


def test_threads_that_fetch_at_once_copy_a_table_once(there, tmp_path, monkeypatch):
    copied = []
    copy = LocalFileSystem.get_file

    def slowly(self, path, draft):
        copied.append(path)
        time.sleep(0.2)
        copy(self, path, draft)

    monkeypatch.setattr(LocalFileSystem, "get_file", slowly)
    with ThreadPoolExecutor(8) as threads:
        folders = {*threads.map(lambda _: fetch(there.as_uri(), tmp_path / "copies"), range(8))}
    assert len(copied) == 1
    assert Dataset(*folders).read("clusters")["name"].tolist() == ["Sol"]


def test_a_copy_that_breaks_off_leaves_nothing(there, tmp_path, monkeypatch):
    def break_off(self, path, draft):
        Path(draft).write_text("cluster_id")
        raise OSError("the line is down")

    monkeypatch.setattr(LocalFileSystem, "get_file", break_off)
    with pytest.raises(UserError, match="the line is down"):
        fetch(there.as_uri(), tmp_path / "copies")
    assert [path for path in (tmp_path / "copies").rglob("*") if path.is_file()] == []


def test_a_place_without_tables_is_named_and_drops_no_copy(there, tmp_path):
    url, copies = there.as_uri(), tmp_path / "copies"
    folder = fetch(url, copies)
    (there / "clusters.csv").unlink()
    with pytest.raises(UserError, match="no table of the contract lies there") as told:
        fetch(url, copies)
    assert url in str(told.value)
    assert Dataset(folder).read("clusters")["name"].tolist() == ["Sol"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://key:secret@bucket/folder", "without credentials"),
        ("abfs://c/f?sig=abc", "without credentials"),
        ("nowhere://bucket/folder", "Protocol not known: nowhere"),
        ("file:///no/such/folder", "cannot be read"),
        ("memory://no/folder", "there is no /no/folder"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_in_one_line(tmp_path, url, message):
    with pytest.raises(UserError, match=message) as told:
        fetch(url, tmp_path)
    assert "\n" not in str(told.value)


def test_a_folder_of_windows_is_no_url():
    assert not is_url("C:/register")
    assert not is_url(r"D:\\register")
    assert not is_url("my/tables")
    assert is_url("memory://tables")
