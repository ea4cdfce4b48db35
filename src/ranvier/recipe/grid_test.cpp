#include "ranvier/recipe/grid.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

TEST(Grid, AxisOfValues) {
    const GridAxis axis = parse_axis("convert.steps=4,8,16");
    EXPECT_EQ(axis.key, "convert.steps");
    EXPECT_EQ(axis.values, (std::vector<std::string>{"4", "8", "16"}));
    EXPECT_EQ(parse_axis("seed=1").values, std::vector<std::string>{"1"});
    EXPECT_EQ(parse_axis("train.milestones=[1,2],[3]").values,
              (std::vector<std::string>{"[1,2]", "[3]"}));
    EXPECT_EQ(parse_axis("data.set=\"a,b\",c").values, (std::vector<std::string>{"\"a,b\"", "c"}));
    for (const char* bad : {"", "seed", "=1", "seed=", "seed=1,", "seed=,1"})
        EXPECT_THROW((void)parse_axis(bad), Error) << bad;
}

TEST(Grid, PointsAreAllCombinations) {
    const auto points = grid_points({{"a.x", {"1", "2"}}, {"b", {"p/q", "r"}}});
    ASSERT_EQ(points.size(), 4U);
    EXPECT_EQ(points[0].overrides, (std::vector<std::string>{"a.x=1", "b=p/q"}));
    EXPECT_EQ(points[1].overrides, (std::vector<std::string>{"a.x=1", "b=r"}));
    EXPECT_EQ(points[3].label, "a.x=2 b=r");
    EXPECT_EQ(points[0].folder, "001-a.x=1-b=p_q");
    EXPECT_EQ(points[3].folder, "004-a.x=2-b=r");
}

TEST(Grid, ValuesAddedToTheFirstAxisKeepTheNumbersOfEarlierPoints) {
    const auto before = grid_points({{"x", {"1", "2"}}, {"y", {"1", "2"}}});
    const auto after = grid_points({{"x", {"1", "2", "3"}}, {"y", {"1", "2"}}});
    for (std::size_t p = 0; p < before.size(); ++p) EXPECT_EQ(after[p].folder, before[p].folder);
}

TEST(Grid, RefusesWhatCannotBeMeant) {
    EXPECT_THROW((void)grid_points({}), Error);
    EXPECT_THROW((void)grid_points({{"x", {"1"}}, {"x", {"2"}}}), Error);
    const std::vector<std::string> many(101, "1");
    EXPECT_THROW((void)grid_points({{"x", many}, {"y", many}}), Error);
    EXPECT_LE(grid_points({{"x", {std::string(500, 'v')}}})[0].folder.size(), 104U);
}

}  // namespace
}  // namespace ranvier
