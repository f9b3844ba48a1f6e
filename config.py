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
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent
# Those that are not set up reach nobody. Printing is for whoever tries the product out.
CHANNELS = "in_app,email,wechat_template"
CHANNELS_IN_DEVELOPMENT = "in_app,console,email,wechat_template"
SECRETS = ("SECRET_KEY", "DATA_KEYS", "LOOKUP_KEY")


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
        **_mail(environ),
        **_sms(environ, development),
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
