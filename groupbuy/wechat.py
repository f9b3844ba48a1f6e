"""WeChat: who is asking, signing pages for sharing, template messages; alone in knowing wechatpy.

Every call has a time-out and uses the network, so never call it inside a transaction. Errors are
`WeChatRefused`, whose text is safe to log: what requests and wechatpy say holds the app's secret.
"""

from __future__ import annotations

import functools
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, urldefrag

import redis
import requests
from flask import current_app
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatException
from wechatpy.oauth import WeChatOAuth
from wechatpy.session import SessionStorage
from wechatpy.session.redisstorage import RedisStorage

from groupbuy.core import clock

# WeChat's codes for a token that is wrong, illegal or over its time.
_STALE_TOKEN = {40001, 40014, 42001}
# Not following, no such person, refused by the person: asking again changes nothing.
_FOR_GOOD = {43004, 40003, 43101}
_EARLY = 300  # seconds before its end at which a token counts as over: then there is a new one
_FAILURES = (
    WeChatException,
    requests.RequestException,
    redis.RedisError,
    ValueError,  # what should be JSON is not
    KeyError,
    TypeError,
    AttributeError,
)
_first_token = threading.Lock()
P = ParamSpec("P")
T = TypeVar("T")


class WeChatRefused(Exception):
    """WeChat said no, or nothing that can be understood. `errcode` is its own number, if any."""

    def __init__(self, reason: str, errcode: int | None = None) -> None:
        super().__init__(reason)
        self.errcode = errcode

    @property
    def for_good(self) -> bool:
        """Whether asking again, with the same person, can only be refused again."""
        return self.errcode in _FOR_GOOD


@dataclass(frozen=True)
class WeChatPerson:
    """Somebody as our official account knows them; the nickname only when they agreed to it."""

    openid: str
    nickname: str | None


