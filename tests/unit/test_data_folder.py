"""The data folder: private, held by one agent, with a token that survives a power cut."""

import stat
from pathlib import Path

import pytest

from edge_agent.data_folder import TOKEN_FILE, DataFolder, DataFolderBusy


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_looks_into_a_folder_that_the_agent_made(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.token()
    folder.release()
    assert (mode(folder.path), mode(folder.path / TOKEN_FILE)) == (0o700, 0o600)


def test_the_token_stays_the_same(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    token = folder.token()
    assert len(token) >= 32
    assert folder.token() == token
    folder.release()


def test_an_empty_token_that_a_power_cut_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / TOKEN_FILE).touch()
    folder = DataFolder(tmp_path)
    token = folder.token()
    assert len(token) >= 32
    assert folder.token() == token
    folder.release()


def test_a_second_agent_is_told_that_there_is_one(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with pytest.raises(DataFolderBusy):
        DataFolder(tmp_path)
    folder.release()
    DataFolder(tmp_path).release()
