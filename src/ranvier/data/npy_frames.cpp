#include "ranvier/data/npy_frames.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/npy_header.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fmt/ranges.h>
#include <string_view>
#include <system_error>
#include <utility>

namespace ranvier {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "values are copied as they lie");

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t max_header = 1 << 16;  // one of three keys has about 100 bytes

std::uint64_t little_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

/// Bytes of a value of this type.
std::size_t bytes_of(const std::string& descr, const std::string& where) {
    if (descr == "<f4") return 4;
    if (descr == "|u1" || descr == "<u1" || descr == "u1") return 1;
    fail(Fault::unsupported,
         "{}: holds values of type '{}'; frames are float32 ('<f4') or uint8 ('|u1'); convert "
         "them with array.astype('float32')",
         where, descr);
}

}  // namespace

NpyFrames::NpyFrames(const fs::path& file, const Shape& shape)
    : in_(file_), name_(file.string()), shape_(shape) {
    std::error_code ec;
    const fs::file_status status = fs::status(file, ec);
    if (!fs::exists(status)) fail(Fault::io, "{}: no such file", name_);
    if (fs::is_directory(status)) fail(Fault::io, "{}: is a directory; name a file", name_);
    file_.open(file, std::ios::binary);
    if (!file_) fail(Fault::io, "{}: cannot be opened: {}", name_, std::strerror(errno));
    const std::uintmax_t size = fs::file_size(file, ec);
    if (fs::is_regular_file(status) && !ec) unread_ = size;
}

NpyFrames::NpyFrames(std::istream& in, std::string name, const Shape& shape)
    : in_(in), name_(std::move(name)), shape_(shape) {}

void NpyFrames::read_bytes(char* to, std::size_t n, const char* what) {
    in_.read(to, static_cast<std::streamsize>(n));
    if (in_.bad()) fail(Fault::io, "{}: reading failed", name_);
    if (static_cast<std::size_t>(in_.gcount()) != n)
        fail(Fault::bad_input, "{}: ends within {} {}; the file is cut, or is still being written",
             name_, what, frame_);
    if (unread_) *unread_ -= std::min<std::uint64_t>(n, *unread_);
}

bool NpyFrames::read_header() {
    if (in_.peek() == std::istream::traits_type::eof()) {
        if (in_.bad()) fail(Fault::io, "{}: reading failed", name_);
        return false;
    }
    constexpr const char* what = "the .npy header before frame";
    char begin[12];
    read_bytes(begin, 8, what);
    const auto version = static_cast<unsigned char>(begin[6]);
    if (std::string_view(begin, magic.size()) != magic)
        fail(Fault::bad_input,
             "{}: there is no .npy array where frame {} must begin; write frames with numpy.save",
             name_, frame_);
    if (version != 1 && version != 2)
        fail(Fault::unsupported,
             "{}: is of .npy version {}; versions 1 and 2 are read, as numpy.save writes them",
             name_, version);
    const std::size_t length_bytes = version == 1 ? 2 : 4;
    read_bytes(begin + 8, length_bytes, what);
    const std::uint64_t length = little_endian({begin + 8, length_bytes});
    const std::uint64_t most = std::min(max_header, unread_.value_or(max_header));
    if (length > most)
        fail(Fault::bad_input, "{}: declares a .npy header of {} bytes; at most {} can follow",
             name_, length, most);
    std::string text(length, '\0');
    read_bytes(text.data(), text.size(), what);
    const NpyHeader header = parse_npy_header(text, name_);
    value_bytes_ = bytes_of(header.descr, name_);
    if (header.fortran_order)
        fail(Fault::unsupported,
             "{}: is in Fortran order; save numpy.ascontiguousarray(array) instead", name_);
    accept(header.shape);
    return true;
}

void NpyFrames::accept(const std::vector<std::uint64_t>& dims) {
    const std::uint64_t wanted[] = {static_cast<std::uint64_t>(shape_.channels),
                                    static_cast<std::uint64_t>(shape_.height),
                                    static_cast<std::uint64_t>(shape_.width)};
    const bool one = dims.size() == 3;
    if ((!one && dims.size() != 4) || !std::equal(dims.end() - 3, dims.end(), wanted))
        fail(Fault::bad_input,
             "{}: has an array of shape ({}); the network wants frames of {}: T x C x H x W = (T, "
             "{}) or C x H x W",
             name_, fmt::join(dims, ", "), to_string(shape_), fmt::join(wanted, ", "));
    left_ = one ? 1 : dims[0];
    const std::uint64_t frame_bytes = static_cast<std::uint64_t>(shape_.size()) * value_bytes_;
    if (unread_ && left_ > *unread_ / frame_bytes)
        fail(Fault::bad_input,
             "{}: declares {} frames of {} bytes, but only {} bytes follow; the file is cut", name_,
             left_, frame_bytes, *unread_);
    buffer_.resize(frame_bytes);
}

bool NpyFrames::read(std::span<float> frame) {
    if (frame.size() != static_cast<std::size_t>(shape_.size()))
        fail(Fault::internal, "{}: asked for {} values of a frame that has {}", name_, frame.size(),
             shape_.size());
    while (left_ == 0)
        if (!read_header()) return false;
    read_bytes(buffer_.data(), buffer_.size(), "frame");
    if (value_bytes_ == sizeof(float))
        std::memcpy(frame.data(), buffer_.data(), buffer_.size());
    else
        std::transform(buffer_.begin(), buffer_.end(), frame.begin(), [](char byte) {
            return static_cast<float>(static_cast<unsigned char>(byte));
        });
    --left_;
    ++frame_;
    return true;
}

}  // namespace ranvier
