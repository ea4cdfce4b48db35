#pragma once

#include "ranvier/base/half.hpp"

#include <cstddef>

namespace ranvier {

/// to_bfloat16 of `n` numbers.
void round_to_bfloat16(const float* x, std::uint16_t* rounded, std::size_t n);

}  // namespace ranvier
