#include "ranvier/data/idx.hpp"

#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

const std::string image_name = "set/t10k-images-idx3-ubyte";
const std::string label_name = "set/t10k-labels-idx1-ubyte";

/// Three images of 2x2 and their labels, whole unless a test replaces a file.
class IdxSetTest : public testing::Test {
protected:
    void SetUp() override {
        folder.write(image_name,
                     idx_of({3, 2, 2}, std::string("\0\1\2\3\4\5\6\7\x08\x09\xff\x0b", 12)));
        folder.write(label_name, idx_of({3}, std::string("\5\0\x09", 3)));
        options.root = folder.path();
    }
    std::unique_ptr<MemorySamples> open() const {
        return open_idx_set({"digit-set", "set", "https://example.org"}, options);
    }

    TemporaryFolder folder;
    DataOptions options;
};

TEST_F(IdxSetTest, ReadsPlainFiles) {
    const auto samples = open();
    EXPECT_EQ(samples->size(), 3U);
    EXPECT_EQ(samples->shape(), (Shape{1, 2, 2}));
    EXPECT_EQ(samples->n_classes(), 10);
    EXPECT_EQ(samples->label(0), 5);
    EXPECT_EQ(samples->label(2), 9);
    std::vector<float> pixels(4);
    samples->read(2, pixels);
    EXPECT_EQ(pixels, (std::vector<float>{8 / 255.0F, 9 / 255.0F, 1.0F, 11 / 255.0F}));
    EXPECT_EQ(samples->describe(),
              "digit-set test, " + (folder.path() / "set").string() + ", 3 of 3");
}

TEST_F(IdxSetTest, ReadsCompressedFilesToo) {
    const Tensor plain = read_batch(*open(), 0, 3);
    folder.write(image_name + ".gz", gzip_of(read_file(folder.path() / image_name)));
    std::filesystem::remove(folder.path() / image_name);
    EXPECT_EQ(read_batch(*open(), 0, 3), plain);
}

TEST_F(IdxSetTest, LimitKeepsTheFirst) {
    options.limit = 2;
    EXPECT_EQ(open()->size(), 2U);
    EXPECT_NE(open()->describe().find("2 of 3"), std::string::npos);
    options.limit = 7;
    EXPECT_EQ(open()->size(), 3U);
}

TEST_F(IdxSetTest, MissingFileNamesTheLayout) {
    std::filesystem::remove(folder.path() / label_name);
    expect_error(Fault::io, {"t10k-labels-idx1-ubyte.gz", "--data-root", "https://example.org"},
                 [&] { (void)open(); });
    options.split = Split::train;
    expect_error(Fault::io, {"train-images-idx3-ubyte"}, [&] { (void)open(); });
}

TEST_F(IdxSetTest, RefusesADirectory) {
    std::filesystem::remove(folder.path() / label_name);
    std::filesystem::create_directory(folder.path() / label_name);
    expect_error(Fault::io, {"t10k-labels-idx1-ubyte: is a directory"}, [&] { (void)open(); });
}

TEST_F(IdxSetTest, RefusesDifferentCounts) {
    folder.write(label_name, idx_of({2}, std::string("\5\0", 2)));
    expect_error(Fault::bad_input, {"holds 3 images", "holds 2 labels"}, [&] { (void)open(); });
}

TEST_F(IdxSetTest, RefusesALabelOutOfRange) {
    folder.write(label_name, idx_of({3}, "\5\x0A\1"));
    expect_error(Fault::bad_input, {"t10k-labels", "label 1 is 10", "0..9"}, [&] { (void)open(); });
}

/// What read_idx says of a file with this content.
void expect_refused(const std::string& content, std::initializer_list<const char*> pieces) {
    const TemporaryFolder folder;
    const std::filesystem::path path = folder.write("images", content);
    expect_error(Fault::bad_input, pieces, [&] { (void)read_idx(path, 3); });
    folder.write("images", gzip_of(content));
    if (!content.empty()) expect_error(Fault::bad_input, pieces, [&] { (void)read_idx(path, 3); });
}

TEST(ReadIdx, RefusesAnEmptyFile) {
    expect_refused("", {"images: is empty"});
}

TEST(ReadIdx, RefusesAShortHeader) {
    expect_refused(std::string("\0\0\x08\3\0\0", 6), {"has 6 bytes", "16"});
}

TEST(ReadIdx, RefusesOtherMagicNumbers) {
    expect_refused(idx_of({1, 1, 1}, "x", 0x0D), {"0x00000d03", "0x00000803"});
    expect_refused(idx_of({16}, std::string(16, 'x')), {"0x00000801", "0x00000803"});
    expect_refused("\x89PNG\r\n\x1a\n and so on ", {"0x89504e47"});
}

TEST(ReadIdx, RefusesAWrongLength) {
    expect_refused(idx_of({2, 2, 2}, "1234567"), {"has 23 bytes", "need 24"});
    expect_refused(idx_of({2, 2, 2}, "123456789"), {"has more than 24 bytes"});
}

TEST(ReadIdx, RefusesHugeAndEmptyDimensions) {
    expect_refused(idx_of({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "x"), {"4294967295x", "at most"});
    expect_refused(idx_of({60000, 28, 0}, "x"), {"declares no values"});
    // Within the limit but not there: refused without claiming the memory.
    expect_refused(idx_of({1 << 14, 32, 32}, "x"), {"has 17 bytes"});
    const TemporaryFolder folder;
    const auto path = folder.write("images", idx_of({1 << 20, 32, 32}, "x"));
    expect_error(Fault::bad_input, {"has 17 bytes"}, [&] { (void)read_idx(path, 3); });
}

TEST(ReadIdx, StopsACompressedBomb) {
    const TemporaryFolder folder;
    const auto path =
        folder.write("images.gz", gzip_of(idx_of({1, 2, 2}, std::string(200 << 20, '\0'))));
    expect_error(Fault::bad_input, {"has more than 20 bytes"}, [&] { (void)read_idx(path, 3); });
}

TEST(ReadIdx, RefusesMoreThanACompressedFileOfItsSizeHolds) {
    const TemporaryFolder folder;
    const auto path = folder.write("x.gz", gzip_of(idx_of({60000, 28, 28}, "")));
    expect_error(Fault::bad_input, {"x.gz", "60000x28x28", "more than a file of"},
                 [&] { (void)read_idx(path, 3); });
}

TEST(ReadIdx, RefusesTruncatedCompressedData) {
    const TemporaryFolder folder;
    const std::string packed = gzip_of(idx_of({1, 2, 2}, "abcd"));
    const auto path = folder.write("images.gz", packed.substr(0, packed.size() - 5));
    expect_error(Fault::bad_input, {"images.gz", "incomplete"}, [&] { (void)read_idx(path, 3); });
}

}  // namespace
}  // namespace ranvier
