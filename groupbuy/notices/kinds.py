"""Each kind of message: its topic, its title and its sentence; notices/wording.py fills them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask_babel import gettext as _

TOPICS = ("order", "closing", "pickup", "deals", "help", "waiting", "stock")


class Kind(NamedTuple):
    """What it is about, and its words: functions, so that each reader's language is asked."""

    topic: str
    title: Callable[[], str]
    sentence: Callable[[], str]


KINDS = {
    "ordered": Kind(
        "order",
        lambda: _("Order noted"),
        lambda: _(
            "Your order %(order)s in “%(deal)s” is noted. Please give %(money)s to the leader."
        ),
    ),
    "ordered_online": Kind(
        "order",
        lambda: _("Order noted"),
        lambda: _(
            "Your order %(order)s in “%(deal)s” is noted. Please pay %(money)s in time, "
            "or it is let go."
        ),
    ),
    "paid": Kind(
        "order",
        lambda: _("Money received"),
        lambda: _(
            "%(money)s for your order %(order)s in “%(deal)s” has come. "
            "You hear from us when your things are here."
        ),
    ),
    "late_money": Kind(
        "order",
        lambda: _("Money came too late"),
        lambda: _(
            "%(money)s for your order %(order)s in “%(deal)s” came when the order had ended. "
            "All of it goes back by itself."
        ),
    ),
    "duplicate_money": Kind(
        "order",
        lambda: _("Paid more than once"),
        lambda: _(
            "Your order %(order)s in “%(deal)s” was paid before: %(money)s came once more "
            "and goes back by itself."
        ),
    ),
    "refunded": Kind(
        "order",
        lambda: _("Money sent back"),
        lambda: _(
            "%(money)s of your order %(order)s in “%(deal)s” was sent back to you. "
            "A bank card may take a few working days."
        ),
    ),
    "vouched": Kind(
        "order",
        lambda: _("Money received"),
        lambda: _(
            "The leader has your money for “%(deal)s”. You are number %(roll_no)s in the roll. "
            "You hear from us when your things are here."
        ),
    ),
    "expired": Kind(
        "order",
        lambda: _("Order let go"),
        lambda: _(
            "Your order %(order)s in “%(deal)s” was not paid in time and has been let go. "
            "You owe nothing. While the deal is open you can order again."
        ),
    ),
    "closing_moved": Kind(
        "closing",
        lambda: _("New closing time"),
        lambda: _(
            "“%(deal)s” now closes at %(closes)s. Until then you can still change your order."
        ),
    ),
    "closed_early": Kind(
        "closing",
        lambda: _("Closed early"),
        lambda: _(
            "“%(deal)s” has closed early: %(because)s Nothing can be added or changed any more."
        ),
    ),
    "closing_soon": Kind(
        "closing",
        lambda: _("Closing soon"),
        lambda: _("“%(deal)s” closes at %(closes)s. Whatever you still want, order it before."),
    ),
    "deal_opened": Kind(
        "deals",
        lambda: _("New deal"),
        lambda: _("%(leader)s has opened “%(deal)s”. You can order until %(closes)s: have a look."),
    ),
    "deal_cancelled": Kind(
        "order",
        lambda: _("Deal called off"),
        lambda: _("“%(deal)s” was called off: %(because)s Whatever you paid comes back to you."),
    ),
    "order_cancelled": Kind(
        "order",
        lambda: _("Order cancelled"),
        lambda: _(
            "The leader cancelled your order %(order)s in “%(deal)s”: %(because)s "
            "Whatever you paid comes back to you."
        ),
    ),
    "from_leader": Kind(
        "order",
        lambda: _("Message from the leader"),
        lambda: _("%(leader)s writes: %(text)s This is about “%(deal)s”."),
    ),
    "deal_failed": Kind(
        "order",
        lambda: _("Deal does not take place"),
        lambda: _(
            "Too few joined “%(deal)s”, so it does not take place. "
            "Whatever you paid comes back to you."
        ),
    ),
    "list_issued": Kind(
        "order",
        lambda: _("Purchase list"),
        lambda: _("A purchase list for “%(deal)s” is waiting for you."),
    ),
    "nothing_ordered": Kind(
        "order",
        lambda: _("Nothing ordered"),
        lambda: _("“%(deal)s” has closed: nothing was ordered from you this time."),
    ),
    "list_withdrawn": Kind(
        "order",
        lambda: _("Purchase list withdrawn"),
        lambda: _(
            "“%(deal)s” was opened again: please do not prepare anything from the last list. "
            "A new revision follows."
        ),
    ),
    "short": Kind(
        "order",
        lambda: _("Less than ordered"),
        lambda: _(
            "Not everything of your order in “%(deal)s” arrived. It now costs %(money)s; "
            "what you paid too much comes back to you."
        ),
    ),
    "given_back": Kind(
        "order",
        lambda: _("Money given back"),
        lambda: _(
            "Your order %(order)s in “%(deal)s” costs %(money)s less: %(because)s "
            "Whatever you paid too much comes back to you."
        ),
    ),
    "money_stuck": Kind(
        "help",
        lambda: _("Money needs you"),
        lambda: _(
            "Money does not move on by itself: %(waiting)s. Please look at “Stuck money” in the "
            "operator's console today."
        ),
    ),
    "arrived": Kind(
        "pickup",
        lambda: _("Ready to collect"),
        lambda: _("Your things from “%(deal)s” are here. Please come and collect them."),
    ),
    "pickup_ending": Kind(
        "pickup",
        lambda: _("Pickup ends soon"),
        lambda: _(
            "Your bag from “%(deal)s” is waiting until %(until)s. "
            "Please come, or send somebody with your code."
        ),
    ),
    "pickup_missed": Kind(
        "pickup",
        lambda: _("Bag not collected"),
        lambda: _("Your bag from “%(deal)s” has not been collected. Please call the leader."),
    ),
    "pickup_moved": Kind(
        "pickup",
        lambda: _("New pickup time"),
        lambda: _(
            "The pickup of “%(deal)s” has been moved. New time: %(pickup)s. Your order stays as it "
            "is."
        ),
    ),
    "place_moved": Kind(
        "pickup",
        lambda: _("Pickup point changed"),
        lambda: _(
            "The pickup point of “%(deal)s” has changed. You now find it here: %(place)s. "
            "Your order stays as it is."
        ),
    ),
    "help": Kind(
        "help",
        lambda: _("Somebody needs help"),
        lambda: _("A neighbour is stuck and asks for your help. Please read it and answer soon."),
    ),
    "restock": Kind(
        "stock",
        lambda: _("Running low"),
        lambda: _(
            "“%(item)s” in “%(deal)s”: %(left)s left. If you can get more, raise its stock in the "
            "deal."
        ),
    ),
    "waiting": Kind(
        "waiting",
        lambda: _("What waits for you"),
        lambda: _("At your desk: %(waiting)s. Please have a look today."),
    ),
    "application_approved": Kind(
        "help",
        lambda: _("You can open deals now"),
        lambda: _("Welcome: “%(leader)s” is approved. Add a pickup point, then open a deal."),
    ),
    "application_refused": Kind(
        "help",
        lambda: _("Your application"),
        lambda: _(
            "“%(leader)s” was not approved: %(because)s You can correct your application and "
            "send it again."
        ),
    ),
    "desk_closed": Kind(
        "help",
        lambda: _("Your group is closed"),
        lambda: _(
            "The operator has closed “%(leader)s”: %(because)s You and your helpers cannot work "
            "there until they open it again. Please speak to them."
        ),
    ),
    "desk_reopened": Kind(
        "help",
        lambda: _("Your group is open again"),
        lambda: _("“%(leader)s” is open again: you and your helpers can go on working."),
    ),
}
