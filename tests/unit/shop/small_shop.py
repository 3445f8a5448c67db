"""The small shop of these tests, as feed files."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

FEED = {
    "warehouses.csv": """id,name,city,cut_off,ship_by,working_days,regions
BJ,北京仓库,北京,16:00,18:00,1|2|3|4|5|6|7,北京市|河北省
SH,上海仓库,上海,17:00,19:30,1|2|3|4|5,上海市|江苏省
""",
    "cities.csv": "name,province\n北京,北京市\n保定,河北省\n上海,上海市\n苏州,江苏省\n成都,四川省\n",
    "products.csv": """id,name,brand,category,unit,image,description,parameters,aliases
P1,星河 7,星河,手机,台,p1.svg,一部手机,屏幕=6.1英寸,星河七|星河7
P2,棉 T 恤,素野,服饰,件,p2.svg,一件衣服,材质=棉,T恤
""",
    "variants.csv": """sku,product_id,label,attributes
P1-1,P1,128G 午夜色,storage=128G|colour=午夜色
P1-2,P1,256G 午夜色,storage=256G|colour=午夜色
P1-3,P1,256G 星光色,storage=256G|colour=星光色
P1-4,P1,512G 午夜色,storage=512G|colour=午夜色
P2-1,P2,黑色 M,colour=黑色|size=M
P2-2,P2,黑色 L,colour=黑色|size=L
P2-3,P2,黑色 XL,colour=黑色|size=XL
P2-4,P2,白色 L,colour=白色|size=L
""",
    "attribute_aliases.csv": "attribute,value,alias\ncolour,午夜色,黑色\nstorage,256G,256GB\nsize,L,大码\n",
    "prices.csv": """sku,valid_from,price,list_price,market_price
P1-1,2026-01-01,4999,5999,5199
P1-2,2026-01-01,6299,6999,6199
P1-2,2026-06-01T08:00:00+08:00,5999.00,6999,6199
P1-2,2027-01-01,5499,6999,6199
P1-3,2026-01-01,5999,6999,6199
P1-4,2026-01-01,7999,8999,8199
P2-1,2026-01-01,89,99,95
P2-2,2026-01-01,89,99,95
P2-3,2026-01-01,89,99,95
P2-4,2026-01-01,89.90,99,95
""",
    "stock.csv": """sku,warehouse_id,on_hand,restock_date
P1-1,BJ,3,
P1-2,BJ,32,
P1-2,SH,40,
P1-3,SH,1,
P1-4,BJ,0,2026-06-20
P1-4,SH,0,2026-06-18
P2-1,BJ,9,
P2-2,BJ,0,2026-05-01
P2-3,SH,2,
P2-4,BJ,4,
""",
    "promotions.csv": """id,name,kind,rule,starts_at,ends_at,categories,skus
A,12期免息,interest_free,periods=12|min_fen=500000,2026-01-01,2027-01-01,手机,
B,3期免息,interest_free,periods=3|min_fen=10000,2026-01-01,2027-01-01,,
C,过期24期,interest_free,periods=24|min_fen=1,2025-01-01,2026-01-01,手机,
D,满300减40,reduction,over_fen=30000|minus_fen=4000,2026-01-01,2027-01-01,服饰,
E,满150减10,reduction,over_fen=15000|minus_fen=1000,2026-01-01,2027-01-01,,P2
""",
    "customers.csv": "id,name,phone,city,created_at\nC1,王测试,17000000001,北京,2026-01-01\n",
    "accounts.csv": "channel,account,customer_id\nweb,w1,C1\nwechat,x1,C1\n",
    "orders.csv": (
        "no,customer_id,channel,account,status,amount,discount,created_at,paid_at,shipped_at,delivered_at,"
        "cancelled_at,warehouse_id,address\n"
        "DX1,C1,wechat,x1,shipped,89.00,0,2026-06-01T10:00:00+08:00,2026-06-01T10:05:00+08:00,"
        "2026-06-01T18:00:00+08:00,,,BJ,北京和平路1号\n"
        "DX2,,web,guest,paid,178.00,0,2026-06-09T10:00:00+08:00,2026-06-09T10:05:00+08:00,,,,BJ,\n"
    ),
    "order_lines.csv": "order_no,sku,quantity,price\nDX1,P2-1,1,89\nDX2,P2-1,2,89\n",
    "parcels.csv": """no,order_no,carrier,status,traces
SL1,DX1,顺路速运,in_transit,2026-06-02T08:00:00+08:00 到达转运中心|2026-06-01T18:00:00+08:00 已揽收
""",
}
Feed = Callable[..., Path]


def beijing(text: str) -> datetime:
    """ "2026-06-10 15:59" in Beijing."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
