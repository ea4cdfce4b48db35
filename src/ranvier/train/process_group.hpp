#pragma once

#include "ranvier/base/launch.hpp"
#include "ranvier/base/process_group.hpp"

#include <memory>

// No LibTorch header here: callers do not pay for compiling them.
namespace ranvier {

/// Connects the processes of a launch through c10d: Gloo, and NCCL for tensors on CUDA devices
/// where it was compiled in. Process 0 listens at launch.address:launch.port.
///
/// A process that is killed closes its connections, which the others notice within seconds; one
/// whose machine no longer answers is noticed after `launch.patience`. They then throw Error(io)
/// that names the process and says what to do. Different parts of work may take any time.
/// @throws Error(io) if the others do not come within `launch.patience` or the port is taken;
///         Error(unsupported) if there is more than one process and the program was built with
///         -DRANVIER_DISTRIBUTED=OFF.
[[nodiscard]] std::unique_ptr<ProcessGroup> connect_processes(const Launch& launch);

}  // namespace ranvier
