#include "ranvier/report/pareto.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"

namespace ranvier {
namespace {

TEST(Pareto, HandCheckedCase) {
    // Cheapest; dearer and better; dearer and worse; equal to the second; as dear, but worse.
    const std::vector<Bargain> bargains = {{1, 0.5}, {2, 0.9}, {3, 0.8}, {2, 0.9}, {2, 0.7}};
    EXPECT_EQ(pareto_front(bargains), (std::vector<bool>{true, true, false, true, false}));
    EXPECT_TRUE(pareto_front({}).empty());
}

bool dominates(const Bargain& a, const Bargain& b) {
    return a.cost <= b.cost && a.value >= b.value && (a.cost < b.cost || a.value > b.value);
}

TEST(Pareto, IsWhatNobodyDominates) {
    testing::check_property([](const std::vector<std::pair<std::int8_t, std::int8_t>>& pairs) {
        std::vector<Bargain> bargains;
        for (const auto& [cost, value] : pairs)
            bargains.push_back({static_cast<double>(cost % 8), static_cast<double>(value % 8)});
        const std::vector<bool> front = pareto_front(bargains);
        for (std::size_t k = 0; k < bargains.size(); ++k) {
            bool dominated = false;
            for (const Bargain& other : bargains)
                dominated = dominated || dominates(other, bargains[k]);
            RC_ASSERT(front[k] == !dominated);
        }
    });
}

}  // namespace
}  // namespace ranvier
