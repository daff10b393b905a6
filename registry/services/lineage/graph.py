"""The walk: level by level from one record, up to what it came from, down to what came of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet

from registry.errors import Invalid
from registry.models import AISystem
from registry.services.lineage import kinds
from registry.services.lineage.kinds import KINDS, Key, Node
from registry.services.lineage.relations import RELATIONS

MAX_NODES, MAX_DEPTH = 500, 12
DIRECTIONS = ("up", "down", "both")


class NoSuchNode(Exception):
    """There is no such record, or not for who asks."""


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """From a cause to its effect, in words: source, label, target."""

    source: Key
    label: str
    target: Key


@dataclass(slots=True)
class Graph:
    """What was found. complete: False where the walk stopped at MAX_NODES, or at its depth with more ahead."""

    nodes: dict[Key, Node] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    complete: bool = True


def of(start: Key, *, direction: str, depth: int, among: QuerySet[AISystem]) -> Graph:
    """The graph around a record, within the systems given: what belongs to others is neither shown nor passed through.

    One query for each kind of edge and each kind of node a level, however many rows. Raises Invalid, NoSuchNode.
    """
    if start.kind not in KINDS:
        raise Invalid(f"There is no kind {start.kind!r}.", remedy=f"Use one of: {', '.join(KINDS)}.")
    first = {node.key: node for node in kinds.nodes(start.kind, [start.id], among=among)}
    if not first:
        raise NoSuchNode(f"{start.kind}:{start.id}")
    graph = Graph(nodes=dict(first))
    for way in ("up", "down") if direction == "both" else (direction,):
        _walk(graph, set(first), way, min(depth, MAX_DEPTH), among)
    return graph


def _walk(graph: Graph, frontier: set[Key], way: str, depth: int, among: QuerySet[AISystem]) -> None:
    for _ in range(depth):
        edges = _edges(frontier, way)
        known = graph.nodes.keys()
        new = {key for edge in edges for key in (edge.source, edge.target)} - known
        room = MAX_NODES - len(graph.nodes)
        if len(new) > room:
            new, graph.complete = set(sorted(new)[:room]), False
        frontier = set()
        for node in _nodes(new, among):
            graph.nodes[node.key] = node
            frontier.add(node.key)
        graph.edges |= {edge for edge in edges if edge.source in graph.nodes and edge.target in graph.nodes}
        if not frontier:
            return
    graph.complete = graph.complete and not (_edges(frontier, way) - graph.edges)


def _edges(frontier: Iterable[Key], way: str) -> set[Edge]:
    end = "target" if way == "up" else "source"
    ids = defaultdict[str, list[str]](list)
    for key in frontier:
        ids[key.kind].append(key.id)
    return {
        Edge(Key(relation.source, source), relation.label, Key(relation.target, target))
        for relation in RELATIONS
        if (wanted := ids.get(getattr(relation, end)))
        for source, target in relation.pairs(end, wanted)
    }


def _nodes(keys: Iterable[Key], among: QuerySet[AISystem]) -> Iterable[Node]:
    ids = defaultdict[str, list[str]](list)
    for key in sorted(keys):
        ids[key.kind].append(key.id)
    return [node for kind, wanted in ids.items() for node in kinds.nodes(kind, wanted, among=among)]
