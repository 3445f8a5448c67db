"""XML from outside is small, flat and without entities, or it is refused."""

import pytest
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import xml
from bot.channels.checks import Refused

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;">]>'
    b"<xml><Content>&lol2;</Content></xml>"
)
FILE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><Content>&x;</Content></xml>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        FILE,
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1/a.dtd"><xml><a>1</a></xml>',
        b"",
        b"<xml>",
        b"<xml><a>1</a>",
        b"{}",
        b"<xml>words</xml>",
        b"<xml><a>\x00</a></xml>",
        b'<?xml version="1.0" encoding="nonsense"?><xml><a>1</a></xml>',
        b"<xml>" + b"<a>" * 50 + b"</a>" * 50 + b"</xml>",
        b"<xml><a>" + b"x" * xml.LARGEST + b"</a></xml>",
    ],
)
def test_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        xml.parse(body)


def test_a_message() -> None:
    fields = xml.parse(
        "<xml><MsgType><![CDATA[text]]></MsgType><A><B>乙</B></A><Content>a &lt; b</Content></xml>".encode()
    )
    assert fields == {"MsgType": "text", "A": {"B": "乙"}, "Content": "a < b"}
    assert xml.text_of(fields, "MsgType") == "text"
    assert xml.text_of(fields, "A") == xml.text_of(fields, "nothing") == ""


@fuzzed
@given(st.dictionaries(st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True), st.text(max_size=50), min_size=1, max_size=5))
def test_what_is_rendered_reads_the_same(fields: dict[str, str]) -> None:
    readable = {
        name: "".join(
            c for c in value if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff")
        )
        for name, value in fields.items()
    }
    assert xml.parse(xml.render("xml", readable).encode()) == readable


@fuzzed
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(alphabet="<>&;!/[]xmlCDATA=\"'- \n", max_size=200).map(str.encode),
        st.lists(
            st.sampled_from(["<xml>", "</xml>", "<a>", "</a>", "<![CDATA[", "]]>", "&amp;", "&#0;", "&x;", "中"]),
            max_size=12,
        ).map(lambda parts: ("<xml>" + "".join(parts) + "</xml>").encode()),
    )
)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        assert isinstance(xml.parse(body), dict)
    except Refused as refused:
        assert refused.status in (400, 413)
