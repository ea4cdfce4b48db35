#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/report/evaluation.hpp"

#include <span>
#include <string>

namespace ranvier {

/// One result for the terminal: headline numbers, then a table of the layers.
[[nodiscard]] std::string evaluation_text(const EvaluationResult& result);

/// Several results side by side, one row each: the float network against its spiking forms.
[[nodiscard]] std::string comparison_text(std::span<const EvaluationResult> results);

/// The layers of a network with shapes, parameters, MACs and neurons; then its timing and notes.
/// @throws Error(bad_input) as infer_shapes.
[[nodiscard]] std::string network_text(const Network& network, const std::string& name);

}  // namespace ranvier
