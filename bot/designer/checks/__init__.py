"""The checks, each a function of the project: what it finds, in any order."""

from bot.designer.checks.actions import check_actions
from bot.designer.checks.blocks import check_blocks
from bot.designer.checks.customers import check_customers, check_experiment_responses, check_script_responses
from bot.designer.checks.domain import check_domain
from bot.designer.checks.examples import check_examples
from bot.designer.checks.flows import check_forms, check_intents
from bot.designer.checks.names import check_names
from bot.designer.checks.responses import check_buttons, check_responses
from bot.designer.checks.slots import check_slots
from bot.designer.checks.spoken import check_spoken
from bot.designer.checks.taxonomy import check_taxonomy

# Those of the second kind ask what is missing or unused, and need all files.
LOCAL = (check_blocks, check_domain, check_names, check_responses, check_buttons, check_examples, check_customers)
WHOLE = (
    check_intents,
    check_taxonomy,
    check_forms,
    check_actions,
    check_spoken,
    check_script_responses,
    check_experiment_responses,
    check_slots,
)
