"""Running a model's graph: Rasa plans it anew for each message and each action, with Dask's scheduler around it.

A prediction runs its nodes one after the other in any case, so that their order, found once, is all that is needed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner

RASAS_OWN = DaskGraphRunner.run
_PLANS = "_plans_kept"
_Plan = list[tuple[str, tuple[str, ...]]]


def _run(
    self: DaskGraphRunner, inputs: Mapping[str, Any] | None = None, targets: Sequence[str] | None = None
) -> dict[str, Any]:
    wanted = tuple(targets or self._graph_schema.target_names)
    plans: dict[tuple[str, ...], _Plan] = self.__dict__.setdefault(_PLANS, {})
    plan = plans.get(wanted)
    if plan is None:
        plan = plans[wanted] = _plan(self, wanted)
    names = {name for name, _ in plan}
    found: dict[str, Any] = {}
    for name, value in (inputs or {}).items():
        if isinstance(value, str) and value in names:
            raise GraphRunError(f"Input value '{value}' has the name of a node in the graph.")
        found[name] = (name, value)
    try:
        for name, needs in plan:
            if name not in found:
                node = self._instantiated_nodes[name]
                # What nobody provides is passed on by its name, of which the node complains.
                found[name] = node(*(found.get(need, need) for need in needs))
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return dict(found[name] for name in wanted)


def _plan(runner: DaskGraphRunner, wanted: Sequence[str]) -> _Plan:
    """The nodes that lead to `wanted` with what each needs, in an order in which each comes after its needs."""
    nodes = runner._graph_schema.minimal_graph_schema(list(wanted)).nodes
    order: _Plan = []
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise GraphRunError(f"The graph runs in a circle at node '{name}'.")
        if name in done or name not in nodes:
            return
        needs = tuple(nodes[name].needs.values())
        for need in needs:
            visit(need, (*above, name))
        done.add(name)
        order.append((name, needs))

    for name in nodes:
        visit(name, ())
    return order


def quicken() -> None:
    """Run graphs in the order found once."""
    DaskGraphRunner.run = _run
