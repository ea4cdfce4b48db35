#include "ranvier/data/event_samples.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/data/description.hpp"
#include "ranvier/data/memory_samples.hpp"

#include <algorithm>

namespace ranvier {

EventSamples::EventSamples(std::unique_ptr<const EventSource> source, const EventFrames& frames,
                           std::size_t limit)
    : source_(std::move(source)),
      frames_(frames),
      shape_(frame_shape(frames, source_->width(), source_->height())),
      backwards_(source_->size()) {
    list_items();
    items_.resize(limited(items_.size(), limit));
}

void EventSamples::list_items() {
    std::vector<std::size_t> n_windows(source_->size(), 1);
    if (frames_.per_recording != 1)
        parallel_for(n_windows.size(), 0, [&](std::size_t i, std::size_t) {
            n_windows[i] = recording_of(i)->windows.size();
        });
    for (std::size_t i = 0; i < n_windows.size(); ++i)
        for (std::size_t window = 0; window < n_windows[i]; ++window) items_.push_back({i, window});
}

std::vector<PlacedEvent> EventSamples::events_of(std::size_t recording) const {
    const bool all_count = frames_.polarity != Polarity::on && frames_.polarity != Polarity::off &&
                           frames_.crop_width == 0 && frames_.crop_height == 0;
    const std::size_t enough = all_count && frames_.per_recording == 1 ? frames_.events : 0;
    const EventRecording events = source_->record(recording, enough);
    if (events.backwards > 0) backwards_[recording] = true;
    return place_events(events, frames_, source_->width(), source_->height(),
                        source_->name(recording));
}

std::shared_ptr<const PlacedRecording> EventSamples::recording_of(std::size_t recording) const {
    const auto read = [&] {
        PlacedRecording placed{events_of(recording), {}};
        placed.windows = frame_windows(placed.events, frames_);
        return placed;
    };
    if (frames_.per_recording != 1) return cache_.get(recording, read);
    return std::make_shared<const PlacedRecording>(read());
}

template <typename Use>
void EventSamples::with_window(std::size_t index, Use&& use) const {
    const Item& item = items_[index];
    const auto recording = recording_of(item.recording);
    const auto& windows = recording->windows;
    if (item.window >= windows.size())
        fail(Fault::bad_input,
             "{}: has changed while it was in use: it held {} frames or more, "
             "now {}",
             source_->name(item.recording), item.window + 1, windows.size());
    use(windows[item.window]);
}

int EventSamples::label(std::size_t index) const {
    require_readable(*this, index, static_cast<std::size_t>(shape_.size()));
    return source_->label(items_[index].recording);
}

void EventSamples::read(std::size_t index, std::span<float> pixels) const {
    require_readable(*this, index, pixels.size());
    with_window(index, [&](std::span<const PlacedEvent> events) { accumulate(events, pixels); });
}

TimedSample EventSamples::read_timed(std::size_t index) const {
    require_readable(*this, index, static_cast<std::size_t>(shape_.size()));
    TimedSample sample;
    with_window(index, [&](std::span<const PlacedEvent> events) {
        sample = timesteps(events, frames_.bin_us, source_->name(items_[index].recording));
    });
    return sample;
}

void EventSamples::share_findings(ProcessGroup& processes) const {
    std::vector<std::uint64_t> found(backwards_.size());
    std::ranges::copy(backwards_, found.begin());
    processes.sum(found);
    for (std::size_t i = 0; i < found.size(); ++i) backwards_[i] = found[i] > 0;
}

std::string EventSamples::describe() const {
    const std::string text =
        fmt::format("{}; {} {}", source_->describe(), size(), to_string(frames_));
    const auto n = std::count(backwards_.begin(), backwards_.end(), true);
    return n == 0 ? text : fmt::format("{}; times go backwards in {} recordings", text, n);
}

}  // namespace ranvier
