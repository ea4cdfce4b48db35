#include "ranvier/convert/measure.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/convert/histogram.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>

namespace ranvier {

namespace {

/// Peak of one layer or one channel, by whichever method was asked for.
class PeakMeter {
public:
    explicit PeakMeter(const MeasureOptions& options)
        : options_(options), histogram_(streams(options) ? bins(options) : 1) {}

    void add(std::span<const float> values) {
        if (options_.percentile >= 100) {
            for (const float v : values) maximum_ = std::max(maximum_, v);
        } else if (options_.method == PercentileMethod::exact) {
            values_.insert(values_.end(), values.begin(), values.end());
        } else {
            histogram_.add(values);
        }
    }

    [[nodiscard]] float peak() {
        if (options_.percentile >= 100) return maximum_;
        if (options_.method == PercentileMethod::exact)
            return static_cast<float>(exact_percentile(values_, options_.percentile));
        return static_cast<float>(histogram_.percentile(options_.percentile));
    }

private:
    static bool streams(const MeasureOptions& options) {
        return options.percentile < 100 && options.method == PercentileMethod::histogram;
    }
    /// Relative error 0.02 % for a layer; 0.2 % for a channel, of which there are thousands.
    static int bins(const MeasureOptions& options) {
        return options.granularity == Granularity::layer ? 2048 : 256;
    }

    MeasureOptions options_;
    Histogram histogram_;
    float maximum_ = 0;
    std::vector<float> values_;
};

void require_usable(const MeasureOptions& options, const Samples& samples) {
    if (!(options.percentile > 0 && options.percentile <= 100))
        fail(Fault::usage, "percentile is {}; it must be in (0, 100]", options.percentile);
    if (samples.size() == 0)
        fail(Fault::bad_input, "no calibration samples; name a data set and how many to use");
}

}  // namespace

std::vector<std::vector<float>> measure_peaks(const Network& network, const Samples& samples,
                                              const MeasureOptions& options, Progress& progress) {
    require_usable(options, samples);
    require_matching(network, samples);
    const std::vector<Shape> shapes = infer_shapes(network);
    std::vector<std::size_t> observed;
    std::vector<std::vector<PeakMeter>> meters(shapes.size());
    const bool per_channel = options.granularity == Granularity::channel;
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        if (network.layers[l].as<Activation>() == nullptr) continue;
        observed.push_back(l);
        meters[l].assign(per_channel ? static_cast<std::size_t>(shapes[l].channels) : 1,
                         PeakMeter(options));
    }
    const auto record = [&](std::size_t l, std::span<const float> values, std::size_t n) {
        const std::size_t parts = meters[l].size();  // of an image
        const std::size_t length = values.size() / n / parts;
        parallel_for(parts, options.n_threads, [&](std::size_t part, std::size_t) {
            for (std::size_t i = 0; i < n; ++i)
                meters[l][part].add(values.subspan((i * parts + part) * length, length));
        });
    };
    FloatEngine engine(network, options.n_threads);
    progress.start("calibrate", "images", samples.size());
    for (std::size_t begin = 0; begin < samples.size(); begin += options.batch) {
        const std::size_t count = std::min(options.batch, samples.size() - begin);
        (void)engine.run(read_batch(samples, begin, count), observed, record);
        progress.advance(count);
    }
    progress.finish();
    std::vector<std::vector<float>> peaks(shapes.size());
    for (std::size_t l = 0; l < shapes.size(); ++l)
        for (PeakMeter& meter : meters[l]) peaks[l].push_back(meter.peak());
    return peaks;
}

}  // namespace ranvier
