"""Polygons as rows of corners: their area, and whether they cross themselves."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]


def area(points: Sequence[Point]) -> float:
    """By the shoelace formula."""
    twice = sum(a * d - b * c for (a, b), (c, d) in _edges(points))
    return abs(twice) / 2


def crosses_itself(points: Sequence[Point]) -> bool:
    """Whether two edges meet that are not neighbours, or neighbours run back over each other."""
    edges = _edges(points)
    n = len(edges)
    for i in range(n):
        for j in range(i + 1, n):
            beside = j == i + 1 or (i == 0 and j == n - 1)
            if (_turns_back(edges[i], edges[j]) if beside else _meet(*edges[i], *edges[j])):
                return True
    return False


def _edges(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(points, [*points[1:], points[0]], strict=True))


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the lines a–b and c–d have a point in common."""
    sides = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0 and _within(*end) for side, end in zip(sides, ends, strict=True))


def _turns_back(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Whether two edges with a common end lie on one another."""
    shared = first[1] if first[1] in second else first[0]
    one = first[0] if shared == first[1] else first[1]
    other = second[1] if shared == second[0] else second[0]
    ahead = (one[0] - shared[0]) * (other[0] - shared[0]) + (one[1] - shared[1]) * (other[1] - shared[1])
    return _side(shared, one, other) == 0 and ahead >= 0


def _side(a: Point, b: Point, c: Point) -> float:
    """Above 0 if c lies on one side of a–b, below on the other, 0 on the line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _within(a: Point, b: Point, c: Point) -> bool:
    """Whether c, on the line through a and b, lies between them."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])
