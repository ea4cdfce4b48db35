#pragma once

#include "ranvier/train/torch.hpp"

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// What an attack may make of images: within epsilon of every pixel, and within [0, 1].
class PixelBall {
public:
    PixelBall(const torch::Tensor& images, double epsilon)
        : low_((images - epsilon).clamp_min(0)), high_((images + epsilon).clamp_max(1)) {}

    /// The nearest pixels that are allowed.
    [[nodiscard]] torch::Tensor project(const torch::Tensor& pixels) const {
        return torch::min(torch::max(pixels, low_), high_);
    }

    /// A step of `length` along the gradient's sign, projected.
    /// @param length  below 0: against the gradient, towards a target.
    [[nodiscard]] torch::Tensor step(const torch::Tensor& pixels, const torch::Tensor& gradient,
                                     double length) const {
        return project(pixels + length * gradient.sign());
    }

private:
    torch::Tensor low_, high_;
};

}  // namespace ranvier
