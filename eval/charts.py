"""The report's two charts as inline SVG; colours come from the page's style sheet, so that they suit dark and light."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from eval.table import points

BAR, GAP, HEIGHT, LEFT, TOP = 30, 34, 220, 44, 24
Spread = tuple[str, float, list[float] | None]


def grouped_bars(groups: Sequence[str], values: Mapping[str, Sequence[float | None]]) -> Markup:
    """Bars of shares: `values` has one list a variant, one value a group, 0 to 1 (None: no bar)."""
    group_width = BAR * len(values) + GAP
    width = LEFT + group_width * len(groups)
    parts = [_open("chart", width, TOP + HEIGHT + 34)]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        y = TOP + HEIGHT * (1 - tick)
        parts.append(Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(LEFT, width, y, y))
        parts.append(_text(LEFT - 8, y + 4, f"{tick:.2f}", "end"))
    for index, group in enumerate(groups):
        left = LEFT + GAP / 2 + index * group_width
        for place, (variant, column) in enumerate(values.items()):
            parts.append(_bar(left + place * BAR, column[index], variant, group))
        label = group if len(group) * 7 < group_width else group[: int(group_width / 7) - 1] + "…"
        parts.append(_text(left + BAR * len(values) / 2, TOP + HEIGHT + 20, label, "middle", "label"))
    return Markup("").join([*parts, Markup("</svg>")])


def change_bars(rows: Sequence[Spread]) -> Markup:
    """Horizontal bars of changes in percentage points with their 95 % intervals; a loss goes to the left."""
    if not rows:
        return Markup("")
    reach = max(1.0, *(abs(end) * 115 for _, change, interval in rows for end in [change, *(interval or [])]))
    label_width, half, row_height = 150, 300, 34
    middle = label_width + half
    bottom = TOP + row_height * len(rows)
    parts = [_open("chart", label_width + 2 * half + 70, bottom + 26)]
    parts.append(Markup('<line class="axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(middle, TOP - 6, bottom))
    for index, (label, change, interval) in enumerate(rows):
        y = TOP + row_height * index
        x = middle + change * 100 / reach * half
        kind = "loss" if change < 0 else "gain"
        parts.append(_text(label_width - 14, y + 20, label, "end", "label"))
        left, width = min(x, middle), abs(x - middle)
        parts.append(
            Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="16"/>').format(kind, left, y + 8, width)
        )
        if interval:
            ends = [middle + end * 100 / reach * half for end in interval]
            parts.append(
                Markup('<line class="whisker" x1="{:.1f}" x2="{:.1f}" y1="{y}" y2="{y}"/>').format(*ends, y=y + 16)
            )
        parts.append(_text(middle + half + 56, y + 20, points(change), "end", "label"))
    parts.append(_text(label_width, bottom + 18, f"−{reach:.1f}", "start"))
    parts.append(_text(middle, bottom + 18, "0 points", "middle"))
    parts.append(_text(middle + half, bottom + 18, f"+{reach:.1f}", "end"))
    return Markup("").join([*parts, Markup("</svg>")])


def curve(line: Sequence[tuple[float, float]], across: str, up: str) -> Markup:
    """A line through points of two shares, 0 to 1; the upright axis begins below its lowest point."""
    width, left = 480, 70
    floor = int(min(0.95, *(y for _, y in line)) * 20) / 20

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x * width, TOP + HEIGHT * (1 - (y - floor) / (1 - floor))

    parts = [_open("chart", left + width + 30, TOP + HEIGHT + 46)]
    for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
        level = floor + share * (1 - floor)
        x, y = place(share, level)
        parts.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>').format(left, left + width, y=y)
        )
        parts.append(_text(left - 8, y + 4, f"{level:.2f}", "end"))
        parts.append(_text(x, TOP + HEIGHT + 18, f"{share:.1f}", "middle"))
    points_ = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in line)
    parts.append(Markup('<polyline class="curve" points="{}"/>').format(points_))
    parts.append(_text(left + width / 2, TOP + HEIGHT + 38, across, "middle", "label"))
    parts.append(_text(left, TOP - 8, up, "start", "label"))
    return Markup("").join([*parts, Markup("</svg>")])


def _open(name: str, width: float, height: float) -> Markup:
    return Markup('<svg class="{}" role="img" width="{:.0f}" height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}">').format(
        name, width, height, width, height
    )


def _bar(x: float, value: float | None, variant: str, group: str) -> Markup:
    if value is None:
        return Markup("")
    y = TOP + HEIGHT * (1 - value)
    rect = Markup(
        '<rect class="v-{}" x="{:.1f}" y="{:.1f}" width="{}" height="{:.1f}"><title>{} {}: {:.3f}</title></rect>'
    ).format(variant, x + 1, y, BAR - 2, HEIGHT * value, variant, group, value)
    return rect + _text(x + BAR / 2, y - 4, f"{value:.2f}", "middle", "value")


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(kind, x, y, anchor, text)
