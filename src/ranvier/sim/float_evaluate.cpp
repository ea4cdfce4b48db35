// The data set side of float_engine.hpp: batches in, right answers counted.
#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>
#include <chrono>

namespace ranvier {

namespace {

Tensor read_in_parallel(const Samples& samples, std::size_t begin, std::size_t count,
                        int n_threads) {
    const Shape shape = samples.shape();
    const auto stride = static_cast<std::size_t>(shape.size());
    Tensor batch({static_cast<std::int64_t>(count), shape.channels, shape.height, shape.width});
    parallel_for(count, n_threads, [&](std::size_t n, std::size_t) {
        samples.read(begin + n, std::span(batch.values).subspan(n * stride, stride));
    });
    return batch;
}

std::size_t count_correct(const Samples& samples, std::size_t begin, const Tensor& logits) {
    const auto n_out = static_cast<std::size_t>(logits.dims[1]);
    std::size_t correct = 0;
    for (std::size_t n = 0; n * n_out < logits.size(); ++n) {
        const float* row = logits.values.data() + n * n_out;
        // max_element returns the first of equal ones.
        if (std::max_element(row, row + n_out) - row == samples.label(begin + n)) ++correct;
    }
    return correct;
}

}  // namespace

FloatResult evaluate_float(const Network& network, const Samples& samples,
                           const FloatOptions& options, Progress& progress) {
    FloatEngine engine(network, options.n_threads);
    return evaluate_float(engine, network, samples, options, progress);
}

FloatResult evaluate_float(FloatEngine& engine, const Network& network, const Samples& samples,
                           const FloatOptions& options, Progress& progress) {
    if (options.batch == 0)
        fail(Fault::usage, "evaluate: batch is 0; it must be at least 1 (32 is usual)");
    require_matching(network, samples);
    FloatResult result;
    result.samples = samples.size();
    if (options.keep_logits)
        result.logits = Tensor(
            {static_cast<std::int64_t>(samples.size()), infer_shapes(network).back().size()});

    progress.start("evaluate", "images", samples.size());
    std::size_t n_kept = 0;
    for (std::size_t begin = 0; begin < samples.size(); begin += options.batch) {
        const std::size_t count = std::min(options.batch, samples.size() - begin);
        const Tensor images = read_in_parallel(samples, begin, count, options.n_threads);
        const auto start = std::chrono::steady_clock::now();
        const Tensor logits = engine.run(images);
        result.seconds +=
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        result.correct += count_correct(samples, begin, logits);
        if (options.keep_logits) {
            std::copy(logits.values.begin(), logits.values.end(),
                      result.logits.values.begin() + static_cast<std::ptrdiff_t>(n_kept));
            n_kept += logits.size();
        }
        progress.advance(count);
    }
    progress.finish();
    return result;
}

}  // namespace ranvier
