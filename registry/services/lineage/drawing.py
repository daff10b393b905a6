"""A lineage graph as a picture: a column for each step from cause to effect, plain SVG, no scripts."""

from collections import defaultdict
from dataclasses import dataclass
from html import escape

from registry.services.lineage.graph import Edge, Graph
from registry.services.lineage.kinds import KINDS, Key, Node

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN, TOP = 168, 46, 56, 14, 16, 44
LETTERS = 24
COLUMNS = ("cause_kind", "cause", "cause_id", "edge", "effect_kind", "effect", "effect_id")
_STYLE = """
    text { font: 12px system-ui, sans-serif; fill: #1a1a1a }
    .kind { font-size: 10px; fill: #4a4a4a }
    rect { fill: #f6f7f9; stroke: #5b6470 }
    .start rect { fill: #e4edfb; stroke: #1d4ed8; stroke-width: 2 }
    path.edge { fill: none; stroke: #7a828c }
    @media (prefers-color-scheme: dark) {
        text { fill: #f2f2f2 } .kind { fill: #c4c9d0 } rect { fill: #23272e; stroke: #9aa3ae }
        .start rect { fill: #1e2f52; stroke: #7aa2f7 } path.edge { stroke: #9aa3ae }
    }
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The upper left corner of a node."""

    x: int
    y: int


def svg(graph: Graph, *, start: Key) -> str:
    """The picture. Its description says every edge in words, for who does not see it."""
    columns = _columns(graph)
    places = {
        key: Place(MARGIN + place * (WIDTH + GAP_X), TOP + row * (HEIGHT + GAP_Y))
        for place, column in enumerate(columns)
        for row, key in enumerate(column)
    }
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP_X) - GAP_X
    height = TOP + max(map(len, columns)) * (HEIGHT + GAP_Y) + MARGIN
    title = f"Lineage of {KINDS[start.kind].title.lower()} {graph.nodes[start].name}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(_described(graph))}</desc>',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#7a828c"/></marker></defs>',
        f'<text x="{MARGIN}" y="24">{escape(title)}</text>',
        *(_line(edge, graph, places) for edge in sorted(graph.edges)),
        *(_box(graph.nodes[key], place, key == start) for key, place in places.items()),
        "</svg>",
    ]
    return "\n".join(parts)


def table(graph: Graph) -> list[dict[str, str]]:
    """The edges as rows, as an alternative to the picture."""
    return [
        {
            "cause_kind": edge.source.kind,
            "cause": graph.nodes[edge.source].name,
            "cause_id": edge.source.id,
            "edge": edge.label,
            "effect_kind": edge.target.kind,
            "effect": graph.nodes[edge.target].name,
            "effect_id": edge.target.id,
        }
        for edge in sorted(graph.edges)
    ]


def _columns(graph: Graph) -> list[list[Key]]:
    """The nodes by column; within one, near what they come from, which keeps most lines from crossing."""
    by_column = defaultdict[int, list[Key]](list)
    for key in sorted(graph.nodes):
        by_column[KINDS[key.kind].column].append(key)
    sources = defaultdict[Key, list[Key]](list)
    for edge in sorted(graph.edges):
        sources[edge.target].append(edge.source)
    rows: dict[Key, int] = {}
    found = []
    for column in sorted(by_column):
        keys = sorted(by_column[column], key=lambda key: (_middle(sources[key], rows), key))
        rows |= {key: row for row, key in enumerate(keys)}
        found.append(keys)
    return found


def _middle(sources: list[Key], rows: dict[Key, int]) -> float:
    known = [rows[key] for key in sources if key in rows]
    return sum(known) / len(known) if known else 0.0


def _box(node: Node, place: Place, is_start: bool) -> str:
    whole = f"{KINDS[node.key.kind].title} {node.name}" + "".join(
        f"; {name} {fact}" for name, fact in node.facts.items()
    )
    return (
        f'<g class="{"start" if is_start else "node"}"><title>{escape(whole)}</title>'
        f'<rect x="{place.x}" y="{place.y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text class="kind" x="{place.x + 10}" y="{place.y + 17}">{escape(KINDS[node.key.kind].title)}</text>'
        f'<text x="{place.x + 10}" y="{place.y + 35}">{escape(_short(node.name))}</text></g>'
    )


def _line(edge: Edge, graph: Graph, places: dict[Key, Place]) -> str:
    start, end = places[edge.source], places[edge.target]
    x1, y1, x2, y2 = start.x + WIDTH, start.y + HEIGHT // 2, end.x, end.y + HEIGHT // 2
    middle = (x1 + x2) // 2
    words = f"{graph.nodes[edge.source].name} {edge.label} {graph.nodes[edge.target].name}"
    return (
        f'<path class="edge" marker-end="url(#arrow)" d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}">'
        f"<title>{escape(words)}</title></path>"
    )


def _described(graph: Graph) -> str:
    """Every edge as a sentence."""
    shown = f"{len(graph.nodes)} records and {len(graph.edges)} edges" + ("" if graph.complete else "; there are more")
    said = (
        f"{row['cause_kind']} {row['cause']} {row['edge']} {row['effect_kind']} {row['effect']}."
        for row in table(graph)
    )
    return f"{shown}. {' '.join(said)}".replace("_", " ")


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
