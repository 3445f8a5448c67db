"""Each criterion of data/quality.yml on conversations that keep it, miss it, and do not concern it."""

import pytest

from bot.quality.inspector import Inspector
from bot.quality.reader import load_rules
from bot.quality.talk import Talk
from bot.quality.verdicts import Found
from tests.unit.quality.conftest import NoMeaning
from tests.unit.quality.talks import talk


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector(load_rules(), NoMeaning())


def found(inspector: Inspector, one: Talk, criterion: str) -> Found:
    return inspector.inspect([one])[0].found[criterion]


@pytest.mark.parametrize(
    ("criterion", "expected", "one"),
    [
        ("greeting", "pass", talk("c 0 在吗", "a 5 您好，我是客服小林")),
        ("greeting", "pass", talk("c 0 在吗", "a 5 稍等", "a 9 亲，在的")),
        ("greeting", "fail", talk("c 0 有货吗", "a 5 有货", "a 5 要吗", "a 5 您好")),
        ("greeting", "na", talk("c 0 有货吗", "b 1 有货")),
        ("closing", "pass", talk("c 0 谢谢", "a 5 不客气，祝您生活愉快")),
        ("closing", "pass", talk("c 0 好的", "a 5 有其他问题随时联系我哦", "a 5 先这样")),
        ("closing", "fail", talk("c 0 好的", "a 5 嗯")),
        ("closing", "na", talk("c 0 好的", "a 5 嗯", ended=False)),
        ("apology", "pass", talk("c 0 等了三天了", "a 5 非常抱歉，让您久等", scores=[2])),
        ("apology", "pass", talk("c 0 气死我了", "a 5 我理解您的心情，别着急", scores=[1])),
        ("apology", "pass", talk("c 0 太差了", "a 5 没能帮到您很抱歉", scores=[2])),
        ("apology", "fail", talk("c 0 太差了", "a 5 没什么好抱歉的", scores=[2])),
        ("apology", "fail", talk("c 0 你们给我道歉", "a 5 为什么要道歉", scores=[1])),
        ("apology", "fail", talk("a 0 抱歉久等", "c 9 收到的是坏的", "a 9 拍照", intents=["report_item_problem"])),
        ("apology", "na", talk("c 0 有货吗", "a 5 有货", intents=["ask_stock"])),
        ("forbidden", "fail", talk("c 0 防水吗", "a 5 您自己看详情页")),
        ("forbidden", "fail", talk("c 0 怎么办", "a 5 这个不归我们管")),
        ("forbidden", "fail", talk("c 0 快点", "a 5 急什么，等着")),
        ("forbidden", "pass", talk("c 0 防水吗", "a 5 不好意思，我帮您看一下详情页")),
        ("forbidden", "pass", talk("c 0 滚筒洗衣机有吗", "a 5 滚筒的有现货")),
        ("response_gap", "pass", talk("c 0 有货吗", "a 60 有的")),
        ("response_gap", "fail", talk("c 0 有货吗", "a 61 有的")),
        ("response_gap", "fail", talk("c 0 有货吗", "b 16 有的")),
        ("response_gap", "fail", talk("c 0 有货吗", "c 50 在吗", "a 20 有的")),
        ("response_gap", "na", talk("c 0 有货吗")),
        ("answered", "pass", talk("c 0 有货吗", "a 5 有现货", intents=["ask_stock"])),
        ("answered", "pass", talk("c 0 什么时候发货", "a 5 今天18点前", intents=["ask_delivery_time"])),
        ("answered", "pass", talk("c 0 能退吗", "a 5 可以的", intents=["return_goods"])),
        ("answered", "pass", talk("c 0 到哪了", "a 5 我查一下", "a 60 到杭州了", intents=["track_logistics"])),
        ("answered", "pass", talk("c 0 穿什么码", "a 5 请问身高体重多少", intents=["ask_size"])),
        ("answered", "fail", talk("c 0 到哪了", "a 5 我帮您查一下，稍等", intents=["track_logistics"])),
        ("answered", "fail", talk("c 0 防水吗", "a 5 您自己看详情页", intents=["ask_product_info"])),
        ("answered", "fail", talk("c 0 防水吗", intents=["ask_product_info"])),
        ("answered", "fail", talk("c 0 能退吗", "b 1 没太明白您的意思", intents=["return_goods"])),
        ("answered", "na", talk("c 0 好的", "a 5 嗯")),
        ("sale", "pass", talk("c 0 多少钱", "a 5 99元，需要帮您下单吗", intents=["ask_price"])),
        ("sale", "pass", talk("c 0 多少钱", "a 5 99元", intents=["ask_price"], facts=[(5, "order")])),
        ("sale", "fail", talk("c 0 多少钱", "a 5 99元", intents=["ask_price"])),
        ("sale", "na", talk("c 0 多少钱", "c 5 算了不要了", "a 5 好", intents=["ask_price", "deny"])),
        ("sale", "na", talk("c 0 多少钱 这么慢", "a 5 99元", intents=["ask_price"], scores=[2])),
        ("sale", "na", talk("c 0 退款呢", "a 5 好的", intents=["ask_refund"])),
        ("promise", "pass", talk("c 0 发货吗", "a 5 今天给您发货", facts=[(60, "shipped")])),
        ("promise", "fail", talk("c 0 发货吗", "a 5 今天给您发货", facts=[(60 * 24, "shipped")])),
        ("promise", "pass", talk("c 0 查下", "a 5 我马上帮您查", "a 90 包裹到杭州转运中心了")),
        ("promise", "fail", talk("c 0 查下", "a 5 我马上帮您查")),
        ("promise", "fail", talk("c 0 查下", "a 5 十分钟内给您回复", "a 900 查到了，在杭州")),
        ("promise", "pass", talk("c 0 查下", "a 5 十分钟内给您回复", "a 500 查到了，在杭州")),
        ("promise", "na", talk("c 0 查下", "a 5 今天给您发货", known_days=0.1)),
        ("promise", "na", talk("c 0 几时发", "a 5 预计今天发货")),
        ("promise", "na", talk("c 0 几时发", "a 5 现在下单今天给您发货")),
        ("promise", "na", talk("c 0 怎么办", "a 5 需要我帮您催一下吗？")),
        ("promise", "na", talk("c 0 几时能收到", "a 5 下单的话今天能发出")),
        ("promise", "pass", talk("c 0 修了又坏", "a 5 主管下午五点前给你打电话", facts=[(60, "call")])),
        ("promise", "fail", talk("c 0 修了又坏", "a 5 主管下午五点前给你打电话", facts=[(60 * 12, "call")])),
        ("promise", "fail", talk("c 0 修了又坏", "a 5 今天给你答复", "c 9 真的吗", "a 9 真的，您放心好了")),
        ("promise", "pass", talk("c 0 修了又坏", "a 5 今天给你答复", "a 7200 修好了，您随时来取")),
        ("promise", "fail", talk("c 0 发报告", "a 5 好的，我稍后发您", "c 900 报告呢", "a 60 在找")),
        ("promise", "pass", talk("c 0 发报告", "a 5 好的，我稍后发您", "a 60 [文件]")),
        ("apology", "fail", talk("c 0 杯子炸了，手划了个口子", "a 5 麻烦拍张照片")),
        ("apology", "na", talk("c 0 会过敏吗", "a 5 不含酒精，敏感肌可以用")),
        ("risk_language", "fail", talk("c 0 多少钱", "a 5 加我微信给您便宜")),
        ("risk_language", "fail", talk("c 0 好用吗", "a 5 全网最低，绝对不过敏")),
        ("risk_language", "fail", talk("c 0 收到了", "a 5 五星好评返现5元")),
        ("risk_language", "pass", talk("c 0 真的吗", "a 5 我们不会向您索要验证码和密码")),
        ("risk_language", "pass", talk("c 0 面料", "a 5 面料是100%棉")),
        ("risk_language", "pass", talk("c 0 怎么付", "a 5 请不要私下转账")),
        ("risk_escalated", "pass", talk("c 0 我要打12315", "a 5 您的情况我马上转给主管")),
        ("risk_escalated", "pass", talk("c 0 找律师告你们", "a 5 稍等", facts=[(3, "ticket")])),
        ("risk_escalated", "fail", talk("c 0 我要曝光你们", "a 5 不用找领导，领导也没用")),
        ("risk_escalated", "na", talk("c 0 有货吗", "a 5 有")),
    ],
)  # fmt: skip
def test_a_criterion_judges(inspector: Inspector, criterion: str, expected: str, one: Talk) -> None:
    result = found(inspector, one, criterion)
    assert result.verdict == expected, f"{[line.text for line in one.lines]} → {result.quote}"


