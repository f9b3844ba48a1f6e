"""The ways out of the house, as servers on loopback that the application is set up for."""

from __future__ import annotations

import pytest

from tests.fakes.smtp import FakeMailServer
from tests.fakes.texting import FakeTexting
from tests.fakes.wechat import FakeWeChat


def _set_up(app, monkeypatch, settings):
    for name, value in settings.items():
        monkeypatch.setitem(app.config, name, value)


@pytest.fixture
def mail(app, monkeypatch):
    with FakeMailServer() as fake:
        _set_up(app, monkeypatch, fake.settings)
        yield fake


@pytest.fixture
def wechat(app, monkeypatch):
    with FakeWeChat() as fake:
        _set_up(app, monkeypatch, fake.settings)
        app.extensions.pop("groupbuy_wechat", None)
        yield fake


@pytest.fixture
def texting(app, monkeypatch):
    with FakeTexting() as fake:
        _set_up(app, monkeypatch, fake.settings)
        yield fake
