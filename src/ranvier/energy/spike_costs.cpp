#include "ranvier/energy/spike_costs.hpp"

#include "ranvier/net/fan_out.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/synapses.hpp"

namespace ranvier {

namespace {

/// The way of follow_events (energy/events.cpp), from the back. What a spike finds does not depend
/// on its channel, so all maps are planes.
class CostWalk {
public:
    CostWalk(const Network& network, bool input_spikes)
        : network_(network), shapes_(infer_shapes(network)) {
        find_spikes(input_spikes);
        for (const Shape& shape : shapes_)
            found_.emplace_back(static_cast<std::size_t>(shape.plane()), 0.0);
        for (std::size_t l = shapes_.size(); l-- > 1;)
            for (const std::size_t source : network_.layers[l].inputs)
                if (!analog_[source]) add(l, source);
    }

    [[nodiscard]] SpikeCosts costs() const {
        SpikeCosts costs(found_.size());
        for (std::size_t l = 0; l < found_.size(); ++l)
            if (emits_[l]) costs[l].assign(found_[l].begin(), found_[l].end());
        return costs;
    }

private:
    /// Which layers send spikes of their own, and which send no spikes at all.
    void find_spikes(bool input_spikes) {
        for (std::size_t l = 0; l < shapes_.size(); ++l) {
            const Layer& layer = network_.layers[l];
            bool analog = has_synapses(layer) || layer.as<BatchNorm>() != nullptr;
            for (const std::size_t source : layer.inputs) analog = analog || analog_[source];
            const bool own = layer.as<Activation>() != nullptr ||
                             (layer.as<MaxPool>() != nullptr && !analog) ||
                             (l == 0 && input_spikes);
            emits_.push_back(own);
            analog_.push_back(own ? false : analog || l == 0);
        }
    }

    /// What spikes of `source` find in layer l, and behind it.
    void add(std::size_t l, std::size_t source) {
        const Layer& layer = network_.layers[l];
        std::vector<double>& found = found_[source];
        if (has_synapses(layer)) {
            const std::vector<double> map = fan_out_map(layer, shapes_[source], shapes_[l]);
            for (std::size_t p = 0; p < found.size(); ++p) found[p] += map[p];
        }
        if (layer.as<Add>() != nullptr)
            for (double& n : found) ++n;
        if (!emits_[l] && !analog_[l]) pass_back(l, source, found);
    }

    /// What lies behind a layer that passes spikes on.
    void pass_back(std::size_t l, std::size_t source, std::vector<double>& found) const {
        const Layer& layer = network_.layers[l];
        const Shape& in = shapes_[source];
        const Shape& out = shapes_[l];
        const std::vector<double>& behind = found_[l];
        if (const auto* pool = layer.as<AveragePool>())
            return pool_back(pool->window, in, out, behind, found);
        if (const auto* global = layer.as<GlobalAveragePool>())
            return pool_back(as_average_pool(*global, in).window, in, out, behind, found);
        const auto* shortcut = layer.as<Shortcut>();
        const std::int64_t stride = shortcut != nullptr ? shortcut->stride : 1;
        const bool flatten = layer.as<Flatten>() != nullptr;
        for (std::int64_t y = 0; y < in.height; y += stride)
            for (std::int64_t x = 0; x < in.width; x += stride)
                found[static_cast<std::size_t>(y * in.width + x)] +=
                    flatten ? behind[0]
                            : behind[static_cast<std::size_t>(y / stride * out.width + x / stride)];
    }

    static void pool_back(const Window& w, const Shape& in, const Shape& out,
                          const std::vector<double>& behind, std::vector<double>& found) {
        for (std::int64_t oy = 0; oy < out.height; ++oy)
            for (std::int64_t ox = 0; ox < out.width; ++ox)
                for (std::int64_t k = 0; k < w.kernel_h * w.kernel_w; ++k) {
                    const std::int64_t y = oy * w.stride_h - w.pad_top + k / w.kernel_w;
                    const std::int64_t x = ox * w.stride_w - w.pad_left + k % w.kernel_w;
                    if (y >= 0 && y < in.height && x >= 0 && x < in.width)
                        found[static_cast<std::size_t>(y * in.width + x)] +=
                            behind[static_cast<std::size_t>(oy * out.width + ox)];
                }
    }

    const Network& network_;
    std::vector<Shape> shapes_;
    std::vector<bool> emits_, analog_;        ///< [n_layers]
    std::vector<std::vector<double>> found_;  ///< [n_layers][height][width]
};

}  // namespace

SpikeCosts spike_costs(const Network& network, bool input_spikes) {
    return CostWalk(network, input_spikes).costs();
}

}  // namespace ranvier
