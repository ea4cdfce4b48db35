#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/data/event_frames.hpp"
#include "ranvier/data/recording_cache.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace ranvier {

/// Labelled recordings of one sensor. All members may be called from several threads at once.
class EventSource {
public:
    virtual ~EventSource() = default;
    [[nodiscard]] virtual std::size_t size() const = 0;
    [[nodiscard]] virtual int n_classes() const = 0;
    [[nodiscard]] virtual int label(std::size_t recording) const = 0;
    /// @param enough  it may end after so many events; 0: it must be whole.
    [[nodiscard]] virtual EventRecording record(std::size_t recording,
                                                std::size_t enough) const = 0;
    /// For messages: its file.
    [[nodiscard]] virtual std::string name(std::size_t recording) const = 0;
    [[nodiscard]] virtual int width() const = 0;
    [[nodiscard]] virtual int height() const = 0;
    [[nodiscard]] virtual std::string describe() const = 0;
};

/// Recordings as frames: read() sums the events of a frame, read_timed() gives the same events in
/// timesteps. Memory does not grow with the number of recordings: with one frame of each they are
/// read anew each time; with more, those used last are kept (RecordingCache), so that going through
/// the frames in order reads each recording once.
class EventSamples : public Samples {
public:
    /// @param limit  use the first so many frames; 0: all.
    /// @throws Error as frame_shape; with more than one frame per recording also as reading all
    ///         recordings, since their number of frames must be known.
    EventSamples(std::unique_ptr<const EventSource> source, const EventFrames& frames,
                 std::size_t limit);

    [[nodiscard]] std::size_t size() const override { return items_.size(); }
    [[nodiscard]] Shape shape() const override { return shape_; }
    [[nodiscard]] int n_classes() const override { return source_->n_classes(); }
    [[nodiscard]] int label(std::size_t index) const override;
    void read(std::size_t index, std::span<float> pixels) const override;
    [[nodiscard]] bool timed() const override { return true; }
    [[nodiscard]] TimedSample read_timed(std::size_t index) const override;
    void share_findings(ProcessGroup& processes) const override;
    /// Ends with how many of the recordings that were read so far have times that go backwards, if
    /// any do.
    [[nodiscard]] std::string describe() const override;

private:
    struct Item {
        std::size_t recording = 0;
        std::size_t window = 0;
    };
    [[nodiscard]] std::vector<PlacedEvent> events_of(std::size_t recording) const;
    [[nodiscard]] std::shared_ptr<const PlacedRecording> recording_of(std::size_t recording) const;
    template <typename Use>
    void with_window(std::size_t index, Use&& use) const;
    void list_items();

    std::unique_ptr<const EventSource> source_;
    EventFrames frames_;
    Shape shape_;
    std::vector<Item> items_;
    mutable RecordingCache cache_;  ///< used with more than one frame per recording
    mutable std::vector<std::atomic<bool>> backwards_;  ///< [recordings] found so when read
};

}  // namespace ranvier
