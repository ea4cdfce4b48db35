#include "ranvier/engine/crew.hpp"

namespace ranvier {

Crew::Crew(std::size_t n_workers, std::chrono::microseconds patience) : patience_(patience) {
    for (std::size_t w = 1; w < n_workers; ++w)
        threads_.emplace_back([this, w] { wait_for_work(w); });
}

Crew::~Crew() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    begin_.notify_all();
}

template <typename Condition>
void Crew::look_for(const Condition& condition) const {
    if (patience_ == std::chrono::microseconds::zero()) return;
    const auto end = std::chrono::steady_clock::now() + patience_;
    while (!condition() && std::chrono::steady_clock::now() < end) {
    }
}

void Crew::wait_for_work(std::size_t worker) {
    while (true) {
        look_for([&] { return stop_ || has_work(); });
        {
            std::unique_lock lock(mutex_);
            begin_.wait(lock, [&] { return stop_ || has_work(); });
            if (stop_) return;
        }
        take_part(worker);
    }
}

void Crew::take_part(std::size_t worker) {
    std::unique_lock lock(mutex_);
    while (has_work()) {
        const std::size_t index = next_++;
        const auto& work = *work_;
        ++busy_;
        lock.unlock();
        std::exception_ptr error;
        try {
            work(index, worker);
        } catch (...) {
            error = std::current_exception();
        }
        lock.lock();
        if (error) {
            if (!error_) error_ = error;
            next_ = n_.load();
        }
        if (--busy_ == 0 && !has_work()) end_.notify_one();
    }
}

void Crew::for_each(std::size_t n, const std::function<void(std::size_t, std::size_t)>& work) {
    if (threads_.empty() || n < 2) {
        for (std::size_t i = 0; i < n; ++i) work(i, 0);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        work_ = &work;
        error_ = nullptr;
        next_ = 0;
        n_ = n;
    }
    begin_.notify_all();
    take_part(0);
    look_for([&] { return busy_ == 0; });
    std::unique_lock lock(mutex_);
    end_.wait(lock, [&] { return busy_ == 0; });
    if (error_) std::rethrow_exception(error_);
}

}  // namespace ranvier
