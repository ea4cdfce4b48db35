#pragma once

#include <string>
#include <vector>

namespace ranvier {

/// Instruction sets that this machine can run, slowest first: "scalar" (the plain reference loops),
/// then some of "sse4", "avx2", "avx512", "avx512_popcnt", "neon".
[[nodiscard]] std::vector<std::string> available_isas();

/// Makes all vector kernels use one instruction set, or the best again for "auto". Not to be called
/// while kernels run.
/// @throws Error(usage) naming the available ones if `name` is none of them.
void use_isa(const std::string& name);

/// use_isa with the environment variable RANVIER_ISA, if it is set and not empty.
void use_isa_from_environment();

/// What is in use: one of available_isas().
[[nodiscard]] std::string isa_in_use();

/// Whether the plain reference loops were asked for.
[[nodiscard]] bool scalar_isa() noexcept;

}  // namespace ranvier
