"""Who lives in the demo: an operator, three leaders, a helper and 120 neighbours, all invented.

Their phone numbers are from one block, 1990000xxxx, so that they are easily told from real ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from groupbuy.accounts import people
from groupbuy.accounts.models import Leader, Member, PickupPoint, User
from groupbuy.core import crypto
from groupbuy.extensions import db
from groupbuy.settlement import rates

PASSWORD = "linli-demo-2026"  # of everybody who can sign in; never loaded in production
SEED = 7
_COMMISSION_BP = 500


class Someone(NamedTuple):
    """A name and a phone number."""

    name: str
    phone: str


class Community(NamedTuple):
    """A leader, her points (name, address) and which of the residents order from her.

    `wechat_id` and `hours`: how and when she can be asked.
    """

    slug: str
    person: Someone
    called: str
    community: str
    intro: str
    wechat_id: str
    hours: str
    points: tuple[tuple[str, str], ...]
    residents: range


OPERATOR = Someone("陈知行", "19900000001")
HELPER = Someone("沈立夏", "19900000021")
COMMUNITIES = (
    Community(
        "demo-lin",
        Someone("林晓禾", "19900000011"),
        "林姐",
        "梧桐里",
        "住 7 号楼，每周两团，只团自己家也吃的东西。",
        "demo_linjie",
        "每天 9:00–21:00",
        (("3 号门岗亭", "梧桐里 3 号门内侧"), ("社区活动室", "梧桐里 12 号楼底层")),
        range(0, 60),
    ),
    Community(
        "demo-zhou",
        Someone("周问渠", "19900000012"),
        "周叔",
        "听雨苑",
        "退休三年，跑果园比跑公园勤。",
        "demo_zhoushu",
        "每天 8:00–20:00，午睡 12:30–14:00",
        (("南门快递柜旁", "听雨苑南门右手边"), ("5 号楼车库口", "听雨苑 5 号楼东侧")),
        range(50, 95),
    ),
    Community(
        "demo-gu",
        Someone("顾念慈", "19900000013"),
        "小顾",
        "望江新村",
        "下班后开团，粮油日用为主，重的东西可以帮忙拉到楼下。",
        "demo_xiaogu",
        "工作日 19:00–22:00，周末全天",
        (("便民服务站", "望江新村一区 2 号"), ("二区自行车棚", "望江新村二区北侧")),
        range(90, 120),
    ),
)
# Solar terms and old poems: plausible on a parcel, and plainly made up.
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙朱马胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾"
_GIVEN = (
    "小满 立秋 谷雨 白露 清明 知夏 望舒 听澜 采薇 子衿 云归 晚晴 星野 南枝 北辰 西洲"
    " 青禾 念安 怀瑾 若水 思齐 乐天 长风 明月 春生 秋实 冬阳 夏至 半夏 沐阳"
)


def residents() -> list[Someone]:
    """The 120 neighbours, always the same."""
    everybody = [surname + given for surname in _SURNAMES for given in _GIVEN.split()]
    names = random.Random(SEED).sample(everybody, max(c.residents.stop for c in COMMUNITIES))
    return [Someone(name, str(19900001001 + place)) for place, name in enumerate(names)]


def who_signs_in() -> Iterator[tuple[str, Someone]]:
    """(role, person) of those who have PASSWORD."""
    yield "operator", OPERATOR
    for community in COMMUNITIES:
        yield "leader", community.person
    yield "helper", HELPER
    yield "resident", residents()[0]


def phone_hashes() -> set[str]:
    """What the demo's people are found by."""
    everybody = [*residents(), *(someone for _role, someone in who_signs_in())]
    return {crypto.lookup_hash(someone.phone) for someone in everybody}


def add(*, now: datetime) -> None:
    """Write everybody, their points, and whose member each resident is."""
    operator = _with_role(OPERATOR, "operator", now).user
    leaders = {community.slug: _leader(community, now) for community in COMMUNITIES}
    helper, _created = people.find_or_add(*HELPER, now=now)
    for leader in leaders.values():
        rates.set_for_leader(leader, _COMMISSION_BP, by_id=operator.id, now=now)
    rights = {"count_in": True, "pickup": True}
    people.grant(helper, "helper", leaders["demo-lin"], now=now, rights=rights)
    neighbours = _neighbours(leaders, now)
    for user in (helper, neighbours[0]):
        people.set_password(user, PASSWORD)
    db.session.flush()


def _with_role(someone: Someone, role: str, now: datetime) -> people.Added:
    form = people.PersonForm(someone.name, someone.phone, role, PASSWORD)
    return people.add_person(form, now=now)


def _leader(community: Community, now: datetime) -> Leader:
    leader = people.leader_of(_with_role(community.person, "leader", now).user)
    assert leader is not None  # the role brings it
    leader.slug, leader.name = community.slug, community.called
    leader.community, leader.intro = community.community, community.intro
    leader.contact_phone, leader.contact_hours = community.person.phone, community.hours
    leader.wechat_id = community.wechat_id
    for name, address in community.points:
        point = PickupPoint(leader_id=leader.id, name=name, address=address, is_active=True)
        point.hours = "16:00–21:00"
        db.session.add(point)
    return leader


def _neighbours(leaders: Mapping[str, Leader], now: datetime) -> list[User]:
    users = [people.find_or_add(*someone, now=now)[0] for someone in residents()]
    for community in COMMUNITIES:
        for place in community.residents:
            user = users[place]
            member = Member(leader_id=leaders[community.slug].id, user_id=user.id, created_at=now)
            member.name, member.phone, member.phone_hash = user.name, user.phone, user.phone_hash
            db.session.add(member)
    return users
