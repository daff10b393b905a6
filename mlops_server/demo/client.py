"""A small client of the public API, one per person of the story."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

POLL_SECONDS = 0.3
JOB_SECONDS = 180


class Refused(Exception):
    """The server refused; the problem document says why."""

    def __init__(self, problem: dict[str, Any], status: int) -> None:
        super().__init__(f"{status} {problem.get('title')}: {problem.get('detail')} {problem.get('errors', '')}")
        self.problem, self.status = problem, status


class Client:
    """Signed in as one account; every creating POST carries an idempotency key."""

    def __init__(self, base: str, username: str, password: str) -> None:
        self.base = base
        self._http = httpx.Client(base_url=base, timeout=60)
        token = self.post("/api/v1/tokens", {"username": username, "password": password})["token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path. Raises Refused."""
        return self._read(self._http.get(path, params=query))

    def first(self, path: str, **query: Any) -> dict[str, Any] | None:
        """The first row of a list, or None."""
        results: list[dict[str, Any]] = self.get(path, **query)["results"]
        return results[0] if results else None

    def post(self, path: str, body: Any, *, revision: int | None = None) -> Any:
        """POST JSON, with If-Match where a revision is given. Raises Refused."""
        headers = {"Idempotency-Key": str(uuid4())}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        return self._read(self._http.post(path, json=body, headers=headers))

    def patch(self, path: str, body: Any, *, revision: int) -> Any:
        """PATCH JSON with If-Match. Raises Refused."""
        return self._read(self._http.patch(path, json=body, headers={"If-Match": f'"{revision}"'}))

    def upload(self, path: str, *, file: tuple[str, bytes, str], **fields: str) -> Any:
        """POST a file with form fields. Raises Refused."""
        headers = {"Idempotency-Key": str(uuid4())}
        return self._read(self._http.post(path, files={"file": file}, data=fields, headers=headers))

    def download(self, path: str) -> bytes:
        """The bytes at a path, asked again while the newest events await their place in the log. Raises Refused."""
        for _ in range(20):
            answer = self._http.get(path)
            if answer.status_code != httpx.codes.CONFLICT:
                break
            time.sleep(POLL_SECONDS)
        if answer.is_error:
            self._read(answer)
        return answer.content

    def finished(self, path: str, progress: Callable[[int, str], None]) -> Any:
        """Wait for a job, passing on its progress in percent and words. Raises Refused where it failed."""
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            job = self.get(path)
            progress(job["progress_percent"], job["progress_message"])
            if job["state"] == "failed":
                raise Refused({"title": "The job failed", "detail": job["failure"]}, 409)
            if job["state"] == "succeeded":
                return job
            time.sleep(POLL_SECONDS)
        raise Refused({"title": "The job takes too long", "detail": f"{path} is {job['state']}."}, 504)

    @staticmethod
    def _read(answer: httpx.Response) -> Any:
        if answer.is_error:
            is_problem = "json" in answer.headers.get("content-type", "")
            problem = answer.json() if is_problem else {"title": answer.reason_phrase, "detail": answer.text[:300]}
            raise Refused(problem, answer.status_code)
        return answer.json() if answer.content else None
