// Prophesee's .dat and EVT 2.0. Both begin with lines that start with "% ".
#include "ranvier/data/event_formats.hpp"

#include <algorithm>
#include <charconv>

namespace ranvier {

namespace {

struct Header {
    std::size_t end = 0;  ///< the first byte behind it
    std::string version;  ///< "% Version 2", "% evt 2.0", "% format EVT2;..."
    int width = 0;
    int height = 0;
};

int number_in(std::string_view text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::clamp(value, 0, 1 << 14);
}

/// What stands behind `key` in a line, up to a space or semicolon; empty: it is not there.
std::string_view value_of(std::string_view line, std::string_view key) {
    const std::size_t found = line.find(key);
    if (found == std::string_view::npos) return {};
    const std::string_view value = line.substr(found + key.size());
    return value.substr(0, value.find_first_of(" ;"));
}

void take_line(std::string_view line, Header& header) {
    for (const char* key : {"% Version ", "% evt ", "% format EVT"})
        if (const auto value = value_of(line, key); !value.empty()) header.version = value;
    for (const char* key : {"% Width ", "width="})
        if (const auto value = value_of(line, key); !value.empty()) header.width = number_in(value);
    for (const char* key : {"% Height ", "height="})
        if (const auto value = value_of(line, key); !value.empty())
            header.height = number_in(value);
    if (const auto value = value_of(line, "% geometry "); value.find('x') != value.npos) {
        header.width = number_in(value);
        header.height = number_in(value.substr(value.find('x') + 1));
    }
    // Cameras of the third generation have one resolution, which older files do not state.
    if (header.width == 0 && line.find("plugin_gen3") != line.npos) {
        header.width = 640;
        header.height = 480;
    }
}

Header read_header(const EventBytes& bytes) {
    Header header;
    while (bytes.starts_with(header.end, "% ")) {
        const std::string_view line = bytes.line(header.end);
        take_line(line, header);
        if (line == "% end") break;
    }
    if (header.width == 0 || header.height == 0) header.width = header.height = 0;
    return header;
}

}  // namespace

EventRecording parse_dat(const EventBytes& bytes) {
    constexpr std::size_t record = 8;
    const Header header = read_header(bytes);
    if (header.version != "2")
        fail(Fault::unsupported,
             "{}: byte 0: the header says version '{}'; of Prophesee .dat files, version 2 is read",
             bytes.name(), header.version);
    const auto type = bytes.number<std::uint8_t>(header.end, "the type of events");
    const auto size = bytes.number<std::uint8_t>(header.end + 1, "the size of events");
    if ((type != 0 && type != 12) || size != record)
        fail(Fault::bad_input,
             "{}: byte {}: events of type {} with {} bytes; expected type 0 or 12 with {}",
             bytes.name(), header.end, type, size, record);
    const std::size_t begin = header.end + 2;
    const std::size_t n = bytes.records(begin, record);
    EventSink sink(bytes, "Prophesee DAT", header.width, header.height);
    sink.reserve(n);
    WrappingTime time(32);
    for (std::size_t at = begin; at < bytes.size(); at += record) {
        const auto t = bytes.number<std::uint32_t>(at, "an event");
        const auto word = bytes.number<std::uint32_t>(at + 4, "an event");
        sink.add(at, time.unwrap(t, sink.last()), word & 0x3FFF, word >> 14 & 0x3FFF,
                 (word >> 28 & 1) != 0);
    }
    return sink.finish();
}

EventRecording parse_evt2(const EventBytes& bytes) {
    constexpr std::size_t record = 4;
    constexpr unsigned off = 0, on = 1, time_high = 8;
    const Header header = read_header(bytes);
    if (header.version != "2.0" && header.version != "2")
        fail(Fault::unsupported,
             "{}: byte 0: the header says encoding '{}'; of Prophesee .raw files, EVT 2.0 is read",
             bytes.name(), header.version);
    const std::size_t n = bytes.records(header.end, record);
    EventSink sink(bytes, "EVT 2.0", header.width, header.height);
    sink.reserve(n);
    WrappingTime time(34);
    bool timed = false;  // events before the first time word have no time: left out
    std::uint64_t high = 0;
    for (std::size_t at = header.end; at < bytes.size(); at += record) {
        const auto word = bytes.number<std::uint32_t>(at, "an event");
        const unsigned type = word >> 28;
        if (type == time_high) {
            high = std::uint64_t{word & 0xFFFFFFF} << 6;
            timed = true;
        } else if ((type == off || type == on) && timed) {
            sink.add(at, time.unwrap(high | (word >> 22 & 0x3F), sink.last()), word >> 11 & 0x7FF,
                     word & 0x7FF, type == on);
        }
    }
    return sink.finish();
}

}  // namespace ranvier
