"""Settings, all from the environment.

Without any, this is a development installation: it answers on loopback names only and makes its
secrets once, in the instance folder. `GROUPBUY_ENV=production` wants every secret given.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

ROOT = Path(__file__).parent
# Those that are not set up reach nobody. Printing is for whoever tries the product out.
CHANNELS = "in_app,email,wechat_template"
CHANNELS_IN_DEVELOPMENT = "in_app,console,email,wechat_template"
SECRETS = ("SECRET_KEY", "DATA_KEYS", "LOOKUP_KEY")
_ALIPAY = ("ALIPAY_APP_ID", "ALIPAY_SELLER_ID", "ALIPAY_KEY", "ALIPAY_PUBLIC_KEY")
_ALIPAY_URL = "https://openapi.alipay.com/gateway.do"
_WECHAT_PAY = (
    "WECHAT_PAY_MCHID",
    "WECHAT_PAY_SERIAL",
    "WECHAT_PAY_KEY",
    "WECHAT_PAY_V3_KEY",
    "WECHAT_PAY_PUBLIC_KEY",
    "WECHAT_PAY_PUBLIC_KEY_ID",
)


def load(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The Flask configuration. Raises RuntimeError naming the first setting that is missing."""
    development = environ.get("GROUPBUY_ENV", "development") != "production"
    instance = Path(environ.get("INSTANCE_DIR", str(ROOT / "instance"))).resolve()
    instance.mkdir(parents=True, exist_ok=True)
    hosts = environ.get("TRUSTED_HOSTS", "localhost,127.0.0.1")
    https = environ.get("HTTPS", "0" if development else "1") == "1"
    return {
        **_secrets(environ, instance if development else None),
        "DEVELOPMENT": development,
        "INSTANCE_DIR": str(instance),
        "SQLALCHEMY_DATABASE_URI": database_url(
            environ.get("DATABASE_URL") or f"sqlite:///{instance / 'groupbuy.db'}"
        ),
        "DATABASE_POOL_SIZE": int(environ.get("DATABASE_POOL_SIZE", "4")),
        # How old may be what is the same for everybody: the items on a deal page, say.
        "KEPT_SECONDS": float(environ.get("KEPT_SECONDS", "1")),
        "SITE_NAME": environ.get("SITE_NAME", "邻里团"),
        "OPERATOR_NAME": environ.get("OPERATOR_NAME", ""),  # who answers for people's data
        "OPERATOR_CONTACT": environ.get("OPERATOR_CONTACT", ""),  # shown to who has no leader yet
        "SITE_URL": environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/"),
        "TIMEZONE": environ.get("TIMEZONE", "Asia/Shanghai"),
        "BABEL_DEFAULT_LOCALE": environ.get("DEFAULT_LOCALE", "zh_Hans_CN"),
        "BABEL_DEFAULT_TIMEZONE": environ.get("TIMEZONE", "Asia/Shanghai"),
        "TRUSTED_HOSTS": _names(hosts),
        "PROXIES": int(environ.get("PROXIES", "0")),
        "HTTPS": https,
        # Else every answer, the shared and long-lived ones too, would carry the cookie anew.
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=90),
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": https,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "RATELIMIT_STORAGE_URI": environ.get("REDIS_URL") or "memory://",
        "RATELIMIT_HEADERS_ENABLED": True,
        "WTF_I18N_ENABLED": False,  # all sentences at fields are our own
        "REDIS_URL": environ.get("REDIS_URL", ""),
        "NOTICE_CHANNELS": _names(
            environ.get("NOTICE_CHANNELS", CHANNELS_IN_DEVELOPMENT if development else CHANNELS)
        ),
        "CLOSING_SOON_MINUTES": int(environ.get("CLOSING_SOON_MINUTES", "120")),
        "DIGEST_HOUR": int(environ.get("DIGEST_HOUR", "8")),
        **_wechat(environ),
        **_wechat_pay(environ),
        **_mail(environ),
        **_sms(environ, development),
        **_alipay(environ),
        "SANDBOX_PAY": _sandbox(environ, development),
        "ORDER_LIMIT_FEN": int(environ.get("ORDER_LIMIT_FEN", "500000")),
        # How long after the handover something can be complained about: commission waits for it.
        "AFTER_SALE_HOURS": int(environ.get("AFTER_SALE_HOURS", "48")),
        "SUPPLIER_LINK_DAYS": int(environ.get("SUPPLIER_LINK_DAYS", "30")),
        "MAX_CONTENT_LENGTH": 16 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
    }


def _wechat(environ: Mapping[str, str]) -> dict[str, Any]:
    fields = environ.get("WECHAT_TEMPLATE_FIELDS", "thing1,thing2")
    return {
        "WECHAT_APP_ID": environ.get("WECHAT_APP_ID", ""),
        "WECHAT_APP_SECRET": environ.get("WECHAT_APP_SECRET", ""),
        "WECHAT_API_URL": environ.get("WECHAT_API_URL", "https://api.weixin.qq.com").rstrip("/"),
        "WECHAT_OPEN_URL": environ.get("WECHAT_OPEN_URL", "https://open.weixin.qq.com").rstrip("/"),
        "WECHAT_TIMEOUT": int(environ.get("WECHAT_TIMEOUT", "8")),
        "WECHAT_TEMPLATE_ID": environ.get("WECHAT_TEMPLATE_ID", ""),
        "WECHAT_TEMPLATE_FIELDS": _names(fields),
    }


