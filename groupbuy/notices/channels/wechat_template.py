"""Template messages of the official account, to those who follow it in WeChat."""

from __future__ import annotations

from flask import current_app

from groupbuy import wechat
from groupbuy.notices.failures import NeverDelivered, NotDelivered
from groupbuy.notices.letters import Message, Reader

LONGEST = 20  # characters of a "thing" field; WeChat refuses more


def reaches(reader: Reader) -> bool:
    """Whether a template is set up and they signed in with WeChat."""
    template = current_app.config["WECHAT_TEMPLATE_ID"]
    return bool(wechat.configured() and template and reader.wechat_openid)


def send(reader: Reader, message: Message) -> None:
    """Say what happened and about which deal; the link tells the rest.

    Raises NotDelivered, or NeverDelivered when they do not follow the account (any more).
    """
    assert reader.wechat_openid  # reaches() said so
    texts = (message.title, message.about or message.words)
    names = current_app.config["WECHAT_TEMPLATE_FIELDS"]
    data = {name: _cut(text) for name, text in zip(names, texts, strict=False)}
    template = current_app.config["WECHAT_TEMPLATE_ID"]
    try:
        wechat.send_template(reader.wechat_openid, template, message.link, data)
    except wechat.WeChatRefused as refusal:
        failure = NeverDelivered if refusal.for_good else NotDelivered
        raise failure(str(refusal)) from None


def _cut(text: str) -> str:
    """
    >>> _cut("周六菜篮子"), len(_cut("长" * 30))
    ('周六菜篮子', 20)
    """
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
