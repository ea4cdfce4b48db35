#include "ranvier/train/batch_feed.hpp"

namespace ranvier {

void BatchFeed::begin(std::uint64_t epoch, std::vector<std::size_t> order, std::size_t first) {
    ahead_ = {};  // waits
    epoch_ = epoch;
    order_ = std::move(order);
    position_ = first;
    read_ahead();
}

Batch BatchFeed::next() {
    Batch batch = ahead_.get();
    ++position_;
    read_ahead();
    return {batch.pixels.to(device_), batch.labels.to(device_), batch.part};
}

void BatchFeed::read_ahead() {
    if (position_ >= batch_count(order_.size(), batch_)) return;
    const auto [begin, end] = batch_range(order_.size(), batch_, position_);
    const auto [first, last] = part_of(end - begin, 1, processes_.rank(), processes_.size());
    const std::span<const std::size_t> indices =
        std::span(order_).subspan(begin + first, last - first);
    const Shape shape = source_.samples.shape();
    const auto n = static_cast<std::int64_t>(indices.size());
    Batch batch{
        torch::empty({n, shape.channels, shape.height, shape.width}),
        torch::empty({n}, torch::kInt64),
        {static_cast<std::int64_t>(first), static_cast<std::int64_t>(end - begin), &processes_}};
    ahead_ = std::async(std::launch::async, [this, indices, batch] {
        read_training_batch(
            source_, epoch_, indices,
            {batch.pixels.data_ptr<float>(), static_cast<std::size_t>(batch.pixels.numel())},
            {batch.labels.data_ptr<std::int64_t>(), indices.size()});
        return batch;
    });
}

}  // namespace ranvier
