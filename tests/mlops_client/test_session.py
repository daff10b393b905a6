"""Requests against a network that fails: what is sent again, how long is waited, and what an error says."""

from collections.abc import Callable

import httpx
import pytest

from mlops_client import Client, Invalid, NotFound, ServerFailed, TooManyRequests, Unreachable, Unusable
from mlops_client.credentials import Account
from mlops_client.session import Session

Answer = httpx.Response | Exception


class Network:
    """Answers in order, the last one for ever; `requests` is what was sent."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, without waiting them."""
    waited: list[float] = []
    monkeypatch.setattr("mlops_client.session.time.sleep", waited.append)
    return waited


def over(network: Callable[[httpx.Request], httpx.Response]) -> Session:
    return Session(Account("http://localhost", "secret"), transport=httpx.MockTransport(network))


def test_post_over_a_lost_connection_is_repeated_under_the_same_key() -> None:
    network = Network(httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.Response(201, json={"id": "1"}))
    assert over(network).post("/api/v1/systems", {"name": "a"}) == {"id": "1"}
    assert (len(network.requests), len({one.headers["Idempotency-Key"] for one in network.requests})) == (3, 1)
    assert {one.content for one in network.requests} == {b'{"name":"a"}'}


def test_patch_over_a_lost_connection_is_not_repeated() -> None:
    network = Network(httpx.ReadError("reset"))
    with pytest.raises(Unreachable, match="does not answer: reset"):
        over(network).patch("/api/v1/systems/1", {}, revision=1)
    assert [one.headers["If-Match"] for one in network.requests] == ['"1"']


def test_patch_that_was_not_sent_is_repeated() -> None:
    network = Network(httpx.ConnectError("refused"), httpx.Response(200, json={}))
    assert over(network).patch("/api/v1/systems/1", {}, revision=1) == {}


def test_answer_that_asks_to_wait_is_waited_for(pauses: list[float]) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "7"})
    running = httpx.Response(409, headers={"Retry-After": "1"})
    assert over(Network(busy, running, httpx.Response(200, json={}))).get("/api/v1/me") == {}
    assert pauses == [7.0, 1.0]


def test_answer_that_asks_for_too_long_is_raised(pauses: list[float]) -> None:
    with pytest.raises(TooManyRequests):
        over(Network(httpx.Response(429, headers={"Retry-After": "900"}))).get("/api/v1/me")
    assert pauses == []


def test_server_that_stays_away_is_given_up(pauses: list[float]) -> None:
    network = Network(httpx.ConnectError("refused"))
    with pytest.raises(Unreachable):
        over(network).get("/api/v1/me")
    assert (len(network.requests), len(pauses)) == (5, 4)


@pytest.mark.parametrize("status", [409, 422, 500])
def test_answer_that_a_repeat_would_not_change_is_raised_at_once(status: int) -> None:
    network = Network(httpx.Response(status, json={"title": "No"}))
    with pytest.raises(Exception, match="No"):
        over(network).post("/api/v1/runs", {})
    assert len(network.requests) == 1


def test_problem_says_what_is_wrong_where_and_how_to_mend_it() -> None:
    document = {
        "type": "/problems/invalid",
        "title": "Some of the input cannot be used",
        "detail": "The recipe cannot be used.",
        "remedy": "Read docs/training.md.",
        "request_id": "r-1",
        "errors": [{"pointer": "/recipe/label", "detail": "is missing", "remedy": "Name a column."}],
    }
    with pytest.raises(Invalid) as raised:
        over(Network(httpx.Response(422, json=document))).post("/api/v1/runs", {})
    assert str(raised.value) == (
        "Some of the input cannot be used (422)\nThe recipe cannot be used.\n"
        "  /recipe/label: is missing (Name a column.)\n  -> Read docs/training.md.\n  request r-1"
    )


def test_answer_of_a_proxy_is_told_by_its_text() -> None:
    with pytest.raises(ServerFailed, match="upstream is down"):
        over(Network(httpx.Response(500, text="upstream is down"))).get("/api/v1/me")
    with pytest.raises(NotFound, match="Not Found"):
        over(Network(httpx.Response(404, json=["odd"]))).get("/api/v1/me")


def test_rows_follow_the_pages_at_their_own_address_only() -> None:
    first = httpx.Response(200, json={"results": [{"id": 1}], "next": "http://elsewhere/api?cursor=abc&state=failed"})
    network = Network(first, httpx.Response(200, json={"results": [{"id": 2}], "next": None}))
    assert list(over(network).rows("/api/v1/runs", state="failed", model=None)) == [{"id": 1}, {"id": 2}]
    assert [str(one.url) for one in network.requests] == [
        "http://localhost/api/v1/runs?state=failed",
        "http://localhost/api/v1/runs?cursor=abc&state=failed",
    ]


def test_token_is_in_no_repr_and_no_message() -> None:
    client = Client("http://localhost", "secret", transport=httpx.MockTransport(Network(httpx.ConnectError("no"))))
    with pytest.raises(Unreachable) as raised:
        client.me()
    shown = f"{client!r} {client.session!r} {client.session.account!r} {raised.value} {raised.value!r}"
    assert "secret" not in shown


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "https://", "https://ada:pw@host", "https://host?a=b"])
def test_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Unusable, match="is no address of a server"):
        Client(url, "secret")


def test_address_in_the_clear_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="is not encrypted"):
        Client("http://mlops.example.org", "secret")
