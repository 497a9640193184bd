"""Waltz: what the program leaves of a drawing, against a filter and a search of our own over the same catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.knowledge.classics.running import read, run

PROGRAM = read("waltz.clp")
Point = tuple[int, int]
Drawing = tuple[tuple[Point, Point], ...]
Row = tuple[str, str, str]
Catalogue = Mapping[str, tuple[Row, ...]]

CATALOGUE: dict[str, tuple[Row, ...]] = {
    "bend": (
        ("arriving", "leaving", "none"),
        ("leaving", "arriving", "none"),
        ("convex", "arriving", "none"),
        ("leaving", "convex", "none"),
        ("concave", "leaving", "none"),
        ("arriving", "concave", "none"),
    ),
    "fork": (
        ("convex", "convex", "convex"),
        ("concave", "concave", "concave"),
        ("concave", "leaving", "arriving"),
        ("arriving", "concave", "leaving"),
        ("leaving", "arriving", "concave"),
    ),
    "arrow": (("arriving", "convex", "leaving"), ("convex", "concave", "convex"), ("concave", "convex", "concave")),
    "tee": tuple(("leaving", stem, "arriving") for stem in ("convex", "concave", "leaving", "arriving")),
}
"""The eighteen junctions of trihedral drawings (Huffman, "Impossible Objects as Nonsense Sentences", 1971)."""

HEXAGON = ((0, 2), (2, 1), (2, -1), (0, -2), (-2, -1), (-2, 1))
"""The outline of a cube, clockwise."""


def ring(points: tuple[Point, ...]) -> Drawing:
    return tuple(zip(points, (*points[1:], points[0]), strict=True))


CUBE: Drawing = (*ring(HEXAGON), *(((0, 0), corner) for corner in HEXAGON[1::2]))
BENT: Drawing = (
    *ring(((0, 0), (0, 4), (2, 5), (6, 5), (6, 3), (4, 2), (4, 1), (2, 0))),
    ((0, 4), (2, 3)),
    ((2, 3), (2, 0)),
    ((2, 3), (6, 5)),
)
"""Lines that no block shows: something is left of some junctions, or of none."""


def label_of(seen: str, forward: bool) -> str:
    return seen if seen in ("convex", "concave") else "along" if (seen == "leaving") == forward else "against"


def junctions(drawing: Drawing) -> dict[Point, tuple[str, tuple[int, ...]]]:
    """Each corner's shape and lines in the catalogue's order, by angles; corners of another shape are left out."""
    found: dict[Point, tuple[str, tuple[int, ...]]] = {}
    for corner in {point for line in drawing for point in line}:
        rays = []
        for number, (start, end) in enumerate(drawing):
            if corner in (start, end):
                far = end if corner == start else start
                rays.append((number, (far[0] - corner[0], far[1] - corner[1])))
        for order in product(rays, repeat=len(rays)):
            shape = _shape([ray for _, ray in order]) if len({number for number, _ in order}) == len(rays) else ""
            lines = tuple(number for number, _ in order)
            if shape and not (shape == "fork" and f"l{lines[0]}" != min(f"l{one}" for one in lines)):
                found[corner] = shape, lines
    return found


def _shape(rays: list[Point]) -> str:
    turns = [
        first[0] * second[1] - first[1] * second[0] for first, second in zip(rays, (*rays[1:], rays[0]), strict=True)
    ]
    if len(rays) == 2:
        return "bend" if turns[0] > 0 else ""
    if len(rays) != 3 or not (turns[0] > 0 and turns[1] > 0):
        return ""
    return "fork" if turns[2] > 0 else "arrow" if turns[2] < 0 else "tee"


def says(drawing: Drawing, corner: Point, lines: tuple[int, ...], row: Row) -> dict[int, str]:
    return {line: label_of(seen, drawing[line][0] == corner) for line, seen in zip(lines, row, strict=False)}


def filtered(drawing: Drawing, catalogue: Catalogue, outline: Mapping[int, str]) -> dict[Point, set[Row]]:
    """The rows left at each corner when each has a neighbour that agrees: swept until nothing changes."""
    shapes = junctions(drawing)
    left = {corner: set(catalogue.get(shape, ())) for corner, (shape, _) in shapes.items()}
    changed = True
    while changed:
        changed = False
        for corner, (_, lines) in shapes.items():
            for row in sorted(left[corner]):
                for line, label in says(drawing, corner, lines, row).items():
                    start, end = drawing[line]
                    far = end if corner == start else start
                    shared = any(
                        says(drawing, far, shapes[far][1], other)[line] == label for other in left.get(far, ())
                    )
                    if outline.get(line, label) != label or not shared:
                        left[corner].discard(row)
                        changed = True
    return left


def solutions(drawing: Drawing, catalogue: Catalogue, left: Mapping[Point, set[Row]]) -> Iterable[dict[Point, Row]]:
    """Every choice of a row for each corner under which both ends of each line say the same."""
    shapes = junctions(drawing)
    corners = sorted(shapes)

    def extend(place: int, chosen: dict[Point, Row], labels: dict[int, str]) -> Iterable[dict[Point, Row]]:
        if place == len(corners):
            yield dict(chosen)
            return
        corner = corners[place]
        shape, lines = shapes[corner]
        for row in catalogue.get(shape, ()):
            said = says(drawing, corner, lines, row)
            if all(labels.get(line, label) == label for line, label in said.items()):
                yield from extend(place + 1, {**chosen, corner: row}, {**labels, **said})

    return extend(0, {}, {})


def program_says(drawing: Drawing, catalogue: Catalogue, outline: Mapping[int, str]) -> dict[Point, set[Row]]:
    facts: list[tuple[str, dict[str, str | int]]] = [
        ("known", {"shape": shape, "row": f"{shape}-{number}", "a": row[0], "b": row[1], "c": row[2]})
        for shape, rows in catalogue.items()
        for number, row in enumerate(rows)
    ]
    facts += [
        ("known", {"shape": "outline", "row": f"l{line}", "a": label, "b": "none", "c": "none"})
        for line, label in outline.items()
    ]
    facts += [
        ("line", {"name": f"l{number}", "x1": x1, "y1": y1, "x2": x2, "y2": y2})
        for number, ((x1, y1), (x2, y2)) in enumerate(drawing)
    ]
    standing, fired = run(PROGRAM, facts, 100_000)
    assert fired < 100_000
    left: dict[Point, set[Row]] = {(int(one["x"]), int(one["y"])): set() for one in standing.get("junction", [])}
    for way in standing.get("way", []):
        shape, _, number = str(way["row"]).rpartition("-")
        left[int(way["x"]), int(way["y"])].add(catalogue[shape][int(number)])
    return left


CLOCKWISE = dict.fromkeys(range(6), "along")


def test_a_cube_with_its_outline_has_one_reading() -> None:
    left = program_says(CUBE, CATALOGUE, CLOCKWISE)
    assert left == filtered(CUBE, CATALOGUE, CLOCKWISE)
    assert left[0, 0] == {("convex", "convex", "convex")}
    assert {len(rows) for rows in left.values()} == {1}


def test_an_outline_the_wrong_way_round_is_no_block() -> None:
    left = program_says(CUBE, CATALOGUE, dict.fromkeys(range(6), "against"))
    assert set(map(len, left.values())) == {0}


def test_every_reading_of_a_cube_survives_the_filter() -> None:
    left = program_says(CUBE, CATALOGUE, {})
    readings = list(solutions(CUBE, CATALOGUE, left))
    assert len(readings) > 1
    assert left == filtered(CUBE, CATALOGUE, {})
    assert all(row in left[corner] for reading in readings for corner, row in reading.items())


@settings(max_examples=25)
@given(
    st.sampled_from([CUBE, BENT]),
    st.fixed_dictionaries({shape: st.sets(st.sampled_from(rows)) for shape, rows in CATALOGUE.items()}),
    st.dictionaries(st.integers(0, 8), st.sampled_from(["along", "against", "convex", "concave"]), max_size=3),
)
def test_program_and_filter_leave_the_same(
    drawing: Drawing, some: dict[str, set[Row]], outline: dict[int, str]
) -> None:
    catalogue = {shape: tuple(sorted(rows)) for shape, rows in some.items()}
    left = program_says(drawing, catalogue, outline)
    assert left == filtered(drawing, catalogue, outline)
    assert all(row in left[at] for one in _first(drawing, catalogue, outline, left) for at, row in one.items())


def _first(
    drawing: Drawing, catalogue: Catalogue, outline: Mapping[int, str], left: Mapping[Point, set[Row]]
) -> list[dict[Point, Row]]:
    shapes = junctions(drawing)
    return [
        one
        for one, _ in zip(solutions(drawing, catalogue, left), range(50), strict=False)
        if all(
            outline.get(line, label) == label
            for corner, row in one.items()
            for line, label in says(drawing, corner, shapes[corner][1], row).items()
        )
    ]
