#include "ranvier/train/batches.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/random_order.hpp"
#include "ranvier/train/streams.hpp"

#include <algorithm>

namespace ranvier {

std::vector<std::size_t> shuffled(std::size_t n, std::uint64_t seed, std::uint64_t epoch) {
    return random_order(n, {seed, stream(Purpose::shuffle, epoch)});
}

std::size_t batch_count(std::size_t n, std::size_t batch) {
    return (n + batch - 1) / batch;
}

std::pair<std::size_t, std::size_t> batch_range(std::size_t n, std::size_t batch,
                                                std::size_t index) {
    const std::size_t n_batches = batch_count(n, batch);
    const std::size_t small = n / n_batches;
    const std::size_t n_larger = n % n_batches;  // so many batches come first and have one more
    const std::size_t begin = index * small + std::min(index, n_larger);
    return {begin, begin + small + (index < n_larger ? 1 : 0)};
}

namespace {

int checked_label(const Samples& samples, std::size_t index) {
    const int label = samples.label(index);
    if (label < 0 || label >= samples.n_classes())
        fail(Fault::bad_input, "train: sample {} of {} has label {}; allowed is 0 to {}", index,
             samples.describe(), label, samples.n_classes() - 1);
    return label;
}

}  // namespace

void read_training_batch(const BatchSource& source, std::uint64_t epoch,
                         std::span<const std::size_t> indices, std::span<float> pixels,
                         std::span<std::int64_t> labels) {
    const Shape shape = source.samples.shape();
    const auto size = static_cast<std::size_t>(shape.size());
    parallel_for(indices.size(), source.n_threads, [&](std::size_t i, std::size_t) {
        const std::span<float> image = pixels.subspan(i * size, size);
        source.samples.read(indices[i], image);
        displace(shape, draw_displacement(source.augmentation, source.seed, epoch, indices[i]),
                 image);
        labels[i] = checked_label(source.samples, indices[i]);
    });
}

}  // namespace ranvier
