#include "ranvier/cli/terminal_progress.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ranvier {
namespace {

TEST(DurationText, PicksUnits) {
    EXPECT_EQ(duration_text(3.44), "3.4 s");
    EXPECT_EQ(duration_text(725), "12 min 5 s");
    EXPECT_EQ(duration_text(7380), "2 h 3 min");
    EXPECT_EQ(duration_text(-1), "?");
}

TEST(ProgressText, RateAndTimeLeft) {
    EXPECT_EQ(progress_text("evaluate", "images", 1200, 2000, 4.0),
              "evaluate: 1200/2000 images, 60 %, 300 images/s, 2.7 s left");
    EXPECT_EQ(progress_text("evaluate", "images", 2000, 2000, 4.0),
              "evaluate: 2000/2000 images, 100 %, 500 images/s");
    EXPECT_EQ(progress_text("read", "images", 5, 0, 0), "read: 5 images, 0 images/s");
}

TEST(TerminalProgress, ShortWorkShowsNothing) {
    testing::internal::CaptureStderr();
    {
        TerminalProgress progress;
        progress.start("work", "units", 100);
        std::vector<std::jthread> threads;
        threads.reserve(4);
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&progress] {
                for (int i = 0; i < 25; ++i) progress.advance(1);
            });
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(TerminalProgress, LongWorkShowsALine) {
    testing::internal::CaptureStderr();
    {
        TerminalProgress progress;
        progress.start("work", "units", 3);
        std::this_thread::sleep_for(std::chrono::milliseconds(2100));
        progress.note("loss 0.1");
        progress.advance(1);
        progress.advance(1);
    }
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(text.starts_with("work: 1/3 units, 33 %")) << text;
    EXPECT_NE(text.find("loss 0.1"), std::string::npos);
    EXPECT_EQ(text.find("2/3"), std::string::npos) << "one line per ten seconds";
}

}  // namespace
}  // namespace ranvier
