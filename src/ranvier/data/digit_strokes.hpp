#pragma once

#include <span>
#include <vector>

namespace ranvier {

/// A place in a digit's box: x to the right, y downwards, both about 0 to 1.
struct Point {
    float x = 0;
    float y = 0;
};

/// One movement of the pen.
struct Stroke {
    enum class Kind { straight, smooth };  ///< how its points are joined
    Kind kind = Kind::straight;
    std::vector<Point> points;  ///< at least 2
};

/// One way to write a digit.
using Skeleton = std::vector<Stroke>;

/// The ways to write `digit` (0..9), two or three each.
[[nodiscard]] std::span<const Skeleton> digit_skeletons(int digit);

/// The stroke as a polyline. Smooth strokes are Catmull-Rom splines through their points.
[[nodiscard]] std::vector<Point> trace(const Stroke& stroke);

}  // namespace ranvier
