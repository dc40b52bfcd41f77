"""`loyalty-central terminals`: the code as it is shown, and what is said of terminals that somebody has to look at."""

import io
import json
from pathlib import Path

import segno

from tests.central import config_in, run_command

WHICH = ("--store", "0412", "--till", "03")


def test_a_code_is_shown_as_a_symbol_too_and_put_into_a_file(tmp_path: Path) -> None:
    config, picture = config_in(tmp_path), tmp_path / "code.png"
    done = run_command("terminals", "add", *WHICH, "--qr", str(picture), "--config", str(config))
    assert done.returncode == 0, done.stderr
    code, _, drawn = done.stdout.split("\n", 2)
    expected = io.StringIO()
    segno.make_qr(code).terminal(out=expected, compact=True)
    assert drawn.strip("\n") == expected.getvalue().strip("\n")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_another_kind_is_refused_before_a_code_is_made(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    done = run_command("terminals", "add", *WHICH, "--qr", "code.gif", "--config", str(config))
    assert (done.returncode, ".png or .svg" in done.stderr) == (2, True)
    assert run_command("terminals", "list", "--config", str(config)).stdout == "no terminals\n"


def test_scripts_get_the_code_without_a_picture_and_release_what_was_laid_aside(
    tmp_path: Path,
) -> None:
    config = ("--config", str(config_in(tmp_path)), "--json")
    made = json.loads(run_command("terminals", "add", *WHICH, *config).stdout)
    assert made.keys() == {"terminal", "code", "expires_at"}
    released = run_command("terminals", "release", *WHICH, *config)
    assert json.loads(released.stdout) == {"terminal": "0412/03", "posted": {}}
    assert (
        run_command("terminals", "release", "--store", "1", "--till", "1", *config).returncode == 1
    )
