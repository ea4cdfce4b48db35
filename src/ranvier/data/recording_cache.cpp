#include "ranvier/data/recording_cache.hpp"

#include <utility>

namespace ranvier {

std::shared_ptr<RecordingCache::Entry> RecordingCache::touch(std::size_t number) {
    const std::scoped_lock lock(mutex_);
    const auto place = places_.find(number);
    if (place == places_.end()) {
        entries_.emplace_front(number, std::make_shared<Entry>());
        places_[number] = entries_.begin();
    } else {
        entries_.splice(entries_.begin(), entries_, place->second);
    }
    return entries_.front().second;
}

void RecordingCache::count(const std::shared_ptr<Entry>& entry, std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    entry->bytes = bytes;
    bytes_ += bytes;
    // From the back, past those that are being read.
    for (auto last = entries_.end(); bytes_ > max_bytes_ && last != entries_.begin();) {
        --last;
        if (last->second->bytes == 0 || last->second == entry) continue;
        bytes_ -= last->second->bytes;
        places_.erase(last->first);
        last = entries_.erase(last);
    }
}

std::shared_ptr<const PlacedRecording> RecordingCache::get(
    std::size_t number, const std::function<PlacedRecording()>& read) {
    const std::shared_ptr<Entry> entry = touch(number);
    const std::scoped_lock lock(entry->mutex);
    if (entry->content) return entry->content;
    const auto content = std::make_shared<const PlacedRecording>(read());
    entry->content = content;
    count(entry, content->events.capacity() * sizeof(PlacedEvent) +
                     content->windows.capacity() * sizeof(content->windows[0]) + sizeof(Entry));
    return content;
}

}  // namespace ranvier
