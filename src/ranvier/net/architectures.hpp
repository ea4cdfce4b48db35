#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// A standard architecture with random weights (He initialization), ready to be trained.
/// @param name   one of architecture_names().
/// @param input  shape and normalization.
/// @throws Error(bad_input) naming the known ones; or if the input does not fit.
[[nodiscard]] Network make_architecture(const std::string& name, const Input& input, int n_classes,
                                        std::uint64_t seed);
[[nodiscard]] std::vector<std::string> architecture_names();

}  // namespace ranvier
