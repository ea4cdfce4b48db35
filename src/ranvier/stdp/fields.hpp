#pragma once

#include "ranvier/data/image_file.hpp"
#include "ranvier/stdp/model.hpp"

#include <cstddef>

namespace ranvier {

/// Draws what the first `limit` neurons have learned: one small picture for each, side by side in a
/// square. White: w_max or more; black: 0; dark blue: no synapse. Of several channels, the mean.
[[nodiscard]] ByteImage draw_fields(const StdpModel& model, std::size_t limit = 400);

}  // namespace ranvier
