#include "ranvier/kernels/fire.hpp"

#include "ranvier/kernels/isa_test_loop.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <bit>
#include <limits>
#include <rapidcheck.h>
#include <vector>

namespace ranvier {
namespace {

TEST(Fire, SubtractByHand) {
    std::vector<float> threshold(16, 1.0F), membrane(16, 0.25F), currents(2 * 16, 0.0F);
    threshold[5] = std::numeric_limits<float>::infinity();
    currents[0] = 0.75F;   // reaches the threshold exactly: fires
    currents[1] = 0.74F;   // just not
    currents[2] = 2.0F;    // fires, and again in step 1
    currents[5] = 100.0F;  // never
    on_every_isa([&](const std::string& isa) {
        std::vector<float> u = membrane;
        std::uint64_t bits[2] = {~0ULL, ~0ULL};
        fire({FireRule::subtract, 1, 16, 2, threshold.data(), currents.data(), 16, u.data()}, bits,
             1);
        EXPECT_EQ(bits[0], 0b101U) << isa;
        EXPECT_EQ(bits[1], 0b100U) << isa;
        EXPECT_EQ(u[0], 0.0F);
        EXPECT_EQ(u[2], 0.25F);
        u = membrane;
        fire({FireRule::zero, 1, 16, 2, threshold.data(), currents.data(), 16, u.data()}, bits, 1);
        EXPECT_EQ(bits[1], 0U) << isa;
        EXPECT_EQ(u[2], 0.0F);
    });
}

TEST(Fire, EveryInstructionSetFiresAlike) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        const auto n_steps = *rc::gen::inRange<std::size_t>(0, 20);
        const auto rule =
            *rc::gen::element(FireRule::subtract, FireRule::zero, FireRule::leaky_delayed,
                              FireRule::leaky_same_step, FireRule::leaky_zero);
        const auto number = [](int low, int high) {
            return static_cast<float>(*rc::gen::inRange(low, high)) / 100;
        };
        const std::size_t stride = width + *rc::gen::element<std::size_t>(0, 16, 64);
        std::vector<float> threshold(width), membrane(width), currents(n_steps * stride);
        for (float& v : threshold) v = number(1, 200);
        for (float& v : membrane) v = number(-100, 200);
        for (float& v : currents) v = number(-100, 200);
        FireBlock block{rule,   number(80, 101), width, n_steps, threshold.data(), currents.data(),
                        stride, nullptr};
        std::vector<float> expected_u = membrane;
        std::vector<std::uint64_t> expected(3 * n_steps, 9);
        block.membrane = expected_u.data();
        fire_reference(block, expected.data(), 3);
        on_every_isa([&](const std::string&) {
            std::vector<float> u = membrane;
            std::vector<std::uint64_t> bits(3 * n_steps, 9);
            block.membrane = u.data();
            fire(block, bits.data(), 3);
            RC_ASSERT(u == expected_u);
            RC_ASSERT(bits == expected);
        });
    });
}

TEST(Fire, PhasesByHand) {
    // Thresholds 2; one silent step, then phases that need 1, 0.5 and 0.25 of them.
    const std::vector<float> threshold(16, 2.0F), needed = {1, 0.5F, 0.25F};
    std::vector<float> currents(4 * 16, 0.0F);
    currents[0] = 5;       // neuron 0: enough at once, but fires in phase 1 only
    currents[16 + 1] = 1;  // neuron 1: enough in phase 2
    on_every_isa([&](const std::string& isa) {
        std::vector<float> u(16, 0.0F);
        std::vector<std::uint64_t> bits(6, 99);
        fire_phases({16, 4, 1, threshold.data(), needed.data(), currents.data(), 16, u.data()},
                    bits.data(), 2);
        EXPECT_EQ(bits, (std::vector<std::uint64_t>{1, 99, 2, 99, 0, 99})) << isa;
        EXPECT_EQ(u[0], 5) << isa;
    });
}

