#include "ranvier/kernels/bit_rows.hpp"

#include "ranvier/kernels/isa_test_loop.hpp"
#include "ranvier/kernels/row_lists_test_support.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <vector>

namespace ranvier {
namespace {

TEST(BitRows, SumsByHand) {
    // Row 0: +1 for output 3 only; row 1: +1 for all; row 2 is for padding.
    const std::vector<std::uint64_t> bits = {8, ~std::uint64_t{0}, 0};
    OwnedLists events;
    events.add_padded({0, 1, 1}, 2);
    events.add_padded({}, 2);
    std::vector<float> scale(64, 0.5F), bias(64, 1.0F);
    on_every_isa([&](const std::string& isa) {
        std::vector<float> out(128);
        sum_bit_rows(bits.data(), 64, events.lists(), scale.data(), bias.data(), out.data());
        for (std::size_t c = 0; c < 64; ++c) {
            EXPECT_EQ(out[c], c == 3 ? 2.5F : 1.5F) << isa;
            EXPECT_EQ(out[64 + c], 1) << isa;
        }
    });
}

TEST(BitRows, EveryInstructionSetSumsExactly) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(64, 128, 256, 512);
        const auto n_rows = *rc::gen::inRange<std::size_t>(1, 300);
        std::uint64_t state = *rc::gen::inRange<std::uint64_t>(0, 1U << 30);
        const auto next = [&state] {
            state = state * 6364136223846793005U + 1442695040888963407U;
            return state >> 32 ^ state << 16;
        };
        std::vector<std::uint64_t> bits((n_rows + 1) * width / 64);
        const bool all = *rc::gen::arbitrary<bool>();  // the largest counts
        for (std::size_t i = 0; i < n_rows * width / 64; ++i) bits[i] = all ? ~0ULL : next();
        OwnedLists events;
        // Around the lengths at which counters get another bit.
        for (const std::size_t n : {0, 1, 15, 16, 17, 63, 64, 255, 256, 1023, 1024, 5000}) {
            if (*rc::gen::arbitrary<bool>()) continue;
            std::vector<std::uint16_t> rows(n);
            for (auto& r : rows) r = static_cast<std::uint16_t>(next() % n_rows);
            events.add_padded(rows, static_cast<std::uint16_t>(n_rows));
        }
        const RowLists lists = events.lists();
        std::vector<float> scale(width), bias(width);
        for (std::size_t c = 0; c < width; ++c) {
            scale[c] = 0x1.3p-7F * static_cast<float>(c + 1);
            bias[c] = 0.1F * static_cast<float>(c);
        }
        std::vector<float> expected(lists.n * width), out(expected.size());
        sum_bit_rows_reference(bits.data(), width, lists, scale.data(), bias.data(),
                               expected.data());
        on_every_isa([&](const std::string&) {
            std::fill(out.begin(), out.end(), -1.0F);
            sum_bit_rows(bits.data(), width, lists, scale.data(), bias.data(), out.data());
            RC_ASSERT(out == expected);
        });
    });
}

}  // namespace
}  // namespace ranvier
