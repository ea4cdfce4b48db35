#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ranvier {

/// A decoded image, one byte per value.
struct ByteImage {
    int channels = 0;  ///< 1 (grey) or 3 (red, green, blue)
    int height = 0;
    int width = 0;
    std::vector<std::uint8_t> values;  ///< [height][width][channels]
};

/// Whether a file's name ends like an image that load_image reads: .jpg, .jpeg, .png, .bmp, .ppm,
/// .pgm, .tif, .tiff or .webp, in either case.
[[nodiscard]] bool is_image_name(const std::filesystem::path& path);

/// Decodes an image file as grey (1 channel) or red, green, blue (3). The orientation noted in
/// photographs is ignored, as torchvision ignores it; transparency is dropped.
///
/// A JPEG file that ends early is refused, although decoders would fill the rest with grey. Damage
/// inside a JPEG's data cannot be told from picture content, and is not noticed.
///
/// @throws Error(io) if the file cannot be read; Error(bad_input) if it is no image, damaged, or
///         declares more than 2^27 pixels (PNG and JPEG; OpenCV's limit holds for the others).
[[nodiscard]] ByteImage load_image(const std::filesystem::path& path, int channels);

/// The bytes of a PNG file. @param image  1 channel (grey) or 3 (red, green, blue), at least one
/// pixel.
[[nodiscard]] std::string encode_png(const ByteImage& image);

}  // namespace ranvier
