"""Things people say to shops, of no shop in particular: what an encoder makes of them is the middle of all questions.

The entries' own questions join them; of a shop with few entries they alone would be no fair middle.
"""

BACKGROUND = (
    "在吗", "这个多少钱", "有没有货", "什么时候发货", "快递到哪里了", "我要退货", "怎么还没退款",
    "能便宜一点吗", "有优惠券吗", "发票怎么开", "可以换个颜色吗", "尺码怎么选", "适合老人用吗", "这两款哪个好",
    "是正品吗", "坏了怎么修", "保修几年", "怎么安装", "怎么清洗", "连不上怎么办", "保质期多久",
    "含什么成分", "孩子能用吗", "皮肤过敏怎么办", "收到的东西是破的", "少发了一件", "地址写错了", "我要取消订单",
    "可以分期吗", "付款失败了", "转人工客服", "我要投诉", "你是机器人吗", "今天天气怎么样", "讲个笑话",
    "谢谢你", "再见", "账号密码忘了", "附近有什么好吃的", "帮我写一篇作文",
)  # fmt: skip