def _mail(environ: Mapping[str, str]) -> dict[str, Any]:
    secured = _choice(environ, "MAIL_TLS", "starttls", ("starttls", "ssl", "none"))
    return {
        "MAIL_HOST": environ.get("MAIL_HOST", ""),
        "MAIL_PORT": int(environ.get("MAIL_PORT", "465" if secured == "ssl" else "587")),
        "MAIL_USERNAME": environ.get("MAIL_USERNAME", ""),
        "MAIL_PASSWORD": environ.get("MAIL_PASSWORD", ""),
        "MAIL_TLS": secured,
        "MAIL_FROM": environ.get("MAIL_FROM", ""),
        "MAIL_TIMEOUT": int(environ.get("MAIL_TIMEOUT", "10")),
    }


def _sms(environ: Mapping[str, str], development: bool) -> dict[str, Any]:
    """A code printed where everybody who reads the log finds it is no code: not in production."""
    known = ("console", "http", "") if development else ("http", "")
    sender = _choice(environ, "SMS_SENDER", "console" if development else "", known)
    if sender == "http" and not environ.get("SMS_URL"):
        raise RuntimeError("the setting SMS_URL is missing (SMS_SENDER is http)")
    return {
        "SMS_SENDER": sender,
        "SMS_URL": environ.get("SMS_URL", ""),
        "SMS_TOKEN": environ.get("SMS_TOKEN", ""),
        "SMS_TIMEOUT": int(environ.get("SMS_TIMEOUT", "8")),
    }


def _wechat_pay(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = _all_or_nothing(environ, _WECHAT_PAY)
    url = environ.get("WECHAT_PAY_URL", "https://api.mch.weixin.qq.com")
    if found["WECHAT_PAY_MCHID"]:
        if not environ.get("WECHAT_APP_ID"):
            raise RuntimeError("the setting WECHAT_APP_ID is missing (WECHAT_PAY_MCHID is there)")
        if len(found["WECHAT_PAY_V3_KEY"].encode()) != 32:
            raise RuntimeError("the setting WECHAT_PAY_V3_KEY must have 32 characters")
        found["WECHAT_PAY_KEY"] = _key("WECHAT_PAY_KEY", found, _private)
        found["WECHAT_PAY_PUBLIC_KEY"] = _key("WECHAT_PAY_PUBLIC_KEY", found, _public)
    return {**found, "WECHAT_PAY_URL": url.rstrip("/")}


def _private(pem: bytes) -> str:
    key = serialization.load_pem_private_key(pem, None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return key.private_bytes(*form, serialization.NoEncryption()).decode()


def _public(pem: bytes) -> str:
    key = serialization.load_pem_public_key(pem)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_bytes(*form).decode()


def _alipay(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = _all_or_nothing(environ, _ALIPAY)
    if found["ALIPAY_APP_ID"]:
        found["ALIPAY_KEY"] = _key("ALIPAY_KEY", found, _private)
        found["ALIPAY_PUBLIC_KEY"] = _key("ALIPAY_PUBLIC_KEY", found, _public)
    return {**found, "ALIPAY_URL": environ.get("ALIPAY_URL", _ALIPAY_URL)}


def _sandbox(environ: Mapping[str, str], development: bool) -> bool:
    """Whether people may pay with no money: never by mistake where they believe it is real."""
    wanted = environ.get("SANDBOX_PAY", "1" if development else "0") == "1"
    if wanted and not development and environ.get("DEMO", "0") != "1":
        raise RuntimeError("SANDBOX_PAY takes no real money: in production it wants DEMO=1, too")
    return wanted


def _all_or_nothing(environ: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """Settings that are of use only together; none of them is fine."""
    found = {name: environ.get(name, "").strip() for name in names}
    missing = [name for name, value in found.items() if not value]
    if missing and len(missing) < len(names):
        present = next(name for name in names if found[name])
        raise RuntimeError(f"the setting {missing[0]} is missing ({present} is there)")
    return found


def _key(name: str, settings: Mapping[str, str], read: Callable[[bytes], str]) -> str:
    """The key in the setting `name`, in PEM; given as its text or as where it lies.

    Line ends may be written \\n. A wrong value may be a key all the same, so it is not shown.
    """
    value = settings[name]
    try:
        pem = value if value.startswith("-----BEGIN") else Path(value).read_text("ascii").strip()
        return read(pem.replace("\\n", "\n").encode())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise RuntimeError(f"the setting {name} is no key in PEM, and no file with one") from None


def _choice(environ: Mapping[str, str], name: str, default: str, known: tuple[str, ...]) -> str:
    value = environ.get(name, default)
    if value not in known:
        raise RuntimeError(f"the setting {name} must be one of {', '.join(filter(None, known))}")
    return value


def database_url(url: str) -> str:
    """SQLAlchemy's spelling of a database address, with the driver we ship.

    >>> database_url("postgres://app@db/groupbuy")
    'postgresql+psycopg://app@db/groupbuy'
    """
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    return url


def _names(setting: str) -> list[str]:
    return [name.strip() for name in setting.split(",") if name.strip()]


def _secrets(environ: Mapping[str, str], keep_in: Path | None) -> dict[str, str]:
    """Secrets from the environment; in development they are made once and kept in `keep_in`."""
    made = {
        "SECRET_KEY": lambda: secrets.token_urlsafe(48),
        "LOOKUP_KEY": lambda: secrets.token_urlsafe(48),
        "DATA_KEYS": lambda: f"dev:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
    found = {}
    for name in SECRETS:
        value = environ.get(name, "")
        if not value and keep_in:
            value = _kept(keep_in / f"{name.lower()}.txt", made[name])
        if not value:
            raise RuntimeError(f"the setting {name} is missing (see README, Configuration)")
        found[name] = value
    return found


def _kept(path: Path, make: Any) -> str:
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # mode 0600
            draft.write(make())
            draft.flush()
            # Whole or not at all: the scheduler may start beside the site. The first one wins.
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()
