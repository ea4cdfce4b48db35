#pragma once

#include "ranvier/data/image_file.hpp"

#include <span>

namespace ranvier {

/// Resizes with a triangle filter that is widened by the scale when shrinking, horizontally, then
/// vertically, each rounded to bytes: the "bilinear" of Pillow and so of torchvision's Resize
/// (antialias). OpenCV's INTER_LINEAR skips source pixels instead, and its INTER_AREA is a box.
/// Differs from Pillow, which computes with integers, by at most 1 of 255.
///
/// @param height, width  of the result, each > 0.
[[nodiscard]] ByteImage resize_bilinear(const ByteImage& image, int height, int width);

/// Resizes so that the shorter side has `side` pixels and the longer side keeps the proportion,
/// rounded down (torchvision's Resize). Returns an image of the right size as it is.
[[nodiscard]] ByteImage resize_shorter_side(ByteImage image, int side);

/// Writes the middle height x width pixels of `image` as [channels][height][width] in [0, 1]. An
/// odd margin is halved to even, as torchvision's CenterCrop does.
///
/// @param pixels  [channels * height * width]; the image is at least that large.
void crop_centre(const ByteImage& image, int height, int width, std::span<float> pixels);

}  // namespace ranvier
