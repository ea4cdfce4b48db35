#include "ranvier/engine/crew.hpp"

#include <algorithm>

namespace ranvier {

Crew::Crew(std::size_t n_workers) {
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

void Crew::wait_for_work(std::size_t worker) {
    std::size_t seen = 0;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            begin_.wait(lock, [&] { return stop_ || round_ != seen; });
            if (stop_) return;
            seen = round_;
        }
        take_part(worker);
        const std::lock_guard lock(mutex_);
        if (--busy_ == 0) end_.notify_one();
    }
}

void Crew::take_part(std::size_t worker) {
    while (true) {
        std::size_t index = 0;
        {
            const std::lock_guard lock(mutex_);
            if (next_ >= n_) return;
            index = next_++;
        }
        try {
            (*work_)(index, worker);
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!error_) error_ = std::current_exception();
            next_ = n_;
        }
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
        n_ = n;
        next_ = 0;
        busy_ = threads_.size();
        error_ = nullptr;
        ++round_;
    }
    begin_.notify_all();
    take_part(0);
    std::unique_lock lock(mutex_);
    end_.wait(lock, [&] { return busy_ == 0; });
    if (error_) std::rethrow_exception(error_);
}

}  // namespace ranvier