def _safely(what: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Turn every failure into WeChatRefused, without what the libraries say about it."""

    def safe(act: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(act)
        def asking(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return act(*args, **kwargs)
            except _FAILURES as failure:
                errcode = getattr(failure, "errcode", None)
                said = f"error {errcode}" if errcode else type(failure).__name__
                refusal = WeChatRefused(f"{what}: {said}", errcode)
            raise refusal  # out here, or the failure would hang on to it in every log

        return asking

    return safe


def configured() -> bool:
    """Whether this installation has an official account (WECHAT_APP_ID, WECHAT_APP_SECRET)."""
    return bool(current_app.config["WECHAT_APP_ID"] and current_app.config["WECHAT_APP_SECRET"])


def authorize_url(redirect_uri: str, state: str) -> str:
    """Where WeChat asks somebody who they are; they come back with `code` and `state`."""
    return str(_oauth(redirect_uri, quote(state, safe="")).authorize_url)


@_safely("sign-in")
def openid_of(code: str) -> WeChatPerson:
    """Who came back with `code`, which is good once and for five minutes. Raises WeChatRefused."""
    oauth = _oauth()
    with oauth._http:
        reply = oauth.fetch_access_token(code)
        # Who looks at a snapshot of a page gets an invented openid:
        # developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken.html
        if reply.get("is_snapshotuser"):
            raise WeChatRefused("sign-in: a snapshot of a page is nobody")
        return WeChatPerson(_text(reply["openid"]), _nickname(oauth, reply))


@_safely("share card")
def share_signature(url: str) -> dict[str, str | int]:
    """What `wx.config` wants for the page at `url`: appId, timestamp, nonceStr, signature.

    Raises WeChatRefused. The part after # does not count.
    """
    with _client() as client:
        ticket = _with_token(client, client.jsapi.get_jsapi_ticket)
        nonce, timestamp = secrets.token_hex(8), int(clock.now().timestamp())
        page = urldefrag(url).url
        return {
            "appId": client.appid,
            "timestamp": timestamp,
            "nonceStr": nonce,
            "signature": client.jsapi.get_jsapi_signature(nonce, ticket, timestamp, page),
        }


@_safely("template message")
def send_template(openid: str, template_id: str, url: str, data: Mapping[str, str]) -> None:
    """Send a template message that opens `url`; `data` maps the template's fields to their texts.

    Raises WeChatRefused, `for_good` when this person cannot be reached at all.
    """
    fields = {name: {"value": text} for name, text in data.items()}
    with _client() as client:
        send = functools.partial(client.message.send_template, openid, template_id, fields, url)
        if not isinstance(_with_token(client, send), dict):
            raise ValueError("not JSON")


class _Client(WeChatClient):
    """wechatpy's client at our address, with `stable_token`: fetching it ends nobody else's token.

    The stock client asks a fixed address without a time-out, and fetches for ever when every
    token is refused. Facts from
    developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
    """

    def fetch_access_token(self, force: bool = False) -> None:
        reply = self._http.post(
            self.API_BASE_URL + "stable_token",
            json={
                "grant_type": "client_credential",
                "appid": self.appid,
                "secret": self.secret,
                "force_refresh": force,
            },
            timeout=self.timeout,
        )
        reply.raise_for_status()
        result = reply.json()
        if result.get("errcode"):
            raise WeChatException(result["errcode"], "")
        lasts = max(int(result["expires_in"]) - _EARLY, 60)
        self.session.set(self.access_token_key, _text(result["access_token"]), lasts)


class _Memory(SessionStorage):
    """Tokens of one process; `stable_token` gives every process the same one."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, float | None]] = {}

    def get(self, key: str, default: Any = None) -> Any:
        value, until = self._kept.get(key, (default, None))
        return default if until and clock.now().timestamp() >= until else value

    def set(self, key: str, value: Any, ttl: int | None = None) -> None:
        self._kept[key] = (value, clock.now().timestamp() + ttl if ttl else None)

    def delete(self, key: str) -> None:
        self._kept.pop(key, None)


class _KeepsSecrets(logging.Filter):
    """Drops what urllib3 says of a request when its address holds a secret or a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        return "secret=" not in said and "access_token=" not in said


logging.getLogger("urllib3.connectionpool").addFilter(_KeepsSecrets())


def _time_outs() -> tuple[int, int]:
    longest: int = current_app.config["WECHAT_TIMEOUT"]
    return min(3, longest), longest


def _oauth(redirect_uri: str = "", state: str = "") -> WeChatOAuth:
    settings = current_app.config
    oauth = WeChatOAuth(
        settings["WECHAT_APP_ID"],
        settings["WECHAT_APP_SECRET"],
        redirect_uri,
        scope="snsapi_userinfo",
        state=state,
    )
    oauth.API_BASE_URL = settings["WECHAT_API_URL"] + "/"
    oauth.OAUTH_BASE_URL = settings["WECHAT_OPEN_URL"] + "/connect/"
    oauth._http.request = functools.partial(oauth._http.request, timeout=_time_outs())
    return oauth


@contextmanager
def _client() -> Iterator[_Client]:
    settings = current_app.config
    client = _Client(
        settings["WECHAT_APP_ID"],
        settings["WECHAT_APP_SECRET"],
        session=_token_storage(),
        timeout=_time_outs(),
    )
    client.auto_retry = False
    client.API_BASE_URL = settings["WECHAT_API_URL"] + "/cgi-bin/"
    with client._http:
        yield client


def _token_storage() -> SessionStorage:
    """Where tokens are kept: in Redis for all processes, else in this one."""
    kept = current_app.extensions
    if "groupbuy_wechat" not in kept:
        url = current_app.config["REDIS_URL"]
        kept["groupbuy_wechat"] = (
            RedisStorage(redis.Redis.from_url(url, socket_timeout=3), "groupbuy:wechat")
            if url
            else _Memory()
        )
    storage: SessionStorage = kept["groupbuy_wechat"]
    return storage


def _with_token(client: _Client, ask: Any) -> Any:
    """`ask()`, once more with another token when WeChat says that ours is over."""
    with _first_token:  # one thread fetches, the others find it
        token = client.access_token
    try:
        return ask()
    except WeChatException as refusal:
        if refusal.errcode not in _STALE_TOKEN:
            raise
    with _first_token:
        if client.session.get(client.access_token_key) == token:
            client.fetch_access_token()
        # Forcing is allowed a few times a day: only when the token we are given is the dead one.
        if client.session.get(client.access_token_key) == token:
            client.fetch_access_token(force=True)
    return ask()


def _nickname(oauth: WeChatOAuth, reply: dict[str, Any]) -> str | None:
    """What they are called there; who they are is known without it, so it may fail."""
    if "snsapi_userinfo" not in str(reply.get("scope", "")):
        return None
    try:
        found = oauth.get_user_info().get("nickname")
    except _FAILURES:
        return None
    return found if isinstance(found, str) and found else None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a text is missing")
    return value
