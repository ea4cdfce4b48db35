#pragma once

#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

/// FNV-1a, 64 bits: finds damage and tells an honest user's networks and data apart, no more.
/// @see Fowler, Noll, Vo, draft-eastlake-fnv.
class Hash {
public:
    void add(std::string_view bytes) {
        for (const char c : bytes) state_ = (state_ ^ static_cast<unsigned char>(c)) * prime;
    }
    template <typename T>
    void add_values(const std::vector<T>& values) {
        add({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
    }
    [[nodiscard]] std::string text() const { return fmt::format("{:016x}", state_); }

private:
    static constexpr std::uint64_t prime = 0x100000001b3;
    std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace ranvier
