#pragma once

#include "ranvier/energy/crossbar.hpp"
#include "ranvier/report/evaluation.hpp"

#include <span>

namespace ranvier {

/// The network on arrays, and what a sample of the evaluation switches on there, beside what it
/// would in the network of the same weights that does not spike.
/// @param layers  of the evaluation: every layer of `network`, in its order.
/// @throws Error as map_onto_crossbars.
[[nodiscard]] CrossbarResult crossbar_result(const Network& network, const CrossbarOptions& options,
                                             std::span<const LayerResult> layers);

}  // namespace ranvier
