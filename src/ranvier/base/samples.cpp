#include "ranvier/base/samples.hpp"

namespace ranvier {

Tensor read_batch(const Samples& samples, std::size_t begin, std::size_t count) {
    const Shape shape = samples.shape();
    Tensor batch({static_cast<std::int64_t>(count), shape.channels, shape.height, shape.width});
    const auto stride = static_cast<std::size_t>(shape.size());
    for (std::size_t n = 0; n < count; ++n)
        samples.read(begin + n, std::span(batch.values).subspan(n * stride, stride));
    return batch;
}

}  // namespace ranvier
