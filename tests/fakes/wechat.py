"""WeChat on loopback: sign-in, tokens, share tickets and template messages, with its refusals."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Answer = dict[str, Any]
_LIFE = 7200


class FakeWeChat:
    """A running fake: `with FakeWeChat() as fake: settings = fake.settings`.

    Turn the knobs `errors`, `delay`, `status` and `garbage` (each by path, "" for every path) to
    make it behave badly; read `asked` (paths, in order) and `sent` (template messages taken).
    """

    def __init__(self, app_id: str = "wx-test", secret: str = "a-very-secret-secret") -> None:
        self.app_id, self.secret = app_id, secret
        self.asked: list[str] = []
        self.sent: list[Answer] = []
        self.errors: dict[str, int] = {}  # path -> errcode
        self.delay: dict[str, float] = {}  # path -> seconds before the answer
        self.status: dict[str, int] = {}  # path -> HTTP status
        self.garbage: dict[str, bytes] = {}  # path -> body
        self.not_following: set[str] = set()
        self.snapshot = False
        self._codes: dict[str, tuple[str, str]] = {}
        self._user_tokens: dict[str, str] = {}
        self._tokens = [self._token(1)]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def settings(self) -> dict[str, Any]:
        """What an application must be configured with to talk to this fake."""
        return {
            "WECHAT_APP_ID": self.app_id,
            "WECHAT_APP_SECRET": self.secret,
            "WECHAT_API_URL": self.url,
            "WECHAT_OPEN_URL": self.url,
            "WECHAT_TIMEOUT": 1,
            "WECHAT_TEMPLATE_ID": "template-1",
        }

    def allow(self, openid: str, nickname: str = "") -> str:
        """A code as WeChat gives it to somebody who agreed: good once."""
        code = f"code-{len(self._codes) + 1}"
        self._codes[code] = (openid, nickname)
        return code

    def end_token(self) -> None:
        """The present token is over, without anybody having been told."""
        self._tokens.append(self._token(len(self._tokens) + 1))

    def count(self, path: str) -> int:
        """How often `path` was asked for."""
        return self.asked.count(path)

    @staticmethod
    def _token(number: int) -> str:
        return f"access-token-{number}"

    def answer(self, path: str, query: dict[str, str], body: Answer) -> Answer:
        """What WeChat says to a well-formed question."""
        code = self.errors.get(path) or self.errors.get("")
        if code:
            return _error(code)
        act = {
            "/sns/oauth2/access_token": self._sign_in,
            "/sns/userinfo": self._user_info,
            "/cgi-bin/token": lambda query, _body: self._app_token(query),
            "/cgi-bin/stable_token": lambda _query, body: self._app_token(body),
            "/cgi-bin/ticket/getticket": self._ticket,
            "/cgi-bin/message/template/send": self._send,
        }.get(path)
        return act(query, body) if act else _error(40066)

    def _sign_in(self, query: dict[str, str], _body: Answer) -> Answer:
        if query.get("appid") != self.app_id:
            return _error(40013)
        if query.get("secret") != self.secret:
            return _error(40125)
        if query.get("grant_type") != "authorization_code":
            return _error(40002)
        openid, _nickname = self._codes.get(query.get("code", ""), ("", ""))
        if not openid:
            return _error(40029)
        token = f"user-token-{query['code']}"
        if token in self._user_tokens:
            return _error(40163)  # the code has been used
        self._user_tokens[token] = query["code"]
        answer: Answer = {
            "access_token": token,
            "expires_in": _LIFE,
            "refresh_token": "refresh",
            "openid": openid,
            "scope": "snsapi_userinfo",
        }
        return answer | ({"is_snapshotuser": 1} if self.snapshot else {})

    def _user_info(self, query: dict[str, str], _body: Answer) -> Answer:
        openid, nickname = self._codes.get(
            self._user_tokens.get(query.get("access_token", ""), ""), ("", "")
        )
        if not openid:
            return _error(40001)
        return {"openid": openid, "nickname": nickname, "privilege": []}

    def _app_token(self, asked: Answer) -> Answer:
        if (asked.get("appid"), asked.get("secret")) != (self.app_id, self.secret):
            return _error(40125)
        if asked.get("grant_type") != "client_credential":
            return _error(40002)
        if asked.get("force_refresh"):
            self.end_token()
        return {"access_token": self._tokens[-1], "expires_in": _LIFE}

    def _ticket(self, query: dict[str, str], _body: Answer) -> Answer:
        if query.get("access_token") != self._tokens[-1]:
            return _error(40001)
        return {"errcode": 0, "errmsg": "ok", "ticket": self.ticket, "expires_in": _LIFE}

    def _send(self, query: dict[str, str], body: Answer) -> Answer:
        if query.get("access_token") != self._tokens[-1]:
            return _error(40001)
        if body.get("template_id") != "template-1":
            return _error(40037)
        if not body.get("touser"):
            return _error(40003)
        if body["touser"] in self.not_following:
            return _error(43004)
        self.sent.append(body)
        return {"errcode": 0, "errmsg": "ok", "msgid": len(self.sent)}

    ticket = "share-ticket"

    def signed(self, signature: dict[str, Any], url: str) -> bool:
        """Whether `signature` is right for the page at `url`, computed as WeChat's manual says."""
        text = (
            f"jsapi_ticket={self.ticket}&noncestr={signature['nonceStr']}"
            f"&timestamp={signature['timestamp']}&url={url}"
        )
        return hashlib.sha1(text.encode()).hexdigest() == signature["signature"]


def _error(errcode: int) -> Answer:
    return {"errcode": errcode, "errmsg": f"refused, rid: {errcode}"}


def _handler(fake: FakeWeChat) -> type[BaseHTTPRequestHandler]:
    def knob(values: dict[str, Any], path: str) -> Any:
        return values.get(path, values.get(""))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            fake.asked.append(asked.path)
            fake._stop.wait(knob(fake.delay, asked.path) or 0)
            said = json.dumps(fake.answer(asked.path, query, body)).encode()
            garbage = knob(fake.garbage, asked.path)
            self._say(knob(fake.status, asked.path) or 200, said if garbage is None else garbage)

        do_POST = do_GET

        def _say(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                time.sleep(0)  # nobody waits for this answer any more

        def log_message(self, *_line: object) -> None:
            """Tests read what they need from `asked`."""

    return Handler
