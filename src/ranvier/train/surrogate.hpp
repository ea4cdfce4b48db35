#pragma once

namespace ranvier {

/// What stands for the derivative of a spike with respect to z = membrane / threshold - 1.
enum class SurrogateKind {
    linear,       ///< scale * max(0, 1 - |z|) (Bellec et al. 2018)
    stdb,         ///< scale * exp(-decay * steps since the last spike) (Rathi et al. 2020)
    exponential,  ///< scale * exp(-decay * |z|) (Shrestha and Orchard 2018)
};

struct Surrogate {
    SurrogateKind kind = SurrogateKind::linear;
    double scale = 0.3;   ///< gamma (linear) or alpha, > 0
    double decay = 0.01;  ///< beta: stdb and exponential, > 0
};

}  // namespace ranvier
