"""Augmented pictures: seeded, only changed copies, labels of their originals, and nothing without settings."""

import numpy as np
import pyarrow as pa
import pytest

from workers.pipelines import matrices, preparation
from workers.pipelines.errors import RecipeInvalid
from workers.pipelines.matrices import Inputs
from workers.pipelines.preparation import Layout, augment

IMAGE = {"type": "image", "width": 8, "height": 6, "mode": "L"}
LABELS = np.array([0, 1, 2])


@pytest.fixture
def layout() -> Layout:
    plan = preparation.plan({"age": "numeric", "city": "categorical", "image": IMAGE}, {})
    schema = pa.schema([("age", pa.float64()), ("city", pa.string()), ("image", pa.binary())])
    return preparation.bind(plan, schema)


@pytest.fixture
def rows() -> Inputs:
    """Three rows: an age, then the pixels of a picture that is bright on its left."""
    picture = np.zeros((6, 8), dtype=np.float32)
    picture[:, :3] = 1
    features = np.stack([np.r_[age, picture.ravel()] for age in (30, 40, 50)]).astype(np.float32)
    return Inputs(features, np.array([["a"], ["b"], ["c"]], dtype=object))


def pictures(rows: matrices.Rows) -> np.ndarray:
    return matrices.split(rows).features[:, 1:].reshape(-1, 6, 8)


def test_expand_without_settings_is_what_it_was(rows: Inputs, layout: Layout) -> None:
    assert augment.expand(rows, LABELS, layout, {}, 0) == (rows, LABELS)


def test_expand_keeps_the_originals_and_all_but_the_picture(rows: Inputs, layout: Layout) -> None:
    more, labels = augment.expand(rows, LABELS, layout, {"copies": 2, "noise": 0.1}, 0)
    given = matrices.split(more)
    assert labels.tolist() == [0, 1, 2] * 3
    assert given.features[:, 0].tolist() == [30, 40, 50] * 3
    assert given.texts is not None
    assert given.texts.ravel().tolist() == ["a", "b", "c"] * 3
    assert np.array_equal(given.features[:3], rows.features)
    assert (given.features[3:, 1:] != np.tile(rows.features[:, 1:], (2, 1))).any(axis=1).all()
    assert (given.features[:, 1:].min(), given.features[:, 1:].max()) == (0, 1)


def test_expand_leaves_the_rows_it_was_given_alone(rows: Inputs, layout: Layout) -> None:
    before = rows.features.copy()
    augment.expand(rows, LABELS, layout, {"copies": 1, "noise": 0.5}, 0)
    assert np.array_equal(rows.features, before)


def test_expand_same_seed_gives_the_same_pictures_and_another_does_not(rows: Inputs, layout: Layout) -> None:
    settings = {"copies": 1, "shift": 0.2, "rotate": 20, "flip": "both", "noise": 0.1}
    one, again, other = (matrices.digest(augment.expand(rows, LABELS, layout, settings, s)[0]) for s in (1, 1, 2))
    assert one == again != other


def test_expand_flip_mirrors_left_and_right(rows: Inputs, layout: Layout) -> None:
    more, _ = augment.expand(rows, LABELS, layout, {"copies": 20, "flip": "horizontal"}, 0)
    original, copies = pictures(rows)[0], pictures(more)[3:]
    assert all((copy == original).all() or (copy == original[:, ::-1]).all() for copy in copies)
    assert 15 < sum((copy == original[:, ::-1]).all() for copy in copies) < 45


def test_expand_shift_moves_and_draws_the_edge_out(rows: Inputs, layout: Layout) -> None:
    more, _ = augment.expand(rows, LABELS, layout, {"copies": 5, "shift": 0.25}, 0)
    bright = pictures(more)[3:].sum(axis=(1, 2))
    assert (bright >= 6).all()  # at most two of the three bright columns leave
    assert bright.std() > 1


def test_expand_without_a_picture_is_refused(rows: Inputs) -> None:
    plain = preparation.bind(preparation.plan({"age": "numeric"}, {}))
    with pytest.raises(RecipeInvalid, match="the recipe has no image"):
        augment.expand(rows, LABELS, plain, {"copies": 1, "noise": 0.1}, 0)
