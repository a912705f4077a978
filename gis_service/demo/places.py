"""Towns and hamlets put into the cells: which block is what, where hamlets, farmhouses and key zones stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gis_service.arrays import Floats, Ints, Objects
from gis_service.demo import fabric, hamlets, ways
from gis_service.demo.partition import Cells
from gis_service.demo.tables import Plan, Town
from gis_service.demo.ways import Net

KINDS = ("terrace", "core", "worst", "resettlement", "hamlet", "dense", "timber", "farm")
"""Kinds of settlement a house can stand in."""
BLOCK_HOUSES = 132
"""Houses that an ordinary town block holds."""


@dataclass
class Stock:
    """Everything that has been put into a county so far.

    Parameters
    ----------
    rings
        House outlines.
    cell, kind, front
        For each house its cell, its kind (a position in ``KINDS``), and whether it faces a street.
    lanes
        Lines, class and clear width in m.
    zones
        Kind, name, polygon, township.
    water
        Kind, x, y, township.

    """

    rings: list[Any] = field(default_factory=list)
    cell: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    front: list[bool] = field(default_factory=list)
    lanes: list[tuple[Any, str, float]] = field(default_factory=list)
    zones: list[tuple[str, str, Any, int]] = field(default_factory=list)
    water: list[tuple[str, float, float, int]] = field(default_factory=list)

    def put(self, rings: list[Any], front: list[bool], cell: int, kind: str) -> None:
        """Add houses of one place."""
        self.rings += rings
        self.cell += [cell] * len(rings)
        self.kind += [KINDS.index(kind)] * len(rings)
        self.front += front


def town_houses(town: Town) -> int:
    """Return how many houses stand in the town itself: the shops, and as many homes again."""
    return 150 + int(2.15 * town.operating.judged)


def roles(town: Town) -> dict[int, str]:
    """Return what the blocks of a town are used for, by rank from the middle; unnamed ones hold terraces."""
    last = town_blocks(town) - 1
    big = town.operating.judged > 1000
    found = {0: "core", 1: "market", 3: "hospital", 2: "school", last: "resettlement"}
    if big:
        found |= {6: "core", 9: "core", 11: "school", 13: "market", 16: "hospital", 20: "school"}
        found |= {last - 1: "resettlement"}
    return found


def _worst(cells: Cells, plan: Plan, net: Net, role: Objects) -> NDArray[np.bool_]:
    """Choose the blocks of old quarters, and enter them in ``role``: the middle of a town and its neighbours."""
    worst = np.zeros(len(cells.geometry), dtype=bool)
    streets = np.flatnonzero(net.street & (net.blocks >= 0).all(axis=1))
    size = np.hypot(*(net.points[net.start[streets]] - net.points[net.end[streets]]).T)
    for t, town in enumerate(plan.towns):
        if town.code not in plan.worst:
            continue
        home = np.flatnonzero((cells.town == t) & (cells.rank == 0))[0]
        worst[home] = True
        role[home] = "worst"
        for _ in range(3 if town.operating.judged > 1000 else 1):
            a, b = net.blocks[streets].T
            beside = np.where(worst[a], b, a)
            free = (worst[a] != worst[b]) & (cells.town[a] == t) & (role[beside] != "resettlement")
            score = np.where(free, size - 1000.0 * (net.rank[streets] < 2), -np.inf)
            chosen = beside[int(score.argmax())]
            worst[chosen] = True
            # A key zone that had this place moves to the outermost block that has no use yet.
            spare = np.flatnonzero((cells.town == t) & (cells.rank >= 0) & (role == "") & ~worst)
            if role[chosen] and len(spare):
                role[spare[cells.rank[spare].argmax()]] = role[chosen]
            role[chosen] = "worst"
    return worst


def town_blocks(town: Town) -> int:
    """Return how many blocks a town needs for its houses and its key zones."""
    return 3 + int(np.ceil(town_houses(town) / BLOCK_HOUSES)) + (4 if town.operating.judged > 1000 else 0)


def ring_zones(cells: Cells, plan: Plan) -> dict[int, tuple[str, int]]:
    """Choose green cells beside each town for an industrial area and a middle school: cell to kind and town."""
    chosen: dict[int, tuple[str, int]] = {}
    green = (cells.rank < 0) & (cells.town >= 0)
    beside = np.zeros(len(cells.geometry))
    for a, b in ((cells.left, cells.right), (cells.right, cells.left)):
        touching = green[a] & (cells.rank[b] >= 0)
        np.add.at(beside, a[touching], cells.length[touching])
    for t, town in enumerate(plan.towns):
        mine = np.flatnonzero(green & (cells.town == t) & (beside > 60))
        size = shapely.area(cells.geometry[mine])
        mine = mine[np.argsort(-size, kind="stable")]
        wanted = ["industrial"] * (1 + (town.operating.judged > 100) + 2 * (town.operating.judged > 1000))
        for cell, kind in zip(mine, [*wanted, "school"], strict=False):
            chosen[int(cell)] = (kind, t)
    return chosen


def _ccw(polygon: Any) -> fabric.Ring:
    points = shapely.get_coordinates(polygon)[:-1]
    ring = [(float(x), float(y)) for x, y in points]
    return ring if fabric.area(ring) > 0 else ring[::-1]


def build_towns(
    stock: Stock, cells: Cells, plan: Plan, net: Net, rng: np.random.Generator
) -> tuple[dict[bytes, float], NDArray[np.bool_]]:
    """Fill the blocks of every town, up to the number of houses wanted.

    Returns
    -------
    dict, ndarray
        Half the width of each street, by the bytes of its middle; and which cells are built up.

    """
    built = np.zeros(len(cells.geometry), dtype=bool)
    role = np.full(len(cells.geometry), "", dtype=object)
    for t, town in enumerate(plan.towns):
        for rank, name in roles(town).items():
            role[(cells.town == t) & (cells.rank == rank)] = name
    worst = _worst(cells, plan, net, role)
    half: dict[bytes, float] = {}
    wide = np.flatnonzero(net.street)
    dice = rng.uniform(3.0, 4.3, len(wide))
    for k, edge in enumerate(wide):
        a, b = net.blocks[edge]
        value = 5.2 if net.rank[edge] < 2 else float(dice[k])
        if net.rank[edge] > 1 and b >= 0 and worst[a] and worst[b]:
            value = 1.25  # the lane inside an old quarter
        half[net.via[edge].tobytes()] = value
    for t, town in enumerate(plan.towns):
        wanted = town_houses(town)
        mine = np.flatnonzero((cells.town == t) & (cells.rank >= 0))
        mine = mine[np.argsort(cells.rank[mine], kind="stable")]
        count = {"school": 0, "hospital": 0, "market": 0, "resettlement": 0}
        # Key zones come first, so that the smallest town has each kind, then the old quarters.
        turn = np.array([_TURN.get(str(role[c]), 2) for c in mine])
        for cell in mine[np.argsort(turn, kind="stable")]:
            if wanted > 0 or role[cell] in count:
                made = _block(
                    stock,
                    cells,
                    int(cell),
                    str(role[cell]),
                    t,
                    plan,
                    half=half,
                    count=count,
                    wanted=max(0, wanted),
                    rng=rng,
                )
                wanted -= made
                built[cell] = made > 0 or role[cell] != ""
    # Where nothing was built there is no street either, unless a road to elsewhere runs there.
    sides = net.blocks[wide]
    idle = ~built[sides[:, 0]] & ((sides[:, 1] < 0) | ~built[sides[:, 1]])
    net.rank[wide[idle & (net.rank[wide] == ways.CLASSES.index("street"))]] = 9
    return half, built


_TURN = {"resettlement": -1, "school": 0, "hospital": 0, "market": 0, "worst": 1, "core": 1}
"""The order in which blocks are filled, by use."""
_NAMES = {
    "school": ("{}中心小学（模拟）", "{}第二小学（模拟）", "{}第三小学（模拟）"),
    "hospital": ("{}卫生院（模拟）", "{}社区医院（模拟）"),
    "market": ("{}农贸市场（模拟）", "{}商贸城（模拟）"),
    "resettlement": ("{}易地搬迁安置区（模拟）", "{}第二安置小区（模拟）"),
}


def _block(
    stock: Stock,
    cells: Cells,
    cell: int,
    role: str,
    town: int,
    plan: Plan,
    *,
    half: dict[bytes, float],
    count: dict[str, int],
    wanted: int,
    rng: np.random.Generator,
) -> int:
    """Fill one block; return the number of houses."""
    whole = _ccw(cells.geometry[cell])
    ends = np.array(whole)
    starts = np.roll(ends, 1, axis=0)
    by = [half.get(_middle(a, b), 4.0) for a, b in zip(starts, ends, strict=True)]
    block = fabric.inset(whole, by)
    if len(block) < 3:
        return 0
    name = plan.towns[town].name
    if role in count:
        zone = block
        rest: fabric.Ring = []
        if role == "market" or (role == "hospital" and plan.towns[town].operating.judged < 1000):
            x, y = fabric.longest(block)
            low = min(-y * px + x * py for px, py in block)
            high = max(-y * px + x * py for px, py in block)
            at = low + 0.46 * (high - low)
            zone = fabric.cut(block, -y, x, at - 3.0)
            rest = fabric.cut(block, y, -x, -(at + 3.0))
        label = _NAMES[role][count[role] % len(_NAMES[role])].format(name)
        if role == "hospital" and plan.towns[town].operating.judged > 1000 and count[role] == 0:
            label = f"{plan.name}人民医院（模拟）"
        count[role] += 1
        stock.zones.append((role, label, shapely.Polygon(zone), town))
        if role == "resettlement":
            made = fabric.terraces(fabric.inset(block, [1.5] * len(block)), whole, rng, planned=True)
        elif rest:
            made = fabric.terraces(rest, rest, rng)
        else:
            return 0
        kind = "resettlement" if role == "resettlement" else "terrace"
    elif role == "worst":
        made, kind = fabric.warren(block, rng, target=58.0, tight=0.85), "worst"
    elif role == "core":
        made, kind = fabric.warren(block, rng, target=66.0, tight=1.0), "core"
    else:
        made, kind = fabric.terraces(block, whole, rng), "terrace"
    number = max(0, min(len(made.rings), wanted))
    if not role and number < 0.5 * len(made.rings):
        return 0  # a few houses in an empty grid of streets look like nothing that exists
    if number:
        stock.put(made.rings[:number], made.front[:number], cell, kind)
        stock.lanes += [(shapely.LineString(line), "street", width) for line, width in made.lanes]
    return number


def _middle(a: Floats, b: Floats) -> bytes:
    """Return the key of a street: the middle of its two corners, in the order in which they are sorted."""
    return bytes(((a + b) / 2).tobytes())


@dataclass
class Sites:
    """Hamlets that are to be placed.

    Parameters
    ----------
    cell, houses
        For each hamlet its cell and number of houses.
    main
        Whether it is the seat of its village.
    rural
        Houses outside the town for each township, hamlets and farms together.

    """

    cell: Ints
    houses: Ints
    main: NDArray[np.bool_]
    rural: Ints


def choose_sites(cells: Cells, plan: Plan, totals: Ints, rng: np.random.Generator) -> Sites:
    """Choose the cells and sizes of hamlets: more of them in bigger villages, near to one another."""
    open_ = (cells.town < 0) & (shapely.area(cells.geometry) > 2.2e5)
    rural = totals - np.array([town_houses(town) for town in plan.towns])
    cell_of: list[int] = []
    houses: list[int] = []
    main: list[bool] = []
    for t in range(len(plan.towns)):
        mine = np.unique(cells.village[cells.township == t])
        free = [np.flatnonzero(open_ & (cells.village == v)) for v in mine]
        weight = np.array([len(f) ** 0.7 for f in free]) * rng.lognormal(0, 0.2, len(mine))
        quota = 0.93 * rural[t] * weight / weight.sum()
        for cell, many in zip(free, quota, strict=True):
            if len(cell) == 0:
                continue
            number = int(np.clip(round(many / 36), 1, max(1, int(0.72 * len(cell)))))
            heart = cells.centre[cell].mean(axis=0)
            spread = np.hypot(*(cells.centre[cell] - heart).T)
            order = np.argsort(spread * rng.uniform(0.25, 1.6, len(cell)), kind="stable")
            share = rng.dirichlet(np.full(number, 3.0)) * many
            share = np.clip(np.sort(share)[::-1], 5, 100)
            share *= many / share.sum()
            cell_of += [int(c) for c in cell[order[:number]]]
            houses += [int(h) for h in np.clip(share, 4, 105)]
            main += [k == 0 for k in range(number)]
    return Sites(np.array(cell_of), np.array(houses), np.array(main), rural)


class Ways:
    """Distance to the nearest road."""

    def __init__(self, lines: Objects) -> None:
        points, owner = shapely.get_coordinates(lines, return_index=True)
        same = owner[1:] == owner[:-1]
        ends = np.stack([points[:-1][same], points[1:][same]], axis=1)
        self.parts = np.asarray(shapely.linestrings(ends), dtype=object)
        self.tree = shapely.STRtree(self.parts)

    def nearest(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the distance in m to the nearest road and the nearest point on it."""
        where = shapely.points(points)
        part = self.parts[self.tree.nearest(where)]
        line = shapely.get_coordinates(shapely.shortest_line(where, part)).reshape(-1, 2, 2)
        return np.hypot(*(line[:, 1] - line[:, 0]).T), line[:, 1]


