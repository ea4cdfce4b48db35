#include "ranvier/nir/hdf5.hpp"

#include <cstring>

namespace ranvier::hdf5 {

namespace {

constexpr std::size_t reference_bytes = 16;  ///< length (4), address of the heap (8), index (4)
constexpr std::size_t header_bytes = 16;     ///< of a heap: "GCOL", version, its size; of an object

/// A little-endian number. @param at  where; the caller has checked that it lies within.
template <typename T>
T number(std::string_view bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}

/// The heap that begins at an address, or "".
std::string_view heap_at(std::string_view file, std::uint64_t address) {
    if (address > file.size() || file.size() - address < header_bytes) return {};
    const std::string_view rest = file.substr(address);
    if (rest.substr(0, 4) != "GCOL" || rest[4] != 1) return {};
    const auto size = number<std::uint64_t>(rest, 8);
    return size > rest.size() || size < header_bytes ? std::string_view() : rest.substr(0, size);
}

}  // namespace

TextPlaces::TextPlaces(std::string_view file, const Id& dataset, std::uint64_t count)
    : file_(file), bytes_left_(4 * file.size()) {
    const Id list(H5Dget_create_plist(dataset.get()), H5Pclose);
    const Id owner(H5Iget_file_id(dataset.get()), H5Fclose);
    const Id made(H5Fget_create_plist(owner.get()), H5Pclose);
    std::size_t address_bytes = 0, length_bytes = 0;
    hsize_t user_block = 0;
    if (H5Pget_layout(list.get()) != H5D_CONTIGUOUS) {
        fault_ = "holds text in pieces; it must be in one piece";
    } else if (H5Pget_sizes(made.get(), &address_bytes, &length_bytes) < 0 || address_bytes != 8 ||
               length_bytes != 8 || H5Pget_userblock(made.get(), &user_block) < 0 ||
               user_block != 0) {
        fault_ = "is in a file whose addresses are not 64 bits from its beginning";
    } else {
        const haddr_t address = H5Dget_offset(dataset.get());
        if (address == HADDR_UNDEF || address > file.size() ||
            count > (file.size() - address) / reference_bytes)
            fault_ = "holds text that is not in the file";
        else
            references_ = file.substr(address, count * reference_bytes);
    }
}

const TextPlaces::Heap& TextPlaces::heap(std::uint64_t address) {
    const auto [found, is_new] = heaps_.try_emplace(address);
    if (!is_new) return found->second;
    const std::string_view bytes = heap_at(file_, address);
    if (bytes.size() > bytes_left_) return found->second;
    bytes_left_ -= bytes.size();
    std::size_t at = header_bytes;
    while (at < bytes.size() && bytes.size() - at >= header_bytes) {
        const auto index = number<std::uint16_t>(bytes, at);
        const auto size = number<std::uint64_t>(bytes, at + 8);
        if (index == 0) break;  // the free room behind the last one
        if (size > bytes.size() - at - header_bytes) break;
        found->second.try_emplace(index, bytes.substr(at + header_bytes, size));
        at += header_bytes + (size + 7) / 8 * 8;
    }
    return found->second;
}

std::optional<std::string_view> TextPlaces::text(std::uint64_t k) {
    const std::size_t at = k * reference_bytes;
    const auto length = number<std::uint32_t>(references_, at);
    if (length == 0) return std::string_view();
    const Heap& objects = heap(number<std::uint64_t>(references_, at + 4));
    const auto found = objects.find(number<std::uint32_t>(references_, at + 12));
    if (found == objects.end() || length > found->second.size()) return std::nullopt;
    return found->second.substr(0, length);
}

}  // namespace ranvier::hdf5
