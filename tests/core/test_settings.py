"""What an operator set goes before the environment's value."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.core.settings import change_setting, setting, settings_now
from tests.conftest import NOON
from tests.operators.desks import logged, make_operator

pytestmark = pytest.mark.usefixtures("site_settings")


def test_the_environment_counts_until_something_is_set(app: Flask):
    assert setting("SITE_NAME") == app.config["SITE_NAME"]
    assert setting("APPLICATIONS_OPEN") is True
    by = {"by_id": make_operator().id, "now": NOON}
    assert change_setting("SITE_NAME", "邻里好团", **by)
    assert not change_setting("SITE_NAME", "邻里好团", **by)
    assert change_setting("SITE_NAME", "邻里团团", **by)
    assert setting("SITE_NAME") == settings_now()["SITE_NAME"] == "邻里团团"
    assert [entry.detail["value"] for entry in logged("setting_changed")] == [
        "邻里好团",
        "邻里团团",
    ]


def test_what_can_not_be_set_is_not_set(app: Flask):
    with pytest.raises(KeyError):
        change_setting("SECRET_KEY", "x", by_id=1, now=NOON)
