#pragma once

#include "ranvier/data/event_bytes.hpp"

namespace ranvier {

/// A table of a flatbuffer, read field by field; every offset is checked against the bytes.
/// @see https://flatbuffers.dev/internals/
class FlatTable {
public:
    /// The root table of the buffer that begins at `begin`; `bytes` must outlive this.
    /// @throws Error(bad_input) as EventBytes::require, here and below.
    FlatTable(const EventBytes& bytes, std::size_t begin)
        : bytes_(bytes), table_(begin + bytes.number<std::uint32_t>(begin, what)) {
        const std::int64_t back = bytes.number<std::int32_t>(table_, what);
        const std::int64_t at = static_cast<std::int64_t>(table_) - back;
        if (at < 0)
            fail(Fault::bad_input, "{}: byte {}: {} points before the buffer", bytes.name(), table_,
                 what);
        fields_ = static_cast<std::size_t>(at);
        fields_size_ = bytes.number<std::uint16_t>(fields_, what);
    }

    /// Where field number `index` stands; 0: it is left out and has its default.
    [[nodiscard]] std::size_t field(std::size_t index) const {
        const std::size_t entry = 4 + 2 * index;
        if (entry + 2 > fields_size_) return 0;
        const auto offset = bytes_.number<std::uint16_t>(fields_ + entry, what);
        return offset == 0 ? 0 : table_ + offset;
    }
    template <typename T>
    [[nodiscard]] T number(std::size_t index, T otherwise) const {
        const std::size_t at = field(index);
        return at == 0 ? otherwise : bytes_.number<T>(at, what);
    }

    struct Vector {
        std::size_t begin = 0;  ///< of its first element
        std::size_t n = 0;
    };
    /// A vector of elements of `element` bytes each, or a string (of 1 byte each).
    [[nodiscard]] Vector vector(std::size_t index, std::size_t element) const {
        const std::size_t at = field(index);
        if (at == 0) return {};
        const std::size_t place = at + bytes_.number<std::uint32_t>(at, what);
        const std::size_t n = bytes_.number<std::uint32_t>(place, what);
        bytes_.require(place + 4, n * element, what);
        return {place + 4, n};
    }

private:
    static constexpr const char* what = "a table of a flatbuffer";
    const EventBytes& bytes_;
    std::size_t table_;
    std::size_t fields_ = 0;
    std::size_t fields_size_ = 0;
};

}  // namespace ranvier
