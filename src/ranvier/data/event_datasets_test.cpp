// Event recordings as data sets: layouts, splits, frames, replays and what is wrong with folders.
#include "ranvier/base/parallel.hpp"
#include "ranvier/data/dataset.hpp"
#include "ranvier/data/digits.hpp"
#include "ranvier/data/event_samples.hpp"
#include "ranvier/data/event_test_files.hpp"
#include "ranvier/data/moving_digits.hpp"
#include "ranvier/data/subset_samples.hpp"
#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <numeric>

namespace ranvier {
namespace {

DataOptions named(const std::string& set, const std::filesystem::path& root = "data") {
    DataOptions options;
    options.set = set;
    options.root = root;
    return options;
}

std::vector<float> frame(const Samples& samples, std::size_t index) {
    std::vector<float> values(static_cast<std::size_t>(samples.shape().size()));
    samples.read(index, values);
    return values;
}

float sum(const std::vector<float>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0F);
}

std::string one_event(unsigned x) {
    return nmnist_event(x, 2, true, 5) + nmnist_event(x, 2, false, 2006);
}

TEST(EventDataset, NmnistFromALabelList) {
    const TemporaryFolder folder;
    folder.write("nmnist-small/train1K.txt", "#sample #class\n1\t5\r\n20\t0\n");
    folder.write("nmnist-small/test100.txt", "7\t9\n");
    folder.write("nmnist-small/1.bs2", one_event(1));
    folder.write("nmnist-small/20.bs2", one_event(20));
    folder.write("nmnist-small/7.bs2", one_event(7));
    DataOptions options = named("nmnist", folder.path());
    const auto test = open_dataset(options);
    ASSERT_EQ(test->size(), 1U);
    EXPECT_EQ(test->label(0), 9);
    EXPECT_TRUE(test->timed());

    options.split = Split::train;
    const auto train = open_dataset(options);
    ASSERT_EQ(train->size(), 2U);
    EXPECT_EQ(train->shape(), (Shape{1, 34, 34}));
    EXPECT_EQ(train->n_classes(), 10);
    EXPECT_EQ(train->label(0), 5);
    const std::vector<float> second = frame(*train, 1);
    EXPECT_EQ(second[2 * 34 + 20], 2.0F);
    EXPECT_EQ(sum(second), 2.0F);
    EXPECT_EQ(train->read_timed(1).steps, 3U);
    EXPECT_EQ(train->describe(), fmt::format("nmnist train, {}, 2 recordings; 2 frames of 3000 "
                                             "events, polarity ignored",
                                             (folder.path() / "nmnist-small").string()));
    options.limit = 1;
    EXPECT_EQ(open_dataset(options)->size(), 1U);
    options.set = "nmnist:" + (folder.path() / "nmnist-small").string();
    options.root = "nowhere";
    EXPECT_EQ(open_dataset(options)->size(), 1U);
}

TEST(EventDataset, NmnistInTheOfficialLayout) {
    const TemporaryFolder folder;
    for (int digit = 0; digit < 10; ++digit)
        for (int i = 0; i < 2; ++i) {
            folder.write(fmt::format("NMNIST/Train/{}/{:05}.bin", digit, i), one_event(1));
            folder.write(fmt::format("NMNIST/Test/{}/{:05}.bin", digit, i), one_event(2));
        }
    DataOptions options = named("nmnist", folder.path());
    options.limit = 12;
    const auto test = open_dataset(options);
    ASSERT_EQ(test->size(), 12U);
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(test->label(i), static_cast<int>(i % 10));
    EXPECT_EQ(frame(*test, 3)[2 * 34 + 2], 2.0F);
    options.split = Split::train;
    EXPECT_EQ(frame(*open_dataset(options), 3)[2 * 34 + 1], 2.0F);
    std::filesystem::remove_all(folder.path() / "NMNIST/Test/4");
    options.split = Split::test;
    expect_error(Fault::bad_input, {"9 class folders", "10"}, [&] { (void)open_dataset(options); });
}

TEST(EventDataset, NmnistFaults) {
    const TemporaryFolder folder;
    const auto open = [&] { (void)open_dataset(named("nmnist", folder.path())); };
    expect_error(Fault::io, {"--data-root", "nmnist-small", "nmnist:DIR"}, open);
    std::filesystem::create_directory(folder.path() / "nmnist-small");
    expect_error(Fault::io, {"test*.txt"}, open);
    folder.write("nmnist-small/test100.txt", "1\tx\n");
    expect_error(Fault::bad_input, {"test100.txt:1", "class of 0 to 9"}, open);
    folder.write("nmnist-small/test100.txt", "1\t10\n");
    expect_error(Fault::bad_input, {"test100.txt:1"}, open);
    folder.write("nmnist-small/test100.txt", "# nothing\n");
    expect_error(Fault::bad_input, {"lists no recordings"}, open);
    folder.write("nmnist-small/test100.txt", "3\t1\n");
    const auto samples = open_dataset(named("nmnist", folder.path()));
    expect_error(Fault::io, {"3.bs2"}, [&] { (void)frame(*samples, 0); });
    folder.write("nmnist-small/3.bs2", "1234567");
    expect_error(Fault::bad_input, {"3.bs2: byte 5"}, [&] { (void)frame(*samples, 0); });
    folder.write("nmnist-small/test7.txt", "3\t1\n");
    expect_error(Fault::bad_input, {"test100.txt and test7.txt"}, open);
}

TEST(EventDataset, AFolderOfClassesIsSplitFourToOne) {
    const TemporaryFolder folder;
    for (int i = 0; i < 10; ++i) {
        folder.write(fmt::format("set/cat/{}.bin", i), one_event(static_cast<unsigned>(i)));
        folder.write(fmt::format("set/dog/deeper/{}.bin", i),
                     one_event(static_cast<unsigned>(20 + i)));
    }
    folder.write("set/cat/notes.txt", "no recording");
    DataOptions options = named("events:" + (folder.path() / "set").string());
    const auto test = open_dataset(options);
    ASSERT_EQ(test->size(), 4U);
    EXPECT_EQ(test->n_classes(), 2);
    EXPECT_EQ(test->label(1), 1);
    EXPECT_EQ(frame(*test, 0)[2 * 34 + 4], 2.0F);   // the fifth cat
    EXPECT_EQ(frame(*test, 3)[2 * 34 + 29], 2.0F);  // the tenth dog
    options.split = Split::train;
    EXPECT_EQ(open_dataset(options)->size(), 16U);
}

TEST(EventDataset, FoldersOfSplitsGoFirst) {
    const TemporaryFolder folder;
    folder.write("train/a/1.bin", one_event(1));
    folder.write("test/a/1.bin", one_event(2));
    const DataOptions options = named("events:" + folder.path().string());
    EXPECT_EQ(frame(*open_dataset(options), 0)[2 * 34 + 2], 2.0F);
}

TEST(EventDataset, TheSensorMustBeKnown) {
    const TemporaryFolder folder;
    const std::string dat = "% Version 2\n" + std::string("\0\x08", 2) + dat_event(7, 3, true, 5);
    folder.write("train/a/1.dat", dat);
    folder.write("test/a/1.dat", dat);
    DataOptions options = named("events:" + folder.path().string());
    expect_error(Fault::usage, {"1.dat", "--sensor"}, [&] { (void)open_dataset(options); });
    options.sensor_width = 8;
    options.sensor_height = 4;
    EXPECT_EQ(open_dataset(options)->shape(), (Shape{1, 4, 8}));
    options.sensor_width = 7;
    const auto samples = open_dataset(options);
    // Behind the header and the two bytes of type and size.
    expect_error(Fault::bad_input,
                 {"1.dat: byte 14: ", "column 7, row 3", "7 columns and 4 rows (--sensor)"},
                 [&] { (void)frame(*samples, 0); });
}

TEST(EventDataset, RecordingsOfOtherSensorsAreRefused) {
    const TemporaryFolder folder;
    folder.write("train/a/1.es", es_head(8, 4) + es_event(1, true, 1, 1));
    folder.write("test/a/1.es", es_head(8, 4) + es_event(1, true, 1, 1));
    folder.write("test/a/2.es", es_head(4, 4) + es_event(1, true, 1, 1));
    const auto samples = open_dataset(named("events:" + folder.path().string()));
    EXPECT_EQ(sum(frame(*samples, 0)), 1.0F);
    expect_error(Fault::bad_input, {"2.es", "4 x 4", "8 x 4"}, [&] { (void)frame(*samples, 1); });
}

TEST(EventDataset, FoldersWithoutRecordings) {
    const TemporaryFolder folder;
    const auto open = [&] {
        (void)open_dataset(named("events:" + (folder.path() / "set").string()));
    };
    expect_error(Fault::io, {"set is not a folder"}, open);
    folder.write("set/1.bin", one_event(1));
    expect_error(Fault::bad_input, {"set: holds no folders"}, open);
    std::filesystem::create_directory(folder.path() / "set/a");
    expect_error(Fault::bad_input, {"set/a", "without recordings"}, open);
    folder.write("set/a/1.bin", one_event(1));
    expect_error(Fault::bad_input, {"every fifth"}, open);
}

TEST(EventDataset, MnistDvsTakesScale16AndHalvesTheSide) {
    const TemporaryFolder folder;
    for (int digit = 0; digit < 2; ++digit)
        for (int i = 0; i < 5; ++i)
            for (const int scale : {4, 16})
                folder.write(fmt::format("dvs/grabbed_data{}/scale{:02}/mnist_{}_{}.aedat", digit,
                                         scale, digit, i),
                             aedat2_head + dvs128_event(static_cast<unsigned>(scale), 1, true, 1));
    DataOptions options = named("mnist-dvs:" + (folder.path() / "dvs").string());
    const auto test = open_dataset(options);
    ASSERT_EQ(test->size(), 2U);
    EXPECT_EQ(test->shape(), (Shape{1, 64, 64}));
    EXPECT_EQ(test->label(1), 1);
    EXPECT_EQ(frame(*test, 0)[63 * 64 + (127 - 16) / 2], 1.0F);
    options.frames.downsample = 1;
    EXPECT_EQ(open_dataset(options)->shape(), (Shape{1, 128, 128}));
}

TEST(EventDataset, SeveralFramesOfARecording) {
    const TemporaryFolder folder;
    std::string long_one;
    for (unsigned i = 0; i < 7; ++i) long_one += nmnist_event(i, 0, true, i);
    folder.write("test/a/1.bin", long_one);
    folder.write("test/b/1.bin", one_event(9));
    folder.write("train/a/1.bin", one_event(1));
    DataOptions options = named("events:" + folder.path().string());
    options.frames.events = 3;
    options.frames.per_recording = 0;
    const auto samples = open_dataset(options);
    ASSERT_EQ(samples->size(), 3U);
    EXPECT_EQ(samples->label(1), 0);
    EXPECT_EQ(samples->label(2), 1);
    EXPECT_EQ(frame(*samples, 1)[3], 1.0F);
    EXPECT_EQ(frame(*samples, 1)[2], 0.0F);
    EXPECT_EQ(samples->read_timed(1).values.size(), 3U);
    const SubsetSamples subset(open_dataset(options), 1, 1);
    EXPECT_TRUE(subset.timed());
    EXPECT_EQ(subset.read_timed(0).values.front().place, 3U);
}

/// A process that saw `sums` elsewhere.
class OtherProcess : public ProcessGroup {
public:
    explicit OtherProcess(std::vector<std::uint64_t> found) : found_(std::move(found)) {}
    using ProcessGroup::sum;
    [[nodiscard]] int size() const noexcept override { return 2; }
    void sum(std::span<std::uint64_t> values) override {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += found_[i];
    }

private:
    std::vector<std::uint64_t> found_;
};

TEST(EventDataset, FindingsOfOtherProcessesAreCounted) {
    const TemporaryFolder folder;
    folder.write("set/test1.txt", "1\t5\n2\t6\n3\t6\n");
    folder.write("set/1.bs2", nmnist_event(1, 1, true, 9) + nmnist_event(1, 1, true, 8));
    folder.write("set/2.bs2", one_event(2));
    folder.write("set/3.bs2", one_event(2));
    const std::shared_ptr<const Samples> samples =
        open_dataset(named("nmnist:" + (folder.path() / "set").string()));
    const SubsetSamples part(samples, 2);
    (void)frame(part, 0);
    (void)frame(part, 1);
    OtherProcess other({1, 0, 1});  // the first was read there too, and counts once
    part.share_findings(other);
    EXPECT_NE(samples->describe().find("; times go backwards in 2 recordings"), std::string::npos);
}

/// Two recordings of ten events; counts how often each is read.
class CountingSource final : public EventSource {
public:
    explicit CountingSource(std::array<std::atomic<int>, 2>& reads) : reads_(reads) {}
    [[nodiscard]] std::size_t size() const override { return 2; }
    [[nodiscard]] int n_classes() const override { return 2; }
    [[nodiscard]] int label(std::size_t i) const override { return static_cast<int>(i); }
    [[nodiscard]] EventRecording record(std::size_t i, std::size_t) const override {
        ++reads_[i];
        EventRecording recording{"counted", 4, 4, {}};
        for (std::uint16_t k = 0; k < 10; ++k)
            recording.events.push_back({k, static_cast<std::uint16_t>(k % 4), 0, true});
        return recording;
    }
    [[nodiscard]] std::string name(std::size_t i) const override { return fmt::format("{}", i); }
    [[nodiscard]] int width() const override { return 4; }
    [[nodiscard]] int height() const override { return 4; }
    [[nodiscard]] std::string describe() const override { return "counted"; }

private:
    std::array<std::atomic<int>, 2>& reads_;
};

TEST(EventDataset, ARecordingIsReadOnceForAllItsFrames) {
    std::array<std::atomic<int>, 2> reads{};
    const EventSamples samples(std::make_unique<CountingSource>(reads),
                               {.events = 2, .per_recording = 0}, 0);
    ASSERT_EQ(samples.size(), 10U);
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(sum(frame(samples, i)), 2.0F);
        EXPECT_EQ(samples.read_timed(i).values.size(), 2U);
    }
    EXPECT_EQ(reads[0], 1);
    EXPECT_EQ(reads[1], 1);
}

