#include "ranvier/kernels/rows.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/kernels/isa_test_loop.hpp"
#include "ranvier/kernels/row_lists_test_support.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cstdlib>
#include <vector>

namespace ranvier {
namespace {

TEST(Rows, AddsByHand) {
    std::vector<float> weights(32, 1.0F);  // row 0: ones, row 1: twos
    for (std::size_t c = 16; c < 32; ++c) weights[c] = 2;
    const float half[] = {0.5F, 0.5F};
    OwnedLists plain, valued;
    plain.add({0, 1, 1});
    plain.add({0, 1});
    plain.add({});
    valued.add({0, 1}, {half[0], half[1]});
    const std::vector<float> bias(16, -1.0F);
    on_every_isa([&](const std::string& isa) {
        std::vector<float> out(3 * 16, 10.0F), started(3 * 16, 10.0F), worth(16, 10.0F);
        add_rows(weights.data(), 16, plain.lists(), nullptr, out.data());
        add_rows(weights.data(), 16, plain.lists(), bias.data(), started.data());
        add_rows(weights.data(), 16, valued.lists(true), nullptr, worth.data());
        for (std::size_t c = 0; c < 16; ++c) {
            EXPECT_EQ(out[c], 15) << isa;
            EXPECT_EQ(out[16 + c], 13) << isa;
            EXPECT_EQ(out[32 + c], 10) << isa;
            EXPECT_EQ(started[c], 4) << isa;
            EXPECT_EQ(started[32 + c], -1) << isa;
            EXPECT_EQ(worth[c], 11.5F) << isa;
        }
    });
}

TEST(Rows, EveryInstructionSetAddsFloatsAlikeToTheLastBit) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64, 128);
        auto e = random_rows<float>(width, 1 << 20, 200);
        for (float& v : e.weights) v *= 0x1.3p-19F;  // no longer integers: order matters
        const RowLists lists = e.events.lists(*rc::gen::arbitrary<bool>());
        const std::vector<float> bias(width, 0.3F);
        const float* start = *rc::gen::arbitrary<bool>() ? bias.data() : nullptr;
        std::vector<float> expected(lists.n * width, 0.1F);
        add_rows_reference(e.weights.data(), width, lists, start, expected.data());
        on_every_isa([&](const std::string&) {
            std::vector<float> out(lists.n * width, 0.1F);
            add_rows(e.weights.data(), width, lists, start, out.data());
            RC_ASSERT(out == expected);
        });
    });
}

TEST(Rows, DenseAddsLikeEvents) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        const auto n_steps = *rc::gen::inRange<std::size_t>(1, 5);
        auto e = random_rows<float>(width, 1 << 20, 1);
        for (float& v : e.weights) v *= 0x1.3p-19F;
        const std::size_t n_rows = e.weights.size() / width;
        std::vector<float> factors(n_rows * n_steps);
        std::vector<std::vector<std::uint16_t>> events(n_steps);
        for (std::size_t r = 0; r < n_rows; ++r)
            for (std::size_t s = 0; s < n_steps; ++s)
                if (*rc::gen::inRange(0, 3) > 0) {
                    factors[r * n_steps + s] = 1;
                    events[s].push_back(static_cast<std::uint16_t>(r));
                }
        std::vector<float> expected(n_steps * width, 0.1F);
        OwnedLists lists;
        for (const auto& rows : events) lists.add(rows);
        add_rows_reference(e.weights.data(), width, lists.lists(), nullptr, expected.data());
        on_every_isa([&](const std::string&) {
            std::vector<float> out(n_steps * width, 0.1F);
            add_dense_rows(e.weights.data(), n_rows, factors.data(), n_steps, width, out.data());
            RC_ASSERT(out == expected);
        });
    });
}

TEST(Isa, AnUnknownOneIsRefusedWithThoseThatThereAre) {
    try {
        use_isa("avx1024");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::usage);
        EXPECT_NE(std::string(error.what()).find("scalar"), std::string::npos);
    }
    for (const std::string& name : available_isas()) {
        use_isa(name);
        EXPECT_EQ(isa_in_use(), name);
    }
    use_isa("auto");
    EXPECT_EQ(isa_in_use(), available_isas().back());
}

}  // namespace
}  // namespace ranvier
