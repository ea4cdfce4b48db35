#pragma once

#include "ranvier/base/shape.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// Lists of events can be entered every so many channels, so that weights can be used in pieces
/// that fit the cache.
constexpr std::size_t segment_channels = 128;

/// What a layer sends to others, described once for all runs.
///
/// Rate coding works in chunks of a few steps, index i is the chunk's step i (delayed: one before).
/// One-spike coding has all steps of an image in one chunk, index i is step first + i.
struct SignalPlan {
    Shape shape;
    bool spikes = false;           ///< 0 or 1 per neuron and step; else any values
    bool constant = false;         ///< values that stay for the whole image; one index, 0
    bool delayed = false;          ///< index 0 is the last step of the chunk before
    int first = 0;                 ///< one_spike: step of index 0
    int n_steps = 0;               ///< one_spike: indices; rate coding: 0, as many as the chunk
    std::vector<float> amplitude;  ///< spikes of rate coding: worth of one of each channel
    std::vector<float> worth;  ///< one_spike: [index][channel] the same, which depends on the step

    [[nodiscard]] std::size_t channels() const { return static_cast<std::size_t>(shape.channels); }
    [[nodiscard]] std::size_t places() const { return static_cast<std::size_t>(shape.plane()); }
    [[nodiscard]] std::size_t words() const { return (channels() + 63) / 64; }
    [[nodiscard]] std::size_t segments() const {
        return (channels() + segment_channels - 1) / segment_channels;
    }
    /// Readers know what a spike is worth; else each event carries its value.
    [[nodiscard]] bool plain_spikes() const { return spikes && worth.empty(); }
};

/// Channels that are not 0 at one place in one step, ascending.
struct EventView {
    const std::uint16_t* channels;
    std::size_t n;
    const float* values;  ///< [n], or null: spikes that are worth the channel's amplitude
};

/// A signal's content, for `n_slots` samples at once.
class Signal {
public:
    /// @param chunk  most steps of a chunk (rate coding).
    Signal(const SignalPlan& plan, std::size_t n_slots, int chunk);

    [[nodiscard]] const SignalPlan& plan() const noexcept { return *plan_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    /// Bits of a place: word w of index i at [i * words + w].
    [[nodiscard]] std::uint64_t* bits(std::size_t slot, std::size_t place) {
        return bits_.data() + (slot * plan_->places() + place) * capacity_ * plan_->words();
    }
    [[nodiscard]] const std::uint64_t* bits(std::size_t slot, std::size_t place) const {
        return bits_.data() + (slot * plan_->places() + place) * capacity_ * plan_->words();
    }
    /// Values of a place: channel c of index i at [i * channels + c].
    [[nodiscard]] float* values(std::size_t slot, std::size_t place) {
        return values_.data() + (slot * plan_->places() + place) * capacity_ * plan_->channels();
    }
    [[nodiscard]] const float* values(std::size_t slot, std::size_t place) const {
        return values_.data() + (slot * plan_->places() + place) * capacity_ * plan_->channels();
    }

    /// All zeros: a new sample in this slot.
    void clear(std::size_t slot);
    /// After a chunk of n steps, delayed signals: the last one becomes index 0.
    void carry_last(std::size_t slot, std::size_t n);
    /// Makes the event lists of indices [0, n) from bits or values.
    void list_events(std::size_t slot, std::size_t n);

    [[nodiscard]] EventView events(std::size_t slot, std::size_t place, std::size_t index) const {
        return events(slot, place, index, 0, segments_);
    }
    /// Those of segments [first, last).
    [[nodiscard]] EventView events(std::size_t slot, std::size_t place, std::size_t index,
                                   std::size_t first, std::size_t last) const {
        const Events& e = events_[slot];
        const std::size_t k = (place * capacity_ + index) * segments_;
        const std::size_t from = e.offset[k + first];
        return {e.channels.data() + from, e.offset[k + last] - from,
                e.values.empty() ? nullptr : e.values.data() + from};
    }
    /// A place's lists: those of index i and segment g begin at offset[i * segments + g] and end at
    /// the next offset; at least 32 entries may be read behind the end of any list.
    struct PlaceLists {
        const std::uint32_t* offset;
        const std::uint16_t* channels;
        const float* values;  ///< null: see EventView
    };
    [[nodiscard]] PlaceLists lists(std::size_t slot, std::size_t place) const {
        const Events& e = events_[slot];
        return {e.offset.data() + place * capacity_ * segments_, e.channels.data(),
                e.values.empty() ? nullptr : e.values.data()};
    }
    [[nodiscard]] std::size_t bytes() const;

private:
    struct Events {
        std::vector<std::uint32_t> offset;  ///< [place][index][segment] and one more: the end
        std::vector<std::uint16_t> channels;
        std::vector<float> values;
    };
    void value_spikes(const std::uint32_t* offset, std::size_t begin, std::size_t end,
                      std::size_t n, Events& e) const;

    const SignalPlan* plan_;
    std::size_t capacity_, segments_;
    std::vector<std::uint64_t> bits_;  ///< [slot][place][index][words]
    std::vector<float> values_;        ///< [slot][place][index][channels]
    std::vector<Events> events_;       ///< [slot]
};

}  // namespace ranvier