TEST(EventDataset, TimesThatGoBackwardsAreReported) {
    const TemporaryFolder folder;
    folder.write("set/test1.txt", "1\t5\n2\t6\n");
    folder.write("set/1.bs2", nmnist_event(1, 1, true, 9) + nmnist_event(1, 1, true, 8));
    folder.write("set/2.bs2", one_event(2));
    const auto samples = open_dataset(named("nmnist:" + (folder.path() / "set").string()));
    const std::string before = samples->describe();
    (void)frame(*samples, 1);
    EXPECT_EQ(samples->describe(), before);
    (void)frame(*samples, 0);
    (void)samples->read_timed(0);
    EXPECT_EQ(samples->describe(), before + "; times go backwards in 1 recordings");
}

TEST(EventDataset, ImagesHaveNoTimesteps) {
    const auto digits = open_dataset(named("digits"));
    EXPECT_FALSE(digits->timed());
    expect_error(Fault::internal, {"no timesteps"}, [&] { (void)digits->read_timed(0); });
}

TEST(MovingDigitsTest, SameEventsInAnyOrderAndOnAnyThread) {
    const MovingDigits source(std::make_unique<DigitSamples>(1, Split::test, 8), 1, Split::test);
    const EventRecording whole = source.record(3, 0);
    EXPECT_GT(whole.events.size(), 6000U);
    const EventRecording begin = source.record(3, 3000);
    ASSERT_GE(begin.events.size(), 3000U);
    EXPECT_LT(begin.events.size(), whole.events.size());
    EXPECT_TRUE(std::equal(begin.events.begin(), begin.events.end(), whole.events.begin()));
    std::vector<EventRecording> again(8);
    parallel_for(8, 4, [&](std::size_t i, std::size_t) { again[i] = source.record(7 - i, 3000); });
    EXPECT_EQ(again[4].events, begin.events);
    EXPECT_NE(again[3].events, begin.events);
    const MovingDigits train(std::make_unique<DigitSamples>(1, Split::test, 8), 1, Split::train);
    EXPECT_NE(train.record(3, 3000).events, begin.events);
}

