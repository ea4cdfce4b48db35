#include "ranvier/base/samples.hpp"

#include "ranvier/base/error.hpp"

namespace ranvier {

TimedSample Samples::read_timed(std::size_t index) const {
    fail(Fault::internal, "{}: sample {} has no timesteps of its own", describe(), index);
}

std::vector<std::size_t> node_decisions(std::span<const float> outputs, const NodeLabels& labels,
                                        std::size_t n_nodes) {
    std::vector<std::size_t> decisions;
    for (const std::int64_t labelled : labels.node) {
        const auto node = static_cast<std::size_t>(labelled);
        std::size_t best = 0;
        for (std::size_t c = 1; c < outputs.size() / n_nodes; ++c)
            if (outputs[c * n_nodes + node] > outputs[best * n_nodes + node]) best = c;
        decisions.push_back(best);
    }
    return decisions;
}

Tensor read_batch(const Samples& samples, std::size_t begin, std::size_t count) {
    const Shape shape = samples.shape();
    Tensor batch({static_cast<std::int64_t>(count), shape.channels, shape.height, shape.width});
    const auto stride = static_cast<std::size_t>(shape.size());
    for (std::size_t n = 0; n < count; ++n)
        samples.read(begin + n, std::span(batch.values).subspan(n * stride, stride));
    return batch;
}

}  // namespace ranvier
