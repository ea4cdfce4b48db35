#include "ranvier/kernels/integer_rows.hpp"

#include "ranvier/kernels/isa_test_loop.hpp"
#include "ranvier/kernels/row_lists_test_support.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <vector>

namespace ranvier {
namespace {

TEST(IntegerRows, SumsByHand) {
    std::vector<std::int8_t> weights(32, 1);  // row 0: ones, row 1: minus twos
    for (std::size_t c = 16; c < 32; ++c) weights[c] = -2;
    OwnedLists events;
    events.add({0, 1, 1});
    events.add({});
    const std::vector<float> scale(16, 0.5F), bias(16, 10.0F);
    const std::vector<std::int32_t> start(32, 7);
    on_every_isa([&](const std::string& isa) {
        std::vector<std::int32_t> sums(32);
        sum_rows(weights.data(), 16, 2, events.lists(), {start.data(), sums.data()});
        std::vector<float> scaled(32);
        sum_rows(weights.data(), 16, 2, events.lists(),
                 {nullptr, nullptr, scaled.data(), scale.data(), bias.data()});
        for (std::size_t c = 0; c < 16; ++c) {
            EXPECT_EQ(sums[c], 4) << isa;
            EXPECT_EQ(sums[16 + c], 7) << isa;
            EXPECT_EQ(scaled[c], 8.5F) << isa;
            EXPECT_EQ(scaled[16 + c], 10) << isa;
        }
    });
}

TEST(IntegerRows, EveryInstructionSetSumsExactly) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64, 128);
        const auto largest = *rc::gen::element(1, 2, 4, 5, 127);
        auto e = random_rows<std::int8_t>(width, largest, 900);
        if (*rc::gen::arbitrary<bool>())  // as far as sums can go
            std::fill(e.weights.begin(), e.weights.end(), static_cast<std::int8_t>(-largest));
        const RowLists lists = e.events.lists();
        const bool started = *rc::gen::arbitrary<bool>();
        const std::vector<std::int32_t> start(lists.n * width, 77);
        std::vector<std::int32_t> expected(lists.n * width), out(expected.size());
        RowSums sums;
        sums.start = started ? start.data() : nullptr;
        sums.sums = expected.data();
        sum_rows_reference(e.weights.data(), width, lists, sums);
        sums.sums = out.data();
        on_every_isa([&](const std::string&) {
            std::fill(out.begin(), out.end(), -1);
            sum_rows(e.weights.data(), width, largest, lists, sums);
            RC_ASSERT(out == expected);
        });
    });
}

TEST(IntegerRows, EveryInstructionSetScalesAlikeToTheLastBit) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64, 128);
        auto e = random_rows<std::int8_t>(width, 127, 400);
        const RowLists lists = e.events.lists();
        std::vector<float> scale(width), bias(width);
        for (std::size_t c = 0; c < width; ++c) {
            scale[c] = 0x1.3p-7F * static_cast<float>(c + 1);
            bias[c] = 0.1F * static_cast<float>(c);
        }
        const std::vector<std::int32_t> start(lists.n * width, 1000);
        std::vector<float> expected(lists.n * width), out(expected.size());
        RowSums sums{start.data(), nullptr, expected.data(), scale.data(), bias.data()};
        sum_rows_reference(e.weights.data(), width, lists, sums);
        sums.scaled = out.data();
        std::vector<std::int32_t> plain(lists.n * width);
        sum_rows_reference(e.weights.data(), width, lists, {start.data(), plain.data()});
        on_every_isa([&](const std::string&) {
            std::fill(out.begin(), out.end(), -1.0F);
            sum_rows(e.weights.data(), width, 127, lists, sums);
            RC_ASSERT(out == expected);
            std::fill(out.begin(), out.end(), -1.0F);
            scale_sums(plain.data(), scale.data(), bias.data(), width, lists.n, out.data());
            RC_ASSERT(out == expected);
        });
    });
}

}  // namespace
}  // namespace ranvier
