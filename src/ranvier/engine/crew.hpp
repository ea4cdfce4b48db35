#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ranvier {

/// Threads that stay, for loops that are too short to start threads for. With one worker everything
/// runs in the calling thread.
class Crew {
public:
    explicit Crew(std::size_t n_workers);
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

    std::vector<std::jthread> threads_;
    std::mutex mutex_;
    std::condition_variable begin_, end_;
    const std::function<void(std::size_t, std::size_t)>* work_ = nullptr;
    std::size_t n_ = 0, next_ = 0, busy_ = 0;
    std::size_t round_ = 0;
    bool stop_ = false;
    std::exception_ptr error_;
};

}  // namespace ranvier
