from __future__ import annotations

import itertools
from pathlib import Path

import child
import numpy as np
import pytest

from transcriber.engine.dynamic_time_warping import warp

REFERENCE = """
    import sys
    import numba
    import numpy as np
    import whisper.timing
    compiled = type(whisper.timing.dtw_cpu).__module__
    assert compiled.startswith("numba."), compiled
    with np.load(sys.argv[1]) as costs:
        paths = {name: whisper.timing.dtw_cpu(costs[name]) for name in costs}
    np.savez(sys.argv[2], **paths)
    """


def matrices() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(9)
    result: dict[str, np.ndarray] = {}
    shapes = [(1, 1), (1, 2), (2, 1), (1, 50), (50, 1), (2, 2), (3, 40), (40, 3), (37, 37)]
    shapes += [(int(n), int(m)) for n, m in generator.integers(1, 60, (60, 2))]
    shapes += [(448, 1500), (20, 1500), (448, 7)]
    for number, shape in enumerate(shapes):
        result[f"random {number}"] = generator.normal(size=shape)
        # Few values, so that many sums are equal.
        result[f"ties {number}"] = generator.integers(0, 3, shape).astype(np.float64)
        result[f"signs {number}"] = generator.integers(-2, 3, shape).astype(np.float64)
        result[f"constant {number}"] = np.full(shape, 0.25)
        # So large that single precision, in which the sums are kept, rounds.
        result[f"rounding {number}"] = generator.normal(size=shape) + 1e6
    for number in range(20):
        odd = generator.normal(size=(9, 30))
        odd[generator.random(odd.shape) < 0.1] = generator.choice([np.nan, np.inf, -np.inf])
        result[f"not finite {number}"] = odd
    return result


def one_by_one(cost: np.ndarray) -> list[list[int]]:
    """Return the path by the recurrence as it is written in openai-whisper, cell after cell."""
    total = {(-1, -1): 0.0}
    come_from: dict[tuple[int, int], tuple[int, int]] = {}

    def sum_at(cell: tuple[int, int]) -> float:
        return total.get(cell, np.inf)

    for i, j in itertools.product(range(cost.shape[0]), range(cost.shape[1])):
        corner, above, left = (i - 1, j - 1), (i - 1, j), (i, j - 1)
        best = left
        if sum_at(corner) < min(sum_at(above), sum_at(left)):
            best = corner
        elif sum_at(above) < min(sum_at(corner), sum_at(left)):
            best = above
        total[i, j] = float(cost[i, j]) + sum_at(best)
        come_from[i, j] = best
    path = [(cost.shape[0] - 1, cost.shape[1] - 1)]
    while path[-1] != (0, 0):
        path.append(come_from[path[-1]])
    return [[i for i, _ in path[::-1]], [j for _, j in path[::-1]]]


def test_all_cells_of_a_diagonal_at_once_are_the_cells_one_by_one() -> None:
    for name, cost in matrices().items():
        if cost.size < 1000 and np.isfinite(cost).all():
            assert warp(cost).tolist() == one_by_one(cost), name


@pytest.mark.slow
def test_paths_equal_those_of_openai_whisper_with_numba(tmp_path: Path) -> None:
    costs = matrices()
    np.savez(tmp_path / "costs.npz", **costs)  # type: ignore[arg-type]
    done = child.run(REFERENCE, tmp_path / "costs.npz", tmp_path / "paths.npz")
    assert (done.returncode, done.stderr) == (0, "")
    with np.load(tmp_path / "paths.npz") as paths:
        assert set(paths) == set(costs)
        for name, cost in costs.items():
            with np.errstate(invalid="ignore"):
                path = warp(cost)
            assert path.dtype == np.int64
            assert np.array_equal(path, paths[name]), name


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 8), (8, 3), (5, 5)])
def test_a_path_leads_from_the_first_pair_to_the_last(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(10)
    for _ in range(20):
        path = warp(generator.normal(size=shape))
        assert path[:, 0].tolist() == [0, 0]
        assert path[:, -1].tolist() == [shape[0] - 1, shape[1] - 1]
        steps = {tuple(step) for step in np.diff(path).T.tolist()}
        assert steps <= {(0, 1), (1, 0), (1, 1)}


def test_one_token_or_one_frame() -> None:
    assert warp(np.zeros((1, 3))).tolist() == [[0, 0, 0], [0, 1, 2]]
    assert warp(np.zeros((3, 1))).tolist() == [[0, 1, 2], [0, 0, 0]]


def test_the_path_follows_what_is_cheap() -> None:
    cost = np.ones((3, 5))
    for token, frame in [(0, 0), (0, 1), (1, 2), (2, 3), (2, 4)]:
        cost[token, frame] = -1
    assert warp(cost).tolist() == [[0, 0, 1, 2, 2], [0, 1, 2, 3, 4]]


def test_the_cost_is_left_as_it_was() -> None:
    cost = np.arange(12.0).reshape(3, 4)
    warp(cost)
    assert np.array_equal(cost, np.arange(12.0).reshape(3, 4))
