#include "ranvier/data/image_header.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <cstdlib>

namespace ranvier {

using namespace std::string_view_literals;

namespace {

enum class Order { big_endian, little_endian };

/// Numbers of a file; every position is checked.
class Bytes {
public:
    Bytes(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t n_bytes,
                                       Order order = Order::big_endian) const {
        if (at > bytes_.size() || n_bytes > bytes_.size() - at) fail_short();
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < n_bytes; ++i) {
            const std::size_t from = order == Order::big_endian ? i : n_bytes - 1 - i;
            value = value << 8 | static_cast<unsigned char>(bytes_[at + from]);
        }
        return value;
    }
    [[nodiscard]] std::uint32_t little(std::size_t at, std::size_t n_bytes) const {
        return number(at, n_bytes, Order::little_endian);
    }
    [[nodiscard]] std::string_view text(std::size_t at, std::size_t n_bytes) const {
        return at < bytes_.size() ? bytes_.substr(at, n_bytes) : std::string_view{};
    }
    [[noreturn]] void fail_short() const {
        fail(Fault::bad_input, "{}: the image ends early, after {} bytes; the file is incomplete",
             where_, bytes_.size());
    }
    [[noreturn]] void fail_broken(std::size_t at) const {
        fail(Fault::bad_input, "{}: the image is damaged at byte {}", where_, at);
    }

private:
    std::string_view bytes_;
    const std::string& where_;
};

// JPEG markers, ITU-T T.81 table B.1.
constexpr std::uint32_t start_of_scan = 0xDA;
constexpr std::uint32_t end_of_image = 0xD9;

bool is_start_of_frame(std::uint32_t marker) {
    const bool is_table = marker == 0xC4 || marker == 0xC8 || marker == 0xCC;
    return marker >= 0xC0 && marker <= 0xCF && !is_table;
}

bool has_no_segment(std::uint32_t marker) {
    return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
}

/// Position of the next marker after entropy-coded data. Within those, 0xFF is followed by 0 or by
/// a restart marker.
std::size_t skip_scan(const Bytes& file, std::size_t at) {
    for (;; ++at) {
        if (file.number(at, 1) != 0xFF) continue;
        const std::uint32_t next = file.number(at + 1, 1);
        if (next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7)) return at;
    }
}

ImageHeader inspect_jpeg(const Bytes& file) {
    ImageHeader header;
    for (std::size_t at = 2;;) {
        if (file.number(at, 1) != 0xFF) file.fail_broken(at);
        const std::uint32_t marker = file.number(at + 1, 1);
        if (marker == end_of_image) break;
        if (marker == 0xFF) {  // padding
            ++at;
        } else if (has_no_segment(marker)) {
            at += 2;
        } else {
            if (is_start_of_frame(marker)) {
                header.height = std::max<std::int64_t>(header.height, file.number(at + 5, 2));
                header.width = std::max<std::int64_t>(header.width, file.number(at + 7, 2));
            }
            const std::size_t length = file.number(at + 2, 2);
            if (length < 2) file.fail_broken(at);
            at += 2 + length;
            if (marker == start_of_scan) at = skip_scan(file, at);
        }
    }
    if (header.height == 0 || header.width == 0) file.fail_broken(2);
    return header;
}

// PNG: 8 bytes of signature, then chunks of length, name, content, checksum (4 + 4 + length + 4).
ImageHeader inspect_png(const Bytes& file) {
    const ImageHeader header{file.number(20, 4), file.number(16, 4)};
    if (file.text(12, 4) != "IHDR" || header.height == 0 || header.width == 0) file.fail_broken(8);
    for (std::size_t at = 8; file.text(at + 4, 4) != "IEND";)
        at += 12 + std::size_t{file.number(at, 4)};
    return header;
}

