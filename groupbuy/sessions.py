"""Sessions are Flask's signed cookies."""

from __future__ import annotations

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class Sessions(SecureCookieSessionInterface):
    """Makes what signs the cookies once; Flask makes it twice for every request."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Of the one application that this belongs to; its secret stays what it is."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer
