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
    std::vector<T> rows;                             ///< [n_rows][width]
    std::vector<std::vector<std::uint16_t>> events;  ///< per segment
    std::vector<std::vector<float>> values;

    [[nodiscard]] std::vector<RowSegment<T>> segments() const {
        std::vector<RowSegment<T>> result;
        for (std::size_t s = 0; s < events.size(); ++s)
            result.push_back({events[s].data(), events[s].size(), rows.data(),
                              values.empty() || s % 2 == 0 ? nullptr : values[s].data()});
        return result;
    }
};

template <typename T>
Events<T> random_events(std::size_t width, int largest, int most_events) {
    Events<T> e;
    const auto n_rows = *rc::gen::inRange<std::size_t>(1, 300);
    const auto seed = *rc::gen::inRange<std::uint32_t>(0, 1U << 30);
    std::uint32_t state = seed;
    const auto next = [&state] { return state = state * 1664525U + 1013904223U; };
    for (std::size_t i = 0; i < n_rows * width; ++i)
        e.rows.push_back(static_cast<T>(
            static_cast<int>((next() >> 8) % static_cast<std::uint32_t>(2 * largest + 1)) -
            largest));
    const auto n_segments = *rc::gen::inRange(0, 10);
    for (int s = 0; s < n_segments; ++s) {
        auto& list = e.events.emplace_back();
        auto& values = e.values.emplace_back();
        const auto n = *rc::gen::inRange(0, most_events);
        for (int i = 0; i < n; ++i) {
            list.push_back(static_cast<std::uint16_t>((next() >> 8) % n_rows));
            values.push_back(static_cast<float>(next() >> 8) * 0x1p-23F);
        }
    }
    return e;
}

TEST(Rows, AddsByHand) {
    std::vector<float> rows(32, 1.0F);  // row 0: ones, row 1: twos
    for (std::size_t c = 16; c < 32; ++c) rows[c] = 2;
    const std::uint16_t events[] = {0, 1, 1};
    const float half[] = {0.5F, 0.5F};
    const RowSegment<float> segments[] = {{events, 3, rows.data()}, {events, 2, rows.data(), half}};
    on_every_isa([&](const std::string& isa) {
        std::vector<float> out(16, 10.0F);
        add_rows(segments, out);
        for (const float v : out) EXPECT_EQ(v, 10 + 1 + 2 + 2 + 0.5F + 1) << isa;
    });
}

TEST(Rows, EveryInstructionSetAddsFloatsAlikeToTheLastBit) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        Events<float> e = random_events<float>(width, 1 << 20, 200);
        for (float& v : e.rows) v *= 0x1.3p-19F;  // no longer integers: order matters
        const auto segments = e.segments();
        std::vector<float> expected(width, 0.1F);
        add_rows_reference(segments, expected);
        on_every_isa([&](const std::string&) {
            std::vector<float> out(width, 0.1F);
            add_rows(segments, out);
            RC_ASSERT(out == expected);
        });
    });
}

TEST(Rows, EveryInstructionSetSumsIntegersExactly) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        const auto largest = *rc::gen::element(1, 2, 4, 5, 127);
        Events<std::int8_t> e = random_events<std::int8_t>(width, largest, 900);
        e.values.clear();
        if (*rc::gen::arbitrary<bool>())  // as far as sums can go
            std::fill(e.rows.begin(), e.rows.end(), static_cast<std::int8_t>(-largest));
        const auto segments = e.segments();
        std::vector<std::int32_t> expected(width), out(width);
        sum_rows_reference(segments, expected);
        on_every_isa([&](const std::string&) {
            std::fill(out.begin(), out.end(), 77);
            sum_rows(segments, largest, out);
            RC_ASSERT(out == expected);
        });
    });
}

TEST(Rows, DenseAddsLikeEvents) {
    testing::check_property([] {
        const auto width = *rc::gen::element<std::size_t>(16, 32, 64);
        const auto n_steps = *rc::gen::inRange<std::size_t>(1, 5);
        Events<float> e = random_events<float>(width, 1 << 20, 1);
        for (float& v : e.rows) v *= 0x1.3p-19F;
        const std::size_t n_rows = e.rows.size() / width;
        std::vector<float> factors(n_rows * n_steps);
        std::vector<std::vector<std::uint16_t>> events(n_steps);
        for (std::size_t r = 0; r < n_rows; ++r)
            for (std::size_t s = 0; s < n_steps; ++s)
                if (*rc::gen::inRange(0, 3) > 0) {
                    factors[r * n_steps + s] = 1;
                    events[s].push_back(static_cast<std::uint16_t>(r));
                }
        std::vector<float> expected(n_steps * width, 0.1F);
        for (std::size_t s = 0; s < n_steps; ++s) {
            const RowSegment<float> segment{events[s].data(), events[s].size(), e.rows.data()};
            add_rows_reference({&segment, 1}, {expected.data() + s * width, width});
        }
        on_every_isa([&](const std::string&) {
            std::vector<float> out(n_steps * width, 0.1F);
            add_dense_rows(e.rows.data(), n_rows, factors.data(), n_steps, width, out.data());
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
