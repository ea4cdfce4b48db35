#include "ranvier/train/tensor_group.hpp"

#include "ranvier/base/error.hpp"

namespace ranvier {

namespace {

constexpr std::int64_t bucket_values = std::int64_t{4} << 20;  ///< 16 MiB of float32

TensorGroup& tensors_of(ProcessGroup& group) {
    auto* tensors = dynamic_cast<TensorGroup*>(&group);
    if (tensors == nullptr) fail(Fault::internal, "train: the process group cannot add tensors");
    return *tensors;
}

void sum_bucket(TensorGroup& group, const std::vector<torch::Tensor>& tensors) {
    std::vector<torch::Tensor> flat;
    for (const torch::Tensor& tensor : tensors) flat.push_back(tensor.flatten());
    torch::Tensor bucket = torch::cat(flat);
    group.sum(bucket);
    std::int64_t begin = 0;
    for (torch::Tensor tensor : tensors) {
        tensor.copy_(bucket.narrow(0, begin, tensor.numel()).view(tensor.sizes()));
        begin += tensor.numel();
    }
}

}  // namespace

void sum_tensors(ProcessGroup& group, const std::vector<torch::Tensor>& tensors) {
    if (group.size() == 1) return;
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> bucket;
    std::int64_t n = 0;
    for (const torch::Tensor& tensor : tensors) {
        bucket.push_back(tensor);
        n += tensor.numel();
        if (n < bucket_values && &tensor != &tensors.back()) continue;
        sum_bucket(tensors_of(group), bucket);
        bucket.clear();
        n = 0;
    }
}

torch::Tensor shared_sum(ProcessGroup& group, const torch::Tensor& part) {
    if (group.size() == 1) return part;
    const auto summed = [&group](const torch::Tensor& values) {
        torch::Tensor sum = values.detach().clone(at::MemoryFormat::Contiguous);
        tensors_of(group).sum(sum);
        return sum;
    };
    // The first two terms are exactly 0: they only let the gradient pass.
    const torch::Tensor whole = part - part.detach() + summed(part);
    if (whole.requires_grad()) whole.register_hook(summed);
    return whole;
}

torch::Tensor shared_batch_norm(ProcessGroup& group, const torch::Tensor& x, std::int64_t n_whole,
                                const BatchNormTensors& norm, double momentum, double epsilon) {
    const auto n = static_cast<double>(n_whole * x.size(2) * x.size(3));
    const auto channelwise = [](const torch::Tensor& values) {
        return values.view({1, values.numel(), 1, 1});
    };
    const torch::Tensor mean = shared_sum(group, x.sum({0, 2, 3})) / n;
    const torch::Tensor centered = x - channelwise(mean);
    const torch::Tensor variance = shared_sum(group, centered.square().sum({0, 2, 3})) / n;
    {
        const torch::NoGradGuard no_grad;
        torch::Tensor running_mean = norm.mean, running_variance = norm.variance;
        running_mean.mul_(1 - momentum).add_(mean, momentum);
        running_variance.mul_(1 - momentum).add_(variance, momentum * n / (n - 1));
    }
    const torch::Tensor scale = (variance + epsilon).rsqrt() * norm.scale;
    return centered * channelwise(scale) + channelwise(norm.shift);
}

}  // namespace ranvier
