"""What the values of a cut are called."""

from bot.insight.people import GUEST
from bot.nlu.taxonomy import load_taxonomy
from bot.shop.segments import load_segments

CHANNELS = {
    "webchat": "网页", "web": "网页", "wechat": "微信公众号", "wecom": "企业微信", "wechat_kf": "微信客服",
    "feishu": "飞书", "dingtalk": "钉钉", "open": "开放渠道", "rest": "REST 接口",
}  # fmt: skip
HANDLED = {"bot": "机器人", "agent": "客服", "nobody": "没有人"}


def segment_titles() -> dict[str, str]:
    """Segment → title, also of whom the shop does not know."""
    return {**{segment.name: segment.title for segment in load_segments()}, GUEST: "游客"}


def titles_of(cut: str) -> dict[str, str]:
    """Value → title for one cut; values without a title are their own."""
    known = {"segment": segment_titles, "handled_by": lambda: HANDLED, "channel": lambda: CHANNELS}
    return known.get(cut, lambda: load_taxonomy().titles)()
