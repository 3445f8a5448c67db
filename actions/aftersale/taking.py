"""What a message answers or corrects of the questions that a flow about an order asks."""

from actions.aftersale.case import Case
from actions.aftersale.fields import named
from actions.aftersale.going_on import without
from actions.aftersale.order_flow import ORDER, OrderFlow
from actions.aftersale.words import meanings
from actions.turn import ANSWER_INTENTS, Turn

CORRECTION = "correction"  # the question 哪里不对, which no form requires


def takes(flow: OrderFlow, turn: Turn) -> bool:
    """Whether what the message mentions may be an answer, and is no part of another question."""
    mine = ANSWER_INTENTS | flow.entries
    return turn.activating or turn.is_button or turn.intent in mine or not turn.sure


def take(flow: OrderFlow, turn: Turn, case: Case) -> tuple[bool, Case]:
    """What the message answers or corrects."""
    heard = False
    for name in _corrected(flow, turn):
        case, heard = without(case, name), True
    for field in flow.fields:
        case = _with_only_item(flow, case)
        asked = turn.requested in (field.name, CORRECTION)
        if not asked and not takes(flow, turn):
            continue
        if field.name in flow.not_needed(case) and not turn.activating:
            continue
        value = field.read(turn, case, turn.requested == field.name)
        more = field.extra(turn, case, turn.requested == field.name)
        if any(case.get(name) != extra for name, extra in more.items()):
            heard, case = True, case.with_values(**more)
        if value is None or value == case.get(field.name):
            continue
        if case.get(field.name) is not None:
            case = without(case, field.name)
        heard, case = True, case.with_values(**{field.name: value})
    if turn.activating and turn.written:
        case = case.with_values(note=turn.written.strip()[:200])
    elif heard and turn.requested == "reason" and turn.written:
        case = case.with_values(note=f"{case.get('note') or ''} {turn.written}".strip()[:200])
    return heard, case


def _with_only_item(flow: OrderFlow, case: Case) -> Case:
    """What is said about goods is about the order's only line."""
    lines = case.order.lines if case.order else ()
    matters = "item" in flow.slots and "item" not in flow.not_needed(case)
    return case.with_values(item=lines[0].sku) if matters and len(lines) == 1 else case


def _corrected(flow: OrderFlow, turn: Turn) -> list[str]:
    if turn.activating:
        return []
    names = [named(turn, "correct"), *(meanings("correct", turn.text) if turn.text else [])]
    return [name for name in names if name in flow.slots and name != ORDER]
