// DV's format: one text line, a flatbuffer that describes the file, then packets of flatbuffers.
#include "ranvier/data/event_formats.hpp"
#include "ranvier/data/flat_table.hpp"
#include "ranvier/data/unpack.hpp"

#include <charconv>
#include <map>
#include <optional>

namespace ranvier {

namespace {

constexpr std::size_t record = 16;
/// Streams of events pack to about a third; a packet that unpacks to so many times the file's size
/// is no recording.
constexpr std::size_t max_ratio = 32;
constexpr std::size_t always_allowed = 1 << 20;  ///< bytes

struct Stream {
    bool events = false;
    int width = 0, height = 0;
};

/// The streams that the description names: an XML tree of `node` with `attr`, of which the nodes
/// .../outInfo/N stand for stream N.
class Description {
public:
    explicit Description(std::string_view xml) {
        while (!xml.empty()) take(xml);
    }
    /// The first stream of events. @return its number; none: there is none.
    [[nodiscard]] std::optional<std::int32_t> event_stream() const {
        for (const auto& [id, stream] : streams_)
            if (stream.events) return id;
        return {};
    }
    [[nodiscard]] Stream stream(std::int32_t id) const { return streams_.at(id); }

private:
    static std::string_view quoted(std::string_view tag, std::string_view key) {
        const std::size_t found = tag.find(key);
        if (found == tag.npos) return {};
        const std::string_view value = tag.substr(found + key.size());
        return value.substr(0, value.find('"'));
    }
    static int number_in(std::string_view text) {
        int value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value > 0 && value <= 1 << 14 ? value : 0;
    }
    /// One tag and the text behind it.
    void take(std::string_view& xml) {
        const std::size_t begin = xml.find('<');
        const std::size_t end = xml.find('>', begin == xml.npos ? 0 : begin);
        if (begin == xml.npos || end == xml.npos) {
            xml = {};
            return;
        }
        const std::string_view tag = xml.substr(begin, end - begin);
        xml.remove_prefix(end + 1);
        if (tag.starts_with("<node ")) enter(quoted(tag, "path=\""));
        if (tag.starts_with("<attr ")) set(quoted(tag, "key=\""), xml.substr(0, xml.find('<')));
    }
    void enter(std::string_view path) {
        current_.reset();
        const std::size_t found = path.find("/outInfo/");
        if (found == path.npos) return;
        const std::string_view rest = path.substr(found + 9);
        std::int32_t id = 0;
        const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), id);
        if (parsed.ec == std::errc() && id >= 0) current_ = id;
    }
    void set(std::string_view key, std::string_view value) {
        if (!current_) return;
        Stream& stream = streams_[*current_];
        if (key == "typeIdentifier") stream.events = value == "EVTS";
        if (key == "sizeX") stream.width = number_in(value);
        if (key == "sizeY") stream.height = number_in(value);
    }

    std::map<std::int32_t, Stream> streams_;
    std::optional<std::int32_t> current_;
};

struct Header {
    std::size_t end = 0;  ///< the first packet
    Packing packing = Packing::none;
    std::size_t packets_end = 0;
    std::int32_t stream = 0;
    Stream events;
};

Packing packing_of(std::int32_t code, const EventBytes& bytes, std::size_t at) {
    switch (code) {
        case 0:
            return Packing::none;
        case 1:
        case 2:
            return Packing::lz4;
        case 3:
        case 4:
            return Packing::zstd;
        default:
            fail(Fault::unsupported,
                 "{}: byte {}: compression {}; known are 0 (none), 1 and 2 (LZ4), 3 and 4 "
                 "(Zstandard)",
                 bytes.name(), at, code);
    }
}

Header read_header(const EventBytes& bytes) {
    std::size_t at = 0;
    (void)bytes.line(at);
    const std::size_t size = bytes.number<std::uint32_t>(at, "the header's size");
    const std::size_t begin = at + 4;
    // Nothing inside may point behind the header.
    const EventBytes head(bytes.part(0, begin + size, "the header"), bytes.name());
    if (!head.starts_with(begin + 4, "IOHE"))
        fail(Fault::bad_input, "{}: byte {}: the mark IOHE of the header is missing", bytes.name(),
             begin + 4);
    const FlatTable table(head, begin);
    Header header;
    header.end = begin + size;
    header.packing = packing_of(table.number<std::int32_t>(0, 0), bytes, begin);
    const auto index = table.number<std::int64_t>(1, -1);
    header.packets_end = index < 0 ? bytes.size() : static_cast<std::size_t>(index);
    if (header.packets_end < header.end || header.packets_end > bytes.size())
        fail(Fault::bad_input,
             "{}: byte {}: the packets end at byte {}, says the header; they begin at byte {} and "
             "the file ends at byte {}: it is cut off or damaged",
             bytes.name(), begin, header.packets_end, header.end, bytes.size());
    const FlatTable::Vector xml = table.vector(2, 1);
    const Description description(head.part(xml.begin, xml.n, "the description"));
    const std::optional<std::int32_t> stream = description.event_stream();
    if (!stream)
        fail(Fault::bad_input, "{}: byte {}: the header names no stream of events", bytes.name(),
             begin);
    header.stream = *stream;
    header.events = description.stream(*stream);
    if (header.events.width == 0 || header.events.height == 0)
        header.events.width = header.events.height = 0;
    return header;
}

void add_packet(const std::string& content, const std::string& where, std::size_t at,
                EventSink& sink) {
    const EventBytes bytes(content, where);
    const std::size_t size = bytes.number<std::uint32_t>(0, "a packet's size");
    bytes.require(4, size, "a packet");
    if (!bytes.starts_with(8, "EVTS"))
        fail(Fault::bad_input, "{}: the mark EVTS of a packet of events is missing", where);
    const FlatTable table(bytes, 4);
    const FlatTable::Vector events = table.vector(0, record);
    for (std::size_t i = 0; i < events.n; ++i) {
        const std::size_t place = events.begin + i * record;
        sink.add(at, bytes.number<std::int64_t>(place, "an event"),
                 bytes.number<std::int16_t>(place + 8, "an event"),
                 bytes.number<std::int16_t>(place + 10, "an event"),
                 bytes.number<std::uint8_t>(place + 12, "an event") != 0);
    }
}

}  // namespace

EventRecording parse_aedat4(const EventBytes& bytes) {
    const Header header = read_header(bytes);
    EventSink sink(bytes, "AEDAT 4.0", header.events.width, header.events.height);
    std::size_t allowed = max_ratio * bytes.size() + always_allowed;
    for (std::size_t at = header.end; at < header.packets_end;) {
        const auto stream = bytes.number<std::int32_t>(at, "the head of a packet");
        const auto size = bytes.number<std::uint32_t>(at + 4, "the head of a packet");
        const std::string_view packed = bytes.part(at + 8, size, "a packet");
        if (stream == header.stream) {
            const std::string where = fmt::format("{}: packet at byte {}", bytes.name(), at);
            const std::string content = unpack(packed, header.packing, allowed, where);
            allowed -= content.size();
            add_packet(content, where, at, sink);
        }
        at += 8 + size;
    }
    return sink.finish();
}

}  // namespace ranvier
