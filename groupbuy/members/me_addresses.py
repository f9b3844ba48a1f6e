"""The addresses somebody keeps: who collects, and where they live."""

from __future__ import annotations

from flask import Blueprint, abort, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import addresses
from groupbuy.accounts.addresses import PARTS
from groupbuy.accounts.models import Address
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.forms import Form, LineField, NameField, PhoneField, needed
from groupbuy.members.me import id_or_404, myself

bp = Blueprint("addresses", __name__, url_prefix="/me/addresses")


class AddressForm(Form):
    """One contact, as the checkout asks for it."""

    name = NameField(_l("Name"), [needed(_l("Say who collects it."))])
    phone = PhoneField(_l("Mobile number"), [needed(_l("The leader needs a number to reach you."))])
    building = LineField(_l("Building"), longest=40)
    unit = LineField(_l("Entrance"), longest=40)
    room = LineField(_l("Room"), longest=40)

    @property
    def contact(self) -> dict[str, str]:
        return {part: self[part].data or "" for part in PARTS}


@bp.get("")
@policy("signed_in")
def show() -> str:
    """All of them, the one that forms begin with first."""
    return render_template(
        "members/me_addresses.html", addresses=addresses.of(myself()), most=addresses.MOST
    )


@bp.get("/new")
@policy("signed_in")
def new() -> Response:
    """An empty form, but for who they are."""
    user = myself()
    known = {} if addresses.default(user) else {"name": user.name, "phone": user.phone or ""}
    return _page(AddressForm(**known))


@bp.post("/new")
@policy("signed_in")
def add() -> Response:
    """Keep another one."""
    form = AddressForm()
    if not form.validate():
        return _page(form, status=422)
    try:
        with transaction():
            addresses.add(myself(), form.contact, now=clock.now())
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
        return _page(form, status=refusal.status)
    flash(_("The address is kept."), "success")
    return redirect(url_for(".show"), 303)


@bp.get("/<address_id>")
@policy("signed_in")
def edit(address_id: str) -> Response:
    """One address as a form."""
    address = _own_or_404(address_id)
    return _page(AddressForm(**address.contact), address)


@bp.post("/<address_id>")
@policy("signed_in")
def change(address_id: str) -> Response:
    """Write over it."""
    address, form = _own_or_404(address_id), AddressForm()
    if not form.validate():
        return _page(form, address, 422)
    with transaction():
        addresses.change(myself(), address, form.contact, now=clock.now())
    flash(_("The address is kept."), "success")
    return redirect(url_for(".show"), 303)


@bp.post("/<address_id>/default")
@policy("signed_in")
def make_default(address_id: str) -> Response:
    """Let forms begin with it."""
    address = _own_or_404(address_id)
    with transaction():
        addresses.make_default(myself(), address)
    return redirect(url_for(".show"), 303)


@bp.post("/<address_id>/delete")
@policy("signed_in")
def delete(address_id: str) -> Response:
    """Forget it."""
    address = _own_or_404(address_id)
    with transaction():
        addresses.delete(address)
    flash(_("The address is deleted. Orders keep theirs."), "success")
    return redirect(url_for(".show"), 303)


def _own_or_404(address_id: str) -> Address:
    return addresses.own(myself(), id_or_404(address_id)) or abort(404)


def _page(form: AddressForm, address: Address | None = None, status: int = 200) -> Response:
    return make_response(
        render_template("members/me_address.html", form=form, address=address), status
    )
