#include "ranvier/recipe/grid.hpp"

#include "ranvier/base/error.hpp"

#include <cctype>
#include <fmt/ranges.h>
#include <set>

namespace ranvier {

namespace {

constexpr std::size_t max_points = 10'000;
constexpr std::size_t max_label = 100;  ///< characters of a folder's name

std::vector<std::string> split_values(const std::string& text) {
    std::vector<std::string> values(1);
    int depth = 0;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '[' || c == '{')) ++depth;
        if (!quoted && (c == ']' || c == '}')) --depth;
        if (c == ',' && depth == 0 && !quoted)
            values.emplace_back();
        else
            values.back() += c;
    }
    return values;
}

/// What may stand in the name of a folder everywhere.
std::string folder_name(std::size_t number, const std::vector<std::string>& overrides) {
    std::string name = fmt::format("{}", fmt::join(overrides, "-")).substr(0, max_label);
    for (char& c : name) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                           std::string("._=+-").find(c) != std::string::npos;
        if (!plain) c = '_';
    }
    return fmt::format("{:03}-{}", number, name);
}

void require_usable(const std::vector<GridAxis>& axes) {
    if (axes.empty()) fail(Fault::usage, "sweep: give at least one --grid KEY=VALUE,VALUE,...");
    std::set<std::string> keys;
    std::size_t n_points = 1;
    for (const GridAxis& axis : axes) {
        if (!keys.insert(axis.key).second)
            fail(Fault::usage, "sweep: --grid {} is given twice; list all its values in one",
                 axis.key);
        n_points *= axis.values.size();
        if (n_points > max_points)
            fail(Fault::usage, "sweep: the grid has more than {} points; give fewer values",
                 max_points);
    }
}

}  // namespace

GridAxis parse_axis(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        fail(Fault::usage,
             "--grid {}: must be KEY=VALUE,VALUE,..., for instance convert.steps=8,16", text);
    GridAxis axis{text.substr(0, equals), split_values(text.substr(equals + 1))};
    for (const std::string& value : axis.values)
        if (value.empty())
            fail(Fault::usage,
                 "--grid {}: has an empty value; write the values with one comma "
                 "between them",
                 text);
    return axis;
}

std::vector<GridPoint> grid_points(const std::vector<GridAxis>& axes) {
    require_usable(axes);
    std::vector<GridPoint> points(1);
    for (const GridAxis& axis : axes) {
        std::vector<GridPoint> longer;
        for (const GridPoint& point : points)
            for (const std::string& value : axis.values) {
                longer.push_back(point);
                longer.back().overrides.push_back(fmt::format("{}={}", axis.key, value));
            }
        points = std::move(longer);
    }
    for (std::size_t p = 0; p < points.size(); ++p) {
        points[p].label = fmt::format("{}", fmt::join(points[p].overrides, " "));
        points[p].folder = folder_name(p + 1, points[p].overrides);
    }
    return points;
}

}  // namespace ranvier
