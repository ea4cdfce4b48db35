#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <vector>

namespace ranvier {

enum class Granularity { layer, channel };
enum class PercentileMethod {
    histogram,  ///< streaming; error stated at Histogram, memory fixed
    exact,      ///< sorts all values; memory grows with the number of samples
};

struct MeasureOptions {
    Granularity granularity = Granularity::channel;
    double percentile = 100;  ///< in (0, 100]; 100: the maximum, exact
    PercentileMethod method = PercentileMethod::histogram;
    int n_threads = 0;  ///< 0: all cores
    std::size_t batch = 32;
};

/// Peak activation of every activation layer over all samples, zeros included in percentiles:
/// [n_layers][1 or channels], empty for other layers. Percentiles interpolate linearly between
/// order statistics (NumPy's default; B-SNN, methods.md section 10 item 3). A channel or layer that
/// was silent has peak 0.
[[nodiscard]] std::vector<std::vector<float>> measure_peaks(const Network& network,
                                                            const Samples& samples,
                                                            const MeasureOptions& options,
                                                            Progress& progress = no_progress());

}  // namespace ranvier
