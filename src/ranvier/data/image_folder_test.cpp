#include "ranvier/data/image_folder.hpp"

#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

namespace ranvier {
namespace {

std::string grey_png(int height, int width, int value) {
    std::vector<unsigned char> bytes;
    cv::imencode(".png", cv::Mat(height, width, CV_8UC1, cv::Scalar(value)), bytes);
    return {bytes.begin(), bytes.end()};
}

DataOptions wanting(Shape shape) {
    DataOptions options;
    options.shape = shape;
    return options;
}

std::vector<int> labels_of(const Samples& samples) {
    std::vector<int> labels;
    for (std::size_t i = 0; i < samples.size(); ++i) labels.push_back(samples.label(i));
    return labels;
}

TEST(ImageFolder, ClassFoldersTakeTurns) {
    const TemporaryFolder folder;
    folder.write("cat/1.png", grey_png(8, 8, 10));
    folder.write("cat/2.png", grey_png(8, 8, 20));
    folder.write("cat/more/3.png", grey_png(8, 8, 30));
    folder.write("ant/1.PNG", grey_png(8, 8, 40));
    folder.write("ant/notes.txt", "no image");
    folder.write(".cache/x.png", "hidden");
    const auto samples = open_image_folder(folder.path(), wanting({1, 7, 7}));
    EXPECT_EQ(samples->n_classes(), 2);
    EXPECT_EQ(labels_of(*samples), (std::vector<int>{0, 1, 1, 1}));
    const Tensor images = read_batch(*samples, 0, 4);
    EXPECT_EQ(images.values[0], 40 / 255.0F);
    EXPECT_EQ(images.values[49], 10 / 255.0F);
    EXPECT_EQ(images.values[3 * 49], 30 / 255.0F);
    EXPECT_EQ(samples->describe(), "images, " + folder.path().string() + ", 4 of 4");
}

TEST(ImageFolder, NamesMayStartWithTheClass) {
    const TemporaryFolder folder;
    for (const char* name : {"0002.png", "0002_x.png", "10.png", "0.png"})
        folder.write(name, grey_png(8, 8, 1));
    DataOptions options = wanting({3, 7, 7});
    const auto samples = open_image_folder(folder.path(), options);
    EXPECT_EQ(samples->n_classes(), 11);
    EXPECT_EQ(labels_of(*samples), (std::vector<int>{0, 2, 10, 2}));
    EXPECT_EQ(samples->shape(), (Shape{3, 7, 7}));
    options.limit = 3;
    const auto first = open_image_folder(folder.path(), options);
    EXPECT_EQ(first->size(), 3U);
    EXPECT_EQ(first->n_classes(), 11);
    EXPECT_NE(first->describe().find("3 of 4"), std::string::npos);
}

TEST(ImageFolder, SplitsMayHaveTheirOwnFolders) {
    const TemporaryFolder folder;
    folder.write("train/cat/1.png", grey_png(8, 8, 1));
    folder.write("val/cat/1.png", grey_png(8, 8, 2));
    folder.write("val/cat/2.png", grey_png(8, 8, 3));
    DataOptions options = wanting({1, 7, 7});
    EXPECT_EQ(open_image_folder(folder.path(), options)->size(), 2U);
    options.split = Split::train;
    EXPECT_EQ(open_image_folder(folder.path(), options)->size(), 1U);
}

TEST(ImageFolder, ResizesThenCropsTheMiddle) {
    const TemporaryFolder folder;
    cv::Mat image(20, 40, CV_8UC1, cv::Scalar(0));  // white: columns 10 to 29, the middle square
    image.colRange(10, 30).setTo(255);
    std::vector<unsigned char> bytes;
    cv::imencode(".png", image, bytes);
    folder.write("0.png", {bytes.begin(), bytes.end()});
    DataOptions options = wanting({1, 10, 10});
    options.resize = 10;  // 20 x 40 becomes 10 x 20, with the middle 10 white
    std::vector<float> pixels(100);
    open_image_folder(folder.path(), options)->read(0, pixels);
    // Away from the edge of the white square, which the filter blurs over 2 pixels.
    for (std::size_t y = 0; y < 10; ++y)
        for (std::size_t x = 1; x < 9; ++x) EXPECT_EQ(pixels[y * 10 + x], 1.0F) << x;
}

TEST(ImageFolder, RefusesWhatCannotBeMet) {
    const TemporaryFolder folder;
    folder.write("0.png", grey_png(8, 8, 1));
    const auto open = [&](const DataOptions& options) {
        (void)open_image_folder(folder.path(), options);
    };
    expect_error(Fault::usage, {"which shape"}, [&] { open({}); });
    expect_error(Fault::usage, {"2x7x7", "channels"}, [&] { open(wanting({2, 7, 7})); });
    expect_error(Fault::usage, {"3x0x7"}, [&] { open(wanting({3, 0, 7})); });
    DataOptions options = wanting({3, 7, 7});
    options.resize = 6;
    expect_error(Fault::usage, {"resized to 6", "must be 7"}, [&] { open(options); });
    options.resize = -1;
    expect_error(Fault::usage, {"resized to -1"}, [&] { open(options); });
}

TEST(ImageFolder, RefusesFoldersWithoutClasses) {
    const TemporaryFolder folder;
    const auto list = [&] { (void)list_images(folder.path()); };
    expect_error(Fault::bad_input, {"holds no images"}, list);
    folder.write("cat.png", "");
    expect_error(Fault::bad_input, {"cat.png", "number of a class"}, list);
    folder.write("dog/readme.txt", "");
    expect_error(Fault::bad_input, {"both folders (dog", "images (cat.png"}, list);
    std::filesystem::remove(folder.path() / "cat.png");
    expect_error(Fault::bad_input, {"dog", "without images"}, list);
    expect_error(Fault::io, {"/nowhere is not a folder"}, [] { (void)list_images("/nowhere"); });
}

TEST(ImageFolder, RefusesNumbersThatAreNoClass) {
    const TemporaryFolder folder;
    folder.write("20240131.png", "");
    expect_error(Fault::bad_input, {"20240131.png", "above 99999"},
                 [&] { (void)list_images(folder.path()); });
    std::filesystem::remove(folder.path() / "20240131.png");
    folder.write("99999999999999999999.png", "");
    expect_error(Fault::bad_input, {"above 99999"}, [&] { (void)list_images(folder.path()); });
}

TEST(ImageFolder, ADamagedImageIsNamedWhenRead) {
    const TemporaryFolder folder;
    folder.write("0.png", grey_png(8, 8, 1));
    folder.write("1.png", "no image");
    folder.write("2.png", grey_png(1, 200, 1));
    const auto samples = open_image_folder(folder.path(), wanting({1, 7, 7}));
    std::vector<float> pixels(49);
    EXPECT_NO_THROW(samples->read(0, pixels));
    expect_error(Fault::bad_input, {"1.png"}, [&] { samples->read(1, pixels); });
    expect_error(Fault::bad_input, {"2.png: is 200 x 1 pixels"}, [&] { samples->read(2, pixels); });
}

}  // namespace
}  // namespace ranvier
