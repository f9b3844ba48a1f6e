"""Where somebody is signed in, and signing out there."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import devices
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.members.me import id_or_404, myself

bp = Blueprint("devices", __name__, url_prefix="/me/devices")


@bp.get("")
@policy("signed_in")
def show() -> str:
    """Every device, this one first."""
    user = myself()
    known = sorted(devices.devices_of(user), key=lambda device: device.id != user.device_id)
    return render_template(
        "members/me_devices.html",
        devices=known,
        this_id=user.device_id,
        name_of=devices.said_name,
        now=clock.now(),
    )


@bp.post("/<device_id>/end")
@policy("signed_in")
def end(device_id: str) -> Response:
    """Sign out one of them."""
    number = id_or_404(device_id)
    try:
        with transaction():
            devices.end_device(myself(), number, now=clock.now())
    except devices.NoSuchDevice:
        abort(404)  # as if it had never been
    flash(_("That device is signed out."), "success")
    return redirect(url_for(".show"), 303)


@bp.post("/end-others")
@policy("signed_in")
def end_others() -> Response:
    """Sign out every device but this one."""
    user = myself()
    with transaction():
        ended = devices.end_others(user, user.device_id, now=clock.now())
    flash(
        ngettext("%(num)d device is signed out.", "%(num)d devices are signed out.", ended),
        "success",
    )
    return redirect(url_for(".show"), 303)
