"""Dynamic time warping of tokens to audio frames, in plain numpy.

Stands in for openai-whisper's version, which numba compiles at its first use: 100 MB of
libraries and seconds of compiling for one small loop. The recurrence is that of Sakoe and Chiba
(1978) with openai-whisper's preferences among equal costs, so that the paths are the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DIAGONAL, _TOKEN, _FRAME = 0, 1, 2


def warp(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the cheapest monotonic path through a matrix of costs.

    The accumulated cost of a cell hangs on its three neighbours above and to the left, so all
    cells of one anti-diagonal are computed at once.

    Parameters
    ----------
    cost : ndarray, shape = (tokens, frames)
        What it costs that a token is spoken in a frame.

    Returns
    -------
    ndarray, shape = (2, steps), dtype int64
        The path: indices of tokens and of frames, from the first pair to the last.

    References
    ----------
    H. Sakoe and S. Chiba: Dynamic programming algorithm optimization for spoken word recognition,
    IEEE Transactions on Acoustics, Speech, and Signal Processing 26 (1), 1978.

    Examples
    --------
    >>> warp(np.array([[0.0, 0.0, 9.0], [9.0, 9.0, 0.0]]))
    array([[0, 0, 1],
           [0, 1, 2]])
    """
    tokens, frames = cost.shape
    # openai-whisper asks for single precision; the type rules of numba make it double.
    total = np.full((tokens + 1, frames + 1), np.inf)
    move = np.full((tokens + 1, frames + 1), -1, np.int8)
    total[0, 0] = 0
    for diagonal in range(2, tokens + frames + 1):
        i = np.arange(max(1, diagonal - frames), min(tokens, diagonal - 1) + 1)
        j = diagonal - i
        corner, above, left = total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]
        step = np.where(
            (corner < above) & (corner < left),
            _DIAGONAL,
            np.where((above < corner) & (above < left), _TOKEN, _FRAME),
        )
        move[i, j] = step
        total[i, j] = cost[i - 1, j - 1] + np.choose(step, [corner, above, left])
    return _path(move)


def _path(move: NDArray[np.int8]) -> NDArray[np.int64]:
    # Along the edges there is one way only.
    move[0, :] = _FRAME
    move[:, 0] = _TOKEN
    i, j = move.shape[0] - 1, move.shape[1] - 1
    steps = []
    while i > 0 or j > 0:
        steps.append((i - 1, j - 1))
        step = move[i, j]
        if step != _FRAME:
            i -= 1
        if step != _TOKEN:
            j -= 1
    return np.array(steps[::-1], np.int64).T
