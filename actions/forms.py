"""Gives every form of domain.yml a validation, so that a new flow needs no class for reading its answers."""

from actions.aftersale import answering, changing, faults, money_back, returning  # noqa: F401 (their flows register themselves)
from actions.aftersale.order_flow import FLOWS
from actions.aftersale.order_validation import order_validation
from actions.callback import ValidateCallbackForm
from actions.flow import FlowValidation, plain_validation
from actions.phrases import domain
from actions.presale.recommendation import ValidateRecommendForm
from actions.presale.size import ValidateSizeForm
from actions.stock_validation import ValidateStockForm

_CLASSES = (ValidateStockForm, ValidateSizeForm, ValidateRecommendForm, ValidateCallbackForm)
OWN: dict[str, type[FlowValidation]] = {validation.form: validation for validation in _CLASSES}

# Kept here because rasa_sdk finds actions among the classes that are alive.
ORDERS = [order_validation(flow()) for flow in FLOWS.values()]
PLAIN = [plain_validation(form) for form in domain().get("forms") or {} if form not in {*OWN, *FLOWS}]
