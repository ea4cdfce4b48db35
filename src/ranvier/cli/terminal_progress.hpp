#pragma once

#include "ranvier/base/progress.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace ranvier {

/// Thrown out of long work after the user asked to stop.
struct Interrupted {};

/// Makes SIGINT and SIGTERM end the work at its next sign of progress, so that nothing is left
/// half-written. A second signal ends the program at once.
void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

/// Writes `text` to standard error. Where that is closed or full, nobody hears it, which is no
/// reason to stop.
void tell(std::string_view text) noexcept;

/// "3.4 s", "12 min 5 s", "2 h 3 min".
[[nodiscard]] std::string duration_text(double seconds);

/// "evaluate: 1200/2000 images, 60 %, 310 images/s, 2.6 s left".
[[nodiscard]] std::string progress_text(std::string_view what, std::string_view unit,
                                        std::uint64_t done, std::uint64_t total, double seconds);

/// Shows on standard error how far work has come, once it has taken two seconds: on a terminal as
/// one line that is rewritten, elsewhere as a line every ten seconds. Standard output is left
/// alone.
class TerminalProgress : public Progress {
public:
    /// @param shows  false: only watches for signals (processes of a group other than the first).
    explicit TerminalProgress(bool shows = true);
    ~TerminalProgress() override { TerminalProgress::finish(); }
    TerminalProgress(const TerminalProgress&) = delete;
    TerminalProgress& operator=(const TerminalProgress&) = delete;

    void start(std::string_view what, std::string_view unit, std::uint64_t total) override;
    /// @throws Interrupted after a signal.
    void advance(std::uint64_t units) override;
    void note(std::string_view text) override;
    void finish() override;

private:
    using Clock = std::chrono::steady_clock;
    void show(Clock::time_point now);
    void clear();

    const bool shows_;
    const bool terminal_;
    std::mutex mutex_;  ///< guards everything below but the two atomics
    std::atomic<std::uint64_t> done_{0};
    std::atomic<Clock::rep> next_show_{0};
    std::string what_, unit_, note_;
    std::uint64_t total_ = 0;
    Clock::time_point begin_;
    bool shown_ = false;
};

}  // namespace ranvier
