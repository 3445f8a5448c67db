"""Questions before a purchase, a module a topic; what is missing is asked for once and remembered."""

from actions.presale.answer import PresaleAnswer
from actions.presale.authenticity import AnswerAuthenticity
from actions.presale.comparison import Compare
from actions.presale.delivery import AnswerDeliveryMethod, AnswerDeliveryTime
from actions.presale.facts import AnswerProductInfo
from actions.presale.payment import AnswerPayment
from actions.presale.price import AnswerPrice
from actions.presale.promotion import AnswerPromotion
from actions.presale.shipping import AnswerShippingFee

# Those that wait in the slot `topic` for a product or a city, by their intent; sizes and advice have forms.
ANSWERS: dict[str, type[PresaleAnswer]] = {
    answer.intent: answer
    for answer in (
        AnswerPrice,
        Compare,
        AnswerPromotion,
        AnswerProductInfo,
        AnswerPayment,
        AnswerShippingFee,
        AnswerDeliveryMethod,
        AnswerDeliveryTime,
        AnswerAuthenticity,
    )
}

__all__ = ["ANSWERS"]
