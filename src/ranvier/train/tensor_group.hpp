#pragma once

#include "ranvier/base/process_group.hpp"
#include "ranvier/train/torch.hpp"

#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// A group that can also add up tensors where they lie.
class TensorGroup : public ProcessGroup {
public:
    using ProcessGroup::sum;
    /// @param tensor  contiguous; replaced by the sum over all processes.
    virtual void sum(torch::Tensor& tensor) = 0;
};

/// Replaces each tensor by its sum over all processes; gathers small ones into flat buckets, since
/// a message costs much more than a number. Nothing happens in a group of one.
void sum_tensors(ProcessGroup& group, const std::vector<torch::Tensor>& tensors);

/// A value that is the sum over all processes, and whose gradient is the sum of the gradients that
/// the processes give it: what a loss that is added up over processes needs of a sum in its middle.
[[nodiscard]] torch::Tensor shared_sum(ProcessGroup& group, const torch::Tensor& part);

/// A batch norm in training whose statistics are those of the whole batch, although each process
/// has a part of it; otherwise as torch::batch_norm.
/// @param x         [n][channels][height][width], this process's part.
/// @param n_whole   samples of the whole batch.
/// @param mean, variance  [channels] running statistics; updated, the same in every process.
struct BatchNormTensors {
    torch::Tensor scale, shift, mean, variance;
};
[[nodiscard]] torch::Tensor shared_batch_norm(ProcessGroup& group, const torch::Tensor& x,
                                              std::int64_t n_whole, const BatchNormTensors& norm,
                                              double momentum, double epsilon);

}  // namespace ranvier
