"""Sharing out a shortage, on paper."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from groupbuy.pickup.shortage import RULES, share_out, share_pro_rata

wants = st.lists(st.integers(0, 40), min_size=1, max_size=12)
came = st.integers(0, 300)
rules = st.sampled_from(sorted(RULES))


@given(came, wants, rules)
def test_everything_is_given_out_as_long_as_somebody_wants_it(received, wanted, rule):
    shares = RULES[rule](received, wanted, frozenset())
    assert sum(shares) == min(received, sum(wanted))
    assert all(0 <= share <= want for share, want in zip(shares, wanted, strict=True))


@given(came, wants)
def test_by_payment_nobody_gets_less_than_somebody_later_because_he_was_earlier(received, wanted):
    shares = share_out(received, wanted)
    first_cut = next((i for i, n in enumerate(wanted) if shares[i] < n), len(wanted))
    assert shares[:first_cut] == wanted[:first_cut]
    assert not any(shares[first_cut + 1 :])


@given(came, wants)
def test_pro_rata_nobody_is_a_whole_piece_away_from_his_exact_part(received, wanted):
    shares, total = share_pro_rata(received, wanted), sum(wanted)
    part = min(received, total)
    assert all(
        abs(share * total - want * part) < max(total, 1)
        for share, want in zip(shares, wanted, strict=True)
    )


@given(came, wants, rules)
def test_equal_wishes_differ_by_one_piece_at_most_pro_rata_and_go_by_payment(
    received, wanted, rule
):
    equal = [wanted[0]] * len(wanted)
    shares = RULES[rule](received, equal, frozenset())
    assert shares == sorted(shares, reverse=True)
    if rule == "prorata":
        assert max(shares) - min(shares) <= 1


@given(came, wants, rules, st.data())
def test_who_takes_all_or_nothing_gets_all_or_nothing_and_the_others_the_rest(
    received, wanted, rule, data
):
    whole = data.draw(st.frozensets(st.integers(0, len(wanted) - 1)))
    shares = RULES[rule](received, wanted, whole)
    left = received - sum(shares)
    assert left >= 0
    for place, (share, want) in enumerate(zip(shares, wanted, strict=True)):
        if place in whole:
            assert share in (0, want)
            assert share == want or left < want  # what is left would not have filled it
        else:
            assert 0 <= share <= want
            assert share == want or left == 0  # nothing is left over while somebody goes short


@pytest.mark.parametrize("rule", sorted(RULES))
def test_nothing_came_and_nobody_wants_any(rule):
    assert RULES[rule](0, [3, 1], {0}) == [0, 0]
    assert RULES[rule](5, [0, 0], frozenset()) == [0, 0]
    assert RULES[rule](5, [], frozenset()) == []


def test_what_an_all_or_nothing_order_frees_goes_to_the_next():
    assert share_out(5, [3, 3, 2], whole={1}) == [3, 0, 2]
    assert share_pro_rata(10, [5, 5, 4], whole={0, 1}) == [5, 0, 4]
