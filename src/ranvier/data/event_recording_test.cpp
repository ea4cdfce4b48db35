// Every format: bytes written by hand, real recordings, and damage of all kinds.
#include "ranvier/data/event_recording.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/data/event_test_files.hpp"
#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

#include <lz4frame.h>
#include <map>
#include <zstd.h>

namespace ranvier {

void PrintTo(const Event& event, std::ostream* out) {
    *out << fmt::format("[{} us, {}, {}, {}]", event.t_us, event.x, event.y, event.on);
}

namespace {

using Events = std::vector<Event>;

void expect_sensor(const EventRecording& recording, int width, int height) {
    EXPECT_EQ(recording.width, width);
    EXPECT_EQ(recording.height, height);
}

TEST(EventRecording, Nmnist) {
    // The third record is no pixel: the clock passed 2^13 us.
    const std::string bytes = nmnist_event(3, 4, true, 0x012345) +
                              nmnist_event(33, 0, false, 0x7FFFFE) +
                              nmnist_event(0, 240, false, 0) + nmnist_event(1, 2, true, 0x7FFFFF);
    EXPECT_EQ(bytes.substr(0, 5), std::string("\3\4\x81\x23\x45"));
    for (const char* name : {"a.bin", "a.bs2"}) {
        const EventRecording recording = parse_events(bytes, name);
        EXPECT_EQ(recording.events, (Events{{0x012345, 3, 4, true},
                                            {0x7FFFFE, 33, 0, false},
                                            {0x7FFFFF + 8192, 1, 2, true}}));
        expect_sensor(recording, 34, 34);
        EXPECT_EQ(recording.format, "N-MNIST");
    }
}

TEST(EventRecording, Aedat2OfADvs128) {
    // Columns count from the right and rows from below; a set lowest bit means darker. The second
    // word has the synchronization bit and is no pixel.
    const std::string bytes = aedat2_head + dvs128_event(0, 0, true, 100) + big(0x8000, 4) +
                              big(101, 4) + dvs128_event(127, 127, false, 200);
    const EventRecording recording = parse_events(bytes, "a.aedat");
    EXPECT_EQ(recording.events, (Events{{100, 127, 127, false}, {200, 0, 0, true}}));
    expect_sensor(recording, 128, 128);
}

TEST(EventRecording, Aedat2OfADavis) {
    const std::string head =
        "#!AER-DAT2.0\r\n# AEChip: eu.x.Davis346red\r\n#End Of ASCII Header\r\n";
    const auto word = [](unsigned x, unsigned y, bool on) {
        return big(y << 22 | x << 12 | (on ? 1U << 11 : 0U), 4);
    };
    const std::string bytes = head + word(5, 259, true) + big(7, 4) + big(0x80000000U, 4) +
                              big(8, 4) + big(1U << 10, 4) + big(8, 4) + word(345, 0, false) +
                              big(9, 4);
    const EventRecording recording = parse_events(bytes, "a.aedat");
    EXPECT_EQ(recording.events, (Events{{7, 340, 0, true}, {9, 0, 259, false}}));
    expect_sensor(recording, 346, 260);
    // Without the line that ends the header, an event of row 140 begins with a '#'.
    const std::string open = "#!AER-DAT2.0\r\n# AEChip: Davis346red\r\n";
    const EventRecording first = parse_events(
        open + word(5, 140, true) + big(7, 4) + word(6, 10, true) + big(10, 4), "a.aedat");
    EXPECT_EQ(first.events, (Events{{7, 340, 119, true}, {10, 339, 249, true}}));
    expect_error(Fault::unsupported, {"a.aedat", "byte 16", "Cochlea", "DVS128"},
                 [] { (void)parse_events("#!AER-DAT2.0\r\n# AEChip: Cochlea\r\n", "a.aedat"); });
}

TEST(EventRecording, A32BitClockThatBeginsAgain) {
    const std::string bytes = aedat2_head + dvs128_event(127, 127, false, 0xFFFFFFF0) +
                              dvs128_event(127, 127, false, 0x10);
    EXPECT_EQ(parse_events(bytes, "a.aedat").events,
              (Events{{0xFFFFFFF0, 0, 0, true}, {0x100000010, 0, 0, true}}));
    EXPECT_EQ(parse_events(bytes, "a.aedat").backwards, 0U);
}

TEST(EventRecording, Aedat3) {
    const std::string bytes =
        aedat3_head + aedat3_packet(0, 0, 1, {std::string(8, '\1')}) +  // no polarity events
        aedat3_packet(1, 0, 4,
                      {aedat3_event(127, 3, true, true, 50), aedat3_event(1, 2, true, false, 51),
                       aedat3_event(0, 127, false, true, 52)}) +
        aedat3_packet(1, 1, 1, {aedat3_event(4, 5, true, true, 0)});
    const EventRecording recording = parse_events(bytes, "a.aedat");
    EXPECT_EQ(
        recording.events,
        (Events{{50, 127, 3, true}, {52, 0, 127, false}, {std::uint64_t{1} << 31, 4, 5, true}}));
    expect_sensor(recording, 128, 128);
    EXPECT_EQ(recording.format, "AEDAT 3.1");
}

TEST(EventRecording, Aedat3Refusals) {
    expect_error(Fault::unsupported, {"byte 14", "SerializedTS"}, [] {
        (void)parse_events("#!AER-DAT3.1\r\n#Format: SerializedTS\r\n#!END-HEADER\r\n", "a.aedat");
    });
    expect_error(Fault::bad_input, {"#!END-HEADER"},
                 [] { (void)parse_events("#!AER-DAT3.1\r\n#Format: RAW\r\n", "a.aedat"); });
    std::string more = aedat3_packet(1, 0, 1, {aedat3_event(1, 1, true, true, 1)});
    more[20] = 2;  // events, of which there is room for one
    expect_error(Fault::bad_input, {"holds 2 events", "room for 1"},
                 [&] { (void)parse_events(aedat3_head + more, "a.aedat"); });
    expect_error(Fault::bad_input, {"a time of 2147483648", "31 bits"}, [] {
        (void)parse_events(
            aedat3_head + aedat3_packet(1, 0, 1, {aedat3_event(1, 1, true, true, 1U << 31)}),
            "a.aedat");
    });
    std::string huge = more;
    huge[16] = huge[17] = huge[18] = huge[19] = '\xFF';
    expect_error(Fault::bad_input, {"34359738360 bytes", "file ends"},
                 [&] { (void)parse_events(aedat3_head + huge, "a.aedat"); });
}

std::string lz4_of(const std::string& content) {
    std::string packed(LZ4F_compressFrameBound(content.size(), nullptr), '\0');
    packed.resize(
        LZ4F_compressFrame(packed.data(), packed.size(), content.data(), content.size(), nullptr));
    return packed;
}
std::string zstd_of(const std::string& content) {
    std::string packed(ZSTD_compressBound(content.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), content.data(), content.size(), 3));
    return packed;
}
std::string packed_as(unsigned compression, const std::string& content) {
    return compression == 0 ? content : compression <= 2 ? lz4_of(content) : zstd_of(content);
}

TEST(EventRecording, Aedat4InEveryCompression) {
    const std::string first = aedat4_packet({aedat4_event(1'000'000'000'000, 7, 5, true)});
    const std::string second = aedat4_packet({aedat4_event(1'000'000'000'001, 0, 1, false),
                                              aedat4_event(1'000'000'000'001, 2, 3, true)});
    for (unsigned c = 0; c <= 4; ++c) {
        const std::string bytes = aedat4_file(c, {{1, packed_as(c, first)},
                                                  {0, "a frame, which is not looked at"},
                                                  {1, packed_as(c, second)}});
        const EventRecording recording = parse_events(bytes, "a.aedat4");
        EXPECT_EQ(recording.events, (Events{{1'000'000'000'000, 7, 5, true},
                                            {1'000'000'000'001, 0, 1, false},
                                            {1'000'000'000'001, 2, 3, true}}));
        expect_sensor(recording, 8, 6);
    }
}

TEST(EventRecording, Aedat4Refusals) {
    const auto parse = [](const std::string& bytes) { (void)parse_events(bytes, "a.aedat4"); };
    expect_error(Fault::unsupported, {"compression 7"}, [&] { parse(aedat4_file(7, {})); });
    expect_error(Fault::bad_input, {"a.aedat4: packet at byte", "LZ4", "damaged"}, [&] {
        parse(aedat4_file(1, {{1, "no frame of LZ4"}}));
    });
    expect_error(Fault::bad_input, {"packet at byte", "Zstandard", "damaged"}, [&] {
        parse(aedat4_file(3, {{1, "no frame of Zstandard"}}));
    });
    const std::string packet = lz4_of(aedat4_packet({aedat4_event(1, 1, 1, true)}));
    expect_error(Fault::bad_input, {"LZ4", "end early"}, [&] {
        parse(aedat4_file(1, {{1, packet.substr(0, packet.size() - 6)}}));
    });
    expect_error(Fault::bad_input, {"EVTS"}, [&] {
        parse(aedat4_file(0, {{1, little(40, 4) + std::string(40, '\0')}}));
    });
    // Eight megabytes of zeros in some hundred bytes.
    expect_error(Fault::bad_input, {"unpack to more than"}, [&] {
        parse(aedat4_file(3, {{1, zstd_of(std::string(8 << 20, '\0'))}}));
    });
}

TEST(EventRecording, PropheseeDat) {
    const std::string bytes = dat_head + std::string("\0\x08", 2) + dat_event(303, 0, true, 5) +
                              dat_event(1, 239, false, 6);
    const EventRecording recording = parse_events(bytes, "a.dat");
    EXPECT_EQ(recording.events, (Events{{5, 303, 0, true}, {6, 1, 239, false}}));
    expect_sensor(recording, 304, 240);
    expect_error(Fault::bad_input, {"byte 76", "type 7 with 8 bytes"},
                 [] { (void)parse_events(dat_head + "\7\x08", "a.dat"); });
    expect_error(Fault::unsupported, {"version '1'"},
                 [] { (void)parse_events("% Version 1\n", "a.dat"); });
}

TEST(EventRecording, Evt2) {
    const std::string bytes = evt2_head + evt2_event(1, 1, true, 1) +  // before any time: left out
                              evt2_time(2) + evt2_event(639, 0, true, 63) + little(0xA0000000U, 4) +
                              evt2_time(3) + evt2_event(0, 479, false, 1);
    const EventRecording recording = parse_events(bytes, "a.raw");
    EXPECT_EQ(recording.events, (Events{{2 * 64 + 63, 639, 0, true}, {3 * 64 + 1, 0, 479, false}}));
    expect_sensor(recording, 640, 480);
    EXPECT_EQ(parse_events("% format EVT2;height=480;width=640\n% end\n", "a.raw").width, 640);
    expect_error(Fault::unsupported, {"encoding '3.0'", "EVT 2.0"},
                 [] { (void)parse_events("% evt 3.0\n", "a.raw"); });
}

TEST(EventRecording, EventStream) {
    // Times are differences; 0xFE adds 127 us; rows count from below.
    const std::string bytes = es_head(320, 240) + es_event(10, true, 319, 239) + "\xFE\xFF\xFE" +
                              es_event(1, false, 0, 0);
    const EventRecording recording = parse_events(bytes, "a.es");
    EXPECT_EQ(recording.events, (Events{{10, 319, 0, true}, {265, 0, 239, false}}));
    expect_sensor(recording, 320, 240);
    std::string generic = es_head(1, 1);
    generic[15] = 0;
    expect_error(Fault::unsupported, {"type 0", "DVS"},
                 [&] { (void)parse_events(generic, "a.es"); });
}

TEST(EventRecording, TimesThatGoBackwardsAreClampedAndReported) {
    const std::string bytes = nmnist_event(1, 1, true, 100) + nmnist_event(2, 2, true, 90) +
                              nmnist_event(3, 3, true, 99) + nmnist_event(4, 4, true, 101);
    const EventRecording recording = parse_events(bytes, "a.bin");
    EXPECT_EQ(recording.events,
              (Events{{100, 1, 1, true}, {100, 2, 2, true}, {100, 3, 3, true}, {101, 4, 4, true}}));
    EXPECT_EQ(recording.backwards, 2U);
    EXPECT_EQ(recording.first_backwards, 5U);
}

TEST(EventRecording, ItsTextReportsTimesThatGoBackwards) {
    const auto text = [](const std::string& bytes) {
        return recording_text(parse_events(bytes, "a.bin"), "a.bin");
    };
    EXPECT_EQ(
        text(nmnist_event(1, 1, true, 100) + nmnist_event(2, 2, false, 90)),
        "a.bin: a recording of events, N-MNIST\n"
        "sensor     34 x 34 pixels\n"
        "events     2, of which 1 on\n"
        "time       0.000000 s, from 100 us on\n"
        "backwards  1 events lie before an earlier one and got its time; the first at byte 5\n");
    EXPECT_EQ(text(nmnist_event(1, 1, true, 100)).find("backwards"), std::string::npos);
}

TEST(EventRecording, APixelOutsideTheSensorIsNamed) {
    expect_error(Fault::bad_input, {"a.bin: byte 5", "column 34, row 0", "34 columns"}, [] {
        (void)parse_events(nmnist_event(1, 1, true, 1) + nmnist_event(34, 0, true, 2), "a.bin");
    });
}

TEST(EventRecording, OtherFilesAreRefused) {
    expect_error(Fault::bad_input, {"a.es", "is empty"}, [] { (void)parse_events("", "a.es"); });
    expect_error(Fault::unsupported, {"a.png", "known are", "AEDAT"},
                 [] { (void)parse_events("\x89PNG", "a.png"); });
    expect_error(Fault::unsupported, {"#!AER-DAT1.0", "2.0, 3.1 and 4.0"},
                 [] { (void)parse_events("#!AER-DAT1.0\r\n", "a.aedat"); });
}

/// A whole file of each format by its name, small enough to damage in every place.
std::map<std::string, std::string> small_files() {
    const std::string packet =
        aedat4_packet({aedat4_event(5, 7, 5, true), aedat4_event(6, 0, 1, false)});
    return {
        {"a.bin", nmnist_event(3, 4, true, 5) + nmnist_event(33, 33, false, 6)},
        {"2.aedat", aedat2_head + dvs128_event(1, 2, true, 3) + dvs128_event(5, 6, false, 7)},
        {"3.aedat", aedat3_head + aedat3_packet(1, 0, 2, {aedat3_event(1, 2, true, true, 3)})},
        {"plain.aedat4", aedat4_file(0, {{1, packet}, {1, packet}})},
        {"lz4.aedat4", aedat4_file(1, {{1, lz4_of(packet)}, {1, lz4_of(packet)}})},
        {"zstd.aedat4", aedat4_file(3, {{1, zstd_of(packet)}, {1, zstd_of(packet)}})},
        {"a.dat", dat_head + std::string("\0\x08", 2) + dat_event(303, 0, true, 5)},
        {"a.raw", evt2_head + evt2_time(2) + evt2_event(639, 0, true, 63)},
        {"a.es", es_head(320, 240) + es_event(10, true, 319, 239) + es_event(1, false, 0, 0)},
    };
}

/// Reads it or says why not; anything else fails the test. @return events.
std::size_t survive(const std::string& bytes, const std::string& name) {
    try {
        return parse_events(bytes, name).events.size();
    } catch (const Error& error) {
        EXPECT_TRUE(error.fault() == Fault::bad_input || error.fault() == Fault::unsupported)
            << error.what();
        EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
        return 0;
    }
}

TEST(EventRecordingDamage, CutAtEveryByte) {
    for (const auto& [name, bytes] : small_files()) {
        const std::size_t all = parse_events(bytes, name).events.size();
        EXPECT_GT(all, 0U) << name;
        for (std::size_t n = 0; n < bytes.size(); ++n)
            EXPECT_LE(survive(bytes.substr(0, n), name), all) << name << " cut at " << n;
    }
}

TEST(EventRecordingDamage, EveryByteChanged) {
    Random random(1, 7);
    for (const auto& [name, bytes] : small_files())
        for (std::size_t i = 0; i < bytes.size(); ++i)
            for (int k = 0; k < 8; ++k) {
                std::string damaged = bytes;
                damaged[i] = static_cast<char>(damaged[i] ^ (1 << k));
                (void)survive(damaged, name);
                damaged[random.below(static_cast<std::uint32_t>(bytes.size()))] =
                    static_cast<char>(random.next());
                (void)survive(damaged, name);
            }
}

const std::string samples = RANVIER_SOURCE_DIR "/build/data/event-samples/";

struct RealFile {
    const char* name;
    const char* format;
    int width, height;
    std::size_t events, on;
    std::uint64_t first_us, last_us;
};

class RealRecording : public testing::TestWithParam<RealFile> {};

TEST_P(RealRecording, IsRead) {
    const RealFile& file = GetParam();
    if (!std::filesystem::exists(samples)) GTEST_SKIP() << "needs build/data/event-samples";
    const EventRecording recording = read_events(samples + file.name);
    EXPECT_EQ(recording.format, file.format);
    expect_sensor(recording, file.width, file.height);
    ASSERT_EQ(recording.events.size(), file.events);
    EXPECT_EQ(recording.backwards, 0U);
    EXPECT_EQ(recording.events.front().t_us, file.first_us);
    EXPECT_EQ(recording.events.back().t_us, file.last_us);
    std::size_t on = 0;
    for (const Event& event : recording.events) on += event.on ? 1 : 0;
    EXPECT_EQ(on, file.on);
}

TEST_P(RealRecording, CutAndChangedIsSurvived) {
    if (!std::filesystem::exists(samples)) GTEST_SKIP() << "needs build/data/event-samples";
    const std::string name = GetParam().name;
    // The beginning, with the header and some packets, is where damage can do most.
    const std::string bytes = read_file(samples + name).substr(0, 100'000);
    Random random(2, 3);
    for (int k = 0; k < 100; ++k) {
        std::string damaged =
            bytes.substr(0, random.below(static_cast<std::uint32_t>(bytes.size()) + 1));
        for (std::uint32_t n = random.below(4); n > 0 && !damaged.empty(); --n)
            damaged[random.below(static_cast<std::uint32_t>(damaged.size()))] =
                static_cast<char>(random.next());
        (void)survive(damaged, name);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Samples, RealRecording,
    testing::Values(RealFile{"MovingDarkBox.aedat", "AEDAT 2.0", 128, 128, 489834, 246923,
                             946459683, 986269729},
                    RealFile{"davis.aedat4", "AEDAT 4.0", 346, 260, 117667, 72363, 1633953690975950,
                             1633953691105949},
                    RealFile{"tonic_sample.aedat4", "AEDAT 4.0", 320, 240, 111954, 55023,
                             1605537493718345, 1605537494308262},
                    RealFile{"dvs.es", "Event Stream", 320, 240, 473225, 270001, 0, 110889},
                    RealFile{"evt2.raw", "EVT 2.0", 640, 480, 521252, 185861, 913716224, 913812095},
                    RealFile{"sample_ncars.dat", "Prophesee DAT", 0, 0, 2009, 1350, 0, 99952},
                    RealFile{"sample_nmnist.bin", "N-MNIST", 34, 34, 4325, 2145, 654, 311175}),
    [](const auto& file) {
        std::string name = file.param.name;
        std::replace(name.begin(), name.end(), '.', '_');
        return name;
    });

}  // namespace
}  // namespace ranvier
