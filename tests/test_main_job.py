"""The main job from one end to the other, by command, on a dirty export of a few hundred orders."""

from __future__ import annotations

import csv
import json
import pathlib
import random
from typing import Any

import pytest
from flask import Flask

from tests import independent_count

COLUMNS = {
    "order": "单号",
    "sku": "货号",
    "name": "商品",
    "quantity": "数量",
    "price": "单价",
    "member": "顾客",
    "point": "自提点",
    "at": "时间",
}
MAP = ",".join(f"{key}={column}" for key, column in COLUMNS.items())
WINDOW = ("--opens-at", "2026-01-01T08:00+08:00", "--closes-at", "2026-01-05T20:00+08:00")


@pytest.fixture
def export(tmp_path: pathlib.Path) -> pathlib.Path:
    """2,000 rows, one in ten of them something a real export holds and a list must not."""
    dice = random.Random(11)
    path = tmp_path / "orders.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS.values())
        for number in range(400):
            order = f"C{number}" if dice.random() < 0.03 else str(number)
            member = "" if dice.random() < 0.2 else f"邻居{number % 90}"
            point = ("东门", "西门", "=SUM(A1)", "会所 & 花园")[number % 4]
            for _ in range(5):
                sku = f"{dice.randint(1, 40):03}"
                quantity = dice.choice(["-2", "0", "1.5", ""]) if dice.random() < 0.06 else ""
                quantity = quantity or str(dice.randint(1, 30))
                price = dice.choice(["0", "0.001", "-1", ""]) if dice.random() < 0.04 else "12.80"
                at = f"2026-01-0{number % 4 + 1} 09:{number % 60:02}"
                rows.writerow([order, sku, f"=商品 {sku} 🍓", quantity, price, member, point, at])
    return path


def test_from_another_tools_export_to_bags_in_hand(
    app: Flask, export: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    cli = app.test_cli_runner()

    def flask(*words: str, refused: bool = False) -> Any:
        result = cli.invoke(args=[*words, "--json"], catch_exceptions=False)
        assert result.exit_code == (2 if refused else 0), result.output
        return None if refused else json.loads(result.output)

    flask("people", "add", "--role", "leader", "--phone", "13900000001", "--name", "林姐")
    who = ("--leader", "13900000001", "--title", "年货团", "--map", MAP)
    brought = flask("deals", "import", str(export), *who, *WINDOW)
    assert brought["rows"] == 2000
    assert brought["rows"] == sum(
        brought[part] for part in ("lines", "cancelled_lines", "rejected")
    )
    assert min(brought[part] for part in ("lines", "cancelled_lines", "rejected")) > 0
    assert flask("deals", "import", str(export), *who, *WINDOW) == brought

    assert flask("jobs", "run", "close-due")["done"] == 1
    assert flask("jobs", "run", "close-due")["done"] == 0
    [issued] = flask("purchase-lists", "export", brought["deal"], "--out", str(tmp_path))["lists"]
    counted = independent_count.of_export(export, COLUMNS)
    assert independent_count.of_workbook(pathlib.Path(issued["file"])) == counted
    assert issued["pieces"] == sum(counted.per_sku.values()) == brought["pieces"]

    arrived = tmp_path / "arrived.csv"
    short = sorted(counted.per_sku)[:5]
    received = {sku: n - n // 10 if sku in short else n for sku, n in counted.per_sku.items()}
    lines = [f"{sku},{n},0" for sku, n in received.items()]
    arrived.write_text("\n".join(["sku,received,damaged", *lines]), encoding="utf-8")
    count_in = ("arrivals", "count-in", issued["number"], str(arrived))
    shown = flask(*count_in, "--preview")
    assert not shown["carried_out"]
    shared = flask(*count_in)
    assert shared["carried_out"]
    assert shared["cuts"] == shown["cuts"]
    missing = sum(cut["wanted"] - cut["gets"] for cut in shared["cuts"])
    assert missing == sum(counted.per_sku[sku] // 10 for sku in short)
    flask(*count_in, refused=True)  # shared out once and for all

    bags = flask("pickups", "list", brought["deal"])["pickups"]
    ready = [bag for bag in bags if bag["state"] == "ready"]
    handed = [flask("pickups", "hand-over", bag["token"], "--nonce", "n1") for bag in ready[:100]]
    assert all(act["state"] == "collected" for act in handed)
    assert flask("pickups", "hand-over", ready[0]["token"], "--nonce", "n1")["repeated"]
    flask("pickups", "hand-over", ready[0]["token"], "--nonce", "n2", refused=True)
    undo = ("pickups", "undo", str(handed[0]["handover"]), "--because", "拿错了")
    assert cli.invoke(args=[*undo]).exit_code == 0
    assert flask("verify")["clean"]
