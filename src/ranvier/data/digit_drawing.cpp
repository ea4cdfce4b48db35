#include "ranvier/data/digit_drawing.hpp"

#include "ranvier/data/digit_strokes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace ranvier {

namespace {

constexpr float side = static_cast<float>(digit_side);
constexpr float pi = std::numbers::pi_v<float>;
constexpr float degree = pi / 180;

using Line = std::vector<Point>;
using Canvas = std::array<float, digit_pixels>;  // 0 paper .. 1 ink

// All lengths in pixels. The ranges were set by looking at sheets of drawn digits, and so that a
// linear classifier fails often while people and small convolutional networks do not.
struct Pen {
    explicit Pen(Random& random)
        : radius(random.uniform(0.55F, 1.5F)),
          softness(random.uniform(0.7F, 1.6F)),
          ink(random.uniform(0.6F, 1.0F)) {}

    float radius;    ///< half the width of the line
    float softness;  ///< width of the edge, over which the ink fades out
    float ink;       ///< strength of the middle of the line
};

/// Maps a digit's box to its shape on paper, still around the origin.
class Hand {
public:
    explicit Hand(Random& random)
        : height_(random.uniform(14.5F, 21.0F)),
          width_(height_ * random.uniform(0.5F, 0.85F)),
          slant_(random.uniform(-0.2F, 0.45F)),
          bend_(0.05F * random.normal()),
          phase_(random.uniform(0, 2 * pi)) {
        const float angle = random.uniform(-12 * degree, 12 * degree);
        cos_ = std::cos(angle);
        sin_ = std::sin(angle);
    }

    [[nodiscard]] Point operator()(Point p) const {
        const float bent = p.x - 0.5F + bend_ * std::sin(pi * p.y + phase_);
        const float y = height_ * (p.y - 0.5F);
        const float x = width_ * bent - slant_ * y;
        return {cos_ * x - sin_ * y, sin_ * x + cos_ * y};
    }

private:
    float height_;
    float width_;
    float slant_;  ///< shift to the right per height
    float bend_;   ///< of vertical lines, in widths
    float phase_;
    float cos_ = 1;
    float sin_ = 0;
};

std::vector<Line> write_digit(int digit, Random& random) {
    constexpr float shake = 0.035F;  // standard deviation, in sizes of the box
    const auto ways = digit_skeletons(digit);
    Skeleton skeleton = ways[random.below(static_cast<std::uint32_t>(ways.size()))];
    const Hand hand(random);
    std::vector<Line> lines;
    for (Stroke& stroke : skeleton) {
        for (Point& p : stroke.points) {
            p.x += shake * random.normal();
            p.y += shake * random.normal();
        }
        lines.push_back(trace(stroke));
        for (Point& p : lines.back()) p = hand(p);
    }
    return lines;
}

/// Where to put a drawing that reaches from `low` to `high`, so that it stays in the frame.
float offset(float low, float high, Random& random) {
    constexpr float border = 1.5F;  // half a line
    constexpr float spread = 3;
    const float least = border - low;
    const float most = side - border - high;
    const float middle = (least + most) / 2;
    const float reach = std::clamp((most - least) / 2, 0.0F, spread);
    return middle + random.uniform(-reach, reach);
}

void place(std::vector<Line>& lines, Random& random) {
    Point low{side, side};
    Point high{-side, -side};
    for (const Line& line : lines)
        for (const Point& p : line) {
            low = {std::min(low.x, p.x), std::min(low.y, p.y)};
            high = {std::max(high.x, p.x), std::max(high.y, p.y)};
        }
    const float dx = offset(low.x, high.x, random);
    const float dy = offset(low.y, high.y, random);
    for (Line& line : lines)
        for (Point& p : line) p = {p.x + dx, p.y + dy};
}

float squared_distance(Point p, Point a, Point b) {
    const Point ab{b.x - a.x, b.y - a.y};
    const Point ap{p.x - a.x, p.y - a.y};
    const float length2 = std::max(ab.x * ab.x + ab.y * ab.y, 1e-12F);  // a point is a short line
    const float t = std::clamp((ap.x * ab.x + ap.y * ab.y) / length2, 0.0F, 1.0F);
    const float dx = ap.x - t * ab.x;
    const float dy = ap.y - t * ab.y;
    return dx * dx + dy * dy;
}

/// Pixels whose centre lies between low and high: [first, last).
struct Range {
    Range(float low, float high)
        : first(static_cast<std::size_t>(std::clamp(std::ceil(low - 0.5F), 0.0F, side))),
          last(static_cast<std::size_t>(std::clamp(std::floor(high - 0.5F) + 1, 0.0F, side))) {}
    std::size_t first;
    std::size_t last;
};

/// Lays ink along a line; where lines cross, the stronger ink stays.
void ink_line(const Line& line, const Pen& pen, Canvas& canvas) {
    const float reach = pen.radius + pen.softness / 2;
    for (std::size_t i = 1; i < line.size(); ++i) {
        const Point a = line[i - 1];
        const Point b = line[i];
        const Range rows(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach);
        const Range columns(std::min(a.x, b.x) - reach, std::max(a.x, b.x) + reach);
        for (std::size_t y = rows.first; y < rows.last; ++y)
            for (std::size_t x = columns.first; x < columns.last; ++x) {
                const Point p{static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F};
                const float distance2 = squared_distance(p, a, b);
                if (distance2 >= reach * reach) continue;
                const float inside = (reach - std::sqrt(distance2)) / pen.softness;
                float& value = canvas[y * digit_side + x];
                value = std::max(value, pen.ink * std::min(inside, 1.0F));
            }
    }
}

/// A short line anywhere, thinner and paler than the digit's.
void add_stray_stroke(Random& random, Pen pen, Canvas& canvas) {
    pen.radius *= 0.6F;
    pen.ink *= random.uniform(0.5F, 0.9F);
    const Point from{random.uniform(0, side), random.uniform(0, side)};
    const float angle = random.uniform(0, 2 * pi);
    const float length = random.uniform(2, 6);
    ink_line({from, {from.x + length * std::cos(angle), from.y + length * std::sin(angle)}}, pen,
             canvas);
}

/// Adds noise to each pixel (the sum of two uniform numbers: a triangle, mean 0) and rounds.
void develop(const Canvas& canvas, Random& random, std::span<std::uint8_t, digit_pixels> pixels) {
    const float strength = random.uniform(0, 0.12F) / 255;  // largest noise / largest byte
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < digit_pixels; ++i) {
        word = i % 2 == 0 ? random.next() : word >> 16;
        const float noise = static_cast<float>((word & 0xFF) + (word >> 8 & 0xFF)) - 255;
        const float value = std::clamp(canvas[i] + strength * noise, 0.0F, 1.0F);
        pixels[i] = static_cast<std::uint8_t>(value * 255 + 0.5F);
    }
}

}  // namespace

void draw_digit(int digit, Random& random, std::span<std::uint8_t, digit_pixels> pixels) {
    constexpr float stray_share = 0.2F;
    std::vector<Line> lines = write_digit(digit, random);
    place(lines, random);
    const Pen pen(random);
    Canvas canvas{};
    for (const Line& line : lines) ink_line(line, pen, canvas);
    if (random.uniform() < stray_share) add_stray_stroke(random, pen, canvas);
    develop(canvas, random, pixels);
}

}  // namespace ranvier
