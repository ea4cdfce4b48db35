#include "ranvier/data/digit_strokes.hpp"

#include <array>

namespace ranvier {

namespace {

constexpr auto straight = Stroke::Kind::straight;
constexpr auto smooth = Stroke::Kind::smooth;
constexpr int pieces_per_span = 6;  // shorter than 1.5 pixels at 28 x 28

using Skeletons = std::vector<Skeleton>;

// clang-format off
const std::array<Skeletons, 10>& skeletons() {
    static const std::array<Skeletons, 10> all{{
        {   // 0: closed; begun at the upper right, with the ends crossing
            {{smooth, {{.5F, 0}, {.15F, .2F}, {.05F, .55F}, {.25F, .93F}, {.55F, 1}, {.88F, .75F}, {.95F, .4F}, {.78F, .08F}, {.5F, 0}}}},
            {{smooth, {{.72F, .08F}, {.32F, .03F}, {.05F, .35F}, {.1F, .8F}, {.45F, 1}, {.85F, .8F}, {.95F, .35F}, {.68F, .04F}, {.5F, .1F}}}},
        },
        {   // 1: a line; with a flag; with flag and base
            {{straight, {{.5F, 0}, {.5F, 1}}}},
            {{straight, {{.2F, .27F}, {.55F, 0}, {.55F, 1}}}},
            {{straight, {{.2F, .24F}, {.5F, 0}, {.5F, 1}}}, {straight, {{.12F, 1}, {.88F, 1}}}},
        },
        {   // 2: with a corner below; with a loop below
            {{smooth, {{.08F, .25F}, {.3F, .02F}, {.7F, .02F}, {.9F, .28F}, {.6F, .63F}, {.05F, 1}}}, {straight, {{.05F, 1}, {.95F, .98F}}}},
            {{smooth, {{.1F, .22F}, {.35F, 0}, {.78F, .05F}, {.85F, .35F}, {.5F, .75F}, {.15F, .98F}, {.05F, .85F}, {.25F, .8F}, {.6F, .95F}, {.95F, .93F}}}},
        },
        {   // 3: two bows; a flat top
            {{smooth, {{.1F, .12F}, {.45F, 0}, {.85F, .15F}, {.75F, .4F}, {.4F, .48F}}}, {smooth, {{.4F, .48F}, {.82F, .6F}, {.9F, .83F}, {.5F, 1}, {.08F, .88F}}}},
            {{straight, {{.1F, .02F}, {.85F, .02F}, {.42F, .42F}}}, {smooth, {{.42F, .42F}, {.82F, .53F}, {.9F, .8F}, {.5F, 1}, {.08F, .88F}}}},
        },
        {   // 4: open; closed; open with a round corner
            {{straight, {{.22F, 0}, {.08F, .6F}, {.97F, .6F}}}, {straight, {{.74F, .2F}, {.68F, 1}}}},
            {{straight, {{.7F, 1}, {.7F, 0}, {.05F, .68F}, {.97F, .68F}}}},
            {{smooth, {{.2F, 0}, {.08F, .45F}, {.35F, .6F}, {.8F, .52F}}}, {straight, {{.8F, .02F}, {.72F, 1}}}},
        },
        {   // 5: top bar first; top bar last and apart
            {{straight, {{.88F, .03F}, {.25F, .03F}, {.18F, .45F}}}, {smooth, {{.18F, .45F}, {.55F, .36F}, {.92F, .62F}, {.75F, .93F}, {.35F, 1}, {.05F, .88F}}}},
            {{smooth, {{.27F, .1F}, {.2F, .46F}, {.5F, .42F}, {.88F, .62F}, {.75F, .92F}, {.38F, 1}, {.05F, .9F}}}, {straight, {{.28F, .05F}, {.92F, .01F}}}},
        },
        {   // 6: bent; nearly straight down
            {{smooth, {{.78F, .03F}, {.35F, .2F}, {.08F, .6F}, {.2F, .95F}, {.6F, 1}, {.9F, .78F}, {.68F, .53F}, {.35F, .57F}, {.12F, .77F}}}},
            {{smooth, {{.5F, 0}, {.2F, .38F}, {.08F, .75F}, {.35F, 1}, {.8F, .93F}, {.88F, .67F}, {.55F, .53F}, {.2F, .68F}}}},
        },
        {   // 7: plain; with a bar; with a serif and a bent stem
            {{straight, {{.08F, .03F}, {.92F, .03F}, {.4F, 1}}}},
            {{straight, {{.08F, .03F}, {.92F, .03F}, {.4F, 1}}}, {straight, {{.3F, .53F}, {.85F, .5F}}}},
            {{straight, {{.08F, .2F}, {.1F, .03F}, {.92F, .03F}}}, {smooth, {{.92F, .03F}, {.6F, .42F}, {.42F, 1}}}},
        },
        {   // 8: one crossing stroke; two rings
            {{smooth, {{.82F, .12F}, {.45F, 0}, {.15F, .18F}, {.4F, .45F}, {.8F, .65F}, {.85F, .9F}, {.5F, 1}, {.12F, .88F}, {.2F, .65F}, {.6F, .45F}, {.85F, .2F}, {.7F, .04F}}}},
            {{smooth, {{.5F, .48F}, {.2F, .36F}, {.24F, .08F}, {.52F, 0}, {.8F, .1F}, {.78F, .38F}, {.5F, .48F}}}, {smooth, {{.5F, .48F}, {.14F, .65F}, {.18F, .93F}, {.5F, 1}, {.84F, .92F}, {.86F, .64F}, {.5F, .48F}}}},
        },
        {   // 9: straight tail; bent tail
            {{smooth, {{.85F, .2F}, {.55F, 0}, {.15F, .13F}, {.13F, .4F}, {.48F, .5F}, {.82F, .3F}}}, {straight, {{.86F, .08F}, {.78F, 1}}}},
            {{smooth, {{.84F, .18F}, {.52F, 0}, {.14F, .13F}, {.14F, .4F}, {.5F, .48F}, {.84F, .25F}}}, {smooth, {{.86F, .1F}, {.88F, .5F}, {.72F, .88F}, {.3F, 1}}}},
        },
    }};
    return all;
}
// clang-format on

/// Catmull-Rom between b (t = 0) and c (t = 1); a and d are their neighbours.
float spline(float a, float b, float c, float d, float t) {
    return 0.5F * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t +
                   (3 * b - a - 3 * c + d) * t * t * t);
}

}  // namespace

std::span<const Skeleton> digit_skeletons(int digit) {
    return skeletons().at(static_cast<std::size_t>(digit));
}

std::vector<Point> trace(const Stroke& stroke) {
    const std::vector<Point>& points = stroke.points;
    if (stroke.kind == straight) return points;
    std::vector<Point> line{points.front()};
    line.reserve(points.size() * pieces_per_span);
    const std::size_t last = points.size() - 1;
    for (std::size_t i = 0; i < last; ++i) {
        const Point& before = points[i == 0 ? 0 : i - 1];
        const Point& after = points[i + 2 > last ? last : i + 2];
        for (int piece = 1; piece <= pieces_per_span; ++piece) {
            const float t = static_cast<float>(piece) / pieces_per_span;
            line.push_back({spline(before.x, points[i].x, points[i + 1].x, after.x, t),
                            spline(before.y, points[i].y, points[i + 1].y, after.y, t)});
        }
    }
    return line;
}

}  // namespace ranvier
