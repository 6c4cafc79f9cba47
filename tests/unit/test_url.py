"""Tables at a URL come as they are there, and only when they have changed."""

from __future__ import annotations

import shutil

import pytest

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


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://key:secret@bucket/folder", "without credentials"),
        ("abfs://c/f?sig=abc", "without credentials"),
        ("nowhere://bucket/folder", "Protocol not known: nowhere"),
        ("file:///no/such/folder", "cannot be read"),
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
