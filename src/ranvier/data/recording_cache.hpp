#pragma once

#include "ranvier/data/event_frames.hpp"

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace ranvier {

/// A recording's events, and which of them make a frame each.
struct PlacedRecording {
    std::vector<PlacedEvent> events;
    std::vector<std::span<const PlacedEvent>> windows;  ///< parts of `events`
};

/// Keeps the recordings used last, so that one with many frames is read once for all of them.
/// Threads that want the same one wait for the first, which reads it. Takes at most `max_bytes` and
/// what callers still hold.
class RecordingCache {
public:
    static constexpr std::size_t default_bytes = std::size_t{256} << 20;

    explicit RecordingCache(std::size_t max_bytes = default_bytes) : max_bytes_(max_bytes) {}

    /// What `read` gave for this number, now or before. A `read` that throws leaves nothing.
    [[nodiscard]] std::shared_ptr<const PlacedRecording> get(
        std::size_t number, const std::function<PlacedRecording()>& read);

private:
    struct Entry {
        std::mutex mutex;                                ///< held while reading
        std::shared_ptr<const PlacedRecording> content;  ///< null: not read yet
        std::size_t bytes = 0;                           ///< 0: not counted
    };
    using Entries = std::list<std::pair<std::size_t, std::shared_ptr<Entry>>>;

    /// The number's entry, now the one used last.
    std::shared_ptr<Entry> touch(std::size_t number);
    void count(const std::shared_ptr<Entry>& entry, std::size_t bytes);

    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::mutex mutex_;  ///< of all but the entries' own content
    Entries entries_;   ///< the one used last first
    std::map<std::size_t, Entries::iterator> places_;
};

}  // namespace ranvier