TEST(Fire, EveryInstructionSetFiresPhasesAlike) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        const auto n_steps = *rc::gen::inRange<std::size_t>(0, 20);
        const auto n_silent = *rc::gen::inRange<std::size_t>(0, n_steps + 1);
        const std::size_t stride = width + *rc::gen::element<std::size_t>(0, 64);
        const auto numbers = [](std::size_t n, int low, int high) {
            std::vector<float> values(n);
            for (float& v : values) v = static_cast<float>(*rc::gen::inRange(low, high)) / 8;
            return values;
        };
        const auto threshold = numbers(width, 1, 20);
        const auto membrane = numbers(width, -20, 20);
        const auto currents = numbers(n_steps * stride, -4, 8);
        const auto needed = numbers(n_steps - n_silent, 1, 40);
        PhaseBlock block{width,         n_steps,         n_silent, threshold.data(),
                         needed.data(), currents.data(), stride,   nullptr};
        std::vector<float> expected_u = membrane;
        std::vector<std::uint64_t> expected(3 * n_steps, 9);
        block.membrane = expected_u.data();
        fire_phases_reference(block, expected.data(), 3);
        std::uint64_t all = 0;  // nobody fires twice
        for (std::size_t s = 0; s + n_silent < n_steps; ++s) {
            RC_ASSERT((all & expected[3 * s]) == 0U);
            all |= expected[3 * s];
        }
        on_every_isa([&](const std::string&) {
            std::vector<float> u = membrane;
            std::vector<std::uint64_t> bits(3 * n_steps, 9);
            block.membrane = u.data();
            fire_phases(block, bits.data(), 3);
            RC_ASSERT(u == expected_u);
            RC_ASSERT(bits == expected);
        });
    });
}

TEST(Fire, ListsWhatSpikesByHand) {
    // Two steps of three words, segments of two words.
    const std::uint64_t bits[] = {1ULL << 63 | 1, 4, 0, 0, 2, 8};
    on_every_isa([&](const std::string& isa) {
        std::vector<std::uint16_t> channels(200);
        std::vector<std::uint32_t> offset(4);
        const std::size_t end = list_bits({bits, 3, 2, 2}, 5, channels.data(), offset.data());
        EXPECT_EQ(end, 10U) << isa;
        EXPECT_EQ(offset, (std::vector<std::uint32_t>{5, 8, 8, 9})) << isa;
        const std::vector<std::uint16_t> listed(channels.begin() + 5, channels.begin() + 10);
        EXPECT_EQ(listed, (std::vector<std::uint16_t>{0, 63, 66, 65, 131})) << isa;
    });
}

TEST(Fire, EveryInstructionSetListsAlike) {
    testing::check_property([] {
        const auto n_words = *rc::gen::inRange<std::size_t>(1, 10);
        const auto n_steps = *rc::gen::inRange<std::size_t>(0, 6);
        const auto per_segment = *rc::gen::inRange<std::size_t>(1, 4);
        const auto density = *rc::gen::inRange(0, 4);
        std::vector<std::uint64_t> bits(n_words * n_steps);
        std::uint64_t state = *rc::gen::arbitrary<std::uint32_t>();
        const auto next = [&state] {
            state = state * 6364136223846793005U + 1442695040888963407U;
            return state >> 32 ^ state << 16;
        };
        for (auto& b : bits)
            b = density == 0   ? ~0ULL
                : density == 1 ? 0
                : density == 2 ? next()
                               : next() & next() & next();
        const BitsOfPlace place{bits.data(), n_words, n_steps, per_segment};
        const std::size_t n_lists = n_steps * ((n_words + per_segment - 1) / per_segment);
        std::vector<std::uint16_t> expected(64 * bits.size() + 70), out(expected.size());
        std::vector<std::uint32_t> offset(n_lists), found(n_lists);
        const std::size_t end = list_bits_reference(place, 3, expected.data(), offset.data());
        on_every_isa([&](const std::string&) {
            RC_ASSERT(list_bits(place, 3, out.data(), found.data()) == end);
            RC_ASSERT(found == offset);
            RC_ASSERT(std::equal(out.begin() + 3, out.begin() + static_cast<std::ptrdiff_t>(end),
                                 expected.begin() + 3));
        });
    });
}

TEST(Fire, CountsSpikesOfManySteps) {
    testing::check_property([] {
        const auto n_words = *rc::gen::inRange<std::size_t>(1, 4);
        const auto n_steps = *rc::gen::element<std::size_t>(0, 1, 7, 255, 256, 600);
        const std::size_t stride = n_words + 1;
        std::vector<std::uint64_t> bits(n_steps * stride + 1);
        std::uint64_t state = *rc::gen::arbitrary<std::uint32_t>();
        for (auto& b : bits) b = state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        if (*rc::gen::arbitrary<bool>()) std::fill(bits.begin(), bits.end(), ~0ULL);
        std::vector<std::uint32_t> expected(64 * n_words, 3);
        count_spikes_reference(bits.data(), n_words, n_steps, stride, expected.data());
        std::uint32_t first = 3;  // by hand
        for (std::size_t s = 0; s < n_steps; ++s)
            first += static_cast<std::uint32_t>(bits[s * stride] & 1);
        RC_ASSERT(expected[0] == first);
        on_every_isa([&](const std::string&) {
            std::vector<std::uint32_t> counts(64 * n_words, 3);
            count_spikes(bits.data(), n_words, n_steps, stride, counts.data());
            RC_ASSERT(counts == expected);
        });
    });
}

}  // namespace
}  // namespace ranvier
