#include "ranvier/data/event_formats.hpp"

namespace ranvier {

namespace {

constexpr std::size_t record = 5;
constexpr int side = 34;
constexpr std::uint8_t overflow_row = 240;  ///< no pixel: the clock began again
constexpr std::int64_t overflow_us = 1 << 13;

}  // namespace

EventRecording parse_nmnist(const EventBytes& bytes) {
    const std::size_t n = bytes.records(0, record);
    EventSink sink(bytes, "N-MNIST", side, side);
    sink.reserve(n);
    std::int64_t passed = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t at = i * record;
        const auto x = bytes.number<std::uint8_t>(at, "an event");
        const auto y = bytes.number<std::uint8_t>(at + 1, "an event");
        const std::uint32_t rest = bytes.big_endian32(at + 1, "an event") & 0xFFFFFF;
        if (y == overflow_row)
            passed += overflow_us;
        else
            sink.add(at, passed + (rest & 0x7FFFFF), x, y, (rest >> 23) != 0);
    }
    return sink.finish();
}

}  // namespace ranvier
