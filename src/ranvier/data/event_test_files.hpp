#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

/// `n` bytes of a number, lowest first.
inline std::string little(std::uint64_t value, int n) {
    std::string bytes;
    for (int i = 0; i < n; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
    return bytes;
}
/// `n` bytes of a number, highest first.
inline std::string big(std::uint64_t value, int n) {
    const std::string bytes = little(value, n);
    return {bytes.rbegin(), bytes.rend()};
}

inline std::string nmnist_event(unsigned x, unsigned y, bool on, unsigned t) {
    return big(x, 1) + big(y, 1) + big((on ? 0x800000U : 0U) | t, 3);
}

inline const std::string aedat2_head = "#!AER-DAT2.0\r\n# by hand\r\n";
/// Of a DVS128, in its own columns and rows; `darker` is the lowest bit.
inline std::string dvs128_event(unsigned column, unsigned row, bool darker, std::uint32_t t) {
    return big(row << 8 | column << 1 | (darker ? 1 : 0), 4) + big(t, 4);
}

inline const std::string aedat3_head =
    "#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n";
inline std::string aedat3_packet(unsigned type, unsigned overflows, unsigned capacity,
                                 const std::vector<std::string>& events) {
    std::string packet = little(type, 2) + little(1, 2) + little(8, 4) + little(4, 4) +
                         little(overflows, 4) + little(capacity, 4) + little(events.size(), 4) +
                         little(events.size(), 4);
    for (const std::string& event : events) packet += event;
    return packet + std::string(8 * (capacity - events.size()), '\0');
}
inline std::string aedat3_event(unsigned x, unsigned y, bool on, bool valid, std::uint32_t t) {
    return little(std::uint64_t{x} << 17 | y << 2 | (on ? 2 : 0) | (valid ? 1 : 0), 4) +
           little(t, 4);
}

/// A flatbuffer with a root table: its identifier, the table's fields (already bytes; empty: left
/// out), and what stands behind the table. Fields of four bytes that point behind the table must be
/// right as given.
inline std::string flatbuffer(std::string_view identifier, const std::vector<std::string>& fields,
                              const std::string& behind) {
    std::string offsets, content;
    for (const std::string& field : fields) {
        offsets += little(field.empty() ? 0 : 4 + content.size(), 2);
        content += field;
    }
    const std::size_t fields_size = 4 + offsets.size();
    const std::string vtable = little(fields_size, 2) + little(4 + content.size(), 2) + offsets;
    // root offset, identifier, vtable, table (which points back to the vtable)
    return little(8 + vtable.size(), 4) + std::string(identifier) + vtable +
           little(vtable.size(), 4) + content + behind;
}

inline std::string aedat4_event(std::uint64_t t, unsigned x, unsigned y, bool on) {
    return little(t, 8) + little(x, 2) + little(y, 2) + little(on ? 1 : 0, 1) +
           std::string(3, '\0');
}
inline std::string aedat4_packet(const std::vector<std::string>& events) {
    std::string content = little(events.size(), 4);
    for (const std::string& event : events) content += event;
    const std::string buffer = flatbuffer("EVTS", {little(4, 4)}, content);
    return little(buffer.size(), 4) + buffer;
}
/// @param packets  stream and content, compressed or not.
inline std::string aedat4_file(unsigned compression,
                               const std::vector<std::pair<unsigned, std::string>>& packets) {
    const std::string xml =
        "<dv version=\"2.0\"><node name=\"outInfo\" path=\"/mainloop/Recorder/outInfo/\">"
        "<node name=\"0\" path=\"/mainloop/Recorder/outInfo/0/\">"
        "<attr key=\"typeIdentifier\" type=\"string\">FRME</attr></node>"
        "<node name=\"1\" path=\"/mainloop/Recorder/outInfo/1/\">"
        "<attr key=\"typeIdentifier\" type=\"string\">EVTS</attr>"
        "<node name=\"info\" path=\"/mainloop/Recorder/outInfo/1/info/\">"
        "<attr key=\"sizeX\" type=\"int\">8</attr><attr key=\"sizeY\" type=\"int\">6</attr>"
        "</node></node></node></dv>";
    // The string's offset is counted from its field, which is the table's last.
    const std::string header =
        flatbuffer("IOHE", {little(compression, 4), little(~std::uint64_t{0}, 8), little(4, 4)},
                   little(xml.size(), 4) + xml);
    std::string file = "#!AER-DAT4.0\r\n" + little(header.size(), 4) + header;
    for (const auto& [stream, content] : packets)
        file += little(stream, 4) + little(content.size(), 4) + content;
    return file;
}

inline const std::string dat_head =
    "% Data file containing Event2D events.\n% Version 2\n% Width 304\n% Height 240\n";
inline std::string dat_event(unsigned x, unsigned y, bool on, std::uint32_t t) {
    return little(t, 4) + little(x | y << 14 | (on ? 1U << 28 : 0U), 4);
}

inline const std::string evt2_head = "% evt 2.0\n% geometry 640x480\n% end\n";
inline std::string evt2_time(unsigned high) {
    return little(8U << 28 | high, 4);
}
inline std::string evt2_event(unsigned x, unsigned y, bool on, unsigned low) {
    return little((on ? 1U : 0U) << 28 | low << 22 | x << 11 | y, 4);
}

inline std::string es_head(unsigned width, unsigned height) {
    return "Event Stream" + little(2, 3) + little(1, 1) + little(width, 2) + little(height, 2);
}
inline std::string es_event(unsigned dt, bool on, unsigned x, unsigned y) {
    return little(dt << 1 | (on ? 1 : 0), 1) + little(x, 2) + little(y, 2);
}

}  // namespace ranvier
