"""The daily digest and the alerts, sent to real servers on the loopback."""

from collections.abc import Iterator

import pytest
from mail_server import MailServer, Webhook, running

from bot import clock
from bot.events import add
from bot.insight.alerts import recent_alerts, watch
from bot.insight.daily import run_when_due, send_when_due
from bot.insight.sending import DigestError, send
from bot.service_settings import Digest
from bot.settings import Settings
from tests.unit.insight.conftest import answers, asks, beijing, told


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with running(MailServer()) as server:
        yield server


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with running(Webhook()) as server:
        yield server


def by_mail(settings: Settings, mail: MailServer) -> None:
    settings.digest = Digest(
        email=["manager@example.com", "boss@example.com"], sender="bot@example.com", smtp_host="127.0.0.1",
        smtp_port=mail.port,
    )  # fmt: skip


def busy_day(settings: Settings, day: int, seconds: int) -> None:
    """Twenty visits, each answered after `seconds`, rated with two stars."""
    for n in range(20):
        name = f"c{day}-{n}"
        add(
            settings.events_url,
            [
                asks(f"{day} 10:00:00", conversation=name), answers(f"{day} 10:00:{seconds:02}", name),
                told("rating", f"{day} 10:01:00", name, stars=2, solved=True),
            ],
        )  # fmt: skip


def test_the_digest_of_yesterday_comes_once_by_mail(settings: Settings, mail: MailServer) -> None:
    by_mail(settings, mail)
    busy_day(settings, 23, 20)
    with clock.freeze(beijing("24 08:59:00")):
        assert not send_when_due(settings)
    with clock.freeze(beijing("24 09:00:30")):
        assert send_when_due(settings)
    with clock.freeze(beijing("24 11:00:00")):
        assert not send_when_due(settings)
    (message,) = mail.mails
    assert (message["To"], message["From"]) == ("manager@example.com, boss@example.com", "bot@example.com")
    assert message["Subject"] == "店小二 2026-11-23 日报"
    text = message.get_content()
    assert "来访 20 次" in text and "| 首次响应 | ✗ 20.0 秒 | — | 15.0 秒 |" in text
    assert "没达到目标：**首次响应 20.0 秒（目标 15.0 秒）" in text
    with clock.freeze(beijing("25 09:01:00")):
        assert send_when_due(settings)  # the next day's
    assert "没有顾客来访" in mail.mails[-1].get_content()


def test_a_mail_that_was_refused_is_sent_later(settings: Settings, mail: MailServer) -> None:
    by_mail(settings, mail)
    mail.refuses = True
    with clock.freeze(beijing("24 09:00:00")):
        assert not send_when_due(settings)
    mail.refuses = False
    with clock.freeze(beijing("24 09:05:00")):
        assert not send_when_due(settings)  # too soon
    with clock.freeze(beijing("24 09:10:00")):
        assert send_when_due(settings)
    assert len(mail.mails) == 1


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "json"])
def test_the_webhook_gets_the_form_that_its_platform_reads(webhook: Webhook, kind: str) -> None:
    assert send(Digest(webhook=webhook.url, format=kind), "日报", "**正文**") == ["webhook"]
    expected = {
        "wecom": {"msgtype": "markdown", "markdown": {"content": "**正文**"}},
        "dingtalk": {"msgtype": "markdown", "markdown": {"title": "日报", "text": "**正文**"}},
        "feishu": {"msg_type": "text", "content": {"text": "**正文**"}},
        "json": {"text": "**正文**"},
    }
    assert webhook.posted == [expected[kind]]


def test_one_place_that_fails_keeps_no_other_from_it_and_no_key_is_told(mail: MailServer, webhook: Webhook) -> None:
    webhook.status = 500
    both = {"email": ["m@example.com"], "sender": "b@example.com", "smtp_host": "127.0.0.1", "smtp_port": mail.port}
    with pytest.raises(DigestError) as failed:
        send(Digest(webhook=webhook.url, **both), "日报", "正文")
    assert "webhook" in str(failed.value) and "secret-key" not in str(failed.value)
    assert len(mail.mails) == 1


def test_a_missed_target_is_told_once_on_the_day_it_is_missed(settings: Settings, webhook: Webhook) -> None:
    settings.digest = Digest(webhook=webhook.url, format="json")
    busy_day(settings, 24, 20)
    with clock.freeze(beijing("24 10:30:00")):
        new = {alert.figure.key for alert in watch(settings)}
    assert new == {"first_response", "round_response", "conversion", "csat"}
    assert "满意度 2.00 分（目标 4.20 分）" in webhook.posted[0]["text"]
    with clock.freeze(beijing("24 18:00:00")):
        assert watch(settings) == []
    assert len(webhook.posted) == 1
    with clock.freeze(beijing("25 10:00:00")):
        assert all(alert.sent for alert in recent_alerts(settings.events_url))
        assert watch(settings) == []  # a new day without visits


def test_an_alert_that_could_not_be_sent_waits_for_the_next_time(settings: Settings, webhook: Webhook) -> None:
    settings.digest = Digest(webhook=webhook.url, format="json")
    busy_day(settings, 24, 20)
    webhook.status = 503
    with clock.freeze(beijing("24 10:30:00")), pytest.raises(DigestError):
        watch(settings)
    webhook.status = 200
    with clock.freeze(beijing("24 10:35:00")):
        run_when_due(settings)
    with clock.freeze(beijing("24 10:40:00")):
        run_when_due(settings)
        assert all(alert.sent for alert in recent_alerts(settings.events_url))
    assert len(webhook.posted) == 3  # refused, taken, and the digest of the day before


def test_few_visits_are_no_reason_for_an_alert(settings: Settings) -> None:
    add(settings.events_url, [asks("24 10:00:00"), answers("24 10:00:50")])
    with clock.freeze(beijing("24 11:00:00")):
        assert watch(settings) == []
