#include "ranvier/engine/cost_model.hpp"

#include "ranvier/base/aligned.hpp"
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

/// A piece of weights in the first-level cache, an eighth of whose inputs spike.
CostModel measure() {
    constexpr std::size_t n_rows = 128;
    constexpr std::size_t width = 64;
    constexpr std::size_t n_steps = 16;
    constexpr std::size_t n_words = 9 * 512 / 32;
    std::vector<std::uint16_t> rows;
    for (std::size_t r = 0; r < n_rows; r += 8) rows.push_back(static_cast<std::uint16_t>(r));
    const std::vector<RowList> lists(n_steps, RowList{rows.data(), rows.size()});
    const AlignedVector<float> weights(n_rows * width, 0.5F);
    const AlignedVector<std::int8_t> small(n_rows * width, 1);
    const AlignedVector<std::uint32_t> bits(n_words * width, 0x11111111U);
    const std::vector<float> factors(n_rows * 4, 1.0F);
    AlignedVector<float> out(n_steps * width);
    AlignedVector<std::int32_t> sums(n_steps * width);

    const std::vector<std::int32_t> totals(n_steps);
    const PackedSpikes packed{bits.data(), totals.data(), n_words, n_steps};

    const auto n_events = static_cast<double>(n_steps * rows.size());
    CostModel costs;
    costs.float_row =
        nanoseconds([&] { add_rows(weights.data(), width, lists, out.data()); }) / n_events;
    costs.int8_row =
        nanoseconds([&] { sum_rows(small.data(), width, 1, lists, sums.data()); }) / n_events;
    costs.popcount_word =
        nanoseconds([&] {
            for (std::size_t c = 0; c < width; c += popcount_lanes)
                and_popcount(bits.data() + c * n_words, packed, sums.data() + c, width);
        }) /
        static_cast<double>(n_words * n_steps);
    costs.dense_row =
        nanoseconds(
            [&] { add_dense_rows(weights.data(), n_rows, factors.data(), 4, width, out.data()); }) /
        static_cast<double>(4 * n_rows);
    return costs;
}

}  // namespace

const CostModel& machine_costs() {
    static const CostModel costs = measure();
    return costs;
}

}  // namespace ranvier
