#include "ranvier/data/resize.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ranvier {

namespace {

/// One output position as a weighted sum of neighbouring input positions.
struct Taps {
    int begin = 0;
    std::vector<float> weight;  ///< sums to 1
};

/// Input positions under the triangle at each output position. Positions are centres of pixels;
/// what the border cuts off is made up for by the remaining weights.
std::vector<Taps> triangle_taps(int n_in, int n_out) {
    const double scale = static_cast<double>(n_in) / n_out;
    const double radius = std::max(scale, 1.0);
    std::vector<Taps> taps(static_cast<std::size_t>(n_out));
    for (int out = 0; out < n_out; ++out) {
        Taps& tap = taps[static_cast<std::size_t>(out)];
        const double centre = (out + 0.5) * scale;
        tap.begin = std::max(0, static_cast<int>(centre - radius + 0.5));
        const int end = std::min(n_in, static_cast<int>(centre + radius + 0.5));
        double sum = 0;
        std::vector<double> weight;
        for (int in = tap.begin; in < end; ++in) {
            weight.push_back(std::max(0.0, 1 - std::abs(in + 0.5 - centre) / radius));
            sum += weight.back();
        }
        for (const double w : weight) tap.weight.push_back(static_cast<float>(w / sum));
    }
    return taps;
}

std::uint8_t to_byte(float value) {
    return static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
}

std::size_t row_size(const ByteImage& image) {
    return static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
}

ByteImage blank(int channels, int height, int width) {
    return {channels, height, width,
            std::vector<std::uint8_t>(static_cast<std::size_t>(channels) *
                                      static_cast<std::size_t>(height) *
                                      static_cast<std::size_t>(width))};
}

ByteImage resize_width(const ByteImage& image, int width) {
    if (image.width == width) return image;
    const std::vector<Taps> taps = triangle_taps(image.width, width);
    ByteImage result = blank(image.channels, image.height, width);
    const auto channels = static_cast<std::size_t>(image.channels);
    std::uint8_t* out = result.values.data();
    for (int y = 0; y < image.height; ++y) {
        const std::uint8_t* row =
            image.values.data() + static_cast<std::size_t>(y) * row_size(image);
        for (const Taps& tap : taps) {
            for (std::size_t c = 0; c < channels; ++c) {
                const std::uint8_t* in = row + static_cast<std::size_t>(tap.begin) * channels + c;
                float sum = 0;
                for (const float w : tap.weight) {
                    sum += w * static_cast<float>(*in);
                    in += channels;
                }
                *out++ = to_byte(sum);
            }
        }
    }
    return result;
}

ByteImage resize_height(const ByteImage& image, int height) {
    if (image.height == height) return image;
    ByteImage result = blank(image.channels, height, image.width);
    const std::size_t n = row_size(image);
    std::vector<float> sum(n);
    std::uint8_t* out = result.values.data();
    for (const Taps& tap : triangle_taps(image.height, height)) {
        std::fill(sum.begin(), sum.end(), 0.0F);
        const std::uint8_t* in = image.values.data() + static_cast<std::size_t>(tap.begin) * n;
        for (const float w : tap.weight) {
            for (std::size_t i = 0; i < n; ++i) sum[i] += w * static_cast<float>(in[i]);
            in += n;
        }
        out = std::transform(sum.begin(), sum.end(), out, to_byte);
    }
    return result;
}

/// Half of the margin that a crop leaves, halves to even.
int margin(int outer, int inner) {
    return static_cast<int>(std::nearbyint((outer - inner) / 2.0));
}

}  // namespace

ByteImage resize_bilinear(const ByteImage& image, int height, int width) {
    return resize_height(resize_width(image, width), height);
}

ByteImage resize_shorter_side(ByteImage image, int side) {
    const int shorter = std::min(image.height, image.width);
    if (shorter == side) return image;
    const auto scaled = [&](int length) {
        return static_cast<int>(static_cast<std::int64_t>(side) * length / shorter);
    };
    return resize_bilinear(image, scaled(image.height), scaled(image.width));
}

void crop_centre(const ByteImage& image, int height, int width, std::span<float> pixels) {
    if (image.height < height || image.width < width)
        fail(Fault::internal, "crop: {} x {} pixels wanted of {} x {}", width, height, image.width,
             image.height);
    const int top = margin(image.height, height);
    const int left = margin(image.width, width);
    std::size_t k = 0;
    for (int c = 0; c < image.channels; ++c)
        for (int y = top; y < top + height; ++y) {
            const auto row = static_cast<std::size_t>(y) * row_size(image);
            for (int x = left; x < left + width; ++x) {
                const std::size_t column =
                    static_cast<std::size_t>(x) * static_cast<std::size_t>(image.channels) +
                    static_cast<std::size_t>(c);
                pixels[k++] = static_cast<float>(image.values[row + column]) / 255.0F;
            }
        }
}

}  // namespace ranvier
