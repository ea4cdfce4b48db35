#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/tensor.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/train/surrogate.hpp"
#include "ranvier/train/trainer.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// No LibTorch header here, as in trainer.hpp.
namespace ranvier {

/// Both stay within epsilon of every pixel (L-infinity) and within [0, 1].
enum class AttackMethod {
    fgsm,  ///< one step of epsilon along the gradient's sign (Goodfellow et al. 2015, section 4)
    pgd,   ///< several smaller ones, each projected back (Madry et al. 2018, section 2.1)
};

/// What the network is to be led to.
enum class AttackGoal {
    untargeted,    ///< any wrong class: the loss of the right one goes up
    random_class,  ///< a wrong class, drawn for each image
    fixed_class,   ///< AttackOptions::target; images that are of it stay as they are
};

/// What the gradient of a spiking network is.
enum class SpikeGradient {
    automatic,     ///< through_time where the network has that, else rate
    through_time,  ///< of every spike of every step, with the surrogate
    rate,          ///< of the network's neurons as bounded ReLUs, SpikingLayers::as_rates
};

struct AttackOptions {
    AttackMethod method = AttackMethod::fgsm;
    double epsilon = 8.0 / 255;  ///< largest change of a pixel, 0 to 1
    double step = 2.0 / 255;     ///< pgd: change of a pixel per iteration
    int iterations = 7;          ///< pgd
    bool random_start = true;    ///< pgd: begin anywhere in the ball, else at the image
    AttackGoal goal = AttackGoal::untargeted;
    int target = 0;  ///< fixed_class
    SpikeGradient gradient = SpikeGradient::automatic;
    Surrogate surrogate{};  ///< spiking networks, through time
    std::uint64_t seed = 1;
    int n_threads = 0;  ///< 0: all cores
    DeviceKind device = DeviceKind::cpu;
};

struct AttackedImages {
    Tensor images;             ///< [n][channels][height][width]
    std::vector<int> targets;  ///< [n], empty if untargeted
    /// Images whose first gradient is 0 everywhere. An attack of them fails for want of a gradient;
    /// that says nothing about the network's robustness.
    std::size_t without_gradient = 0;
    /// What was followed; automatic: a float network's own gradient.
    SpikeGradient gradient = SpikeGradient::automatic;
};

/// Changes images so that `network` errs: by the gradient of the cross entropy of its output, a
/// spiking network's divided by its timesteps. A spiking network is differentiated through time;
/// its encoder counts as the identity, so that the gradient is sum over t of W_1^T dL/du_1(t).
/// Neurons are N2 or N3, or N1 with reset by subtraction, which counts as N3 without leak: they
/// differ where a membrane equals its threshold exactly. All other spiking networks (max pools,
/// reset to zero, multi_spike, one_spike, delayed propagation) are differentiated by their rates.
///
/// An image's result is a function of the image, its class, its index and the options alone, not of
/// threads or of the other images: random starts and classes are drawn by (seed, index), spikes of
/// Poisson input by (seed, iteration, index), others than those a simulation with that seed draws.
/// @param images  [n][channels][height][width] in [0, 1].
/// @param labels  [n], the right classes.
/// @throws Error(bad_input) for images or options out of range; Error(unsupported) naming the layer
///         if the network has no gradient.
/// @see Sharmin et al. 2020, arXiv:2003.10399, for the gradient through time.
[[nodiscard]] AttackedImages attack(const Network& network, const Tensor& images,
                                    std::span<const int> labels, const AttackOptions& options,
                                    Progress& progress = no_progress());

}  // namespace ranvier
