"""What jobs and the acts of staff are called, for people."""

from __future__ import annotations

from flask_babel import gettext as _


def job_names() -> dict[str, str]:
    """Job -> what it does."""
    return {
        "close-due": _("Close deals on time"),
        "expire-unpaid": _("Let go of unpaid orders"),
        "send-notices": _("Send messages"),
        "pickup-reminders": _("Remind of pickups"),
        "announce-opened": _("Announce new deals"),
        "closing-soon": _("Last calls before closing"),
        "restock-warnings": _("Warn of little stock"),
        "leaders-digest": _("Tell leaders what waits"),
        "verify": _("Check all numbers"),
        "forget-codes": _("Drop old codes"),
        "forget-idle-runs": _("Tidy the job ledger"),
    }


def act_names() -> dict[str, str]:
    """Action of the log -> what was done; acts that are not here show their own name."""
    return {
        "person_added": _("Added a person"),
        "password_replaced": _("Replaced a password"),
        "leader_applied": _("Applied as leader"),
        "leader_approved": _("Approved a leader"),
        "leader_refused": _("Refused an application"),
        "leader_disabled": _("Shut a desk"),
        "leader_enabled": _("Opened a desk again"),
        "leader_changed": _("Changed the group's page"),
        "deal_defaults_changed": _("Changed the defaults of deals"),
        "role_granted": _("Gave a role"),
        "role_revoked": _("Took a role away"),
        "person_disabled": _("Kept a person out"),
        "person_enabled": _("Let a person in again"),
        "phone_revealed": _("Looked at a phone number"),
        "contact_revealed": _("Looked at a contact"),
        "help_answered": _("Answered a call for help"),
        "help_taken_up_again": _("Took up a call for help again"),
        "helper_added": _("Added a helper"),
        "helper_changed": _("Changed a helper's rights"),
        "helper_removed": _("Removed a helper"),
        "point_added": _("Added a pickup point"),
        "point_changed": _("Changed a pickup point"),
        "point_put_away": _("Put a pickup point away"),
        "point_brought_back": _("Brought a pickup point back"),
        "contact_noted": _("Noted a talk with somebody"),
        "deal_cancel": _("Called a deal off"),
        "deal_close": _("Closed a deal early"),
        "deal_move": _("Moved a closing"),
        "deal_published": _("Published a deal"),
        "deal_reopen": _("Opened a deal again"),
        "members_told": _("Wrote to many"),
        "order_cancelled": _("Cancelled an order"),
        "order_contact_corrected": _("Corrected a contact"),
        "order_note_to_member": _("Wrote a note to a member"),
        "order_phone_revealed": _("Looked at a phone number"),
        "order_placed_for_member": _("Ordered for a member"),
        "orders_vouched": _("Vouched for many orders"),
        "orders_exported": _("Exported orders"),
        "phones_printed": _("Printed phone numbers"),
        "members_exported": _("Exported members"),
        "member_phone_revealed": _("Looked at a member's phone number"),
        "member_blocked": _("Takes no more orders from somebody"),
        "member_unblocked": _("Let somebody order again"),
        "goods_exported": _("Exported products"),
        "goods_imported": _("Imported products"),
        "link_renewed": _("Made a new link for a supplier"),
        "links_revoked": _("Ended a supplier's links"),
        "list_sent_again": _("Sent a list's link again"),
        "list_told": _("Noted that a supplier has the link"),
        "answer_written_down": _("Wrote down a supplier's answer"),
        "counted_again": _("Counted a delivery again"),
        "shared_out": _("Shared out a delivery"),
        "cash_taken": _("Took cash at pickup"),
        "cash_given_back": _("Gave cash back"),
        "category_added": _("Added a category"),
        "category_renamed": _("Renamed a category"),
        "category_moved": _("Moved a category"),
        "category_removed": _("Removed a category"),
        "job_asked": _("Asked for a job"),
        "notice_retried": _("Sent a message again"),
        "notice_given_up": _("Gave a message up"),
        "setting_changed": _("Changed a setting"),
    }


def way_names() -> dict[str, str]:
    """Channel -> what the way to reach people is called."""
    return {
        "in_app": _("Messages on the site"),
        "console": _("The server's screen"),
        "email": _("E-mail"),
        "wechat_template": _("WeChat"),
        "sms": _("Text message"),
    }


def subject_names() -> dict[str, str]:
    """Kind of row the log tells of, the part of `subject` before the colon -> its name."""
    return {
        "category": _("Category"),
        "deal": _("Deal"),
        "help": _("Call for help"),
        "job": _("Job"),
        "leader": _("Leader"),
        "list": _("Purchase list"),
        "member": _("Member"),
        "notice": _("Message"),
        "order": _("Order"),
        "batch": _("Many at once"),
        "pickup": _("Bag"),
        "point": _("Point"),
        "setting": _("Setting"),
        "supplier": _("Supplier"),
        "user": _("User"),
    }


def detail_names() -> dict[str, str]:
    """Name of a detail of the log -> the same for people; others show their own."""
    return {
        "back_fen": _("Money back"),
        "because": _("Reason"),
        "changed": _("Changed"),
        "closes_at": _("Closes"),
        "count_in": _("Count in"),
        "cuts": _("Orders cut"),
        "deal": _("Deal"),
        "devices": _("Devices signed out"),
        "fen": _("Money"),
        "fields": _("Fields"),
        "filters": _("Filters"),
        "kind": _("Kind"),
        "new": _("New"),
        "note": _("Note"),
        "orders": _("Orders"),
        "people": _("People"),
        "pickup": _("Hand over"),
        "points": _("Pickup points"),
        "refund_fen": _("Money back"),
        "revision": _("Revision"),
        "said": _("Said"),
        "share_by": _("Shared out"),
        "sheet": _("Sheet"),
        "supplier_id": _("Supplier"),
        "text": _("Text"),
        "unchanged": _("Unchanged"),
        "value": _("Value"),
        "way": _("Way"),
        "whole_numbers": _("Whole numbers"),
        "whole_phones": _("Whole numbers"),
        "created": _("New account"),
        "filename": _("File"),
        "name": _("Name"),
        "number": _("Nr."),
        "password_set": _("Has a password"),
        "received": _("Received"),
        "role": _("Role"),
        "rows": _("Rows"),
    }
