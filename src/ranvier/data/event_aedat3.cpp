#include "ranvier/data/event_formats.hpp"

namespace ranvier {

namespace {

constexpr std::size_t packet_header = 28;
constexpr std::size_t record = 8;
constexpr std::uint16_t polarity_events = 1;

struct Header {
    std::size_t end = 0;
    int width = 0, height = 0;
};

void take_source(std::string_view line, Header& header) {
    struct Sensor {
        const char* name;
        int width, height;
    };
    static constexpr Sensor sensors[] = {{"DVS128", 128, 128},
                                         {"DAVIS240", 240, 180},
                                         {"DAVIS346", 346, 260},
                                         {"DAVIS128", 128, 128},
                                         {"DAVIS640", 640, 480}};
    for (const Sensor& sensor : sensors)
        if (line.find(sensor.name) != line.npos) {
            header.width = sensor.width;
            header.height = sensor.height;
        }
}

Header read_header(const EventBytes& bytes) {
    Header header;
    while (bytes.starts_with(header.end, "#")) {
        const std::size_t at = header.end;
        const std::string_view line = bytes.line(header.end);
        if (line.starts_with("#!END-HEADER")) return header;
        if (line.starts_with("#Source ")) take_source(line, header);
        if (line.starts_with("#Format: ") && line != "#Format: RAW")
            fail(Fault::unsupported, "{}: byte {}: '{}'; of AEDAT 3.1, format RAW is read",
                 bytes.name(), at, std::string(line.substr(0, 60)));
    }
    fail(Fault::bad_input, "{}: byte {}: the header ends without the line #!END-HEADER",
         bytes.name(), header.end);
}

struct Packet {
    std::uint16_t type = 0;
    std::size_t begin = 0;       ///< its first event
    std::size_t n = 0;           ///< events
    std::size_t end = 0;         ///< behind its last byte
    std::int64_t overflows = 0;  ///< of the clock's 31 bits
};

Packet read_packet(const EventBytes& bytes, std::size_t at) {
    bytes.require(at, packet_header, "the header of a packet");
    const auto word = [&](std::size_t offset) {
        return bytes.number<std::uint32_t>(at + offset, "the header of a packet");
    };
    Packet packet;
    packet.type = bytes.number<std::uint16_t>(at, "the header of a packet");
    const std::uint64_t size = word(4), capacity = word(16);
    packet.n = word(20);
    packet.overflows = word(12);
    packet.begin = at + packet_header;
    if (packet.n > capacity)
        fail(Fault::bad_input, "{}: byte {}: a packet holds {} events but has room for {}",
             bytes.name(), at, packet.n, capacity);
    bytes.require(packet.begin, size * capacity, "the content of a packet");
    packet.end = packet.begin + size * capacity;
    if (packet.type == polarity_events && size != record)
        fail(Fault::bad_input, "{}: byte {}: events of {} bytes; polarity events have {}",
             bytes.name(), at, size, record);
    return packet;
}

}  // namespace

EventRecording parse_aedat3(const EventBytes& bytes) {
    const Header header = read_header(bytes);
    EventSink sink(bytes, "AEDAT 3.1", header.width, header.height);
    for (std::size_t at = header.end; at < bytes.size();) {
        const Packet packet = read_packet(bytes, at);
        at = packet.end;
        if (packet.type != polarity_events) continue;
        for (std::size_t i = 0; i < packet.n; ++i) {
            const std::size_t place = packet.begin + i * record;
            const auto word = bytes.number<std::uint32_t>(place, "an event");
            const auto t = bytes.number<std::uint32_t>(place + 4, "an event");
            if ((word & 1) == 0) continue;  // marked as not valid
            if (t >> 31 != 0)
                fail(Fault::bad_input, "{}: byte {}: a time of {}; times have 31 bits",
                     bytes.name(), place + 4, t);
            sink.add(place, (packet.overflows << 31) + t, word >> 17, word >> 2 & 0x7FFF,
                     (word >> 1 & 1) != 0);
        }
    }
    return sink.finish();
}

}  // namespace ranvier
