#include "ranvier/data/image_file.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/data/image_header.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string_view>

#ifdef __SANITIZE_THREAD__
/// GDAL, which OpenCV brings along, takes two locks of its own in either order while it starts.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_suppressions() {
    return "deadlock:libgdal";
}
#endif

namespace ranvier {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 28;
constexpr std::int64_t max_pixels = std::int64_t{1} << 27;
/// Pixels that any file may declare, and more for each of its bytes: blank pages pack that well,
/// pictures to less than 100.
constexpr std::int64_t always_allowed = std::int64_t{1} << 24, pixels_per_byte = 2048;

cv::Mat decode(const std::string& file, int channels) {
    const cv::Mat bytes(1, static_cast<int>(file.size()), CV_8U, const_cast<char*>(file.data()));
    const int mode = channels == 1 ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR;
    try {
        return cv::imdecode(bytes, mode | cv::IMREAD_IGNORE_ORIENTATION);
    } catch (const cv::Exception&) {
        return {};  // reported like any other image that cannot be decoded
    }
}

void require_reasonable(const ImageHeader& header, std::size_t n_bytes, const std::string& where) {
    const std::int64_t allowed =
        std::min(max_pixels, always_allowed + pixels_per_byte * static_cast<std::int64_t>(n_bytes));
    // A product of two numbers below 2^32 can pass 2^63; the division cannot.
    if (header.width > 0 && header.height > allowed / header.width)
        fail(Fault::bad_input, "{}: declares {} x {} pixels; at most {} are decoded of {} bytes",
             where, header.width, header.height, allowed, n_bytes);
}

}  // namespace

bool is_image_name(const fs::path& path) {
    static constexpr std::array<std::string_view, 9> known{".jpg", ".jpeg", ".png",  ".bmp", ".ppm",
                                                           ".pgm", ".tif",  ".tiff", ".webp"};
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::find(known.begin(), known.end(), extension) != known.end();
}

ByteImage load_image(const fs::path& path, int channels) {
    if (channels != 1 && channels != 3)
        fail(Fault::usage,
             "images: {} channels wanted; images have 1 (grey) or 3 (red, green, blue)", channels);
    const std::string where = path.string();
    const std::string file = read_file(path, max_file_bytes);
    if (file.empty()) fail(Fault::bad_input, "{}: is empty; an image was expected", where);
    require_reasonable(inspect_image(file, where), file.size(), where);
    cv::Mat decoded = decode(file, channels);
    if (decoded.empty() || decoded.depth() != CV_8U || decoded.channels() != channels)
        fail(Fault::bad_input, "{}: is damaged or no image; it cannot be decoded", where);
    if (channels == 3) cv::cvtColor(decoded, decoded, cv::COLOR_BGR2RGB);
    return {channels, decoded.rows, decoded.cols,
            std::vector<std::uint8_t>(decoded.datastart, decoded.dataend)};
}

std::string encode_png(const ByteImage& image) {
    cv::Mat pixels(image.height, image.width, image.channels == 1 ? CV_8UC1 : CV_8UC3);
    const auto line =
        static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
    for (int y = 0; y < image.height; ++y)
        for (std::size_t k = 0; k < line; ++k) {
            // OpenCV stores blue first.
            const std::size_t source = image.channels == 1 ? k : k / 3 * 3 + (2 - k % 3);
            pixels.ptr(y)[k] = image.values[static_cast<std::size_t>(y) * line + source];
        }
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(".png", pixels, bytes))
        fail(Fault::internal, "PNG: an image of {} x {} could not be encoded", image.height,
             image.width);
    return {bytes.begin(), bytes.end()};
}

}  // namespace ranvier
