"""Signatures and envelopes: the platforms' published examples, wechatpy as a second implementation, and damage."""

import base64
import json

import pytest
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto
from wechatpy.exceptions import InvalidAppIdException
from wechatpy.utils import WeChatSigner

from bot.channels.aes import Envelope
from bot.channels.checks import Refused, same, seconds_of, sha1_of_sorted

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def test_the_example_of_wechats_own_library() -> None:
    encrypted = (
        "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9"
        "FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3y"
        "t+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v"
        "6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
    )
    assert (
        sha1_of_sorted("spamtest", "1409735669", "1320562132", encrypted) == "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
    )
    message = Envelope(KEY, "wx2c2769f8efd9abc2").decrypt(encrypted)
    assert b"<Content><![CDATA[abcdteT]]></Content>" in message and b"6054768590064713728" in message


def test_the_example_of_wecoms_own_library() -> None:
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    assert sha1_of_sorted("QDG6eK", "1409659589", "263014780", echo) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    envelope = Envelope("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
    assert envelope.decrypt(echo) == b"1616140317555161061"


def test_the_example_of_dingtalks_documentation() -> None:
    encrypted = (
        "1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRWVdUBmfxjZ8Ej23JVYa9V"
        "rYeJ5as7XM/ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ=="
    )
    assert (
        sha1_of_sorted("123456", "1445827045067", "nEXhMP4r", encrypted) == "5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0"
    )
    message = Envelope("4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij", "suite4xxxxxxxxxxxxxxx").decrypt(encrypted)
    assert json.loads(message) == {
        "EventType": "check_create_suite_url",
        "Random": "LPIdSnlF",
        "TestSuiteKey": "suite4xxxxxxxxxxxxxxx",
    }


@fuzzed
@given(st.text(max_size=200), st.from_regex(r"[a-z0-9]{1,30}", fullmatch=True))
def test_wechatpy_reads_ours_and_we_read_wechatpys(message: str, receiver: str) -> None:
    ours, theirs = Envelope(KEY, receiver), PrpCrypto(base64.b64decode(KEY + "="))
    assert theirs.decrypt(ours.encrypt(message.encode()), receiver) == message
    assert ours.decrypt(theirs.encrypt(message, receiver).decode()) == message.encode()


def test_wechatpy_signs_the_same() -> None:
    signer = WeChatSigner()
    signer.add_data("token", "1409735669", "nonce", "密文")
    assert sha1_of_sorted("token", "1409735669", "nonce", "密文") == signer.signature


def test_another_receivers_message_is_refused_as_wechatpy_does() -> None:
    encrypted = Envelope(KEY, "wx1").encrypt(b"hello")
    with pytest.raises(Refused, match="another receiver"):
        Envelope(KEY, "wx2").decrypt(encrypted)
    with pytest.raises(InvalidAppIdException):
        PrpCrypto(base64.b64decode(KEY + "=")).decrypt(encrypted, "wx2")


@fuzzed
@given(st.one_of(st.text(max_size=120), st.binary(max_size=160).map(lambda b: base64.b64encode(b).decode())))
def test_rubbish_is_refused_and_never_an_error(rubbish: str) -> None:
    with pytest.raises(Refused):
        Envelope(KEY, "wx1").decrypt(rubbish)


@fuzzed
@given(st.integers(0, 10_000), st.integers(1, 255), st.binary(max_size=70))
def test_a_changed_byte_never_yields_the_receivers_message_silently(place: int, change: int, message: bytes) -> None:
    envelope = Envelope(KEY, "wx1")
    damaged = bytearray(base64.b64decode(envelope.encrypt(message)))
    damaged[place % len(damaged)] ^= change
    try:
        read = envelope.decrypt(base64.b64encode(bytes(damaged)).decode())
    except Refused:
        return
    # CBC itself proves nothing, the signature does; what still opens must at least keep its length.
    assert len(read) == len(message)


@pytest.mark.parametrize("cut", [1, 15, 16, 17, 31, 32, 33])
def test_truncated_envelopes_are_refused(cut: int) -> None:
    whole = base64.b64decode(Envelope(KEY, "wx1").encrypt(b"x" * 60))
    with pytest.raises(Refused):
        Envelope(KEY, "wx1").decrypt(base64.b64encode(whole[:-cut]).decode())


@pytest.mark.parametrize("key", ["", "short", KEY + "x", "中" * 43, "-" * 43])
def test_a_wrong_key_is_named_at_the_start(key: str) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        Envelope(key, "wx1")


@fuzzed
@given(st.one_of(st.none(), st.integers(), st.text(max_size=40), st.lists(st.integers(), max_size=2)))
def test_comparison_and_timestamps_take_anything(given_value: object) -> None:
    assert not same("the signature of ours that nobody has", given_value)
    try:
        assert seconds_of(given_value) >= 0
    except Refused as refused:
        assert refused.status == 400
