"""The door of the fake Alipay: who may ask, and how what it says leaves it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes import alipay_words as words
from tests.fakes.alipay_words import beijing

Answer = dict[str, Any]
MINUTE = timedelta(minutes=1)


def no(error: str) -> Answer:
    code, sub_code = error.split()
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "业务处理失败"}


def handler(fake: Any) -> type[BaseHTTPRequestHandler]:
    def knob(values: Any, call: str) -> Any:
        return values.get(call, values.get(""))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.requests += 1
            asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            call = asked.get("method", "")
            fake.stop.wait(knob(fake.delay, call) or 0)
            refused = _distrust(fake, asked) or knob(fake.unsigned, call)
            if refused:
                said: str | Answer = no(refused)
            else:
                said = fake.answer(call, asked, json.loads(asked["biz_content"]))
            if call in fake.lost or "" in fake.lost:
                fake.stop.wait()
            garbage = knob(fake.garbage, call)
            body = _wrapped(fake, call, said, bool(refused)) if garbage is None else garbage
            self._say(knob(fake.status, call) or 200, body)

        def _say(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "text/html;charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                time.sleep(0)  # nobody waits for this answer any more

        def log_message(self, *_line: object) -> None:
            """Tests read what they need from `asked`."""

    return Handler


def _distrust(fake: Any, asked: dict[str, str]) -> str:
    """What is wrong with a question before it is read; "" when nothing is."""
    wanted = {"charset": "utf-8", "version": "1.0", "sign_type": "RSA2"}
    if any(asked.get(name) != value for name, value in wanted.items()):
        return "40002 isv.invalid-parameter"
    if asked.get("app_id") != fake.app_id:
        return "40002 isv.invalid-app-id"
    now = datetime.now(UTC)
    if not beijing(now - MINUTE) <= asked.get("timestamp", "") <= beijing(now + MINUTE):
        return "40002 isv.invalid-timestamp"
    return "" if words.is_signed(asked, "app") else "40002 isv.invalid-signature"


def _wrapped(fake: Any, call: str, said: str | Answer, unsigned: bool) -> bytes:
    if isinstance(said, str):
        return said.encode()
    text = json.dumps(said, ensure_ascii=False)
    whose = "a stranger" if call in fake.forged or "" in fake.forged else "alipay"
    sign = "" if unsigned else f',"sign":"{words.sign(text, whose)}"'
    return f'{{"{call.replace(".", "_")}_response":{text}{sign}}}'.encode()
