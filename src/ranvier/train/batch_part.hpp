#pragma once

#include "ranvier/base/process_group.hpp"

#include <cstdint>

namespace ranvier {

/// Which part of a batch this process has, when several share it.
struct BatchPart {
    std::int64_t first = 0;    ///< place of our first sample in the whole batch
    std::int64_t n_whole = 0;  ///< samples of the whole batch
    ProcessGroup* processes = &single_process();
};

}  // namespace ranvier