@dataclass
class _Spot:
    """Where a hamlet goes: its cell, the middle, the nearest point of a road, and some dice."""

    cell: int
    at: Floats
    foot: Floats
    main: bool
    dice: Floats


def _make_hamlets(houses: Ints, style: Floats, rng: np.random.Generator) -> tuple[list[hamlets.Hamlet], list[str]]:
    """Make hamlets of the given sizes; a style above 0.72 is an old village, above 0.8 a timber one."""
    made, kind = [], []
    for many, old in zip(houses, style, strict=True):
        dense = bool(rng.random() < (0.75 if old > 0.72 else 0.28))
        huddle = many >= 14 and rng.random() < (0.5 if dense else 0.16)
        made.append(hamlets.stockade(int(many), rng) if huddle else hamlets.hamlet(int(many), rng, dense=dense))
        timber = rng.random() < (0.45 if old > 0.8 else 0.03)
        kind.append("timber" if timber else "dense" if dense or huddle else "hamlet")
    return made, kind


def _find_spots(
    cells: Cells, cell: Ints, radius: Floats, near: Ways, rng: np.random.Generator
) -> dict[int, tuple[Floats, Floats]]:
    """Find for each circle a place in its cell beside a road: its middle, and the nearest point of the road."""
    count, tries = len(cell), 90
    angle = rng.uniform(0, 2 * np.pi, (count, tries))
    away = 330 * np.sqrt(rng.random((count, tries)))
    middle = cells.centre[cell]
    spot = np.stack([middle[:, :1] + away * np.cos(angle), middle[:, 1:] + away * np.sin(angle)], axis=2)
    flat = spot.reshape(-1, 2)
    owner = np.repeat(np.arange(count), tries)
    polygon = cells.geometry[cell]
    # What costs most is asked last, of the few that are left.
    left = np.flatnonzero(shapely.contains_xy(polygon[owner], flat[:, 0], flat[:, 1]))
    edge = shapely.distance(shapely.points(flat[left]), shapely.boundary(polygon)[owner[left]])
    left = left[edge > radius[owner[left]] + 4]
    road, foot = np.full(len(flat), -np.inf), np.empty_like(flat)
    road[left], foot[left] = near.nearest(flat[left])
    score = np.where(road > radius[owner] + 6, road - radius[owner], np.inf).reshape(count, tries)
    best = score.argmin(axis=1)
    good = np.flatnonzero(np.isfinite(score.min(axis=1)))
    return {int(k): (spot[k, best[k]], foot[k * tries + best[k]]) for k in good}


