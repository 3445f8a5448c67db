"""The unified social credit code of Chinese organisations (GB 32100-2015)."""

import re

_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # 31 signs: no I, O, S, V, Z, which read like others
_FORM = re.compile(r"[1-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)


def check_sign(code: str) -> str:
    """The check sign for the first 17 signs: their values weighted with the powers of 3 modulo 31."""
    total = sum(_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return _SIGNS[-total % 31]


def is_credit_code(code: str) -> bool:
    """Whether `code` (upper case) is a credit code: registering office and kind, region, organisation, check sign."""
    return _FORM.fullmatch(code) is not None and code[17] == check_sign(code)
