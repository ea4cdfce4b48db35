#pragma once

#include "ranvier/engine/currents.hpp"
#include "ranvier/engine/geometry.hpp"

#include <memory>
#include <vector>

namespace ranvier {

/// An average pool as part of the synapses behind it.
struct PoolGeometry {
    WindowGeometry window;
    std::vector<float> factors;  ///< [places of the output] 1 / values averaged
};

/// The mean over windows of other currents.
[[nodiscard]] std::unique_ptr<Currents> make_pool(PoolGeometry geometry,
                                                  std::unique_ptr<Currents> from);

}  // namespace ranvier
