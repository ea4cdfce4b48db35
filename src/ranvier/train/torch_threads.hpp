#pragma once

#include "ranvier/base/parallel.hpp"

#include <ATen/Parallel.h>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// LibTorch's number of threads is one setting for the whole program; it is put back at the end.
class TorchThreads {
public:
    explicit TorchThreads(int n_threads) : before_(at::get_num_threads()) {
        at::set_num_threads(thread_count(n_threads));
    }
    ~TorchThreads() { at::set_num_threads(before_); }
    TorchThreads(const TorchThreads&) = delete;
    TorchThreads& operator=(const TorchThreads&) = delete;

private:
    int before_;
};

}  // namespace ranvier