def _put_hamlet(stock: Stock, cells: Cells, place: hamlets.Hamlet, kind: str, spot: _Spot) -> Floats:
    """Put a hamlet into the stock, its front to the road; return where its lane begins."""
    up = (spot.at - spot.foot) / np.hypot(*(spot.at - spot.foot))
    turn = np.array([[up[1], -up[0]], up])
    rings = [spot.at + (ring - place.centre) @ turn for ring in place.rings]
    stock.put(rings, [False] * len(rings), spot.cell, kind)
    for lane, width in place.lanes:
        stock.lanes.append((shapely.linestrings(spot.at + (lane - place.centre) @ turn), "lane", width))
    town = int(cells.township[spot.cell])
    if spot.main or spot.dice[0] < 0.12:
        x, y = spot.at + up * (place.radius + 2)
        stock.water.append(("tank", float(x), float(y), town))
    if spot.dice[1] < 0.3:
        x, y = spot.at + turn[0] * (place.radius + 2)
        stock.water.append(("pond", float(x), float(y), town))
    return np.asarray(spot.at - place.centre @ turn)


def build_hamlets(stock: Stock, cells: Cells, sites: Sites, near: Ways, rng: np.random.Generator) -> Floats:
    """Place every hamlet beside a road in its cell.

    Returns
    -------
    ndarray
        Circles that are taken: x, y, radius (m).

    """
    style = rng.random(cells.village.max() + 1)
    houses = sites.houses.copy()
    todo = np.arange(len(houses))
    taken: list[Floats] = []
    joins: list[Floats] = []
    for _ in range(4):
        made, kind = _make_hamlets(houses[todo], style[cells.village[sites.cell[todo]]], rng)
        found = _find_spots(cells, sites.cell[todo], np.array([h.radius for h in made]), near, rng)
        for k, (at, foot) in found.items():
            spot = _Spot(int(sites.cell[todo[k]]), at, foot, bool(sites.main[todo[k]]), rng.random(2))
            joins.append(_put_hamlet(stock, cells, made[k], kind[k], spot))
            taken.append(np.array([*at, made[k].radius]))
        # What finds no room between road and border is tried again, smaller.
        todo = np.delete(todo, list(found))
        houses[todo] = np.maximum(4, houses[todo] * 0.6).astype(np.int64)
        if len(todo) == 0:
            break
    start = np.array(joins)
    _, end = near.nearest(start)
    for a, b in zip(start, end, strict=True):
        stock.lanes.append((shapely.linestrings([a, b]), "lane", 3.5))
    return np.array(taken)


