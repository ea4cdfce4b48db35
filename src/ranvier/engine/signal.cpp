#include "ranvier/engine/signal.hpp"

#include <algorithm>
#include <bit>

namespace ranvier {

namespace {

constexpr std::size_t slack = 32;  ///< entries that may be read behind a list

}  // namespace

Signal::Signal(const SignalPlan& plan, std::size_t n_slots, int chunk)
    : plan_(&plan),
      capacity_(static_cast<std::size_t>(plan.constant      ? 1
                                         : plan.n_steps > 0 ? plan.n_steps
                                                            : chunk) +
                (plan.delayed ? 1 : 0)),
      events_(n_slots) {
    const std::size_t cells = n_slots * plan.places() * capacity_;
    if (plan.spikes)
        bits_.resize(cells * plan.words());
    else
        values_.resize(cells * plan.channels());
    for (Events& e : events_) {
        e.offset.resize(plan.places() * capacity_ + 1);
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
        for (std::size_t i = 0; i < n; ++i) {
            e.offset[p * capacity_ + i] = static_cast<std::uint32_t>(at);
            if (plan_->spikes) {
                const std::uint64_t* words = bits(slot, p) + i * n_words;
                const std::size_t begin = at;
                for (std::size_t w = 0; w < n_words; ++w)
                    for (std::uint64_t word = words[w]; word != 0; word &= word - 1)
                        channels[at++] = static_cast<std::uint16_t>(
                            64 * w + static_cast<std::size_t>(std::countr_zero(word)));
                if (valued)
                    for (std::size_t k = begin; k < at; ++k)
                        e.values[k] = plan_->worth[i * n_channels + channels[k]];
            } else {
                const float* value = values(slot, p) + i * n_channels;
                for (std::size_t c = 0; c < n_channels; ++c)
                    if (value[c] != 0) {
                        e.values[at] = value[c];
                        channels[at++] = static_cast<std::uint16_t>(c);
                    }
            }
        }
        for (std::size_t i = n; i <= capacity_; ++i)
            e.offset[p * capacity_ + i] = static_cast<std::uint32_t>(at);
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
