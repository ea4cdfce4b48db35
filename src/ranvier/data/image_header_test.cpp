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

TEST(InspectImage, OtherFormatsAreNotLookedInto) {
    EXPECT_EQ(inspect_image("BM and so on", "x").height, 0);
}

}  // namespace
}  // namespace ranvier
