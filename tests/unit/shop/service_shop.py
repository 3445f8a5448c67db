"""The small shop with what its services need: more goods, orders in every state, rules of shipping, coupons."""
# ruff: noqa: E501 (lines of feed files)

from small_shop import FEED

ORDER_HEAD = (
    "no,customer_id,channel,account,status,amount,discount,created_at,paid_at,shipped_at,delivered_at,"
    "cancelled_at,warehouse_id,address,city,phone,pay_method,shipping\n"
)


def _order(no: str, status: str, amount: str, discount: str, **more: str) -> str:
    row = {
        "customer_id": "C1", "channel": "web", "account": "w1", "created_at": "2026-06-01T09:00:00+08:00",
        "paid_at": "2026-06-01T09:05:00+08:00", "shipped_at": "", "delivered_at": "", "cancelled_at": "",
        "warehouse_id": "BJ", "address": "北京和平路1号", "city": "北京", "phone": "", "pay_method": "wechat",
        "shipping": "0",
    } | more  # fmt: skip
    names = ORDER_HEAD.strip().split(",")
    return ",".join({"no": no, "status": status, "amount": amount, "discount": discount, **row}[n] for n in names)


SENT = {"shipped_at": "2026-06-01T18:00:00+08:00"}
SIGNED = SENT | {"delivered_at": "2026-06-03T12:00:00+08:00"}
ORDERS = [
    _order("A1", "pending_payment", "184", "0", created_at="2026-06-10T09:00:00+08:00", paid_at="", shipping="6"),
    _order("A2", "paid", "5048", "40", created_at="2026-06-09T09:00:00+08:00", paid_at="2026-06-09T09:05:00+08:00"),
    _order("A3", "shipped", "89", "0", **SENT),
    _order("A4", "delivered", "307", "10", **SIGNED),
    _order("A5", "delivered", "618", "0", **SIGNED),
    _order("A6", "refunding", "89", "0", cancelled_at="2026-06-01T12:00:00+08:00"),
    _order("A7", "completed", "12498", "100", **SIGNED | {"created_at": "2026-05-30T09:00:00+08:00",
           "paid_at": "2026-05-30T10:00:00+08:00"}),
    _order("A8", "cancelled", "89", "0", paid_at="", cancelled_at="2026-06-01T12:00:00+08:00"),
    _order("G9", "paid", "89", "0", customer_id="", account="guest9", phone="17000000999"),
    _order("B1", "paid", "89", "0", customer_id="C2", account="w2"),
]  # fmt: skip
LINES = """order_no,sku,quantity,price
DX1,P2-1,1,89
DX2,P2-1,2,89
A1,P2-1,2,89
A2,P2-1,1,89
A2,P1-1,1,4999
A3,P2-1,1,89
A4,P2-1,3,89
A4,P3-1,1,50
A5,P4-1,1,499
A5,P5-1,1,119
A6,P2-1,1,89
A7,P1-2,2,6299
A8,P2-1,1,89
G9,P2-1,1,89
B1,P2-1,1,89
"""
SERVICES = {
    "cities.csv": FEED["cities.csv"] + "拉萨,西藏自治区\n乌鲁木齐,新疆维吾尔自治区\n",
    "products.csv": FEED["products.csv"].replace("材质=棉", "材质=棉|毛重=600克").replace("6.1英寸", "6.1英寸|电池=5000mAh")
    + "P3,晒干红枣,枣乡,食品,袋,p3.svg,一袋红枣,净含量=500克|保质期=12个月,红枣\n"
    + "P4,轻声电饭煲,轻声,家电,台,p4.svg,一台电饭煲,容量=4升|保修=整机一年，内胆三年,电饭煲\n"
    + "P5,冰鲜虾,海口,食品,盒,p5.svg,一盒虾,贮存=零下18度|七天无理由=不支持,鲜虾\n",
    "variants.csv": FEED["variants.csv"] + "P3-1,P3,500克,spec=500克\nP4-1,P4,4升,spec=4升\nP5-1,P5,800克,spec=800克\n",
    "prices.csv": FEED["prices.csv"]
    + "P3-1,2026-01-01,50,60,58\nP4-1,2026-01-01,499,599,529\nP5-1,2026-01-01,119,139,129\n",
    "stock.csv": FEED["stock.csv"].replace("P2-1,BJ,9", "P2-1,BJ,20") + "P3-1,BJ,20,\nP4-1,BJ,5,\nP5-1,BJ,5,\n",
    "customers.csv": FEED["customers.csv"] + "C2,李测试,17000000002,上海,2026-01-01\nC3,新测试,17000000003,北京,2026-06-01\n",
    "accounts.csv": FEED["accounts.csv"] + "web,w2,C2\nweb,w3,C3\n",
    "orders.csv": ORDER_HEAD
    + "DX1,C1,wechat,x1,shipped,89.00,0,2026-06-01T10:00:00+08:00,2026-06-01T10:05:00+08:00,"
    + "2026-06-01T18:00:00+08:00,,,BJ,北京和平路1号,北京,,wechat,0\n"
    + "DX2,,web,guest,paid,178.00,0,2026-06-09T10:00:00+08:00,2026-06-09T10:05:00+08:00,,,,BJ,,,,,0\n"
    + "\n".join(ORDERS) + "\n",
    "order_lines.csv": LINES,
    "shipping_rules.csv": """warehouse_id,region,carrier,served,not_for,days_min,days_max,first_grams,first_fee,step_grams,step_fee,free_over
BJ,北京市,顺路速运,是,,1,1,1000,6.00,1000,2.00,99.00
BJ,新疆维吾尔自治区,中原快递,是,家电,5,8,1000,18.00,1000,10.00,
BJ,西藏自治区,中原快递,否,,6,9,1000,20.00,1000,10.00,
BJ,*,顺路速运,是,,2,4,1000,10.00,500,4.00,199.00
""",
    "size_charts.csv": """product_id,size,measure,low,high
P2,M,height,155,170
P2,M,weight,50,60
P2,L,height,170,178
P2,L,weight,60,70
P2,XL,height,180,188
P2,XL,weight,70,80
""",
    "product_origins.csv": """product_id,source,licence,licence_until,batch,inspection
P1,品牌授权经销,星河授权书 1,2026-06-10,P1-01,3C 认证
P2,品牌官方直供,素野授权书 2,2026-06-09,P2-01,检测合格
""",
    "promotions.csv": FEED["promotions.csv"] + """F,第二件半价,discount,percent=50|nth=2,2026-01-01,2027-01-01,食品,
G,买手机送贴膜,gift,over_fen=100000,2026-01-01,2027-01-01,手机,
K1,满100减20券,coupon,over_fen=10000|minus_fen=2000,2026-01-01,2026-07-01,服饰,
K2,新客减5券,coupon,over_fen=5000|minus_fen=500|new_customers=1,2026-01-01,2026-07-01,,
K3,过期券,coupon,over_fen=100|minus_fen=50,2026-01-01,2026-06-01,,
""",
    "coupons.csv": """id,promotion_id,customer_id,claimed_at,used_at,order_no
Y1,K1,C1,2026-06-01,,
Y3,K3,C1,2026-05-01,,
""",
}  # fmt: skip
