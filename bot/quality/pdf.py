"""The daily report as a PDF: A4, Chinese in the reader's own Song typeface (Adobe's STSong-Light), no font file."""

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from bot.quality.report import Report, agent_rows, case_title, criterion_rows, headline, to_check_rows, unclear_told

_FONT = "STSong-Light"
_GREEN = colors.HexColor("#1d6b57")


def write_pdf(report: Report, path: Path) -> None:
    """Write the report to `path`; its folder is made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    title = f"{report.shop} {report.day:%m月%d日}质检日报"
    document = SimpleDocTemplate(
        str(path), pagesize=A4, title=title, author=report.shop, leftMargin=18 * mm, rightMargin=18 * mm,
        topMargin=16 * mm, bottomMargin=16 * mm,
    )  # fmt: skip
    document.build(_story(report, title), onFirstPage=_foot, onLaterPages=_foot)


def _story(report: Report, title: str) -> list[Any]:
    story: list[Any] = [_text(title, 18, 6), Spacer(1, 3 * mm)]
    unclear: list[Any] = []
    if report.unclear:
        unclear = [Spacer(1, 5 * mm), _text("单声道电话", 13, 3), _text(unclear_told(report))]
        unclear += [_text(f"· {row}", indent=4) for row in to_check_rows(report)]
    if not report.talks:
        return [*story, _text("这一天没有可以质检的对话。"), *unclear]
    story += [_text(headline(report)), Spacer(1, 4 * mm), _text("各项标准", 13, 3)]
    story.append(_table(("标准", "适用", "做到", "没做到", "做到率"), criterion_rows(report), (62, 28, 28, 28, 28)))
    story += [Spacer(1, 5 * mm), _text(f"问题最大的 {len(report.worst)} 个对话", 13, 3)]
    for number, case in enumerate(report.worst, 1):
        parts: list[Any] = [_text(f"{number}. {case_title(case)}", 10.5, 1.5, _GREEN)]
        for one in case.findings:
            parts.append(_text(f"{report.title_of(one.criterion)}（−{one.points:g} 分）：“{one.quote}”", indent=4))
            parts.append(_text(f"建议：{one.suggestion}", indent=8, colour=colors.HexColor("#4b5563")))
        story += [KeepTogether(parts), Spacer(1, 2.5 * mm)]
    story += [Spacer(1, 2 * mm), _text("客服", 13, 3)]
    story.append(_table(("客服", "对话", "平均分", "问题", "最该改进"), agent_rows(report), (50, 24, 28, 24, 48)))
    return [*story, *unclear]


def _text(text: str, size: float = 9.5, after: float = 1.0, colour: Any = colors.black, indent: float = 0) -> Paragraph:
    style = ParagraphStyle(
        "text", fontName=_FONT, fontSize=size, leading=size * 1.55, spaceAfter=after * mm, textColor=colour,
        alignment=TA_LEFT, leftIndent=indent * mm, wordWrap="CJK",
    )  # fmt: skip
    return Paragraph(escape(text), style)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]], widths: tuple[float, ...]) -> Table:
    table = Table([head, *rows], colWidths=[width * mm for width in widths], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), _FONT, 9.5),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e9f5f1")),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#d1d5db")),
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                ("TOPPADDING", (0, 0), (-1, -1), 3.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ]
        )
    )
    return table


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont(_FONT, 8)
    canvas.setFillColor(colors.HexColor("#6b7280"))
    canvas.drawRightString(A4[0] - 18 * mm, 9 * mm, f"第 {document.page} 页")
