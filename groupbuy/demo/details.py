"""What the demo's leaders say of their goods, by SKU code. Brands and licences are invented."""

from __future__ import annotations

from typing import NamedTuple


class Details(NamedTuple):
    """Attributes as a leader would type them, more words, and the address of a film."""

    attributes: dict[str, str]
    words: str = ""
    film: str = ""


_LICENCE = "SC00000000000000"  # of nobody
_EGG = {"allergens": "egg", "usage": "煮、炒、蒸都好，孩子早餐一天一个"}
_GREENS = {"origin": "上海崇明", "shelf_life": "3"}
_FISH = {"allergens": "fish", "usage": "冷藏室慢慢化冻，清蒸或红烧"}

DETAILS = {
    "LS01": Details(
        {
            "brand": "芦穗湾",
            "origin": "上海崇明",
            "size": "每枚约 45 g",
            "shelf_life": "30",
            **_EGG,
        },
        "散养在桔园里的母鸡，吃玉米和青草。蛋壳有浅有深，个头不太齐，蛋黄橙黄。\n"
        "用纸浆托装，取货时请当面看一眼，破一枚补一枚。",
        "https://example.com/film/eggs",
    ),
    "LS02": Details(_GREENS | {"net_weight": "500 g", "usage": "清炒、煮面、做菜饭"}),
    "LS03": Details(_GREENS | {"net_weight": "500 g", "usage": "烧汤最鲜，下锅一分钟就好"}),
    "LS04": Details(
        {"origin": "山东寿光", "net_weight": "1.25 kg", "shelf_life": "7", "usage": "生吃、凉拌"},
        "自然熟，沙瓤，酸甜都有。皮薄怕压，我们用网套一个个套好。",
    ),
    "LS05": Details(
        {"origin": "上海青浦", "net_weight": "1 kg", "size": "每根 12–15 cm", "shelf_life": "5"},
        "不用削皮，洗洗当水果吃。",
    ),
    "LS06": Details(
        {"origin": "河南焦作", "net_weight": "1.5 kg", "shelf_life": "15", "usage": "蒸、炖、熬粥"}
    ),
    "LS07": Details(
        {
            "origin": "上海崇明",
            "size": "每根 20 cm 左右",
            "shelf_life": "5",
            "usage": "水煮 15 分钟",
        },
        "清早掰下来就装车，皮不剥，留住水分。",
    ),
    "LS08": Details({"origin": "山东滕州", "net_weight": "2.5 kg", "shelf_life": "20"}),
    "LS09": Details(
        {"origin": "上海崇明", "shelf_life": "2", "usage": "炖汤两个小时"},
        "养足 400 天的老母鸡，现杀、去毛、去内脏，鸡杂另外装一小袋。",
    ),
    "LS10": Details({"origin": "浙江临安", "net_weight": "1 kg", "shelf_life": "5"}),
    "LS11": Details(
        {"origin": "福建连城", "net_weight": "2.5 kg", "size": "每个 150–300 g", "shelf_life": "20"}
    ),
    "LS12": Details(_GREENS | {"net_weight": "300 g", "usage": "大火快炒，出锅前喷一点白酒"}),
    "BF01": Details(
        {
            "brand": "白帆渔港",
            "origin": "厄瓜多尔",
            "net_weight": "1.4 kg",
            "size": "每千克 40–50 只",
            "shelf_life": "540",
            "allergens": "shellfish",
            "usage": "冷水泡 10 分钟化冻，白灼、油焖",
        },
        "船上单冻，一只一只分得开，吃多少取多少。",
        "https://example.com/film/shrimps",
    ),
    "BF02": Details({"origin": "浙江舟山", "net_weight": "1 kg", "shelf_life": "360", **_FISH}),
    "BF03": Details({"origin": "浙江舟山", "shelf_life": "1", "allergens": "shellfish"}),
    "BF04": Details(
        {"origin": "福建宁德", "net_weight": "500 g", "shelf_life": "360", **_FISH},
        "三去（去鳞、去鳃、去内脏），化冻就能下锅。",
    ),
    "BF05": Details(
        {
            "brand": "白帆小厨",
            "net_weight": "500 g",
            "shelf_life": "180",
            "allergens": "gluten, egg",
            "licence": _LICENCE,
            "usage": "水开下锅，浮起再煮两分钟",
        },
        "荠菜打碎，猪腿肉手剁，一盒够两个人吃一顿。",
    ),
    "BF06": Details(
        {"brand": "白帆小厨", "shelf_life": "180", "allergens": "gluten", "licence": _LICENCE}
    ),
    "BF07": Details({"origin": "内蒙古", "net_weight": "1 kg", "shelf_life": "360"}),
    "BF08": Details({"origin": "安徽", "net_weight": "500 g", "shelf_life": "180"}),
    "BS01": Details(
        {"origin": "辽宁丹东", "net_weight": "500 g", "shelf_life": "2", "usage": "吃之前再洗"},
        "头天傍晚摘，第二天下午到楼下。每颗一个小窝，不堆着放。",
        "https://example.com/film/strawberries",
    ),
    "BS02": Details({"origin": "山东烟台", "net_weight": "2.5 kg", "size": "果径 80 mm 以上"}),
    "BS03": Details(
        {"origin": "江西赣州", "net_weight": "5 kg", "size": "果径 75–85 mm", "shelf_life": "20"}
    ),
    "BS04": Details({"origin": "云南", "net_weight": "750 g", "size": "果径 15 mm 以上"}),
    "BS05": Details(
        {"origin": "泰国", "shelf_life": "3", "usage": "裂口、闻到香味就能开"},
        "开出来肉不足三成，拍照来，按比例退。",
    ),
    "BS06": Details({"origin": "江苏句容", "net_weight": "1 kg", "shelf_life": "5"}),
    "BS07": Details({"origin": "陕西周至", "size": "每个 90–110 g", "shelf_life": "15"}),
    "BS08": Details({"origin": "海南三亚", "net_weight": "2.5 kg", "shelf_life": "7"}),
    "BS09": Details(
        {
            "brand": "半山云",
            "net_weight": "950 ml",
            "shelf_life": "7",
            "allergens": "milk",
            "licence": _LICENCE,
            "suitable_for": "children",
        },
        "巴氏杀菌，要放冰箱 2–6 °C，开盖两天内喝完。",
    ),
    "BS10": Details(
        {
            "brand": "半山云",
            "net_weight": "1.44 kg",
            "shelf_life": "21",
            "allergens": "milk",
            "licence": _LICENCE,
        }
    ),
    "SK01": Details(
        {"origin": "黑龙江五常", "net_weight": "5 kg", "shelf_life": "360", "licence": _LICENCE},
        "今年 10 月的新米，淘一遍就够，水和米一比一。",
    ),
    "SK02": Details(
        {"origin": "四川", "net_weight": "5 L", "shelf_life": "540", "licence": _LICENCE}
    ),
    "SK03": Details(
        {"origin": "河北", "net_weight": "900 g", "allergens": "gluten", "licence": _LICENCE}
    ),
    "SK04": Details({"origin": "黑龙江", "net_weight": "250 g", "usage": "凉水泡两小时"}),
    "SK05": Details({"origin": "新疆若羌", "net_weight": "1 kg", "shelf_life": "300"}),
    "SK07": Details({"origin": "宁夏中宁", "net_weight": "500 g", "shelf_life": "360"}),
    "SK08": Details({"origin": "浙江杭州", "net_weight": "600 g", "licence": _LICENCE}),
}
