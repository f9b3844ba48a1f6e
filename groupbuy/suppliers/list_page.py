"""The page of one purchase list, as it is or with what a supplier typed on it."""

from __future__ import annotations

from datetime import datetime

from flask import render_template

from groupbuy.core.errors import RuleBroken
from groupbuy.purchasing import answers
from groupbuy.purchasing.answer_form import AnswerForm
from groupbuy.purchasing.changes import between
from groupbuy.purchasing.models import PurchaseList, PurchaseRevision
from groupbuy.purchasing.reading import delivery_places, totals


def list_page(
    purchase_list: PurchaseList,
    token: str,
    form: AnswerForm,
    *,
    now: datetime,
    refusal: RuleBroken | None = None,
    taken_over: bool = False,
) -> str:
    """`form` is what stands in the boxes, `refusal` why the page is shown again.

    `taken_over`: the boxes hold what a workbook said and nobody has sent yet.
    """
    revision = purchase_list.current
    earlier = _compared_with(purchase_list, form)
    changes = between(earlier.lines, revision.lines) if earlier else []
    try:
        answers.require_answerable(purchase_list)
        closed = None
    except RuleBroken as reason:
        closed = reason
    return render_template(
        "suppliers/purchase_list.html",
        purchase_list=purchase_list,
        deal=purchase_list.deal,
        revision=revision,
        totals=totals(revision),
        places=delivery_places(purchase_list),
        earlier=earlier,
        earlier_totals=totals(earlier) if earlier else None,
        changes=changes,
        changed={change.now.item_id: change for change in changes if change.now},
        state=answers.state(purchase_list),
        form=form,
        closed=closed,
        refusal=refusal,
        taken_over=taken_over,
        token=token,
        now=now,
    )


def _compared_with(purchase_list: PurchaseList, form: AnswerForm) -> PurchaseRevision | None:
    """The revision whose differences are told: the one that was answered, else the one before."""
    current = purchase_list.current_revision
    number = form.revision if 0 < form.revision < current else current - 1
    return next((one for one in purchase_list.revisions if one.revision == number), None)
