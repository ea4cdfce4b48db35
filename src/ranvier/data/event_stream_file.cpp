#include "ranvier/data/event_formats.hpp"

namespace ranvier {

namespace {

constexpr std::size_t header_size = 20;
constexpr std::size_t record = 5;
constexpr std::uint8_t dvs = 1;
constexpr std::uint8_t reset = 0xFF, overflow = 0xFE;
constexpr std::int64_t overflow_us = 127;

}  // namespace

EventRecording parse_event_stream(const EventBytes& bytes) {
    bytes.require(0, 16, "the header");
    const auto version = bytes.number<std::uint8_t>(12, "the header");
    const auto type = bytes.number<std::uint8_t>(15, "the header");
    if (version != 2 || type != dvs)
        fail(Fault::unsupported,
             "{}: byte 12: is version {} with events of type {}; of Event Stream, version 2 with "
             "type 1 (DVS) is read",
             bytes.name(), version, type);
    bytes.require(0, header_size, "the header");
    const auto width = bytes.number<std::uint16_t>(16, "the header");
    const auto height = bytes.number<std::uint16_t>(18, "the header");
    if (width == 0 || height == 0)
        fail(Fault::bad_input, "{}: byte 16: a sensor of {} x {} pixels; both must be > 0",
             bytes.name(), width, height);
    EventSink sink(bytes, "Event Stream", width, height);
    sink.reserve((bytes.size() - header_size) / record);
    std::int64_t t = 0;
    for (std::size_t at = header_size; at < bytes.size();) {
        const auto first = bytes.number<std::uint8_t>(at, "an event");
        if (first >= overflow) {
            if (first == overflow) t += overflow_us;
            ++at;  // a reset only helps readers that lost their place
            continue;
        }
        bytes.require(at, record, "an event");
        t += first >> 1;
        const auto x = bytes.number<std::uint16_t>(at + 1, "an event");
        const auto y = bytes.number<std::uint16_t>(at + 3, "an event");
        sink.add(at, t, x, std::int64_t{height} - 1 - y, (first & 1) != 0);  // rows from below
        at += record;
    }
    return sink.finish();
}

static_assert(reset > overflow);

}  // namespace ranvier
