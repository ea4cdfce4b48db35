#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <algorithm>

// In the place of oneDNN's engine in builds with RANVIER_ONEDNN=OFF: the plain loops of the
// reference, image by image on all cores. Right, and some hundred times slower.
namespace ranvier {

class FloatEngine::Impl {
public:
    Impl(const Network& network, int n_threads)
        : network_(network), shapes_(infer_shapes(network_)), n_threads_(n_threads) {
        require_float_neurons(network_);
    }

    Tensor run(const Tensor& images, std::span<const std::size_t> layers,
               const Observer& observer) const {
        require_image_batch(shapes_.front(), images);
        const auto n = static_cast<std::size_t>(images.dims[0]);
        std::vector<std::size_t> observed(layers.begin(), layers.end());
        std::sort(observed.begin(), observed.end());
        observed.erase(std::unique(observed.begin(), observed.end()), observed.end());
        std::vector<std::vector<float>> values;
        for (const std::size_t l : observed) values.emplace_back(n * size(l));
        Tensor outputs({images.dims[0], shapes_.back().size()});
        parallel_for(n, n_threads_, [&](std::size_t i, std::size_t) {
            const auto all =
                reference_forward(network_, std::span(images.values).subspan(i * size(0), size(0)));
            const auto put = [i](const std::vector<float>& from, std::vector<float>& to) {
                std::copy(from.begin(), from.end(),
                          to.begin() + static_cast<std::ptrdiff_t>(i * from.size()));
            };
            put(all.back(), outputs.values);
            for (std::size_t k = 0; k < observed.size(); ++k) put(all[observed[k]], values[k]);
        });
        if (n > 0)
            for (std::size_t k = 0; k < observed.size(); ++k) observer(observed[k], values[k], n);
        return outputs;
    }

private:
    [[nodiscard]] std::size_t size(std::size_t layer) const {
        if (layer >= shapes_.size())
            fail(Fault::bad_input,
                 "float forward pass: layer {} is to be observed; the network has {} layers", layer,
                 shapes_.size());
        return static_cast<std::size_t>(shapes_[layer].size());
    }

    Network network_;
    std::vector<Shape> shapes_;
    int n_threads_;
};

FloatEngine::FloatEngine(const Network& network, int n_threads)
    : impl_(std::make_unique<Impl>(network, n_threads)) {}
FloatEngine::~FloatEngine() = default;
FloatEngine::FloatEngine(FloatEngine&&) noexcept = default;
FloatEngine& FloatEngine::operator=(FloatEngine&&) noexcept = default;

Tensor FloatEngine::run(const Tensor& images) {
    return impl_->run(images, {}, {});
}
Tensor FloatEngine::run(const Tensor& images, std::span<const std::size_t> layers,
                        const Observer& observer) {
    return impl_->run(images, layers, observer);
}

void FloatEngine::collect_spikes(SpikeCounts& /*spikes*/) {}  // of float networks there are none

bool runs_densely(const Network& network) {
    return !network.spiking();
}

}  // namespace ranvier
