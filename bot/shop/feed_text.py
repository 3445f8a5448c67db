"""The text of a feed file; whatever is no UTF-8 text of a sane size is refused with what to do."""

from pathlib import Path

MOST_BYTES = 200 * 2**20
_MARKS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "xlsx 表格或压缩包",
    b"\x1f\x8b": "gzip 压缩文件",
}


def read_text(path: Path) -> str:
    """The content of `path`, a leading byte order mark taken off.

    Raises:
        ValueError: the reason in Chinese.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"文件超过 {MOST_BYTES // 2**20} MB，请拆成几份")
    content = path.read_bytes()
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            raise ValueError(f"这是 {name}，不是 UTF-8 编码的文本，请另存为“CSV UTF-8”或 UTF-8 的 JSON")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"不是 UTF-8 编码（第 {line} 行起读不懂），请在表格软件里另存为“CSV UTF-8”") from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise ValueError(f"第 {line} 行含有空字符（NUL），文件已损坏，请重新导出")
    if text.lstrip()[:200].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise ValueError("这是网页（HTML 或 XML），不是数据文件，请检查下载地址和登录状态")
    return text
