"""The log itself, for everybody: checkpoint, tiles and entry bundles in C2SP's tlog-tiles layout.

No sign-in: a log that only its owner can read proves nothing to others. It gives nobody away either, because entries
hold pseudonymous ids, digests and commitments, never a name or a person's words (those stand sealed, beside the log).
"""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from audit.api.heads import shown
from audit.models import Event, Leaf
from audit.tlog import tiles
from audit.tlog.errors import TileError
from audit.tree import entries, proofs

# What a path names never changes: a tile, full or of a given width, is a prefix of a tree that only grows.
_FOR_EVER = "public, max-age=31536000, immutable"
# A head is signed every quarter of a second; a proxy that keeps one for a second spares the database the rest.
_FOR_A_MOMENT = "public, max-age=1, must-revalidate"


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest tree head that the log stands by to others: with its witnesses' signatures, where it has witnesses."""
    found = shown()
    if found is None:
        raise Http404("Nothing has been sequenced and, where the log has witnesses, cosigned yet.")
    return _static(request, found.signed, "text/plain; charset=utf-8", _FOR_A_MOMENT)


@require_safe
def tile(request: HttpRequest, rest: str) -> HttpResponse:
    """A tile of hashes or a bundle of entries; 404 for what is beyond the newest head, or spelt another way."""
    wanted = _wanted(f"tile/{rest}")
    try:
        data = _bundle(wanted) if wanted.level is None else _hashes(wanted.level, wanted)
    except entries.ArchiveUnreadable:  # its words hold addresses of the house
        return HttpResponse("The archive does not give this bundle now.\n", status=503, headers={"Retry-After": "60"})
    return _static(request, data, "application/octet-stream", _FOR_EVER)


def _static(request: HttpRequest, data: bytes, content_type: str, cache_control: str) -> HttpResponse:
    """As a file server would answer: 304 to whoever has the same bytes already."""
    headers = {"Cache-Control": cache_control, "ETag": quote_etag(hashlib.sha256(data).hexdigest())}
    response = HttpResponse(data, content_type=content_type, headers=headers)
    answer = get_conditional_response(request, etag=headers["ETag"], response=response)
    assert isinstance(answer, HttpResponse)
    return answer


def _wanted(path: str) -> tiles.TilePath:
    try:
        wanted = tiles.parse_path(path)
    except TileError as error:
        raise Http404(str(error)) from error
    head = proofs.latest()
    if head is None or tiles.width_of(wanted.level or 0, wanted.n, head.size) < wanted.width:
        raise Http404("The log does not reach so far.")
    return wanted


def _hashes(level: int, wanted: tiles.TilePath) -> bytes:
    # As of the size at which the tile had exactly the wanted width, or any later one: its first hashes are the same.
    size = (wanted.n * tiles.WIDTH + wanted.width) * tiles.WIDTH**level
    return tiles.encode_tile(proofs.fetch([(level, wanted.n)], size)[level, wanted.n])


def _bundle(wanted: tiles.TilePath) -> bytes:
    first = wanted.n * tiles.WIDTH
    places = Leaf.objects.filter(index__gte=first, index__lt=first + wanted.width).order_by("index")
    tickets = list(places.values_list("ticket", flat=True))
    events = Event.objects.in_bulk(tickets)
    return tiles.encode_bundle(entries.raw(events[ticket] for ticket in tickets))
