#include "ranvier/train/curves.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/train/event_file.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(std::initializer_list<int> values) {
    std::string bytes;
    for (const int value : values) bytes += static_cast<char>(value);
    return bytes;
}

/// The examples of RFC 3720, appendix B.4.
TEST(Crc32c, PublishedExamples) {
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
    EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
    std::string rising;
    for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
    EXPECT_EQ(crc32c(rising), 0x46DD794EU);
    EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
    EXPECT_EQ(crc32c(""), 0U);
}

TEST(EventFile, MessageByHand) {
    const Scalar point{"a", 1.0F};
    const std::string record = event_record(2.0, 300, std::span(&point, 1));
    // wall_time 2, step 300 = 0xAC 0x02, summary { value { tag "a", simple_value 1 } }
    const std::string message =
        bytes_of({0x09, 0,    0,    0,    0,    0,    0,   0,    0x40, 0x10, 0xAC, 0x02,
                  0x2A, 0x0A, 0x0A, 0x08, 0x0A, 0x01, 'a', 0x15, 0,    0,    0x80, 0x3F});
    ASSERT_EQ(record.size(), 8 + 4 + message.size() + 4);
    EXPECT_EQ(record.substr(0, 8),
              bytes_of({static_cast<int>(message.size()), 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(record.substr(12, message.size()), message);
}

std::vector<EpochResult> two_epochs() {
    return {{1, 2.25, 0.25, 0.1, 1000, 0, 1e9, {}, {}},
            {2, 1.5, 0.5, 0.05, 2000, 7.5, 1e9 + 7, 1.75, 0.4}};
}

/// What a kill may leave is replaced, and going on from the first epoch gives the same files as
/// beginning with both.
TEST(CurveFiles, AreWholeAndWithoutDoublesAfterAResume) {
    const fs::path folder = fs::path(testing::TempDir()) / "curves";
    fs::remove_all(folder);
    const std::vector<EpochResult> epochs = two_epochs();
    const CurveFiles curves(folder);
    curves.begin(epochs);
    const std::string table = read_file(folder / "curves.csv");
    const std::string events = read_file(folder / "events.out.tfevents.0.ranvier");
    EXPECT_EQ(table,
              "epoch,loss,accuracy,learning_rate,images_per_second,test_loss,test_accuracy,synops\n"
              "1,2.25,0.25,0.1,1000,,,\n2,1.5,0.5,0.05,2000,1.75,0.4,7.5\n");
    write_file(folder / "events.out.tfevents.0.ranvier", events + events.substr(0, 100));
    curves.begin({epochs[0]});
    EXPECT_LT(read_file(folder / "events.out.tfevents.0.ranvier").size(), events.size());
    curves.add_last(epochs);
    EXPECT_EQ(read_file(folder / "curves.csv"), table);
    EXPECT_EQ(read_file(folder / "events.out.tfevents.0.ranvier"), events);
    fs::remove_all(folder);
    CurveFiles({}).begin(epochs);
    CurveFiles({}).add_last(epochs);
}

}  // namespace
}  // namespace ranvier
