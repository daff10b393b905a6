"""The calendar of the graph against Python's, over all years that a date may have."""

from datetime import date, timedelta

import numpy as np

from workers.pipelines.preparation import calendar
from workers.pipelines.preparation.ops import Arrays

EPOCH = date(1970, 1, 1)


def test_parts_of_days_through_nine_thousand_years_are_pythons() -> None:
    first = (date.min - EPOCH).days
    numbers = np.arange(first, (date.max - EPOCH).days, 97, dtype=np.int64)
    days = [EPOCH + timedelta(days=int(number)) for number in numbers]
    found = calendar.parts(Arrays(), numbers.astype(np.float32).reshape(-1, 1), None)
    assert {name: column[:, 0].tolist() for name, column in found.items()} == {
        "year": [day.year for day in days],
        "quarter": [(day.month + 2) // 3 for day in days],
        "month": [day.month for day in days],
        "day": [day.day for day in days],
        "weekday": [day.weekday() for day in days],
        "is_weekend": [int(day.weekday() >= 5) for day in days],
    }


def test_parts_of_a_day_before_the_year_0_are_those_of_its_first_march() -> None:
    found = calendar.parts(Arrays(), np.array([[-1e9]], dtype=np.float32), None)
    assert (found["year"].item(), found["month"].item(), found["day"].item()) == (0, 3, 1)