def build_schools(
    stock: Stock, cells: Cells, taken: Floats, sites: Sites, near: Ways, rng: np.random.Generator
) -> Floats:
    """Put a village school beside a third of the village seats; return the circles taken with theirs added."""
    found = [taken]
    tree = cKDTree(taken[:, :2])
    for cell in sites.cell[sites.main]:
        dice = rng.random()
        spot = cells.centre[cell] + rng.uniform(-230, 230, (60, 2))
        if dice > 0.36:
            continue
        road, foot = near.nearest(spot)
        others = [tree.query_ball_point(p, 260) for p in spot]
        clear = np.array(
            [
                all(np.hypot(*(taken[i, :2] - p)) > taken[i, 2] + 40 for i in n)
                for p, n in zip(spot, others, strict=True)
            ]
        )
        edge = shapely.distance(shapely.points(spot), shapely.boundary(cells.geometry[cell]))
        inside = shapely.contains_xy(cells.geometry[cell], spot[:, 0], spot[:, 1])
        fits = clear & inside & (edge > 42) & (road > 42)
        if not fits.any():
            continue
        best = int(np.where(fits, road, np.inf).argmin())
        up = (spot[best] - foot[best]) / road[best]
        ring = hamlets.house(float(rng.uniform(56, 66)), float(rng.uniform(38, 46)), 0.0, 0) @ np.array(
            [[up[1], -up[0]], up]
        )
        village = cells.village_names[cells.village[cell]].removesuffix("村").removesuffix("社区")
        zone = shapely.Polygon(ring + spot[best])
        stock.zones.append(("school", f"{village}村小学（模拟）", zone, int(cells.township[cell])))
        found.append(np.array([[*spot[best], 42.0]]))
    return np.vstack(found)


