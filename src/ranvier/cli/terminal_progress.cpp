#include "ranvier/cli/terminal_progress.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace ranvier {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 2s;  ///< shorter work shows nothing
constexpr auto terminal_interval = 200ms;
constexpr auto plain_interval = 10s;
constexpr int bar_width = 24;

volatile std::sig_atomic_t signaled = 0;

extern "C" void on_signal(int /*signal*/) {
    signaled = 1;
    constexpr char text[] = "\nranvier: stopping; once more to stop at once\n";
    // Nothing can be done if this fails.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, sizeof text - 1);
}

std::string bar(std::uint64_t done, std::uint64_t total) {
    const double part = static_cast<double>(done) / static_cast<double>(total);
    const int full = std::clamp(static_cast<int>(part * bar_width), 0, bar_width);
    return fmt::format("[{}{}] ", std::string(static_cast<std::size_t>(full), '='),
                       std::string(static_cast<std::size_t>(bar_width - full), ' '));
}

}  // namespace

void catch_interrupts() {
    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESETHAND | SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept {
    return signaled != 0;
}

void tell(std::string_view text) noexcept {
    // Nothing can be done if these fail.
    [[maybe_unused]] const auto written = std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

std::string duration_text(double seconds) {
    if (!(seconds >= 0) || seconds > 1e8) return "?";
    if (seconds < 60) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<std::int64_t>(seconds);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string progress_text(std::string_view what, std::string_view unit, std::uint64_t done,
                          std::uint64_t total, double seconds) {
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    if (total == 0) return fmt::format("{}: {} {}, {:.4g} {}/s", what, done, unit, rate, unit);
    std::string text = fmt::format("{}: {}/{} {}, {} %, {:.4g} {}/s", what, done, total, unit,
                                   100 * std::min(done, total) / total, rate, unit);
    if (rate > 0 && done < total)
        text += fmt::format(", {} left", duration_text(static_cast<double>(total - done) / rate));
    return text;
}

TerminalProgress::TerminalProgress(bool shows)
    : shows_(shows), terminal_(::isatty(STDERR_FILENO) != 0) {}

void TerminalProgress::start(std::string_view what, std::string_view unit, std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    clear();
    what_ = what;
    unit_ = unit;
    note_.clear();
    total_ = total;
    done_ = 0;
    begin_ = Clock::now();
    next_show_ = (begin_ + patience).time_since_epoch().count();
}

void TerminalProgress::advance(std::uint64_t units) {
    if (interrupted()) throw Interrupted{};
    done_ += units;
    const Clock::time_point now = Clock::now();
    if (now.time_since_epoch().count() < next_show_) return;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock()) show(now);
}

void TerminalProgress::note(std::string_view text) {
    const std::lock_guard lock(mutex_);
    note_ = text;
}

void TerminalProgress::finish() {
    const std::lock_guard lock(mutex_);
    clear();
    next_show_ = Clock::time_point::max().time_since_epoch().count();
}

void TerminalProgress::show(Clock::time_point now) {
    if (what_.empty() || !shows_) return;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    std::string line = progress_text(what_, unit_, done_, total_, seconds);
    if (!note_.empty()) line += "  " + note_;
    tell(terminal_ ? fmt::format("\r\x1b[K{}{}", total_ > 0 ? bar(done_, total_) : "", line)
                   : line + "\n");
    shown_ = true;
    const auto interval = terminal_ ? Clock::duration(terminal_interval) : plain_interval;
    next_show_ = (now + interval).time_since_epoch().count();
}

void TerminalProgress::clear() {
    if (shown_ && terminal_) tell("\r\x1b[K");
    shown_ = false;
}

}  // namespace ranvier
