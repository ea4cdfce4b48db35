#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ranvier {

/// Threads that stay, for loops that are too short to start threads for. With one worker everything
/// runs in the calling thread. A thread that is late, because other programs have its core, is not
/// waited for: the others do its part.
class Crew {
public:
    /// @param patience  how long threads that have nothing to do look for work before they sleep.
    ///                  Being woken takes some ten microseconds: long between the layers of one
    ///                  timestep, nothing beside a chunk of many samples.
    explicit Crew(std::size_t n_workers, std::chrono::microseconds patience = {});
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return threads_.size() + 1; }

    /// Calls work(index, worker) for every index in [0, n), worker in [0, size()). Which worker
    /// gets which index is not fixed. The first exception is thrown again here.
    void for_each(std::size_t n, const std::function<void(std::size_t, std::size_t)>& work);

private:
    void take_part(std::size_t worker);
    void wait_for_work(std::size_t worker);
    /// Looks again and again, for as long as patience lasts.
    template <typename Condition>
    void look_for(const Condition& condition) const;
    [[nodiscard]] bool has_work() const { return next_ < n_; }

    const std::chrono::microseconds patience_;
    std::mutex mutex_;
    std::condition_variable begin_, end_;
    const std::function<void(std::size_t, std::size_t)>* work_ = nullptr;
    std::exception_ptr error_;
    // Changed under the mutex; looked at without it by those who have patience.
    std::atomic<std::size_t> n_ = 0, next_ = 0;
    std::atomic<std::size_t> busy_ = 0;  ///< workers that have taken an index and not finished it
    std::atomic<bool> stop_ = false;
    std::vector<std::jthread> threads_;  ///< last: they end before the rest goes
};

}  // namespace ranvier
