#include "ranvier/engine/signal.hpp"

#include "ranvier/kernels/fire.hpp"

#include <algorithm>

namespace ranvier {

namespace {

constexpr std::size_t slack = 96;  ///< entries that may be read behind a list

std::size_t list_values(const float* from, std::size_t n_channels, std::uint16_t* channels,
                        float* values, std::size_t at, std::uint32_t* offset) {
    for (std::size_t c = 0; c < n_channels; ++c) {
        if (c % segment_channels == 0)
            offset[c / segment_channels] = static_cast<std::uint32_t>(at);
        if (from[c] == 0) continue;
        values[at] = from[c];
        channels[at++] = static_cast<std::uint16_t>(c);
    }
    return at;
}

}  // namespace

Signal::Signal(const SignalPlan& plan, std::size_t n_slots, int chunk)
    : plan_(&plan),
      capacity_(static_cast<std::size_t>(plan.constant      ? 1
                                         : plan.n_steps > 0 ? plan.n_steps
                                                            : chunk) +
                (plan.delayed ? 1 : 0)),
      segments_(plan.segments()),
      events_(n_slots) {
    const std::size_t cells = n_slots * plan.places() * capacity_;
    if (plan.spikes)
        bits_.resize(cells * plan.words());
    else
        values_.resize(cells * plan.channels());
    for (Events& e : events_) {
        e.offset.resize(plan.places() * capacity_ * segments_ + 1);
        e.channels.resize(slack);
        if (!plan.plain_spikes()) e.values.resize(slack);
    }
}

void Signal::clear(std::size_t slot) {
    const std::size_t cells = plan_->places() * capacity_;
    if (!bits_.empty()) std::fill_n(bits(slot, 0), cells * plan_->words(), std::uint64_t{0});
    if (!values_.empty()) std::fill_n(values(slot, 0), cells * plan_->channels(), 0.0F);
}

void Signal::carry_last(std::size_t slot, std::size_t n) {
    for (std::size_t p = 0; p < plan_->places(); ++p) {
        if (!bits_.empty())
            std::copy_n(bits(slot, p) + n * plan_->words(), plan_->words(), bits(slot, p));
        if (!values_.empty())
            std::copy_n(values(slot, p) + n * plan_->channels(), plan_->channels(),
                        values(slot, p));
    }
}

void Signal::list_events(std::size_t slot, std::size_t n) {
    Events& e = events_[slot];
    const bool valued = !plan_->plain_spikes();
    const std::size_t n_words = plan_->words();
    const std::size_t n_channels = plan_->channels();
    std::size_t at = 0;
    for (std::size_t p = 0; p < plan_->places(); ++p) {
        // Room for the worst case, so that the loops below need not ask.
        const std::size_t most = at + n * n_channels + slack;
        if (e.channels.size() < most) {
            e.channels.resize(2 * most);
            if (valued) e.values.resize(2 * most);
        }
        std::uint16_t* channels = e.channels.data();
        std::uint32_t* offset = e.offset.data() + p * capacity_ * segments_;
        const std::size_t begin = at;
        if (plan_->spikes)
            at =
                list_bits({bits(slot, p), n_words, n, segment_channels / 64}, at, channels, offset);
        for (std::size_t i = 0; i < n && !plan_->spikes; ++i)
            at = list_values(values(slot, p) + i * n_channels, n_channels, channels,
                             e.values.data(), at, offset + i * segments_);
        if (valued && plan_->spikes) value_spikes(offset, begin, at, n, e);
        for (std::size_t i = n * segments_; i <= capacity_ * segments_; ++i)
            offset[i] = static_cast<std::uint32_t>(at);
    }
}

/// One spike codes: what each event of a place is worth.
void Signal::value_spikes(const std::uint32_t* offset, std::size_t begin, std::size_t end,
                          std::size_t n, Events& e) const {
    const std::size_t n_channels = plan_->channels();
    std::size_t k = begin;
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t last = i + 1 < n ? offset[(i + 1) * segments_] : end;
        const float* worth = plan_->worth.data() + i * n_channels;
        for (; k < last; ++k) e.values[k] = worth[e.channels[k]];
    }
}

std::size_t Signal::bytes() const {
    std::size_t n = bits_.size() * sizeof(std::uint64_t) + values_.size() * sizeof(float);
    for (const Events& e : events_)
        n += e.offset.size() * sizeof(std::uint32_t) + e.channels.size() * sizeof(std::uint16_t) +
             e.values.size() * sizeof(float);
    return n;
}

}  // namespace ranvier
