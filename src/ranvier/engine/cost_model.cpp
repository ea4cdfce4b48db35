#include "ranvier/engine/cost_model.hpp"

#include "ranvier/base/aligned.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/kernels/append_rows.hpp"
#include "ranvier/kernels/bit_rows.hpp"
#include "ranvier/kernels/integer_rows.hpp"
#include "ranvier/kernels/popcount.hpp"
#include "ranvier/kernels/rows.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace ranvier {

namespace {

/// Least time of a few calls, in nanoseconds.
template <typename Work>
double nanoseconds(const Work& work) {
    double least = 1e12;
    for (int round = 0; round < 20; ++round) {
        const auto start = std::chrono::steady_clock::now();
        work();
        least = std::min(least, std::chrono::duration<double, std::nano>(
                                    std::chrono::steady_clock::now() - start)
                                    .count());
    }
    return least;
}

constexpr std::size_t n_steps = 16;
constexpr std::size_t width = 64;

/// Lists of one of eight rows, at random: even distances would use a part of a cache only.
struct RandomLists {
    explicit RandomLists(std::size_t n_rows) {
        Random random(1, 0);
        for (std::size_t s = 0; s < n_steps; ++s) {
            begin.push_back(static_cast<std::uint32_t>(rows.size()));
            for (std::size_t r = 0; r < n_rows; ++r)
                if (random.uniform() < 0.125F) rows.push_back(static_cast<std::uint16_t>(r));
            end.push_back(static_cast<std::uint32_t>(rows.size()));
        }
        n_events = static_cast<double>(rows.size());
        rows.resize(rows.size() + 32);
    }
    [[nodiscard]] RowLists lists() const {
        return {rows.data(), nullptr, begin.data(), end.data(), 1, n_steps};
    }
    std::vector<std::uint16_t> rows;
    std::vector<std::uint32_t> begin, end;
    double n_events = 0;
};

/// A tile of weights in the first-level cache, an eighth of whose inputs spike.
void measure_floats(CostModel& costs) {
    constexpr std::size_t n_rows = 128;
    const RandomLists events(n_rows);
    const AlignedVector<float> weights(n_rows * width, 0.5F);
    const std::vector<float> factors(n_rows * 4, 1.0F);
    AlignedVector<float> out(n_steps * width);
    costs.float_row =
        nanoseconds([&] { add_rows(weights.data(), width, events.lists(), nullptr, out.data()); }) /
        events.n_events;
    costs.dense_row =
        nanoseconds(
            [&] { add_dense_rows(weights.data(), n_rows, factors.data(), 4, width, out.data()); }) /
        static_cast<double>(4 * n_rows);
}

/// A layer's weights in the second-level cache: 3 x 3 x 512 inputs, an eighth of which spike.
void measure_integers(CostModel& costs) {
    constexpr std::size_t n_rows = 9 * 512;
    constexpr std::size_t n_words = n_rows / 32;
    const RandomLists events(n_rows);
    constexpr std::size_t wide = 2 * width;
    const AlignedVector<std::int8_t> weights(n_rows * wide, 1);
    const AlignedVector<std::uint32_t> bits(n_words * width, 0x11111111U);
    const AlignedVector<float> ones(wide, 1.0F);
    AlignedVector<float> out(n_steps * wide);
    AlignedVector<std::int32_t> sums(n_steps * width);
    const RowSums scaled{nullptr, nullptr, out.data(), ones.data(), ones.data()};
    costs.int8_row =
        nanoseconds([&] { sum_rows(weights.data(), wide, 1, events.lists(), scaled); }) /
        events.n_events / 2;
    constexpr std::size_t widest = 512;
    const AlignedVector<std::uint64_t> rows(n_rows * widest / 64);
    const AlignedVector<float> scale(widest, 1.0F);
    AlignedVector<float> many(n_steps * widest);
    costs.bit_row = nanoseconds([&] {
                        sum_bit_rows(rows.data(), widest, events.lists(), scale.data(),
                                     scale.data(), many.data());
                    }) /
                    events.n_events;
    const std::vector<std::int32_t> totals(n_steps);
    const auto count = [&](std::size_t words) {
        const PackedSpikes packed{bits.data(), totals.data(), words, n_steps};
        return nanoseconds([&] {
                   for (std::size_t c = 0; c < width; c += popcount_lanes)
                       and_popcount(bits.data() + c * words, packed, sums.data() + c, width);
               }) /
               static_cast<double>(n_steps);
    };
    constexpr std::size_t few = 18;  // 3 x 3 x 64 inputs
    const double long_time = count(n_words);
    const double short_time = count(few);
    costs.popcount_word = (long_time - short_time) / static_cast<double>(n_words - few);
    costs.popcount_start =
        std::max(0.0, short_time - costs.popcount_word * static_cast<double>(few));
}

/// Windows of 3 x 3 inputs with eight rows each.
void measure_lists(CostModel& costs) {
    constexpr std::size_t n_taps = 9;
    constexpr std::size_t room = 16 * n_taps + 64;
    const std::vector<std::uint16_t> channels(8 * n_steps + 64);
    std::vector<std::uint32_t> offset, start;
    for (std::size_t s = 0; s <= n_steps; ++s) offset.push_back(static_cast<std::uint32_t>(8 * s));
    for (std::size_t s = 0; s < n_steps; ++s) start.push_back(static_cast<std::uint32_t>(room * s));
    std::vector<std::uint16_t> rows(n_steps * room);
    std::vector<std::uint32_t> end;
    costs.list =
        nanoseconds([&] {
            end = start;
            for (std::size_t tap = 0; tap < n_taps; ++tap)
                append_rows(
                    {channels.data(), nullptr, offset.data(), offset.data() + 1, 1, n_steps},
                    static_cast<std::uint16_t>(8 * tap), {rows.data(), nullptr, end.data()});
        }) /
        static_cast<double>(n_taps * n_steps);
}

CostModel measure() {
    CostModel costs;
    measure_floats(costs);
    measure_integers(costs);
    measure_lists(costs);
    return costs;
}

}  // namespace

const CostModel& machine_costs() {
    static const CostModel costs = measure();
    return costs;
}

}  // namespace ranvier
