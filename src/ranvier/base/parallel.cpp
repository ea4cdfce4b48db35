#include "ranvier/base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace ranvier {

int thread_count(int n_threads) {
    if (n_threads > 0) return n_threads;
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void parallel_for(std::size_t n, int n_threads,
                  const std::function<void(std::size_t, std::size_t)>& work) {
    const std::size_t n_workers = std::min(n, static_cast<std::size_t>(thread_count(n_threads)));
    std::atomic<std::size_t> next{0};
    std::atomic<bool> stop{false};
    std::exception_ptr first_error;
    std::mutex mutex;
    const auto run = [&](std::size_t worker) {
        try {
            for (std::size_t i = next++; i < n && !stop; i = next++) work(i, worker);
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!first_error) first_error = std::current_exception();
            stop = true;
        }
    };
    std::vector<std::jthread> threads;
    for (std::size_t w = 1; w < n_workers; ++w) threads.emplace_back(run, w);
    run(0);
    threads.clear();  // joins
    if (first_error) std::rethrow_exception(first_error);
}

}  // namespace ranvier
