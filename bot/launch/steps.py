"""The steps before the first customer: encoder, databases, model, web pages. Each is skipped when it is up to date."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bot.launch.problems import LaunchError, explain
from bot.settings import ROOT, Settings, get_settings

MODELS = ROOT / "models"
WEB = ROOT / "bot" / "web"
MODEL_SOURCES = (
    "config.yml",
    "domain.yml",
    "data/nlu",
    "data/stories",
    "data/rules",
    "bot/nlu",
    "requirements.lock",
)
WEB_SOURCES = (
    "src",
    "public",
    "index.html",
    "desk.html",
    "manage.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
)
# An unpacked model, its archive and Rasa's cache of components.
ROOM_FOR_TRAINING_MB = 1000


def say(text: str) -> None:
    print(text, flush=True)


def newest(paths: Iterable[Path]) -> float:
    """The latest modification time (seconds) of the files in `paths` and below them; 0 when there are none."""
    latest = 0.0
    for path in paths:
        files = path.rglob("*") if path.is_dir() else [path]
        times = (f.stat().st_mtime for f in files if f.is_file() and f.suffix != ".pyc")
        latest = max([latest, *times])
    return latest


def newest_model() -> Path | None:
    """The model that a server would load, or None."""
    return max(MODELS.glob("*.tar.gz"), key=lambda f: f.stat().st_mtime, default=None)


def run_step(command: Sequence[str], *, cwd: Path = ROOT, failed: str) -> None:
    """Run a child to its end with its output shown.

    Raises:
        LaunchError: `failed`, when the child cannot be started or exits with an error.
    """
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
    if subprocess.run(command, cwd=cwd, env=environment, check=False).returncode != 0:
        raise LaunchError(failed)


def check_room(folder: Path, megabytes: int) -> None:
    """Raise LaunchError when fewer than `megabytes` are free where `folder` lies."""
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise LaunchError(f"磁盘只剩 {free} MB，这一步需要约 {megabytes} MB，请先腾出空间")


def build_encoder() -> None:
    from bot.nlu.encoder import AUTO, EncoderError, build, sources_of

    for source in sources_of(AUTO):
        try:
            build(source, progress=say)
        except EncoderError as error:
            raise LaunchError(str(error)) from error


def build_speech_model() -> None:
    from bot.speech import SpeechError
    from bot.speech.model import build

    settings = get_settings()
    if settings.operations.speech.model:
        say(f"  用 data/operations.yml 里写的 {settings.operations.speech.model}")
        return
    try:
        build(settings, say)
    except SpeechError as error:
        raise LaunchError(str(error)) from error


def create_databases(progress: Callable[[str], None] = say) -> None:
    from bot.launch.outside import create_database
    from bot.shop import upgrade_and_seed
    from bot.upkeep.migrating import migrate
    from bot.upkeep.stores import databases

    settings = get_settings()
    for url in databases(settings).values():
        create_database(url)
    is_new = upgrade_and_seed(settings.shop_url, progress=progress)
    migrate(settings)
    seed_knowledge(progress)
    if is_new:
        _fill_figures(settings, progress)


def seed_knowledge(progress: Callable[[str], None] = say) -> None:
    """The tables of the knowledge base, and the entries of data/knowledge in an empty one."""
    from bot import db
    from bot.knowledge.store import FOLDER, entries_version
    from bot.knowledge.sync import sync

    settings = get_settings()
    db.upgrade(settings.knowledge_url, "knowledge")
    if entries_version(settings.knowledge_url) or not any(FOLDER.glob("*.json")):
        return
    progress("知识库是空的，正在导入 data/knowledge …")
    report = sync(settings, FOLDER, progress=progress)
    if report.rejected:
        raise LaunchError("知识库有误：\n" + "\n".join(report.lines()))
    progress(f"知识库已导入：{sum(len(changes.new) for changes in report.files.values())} 条")


def _fill_figures(settings: Settings, progress: Callable[[str], object]) -> None:
    from bot.insight.demo import fill
    from bot.insight.demo_faq import fill_questions
    from bot.insight.peers import import_peers
    from bot.learning.demo import fill as fill_loop
    from bot.quality.demo import fill as fill_quality

    # The shop is the demo shop: its management site shall have something to show.
    progress("  正在生成三个月的演示会话……")
    count = fill(settings)
    import_peers(settings.events_url)
    asked = fill_questions(settings.knowledge_url)
    progress(f"  演示会话已生成：{count} 个事件，{asked} 次知识提问")
    progress(f"  演示质检已生成：{fill_quality(settings)} 个对话")
    progress(f"  演示学习闭环已生成：{fill_loop(settings.events_url)} 句话")


def train_model() -> None:
    model = newest_model()
    sources = [*(ROOT / source for source in MODEL_SOURCES), get_settings().var / "finetuned"]
    if model and model.stat().st_mtime > newest(sources):
        say(f"  模型已是最新：{model.name}")
        return
    check_room(ROOT, ROOM_FOR_TRAINING_MB)
    run_step(
        [sys.executable, "-m", "bot.launch.training", "train", "--quiet"],
        failed="训练失败，原因见上。改过 YAML 的话，先用 make check 检查",
    )


def build_web() -> None:
    index = WEB / "dist" / "index.html"
    if index.exists() and index.stat().st_mtime > newest(WEB / s for s in WEB_SOURCES):
        say("  网页已是最新")
        return
    npm = require_node()
    installed = WEB / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (WEB / "package-lock.json").stat().st_mtime:
        run_step(
            [npm, "ci", "--no-audit", "--no-fund"],
            cwd=WEB,
            failed="npm ci 失败，原因见上，请检查网络或 npm 镜像",
        )
    run_step([npm, "run", "build"], cwd=WEB, failed="构建网页失败，原因见上")


def require_node() -> str:
    """The path of npm.

    Raises:
        LaunchError: Node is missing or older than 20.19, which Vite needs.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    advice = "请安装 Node 20.19 或更新的版本（nvm install 20，或从系统的包管理器安装 nodejs 和 npm）"
    if not node or not npm:
        raise LaunchError(f"没有找到 Node，网页无法构建。{advice}")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < (20, 19):
        raise LaunchError(f"Node 版本是 {version or '未知'}，太旧。{advice}")
    return npm


STEPS: dict[str, tuple[str, Callable[[], None]]] = {
    "encoder": ("中文编码器", build_encoder),
    "speech": ("语音模型", build_speech_model),
    "shop": ("数据库", create_databases),
    "model": ("对话模型", train_model),
    "web": ("网页", build_web),
}


def prepare(only: Sequence[str] = ()) -> None:
    """Bring the named steps (all of `STEPS` by default) up to date.

    Raises:
        LaunchError: a step failed; says which and what to do.
    """
    names = list(only) or list(STEPS)
    for number, name in enumerate(names, start=1):
        title, step = STEPS[name]
        say(f"▶ [{number}/{len(names)}] {title}")
        began = time.monotonic()
        try:
            step()
        except OSError as error:
            raise explain(error) from error
        say(f"✓ [{number}/{len(names)}] {title}，用时 {time.monotonic() - began:.1f} 秒")