def build_ring(stock: Stock, cells: Cells, ring: dict[int, tuple[str, int]], plan: Plan) -> None:
    """Draw the key zones on the green cells round the towns."""
    seen: dict[int, int] = {}
    for cell, (kind, town) in ring.items():
        polygon = cells.geometry[cell].buffer(-6.0, join_style="mitre")
        if polygon.area > 42_000:
            middle = cells.centre[cell]
            polygon = polygon.intersection(shapely.box(*(middle - 100), *(middle + 100)))
        if polygon.is_empty:
            continue
        name = plan.towns[town].name
        if kind == "industrial":
            seen[town] = seen.get(town, 0) + 1
            label = f"{name}工业集中区{'一二三四五'[seen[town] - 1]}区（模拟）"
        else:
            label = f"{name}初级中学（模拟）"
        stock.zones.append((kind, label, polygon, town))


def build_farms(
    stock: Stock,
    cells: Cells,
    totals: Ints,
    open_: NDArray[np.bool_],
    taken: Floats,
    near: Ways,
    rng: np.random.Generator,
) -> None:
    """Scatter single farmhouses until every township has exactly its number of houses."""
    have = np.bincount(cells.township[np.array(stock.cell)], minlength=len(totals))
    missing = totals - have
    if (missing < 0).any():
        raise AssertionError("a township was given more houses than it has")
    tree = cKDTree(taken[:, :2])
    largest = float(taken[:, 2].max())
    for t, wanted in enumerate(missing):
        mine = np.flatnonzero((cells.township == t) & open_)
        # The edge of a town is denser with farms than the mountains.
        weight = shapely.area(cells.geometry[mine]) * np.where(cells.town[mine] >= 0, 9.0, 1.0)
        home = mine[rng.choice(len(mine), size=int(wanted) * 9 + 200, p=weight / weight.sum())]
        wide = np.where(cells.town[home] >= 0, 70.0, 380.0)[:, None]
        spot = cells.centre[home] + rng.uniform(-1, 1, (len(home), 2)) * wide
        inside = shapely.contains_xy(cells.geometry[home], spot[:, 0], spot[:, 1])
        spot, home = spot[inside], home[inside]
        edge = shapely.distance(shapely.points(spot), shapely.boundary(cells.geometry[home]))
        spot, home = spot[edge > 14], home[edge > 14]
        others = tree.query_ball_point(spot, largest + 14)
        clear = np.array(
            [
                all(np.hypot(*(taken[i, :2] - p)) > taken[i, 2] + 14 for i in n)
                for p, n in zip(spot, others, strict=True)
            ],
            dtype=bool,
        )
        spot, home = spot[clear], home[clear]
        road, _ = near.nearest(spot)
        fits = np.flatnonzero(road > 16)
        # Most farms stand near a road; thin out those closer than 22 m to another one.
        fits = fits[np.argsort(road[fits] * rng.uniform(0.2, 1.8, len(fits)), kind="stable")]
        pairs = cKDTree(spot[fits]).query_pairs(22.0, output_type="ndarray")
        drop = np.zeros(len(fits), dtype=bool)
        for a, b in sorted(map(tuple, np.sort(pairs, axis=1))):
            if not drop[a]:
                drop[b] = True
        fits = fits[~drop][:wanted]
        if len(fits) < wanted:
            raise AssertionError(f"{wanted - len(fits)} farmhouses found no place in township {t}")
        size = np.column_stack([rng.uniform(7, 13, wanted), rng.uniform(7, 11.5, wanted)])
        phi = rng.uniform(0, 2 * np.pi, wanted)
        notch = np.where(rng.random(wanted) < 0.3, 0.35, 0.0)
        for k, spot_k in enumerate(fits):
            c, s = np.cos(phi[k]), np.sin(phi[k])
            ring = hamlets.house(float(size[k, 0]), float(size[k, 1]), float(notch[k]), k % 4)
            stock.put([spot[spot_k] + ring @ np.array([[c, s], [-s, c]])], [False], int(home[spot_k]), "farm")


def build_hydrants(stock: Stock, cells: Cells, net: Net, half: dict[bytes, float], plan: Plan) -> None:
    """Put hydrants on the pavements of town streets, at least 95 m apart; the smallest towns have none."""
    edges = np.flatnonzero(net.street)
    a, b = net.points[net.start[edges]], net.points[net.end[edges]]
    size = np.hypot(*(b - a).T)
    town = cells.town[net.blocks[edges, 0]]
    width = np.array([half[m.tobytes()] for m in net.via[edges]])
    normal = np.column_stack([a[:, 1] - b[:, 1], b[:, 0] - a[:, 0]]) / size[:, None]
    spot = net.via[edges] + normal * (width - 0.6)[:, None]
    served = np.array([t.operating.judged > 120 for t in plan.towns])
    good = (size > 30) & (width > 2.5) & served[town] & (net.rank[edges] < 9)
    chosen: list[int] = []
    for k in np.flatnonzero(good):
        if all(np.hypot(*(spot[k] - spot[c]).T) > 95 for c in chosen):
            chosen.append(int(k))
    stock.water += [("hydrant", float(spot[k, 0]), float(spot[k, 1]), int(town[k])) for k in chosen]
