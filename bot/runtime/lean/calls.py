"""What is posted to the action server: not the whole domain (100 KB here) with every step of a form.

Rasa sends it to every validation of a form, also where `enable_selective_domain` says that nobody gets it unasked. Our
flows read domain.yml themselves; who writes a validation on rasa_sdk's `FormValidationAction`, which does need it, asks
for it in domain.yml: `- validate_my_form: {send_domain: true}`.
"""

from rasa.shared.core.constants import ACTION_SHOULD_SEND_DOMAIN
from rasa.shared.core.domain import KEY_ACTIONS, Domain

RASAS_OWN = Domain.does_custom_action_explicitly_need_domain
_ASKING = "_actions_that_ask_for_the_domain"


def _needs_domain(self: Domain, action_name: str) -> bool:
    asking: frozenset[str] | None = self.__dict__.get(_ASKING)
    if asking is None:
        listed = [action for action in self.as_dict().get(KEY_ACTIONS) or [] if isinstance(action, dict)]
        asking = frozenset(
            name for one in listed for name, options in one.items() if (options or {}).get(ACTION_SHOULD_SEND_DOMAIN)
        )
        self.__dict__[_ASKING] = asking
    return action_name in asking


def quicken() -> None:
    """Send the domain to those alone that ask for it."""
    Domain.does_custom_action_explicitly_need_domain = _needs_domain
