#pragma once

#include <cstddef>
#include <functional>

namespace ranvier {

/// Number of threads meant by `n_threads`: itself, or all cores for 0.
[[nodiscard]] int thread_count(int n_threads);

/// Calls work(index, worker) for every index in [0, n), on up to `n_threads` threads (0: all
/// cores), `worker` in [0, thread_count). Which worker gets which index is not fixed, so results
/// must not depend on it. The first exception ends the loop and is thrown again here.
void parallel_for(std::size_t n, int n_threads,
                  const std::function<void(std::size_t index, std::size_t worker)>& work);

}  // namespace ranvier
