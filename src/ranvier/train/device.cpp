#include "ranvier/train/device.hpp"

#include "ranvier/base/error.hpp"

#include <torch/cuda.h>

namespace ranvier {

torch::Device usable_device(DeviceKind kind, const ProcessGroup& processes) {
    if (kind == DeviceKind::cpu) return torch::kCPU;
    if (!torch::cuda::is_available())
        fail(Fault::unsupported,
             "train: device is cuda, but LibTorch finds no CUDA device; use --device cpu, or build "
             "with the LibTorch of a PyTorch that has CUDA (docs/building.md) and see that "
             "nvidia-smi lists a GPU");
    at::globalContext().setDeterministicCuDNN(true);
    const auto n_devices = static_cast<int>(torch::cuda::device_count());
    return {torch::kCUDA, static_cast<c10::DeviceIndex>(processes.local_rank() % n_devices)};
}

}  // namespace ranvier
