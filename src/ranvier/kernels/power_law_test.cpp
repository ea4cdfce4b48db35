#include "ranvier/kernels/power_law.hpp"

#include "ranvier/kernels/isa_test_loop.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cmath>
#include <rapidcheck.h>
#include <vector>

namespace ranvier {
namespace {

TEST(PowerLaw, ByHand) {
    // (1 - w)^0.5: 0.5 at w = 0.75, 1 at w = 0. Steps 0.5 (chi - 0.25).
    const PowerLaw law{0.5F, 0.25F, 1, 0.5F};
    const std::vector<float> trace = {0.75F, 0, 1, 1, 0.75F};
    const std::uint64_t alive = 0b01111;
    on_every_isa([&](const std::string& isa) {
        std::vector<float> w = {0.75F, 0.75F, 0, 1, 0.75F};
        power_law_update(law, trace.data(), &alive, 5, w.data());
        EXPECT_NEAR(w[0], 0.75 + 0.25 * 0.5, 1e-6) << isa;
        EXPECT_NEAR(w[1], 0.75 - 0.125 * 0.5, 1e-6) << isa;
        EXPECT_NEAR(w[2], 0.375, 1e-6) << isa;
        EXPECT_EQ(w[3], 1) << isa;      // no room left
        EXPECT_EQ(w[4], 0.75F) << isa;  // pruned: stays
    });
}

TEST(PowerLaw, PowersAreThoseOfTheLibrary) {
    testing::check_property([] {
        const double x = std::pow(10.0, *rc::gen::inRange(-11000, 3000) / 1000.0);
        const double mu = *rc::gen::inRange(1, 3001) / 1000.0;
        const auto narrow_x = static_cast<float>(x);
        const auto narrow_mu = static_cast<float>(mu);
        const double expected = std::pow(static_cast<double>(narrow_x), narrow_mu);
        // y = mu log2 x has up to 8 bits before its point, so its rounding is worth 2^-17 ln 2.
        const double bound = 1e-6 + std::abs(std::log(expected)) * 0x1p-22;
        RC_ASSERT(std::abs(power_of(narrow_x, narrow_mu) - expected) <= bound * expected);
    });
    EXPECT_EQ(power_of(0, 0.2F), 0);
    EXPECT_EQ(power_of(0, 0), 1);
    EXPECT_EQ(power_of(1, 0.2F), 1);
}

TEST(PowerLaw, EveryInstructionSetUpdatesAlike) {
    testing::check_property([] {
        const auto share = [] { return static_cast<float>(*rc::gen::inRange(0, 1001)) / 1000; };
        const PowerLaw law{share(), share(), 0.5F + share(), 3 * share() * share()};
        const auto n = *rc::gen::element<std::size_t>(0, 1, 15, 16, 63, 64, 65, 784, 1000);
        std::vector<float> trace(n), start(n);
        std::vector<std::uint64_t> alive(n / 64 + 1);
        std::uint64_t state = *rc::gen::arbitrary<std::uint32_t>();
        const auto next = [&state] {
            state = state * 6364136223846793005U + 1442695040888963407U;
            return state >> 32 ^ state << 16;
        };
        const auto unit = [&] { return static_cast<float>(next() % 1025) / 1024; };
        for (float& v : trace) v = unit();
        for (float& v : start) v = law.w_max * unit();
        for (auto& word : alive) word = next() | next();
        std::vector<float> expected = start;
        power_law_update_reference(law, trace.data(), alive.data(), n, expected.data());
        for (const float w : expected) RC_ASSERT(w >= 0 && w <= law.w_max);
        on_every_isa([&](const std::string&) {
            std::vector<float> w = start;
            power_law_update(law, trace.data(), alive.data(), n, w.data());
            RC_ASSERT(w == expected);
        });
    });
}

}  // namespace
}  // namespace ranvier