TEST(MovingDigitsTest, EventsShowTheDigit) {
    DataOptions options = named("moving-digits:digits");
    options.limit = 20;
    const auto samples = open_dataset(options);
    ASSERT_EQ(samples->size(), 20U);
    EXPECT_EQ(samples->shape(), (Shape{1, 64, 64}));
    const DigitSamples images(options.seed, Split::test, 20);
    for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_EQ(samples->label(i), images.label(i));
        const std::vector<float> values = frame(*samples, i);
        EXPECT_EQ(sum(values), 3000.0F);
        // Most events are where the digit moves; the screen's border sees noise only.
        float border = 0;
        for (std::size_t k = 0; k < 64; ++k)
            border += values[k] + values[63 * 64 + k] + values[k * 64] + values[k * 64 + 63];
        EXPECT_LT(border, 60.0F);
        const TimedSample timed = samples->read_timed(i);
        EXPECT_EQ(timed.values.size(), 3000U);
        EXPECT_GT(timed.steps, 10U);
        EXPECT_LT(timed.steps, 1000U);
    }
    EXPECT_NE(samples->describe().find("simulated with seed 1 from digits test"),
              std::string::npos);
}

TEST(MovingDigitsTest, TheSensorCanBeChosen) {
    DataOptions options = named("moving-digits:digits");
    options.limit = 1;
    options.frames.events = 0;  // whole recordings
    const auto events = [&] { return sum(frame(*open_dataset(options), 0)); };
    const float usual = events();
    options.simulator.threshold = 0.6F;
    EXPECT_LT(events(), 0.7F * usual);
    EXPECT_NE(
        open_dataset(options)->describe().find("(threshold 0.6 +- 0.01, refractory time 1000 us, "
                                               "0.1 noise events per pixel and second)"),
        std::string::npos);
    options.simulator = {};
    options.simulator.noise_hz = 10;  // 128 x 128 pixels for a second: 163,840
    EXPECT_NEAR(events() - usual, 163'840 * 0.99F, 2'000.0F);
    options.simulator = {};
    options.simulator.refractory_us = 1'000'000;  // one event of each pixel
    EXPECT_LT(events(), 0.5F * usual);
    options.simulator.threshold = 0;
    expect_error(Fault::usage, {"threshold 0 ", "0.01 to 10"},
                 [&] { (void)open_dataset(options); });
    options.set = "digits";
    expect_error(Fault::usage, {"'digits' is not simulated", "moving-digits"},
                 [&] { (void)open_dataset(options); });
}

