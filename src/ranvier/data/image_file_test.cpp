#include "ranvier/data/image_file.hpp"

#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

namespace ranvier {
namespace {

/// 16 x 8 pixels, left half red, right half blue; OpenCV's order is blue, green, red.
std::string picture(const std::string& extension) {
    cv::Mat image(8, 16, CV_8UC3, cv::Scalar(0, 0, 255));
    image.colRange(8, 16).setTo(cv::Scalar(255, 0, 0));
    std::vector<unsigned char> bytes;
    cv::imencode(extension, image, bytes);
    return {bytes.begin(), bytes.end()};
}

TEST(LoadImage, GivesRedFirst) {
    const TemporaryFolder folder;
    for (const char* extension : {".png", ".bmp", ".ppm", ".tiff"}) {
        const auto path = folder.write(std::string("x") + extension, picture(extension));
        const ByteImage image = load_image(path, 3);
        EXPECT_EQ(image.height, 8);
        EXPECT_EQ(image.width, 16);
        EXPECT_EQ(image.values[0], 255) << extension;  // red at the left
        EXPECT_EQ(image.values[2], 0) << extension;
        EXPECT_EQ(image.values[15 * 3 + 2], 255) << extension;  // blue at the right
    }
}

TEST(LoadImage, MakesGrey) {
    const TemporaryFolder folder;
    const ByteImage image = load_image(folder.write("x.png", picture(".png")), 1);
    EXPECT_EQ(image.values.size(), 128U);
    EXPECT_EQ(image.values[0], 76);   // 0.299 * 255, ITU-R BT.601
    EXPECT_EQ(image.values[15], 29);  // 0.114 * 255
}

TEST(LoadImage, RefusesWhatIsNoImage) {
    const TemporaryFolder folder;
    expect_error(Fault::bad_input, {"x.jpg", "no image"},
                 [&] { (void)load_image(folder.write("x.jpg", "some text"), 3); });
    expect_error(Fault::bad_input, {"y.jpg: is empty"},
                 [&] { (void)load_image(folder.write("y.jpg", ""), 3); });
    expect_error(Fault::io, {"z.jpg"}, [&] { (void)load_image(folder.path() / "z.jpg", 3); });
    expect_error(Fault::io, {"is a directory"}, [&] { (void)load_image(folder.path(), 3); });
}

TEST(LoadImage, RefusesEveryTruncation) {
    const TemporaryFolder folder;
    for (const char* extension : {".jpg", ".png"}) {
        const std::string whole = picture(extension);
        for (std::size_t n = 0; n < whole.size(); n += 7) {
            const auto path = folder.write("cut", whole.substr(0, n));
            EXPECT_EQ(error_of([&] { (void)load_image(path, 3); }).fault, Fault::bad_input)
                << extension << " cut to " << n << " of " << whole.size();
        }
        EXPECT_EQ(error_of([&] { (void)load_image(folder.write("all", whole), 3); }).fault,
                  std::nullopt);
    }
}

TEST(LoadImage, RefusesHugeDeclaredSizes) {
    const TemporaryFolder folder;
    std::string png = picture(".png");
    for (const std::size_t at : {16U, 20U}) png[at] = '\x7f';  // width and height, big endian
    expect_error(Fault::bad_input, {"declares 2130706448 x 2130706440 pixels"},
                 [&] { (void)load_image(folder.write("x.png", png), 3); });
}

TEST(LoadImage, RefusesMorePixelsThanAFileOfItsSizeHolds) {
    const TemporaryFolder folder;
    const auto sized = [](int side) { return fmt::format("P6 {} {} 255\n", side, side); };
    expect_error(Fault::bad_input, {"declares 5000 x 5000 pixels", "of 17 bytes"},
                 [&] { (void)load_image(folder.write("x.ppm", sized(5000)), 3); });
    // Zeros instead of pixels: 17,000 bytes may be so many.
    EXPECT_EQ(error_of([&] {
                  const std::string content = sized(5000) + std::string(17'000, '\0');
                  (void)load_image(folder.write("x.ppm", content), 3);
              }).message.find("declares"),
              std::string::npos);
}

TEST(LoadImage, BytesAfterTheEndDoNotMatter) {
    const TemporaryFolder folder;
    const auto path = folder.write("x.jpg", picture(".jpg") + "remark of some camera");
    EXPECT_EQ(load_image(path, 3).width, 16);
}

TEST(IsImageName, LooksAtTheEndOnly) {
    EXPECT_TRUE(is_image_name("a/0002.JPG"));
    EXPECT_TRUE(is_image_name("x.tiff"));
    EXPECT_FALSE(is_image_name("labels.txt"));
    EXPECT_FALSE(is_image_name("jpg"));
}

TEST(Png, ComesBackAsItWas) {
    const TemporaryFolder folder;
    for (const int channels : {1, 3}) {
        ByteImage image{channels, 5, 7, {}};
        for (int k = 0; k < 5 * 7 * channels; ++k)
            image.values.push_back(static_cast<std::uint8_t>(k * 37));
        const ByteImage again = load_image(folder.write("x.png", encode_png(image)), channels);
        EXPECT_EQ(again.height, 5);
        EXPECT_EQ(again.width, 7);
        EXPECT_EQ(again.values, image.values);
    }
}

}  // namespace
}  // namespace ranvier
