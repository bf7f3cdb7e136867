"""Loops over straight paths through two normalised layers, compiled when they are first used.

Along a path the normalised output of the first layer, before its ReLU, is
``y_j(a) = rate(a) * (begin_j + a * step_j) + shift_j``. As long as the same units are active, what
the second layer makes of it lies in the space of three vectors, whatever the node; from node to
node few units change. So three sums over the active units are carried along the path, and a unit
that changes is added to them or taken away: the same numbers as a product at every node.

On the way back, the gradients of all nodes at which a unit is active are added up before they are
multiplied by its weights, for the same reason. The gradient at the second layer's output is at
right angles to that output (but for the eps of its norm), which is why what the first norm needs
of it follows from the sum over shifts alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Active = NDArray[np.int8]

_LOOSE = {"reassoc", "contract", "nsz"}
"""What the compiler may do to sums: change their order."""

_ZERO, _ONE = np.float32(0), np.float32(1)
"""Literals would be taken for float64."""


class Line(NamedTuple):
    """Paths at the first norm: begin and step less their means and times its gain.

    Shapes: begin and shift (width,), step (n, width), rate and nodes (n, n_nodes).
    """

    begin: Floats
    step: Floats
    shift: Floats
    rate: Floats
    nodes: Floats


class Second(NamedTuple):
    """The second layer, one row per unit of the first, and its norm.

    What the norm subtracts is taken from the weights beforehand: every row has mean zero.
    Shapes: weight (width, n_out), gain and lift (n_out,), eps (1,).
    """

    weight: Floats
    gain: Floats
    lift: Floats
    eps: Floats


class Kept(NamedTuple):
    """What the way there leaves for the way back.

    Shapes: normed (n, n_nodes, n_out), the second layer's output, normalised; spread (n, n_nodes),
    the inverse of its standard deviation; offset (n, n_out), bias and sum over shifts at the last
    node.
    """

    normed: Floats
    spread: Floats
    offset: Floats


@njit(cache=True, nogil=True, fastmath=_LOOSE)
def find_active(line: Line, active: Active) -> None:
    """Say which units are active at which node, into `active` (n, n_nodes, width)."""
    for i in range(line.step.shape[0]):
        for k in range(line.nodes.shape[1]):
            rate = line.rate[i, k]
            far = rate * line.nodes[i, k]
            for j in range(line.begin.size):
                at = rate * line.begin[j] + far * line.step[i, j] + line.shift[j]
                active[i, k, j] = at > _ZERO


@njit(cache=True, nogil=True, fastmath=_LOOSE, inline="always")
def _changed(now: Active, before: Active, found: NDArray[np.int64]) -> int:
    """Units whose state differs, into `found`; made even by one more, which must weigh nothing."""
    words, earlier = now.view(np.uint64), before.view(np.uint64)
    n = 0
    for word in range(words.size):
        if words[word] != earlier[word]:
            for j in range(8 * word, 8 * word + 8):
                found[n] = j
                n += now[j] != before[j]
    found[n] = found[max(n - 1, 0)]
    return n


@njit(cache=True, nogil=True, fastmath=_LOOSE)
def go(line: Line, second: Second, active: Active, kept: Kept, rows: tuple[Floats, Floats]) -> None:
    """Follow every path through both norms.

    Parameters
    ----------
    line, second, active
        Paths, layer, and what `find_active` found.
    kept : Kept
        Filled.
    rows : tuple of ndarray
        Sums over the units that are active at the first node (3, n, n_out), of begin, step and
        shift, the bias with the last, used up; and the second layer's activations
        (n * n_nodes, n_out), to be filled.
    """
    sums, raised = rows
    n_out, n_nodes = second.weight.shape[1], line.nodes.shape[1]
    found = np.empty(line.begin.size + 1, dtype=np.int64)
    for i in range(line.step.shape[0]):
        first, far, offset = sums[0, i], sums[1, i], sums[2, i]
        for k in range(n_nodes):
            n = _changed(active[i, k], active[i, k - 1], found) if k > 0 else 0
            for pair in range(0, n, 2):
                j, m = found[pair], found[pair + 1]
                sign = np.float32(active[i, k, j] - active[i, k - 1, j])
                other = np.float32(active[i, k, m] - active[i, k - 1, m])
                other = other if pair + 1 < n else _ZERO
                b, s, c = sign * line.begin[j], sign * line.step[i, j], sign * line.shift[j]
                d, t, e = other * line.begin[m], other * line.step[i, m], other * line.shift[m]
                one, two = second.weight[j], second.weight[m]
                for o in range(n_out):
                    first[o] += b * one[o] + d * two[o]
                    far[o] += s * one[o] + t * two[o]
                    offset[o] += c * one[o] + e * two[o]
            rate, a, square = line.rate[i, k], line.nodes[i, k], _ZERO
            x, up = kept.normed[i, k], raised[i * n_nodes + k]
            for o in range(n_out):
                at = rate * (first[o] + a * far[o]) + offset[o]
                x[o] = at
                square += at * at
            spread = _ONE / np.sqrt(square / np.float32(n_out) + second.eps[0])
            kept.spread[i, k] = spread
            for o in range(n_out):
                x[o] *= spread
                at = x[o] * second.gain[o] + second.lift[o]
                up[o] = at if at > _ZERO else _ZERO
        for o in range(n_out):
            kept.offset[i, o] = offset[o]


@njit(cache=True, nogil=True, fastmath=_LOOSE)
def come_back(
    line: Line, second: Second, active: Active, kept: Kept, back: tuple[Floats, ...]
) -> None:
    """Bring gradients at the second layer's activations back to the first norm.

    Parameters
    ----------
    line, second, active, kept
        As `go` had and left them; ``kept.offset`` is used up.
    back : tuple of ndarray
        Gradients (n * n_nodes, n_out), used up, and the weights of the nodes (n, n_nodes). To be
        filled: the weighted sum of gradients over all nodes (n, n_out); what the units have that
        change on the way (n, width), zero before; the gradients' products with the straight part
        of the second layer's output (n, n_nodes).
    """
    gradient, weights, whole, changed, along = back
    n_out, n_nodes = second.weight.shape[1], line.nodes.shape[1]
    found = np.empty(line.begin.size + 1, dtype=np.int64)
    for i in range(line.step.shape[0]):
        offset, sums = kept.offset[i], whole[i]
        sums[:] = 0
        for k in range(n_nodes - 1, -1, -1):
            h, z, spread = gradient[i * n_nodes + k], kept.normed[i, k], kept.spread[i, k]
            tilt, square = _ZERO, _ZERO
            for o in range(n_out):
                up = z[o] * second.gain[o] + second.lift[o] > _ZERO
                h[o] = h[o] * second.gain[o] if up else _ZERO
                tilt += h[o] * z[o]
                square += z[o] * z[o]
            slope = tilt / np.float32(n_out)
            rate, crossed = line.rate[i, k], _ZERO
            scale = weights[i, k] * rate * spread
            for o in range(n_out):
                g = h[o] - slope * z[o]
                crossed += g * offset[o]
                sums[o] += scale * g
            along[i, k] = (tilt - slope * square - spread * crossed) / rate
            n = _changed(active[i, k], active[i, k - 1], found) if k > 0 else 0
            for pair in range(0, n, 2):
                j, m = found[pair], found[pair + 1]
                sign = np.float32(active[i, k, j] - active[i, k - 1, j])
                other = np.float32(active[i, k, m] - active[i, k - 1, m])
                other = other if pair + 1 < n else _ZERO
                c, e, total, beside = sign * line.shift[j], other * line.shift[m], _ZERO, _ZERO
                one, two = second.weight[j], second.weight[m]
                for o in range(n_out):
                    total += one[o] * sums[o]
                    beside += two[o] * sums[o]
                    offset[o] -= c * one[o] + e * two[o]
                changed[i, j] += sign * total
                changed[i, m] += other * beside


@njit(cache=True, nogil=True, fastmath=_LOOSE)
def shorten(x: Floats, length: Floats) -> None:
    """Divide rows by their lengths, which are kept."""
    for i in range(x.shape[0]):
        square = _ZERO
        for o in range(x.shape[1]):
            square += x[i, o] * x[i, o]
        length[i] = max(np.sqrt(square), np.float32(1e-12))
        inverse = _ONE / length[i]
        for o in range(x.shape[1]):
            x[i, o] *= inverse


@njit(cache=True, nogil=True, fastmath=_LOOSE)
def turn_only(gradient: Floats, unit: Floats, length: Floats) -> None:
    """Take gradients at rows of length one, in place, to those at the rows before."""
    for i in range(unit.shape[0]):
        along = _ZERO
        for o in range(unit.shape[1]):
            along += gradient[i, o] * unit[i, o]
        inverse = _ONE / length[i]
        for o in range(unit.shape[1]):
            gradient[i, o] = (gradient[i, o] - along * unit[i, o]) * inverse
