"""The way in: one client per server and account, with a collection for each noun."""

from typing import Any, Self

import httpx

from mlops_client import comparing, credentials
from mlops_client.comparing import Comparison
from mlops_client.nouns.base import Collection
from mlops_client.nouns.datasets import Datasets, DatasetVersions, Ingestion
from mlops_client.nouns.evaluations import Evaluation, Evaluations
from mlops_client.nouns.explanations import Explanations
from mlops_client.nouns.models import Models, ModelVersion, ModelVersions
from mlops_client.nouns.monitors import Calibrations, MonitorRuns, Monitors, ReferenceProfiles
from mlops_client.nouns.pipelines import PipelineRuns, Pipelines
from mlops_client.nouns.policies import Policies
from mlops_client.nouns.promotions import Promotions
from mlops_client.nouns.runs import Run, Runs
from mlops_client.nouns.slots import Predictions, Slot, Slots
from mlops_client.nouns.sources import DataSources
from mlops_client.nouns.systems import Systems
from mlops_client.session import Session


class Ingestions(Collection[Ingestion]):
    RECORD = Ingestion


class Client:
    """Signed in to one server. It can be used as a context manager, which closes the connections."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout: float = 60,
        attempts: int = 5,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Arguments count before MLOPS_URL and MLOPS_TOKEN, and these before what `login` kept. Raises Unusable."""
        account = credentials.find(url, token)
        self.session = Session(account, timeout=timeout, attempts=attempts, transport=transport)
        self.systems = Systems(self.session)
        self.datasets = Datasets(self.session)
        self.dataset_versions = DatasetVersions(self.session)
        self.ingestions = Ingestions(self.session)
        self.sources = DataSources(self.session)
        self.models = Models(self.session)
        self.versions = ModelVersions(self.session)
        self.runs = Runs(self.session)
        self.evaluations = Evaluations(self.session)
        self.explanations = Explanations(self.session)
        self.pipelines = Pipelines(self.session)
        self.pipeline_runs = PipelineRuns(self.session)
        self.policies = Policies(self.session)
        self.promotions = Promotions(self.session)
        self.slots = Slots(self.session)
        self.monitors = Monitors(self.session)
        self.monitor_runs = MonitorRuns(self.session)
        self.calibrations = Calibrations(self.session)
        self.reference_profiles = ReferenceProfiles(self.session)

    @classmethod
    def sign_in(cls, url: str, username: str, password: str, **options: Any) -> Self:
        """A client with a new token, which nothing keeps but the client. Raises NotSignedIn."""
        token, _ = issue_token(url, username, password, transport=options.get("transport"))
        return cls(url, token, **options)

    def me(self) -> dict[str, Any]:
        """Your own account and the roles that you hold now."""
        account: dict[str, Any] = self.session.get("/api/v1/me")
        return account

    def train(self, model: Any, data: Any, *, recipe: dict[str, Any], seed: int, **options: Any) -> Run:
        """``runs.train``."""
        return self.runs.train(model, data, recipe=recipe, seed=seed, **options)

    def evaluate(self, version: ModelVersion | str, **options: Any) -> Evaluation:
        """``evaluations.request``."""
        return self.evaluations.request(version, **options)

    def compare(self, first: ModelVersion | str, second: ModelVersion | str) -> Comparison:
        """Two versions side by side, each figure with its interval. Raises Unusable where one was not evaluated."""
        return comparing.compare(self.session, self.versions.get(first), self.versions.get(second))

    def predict(self, slot: Slot | str, rows: Any, **options: Any) -> Predictions:
        """``slots.predict``."""
        return self.slots.predict(slot, rows, **options)

    def close(self) -> None:
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.session.account.url!r})"


def issue_token(
    url: str, username: str, password: str, *, transport: httpx.BaseTransport | None = None
) -> tuple[str, str]:
    """A new token and when it ends. Raises NotSignedIn, TooManyRequests."""
    session = Session(credentials.Account(url.rstrip("/"), ""), transport=transport)
    try:
        # Without a key: an answer with a secret is not kept on the server anyhow.
        answer = session.send("POST", "/api/v1/tokens", json={"username": username, "password": password}).json()
    finally:
        session.close()
    return answer["token"], answer["expires_at"]
