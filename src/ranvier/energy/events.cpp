#include "ranvier/energy/events.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/sim/synapses.hpp"

#include <algorithm>
#include <numeric>

namespace ranvier {

namespace {

std::size_t at(const Shape& shape, std::int64_t c, std::int64_t y, std::int64_t x) {
    return static_cast<std::size_t>((c * shape.height + y) * shape.width + x);
}

Events from_counts(const std::vector<std::uint64_t>& spikes, std::size_t samples) {
    Events events;
    for (const std::uint64_t n : spikes)
        events.count.push_back(static_cast<double>(n) / static_cast<double>(samples));
    events.rate = std::accumulate(events.count.begin(), events.count.end(), 0.0) /
                  static_cast<double>(events.count.size());
    return events;
}

/// Every spike of a window passes.
void add_pooled(const Window& w, const Shape& in, const Shape& out, const std::vector<double>& from,
                std::vector<double>& to) {
    for (std::int64_t c = 0; c < out.channels; ++c)
        for (std::int64_t oy = 0; oy < out.height; ++oy)
            for (std::int64_t ox = 0; ox < out.width; ++ox)
                for (std::int64_t k = 0; k < w.kernel_h * w.kernel_w; ++k) {
                    const std::int64_t y = oy * w.stride_h - w.pad_top + k / w.kernel_w;
                    const std::int64_t x = ox * w.stride_w - w.pad_left + k % w.kernel_w;
                    if (y >= 0 && y < in.height && x >= 0 && x < in.width)
                        to[at(out, c, oy, ox)] += from[at(in, c, y, x)];
                }
}

void add_shifted(std::int64_t first_channel, std::int64_t stride, const Shape& in, const Shape& out,
                 const std::vector<double>& from, std::vector<double>& to) {
    for (std::int64_t c = 0; c < in.channels; ++c)
        for (std::int64_t y = 0; y < in.height; y += stride)
            for (std::int64_t x = 0; x < in.width; x += stride)
                to[at(out, c + first_channel, y / stride, x / stride)] += from[at(in, c, y, x)];
}

/// Through a layer that emits no spikes of its own.
Events passed_on(const Layer& layer, const std::vector<Shape>& shapes,
                 const std::vector<Events>& before, const Shape& out) {
    Events events;
    events.analog = has_synapses(layer) || layer.as<BatchNorm>() != nullptr;
    for (const std::size_t source : layer.inputs)
        events.analog = events.analog || before[source].analog;
    if (events.analog) return events;
    events.count.resize(static_cast<std::size_t>(out.size()));
    std::int64_t first_channel = 0;
    for (const std::size_t source : layer.inputs) {
        const Shape& in = shapes[source];
        const Events& from = before[source];
        double share = 1;  // of the output's values that stem from this input
        if (const auto* pool = layer.as<AveragePool>()) {
            add_pooled(pool->window, in, out, from.count, events.count);
        } else if (const auto* global = layer.as<GlobalAveragePool>()) {
            add_pooled(as_average_pool(*global, in).window, in, out, from.count, events.count);
        } else if (layer.as<Flatten>() != nullptr) {
            events.count = from.count;
        } else {
            const auto* shortcut = layer.as<Shortcut>();
            const bool joins = layer.as<Concat>() != nullptr;
            if (joins || shortcut != nullptr)
                share = static_cast<double>(in.channels) / static_cast<double>(out.channels);
            add_shifted(shortcut != nullptr ? shortcut->channels_before : first_channel,
                        shortcut != nullptr ? shortcut->stride : 1, in, out, from.count,
                        events.count);
            if (joins) first_channel += in.channels;
        }
        events.rate += share * from.rate;
    }
    return events;
}

}  // namespace

std::vector<Events> follow_events(const Network& network, const std::vector<Shape>& shapes,
                                  const SimulationResult& result) {
    if (result.spikes.size() != shapes.size() || result.samples == 0)
        fail(Fault::bad_input,
             "ledger: the run has {} layers and {} samples; the network has {} layers",
             result.spikes.size(), result.samples, shapes.size());
    std::vector<Events> events;
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        const auto& spikes = result.spikes[l];
        if (!spikes.empty() && spikes.size() != static_cast<std::size_t>(shapes[l].size()))
            fail(Fault::bad_input, "ledger: layer '{}' has {} spike counts; its shape is {}",
                 network.layers[l].name, spikes.size(), to_string(shapes[l]));
        if (!spikes.empty())
            events.push_back(from_counts(spikes, result.samples));
        else if (l == 0)
            events.push_back({true, {}, 0});
        else
            events.push_back(passed_on(network.layers[l], shapes, events, shapes[l]));
    }
    return events;
}

}  // namespace ranvier
