"""`flask purchase-lists` as a person and as a program see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from groupbuy.core.money import format_yuan
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from tests.factories import close, make_deal, make_leader, make_placed, make_sku, make_supplier
from tests.office import opened, rows

FACTS = ["number", "supplier", "revision", "lines", "pieces", "amount_fen", "sha256"]


def _run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["purchase-lists", *args])


def _export(app: Flask, deal: Deal, folder: Path) -> list[dict[str, Any]]:
    answer = _run(app, "export", deal.slug, "--out", str(folder), "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert list(told) == ["lists"]
    return told["lists"]


def _refused(answer: Result) -> bool:
    return answer.exit_code == 2 and answer.stdout == "" and answer.stderr.count("\n") == 1


def _open_deal(**values: Any) -> Deal:
    """Eggs from one supplier, greens from another, and a third whom nobody wants anything from."""
    leader = make_leader()
    farm, garden, mill = (make_supplier(leader, name) for name in ("农场", "菜园", "磨坊"))
    skus = [
        make_sku(leader, farm, code="0012", price_fen=3780, pack_size=6),
        make_sku(leader, garden, code="0013", price_fen=320),
        make_sku(leader, mill, code="0014"),
    ]
    deal = make_deal(leader=leader, skus=skus, **values)
    make_placed(deal, 8, 3, 0)
    return deal


@pytest.fixture
def deal(app: Flask) -> Deal:
    """A closed deal with three suppliers."""
    deal = _open_deal()
    close(deal)
    db.session.commit()
    return deal


def test_each_supplier_gets_one_workbook_with_what_the_json_says(
    app: Flask, deal: Deal, tmp_path: Path
) -> None:
    told = _export(app, deal, tmp_path)
    assert [list(one) for one in told] == [[*FACTS, "file"]] * 3
    assert [(one["lines"], one["pieces"], one["amount_fen"]) for one in told] == [
        (1, 8, 30240),
        (1, 3, 960),
        (0, 0, 0),
    ]
    assert {one["revision"] for one in told} == {1}
    assert sorted(one["file"] for one in told) == sorted(str(path) for path in tmp_path.iterdir())
    for one in told:
        sheets = opened(Path(one["file"]).read_bytes()).worksheets
        said = [str(value) for sheet in sheets for row in rows(sheet) for value in row]
        assert one["number"] in "".join(said)
        assert {one["sha256"], one["supplier"]} <= set(said)
        assert ("0012" in said) == (one["supplier"].startswith("农场"))


def test_a_file_is_named_after_deal_supplier_list_and_revision(
    app: Flask, deal: Deal, tmp_path: Path
) -> None:
    for one in _export(app, deal, tmp_path):
        name = Path(one["file"]).name
        assert name == f"{deal.title}_{one['supplier']}_{one['number']}-v1.xlsx"


def test_a_person_sees_a_table(app: Flask, deal: Deal, tmp_path: Path) -> None:
    answer = _run(app, "export", deal.slug, "--out", str(tmp_path))
    assert answer.exit_code == 0
    headings, *lines = answer.stdout.splitlines()
    assert headings.split() == [*FACTS[:5], "amount", "file"]
    assert len(lines) == 3
    assert format_yuan(30240) in lines[0]
    assert str(tmp_path) in lines[0]


def test_the_folder_is_made_and_an_older_file_is_replaced(
    app: Flask, deal: Deal, tmp_path: Path
) -> None:
    folder = tmp_path / "lists" / "saturday"
    first = _export(app, deal, folder)[0]["file"]
    Path(first).write_text("half a file")
    _export(app, deal, folder)
    assert len(opened(Path(first).read_bytes()).worksheets) == 3
    assert len(list(folder.iterdir())) == 3


def test_a_title_that_looks_like_a_path_stays_in_the_folder(app: Flask, tmp_path: Path) -> None:
    deal = _open_deal(title="../../周六/菜")
    close(deal)
    db.session.commit()
    folder = tmp_path / "a" / "b"
    assert {Path(one["file"]).parent for one in _export(app, deal, folder)} == {folder}
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_deal_that_does_not_exist_is_refused_in_one_line(app: Flask, tmp_path: Path) -> None:
    answer = _run(app, "export", "no-such-deal", "--out", str(tmp_path / "out"))
    assert _refused(answer)
    assert "no-such-deal" in answer.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [["list"], ["export", "--out", "out"]])
def test_a_deal_that_is_still_open_is_refused_in_one_line(app: Flask, command: list[str]) -> None:
    deal = _open_deal()
    db.session.commit()
    answer = _run(app, command[0], deal.slug, *command[1:])
    assert _refused(answer)
    assert deal.slug in answer.stderr


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(
    app: Flask, deal: Deal, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    for folder in ("file", "file/inside"):
        answer = _run(app, "export", deal.slug, "--out", str(tmp_path / folder))
        assert _refused(answer)
        assert str(tmp_path / folder) in answer.stderr


def test_a_file_that_cannot_be_finished_leaves_nothing_half_written(
    app: Flask, deal: Deal, tmp_path: Path
) -> None:
    first = Path(_export(app, deal, tmp_path)[0]["file"])
    for path in tmp_path.iterdir():
        path.unlink()
    first.mkdir()  # stands where the file should go
    assert _refused(_run(app, "export", deal.slug, "--out", str(tmp_path)))
    assert list(tmp_path.iterdir()) == [first]


def test_the_lists_can_be_seen_without_writing_files(
    app: Flask, deal: Deal, tmp_path: Path
) -> None:
    answer = _run(app, "list", deal.slug, "--json")
    assert answer.exit_code == 0
    told = json.loads(answer.stdout)["lists"]
    assert [list(one) for one in told] == [FACTS] * 3
    assert told == [{name: one[name] for name in FACTS} for one in _export(app, deal, tmp_path)]
    table = _run(app, "list", deal.slug)
    assert table.stdout.splitlines()[0].split() == [*FACTS[:5], "amount"]
