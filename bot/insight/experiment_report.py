"""The experiments for people to read: progress, figures, verdict."""

from bot.clock import local
from bot.experiments import Experiment, load_experiments
from bot.insight.projection import refresh
from bot.insight.verdict import Arm, Compared, Verdict, arms_of, judge
from bot.settings import Settings

STATUSES = {"draft": "未开始", "running": "进行中", "stopped": "已停止"}


def report(settings: Settings) -> str:
    """All experiments of data/experiments.yml with their verdicts, as text."""
    experiments = load_experiments()
    if not experiments:
        return "data/experiments.yml 里还没有实验"
    refresh(settings)
    return "\n\n".join(_told(settings, name, experiment) for name, experiment in experiments.items())


def _told(settings: Settings, name: str, experiment: Experiment) -> str:
    winner = f"，已采用 {experiment.winner}" if experiment.winner else ""
    lines = [f"{name}　{experiment.title}（{STATUSES[experiment.status]}{winner}）"]
    if experiment.started_at is None:
        return "\n".join([*lines, f"  {conclusion(judge(experiment, {}))}"])
    arms, mixed = arms_of(settings.events_url, name, experiment)
    verdict = judge(experiment, arms, mixed)
    lines += [_arm(experiment, arm) for arm in arms.values()]
    lines += [_comparison(experiment, compared) for compared in verdict.compared]
    return "\n".join([*lines, f"  {conclusion(verdict)}"])


def _arm(experiment: Experiment, arm: Arm) -> str:
    rated = sum(arm.stars)
    stars = f"，满意度 {sum(s * n for s, n in enumerate(arm.stars, 1)) / rated:.2f}（{rated} 人评）" if rated else ""
    title = experiment.variants[arm.variant].title
    return f"  {arm.variant}　{title}：{arm.customers} 人，下单 {arm.converted} 人，转化率 {arm.rate:.2%}{stars}"


def _comparison(experiment: Experiment, compared: Compared) -> str:
    lift = compared.lift
    return (
        f"  {compared.arm.variant} 比 {experiment.control}：{100 * lift.difference:+.2f} 个百分点"
        f"（95% 区间 {100 * lift.low:+.2f} 到 {100 * lift.high:+.2f}，p={lift.always_valid_p:.4f}）"
    )


def conclusion(verdict: Verdict) -> str:
    """The verdict in a sentence that says what to do."""
    if verdict.outcome == "draft":
        return f"还没有开始；每个方案至少需要 {verdict.needed} 位顾客"
    if verdict.outcome == "too_early":
        assert verdict.until is not None
        return f"还不能下结论：至少要到 {local(verdict.until):%m月%d日 %H:%M}"
    if verdict.outcome == "too_few":
        return f"还不能下结论：每个方案至少需要 {verdict.needed} 位顾客"
    if verdict.outcome == "broken_split":
        return f"分流不正常（p={verdict.split_p:.5f}），数据不可信，请检查欢迎、推荐或促销的动作，修好后重新开始"
    if verdict.outcome == "winner":
        return f"方案 {verdict.winner} 胜出，可以采用"
    if verdict.outcome == "worse":
        return "新方案更差，建议停止"
    return "没有发现达到要求的差别，可以继续，也可以停止"