def test_the_quote_is_the_very_words_at_their_place(inspector: Inspector) -> None:
    result = found(inspector, talk("c 0 多少钱", "a 5 亲，加我微信给您便宜"), "risk_language")
    assert result.line is not None and result.match is not None
    assert result.quote == "加我微信"
    assert result.line.text[result.match.start : result.match.end] == "加我微信"


def test_a_promise_that_is_not_due_yet_says_until_when(inspector: Inspector) -> None:
    result = found(inspector, talk("c 0 发吗", "a 5 今天给您发货", known_days=0.1), "promise")
    assert result.due is not None
    assert f"{result.due:%H:%M}" == "15:59", "midnight of Beijing, in UTC"


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        ("pass", ("c 0 抽真空不", "a 5 抽")),
        ("pass", ("c 0 厚的好不好收", "a 5 不好收")),
        ("pass", ("c 0 差价多少", "a 5 差900")),
        ("fail", ("c 0 差价多少", "a 5 您看着办")),
        ("fail", ("c 0 什么时候有", "a 5 不知道", "c 9 那13码偏大吗", "a 5 偏大")),
        ("fail", ("c 0 158穿会不会拖地", "c 9 还有能机洗吗", "a 50 裙摆到脚踝上面一点，不拖地")),
        ("pass", ("c 0 怎么申请", "a 5 我问一下", "a 90 在订单页点售后就行")),
        ("fail", ("c 0 怎么申请", "a 5 我问一下", "c 90 好的")),
        ("pass", ("c 0 我已经拍好了两件", "a 5 看到了，今天给您包好")),  # nothing is asked
    ],
)
def test_guessed_intents_are_held_to_what_was_asked(
    inspector: Inspector, expected: str, lines: tuple[str, ...]
) -> None:
    one = talk(*lines)
    for line in one.lines:
        if not line.serves:
            line.intent, line.guessed = "ask_product_info", True
    assert found(inspector, one, "answered").verdict == expected


def test_a_complaint_wants_something_done_not_its_words_back(inspector: Inspector) -> None:
    for reply, expected in (("冰箱都有声音的", "fail"), ("给您换一台新的", "pass")):
        one = talk("c 0 冰箱声音像拖拉机，投诉", f"a 5 {reply}")
        one.lines[0].intent, one.lines[0].guessed = "complain_quality", True
        assert found(inspector, one, "answered").verdict == expected, reply


def test_meaning_decides_where_words_do_not() -> None:
    rules = load_rules()
    one = talk("c 0 这个锅能上灶吗", "a 5 铸铁锅明火电磁都耐得住", intents=["usage_help"])
    for near, expected in ((0.9, "pass"), (0.0, "fail")):
        meaning = NoMeaning()
        meaning.likeness = lambda _one, _other, near=near: near  # type: ignore[method-assign]
        assert found(Inspector(rules, meaning), one, "answered").verdict == expected
