#include "ranvier/data/image_header.hpp"

#include "ranvier/base/error.hpp"

namespace ranvier {

namespace {

/// Big-endian numbers of a file; every position is checked.
class Bytes {
public:
    Bytes(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t n_bytes) const {
        if (at > bytes_.size() || n_bytes > bytes_.size() - at) fail_short();
        std::uint32_t value = 0;
        for (std::size_t i = at; i < at + n_bytes; ++i)
            value = value << 8 | static_cast<unsigned char>(bytes_[i]);
        return value;
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
            if (is_start_of_frame(marker))
                header = {file.number(at + 5, 2), file.number(at + 7, 2)};
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

}  // namespace

ImageHeader inspect_image(std::string_view file, const std::string& where) {
    const Bytes bytes(file, where);
    if (file.starts_with("\xFF\xD8")) return inspect_jpeg(bytes);
    if (file.starts_with("\x89PNG\r\n\x1a\n")) return inspect_png(bytes);
    return {};
}

}  // namespace ranvier
