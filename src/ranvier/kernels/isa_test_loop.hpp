#pragma once

#include "ranvier/kernels/isa.hpp"

#include <functional>
#include <string>

namespace ranvier {

/// For tests: calls `test` with every instruction set of this machine in use.
inline void on_every_isa(const std::function<void(const std::string&)>& test) {
    for (const std::string& name : available_isas()) {
        use_isa(name);
        test(name);
    }
    use_isa("auto");
}

}  // namespace ranvier