// BMP: 14 bytes of file header, then a header that begins with its size. The first version, of 12
// bytes, has numbers of 16 bits; a negative height says that the upper row comes first.
ImageHeader inspect_bmp(const Bytes& file) {
    constexpr std::uint32_t first_version = 12;
    if (file.little(14, 4) == first_version) return {file.little(20, 2), file.little(18, 2)};
    const auto side = [&](std::size_t at) {
        return std::abs(std::int64_t{static_cast<std::int32_t>(file.little(at, 4))});
    };
    return {side(22), side(18)};
}

// PNM: P and a digit, width and height as text; # begins a remark up to the end of the line.
ImageHeader inspect_pnm(const Bytes& file) {
    std::size_t at = 2;
    const auto number = [&] {
        for (;; ++at) {
            const std::uint32_t c = file.number(at, 1);
            if (c == '#')
                while (file.number(at, 1) != '\n') ++at;
            else if (c >= '0' && c <= '9')
                break;
            else if (c != ' ' && (c < '\t' || c > '\r'))
                file.fail_broken(at);
        }
        constexpr std::int64_t most = std::int64_t{1} << 32;
        std::int64_t value = 0;
        for (; file.number(at, 1) >= '0' && file.number(at, 1) <= '9'; ++at)
            value = std::min(most, 10 * value + file.number(at, 1) - '0');
        return value;
    };
    const std::int64_t width = number();
    return {number(), width};
}

// TIFF 6.0: the order of bytes, 42, the place of a directory: a count, then entries of 12 bytes
// with a tag, a type (3: 16 bits, 4: 32 bits), a number of values and the value.
ImageHeader inspect_tiff(const Bytes& file) {
    const Order order = file.text(0, 1) == "I" ? Order::little_endian : Order::big_endian;
    const std::size_t directory = file.number(4, 4, order);
    const std::size_t n_entries = file.number(directory, 2, order);
    ImageHeader header;
    for (std::size_t k = 0; k < n_entries; ++k) {
        const std::size_t at = directory + 2 + 12 * k;
        const std::uint32_t tag = file.number(at, 2, order), type = file.number(at + 2, 2, order);
        const bool is_width = tag == 256 || tag == 322;  // of the image, of a tile
        const bool is_height = tag == 257 || tag == 323;
        if (!is_width && !is_height) continue;
        if (type != 3 && type != 4) file.fail_broken(at);
        std::int64_t& side = is_width ? header.width : header.height;
        side = std::max<std::int64_t>(side, file.number(at + 8, type == 3 ? 2 : 4, order));
    }
    return header;
}

// WebP: RIFF, a size, WEBP, then a chunk: VP8X (the canvas), VP8L (without loss) or VP8.
ImageHeader inspect_webp(const Bytes& file) {
    const std::string_view kind = file.text(12, 4);
    constexpr std::uint32_t mask = 0x3FFF;  // sides have 14 bits
    if (kind == "VP8X") return {file.little(27, 3) + 1, file.little(24, 3) + 1};
    if (kind == "VP8 ") return {file.little(28, 2) & mask, file.little(26, 2) & mask};
    if (kind != "VP8L") file.fail_broken(12);
    const std::uint32_t sides = file.little(21, 4);
    return {(sides >> 14 & mask) + 1, (sides & mask) + 1};
}

bool is_pnm(std::string_view file) {
    return file.size() > 2 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6';
}

}  // namespace

ImageHeader inspect_image(std::string_view file, const std::string& where) {
    const Bytes bytes(file, where);
    if (file.starts_with("\xFF\xD8")) return inspect_jpeg(bytes);
    if (file.starts_with("\x89PNG\r\n\x1a\n")) return inspect_png(bytes);
    if (file.starts_with("BM")) return inspect_bmp(bytes);
    if (is_pnm(file)) return inspect_pnm(bytes);
    if (file.starts_with("II*\0"sv) || file.starts_with("MM\0*"sv)) return inspect_tiff(bytes);
    if (file.starts_with("RIFF") && bytes.text(8, 4) == "WEBP") return inspect_webp(bytes);
    fail(
        Fault::bad_input,
        "{}: is no image of a known format; JPEG, PNG, BMP, PNM (P1 to P6), TIFF and WebP are read",
        where);
}

}  // namespace ranvier