TEST(MovingDigitsTest, TheImagesAreChosen) {
    const TemporaryFolder folder;
    DataOptions options = named("moving-digits", folder.path());
    options.limit = 1;
    EXPECT_NE(open_dataset(options)->describe().find("from digits"), std::string::npos);
    folder.write("MNIST/raw/t10k-images-idx3-ubyte", idx_of({1, 28, 28}, std::string(784, '\x40')));
    folder.write("MNIST/raw/t10k-labels-idx1-ubyte", idx_of({1}, "\3"));
    EXPECT_NE(open_dataset(options)->describe().find("from mnist"), std::string::npos);
    EXPECT_EQ(open_dataset(options)->label(0), 3);
    options.set = "moving-digits:letters";
    expect_error(Fault::usage, {"letters", "moving-digits:mnist"},
                 [&] { (void)open_dataset(options); });
}

TEST(RealNmnist, AllRecordingsAreRead) {
    const std::filesystem::path root = RANVIER_SOURCE_DIR "/build/data";
    if (!std::filesystem::exists(root / "nmnist-small"))
        GTEST_SKIP() << "needs build/data/nmnist-small";
    DataOptions options = named("nmnist", root);
    const auto test = open_dataset(options);
    ASSERT_EQ(test->size(), 100U);
    EXPECT_EQ(test->label(0), 7);
    options.split = Split::train;
    const auto train = open_dataset(options);
    ASSERT_EQ(train->size(), 1000U);
    EXPECT_EQ(train->label(0), 5);
    std::size_t full = 0;
    for (const Samples* set : {test.get(), train.get()})
        for (std::size_t i = 0; i < set->size(); ++i) {
            const float n = sum(frame(*set, i));
            EXPECT_GT(n, 500.0F);
            EXPECT_LE(n, 3000.0F);
            full += n == 3000.0F ? 1 : 0;
        }
    EXPECT_GT(full, 800U);
}

}  // namespace
}  // namespace ranvier
