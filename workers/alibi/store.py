"""Arrays from the artifact store: the bytes under a digest are read only if they have that digest."""

import hashlib
import io
import os
import re

import fsspec
import numpy as np
from numpy.typing import NDArray

from workers.alibi.answers import Refused

Rows = NDArray[np.float64]

DIGEST = re.compile(r"[0-9a-f]{64}")


def rows(digest: str) -> Rows:
    """An artifact in NumPy's .npy format as rows of float64. Raises Refused."""
    try:
        array = np.load(io.BytesIO(_read(digest)), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise Refused("array", f"The artifact {digest} is no .npy array of numbers: {error}.") from error
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2):
        raise Refused(
            "array", f"The artifact {digest} holds {array.dtype} in {array.ndim} dimensions: numbers in one or two."
        )
    return array.astype(np.float64).reshape(len(array), -1)


def _read(digest: str) -> bytes:
    if not DIGEST.fullmatch(digest):
        raise Refused("array", f"{digest!r} is no SHA-256 digest in hex.")
    store, root = fsspec.url_to_fs(os.environ["ARTIFACT_URL"])
    try:
        data: bytes = store.cat_file(f"{root.rstrip('/')}/sha256/{digest[:2]}/{digest}")
    except FileNotFoundError:
        raise Refused("array", f"The store has no artifact {digest}.") from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise Refused("array", f"The artifact {digest} has changed in the store.")
    return data
