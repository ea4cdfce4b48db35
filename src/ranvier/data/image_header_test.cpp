#include "ranvier/data/image_header.hpp"

#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

using namespace std::string_literals;

const std::string start = "\xFF\xD8";
const std::string end = "\xFF\xD9";
/// Length 11, 8 bits, 5 high, 7 wide, one component.
const std::string frame = "\xFF\xC0\0\x0B\x08\0\x05\0\x07\x01\0\0\0"s;
/// Length 3, then data with an escaped 0xFF and a restart marker.
const std::string scan = "\xFF\xDA\0\x03\x01 ab\xFF\0cd\xFF\xD0 ef"s;

TEST(InspectImage, FindsTheSizeOfAJpeg) {
    // The thumbnail in the first segment has its own end, which is not the picture's.
    const std::string thumbnail = "\xFF\xE1\0\x06"s + start + end;
    const ImageHeader header = inspect_image(start + thumbnail + frame + scan + end, "x");
    EXPECT_EQ(header.height, 5);
    EXPECT_EQ(header.width, 7);
    expect_error(Fault::bad_input, {"x.jpg: the image ends early"},
                 [&] { (void)inspect_image(start + thumbnail + frame + scan, "x.jpg"); });
}

TEST(InspectImage, WalksOverSeveralScans) {
    EXPECT_EQ(inspect_image(start + frame + scan + scan + end, "x").width, 7);
}

TEST(InspectImage, RefusesBrokenStructure) {
    for (const std::string& file : {
             start + "text",                              // no marker where one must be
             start + "\xFF\xE0\0\x01" + end,              // a segment shorter than its length field
             start + "\xFF\xE0\xFF\xFF" + end,            // a segment beyond the end
             start + end,                                 // no frame
             "\x89PNG\r\n\x1a\n\0\0\0\x0DIDATxxxxyyyy"s,  // the first chunk is another
         })
        EXPECT_EQ(error_of([&] { (void)inspect_image(file, "x"); }).fault, Fault::bad_input);
}

void expect_5_by_7(const std::string& file) {
    const ImageHeader header = inspect_image(file, "x");
    EXPECT_EQ(header.height, 5) << file;
    EXPECT_EQ(header.width, 7) << file;
}

const std::string bmp_start = "BM" + std::string(12, '\0');

TEST(InspectImage, FindsTheSizeOfABmp) {
    expect_5_by_7(bmp_start + "\x28\0\0\0\x07\0\0\0\x05\0\0\0"s);
    expect_5_by_7(bmp_start + "\x28\0\0\0\x07\0\0\0\xFB\xFF\xFF\xFF"s);  // upper row first
    expect_5_by_7(bmp_start + "\x0C\0\0\0\x07\0\x05\0"s);                // the first version
}

TEST(InspectImage, FindsTheSizeOfAPnm) {
    expect_5_by_7("P6 7 5 255\n");
    expect_5_by_7("P2\n# 9 9\n 7\t# 9\n5\n15 ");
    EXPECT_EQ(inspect_image("P5 99999999999999999999 3 ", "x").width, std::int64_t{1} << 32);
}

TEST(InspectImage, FindsTheSizeOfATiff) {
    const std::string little = "II*\0\x08\0\0\0\x03\0"s;
    const std::string other = "\xFE\0\x04\0\x01\0\0\0\x63\0\0\0"s;  // a tag of no interest
    const std::string width = "\0\x01\x03\0\x01\0\0\0\x07\0\0\0"s;
    const std::string height = "\x01\x01\x04\0\x01\0\0\0\x05\0\0\0"s;
    const std::string tile = "\x42\x01\x04\0\x01\0\0\0\0\0\0\x01"s;  // 2^24 wide
    expect_5_by_7(little + other + width + height);
    EXPECT_EQ(inspect_image(little + width + height + tile, "x").width, 1 << 24);
    expect_5_by_7(
        "MM\0*\0\0\0\x08\0\x02"
        "\x01\0\0\x03\0\0\0\x01\0\x07\0\0"
        "\x01\x01\0\x04\0\0\0\x01\0\0\0\x05"s);
}

TEST(InspectImage, FindsTheSizeOfAWebp) {
    const std::string riff = "RIFF\0\0\0\0WEBP"s, size = "\0\0\0\0"s;
    expect_5_by_7(riff + "VP8X" + size + "\0\0\0\0\x06\0\0\x04\0\0"s);
    expect_5_by_7(riff + "VP8 " + size + "\0\0\0\x9D\x01\x2A\x07\x40\x05\x80"s);
    expect_5_by_7(riff + "VP8L" + size + "\x2F\x06\0\x01\0"s);  // 6 | 4 << 14
}

TEST(InspectImage, TheLargestFrameOfAJpegCounts) {
    const std::string small = "\xFF\xC0\0\x0B\x08\0\x01\0\x01\x01\0\0\0"s;
    EXPECT_EQ(inspect_image(start + frame + scan + small + scan + end, "x").width, 7);
}

TEST(InspectImage, RefusesOtherFormatsAndFilesThatEndEarly) {
    for (const std::string& file :
         {""s, "P7\nWIDTH 7\n"s, "P6 7"s, "P6 x 5 "s, "P5 7 #"s, "BM and so"s, "#?RADIANCE\n"s,
          "II*\0\xFF\xFF\0\0"s, "II*\0\x08\0\0\0\x03\0"s, "RIFF\0\0\0\0WEBPVP8?"s,
          "RIFF\0\0\0\0WEBPVP8X"s, "II+\0\x08\0\0\0"s})
        EXPECT_EQ(error_of([&] { (void)inspect_image(file, "x"); }).fault, Fault::bad_input)
            << file;
}

}  // namespace
}  // namespace ranvier
