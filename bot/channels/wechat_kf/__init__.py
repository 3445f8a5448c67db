"""微信客服: customers in WeChat who write to a customer-service account of WeCom."""

from bot.channels.wechat_kf.channel import WeChatKf

__all__ = ["WeChatKf"]
