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
        "helper_added": _("Added a helper"),
        "helper_changed": _("Changed a helper's rights"),
        "helper_removed": _("Removed a helper"),
        "point_added": _("Added a pickup point"),
        "point_changed": _("Changed a pickup point"),
        "point_put_away": _("Put a pickup point away"),
        "point_brought_back": _("Brought a pickup point back"),
        "deal_published": _("Published a deal"),
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
