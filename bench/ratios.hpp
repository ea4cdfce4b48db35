#pragma once

#include <string>
#include <vector>

namespace ranvier::bench {

/// One of a program's results that has a goal: a ratio of two times, or speeds, of the same run.
struct Ratio {
    double median = 0, low = 0, high = 0;  ///< low, high: first and ninth decile of the pairs
};

/// Of pairs measured one right after the other: a[i] / b[i].
[[nodiscard]] Ratio ratio_of(const std::vector<double>& a, const std::vector<double>& b);

/// Keeps a ratio under a name, for write_ratios.
void keep_ratio(const std::string& name, const Ratio& ratio);

/// Runs the benchmarks; `--bench_json=FILE` adds the kept ratios to FILE, as numbers under their
/// names and with their spread under "spread".
int run_benchmarks(int argc, char** argv);

}  // namespace ranvier::bench
