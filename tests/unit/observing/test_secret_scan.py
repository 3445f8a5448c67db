"""The secret scan finds what must not be there, also in what history once added, and is calm about the rest."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from bot.settings import ROOT

_spec = importlib.util.spec_from_file_location("secret_scan", ROOT / "scripts" / "secret_scan.py")
assert _spec is not None and _spec.loader is not None
secret_scan = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(secret_scan)

# Put together here, so that this file itself is clean.
SECRETS = [
    "AKIA" + "QYLPMN5HHHFPZZ7A",
    "LTAI" + "5tQnUvWxYz8kLmN2pRsT",
    "ghp_" + "q7Wm2Kx9Rt4Yv8Bn3Lc6Zs1Dh5Gj0PfEaUiO",
    "url: postgresql://shop:" + "h7Kq2mZx9w@10.0.0.5/shop",
    'token = "' + "q7Wm2Kx9Rt4Yv8Bn3Lc6Zs1Dh5" + '"',
    "-----BEGIN RSA " + "PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA7q7Wm2Kx9Rt4",
]
CALM = [
    "url: postgresql://dianxiaoer:${SHOP_DB_PASSWORD}@127.0.0.1/dianxiaoer",
    'SECRET = "0123456789abcdef0123456789abcdef"',
    "token: str = Field(default='', repr=False)",
    'password = "correct-horse-battery-staple"',
    SECRETS[0] + "  # no secret",
]


@pytest.mark.parametrize("number", range(len(SECRETS)))
def test_finds_secrets(number: int) -> None:
    assert secret_scan.found_in(SECRETS[number])


@pytest.mark.parametrize("number", range(len(CALM)))
def test_is_calm_about_the_rest(number: int) -> None:
    assert secret_scan.found_in(CALM[number]) is None


def test_history_is_searched_and_the_secret_is_not_repeated(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "a.yml").write_text(f"one: 1\nkey: {SECRETS[0]}\n", encoding="utf8")
    git("add", "a.yml")
    git("commit", "-m", "one")
    found = list(secret_scan.scan(secret_scan.tracked(tmp_path)))
    assert found == ["a.yml:2：AWS 密钥"]
    (tmp_path / "a.yml").write_text("one: 1\n", encoding="utf8")
    git("commit", "-am", "two")
    assert list(secret_scan.scan(secret_scan.tracked(tmp_path))) == []
    found = list(secret_scan.scan(secret_scan.history(tmp_path)))
    assert len(found) == 1 and "a.yml" in found[0] and SECRETS[0] not in found[0]
