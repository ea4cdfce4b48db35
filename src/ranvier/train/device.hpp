#pragma once

#include "ranvier/train/torch.hpp"
#include "ranvier/train/trainer.hpp"

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// The processes of a machine take its devices in turn.
/// @throws Error(unsupported) saying what to do if there is no such device here.
[[nodiscard]] torch::Device usable_device(DeviceKind kind, const ProcessGroup& processes);

}  // namespace ranvier
