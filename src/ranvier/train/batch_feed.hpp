#pragma once

#include "ranvier/train/batch_part.hpp"
#include "ranvier/train/batches.hpp"
#include "ranvier/train/torch.hpp"

#include <cstddef>
#include <cstdint>
#include <future>
#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

struct Batch {
    torch::Tensor pixels;  ///< [n][channels][height][width]
    torch::Tensor labels;  ///< [n], int64
    BatchPart part;        ///< of which these are our samples
};

/// The batches of an epoch, in order. While one is worked on, the next is read in the background.
class BatchFeed {
public:
    /// @param source     its samples must live as long as the feed.
    /// @param processes  share each batch: this one reads its part only. Not owned.
    BatchFeed(const BatchSource& source, std::size_t batch, torch::Device device,
              ProcessGroup& processes)
        : source_(source), batch_(batch), device_(device), processes_(processes) {}

    /// @param order  indices of samples, dealt to batches by batch_range; not empty.
    /// @param first  the batch that `next` returns first.
    void begin(std::uint64_t epoch, std::vector<std::size_t> order, std::size_t first = 0);
    [[nodiscard]] bool has_next() const { return ahead_.valid(); }
    /// @throws as read_training_batch.
    [[nodiscard]] Batch next();

private:
    void read_ahead();

    BatchSource source_;
    std::size_t batch_;
    torch::Device device_;
    ProcessGroup& processes_;
    std::uint64_t epoch_ = 0;
    std::vector<std::size_t> order_;
    std::size_t position_ = 0;  ///< the batch that `ahead_` reads
    std::future<Batch> ahead_;  ///< last: its destructor waits for a reader that uses the others
};

}  // namespace ranvier
