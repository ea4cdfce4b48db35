#include "ranvier/train/event_file.hpp"

#include <array>
#include <bit>

namespace ranvier {

namespace {

constexpr auto crc_table = [] {
    constexpr std::uint32_t polynomial = 0x82F63B78;  // 0x1EDC6F41, bits reversed
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        table[byte] = byte;
        for (int bit = 0; bit < 8; ++bit)
            table[byte] = (table[byte] >> 1) ^ ((table[byte] & 1) != 0 ? polynomial : 0);
    }
    return table;
}();

template <typename Unsigned>
void add_little_endian(std::string& bytes, Unsigned value) {
    for (std::size_t b = 0; b < sizeof(Unsigned); ++b)
        bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * b) & 0xFF);
}

void add_varint(std::string& bytes, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
    bytes += static_cast<char>(value);
}

/// What stands before a field: its number and how its value is written.
enum class Wire : std::uint64_t {
    varint = 0,
    eight_bytes = 1,
    length_and_bytes = 2,
    four_bytes = 5
};
void add_key(std::string& message, std::uint64_t field, Wire wire) {
    add_varint(message, field << 3 | static_cast<std::uint64_t>(wire));
}

void add_bytes(std::string& message, std::uint64_t field, std::string_view bytes) {
    add_key(message, field, Wire::length_and_bytes);
    add_varint(message, bytes.size());
    message += bytes;
}

std::string event_at(double unix_time) {
    std::string event;
    add_key(event, 1, Wire::eight_bytes);
    add_little_endian(event, std::bit_cast<std::uint64_t>(unix_time));
    return event;
}

std::uint32_t masked_crc(std::string_view bytes) {
    return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U;
}

std::string record(std::string_view message) {
    std::string bytes;
    add_little_endian(bytes, static_cast<std::uint64_t>(message.size()));
    add_little_endian(bytes, masked_crc(bytes));
    bytes += message;
    add_little_endian(bytes, masked_crc(message));
    return bytes;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
    std::uint32_t crc = ~0U;
    for (const char c : bytes)
        crc = (crc >> 8) ^ crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
    return ~crc;
}

std::string event_file_start(double unix_time) {
    std::string event = event_at(unix_time);
    add_bytes(event, 3, "brain.Event:2");
    return record(event);
}

std::string event_record(double unix_time, std::int64_t step, std::span<const Scalar> scalars) {
    std::string summary;
    for (const Scalar& scalar : scalars) {
        std::string value;
        add_bytes(value, 1, scalar.tag);
        add_key(value, 2, Wire::four_bytes);
        add_little_endian(value, std::bit_cast<std::uint32_t>(scalar.value));
        add_bytes(summary, 1, value);
    }
    std::string event = event_at(unix_time);
    add_key(event, 2, Wire::varint);
    add_varint(event, static_cast<std::uint64_t>(step));
    add_bytes(event, 5, summary);
    return record(event);
}

}  // namespace ranvier
