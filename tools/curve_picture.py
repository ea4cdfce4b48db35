"""A diagram of accuracy over a count (SynOps, operations, timesteps), a line for each method; used by
make-results. Points carry their standard error."""
import math

WIDTH, HEIGHT, LEFT, TOP = 560, 300, 70, 40
COLORS = ["#868e96", "#d9480f", "#1971c2", "#2f9e44", "#9c36b5", "#e8590c", "#0b7285"]


def ticks_of(low, high):
    """1, 2, 5 times powers of ten from `low` to `high`."""
    exponent = math.floor(math.log10(low))
    ticks = []
    while 10 ** exponent <= high:
        ticks += [m * 10 ** exponent for m in (1, 2, 5) if low <= m * 10 ** exponent <= high]
        exponent += 1
    return ticks


class Axes:
    def __init__(self, points):
        xs = [x for x, _, _ in points]
        ys = [y for _, y, _ in points]
        self.low, self.high = min(xs) / 1.2, max(xs) * 1.2
        self.bottom, self.top = math.floor(min(ys) / 5) * 5, min(100, math.ceil(max(ys) / 5) * 5)

    def x(self, value):
        return LEFT + WIDTH * math.log(value / self.low) / math.log(self.high / self.low)

    def y(self, value):
        return TOP + HEIGHT * (1 - (value - self.bottom) / (self.top - self.bottom))

    def draw(self, x_title, scaled):
        yield (f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" '
               'stroke="#868e96"/>')
        for tick in ticks_of(self.low, self.high):
            yield (f'<text x="{self.x(tick):.1f}" y="{TOP + HEIGHT + 18}" '
                   f'text-anchor="middle">{scaled(tick)}</text>')
        for k in range(6):
            value = self.bottom + (self.top - self.bottom) * k / 5
            yield (f'<text x="{LEFT - 6}" y="{self.y(value) + 4:.1f}" '
                   f'text-anchor="end">{value:g} %</text>')
        yield (f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 38}" '
               f'text-anchor="middle">{x_title}</text>')


def draw_line(axes, points, color):
    line = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y, _ in points)
    yield f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.5"/>'
    for x, y, error in points:
        yield f'<circle cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="3" fill="{color}"/>'
        yield (f'<line x1="{axes.x(x):.1f}" x2="{axes.x(x):.1f}" y1="{axes.y(y + error):.1f}" '
               f'y2="{axes.y(y - error):.1f}" stroke="{color}"/>')


def curve_picture(title, x_title, series, scaled):
    """@param series  [(label, [(x > 0, accuracy in percent, standard error)])]
    @param scaled  writes an x value."""
    axes = Axes([point for _, points in series for point in points])
    height = TOP + HEIGHT + 60 + 18 * len(series)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 40}" height="{height}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{LEFT + WIDTH + 40}" height="{height}" fill="white"/>',
             f'<text x="10" y="22" font-size="14">{title}</text>']
    lines += axes.draw(x_title, scaled)
    for k, (label, points) in enumerate(series):
        color = COLORS[k % len(COLORS)]
        lines += draw_line(axes, sorted(points), color)
        y = TOP + HEIGHT + 60 + 18 * k
        lines.append(f'<rect x="{LEFT}" y="{y - 9}" width="18" height="4" fill="{color}"/>'
                     f'<text x="{LEFT + 26}" y="{y - 3}">{label}</text>')
    return "\n".join(lines + ["</svg>"]) + "\n"
