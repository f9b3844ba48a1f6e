"""Whether what came was shared out as the rules have it, worked out without the product."""

from __future__ import annotations

from collections.abc import Sequence


def is_fair(
    by: str, usable: int, pieces: Sequence[int], wishes: Sequence[str], shares: Sequence[int]
) -> bool:
    """Whether `shares` of what came may follow from `pieces` wanted, in order of payment."""
    wanted = sum(pieces)
    if usable >= wanted:
        return shares == pieces
    if by == "payment":
        return shares == _first_come(usable, pieces, wishes)
    whole = [share in (0, n) for share, n in zip(shares, pieces, strict=True)]
    if not all(whole[place] for place, wish in enumerate(wishes) if wish == "refund"):
        return False
    if "refund" in wishes:
        return sum(shares) <= usable
    fair = [n * usable / wanted for n in pieces]
    near = all(abs(share - part) < 1 for share, part in zip(shares, fair, strict=True))
    return near and sum(shares) == usable


def _first_come(usable: int, pieces: Sequence[int], wishes: Sequence[str]) -> list[int]:
    shares = []
    for wanted, wish in zip(pieces, wishes, strict=True):
        share = min(wanted, usable)
        if share < wanted and wish == "refund":
            share = 0
        shares.append(share)
        usable -= share
    return shares
