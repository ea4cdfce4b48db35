#include "ranvier/kernels/rows.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/kernels/isa_test_loop.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cstdlib>
#include <rapidcheck.h>
#include <vector>

namespace ranvier {
namespace {

template <typename T>
struct Events {
    std::vector<T> weights;                        ///< [n_rows][width]
    std::vector<std::vector<std::uint16_t>> rows;  ///< per list
    std::vector<std::vector<float>> values;

    [[nodiscard]] std::vector<RowList> lists() const {
        std::vector<RowList> result;
        for (std::size_t l = 0; l < rows.size(); ++l)
            result.push_back(
                {rows[l].data(), rows[l].size(), l % 3 == 0 ? values[l].data() : nullptr});
        return result;
    }
};

template <typename T>
Events<T> random_events(std::size_t width, int largest, int most_events) {
    Events<T> e;
    const auto n_rows = *rc::gen::inRange<std::size_t>(1, 300);
    std::uint32_t state = *rc::gen::inRange<std::uint32_t>(0, 1U << 30);
    const auto next = [&state] { return (state = state * 1664525U + 1013904223U) >> 8; };
    for (std::size_t i = 0; i < n_rows * width; ++i)
        e.weights.push_back(static_cast<T>(
            static_cast<int>(next() % static_cast<std::uint32_t>(2 * largest + 1)) - largest));
    const auto n_lists = *rc::gen::inRange(0, 10);
    for (int l = 0; l < n_lists; ++l) {
        auto& rows = e.rows.emplace_back();
        auto& values = e.values.emplace_back();
        const auto n = *rc::gen::inRange(0, most_events);
        for (int i = 0; i < n; ++i) {
            rows.push_back(static_cast<std::uint16_t>(next() % n_rows));
            values.push_back(static_cast<float>(next()) * 0x1p-23F);
        }
    }
    return e;
}

TEST(Rows, AddsByHand) {
    std::vector<float> weights(32, 1.0F);  // row 0: ones, row 1: twos
    for (std::size_t c = 16; c < 32; ++c) weights[c] = 2;
    const std::uint16_t rows[] = {0, 1, 1};
    const float half[] = {0.5F, 0.5F};
    const RowList lists[] = {{rows, 3}, {rows, 2}, {rows, 0}, {rows, 2, half}};
    on_every_isa([&](const std::string& isa) {
        std::vector<float> out(4 * 16, 10.0F);
        add_rows(weights.data(), 16, lists, out.data());
        for (std::size_t c = 0; c < 16; ++c) {
            EXPECT_EQ(out[c], 15) << isa;
            EXPECT_EQ(out[16 + c], 13) << isa;
            EXPECT_EQ(out[32 + c], 10) << isa;
            EXPECT_EQ(out[48 + c], 11.5F) << isa;
        }
    });
}

TEST(Rows, EveryInstructionSetAddsFloatsAlikeToTheLastBit) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        Events<float> e = random_events<float>(width, 1 << 20, 200);
        for (float& v : e.weights) v *= 0x1.3p-19F;  // no longer integers: order matters
        const auto lists = e.lists();
        std::vector<float> expected(lists.size() * width, 0.1F);
        add_rows_reference(e.weights.data(), width, lists, expected.data());
        on_every_isa([&](const std::string&) {
            std::vector<float> out(lists.size() * width, 0.1F);
            add_rows(e.weights.data(), width, lists, out.data());
            RC_ASSERT(out == expected);
        });
    });
}

TEST(Rows, EveryInstructionSetSumsIntegersExactly) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        const auto largest = *rc::gen::element(1, 2, 4, 5, 127);
        Events<std::int8_t> e = random_events<std::int8_t>(width, largest, 900);
        if (*rc::gen::arbitrary<bool>())  // as far as sums can go
            std::fill(e.weights.begin(), e.weights.end(), static_cast<std::int8_t>(-largest));
        const auto lists = e.lists();
        std::vector<std::int32_t> expected(lists.size() * width, 77), out(expected.size());
        sum_rows_reference(e.weights.data(), width, lists, expected.data());
        on_every_isa([&](const std::string&) {
            std::fill(out.begin(), out.end(), 77);
            sum_rows(e.weights.data(), width, largest, lists, out.data());
            RC_ASSERT(out == expected);
            const std::vector<std::int16_t> wide(e.weights.begin(), e.weights.end());
            std::fill(out.begin(), out.end(), 77);
            sum_rows(wide.data(), width, largest, lists, out.data());
            RC_ASSERT(out == expected);
        });
    });
}

TEST(Rows, DenseAddsLikeEvents) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        const auto n_steps = *rc::gen::inRange<std::size_t>(1, 5);
        Events<float> e = random_events<float>(width, 1 << 20, 1);
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
        std::vector<RowList> lists;
        for (const auto& rows : events) lists.push_back({rows.data(), rows.size()});
        add_rows_reference(e.weights.data(), width, lists, expected.data());
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
