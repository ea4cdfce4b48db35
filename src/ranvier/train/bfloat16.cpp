#include "ranvier/train/bfloat16.hpp"

#include "ranvier/train/wide_loops.hpp"

namespace ranvier {

RANVIER_WIDE void round_to_bfloat16(const float* x, std::uint16_t* rounded, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) rounded[i] = to_bfloat16(x[i]);
}

}  // namespace ranvier
