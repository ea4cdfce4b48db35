// The inner loops of the fast engine against what one core can do at most, in the same run.
//
// Goals: popcount_vs_peak at least 1: AND-popcount over binary weights as fast as a loop of AND,
// POPCNT, ADD on registers only. event_add_vs_peak at least 0.5: rows of float weights, chosen by
// events, added half as fast as vectors that lie one behind the other in the first-level cache.
// Results are compared with the scalar references first.
#include "ranvier/base/aligned.hpp"
#include "ranvier/kernels/popcount.hpp"
#include "ranvier/kernels/rows.hpp"

#include <benchmark/benchmark.h>

#include "ratios.hpp"
#include "timing.hpp"
#include <bit>
#include <cstdint>

namespace ranvier::bench {
namespace {

/// A layer of 512 channels in, 64 of its outputs, 16 timesteps.
void popcount(benchmark::State& state) {
    constexpr std::size_t n_words = 9 * 512 / 32;
    constexpr std::size_t n_steps = 16;
    constexpr std::size_t n_out = 64;
    std::uint32_t random = 1;
    const auto next = [&random] { return random = random * 1664525U + 1013904223U; };
    AlignedVector<std::uint32_t> weights(n_words * n_out), spikes(n_words * n_steps);
    for (auto& w : weights) w = next();
    for (auto& s : spikes) s = next() & next() & next();
    AlignedVector<std::int32_t> out(n_steps * n_out), expected(out.size());
    std::vector<std::int32_t> totals(n_steps);
    for (std::size_t k = 0; k < spikes.size(); ++k) totals[k / n_words] += std::popcount(spikes[k]);
    const PackedSpikes packed{spikes.data(), totals.data(), n_words, n_steps};
    const auto count = [&](auto kernel, std::int32_t* to) {
        for (std::size_t c = 0; c < n_out; c += popcount_lanes)
            kernel(weights.data() + c * n_words, packed, to + c, n_out);
    };
    count(and_popcount, out.data());
    count(and_popcount_reference, expected.data());
    if (out != expected) return state.SkipWithError("the counts differ from the reference's");

    constexpr int rounds = 20;
    std::uint32_t sink = 1;
    std::vector<double> ours, peak;
    for (auto _ : state) {
        const double work = 32.0 * n_words * n_out * n_steps * rounds;
        ours.push_back(work / seconds([&] {
                           for (int r = 0; r < rounds; ++r) count(and_popcount, out.data());
                       }));
        std::uint64_t done = 0;
        const double time = seconds([&] { done = popcount_peak(20000, sink); });
        peak.push_back(static_cast<double>(done) / time);
        state.SetIterationTime(time);
    }
    benchmark::DoNotOptimize(sink);
    state.counters["GMAC/s"] = median(ours) / 1e9;
    state.counters["peak_GMAC/s"] = median(peak) / 1e9;
    state.counters["ratio"] = ratio_of(ours, peak).median;
    keep_ratio("popcount_vs_peak", ratio_of(ours, peak));
}
BENCHMARK(popcount)->UseManualTime()->Iterations(41);

/// A tile of weights that fits the first-level cache, as the peak's data does: 128 inputs, a tenth
/// of them spiking, and 64 outputs (the engine's tiles are 64 KB, twice that). 16 timesteps of 64
/// places, whose sums stay in the second level; four such groups, so that lengths of lists cannot
/// be foreseen.
void event_add(benchmark::State& state) {
    constexpr std::size_t n_rows = 128;
    constexpr std::size_t width = 64;
    constexpr std::size_t n_groups = 4;
    constexpr std::size_t n_together = 16 * 64;
    constexpr std::size_t n_lists = n_groups * n_together;
    std::uint32_t random = 1;
    const auto next = [&random] { return (random = random * 1664525U + 1013904223U) >> 8; };
    AlignedVector<float> weights(n_rows * width);
    for (auto& w : weights) w = static_cast<float>(next()) * 0x1p-24F;
    std::vector<std::uint16_t> rows;
    std::vector<std::uint32_t> begin, end;
    for (std::size_t l = 0; l < n_lists; ++l) {
        begin.push_back(static_cast<std::uint32_t>(rows.size()));
        for (std::size_t r = 0; r < n_rows; ++r)
            if (next() % 10 == 0) rows.push_back(static_cast<std::uint16_t>(r));
        end.push_back(static_cast<std::uint32_t>(rows.size()));
    }
    const std::size_t n_events = rows.size();
    rows.resize(rows.size() + 32);
    const auto add_all = [&](auto kernel, float* to) {
        for (std::size_t g = 0; g < n_groups; ++g)
            kernel(weights.data(), width,
                   RowLists{rows.data(), nullptr, begin.data() + g * n_together,
                            end.data() + g * n_together, 1, n_together},
                   nullptr, to);
    };
    AlignedVector<float> out(n_together * width), expected(out.size());
    add_all(add_rows, out.data());
    add_all(add_rows_reference, expected.data());
    if (out != expected) return state.SkipWithError("the sums differ from the reference's");

    constexpr std::size_t n_peak = 8192;  // 32 KB, the first-level cache
    constexpr int rounds = 5;
    std::vector<double> ours, peak;
    for (auto _ : state) {
        const double work = static_cast<double>(n_events * width) * rounds;
        ours.push_back(work / seconds([&] {
                           for (int r = 0; r < rounds; ++r) add_all(add_rows, out.data());
                       }));
        std::uint64_t done = 0;
        const double time =
            seconds([&] { done = add_peak(weights.data(), n_peak, 2000, out.data()); });
        peak.push_back(static_cast<double>(done) / time);
        state.SetIterationTime(time);
    }
    state.counters["Gadd/s"] = median(ours) / 1e9;
    state.counters["peak_Gadd/s"] = median(peak) / 1e9;
    state.counters["ratio"] = ratio_of(ours, peak).median;
    keep_ratio("event_add_vs_peak", ratio_of(ours, peak));
}
BENCHMARK(event_add)->UseManualTime()->Iterations(41);

}  // namespace
}  // namespace ranvier::bench

int main(int argc, char** argv) {
    return ranvier::bench::run_benchmarks(argc, argv);
}
