"""Gives every form of domain.yml a validation, so that a new flow needs no class for reading its answers."""

from actions.flow import FlowValidation, plain_validation
from actions.phrases import domain
from actions.stock_validation import ValidateStockForm

OWN: dict[str, type[FlowValidation]] = {ValidateStockForm.form: ValidateStockForm}

# Kept here because rasa_sdk finds actions among the classes that are alive.
PLAIN = [plain_validation(form) for form in domain().get("forms") or {} if form not in OWN]
